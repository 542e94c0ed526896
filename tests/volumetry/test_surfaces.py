"""Areas against bodies whose surface is known, and the grid's variance against theory."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import marching_cubes, mesh_surface_area

from remnant.core.geometry import Geometry
from remnant.testing.grids import grid_around
from remnant.testing.phantom_shapes import Ball, digitise
from remnant.testing.strategies import balls, directions, spacings
from volumetry.surfaces import NO_FACES, _direction_shares, face_vectors_mm2, grid_mm4, mask_surface

PARTS = st.tuples(*[st.floats(0.0, 1.0)] * 3)
ALL_CUT = ((True, True), (True, True), (True, True))


def grid(*spacing_mm, shape=(7, 8, 9)):
    return Geometry(shape, np.diag([*spacing_mm, 1.0]))


@given(
    ball=balls(low_mm=8.0, high_mm=14.0),
    axes=directions(),
    spacing_mm=spacings(0.8, 2.0),
    offset=PARTS,
)
def test_area__ball_on_any_grid(ball, axes, spacing_mm, offset):
    geometry = grid_around(
        ball.box_mm, spacing_mm=spacing_mm, directions=axes, offset_voxels=offset, margin_mm=1.0
    )
    area = mask_surface(digitise(ball, geometry), geometry).area_mm2
    # Crofton's formula has no bias over directions; voxels of 2 mm see a ball of 8 mm to 10 %
    assert area == pytest.approx(4 * np.pi * ball.radius_mm**2, rel=0.10)


def test_area__half_the_spread_of_marching_cubes_on_a_smooth_body():
    geometry = grid(1.0, 1.0, 1.0, shape=(50, 50, 50))
    ball = Ball((24.3, 24.6, 24.1), 19.0)
    mask = digitise(ball, geometry)
    truth = 4 * np.pi * 19.0**2

    vertices, faces, _, _ = marching_cubes(mask.astype(float), 0.5)

    ours = abs(mask_surface(mask, geometry).area_mm2 - truth)
    assert ours < 0.5 * abs(mesh_surface_area(vertices, faces) - truth)


def test_area__flat_faces_within_what_thirteen_directions_see():
    mask = np.ones((20, 20, 20), np.bool_)
    # a plane across one axis: 0.93 of it, by the shares of the 13 directions on a cubic grid
    area = mask_surface(mask, grid(1.0, 1.0, 1.0, shape=mask.shape)).area_mm2
    assert 0.90 * 2400 < area < 2400


@given(
    mask=arrays(np.bool_, (3, 4, 5)),
    axes=st.permutations(range(3)),
    flips=st.tuples(*[st.booleans()] * 3),
)
def test_area__same_for_other_orders_of_the_axes(mask, axes, flips):
    spacing = np.array((0.7, 1.1, 2.3))
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(spacing)[:, list(axes)]
    turned = mask.transpose(axes)
    for axis, flip in enumerate(flips):
        if flip:
            turned, matrix[:3, axis] = np.flip(turned, axis), -matrix[:3, axis]
    turned_area = mask_surface(turned, Geometry(turned.shape, matrix)).area_mm2
    assert turned_area == pytest.approx(
        mask_surface(mask, grid(*spacing, shape=mask.shape)).area_mm2
    )


@given(mask=arrays(np.bool_, (3, 4, 5)))
def test_contents__equal_cells_counted_one_by_one(mask):
    padded = np.pad(mask, 1)
    cells = [
        padded[i : i + 2, j : j + 2, k : k + 2]
        for i, j, k in product(*(range(n - 1) for n in padded.shape))
    ]
    surface = mask_surface(mask, grid(1.0, 2.0, 3.0, shape=mask.shape))

    assert sum(bool(c.all()) for c in cells) == surface.inner_voxels
    assert sum(bool(c.any()) for c in cells) == surface.outer_voxels


def test_area__does_not_depend_on_slabs(monkeypatch):
    mask = np.random.default_rng(4).random((30, 9, 8)) > 0.4
    geometry = grid(0.7, 1.3, 2.0, shape=mask.shape)
    whole = mask_surface(mask, geometry)
    monkeypatch.setattr("volumetry.surfaces.CELLS_AT_ONCE", 200)

    assert mask_surface(mask, geometry) == whole
    assert mask_surface(np.asfortranarray(mask), geometry) == whole


def test_area__the_edge_of_the_scan_is_no_surface():
    mask = np.ones((6, 7, 8), np.bool_)
    geometry = grid(1.0, 1.0, 1.0, shape=mask.shape)

    assert mask_surface(mask, geometry, cut=ALL_CUT).area_mm2 == 0.0
    one_side = tuple((axis == 1, False) for axis in range(3))
    closed = mask_surface(mask, geometry).area_mm2
    assert closed - mask_surface(mask, geometry, cut=one_side).area_mm2 == pytest.approx(
        48, rel=0.25
    )


def test_area__two_halves_of_a_cut_ball_are_the_ball():
    geometry = grid(1.0, 1.2, 1.5, shape=(40, 34, 28))
    mask = digitise(Ball((20.0, 20.0, 20.0), 15.0), geometry)
    low, high = mask[:21], mask[20:]  # they share a layer, as the cells do
    cut_high = ((False, True), *NO_FACES[1:])
    cut_low = ((True, False), *NO_FACES[1:])

    halves = mask_surface(low, geometry, cut=cut_high).area_mm2
    halves += mask_surface(high, geometry, cut=cut_low).area_mm2
    assert halves == pytest.approx(mask_surface(mask, geometry).area_mm2)


def test_area__empty():
    surface = mask_surface(np.zeros((3, 4, 5), np.bool_), grid(1.0, 1.0, 1.0))

    assert (surface.area_mm2, surface.inner_voxels, surface.outer_voxels) == (0.0, 0, 0)


def test_grid__cubes_have_the_published_constant():
    # Z(4) of the cubic lattice is 16.5323; divided by 8 pi^3 it is 0.06665
    assert grid_mm4(grid(1.0, 1.0, 1.0)) == pytest.approx(0.06665, rel=1e-3)
    assert grid_mm4(grid(2.0, 2.0, 2.0)) == pytest.approx(0.06665 * 16, rel=1e-3)


def test_grid__same_for_any_order_and_rotation():
    reference = grid_mm4(grid(0.7, 0.9, 5.0))
    for spacing in permutations((0.7, 0.9, 5.0)):
        assert grid_mm4(grid(*spacing)) == pytest.approx(reference)
    matrix = np.eye(4)
    turn = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]])
    matrix[:3, :3] = turn @ np.diag((0.7, 0.9, 5.0))
    assert grid_mm4(Geometry((7, 8, 9), matrix)) == pytest.approx(reference, rel=1e-3)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.8, 0.8, 2.5)])
def test_grid__predicts_the_scatter_of_voxel_counts(spacing_mm):
    rng = np.random.default_rng(7)
    errors, predicted = [], []
    for _ in range(400):
        radius = rng.uniform(6.0, 9.0)
        ball = Ball(tuple(rng.uniform(11.0, 12.0, 3)), radius)
        geometry = grid(*spacing_mm, shape=tuple(int(24 / s) for s in spacing_mm))
        counted_mm3 = np.count_nonzero(digitise(ball, geometry)) * np.prod(spacing_mm)
        errors.append(counted_mm3 - 4 / 3 * np.pi * radius**3)
        predicted.append(grid_mm4(geometry) * 4 * np.pi * radius**2)
    # 400 draws know a standard deviation to 3.5 %; balls lie on the grid in one direction only
    assert np.std(errors) == pytest.approx(np.sqrt(np.mean(predicted)), rel=0.25)


def test_faces__area_vectors_of_a_block_close():
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag((1.0, 2.0, 3.0))
    np.testing.assert_allclose(
        face_vectors_mm2(Geometry((2, 3, 4), matrix)), np.diag((6.0, 3.0, 2.0))
    )


# Weights of directions and the constant of the grid, against published and drawn ones


STEPS = np.array([step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)])
PUBLISHED = {1: 0.045778, 2: 0.036981, 3: 0.035196}
"""Weights of the 26 directions of a cubic grid by how many axes they run along (Ohser and Mücklich,
Statistical analysis of microstructures, 2000)."""


def grid_directions(edges_mm):
    steps_mm = STEPS @ np.diag(edges_mm)
    return steps_mm / np.linalg.norm(steps_mm, axis=1)[:, None]


def test_directions__of_cubes_have_the_published_weights():
    shares = _direction_shares(grid_directions((1.0, 1.0, 1.0)))
    expected = [2 * PUBLISHED[np.count_nonzero(step)] for step in STEPS]
    assert sum(expected) == pytest.approx(1.0, abs=1e-5)
    assert expected == pytest.approx(shares, abs=2e-6)  # published to six places


@pytest.mark.parametrize("edges_mm", [(0.7, 0.7, 2.5), (1.5, 0.9, 5.0)])
def test_directions__weights_are_shares_of_the_sphere(edges_mm):
    found = grid_directions(edges_mm)
    points = np.random.default_rng(4).standard_normal((400_000, 3))
    nearest = np.abs(points @ found.T).argmax(axis=1)  # lengths do not matter for the nearest
    drawn = np.bincount(nearest, minlength=len(found)) / len(points)
    assert drawn == pytest.approx(_direction_shares(found), abs=0.0025)  # four sd


def test_grid__constant_of_cubes_to_four_digits():
    """The sum of 1 / k⁴ over the whole numbers in space is 16.5323."""
    grid = Geometry((2, 3, 4), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert grid_mm4(grid) == pytest.approx(16.5323 / (8 * np.pi**3) * 2**4, rel=1e-4)
