"""Planes in order, on one grid: sorted and spaced by position alone."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError, UnsupportedSeriesError
from remnant.core.geometry import Geometry
from remnant.io.dicom_slices import SPLIT_TAGS, Slice
from remnant.io.limits import LARGEST_VOXEL_COUNT

SAME_PLACE_MM = 0.01
SPACING_TOLERANCE_MM = 0.1
SPACING_TOLERANCE_FRACTION = 0.02
DIRECTION_TOLERANCE = 1e-3
SAME_PIXEL_SPACING = 1e-4
SMALLEST_PART = 3
LARGEST_PART_COUNT = 1000
FEWEST_SLICES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes sorted along their normal, and their grid.

    ``dropped`` counts planes that were left out because another of equal content lies at the same
    place. Where the gantry was tilted the grid is sheared.
    """

    slices: tuple[Slice, ...]
    geometry: Geometry
    dropped: int


def split_by_grid(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Part planes whose orientation, size or pixel spacing differ.

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
    turned = np.abs(_directions(first) - _directions(second)).max()
    spacings = np.abs(np.subtract(first.pixel_spacing_mm, second.pixel_spacing_mm)).max()
    return (
        first.size == second.size
        and first.frame_of_reference_uid == second.frame_of_reference_uid
        and bool(turned <= DIRECTION_TOLERANCE)
        and bool(spacings <= SAME_PIXEL_SPACING)
    )


def split_by_tags(slices: list[Slice]) -> list[list[Slice]]:
    """Part the stacks that one series holds (phases, echoes), where a tag tells them apart.

    Planes that make one even stack stay together. Otherwise the first of `SPLIT_TAGS` is used that
    leaves no two planes at one place, or, where none were, only even stacks.
    """
    if is_even(slices):
        return [slices]
    crowded = has_duplicates(slices)
    for number in range(len(SPLIT_TAGS)):
        parts = _parted(slices, number)
        large_enough = all(len(part) >= SMALLEST_PART for part in parts)
        if len(parts) == 1 or not large_enough or any(has_duplicates(part) for part in parts):
            continue
        if crowded or all(is_even(part) for part in parts):
            return parts
    return [slices]


def _parted(slices: list[Slice], number: int) -> list[list[Slice]]:
    parts: dict[str, list[Slice]] = defaultdict(list)
    for plane in slices:
        parts[plane.split[number]].append(plane)
    return [parts[value] for value in sorted(parts)]


def has_duplicates(slices: Sequence[Slice]) -> bool:
    """Tell whether two planes lie at one place along the normal."""
    return bool((np.diff(np.sort(_heights(slices))) <= SAME_PLACE_MM).any())


def is_even(slices: Sequence[Slice]) -> bool:
    """Tell whether planes are at least two, all apart, and evenly spaced."""
    if len(slices) < FEWEST_SLICES or has_duplicates(slices):
        return False
    steps = np.diff(np.sort(_heights(slices)))
    return bool(np.abs(steps - np.median(steps)).max() <= _tolerance_mm(steps))


def build_stack(slices: Sequence[Slice], *, digest: Callable[[Slice], str]) -> Stack:
    """Sort planes of one orientation along their normal and derive the grid.

    Parameters
    ----------
    slices
        Planes of equal size, orientation and pixel spacing.
    digest
        Gives a digest of a plane's pixels; only called for planes at one place.

    Raises
    ------
    UnsupportedSeriesError
        Fewer than two places, two different images at one place, a missing slice, uneven spacing,
        slices shifted sideways, or a volume beyond the limit.
    """
    ordered = sorted(slices, key=lambda plane: float(_heights([plane], like=slices[0])[0]))
    kept = _without_copies(ordered, digest=digest)
    if len(kept) < FEWEST_SLICES:
        raise UnsupportedSeriesError(
            "a single slice has no volume: at least two are needed; give the folder"
        )
    _require_even(kept)
    return Stack(tuple(kept), _geometry(kept), dropped=len(ordered) - len(kept))


def _without_copies(ordered: list[Slice], *, digest: Callable[[Slice], str]) -> list[Slice]:
    kept = ordered[:1]
    for plane in ordered[1:]:
        low, high = _heights([kept[-1], plane])
        if high - low > SAME_PLACE_MM:
            kept.append(plane)
        elif digest(kept[-1]) != digest(plane):
            raise UnsupportedSeriesError(
                f"two different images lie at one place (at {high:.1f} mm along the normal) and no "
                f"tag tells them apart; give a folder with one phase or echo only"
            )
    return kept


def _require_even(ordered: list[Slice]) -> None:
    heights = _heights(ordered)
    steps = np.diff(heights)
    usual = float(np.median(steps))
    off = np.abs(steps - usual)
    worst = int(off.argmax())
    if off[worst] > _tolerance_mm(steps):
        raise UnsupportedSeriesError(_gap_text(heights, worst=worst, usual=usual))
    places = np.array([plane.position_ras_mm for plane in ordered])
    line = places[0] + np.outer(
        (heights - heights[0]) / (heights[-1] - heights[0]), places[-1] - places[0]
    )
    aside = float(np.linalg.norm(places - line, axis=1).max())
    allowed = max(_tolerance_mm(steps), min(ordered[0].pixel_spacing_mm) / 2)
    if aside > allowed:
        raise UnsupportedSeriesError(
            f"slices do not lie on one line: off by {aside:.1f} mm, allowed {allowed:.2f} mm"
        )


def _gap_text(heights: NDArray[np.float64], *, worst: int, usual: float) -> str:
    gap = float(heights[worst + 1] - heights[worst])
    missing = round(gap / usual) - 1
    whole = abs(gap / usual - (missing + 1)) <= SPACING_TOLERANCE_MM
    lost = f"{missing} slice{'s' if missing > 1 else ''} missing"
    verdict = lost if missing >= 1 and whole else "uneven spacing"
    return (
        f"gap of {gap:.2f} mm between slices {worst + 1} and {worst + 2} (at "
        f"{heights[worst]:.1f} mm along the normal), expected {usual:.2f} mm: {verdict}; export "
        f"the series again"
    )


def _tolerance_mm(steps: NDArray[np.float64]) -> float:
    return max(SPACING_TOLERANCE_MM, SPACING_TOLERANCE_FRACTION * float(np.median(steps)))


def _directions(plane: Slice) -> NDArray[np.float64]:
    return np.array((plane.i_direction, plane.j_direction))


def _heights(slices: Sequence[Slice], like: Slice | None = None) -> NDArray[np.float64]:
    """Return positions in mm along the normal of ``like``, or of the first plane."""
    i_direction, j_direction = _directions(like or slices[0])
    places = np.array([plane.position_ras_mm for plane in slices])
    heights: NDArray[np.float64] = places @ np.cross(i_direction, j_direction)
    return heights


def _geometry(ordered: list[Slice]) -> Geometry:
    first, last = ordered[0], ordered[-1]
    shape = (*first.size, len(ordered))
    if int(np.prod(shape, dtype=object)) > LARGEST_VOXEL_COUNT:
        raise UnsupportedSeriesError(f"{shape} voxels are more than {LARGEST_VOXEL_COUNT}")
    travel = np.subtract(last.position_ras_mm, first.position_ras_mm)
    affine_ras = np.eye(4)
    affine_ras[:3, 0] = np.array(first.i_direction) * first.pixel_spacing_mm[0]
    affine_ras[:3, 1] = np.array(first.j_direction) * first.pixel_spacing_mm[1]
    affine_ras[:3, 2] = travel / (len(ordered) - 1)
    affine_ras[:3, 3] = first.position_ras_mm
    try:
        return Geometry(shape, affine_ras, frame_of_reference_uid=first.frame_of_reference_uid)
    except InputError as fault:
        raise UnsupportedSeriesError(str(fault)) from fault
