"""Fewer voxels by area means: what pictures and surfaces are made from."""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry, Shape3


@dataclass(frozen=True, slots=True)
class Box:
    """A block of voxels: first index and size along each array axis."""

    start: Shape3
    shape: Shape3

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index expression of the block."""
        i, j, k = (slice(s, s + n) for s, n in zip(self.start, self.shape, strict=True))
        return (i, j, k)


def bounding_box(codes: NDArray[Any], geometry: Geometry, *, margin_mm: float = 0.0) -> Box:
    """Return the smallest block that holds every non-zero voxel, widened inside the grid.

    Raises
    ------
    EmptyStructureError
        No voxel is set.
    """
    across_k: NDArray[np.bool_] = np.any(codes, axis=2)
    along_k: NDArray[np.bool_] = np.any(codes, axis=(0, 1))
    hit: list[NDArray[np.bool_]] = [np.any(across_k, axis=1), np.any(across_k, axis=0), along_k]
    if not hit[0].any():
        raise EmptyStructureError("the liver mask is empty: there is nothing to draw")
    ranges = [
        _widened(np.flatnonzero(axis), ceil(margin_mm / spacing), len(axis))
        for axis, spacing in zip(hit, geometry.spacing_mm, strict=True)
    ]
    (i, j, k), (n_i, n_j, n_k) = zip(*ranges, strict=True)
    return Box((i, j, k), (n_i, n_j, n_k))


def coarsened(
    block: NDArray[Any], geometry: Geometry, *, spacing_mm: float
) -> tuple[NDArray[np.float32], Geometry]:
    """Average a block down to voxels of about ``spacing_mm``; finer axes only, none is refined.

    Returns
    -------
    tuple
        float32 means of the covered voxels and the grid that covers exactly the same space. New
        voxels are at most ``spacing_mm`` wide, or as wide as they were.
    """
    shape = tuple(
        min(n, ceil(n * step / spacing_mm))
        for n, step in zip(block.shape, geometry.spacing_mm, strict=True)
    )
    means = block
    for axis in np.argsort(geometry.spacing_mm):  # the axis that shrinks most goes first
        means = _mean_along(means, int(axis), shape[axis])
    ratios = np.array(block.shape) / np.array(shape)
    matrix = np.array(geometry.affine_ras)
    matrix[:3, 3] = geometry.ras_from_index((ratios - 1.0) / 2.0)
    matrix[:3, :3] *= ratios
    i, j, k = shape
    return means.astype(np.float32, copy=False), Geometry((i, j, k), matrix)


def _widened(indices: NDArray[np.intp], margin: int, size: int) -> tuple[int, int]:
    start = max(int(indices[0]) - margin, 0)
    stop = min(int(indices[-1]) + 1 + margin, size)
    return start, stop - start


def _mean_along(block: NDArray[Any], axis: int, size: int) -> NDArray[Any]:
    if block.shape[axis] == size:
        return block
    weights = _overlap_weights(block.shape[axis], size)
    moved = np.tensordot(weights, block.astype(np.float32, copy=False), axes=(1, axis))
    return np.moveaxis(moved, 0, axis)


def _overlap_weights(old: int, new: int) -> NDArray[np.float32]:
    """Share of each old cell in each new one when both divide the same length; rows sum to 1."""
    edges = np.arange(new + 1) * (old / new)
    cells = np.arange(old)
    low = np.maximum(edges[:-1, None], cells[None, :])
    high = np.minimum(edges[1:, None], cells[None, :] + 1.0)
    overlap = np.clip(high - low, 0.0, None)
    weights: NDArray[np.float32] = (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)
    return weights
