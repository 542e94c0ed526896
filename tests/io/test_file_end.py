"""Maps that look cropped to what they hold, and those that do not."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import LabelMap
from remnant.io.file_end import looks_cropped


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (((0, 10), (0, 11), (0, 12)), True),  # a crop without margin
        (((1, 9), (1, 10), (1, 11)), True),  # of one voxel
        (((2, 8), (2, 9), (2, 10)), False),
        (((0, 8), (2, 9), (0, 10)), False),  # a corner of a scan: two faces that meet
        (((0, 8), (0, 9), (0, 10)), True),  # three faces
        (((2, 8), (2, 9), (0, 12)), True),  # both ends of one axis
        (((2, 8), (2, 9), (4, 12)), False),  # the top alone, as a scan cuts a liver
    ],
)
def test_looks_cropped(box, expected):
    codes = np.zeros((10, 11, 12), np.uint8)
    codes[tuple(slice(*side) for side in box)] = 1
    assert looks_cropped(LabelMap(codes, Geometry(codes.shape, np.eye(4)), BINARY_SCHEME)) is (
        expected
    )


def test_looks_cropped__not_an_empty_map():
    codes = np.zeros((4, 4, 4), np.uint8)
    assert not looks_cropped(LabelMap(codes, Geometry(codes.shape, np.eye(4)), BINARY_SCHEME))
