"""Masks that are stored as CT images of 0 and 255."""

import numpy as np
import pytest

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.io.atomic import digest_files
from remnant.io.dicom_masks import read_dicom_label_stack
from remnant.io.inspect import inspect_path
from remnant.io.source import load_study


def mask_pixels(values=(0, 255), *, count=12, first=2):
    pixels = np.zeros((count, 8, 9), np.uint16)
    pixels[first : count - 3, 2:5, 3:7] = values[1]
    for code in values[2:]:
        pixels[first, 6, code % 9] = code
    return pixels


@pytest.fixture(name="mask", params=[{}, {"slope": 1, "intercept": -1024}, {"slope": 2}], ids=str)
def mask_fixture(request, phantom, tmp_path):
    made = phantom(pixels=mask_pixels(), **{"slope": 1, "intercept": 0, **request.param})
    return made.write(tmp_path / "liver"), made


def test_read__codes_grid_and_digest(mask):
    folder, made = mask
    codes, geometry, digest = read_dicom_label_stack(folder)
    np.testing.assert_array_equal(codes, made.pixels.transpose(2, 1, 0))
    expected = [[-0.7, 0, 0, 20], [0, -0.9, 0, 30], [0, 0, 3, 40], [0, 0, 0, 1]]
    np.testing.assert_allclose(geometry.affine_ras, expected, atol=1e-9)
    assert digest == digest_files(tuple(folder.iterdir()))


def test_read__padding_is_a_code_too(phantom, tmp_path):
    made = phantom(pixels=mask_pixels(), extra={"PixelPaddingValue": 255})
    codes, _, _ = read_dicom_label_stack(made.write(tmp_path))
    assert set(np.unique(codes)) == {0, 255}


def test_read__an_empty_mask_is_a_mask(phantom, tmp_path):
    made = phantom(pixels=np.zeros((3, 8, 9), np.uint16))
    assert not read_dicom_label_stack(made.write(tmp_path))[0].any()


def test_read__a_scan_is_refused(phantom, tmp_path):
    with pytest.raises(UnsupportedSeriesError, match="as a scan does; a mask has at most 32"):
        read_dicom_label_stack(phantom().write(tmp_path))


def test_read__negative_values_are_refused(phantom, tmp_path):
    pixels = mask_pixels().astype(np.int16) - 1
    with pytest.raises(UnsupportedSeriesError, match="from -1 to 254"):
        read_dicom_label_stack(phantom(pixels=pixels).write(tmp_path))


def test_read__two_masks_nothing_and_a_gap(phantom, tmp_path):
    phantom(pixels=mask_pixels()).write(tmp_path / "a")
    phantom(pixels=mask_pixels(), series="1.2.3.2").write(tmp_path / "b", skip=(5,))
    with pytest.raises(UnsupportedSeriesError, match="2 stacks of images; give the folder of one"):
        read_dicom_label_stack(tmp_path)
    with pytest.raises(UnsupportedSeriesError, match="1 slice missing"):
        read_dicom_label_stack(tmp_path / "b")
    (tmp_path / "c").mkdir()
    with pytest.raises(UnreadableFileError, match="no CT or MR images"):
        read_dicom_label_stack(tmp_path / "c")


def test_as_a_scan__is_refused_by_name(mask):
    folder, _ = mask
    with pytest.raises(UnsupportedSeriesError, match="is a mask, not a scan: give it with --masks"):
        load_study(folder)


def test_as_a_scan__with_an_empty_middle(phantom, tmp_path):
    pixels = mask_pixels()
    pixels[4:9] = 0
    with pytest.raises(UnsupportedSeriesError, match="is a mask"):
        load_study(phantom(pixels=pixels).write(tmp_path))


def test_beside_a_scan__is_not_taken(phantom, tmp_path):
    phantom().write(tmp_path / "scan")
    phantom(pixels=mask_pixels(), series="1.2.3.2").write(tmp_path / "liver")
    assert load_study(tmp_path).image.voxels.min() < -900
    found = inspect_path(tmp_path)
    assert found.automatic == 1
    assert [facts.label_codes for facts in found.series] == [(), (255,)]
    assert found.series[1].against == ("a mask, not a scan: give it with --masks",)
