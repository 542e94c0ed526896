"""Parting the planes of one series into stacks, by what tells them apart."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.volumes import Modality
from remnant.io.dicom_facts import FACTS, Fact, Varies
from remnant.io.dicom_slices import Slice
from remnant.io.dicom_stack import (
    DIRECTION_TOLERANCE,
    FEWEST_SLICES,
    POSITION_TOLERANCE_MM,
    SAME_PIXEL_SPACING,
    directions_of,
    heights_of,
    is_even,
    places_of,
    tolerance_mm,
)

SMALLEST_PART = 3
LARGEST_PART_COUNT = 1000
MOST_COMPARED_PARTS = 200
LARGEST_GRID_ROUNDING_MM = 0.1
"""What rounded pixel spacings may amount to from one side of a plane to the other."""
LARGEST_GRID_ROUNDING_FRACTION = 1e-3
REGULAR_SHARE = 0.9
LEAST_CHANGES = 0.5
OVERLAP_OF_THICKNESS = 0.75
LEAST_CHANGE_OF_SPACING = 0.2

LEADING_NUMBER = re.compile(r"-?\d*\.?\d+")

Digest = Callable[[Slice], str]
Key = tuple[Path, int]
Repeats = dict[Key, list[Slice]]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Planes that may make one stack.

    Parameters
    ----------
    slices
        In no order.
    repeats
        Planes that are there twice: of the same pixels and place as one of ``slices``.
    runs_mm
        Distances of slices along the series, where this part was cut off because they change;
        else empty.
    """

    slices: tuple[Slice, ...]
    repeats: tuple[Slice, ...] = ()
    runs_mm: tuple[float, ...] = ()


def parts_of(slices: Sequence[Slice], *, digest: Digest) -> list[Part]:
    """Part the planes of one series into stacks.

    By orientation, size, pixel spacing and frame of reference; then by the facts of
    `remnant.io.dicom_facts`: by what never varies in a volume wherever it differs; by what seldom
    does, and by counts and times, where planes lie at one place or among each other. At last by
    runs of evenly spaced slices, where their distance changes. Contiguous acquisitions stay one
    stack, and so does one with a slice missing.

    Raises
    ------
    UnsupportedSeriesError
        More than `LARGEST_PART_COUNT` grids: no series of planes at all.
    """
    found: list[Part] = []
    for grid in split_by_grid(slices):
        unlike, repeats = _without_repeats(grid, digest)
        for stack in _without_doubles(split_by_facts(unlike), repeats, digest):
            found.extend(_runs(stack, repeats))
    return found


def split_by_grid(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Part planes whose orientation, size, pixel spacing or frame of reference differ.

    Raises
    ------
    UnsupportedSeriesError
        More than `LARGEST_PART_COUNT` parts: no series of planes at all.
    """
    parts: list[list[Slice]] = []
    for plane in slices:
        home = next((part for part in parts if _same_plane_grid(part[0], plane)), None)
        if home is None:
            _require_few(parts)
            parts.append([plane])
        else:
            home.append(plane)
    return parts


def _require_few(parts: list[list[Slice]]) -> None:
    if len(parts) >= LARGEST_PART_COUNT:
        raise UnsupportedSeriesError(
            f"a series with more than {LARGEST_PART_COUNT} orientations or sizes is no volume; "
            f"give a folder with the liver scan only"
        )


def _same_plane_grid(first: Slice, second: Slice) -> bool:
    if first.size != second.size or first.frame_of_reference_uid != second.frame_of_reference_uid:
        return False
    turned = np.abs(directions_of(first) - directions_of(second)).max()
    spacings = np.abs(np.subtract(first.pixel_spacing_mm, second.pixel_spacing_mm)).max()
    rounding = min(
        LARGEST_GRID_ROUNDING_MM / max(first.size),
        LARGEST_GRID_ROUNDING_FRACTION * min(first.pixel_spacing_mm),
    )
    rounding = max(SAME_PIXEL_SPACING, rounding)
    return bool(turned <= DIRECTION_TOLERANCE) and bool(spacings <= rounding)


def _without_repeats(slices: list[Slice], digest: Digest) -> tuple[list[Slice], Repeats]:
    """Take out planes that were sent twice: the same place, facts and pixels.

    Planes that differ in any fact are kept: two phases may well share an empty slice.
    """
    repeats: dict[Key, list[Slice]] = defaultdict(list)
    gone: set[Key] = set()
    for place in (place for place in places_of(slices) if len(place) > 1):
        for alike in _alike(place):
            for same in _twins(alike, digest):
                repeats[same[0].key].extend(same[1:])
                gone.update(plane.key for plane in same[1:])
    return [plane for plane in slices if plane.key not in gone], repeats


def _alike(place: list[Slice]) -> list[list[Slice]]:
    by_facts: dict[tuple[str, ...], list[Slice]] = defaultdict(list)
    for plane in place:
        by_facts[plane.facts].append(plane)
    return [planes for planes in by_facts.values() if len(planes) > 1]


def _twins(planes: list[Slice], digest: Digest) -> list[list[Slice]]:
    """Return groups of planes with the same pixels; those that cannot be read have no twin."""
    by_pixels: dict[str, list[Slice]] = defaultdict(list)
    for plane in planes:
        by_pixels[_digest(plane, digest)].append(plane)
    return [same for same in by_pixels.values() if len(same) > 1]


def _digest(plane: Slice, digest: Digest) -> str:
    try:
        return digest(plane)
    except (UnsupportedSeriesError, UnreadableFileError):
        return f"unreadable {plane.key}"


def _without_doubles(
    stacks: list[list[Slice]], repeats: Repeats, digest: Digest
) -> list[list[Slice]]:
    """Join a stack to one that holds each of its planes: a series that was stored twice."""
    kept: list[list[Slice]] = []
    for stack in sorted(stacks, key=len, reverse=True):
        twins = next((pairs for host in kept if (pairs := _found_in(host, stack, digest))), None)
        if twins is None:
            kept.append(stack)
        for own, again in twins or ():
            repeats[own.key].extend((again, *repeats.pop(again.key, ())))
    return [stack for stack in stacks if any(stack is one for one in kept)]


def _found_in(host: list[Slice], stack: list[Slice], digest: Digest) -> list[tuple[Slice, Slice]]:
    """Return for each plane of a stack its twin in another one; nothing unless all have one."""
    middle_first = sorted(stack, key=lambda plane: plane is not stack[len(stack) // 2])
    pairs = []
    for plane in middle_first:
        twin = _twin_in(host, plane, digest)
        if twin is None:
            return []
        pairs.append((twin, plane))
    return pairs


def _twin_in(host: list[Slice], plane: Slice, digest: Digest) -> Slice | None:
    off = np.abs(heights_of(host, plane) - float(heights_of([plane])[0]))
    nearest = host[int(off.argmin())]
    if off.min() > POSITION_TOLERANCE_MM:
        return None
    return nearest if _digest(nearest, digest) == _digest(plane, digest) else None


def split_by_facts(slices: list[Slice]) -> list[list[Slice]]:
    """Part planes by the first fact that tells stacks apart, and each part again."""
    for fact in FACTS:
        parts = _told_apart(slices, fact)
        if len(parts) > 1:
            return [stack for part in parts for stack in split_by_facts(part)]
    return [slices]


def _told_apart(slices: list[Slice], fact: Fact) -> list[list[Slice]]:
    if fact.varies is None or len(slices) <= SMALLEST_PART:
        return [slices]
    by_value: dict[str, list[Slice]] = defaultdict(list)
    for plane in slices:
        by_value[_value_of(plane, fact)].append(plane)
    parts = [by_value[value] for value in sorted(by_value, key=rank_of)]
    if len(parts) == 1:
        return parts
    if fact.varies is Varies.NEVER and _are_stacks(by_value):
        return parts
    if fact.varies is Varies.ORDER:
        parts = _passes(parts)
    return parts if _lie_among_each_other(parts, fact) else [slices]


def _value_of(plane: Slice, fact: Fact) -> str:
    value = plane.fact(fact.name)
    # frames of one object share its number, and follow each other as its instances do
    return f"{value}.{plane.frame:06d}" if fact.name == "InstanceNumber" and plane.frame else value


def rank_of(value: str) -> tuple[float, str]:
    """Return what orders counts, times and dates with times; texts come first, by the alphabet."""
    number = LEADING_NUMBER.match(value)
    return (float(number.group()) if number else -np.inf, value)


def _are_stacks(by_value: Mapping[str, list[Slice]]) -> bool:
    """Tell whether at least two values are given, and not another one for each plane."""
    stated = [len(planes) for value, planes in by_value.items() if value]
    return len(stated) > 1 and float(np.mean(stated)) >= SMALLEST_PART


def _passes(parts: list[list[Slice]]) -> list[list[Slice]]:
    """Join what was taken one after the other until a place is come to again.

    A pass also ends where the table goes back, except in MR that takes slices in turns.
    """
    whole = [plane for part in parts for plane in part]
    in_turns = not _overlaps_in_thickness(whole)
    levels = {plane.key: level for level, place in enumerate(places_of(whole)) for plane in place}
    passes: list[list[Slice]] = []
    covered: set[int] = set()
    for part in parts:
        reached = {levels[plane.key] for plane in part}
        if passes and _goes_on(covered, reached, in_turns=in_turns):
            passes[-1].extend(part)
            covered |= reached
        else:
            passes.append(list(part))
            covered = reached
    return passes


def _goes_on(covered: set[int], reached: set[int], *, in_turns: bool) -> bool:
    if in_turns:
        return covered.isdisjoint(reached)
    return max(covered) < min(reached) or max(reached) < min(covered)


def _lie_among_each_other(parts: list[list[Slice]], fact: Fact) -> bool:
    """Tell whether parts are volumes of their own that share places or alternate."""
    smallest, usual = min(map(len, parts)), float(np.mean([len(part) for part in parts]))
    if len(parts) == 1 or usual < SMALLEST_PART:
        return False
    # a single odd image is told by what it is, not by when it was made
    by_order = fact.varies is Varies.ORDER
    whole = [plane for part in parts for plane in part]
    crowd = _crowd(whole)
    if crowd > 1:
        fit = smallest >= SMALLEST_PART or not by_order
        return fit and all(_crowd(part) < crowd for part in parts)
    if smallest < SMALLEST_PART or len(parts) > MOST_COMPARED_PARTS:
        return False
    if by_order and not _overlaps_in_thickness(whole):
        return False
    regular = all(_is_regular(part) for part in parts)
    return regular and any(_alternate(*pair) for pair in combinations(parts, 2))


def _crowd(slices: Sequence[Slice]) -> int:
    return max(len(place) for place in places_of(slices))


def _is_regular(slices: Sequence[Slice]) -> bool:
    """Tell whether nine of ten planes are the usual distance from the next."""
    steps = np.diff(np.sort(heights_of(slices)))
    off = np.abs(steps - np.median(steps))
    return float(np.mean(off <= 2 * tolerance_mm(steps))) >= REGULAR_SHARE


def _overlaps_in_thickness(slices: Sequence[Slice]) -> bool:
    """Tell whether alternating planes are volumes of their own and not one taken in turns.

    MR takes every second slice first. Slices that are much thicker than their distance were not
    taken so. In CT there are no such turns.
    """
    if slices[0].modality is Modality.CT:
        return True
    thickness = [float(t) for t in (p.fact("SliceThickness") for p in slices) if _is_number(t)]
    levels = heights_of([place[0] for place in places_of(slices)], slices[0])
    if not thickness or len(levels) < FEWEST_SLICES:
        return False
    distance = float(np.median(np.diff(levels)))
    return distance <= OVERLAP_OF_THICKNESS * float(np.median(thickness))


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _alternate(first: Sequence[Slice], second: Sequence[Slice]) -> bool:
    """Tell whether planes of two parts follow each other in turns where both reach."""
    like = first[0]
    one, other = heights_of(first), heights_of(second, like)
    low, high = max(one.min(), other.min()), min(one.max(), other.max())
    heights = np.concatenate((one, other))
    owner = np.repeat((0, 1), (len(one), len(other)))
    inside = (heights >= low) & (heights <= high)
    turns = np.diff(owner[inside][np.argsort(heights[inside])])
    return bool(turns.size) and float(np.mean(turns != 0)) >= LEAST_CHANGES


def _runs(slices: list[Slice], repeats: Repeats) -> Iterator[Part]:
    """Cut a stack where the distance of its slices changes for good."""
    runs = _runs_of(slices)
    distances = tuple(distance_mm(run) for run in runs) if len(runs) > 1 else ()
    for run in runs:
        again = [twin for plane in run for twin in repeats.get(plane.key, ())]
        yield Part(tuple(run), tuple(again), distances)


def distance_mm(slices: Sequence[Slice]) -> float:
    """Return the usual distance of at least two planes along their normal."""
    return float(np.median(np.diff(np.sort(heights_of(slices)))))


def _runs_of(slices: list[Slice]) -> list[list[Slice]]:
    if len(slices) <= 2 * SMALLEST_PART or is_even(slices) or _crowd(slices) > 1:
        return [slices]
    heights = heights_of(slices)
    ordered = [slices[n] for n in np.argsort(heights)]
    bounds = _changes(np.diff(np.sort(heights)))
    if bounds is None:
        return [slices]
    ends = zip([0, *bounds], [*bounds, len(ordered)], strict=True)
    return [ordered[begin:end] for begin, end in ends]


def _changes(steps: NDArray[np.float64]) -> list[int] | None:
    """Return which planes begin another run, ``None`` unless there are several even runs.

    The plane between two runs goes to the finer one.
    """
    starts = [0]
    for n, step in enumerate(steps):
        usual = float(np.median(steps[starts[-1] : n] if n > starts[-1] else [step]))
        if abs(step - usual) > max(LEAST_CHANGE_OF_SPACING * usual, 2 * tolerance_mm(steps[:1])):
            starts.append(n)
    runs = np.split(steps, starts[1:])
    if len(runs) == 1 or min(len(run) for run in runs) < SMALLEST_PART:
        return None
    usual_steps = [float(np.median(run)) for run in runs]
    finer_before = [a < b for a, b in pairwise(usual_steps)]
    return [n + int(before) for n, before in zip(starts[1:], finer_before, strict=True)]
