"""The KU Leuven liver and lesion networks in PyTorch.

Written from the published facts (Tang et al. 2020, doi 10.1007/s00259-020-04800-3), not from the
original code. Tensors are (batch, channel, x, y, z) with axes RAS+.

Both are U-Nets of four levels with instance normalisation and leaky ReLU *before* the
convolutions. The normalisation sees the whole field, so the field's size is part of the model.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.kul_layers import Layer, lesion_layers, liver_layers

LEAK = 0.01
SMALLEST_STD = 1e-7
LIVER_POOL = 3
LESION_POOL = 2
SPATIAL = (2, 3, 4)
PLANES = 8


def normalise(x: Tensor) -> Tensor:
    """Give each channel zero mean and unit (population) deviation, then leaky ReLU, in place.

    The statistics are taken in float32 at least, whatever the precision of ``x``.
    """
    # torch.var_mean takes four times as long on the CPU; sums of few planes stay exact enough.
    x.sub_(x.mean(SPATIAL, keepdim=True, dtype=torch.float32))
    parts = torch.split(x, PLANES, dim=SPATIAL[0])
    squares = sum(part.float().square().sum(SPATIAL, keepdim=True) for part in parts)
    variance = squares / x[0, 0].numel()
    x.mul_(1.0 / (variance**0.5 + SMALLEST_STD))
    return functional.leaky_relu_(x, LEAK)


def centre_crop(x: Tensor, size: Sequence[int]) -> Tensor:
    """Return a view of the central ``size`` voxels; an odd surplus is cut at the far end."""
    for axis, wanted in zip(SPATIAL, size, strict=True):
        x = x.narrow(axis, (x.shape[axis] - wanted) // 2, wanted)
    return x


class Block(nn.Module):
    """Two convolutions, each after normalisation, and a shortcut around them where it is residual.

    The very first block of a network leaves its input as it is.
    """

    def __init__(self, layers: Sequence[Layer], *, same: bool, residual: bool, raw: bool) -> None:
        super().__init__()
        self.first = _convolution(layers[0], same=same)
        self.second = _convolution(layers[1], same=same)
        self.shortcut = _convolution(layers[2], same=same) if len(layers) > 2 else None  # noqa: PLR2004
        self.residual, self.raw = residual, raw
        lost = [
            sum(k - 1 for k in axis) for axis in zip(*(x.kernel for x in layers[:2]), strict=True)
        ]
        self.lost = (0, 0, 0) if same else tuple(lost)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the block; ``x`` is used up."""
        around = self._around(x) if self.residual else None
        x = self.first(x if self.raw else normalise(x))
        x = self.second(normalise(x))
        return x if around is None else x.add_(around)

    def _around(self, x: Tensor) -> Tensor:
        size = [n - lost for n, lost in zip(x.shape[2:], self.lost, strict=True)]
        cropped = centre_crop(x, size)
        return cropped.clone() if self.shortcut is None else self.shortcut(cropped)


class _KulNetwork(nn.Module):
    """What the two networks share: three levels down, a bottom, three levels up and a head."""

    def __init__(self, layers: Sequence[Layer], *, pool: int, same: bool, residual: bool) -> None:
        super().__init__()
        self.pool = pool

        def block(name: str, *, raw: bool = False) -> Block:
            mine = [layer for layer in layers if layer.name.startswith(f"{name}.")]
            return Block(mine, same=same, residual=residual, raw=raw)

        self.down = nn.ModuleList(block(f"down.{i}", raw=i == 0) for i in range(3))
        self.bottom = block("bottom")
        self.up = nn.ModuleList(block(f"up.{i}") for i in range(3))
        self.head = _convolution(layers[-1], same=same)

    def forward(self, x: Tensor) -> Tensor:
        """Return the probability map, in [0, 1], of the field's centre."""
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = functional.max_pool3d(x, self.pool)
        x = self.bottom(x)
        for block in self.up:
            x = self.enlarge(x)
            x = torch.cat((centre_crop(skips.pop(), x.shape[2:]), x), dim=1)
            x = block(x)
        return self.head(self.before_head(x)).sigmoid_()  # type: ignore[no-any-return]

    def enlarge(self, x: Tensor) -> Tensor:
        """Bring a map to the next finer level."""
        return functional.interpolate(x, scale_factor=self.pool, mode="nearest")

    def before_head(self, x: Tensor) -> Tensor:
        """Prepare the last features for the head."""
        return normalise(x)


class LiverNetwork(_KulNetwork):
    """Whole liver, lesions included, on a 3 mm grid.

    Input (1, 1, x, y, z) with each size a multiple of 27, normalised to [-0.5, 0.5] and 0 outside
    the image; output (1, 1, x - 26, y - 26, z - 26).
    """

    def __init__(self) -> None:
        super().__init__(liver_layers(), pool=LIVER_POOL, same=True, residual=False)

    def enlarge(self, x: Tensor) -> Tensor:
        """Nearest neighbour ×3, smoothed by a 3×3×3 mean that costs one voxel at each side.

        Both together are linear interpolation between the coarse voxels' centres.
        """
        size = [LIVER_POOL * n - 2 for n in x.shape[2:]]
        return functional.interpolate(x, size=size, mode="trilinear", align_corners=True)


class LesionNetwork(_KulNetwork):
    """Lesions inside a liver mask, on a 1×1×3 mm grid.

    Input (1, 1, x, y, z) in [-0.5, 0.5], -0.5 outside the dilated liver; output 88, 88 and 44
    voxels smaller. Sizes that work: see ``lesion_field_sizes``.
    """

    def __init__(self) -> None:
        super().__init__(lesion_layers(), pool=LESION_POOL, same=False, residual=True)


def _convolution(layer: Layer, *, same: bool) -> nn.Conv3d:
    x, y, z = (k // 2 if same else 0 for k in layer.kernel)
    return nn.Conv3d(layer.channels_in, layer.channels_out, layer.kernel, padding=(x, y, z))
