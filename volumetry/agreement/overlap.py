"""Volumes that structures of two scans share, each on its own grid."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.volumes import LARGEST_CODE, LabelMap

MOST_CODES = 5000
SMALLEST_DETERMINANT = 1e-9
MATRIX_SHAPE = (4, 4)
ROUNDING = 1e-6
"""Of a voxel: a centre that lies on a half must not fall to either side by chance."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Side = tuple[LabelMap, Ints]


def overlaps_ml(
    before: LabelMap,
    after: LabelMap,
    before_to_after_ras: Floats,
    *,
    before_codes: Sequence[int],
    after_codes: Sequence[int],
) -> Floats:
    """Measure the volume that each code of one map shares with each code of another.

    The voxel centres of each map are looked up in the other one (nearest neighbour), and the two
    volumes, which differ by the grids alone, are averaged: exchanging the maps transposes the
    result. Nothing is resampled, so volumes and diameters stay those of the own grid.

    Parameters
    ----------
    before, after
        Any label maps, each on its own grid.
    before_to_after_ras
        4×4 motion from RAS mm of the first to RAS mm of the second.
    before_codes, after_codes
        Codes to measure, each at most once; all others count as background.

    Returns
    -------
    numpy.ndarray
        In mL, of shape ``(len(before_codes), len(after_codes))``.

    Raises
    ------
    InputError
        The matrix is not a regular 4×4 matrix, or there are more than ``MOST_CODES`` codes.
    """
    forth = _require_motion(before_to_after_ras)
    first = before, _positions(before_codes)
    second = after, _positions(after_codes)
    size = len(before_codes), len(after_codes)
    there = _shared_voxels(first, second, forth, size)
    back: Floats = np.asarray(np.linalg.inv(forth), dtype=np.float64)
    again = _shared_voxels(second, first, back, size[::-1]).T
    volumes: Floats = 0.5 * (
        there * before.geometry.voxel_volume_ml + again * after.geometry.voxel_volume_ml
    )
    return volumes


def dice_fraction(before: LabelMap, after: LabelMap, before_to_after_ras: Floats) -> float:
    """Return 2 × shared volume / sum of volumes of two binary maps, in [0, 1].

    Raises
    ------
    InputError
        Both maps are empty, or the matrix is not a regular 4×4 matrix.
    """
    shared = overlaps_ml(before, after, before_to_after_ras, before_codes=(1,), after_codes=(1,))
    whole = sum(
        np.count_nonzero(labels.codes == 1) * labels.geometry.voxel_volume_ml
        for labels in (before, after)
    )
    if whole == 0.0:
        raise InputError("both maps are empty: they have no overlap to speak of")
    return min(1.0, 2.0 * float(shared[0, 0]) / float(whole))


def _require_motion(matrix: Floats) -> Floats:
    whole = np.array(matrix, dtype=np.float64)
    square = whole.shape == MATRIX_SHAPE and bool(np.isfinite(whole).all())
    if not square or abs(float(np.linalg.det(whole[:3, :3]))) < SMALLEST_DETERMINANT:
        raise InputError("a motion needs a regular, finite 4x4 matrix in RAS mm")
    return whole


def _positions(codes: Sequence[int]) -> Ints:
    """Return the place of each code in the list plus 1, 0 for the others."""
    if len(codes) > MOST_CODES:
        raise InputError(f"{len(codes)} structures to compare; {MOST_CODES} is the most")
    positions = np.zeros(LARGEST_CODE + 1, dtype=np.int64)
    positions[list(codes)] = np.arange(1, len(codes) + 1)
    return positions


def _shared_voxels(source: Side, target: Side, matrix: Floats, size: tuple[int, int]) -> Ints:
    """Count the source's voxels by their own position and that at their place in the target."""
    (labels, own), columns = source, size[1] + 1
    there = np.linalg.inv(target[0].geometry.affine_ras) @ matrix @ labels.geometry.affine_ras
    counts = np.zeros((size[0] + 1) * columns, dtype=np.int64)
    for codes, index in _occupied(labels, there):
        pairs = own[codes] * columns + _at(target, index)
        counts += np.bincount(pairs, minlength=counts.size)
    return counts.reshape(size[0] + 1, columns)[1:, 1:]


def _occupied(labels: LabelMap, matrix: Floats) -> Iterator[tuple[NDArray[Any], Floats]]:
    """Yield the non-zero codes of each layer with their indices in the other grid, ``(3, n)``.

    Layers are taken along the axis that memory is slowest in; ``matrix`` leads from index to index.
    """
    slow, *flat = (int(axis) for axis in np.argsort(np.abs(labels.codes.strides))[::-1])
    steps = [matrix[:3, axis, np.newaxis] * np.arange(labels.codes.shape[axis]) for axis in flat]
    for layer, plane in enumerate(labels.codes.transpose(slow, *flat)):
        if plane.any():
            where = np.nonzero(plane)
            start = matrix[:3, 3] + matrix[:3, slow] * layer
            along = (step[:, w] for step, w in zip(steps, where, strict=True))
            yield plane[where], start[:, np.newaxis] + sum(along)


def _at(target: Side, index: Floats) -> Ints:
    """Return the position of the voxel that each point lies in, 0 outside the grid."""
    labels, positions = target
    voxel = np.floor(index + (0.5 + ROUNDING)).astype(np.int32)
    size = np.array(labels.geometry.shape)[:, np.newaxis]
    inside = np.logical_and.reduce((voxel >= 0) & (voxel < size), axis=0)
    i, j, k = voxel[:, inside]
    found = np.zeros(len(inside), dtype=np.int64)
    found[inside] = positions[labels.codes[i, j, k]]
    return found
