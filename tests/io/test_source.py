"""One study from disk: pseudonym, digest, findings, and no person."""

import hashlib
import json
from dataclasses import asdict

import numpy as np
import pydicom
import pytest

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.findings import Verdict
from remnant.core.volumes import Modality, Phase
from remnant.io.reading import ReadingChoice
from remnant.io.source import load_study, study_digests


def verdicts(loaded):
    return {finding.id: finding.verdict for finding in loaded.quality}


@pytest.fixture(name="ct_nifti")
def ct_nifti_fixture(nifti, phantom):
    return nifti(phantom().pixels.astype(np.int16).transpose(2, 1, 0) - 1024)


def test_load_study__nifti(ct_nifti):
    loaded = load_study(ct_nifti)
    assert loaded.input_sha256 == hashlib.sha256(ct_nifti.read_bytes()).hexdigest()
    assert (loaded.input_sha256,) == study_digests(ct_nifti)
    assert loaded.image.modality is Modality.CT
    study = loaded.study
    assert (study.source, study.shape, study.orientation) == ("nifti", (9, 8, 12), "RAS")
    assert study.spacing_mm == pytest.approx((2.0, 2.5, 3.0))
    assert study.phase is Phase.UNKNOWN
    assert study.pseudonym.startswith("case-")
    assert study.pseudonym == load_study(ct_nifti).study.pseudonym


def test_load_study__findings(ct_nifti):
    expected = {
        "slice_spacing": Verdict.MET,
        "voxel_anisotropy": Verdict.MET,
        "scan_coverage": Verdict.NOT_MET,
        "contrast_phase": Verdict.UNKNOWN,
        "body_orientation": Verdict.UNKNOWN,
    }
    assert expected == verdicts(load_study(ct_nifti))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1.0, 1.0, 6.0), {"slice_spacing": Verdict.NOT_MET, "voxel_anisotropy": Verdict.MET}),
        ((0.5, 0.5, 5.0), {"slice_spacing": Verdict.MET, "voxel_anisotropy": Verdict.NOT_MET}),
        ((1.0, 1.0, 20.0), {"slice_spacing": Verdict.NOT_MET, "scan_coverage": Verdict.MET}),
    ],
)
def test_load_study__coarse_grids(nifti, phantom, size, expected):
    array = phantom().pixels.astype(np.int16).transpose(2, 1, 0) - 1024
    found = verdicts(load_study(nifti(array, np.diag((*size, 1.0)))))
    assert expected == {name: found[name] for name in expected}


def test_load_study__dicom_names_nobody(phantom, tmp_path):
    facts = {"SeriesDescription": "native", "PatientBirthDate": "19500101"}
    loaded = load_study(phantom(extra=facts).write(tmp_path))
    assert loaded.image.phase is Phase.UNENHANCED
    assert verdicts(loaded)["contrast_phase"] is Verdict.NOT_MET
    shown = json.dumps([asdict(loaded.study), [asdict(f) for f in loaded.quality]], default=str)
    for personal in ("Doe", "4711", "1.2.3", "1950"):
        assert personal not in shown


def test_load_study__pseudonym_follows_patient_and_study(phantom, tmp_path):
    names = [
        load_study(phantom(**facts).write(tmp_path / str(number))).study.pseudonym
        for number, facts in enumerate(
            (
                {},
                {"series": "1.2.3.77"},
                {"study": "1.2.4"},
                {"extra": {"PatientID": "MRN-1"}},
            )
        )
    ]
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_load_study__emptied_identifiers_use_the_content(phantom, make_pixels, tmp_path):
    emptied = {"PatientID": "", "StudyInstanceUID": "", "SeriesInstanceUID": ""}
    one = load_study(phantom(extra=emptied).write(tmp_path / "a"))
    two = load_study(phantom(extra=emptied, pixels=make_pixels(seed=9)).write(tmp_path / "b"))
    assert one.study.pseudonym != two.study.pseudonym
    assert one.study.pseudonym == load_study(tmp_path / "a").study.pseudonym


def test_load_study__copies_and_damage_are_reported(phantom, tmp_path):
    made = phantom()
    made.write(tmp_path)
    made.plane(3).save_as(tmp_path / "copy")
    (tmp_path / "cut").write_bytes((tmp_path / "im000").read_bytes()[:300])
    found = {f.id: f for f in load_study(tmp_path).quality}
    assert (found["dicom_copies"].verdict, found["dicom_copies"].value) == (Verdict.MET, 1.0)
    assert (found["dicom_left_out"].verdict, found["dicom_left_out"].value) == (Verdict.MET, 0.0)
    unread = found["dicom_unread_files"]
    assert (unread.verdict, unread.value) == (Verdict.NOT_MET, 1.0)


def test_load_study__tilt_is_reported(phantom, tmp_path):
    tilted = phantom(orientation=(1, 0, 0, 0, np.cos(0.2), np.sin(0.2))).write(tmp_path)
    finding = {f.id: f for f in load_study(tilted).quality}["sheared_grid"]
    assert finding.value == pytest.approx(np.rad2deg(0.2), abs=0.01)


def test_load_study__nifti_and_dicom_of_one_scan_agree(phantom, nifti, tmp_path):
    import SimpleITK as sitk  # noqa: N813

    made = phantom()
    folder = made.write(tmp_path / "dicom")
    names = [str(folder / f"im{(k * 7) % 101:03d}") for k in range(12)]
    sitk.WriteImage(sitk.ReadImage(names), str(tmp_path / "by_itk.nii.gz"))
    first, second = load_study(folder).image, load_study(tmp_path / "by_itk.nii.gz").image
    np.testing.assert_array_equal(first.voxels, second.voxels)
    assert first.geometry.same_grid(second.geometry)


@pytest.mark.parametrize("wrong", [Modality.CT, Modality.MR])
def test_load_study__modality_contradicted(phantom, ct_nifti, tmp_path, wrong):
    stored = {Modality.CT: "MR", Modality.MR: "CT"}[wrong]
    folder = phantom(modality=stored).write(tmp_path / "d")
    with pytest.raises(InputError, match="leave the option out"):
        load_study(folder, choice=ReadingChoice(modality=wrong))
    if wrong is Modality.MR:
        with pytest.raises(InputError, match="give --modality ct"):
            load_study(ct_nifti, choice=ReadingChoice(modality=wrong))


def test_load_study__dicom_that_is_not_hounsfield(phantom, tmp_path):
    with pytest.raises(InputError, match="not a CT in Hounsfield units"):
        load_study(phantom(intercept=0).write(tmp_path))


def test_load_study__series_of_a_nifti(ct_nifti):
    with pytest.raises(InputError, match="holds no series"):
        load_study(ct_nifti, choice=ReadingChoice(series="1"))


def test_load_study__folder_of_niftis(ct_nifti):
    with pytest.raises(UnreadableFileError, match=r"1 NIfTI file\(s\), x\.nii\.gz first"):
        load_study(ct_nifti.parent)


def test_load_study__one_slice_of_many(phantom, tmp_path):
    with pytest.raises(UnsupportedSeriesError, match="give the folder"):
        load_study(phantom().write(tmp_path) / "im007")


def test_load_study__multi_frame_file(enhanced, make_pixels, tmp_path):
    enhanced(make_pixels()).save_as(tmp_path / "multi.dcm", enforce_file_format=True)
    loaded = load_study(tmp_path / "multi.dcm")
    assert loaded.study.shape == (9, 8, 12)
    content = (tmp_path / "multi.dcm").read_bytes()
    of_the_file = hashlib.sha256(content).hexdigest()
    assert loaded.input_sha256 == hashlib.sha256(of_the_file.encode()).hexdigest()


def test_load_study__neither_nifti_nor_dicom(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(UnreadableFileError, match="of no kind that is read"):
        load_study(tmp_path / "a.txt")
    with pytest.raises(UnreadableFileError, match="does not exist"):
        load_study(tmp_path / "b.nii")


def test_load_study__tells_progress(phantom, tmp_path):
    seen = set()
    load_study(
        phantom().write(tmp_path),
        progress=lambda stage, done, total: seen.add((stage, done == total)),
    )
    assert seen >= {("reading headers", True), ("reading slices", True)}


def test_load_study__knows_its_images_and_shows_none(phantom, tmp_path):
    loaded = load_study(phantom().write(tmp_path / "ct"))
    assert loaded.origin.study_uid == "1.2.3"
    assert loaded.origin.series_uids == {"1.2.3.1"}
    assert loaded.origin.sop_uids == {f"1.2.3.1.{k + 1}" for k in range(12)}
    assert "1.2.3" not in repr(loaded.origin)


def without_intercept(folder):
    for path in folder.iterdir():
        plane = pydicom.dcmread(path)
        del plane.RescaleSlope, plane.RescaleIntercept
        plane.save_as(path)
    return folder


def test_dicom__stored_numbers_without_their_intercept(phantom, tmp_path):
    folder = without_intercept(phantom().write(tmp_path))
    with pytest.raises(InputError, match=r"no RescaleIntercept.*--intensity-offset -1024"):
        load_study(folder)
    loaded = load_study(folder, choice=ReadingChoice(intensity_offset_hu=-1024.0))
    expected = phantom().pixels.transpose(2, 1, 0).astype(int) - 1024
    np.testing.assert_array_equal(loaded.image.voxels, expected)
    assert {"intensity_offset", "rescale_stated"} <= set(verdicts(loaded))


def test_dicom__hounsfield_units_without_the_tag(phantom, tmp_path):
    pixels = phantom().pixels.astype(np.int16) - 1024
    loaded = load_study(without_intercept(phantom(pixels=pixels).write(tmp_path)))
    np.testing.assert_array_equal(loaded.image.voxels, pixels.transpose(2, 1, 0))
    assert "rescale_stated" in verdicts(loaded)


def test_nifti__offset_is_added(nifti, phantom):
    path = nifti(phantom().pixels.astype(np.int16).transpose(2, 1, 0))
    with pytest.raises(InputError, match="--intensity-offset -1024"):
        load_study(path)
    loaded = load_study(path, choice=ReadingChoice(intensity_offset_hu=-1024.0))
    assert loaded.image.modality is Modality.CT
    assert "intensity_offset" in verdicts(loaded)


def test_dicom__padding_within_the_body_is_counted(phantom, tmp_path):
    pixels = phantom().pixels.astype(np.int16) - 1024
    pixels[:, 4, 4] = 0
    folder = phantom(pixels=pixels, intercept=0, extra={"PixelPaddingValue": 0}).write(tmp_path)
    loaded = load_study(folder)
    (kept,) = (one for one in loaded.quality if one.id == "padding_inside_body")
    assert kept.value == np.count_nonzero(pixels == 0) >= 12
    assert (loaded.image.voxels[4, 4] == 0).all()
