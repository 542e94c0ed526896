"""NIfTI headers whose statements of the grid contradict each other, or say nothing."""

import nibabel
import numpy as np
import pytest

from remnant.core.errors import GeometryMismatchError, UnsupportedSeriesError
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reasons import Cause
from remnant.io.nifti import read_labels
from remnant.io.nifti_file import open_nifti
from remnant.io.nifti_names import label_names
from remnant.io.reading import GeometrySource, ReadingChoice
from remnant.io.role_maps import read_role
from remnant.io.roles import Part
from remnant.io.source import load_study
from remnant.wording.findings import text_of

SIZES = (2.0, 2.5, 3.0)
CODES = np.ones((7, 8, 9), np.uint8)


def chosen(source):
    return ReadingChoice(geometry_from=GeometrySource(source))


def placed(*sizes, origin=(-30.0, 20.0, 500.0)):
    matrix = np.diag((*sizes, 1.0))
    matrix[:3, 3] = origin
    return matrix


@pytest.fixture(name="stated")
def stated_fixture(tmp_path):
    """Write a header field by field: sform, qform and pixdim, each as told."""

    def write(*, sform=None, qform=None, pixdim=SIZES, qfac=1.0, unit="mm", shape=CODES.shape):
        file = nibabel.Nifti1Image(np.ones(shape, np.uint8), None)
        header = file.header
        if qform is not None:
            header.set_qform(qform, code=1)
        if sform is not None:
            header.set_sform(sform, code=2)
        header["pixdim"][:4] = (qfac, *pixdim)
        header.set_xyzt_units(unit)
        # nibabel mends signs when it saves
        header["vox_offset"], header["magic"] = 352, b"n+1"
        path = tmp_path / "h.nii"
        path.write_bytes(header.binaryblock + b"\0" * 4 + file.dataobj.tobytes(order="F"))
        return path

    return write


def oddities(path, choice=None):
    opened = open_nifti(path) if choice is None else open_nifti(path, choice=choice)
    return [one.cause for one in opened.oddities]


@pytest.mark.parametrize(
    ("pixdim", "said"),
    [
        ((2.0, 2.5, 1.5), "2 x 2.5 x 1.5 mm, by which every volume would be 2 times as large"),
        ((1.0, 1.0, 1.0), "1 x 1 x 1 mm, by which every volume would be 15 times as large"),
        ((2.0, 2.5, 3.02), "2 x 2.5 x 3.02 mm, by which every volume would be 1.007 times"),
    ],
)
def test_sform_against_pixdim__is_refused_and_says_how_to_choose(stated, pixdim, said):
    path = stated(sform=placed(*SIZES), pixdim=pixdim)
    with pytest.raises(GeometryMismatchError) as caught:
        open_nifti(path)
    text = str(caught.value)
    assert f"the sform says voxels of 2 x 2.5 x 3 mm and pixdim {said}" in text
    assert "--geometry-from sform (voxels of 2 x 2.5 x 3 mm) or --geometry-from pixdim" in text
    assert "\n" not in text


@pytest.mark.parametrize(("source", "sizes"), [("sform", SIZES), ("pixdim", (2.0, 2.5, 1.5))])
def test_sform_against_pixdim__the_choice_holds_and_is_noted(stated, source, sizes):
    path = stated(sform=placed(*SIZES), pixdim=(2.0, 2.5, 1.5))
    opened = open_nifti(path, choice=chosen(source))
    assert opened.geometry.spacing_mm == pytest.approx(sizes)
    assert opened.geometry_source == source
    assert opened.geometry.affine_ras[:3, 3] == pytest.approx((-30.0, 20.0, 500.0))
    (noted,) = opened.oddities
    assert (noted.cause, noted.names) == (Cause.GEOMETRY_CHOSEN, (source,))
    assert noted.amounts == pytest.approx(sizes)


def test_pixdim_chosen__directions_are_those_of_the_matrix(stated):
    matrix = placed(1.0, 1.0, 1.0)
    matrix[:3, :3] = [[0, -1, 0], [0.6, 0, 0.8], [-0.8, 0, 0.6]]
    geometry = open_nifti(stated(sform=matrix), choice=chosen("pixdim")).geometry
    np.testing.assert_allclose(geometry.directions, matrix[:3, :3], atol=1e-7)
    assert geometry.spacing_mm == pytest.approx(SIZES)


def test_choice__that_the_header_does_not_state_is_refused(stated):
    path = stated(sform=placed(*SIZES), pixdim=(1.0, 1.0, 1.0))
    with pytest.raises(GeometryMismatchError, match="it states no qform"):
        open_nifti(path, choice=chosen("qform"))


def test_choice__changes_nothing_where_the_header_agrees_with_itself(stated):
    for path in (stated(sform=placed(*SIZES)), stated(qform=placed(*SIZES))):
        for source in GeometrySource:
            opened = open_nifti(path, choice=chosen(source))
            np.testing.assert_allclose(opened.geometry.affine_ras, placed(*SIZES), atol=1e-6)
            assert opened.oddities == ()


@pytest.mark.parametrize(
    ("size", "noted"), [(0.703125, False), (0.7031, True), (0.70312, False), (0.7, None)]
)
def test_pixdim__rounded(stated, size, noted):
    """Over 512 voxels 0.000005 mm are 0.003 mm, 0.000025 are 0.013 mm and 0.003 are 1.6 mm."""
    path = stated(sform=placed(0.703125, 2.5, 3.0), pixdim=(size, 2.5, 3.0), shape=(512, 2, 3))
    if noted is None:
        with pytest.raises(GeometryMismatchError):
            open_nifti(path)
    else:
        assert oddities(path) == [Cause.PIXDIM_ROUNDED] * noted


def test_forms__disagreement_names_every_choice(stated):
    path = stated(sform=placed(*SIZES), qform=placed(*SIZES, origin=(-25.0, 20.0, 500.0)))
    with pytest.raises(GeometryMismatchError) as caught:
        open_nifti(path)
    text = str(caught.value)
    assert "disagree by 5.0 mm at a corner; say which holds" in text
    assert all(f"--geometry-from {source} " in text for source in GeometrySource)
    origins = {
        source: open_nifti(path, choice=chosen(source)).geometry.affine_ras[0, 3]
        for source in ("sform", "qform")
    }
    assert origins == {"sform": -30.0, "qform": -25.0}


def test_pixdim__zero_says_nothing_beside_a_matrix(stated):
    path = stated(sform=placed(*SIZES), pixdim=(0.0, 0.0, 0.0))
    assert open_nifti(path).geometry.spacing_mm == pytest.approx(SIZES)
    assert oddities(path) == [Cause.PIXDIM_UNSAID]
    assert oddities(stated(sform=placed(*SIZES), pixdim=(2.0, np.nan, 3.0))) == [
        Cause.PIXDIM_UNSAID
    ]
    with pytest.raises(GeometryMismatchError, match=r"2 x 2.5 x 3 mm and pixdim 2 x 2 x 0 mm"):
        open_nifti(stated(sform=placed(*SIZES), pixdim=(2.0, 2.0, 0.0)))


@pytest.mark.parametrize("pixdim", [(0.0, 0.0, 0.0), (2.0, 2.5, 0.0), (2.0, np.nan, 3.0)])
def test_pixdim__zero_leaves_a_qform_without_sizes(stated, pixdim):
    with pytest.raises(UnsupportedSeriesError, match="states no voxel sizes"):
        open_nifti(stated(qform=placed(*SIZES), pixdim=pixdim))


def test_pixdim__negative(stated):
    negative = (2.0, 2.5, -3.0)
    path = stated(sform=placed(*SIZES), pixdim=negative)
    np.testing.assert_allclose(open_nifti(path).geometry.affine_ras, placed(*SIZES))
    assert oddities(path) == [Cause.PIXDIM_NEGATIVE]
    path = stated(qform=placed(*SIZES), pixdim=negative)
    with pytest.raises(GeometryMismatchError, match=r"pixdim is negative \(2 x 2.5 x -3\)"):
        open_nifti(path)
    np.testing.assert_allclose(
        open_nifti(path, choice=chosen("qform")).geometry.affine_ras, placed(*SIZES)
    )


def test_handedness__of_the_quaternion(stated):
    path = stated(qform=placed(*SIZES), qfac=0.0)
    np.testing.assert_allclose(open_nifti(path).geometry.affine_ras, placed(*SIZES))
    assert oddities(path) == [Cause.HANDEDNESS_UNSAID]
    assert oddities(stated(sform=placed(*SIZES), qfac=0.0)) == []
    path = stated(qform=placed(*SIZES), qfac=-3.0)
    with pytest.raises(GeometryMismatchError, match=r"pixdim\[0\] is -3"):
        open_nifti(path)
    geometry = open_nifti(path, choice=chosen("qform")).geometry
    np.testing.assert_allclose(geometry.affine_ras, placed(2.0, 2.5, -3.0))


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (1, -1, -1)])
@pytest.mark.parametrize("form", ["sform", "qform"])
def test_identity__is_what_programs_write_where_nobody_told_them(stated, signs, form):
    path = stated(**{form: placed(*signs, origin=(0.0, 0.0, 0.0))}, pixdim=(1.0, 1.0, 1.0),
                  qfac=np.prod(signs))  # fmt: skip
    with pytest.raises(GeometryMismatchError, match=f"is lost.* add --geometry-from {form}"):
        open_nifti(path)
    assert oddities(path, chosen(form)) == [Cause.GEOMETRY_CHOSEN]


def test_identity__of_numpy_and_nibabel_is_refused_and_real_grids_are_not(tmp_path):
    for name, matrix in (("bare.nii", np.eye(4)), ("real.nii", placed(1.0, 1.0, 1.0))):
        nibabel.save(nibabel.Nifti1Image(CODES, matrix), tmp_path / name)
    with pytest.raises(GeometryMismatchError, match="the spacing is lost"):
        read_labels(tmp_path / "bare.nii", INSTANCE_SCHEME)
    assert read_labels(tmp_path / "real.nii", INSTANCE_SCHEME).geometry.spacing_mm == (1, 1, 1)
    found = read_role(tmp_path / "bare.nii", Part.LIVER, choice=chosen("sform"))
    assert "sform holds, with voxels of 1 x 1 x 1 mm" in text_of(found.quality[0])


@pytest.mark.parametrize(("unit", "mm"), [("meter", 1000.0), ("micron", 0.001)])
def test_units__converted_with_a_note_or_refused(stated, unit, mm):
    small = np.array(SIZES) / mm
    path = stated(sform=placed(*small), pixdim=small, unit=unit)
    assert open_nifti(path).geometry.spacing_mm == pytest.approx(SIZES)
    assert oddities(path) == [Cause.UNIT_CONVERTED]
    with pytest.raises(UnsupportedSeriesError, match=r"can only be millimetres .*xyzt_units"):
        open_nifti(stated(sform=placed(*SIZES), unit=unit))


def test_notes__are_stored_with_scan_and_map(stated):
    path = stated(sform=placed(*SIZES), pixdim=(0.0, 0.0, 0.0))
    found = {f.id: f for f in read_role(path, Part.COUINAUD).quality}
    assert text_of(found["couinaud_header"]) == (
        "The header of the couinaud file: it states no voxel sizes (pixdim) and its matrix was "
        "used."
    )
    image = nibabel.Nifti1Image(np.arange(504, dtype=np.int16).reshape(7, 8, 9), placed(*SIZES))
    image.header["pixdim"][3] = 3.0001
    nibabel.save(image, path.with_name("i.nii"))
    loaded = load_study(path.with_name("i.nii"), choice=ReadingChoice(modality="mr"))
    assert "image_header" not in {f.id for f in loaded.quality}
    image.header["pixdim"][3] = 3.002
    nibabel.save(image, path.with_name("i.nii"))
    loaded = load_study(path.with_name("i.nii"), choice=ReadingChoice(modality="mr"))
    (noted,) = (f for f in loaded.quality if f.id == "image_header")
    assert "rounded, by up to 0.018 mm (0.006 voxels) over the grid" in text_of(noted)


def test_label_names__heed_the_choice(stated):
    path = stated(sform=placed(*SIZES), pixdim=(1.0, 1.0, 1.0))
    assert label_names(path, choice=chosen("sform")) == {}
