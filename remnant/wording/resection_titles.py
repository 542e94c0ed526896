"""Names of hepatectomies, by the segments that they remove."""

from collections.abc import Iterable, Mapping
from typing import Final

from planning.hepatectomies.named_sets import candidate_for
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Resection
from remnant.wording.phrases import segment_names

KINDS: Final[Mapping[int, str]] = {1: "Segmentectomy", 2: "Bisegmentectomy"}
UNNAMED: Final = "Segments"


def hepatectomy_title(segments: Iterable[CouinaudSegment]) -> str:
    """Return the name of a hepatectomy by the segments that it removes.

    >>> hepatectomy_title([CouinaudSegment.V, CouinaudSegment.VI])
    'Bisegmentectomy V, VI'
    >>> hepatectomy_title([CouinaudSegment.II, CouinaudSegment.VI])
    'Segments II, VI'
    """
    found = candidate_for(frozenset(segments))
    if found.title:
        return found.title
    kind = KINDS[len(found.segments)] if found.named else UNNAMED
    return f"{kind} {segment_names(found.segments)}"


def resection_title(resection: Resection) -> str:
    """Return the name of a resection for people."""
    return hepatectomy_title(resection.segments)
