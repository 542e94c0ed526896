"""Names of hepatectomies, by the segments that they remove."""

from collections.abc import Iterable, Iterator, Sequence

from planning.hepatectomies.named_sets import Candidate, candidate_for
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Resection
from remnant.wording.language import say, say_many
from remnant.wording.numbers import within_sentence
from remnant.wording.phrases import segment_names


def hepatectomy_title(segments: Iterable[CouinaudSegment]) -> str:
    """Return the name of a hepatectomy by the segments that it removes.

    >>> hepatectomy_title([CouinaudSegment.V, CouinaudSegment.VI])
    'Segmentectomies V, VI'
    >>> hepatectomy_title([CouinaudSegment.VI, CouinaudSegment.VII, CouinaudSegment.V])
    'Right posterior sectionectomy + segmentectomy V'
    >>> hepatectomy_title([CouinaudSegment.II, CouinaudSegment.IV])
    'Segments II, IV'
    """
    found = candidate_for(frozenset(segments))
    if not found.named:
        return say("Segments {segments}", segments=segment_names(found.segments))
    return lower_tail(_part_titles(found.parts or (found,)))


def _part_titles(parts: Sequence[Candidate]) -> Iterator[str]:
    """Yield the titles of operations, segmentectomies together at the end."""
    yield from (say(part.title) for part in parts if part.title)
    single = frozenset().union(*(part.segments for part in parts if not part.title))
    if single:
        yield say_many(
            "Segmentectomy {segments}",
            "Segmentectomies {segments}",
            len(single),
            segments=segment_names(single),
        )


def lower_tail(titles: Iterable[str]) -> str:
    """Join titles with a plus, all but the first with a small letter."""
    first_one, *others = titles
    return " + ".join((first_one, *map(within_sentence, others)))


def resection_title(resection: Resection) -> str:
    """Return the name of a resection for people."""
    return hepatectomy_title(resection.segments)
