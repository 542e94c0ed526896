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
