"""DICOM series made by code: grouped, sorted by position, refused by the name of the fault."""

import numpy as np
import pytest
from pydicom.uid import generate_uid

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_series import catalogue, choose, read_series_voxels
from remnant.io.image_quality import image_findings

TILT = np.deg2rad(12)


def only(folder):
    return choose(catalogue(folder), wanted=None, name="folder")


def test_series__values_grid_and_order(phantom, tmp_path):
    made = phantom()
    series = only(made.write(tmp_path))
    voxels = read_series_voxels(series)
    np.testing.assert_array_equal(made.pixels.astype(int).transpose(2, 1, 0) - 1024, voxels)
    assert voxels.dtype == np.int16
    # columns 0.7 apart along i, rows 0.9 along j, slices 3 apart by position; LPS to RAS
    expected = [[-0.7, 0, 0, 20], [0, -0.9, 0, 30], [0, 0, 3, 40], [0, 0, 0, 1]]
    np.testing.assert_allclose(series.stack.geometry.affine_ras, expected, atol=1e-9)
    assert series.stack.geometry.frame_of_reference_uid == "1.2.9"
    assert series.modality is Modality.CT


@pytest.mark.parametrize(
    ("orientation", "step"),
    [
        ((1, 0, 0, 0, 1, 0), (0, 0, -3)),  # acquired downwards
        ((-1, 0, 0, 0, 1, 0), (0, 0, 3)),  # mirrored
        ((0, 1, 0, 0, 0, -1), (2.5, 0, 0)),  # sagittal
        ((1, 0, 0, 0, 0, -1), (0, 2.5, 0)),  # coronal
        ((0.8, 0.6, 0, 0, 0, -1), (-1.5, 2.0, 0)),  # oblique
    ],
)
def test_series__every_voxel_lies_where_its_header_says(phantom, tmp_path, orientation, step):
    made = phantom(orientation=orientation, step=step)
    series = only(made.write(tmp_path))
    voxels, geometry = read_series_voxels(series), series.stack.geometry
    for k in (0, 5, 11):
        plane = made.plane(k)
        row, column = 3, 7
        lps = (
            np.array(plane.ImagePositionPatient)
            + np.array(orientation[:3]) * column * made.spacing[1]
            + np.array(orientation[3:]) * row * made.spacing[0]
        )
        index = np.rint(geometry.index_from_ras(lps * (-1, -1, 1))).astype(int)
        np.testing.assert_allclose(geometry.ras_from_index(index), lps * (-1, -1, 1), atol=1e-6)
        assert int(made.pixels[k, row, column]) - 1024 == voxels[tuple(index)]


def test_series__gantry_tilt_is_kept_as_shear(phantom, tmp_path):
    orientation = (1, 0, 0, 0, np.cos(TILT), np.sin(TILT))
    geometry = only(phantom(orientation=orientation).write(tmp_path)).stack.geometry
    assert geometry.is_sheared
    assert 0.7 * 0.9 * 3 * np.cos(TILT) / 1000 == pytest.approx(geometry.voxel_volume_ml)


def test_series__tilt_gives_spacing_along_the_normal(phantom, tmp_path):
    orientation = (1, 0, 0, 0, np.cos(TILT), np.sin(TILT))
    folder = phantom(orientation=orientation, step=(0, 0, 6 / np.cos(TILT))).write(tmp_path)
    series = only(folder)
    assert series.spacing_mm == pytest.approx((0.7, 0.9, 6.0))
    assert "0.7 x 0.9 x 6 mm" in series.describe()
    found = {f.id: f for f in image_findings(series.stack.geometry, Phase.PORTAL)}
    assert found["slice_spacing"].value == pytest.approx(6.0)
    assert found["scan_coverage"].value == pytest.approx(72.0)


def test_series__missing_slice_is_named(phantom, tmp_path):
    series = catalogue(phantom().write(tmp_path, skip=(5,))).series[0]
    assert series.stack is None
    assert "gap of 6.00 mm between slices 5 and 6 (at 52.0 mm" in series.fault
    assert "expected 3.00 mm: 1 slice missing" in series.fault
    with pytest.raises(UnsupportedSeriesError, match="1 slice missing"):
        only(tmp_path)


def test_series__several_missing_slices(phantom, tmp_path):
    folder = phantom().write(tmp_path, skip=(5, 6))
    assert "gap of 9.00 mm" in catalogue(folder).series[0].fault
    assert "2 slices missing" in catalogue(folder).series[0].fault


def test_series__uneven_spacing_is_named(phantom, tmp_path):
    made = phantom()
    made.write(tmp_path)
    made.plane(11, ImagePositionPatient=[-20, -30, 74.3]).save_as(tmp_path / "im077")
    assert "gap of 4.30 mm between slices 11 and 12" in catalogue(tmp_path).series[0].fault
    assert "uneven spacing" in catalogue(tmp_path).series[0].fault


def test_series__rounded_positions_are_accepted(phantom, tmp_path):
    made = phantom(step=(0, 0, 1.25))
    for k in range(12):
        rounded = [-20, -30, round(40 + 1.25 * k, 1)]
        made.plane(k, ImagePositionPatient=rounded).save_as(tmp_path / str(k))
    assert only(tmp_path).stack.geometry.spacing_mm[2] == pytest.approx(1.25, abs=0.01)


def test_series__slices_shifted_sideways(phantom, tmp_path):
    made = phantom()
    made.write(tmp_path)
    made.plane(6, ImagePositionPatient=[-10, -30, 58]).save_as(tmp_path / "im042")
    assert "do not lie on one line: off by 10.0 mm" in catalogue(tmp_path).series[0].fault


def test_series__exact_copies_are_dropped_and_counted(phantom, tmp_path):
    made = phantom()
    made.write(tmp_path / "a")
    made.plane(3).save_as(tmp_path / "copy")
    made.plane(4, SOPInstanceUID="1.9.9").save_as(tmp_path / "copy2")
    series = only(tmp_path)
    assert len(series.stack.copies) == 2
    assert read_series_voxels(series).shape == (9, 8, 12)


def test_series__different_images_at_one_place(phantom, make_pixels, tmp_path):
    phantom().write(tmp_path)
    phantom(pixels=make_pixels(seed=5)).plane(3).save_as(tmp_path / "other")
    assert "two different images" in catalogue(tmp_path).series[0].fault


@pytest.mark.parametrize(
    ("tag", "values"),
    [
        ("TemporalPositionIdentifier", (1, 2)),
        ("EchoTime", (1.2, 2.4)),
        ("AcquisitionNumber", (3, 4)),
        ("ImageType", (["ORIGINAL", "PRIMARY", "IN_PHASE"], ["ORIGINAL", "PRIMARY", "OUT_PHASE"])),
    ],
)
def test_series__stacks_of_one_series_are_told_apart(phantom, make_pixels, tmp_path, tag, values):
    for number, value in enumerate(values):
        made = phantom(pixels=make_pixels(seed=number), extra={tag: value})
        made.write(tmp_path, prefix=f"p{number}")
    listed = catalogue(tmp_path)
    assert [12, 12] == [len(series.stack.slices) for series in listed.series]
    with pytest.raises(UnsupportedSeriesError, match=r"2 series that could be.*--series") as caught:
        choose(listed, wanted=None, name="folder")
    assert "Doe" not in str(caught.value)
    assert "4711" not in str(caught.value)
    second = choose(listed, wanted="2", name="folder")
    expected = make_pixels(seed=1).astype(int).transpose(2, 1, 0) - 1024
    np.testing.assert_array_equal(expected, read_series_voxels(second))
    with pytest.raises(InputError, match="several stacks"):
        choose(listed, wanted="1.2.3.1", name="folder")


def test_series__acquisition_number_alone_does_not_split(phantom, tmp_path):
    made = phantom()
    for k in range(12):
        made.plane(k, AcquisitionNumber=1 + k // 6).save_as(tmp_path / str(k))
    assert len(only(tmp_path).stack.slices) == 12


def test_choose__by_uid_number_and_nothing(phantom, tmp_path):
    phantom().write(tmp_path / "a")
    phantom(series="1.2.3.2", extra={"SeriesDescription": "portal\x1b[31m venous"}).write(
        tmp_path / "b"
    )
    listed = catalogue(tmp_path)
    assert choose(listed, wanted="1.2.3.2", name="f").uid == "1.2.3.2"
    assert choose(listed, wanted="1.2.3.2", name="f").phase is Phase.PORTAL
    assert choose(listed, wanted="1", name="f").uid == "1.2.3.1"
    with pytest.raises(
        InputError, match=r"names nothing.*1: CT, 12 slices.*2: CT, 12 slices"
    ) as caught:
        choose(listed, wanted="7", name="f")
    assert "\x1b" not in str(caught.value)


def test_choose__scouts_and_short_series_do_not_compete(phantom, make_pixels, tmp_path):
    phantom().write(tmp_path / "a")
    phantom(series="1.2.3.2", pixels=make_pixels(4)).write(tmp_path / "b")
    phantom(series="1.2.3.3", extra={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}).write(
        tmp_path / "c"
    )
    phantom(series="1.2.3.4", extra={"ImageType": ["DERIVED", "SECONDARY", "MIP"]}).write(
        tmp_path / "d"
    )
    listed = catalogue(tmp_path)
    assert only(tmp_path).uid == "1.2.3.1"
    assert listed.skipped == {"localiser": 12}
    assert [None, "fewer than 10 slices", "a projection, not a volume"] == [
        s.against for s in listed.series
    ]
    assert choose(listed, wanted="2", name="f").uid == "1.2.3.2"


def test_choose__only_a_short_series(phantom, make_pixels, tmp_path):
    phantom(pixels=make_pixels(4)).write(tmp_path)
    with pytest.raises(UnsupportedSeriesError, match="fewer than 10 slices"):
        only(tmp_path)


def test_choose__single_slice(phantom, make_pixels, tmp_path):
    phantom(pixels=make_pixels(1)).write(tmp_path)
    with pytest.raises(UnsupportedSeriesError, match="at least two"):
        only(tmp_path)


def test_catalogue__two_orientations_in_one_series(phantom, tmp_path):
    phantom().write(tmp_path, prefix="axial")
    phantom(orientation=(1, 0, 0, 0, 0, -1), step=(0, 2, 0)).write(tmp_path, prefix="coronal")
    series = catalogue(tmp_path).series
    assert sorted(len(s.slices) for s in series) == [12, 12]
    assert {s.stack.geometry.axial_axis for s in series} == {2, 1}


def test_catalogue__emptied_identifiers_are_minted_and_series_stay_apart(phantom, tmp_path):
    emptied = {
        "SeriesInstanceUID": "",
        "StudyInstanceUID": "",
        "SOPInstanceUID": "",
        "SOPClassUID": "",
    }
    phantom(extra={**emptied, "SeriesDescription": "one"}).write(tmp_path / "a")
    phantom(extra={**emptied, "SeriesDescription": "two"}).write(tmp_path / "b")
    series = catalogue(tmp_path).series
    assert [12, 12] == [len(s.slices) for s in series]
    assert len({s.uid for s in series}) == 2
    assert all(s.uid.startswith("1.2.826.0.1.3680043.8.498.") and len(s.uid) <= 64 for s in series)
    assert [s.uid for s in series] == [s.uid for s in catalogue(tmp_path).series]
    assert series[0].slices[0].sop_uid.startswith("1.2.3.1.")


def test_catalogue__what_is_no_image_is_counted(phantom, make_pixels, tmp_path):
    phantom().write(tmp_path / "a")
    (tmp_path / "DICOMDIR").write_bytes(b"x" * 200)
    (tmp_path / "notes.txt").write_text("hello")
    phantom().plane(0, Modality="SR").save_as(tmp_path / "sr")
    phantom().plane(0, SamplesPerPixel=3).save_as(tmp_path / "colour")
    nowhere = phantom().plane(0)
    del nowhere.ImagePositionPatient
    nowhere.save_as(tmp_path / "nowhere")
    whole = (tmp_path / "a" / "im000").read_bytes()
    (tmp_path / "cut").write_bytes(whole[:200])
    listed = catalogue(tmp_path)
    assert len(only(tmp_path).stack.slices) == 12
    assert listed.skipped == {
        "DICOM, but no CT or MR image": 2,
        "damaged DICOM": 1,
        "image without usable position, orientation, spacing or size": 1,
        "not DICOM": 2,
    }


@pytest.mark.parametrize(
    "fault",
    [
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": [2, 0, 0, 0, 1, 0]},
        {"PixelSpacing": [0, 1]},
        {"ImagePositionPatient": [0, 0, 1e200]},
        {"RescaleSlope": 0},
        {"Rows": 60000},
    ],
    ids=str,
)
def test_catalogue__senseless_geometry(phantom, tmp_path, fault):
    phantom(extra=fault).write(tmp_path)
    with pytest.raises(UnreadableFileError, match="12 image without usable"):
        only(tmp_path)


def test_catalogue__empty_folder_and_missing_folder(tmp_path):
    with pytest.raises(UnreadableFileError, match="no files"):
        only(tmp_path)
    with pytest.raises(UnreadableFileError, match="does not exist"):
        catalogue(tmp_path / "no")


def test_catalogue__reports_progress(phantom, tmp_path):
    seen = []
    catalogue(
        phantom().write(tmp_path), progress=lambda stage, done, total: seen.append((done, total))
    )
    assert [(n, 12) for n in range(1, 13)] == seen


def test_catalogue__too_many_files(phantom, tmp_path, monkeypatch):
    monkeypatch.setattr("remnant.io.dicom_folder.LARGEST_FILE_COUNT", 5)
    with pytest.raises(InputError, match="more than 5 files"):
        catalogue(phantom().write(tmp_path))


def test_sample__twenty_compressed_slices_with_emptied_identifiers(sample):
    series = only(sample / "example_ct_dicom")
    geometry = series.stack.geometry
    assert geometry.shape == (512, 512, 20)
    # SliceThickness says 3: the spacing is 2, from the positions
    np.testing.assert_allclose((0.9765625, 0.9765625, 2.0), geometry.spacing_mm)
    voxels = read_series_voxels(series)
    assert (voxels.dtype, int(voxels.min()), int(voxels.max())) == (np.int16, -1024, 1839)
    assert series.uid == str(generate_uid(entropy_srcs=[
        "StudyInstanceUID=", "SeriesNumber=", "SeriesTime=140539.425000",
        "SeriesDescription=CT Body 3.0", "Modality=CT",
        "FrameOfReferenceUID=1.3.12.2.1107.5.1.4.60064.30000022120807274275100000041",
    ]))  # fmt: skip


def test_sample__lies_where_the_published_label_map_says(sample):
    from remnant.core.labels import INSTANCE_SCHEME
    from remnant.io.nifti import read_labels

    labels = read_labels(sample / "example_seg_dicom.nii.gz", INSTANCE_SCHEME)
    geometry = only(sample / "example_ct_dicom").stack.geometry
    assert labels.geometry.shape == geometry.shape
    np.testing.assert_allclose(
        np.sort(labels.geometry.corners_ras(), axis=0),
        np.sort(geometry.corners_ras(), axis=0),
        atol=0.01,
    )


def test_shared__three_slices_only_when_asked(shared):
    folder = shared / "data" / "dcmqi" / "ct-3slice"
    listed = catalogue(folder)
    with pytest.raises(UnsupportedSeriesError, match="fewer than 10"):
        choose(listed, wanted=None, name="f")
    voxels = read_series_voxels(choose(listed, wanted="1", name="f"))
    # padding (-2000 stored) is -1024, not -3024
    assert (voxels.shape, int(voxels.min())) == ((512, 512, 3), -1024)
