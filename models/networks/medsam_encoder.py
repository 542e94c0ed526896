"""The image encoder of LiteMedSAM: a TinyViT that sees a slice at full resolution.

Facts of the published weights (Ma et al. 2024, doi 10.1038/s41467-024-44824-z; the design is that
of Wu et al., TinyViT, ECCV 2022). Their batch normalisations are folded into the convolutions
before them when the weights are converted, so none stands here.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

PICTURE_PIXELS: Final = 256
EMBEDDING_CHANNELS: Final = 256
EMBEDDING_PIXELS: Final = 64
STEM_CHANNELS: Final = 32
CONVOLVED_CHANNELS: Final = 64
CONVOLVED_BLOCKS: Final = 2
EXPANSION: Final = 4
STAGES: Final = ((128, 2, 4, 7), (160, 6, 5, 14), (320, 2, 10, 7))
"""Channels, blocks, heads and pixels along a window's side of the stages with attention."""
STRIDES: Final = (2, 2, 1)
"""Of the steps to them."""
CHANNEL_NORM_EPSILON: Final = 1e-6


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of ``(batch, channels, rows, columns)``."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised map."""
        last = x.permute(0, 2, 3, 1)
        seen = functional.layer_norm(
            last, self.weight.shape, self.weight, self.bias, CHANNEL_NORM_EPSILON
        )
        return seen.permute(0, 3, 1, 2)


class DepthwiseBlock(nn.Module):
    """Widen, mix neighbours channel by channel, narrow; with a shortcut around it or without."""

    def __init__(
        self, before: int, between: int, after: int, *, stride: int = 1, shortcut: bool
    ) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.widen = nn.Conv2d(before, between, 1)
        self.mix = _depthwise(between, stride)
        self.narrow = nn.Conv2d(between, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the map, activated where there is a shortcut."""
        inner = functional.gelu(self.mix(functional.gelu(self.widen(x))))
        result: Tensor = self.narrow(inner)
        return functional.gelu(result + x) if self.shortcut else result


class WindowAttention(nn.Module):
    """Self-attention within windows, with a learned bias for every absolute offset."""

    offsets: Tensor

    def __init__(self, channels: int, heads: int, side: int) -> None:
        super().__init__()
        self.heads, self.side = heads, side
        self.norm = nn.LayerNorm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.biases = nn.Parameter(torch.zeros(heads, side * side))
        self.register_buffer("offsets", _offsets(side), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the pixels of ``(batch, rows, columns, channels)`` learn of each other.

        Windows that reach beyond the map see zeros there; these are normalised and attended to.
        """
        batch, rows, columns, _ = x.shape
        beyond = [-size % self.side for size in (rows, columns)]
        padded = functional.pad(x, (0, 0, 0, beyond[1], 0, beyond[0]))
        windows = in_windows(padded, self.side)
        seen = from_windows(self._attended(windows), batch, padded.shape[1], padded.shape[2])
        return seen[:, :rows, :columns]

    def _attended(self, windows: Tensor) -> Tensor:
        count, pixels, channels = windows.shape
        mixed = self.qkv(self.norm(windows)).view(count, pixels, self.heads, 3, -1)
        query, key, value = mixed.permute(3, 0, 2, 1, 4)
        bias = self.biases[:, self.offsets]
        seen = functional.scaled_dot_product_attention(query, key, value, bias[None])
        projected: Tensor = self.project(seen.transpose(1, 2).reshape(count, pixels, channels))
        return projected


class Perceptron(nn.Module):
    """Two layers with a normalisation before and an activation between them."""

    def __init__(self, channels: int, between: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.first = nn.Linear(channels, between)
        self.second = nn.Linear(between, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the result for each pixel of ``(..., channels)``."""
        result: Tensor = self.second(functional.gelu(self.first(self.norm(x))))
        return result


class AttentionBlock(nn.Module):
    """Attention, a depthwise convolution and a perceptron, on ``(batch, channels, r, c)``."""

    def __init__(self, channels: int, heads: int, side: int) -> None:
        super().__init__()
        self.attention = WindowAttention(channels, heads, side)
        self.mix = _depthwise(channels)
        self.perceptron = Perceptron(channels, EXPANSION * channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the map."""
        last = x.permute(0, 2, 3, 1)
        seen: Tensor = last + self.attention(last)
        mixed: Tensor = self.mix(seen.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        result: Tensor = mixed + self.perceptron(mixed)
        return result.permute(0, 3, 1, 2)


class ImageEncoder(nn.Module):
    """From pictures ``(batch, 1, 256, 256)`` in [0, 1] to embeddings ``(batch, 256, 64, 64)``.

    The published first convolution has three equal channels; their weights are added up when they
    are converted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, STEM_CHANNELS, 1),
            nn.GELU(),
            nn.Conv2d(STEM_CHANNELS, CONVOLVED_CHANNELS, 1),
        )
        wide = EXPANSION * CONVOLVED_CHANNELS
        convolved = (
            DepthwiseBlock(CONVOLVED_CHANNELS, wide, CONVOLVED_CHANNELS, shortcut=True)
            for _ in range(CONVOLVED_BLOCKS)
        )
        self.convolved = nn.Sequential(*convolved)
        widths = (CONVOLVED_CHANNELS, *(stage[0] for stage in STAGES))
        self.steps = nn.ModuleList(
            DepthwiseBlock(before, after, after, stride=stride, shortcut=False)
            for before, after, stride in zip(widths, widths[1:], STRIDES, strict=False)
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*(AttentionBlock(channels, heads, side) for _ in range(blocks)))
            for channels, blocks, heads, side in STAGES
        )
        self.neck = nn.Sequential(
            nn.Conv2d(widths[-1], EMBEDDING_CHANNELS, 1, bias=False),
            ChannelNorm(EMBEDDING_CHANNELS),
            nn.Conv2d(EMBEDDING_CHANNELS, EMBEDDING_CHANNELS, 3, padding=1, bias=False),
            ChannelNorm(EMBEDDING_CHANNELS),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the embeddings."""
        x = self.convolved(self.stem(pictures))
        for step, stage in zip(self.steps, self.stages, strict=True):
            x = stage(step(x))
        result: Tensor = self.neck(x)
        return result


def in_windows(x: Tensor, side: int) -> Tensor:
    """Cut ``(batch, rows, columns, channels)`` into windows ``(count, side * side, channels)``.

    The sizes are whole multiples of ``side``.
    """
    batch, rows, columns, channels = x.shape
    cut = x.view(batch, rows // side, side, columns // side, side, channels)
    return cut.transpose(2, 3).reshape(-1, side * side, channels)


def from_windows(windows: Tensor, batch: int, rows: int, columns: int) -> Tensor:
    """Put windows together again, see `in_windows`."""
    channels, side = windows.shape[2], round(windows.shape[1] ** 0.5)
    cut = windows.view(batch, rows // side, columns // side, side, side, channels)
    return cut.transpose(2, 3).reshape(batch, rows, columns, channels)


def _depthwise(channels: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, stride=stride, padding=1, groups=channels)


def _offsets(side: int) -> Tensor:
    """Return the number of the offset between any two pixels of a window."""
    places = torch.cartesian_prod(torch.arange(side), torch.arange(side))
    apart = (places[:, None] - places[None]).abs()
    return apart[..., 0] * side + apart[..., 1]
