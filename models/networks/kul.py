"""The KU Leuven liver and lesion networks in PyTorch.

Written from the published facts (Tang et al. 2020, doi 10.1007/s00259-020-04800-3), not from the
original code. Tensors are (batch, channel, x, y, z) with axes RAS+.

Both are U-Nets of four levels with instance normalisation and leaky ReLU *before* the
convolutions. The normalisation sees the whole field, so the field's size is part of the model.
A network computes in the precision of its weights, statistics always in float32.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.kul_layers import Layer, lesion_layers, liver_layers
from models.networks.slabs import (
    LAYOUT,
    SPATIAL,
    Axes,
    FeatureMap,
    JoinedMap,
    Moments,
    RepeatedlyJoinedMap,
    SlabPass,
    SmoothlyJoinedMap,
    StoredMap,
    convolved_size,
    empty_map,
    fitted,
    moments_of,
    put_box,
)
from models.networks.surroundings import (
    Part,
    Surroundings,
    middle,
    needed_part,
    spread,
    surroundings,
    varied_box,
    whole_box,
)
from remnant.core.boxes import Box
from remnant.core.geometry import Shape3

UNPADDED: Axes = (False, False, False)
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

    The very first block of a network leaves its input as it is. ``padded``: see `Convolution`.
    """

    def __init__(self, layers: Sequence[Layer], *, padded: Axes, residual: bool) -> None:
        super().__init__()
        self.first = _convolution(layers[0])
        self.second = _convolution(layers[1])
        self.shortcut = _convolution(layers[2]) if len(layers) > 2 else None  # noqa: PLR2004
        self.padded, self.residual = padded, residual

    @property
    def channels(self) -> int:
        """Channels of the result."""
        return self.second.out_channels

    @property
    def reach(self) -> Shape3:
        """How many voxels the two kernels reach beyond one, along each axis."""
        pairs = zip(self.first.kernel_size, self.second.kernel_size, strict=True)
        x, y, z = (one + other - 2 for one, other in pairs)
        return x, y, z

    def sizes(self, size: Sequence[int], padded: Axes | None = None) -> tuple[Shape3, Shape3]:
        """Return the sizes of a map after the first and after the second convolution."""
        padded = padded or self.padded
        between = convolved_size(self.first, size, padded=padded)
        return between, convolved_size(self.second, between, padded=padded)

    def multiplications(self, size: Sequence[int], padded: Axes | None = None) -> int:
        """Return how many multiplications the two convolutions take."""
        between, after = self.sizes(size, padded)
        return self.first.weight.numel() * prod(between) + self.second.weight.numel() * prod(after)

    def forward(
        self,
        run: SlabPass,
        source: FeatureMap,
        moments: Moments | None,
        *,
        around: Surroundings | None = None,
        multiple: int = 1,
    ) -> tuple[Tensor | None, Iterator[tuple[int, Tensor]]]:
        """Return the result of what is around, if any, and the result's slabs.

        A slab comes with its first plane; see `SlabPass.slabs` for ``multiple``.
        """
        padded = self.padded if around is None else around.part.padded
        between = empty_map(
            self.first.out_channels, self.sizes(source.size, padded)[0], self.first.weight
        )
        seen = Moments(self.first.out_channels, between.device)
        first = fitted(self.first, source, moments, padded)
        for start, slab in run.slabs(first, source, multiple=source.unit):
            put_box(between, (start, 0, 0), slab)
            seen.add(slab)
        outside = None
        if around is not None:
            outside = replace(first, padded=self.padded).result(around.sample)
            missing = prod(self.sizes(around.part.whole)[0]) - prod(between.shape[2:])
            seen.add_constant(middle(outside), missing)
        second = fitted(self.second, StoredMap(between), seen, padded)
        beside = self._beside(source, padded)
        if around is not None and outside is not None:
            outside = replace(second, padded=self.padded).result(StoredMap(outside))
            outside = beside(around.sample, 0, outside)
        results = run.slabs(second, StoredMap(between), multiple=max(multiple, source.unit))
        return outside, ((start, beside(source, start, slab)) for start, slab in results)

    def _beside(
        self, source: FeatureMap, padded: Axes
    ) -> Callable[[FeatureMap, int, Tensor], Tensor]:
        """Return what adds the shortcut to a slab of a map's result: ``(map, first, slab)``."""
        lost = (source.size[0] - self.sizes(source.size, padded)[1][0]) // 2
        point = None if self.shortcut is None else fitted(self.shortcut, source, None, UNPADDED)

        def added(source: FeatureMap, first: int, slab: Tensor) -> Tensor:
            if not self.residual:
                return slab
            low, high = first + lost, first + lost + slab.shape[2]
            around = (
                source.planes(low, high) if point is None else source.convolved(point, low, high)
            )
            return slab.add_(centre_crop(around, slab.shape[2:]))

        return added


class _KulNetwork(nn.Module):
    """What the two networks share: three levels down, a bottom, three levels up and a head."""

    def __init__(self, layers: Sequence[Layer], *, pool: int, padded: bool, residual: bool) -> None:
        super().__init__()
        self.pool, self.padded = pool, padded

        def block(name: str) -> Block:
            mine = [layer for layer in layers if layer.name.startswith(f"{name}.")]
            return Block(mine, padded=(padded,) * 3, residual=residual)

        self.down = nn.ModuleList(block(f"down.{i}") for i in range(LEVELS))
        self.bottom = block("bottom")
        self.up = nn.ModuleList(block(f"up.{i}") for i in range(LEVELS))
        self.head = _convolution(layers[-1])

    def forward(self, x: Tensor, heard: Callable[[float], None] = unheard) -> Tensor:
        """Return the probability map, in [0, 1] and float32, of the field's centre.

        ``heard`` is told the share of the work that is done, after every slab of planes.
        """
        sizes = self.sizes(x.shape[2:])
        x = x.to(self.head.weight.dtype).contiguous(memory_format=LAYOUT)
        parts = self.parts(sizes, varied_box(x, zero=self.padded))
        run = SlabPass(multiplications=self._multiplications(sizes, parts), heard=heard)
        moments: Moments | None = None
        skips: list[Tensor] = []
        wanted = reversed(sizes[:-1])
        for block, part, joined in zip(_blocks(self.down), parts, wanted, strict=False):
            x, skip = self._descended(block, run, part, x, moments, joined)
            moments = moments_of(x)
            skips.append(skip)
        x, moments = _whole(self.bottom, run, StoredMap(x), moments)
        for block in _blocks(self.up):
            source = self.joined(skips.pop(), x)
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

    def parts(self, sizes: Sequence[Shape3], box: Box) -> tuple[Part, ...]:
        """Return what has to be computed on the way down if a field is constant beyond a box.

        A padded map's rim is not: beyond the first level all of it is computed.
        """
        parts: list[Part] = []
        for level, (block, size) in enumerate(zip(_blocks(self.down), sizes, strict=False)):
            if level and self.padded:
                box = whole_box(size)
            part = needed_part(size, box, block.reach, self.pool, block.padded)
            parts.append(part)
            after = block.sizes(part.shape, part.padded)[1]
            box = _pooled_box(part.result, after, self.pool)
        return tuple(parts)

    def sample_shape(self, block: Block) -> Shape3:
        """Return the size of a field whose pooled result has a rim and a middle along each axis."""
        x, y, z = (3 * self.pool + (0 if self.padded else lost) for lost in block.reach)
        return x, y, z

    def joined(self, fine: Tensor, coarse: Tensor) -> JoinedMap:
        """Return a map beside a coarser one that is brought to its level."""
        raise NotImplementedError

    def enlarged_size(self, size: Shape3) -> Shape3:
        """Return the size of a map on the next finer level."""
        raise NotImplementedError

    def _multiplications(self, sizes: Sequence[Shape3], parts: Sequence[Part]) -> int:
        down = sum(
            block.multiplications(part.shape, part.padded)
            for block, part in zip(_blocks(self.down), parts, strict=True)
        )
        blocks = (self.bottom, *_blocks(self.up))
        rest = sum(b.multiplications(n) for b, n in zip(blocks, sizes[LEVELS:-1], strict=True))
        return down + rest + self.head.weight.numel() * prod(sizes[-1])

    def _descended(
        self,
        block: Block,
        run: SlabPass,
        part: Part,
        x: Tensor,
        moments: Moments | None,
        joined: Shape3,
    ) -> tuple[Tensor, Tensor]:
        """Return a block's result on the next coarser level, and its centre."""
        after, like = block.sizes(part.whole)[1], self.head.weight
        coarse = empty_map(block.channels, [n // self.pool for n in after], like)
        skip = empty_map(block.channels, joined, like)
        around = surroundings(x, part, self.sample_shape(block))
        inner = x[(..., *part.box)].contiguous(memory_format=LAYOUT)
        outside, slabs = block(run, StoredMap(inner), moments, around=around, multiple=self.pool)
        if outside is not None:
            spread(functional.max_pool3d(outside, self.pool), coarse)
            skip.copy_(middle(outside).expand_as(skip))
        i, j, k = part.result
        lost = [(n - wanted) // 2 for n, wanted in zip(after, joined, strict=True)]
        for first, slab in slabs:
            pooled = functional.max_pool3d(slab, self.pool)
            put_box(coarse, [n // self.pool for n in (i + first, j, k)], pooled)
            put_box(skip, [n - gone for n, gone in zip((i + first, j, k), lost, strict=True)], slab)
        return coarse, skip

    def _probability(self, run: SlabPass, source: StoredMap, moments: Moments) -> Tensor:
        probability = torch.empty((1, 1, *source.size), device=source.values.device)
        head = fitted(self.head, source, moments, UNPADDED)
        for first, slab in run.slabs(head, source):
            put_box(probability, (first, 0, 0), slab.float().sigmoid_())
        return probability


def _blocks(modules: nn.ModuleList) -> list[Block]:
    return [cast("Block", module) for module in modules]


def _whole(
    block: Block, run: SlabPass, source: FeatureMap, moments: Moments | None
) -> tuple[Tensor, Moments]:
    """Return a block's result and its moments."""
    result = empty_map(block.channels, block.sizes(source.size)[1], block.second.weight)
    seen = Moments(block.channels, result.device)
    _, slabs = block(run, source, moments)
    for first, slab in slabs:
        put_box(result, (first, 0, 0), slab)
        seen.add(slab)
    return result, seen


def _pooled_box(start: Sequence[int], size: Sequence[int], pool: int) -> Box:
    """Return the box of a block's result on the next coarser level."""
    i, j, k = (
        slice(first // pool, (first + n) // pool) for first, n in zip(start, size, strict=True)
    )
    return (i, j, k)


class LiverNetwork(_KulNetwork):
    """Whole liver, lesions included, on a 3 mm grid.

    Input (1, 1, x, y, z) with each size a multiple of 27, normalised to [-0.5, 0.5] and 0 outside
    the image; output (1, 1, x - 26, y - 26, z - 26).
    """

    def __init__(self) -> None:
        super().__init__(liver_layers(), pool=LIVER_POOL, padded=True, residual=False)

    def joined(self, fine: Tensor, coarse: Tensor) -> JoinedMap:
        """Return a map beside a coarser one, see `enlarged`."""
        return SmoothlyJoinedMap(fine, coarse, self.enlarged)

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

    def joined(self, fine: Tensor, coarse: Tensor) -> JoinedMap:
        """Nearest neighbour ×2."""
        return RepeatedlyJoinedMap(fine, coarse)

    def enlarged_size(self, size: Shape3) -> Shape3:
        """Return the size of a map on the next finer level."""
        x, y, z = (LESION_POOL * n for n in size)
        return x, y, z


def _convolution(layer: Layer) -> nn.Conv3d:
    return nn.Conv3d(layer.channels_in, layer.channels_out, layer.kernel)
