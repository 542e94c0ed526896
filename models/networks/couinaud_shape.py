"""Couinaud segments from the liver's shape: the network, its frame and what it is shown.

The frame is the same for training and use: axes along RAS, the liver's centre of mass in the
middle, and the liver scaled to ``REFERENCE_ML`` so that large and small livers look alike. In it
the liver is known by its signed distance, positive inside, from which every channel follows.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.residual_unet import residual_unet

FRAME_SHAPE = (72, 64, 64)
FRAME_MM = 4.0
REFERENCE_ML = 1600.0
SEGMENTS = 8
RAMPS_MM = (4.0, 15.0)
DEPTH_MM = 40.0
REACH_MM = 60.0
CHANNELS = ("surface", "near_surface", "depth", "r", "a", "s", "box_r", "box_a", "box_s",
            "share_r", "share_a", "share_s")  # fmt: skip
FEATURES = (32, 64, 128, 208)


class CouinaudShapeNetwork(nn.Module):
    """A residual U-Net from the channels of `shape_channels` to logits of segments I to VIII.

    Input ``(batch, 12, 72, 64, 64)``, output ``(batch, 8, 72, 64, 64)``, float32.
    """

    def __init__(self) -> None:
        super().__init__()
        network = residual_unet(len(CHANNELS), SEGMENTS, FEATURES)
        self.unet = nn.ModuleDict({"model": network})

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits."""
        logits: Tensor = self.unet["model"](channels)
        return logits


def frame_points() -> Tensor:
    """Return the frame's voxel centres in frame mm from its middle, ``(72, 64, 64, 3)``, RAS."""
    axes = [(torch.arange(size) - (size - 1) / 2) * FRAME_MM for size in FRAME_SHAPE]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)


def shape_channels(distance_mm: Tensor) -> Tensor:
    """Return what the network is shown of a liver.

    Parameters
    ----------
    distance_mm
        Signed distance to the liver's surface in frame mm, positive inside, ``FRAME_SHAPE``; at
        least one voxel is positive.

    Returns
    -------
    Tensor
        ``(12, *FRAME_SHAPE)``: three ramps of the distance, position from the centre of mass (in
        60 mm) and within the bounding box (-1 to 1), and the share of the liver's volume that lies
        to the left, behind and below (-1 to 1); all positions are 0 outside the liver.
    """
    inside = (distance_mm > 0).to(distance_mm.dtype)
    ramps = [(distance_mm / width).clamp(-1, 1) for width in RAMPS_MM]
    ramps.append((distance_mm / DEPTH_MM).clamp(0, 1))
    positions = [*_centred(inside), *_boxed(inside), *_shares(inside)]
    return torch.stack([*ramps, *(position * inside for position in positions)])


def _centred(inside: Tensor) -> list[Tensor]:
    points = frame_points() / REACH_MM
    centre = (points * inside[..., None]).sum((0, 1, 2)) / inside.sum()
    return list((points - centre).unbind(-1))


def _boxed(inside: Tensor) -> list[Tensor]:
    lines = []
    for axis in range(inside.ndim):
        filled = torch.nonzero(_profile(inside, axis) > 0)[:, 0]
        first, last = int(filled[0]), int(filled[-1])
        steps = torch.arange(inside.shape[axis], dtype=inside.dtype)
        lines.append(_along(2 * (steps - first) / max(last - first, 1) - 1, axis, inside.ndim))
    return lines


def _shares(inside: Tensor) -> list[Tensor]:
    lines = []
    for axis in range(inside.ndim):
        profile = _profile(inside, axis)
        below = profile.cumsum(0) - profile / 2
        lines.append(_along(2 * below / profile.sum() - 1, axis, inside.ndim))
    return lines


def _profile(inside: Tensor, axis: int) -> Tensor:
    return inside.sum([other for other in range(inside.ndim) if other != axis])


def _along(line: Tensor, axis: int, dimensions: int) -> Tensor:
    shape = [1] * dimensions
    shape[axis] = -1
    return line.view(shape)


def sampled(volume: Tensor, points: Tensor, *, nearest: bool = False) -> Tensor:
    """Sample a volume of shape ``(channels, i, j, k)`` at voxel indices of shape ``(..., 3)``.

    Linear unless ``nearest``; points beyond the outermost voxels take the nearest one's value.

    Returns
    -------
    Tensor
        ``(channels, ...)``.
    """
    sizes = torch.tensor(volume.shape[1:], dtype=points.dtype)
    unit = (2 * points / (sizes - 1).clamp(min=1) - 1).flip(-1)
    flat = unit.reshape(1, 1, 1, -1, 3)
    values = functional.grid_sample(
        volume[None],
        flat,
        mode="nearest" if nearest else "bilinear",
        padding_mode="border",
        align_corners=True,
    )
    return values.reshape(volume.shape[0], *points.shape[:-1])
