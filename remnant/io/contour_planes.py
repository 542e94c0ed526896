"""Outlines in space on the slices of a grid, and what there is to say about them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import GeometryMismatchError, UnsupportedSeriesError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, reason
from remnant.io.polygons import Points, filled, overlaps, without_copies
from remnant.io.roles import Part
from remnant.io.slice_gaps import require_every_slice

FLAT_FRACTION: Final = 0.1
"""How far the corners of a contour may lie off their common plane, in slice distances."""
ON_SLICE_MM: Final = 0.1
"""How far a contour may lie off the middle of its slice without a word: what rounding leaves."""
BEYOND_VOXELS: Final = 1.0
"""How far a contour may reach beyond the outermost voxel centres of its slice, in voxels."""
BEYOND_SLICES: Final = 0.5
"""How far a contour may lie beyond the middle of the first or the last slice, in slices."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A structure's outlines on the slices of a grid.

    Parameters
    ----------
    axis
        Array axis across the slices.
    slices
        Polygons in indices of the two other axes, by slice.
    off_mm
        Largest distance of a contour from the middle of its slice.
    repeated
        Contours that repeat another one of their slice, which were left out.
    """

    axis: int = 2
    slices: Mapping[int, Sequence[Points]] = field(default_factory=dict)
    off_mm: float = 0.0
    repeated: int = 0


def drawn_on(grid: Geometry, contours: Sequence[NDArray[np.float64]], *, what: str) -> Drawn:
    """Put closed contours onto the slices of a grid, each onto the nearest.

    Parameters
    ----------
    grid
        The grid; oblique and sheared ones too.
    contours
        Corners in RAS mm, each of shape ``(n, 3)``.
    what
        The structure, for messages.

    Raises
    ------
    UnsupportedSeriesError
        Contours do not lie in the planes of the grid, two planes of them on one slice, or only on
        every second slice.
    GeometryMismatchError
        They reach beyond the grid.
    """
    if not contours:
        return Drawn()
    places = [grid.index_from_ras(points) for points in contours]
    axis = _axis_across(grid, places, what)
    levels = np.array([points[:, axis].mean() for points in places])
    _require_within(grid, places, axis, what)
    k_indices = np.clip(np.rint(levels), 0, grid.shape[axis] - 1).astype(int)
    _require_one_level(levels, k_indices, grid.spacing_mm[axis], what)
    by_slice: dict[int, list[Points]] = defaultdict(list)
    for k, points in zip(k_indices, places, strict=True):
        by_slice[int(k)].append(np.delete(points, axis, axis=1))
    require_every_slice(by_slice.keys(), what=what)
    kept = {k: without_copies(polygons) for k, polygons in sorted(by_slice.items())}
    off_mm = float(np.abs(levels - k_indices).max() * grid.spacing_mm[axis])
    return Drawn(axis, kept, off_mm, len(places) - sum(map(len, kept.values())))


def planes_along_last(drawn: Drawn, grid: Geometry) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Yield the filled planes of a structure across the last array axis, empty ones left out."""
    shape = _plane_shape(grid, drawn.axis)
    masks = ((k, filled(polygons, shape)) for k, polygons in drawn.slices.items())
    if drawn.axis == grid_last(grid):
        yield from masks
        return
    volume = np.zeros(grid.shape, bool)
    for k, mask in masks:
        np.moveaxis(volume, drawn.axis, 0)[k] = mask
    for last in range(grid.shape[2]):
        if volume[:, :, last].any():
            yield last, volume[:, :, last]


def grid_last(grid: Geometry) -> int:
    """Return the last array axis."""
    return len(grid.shape) - 1


def contour_findings(
    drawn: Sequence[Drawn], grid: Geometry, *, ignored: int, part: Part
) -> tuple[Finding, ...]:
    """Say what was left out, doubtful or moved in the contours of a role."""
    nested, crossing, unseen = _looked_over(drawn, grid)
    off_mm = max((one.off_mm for one in drawn), default=0.0)
    repeated = sum(one.repeated for one in drawn)
    counts = {
        "contours_ignored": (ignored, None),
        "contours_repeated": (repeated, None),
        "contours_nested": (nested, None),
        "contours_unseen": (unseen, False),
        "contours_crossing": (crossing, False),
        "contours_off_slice": (off_mm if off_mm > ON_SLICE_MM else 0, False),
    }
    about = (reason(Cause.OF_FILE, part.value),)
    return tuple(
        quality_finding(f"{part}_{name}", passed=passed, value=float(value), reasons=about)
        for name, (value, passed) in counts.items()
        if value
    )


def _looked_over(drawn: Sequence[Drawn], grid: Geometry) -> tuple[int, int, int]:
    nested = crossing = unseen = 0
    for one in drawn:
        shape = _plane_shape(grid, one.axis)
        for polygons in one.slices.values():
            found = overlaps(polygons, shape)
            nested, crossing = nested + found.nested, crossing + found.crossing_pixels
            unseen += sum(not _holds_centre(polygon, shape) for polygon in polygons)
    return nested, crossing, unseen


def _holds_centre(polygon: Points, shape: tuple[int, int]) -> bool:
    low = np.floor(polygon.min(axis=0)).astype(int)
    size = np.minimum(np.ceil(polygon.max(axis=0)).astype(int) - low + 1, shape)
    return bool(filled([polygon - low], (int(size[0]), int(size[1]))).any())


def _plane_shape(grid: Geometry, axis: int) -> tuple[int, int]:
    a, b = np.delete(grid.shape, axis)
    return int(a), int(b)


def _axis_across(grid: Geometry, places: Sequence[Points], what: str) -> int:
    """Return the axis along which no contour extends."""
    spreads = np.array([np.ptp(points, axis=0) for points in places]).max(axis=0)
    axis = int(spreads.argmin())
    if spreads[axis] > FLAT_FRACTION:
        raise UnsupportedSeriesError(
            f"{what} has contours that do not lie in the slices of the scan (up to "
            f"{spreads[axis] * grid.spacing_mm[axis]:.2f} mm across them): they were drawn in "
            f"other planes or on another series; give that series as the scan, or export a label "
            f"map"
        )
    return axis


def _require_within(grid: Geometry, places: Sequence[Points], axis: int, what: str) -> None:
    points = np.concatenate(places)
    beyond = np.maximum(-points, points - (np.array(grid.shape) - 1)).max(axis=0)
    allowed = np.where(np.arange(beyond.size) == axis, BEYOND_SLICES, BEYOND_VOXELS)
    if (beyond > allowed).any():
        raise GeometryMismatchError(
            f"{what} reaches beyond the grid of the scan by up to {beyond.max():.1f} voxels; give "
            f"the scan that it was drawn on, uncropped"
        )


def _require_one_level(
    levels: NDArray[np.float64], k_indices: NDArray[np.int_], spacing_mm: float, what: str
) -> None:
    for k in np.unique(k_indices):
        on_slice = levels[k_indices == k]
        if np.ptp(on_slice) * spacing_mm > ON_SLICE_MM:
            raise UnsupportedSeriesError(
                f"{what} has contours on two planes, {np.ptp(on_slice) * spacing_mm:.2f} mm apart, "
                f"that fall on one slice of the scan ({spacing_mm:.2f} mm): they were drawn on "
                f"another series with thinner slices; give that series as the scan"
            )
