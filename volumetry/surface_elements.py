"""Surfaces of voxel masks as elements with an area, and distances between such surfaces.

A surface element sits at the common corner of eight voxels that are not all alike. It is the patch
that separates those voxels' centres: through the midpoints of the edges between unlike centres, as
in marching cubes. Elements, not voxels, are what the normalised surface Dice weighs: Nikolov et
al. 2021, doi:10.2196/26151.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Corner = tuple[int, int, int]

CORNERS: tuple[Corner, ...] = tuple(product((0, 1), repeat=3))  # type: ignore[arg-type]
ALL_INSIDE = 255
MOST_INSIDE = 4


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceDistances:
    """Distances of one surface's elements from another surface.

    ``distances_mm`` and ``areas_mm2`` have one entry for each element.
    """

    distances_mm: Floats
    areas_mm2: Floats


def surface_distances(
    prediction: Mask, truth: Mask, geometry: Geometry
) -> tuple[SurfaceDistances, SurfaceDistances]:
    """Measure how far each surface lies from the other: prediction to truth, truth to prediction.

    Distances run between the places of the elements (corners of voxels), exact on anisotropic,
    oblique and sheared grids.

    Parameters
    ----------
    prediction, truth
        Masks of one shape ``(I, J, K)``, neither empty; any block of the grid, beyond which lies
        nothing: a mask has a surface at the edge of the block too.
    geometry
        Grid that gives the axes; its shape and origin do not matter.
    """
    codes = tuple(_neighbourhoods(mask) for mask in (prediction, truth))
    surfaces = tuple((code != 0) & (code != ALL_INSIDE) for code in codes)
    areas = element_areas_mm2(geometry)
    first, second = (
        SurfaceDistances(
            distances_mm=_distances_mm(surfaces[one], surfaces[1 - one], geometry),
            areas_mm2=areas[codes[one][surfaces[one]]],
        )
        for one in (0, 1)
    )
    return first, second


def element_areas_mm2(geometry: Geometry) -> Floats:
    """Return the area of an element by the code of its eight voxels, in mm², shape ``(256,)``.

    Bit ``4 i + 2 j + k`` of the code is the voxel at ``(i, j, k)`` of the eight.
    """
    vectors = geometry.affine_ras[:3, :3]
    # normals change with the cofactors of the map that changes lengths
    cofactors = np.linalg.det(vectors) * np.linalg.inv(vectors).T
    areas = [np.linalg.norm(normals @ cofactors.T, axis=1).sum() for normals in _unit_normals()]
    return np.array(areas)


def _neighbourhoods(mask: Mask) -> NDArray[np.uint8]:
    """Return the code of the eight voxels around every corner, shape ``(I+1, J+1, K+1)``."""
    padded = np.pad(mask, 1).view(np.uint8)
    codes = np.zeros([n + 1 for n in mask.shape], np.uint8)
    for bit, corner in enumerate(CORNERS):
        block = tuple(slice(c, c + n) for c, n in zip(corner, codes.shape, strict=True))
        codes |= padded[block] << np.uint8(bit)
    return codes


def _distances_mm(surface: Mask, other: Mask, geometry: Geometry) -> Floats:
    """Distances of one surface's elements from the nearest of the other's, 0 where they share."""
    from scipy.spatial import KDTree

    shared = other[surface]
    distances = np.zeros(shared.size)
    if not shared.all():
        vectors = geometry.affine_ras[:3, :3].T
        tree = KDTree(np.argwhere(other) @ vectors)
        apart = np.argwhere(surface & ~other) @ vectors
        distances[~shared] = tree.query(apart)[0]
    return distances


@cache
def _unit_normals() -> tuple[Floats, ...]:
    """Return the triangles of every code as normals whose lengths are areas, on the unit cube."""
    return tuple(_normals_of(code) for code in range(ALL_INSIDE + 1))


def _normals_of(code: int) -> Floats:
    inside = {corner for bit, corner in enumerate(CORNERS) if code >> bit & 1}
    # the same surface seen from the other side; the fewer corners are those that are cut off
    fewer = inside if len(inside) <= MOST_INSIDE else set(CORNERS) - inside
    normals = [normal for group in _groups(fewer) for normal in _patch(group)]
    return np.array(normals).reshape(-1, 3)


def _groups(corners: set[Corner]) -> Iterator[set[Corner]]:
    """Yield the corners that edges of the cube join: each group is cut off by a patch."""
    left = set(corners)
    while left:
        group, new = set[Corner](), {left.pop()}
        while new:
            group |= new
            new = {c for c in left if any(_edge(c, member) for member in new)}
            left -= new
        yield group


def _edge(one: Corner, other: Corner) -> bool:
    return sum(a != b for a, b in zip(one, other, strict=True)) == 1


def _patch(group: set[Corner]) -> list[Floats]:
    """Return the triangles that cut off a group.

    A patch of five or six points need not be flat. Of the ways to cut it into triangles the one
    with the largest area on the unit cube is taken: it gives the areas that DeepMind's table has.
    """
    outline = _outline(group)
    ways = [
        [_normal(outline, triangle) for triangle in way] for way in _triangulations(0, len(outline))
    ]
    return max(ways, key=lambda way: round(float(sum(np.linalg.norm(n) for n in way)), 9))


def _outline(group: set[Corner]) -> list[Floats]:
    """Return the middles of the edges that leave a group, in turn around its patch."""
    edges = sorted((a, b) for a in group for b in CORNERS if b not in group and _edge(a, b))
    turn = [edges.pop(0)]
    while edges:
        following = next(edge for edge in edges if _faces(edge) & _faces(turn[-1]))
        edges.remove(following)
        turn.append(following)
    return [(np.array(a) + np.array(b)) / 2.0 for a, b in turn]


def _faces(edge: tuple[Corner, Corner]) -> set[tuple[int, int]]:
    """Return the two faces of the cube that an edge belongs to, as axis and side."""
    one, other = edge
    return {(axis, one[axis]) for axis in range(3) if one[axis] == other[axis]}


def _triangulations(first: int, end: int) -> Iterator[list[tuple[int, int, int]]]:
    """Yield every way to cut the polygon of the points ``first`` to ``end - 1`` into triangles."""
    last = end - 1
    if last - first < 2:  # noqa: PLR2004  (an edge)
        yield []
        return
    for apex in range(first + 1, last):
        for left in _triangulations(first, apex + 1):
            for right in _triangulations(apex, end):
                yield [(first, apex, last), *left, *right]


def _normal(points: list[Floats], triangle: tuple[int, int, int]) -> Floats:
    a, b, c = (points[index] for index in triangle)
    normal: Floats = np.cross(b - a, c - a) / 2.0
    return normal
