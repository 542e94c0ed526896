"""True volumes beside measured ones."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.pipeline.demo import match_planted
from segmentation.synthetic import DARK, Planted

GRID = Geometry((20, 11, 9), np.diag((10.0, 10.0, 10.0, 1.0)))  # voxels of 1 ml


def _planted(truth):
    numbers = np.unique(truth[truth > 0])
    return Planted(
        image=ImageVolume(np.zeros(GRID.shape, dtype=np.int16), GRID, Modality.CT),
        truth=LabelMap(truth, GRID, INSTANCE_SCHEME),
        true_volumes_ml={int(n): float(np.count_nonzero(truth == n)) for n in numbers},
        centres_ras_mm={int(n): _centre(truth == n) for n in numbers},
        seed=0,
        look=DARK,
    )


def _centre(mask):
    return tuple(GRID.ras_from_index(np.argwhere(mask)).mean(axis=0).tolist())


def _block(array, start, code):
    array[start : start + 3, 2:5, 2:5] = code


def test_match__one_found_lesion_over_two_planted_is_shared_by_nearest_centre():
    truth, found = np.zeros((2, *GRID.shape), dtype=np.uint16)
    _block(truth, 2, 1)
    _block(truth, 5, 2)
    found[2:8, 2:5, 2:5] = 1
    first, second = match_planted(LabelMap(found, GRID, INSTANCE_SCHEME), _planted(truth))

    assert pytest.approx(27.0) == first.measured_ml
    assert pytest.approx(27.0) == second.measured_ml
    assert (first.true_volume_ml, second.true_volume_ml) == (27.0, 27.0)


def test_match__missed_is_zero_and_a_false_alarm_counts_for_none():
    truth, found = np.zeros((2, *GRID.shape), dtype=np.uint16)
    _block(truth, 2, 1)
    _block(truth, 8, 2)
    _block(found, 3, 1)
    _block(found, 15, 2)
    first, second = match_planted(LabelMap(found, GRID, INSTANCE_SCHEME), _planted(truth))

    assert pytest.approx(27.0) == first.measured_ml
    assert second.measured_ml == 0.0


def test_match__without_found_lesions_all_are_missed():
    truth = np.zeros(GRID.shape, dtype=np.uint16)
    _block(truth, 2, 1)
    (only,) = match_planted(None, _planted(truth))

    assert only.measured_ml == 0.0
    np.testing.assert_allclose((30.0, 30.0, 30.0), only.centre_ras_mm)
