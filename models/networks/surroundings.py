"""What is the same everywhere around a part of a field is computed once.

Outside a scan a field is constant. So is what convolutions make of it, as far as they see nothing
else, and instance normalisation needs only to know how often the constant occurs. Where a padded
map ends its rim differs, in the same way all along each face, edge and corner: a small constant
field shows them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.networks.slabs import LAYOUT, Axes, StoredMap
from remnant.core.boxes import Box
from remnant.core.geometry import Shape3


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The part of a map that a block has to be given.

    Parameters
    ----------
    whole
        Size of the map.
    box
        The part of it.
    padded
        Along which axes the part ends where the map ends, and the block's convolutions are padded.
    result
        Where the first voxel of the block's result on the part lies in the whole result.
    """

    whole: Shape3
    box: Box
    padded: Axes
    result: Shape3

    @property
    def shape(self) -> Shape3:
        """Size of the part."""
        x, y, z = (side.stop - side.start for side in self.box)
        return x, y, z


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """A part of a map, and a small constant map that stands for what is around it."""

    part: Part
    sample: StoredMap


def whole_box(size: Sequence[int]) -> Box:
    """Return the box of a whole map."""
    i, j, k = (slice(0, n) for n in size)
    return (i, j, k)


def varied_box(x: Tensor, *, zero: bool) -> Box:
    """Return the box beyond which a field of one channel has the value of its first voxel.

    It is the whole field where nothing differs from that value, or where the value has to be
    ``zero`` and is not.
    """
    field = x[0, 0]
    outside = field[0, 0, 0]
    other = field != outside
    if (zero and float(outside) != 0.0) or not bool(other.any()):
        return whole_box(field.shape)
    profiles = (other.any(2).any(1), other.any(2).any(0), other.any(1).any(0))
    found = [torch.nonzero(profile)[:, 0] for profile in profiles]
    i, j, k = (slice(int(at[0]), int(at[-1]) + 1) for at in found)
    return (i, j, k)


def needed_part(size: Shape3, box: Box, reach: Shape3, pool: int, padded: Axes) -> Part:
    """Return the part that a block needs of a map that is constant beyond a box.

    Parameters
    ----------
    size
        Of the map.
    box
        What varies.
    reach
        Voxels that the block's kernels reach beyond one.
    pool
        The result is pooled in whole blocks of so many voxels.
    padded
        See `models.networks.slabs.Convolution`.
    """
    axes = zip(size, box, reach, padded, strict=True)
    (i, a, first), (j, b, second), (k, c, third) = (
        _padded_side(*axis[:3], pool) if axis[3] else _side(*axis[:3], pool) for axis in axes
    )
    return Part(whole=size, box=(i, j, k), padded=(a, b, c), result=(first, second, third))


def _side(size: int, varied: slice, reach: int, pool: int) -> tuple[slice, bool, int]:
    """Return side, padding and first plane of the result where the result shrinks."""
    end = size - reach
    first = max(varied.start - reach, 0) // pool * pool
    stop = min(-(-varied.stop // pool) * pool, end)
    return slice(first, stop + reach), False, first


def _padded_side(size: int, varied: slice, reach: int, pool: int) -> tuple[slice, bool, int]:
    """Return the same where the result is as large as the map: all, if it comes near an end."""
    half = reach // 2
    first = (varied.start - half) // pool * pool
    stop = -(-(varied.stop + half) // pool) * pool
    if first < pool or stop > size - pool:
        return slice(0, size), True, 0
    return slice(first - half, stop + half), False, first


def surroundings(x: Tensor, part: Part, shape: Shape3) -> Surroundings | None:
    """Return what is around a part of a map, as a constant map of a shape; ``None``: nothing is."""
    if part.shape == part.whole:
        return None
    i, j, k = (0 if side.start else n - 1 for side, n in zip(part.box, part.whole, strict=True))
    constant = x[:, :, i, j, k, None, None, None].expand(*x.shape[:2], *shape)
    return Surroundings(part, StoredMap(constant.contiguous(memory_format=LAYOUT)))


def middle(x: Tensor) -> Tensor:
    """Return the middle voxel of a map."""
    i, j, k = (slice(n // 2, n // 2 + 1) for n in x.shape[2:])
    return x[:, :, i, j, k]


def spread(sample: Tensor, target: Tensor) -> None:
    """Fill a map with a sample's middle, and its rim with the sample's faces, edges and corners."""
    for axis, size in enumerate(target.shape[2:], start=2):
        last = sample.shape[axis] - 1
        places = torch.full((size,), last // 2, device=sample.device)
        places[0], places[-1] = 0, last
        sample = sample.index_select(axis, places)
    target.copy_(sample)
