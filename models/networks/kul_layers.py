"""Convolutions of the two KU Leuven networks, in the order in which they were created.

The facts are those of the published weights (Tang et al. 2020, doi 10.1007/s00259-020-04800-3):
four levels; down levels 3×3×1 then 3×3×3; up levels 3×3×3 then 3×3×1; head 1×1×1. The order ties a
weight file that only numbers its layers to the names used here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from remnant.core.geometry import Shape3

FLAT: Shape3 = (3, 3, 1)
CUBE: Shape3 = (3, 3, 3)
POINT: Shape3 = (1, 1, 1)
DOWN_FEATURES = ((1, 20, 40), (40, 40, 80), (80, 80, 160))
BOTTOM_FEATURES = (160, 160, 160)
UP_FEATURES = ((320, 160, 80), (160, 80, 40), (80, 40, 20))
HEAD_FEATURES = (20, 1)


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution: its name in the network, kernel size (x, y, z), channels in and out."""

    name: str
    kernel: Shape3
    channels_in: int
    channels_out: int

    @property
    def weight_shape(self) -> tuple[int, int, int, int, int]:
        """Shape of the weight tensor: (out, in, x, y, z)."""
        return (self.channels_out, self.channels_in, *self.kernel)


def liver_layers() -> tuple[Layer, ...]:
    """Return the 15 convolutions of the liver network in order of creation."""
    return tuple(_layers(bottom_first=CUBE, residual=False))


def lesion_layers() -> tuple[Layer, ...]:
    """Return the 21 convolutions of the lesion network in order of creation."""
    return tuple(_layers(bottom_first=FLAT, residual=True))


ARCHITECTURES = {"kul_liver": liver_layers, "kul_lesion": lesion_layers}


def _layers(*, bottom_first: Shape3, residual: bool) -> Iterator[Layer]:
    for level, features in enumerate(DOWN_FEATURES):
        yield from _block(f"down.{level}", (FLAT, CUBE), features, residual=residual)
    yield from _block("bottom", (bottom_first, CUBE), BOTTOM_FEATURES, residual=residual)
    for step, features in enumerate(UP_FEATURES):
        yield from _block(f"up.{step}", (CUBE, FLAT), features, residual=residual)
    yield Layer("head", POINT, *HEAD_FEATURES)


def _block(
    name: str, kernels: tuple[Shape3, Shape3], features: tuple[int, int, int], *, residual: bool
) -> Iterator[Layer]:
    before, between, after = features
    yield Layer(f"{name}.first", kernels[0], before, between)
    yield Layer(f"{name}.second", kernels[1], between, after)
    if residual and before != after:
        yield Layer(f"{name}.shortcut", POINT, before, after)
