"""Shared volumes of two label maps on their own grids."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import LARGEST_CODE, LabelMap
from remnant.testing.grids import grid_around
from remnant.testing.phantom_shapes import Ball
from remnant.testing.phantoms import binary_map
from remnant.testing.strategies import label_maps, rotations
from volumetry.agreement.overlap import MOST_CODES, dice_fraction, overlaps_ml

CODES = (1, 2, 3, 4, 5)


def shared(before, after, matrix):
    return overlaps_ml(before, after, matrix, before_codes=CODES, after_codes=CODES)


def lens_ml(radius_mm, apart_mm):
    """Volume common to two equal balls."""
    return np.pi * (4 * radius_mm + apart_mm) * (2 * radius_mm - apart_mm) ** 2 / 12 / 1000


@given(labels=label_maps(scheme=INSTANCE_SCHEME))
def test_same_map__shares_all_of_each_code_with_itself(labels):
    own = [np.count_nonzero(labels.codes == c) * labels.geometry.voxel_volume_ml for c in CODES]

    assert np.diag(own) == pytest.approx(shared(labels, labels, np.eye(4)))


@given(labels=label_maps(scheme=INSTANCE_SCHEME), turn=rotations(), shift=st.floats(-200, 200))
@settings(max_examples=20)
def test_moved_grid__the_motion_brings_it_back(labels, turn, shift):
    """The grid of the second scan is the first one's, moved: every voxel meets itself."""
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = turn, (shift, -2 * shift, 17.0)
    moved = Geometry(labels.geometry.shape, motion @ labels.geometry.affine_ras)
    after = LabelMap(labels.codes, moved, INSTANCE_SCHEME)

    assert shared(labels, labels, np.eye(4)) == pytest.approx(shared(labels, after, motion))


@given(first=label_maps(scheme=INSTANCE_SCHEME), second=label_maps(scheme=INSTANCE_SCHEME),
       turn=rotations())  # fmt: skip
@settings(max_examples=20)
def test_exchange__transposes(first, second, turn):
    motion = np.eye(4)
    motion[:3, :3] = turn
    meeting = second.geometry.corners_ras().mean(axis=0) - turn @ (
        first.geometry.corners_ras().mean(axis=0)
    )
    motion[:3, 3] = meeting

    forth = shared(first, second, motion)

    assert forth == pytest.approx(shared(second, first, np.linalg.inv(motion)).T, abs=1e-9)
    for labels, sums in ((first, forth.sum(axis=1)), (second, forth.sum(axis=0))):
        assert sums.shape == (5,)
        assert (sums >= 0).all()
        assert labels.codes.size * labels.geometry.voxel_volume_ml >= 0


@pytest.mark.parametrize("spacing_mm", [(0.9, 1.1, 1.0), (1.3, 0.8, 3.0)])
def test_two_balls__share_the_lens_on_any_pair_of_grids(spacing_mm):
    first, second = Ball((0, 0, 0), 15.0), Ball((10, 0, 0), 15.0)
    grid = grid_around(((-20, -20, -20), (30, 20, 20)), spacing_mm=spacing_mm)
    before = binary_map(first, geometry=grid)
    after = binary_map(second, spacing_mm=(1.0, 1.0, 1.0))

    found = overlaps_ml(before, after, np.eye(4), before_codes=(1,), after_codes=(1,))

    # the lens has 4 pi r h = 1885 mm2 of surface; half a voxel diagonal around it is the bound
    bound_ml = 1885 * (np.linalg.norm(spacing_mm) + np.sqrt(3)) / 2 / 1000 / 2
    assert lens_ml(15.0, 10.0) == pytest.approx(found[0, 0], abs=bound_ml)
    assert lens_ml(15.0, 10.0) / (4 / 3 * np.pi * 3.375) == pytest.approx(
        dice_fraction(before, after, np.eye(4)), abs=bound_ml / 14.1
    )


def test_codes_left_out__count_as_background():
    codes = np.array([1, 2, 2, 7], dtype=np.uint16).reshape(4, 1, 1)
    labels = LabelMap(codes, Geometry((4, 1, 1), np.diag((10.0, 10.0, 10.0, 1.0))), INSTANCE_SCHEME)

    found = overlaps_ml(labels, labels, np.eye(4), before_codes=(7, 2), after_codes=(2,))

    assert [[0.0], [2.0]] == pytest.approx(found)


def test_apart__share_nothing():
    ball = binary_map(Ball((0, 0, 0), 5.0))
    away = np.eye(4)
    away[0, 3] = 500.0

    assert 0.0 == dice_fraction(ball, ball, away)
    assert 1.0 == dice_fraction(ball, ball, np.eye(4))


def test_bad_input__is_refused():
    ball = binary_map(Ball((0, 0, 0), 5.0))
    empty = LabelMap(np.zeros_like(ball.codes), ball.geometry, BINARY_SCHEME)

    with pytest.raises(InputError, match="regular"):
        dice_fraction(ball, ball, np.zeros((4, 4)))
    with pytest.raises(InputError, match="regular"):
        dice_fraction(ball, ball, np.eye(3))
    with pytest.raises(InputError, match="both maps are empty"):
        dice_fraction(empty, empty, np.eye(4))
    with pytest.raises(InputError, match="is the most"):
        overlaps_ml(ball, ball, np.eye(4), before_codes=range(1, 5002), after_codes=(1,))


# Edges of overlaps that chance does not reach


CUBES = np.diag((10.0, 10.0, 10.0, 1.0))


def row_of(*codes, affine_ras=CUBES):
    grid = Geometry((len(codes), 1, 1), affine_ras)
    return LabelMap(np.array(codes, dtype=np.uint16).reshape(-1, 1, 1), grid, INSTANCE_SCHEME)


def test_codes__the_largest_one_is_found():
    labels = row_of(LARGEST_CODE, 1, LARGEST_CODE)
    found = overlaps_ml(
        labels, labels, np.eye(4), before_codes=(LARGEST_CODE,), after_codes=(LARGEST_CODE,)
    )
    assert pytest.approx(found[0, 0]) == 2.0


def test_codes__as_many_as_allowed_are_allowed():
    labels = row_of(MOST_CODES, 1)
    every = range(1, MOST_CODES + 1)
    found = overlaps_ml(labels, labels, np.eye(4), before_codes=every, after_codes=(1,))
    assert pytest.approx(found.sum()) == 1.0


def test_order_in_memory__does_not_change_the_result():
    rng = np.random.default_rng(3)
    grid = Geometry((7, 8, 9), np.diag((1.0, 2.0, 3.0, 1.0)))
    codes = rng.integers(0, 4, grid.shape).astype(np.uint8)
    motion = np.eye(4)
    motion[:3, 3] = 0.3, -0.7, 1.1
    stored = (codes, np.asfortranarray(codes), codes.transpose(1, 0, 2).copy().transpose(1, 0, 2))
    maps = [LabelMap(array, grid, INSTANCE_SCHEME) for array in stored]
    by_hand = np.zeros((3, 3))
    for axes in np.ndindex(*grid.shape):
        i, j, k = np.floor((axes * np.array((1.0, 2.0, 3.0)) + motion[:3, 3])
                           / (1.0, 2.0, 3.0) + 0.5).astype(int)  # fmt: skip
        inside = min(i, j, k) >= 0 and i < 7 and j < 8 and k < 9
        if inside and codes[axes] and codes[i, j, k]:
            by_hand[codes[axes] - 1, codes[i, j, k] - 1] += 0.006
    for labels in maps:
        found = overlaps_ml(labels, labels, motion, before_codes=(1, 2, 3), after_codes=(1, 2, 3))
        assert by_hand == pytest.approx(found)


def test_centres_on_a_border__all_fall_to_the_same_side():
    """Moved by half a voxel of 0.7 mm: no sum of floats may part one voxel from the others."""
    spacing = np.diag((0.7, 0.7, 0.7, 1.0))
    labels = row_of(*[1] * 40, affine_ras=spacing)
    motion = np.eye(4)
    motion[0, 3] = 0.35
    found = overlaps_ml(labels, labels, motion, before_codes=(1,), after_codes=(1,))
    voxel_ml = 0.7**3 / 1000
    assert pytest.approx(found[0, 0]) == (39 + 40) / 2 * voxel_ml


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("steps", [-1, 1])
def test_edge__a_voxel_beyond_the_grid_does_not_come_in_at_its_other_end(axis, steps):
    grid = Geometry((4, 5, 6), CUBES)
    full = LabelMap(np.ones(grid.shape, np.uint8), grid, INSTANCE_SCHEME)
    motion = np.eye(4)
    motion[axis, 3] = 10.0 * steps
    found = overlaps_ml(full, full, motion, before_codes=(1,), after_codes=(1,))
    expected = 120 * (grid.shape[axis] - 1) / grid.shape[axis]
    assert pytest.approx(found[0, 0]) == expected
