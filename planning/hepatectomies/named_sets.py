"""Hepatectomies as sets of Couinaud segments, with their Brisbane 2000 and New World names.

Segment I stays unless the name says "with caudate".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from planning.remnant.contiguity import are_contiguous
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment

BISEGMENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One set of segments that a resection would remove.

    Parameters
    ----------
    name
        For machines.
    segments
        Couinaud segments removed.
    named
        Whether Brisbane 2000 names this set.
    title
        Its name in the Brisbane 2000 list; empty for a set that is called by its segments.
    """

    name: str
    segments: frozenset[CouinaudSegment]
    named: bool = field(default=True)
    title: str = field(default="")

    @property
    def new_world(self) -> str:
        """New World notation: ``H`` and the segment numbers, e.g. ``H5678``."""
        return "H" + "".join(str(segment.value) for segment in sorted(self.segments))


def _candidate(name: str, title: str, codes: Iterable[int]) -> Candidate:
    return Candidate(name=name, title=title, segments=frozenset(map(CouinaudSegment, codes)))


BRISBANE_HEPATECTOMIES = (
    _candidate("right_hemihepatectomy", "Right hemihepatectomy", (5, 6, 7, 8)),
    _candidate(
        "right_hemihepatectomy_with_caudate", "Right hemihepatectomy with caudate", (1, 5, 6, 7, 8)
    ),
    _candidate("left_hemihepatectomy", "Left hemihepatectomy", (2, 3, 4)),
    _candidate(
        "left_hemihepatectomy_with_caudate", "Left hemihepatectomy with caudate", (1, 2, 3, 4)
    ),
    _candidate("right_trisectionectomy", "Right trisectionectomy", (4, 5, 6, 7, 8)),
    _candidate(
        "right_trisectionectomy_with_caudate",
        "Right trisectionectomy with caudate",
        (1, 4, 5, 6, 7, 8),
    ),
    _candidate("left_trisectionectomy", "Left trisectionectomy", (2, 3, 4, 5, 8)),
    _candidate(
        "left_trisectionectomy_with_caudate",
        "Left trisectionectomy with caudate",
        (1, 2, 3, 4, 5, 8),
    ),
    _candidate("central_hepatectomy", "Central hepatectomy (mesohepatectomy)", (4, 5, 8)),
    _candidate("right_anterior_sectionectomy", "Right anterior sectionectomy", (5, 8)),
    _candidate("right_posterior_sectionectomy", "Right posterior sectionectomy", (6, 7)),
    _candidate("left_medial_sectionectomy", "Left medial sectionectomy", (4,)),
    _candidate("left_lateral_sectionectomy", "Left lateral sectionectomy", (2, 3)),
    _candidate("caudate_resection", "Caudate resection", (1,)),
)
ALSO_NAMED = (
    _candidate(
        "central_hepatectomy_with_caudate",
        "Central hepatectomy (mesohepatectomy) with caudate",
        (1, 4, 5, 8),
    ),
)
_BY_SEGMENTS = {c.segments: c for c in (*BRISBANE_HEPATECTOMIES, *ALSO_NAMED)}


def candidate_for(segments: frozenset[CouinaudSegment]) -> Candidate:
    """Name any set of segments.

    Returns
    -------
    Candidate
        A Brisbane 2000 hepatectomy where one has exactly these segments, a segmentectomy or a
        bisegmentectomy for one segment or two neighbours, else a set with ``named=False``.

    Raises
    ------
    InputError
        No segment at all.
    """
    if not segments:
        raise InputError(
            "a resection without any segment was asked for; name at least one of I-VIII"
        )
    known = _BY_SEGMENTS.get(segments)
    if known is not None:
        return known
    if len(segments) <= BISEGMENT and are_contiguous(segments):
        return _segmentectomy(segments)
    return Candidate(
        name=_machine_name("segments", segments),
        segments=segments,
        named=False,
    )


def candidates(
    custom: Sequence[frozenset[CouinaudSegment]] = (),
) -> tuple[Candidate, ...]:
    """List the hepatectomies to judge: the Brisbane 2000 list, then the user's own sets.

    A set that is listed already is not repeated. Sets without a Brisbane name come last.
    """
    own = (candidate_for(segments) for segments in custom)
    unique = tuple(dict.fromkeys((*BRISBANE_HEPATECTOMIES, *own)))
    return tuple(sorted(unique, key=lambda candidate: not candidate.named))


def _segmentectomy(segments: frozenset[CouinaudSegment]) -> Candidate:
    kind = "bisegmentectomy" if len(segments) == BISEGMENT else "segmentectomy"
    return Candidate(
        name=_machine_name(kind, segments),
        segments=segments,
    )


def _machine_name(prefix: str, segments: frozenset[CouinaudSegment]) -> str:
    return "_".join((prefix, *(str(segment.value) for segment in sorted(segments))))
