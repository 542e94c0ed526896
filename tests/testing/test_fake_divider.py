import numpy as np
import pytest

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.uncertainty import SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.port import DividedLiver

GRID = body_grid(spacing_mm=(5.0, 5.5, 6.0))


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom(GRID, metastases=0)


def test_fake__divides_every_liver_voxel_and_nothing_else(phantom):
    reports = []
    found = FakeDivider.knowing(phantom).divide(
        phantom.liver_mask, progress=lambda *report: reports.append(report)
    )

    assert isinstance(found, DividedLiver)
    np.testing.assert_array_equal(phantom.liver_mask.mask(), found.couinaud.mask())
    assert set(range(1, 9)) == set(np.unique(found.couinaud.codes)) - {0}
    assert set(SegmentPlane) == set(found.segment_plane_mm)
    assert len(SegmentPlane) == len(set(found.segment_plane_mm.values()))
    assert [("known planes", 1, 1)] == reports


def test_fake__agrees_with_the_phantoms_own_right_half(phantom):
    found = FakeDivider.knowing(phantom).divide(phantom.liver_mask).couinaud
    liver = phantom.structures.mask()
    halves = [np.isin(m.codes, (5, 6, 7, 8)) & liver for m in (found, phantom.couinaud)]

    dice = 2 * np.count_nonzero(halves[0] & halves[1]) / sum(map(np.count_nonzero, halves))
    assert dice > 0.95


def test_fake__refuses_the_liver_of_somebody_else(phantom):
    far = np.array(GRID.affine_ras)
    far[:3, 3] += 900.0
    other = LabelMap(phantom.liver_mask.codes, Geometry(GRID.shape, far), BINARY_SCHEME)

    with pytest.raises(InputError, match="outside the liver's box"):
        FakeDivider.knowing(phantom).divide(other)
