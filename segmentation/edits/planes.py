"""Moving the border between segments to points that a person gives.

The present border may be curved, and often no plane of it is stored. So the border itself is moved:
a plane is fitted to it by least squares, which gives it a height at every place; the points say how
far the border is to move there; and between them it moves by what a plane through these moves says,
fitted by least squares. Through three points the moved border runs exactly, a plane stays a plane,
and points on the border move nothing.

Only voxels between the old and the new border change sides. Each takes the code of the nearest
place across the old border, as seen along the plane: V becomes IV, and IV V or VIII by its level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.uncertainty import SegmentPlane
from segmentation.couinaud.sides import SIDES

Points = NDArray[np.float64]
Codes = NDArray[Any]

FEWEST_POINTS: Final = 3
FEWEST_FACES: Final = 20
LEAST_SPREAD_MM: Final = 5.0
"""Of the points, seen along the border, across the line that they come closest to: else nothing
says how far the border is off beside that line. Three clicks on one slice lie so, however they
lie on the slice: the border crosses it in a line."""
FARTHEST_MM: Final = 60.0
FOLD_MM: Final = 3.0
"""How far beyond its border a segment's voxels may lie: borders fold by a voxel or two."""
NEAREST_FACES: Final = 8
STILL_MM: Final = 1e-6
MOVABLE: Final[Mapping[str, SegmentPlane]] = {
    "main": SegmentPlane.MAIN,
    "right": SegmentPlane.RIGHT,
    "umbilical": SegmentPlane.UMBILICAL,
    "left": SegmentPlane.UMBILICAL,
    "right_transverse": SegmentPlane.RIGHT_TRANSVERSE,
    "left_transverse": SegmentPlane.LEFT_TRANSVERSE,
}
"""Planes by the names that a person gives; segment I has no plane of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A plane through a border: its middle, and unit vectors with the normal last, in RAS mm.

    The normal points to the plane's first side.
    """

    origin_mm: Points
    axes: Points

    def seen(self, points_mm: Points) -> tuple[Points, Points]:
        """Return where points lie along the plane, shape ``(n, 2)``, and their heights over it."""
        local = (points_mm - self.origin_mm) @ self.axes.T
        return local[:, :2], local[:, 2]


@dataclass(frozen=True, slots=True, eq=False)
class PresentBorder:
    """Where two groups of segments meet.

    Parameters
    ----------
    frame
        The plane fitted to it.
    places_mm, heights_mm
        The faces between voxels of both groups, along the plane and over it.
    codes
        Codes of the voxels on the first and on the second side of each face, shape ``(n, 2)``.
    """

    frame: Frame
    places_mm: Points
    heights_mm: Points
    codes: Codes

    def height_mm(self, places_mm: Points) -> Points:
        """Return the border's height at places along the plane: the mean of the nearest faces."""
        tree = cKDTree(self.places_mm)
        away, nearest = tree.query(places_mm, k=min(NEAREST_FACES, len(self.places_mm)))
        weights = 1.0 / (away + 1.0)
        found: Points = (weights * self.heights_mm[nearest]).sum(1) / weights.sum(1)
        return found


def plane_moved(
    codes: Codes, grid: Geometry, plane: SegmentPlane, points_mm: Sequence[Vector3]
) -> Codes:
    """Move a plane between segments to points; no other voxel changes.

    Parameters
    ----------
    codes
        ``COUINAUD_SCHEME`` codes on the grid.
    points_mm
        At least three points in RAS mm that the plane is to run through.

    Raises
    ------
    InputError
        The points lie on one line along the border, or far from it; the segments on both sides do
        not meet; or one would lose all its voxels.
    """
    points = _require_points(points_mm)
    border = present_border(codes, grid, plane)
    place, height = border.frame.seen(points)
    _require_spread(place)
    moves = height - border.height_mm(place)
    _require_near(moves, plane)
    tilt = _fitted(place, moves)
    moved = _divided_anew(codes, grid, plane, border, tilt)
    lost = present_codes(codes) - present_codes(moved)
    if lost:
        names = ", ".join(CouinaudSegment(code).name for code in sorted(lost))
        raise InputError(f"segment(s) {names} would have no voxel left; check the points")
    return moved


def present_border(codes: Codes, grid: Geometry, plane: SegmentPlane) -> PresentBorder:
    """Return where the two sides of a plane meet in a map of segments.

    Raises
    ------
    InputError
        They hardly do.
    """
    one, other = SIDES[plane]
    points, held = _faces(codes, grid, one, other)
    if len(points) < FEWEST_FACES:
        sides = " and ".join("/".join(s.name for s in side) for side in (one, other))
        raise InputError(f"segments {sides} do not meet in this case: there is no plane to move")
    origin = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - origin, full_matrices=False)
    first = _middle_mm(codes, grid, one) - _middle_mm(codes, grid, other)
    axes[2] *= 1.0 if float(axes[2] @ first) >= 0 else -1.0
    frame = Frame(origin, axes)
    places, heights = frame.seen(points)
    return PresentBorder(frame, places, heights, held)


def _require_points(points_mm: Sequence[Vector3]) -> Points:
    points = np.array(points_mm, dtype=np.float64).reshape(-1, 3)
    if len(points) < FEWEST_POINTS or not np.isfinite(points).all():
        raise InputError(
            f"a plane is moved by at least {FEWEST_POINTS} points, got {len(points)}; give points "
            f"that it is to run through, in RAS mm"
        )
    return points


def _require_spread(places_mm: Points) -> None:
    spread = np.linalg.svd(places_mm - places_mm.mean(axis=0), compute_uv=False)
    if spread[1] < LEAST_SPREAD_MM:
        raise InputError(
            f"along the border the points lie on one line, within {LEAST_SPREAD_MM:g} mm, as those "
            f"on one slice do; mark at least one on another slice"
        )


def _require_near(moves_mm: Points, plane: SegmentPlane) -> None:
    farthest = float(np.abs(moves_mm).max())
    if farthest > FARTHEST_MM:
        raise InputError(
            f"a point lies {farthest:.0f} mm from the {plane.name.lower()} plane; allowed is up to "
            f"{FARTHEST_MM:g} mm: check its coordinates (RAS mm) and the plane's name"
        )


def _fitted(places_mm: Points, moves_mm: Points) -> Points:
    """Return the move at the frame's middle, and by mm along its two axes (least squares)."""
    known = np.column_stack([np.ones(len(places_mm)), places_mm])
    found: Points = np.linalg.lstsq(known, moves_mm, rcond=None)[0].astype(np.float64)
    return found


def _faces(
    codes: Codes,
    grid: Geometry,
    one: tuple[CouinaudSegment, ...],
    other: tuple[CouinaudSegment, ...],
) -> tuple[Points, Codes]:
    """Return the middles of the faces between two groups, and the codes on both sides of each."""
    side = np.zeros(256, dtype=np.int8)
    side[list(one)], side[list(other)] = 1, -1
    sides = side[codes]
    points, held = [], []
    for axis in range(3):
        low, high = (
            tuple(cut if a == axis else slice(None) for a in range(3))
            for cut in (slice(None, -1), slice(1, None))
        )
        for first, second in ((low, high), (high, low)):
            met = (sides[first] > 0) & (sides[second] < 0)
            index = np.argwhere(met).astype(np.float64)
            index[:, axis] += 0.5
            points.append(grid.ras_from_index(index))
            held.append(np.stack([codes[first][met], codes[second][met]], axis=1))
    return np.concatenate(points), np.concatenate(held)


def _middle_mm(codes: Codes, grid: Geometry, group: tuple[CouinaudSegment, ...]) -> Points:
    places = np.argwhere(np.isin(codes, group)).mean(axis=0)
    return grid.ras_from_index(places)


def _divided_anew(
    codes: Codes, grid: Geometry, plane: SegmentPlane, border: PresentBorder, tilt: Points
) -> Codes:
    """Let voxels between the border and the moved one change sides."""
    moved = codes.copy()
    across = cKDTree(border.places_mm)
    for losing, gaining in ((0, 1), (1, 0)):
        index = np.argwhere(np.isin(codes, SIDES[plane][losing]))
        places, heights = border.frame.seen(grid.ras_from_index(index))
        shift = tilt[0] + places @ tilt[1:]
        crossing = _crossed(heights, shift, border, places, upper=losing == 0)
        _, nearest = across.query(places[crossing])
        moved[tuple(index[crossing].T)] = border.codes[nearest, gaining]
    return moved


def _crossed(
    heights: Points, shift: Points, border: PresentBorder, places: Points, *, upper: bool
) -> NDArray[np.intp]:
    """Return which voxels of the upper, or the lower, side lie on the other one after the move."""
    sign = 1.0 if upper else -1.0
    # nothing farther from the plane than border and move reach can have crossed
    farthest = float(np.abs(border.heights_mm).max()) + np.abs(shift)
    open_ = np.flatnonzero((sign * shift > STILL_MM) & (np.abs(heights) <= farthest))
    over = sign * (heights[open_] - border.height_mm(places[open_]))
    crossed: NDArray[np.intp] = open_[(over > -FOLD_MM) & (over <= sign * shift[open_])]
    return crossed
