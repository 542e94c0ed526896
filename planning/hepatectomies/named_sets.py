"""Hepatectomies as sets of Couinaud segments, with their Brisbane 2000 and New World names.

Named are the hepatectomies of Brisbane 2000, single segmentectomies, and disjoint combinations of
these, as long as every kept segment keeps a neighbour, its pedicle and a vein. Segment I stays
unless the name says "with caudate".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Self

from planning.hepatectomies.stranded import ALL_SEGMENTS, Segments, stranded_segments
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One set of segments that a resection would remove.

    Parameters
    ----------
    name
        For machines.
    segments
        Couinaud segments removed.
    parts
        The operations that it is a combination of; itself where it is one.
    stranded
        Kept segments that would be left without a neighbour, a pedicle or a vein.
    title
        Its name in the Brisbane 2000 list; empty for a segmentectomy, a combination or a set that
        is called by its segments.
    """

    name: str
    segments: Segments
    parts: tuple[Self, ...] = ()
    stranded: Segments = frozenset()
    title: str = field(default="")

    @property
    def named(self) -> bool:
        """Whether it is a named operation, or a combination of some, that strands no segment."""
        return not self.stranded

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


def candidate_for(segments: Segments, *, held: Segments = ALL_SEGMENTS) -> Candidate:
    """Name any set of segments.

    Parameters
    ----------
    segments
        Removed.
    held
        Segments that hold functional liver before.

    Returns
    -------
    Candidate
        A Brisbane 2000 hepatectomy where one has exactly these segments, a segmentectomy, or the
        combination of fewest of these; a set that strands a kept segment is called by its segments
        and is not named.

    Raises
    ------
    InputError
        No segment at all.
    """
    if not segments:
        raise InputError(
            "a resection without any segment was asked for; name at least one of I-VIII"
        )
    stranded = stranded_segments(segments, held=held)
    if stranded:
        name = _machine_name("segments", segments)
        return Candidate(name=name, segments=segments, stranded=stranded)
    parts = _fewest_parts(segments)
    if len(parts) == 1:
        return parts[0]
    name = "_and_".join(part.name for part in parts)
    return Candidate(name=name, segments=segments, parts=parts)


@cache
def _fewest_parts(segments: Segments) -> tuple[Candidate, ...]:
    """Divide a set into the fewest operations, the largest first; each set is one in the end."""
    if not segments:
        return ()
    lowest = min(segments)
    singles = () if frozenset((lowest,)) in _BY_SEGMENTS else (_segmentectomy(lowest),)
    able = [c for c in (*_BY_SEGMENTS.values(), *singles) if lowest in c.segments <= segments]
    divisions = ((part, *_fewest_parts(segments - part.segments)) for part in able)
    return min(
        (tuple(sorted(parts, key=_extent)) for parts in divisions),
        key=lambda parts: (len(parts), *map(_extent, parts)),
    )


def _extent(part: Candidate) -> tuple[int, tuple[int, ...]]:
    return -len(part.segments), tuple(sorted(part.segments))


def candidates(
    custom: Sequence[Segments] = (), *, held: Segments = ALL_SEGMENTS
) -> tuple[Candidate, ...]:
    """List the hepatectomies to judge: the Brisbane 2000 list, then the user's own sets.

    A set that is listed already is not repeated. Sets that are no named operation come last.
    """
    own = (candidate_for(segments, held=held) for segments in custom)
    unique = tuple(dict.fromkeys((*BRISBANE_HEPATECTOMIES, *own)))
    return tuple(sorted(unique, key=lambda candidate: not candidate.named))


def _segmentectomy(segment: CouinaudSegment) -> Candidate:
    alone = frozenset((segment,))
    return Candidate(name=_machine_name("segmentectomy", alone), segments=alone)


def _machine_name(prefix: str, segments: frozenset[CouinaudSegment]) -> str:
    return "_".join((prefix, *(str(segment.value) for segment in sorted(segments))))
