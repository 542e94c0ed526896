"""An upright ellipsoid cut by vertical planes and two levels: the phantom's liver segments."""

from dataclasses import dataclass, field
from math import inf

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Vector3
from remnant.core.units import ml_from_mm3
from remnant.testing.grids import BoxMm
from remnant.testing.phantom_shapes import Ellipsoid, Mask, Points

PANELS = 512
NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)
QUADRATURE_RELATIVE_ERROR = 1e-6
Vector2 = tuple[float, float]


@dataclass(frozen=True, slots=True)
class VerticalPlane:
    """Side of a vertical plane: the points with ``normal · (x, y) >= offset_mm``.

    ``normal`` has unit length and points into the side that is kept.
    """

    normal: Vector2
    offset_mm: float

    def depth_mm(self, points_mm: Points) -> NDArray[np.float64]:
        """Distance into the kept side, negative beyond the plane."""
        depth: NDArray[np.float64] = points_mm[..., :2] @ np.array(self.normal) - self.offset_mm
        return depth

    def flipped(self) -> "VerticalPlane":
        """Return the other side."""
        x, y = self.normal
        return VerticalPlane((-x, -y), -self.offset_mm)

    def grown(self, by_mm: float) -> "VerticalPlane":
        """Return the side moved outwards."""
        return VerticalPlane(self.normal, self.offset_mm - by_mm)


def plane_through(start_mm: Vector3, end_mm: Vector3) -> VerticalPlane:
    """Return the vertical plane through two points; kept is what lies right of start → end.

    "Right of" as seen from the head (from +S) when walking from ``start_mm`` to ``end_mm``.
    """
    x, y = end_mm[0] - start_mm[0], end_mm[1] - start_mm[1]
    length = float(np.hypot(x, y))
    normal = (y / length, -x / length)
    return VerticalPlane(normal, normal[0] * start_mm[0] + normal[1] * start_mm[1])


@dataclass(frozen=True, slots=True, eq=False)
class CutEllipsoid:
    """The part of an upright ellipsoid on the kept sides of planes and between two levels.

    Parameters
    ----------
    whole
        The ellipsoid; its ``axes`` must be the world axes.
    planes
        Vertical planes, the kept side of each.
    levels_mm
        Lowest and highest S coordinate; infinite where nothing is cut.
    """

    whole: Ellipsoid
    planes: tuple[VerticalPlane, ...] = ()
    levels_mm: tuple[float, float] = field(default=(-inf, inf))

    @property
    def box_mm(self) -> BoxMm:
        """The box of the whole ellipsoid between the levels."""
        low, high = self.whole.box_mm
        bottom, top = max(low[2], self.levels_mm[0]), min(high[2], self.levels_mm[1])
        return (low[0], low[1], bottom), (high[0], high[1], max(bottom, top))

    @property
    def volume_ml(self) -> float:
        """Volume in mL by quadrature over the levels, relative error at most 1e-6 of the whole.

        The ellipsoid is scaled to the unit ball, whose slice at height ``z`` is a disc; the area
        of a disc within the polygon of the planes is closed, and only its integral over ``z`` is
        numeric (composite Gauss-Legendre, 512 panels of 4 nodes).
        """
        semi = np.array(self.whole.semi_axes_mm)
        polygon = self._unit_polygon()
        bounds = (np.array(self.levels_mm) - self.whole.centre_mm[2]) / max(semi[2], 1e-12)
        low, high = np.clip(bounds, -1.0, 1.0)
        if len(polygon) == 0 or low >= high:
            return 0.0
        heights, weights = _quadrature(float(low), float(high))
        areas = disc_polygon_areas(np.sqrt(1.0 - heights**2), polygon)
        return ml_from_mm3(float(np.prod(semi) * (areas @ weights)))

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie in the cell, its cut faces included."""
        levels = points_mm[..., 2]
        inside = self.whole.contains(points_mm)
        inside &= (levels >= self.levels_mm[0]) & (levels <= self.levels_mm[1])
        for plane in self.planes:
            inside &= plane.depth_mm(points_mm) >= 0.0
        return inside

    def grown(self, by_mm: float) -> "CutEllipsoid":
        """Return the cell of the grown ellipsoid with every cut moved outwards."""
        low, high = self.levels_mm
        planes = tuple(plane.grown(by_mm) for plane in self.planes)
        return CutEllipsoid(self.whole.grown(by_mm), planes, (low - by_mm, high + by_mm))

    def holds_ball(self, centre_mm: Vector3, radius_mm: float) -> bool:
        """Tell whether a ball surely lies in the cell (sufficient, not necessary)."""
        shrunk = self.grown(-radius_mm)
        return bool(shrunk.contains(np.array(centre_mm)[np.newaxis])[0])

    def _unit_polygon(self) -> NDArray[np.float64]:
        """Clip the square around the unit disc by the planes, in the ellipsoid's own units."""
        polygon = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
        semi, centre = np.array(self.whole.semi_axes_mm[:2]), np.array(self.whole.centre_mm[:2])
        for plane in self.planes:
            normal = np.array(plane.normal)
            polygon = _clipped(polygon, normal * semi, plane.offset_mm - float(normal @ centre))
        return polygon


def disc_polygon_areas(
    radii: NDArray[np.float64], polygon: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area that discs around the origin share with a polygon, exactly.

    Parameters
    ----------
    radii
        Radii of shape ``(N,)``.
    polygon
        Corners of shape ``(M, 2)``, counter-clockwise; the origin may lie anywhere.

    Returns
    -------
    ndarray
        Areas of shape ``(N,)``: the sum over the edges of the signed area that the triangle from
        the origin to the edge shares with the disc.
    """
    area = np.zeros_like(radii)
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        area += _edge_areas(radii, start, end)
    return area


def _edge_areas(
    radii: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    along = end - start
    a, b = along @ along, start @ along
    if a == 0.0:
        return np.zeros_like(radii)
    root = np.sqrt(np.maximum(b * b - a * (start @ start - radii**2), 0.0))
    enters, leaves = (np.clip((-b + sign * root) / a, 0.0, 1.0)[:, None] for sign in (-1.0, 1.0))
    inner, outer = start + enters * along, start + leaves * along
    sectors = _angles(start, inner) + _angles(outer, end)
    area: NDArray[np.float64] = radii**2 * sectors / 2.0 + _cross(inner, outer) / 2.0
    return area


def _cross(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    cross: NDArray[np.float64] = p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]
    return cross


def _angles(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    angles: NDArray[np.float64] = np.arctan2(_cross(p, q), (p * q).sum(axis=-1))
    return angles


def _clipped(
    polygon: NDArray[np.float64], normal: NDArray[np.float64], offset: float
) -> NDArray[np.float64]:
    """Keep the part of a convex polygon with ``normal · p >= offset``."""
    kept: list[NDArray[np.float64]] = []
    for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        depth, next_depth = float(normal @ start) - offset, float(normal @ end) - offset
        if depth >= 0.0:
            kept.append(start)
        if depth * next_depth < 0.0:
            kept.append(start + (end - start) * depth / (depth - next_depth))
    return np.array(kept).reshape(-1, 2)


def _quadrature(low: float, high: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    edges = np.linspace(low, high, PANELS + 1)
    half = (high - low) / PANELS / 2.0
    middles = (edges[:-1] + edges[1:]) / 2.0
    heights = (middles[:, None] + half * NODES).ravel()
    return np.clip(heights, -1.0, 1.0), np.tile(half * WEIGHTS, PANELS)
