"""Points go between grid and body as `Geometry` takes them."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME
from remnant.core.volumes import LabelMap
from remnant.pictures.points import codes_at, places_ras

SHEARED = np.array([[0.0, 1.7, 0.6, 5.0], [-2.0, 0, 0, -3.0], [0, -0.5, 2.4, 11.0], [0, 0, 0, 1.0]])


@pytest.fixture(name="labels")
def labels_fixture():
    codes = np.random.default_rng(4).integers(0, 9, (7, 8, 9)).astype(np.uint8)
    return LabelMap(codes, Geometry((7, 8, 9), SHEARED), COUINAUD_SCHEME)


def test_places__are_those_of_the_grid(labels):
    index = np.argwhere(labels.codes > 3)
    expected = labels.geometry.ras_from_index(index)
    assert np.allclose(expected, places_ras(labels.geometry, index), atol=1e-9)


def test_codes__are_those_of_the_nearest_voxel_and_of_the_rim_outside(labels):
    index = np.argwhere(labels.codes > 0)
    near = index + np.random.default_rng(5).uniform(-0.45, 0.45, index.shape)
    found = codes_at(labels, labels.geometry.ras_from_index(near))
    assert np.array_equal(labels.codes[tuple(index.T)], found)
    outside = labels.geometry.ras_from_index(np.array([(-4.0, 3.0, 2.0), (30.0, 7.0, 8.4)]))
    assert [labels.codes[0, 3, 2], labels.codes[6, 7, 8]] == codes_at(labels, outside).tolist()
