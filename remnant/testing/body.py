"""The rest of the phantom's body: organs as ellipsoids and cylinders with CT numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry, Vector3
from remnant.testing.grids import BoxMm
from remnant.testing.phantom_shapes import Body, Ellipsoid, Mask, Points, digitise
from remnant.testing.vessels import Tube

AIR_HU = -1000.0
LIVER_HU = 105.0
LESION_HU = 62.0
PORTAL_VEIN_HU = 175.0
HEPATIC_VEINS_HU = 160.0
LENGTH_MM = 400.0
BODY_BOX_MM: BoxMm = ((-178.0, -124.0, -96.0), (178.0, 124.0, 112.0))


@dataclass(frozen=True, slots=True)
class Cylinder:
    """Upright elliptic cylinder of endless length: trunk, spine, aorta."""

    centre_mm: tuple[float, float]
    semi_axes_mm: tuple[float, float]

    @property
    def box_mm(self) -> BoxMm:
        """Box around it, cut 400 mm above and below the origin."""
        (x, y), (a, b) = self.centre_mm, self.semi_axes_mm
        return (x - a, y - b, -LENGTH_MM), (x + a, y + b, LENGTH_MM)

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie inside."""
        local = (points_mm[..., :2] - self.centre_mm) / np.array(self.semi_axes_mm)
        inside: Mask = (local**2).sum(axis=-1) <= 1.0
        return inside


def organs(scale: float = 1.0) -> tuple[tuple[Body, float], ...]:
    """Return organs with their CT number in HU, the later over the earlier; the liver is none."""
    return (
        (_cylinder(0.0, 0.0, 174.0, 120.0, scale), -95.0),  # subcutaneous fat
        (_cylinder(0.0, 0.0, 158.0, 104.0, scale), 55.0),  # muscle and bowel
        (_ellipsoid((85.0, 0.0, 115.0), (62.0, 82.0, 95.0), scale), -850.0),  # right lung
        (_ellipsoid((-85.0, 0.0, 115.0), (62.0, 82.0, 80.0), scale), -850.0),  # left lung
        (_cylinder(0.0, -72.0, 21.0, 18.0, scale), 280.0),  # spine
        (_cylinder(-14.0, -42.0, 10.0, 10.0, scale), 165.0),  # aorta
        (_ellipsoid((-108.0, -45.0, 10.0), (32.0, 42.0, 52.0), scale), 120.0),  # spleen
        (_ellipsoid((58.0, -62.0, -90.0), (26.0, 24.0, 48.0), scale), 195.0),  # right kidney
        (_ellipsoid((-60.0, -62.0, -70.0), (26.0, 24.0, 50.0), scale), 195.0),  # left kidney
        (Tube(((20.0 * scale, -42.0 * scale, -LENGTH_MM), (20.0 * scale, -42.0 * scale, 0.0)),
              11.0 * scale), 130.0),  # inferior vena cava below the liver
    )  # fmt: skip


def paint_body(geometry: Geometry, scale: float = 1.0) -> NDArray[np.float32]:
    """Return the CT numbers of a body without a liver on a grid, in HU."""
    voxels_hu = np.full(geometry.shape, AIR_HU, dtype=np.float32)
    for body, value_hu in organs(scale):
        voxels_hu[digitise(body, geometry)] = value_hu
    return voxels_hu


def _cylinder(x: float, y: float, a: float, b: float, scale: float) -> Cylinder:
    return Cylinder((scale * x, scale * y), (scale * a, scale * b))


def _ellipsoid(centre_mm: Vector3, semi_axes_mm: Vector3, scale: float) -> Ellipsoid:
    (x, y, z), (a, b, c) = centre_mm, semi_axes_mm
    return Ellipsoid((scale * x, scale * y, scale * z), (scale * a, scale * b, scale * c))
