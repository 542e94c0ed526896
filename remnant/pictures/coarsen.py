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
    """Average along an axis: each new cell holds a few old ones, the outer two of them in part."""
    if block.shape[axis] == size:
        return block
    if block.flags.f_contiguous:  # `take` reads and writes in C order
        return _mean_along_c(block.T, block.ndim - 1 - axis, size).T
    return _mean_along_c(np.ascontiguousarray(block), axis, size)


def _mean_along_c(block: NDArray[Any], axis: int, size: int) -> NDArray[np.float32]:
    old = block.shape[axis]
    edges = np.arange(size + 1) * (old / size)
    first = np.floor(edges[:-1]).astype(np.intp)
    mean = np.zeros((*block.shape[:axis], size, *block.shape[axis + 1 :]), np.float32)
    for step in range(ceil(old / size) + 1):
        cell = np.minimum(first + step, old - 1)
        overlap = np.minimum(edges[1:], first + step + 1.0) - np.maximum(edges[:-1], first + step)
        share = (np.clip(overlap, 0.0, None) * (size / old)).astype(np.float32)
        mean += np.take(block, cell, axis=axis) * share.reshape(-1, *[1] * (block.ndim - 1 - axis))
    return mean
