"""What we write, SimpleITK and nibabel read: same codes at the same places."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.frames import ras_from_lps
from remnant.io.nifti import read_image, read_labels, write_image, write_labels
from remnant.io.reading import ReadingChoice

SHEAR = np.array([[1, 0, 0], [0, 1, 0.3], [0, 0, 1]])


def label_map(affine_ras, kind=np.uint8):
    codes = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (7, 8, 9), dtype=kind)
    return LabelMap(codes, Geometry((7, 8, 9), affine_ras), INSTANCE_SCHEME)


@st.composite
def affines(draw, sheared=False):
    turn = Rotation.from_euler("xyz", draw(st.tuples(*[st.floats(-180, 180)] * 3)), degrees=True)
    size = draw(st.tuples(*[st.floats(0.4, 6)] * 3))
    mirror = draw(st.tuples(*[st.sampled_from((-1, 1))] * 3))
    matrix = np.eye(4)
    matrix[:3, :3] = (
        turn.as_matrix() @ (SHEAR if sheared else np.eye(3)) @ np.diag(np.multiply(size, mirror))
    )
    matrix[:3, 3] = draw(st.tuples(*[st.floats(-900, 900)] * 3))
    return matrix


@settings(max_examples=15)
@given(affine_ras=affines(), kind=st.sampled_from([np.uint8, np.uint16]))
def test_write_labels__simpleitk_agrees_on_codes_and_points(tmp_path_factory, affine_ras, kind):
    labels = label_map(affine_ras, kind)
    path = tmp_path_factory.mktemp("w") / "l.nii.gz"
    write_labels(labels, path)
    picture = sitk.ReadImage(str(path))
    np.testing.assert_array_equal(labels.codes, sitk.GetArrayFromImage(picture).transpose())
    assert sitk.GetArrayFromImage(picture).dtype == kind
    for index in ((0, 0, 0), (6, 7, 8), (3, 0, 5)):
        expected = ras_from_lps(picture.TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(expected, labels.geometry.ras_from_index(index), atol=0.01)


@settings(max_examples=10)
@given(affine_ras=st.one_of(affines(), affines(sheared=True)))
def test_write_labels__comes_back_the_same(tmp_path_factory, affine_ras):
    labels = label_map(affine_ras)
    path = tmp_path_factory.mktemp("w") / "l.nii"
    write_labels(labels, path)
    again = read_labels(path, INSTANCE_SCHEME)
    np.testing.assert_array_equal(labels.codes, again.codes)
    assert labels.geometry.same_grid(again.geometry)


def test_write_labels__both_forms_unless_sheared(tmp_path):
    straight = np.diag((-0.7, 0.8, 3.0, 1.0))
    sheared = straight.copy()
    sheared[:3, :3] = SHEAR @ sheared[:3, :3]
    for name, affine_ras, code in (("a.nii.gz", straight, 1), ("b.nii.gz", sheared, 0)):
        write_labels(label_map(affine_ras), tmp_path / name)
        header = nibabel.load(tmp_path / name).header
        assert (int(header["sform_code"]), int(header["qform_code"])) == (1, code)
        np.testing.assert_allclose(affine_ras, header.get_sform(), atol=1e-6)
        assert header.get_xyzt_units()[0] == "mm"


def test_write_labels__same_map_same_bytes_and_no_remains(tmp_path):
    labels = label_map(np.eye(4))
    write_labels(labels, tmp_path / "a.nii.gz")
    write_labels(labels, tmp_path / "b.nii.gz")
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()
    assert {"a.nii.gz", "b.nii.gz"} == {p.name for p in tmp_path.iterdir()}


def test_write_labels__other_names_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"\.nii"):
        write_labels(label_map(np.eye(4)), tmp_path / "a.txt")


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_write_image__unscaled_and_back(tmp_path, kind):
    voxels = np.random.default_rng(0).integers(0, 100, (7, 8, 9)).astype(kind)
    voxels = voxels + kind(0.5) if kind is np.float32 else voxels
    image = ImageVolume(voxels, Geometry((7, 8, 9), np.diag((1.0, 2.0, 3.0, 1.0))), Modality.MR)
    write_image(image, tmp_path / "i.nii.gz")
    assert nibabel.load(tmp_path / "i.nii.gz").get_data_dtype() == kind
    again = read_image(tmp_path / "i.nii.gz", choice=ReadingChoice(modality=Modality.MR))
    np.testing.assert_array_equal(voxels, again.voxels)
