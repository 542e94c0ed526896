"""NIfTI as other programs write it: nibabel writes by hand, we read."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from remnant.core.errors import (
    GeometryMismatchError,
    InputError,
    UnknownLabelError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import Modality
from remnant.io.frames import ras_from_lps
from remnant.io.nifti import read_image, read_labels
from remnant.io.nifti_file import open_nifti
from remnant.io.reading import ReadingChoice

OBLIQUE = np.array(
    [[-0.9, 0.2, 0.3, 80.0], [0.1, 1.4, -0.5, -120.0], [0.25, 0.4, 2.8, 900.0], [0, 0, 0, 1]]
)


def values(shape=(7, 8, 9), kind=np.int16):
    return np.random.default_rng(1).integers(-1000, 1500, shape).astype(kind)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_read_image__values_and_grid(nifti, name, kind):
    array = values()
    image = read_image(
        nifti(array, name=name, kind=kind), choice=ReadingChoice(modality=Modality.MR)
    )
    np.testing.assert_array_equal(array, image.voxels)
    assert image.voxels.dtype == np.int16
    np.testing.assert_allclose(np.diag((2.0, 2.5, 3.0, 1.0)), image.geometry.affine_ras)
    assert image.modality is Modality.MR


def test_read_image__big_endian(nifti, tmp_path):
    array = values()
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    file = nibabel.Nifti1Image(array, np.diag((2.0, 2.5, 3.0, 1.0)), header)
    file.set_sform(file.affine, code=1)
    nibabel.save(file, tmp_path / "b.nii")
    assert (tmp_path / "b.nii").read_bytes()[:4] == (348).to_bytes(4, "big")
    image = read_image(tmp_path / "b.nii", choice=ReadingChoice(modality=Modality.MR))
    np.testing.assert_array_equal(array, image.voxels)
    assert image.voxels.dtype.isnative


def test_read_image__sheared_sform_is_kept_and_agrees_with_nibabel(nifti):
    path = nifti(values(), OBLIQUE, qform=0)
    geometry = read_image(path, choice=ReadingChoice(modality=Modality.MR)).geometry
    assert geometry.is_sheared
    np.testing.assert_allclose(nibabel.load(path).affine, geometry.affine_ras)
    assert abs(np.linalg.det(OBLIQUE[:3, :3])) / 1000 == pytest.approx(
        geometry.voxel_volume_ml, rel=1e-6
    )


@pytest.mark.parametrize("mirror", [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, -1)])
def test_read_image__mirrored_agrees_with_simpleitk_on_points(nifti, mirror):
    affine_ras = np.diag((*np.multiply(mirror, (2.0, 2.5, 3.0)), 1.0))
    affine_ras[:3, 3] = (10, -20, 30)
    path = nifti(values(), affine_ras)
    geometry = read_image(path, choice=ReadingChoice(modality=Modality.MR)).geometry
    picture = sitk.ReadImage(str(path))
    for index in ((0, 0, 0), (6, 2, 8)):
        expected = ras_from_lps(picture.TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(expected, geometry.ras_from_index(index), atol=1e-4)


def test_read_image__scaling_that_stays_whole(nifti):
    array = values(kind=np.int16) + 1024
    path = nifti(array, edit=lambda header: header.set_slope_inter(1, -1024))
    # nibabel rescales when it saves, so the header is patched afterwards
    image = read_image(
        patched(path, slope=1.0, intercept=-1024.0, raw=array),
        choice=ReadingChoice(modality=Modality.MR),
    )
    np.testing.assert_array_equal(array - 1024, image.voxels)
    assert image.voxels.dtype == np.int16


def patched(path, *, slope, intercept, raw):
    """Write the file anew with the stored numbers as they are and a scaling beside them."""
    header = nibabel.load(path).header.copy()
    header.set_data_dtype(raw.dtype)
    header["scl_slope"], header["scl_inter"], header["vox_offset"] = slope, intercept, 352
    target = path.with_name("patched.nii")
    target.write_bytes(header.binaryblock + b"\0" * 4 + raw.tobytes(order="F"))
    return target


def test_read_image__real_scaling_agrees_with_nibabel(nifti):
    raw = values()
    path = patched(nifti(raw), slope=0.25, intercept=-3.5, raw=raw)
    image = read_image(path, choice=ReadingChoice(modality=Modality.MR))
    np.testing.assert_allclose(nibabel.load(path).get_fdata(), image.voxels, rtol=1e-6)
    assert image.voxels.dtype == np.float32


@pytest.mark.parametrize("slope", [0.0, np.nan])
def test_read_image__no_scaling(nifti, slope):
    raw = values()
    path = patched(nifti(raw), slope=slope, intercept=7.0, raw=raw)
    np.testing.assert_array_equal(
        raw, read_image(path, choice=ReadingChoice(modality=Modality.MR)).voxels
    )


def test_read_image__whole_floats_become_int16(nifti):
    assert (
        read_image(
            nifti(values(kind=np.float64)), choice=ReadingChoice(modality=Modality.MR)
        ).voxels.dtype
        == np.int16
    )


def test_read_image__nan_is_refused(nifti):
    array = values(kind=np.float32)
    array[0, 0, 0] = np.nan
    with pytest.raises(InputError, match=r"1 values that are not finite.*-1024"):
        read_image(nifti(array), choice=ReadingChoice(modality=Modality.CT))


def test_read_image__trailing_axis_of_one(nifti):
    assert read_image(
        nifti(values((7, 8, 9, 1))), choice=ReadingChoice(modality=Modality.MR)
    ).voxels.shape == (7, 8, 9)


@pytest.mark.parametrize("shape", [(7, 8), (7, 8, 9, 2), (7, 8, 9, 1, 3)])
def test_read_image__other_axes_are_refused_by_shape(nifti, shape):
    with pytest.raises(UnsupportedSeriesError, match="x".join(map(str, shape))):
        read_image(nifti(values(shape)), choice=ReadingChoice(modality=Modality.MR))


@pytest.mark.parametrize("kind", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_read_image__colour_and_complex_are_refused(nifti, kind):
    with pytest.raises(UnsupportedSeriesError, match="one real number"):
        read_image(nifti(np.zeros((7, 8, 9), kind)))


def test_forms__only_qform(nifti):
    opened = open_nifti(nifti(values(), sform=0))
    assert opened.geometry_source == "qform"
    np.testing.assert_allclose(np.diag((2.0, 2.5, 3.0, 1.0)), opened.geometry.affine_ras, atol=1e-6)


def test_forms__neither(nifti):
    with pytest.raises(UnsupportedSeriesError, match="neither qform nor sform"):
        read_image(nifti(values(), sform=0, qform=0))


@pytest.mark.parametrize(("shift", "refused"), [(0.02, False), (5.0, True)])
def test_forms__disagreement(nifti, shift, refused):
    moved = np.diag((2.0, 2.5, 3.0, 1.0))
    moved[0, 3] = shift
    path = nifti(values(), sform_affine=moved)
    if refused:
        with pytest.raises(GeometryMismatchError, match=r"disagree by 5\.0 mm"):
            open_nifti(path)
    else:
        np.testing.assert_allclose(moved, open_nifti(path).geometry.affine_ras, atol=1e-6)


def test_forms__mirrored_disagreement_is_refused(nifti):
    mirrored = np.diag((-2.0, 2.5, 3.0, 1.0))
    path = nifti(values(), sform_affine=mirrored)
    with pytest.raises(GeometryMismatchError):
        open_nifti(path)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000), ("micron", 0.001), ("unknown", 1)])
def test_units__converted(nifti, unit, factor):
    affine_ras = np.diag((2.0 / factor, 2.5 / factor, 3.0 / factor, 1.0))
    affine_ras[:3, 3] = np.array((5, 6, 7)) / factor
    path = nifti(values(), affine_ras, edit=lambda header: header.set_xyzt_units(unit))
    geometry = open_nifti(path).geometry
    np.testing.assert_allclose((2.0, 2.5, 3.0), geometry.spacing_mm, rtol=1e-6)
    np.testing.assert_allclose((5, 6, 7), geometry.affine_ras[:3, 3], rtol=1e-6)


def test_units__undefined_code(nifti):
    path = nifti(values(), edit=lambda header: header.__setitem__("xyzt_units", 5))
    with pytest.raises(UnsupportedSeriesError, match="undefined unit"):
        open_nifti(path)


@pytest.mark.parametrize("size", [0.02, 300.0])
def test_units__implausible_voxels(nifti, size):
    with pytest.raises(UnsupportedSeriesError, match="check the unit"):
        open_nifti(nifti(values(), np.diag((size, size, size, 1.0))))


def test_open_nifti__analyze_and_pairs(tmp_path):
    array = values()
    for kind, name in ((nibabel.AnalyzeImage, "a.img"), (nibabel.Nifti1Pair, "p.img")):
        nibabel.save(kind(array, np.eye(4)), tmp_path / name)
        renamed = (tmp_path / name).with_suffix(".hdr").rename(tmp_path / f"{name}.nii")
        for given in (renamed, tmp_path / name):
            with pytest.raises(UnreadableFileError, match=r"Analyze file or half of a \.hdr/\.img"):
                open_nifti(given)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
def test_read_labels__codes_of_any_type(nifti, kind):
    codes = np.random.default_rng(2).integers(0, 9, (7, 8, 9))
    labels = read_labels(nifti(codes.astype(kind)), COUINAUD_SCHEME)
    np.testing.assert_array_equal(codes, labels.codes)
    assert labels.codes.dtype == np.uint8


def test_read_labels__many_instances_need_uint16(nifti):
    codes = np.arange(504, dtype=np.int32).reshape(7, 8, 9)
    labels = read_labels(nifti(codes), INSTANCE_SCHEME)
    np.testing.assert_array_equal(codes, labels.codes)
    assert labels.codes.dtype == np.uint16


def test_read_labels__codes_above_int16(nifti):
    codes = np.zeros((7, 8, 9), np.float32)
    codes[1, 2, 3] = 65535
    assert read_labels(nifti(codes), INSTANCE_SCHEME).codes[1, 2, 3] == 65535


@pytest.mark.parametrize(
    ("value", "message"), [(0.5, "probability"), (-1, "no label map"), (65536, "no label map")]
)
def test_read_labels__not_codes(nifti, value, message):
    array = np.zeros((7, 8, 9), np.float32)
    array[0, 0, 0] = value
    with pytest.raises(InputError, match=message):
        read_labels(nifti(array), INSTANCE_SCHEME)


def test_read_labels__code_outside_the_scheme(nifti):
    with pytest.raises(UnknownLabelError, match=r"\[2\]"):
        read_labels(nifti(np.full((7, 8, 9), 2, np.uint8)), BINARY_SCHEME)


def test_sample__ct_mr_and_labels(sample):
    image = read_image(sample / "example_ct.nii.gz")
    assert (image.modality, image.voxels.dtype, image.voxels.shape) == (
        Modality.CT,
        np.int16,
        (122, 101, 112),
    )
    with pytest.raises(InputError, match="--modality"):
        read_image(sample / "example_mr_sm.nii.gz")
    assert (
        read_image(
            sample / "example_mr_sm.nii.gz", choice=ReadingChoice(modality=Modality.MR)
        ).voxels.min()
        == -47
    )
    labels = read_labels(sample / "example_seg_fast_force_split.nii.gz", INSTANCE_SCHEME)
    assert labels.geometry.same_grid(image.geometry)
    liver_ml = labels.mask(5).sum() * labels.geometry.voxel_volume_ml
    assert pytest.approx(1125.7, abs=0.05) == liver_ml
