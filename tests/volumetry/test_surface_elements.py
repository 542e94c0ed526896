"""Elements of a voxel surface: their areas, and how far they lie from another surface."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.geometry import Geometry
from remnant.testing.grids import grid_around
from remnant.testing.phantom_shapes import Ball, digitise
from remnant.testing.strategies import geometries
from volumetry.surface_elements import CORNERS, element_areas_mm2, surface_distances

CODES = range(256)


def grid(spacing_mm):
    return Geometry((7, 8, 9), np.diag([*spacing_mm, 1.0]))


def cells(code):
    """The eight voxels of a code, shape (2, 2, 2)."""
    return np.array([code >> bit & 1 for bit in range(8)], dtype=bool).reshape(2, 2, 2)


def code_of(block):
    return sum(1 << bit for bit, corner in enumerate(CORNERS) if block[corner])


@pytest.mark.parametrize(
    ("code", "area"),
    [
        (0b00000001, np.sqrt(3) / 8),  # one corner: a triangle
        (0b00000011, np.sqrt(0.5)),  # an edge: a rectangle of 1 by the half diagonal
        (0b00001111, 1.0),  # a face
        (0b00010111, 3 * np.sqrt(3) / 4),  # a corner with its neighbours: a regular hexagon
        (0b00000111, 0.5 + 3 * np.sqrt(3) / 8),  # three in a face: a triangle and a trapezoid
        (0b10000001, np.sqrt(3) / 4),  # two opposite corners: two triangles
        (0b01101001, np.sqrt(3) / 2),  # four corners that do not touch: four triangles
    ],
)
def test_areas__of_the_unit_cube_by_hand(code, area):
    assert element_areas_mm2(grid((1, 1, 1)))[code] == pytest.approx(area, rel=1e-12)


def test_areas__nothing_only_where_all_voxels_are_alike():
    areas = element_areas_mm2(grid((0.7, 1.3, 3.1)))

    assert [0, 255] == [code for code in CODES if areas[code] == 0.0]


def test_areas__inside_and_outside_are_the_same_surface():
    areas = element_areas_mm2(grid((0.7, 1.3, 3.1)))

    np.testing.assert_allclose(areas, areas[::-1], rtol=1e-12)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product((False, True), repeat=3)))
def test_areas__turn_with_the_grid(order, flips):
    spacing = np.array([0.7, 1.3, 3.1])
    areas, turned = element_areas_mm2(grid(spacing)), element_areas_mm2(grid(spacing[list(order)]))
    axes = [axis for axis in range(3) if flips[axis]]
    codes = [code_of(np.flip(cells(code).transpose(order), axes)) for code in CODES]

    np.testing.assert_allclose(areas, turned[codes], rtol=1e-12)


def test_areas__of_a_sheared_grid_are_those_of_the_moved_triangle():
    columns = np.array([[2.0, 0.3, 0.1], [0.0, 1.5, -0.4], [0.0, 0.0, 3.0]])
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = columns
    a, b, c = (0.5 * columns[:, axis] for axis in range(3))

    triangle = np.linalg.norm(np.cross(b - a, c - a)) / 2

    assert element_areas_mm2(Geometry((2, 3, 4), affine_ras))[1] == pytest.approx(triangle)


def test_areas__sum_to_that_of_a_ball_within_a_tenth():
    """Midpoint patches overstate a smooth surface; marching cubes on voxels are known for it."""
    ball = Ball((0.3, -0.2, 0.1), 20.0)
    geometry = grid_around(ball.box_mm, spacing_mm=(1.0, 0.9, 1.1), margin_mm=3.0)
    mask = digitise(ball, geometry)

    one, other = surface_distances(mask, mask, geometry)

    true = 4 * np.pi * 20.0**2
    assert true < one.areas_mm2.sum() < 1.1 * true
    np.testing.assert_array_equal(one.areas_mm2, other.areas_mm2)


def brute_elements(mask, geometry):
    """Corners between unlike voxels in mm, in the order of their index."""
    padded = np.pad(mask, 1)
    found = [
        index
        for index in np.ndindex(*(n + 1 for n in mask.shape))
        if 0 < padded[tuple(slice(i, i + 2) for i in index)].sum() < 8
    ]
    return np.array(found) @ geometry.affine_ras[:3, :3].T


@given(geometries(), st.integers(0, 2**32 - 1))
def test_distances__are_those_of_a_search_through_all_pairs(geometry, seed):
    rng = np.random.default_rng(seed)
    shape = (3, 4, 5)
    prediction, truth = rng.random(shape) < 0.3, rng.random(shape) < 0.3
    prediction[0, 0, 0] = truth[-1, -1, -1] = True
    ours = surface_distances(prediction, truth, geometry)
    points = [brute_elements(mask, geometry) for mask in (prediction, truth)]
    between = np.linalg.norm(points[0][:, None] - points[1][None], axis=2)

    np.testing.assert_allclose(ours[0].distances_mm, between.min(axis=1), atol=1e-9)
    np.testing.assert_allclose(ours[1].distances_mm, between.min(axis=0), atol=1e-9)
