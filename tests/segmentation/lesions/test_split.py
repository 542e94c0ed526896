"""Confluent lesions are split at their necks, others are not."""

import numpy as np
import pytest
from hypothesis import given, settings

from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.testing.grids import grid_around
from remnant.testing.phantom_shapes import Ball, Ellipsoid, digitise
from remnant.testing.strategies import grids_around
from segmentation.lesions.split import (
    MINIMUM_DEPTH_MM,
    SMALLEST_MASS_ML,
    split_confluent,
    surface_distance_mm,
)

BOX = ((-25.0, -25.0, -25.0), (60.0, 25.0, 25.0))
FINE = grid_around(BOX, spacing_mm=(1.0, 1.1, 1.2))


def lesion_map(*bodies, grid=FINE, codes=None):
    values = np.zeros(grid.shape, dtype=np.uint16)
    for body, code in zip(bodies, codes or [1] * len(bodies), strict=True):
        values[digitise(body, grid)] = code
    return LabelMap(values, grid, INSTANCE_SCHEME)


def sizes(labels):
    return np.bincount(labels.codes[labels.codes > 0], minlength=2)[1:].tolist()


def pair(apart_mm, first_mm=16.0, second_mm=14.0):
    return Ball((0, 0, 0), first_mm), Ball((apart_mm, 0, 0), second_mm)


def neck_depth_mm(apart_mm, first_mm, second_mm):
    """Smaller radius less that of the circle in which two balls meet."""
    place = (apart_mm**2 + first_mm**2 - second_mm**2) / (2 * apart_mm)
    return min(first_mm, second_mm) - np.sqrt(first_mm**2 - place**2)


def test_two_touching_balls__are_split_and_no_voxel_is_lost():
    one = lesion_map(*pair(26.0))

    split = split_confluent(one)

    assert (1, 2) == (split.masses, split.parts)
    assert np.array_equal(one.codes > 0, split.lesions.codes > 0)
    larger, smaller = sizes(split.lesions)
    assert larger >= smaller
    # the border is the plane in which the balls meet, to a voxel layer
    first, second = (np.count_nonzero(digitise(body, FINE)) for body in pair(26.0))
    layer = np.pi * 10.6**2 / (FINE.voxel_volume_ml * 1000)
    assert first == pytest.approx(larger, abs=2.5 * layer)
    assert second == pytest.approx(smaller, abs=2.5 * layer)
    assert Verdict.NOT_MET == split.quality.verdict
    assert 1.0 == split.quality.value
    assert reason(Cause.SPLIT_BY_SHAPE, 1, 2) in split.quality.reasons


@pytest.mark.parametrize(
    "body",
    [Ball((0, 0, 0), 20.0), Ellipsoid((15, 0, 0), (38.0, 15.0, 14.0))],
    ids=["ball", "long ellipsoid"],
)
@pytest.mark.parametrize("spacing_mm", [(1.0, 1.1, 1.2), (0.8, 0.8, 5.0)])
def test_convex_lesion__is_not_split(body, spacing_mm):
    one = lesion_map(body, grid=grid_around(BOX, spacing_mm=spacing_mm))

    split = split_confluent(one)

    assert (0, 0) == (split.masses, split.parts)
    assert np.array_equal(one.codes, split.lesions.codes)
    assert Verdict.MET == split.quality.verdict
    assert reason(Cause.SPLIT_BY_SHAPE, 0, 0) in split.quality.reasons


@pytest.mark.parametrize(("apart_mm", "parts"), [(16.0, 0), (25.0, 2)])
def test_neck__counts_from_its_stated_depth(apart_mm, parts):
    depth = neck_depth_mm(apart_mm, 16.0, 14.0)
    # a voxel's diagonal is what distances between centres may be off by
    assert (depth > MINIMUM_DEPTH_MM + 0.9) if parts else (depth < MINIMUM_DEPTH_MM - 0.9)

    assert parts == split_confluent(lesion_map(*pair(apart_mm))).parts


def test_small_lesion__stays_whole():
    """Two balls of 8 mm radius with a neck: less than the stated volume."""
    small = lesion_map(Ball((0, 0, 0), 8.0), Ball((14.0, 0, 0), 8.0))

    assert SMALLEST_MASS_ML > np.count_nonzero(small.codes) * FINE.voxel_volume_ml
    assert 0 == split_confluent(small).parts


def test_small_knob__is_no_lesion_of_its_own():
    """A knob of 4 mm radius (0.27 mL) on a stalk stays with its mass."""
    stalk = Ellipsoid((24.0, 0, 0), (12.0, 1.6, 1.6))
    knob = lesion_map(Ball((0, 0, 0), 18.0), stalk, Ball((32.0, 0, 0), 4.0))

    assert 0 == split_confluent(knob).parts


def test_three_balls_in_a_row__are_three():
    grid = grid_around(((-20, -20, -20), (75, 20, 20)), spacing_mm=(1.3, 1.2, 1.4))
    row = [Ball((26.0 * n, 0, 0), 15.0 - n) for n in range(3)]

    split = split_confluent(lesion_map(*row, grid=grid))

    assert (1, 3) == (split.masses, split.parts)


def test_other_lesions__keep_apart_and_all_are_numbered_by_volume():
    grid = grid_around(((-25, -25, -25), (60, 90, 25)), spacing_mm=(1.3, 1.2, 1.4))
    small, big = Ball((0, 45, 0), 6.0), Ball((10, 70, 0), 19.0)
    labels = lesion_map(*pair(26.0), small, big, grid=grid, codes=[1, 1, 3, 5])

    split = split_confluent(labels)

    assert (1, 2) == (split.masses, split.parts)
    assert sorted(sizes(split.lesions), reverse=True) == sizes(split.lesions)
    assert [4] == np.unique(split.lesions.codes[digitise(small, grid)]).tolist()
    assert [1] == np.unique(split.lesions.codes[digitise(big, grid)]).tolist()


@given(grid=grids_around(BOX, low_mm=1.5, high_mm=3.0, margin_mm=3.0))
@settings(max_examples=15)
def test_any_grid__two_balls_two_parts_one_ball_one(grid):
    """Oblique, mirrored, anisotropic and sheared: distances are in mm, not in voxels."""
    two, one = lesion_map(*pair(30.0, 17.0, 15.0), grid=grid), lesion_map(
        Ball((15.0, 0, 0), 20.0), grid=grid
    )  # fmt: skip

    split = split_confluent(two)

    assert 2 == split.parts
    assert np.array_equal(two.codes > 0, split.lesions.codes > 0)
    assert 0 == split_confluent(one).parts


def test_distance__on_a_sheared_grid_by_brute_force():
    matrix = np.array([[1.5, 0.6, 0, 3], [0, 1.2, 0.4, 5], [0, 0, 2.1, 7], [0, 0, 0, 1.0]])
    grid = Geometry((9, 8, 7), matrix)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1:-1, 1:-1, 1:-1] = np.random.default_rng(3).random((7, 6, 5)) < 0.9
    points = grid.ras_from_index(np.argwhere(np.ones(grid.shape)))
    inside = mask.ravel()

    nearest = np.linalg.norm(points[inside][:, None] - points[~inside][None], axis=2).min(axis=1)

    assert grid.is_sheared
    assert nearest == pytest.approx(surface_distance_mm(mask, grid)[mask])
    assert 0.0 == surface_distance_mm(mask, grid)[~mask].max()


def test_mirrored_array__gives_the_same_parts():
    labels = lesion_map(*pair(26.0))
    flip = np.diag((-1.0, 1.0, 1.0, 1.0))
    flip[0, 3] = FINE.shape[0] - 1
    mirrored = LabelMap(
        labels.codes[::-1], Geometry(FINE.shape, FINE.affine_ras @ flip), INSTANCE_SCHEME
    )

    parts, same = split_confluent(labels).lesions, split_confluent(mirrored).lesions

    assert sizes(parts) == pytest.approx(sizes(same), abs=np.pi * 10.6**2 / 1.3)


def test_plate__thinner_than_any_neck_stays_whole():
    grid = Geometry((60, 61, 6), np.diag((1.0, 1.0, 1.0, 1.0)))
    codes = np.zeros(grid.shape, dtype=np.uint16)
    codes[2:-2, 2:-2, 1:5] = 1
    codes[29:31, 2:50, 1:5] = 0

    assert 0 == split_confluent(LabelMap(codes, grid, INSTANCE_SCHEME)).parts


def test_instance_of_separate_pieces__is_left_whole():
    """A thin piece apart has no summit that a part could grow from."""
    grid = grid_around(((-25, -25, -25), (60, 60, 25)), spacing_mm=(1.3, 1.2, 1.4))
    apart = lesion_map(*pair(26.0), Ball((0, 50, 0), 2.5), grid=grid)

    split = split_confluent(apart)

    assert 0 == split.parts
    assert np.array_equal(apart.codes, split.lesions.codes)


def test_no_lesion__nothing_to_do():
    none = LabelMap(np.zeros(FINE.shape, dtype=np.uint16), FINE, INSTANCE_SCHEME)

    assert (0, 0) == (split_confluent(none).masses, split_confluent(none).parts)


def test_too_many_lesions__are_refused(monkeypatch):
    monkeypatch.setattr("segmentation.lesions.split.LARGEST_CODE", 1)

    with pytest.raises(InputError, match="2 lesions are more than the 1"):
        split_confluent(lesion_map(*pair(26.0)))
