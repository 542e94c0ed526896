"""A CT painted around the shape of a real liver: neighbours, phases, vessels, noise.

What it is good for: a border has another tissue behind it, of a size and place that bodies have,
and each phase has its own contrasts. What it is not: bowel, breathing, streaks, diseased parenchyma
and the thousand ways in which real neighbours touch a liver are missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]
Vector = NDArray[np.number]
Random = np.random.Generator

Span = tuple[float, float]
MARGINS_MM: Final = ((110.0, 60.0), (70.0, 60.0), (70.0, 60.0))
"""Around the liver's box: to the left and right, behind and in front, below and above."""
AIR_HU, LUNG_HU, FAT_HU, BONE_HU = -1000.0, -830.0, -98.0, 250.0
TISSUES_HU: Final[Mapping[Phase, Mapping[str, Span]]] = MappingProxyType(
    {
        Phase.UNENHANCED: {
            "liver": (38, 65), "spleen": (38, 52), "kidney": (28, 38), "heart": (35, 48),
            "muscle": (42, 62), "stomach": (10, 50), "colon": (15, 60), "cava": (35, 48),
            "aorta": (35, 48), "vessels": (-12, 0), "lesion": (-25, -8), "pancreas": (30, 48),
        },
        Phase.ARTERIAL: {
            "liver": (50, 80), "spleen": (95, 150), "kidney": (110, 180), "heart": (180, 300),
            "muscle": (48, 66), "stomach": (10, 60), "colon": (20, 70), "cava": (40, 120),
            "aorta": (220, 360), "vessels": (0, 15), "lesion": (-30, 40), "pancreas": (80, 125),
        },
        Phase.PORTAL: {
            "liver": (90, 130), "spleen": (105, 140), "kidney": (150, 220), "heart": (120, 160),
            "muscle": (52, 72), "stomach": (10, 70), "colon": (20, 75), "cava": (110, 160),
            "aorta": (130, 170), "vessels": (30, 60), "lesion": (-65, -25), "pancreas": (75, 110),
        },
        Phase.DELAYED: {
            "liver": (75, 105), "spleen": (80, 110), "kidney": (130, 190), "heart": (90, 120),
            "muscle": (52, 72), "stomach": (10, 70), "colon": (20, 75), "cava": (90, 120),
            "aorta": (90, 120), "vessels": (10, 25), "lesion": (-45, -10), "pancreas": (65, 90),
        },
    }
)  # fmt: skip
"""Ranges that a tissue's CT number is drawn from; of vessels and lesions beside the liver's."""
STEATOSIS_CHANCE, STEATOSIS_HU = 0.15, -30.0
NOISE_SD_HU: Final[Span] = (5.0, 22.0)
BLUR_VOXELS: Final[Span] = (0.5, 1.3)
PATCHY_SD_HU: Final[Span] = (0.0, 6.0)
MOST_LESIONS = 6
FLANK_MM, RIB_COSINE = 14.0, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaintedScan:
    """A painted CT and what is true in it.

    Parameters
    ----------
    image, liver
        On one grid along RAS.
    lesions
        Lesions in the liver.
    organs
        Masks of the neighbours by name, none of them in the liver.
    """

    image: ImageVolume
    liver: LabelMap
    lesions: Mask
    organs: Mapping[str, Mask] = field(default_factory=dict)


def painted_scan(liver: LabelMap, *, phase: Phase, rng: Random) -> PaintedScan:
    """Paint a CT around a liver.

    Parameters
    ----------
    liver
        Any label map on a grid along RAS whose non-zero codes are the liver.
    phase
        Unenhanced, arterial, portal or delayed.
    rng
        Decides CT numbers, sizes and places of all else.
    """
    mask, grid = _roomy(liver)
    place = _Place(mask, grid, rng)
    tissue = {name: rng.uniform(*span) for name, span in TISSUES_HU[phase].items()}
    hu, organs = place.paint(tissue)
    lesions = _lesions(mask, grid, rng)
    _paint_liver(hu, mask, lesions, tissue, rng)
    blurred = ndimage.gaussian_filter(hu, rng.uniform(*BLUR_VOXELS))
    values = blurred + _noise(hu.shape, rng)
    image = ImageVolume(np.rint(values).astype(np.int16), grid, Modality.CT, phase=phase)
    found = {name: organ & ~mask for name, organ in organs.items()}
    truth = LabelMap(mask.astype(np.uint8), grid, BINARY_SCHEME)
    return PaintedScan(image=image, liver=truth, lesions=lesions, organs=found)


def _roomy(liver: LabelMap) -> tuple[Mask, Geometry]:
    margins = [
        tuple(round(mm / spacing) for mm in side)
        for side, spacing in zip(MARGINS_MM, liver.geometry.spacing_mm, strict=True)
    ]
    mask = np.pad(liver.mask(), margins)
    i, j, k = mask.shape
    start = (-margins[0][0], -margins[1][0], -margins[2][0])
    return mask, liver.geometry.cropped(start, (i, j, k))


class _Place:
    """Where things are around one liver, in mm."""

    def __init__(self, mask: Mask, grid: Geometry, rng: Random) -> None:
        self.mask, self.rng = mask, rng
        spacing = grid.spacing_mm
        self.spacing = spacing
        self.x, self.y, self.z = (
            (np.arange(n) * s).reshape([-1 if a == axis else 1 for a in range(3)])
            for axis, (n, s) in enumerate(zip(mask.shape, spacing, strict=True))
        )
        places = np.argwhere(mask) * np.array(spacing)
        self.low, self.high = places.min(axis=0), places.max(axis=0)
        self.centre = places.mean(axis=0)
        self.middle = float(self.centre[0]) - rng.uniform(40, 75)
        self.away = edt.edt(np.asfortranarray(~mask), anisotropy=spacing, parallel=1)
        self.drift = ndimage.gaussian_filter(rng.normal(size=mask.shape), 8).astype(np.float32)
        self.drift /= float(self.drift.std())

    def paint(self, tissue: Mapping[str, float]) -> tuple[Floats, dict[str, Mask]]:
        """Return the body's CT numbers without the liver, and masks of its organs."""
        body, cavity, wall = self._trunk()
        hu = np.full(self.mask.shape, AIR_HU, np.float32)
        hu[body] = FAT_HU
        hu[wall] = tissue["muscle"]
        hu[wall & self._ribs()] = BONE_HU
        lung, diaphragm = self._lungs(cavity)
        hu[lung] = LUNG_HU
        hu[diaphragm] = tissue["muscle"]
        organs = {"muscle": wall, "lung": lung}
        for name, organ in self._organs().items():
            room = cavity if name in {"heart", "aorta", "spine"} else cavity & ~lung
            organs[name] = organ & room
            hu[organs[name]] = tissue.get(name, BONE_HU)
        inside_colon = ndimage.binary_erosion(organs["colon"], iterations=3)
        hu[inside_colon & (self.drift > 0)] = AIR_HU + 100
        return hu, organs

    def _trunk(self) -> tuple[Mask, Mask, Mask]:
        """Return body, cavity and wall; the wall comes as near to the liver as bodies have it."""
        fat_mm, wall_mm = self.rng.uniform(4, 35), self.rng.uniform(9, 16)
        gap_mm = np.clip(self.rng.uniform(0, 4) + 1.5 * self.drift, 0.0, 8.0)
        half = max(float(self.high[0]) - self.middle, 130.0), self.rng.uniform(85, 110)
        back = float(self.centre[1]) - self.rng.uniform(0, 20)
        trunk = ((self.x - self.middle) / half[0]) ** 2 + ((self.y - back) / half[1]) ** 2 < 1
        cavity = np.broadcast_to(trunk, self.mask.shape) | (self.away < gap_mm)
        cavity = cavity.any(axis=2, keepdims=True) & np.ones_like(self.mask)
        beyond = edt.edt(np.asfortranarray(~cavity[:, :, 0]), anisotropy=self.spacing[:2])[
            ..., None
        ]
        wall = ~cavity & (beyond < wall_mm)
        near = (self.away < wall_mm + gap_mm) & (self.away > gap_mm) & ~cavity
        wall = (wall | near) & np.ones_like(self.mask)
        body = cavity | wall | (beyond < wall_mm + fat_mm)
        slim = self._slim(cavity)
        return body, cavity & ~slim, wall | slim

    def _slim(self, cavity: Mask) -> Mask:
        """Return the flank beside the liver that is wall as well: trunks taper, liver by liver."""
        right = self.x > self.centre[0]
        reach = ndimage.binary_dilation(self.mask, iterations=2)
        outermost = np.maximum.accumulate(reach[::-1], axis=0)[::-1]
        flank = right & ~outermost & cavity & (self.away < FLANK_MM) & (self.y < self.high[1])
        slim: Mask = flank & (self.z < self.high[2] - 25)
        return slim

    def _ribs(self) -> Mask:
        phase = 2 * np.pi * (self.z + 0.4 * self.y) / 28.0
        return np.broadcast_to(np.cos(phase) > RIB_COSINE, self.mask.shape)

    def _lungs(self, cavity: Mask) -> tuple[Mask, Mask]:
        top = np.where(self.mask, self.z, -np.inf).max(axis=2)
        floor = float(self.high[2]) - self.rng.uniform(45, 75)
        height = ndimage.gaussian_filter(np.maximum(top, floor), 3)
        height = np.maximum(height, top)[..., None] + self.rng.uniform(2, 5)
        lung = cavity & (self.z > height)
        return lung, cavity & (self.z > height - 4) & ~lung & ~self.mask

    def _organs(self) -> dict[str, Mask]:
        rng, (_, y0, z0), (_, y1, z1) = self.rng, self.low, self.high
        mid, (cx, cy, _) = self.middle, self.centre
        spine_y = cy - rng.uniform(50, 70)
        behind = y0 + 0.25 * (y1 - y0)
        kidney = (cx - rng.uniform(0, 25), behind - rng.uniform(0, 10), z0 + rng.uniform(10, 45))
        return {
            "pancreas": self._ball((mid + 5, cy - 5, z0 + 45), (45, 14, 14)),
            "stomach": self._ball((mid - 45, cy + 15, z1 - rng.uniform(40, 70)), (40, 45, 45)),
            "colon": self._ball((cx, cy + 30, z0 + rng.uniform(0, 25)), (35, 25, 25))
            | self._ball((mid, cy + 45, z0 + rng.uniform(-10, 20)), (80, 18, 18)),
            "spleen": self._ball((mid - 95, cy - 35, z1 - rng.uniform(45, 70)), (28, 42, 50)),
            "kidney": self._ball(kidney, (27, 26, 52)),
            "heart": self._ball((mid - 15, cy + 25, z1 + rng.uniform(15, 30)), (55, 45, 38)),
            "aorta": self._tube(mid - 12, spine_y + 27, 11),
            "cava": self._tube(mid + 22, spine_y + 30, 12),
            "spine": self._tube(mid, spine_y, 21),
            "gallbladder": self._ball((cx - 20, cy + 30, z0 + rng.uniform(20, 50)), (14, 18, 22)),
        }  # fmt: skip

    def _ball(self, centre: tuple[float, float, float], half: tuple[float, float, float]) -> Mask:
        scale = self.rng.uniform(0.8, 1.2)
        axes = ((self.x, self.y, self.z)[n] - centre[n] for n in range(3))
        distance = sum((a / (scale * h)) ** 2 for a, h in zip(axes, half, strict=True))
        found: Mask = np.asarray(distance + 0.12 * self.drift < 1.0)
        return found

    def _tube(self, x: float, y: float, radius: float) -> Mask:
        flat = (self.x - x) ** 2 + (self.y - y) ** 2 < radius**2
        return np.broadcast_to(flat, self.mask.shape)


def _lesions(mask: Mask, grid: Geometry, rng: Random) -> Mask:
    places, found = np.argwhere(mask), np.zeros_like(mask)
    index: tuple[Vector, ...] = np.indices(mask.shape, sparse=True)
    for _ in range(int(rng.integers(0, MOST_LESIONS + 1))):
        centre, radius = places[rng.integers(len(places))], rng.uniform(5, 25)
        axes = zip(index, centre, grid.spacing_mm, strict=True)
        found |= np.asarray(sum(((i - c) * s) ** 2 for i, c, s in axes)) < radius**2
    return found & mask


def _paint_liver(
    hu: Floats, mask: Mask, lesions: Mask, tissue: Mapping[str, float], rng: Random
) -> None:
    level = tissue["liver"] + (STEATOSIS_HU if rng.random() < STEATOSIS_CHANCE else 0.0)
    texture = ndimage.gaussian_filter(rng.normal(size=hu.shape), 3)
    texture *= rng.uniform(2, 6) / float(texture.std())
    patches = ndimage.gaussian_filter(rng.normal(size=hu.shape), 14)
    texture += patches * (rng.uniform(*PATCHY_SD_HU) / float(patches.std()))
    hu[mask] = level + texture[mask]
    hu[mask & _vessels(hu.shape, rng)] += tissue["vessels"]
    hu[lesions] = level + tissue["lesion"] + texture[lesions]


def _vessels(shape: tuple[int, ...], rng: Random) -> Mask:
    """Return tubes: where two smooth fields are near 0 at once."""
    first, second = (ndimage.gaussian_filter(rng.normal(size=shape), 6) for _ in range(2))
    width = rng.uniform(0.12, 0.25)
    near: Mask = (first / first.std()) ** 2 + (second / second.std()) ** 2 < width**2
    return near


def _noise(shape: tuple[int, ...], rng: Random) -> Floats:
    grain = ndimage.gaussian_filter(rng.normal(size=shape), rng.uniform(0.3, 0.7))
    scaled: Floats = (grain * (rng.uniform(*NOISE_SD_HU) / grain.std())).astype(np.float32)
    return scaled
