"""Edges of overlaps that chance does not reach."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import LARGEST_CODE, LabelMap
from volumetry.overlap import MOST_CODES, overlaps_ml

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
