import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.testing.grids import grid_around, half_voxel_diagonal_mm
from remnant.testing.phantom_shapes import (
    Ball,
    Box,
    Ellipsoid,
    Group,
    digitise,
    discretisation_bound_ml,
    discretisation_interval_ml,
    voxel_centres,
)
from remnant.testing.strategies import balls, ellipsoids, geometries, grids_around

SAMPLES = 200_000


def shapes():
    near = st.floats(-40.0, 40.0)
    edge = st.floats(5.0, 60.0)
    boxes = st.builds(
        lambda low, edges: Box(low, tuple(a + b for a, b in zip(low, edges, strict=True))),
        st.tuples(near, near, near),
        st.tuples(edge, edge, edge),
    )
    return st.one_of(balls(), ellipsoids(), boxes)


def monte_carlo_ml(body, box_mm, samples=SAMPLES):
    """Volume and its standard error by drawing points in a box."""
    low, high = np.array(box_mm[0]), np.array(box_mm[1])
    points = np.random.default_rng(5).uniform(low, high, size=(samples, 3))
    share = body.contains(points).mean()
    whole_ml = np.prod(high - low) / 1000.0
    return share * whole_ml, whole_ml * np.sqrt(share * (1 - share) / samples)


@given(data=st.data(), shape=shapes())
def test_digitised_volume__lies_in_the_derived_interval_on_every_grid(data, shape):
    grid = data.draw(grids_around(shape.box_mm, low_mm=1.5, margin_mm=1.0))
    measured_ml = digitise(shape, grid).sum() * grid.voxel_volume_ml

    low, high = discretisation_interval_ml(shape, grid)

    assert low <= measured_ml <= high
    assert abs(measured_ml - shape.volume_ml) <= discretisation_bound_ml(shape, grid)


@given(shape=shapes())
def test_bound__falls_with_the_voxel(shape):
    coarse, fine = (grid_around(shape.box_mm, spacing_mm=(s, s, s)) for s in (2.0, 1.0))

    assert discretisation_bound_ml(shape, fine) < discretisation_bound_ml(shape, coarse)


def test_bound__of_a_ball_is_the_shell_by_hand():
    grid = Geometry((7, 8, 9), np.diag((1.0, 2.0, 2.0, 1.0)))  # half a diagonal is 1.5 mm

    assert discretisation_bound_ml(Ball((0.0, 0.0, 0.0), 10.0), grid) == pytest.approx(
        4e-3 / 3 * np.pi * (11.5**3 - 10.0**3)
    )


def test_bound__of_a_shape_smaller_than_a_voxel_allows_nothing_found():
    grid = Geometry((7, 8, 9), np.diag((5.0, 5.0, 5.0, 1.0)))

    assert discretisation_interval_ml(Ball((0.0, 0.0, 0.0), 2.0), grid)[0] == 0.0


@given(grid=geometries())
def test_half_voxel_diagonal__no_point_of_a_voxel_is_farther_from_its_centre(grid):
    inside = np.random.default_rng(1).uniform(-0.5, 0.5, size=(500, 3))
    distances = np.linalg.norm(inside @ grid.affine_ras[:3, :3].T, axis=1)

    assert distances.max() <= half_voxel_diagonal_mm(grid)
    assert half_voxel_diagonal_mm(grid) <= np.sum(grid.spacing_mm) / 2.0 + 1e-9


@pytest.mark.parametrize(
    "shape",
    [
        Ball((3.0, -4.0, 5.0), 12.0),
        Ellipsoid((3.0, -4.0, 5.0), (20.0, 9.0, 14.0)),
        Ellipsoid((0.0, 0.0, 0.0), (20.0, 9.0, 14.0),
                  np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]),
        Box((-3.0, -4.0, 5.0), (10.0, 12.0, 6.0)),
        Group((Ball((0.0, 0.0, 0.0), 8.0), Ball((30.0, 0.0, 9.0), 11.0))),
    ],
)  # fmt: skip
def test_exact_volume__agrees_with_monte_carlo(shape):
    low, high = np.array(shape.box_mm)
    wide = tuple(low - 5.0), tuple(high + 5.0)
    estimate_ml, error_ml = monte_carlo_ml(shape, wide)

    assert abs(shape.volume_ml - estimate_ml) <= 4.0 * error_ml


@given(shape=shapes(), by_mm=st.floats(0.1, 10.0), seed=st.integers(0, 1000))
def test_grown__holds_every_point_near_the_shape(shape, by_mm, seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(*np.array(shape.box_mm), size=(300, 3))
    inside = points[shape.contains(points)]
    steps = rng.normal(size=inside.shape)
    moved = inside + 0.999 * by_mm * steps / np.linalg.norm(steps, axis=1, keepdims=True)

    assert shape.grown(by_mm).contains(moved).all()


@given(shape=shapes(), by_mm=st.floats(0.1, 10.0), seed=st.integers(0, 1000))
def test_shrunk__points_stay_inside_wherever_they_move(shape, by_mm, seed):
    rng = np.random.default_rng(seed)
    shrunk = shape.grown(-by_mm)
    points = rng.uniform(*np.array(shape.box_mm), size=(300, 3))
    inside = points[shrunk.contains(points)]
    steps = rng.normal(size=inside.shape)
    moved = inside + 0.999 * by_mm * steps / np.linalg.norm(steps, axis=1, keepdims=True)

    if shrunk.volume_ml > 0:
        assert shape.contains(moved).all()


@pytest.mark.parametrize(
    "shape", [Ball((0.0, 0.0, 0.0), 5.0), Ellipsoid((0.0, 0.0, 0.0), (5.0, 6.0, 7.0)),
              Box((0.0, 0.0, 0.0), (5.0, 6.0, 7.0))],
)  # fmt: skip
def test_shrunk__to_nothing_has_no_volume(shape):
    assert shape.grown(-20.0).volume_ml == 0.0


@given(shape=shapes(), seed=st.integers(0, 1000))
def test_box__holds_the_shape(shape, seed):
    points = np.random.default_rng(seed).normal(scale=40.0, size=(2000, 3))
    low, high = np.array(shape.box_mm)
    inside = points[shape.contains(points)]

    assert (inside >= low - 1e-9).all()
    assert (inside <= high + 1e-9).all()


def test_ellipsoid__refuses_axes_that_are_no_rotation():
    with pytest.raises(InputError, match="orthonormal"):
        Ellipsoid((0.0, 0.0, 0.0), (1.0, 2.0, 3.0), np.diag((1.0, 2.0, 1.0)))


def test_digitise__shape_beyond_the_grid_gives_nothing():
    grid = Geometry((7, 8, 9), np.eye(4))

    assert not digitise(Ball((500.0, 0.0, 0.0), 3.0), grid).any()


@given(grid=geometries(), radius_mm=st.floats(2.0, 30.0), share=st.tuples(*[st.floats(0, 1)] * 3))
def test_digitise__equals_testing_every_voxel(grid, radius_mm, share):
    """The block around the shape is only a short cut, also for shapes half outside."""
    centre = grid.ras_from_index(np.array(share) * grid.shape)
    ball = Ball(tuple(centre), radius_mm)

    np.testing.assert_array_equal(digitise(ball, grid), ball.contains(voxel_centres(grid)))


@given(data=st.data(), shape=shapes())
def test_grid_around__covers_the_box(data, shape):
    grid = data.draw(grids_around(shape.box_mm, low_mm=1.0))
    low, high = np.array(shape.box_mm)
    points = np.random.default_rng(0).uniform(low, high, size=(500, 3))
    index = grid.index_from_ras(points)

    assert (index >= -1e-6).all()
    assert (index <= np.array(grid.shape) - 1 + 1e-6).all()
