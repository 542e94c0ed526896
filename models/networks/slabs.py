"""Convolutions over large feature maps, a slab of planes at a time.

Instance normalisation needs the statistics of a whole map before the next convolution may start.
Done map by map, memory is walked through a dozen times for each convolution, and that costs as
much as the convolution. Here each slab is normalised, convolved, and its statistics are taken while
it is in the processor's cache: a map is read once and written once.

Maps are (1, channel, x, y, z), channels last in memory, so that planes along x lie together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from remnant.core.geometry import Shape3

LEAK = 0.01
SMALLEST_VARIANCE = 1e-14
SPATIAL = (2, 3, 4)
# Planes of a slab times rows and channels. Larger slabs do not stay in the cache, thinner ones
# share too many planes with their neighbours: fastest of 6,000 to 96,000.
SLAB_ROWS = 16_000
PROBED_SHARE = 16
REPEATED = 2
LAYOUT = torch.channels_last_3d


class Moments:
    """Mean and population variance of each channel of a map, gathered slab by slab in float32."""

    def __init__(self, channels: int, device: torch.device) -> None:
        self.count = 0
        self.mean = torch.zeros(channels, device=device)
        self.squares = torch.zeros(channels, device=device)

    @property
    def variance(self) -> Tensor:
        """Population variance of what was added."""
        return self.squares / self.count

    def add(self, slab: Tensor) -> None:
        """Take in a slab (pairwise update of Chan, Golub and LeVeque 1979)."""
        mean, variance = slab_moments(slab)
        self._take_in(slab[0, 0].numel(), mean, variance)

    def add_constant(self, value: Tensor, count: int) -> None:
        """Take in ``count`` voxels that all have a value, of as many numbers as channels."""
        mean = value.flatten().to(self.mean.dtype)
        self._take_in(count, mean, torch.zeros_like(mean))

    def _take_in(self, count: int, mean: Tensor, variance: Tensor) -> None:
        total = self.count + count
        if not total:
            return
        offset = mean - self.mean
        self.squares += variance * count + offset.square() * (self.count * count / total)
        self.mean += offset * (count / total)
        self.count = total

    def split(self, channels: int) -> tuple["Moments", "Moments"]:
        """Return the moments of the first channels and those of the rest."""
        parts = []
        for some in (slice(channels), slice(channels, None)):
            part = Moments(0, self.mean.device)
            part.count, part.mean, part.squares = self.count, self.mean[some], self.squares[some]
            parts.append(part)
        return parts[0], parts[1]

    def beside(self, other: "Moments") -> "Moments":
        """Return the moments of these channels and, after them, those of another map."""
        both = Moments(len(self.mean) + len(other.mean), self.mean.device)
        both.count = self.count
        both.mean = torch.cat((self.mean, other.mean))
        both.squares = torch.cat((self.squares, other.variance * self.count))
        return both


def slab_moments(slab: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and population variance of each channel, float32."""
    if slab.device.type != "cpu":
        variance, mean = torch.var_mean(slab.float(), (0, *SPATIAL), correction=0)
        return mean, variance
    # On the CPU var_mean takes ten times as long. This adds up one by one in float32, if it is
    # given float32 to update (and told not to): exact enough for a plane.
    unused = torch.zeros(2, slab.shape[1])
    planes = [
        torch.batch_norm_update_stats(plane, unused[0], unused[1], 0.0)
        for plane in torch.split(slab, 1, dim=SPATIAL[0])
    ]
    means, variances = (torch.stack(values) for values in zip(*planes, strict=True))
    mean = means.mean(0)
    return mean, variances.mean(0) + (means - mean).square().mean(0)


def normalised(slab: Tensor, moments: Moments) -> Tensor:
    """Give each channel of a map zero mean and unit deviation, then leaky ReLU."""
    scaled = functional.batch_norm(
        slab, moments.mean, moments.variance, training=False, eps=SMALLEST_VARIANCE
    )
    return functional.leaky_relu_(scaled, LEAK)


Axes = tuple[bool, bool, bool]


class FeatureMap(Protocol):
    """A map that is convolved some planes along x at a time, and normalised on the way."""

    @property
    def channels(self) -> int:
        """Number of channels."""

    @property
    def size(self) -> Shape3:
        """Voxels along x, y and z."""

    @property
    def unit(self) -> int:
        """Planes of a convolution that are made together."""

    def weights(self, layer: nn.Conv3d) -> tuple[Tensor, ...]:
        """Return a layer's weights for each part that is convolved by itself."""

    def planes(self, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1``, before normalisation."""

    def convolved(self, step: "Convolution", first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1`` of this map's convolution."""


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A layer that is given a map's planes normalised.

    Parameters
    ----------
    layer
        Weights and kernel.
    moments
        What the map is normalised by; ``None`` where it is taken as it is.
    padded
        Along which axes the result is as large as the map, zeros around that (after
        normalisation); along the others only what the kernel lies within is computed.
    weights
        The layer's as the map takes them, see `FeatureMap.weights`.
    bias
        Added to the result.
    """

    layer: nn.Conv3d
    moments: Moments | None
    padded: Axes
    weights: tuple[Tensor, ...]
    bias: Tensor | None = None

    def result(self, source: FeatureMap) -> Tensor:
        """Return the whole convolution of a map."""
        return source.convolved(self, 0, self.size(source.size)[0])

    def size(self, size: Shape3) -> Shape3:
        """Return the size of a map after the convolution."""
        return convolved_size(self.layer, size, padded=self.padded)

    def of_planes(self, source: FeatureMap, first: int, stop: int) -> Tensor:
        """Return planes of the result from those planes of the source that they need."""
        before = self.layer.kernel_size[0] // 2 if self.padded[0] else 0
        low, high = first - before, stop + self.layer.kernel_size[0] - 1 - before
        slab = source.planes(max(low, 0), min(high, source.size[0]))
        if self.moments is not None:
            slab = normalised(slab, self.moments)
        outside = (max(-low, 0), max(high - source.size[0], 0))
        if any(outside):
            slab = functional.pad(slab, (0, 0, 0, 0, *outside))
        return convolution(slab, self.weights[0], self.bias, self._padding_across())

    def _padding_across(self) -> tuple[int, int]:
        _, y, z = (
            k // 2 if padded else 0
            for k, padded in zip(self.layer.kernel_size, self.padded, strict=True)
        )
        return y, z


def convolution(
    slab: Tensor, weight: Tensor, bias: Tensor | None, across: tuple[int, int] = (0, 0)
) -> Tensor:
    """Convolve planes, with zeros around them along y and z."""
    slab = slab.contiguous(memory_format=LAYOUT)
    if slab.device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        # Left to itself PyTorch takes a slow routine for small float32 convolutions.
        ones = (1, 1, 1)
        return torch.mkldnn_convolution(slab, weight, bias, (0, *across), ones, ones, groups=1)
    return functional.conv3d(slab, weight, bias, padding=(0, *across))


@dataclass(frozen=True, slots=True, eq=False)
class StoredMap:
    """A map in memory."""

    values: Tensor

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.values.shape[1]

    @property
    def size(self) -> Shape3:
        """Voxels along x, y and z."""
        x, y, z = self.values.shape[2:]
        return x, y, z

    @property
    def unit(self) -> int:
        """Planes of a convolution that are made together."""
        return 1

    def weights(self, layer: nn.Conv3d) -> tuple[Tensor, ...]:
        """Return a layer's weights: all channels are convolved together."""
        return (layer.weight,)

    def planes(self, first: int, stop: int) -> Tensor:
        """Return a view of planes ``first`` to ``stop - 1``."""
        return self.values[:, :, first:stop]

    def convolved(self, step: Convolution, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1`` of this map's convolution."""
        return step.of_planes(self, first, stop)


@dataclass(frozen=True, slots=True, eq=False)
class SmoothlyJoinedMap:
    """The channels of a map and, after them, those of a coarser one that is enlarged on the way.

    Parameters
    ----------
    fine
        The finer map.
    coarse
        The coarser map.
    enlarged
        ``(coarse, first, stop)`` to planes ``first`` to ``stop - 1`` of the enlarged map, which is
        as large as ``fine``.
    """

    fine: Tensor
    coarse: Tensor
    enlarged: Callable[[Tensor, int, int], Tensor]

    @property
    def channels(self) -> int:
        """Number of channels of both."""
        return self.fine.shape[1] + self.coarse.shape[1]

    @property
    def size(self) -> Shape3:
        """Voxels along x, y and z."""
        x, y, z = self.fine.shape[2:]
        return x, y, z

    @property
    def unit(self) -> int:
        """Planes of a convolution that are made together."""
        return 1

    def weights(self, layer: nn.Conv3d) -> tuple[Tensor, ...]:
        """Return a layer's weights: all channels are convolved together."""
        return (layer.weight,)

    def planes(self, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1`` of both."""
        above = self.enlarged(self.coarse, first, stop)
        return torch.cat((self.fine[:, :, first:stop], above), dim=1)

    def convolved(self, step: Convolution, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1`` of this map's convolution."""
        return step.of_planes(self, first, stop)

    def moments(self) -> Moments:
        """Return the moments of all channels."""
        fine, above = (Moments(x.shape[1], x.device) for x in (self.fine, self.coarse))
        for first, stop in slabs(self.size[0], thickness(self.channels, self.size)):
            fine.add(self.fine[:, :, first:stop])
            above.add(self.enlarged(self.coarse, first, stop))
        return fine.beside(above)


@dataclass(frozen=True, slots=True, eq=False)
class RepeatedlyJoinedMap:
    """The channels of a map and, after them, those of one half as fine, each voxel taken 2×2×2.

    Repeated voxels are normalised alike, so that normalisation comes before repetition; and where
    neighbours are equal their weights can be added. So a kernel of 3×3×3 on the repeated map is one
    of 2×2×2 on the coarse map, a different one for each of the eight voxels of a block.
    """

    fine: Tensor
    coarse: Tensor

    @property
    def channels(self) -> int:
        """Number of channels of both."""
        return self.fine.shape[1] + self.coarse.shape[1]

    @property
    def size(self) -> Shape3:
        """Voxels along x, y and z."""
        x, y, z = self.fine.shape[2:]
        return x, y, z

    @property
    def unit(self) -> int:
        """Planes of a convolution that are made together."""
        return REPEATED

    def weights(self, layer: nn.Conv3d) -> tuple[Tensor, ...]:
        """Return a layer's weights for the fine map and for the coarse one."""
        channels = [self.fine.shape[1], self.coarse.shape[1]]
        mine, above = torch.split(layer.weight, channels, dim=1)
        return mine.contiguous(memory_format=LAYOUT), block_weights(above)

    def planes(self, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1`` of both."""
        low = first // REPEATED
        above = functional.interpolate(
            self.coarse[:, :, low : -(-stop // REPEATED)], scale_factor=REPEATED, mode="nearest"
        )
        above = above[:, :, first - REPEATED * low : stop - REPEATED * low]
        return torch.cat((self.fine[:, :, first:stop], above), dim=1)

    def convolved(self, step: Convolution, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1``, both even, of an unpadded convolution."""
        mine, blockwise = step.weights
        reach = step.layer.kernel_size[0] - 1
        planes = self.fine[:, :, first : stop + reach]
        above = self.coarse[:, :, first // REPEATED : -(-(stop + reach) // REPEATED)]
        if step.moments is not None:
            mine_moments, above_moments = step.moments.split(self.fine.shape[1])
            planes, above = normalised(planes, mine_moments), normalised(above, above_moments)
        result = convolution(planes, mine, step.bias)
        blocks = convolution(above, blockwise, None)
        as_blocks(result).add_(block_values(blocks))
        return result

    def moments(self) -> Moments:
        """Return the moments of all channels: repetition changes none."""
        return moments_of(self.fine).beside(moments_of(self.coarse))


JoinedMap = SmoothlyJoinedMap | RepeatedlyJoinedMap


def block_weights(weight: Tensor) -> Tensor:
    """Return a kernel on repeated voxels as one on the voxels that are repeated.

    Returns
    -------
    Tensor
        Of shape ``(8 * out, in, ...)``: first the place of a voxel in its block of 2×2×2, in C
        order, then the channel.
    """
    along = (_block_taps(size, weight.device) for size in weight.shape[2:])
    exact = torch.einsum("oixyz,pax,qby,rcz->pqroiabc", weight.float(), *along)
    blockwise = exact.reshape(-1, *exact.shape[4:]).to(weight.dtype)
    return blockwise.contiguous(memory_format=LAYOUT)


def _block_taps(size: int, device: torch.device) -> Tensor:
    """Return (place, coarse tap, tap): 1 where a tap, seen from a place, lies in a coarse voxel."""
    taps = torch.zeros(REPEATED, size // REPEATED + 1, size, device=device)
    for place in range(REPEATED):
        for tap in range(size):
            taps[place, (place + tap) // REPEATED, tap] = 1.0
    return taps


def block_values(blocks: Tensor) -> Tensor:
    """Return what `block_weights` gives as (x, place, y, place, z, place, channel)."""
    x, y, z = blocks.shape[2:]
    values = blocks.permute(0, 2, 3, 4, 1).reshape(x, y, z, REPEATED, REPEATED, REPEATED, -1)
    return values.permute(0, 3, 1, 4, 2, 5, 6)


def as_blocks(fine: Tensor) -> Tensor:
    """Return a view of a map as (x, place, y, place, z, place, channel)."""
    x, y, z = (n // REPEATED for n in fine.shape[2:])
    return fine.permute(0, 2, 3, 4, 1).view(x, REPEATED, y, REPEATED, z, REPEATED, -1)


def fitted(
    layer: nn.Conv3d, source: FeatureMap, moments: Moments | None, padded: Axes
) -> Convolution:
    """Return a layer with the bias that brings its result's mean near zero.

    A bias before a normalisation has no effect. But a result is rounded in proportion to its size,
    and so are sums of it: a mean of ten deviations costs three of bfloat16's eight bits. A single
    channel keeps the layer's own bias.
    """
    weights = source.weights(layer)
    if layer.out_channels == 1:
        return Convolution(layer, moments, padded, weights, layer.bias)
    plain = Convolution(layer, moments, padded, weights)
    planes, unit = plain.size(source.size)[0], source.unit
    probed = unit * -(-planes // (unit * PROBED_SHARE))
    first = (planes - probed) // (2 * unit) * unit
    mean, _ = slab_moments(source.convolved(plain, first, first + probed))
    return replace(plain, bias=-mean.to(layer.weight.dtype))


@dataclass(slots=True, kw_only=True)
class SlabPass:
    """One run of a network over one field.

    Parameters
    ----------
    multiplications
        How many the whole run takes.
    heard
        Told the share of the run that is done, in [0, 1], after every slab.
    """

    multiplications: int
    heard: Callable[[float], None]
    _done: int = field(default=0)

    def slabs(
        self, step: Convolution, source: FeatureMap, *, multiple: int = 1
    ) -> Iterator[tuple[int, Tensor]]:
        """Convolve a map.

        Yields
        ------
        first, slab
            Planes of the result from ``first`` on; the number of planes is a multiple of
            ``multiple`` in all slabs but the last.
        """
        channels = source.channels if source.channels > 1 else step.layer.out_channels
        planes = step.size(source.size)[0]
        for first, stop in slabs(planes, thickness(channels, source.size), multiple):
            result = source.convolved(step, first, stop)
            self._done += step.layer.weight.numel() * result[0, 0].numel()
            self.heard(min(self._done / self.multiplications, 1.0))
            yield first, result


def convolved_size(layer: nn.Conv3d, size: Sequence[int], *, padded: Axes) -> Shape3:
    """Return the size of a map after a convolution; see `Convolution` for ``padded``."""
    x, y, z = (
        n if same else n - k + 1 for n, k, same in zip(size, layer.kernel_size, padded, strict=True)
    )
    return x, y, z


def moments_of(values: Tensor) -> Moments:
    """Return the moments of a map in memory."""
    moments = Moments(values.shape[1], values.device)
    for first, stop in slabs(values.shape[2], thickness(values.shape[1], StoredMap(values).size)):
        moments.add(values[:, :, first:stop])
    return moments


def empty_map(channels: int, size: Sequence[int], like: Tensor) -> Tensor:
    """Return memory for a map, on the device and in the precision of another tensor."""
    shape = (1, channels, *size)
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=LAYOUT)


def put_box(target: Tensor, start: Sequence[int], values: Tensor) -> None:
    """Write values into a map from a voxel on; what lies outside is left out."""
    for axis, first in zip(SPATIAL, start, strict=True):
        low, high = max(first, 0), min(first + values.shape[axis], target.shape[axis])
        if low >= high:
            return
        target = target.narrow(axis, low, high - low)
        values = values.narrow(axis, low - first, high - low)
    target.copy_(values)


def thickness(channels: int, size: Shape3) -> int:
    """Return how many planes a slab should have at least."""
    return -(-SLAB_ROWS // (channels * size[1]))


def slabs(planes: int, thickness: int, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """Yield first and end of slabs of about equal size, none thinner than ``thickness`` if it can.

    >>> list(slabs(10, 4)), list(slabs(10, 3, 2)), list(slabs(3, 5))
    ([(0, 5), (5, 10)], [(0, 4), (4, 10)], [(0, 3)])
    """
    units = -(-planes // multiple)
    count = max(1, planes // (multiple * -(-thickness // multiple)))
    ends = [multiple * (units * n // count) for n in range(count)] + [planes]
    yield from pairwise(ends)
