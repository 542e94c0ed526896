"""Values as they are used: offsets, padding, missing tags, and what is said of them."""

import numpy as np
import pytest

from remnant.core.errors import InputError
from remnant.core.reasons import Cause
from remnant.core.volumes import Modality
from remnant.io.scan_values import joined_to_border, settle_intensities


def stored(noise=10.0):
    """HU of a body in air, with noise: air, fat and soft tissue."""
    hu = np.full((40, 40, 10), -1000.0)
    hu[6:34, 6:34] = -100
    hu[9:31, 9:31] = 50
    hu += np.random.default_rng(0).normal(scale=noise, size=hu.shape)
    return np.clip(np.rint(hu), -1024, 3071).astype(np.int16)


def cornered(hu, value):
    x, y, _ = np.mgrid[-20:20, -20:20, 0:10] + 0.5
    return np.where(x**2 + y**2 > 20**2, np.int16(value), hu)


CORNERS = cornered(np.zeros((40, 40, 10), np.int16), 1) == 1


def settle(voxels, stated=Modality.CT, **more):
    return settle_intensities(voxels, stated=stated, name="x", **more)


def named(settled):
    return {finding.id: finding for finding in settled.findings}


def test_right_values__stay_the_same_array():
    hu = stored()
    settled = settle(hu, None)
    assert settled.voxels is hu
    assert (settled.modality, settled.findings) == (Modality.CT, ())


@pytest.mark.parametrize("padding", [-2000, -3024, 32767])
def test_offset__is_added_to_all_but_padding(padding):
    hu = stored()
    settled = settle(cornered(hu + 1024, padding), None, offset_hu=-1024)
    np.testing.assert_array_equal(settled.voxels, np.where(CORNERS, -1024, hu))
    assert settled.voxels.dtype == np.int16
    finding = named(settled)["intensity_offset"]
    assert (finding.value, finding.reasons[0].cause) == (-1024, Cause.VALUES_PROVE_CT)
    assert named(settled)["image_padding"].value == pytest.approx(CORNERS.mean())


def test_offset__leaves_tissue_of_the_number_of_the_padding():
    hu = stored()
    raw = cornered(hu - 1024, 0)
    raw[20, 20, 5] = 0
    settled = settle(raw, None, offset_hu=1024)
    assert settled.voxels[20, 20, 5] == 1024
    assert (settled.voxels[CORNERS] == -1024).all()


def test_offset__of_real_numbers():
    settled = settle(stored().astype(np.float32) + 1000.5, offset_hu=-1000.5)
    np.testing.assert_allclose(settled.voxels, stored(), atol=1e-3)


def test_offset__wrong_names_the_right_one():
    with pytest.raises(InputError, match="--intensity-offset -1024 "):
        settle(stored() + 1024, offset_hu=1024)


@pytest.mark.parametrize(
    ("stated", "offset", "message"),
    [(Modality.MR, -1024, "has no Hounsfield units"), (None, float("nan"), "finite number")],
)
def test_offset__refused(stated, offset, message):
    with pytest.raises(InputError, match=message):
        settle(stored(), stated, offset_hu=offset)


def test_offset__of_a_crop_is_not_proven():
    settled = settle(stored()[12:28, 12:28] + 1024, offset_hu=-1024)
    assert named(settled)["intensity_offset"].reasons == ()


@pytest.mark.parametrize("padding", [-2000, -3024, 32767])
def test_padding__of_a_right_ct_becomes_air(padding):
    settled = settle(cornered(stored(), padding))
    np.testing.assert_array_equal(settled.voxels, np.where(CORNERS, -1024, stored()))
    assert named(settled)["image_padding"].reasons[0].amounts == (padding,)


def test_padding__of_mr_is_left():
    mr = cornered(np.abs(stored()), -2000)
    assert settle(mr, Modality.MR).voxels is mr


def test_missing_intercept__proven_by_the_values():
    settled = settle(stored(), rescale_stated=False)
    assert named(settled)["rescale_stated"].reasons[0].cause is Cause.VALUES_PROVE_CT


@pytest.mark.parametrize(
    ("voxels", "message"),
    [
        (stored() + 1024, "no RescaleIntercept.*--intensity-offset -1024"),
        (stored()[12:28, 12:28], "without RescaleIntercept.*--intensity-offset, 0 for nothing"),
    ],
)
def test_missing_intercept__refused(voxels, message):
    with pytest.raises(InputError, match=message):
        settle(voxels, rescale_stated=False)


def test_missing_intercept__said_by_the_user():
    crop = stored()[12:28, 12:28]
    settled = settle(crop, rescale_stated=False, offset_hu=0.0)
    np.testing.assert_array_equal(settled.voxels, crop)
    assert named(settled)["rescale_stated"].reasons[0].cause is Cause.OFFSET_GIVEN


def test_stated_intercept__does_not_save_wrong_values():
    with pytest.raises(InputError, match="export the series again"):
        settle(stored() + 1024, rescale_stated=True)


def test_window__is_named():
    settled = settle(np.clip(stored(), -160, 240))
    assert named(settled)["intensities_cut_off"].reasons[0].amounts[0] == -160
    assert "hounsfield_units" in named(settled)


def test_impossible_values__are_counted():
    hu = stored().astype(np.int32)
    hu[20, 20, :3] = 40000
    finding = named(settle(hu))["intensities_possible"]
    assert (finding.value, finding.reasons[0].amounts[1]) == (3, 40000)


def test_joined_to_border__only_large_parts_at_the_border():
    mask = np.zeros((9, 9), np.bool_)
    mask[0, :4] = mask[4:6, 4:6] = mask[8, 8] = True
    expected = np.zeros_like(mask)
    expected[0, :4] = True
    np.testing.assert_array_equal(joined_to_border(mask, least=2), expected)
