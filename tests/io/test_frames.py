"""LPS and RAS, against SimpleITK's own mapping of points."""

import numpy as np
import SimpleITK as sitk  # noqa: N813
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from remnant.io.frames import affine_ras_from_itk, lps_from_ras, ras_from_lps


def test_ras_from_lps__flips_x_and_y_only():
    np.testing.assert_array_equal(
        ras_from_lps([[1, 2, 3], [-4, 5, -6]]), [[-1, -2, 3], [4, -5, -6]]
    )


def test_lps_from_ras__undoes_it():
    points = np.random.default_rng(0).normal(size=(4, 5, 3))
    np.testing.assert_array_equal(points, lps_from_ras(ras_from_lps(points)))


@given(st.tuples(*[st.floats(-180, 180)] * 3), st.booleans())
def test_affine_ras_from_itk__agrees_with_simpleitk_on_points(angles, mirrored):
    direction = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    direction[:, 0] *= -1 if mirrored else 1
    picture = sitk.Image(7, 8, 9, sitk.sitkUInt8)
    picture.SetDirection(direction.ravel())
    picture.SetSpacing((0.7, 1.1, 2.5))
    picture.SetOrigin((-12.0, 31.0, 450.0))
    affine_ras = affine_ras_from_itk(
        origin_lps=picture.GetOrigin(),
        spacing_mm=picture.GetSpacing(),
        direction_lps=picture.GetDirection(),
    )
    for index in ((0, 0, 0), (6, 0, 3), (2, 7, 8)):
        expected = ras_from_lps(picture.TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(
            affine_ras[:3, :3] @ index + affine_ras[:3, 3], expected, atol=1e-9
        )
