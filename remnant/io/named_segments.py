"""Segments that a file names, painted into one label map of a role."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError, UnknownLabelError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME, CouinaudSegment
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LARGEST_CODE, LabelMap
from remnant.io.image_reference import NO_REFERENCE, ImageReference
from remnant.io.printing import printable
from remnant.io.roles import CODED_BY_SEGMENT, Part
from remnant.io.segment_names import ambiguous_branches
from remnant.io.segment_terms import (
    Meaning,
    SegmentLabel,
    is_another,
    is_background,
    looks_like_couinaud,
    may_be_lesion,
    meaning_of,
    numbered_segment,
)
from remnant.io.slice_gaps import require_every_slice, skipped_slices

LARGEST_OVERLAP_FRACTION = 0.02
"""Share of a map's voxels that may belong to two of its segments: what smoothing leaves."""

MOST_NAMED = 6
HALVES = 2
LESION_MAP = "lesions"
"""Name of the map of lesions in segmentations that this program wrote."""
_HELD_BY = {
    Part.VESSELS: frozenset((Part.VESSELS, Part.PORTAL_VEIN, Part.HEPATIC_VEINS)),
}

Piece = tuple[int, int, NDArray[np.bool_]]
"""Segment number, index k of the plane, and where in that plane (i, j) the segment is."""


def _no_remarks(_numbers: Collection[int], _part: Part) -> tuple[Finding, ...]:
    return ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class NamedSegments:
    """Segments of one file, each with what it is called; voxels are read when asked for.

    Parameters
    ----------
    geometry
        Grid of the file.
    labels
        What the file says about each segment.
    pieces
        Given segment numbers, yields where they are, plane by plane in any order.
    quality
        What was noticed in reading.
    leaves_out_empty
        Whether the file's kind leaves out what is empty, so that its grid may end before the
        scan's.
    refers_to
        Images that it was drawn on.
    whole_grid
        Grid of the image that it was drawn on, where the file says so and holds but a box of it.
    remarks
        Given segment numbers and their role, returns what was noticed about these segments.
    """

    geometry: Geometry
    labels: tuple[SegmentLabel, ...]
    pieces: Callable[[Collection[int]], Iterator[Piece]]
    quality: tuple[Finding, ...] = field(default=())
    leaves_out_empty: bool = False
    refers_to: ImageReference = NO_REFERENCE
    whole_grid: Geometry | None = None
    remarks: Callable[[Collection[int], Part], tuple[Finding, ...]] = _no_remarks


@dataclass(frozen=True, slots=True)
class _Choice:
    """Code of each segment that is wanted, and what there is to say about the choice."""

    codes: Mapping[int, int]
    quality: tuple[Finding, ...]


def map_of_role(found: NamedSegments, part: Part, path: Path) -> tuple[LabelMap, list[Finding]]:
    """Paint the segments that a role asks for.

    Parameters
    ----------
    found
        Segments of a file.
    part
        What is looked for. Couinaud's segments and branches are coded 1 to 8, IVa and IVb both 4;
        lesions 1, 2, … where the file has several; anything else 1.
    path
        The file, for messages.

    Returns
    -------
    LabelMap
        On the file's grid. Where two segments overlap the lower code holds, and a finding says
        how many voxels that concerns.
    list of Finding
        How the segments were recognised and what was passed over.

    Raises
    ------
    UnknownLabelError
        No segment, or none that is known, is of this role; segments that seem to be of the liver
        are none of the eight; two mean the same one; or a name may mean two things.
    UnsupportedSeriesError
        A segment is in every second slice only.
    InputError
        Couinaud segments overlap in more than `LARGEST_OVERLAP_FRACTION` of the map.
    """
    choice = _coded_by_segment(found.labels, part, path) if part in CODED_BY_SEGMENT else None
    choice = choice or _binary(found.labels, part, path)
    kind = np.uint8 if max(choice.codes.values()) <= np.iinfo(np.uint8).max else np.uint16
    codes = np.zeros(found.geometry.shape, dtype=kind, order="F")
    overlaps: Counter[tuple[int, int]] = Counter()
    slices: dict[int, set[int]] = defaultdict(set)
    for number, k, where in found.pieces(choice.codes.keys()):
        if where.any():
            slices[number].add(k)
            _paint(codes[:, :, k], where, choice.codes[number], overlaps)
    for label in found.labels:
        require_every_slice(slices[label.number], what=f"{path}: the segment {label.describe()}")
    labels = LabelMap(codes, found.geometry, INSTANCE_SCHEME)
    findings = (
        *found.quality,
        *found.remarks(choice.codes.keys(), part),
        *choice.quality,
        *_overlap_findings(overlaps, int(np.count_nonzero(codes)), part=part, path=path),
        *_empty_findings(choice.codes, slices, part=part),
        *_skipped_findings(slices, part),
    )
    return labels, list(findings)


def _paint(
    plane: NDArray[Any], where: NDArray[np.bool_], code: int, overlaps: Counter[tuple[int, int]]
) -> None:
    taken = where & (plane > 0) & (plane != code)
    if taken.any():
        for other, count in zip(*np.unique(plane[taken], return_counts=True), strict=True):
            overlaps[min(code, int(other)), max(code, int(other))] += int(count)
    # the lower code holds whatever the order of the segments in the file
    plane[where & ((plane == 0) | (plane > code))] = code


def _empty_findings(
    chosen: Mapping[int, int], slices: Mapping[int, set[int]], *, part: Part
) -> list[Finding]:
    filled = {chosen[number] for number, found in slices.items() if found}
    codes = set(chosen.values()) - filled
    # an empty liver or an empty map of segments is refused anyway; empty lesions mean "none"
    if not codes or not (filled or part is Part.LESIONS):
        return []
    names = [CouinaudSegment(n).name if part in CODED_BY_SEGMENT else str(n) for n in sorted(codes)]
    about = (reason(Cause.OF_FILE, part.value), reason(Cause.NAMED_ONLY, *names[:MOST_NAMED]))
    passed = None if filled else False
    return [quality_finding(f"{part}_empty", passed=passed, value=float(len(codes)), reasons=about)]


def _skipped_findings(slices: Mapping[int, set[int]], part: Part) -> list[Finding]:
    """Say how many slices a liver leaves out within itself; other structures may have parts."""
    if part is not Part.LIVER:
        return []
    count = sum(skipped_slices(found) for found in slices.values())
    if not count:
        return []
    about = (reason(Cause.OF_FILE, part.value),)
    name = f"{part}_slices_skipped"
    return [quality_finding(name, passed=False, value=float(count), reasons=about)]


def _overlap_findings(
    overlaps: Counter[tuple[int, int]], voxels: int, *, part: Part, path: Path
) -> list[Finding]:
    count = sum(overlaps.values())
    if not count:
        return []
    first, second = max(overlaps, key=lambda pair: overlaps[pair])
    if part in CODED_BY_SEGMENT and count > LARGEST_OVERLAP_FRACTION * voxels:
        names = f"{CouinaudSegment(first).name} and {CouinaudSegment(second).name}"
        raise InputError(
            f"{path}: Couinaud segments overlap in {count} of {voxels} voxels, most of all "
            f"{names}; at most {LARGEST_OVERLAP_FRACTION:.0%} are allowed: part them first"
        )
    about = (reason(Cause.OF_FILE, part.value),)
    return [quality_finding(f"{part}_overlap", passed=False, value=float(count), reasons=about)]


def _coded_by_segment(labels: tuple[SegmentLabel, ...], part: Part, path: Path) -> _Choice:
    branches = part is Part.BRANCHES
    if branches:
        _require_clear_branches(labels, path)
    meanings = {label.number: meaning_of(label, branches=branches) for label in labels}
    if not any(meaning and meaning.segment for meaning in meanings.values()):
        unnamed = [x for x in labels if meanings[x.number] in {None, Meaning(Part.LIVER)}]
        meanings |= {label.number: numbered_segment(label) for label in unnamed}
    known = {n: meaning for n, meaning in meanings.items() if meaning and meaning.segment}
    rest = [label for label in labels if label.number not in known and not is_background(label)]
    unclear = [label for label in rest if meanings[label.number] is None]
    wrong = [label for label in unclear if looks_like_couinaud(label, branches=branches)]
    if wrong or not known:
        raise UnknownLabelError(
            f"{path} holds {_listed(wrong or rest)}; needed are Couinaud segments I to VIII by "
            f"SNOMED CT code or by name, such as Segment IV (IVa and IVb are read as IV)"
        )
    if not branches:
        _require_single([label for label in labels if label.number in known], known, path)
    codes = {number: int(meaning.segment or 0) for number, meaning in known.items()}
    return _Choice(codes, _recognition([*known.values()], passed_over=len(rest), part=part))


def _require_clear_branches(labels: tuple[SegmentLabel, ...], path: Path) -> None:
    doubtful = ambiguous_branches(tuple(name for label in labels for name in label.names[:1]))
    if doubtful:
        raise UnknownLabelError(
            f"{path} names a branch {printable(doubtful[0])}, which may be two things; write P1 to "
            f"P8 for the branches of the segments, and portal vein for the trunk"
        )


def _require_single(labels: list[SegmentLabel], known: Mapping[int, Meaning], path: Path) -> None:
    """Raise where two segments of a file mean the same Couinaud segment, IVa and IVb apart."""
    by_segment: dict[CouinaudSegment | None, list[SegmentLabel]] = {}
    for label in labels:
        by_segment.setdefault(known[label.number].segment, []).append(label)
    for segment, same in by_segment.items():
        whole = [label for label in same if not known[label.number].half]
        if segment is not None and (len(whole) > 1 or len(same) - len(whole) > HALVES):
            raise UnknownLabelError(
                f"{path} holds {_listed(same)}, which all mean Couinaud {segment.name}; merge "
                f"them, or correct their names or codes"
            )


def _recognition(known: list[Meaning], *, passed_over: int, part: Part) -> tuple[Finding, ...]:
    findings, about = [], (reason(Cause.OF_FILE, part.value),)
    if any(meaning.by_number for meaning in known):
        findings.append(quality_finding(f"{part}_by_number", passed=None, reasons=about))
    if any(meaning.half for meaning in known):
        findings.append(quality_finding(f"{part}_iv_merged", passed=None, reasons=about))
    return (*findings, *_passed_over(passed_over, part))


def _passed_over(count: int, part: Part) -> tuple[Finding, ...]:
    if not count:
        return ()
    about = (reason(Cause.OF_FILE, part.value),)
    name = f"{part}_passed_over"
    return (quality_finding(name, passed=None, value=float(count), reasons=about),)


def _binary(labels: tuple[SegmentLabel, ...], part: Part, path: Path) -> _Choice:
    rest = [label for label in labels if not is_background(label)]
    wanted = _HELD_BY.get(part, frozenset((part,)))
    meanings = {label.number: meaning_of(label) for label in rest}
    numbers = [n for n, meaning in meanings.items() if meaning and meaning.part in wanted]
    if part is Part.LIVER:
        # of a case's own structures the liver is all, not the parenchyma alone
        numbers += [x.number for x in rest if _is_structure(x) and x.number not in numbers]
    unclear = [label for label in rest if meanings[label.number] is None]
    own = part is Part.LESIONS and any(map(is_own_lesion, rest))
    if own:
        # what was added to a case's own lesions in another program is another lesion
        numbers += [label.number for label in unclear if not is_another(label, part)]
        unclear = []
    if not numbers and len(rest) == 1 and unclear and not is_another(rest[0], part):
        about = (reason(Cause.OF_FILE, part.value),)
        finding = quality_finding(f"{part}_by_role", passed=None, reasons=about)
        return _Choice({rest[0].number: 1}, (finding,))
    doubtful = [x for x in unclear if part is Part.LESIONS and may_be_lesion(x)]
    if not numbers or doubtful:
        raise UnknownLabelError(
            f"{path} holds {_listed(doubtful or rest)}, none of which is known to be {part}; name "
            f"the segment after what it is, or leave the file out"
        )
    several = part is Part.LESIONS and len(numbers) <= LARGEST_CODE
    codes = {number: code if several else 1 for code, number in enumerate(numbers, start=1)}
    if several and own:
        codes = own_numbers(label for label in rest if label.number in codes)
    return _Choice(codes, _passed_over(len(rest) - len(numbers), part))


def _is_structure(label: SegmentLabel) -> bool:
    return label.own is not None and label.own.map == STRUCTURE_SCHEME.name


def is_own_lesion(label: SegmentLabel) -> bool:
    """Tell whether a segment was written for a case's map of lesions."""
    return label.own is not None and label.own.map == LESION_MAP


def own_numbers(labels: Iterable[SegmentLabel]) -> dict[int, int]:
    """Return codes by the segments' numbers: those they were written with, else the next free.

    Of two with the same code, as copies have, the second counts as new.
    """
    codes: dict[int, int] = {}
    rest = []
    for label in labels:
        known = label.own.code if label.own and is_own_lesion(label) else None
        if known is None or known in codes.values():
            rest.append(label.number)
        else:
            codes[label.number] = known
    for number in rest:
        following = max(codes.values(), default=0) + 1
        free = (n for n in range(1, following) if n not in codes.values())
        codes[number] = following if following <= LARGEST_CODE else next(free)
    return codes


def _listed(labels: list[SegmentLabel]) -> str:
    if not labels:
        return "no segments"
    named = ", ".join(label.describe() for label in labels[:MOST_NAMED])
    more = len(labels) - MOST_NAMED
    return f"the segment(s) {named}" + (f" and {more} more" if more > 0 else "")
