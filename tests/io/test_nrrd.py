"""NRRD label maps written by SimpleITK and by 3D Slicer."""

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

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
    assert not is_nrrd_name(tmp_path / "x.nhdr")


def test_shared__published_segmentation(shared):
    labels = read_labels(shared / "data" / "dcmqi" / "liver_spine_seg.nrrd", INSTANCE_SCHEME)
    picture = sitk.ReadImage(str(shared / "data" / "dcmqi" / "liver_spine_seg.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(picture).transpose(), labels.codes)
    assert {0, 1, 2} == set(np.unique(labels.codes))
