"""Longest distances within a set of voxels, exact on any grid.

A voxel is the whole parallelepiped of its affine, so the distances run between voxel corners. The
hull of all corners is the hull of the voxel centres swept by one voxel; therefore only the ends of
rows of voxels, and of those only the vertices of the hull of centres, need to be looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry

Indices = NDArray[np.intp]

HULL_WORTH_POINTS = 300
PAIRS_AT_ONCE = 4_000_000
WIDTHS = 8
TIE = 1e-9
"""Relative difference below which two distances are the same one, but for rounding."""


@dataclass(frozen=True, slots=True)
class AxialDiameters:
    """Longest distance within one axial slice, and the longest at a right angle to it, in mm."""

    longest_mm: float
    perpendicular_mm: float


def feret_mm(mask: NDArray[np.bool_], geometry: Geometry) -> float:
    """Longest distance between two points of a mask's voxels, in mm.

    Parameters
    ----------
    mask
        Voxels of shape ``(I, J, K)``, at least one; any block of the grid.
    geometry
        Grid that gives the axes; its shape and origin do not matter.

    Returns
    -------
    float
        At least the diagonal of one voxel.
    """
    vectors = geometry.affine_ras[:3, :3]
    return _longest_between_mm(mask, vectors, cell=vectors)


def slice_corrected_3d_mm(mask: NDArray[np.bool_], geometry: Geometry) -> float:
    """Longest distance between two points of a mask's pixels, each in the middle of its slice.

    `feret_mm` without what the thickness of the slices adds: a voxel is its rectangle in the
    slice's middle plane, which is where its value was taken, as it is for `axial_diameters`.

    Parameters
    ----------
    mask
        Voxels of shape ``(I, J, K)``, at least one; any block of the grid.
    geometry
        Grid that gives the axes; its shape and origin do not matter.

    Returns
    -------
    float
        In mm; at least the longest axial diameter and at most `feret_mm`, see the notes.

    Notes
    -----
    Let ``a``, ``b``, ``s`` be the edges of a voxel, ``s`` from slice to slice. The set that
    `feret_mm` measures is the hull of the voxel centres swept by a voxel, so that across a
    direction ``u`` it is ``c(u) + |u·a| + |u·b| + |u·s|`` wide, where the centres are ``c(u)``
    wide; a longest distance is a largest width. This one is the largest
    ``c(u) + |u·a| + |u·b|``: it subtracts ``|u·s|`` and nothing else. Hence

    - longest axial ≤ this ≤ `feret_mm` ≤ this + ``|s|``: the axial diameter is the same over the
      pairs of one slice only, and no ``|u·s|`` is above ``|s|``;
    - of any body whose voxels are those with their centre in it, this is at most the body's
      diameter ``D`` plus a pixel's longer diagonal ``d``: the centres lie in the body, so that
      ``c(u) ≤ D``, and ``|u·a| + |u·b| ≤ d``. `feret_mm` may be a voxel's diagonal above ``D``;
    - of a ball or an ellipsoid whose radii of curvature are at least half a voxel's diagonal
      ``v``, it is at least ``D − v − |w·s|``, ``w`` along the body's longest axis: the point
      ``v / 2`` inside either end has a voxel centre within ``(|w·a| + |w·b| + |w·s|) / 2`` along
      ``w``, and that centre lies in the body.
    """
    slices = geometry.axial_axis
    pixel = [axis for axis in range(3) if axis != slices]
    vectors = geometry.affine_ras[:3, :3]
    return _longest_between_mm(mask, vectors, cell=vectors[:, pixel])


def _longest_between_mm(
    mask: NDArray[np.bool_], vectors: NDArray[np.float64], *, cell: NDArray[np.float64]
) -> float:
    """Longest distance between points of cells around voxel centres, spanned by ``cell``."""
    ends = row_ends(mask, 0)
    for axis in (1, 2):
        ends = _ends_along(ends, axis)
    cell_mm = float(np.linalg.norm(_diagonals(cell), axis=1).max())
    return _longest_mm(_hull_vertices(_far_points(ends @ vectors.T, cell_mm)), cell)


def axial_diameters(mask: NDArray[np.bool_], geometry: Geometry) -> AxialDiameters:
    """Longest distance within one axial slice of a mask and the longest at a right angle to it.

    Between pixel corners, exact. A slice is what lies at one index of ``geometry.axial_axis``; on
    an oblique grid it is the acquired plane, not the plane of the world. Where several slices or
    several pairs of corners share the longest distance, the one with the longest perpendicular
    counts, so that the result does not depend on the order of the voxels.

    Parameters
    ----------
    mask
        Voxels of shape ``(I, J, K)``, at least one; any block of the grid.
    geometry
        Grid that gives the axes; its shape and origin do not matter.

    Returns
    -------
    AxialDiameters
        Both in mm; the longest is at least the diagonal of one pixel.
    """
    slices = geometry.axial_axis
    first, second = (axis for axis in range(3) if axis != slices)
    ends = _ends_along(row_ends(mask, first), second)
    ends = ends[np.argsort(ends[:, slices], kind="stable")]
    starts = np.flatnonzero(np.diff(ends[:, slices], prepend=-1))
    vectors = _plane_vectors(geometry.affine_ras[:3, [first, second]])
    pixels = np.split(ends[:, [first, second]], starts[1:])
    longest_mm, polygons = _longest_polygons(pixels, vectors)
    shortest_tie_mm = longest_mm * (1.0 - TIE)
    perpendicular_mm = max(_perpendicular_mm(polygon, shortest_tie_mm) for polygon in polygons)
    return AxialDiameters(longest_mm, perpendicular_mm)


def row_ends(mask: NDArray[np.bool_], axis: int) -> Indices:
    """Return the first and last voxel of every row of a mask along an axis, shape ``(n, 3)``."""
    rows = np.nonzero(mask.any(axis=axis))
    size = mask.shape[axis]
    first = mask.argmax(axis=axis)[rows]
    last = size - 1 - np.flip(mask, axis).argmax(axis=axis)[rows]
    places = [np.tile(row, 2) for row in rows]
    places.insert(axis, np.concatenate([first, last]))
    return np.stack(places, axis=1)


def _ends_along(points: Indices, axis: int) -> Indices:
    low = points.min(axis=0)
    sizes = points.max(axis=0) - low + 1
    order = [*(other for other in range(3) if other != axis), axis]
    keys = np.sort(np.ravel_multi_index((points - low)[:, order].T, sizes[order]))
    new_row = np.diff(keys // sizes[axis]) != 0
    is_end = np.append(True, new_row) | np.append(new_row, True)
    ends = np.empty((np.count_nonzero(is_end), 3), np.intp)
    ends[:, order] = np.stack(np.unravel_index(keys[is_end], sizes[order]), axis=1)
    ends += low
    return ends


def _far_points(points_mm: NDArray[np.float64], cell_mm: float) -> NDArray[np.float64]:
    """Leave out points too near the middle to be an end of the longest distance.

    Nothing lies farther from the middle than ``reach``, so both ends of a distance of at least
    ``span`` lie at least ``span - reach`` from it; ``cell_mm`` is what whole voxels add.
    """
    one = points_mm[_distances_mm(points_mm, points_mm.mean(axis=0)).argmax()]
    other = points_mm[_distances_mm(points_mm, one).argmax()]
    away = _distances_mm(points_mm, (one + other) / 2.0)
    span = float(np.linalg.norm(one - other))
    far: NDArray[np.float64] = points_mm[away >= (span - away.max()) * (1.0 - TIE) - cell_mm]
    return far


def _distances_mm(
    points_mm: NDArray[np.float64], place: NDArray[np.float64]
) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.sqrt(((points_mm - place) ** 2).sum(axis=1))
    return distances


def _hull_vertices(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(points_mm) < HULL_WORTH_POINTS:
        return points_mm
    from scipy.spatial import ConvexHull, QhullError

    try:
        vertices: NDArray[np.float64] = points_mm[ConvexHull(points_mm).vertices]
    except QhullError:  # all in one plane or line: no hull of three dimensions, all points count
        return points_mm
    return vertices


def _plane_vectors(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Express two vectors in a right-angled frame of their plane: columns of shape ``(2, 2)``."""
    plane: NDArray[np.float64] = np.linalg.qr(vectors).R
    return plane


def _longest_polygons(
    pixels: Sequence[Indices], vectors: NDArray[np.float64]
) -> tuple[float, list[NDArray[np.float64]]]:
    """Return the longest distance within one slice, and the different hulls that reach it in mm."""
    limits_mm = _longest_possible_mm(pixels, vectors)
    found: dict[bytes, tuple[float, NDArray[np.float64]]] = {}
    longest_mm = 0.0
    for index in np.argsort(-limits_mm, kind="stable").tolist():
        if limits_mm[index] < longest_mm * (1.0 - TIE):
            break
        corners = convex_polygon(pixels[index])
        if (key := corners.tobytes()) not in found:
            polygon = corners @ vectors.T
            found[key] = (float(_apart_mm(polygon).max()), polygon)
            longest_mm = max(longest_mm, found[key][0])
    reach = longest_mm * (1.0 - TIE)
    return longest_mm, [polygon for mm, polygon in found.values() if mm >= reach]


def _apart_mm(points: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = (np.subtract.outer(values, values) for values in points.T)
    apart: NDArray[np.float64] = np.sqrt(x * x + y * y)
    return apart


def _longest_possible_mm(
    pixels: Sequence[Indices], vectors: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound each slice's longest distance by its widths: no direction is far from all of them."""
    angles = np.arange(WIDTHS) * np.pi / WIDTHS
    across = vectors.T @ np.stack([np.cos(angles), np.sin(angles)])
    starts = np.cumsum([0, *(len(part) for part in pixels[:-1])])
    reach = np.concatenate(pixels) @ across
    widths = np.maximum.reduceat(reach, starts) - np.minimum.reduceat(reach, starts)
    cell = np.abs(across).sum(axis=0)
    # the longest distance lies at most π / (2 WIDTHS) away from one of these directions
    limits: NDArray[np.float64] = (widths + cell).max(axis=1) / np.cos(np.pi / (2 * WIDTHS))
    return limits * (1.0 + TIE)


def convex_polygon(pixels: Indices) -> Indices:
    """Return the vertices of the convex hull of whole pixels, by Andrew's monotone chain.

    Parameters
    ----------
    pixels
        Indices of pixel centres, shape ``(n, 2)``, at least one.

    Returns
    -------
    ndarray
        Pixel corners in order around the polygon, shape ``(m, 2)``, none on a straight edge. A
        corner has the index of the pixel that it is the low corner of.
    """
    start = int(pixels[:, 0].min())
    x, y = pixels[:, 0] - start, pixels[:, 1]
    columns = int(x.max()) + 2
    low = np.full(columns, np.iinfo(np.intp).max)
    high = np.full(columns, np.iinfo(np.intp).min)
    for side in (x, x + 1):
        np.minimum.at(low, side, y)
        np.maximum.at(high, side, y + 1)
    filled = np.flatnonzero(low <= high)
    below = zip((filled + start).tolist(), low[filled].tolist(), strict=True)
    above = zip((filled + start)[::-1].tolist(), high[filled][::-1].tolist(), strict=True)
    return np.array([*_chain(below), *_chain(above)], dtype=np.intp)


def _chain(ordered: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return those of the points that turn left, one side of the hull."""
    chain: list[tuple[int, int]] = []
    for x, y in ordered:
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2:]
            # whole numbers: no rounding decides whether three corners lie on a line
            if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):
                break
            chain.pop()
        chain.append((x, y))
    return chain


def _perpendicular_mm(polygon: NDArray[np.float64], shortest_tie_mm: float) -> float:
    """Longest chord at a right angle to a pair of vertices that is at least so far apart."""
    pairs = np.argwhere(np.triu(_apart_mm(polygon) >= shortest_tie_mm, 1))
    return max(_longest_chord_mm(polygon, one, other) for one, other in pairs.tolist())


def _longest_chord_mm(polygon: NDArray[np.float64], one: int, other: int) -> float:
    """Longest chord at a right angle to the diameter between two vertices.

    No vertex lies beyond the ends of a diameter, so along it both sides of the polygon rise from
    one end to the other; between vertices the chord's length changes linearly.
    """
    x, y = (polygon[other] - polygon[one]) / np.linalg.norm(polygon[other] - polygon[one])
    turned = np.roll(polygon, -one, axis=0) @ np.array([[x, -y], [y, x]])
    corner = (other - one) % len(polygon)
    sides = turned[: corner + 1], np.concatenate([turned[corner:], turned[:1]])[::-1]
    heights = [np.interp(turned[:, 0], side[:, 0], side[:, 1]) for side in sides]
    return float(np.abs(heights[1] - heights[0]).max())


def _longest_mm(points_mm: NDArray[np.float64], vectors: NDArray[np.float64]) -> float:
    """Longest distance between corners of cells at the points, spanned by the column vectors."""
    from scipy.spatial.distance import cdist

    diagonals = _diagonals(vectors)
    cell_mm = float(np.linalg.norm(diagonals, axis=1).max())
    centred = points_mm - points_mm.mean(axis=0)
    rows = max(1, PAIRS_AT_ONCE // len(points_mm))
    longest_mm = 0.0
    for start in range(0, len(points_mm), rows):
        apart_mm = cdist(centred[start : start + rows], centred)
        # corners add at most a cell's diagonal to centres: nearer pairs cannot be the longest
        reach_mm = max(longest_mm, float(apart_mm.max())) * (1.0 - TIE) - cell_mm
        ones, others = np.nonzero(apart_mm >= reach_mm)
        steps = centred[start + ones] - centred[others]
        ends = np.linalg.norm(steps[:, None] + diagonals, axis=2)
        longest_mm = max(longest_mm, float(ends.max(initial=0.0)))
    return longest_mm


def _diagonals(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Diagonals of a cell; one of each opposite pair is enough because the pairs run both ways."""
    free = vectors.shape[1] - 1
    signs = np.array([(1.0, *rest) for rest in product((-1.0, 1.0), repeat=free)])
    diagonals: NDArray[np.float64] = signs @ vectors.T
    return diagonals
