"""Linear resampling between any two grids, slab by slab.

Grids whose axes are parallel (in any order and direction) are interpolated one axis at a time,
which is exact and fast; all others go through the full affine. Nothing here holds more than one
slab of the target and a few planes of the source as floating-point numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry

SLAB_VOXELS = 1 << 21
PARALLEL_TOLERANCE = 1e-6
EDGE = 0.5
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Where the voxels along one target axis fall on a source axis.

    ``low`` and ``high`` are the neighbours, ``weight`` the share of ``high``, ``inside`` whether
    the point lies in the source's outermost voxels or between them.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    weight: Floats
    inside: NDArray[np.bool_]


def resample(voxels: NDArray[Any], source: Geometry, target: Geometry, *, outside: float) -> Floats:
    """Interpolate an image linearly at the voxels of another grid.

    Parameters
    ----------
    voxels
        Numbers or booleans of shape ``source.shape``.
    source, target
        Any two grids.
    outside
        Value beyond the source's outermost voxels (their outer half included in the source).

    Returns
    -------
    resampled
        float32, of shape ``target.shape``.
    """
    result = np.empty(target.shape, dtype=np.float32)
    for where, slab in resampled_slabs(voxels, source, target, outside=outside):
        result[:, :, where] = slab
    return result


def resampled_slabs(
    voxels: NDArray[Any], source: Geometry, target: Geometry, *, outside: float
) -> Iterator[tuple[slice, Floats]]:
    """Do the same as `resample`, yielding slabs of planes along the target's last axis."""
    matrix = np.linalg.inv(source.affine_ras) @ target.affine_ras
    thickness = max(1, SLAB_VOXELS // (target.shape[0] * target.shape[1]))
    lines = _parallel_lines(matrix, source.shape, target.shape)
    for start in range(0, target.shape[2], thickness):
        where = slice(start, min(start + thickness, target.shape[2]))
        if lines is None:
            yield where, _oblique_slab(voxels, matrix, target, where, outside)
        else:
            yield where, _parallel_slab(voxels, lines, where, outside)


def _parallel_lines(
    matrix: NDArray[np.float64], source: tuple[int, ...], target: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[_Line, ...]] | None:
    """Return the source axis of each target axis and the lines; ``None`` on oblique grids."""
    linear = matrix[:3, :3]
    reach = np.abs(linear) * np.array(target)
    order = tuple(int(axis) for axis in reach.argmax(axis=0))
    if sorted(order) != [0, 1, 2]:
        return None
    rest = linear.copy()
    rest[order, range(3)] = 0.0
    if (np.abs(rest) * np.array(target)).max() > PARALLEL_TOLERANCE * max(source):
        return None
    lines = tuple(
        _line(matrix[a, 3] + linear[a, t] * np.arange(target[t]), source[a])
        for t, a in enumerate(order)
    )
    return order, lines


def _line(position: NDArray[np.float64], size: int) -> _Line:
    # Points on a half-voxel edge must not fall outside by rounding.
    inside = (position >= -EDGE - PARALLEL_TOLERANCE) & (
        position <= size - EDGE + PARALLEL_TOLERANCE
    )
    clamped = np.clip(position, 0, size - 1)
    low = np.minimum(np.floor(clamped).astype(np.intp), max(size - 2, 0))
    high = np.minimum(low + 1, size - 1)
    return _Line(low, high, (clamped - low).astype(np.float32), inside)


def _parallel_slab(
    voxels: NDArray[Any],
    lines: tuple[tuple[int, ...], tuple[_Line, ...]],
    where: slice,
    outside: float,
) -> Floats:
    order, (first, second, third) = lines
    turned = voxels.transpose(order)
    slab = np.full((len(first.low), len(second.low), where.stop - where.start), outside, np.float32)
    boxes = [_span(line.inside) for line in (first, second)]
    for plane, k in enumerate(range(where.start, where.stop)):
        if third.inside[k]:
            image = _blended(turned, third, k)
            image = _lerp(_lerp(image, first, 0)[boxes[0]], second, 1)
            slab[boxes[0], boxes[1], plane] = image[:, boxes[1]]
    return slab


def _blended(volume: NDArray[Any], line: _Line, k: int) -> Floats:
    low: Floats = volume[:, :, line.low[k]].astype(np.float32)
    weight = line.weight[k]
    if weight > 0:
        low += weight * (volume[:, :, line.high[k]].astype(np.float32) - low)
    return low


def _lerp(image: Floats, line: _Line, axis: int) -> Floats:
    low, high = image.take(line.low, axis), image.take(line.high, axis)
    high -= low
    high *= line.weight[:, None] if axis == 0 else line.weight
    high += low
    return high


def _span(inside: NDArray[np.bool_]) -> slice:
    """Return the run of ``True``: a straight line is inside a box on one stretch only."""
    at = np.flatnonzero(inside)
    return slice(int(at[0]), int(at[-1]) + 1) if at.size else slice(0, 0)


def _oblique_slab(
    voxels: NDArray[Any],
    matrix: NDArray[np.float64],
    target: Geometry,
    where: slice,
    outside: float,
) -> Floats:
    shape = (*target.shape[:2], where.stop - where.start)
    offset = matrix[:3, 3] + matrix[:3, 2] * where.start
    slab: Floats = np.empty(shape, dtype=np.float32)
    numbers = voxels.view(np.uint8) if voxels.dtype == np.bool_ else voxels
    ndimage.affine_transform(
        numbers, matrix[:3, :3], offset, shape, slab, order=1, mode="nearest", prefilter=False
    )
    steps = [np.arange(n).reshape(-1, *(1,) * (2 - axis)) for axis, n in enumerate(shape)]
    for axis, size in enumerate(voxels.shape):
        position = offset[axis] + sum(m * s for m, s in zip(matrix[axis, :3], steps, strict=True))
        beyond = np.abs(position - (size - 1) / 2) > size / 2 + PARALLEL_TOLERANCE
        slab[beyond] = outside
    return slab
