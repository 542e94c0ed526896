"""Strokes of a brush in RAS mm, as voxels of any grid: mirrored, oblique, anisotropic or sheared.

A stroke runs from point to point without gaps. A ball marks every voxel whose centre it holds. A
disc lies in the slice that its point falls in, of the grid's own slices that come nearest to the
anatomical plane, and is one slice thick; a stroke that runs through several slices marks in each
what is drawn while it is there. The voxels that the line itself runs through are always marked,
however small the brush is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import ceil, floor, isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box, joint_box, margin_voxels
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3

Mask = NDArray[np.bool_]
Vector = NDArray[np.float64]

LARGEST_RADIUS_MM: Final = 60.0
MOST_POINTS: Final = 2000
EVERY_VOXELS: Final = 0.5


class BrushShape(StrEnum):
    """What a brush marks around each point of its stroke."""

    DISC = "disc"
    BALL = "ball"


class SlicePlane(StrEnum):
    """Anatomical plane that slices are seen in."""

    AXIAL = "axial"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"

    def axis_of(self, grid: Geometry) -> int:
        """Return the array axis that runs across this plane's slices most closely."""
        across = {SlicePlane.SAGITTAL: 0, SlicePlane.CORONAL: 1, SlicePlane.AXIAL: 2}
        return grid.world_axes.index(across[self])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A line that a brush is drawn along.

    Parameters
    ----------
    points_mm
        Points in RAS mm, in the order of drawing.
    radius_mm
        Radius of the brush.
    shape, plane
        What it marks, and of a disc in which slices.

    Raises
    ------
    InputError
        There is no point or too many, one is not finite, or the radius is out of range.
    """

    points_mm: tuple[Vector3, ...]
    radius_mm: float
    shape: BrushShape = BrushShape.DISC
    plane: SlicePlane = SlicePlane.AXIAL

    def __post_init__(self) -> None:
        if not 1 <= len(self.points_mm) <= MOST_POINTS:
            raise InputError(
                f"a stroke has 1 to {MOST_POINTS} points, got {len(self.points_mm)}; draw it in "
                f"several strokes"
            )
        if not all(isfinite(x) for point in self.points_mm for x in point):
            raise InputError("a point of a stroke is not three finite numbers in RAS mm")
        if not 0 < self.radius_mm <= LARGEST_RADIUS_MM:
            raise InputError(
                f"the radius of a brush is above 0 and at most {LARGEST_RADIUS_MM:g} mm, got "
                f"{self.radius_mm:g}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A straight piece of a stroke in voxel indices; ``axis`` and ``layer`` of a disc's slice."""

    start: Vector
    end: Vector
    axis: int | None = None
    layer: int = 0

    def box(self, grid: Geometry, margin: Vector) -> Box | None:
        """Return the voxels that it can reach, cut at the grid; ``None`` where it reaches none."""
        low, high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        sides = [
            slice(max(0, floor(a - m)), min(n, ceil(b + m) + 1))
            for a, b, m, n in zip(low, high, margin, grid.shape, strict=True)
        ]
        if self.axis is not None:
            sides[self.axis] = slice(self.layer, self.layer + 1)
        if any(side.start >= side.stop for side in sides):
            return None
        return (sides[0], sides[1], sides[2])


def stroke_voxels(stroke: Stroke, grid: Geometry) -> tuple[Box, Mask]:
    """Return which voxels a stroke marks: a box of the grid, and a mask of its shape.

    Raises
    ------
    InputError
        It marks none: it lies outside the grid.
    """
    reach = np.array(margin_voxels(grid, stroke.radius_mm), dtype=np.float64)
    found = [(piece, box) for piece in _pieces(stroke, grid) if (box := piece.box(grid, reach))]
    whole = joint_box(box for _, box in found)
    mask = np.zeros([side.stop - side.start for side in whole], dtype=bool)
    for piece, box in found:
        here = _within(box, whole)
        mask[here] |= _near(piece, box, grid, stroke.radius_mm)
        _mark_line(piece, mask, whole)
    if not mask.any():
        raise InputError(
            f"the stroke at {_told(stroke.points_mm[0])} (RAS mm) lies outside the scan; draw it "
            f"in the scan: x rises to the patient's right, y to the front, z to the head"
        )
    return whole, mask


def _told(point_mm: Vector3) -> str:
    return ", ".join(f"{x:.1f}" for x in point_mm)


def _pieces(stroke: Stroke, grid: Geometry) -> Iterator[_Piece]:
    points = grid.index_from_ras(np.array(stroke.points_mm, dtype=np.float64))
    pairs = pairwise(points) if len(points) > 1 else ((points[0], points[0]),)
    axis = stroke.plane.axis_of(grid) if stroke.shape is BrushShape.DISC else None
    for start, end in pairs:
        if axis is None:
            yield _Piece(start, end)
        else:
            yield from _by_slices(start, end, axis, grid.shape[axis])


def _by_slices(start: Vector, end: Vector, axis: int, slices: int) -> Iterator[_Piece]:
    """Cut a straight piece where it goes from one slice to the next."""
    here, there = float(start[axis]), float(end[axis])
    low, high = min(here, there), max(here, there)
    layers = range(max(0, floor(low + 0.5)), min(slices - 1, floor(high + 0.5)) + 1)
    for layer in layers:
        shares: tuple[float, ...] = (0.0, 1.0)
        if here != there:
            shares = tuple(
                float(np.clip((level - here) / (there - here), 0.0, 1.0))
                for level in ((layer - 0.5, layer + 0.5)[:: 1 if here < there else -1])
            )
        first, last = (start + share * (end - start) for share in shares)
        first[axis] = last[axis] = layer
        yield _Piece(first, last, axis, layer)


def _within(box: Box, whole: Box) -> Box:
    i, j, k = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, whole, strict=True))
    return (i, j, k)


def _near(piece: _Piece, box: Box, grid: Geometry, radius_mm: float) -> Mask:
    """Return the voxels of a box whose centres lie within a radius of a piece."""
    matrix = grid.affine_ras[:3, :3]
    run = matrix @ (piece.end - piece.start)
    ranges = (
        np.arange(side.start, side.stop) - at for side, at in zip(box, piece.start, strict=True)
    )
    i, j, k = np.ix_(*ranges)
    x, y, z = (row[0] * i + row[1] * j + row[2] * k for row in matrix)
    length2 = float(run @ run)
    if length2 > 0:
        share = np.clip((x * run[0] + y * run[1] + z * run[2]) / length2, 0.0, 1.0)
        x, y, z = x - share * run[0], y - share * run[1], z - share * run[2]
    near: Mask = x * x + y * y + z * z <= radius_mm**2
    return near


def _mark_line(piece: _Piece, mask: Mask, whole: Box) -> None:
    """Mark the voxels that a piece runs through, where the grid has them."""
    steps = max(1, ceil(float(np.abs(piece.end - piece.start).max()) / EVERY_VOXELS))
    shares = np.linspace(0.0, 1.0, steps + 1)[:, None]
    points = piece.start + shares * (piece.end - piece.start)
    index = np.floor(points + 0.5).astype(np.int64) - [side.start for side in whole]
    held = ((index >= 0) & (index < mask.shape)).all(axis=1)
    mask[tuple(index[held].T)] = True
