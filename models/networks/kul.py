"""The KU Leuven liver and lesion networks in PyTorch.

Written from the published facts (Tang et al. 2020, doi 10.1007/s00259-020-04800-3), not from the
original code. Tensors are (batch, channel, x, y, z) with axes RAS+.

Both are U-Nets of four levels with instance normalisation and leaky ReLU *before* the
convolutions. The normalisation sees the whole field, so the field's size is part of the model.
A network computes in the precision of its weights, statistics always in float32.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.kul_layers import Layer, lesion_layers, liver_layers
from models.networks.slabs import (
    LAYOUT,
    SPATIAL,
    FeatureMap,
    JoinedMap,
    Moments,
    SlabPass,
    StoredMap,
    convolved_size,
    empty_map,
    put_planes,
)
from remnant.core.geometry import Shape3

LIVER_POOL = 3
LESION_POOL = 2
LEVELS = 3


def unheard(share: float) -> None:
    """Ignore how much is done."""


def centre_crop(x: Tensor, size: Sequence[int]) -> Tensor:
    """Return a view of the central ``size`` voxels; an odd surplus is cut at the far end."""
    for axis, wanted in zip(SPATIAL, size, strict=True):
        x = x.narrow(axis, (x.shape[axis] - wanted) // 2, wanted)
    return x


class Block(nn.Module):
    """Two convolutions, each after normalisation, and a shortcut around them where it is residual.

    The very first block of a network leaves its input as it is. ``padded``: see `SlabPass`.
    """

    def __init__(self, layers: Sequence[Layer], *, padded: bool, residual: bool) -> None:
        super().__init__()
        self.first = _convolution(layers[0])
        self.second = _convolution(layers[1])
        self.shortcut = _convolution(layers[2]) if len(layers) > 2 else None  # noqa: PLR2004
        self.padded, self.residual = padded, residual

    @property
    def channels(self) -> int:
        """Channels of the result."""
        return self.second.out_channels

    def sizes(self, size: Sequence[int]) -> tuple[Shape3, Shape3]:
        """Return the sizes of a map after the first and after the second convolution."""
        between = convolved_size(self.first, size, padded=self.padded)
        return between, convolved_size(self.second, between, padded=self.padded)

    def multiplications(self, size: Sequence[int]) -> int:
        """Return how many multiplications the two convolutions take."""
        between, after = self.sizes(size)
        return self.first.weight.numel() * prod(between) + self.second.weight.numel() * prod(after)

    def forward(
        self, run: SlabPass, source: FeatureMap, moments: Moments | None, *, multiple: int = 1
    ) -> Iterator[tuple[int, Tensor]]:
        """Yield the result's slabs, each with its first plane; see `SlabPass.convolved`."""
        between = empty_map(self.first.out_channels, self.sizes(source.size)[0], self.first.weight)
        seen = Moments(self.first.out_channels, between.device)
        for first, slab in run.convolved(self.first, source, moments):
            put_planes(between, first, slab)
            seen.add(slab)
        around = self._around(run, source)
        for first, slab in run.convolved(self.second, StoredMap(between), seen, multiple=multiple):
            yield first, slab.add_(around(first, slab)) if self.residual else slab

    def _around(self, run: SlabPass, source: FeatureMap) -> Callable[[int, Tensor], Tensor]:
        """Return what goes around the convolutions: ``(first, slab)`` to what is added to it."""
        shortcut = None if self.shortcut is None else run.pointwise(self.shortcut, source)
        lost = (source.size[0] - self.sizes(source.size)[1][0]) // 2

        def around(first: int, slab: Tensor) -> Tensor:
            planes = source.planes(first + lost, first + lost + slab.shape[2])
            planes = centre_crop(planes, slab.shape[2:])
            return planes if shortcut is None else shortcut(planes)

        return around


class _KulNetwork(nn.Module):
    """What the two networks share: three levels down, a bottom, three levels up and a head."""

    def __init__(self, layers: Sequence[Layer], *, pool: int, padded: bool, residual: bool) -> None:
        super().__init__()
        self.pool, self.padded = pool, padded

        def block(name: str) -> Block:
            mine = [layer for layer in layers if layer.name.startswith(f"{name}.")]
            return Block(mine, padded=padded, residual=residual)

        self.down = nn.ModuleList(block(f"down.{i}") for i in range(LEVELS))
        self.bottom = block("bottom")
        self.up = nn.ModuleList(block(f"up.{i}") for i in range(LEVELS))
        self.head = _convolution(layers[-1])

    def forward(self, x: Tensor, heard: Callable[[float], None] = unheard) -> Tensor:
        """Return the probability map, in [0, 1] and float32, of the field's centre.

        ``heard`` is told the share of the work that is done, after every slab of planes.
        """
        sizes = self.sizes(x.shape[2:])
        run = SlabPass(
            padded=self.padded, multiplications=self._multiplications(sizes), heard=heard
        )
        x = x.to(self.head.weight.dtype).contiguous(memory_format=LAYOUT)
        moments: Moments | None = None
        skips: list[Tensor] = []
        for block, joined in zip(_blocks(self.down), reversed(sizes[:-1]), strict=False):
            x, moments, skip = self._descended(block, run, StoredMap(x), moments, joined)
            skips.append(skip)
        x, moments = _whole(self.bottom, run, StoredMap(x), moments)
        for block in _blocks(self.up):
            source = JoinedMap(skips.pop(), x, self.enlarged)
            x, moments = _whole(block, run, source, source.moments())
        return self._probability(run, StoredMap(x), moments)

    def sizes(self, field: Sequence[int]) -> tuple[Shape3, ...]:
        """Return the sizes of the maps that the blocks and the head are given, in their order."""
        x, y, z = field
        sizes: list[Shape3] = [(x, y, z)]
        for block in _blocks(self.down):
            x, y, z = (n // self.pool for n in block.sizes(sizes[-1])[1])
            sizes.append((x, y, z))
        after = self.bottom.sizes(sizes[-1])[1]
        for block in _blocks(self.up):
            sizes.append(self.enlarged_size(after))
            after = block.sizes(sizes[-1])[1]
        return (*sizes, after)

    def enlarged(self, x: Tensor, first: int, stop: int) -> Tensor:
        """Bring a map to the next finer level and return its planes ``first`` to ``stop - 1``."""
        raise NotImplementedError

    def enlarged_size(self, size: Shape3) -> Shape3:
        """Return the size of a map on the next finer level."""
        raise NotImplementedError

    def _multiplications(self, sizes: Sequence[Shape3]) -> int:
        blocks = (*_blocks(self.down), self.bottom, *_blocks(self.up))
        large = sum(block.multiplications(n) for block, n in zip(blocks, sizes, strict=False))
        return large + self.head.weight.numel() * prod(sizes[-1])

    def _descended(
        self,
        block: Block,
        run: SlabPass,
        source: FeatureMap,
        moments: Moments | None,
        joined: Shape3,
    ) -> tuple[Tensor, Moments, Tensor]:
        """Return a block's result on the next coarser level, its moments, and its centre."""
        after, channels, like = block.sizes(source.size)[1], block.channels, self.head.weight
        coarse = empty_map(channels, [n // self.pool for n in after], like)
        skip = empty_map(channels, joined, like)
        seen = Moments(channels, like.device)
        lost = (after[0] - joined[0]) // 2
        for first, slab in block(run, source, moments, multiple=self.pool):
            pooled = functional.max_pool3d(slab, self.pool)
            put_planes(coarse, first // self.pool, pooled)
            seen.add(pooled)
            put_planes(skip, first - lost, centre_crop(slab, (slab.shape[2], *joined[1:])))
        return coarse, seen, skip

    def _probability(self, run: SlabPass, source: StoredMap, moments: Moments) -> Tensor:
        probability = torch.empty((1, 1, *source.size), device=source.values.device)
        for first, slab in run.convolved(self.head, source, moments):
            put_planes(probability, first, slab.float().sigmoid_())
        return probability


def _blocks(modules: nn.ModuleList) -> list[Block]:
    return [cast("Block", module) for module in modules]


def _whole(
    block: Block, run: SlabPass, source: FeatureMap, moments: Moments | None
) -> tuple[Tensor, Moments]:
    """Return a block's result and its moments."""
    result = empty_map(block.channels, block.sizes(source.size)[1], block.second.weight)
    seen = Moments(block.channels, result.device)
    for first, slab in block(run, source, moments):
        put_planes(result, first, slab)
        seen.add(slab)
    return result, seen


class LiverNetwork(_KulNetwork):
    """Whole liver, lesions included, on a 3 mm grid.

    Input (1, 1, x, y, z) with each size a multiple of 27, normalised to [-0.5, 0.5] and 0 outside
    the image; output (1, 1, x - 26, y - 26, z - 26).
    """

    def __init__(self) -> None:
        super().__init__(liver_layers(), pool=LIVER_POOL, padded=True, residual=False)

    def enlarged(self, x: Tensor, first: int, stop: int) -> Tensor:
        """Nearest neighbour ×3, smoothed by a 3×3×3 mean that costs one voxel at each side.

        Both together are linear interpolation between the coarse voxels' centres.
        """
        low = first // LIVER_POOL
        x = x[:, :, low : (stop - 1) // LIVER_POOL + 2]
        size = self.enlarged_size((x.shape[2], x.shape[3], x.shape[4]))
        finer = functional.interpolate(x, size=size, mode="trilinear", align_corners=True)
        return finer[:, :, first - LIVER_POOL * low : stop - LIVER_POOL * low]

    def enlarged_size(self, size: Shape3) -> Shape3:
        """Return the size of a map on the next finer level."""
        x, y, z = (LIVER_POOL * n - 2 for n in size)
        return x, y, z


class LesionNetwork(_KulNetwork):
    """Lesions inside a liver mask, on a 1×1×3 mm grid.

    Input (1, 1, x, y, z) in [-0.5, 0.5], -0.5 outside the dilated liver; output 88, 88 and 44
    voxels smaller. Sizes that work: see ``models.networks.tiles.tiles``.
    """

    def __init__(self) -> None:
        super().__init__(lesion_layers(), pool=LESION_POOL, padded=False, residual=True)

    def enlarged(self, x: Tensor, first: int, stop: int) -> Tensor:
        """Nearest neighbour ×2."""
        low = first // LESION_POOL
        x = x[:, :, low : -(-stop // LESION_POOL)]
        finer = functional.interpolate(x, scale_factor=LESION_POOL, mode="nearest")
        return finer[:, :, first - LESION_POOL * low : stop - LESION_POOL * low]

    def enlarged_size(self, size: Shape3) -> Shape3:
        """Return the size of a map on the next finer level."""
        x, y, z = (LESION_POOL * n for n in size)
        return x, y, z


def _convolution(layer: Layer) -> nn.Conv3d:
    return nn.Conv3d(layer.channels_in, layer.channels_out, layer.kernel)
