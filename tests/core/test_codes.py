"""The codes of a map, against a plain set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from remnant.core import codes as module
from remnant.core.codes import present_codes


@pytest.mark.parametrize("order", ["C", "F"])
@given(array=hnp.arrays(np.uint16, (3, 4, 5)))
def test_present_codes__equals_a_set(order, array):
    given_order = np.asarray(array, order=order)
    assert set(array.ravel().tolist()) == present_codes(given_order)


def test_present_codes__over_several_pieces(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_VOXELS", 7)
    array = np.zeros((3, 4, 5), np.uint8)
    array[0, 0, 1], array[2, 3, 4] = 200, 3
    assert present_codes(array) == {0, 3, 200}


@pytest.mark.parametrize("order", ["C", "F"])
def test_present_codes__of_a_map_looks_at_its_box_alone(order):
    array = np.zeros((3, 4, 5), np.uint16, order=order)
    array[1:, 2, 3] = 7, 300
    box = (slice(1, 3), slice(2, 3), slice(3, 4))

    assert {0, 7, 300} == present_codes(array) == present_codes(array, box=box)
    assert {7, 300} == present_codes(array[box])
    assert {0} == present_codes(np.zeros_like(array))
    assert set() == present_codes(np.zeros((0, 4, 5), np.uint8))
