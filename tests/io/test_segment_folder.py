"""Folders with a file for each structure, and maps for every role, as TotalSegmentator writes."""

import hashlib

import nibabel
import numpy as np
import pytest

from remnant.core.errors import (
    EmptyStructureError,
    GeometryMismatchError,
    InputError,
    UnknownLabelError,
    UnreadableFileError,
)
from remnant.io.codings import MasksPreset
from remnant.io.masks import Part, read_masks, read_segment_map
from remnant.io.reading import GeometrySource, ReadingChoice

SHAPE = (7, 8, 9)
TOTAL = MasksPreset.TOTALSEGMENTATOR


def couinaud(seed=0):
    return np.random.default_rng(seed).integers(0, 9, SHAPE).astype(np.uint8)


@pytest.fixture(name="folder")
def folder_fixture(tmp_path, nifti):
    """Write one binary map for each named structure."""

    def write(name="segments", **arrays):
        (tmp_path / name).mkdir(exist_ok=True)
        for structure, array in arrays.items():
            nifti(array.astype(np.uint8), name=f"{name}/{structure}.nii.gz")
        return tmp_path / name

    return write


def segments(codes, numbers=range(1, 9)):
    return {f"liver_segment_{n}": codes == n for n in numbers}


def test_couinaud__one_file_for_each_segment(folder, nifti):
    codes = couinaud()
    path = folder(**segments(codes), spleen=codes == 0)
    found = read_segment_map(path)
    np.testing.assert_array_equal(codes, found.labels.codes)
    assert found.quality == ()
    whole = read_segment_map(nifti(codes))
    assert whole.labels.geometry.same_grid(found.labels.geometry)
    digests = sorted(
        hashlib.sha256((path / f"liver_segment_{n}.nii.gz").read_bytes()).hexdigest()
        for n in range(1, 9)
    )
    assert hashlib.sha256("\n".join(digests).encode()).hexdigest() == found.sha256


def test_couinaud__files_that_round_their_grids_differently_are_one_map_with_a_note(folder, nifti):
    codes = couinaud()
    path = folder(**segments(codes))
    rounded = np.diag((2.002, 2.5, 3.0, 1.0))
    nifti((codes == 5).astype(np.uint8), rounded, name="segments/liver_segment_5.nii.gz")
    found = read_segment_map(path)
    np.testing.assert_array_equal(codes, found.labels.codes)
    assert {f.id: f.value for f in found.quality} == {
        "masks_grid_rounding": pytest.approx(6 * 0.002, rel=1e-3)
    }


def test_folder__heeds_what_the_user_says_of_its_headers(folder, nifti):
    path = folder(liver=couinaud() > 0)
    nifti((couinaud() > 0).astype(np.uint8), np.eye(4), name="segments/liver.nii.gz")
    with pytest.raises(GeometryMismatchError, match="--geometry-from sform"):
        read_masks({"liver": path}, preset=TOTAL)
    vouched = ReadingChoice(geometry_from=GeometrySource.SFORM)
    masks = read_masks({"liver": path}, preset=TOTAL, choice=vouched)[0]
    assert masks.geometry.spacing_mm == (1.0, 1.0, 1.0)


def test_couinaud__missing_and_empty_files_are_missing_segments(folder):
    codes = couinaud()
    codes[codes == 3] = 0
    found = read_segment_map(folder(**segments(codes, (1, 3, 4, 8))))
    np.testing.assert_array_equal(np.where(np.isin(codes, (1, 4, 8)), codes, 0), found.labels.codes)


def test_overlap__of_files_is_counted(folder):
    codes = couinaud()
    codes[3, 4, 5] = 7
    arrays = segments(codes)
    arrays["liver_segment_2"][3, 4, 5] = True
    found = read_segment_map(folder(**arrays))
    assert found.labels.codes[3, 4, 5] == 2
    assert {"couinaud_overlap": 1.0} == {finding.id: finding.value for finding in found.quality}


def test_roles__liver_lesions_vessels(folder):
    codes = couinaud()
    path = folder(liver=codes > 0, liver_tumor=codes == 2, liver_vessels=codes == 5)
    roles = dict.fromkeys(("liver", "lesions", "vessels"), path)
    masks = read_masks(roles, preset=TOTAL)[0]
    np.testing.assert_array_equal(codes > 0, masks.liver.codes)
    np.testing.assert_array_equal(codes == 2, masks.lesions.codes)
    np.testing.assert_array_equal(codes == 5, masks.vessels.codes)


def test_branches__in_read_masks(nifti):
    codes = couinaud()
    liver = nifti((codes > 0).astype(np.uint8), name="liver.nii.gz")
    branches = nifti(np.where(codes == 4, 4, 0).astype(np.uint8), name="b.nii.gz")
    paths = {"liver": liver, "branches": branches}
    masks, divided = read_masks(paths, preset=MasksPreset.LITS)
    assert divided["branches"].labels.scheme.name == "couinaud"
    assert {0, 4} == set(np.unique(divided["branches"].labels.codes))
    assert "couinaud" not in divided
    assert set(paths) == set(masks.inputs_sha256)
    nifti(np.zeros(SHAPE, np.uint8), name="b.nii.gz")
    with pytest.raises(EmptyStructureError, match="branches"):
        read_masks(paths, preset=MasksPreset.LITS)
    nifti(np.full(SHAPE, 9, np.uint8), name="b.nii.gz")
    with pytest.raises(UnknownLabelError, match=r"branches file .* \[9\]"):
        read_masks(paths, preset=MasksPreset.LITS)


def with_names(path, names):
    """Add the label table that TotalSegmentator writes into a header extension."""
    table = "".join(
        f'<Label Key="{code}" Red="1.0" Green="0.0" Blue="0.5"><![CDATA[{name}]]></Label>'
        for code, name in names.items()
    )
    image = nibabel.load(path)
    image = nibabel.Nifti1Image(np.asarray(image.dataobj), image.affine, image.header)
    xml = f'<?xml version="1.0"?> <CaretExtension><LabelTable>{table}</LabelTable></CaretExtension>'
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, xml.encode()))
    nibabel.save(image, path)
    return path


def test_one_file__names_in_its_header_are_heeded(nifti):
    codes = couinaud()
    path = with_names(nifti(codes), {n: f"liver_segment_{n}" for n in range(1, 9)})
    np.testing.assert_array_equal(codes, read_segment_map(path).labels.codes)
    atlas = with_names(
        nifti(np.where(codes, codes + 14, 0).astype(np.uint8)),
        {1: "aorta", **{n + 14: f"liver_segment_{n}" for n in range(1, 9)}},
    )
    np.testing.assert_array_equal(codes, read_segment_map(atlas).labels.codes)


def test_one_file__names_of_other_structures_are_refused(nifti):
    names = {1: "spleen", 2: "kidney_right", 5: "liver"}
    path = with_names(nifti(np.isin(couinaud(), (1, 5)) * couinaud()), names)
    with pytest.raises(UnknownLabelError, match="'spleen', 'liver'; needed are Couinaud"):
        read_segment_map(path)
    roles = {"liver": path}
    liver = read_masks(roles, preset=TOTAL)[0].liver
    np.testing.assert_array_equal(couinaud() == 5, liver.codes)


@pytest.mark.parametrize(
    ("part", "name", "refused"),
    [("liver", "spleen", True), ("liver", "liver", False), ("liver", "mine", False),
     ("lesions", "kidney tumor", True), ("lesions", "cyst", True), ("lesions", "tumour", False),
     ("portal_vein", "vein", False), ("vessels", "aorta", True)],
)  # fmt: skip
def test_one_file__a_wanted_code_named_after_another_organ_is_refused(nifti, part, name, refused):
    ones = np.ones(SHAPE, np.uint8)
    roles = {"liver": nifti(ones, name="l.nii.gz")}
    roles |= {part: with_names(nifti(ones, name="n.nii.gz"), {1: name, 2: "stomach"})}
    if not refused:
        assert read_masks(roles, preset=MasksPreset.BINARY)[0].liver.codes.all()
        return
    with pytest.raises(UnknownLabelError, match=f"names its code 1 '{name}'") as caught:
        read_masks(roles, preset=MasksPreset.BINARY)
    assert "\n" not in str(caught.value)


def test_one_file__bare_numbers_leave_the_codes_and_that_is_said(nifti):
    path = with_names(
        nifti(couinaud()), {0: "Clear Label", **{n: f"Label {n}" for n in range(1, 9)}}
    )
    given = read_segment_map(path)
    np.testing.assert_array_equal(couinaud(), given.labels.codes)
    assert ["couinaud_by_number"] == [finding.id for finding in given.quality]
    only_background = read_segment_map(with_names(nifti(couinaud()), {0: "background"}))
    assert not only_background.quality


REVERSED = {n: f"liver_segment_{9 - n}" for n in range(1, 9)}
ORGANS = ("spleen", "kidney_right", "kidney_left", "gallbladder", "stomach", "pancreas", "aorta")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (dict(enumerate((*ORGANS, "duodenum"), 1)), "'spleen', 'kidney_right'"),
        ({n: f"L{n}" for n in range(1, 9)}, "'L1'"),
        ({n: f"肿瘤{n}" for n in range(1, 9)}, "'肿瘤1'"),
        ({n: f"tumor {n}" for n in range(1, 9)}, "'tumor 1'"),
        ({n: f"Label {9 - n}" for n in range(1, 9)}, "stored with the value 1"),
        (dict.fromkeys(range(1, 9), "Segment IV"), "all mean Couinaud IV"),
        ({n: name for n, name in REVERSED.items() if n != 5}, r"\[5\] without a name"),
        (dict(enumerate(ORGANS, 1)), r"\[8\] without a name, .* code 1 'spleen'"),
        ({1: "liver_segment_1", 2: "spleen"}, "code 2 'spleen'"),
        ({n + 14: f"liver_segment_{n}" for n in range(1, 9)}, "code 15 'liver_segment_1'"),
        ({9: "tumor"}, "code 9 'tumor'"),
    ],
)
def test_one_file__names_that_contradict_the_codes_are_refused(nifti, names, message):
    codes = np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.uint8) % 9
    with pytest.raises(UnknownLabelError, match=message) as caught:
        read_segment_map(with_names(nifti(codes), names))
    assert "\n" not in str(caught.value)


def test_one_file__names_of_all_codes_go_before_the_codes(nifti):
    given = read_segment_map(with_names(nifti(couinaud()), REVERSED))
    np.testing.assert_array_equal(np.array([0, *range(8, 0, -1)])[couinaud()], given.labels.codes)


def test_one_file__some_names_that_bear_out_the_codes(nifti):
    names = {n: f"liver_segment_{n}" for n in range(1, 7)} | {7: "7", 12: "aorta"}
    given = read_segment_map(with_names(nifti(couinaud()), names))
    np.testing.assert_array_equal(couinaud(), given.labels.codes)
    assert [("couinaud_by_number", 1.0)] == [(f.id, f.value) for f in given.quality]


def test_refused(folder, nifti, tmp_path):
    codes = couinaud()
    path = folder(**segments(codes))
    nifti(np.full(SHAPE, 7, np.uint8), name="segments/liver_segment_7.nii.gz")
    with pytest.raises(UnknownLabelError, match="binary"):
        read_segment_map(path)
    nifti(
        (codes == 7).astype(np.uint8), np.diag((2, 2, 2, 1)), name="segments/liver_segment_7.nii.gz"
    )
    with pytest.raises(GeometryMismatchError, match=r"liver_segment_7.nii.gz lies on another grid"):
        read_segment_map(path)
    (path / "liver_segment_7.nii.gz").write_bytes(b"\x1f\x8b damaged")
    with pytest.raises(UnreadableFileError):
        read_segment_map(path)
    empty = tmp_path / "empty"
    empty.mkdir()
    for part in (Part.COUINAUD, Part.BRANCHES):
        with pytest.raises(UnreadableFileError, match=f"holds no {part} map") as caught:
            read_segment_map(empty, part)
        assert "\n" not in str(caught.value)
    with pytest.raises(UnreadableFileError, match="does not exist"):
        read_segment_map(tmp_path / "missing.dcm")


def test_refused__a_structure_that_stands_there_twice(folder, nifti):
    path = folder(**segments(couinaud()))
    nifti((couinaud() == 3).astype(np.uint8), name="segments/liver_segment_4.nii")
    with pytest.raises(InputError, match="liver_segment_4 twice"):
        read_segment_map(path)


def test_refused__lesion_maps_of_two_tasks(folder):
    path = folder(liver=couinaud() > 0, liver_tumor=couinaud() == 2, liver_lesions=couinaud() == 3)
    with pytest.raises(InputError, match="several lesions maps"):
        read_masks({"liver": path, "lesions": path}, preset=TOTAL)
