"""Bounding boxes: the liver is a small part of a scan, so work is done on its box."""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry, Shape3

Box = tuple[slice, slice, slice]


def bounding_box(mask: NDArray[np.bool_], *, what: str, margin: Shape3 = (0, 0, 0)) -> Box:
    """Return the slices that hold every voxel of ``mask``, widened by ``margin`` voxels.

    The box is cut at the array's edges. ``what`` names the structure in the error.

    Raises
    ------
    EmptyStructureError
        The mask has no voxel.
    """
    filled = tuple(np.any(mask, axis=others) for others in ((1, 2), (0, 2), (0, 1)))
    if not filled[0].any():
        raise EmptyStructureError(f"{what} has no voxels; a mask with at least one is needed")
    i, j, k = (
        _widened(np.flatnonzero(line), grow, line.size)
        for line, grow in zip(filled, margin, strict=True)
    )
    return (i, j, k)


def _widened(indices: NDArray[np.intp], margin: int, size: int) -> slice:
    return slice(max(0, int(indices[0]) - margin), min(size, int(indices[-1]) + 1 + margin))


def margin_voxels(geometry: Geometry, distance_mm: float) -> Shape3:
    """Return how many voxels along each array axis can lie within ``distance_mm``.

    Uses the distance between neighbouring voxel *planes*, so it is right on sheared grids too.
    """
    per_mm = np.linalg.norm(np.linalg.inv(geometry.affine_ras[:3, :3]), axis=1)
    i, j, k = (ceil(distance_mm * float(inverse) - 1e-9) for inverse in per_mm)
    return (i, j, k)


def box_start(box: Box) -> Shape3:
    """Return the index of a box's first voxel."""
    return (box[0].start, box[1].start, box[2].start)


def box_geometry(geometry: Geometry, box: Box) -> Geometry:
    """Return the grid of the voxels inside a box."""
    i, j, k = (side.stop - side.start for side in box)
    return geometry.cropped(box_start(box), (i, j, k))
