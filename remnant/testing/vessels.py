"""Vessel trees: tubes of a given radius along polylines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from remnant.core.geometry import Vector3
from remnant.testing.grids import BoxMm
from remnant.testing.phantom_shapes import Mask, Points


@dataclass(frozen=True, slots=True)
class Tube:
    """All points within ``radius_mm`` of a polyline: round ends, smooth joints.

    Parameters
    ----------
    path_mm
        At least two points in RAS mm, no two neighbours equal.
    radius_mm
        Radius.
    """

    path_mm: tuple[Vector3, ...]
    radius_mm: float

    @property
    def box_mm(self) -> BoxMm:
        """Box around the tube."""
        path = np.array(self.path_mm)
        low, high = path.min(axis=0) - self.radius_mm, path.max(axis=0) + self.radius_mm
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie in the tube."""
        inside = np.zeros(points_mm.shape[:-1], dtype=np.bool_)
        for start, end in zip(self.path_mm[:-1], self.path_mm[1:], strict=True):
            inside |= _near_segment(points_mm, np.array(start), np.array(end), self.radius_mm)
        return inside


@dataclass(frozen=True, slots=True)
class VesselTree:
    """Several tubes as one vessel."""

    tubes: tuple[Tube, ...]

    @property
    def box_mm(self) -> BoxMm:
        """Box around all tubes."""
        corners = np.array([tube.box_mm for tube in self.tubes])
        low, high = corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)
        return (low[0], low[1], low[2]), (high[0], high[1], high[2])

    def contains(self, points_mm: Points) -> Mask:
        """Tell which points lie in any tube."""
        inside = np.zeros(points_mm.shape[:-1], dtype=np.bool_)
        for tube in self.tubes:
            inside |= tube.contains(points_mm)
        return inside


def vessel_tree(branches: Sequence[tuple[Sequence[Vector3], float]], scale: float) -> VesselTree:
    """Make a tree from paths and radii in mm, all scaled about the origin."""
    tubes = (
        Tube(tuple((scale * x, scale * y, scale * z) for x, y, z in path), scale * radius)
        for path, radius in branches
    )
    return VesselTree(tuple(tubes))


def _near_segment(points_mm: Points, start: Points, end: Points, radius_mm: float) -> Mask:
    along = end - start
    share = np.clip((points_mm - start) @ along / (along @ along), 0.0, 1.0)
    nearest = start + share[..., np.newaxis] * along
    near: Mask = ((points_mm - nearest) ** 2).sum(axis=-1) <= radius_mm**2
    return near
