"""Shapes of planted metastases: slightly lobulated ellipsoids of known volume."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

MOST_ELONGATED = 1.2
LOBES = 5
LOBE_HEIGHTS = (0.06, 0.2)
LOBE_SHARPNESS = 6.0
SPHERE_POINTS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class LesionShape:
    """A star-shaped body: an ellipsoid with bumps.

    Parameters
    ----------
    centre_mm
        Centre in RAS mm.
    to_unit
        3×3 matrix that maps offsets from the centre in mm to the space where the ellipsoid is the
        unit ball.
    lobe_directions, lobe_heights
        Unit vectors of shape ``(n, 3)`` in that space and how far each bump rises, as a fraction
        of the radius.
    radius_mm
        Radius of a ball around the centre that holds the body.
    """

    centre_mm: Vector
    to_unit: Vector
    lobe_directions: Vector
    lobe_heights: Vector
    radius_mm: float

    def depth(self, points_mm: Vector) -> Vector:
        """Return 0 at the centre, 1 on the surface and more outside, for points ``(..., 3)``."""
        unit = (points_mm - self.centre_mm) @ self.to_unit.T
        distance = np.linalg.norm(unit, axis=-1)
        directions = unit / np.maximum(distance, 1e-9)[..., np.newaxis]
        depth: Vector = distance / _reach(directions, self.lobe_directions, self.lobe_heights)
        return depth

    def moved(self, centre_mm: Vector) -> "LesionShape":
        """Return the same body around another centre."""
        return LesionShape(
            centre_mm, self.to_unit, self.lobe_directions, self.lobe_heights, self.radius_mm
        )


def random_shape(diameter_mm: float, rng: np.random.Generator) -> LesionShape:
    """Draw a body around the origin whose volume is that of a ball of ``diameter_mm``."""
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    stretch = rng.uniform(1.0, MOST_ELONGATED, size=3)
    stretch /= np.cbrt(stretch.prod())
    lobes = _unit(rng.normal(size=(LOBES, 3)))
    heights = rng.uniform(*LOBE_HEIGHTS, size=LOBES)
    sphere = sphere_points(SPHERE_POINTS)
    reach = _reach(sphere, lobes, heights)
    radii = 0.5 * diameter_mm * stretch / np.cbrt(np.mean(reach**3))
    from_unit = rotation * radii
    farthest = float(np.linalg.norm((sphere * reach[:, np.newaxis]) @ from_unit.T, axis=1).max())
    # The sphere is sampled every 5 degrees: 2 % covers what the farthest sample can miss.
    return LesionShape(np.zeros(3), np.linalg.inv(from_unit), lobes, heights, 1.02 * farthest)


def sphere_points(count: int) -> Vector:
    """Return ``count`` evenly spread unit vectors (golden-angle spiral), shape ``(count, 3)``."""
    steps = np.arange(count) + 0.5
    height = 1 - 2 * steps / count
    angle = np.pi * (1 + np.sqrt(5)) * steps
    ring = np.sqrt(1 - height**2)
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1)


def _reach(directions: Vector, lobes: Vector, heights: Vector) -> Vector:
    bumps = np.exp(LOBE_SHARPNESS * (directions @ lobes.T - 1))
    reach: Vector = 1 + bumps @ heights
    return reach


def _unit(vectors: Vector) -> Vector:
    unit: Vector = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
