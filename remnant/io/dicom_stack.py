"""Planes in order, on one grid: sorted and spaced by position alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError, UnsupportedSeriesError
from remnant.core.geometry import Geometry
from remnant.io.dicom_slices import Slice
from remnant.io.limits import LARGEST_VOXEL_COUNT

SAME_PLACE_MM = 0.01
SPACING_TOLERANCE_MM = 0.1
SPACING_TOLERANCE_FRACTION = 0.02
DIRECTION_TOLERANCE = 1e-3
SAME_PIXEL_SPACING = 1e-4
POSITION_TOLERANCE_MM = 0.15
"""Rounding of a position by 0.1 mm, and of the grid it is compared with."""
POSITION_TOLERANCE_FRACTION = 0.2
FEWEST_SLICES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes sorted along their normal, and their grid.

    Parameters
    ----------
    slices
        In order.
    geometry
        Sheared where the gantry was tilted.
    copies
        Planes left out because another of equal content lies at the same place.
    deviation_mm
        How far a plane lies from its place on the grid, at most.
    """

    slices: tuple[Slice, ...]
    geometry: Geometry
    copies: tuple[Slice, ...]
    deviation_mm: float


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
    kept: list[Slice] = []
    copies: list[Slice] = []
    for place in places_of(slices):
        _require_one_image(place, like=slices[0], digest=digest)
        kept.append(place[0])
        copies.extend(place[1:])
    if len(kept) < FEWEST_SLICES:
        raise UnsupportedSeriesError(
            "a single slice has no volume: at least two are needed; give the folder"
        )
    _require_even(kept)
    geometry = _geometry(kept)
    return Stack(tuple(kept), geometry, tuple(copies), _deviation_mm(kept, geometry))


def heights_of(slices: Sequence[Slice], like: Slice | None = None) -> NDArray[np.float64]:
    """Return positions in mm along the normal of ``like``, or of the first plane."""
    places = np.array([plane.position_ras_mm for plane in slices])
    heights: NDArray[np.float64] = places @ normal_of(like or slices[0])
    return heights


def normal_of(plane: Slice) -> NDArray[np.float64]:
    """Return the unit vector from a plane to the next, RAS."""
    i_direction, j_direction = directions_of(plane)
    normal: NDArray[np.float64] = np.cross(i_direction, j_direction)
    return normal


def directions_of(plane: Slice) -> NDArray[np.float64]:
    """Return the unit vectors along a row and down a column, shape ``(2, 3)``, RAS."""
    return np.array((plane.i_direction, plane.j_direction))


def places_of(slices: Sequence[Slice]) -> list[list[Slice]]:
    """Group planes by where they lie along the normal, from low to high.

    Planes are at one place up to the rounding of positions, 0.15 mm, or a fifth of the usual
    distance where that is less.
    """
    heights = heights_of(slices)
    order = np.argsort(heights, kind="stable")
    steps = np.diff(heights[order])
    new = np.concatenate(([True], steps > _same_place_mm(steps)))
    places: list[list[Slice]] = []
    for position, begins in zip(order, new, strict=True):
        if begins:
            places.append([])
        places[-1].append(slices[position])
    return places


def _same_place_mm(steps: NDArray[np.float64]) -> float:
    apart = steps[steps > POSITION_TOLERANCE_MM]
    usual = float(np.median(apart)) if apart.size else 0.0
    return max(SAME_PLACE_MM, _position_tolerance_mm(usual))


def _position_tolerance_mm(usual: float) -> float:
    return min(POSITION_TOLERANCE_MM, POSITION_TOLERANCE_FRACTION * usual)


def is_even(slices: Sequence[Slice]) -> bool:
    """Tell whether planes are at least two, all apart, and evenly spaced."""
    places = places_of(slices)
    if len(places) < FEWEST_SLICES or len(places) < len(slices):
        return False
    heights = np.sort(heights_of(slices))
    return float(np.abs(residuals_mm(heights)).max()) <= tolerance_mm(np.diff(heights))


def residuals_mm(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far rising heights lie from the evenly spaced ones that fit them best."""
    index = np.arange(len(heights)) - (len(heights) - 1) / 2
    step = float(index @ heights / (index @ index))
    off: NDArray[np.float64] = heights - heights.mean() - step * index
    return off


def tolerance_mm(steps: NDArray[np.float64]) -> float:
    """Return by how much planes may lie off an even grid: rounding, or 2 % of their distance."""
    usual = float(np.median(steps))
    return max(_position_tolerance_mm(usual), SPACING_TOLERANCE_FRACTION * usual)


def _require_one_image(place: list[Slice], *, like: Slice, digest: Callable[[Slice], str]) -> None:
    if len(place) > 1 and len({digest(plane) for plane in place}) > 1:
        height = float(heights_of(place[:1], like)[0])
        raise UnsupportedSeriesError(
            f"two different images lie at one place (at {height:.1f} mm along the normal) and no "
            f"tag tells them apart; give a folder with one phase or echo only"
        )


def _require_even(ordered: list[Slice]) -> None:
    heights = heights_of(ordered)
    steps = np.diff(heights)
    usual = float(np.median(steps))
    allowed = tolerance_mm(steps)
    off = np.abs(residuals_mm(heights))
    if off.max() > allowed:
        worst = int(np.abs(steps - usual).argmax())
        uneven = abs(steps[worst] - usual) > 2 * allowed
        raise UnsupportedSeriesError(
            _gap_text(heights, worst=worst, usual=usual)
            if uneven
            else f"the distance of slices drifts: from {steps.min():.2f} to {steps.max():.2f} mm, "
            f"so that one lies {off.max():.2f} mm off an even grid, allowed {allowed:.2f} mm; "
            f"export the series again"
        )
    _require_line(ordered, heights)


def _require_line(ordered: list[Slice], heights: NDArray[np.float64]) -> None:
    places = np.array([plane.position_ras_mm for plane in ordered])
    line = places[0] + np.outer(
        (heights - heights[0]) / (heights[-1] - heights[0]), places[-1] - places[0]
    )
    aside = float(np.linalg.norm(places - line, axis=1).max())
    allowed = max(tolerance_mm(np.diff(heights)), min(ordered[0].pixel_spacing_mm) / 2)
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


def _deviation_mm(ordered: Sequence[Slice], geometry: Geometry) -> float:
    places = np.array([plane.position_ras_mm for plane in ordered])
    index = np.zeros((len(ordered), 3))
    index[:, 2] = np.arange(len(ordered))
    return float(np.linalg.norm(places - geometry.ras_from_index(index), axis=1).max())


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
