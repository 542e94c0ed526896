"""Convolutions over large feature maps, a slab of planes at a time.

Instance normalisation needs the statistics of a whole map before the next convolution may start.
Done map by map, memory is walked through a dozen times for each convolution, and that costs as
much as the convolution. Here each slab is normalised, convolved, and its statistics are taken while
it is in the processor's cache: a map is read once and written once.

Maps are (1, channel, x, y, z), channels last in memory, so that planes along x lie together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
        count = slab[0, 0].numel()
        mean, variance = slab_moments(slab)
        total = self.count + count
        offset = mean - self.mean
        self.squares += variance * count + offset.square() * (self.count * count / total)
        self.mean += offset * (count / total)
        self.count = total

    def beside(self, other: "Moments") -> "Moments":
        """Return the moments of these channels and, after them, those of another as large map."""
        both = Moments(len(self.mean) + len(other.mean), self.mean.device)
        both.count = self.count
        both.mean = torch.cat((self.mean, other.mean))
        both.squares = torch.cat((self.squares, other.squares))
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


class FeatureMap(Protocol):
    """A map that gives planes along x on request, before normalisation."""

    @property
    def channels(self) -> int:
        """Number of channels."""

    @property
    def size(self) -> Shape3:
        """Voxels along x, y and z."""

    def planes(self, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1``."""


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

    def planes(self, first: int, stop: int) -> Tensor:
        """Return a view of planes ``first`` to ``stop - 1``."""
        return self.values[:, :, first:stop]


@dataclass(frozen=True, slots=True, eq=False)
class JoinedMap:
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

    def planes(self, first: int, stop: int) -> Tensor:
        """Return planes ``first`` to ``stop - 1`` of both."""
        above = self.enlarged(self.coarse, first, stop)
        return torch.cat((self.fine[:, :, first:stop], above), dim=1)

    def moments(self) -> Moments:
        """Return the moments of all channels."""
        fine, above = (Moments(x.shape[1], x.device) for x in (self.fine, self.coarse))
        for first, stop in slabs(self.size[0], thickness(self.channels, self.size)):
            fine.add(self.fine[:, :, first:stop])
            above.add(self.enlarged(self.coarse, first, stop))
        return fine.beside(above)


@dataclass(slots=True, kw_only=True)
class SlabPass:
    """One run of a network over one field.

    Parameters
    ----------
    padded
        Whether convolutions keep a map's size, zeros around it (after normalisation); otherwise
        only what the kernel lies within is computed.
    multiplications
        How many the whole run takes.
    heard
        Told the share of the run that is done, in [0, 1], after every slab.
    """

    padded: bool
    multiplications: int
    heard: Callable[[float], None]
    _done: int = field(default=0)

    def convolved(
        self, layer: nn.Conv3d, source: FeatureMap, moments: Moments | None, *, multiple: int = 1
    ) -> Iterator[tuple[int, Tensor]]:
        """Convolve a map, which is normalised on the way where its moments are given.

        Yields
        ------
        first, slab
            Planes of the result from ``first`` on; the number of planes is a multiple of
            ``multiple`` in all slabs but the last.
        """
        bias = self._bias(layer, source, moments)
        planes = convolved_size(layer, source.size, padded=self.padded)[0]
        channels = source.channels if source.channels > 1 else layer.out_channels
        for first, stop in slabs(planes, thickness(channels, source.size), multiple):
            slab = self._slab(layer, source, moments, first, stop)
            result = self._convolution(layer, slab, bias)
            self._done += layer.weight.numel() * result[0, 0].numel()
            self.heard(min(self._done / self.multiplications, 1.0))
            yield first, result

    def pointwise(self, layer: nn.Conv3d, source: FeatureMap) -> Callable[[Tensor], Tensor]:
        """Return the 1×1×1 convolution of a map's slabs; its mean over the map is of no account."""
        bias = self._bias(layer, source, None)
        return lambda slab: self._convolution(layer, slab, bias)

    def _slab(
        self, layer: nn.Conv3d, source: FeatureMap, moments: Moments | None, first: int, stop: int
    ) -> Tensor:
        """Return the planes that a slab of the result needs."""
        before = layer.kernel_size[0] // 2 if self.padded else 0
        low, high = first - before, stop + layer.kernel_size[0] - 1 - before
        slab = source.planes(max(low, 0), min(high, source.size[0]))
        if moments is not None:
            slab = normalised(slab, moments)
        outside = (max(-low, 0), max(high - source.size[0], 0))
        return functional.pad(slab, (0, 0, 0, 0, *outside)) if any(outside) else slab

    def _convolution(self, layer: nn.Conv3d, slab: Tensor, bias: Tensor | None) -> Tensor:
        across = [k // 2 if self.padded else 0 for k in layer.kernel_size[1:]]
        slab = slab.contiguous(memory_format=LAYOUT)
        if slab.device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
            # Left to itself PyTorch takes a slow routine for small float32 convolutions.
            ones = (1, 1, 1)
            return torch.mkldnn_convolution(
                slab, layer.weight, bias, (0, *across), ones, ones, groups=1
            )
        return functional.conv3d(slab, layer.weight, bias, padding=(0, *across))

    def _bias(self, layer: nn.Conv3d, source: FeatureMap, moments: Moments | None) -> Tensor | None:
        """Return what brings a result's mean near zero, the layer's own bias for a single channel.

        A bias before a normalisation has no effect. But a result is rounded in proportion to its
        size, and so are sums of it: a mean of ten deviations costs three of bfloat16's eight bits.
        """
        if layer.out_channels == 1:
            return layer.bias
        planes = convolved_size(layer, source.size, padded=self.padded)[0]
        probed = max(1, planes // PROBED_SHARE)
        first = (planes - probed) // 2
        slab = self._slab(layer, source, moments, first, first + probed)
        return -slab_moments(self._convolution(layer, slab, None))[0].to(layer.weight.dtype)


def convolved_size(layer: nn.Conv3d, size: Sequence[int], *, padded: bool) -> Shape3:
    """Return the size of a map after a convolution; see `SlabPass` for ``padded``."""
    x, y, z = (n if padded else n - k + 1 for n, k in zip(size, layer.kernel_size, strict=True))
    return x, y, z


def empty_map(channels: int, size: Sequence[int], like: Tensor) -> Tensor:
    """Return memory for a map, on the device and in the precision of another tensor."""
    shape = (1, channels, *size)
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=LAYOUT)


def put_planes(target: Tensor, first: int, slab: Tensor) -> None:
    """Write a slab into a map from plane ``first`` on; planes that lie outside are left out."""
    low, high = max(first, 0), min(first + slab.shape[2], target.shape[2])
    if low < high:
        target[:, :, low:high] = slab[:, :, low - first : high - first]


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
