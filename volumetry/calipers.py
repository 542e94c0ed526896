"""Longest distances within a set of voxels, exact on any grid.

A voxel is the whole parallelepiped of its affine, so the distances run between voxel corners. The
hull of all corners is the hull of the voxel centres swept by one voxel; therefore only the ends of
rows of voxels, and of those only the vertices of the hull of centres, need to be looked at.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry

Indices = NDArray[np.intp]

HULL_WORTH_POINTS = 300
PAIRS_AT_ONCE = 4_000_000


def feret_mm(mask: NDArray[np.bool_], geometry: Geometry) -> float:
    """Longest distance between two points of a mask's voxels, in mm.

    Parameters
    ----------
    mask
        Voxels of shape ``(I, J, K)``, at least one; any block of the grid.
    geometry
        Grid that gives the axes; its shape and origin do not matter.

    Returns
    -------
    float
        At least the diagonal of one voxel.
    """
    ends = row_ends(mask, 0)
    for axis in (1, 2):
        ends = _ends_along(ends, axis)
    vectors = geometry.affine_ras[:3, :3]
    return _longest_mm(_hull_vertices(ends @ vectors.T), vectors)


def longest_axial_mm(mask: NDArray[np.bool_], geometry: Geometry) -> float:
    """Longest distance within one axial slice of a mask, between pixel corners, in mm.

    A slice is what lies at one index of ``geometry.axial_axis``; on an oblique grid it is the
    acquired plane, not the plane of the world.

    Parameters
    ----------
    mask
        Voxels of shape ``(I, J, K)``, at least one; any block of the grid.
    geometry
        Grid that gives the axes; its shape and origin do not matter.

    Returns
    -------
    float
        At least the diagonal of one pixel.
    """
    slices = geometry.axial_axis
    first, second = (axis for axis in range(3) if axis != slices)
    ends = _ends_along(row_ends(mask, first), second)
    ends = ends[np.argsort(ends[:, slices], kind="stable")]
    starts = np.flatnonzero(np.diff(ends[:, slices], prepend=-1))
    vectors = geometry.affine_ras[:3, [first, second]]
    return _longest_in_groups_mm(ends[:, [first, second]] @ vectors.T, starts, vectors)


def row_ends(mask: NDArray[np.bool_], axis: int) -> Indices:
    """Return the first and last voxel of every row of a mask along an axis, shape ``(n, 3)``."""
    rows = np.argwhere(mask.any(axis=axis))
    chosen = np.moveaxis(mask, axis, -1)[tuple(rows.T)]
    first = chosen.argmax(axis=1)
    last = chosen.shape[1] - 1 - chosen[:, ::-1].argmax(axis=1)
    ends = (np.insert(rows, axis, end, axis=1) for end in (first, last))
    return np.concatenate(tuple(ends))


def _ends_along(points: Indices, axis: int) -> Indices:
    keys = [points[:, other] for other in range(3) if other != axis]
    ordered = points[np.lexsort((points[:, axis], *keys))]
    across = np.delete(ordered, axis, axis=1)
    new_row = np.any(np.diff(across, axis=0) != 0, axis=1)
    is_end = np.append(True, new_row) | np.append(new_row, True)
    kept: Indices = ordered[is_end]
    return kept


def _hull_vertices(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(points_mm) < HULL_WORTH_POINTS:
        return points_mm
    from scipy.spatial import ConvexHull, QhullError

    try:
        vertices: NDArray[np.float64] = points_mm[ConvexHull(points_mm).vertices]
    except QhullError:  # all in one plane or line: no hull of three dimensions, all points count
        return points_mm
    return vertices


def _longest_in_groups_mm(
    points_mm: NDArray[np.float64], starts: Indices, vectors: NDArray[np.float64]
) -> float:
    """Longest distance within one group; groups too small to hold a longer one are passed over."""
    lows, highs = (f.reduceat(points_mm, starts) for f in (np.minimum, np.maximum))
    cell_mm = np.linalg.norm(_diagonals(vectors), axis=1).max()
    reaches_mm = np.linalg.norm(highs - lows, axis=1) + cell_mm
    groups = np.split(points_mm, starts[1:])
    longest_mm = 0.0
    for index in np.argsort(-reaches_mm):
        if reaches_mm[index] <= longest_mm:
            break
        longest_mm = max(longest_mm, _longest_mm(groups[index], vectors))
    return longest_mm


def _longest_mm(points_mm: NDArray[np.float64], vectors: NDArray[np.float64]) -> float:
    """Longest distance between corners of cells at the points, spanned by the column vectors."""
    rows = max(1, PAIRS_AT_ONCE // len(points_mm))
    blocks = (points_mm[start : start + rows] for start in range(0, len(points_mm), rows))
    longest = max(
        _longest_squared(block + diagonal, points_mm)
        for block, diagonal in product(blocks, _diagonals(vectors))
    )
    return float(np.sqrt(longest))


def _longest_squared(ones: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    squares = sum(np.subtract.outer(ones[:, d], others[:, d]) ** 2 for d in range(3))
    return float(np.max(squares))


def _diagonals(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Diagonals of a cell; one of each opposite pair is enough because the pairs run both ways."""
    free = vectors.shape[1] - 1
    signs = np.array([(1.0, *rest) for rest in product((-1.0, 1.0), repeat=free)])
    diagonals: NDArray[np.float64] = signs @ vectors.T
    return diagonals
