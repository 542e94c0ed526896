"""Pixels into values: slopes per slice, padding, compression, damage."""

import numpy as np
import pydicom
import pytest
from pydicom.uid import MPEG2MPML, RLELossless

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.io.dicom_series import catalogue, choose, read_series_voxels


def read(folder):
    return read_series_voxels(choose(catalogue(folder), wanted=None, name="folder"))


def test_values__slope_of_each_slice(phantom, tmp_path):
    made = phantom(modality="MR", intercept=0)
    for k in range(12):
        made.plane(k, RescaleSlope=0.5 + k, RescaleIntercept=k).save_as(tmp_path / str(k))
    expected = made.pixels * (0.5 + np.arange(12))[:, None, None] + np.arange(12)[:, None, None]
    voxels = read(tmp_path)
    np.testing.assert_allclose(expected.transpose(2, 1, 0), voxels, rtol=1e-6)
    assert voxels.dtype == np.float32


def test_values__signed_and_wide(phantom, tmp_path):
    made = phantom(pixels=(phantom().pixels.astype(np.int16) - 1024), intercept=0)
    np.testing.assert_array_equal(made.pixels.transpose(2, 1, 0), read(made.write(tmp_path)))


def test_values__beyond_int16_stay_whole(phantom, tmp_path):
    made = phantom()
    made.pixels[0, 0, 0] = 65535
    voxels = read(made.write(tmp_path))
    assert (voxels.dtype, voxels[0, 0, 0]) == (np.int32, 65535 - 1024)


def test_padding__becomes_air_in_ct(phantom, tmp_path):
    pixels = phantom().pixels.astype(np.int16)
    pixels[:, :2] = -2000
    made = phantom(pixels=pixels, extra={"PixelPaddingValue": -2000})
    voxels = read(made.write(tmp_path))
    assert (voxels[:, :2] == -1024).all()
    np.testing.assert_array_equal(pixels[:, 2:].transpose(2, 1, 0) - 1024, voxels[:, 2:])


def zero_padded(phantom, corner, **more):
    """A CT of 40 x 40 pixels without intercept, soft tissue about 0 HU, a corner of exactly 0."""
    rng = np.random.default_rng(0)
    pixels = rng.choice([-3, -1, 0, 1, 4, 60], size=(12, 40, 40)).astype(np.int16)
    pixels[:, :corner, :corner] = 0
    return phantom(pixels=pixels, intercept=0, extra={"PixelPaddingValue": 0, **more})


def test_padding__of_a_number_that_tissue_has_is_padding_at_the_border_only(phantom, tmp_path):
    from remnant.io.dicom_pixels import padding_left

    made = zero_padded(phantom, corner=9)
    chosen = choose(catalogue(made.write(tmp_path)), wanted=None, name="folder")
    voxels = read_series_voxels(chosen)
    assert (voxels[:9, :9] == -1024).all()
    inside = made.pixels.transpose(2, 1, 0)[20:, 20:]
    np.testing.assert_array_equal(inside, voxels[20:, 20:])
    left = np.count_nonzero(voxels == 0)
    assert left > np.count_nonzero(inside == 0) > 0
    assert padding_left(voxels, chosen.stack.slices) == left


def test_padding__small_parts_at_the_border_are_tissue(phantom, tmp_path):
    made = zero_padded(phantom, corner=2, PixelPaddingRangeLimit=0)
    np.testing.assert_array_equal(made.pixels.transpose(2, 1, 0), read(made.write(tmp_path)))


def test_padding__range_that_reaches_into_tissue(phantom, tmp_path):
    made = zero_padded(phantom, corner=9, PixelPaddingRangeLimit=-2000)
    made.pixels[:, :6, :6] = -2000
    voxels = read(made.write(tmp_path))
    assert (voxels[:6, :6] == -1024).all()
    inside = made.pixels.transpose(2, 1, 0)[30:, 30:]
    assert (inside < 0).any()


def test_padding__that_no_pixel_has(phantom, tmp_path):
    made = phantom(extra={"PixelPaddingValue": 4000})
    np.testing.assert_array_equal(
        made.pixels.transpose(2, 1, 0).astype(int) - 1024, read(made.write(tmp_path))
    )


def test_padding__becomes_the_lowest_value_in_mr(phantom, tmp_path):
    pixels = phantom().pixels.astype(np.int16)
    pixels[:, :2] = -2000
    made = phantom(pixels=pixels, modality="MR", extra={"PixelPaddingValue": -2000}, intercept=0)
    voxels = read(made.write(tmp_path))
    np.testing.assert_array_equal(voxels[:, 0, :].max(axis=0), pixels[:, 2:].min(axis=(1, 2)))


def test_monochrome1__concerns_the_display_only(phantom, tmp_path):
    made = phantom(extra={"PhotometricInterpretation": "MONOCHROME1"})
    np.testing.assert_array_equal(
        made.pixels.transpose(2, 1, 0).astype(int) - 1024, read(made.write(tmp_path))
    )


def test_compressed__rle_equals_uncompressed(phantom, tmp_path):
    made = phantom()
    for k in range(12):
        plane = made.plane(k)
        plane.compress(RLELossless, generate_instance_uid=False)
        plane.save_as(tmp_path / str(k))
    np.testing.assert_array_equal(made.pixels.transpose(2, 1, 0).astype(int) - 1024, read(tmp_path))


def test_compressed__no_decoder_is_named(phantom, tmp_path):
    made = phantom()
    for k in range(12):
        plane = made.plane(k)
        plane.compress(RLELossless, generate_instance_uid=False)
        plane.file_meta.TransferSyntaxUID = MPEG2MPML
        plane.save_as(tmp_path / str(k))
    with pytest.raises(UnsupportedSeriesError, match=r"MPEG2 .*no decoder"):
        read(tmp_path)


def test_truncated__before_the_pixels(phantom, tmp_path):
    phantom().write(tmp_path)
    content = (tmp_path / "im007").read_bytes()
    (tmp_path / "im007").write_bytes(content[:-156])
    with pytest.raises(UnsupportedSeriesError, match=r"missing.*left out: 1 image without pixels"):
        read(tmp_path)


def test_deflated__is_not_inflated(phantom, tmp_path):
    made = phantom()
    for k in range(12):
        plane = made.plane(k)
        plane.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
        plane.save_as(tmp_path / str(k))
    assert catalogue(tmp_path).skipped == {"deflated DICOM, which is not read": 12}


@pytest.mark.parametrize("missing", [1, 60])
def test_truncated__pixels(phantom, tmp_path, missing):
    phantom().write(tmp_path)
    content = (tmp_path / "im007").read_bytes()
    (tmp_path / "im007").write_bytes(content[:-missing])
    with pytest.raises(UnreadableFileError, match="im007 could not be read") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


def test_truncated__any_length_is_an_error_of_ours(phantom, tmp_path):
    folder = phantom().write(tmp_path)
    whole = (folder / "im007").read_bytes()
    for length in range(1, len(whole), 37):
        (folder / "im007").write_bytes(whole[:length])
        with pytest.raises((UnreadableFileError, UnsupportedSeriesError)):
            read(folder)


def test_random_bytes_after_the_mark(phantom, tmp_path):
    rng = np.random.default_rng(0)
    for number in range(60):
        noise = rng.integers(0, 256, 400, dtype=np.uint8).tobytes()
        (tmp_path / str(number)).write_bytes(b"\0" * 128 + b"DICM" + noise)
    listed = catalogue(tmp_path)
    assert listed.series == ()
    assert sum(listed.skipped.values()) == 60


def test_pydicom_files__folder_of_oddities_is_listed(pydicom_files):
    listed = catalogue(pydicom_files)
    assert {"ct", "mr"} == {str(series.modality) for series in listed.series}
    five = [series for series in listed.series if len(series.slices) == 5 and series.stack]
    assert five[0].stack.geometry.spacing_mm[2] == pytest.approx(2.5)
    assert all("Doe" not in series.describe() for series in listed.series)


@pytest.mark.parametrize(
    "name",
    ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_bigendian.dcm"],
)
def test_pydicom_files__encodings_agree(pydicom_files, name):
    from remnant.io.dicom_folder import scan
    from remnant.io.dicom_pixels import read_voxels

    expected = read_voxels(scan(pydicom_files / "MR_small_implicit.dcm").slices)
    np.testing.assert_array_equal(expected, read_voxels(scan(pydicom_files / name).slices))


def test_any_header_bytes_changed(phantom, tmp_path):
    folder = phantom().write(tmp_path)
    whole = (folder / "im007").read_bytes()
    header = whole.index(b"\xe0\x7f\x10\x00")
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(80):
        changed = bytearray(whole)
        for place in rng.integers(128, header + 12, 3):
            changed[place] = rng.integers(256)
        (folder / "im007").write_bytes(changed)
        try:
            assert read(folder).ndim == 3
        except (UnreadableFileError, UnsupportedSeriesError):
            refused += 1
    assert 0 < refused < 80
