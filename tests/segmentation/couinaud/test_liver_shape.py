"""A liver's shape and frame: derived figures, the same on any grid."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.networks.couinaud_shape import REFERENCE_ML, frame_points
from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import LabelMap
from segmentation.couinaud.liver_shape import SHAPE_GRID_MM, liver_shape

RADIUS_MM = 45.0
CENTRE_MM = (12.0, -31.0, 55.0)


def ball_on(affine_ras, shape, radius_mm=RADIUS_MM):
    grid = Geometry(shape, affine_ras)
    points = grid.ras_from_index(np.stack(np.indices(shape), axis=-1))
    inside = np.linalg.norm(points - CENTRE_MM, axis=-1) <= radius_mm
    return LabelMap(np.asfortranarray(inside.astype(np.uint8)), grid, BINARY_SCHEME)


def grid_around(axes, shape):
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = axes
    affine_ras[:3, 3] = np.array(CENTRE_MM) - axes @ ((np.array(shape) - 1) / 2)
    return affine_ras


def turned(angle, spacing):
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag(spacing)


GRIDS = {
    "upright": (np.diag((2.0, 2.0, 2.0)), (60, 61, 62)),
    "mirrored": (np.diag((-2.0, -1.5, 2.5)), (60, 80, 50)),
    "fine": (np.diag((0.9, 0.9, 1.2)), (112, 113, 90)),
    "thick slices": (np.diag((1.1, 1.1, 5.0)), (96, 95, 24)),
    "turned": (turned(0.4, (1.7, 2.1, 2.4)), (70, 60, 50)),
    "axes exchanged": (np.diag((2.0, 2.1, 2.2))[:, [2, 0, 1]], (60, 61, 62)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_shape__of_a_ball_is_the_same_on_every_grid(name):
    axes, shape = GRIDS[name]

    found = liver_shape(ball_on(grid_around(axes, shape), shape))

    volume_ml = 4 / 3 * np.pi * RADIUS_MM**3 / 1000
    assert pytest.approx((volume_ml / REFERENCE_ML) ** (1 / 3), rel=0.02) == found.scale
    assert pytest.approx(CENTRE_MM, abs=0.7) == found.centre_mm.tolist()
    distance = found.frame_distance_mm(frame_points()).numpy() * found.scale
    ideal = RADIUS_MM - np.linalg.norm(frame_points().numpy() * found.scale, axis=-1)
    near = np.abs(ideal) < 15.0
    # half a voxel diagonal of the coarser of both grids
    bound = np.sqrt(3) / 2 * max(SHAPE_GRID_MM, *np.linalg.norm(axes, axis=0)) + 0.7
    assert np.abs(distance - ideal)[near].max() < bound


def test_shape__frame_and_patient_agree():
    axes, shape = GRIDS["turned"]
    found = liver_shape(ball_on(grid_around(axes, shape), shape))
    points_mm = np.array([[10.0, -20.0, 50.0], [0.0, 0.0, 0.0]])

    framed = found.frame_from_ras(points_mm)

    back = found.grid.ras_from_index(found.indices(torch.from_numpy(framed)).numpy())
    assert np.abs(points_mm - back).max() < 1e-3


@given(seed=st.integers(0, 1000), factor=st.sampled_from((0.7, 1.6)))
def test_shape__size_does_not_show_in_the_frame(seed, factor):
    rng = np.random.default_rng(seed)
    axes, shape = np.diag(rng.uniform(1.6, 2.4, 3)), (64, 60, 56)
    small = liver_shape(ball_on(grid_around(axes, shape), shape))
    large_axes = axes * factor
    large = liver_shape(ball_on(grid_around(large_axes, shape), shape, RADIUS_MM * factor))

    one, other = (s.frame_distance_mm(frame_points()) for s in (small, large))

    near = (one.abs() < 10) & (other.abs() < 10)
    # each may be off by half a diagonal of its own grid, and by the grid the ball was drawn on
    bound = np.sqrt(3) / 2 * SHAPE_GRID_MM * (1 / small.scale + 1 / large.scale)
    assert float((one - other)[near].abs().max()) < bound


def test_shape__cavities_count_as_liver():
    axes, shape = GRIDS["upright"]
    whole = ball_on(grid_around(axes, shape), shape)
    holed = whole.codes.copy()
    holed[28:32, 28:32, 28:32] = 0

    found = liver_shape(LabelMap(holed, whole.geometry, BINARY_SCHEME))

    assert pytest.approx(liver_shape(whole).scale) == found.scale


def test_shape__empty_and_too_thin_are_refused():
    grid = Geometry((9, 8, 7), np.diag((0.5, 0.5, 0.5, 1.0)))
    codes = np.zeros(grid.shape, np.uint8)
    with pytest.raises(EmptyStructureError, match="liver map"):
        liver_shape(LabelMap(codes, grid, BINARY_SCHEME))
    codes = codes.copy()
    codes[4, 4, 3] = 1
    with pytest.raises(EmptyStructureError, match="thinner"):
        liver_shape(LabelMap(codes, grid, BINARY_SCHEME))
