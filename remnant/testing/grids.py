"""Grids that cover a given box: upright, oblique, mirrored, anisotropic or sheared."""

from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remnant.core.geometry import Geometry, Shape3, Vector3, vector3

BoxMm = tuple[Vector3, Vector3]
UPRIGHT = np.eye(3)
TICK = 1e-9


def box_corners(box_mm: BoxMm) -> NDArray[np.float64]:
    """Return the eight corners of a box given by its lowest and highest corner, in RAS mm."""
    return np.array(list(product(*zip(*box_mm, strict=True))), dtype=np.float64)


def grid_around(
    box_mm: BoxMm,
    *,
    spacing_mm: Vector3 = (1.0, 1.0, 1.0),
    directions: ArrayLike = UPRIGHT,
    margin_mm: float = 0.0,
    offset_voxels: Vector3 = (0.0, 0.0, 0.0),
) -> Geometry:
    """Make the smallest grid of the given voxels that covers a box.

    Parameters
    ----------
    box_mm
        Lowest and highest corner in RAS mm.
    spacing_mm
        Voxel spacing along the three array axes.
    directions
        Array axes as columns of unit length in RAS; any regular matrix: rotated, mirrored or
        sheared.
    margin_mm
        Added to the box on every side.
    offset_voxels
        Moves the lattice by parts of a voxel, each in [0, 1], so that shapes do not sit on it
        symmetrically.
    """
    linear = np.asarray(directions, dtype=np.float64) @ np.diag(spacing_mm)
    low, high = (np.array(corner, dtype=np.float64) for corner in box_mm)
    corners = box_corners((vector3(low - margin_mm), vector3(high + margin_mm)))
    indices = corners @ np.linalg.inv(linear).T - np.array(offset_voxels)
    first = np.floor(indices.min(axis=0) + TICK)
    i, j, k = (int(n) for n in np.ceil(indices.max(axis=0) - TICK) - first + 1)
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = linear @ (first + np.array(offset_voxels))
    return Geometry((i, j, k), matrix)


def block_around(box_mm: BoxMm, geometry: Geometry) -> tuple[Shape3, Shape3]:
    """Return first index and shape of the block of a grid that holds a box; shape 0 if none."""
    indices = geometry.index_from_ras(box_corners(box_mm))
    size = np.array(geometry.shape)
    low = np.clip(np.floor(indices.min(axis=0)), 0, size).astype(int)
    high = np.clip(np.ceil(indices.max(axis=0)) + 1, low, size).astype(int)
    return _shape(low), _shape(high - low)


def half_voxel_diagonal_mm(geometry: Geometry) -> float:
    """Return the longest way from a voxel's centre to its corner, in mm; right when sheared."""
    signs = np.array(list(product((-0.5, 0.5), repeat=3)))
    return float(np.linalg.norm(signs @ geometry.affine_ras[:3, :3].T, axis=1).max())


def _shape(values: NDArray[np.int_]) -> Shape3:
    i, j, k = (int(v) for v in values)
    return (i, j, k)
