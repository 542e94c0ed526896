"""Enhanced multi-frame objects: one file, facts per frame."""

import numpy as np
import pytest

from remnant.core.errors import UnsupportedSeriesError
from remnant.io.dicom_series import catalogue, choose, read_series_voxels


def test_enhanced__frames_are_sorted_by_position(enhanced, make_pixels, tmp_path):
    pixels = make_pixels()
    enhanced(pixels).save_as(tmp_path / "multi.dcm", enforce_file_format=True)
    for path in (tmp_path, tmp_path / "multi.dcm"):
        series = choose(catalogue(path), wanted=None, name="x")
        np.testing.assert_allclose((0.7, 0.9, 3.0), series.stack.geometry.spacing_mm)
        expected = pixels[::-1].transpose(2, 1, 0).astype(int) - 1024
        np.testing.assert_array_equal(expected, read_series_voxels(series))


def test_enhanced__phases_in_one_object(enhanced, make_pixels, tmp_path):
    ds = enhanced(np.concatenate([make_pixels(seed=1), make_pixels(seed=2)]))
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        frame.PlanePositionSequence[0].ImagePositionPatient = [-20, -30, 40 + 3 * (number % 12)]
        content = type(ds)("", {}, file_meta=ds.file_meta)
        content.TemporalPositionIndex = 1 + number // 12
        frame.FrameContentSequence = [content]
    ds.save_as(tmp_path / "multi.dcm")
    listed = catalogue(tmp_path)
    assert [12, 12] == [len(series.slices) for series in listed.series]
    second = read_series_voxels(choose(listed, wanted="2", name="x"))
    np.testing.assert_array_equal(make_pixels(seed=2).transpose(2, 1, 0).astype(int) - 1024, second)


def test_enhanced__missing_frame(enhanced, make_pixels, tmp_path):
    ds = enhanced(make_pixels())
    ds.PerFrameFunctionalGroupsSequence[11].PlanePositionSequence[0].ImagePositionPatient = [
        -20,
        -30,
        -20,
    ]
    ds.save_as(tmp_path / "multi.dcm")
    with pytest.raises(UnsupportedSeriesError, match="9 slices missing"):
        choose(catalogue(tmp_path), wanted=None, name="x")
