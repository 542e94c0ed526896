"""What is in a file or folder, and what speaks against using it."""

from dataclasses import asdict

import numpy as np
import pytest
from pydicom.uid import RLELossless

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.volumes import Modality, Phase
from remnant.io.codings import MasksPreset
from remnant.io.inspect import inspect_path
from remnant.io.roles import Part
from remnant.wording.findings import text_of


def test_nifti__ct_by_its_values(nifti, phantom):
    path = nifti(phantom().pixels.astype(np.int16).transpose(2, 1, 0) - 1024)
    found = inspect_path(path)
    facts = found.series[0]
    assert (found.kind, found.automatic, facts.modality) == ("nifti", 1, Modality.CT)
    assert "prove a CT" in facts.modality_reason
    assert (facts.shape, facts.orientation, facts.slices) == ((9, 8, 12), "RAS", 12)
    assert facts.value_range == (
        float(phantom().pixels.min()) - 1024,
        float(phantom().pixels.max()) - 1024,
    )
    assert facts.coverage_mm == pytest.approx(36.0)
    assert any("36 mm head to foot" in text_of(finding) for finding in facts.against)


def test_nifti__unknown_modality(nifti, phantom):
    facts = inspect_path(nifti(phantom().pixels.transpose(2, 1, 0))).series[0]
    assert facts.modality is None
    assert "about 1024 above their Hounsfield units" in facts.modality_reason
    assert facts.against[0] == "needs --intensity-offset -1024, or --modality mr"
    assert facts.offset_hu == -1024


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_label_map__is_recognised(nifti, tmp_path, suffix):
    import SimpleITK as sitk  # noqa: N813

    codes = np.zeros((7, 8, 9), np.uint8)
    codes[2], codes[3] = 1, 5
    path = nifti(codes)
    if suffix == ".nrrd":
        sitk.WriteImage(sitk.ReadImage(str(path)), str(tmp_path / "x.nrrd"))
        path = tmp_path / "x.nrrd"
    found = inspect_path(path)
    assert (found.kind, found.series, found.automatic) == ("map", (), None)
    assert [segment.split(":")[0] for segment in found.maps[0].segments] == ["code 1", "code 5"]
    assert found.maps[0].roles == ()
    assert found.usable


def liver_like(shape=(60, 50, 40)):
    """Two codes of 2 mm voxels, the first of more than 400 mL."""
    codes = np.zeros(shape, np.uint8)
    codes[5:50, 5:45, 5:37] = 1
    codes[10:20, 10:20, 10:15] = 2
    return codes


AFFINE = np.array([[-2.0, 0, 0, 50], [0, 2, 0, -40], [0, 0, 2, 10], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("codes", "roles", "preset"),
    [
        (liver_like(), (Part.LIVER,), MasksPreset.LITS),
        ((liver_like() > 0) * 255, (Part.LIVER,), None),
        ((liver_like() == 2) * 1, (Part.LESIONS,), None),
        (liver_like() * 3, (), None),
    ],
)
def test_label_map__what_it_may_be(nifti, codes, roles, preset):
    (facts,) = inspect_path(nifti(codes.astype(np.uint8), AFFINE)).maps
    assert (facts.roles, facts.preset) == (roles, preset)


def test_label_map__couinaud(nifti):
    codes = np.zeros((40, 20, 20), np.uint8)
    for code in range(1, 9):
        codes[4 * code : 4 * code + 4, 4:16, 4:16] = code
    assert inspect_path(nifti(codes, AFFINE)).maps[0].roles == (Part.COUINAUD,)


def test_map__of_probabilities_says_what_to_do(nifti):
    probability = np.where(liver_like() > 1, 0.7, 0.0).astype(np.float32)
    found = inspect_path(nifti(probability, AFFINE))
    assert not found.usable
    assert "--threshold" in found.maps[0].against[0]


@pytest.mark.parametrize("value", [-1000, 40])
def test_nifti__of_one_value_is_no_image(nifti, value):
    found = inspect_path(nifti(np.full((9, 8, 12), value, np.int16)))
    assert not found.usable
    assert found.automatic is None
    assert found.series[0].against == (f"no image: every voxel has the same value {value}",)
    assert "--modality" not in found.series[0].modality_reason


def test_label_map__without_a_label_may_say_that_there_is_no_lesion(nifti):
    found = inspect_path(nifti(np.zeros((9, 8, 12), np.uint8)))
    assert found.usable
    assert found.series == ()
    assert found.maps[0].roles == (Part.LESIONS,)
    assert found.maps[0].kind.endswith("that labels no voxel")


def test_folder__of_volumes(nifti, tmp_path):
    nifti(liver_like(), AFFINE, name="liver.nii.gz")
    nifti(np.random.default_rng(0).normal(100, 30, (12, 12, 12)), AFFINE, name="mr.nii.gz")
    (tmp_path / "broken.nii.gz").write_bytes(b"\x1f\x8b no")
    (tmp_path / "notes.txt").write_text("nothing")
    found = inspect_path(tmp_path)
    assert (found.kind, found.names) == ("folder", ("mr.nii.gz",))
    assert {one.name: one.usable for one in found.maps} == {
        "broken.nii.gz": False, "liver.nii.gz": True,
    }  # fmt: skip


def test_folder__without_anything(tmp_path):
    assert not inspect_path(tmp_path).usable


def test_segmentation__names_its_segments(shared):
    found = inspect_path(shared / "data" / "dcmqi" / "liver.dcm")
    assert found.maps[0].roles == (Part.LIVER,)
    assert found.maps[0].segments[0].startswith("'Liver'")


def test_dicom__series_with_faults_are_facts(phantom, make_pixels, tmp_path):
    phantom(extra={"SeriesDescription": "portal venous", "SeriesNumber": 1}).write(tmp_path / "a")
    phantom(series="1.2.3.2", extra={"SeriesNumber": 2}).write(tmp_path / "b", skip=(4,))
    phantom(series="1.2.3.3", extra={"SeriesNumber": 3}, pixels=make_pixels(4)).write(
        tmp_path / "c"
    )
    (tmp_path / "readme").write_text("x")
    found = inspect_path(tmp_path)
    assert (found.kind, found.automatic, found.skipped) == ("dicom", 1, {"not DICOM": 1})
    good, gap, short = found.series
    assert (good.phase, good.usable, good.slices) == (Phase.PORTAL, True, 12)
    assert good.value_range_of == "middle slice"
    assert (gap.usable, gap.shape, gap.value_range) == (False, None, None)
    assert "1 slice missing" in gap.against[0]
    assert short.against[0] == "fewer than 10 slices"


def test_dicom__names_nobody(phantom, tmp_path):
    shown = str(asdict(inspect_path(phantom().write(tmp_path))))
    for personal in ("Doe", "4711", "1.2.3"):
        assert personal not in shown


def test_dicom__not_in_hounsfield_units(phantom, tmp_path):
    facts = inspect_path(phantom(intercept=0).write(tmp_path)).series[0]
    assert facts.against[0].startswith("not in Hounsfield units: it has air near 2")


def test_dicom__damaged_pixels(phantom, tmp_path):
    made = phantom()
    for k in range(12):
        plane = made.plane(k)
        plane.compress(RLELossless, generate_instance_uid=False)
        # a frame of two segments claims to have none
        plane.PixelData = plane.PixelData.replace(b"\2\0\0\0", b"\0\0\0\0", 1)
        plane.save_as(tmp_path / str(k))
    facts = inspect_path(tmp_path).series[0]
    assert facts.usable is False
    assert "could not be read" in facts.against[0]


def test_refused__single_files(nifti, tmp_path):
    with pytest.raises(UnsupportedSeriesError, match="7x8x9x2"):
        inspect_path(nifti(np.zeros((7, 8, 9, 2), np.int16)))
    with pytest.raises(UnreadableFileError, match="does not exist"):
        inspect_path(tmp_path / "none")
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(UnreadableFileError, match="of no kind that is read"):
        inspect_path(tmp_path / "a.txt")


def test_sample__ct_mr_and_dicom(sample):
    assert inspect_path(sample / "example_ct.nii.gz").series[0].modality is Modality.CT
    assert inspect_path(sample / "example_mr_sm.nii.gz").series[0].modality is None
    found = inspect_path(sample / "example_ct_dicom")
    assert (found.automatic, found.series[0].description) == (1, "CT Body 3.0")
    assert found.series[0].spacing_mm == pytest.approx((0.9765625, 0.9765625, 2.0))
