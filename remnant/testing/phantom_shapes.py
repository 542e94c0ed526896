"""Shapes with exact volumes, and how far a digitised volume may lie from the exact one.

Every shape can say what it contains, its volume, its bounding box, and ``grown(by_mm)``: for
``by_mm > 0`` a shape that holds every point within ``by_mm`` of it, for ``by_mm < 0`` one whose
points all lie at least ``-by_mm`` deep inside it. The error bound of digitisation rests on that.
"""

from dataclasses import dataclass, field
from math import pi
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.units import ml_from_mm3
from remnant.testing.grids import UPRIGHT, BoxMm, block_around, half_voxel_diagonal_mm

Points = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Body(Protocol):
    """A set of points in RAS mm that can be digitised."""

    @property
    def box_mm(self) -> BoxMm:
        """Lowest and highest corner of a box around the body."""

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points of shape ``(..., 3)`` lie in the body (its surface included)."""


class Shape(Body, Protocol):
    """A body with a known volume."""

    @property
    def volume_ml(self) -> float:
        """Exact volume in mL; 0 for a body shrunk to nothing."""

    def grown(self, by_mm: float) -> "Shape":
        """Return a body that holds (or, for a negative length, lies in) the parallel body."""


@dataclass(frozen=True, slots=True)
class Ball:
    """Ball around a point."""

    centre_mm: Vector3
    radius_mm: float

    @property
    def volume_ml(self) -> float:
        """4/3 π r³."""
        return ml_from_mm3(4.0 / 3.0 * pi * self.radius_mm**3)

    @property
    def box_mm(self) -> BoxMm:
        """The cube around it."""
        return _box_of(self.centre_mm, np.full(3, self.radius_mm))

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie within the radius."""
        inside: Mask = ((points_mm - self.centre_mm) ** 2).sum(axis=-1) <= self.radius_mm**2
        return inside

    def grown(self, by_mm: float) -> Self:
        """Return the parallel body, which is exact for a ball."""
        return type(self)(self.centre_mm, max(0.0, self.radius_mm + by_mm))


@dataclass(frozen=True, slots=True, eq=False)
class Ellipsoid:
    """Ellipsoid with its axes along the columns of a rotation (default: upright).

    Raises
    ------
    InputError
        ``axes`` is not orthonormal.
    """

    centre_mm: Vector3
    semi_axes_mm: Vector3
    axes: NDArray[np.float64] = field(default_factory=lambda: UPRIGHT)

    def __post_init__(self) -> None:
        if not np.allclose(self.axes.T @ self.axes, UPRIGHT, atol=1e-9):
            raise InputError("an ellipsoid's axes must be orthonormal columns")

    @property
    def volume_ml(self) -> float:
        """4/3 π abc."""
        return ml_from_mm3(4.0 / 3.0 * pi * float(np.prod(self.semi_axes_mm)))

    @property
    def box_mm(self) -> BoxMm:
        """The upright box that touches it: its support function along the world axes."""
        return _box_of(self.centre_mm, np.linalg.norm(self.axes * self.semi_axes_mm, axis=1))

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie inside."""
        if min(self.semi_axes_mm) <= 0.0:
            return np.zeros(points_mm.shape[:-1], dtype=np.bool_)
        local = (points_mm - self.centre_mm) @ self.axes / np.array(self.semi_axes_mm)
        inside: Mask = (local**2).sum(axis=-1) <= 1.0
        return inside

    def grown(self, by_mm: float) -> Self:
        """Return the ellipsoid scaled by ``1 + by_mm / m``, ``m`` the shortest half-axis.

        The support function of the parallel body is ``h + by_mm``, and ``h >= m`` makes it
        ``<= h (1 + by_mm / m)``; the same for shrinking with the signs turned.
        """
        factor = max(0.0, 1.0 + by_mm / min(self.semi_axes_mm))
        a, b, c = (factor * s for s in self.semi_axes_mm)
        return type(self)(self.centre_mm, (a, b, c), self.axes)


@dataclass(frozen=True, slots=True)
class Box:
    """Upright box between its lowest and highest corner."""

    low_mm: Vector3
    high_mm: Vector3

    @property
    def volume_ml(self) -> float:
        """Product of the edges."""
        edges = np.subtract(self.high_mm, self.low_mm)
        return ml_from_mm3(float(np.prod(np.maximum(edges, 0.0))))

    @property
    def box_mm(self) -> BoxMm:
        """The box."""
        return (self.low_mm, self.high_mm)

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie between the corners."""
        nearest = np.clip(points_mm, self.low_mm, self.high_mm)
        inside: Mask = (nearest == points_mm).all(axis=-1)
        return inside

    def grown(self, by_mm: float) -> Self:
        """Return the box with every face moved outwards."""
        half = np.subtract(self.high_mm, self.low_mm) / 2.0 + by_mm
        middle = np.add(self.high_mm, self.low_mm) / 2.0
        x, y, z = (float(m) for m in middle)
        low, high = _box_of((x, y, z), np.maximum(half, 0.0))
        return type(self)(low, high)


@dataclass(frozen=True, slots=True)
class Group:
    """Several disjoint shapes as one body: a set of metastases, two balls.

    The volume is the sum; for a grown group, whose parts may overlap, it is an upper bound.
    """

    parts: tuple[Shape, ...]

    @property
    def volume_ml(self) -> float:
        """Sum over the parts."""
        return sum(part.volume_ml for part in self.parts)

    @property
    def box_mm(self) -> BoxMm:
        """Box around all parts."""
        corners = np.array([part.box_mm for part in self.parts])
        low, high = corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)
        return _box_of(tuple((low + high) / 2.0), (high - low) / 2.0)

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie in any part."""
        inside = np.zeros(points_mm.shape[:-1], dtype=np.bool_)
        for part in self.parts:
            inside |= part.contains(points_mm)
        return inside

    def grown(self, by_mm: float) -> "Group":
        """Return all parts grown."""
        return Group(tuple(part.grown(by_mm) for part in self.parts))


def digitise(body: Body, geometry: Geometry) -> Mask:
    """Return the voxels of a grid whose centres lie in a body."""
    mask = np.zeros(geometry.shape, dtype=np.bool_)
    start, size = block_around(body.box_mm, geometry)
    if 0 in size:
        return mask
    block = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
    mask[block] = body.contains(voxel_centres(geometry.cropped(start, size)))
    return mask


def voxel_centres(geometry: Geometry) -> Points:
    """Return the voxel centres of a grid in RAS mm, shape ``(I, J, K, 3)``."""
    index = np.indices(geometry.shape, dtype=np.float64)
    return geometry.ras_from_index(np.moveaxis(index, 0, -1))


def discretisation_interval_ml(shape: Shape, geometry: Geometry) -> tuple[float, float]:
    """Return the least and the greatest volume that digitising a shape can give, in mL.

    A voxel belongs to the digitised shape when its centre lies in the shape, and no point of a
    voxel is farther from its centre than half the voxel's diagonal δ. So the digitised body lies
    in the shape grown by δ and holds the shape shrunk by δ. Holds on every grid that covers the
    grown shape.
    """
    slack_mm = half_voxel_diagonal_mm(geometry)
    return shape.grown(-slack_mm).volume_ml, shape.grown(slack_mm).volume_ml


def discretisation_bound_ml(shape: Shape, geometry: Geometry) -> float:
    """Return how far the digitised volume can lie from the exact one at most, in mL."""
    low, high = discretisation_interval_ml(shape, geometry)
    return max(high - shape.volume_ml, shape.volume_ml - low)


def _box_of(centre_mm: tuple[float, ...], half_mm: NDArray[np.float64]) -> BoxMm:
    x, y, z = (float(c) for c in centre_mm)
    a, b, c = (float(h) for h in half_mm)
    return (x - a, y - b, z - c), (x + a, y + b, z + c)
