"""Bounding boxes: the liver is a small part of a scan, so work is done on its box."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry, Shape3

Box = tuple[slice, slice, slice]
NO_MARGIN: Shape3 = (0, 0, 0)
NOWHERE: Box = (slice(0, 0), slice(0, 0), slice(0, 0))


def filled_box(codes: NDArray[Any]) -> Box | None:
    """Return the smallest box that holds all codes above 0, ``None`` where there is none."""
    if not codes.size:
        return None
    # along its slowest axis an array streams through memory once, whatever its order
    slow = int(np.argmax(np.abs(codes.strides)))
    shadow = codes.max(axis=slow)
    if not shadow.any():
        return None
    ranges = {
        axis: _extent(shadow.any(axis=1 - position))
        for position, axis in enumerate(a for a in range(3) if a != slow)
    }
    within = tuple(ranges.get(axis, slice(None)) for axis in range(3))
    others = tuple(axis for axis in range(3) if axis != slow)
    ranges[slow] = _extent(codes[within].max(axis=others) > 0)
    return (ranges[0], ranges[1], ranges[2])


def _extent(occupied: NDArray[np.bool_]) -> slice:
    hits = np.flatnonzero(occupied)
    return slice(int(hits[0]), int(hits[-1]) + 1)


def bounding_box(codes: NDArray[Any], *, what: str, margin: Shape3 = NO_MARGIN) -> Box:
    """Return the box that holds all codes above 0, widened by ``margin`` voxels on every side.

    It is cut at the array's edges. ``what`` names the structure in the error.

    Raises
    ------
    EmptyStructureError
        No code is above 0.
    """
    box = filled_box(codes)
    if box is None:
        raise EmptyStructureError(f"{what} has no voxels; a mask with at least one is needed")
    return widened(box, margin, codes.shape)


def widened(box: Box, by: Sequence[int] | NDArray[np.integer], shape: tuple[int, ...]) -> Box:
    """Return a box that is larger by some voxels on every side, cut at the array's edges."""
    i, j, k = (
        slice(max(0, side.start - int(n)), min(size, side.stop + int(n)))
        for side, n, size in zip(box, by, shape, strict=True)
    )
    return (i, j, k)


def joint_box(boxes: Iterable[Box | None]) -> Box:
    """Return the smallest box that holds all boxes, ``None`` left out; an empty one for none."""
    sides = zip(*(box for box in boxes if box is not None), strict=True)
    found = [slice(min(s.start for s in side), max(s.stop for s in side)) for side in sides]
    return (found[0], found[1], found[2]) if found else NOWHERE


def margin_voxels(geometry: Geometry, distance_mm: float) -> Shape3:
    """Return how many voxels along each array axis can lie within ``distance_mm``.

    Uses the distance between neighbouring voxel *planes*, so it is right on sheared grids too.
    """
    per_mm = np.linalg.norm(np.linalg.inv(geometry.affine_ras[:3, :3]), axis=1)
    # the small number keeps a distance of whole voxels from costing one more by rounding
    i, j, k = (ceil(distance_mm * float(inverse) - 1e-9) for inverse in per_mm)
    return (i, j, k)


def box_start(box: Box) -> Shape3:
    """Return the index of a box's first voxel."""
    return (box[0].start, box[1].start, box[2].start)


def box_geometry(geometry: Geometry, box: Box) -> Geometry:
    """Return the grid of the voxels inside a box."""
    i, j, k = (side.stop - side.start for side in box)
    return geometry.cropped(box_start(box), (i, j, k))
