"""NRRD label maps written by SimpleITK and by 3D Slicer."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.labels import INSTANCE_SCHEME
from remnant.io.frames import ras_from_lps
from remnant.io.nifti import read_labels
from remnant.io.nrrd import is_nrrd_name


@pytest.mark.parametrize("packed", [True, False])
def test_read_nrrd__codes_and_points(tmp_path, packed):
    codes = np.random.default_rng(0).integers(0, 300, (9, 8, 7)).astype(np.int16)
    picture = sitk.GetImageFromArray(codes)
    picture.SetOrigin((10.0, -20.0, 30.0))
    picture.SetSpacing((0.7, 0.8, 2.5))
    picture.SetDirection((0, 1, 0, -1, 0, 0, 0, 0, 1))
    sitk.WriteImage(picture, str(tmp_path / "a.nrrd"), useCompression=packed)
    labels = read_labels(tmp_path / "a.nrrd", INSTANCE_SCHEME)
    np.testing.assert_array_equal(codes.transpose(), labels.codes)
    for index in ((0, 0, 0), (6, 7, 8)):
        expected = ras_from_lps(picture.TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(expected, labels.geometry.ras_from_index(index), atol=1e-9)


def test_is_nrrd_name__cases(tmp_path):
    assert is_nrrd_name(tmp_path / "x.seg.NRRD")
    assert is_nrrd_name(tmp_path / "x.nhdr")
    assert not is_nrrd_name(tmp_path / "x.nii")


def test_shared__published_segmentation(shared):
    labels = read_labels(shared / "data" / "dcmqi" / "liver_spine_seg.nrrd", INSTANCE_SCHEME)
    picture = sitk.ReadImage(str(shared / "data" / "dcmqi" / "liver_spine_seg.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(picture).transpose(), labels.codes)
    assert {0, 1, 2} == set(np.unique(labels.codes))


@pytest.fixture(name="header")
def header_fixture(tmp_path):
    """Write a small uncompressed map whose header lines may be replaced or left out (``None``)."""

    def write(**changes):
        fields = {
            "type": "uint8", "dimension": "3", "space": "left-posterior-superior",
            "sizes": "3 4 5", "space directions": "(2,0,0) (0,3,0) (0,0,4)",
            "kinds": "domain domain domain", "encoding": "raw", "space origin": "(10,20,30)",
        } | {name.replace("_", " "): text for name, text in changes.items()}  # fmt: skip
        lines = [f"{name}: {text}" for name, text in fields.items() if text is not None]
        codes = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
        path = tmp_path / "h.nrrd"
        head = "\n".join(["NRRD0004", *lines, "", ""]).encode()
        path.write_bytes(head + codes.tobytes(order="F"))
        return path, codes

    return write


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (-1, -1, 1)), ("LPS", (-1, -1, 1)),
        ("right-anterior-superior", (1, 1, 1)), ("RAS", (1, 1, 1)),
        ("left-anterior-superior", (-1, 1, 1)), ("LAS", (-1, 1, 1)),
    ],
)  # fmt: skip
def test_read_nrrd__anatomical_spaces(header, space, signs):
    path, codes = header(space=space)
    labels = read_labels(path, INSTANCE_SCHEME)
    np.testing.assert_array_equal(codes, labels.codes)
    for index in ((0, 0, 0), (2, 3, 4)):
        place = np.array((10, 20, 30)) + np.array(index) * (2, 3, 4)
        np.testing.assert_allclose(place * signs, labels.geometry.ras_from_index(index))


@pytest.mark.parametrize(
    "space",
    ["scanner-xyz", "3D-right-handed", "3D-left-handed", "right-up", "left", "lps2", None,
     "scanner-xyz-time", "3D-right-handed-time"],
)  # fmt: skip
def test_read_nrrd__spaces_without_left_and_right_are_refused(header, space):
    path, _ = header(space=space)
    with pytest.raises(UnsupportedSeriesError, match="left and right are unknown") as caught:
        read_labels(path, INSTANCE_SCHEME)
    assert "\n" not in str(caught.value)


def test_read_nrrd__no_origin_and_other_units_are_refused(header):
    with pytest.raises(UnsupportedSeriesError, match="origin"):
        read_labels(header(space_origin=None)[0], INSTANCE_SCHEME)
    with pytest.raises(UnsupportedSeriesError, match="millimetres"):
        read_labels(header(space_units='"cm" "cm" "cm"')[0], INSTANCE_SCHEME)
    labels = read_labels(header(space_units='"mm" "mm" "mm"')[0], INSTANCE_SCHEME)
    np.testing.assert_allclose((-10, -20, 30), labels.geometry.ras_from_index((0, 0, 0)))
