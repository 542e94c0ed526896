"""Enhanced multi-frame objects: one file, facts per frame."""

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.tag import Tag

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


def item(**facts):
    made = Dataset()
    for name, value in facts.items():
        setattr(made, name, value)
    return [made]


PER_FRAME = [
    ("FrameContentSequence", "TemporalPositionIndex", (1, 2), "time position 1"),
    ("FrameContentSequence", "StackID", ("A", "B"), "stack A"),
    ("FrameContentSequence", "FrameAcquisitionNumber", (1, 2), "acquisition 1"),
    (
        "FrameContentSequence",
        "FrameAcquisitionDateTime",
        ("20240101235950.0", "20240101235959.0"),
        "acquired 0 s after the first",
    ),
    ("MREchoSequence", "EffectiveEchoTime", (1.15, 2.3), "echo time 1.15 ms"),
    ("MRDiffusionSequence", "DiffusionBValue", (0.0, 800.0), "b 0"),
    ("CTReconstructionSequence", "ConvolutionKernel", ("B30f", "B70f"), "kernel B30f"),
    ("MRModifierSequence", "InversionTimes", ([100.0], [200.0]), "inversion time 100 ms"),
    ("CTXRayDetailsSequence", "KVP", (80.0, 140.0), "tube voltage 80 kV"),
]


@pytest.mark.parametrize("shift", [0.0, 1.5])
@pytest.mark.parametrize("facts", PER_FRAME, ids=str)
def test_enhanced__frames_are_told_apart(enhanced, make_pixels, tmp_path, shift, facts):
    group, name, values, told = facts
    ds = enhanced(np.concatenate([make_pixels(seed=1), make_pixels(seed=2)]))
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        second, k = divmod(number, 12)
        frame.PlanePositionSequence[0].ImagePositionPatient = [
            -20,
            -30,
            40 + 3 * k + second * shift,
        ]
        setattr(frame, group, item(**{name: values[second]}))
    ds.save_as(tmp_path / "multi.dcm")
    listed = catalogue(tmp_path)
    assert [12, 12] == [len(series.slices) for series in listed.series]
    assert listed.series[0].apart == told
    second = read_series_voxels(choose(listed, wanted="2", name="x"))
    np.testing.assert_array_equal(make_pixels(seed=2).transpose(2, 1, 0).astype(int) - 1024, second)


@pytest.mark.parametrize("by_index", [True, False])
def test_enhanced__by_dimension_indices_or_the_order_of_frames(
    enhanced, make_pixels, tmp_path, by_index
):
    ds = enhanced(np.concatenate([make_pixels(seed=1), make_pixels(seed=2)]))
    pointers = ("InStackPositionNumber", "TemporalPositionIndex")
    ds.DimensionIndexSequence = [item(DimensionIndexPointer=Tag(name))[0] for name in pointers]
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        second, k = divmod(number, 12)
        frame.PlanePositionSequence[0].ImagePositionPatient = [-20, -30, 40 + 3 * k]
        if by_index:
            frame.FrameContentSequence = item(DimensionIndexValues=[k + 1, second + 1])
    ds.save_as(tmp_path / "multi.dcm")
    assert [12, 12] == [len(series.stack.slices) for series in catalogue(tmp_path).series]


def test_enhanced__index_of_place_parts_nothing(enhanced, make_pixels, tmp_path):
    ds = enhanced(make_pixels())
    ds.DimensionIndexSequence = item(DimensionIndexPointer=Tag("ImagePositionPatient"))
    for number, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence = item(DimensionIndexValues=[number % 2])
    ds.save_as(tmp_path / "multi.dcm")
    assert [12] == [len(series.slices) for series in catalogue(tmp_path).series]
