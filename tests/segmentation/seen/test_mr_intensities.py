"""The range of an MR's grey values, and its bias field."""

import numpy as np
import pytest

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.mr import BiasCorrection
from remnant.core.volumes import ImageVolume, Modality
from remnant.testing.mr import PaintedMr, Tissue, body_tissues, mr_image
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.preprocess import normalised_field
from segmentation.seen.mr_intensities import robust_range, without_bias

SPACING_MM = (6.0, 6.0, 8.0)


@pytest.fixture(name="body", scope="module")
def body_fixture():
    found = liver_phantom(body_grid(spacing_mm=SPACING_MM), metastases=1)
    return found.geometry, body_tissues(found.structures)


def spread(image, tissues):
    """Return the spread of the liver's grey values as a share of their mean."""
    liver = image.voxels[tissues == Tissue.LIVER].astype(float)
    return liver.std() / liver.mean()


def test_robust_range__a_few_hot_voxels_do_not_decide(body):
    grid, tissues = body
    image = mr_image(tissues, grid, PaintedMr.T1_PORTAL)
    hot = image.voxels.copy()
    hot[tissues == Tissue.FAT] = np.minimum(hot[tissues == Tissue.FAT], 200)
    hot.reshape(-1)[:5] = 30000
    low, high = robust_range(hot)
    assert (low, high) == pytest.approx(robust_range(image.voxels), rel=0.1)
    assert hot.max() > 20 * high


def test_normalised_field__liver_keeps_its_grey_beside_a_hot_spot(body):
    grid, tissues = body
    field = mr_image(tissues, grid, PaintedMr.T1_PORTAL).voxels.astype(np.float32)
    hot = field.copy()
    hot.reshape(-1)[:5] = 30000
    greys = [np.median(normalised_field(one, Modality.MR)[tissues == Tissue.LIVER])
             for one in (field, hot)]  # fmt: skip
    assert greys[1] == pytest.approx(greys[0], abs=0.05)
    assert greys[0] > 0


@pytest.mark.parametrize("values", [np.zeros(100), np.full(100, 7.0)])
def test_robust_range__of_one_value_has_no_width(values):
    assert robust_range(values) == (values[0], values[0])


def test_without_bias__liver_is_even_again(body):
    grid, tissues = body
    image = mr_image(tissues, grid, PaintedMr.T1_PORTAL, bias=3.0)
    plain = mr_image(tissues, grid, PaintedMr.T1_PORTAL)

    found = without_bias(image, BiasCorrection.N4)

    assert spread(image, tissues) > 1.5 * spread(plain, tissues)
    assert spread(found.image, tissues) < (spread(image, tissues) + spread(plain, tissues)) / 2
    assert 1.5 < found.ratio < 4.0
    assert found.image.geometry is image.geometry
    liver = tissues == Tissue.LIVER
    kept = np.median(found.image.voxels[liver]) / np.median(image.voxels[liver])
    assert 0.5 < kept < 2.0


def test_without_bias__nothing_asked_nothing_done(body):
    grid, tissues = body
    image = mr_image(tissues, grid, PaintedMr.T2)
    found = without_bias(image, BiasCorrection.NONE)
    assert (found.image, found.ratio) == (image, 1.0)


@pytest.mark.parametrize(
    ("modality", "shape", "words"),
    [
        (Modality.CT, (30, 30, 30), "this scan is CT, and only MR has a bias field"),
        (Modality.MR, (30, 30, 1), "at least 32 mm each are needed"),
    ],
)
def test_without_bias__refused(modality, shape, words):
    grid = Geometry(shape, np.diag([8.0, 8.0, 8.0, 1.0]))
    image = ImageVolume(np.ones(shape, np.int16), grid, modality)
    with pytest.raises(InputError, match=words) as raised:
        without_bias(image, BiasCorrection.N4)
    assert "leave the option out" in str(raised.value)


def test_without_bias__image_of_one_value_is_refused():
    grid = Geometry((30, 30, 30), np.diag([8.0, 8.0, 8.0, 1.0]))
    image = ImageVolume(np.zeros(grid.shape, np.int16), grid, Modality.MR)
    with pytest.raises(InputError, match="holds one value"):
        without_bias(image, BiasCorrection.N4)
