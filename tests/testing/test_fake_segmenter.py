import numpy as np
import pytest

from remnant.core.errors import GeometryMismatchError, SegmentationFailedError
from remnant.testing.fake_segmenter import FakeSegmenter, ThresholdSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.port import Segmentation

GRID = body_grid(spacing_mm=(5.0, 5.5, 6.0))


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom(GRID, noise_hu=0.0, metastases=3)


def test_fake__returns_what_it_knows_and_reports_progress(phantom):
    reports = []
    segmenter = FakeSegmenter.knowing(phantom)

    found = segmenter.segment(phantom.image, progress=lambda *report: reports.append(report))

    assert isinstance(found, Segmentation)
    assert found.structures is phantom.structures
    assert found.lesions is phantom.lesions
    assert found.models == ()
    assert reports == [("known answer", 1, 1)]


def test_fake__refuses_an_image_on_another_grid(phantom):
    other = liver_phantom(body_grid(spacing_mm=(6.0, 6.5, 7.0)))

    with pytest.raises(GeometryMismatchError):
        FakeSegmenter.knowing(phantom).segment(other.image)


def test_threshold__finds_a_phantom_without_noise_exactly(phantom):
    found = ThresholdSegmenter().segment(phantom.image)

    np.testing.assert_array_equal(found.structures.codes, phantom.structures.codes)
    np.testing.assert_array_equal(found.lesions.codes > 0, phantom.lesions.codes > 0)
    assert found.lesions.codes.max() == 3


def test_threshold__an_image_without_liver_fails():
    grid = GRID.cropped((0, 0, 30), (10, 8, 3))

    with pytest.raises(SegmentationFailedError, match="phantom without noise"):
        ThresholdSegmenter().segment(liver_phantom(grid, noise_hu=0.0).image)
