"""Fewer voxels by area means: what pictures and surfaces are made from."""

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry


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
