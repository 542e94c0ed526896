"""A residual U-Net in plain PyTorch, with MONAI's layers, names and order of creation.

It is ``monai.networks.nets.UNet`` with two residual units a level, instance normalisation and leaky
ReLU: the same weights fit, the same seed makes the same weights (a test holds them together).
Importing MONAI takes longer than running the network does.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

KERNEL = 3
STRIDE = 2
UNITS = 2


def residual_unet(channels_in: int, channels_out: int, features: Sequence[int]) -> nn.Sequential:
    """Return a U-Net that halves the grid at each level but the last.

    Parameters
    ----------
    channels_in, channels_out
        Of the whole network.
    features
        Channels of each level, the finest first, at least two.
    """
    return _level(channels_in, channels_out, features, top=True)


class ResidualUnit(nn.Module):
    """Convolutions, each with normalisation and activation, and a shortcut around them.

    The last convolution stands alone where ``bare``.
    """

    def __init__(
        self, channels_in: int, channels_out: int, *, stride: int, units: int, bare: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Sequential()
        self.residual: nn.Module = nn.Identity()
        for number in range(units):
            first, last = number == 0, number == units - 1
            layer = nn.Conv3d(
                channels_in if first else channels_out, channels_out, KERNEL,
                stride if first else 1, KERNEL // 2,
            )  # fmt: skip
            self.conv.add_module(f"unit{number}", _unit(layer, bare=bare and last))
        if stride > 1:
            self.residual = nn.Conv3d(channels_in, channels_out, KERNEL, stride, KERNEL // 2)
        elif channels_in != channels_out:
            self.residual = nn.Conv3d(channels_in, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the convolutions and add the shortcut."""
        around: Tensor = self.residual(x)
        through: Tensor = self.conv(x)
        return through + around


class Skip(nn.Module):
    """Puts a map's channels beside those of what a part of the network makes of it."""

    def __init__(self, submodule: nn.Module) -> None:
        super().__init__()
        self.submodule = submodule

    def forward(self, x: Tensor) -> Tensor:
        """Return both."""
        return torch.cat((x, self.submodule(x)), dim=1)


def _level(
    channels_in: int, channels_out: int, features: Sequence[int], *, top: bool
) -> nn.Sequential:
    here, *deeper = features
    last = len(deeper) == 1
    below: nn.Module = (
        ResidualUnit(here, deeper[0], stride=1, units=UNITS)
        if last
        else _level(here, here, deeper, top=False)
    )
    down = ResidualUnit(channels_in, here, stride=STRIDE, units=UNITS)
    joined = here + (deeper[0] if last else here)
    up = nn.Sequential(
        _unit(nn.ConvTranspose3d(joined, channels_out, KERNEL, STRIDE, KERNEL // 2, STRIDE - 1)),
        ResidualUnit(channels_out, channels_out, stride=1, units=1, bare=top),
    )
    return nn.Sequential(down, Skip(below), up)


def _unit(layer: nn.Conv3d | nn.ConvTranspose3d, *, bare: bool = False) -> nn.Sequential:
    unit = nn.Sequential(OrderedDict(conv=layer))
    if not bare:
        norm = nn.InstanceNorm3d(layer.out_channels)
        unit.add_module("adn", nn.Sequential(OrderedDict(N=norm, A=nn.LeakyReLU())))
    return unit
