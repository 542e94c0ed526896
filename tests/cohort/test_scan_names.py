"""What a name says of a file, and what it leaves open."""

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.cohort.scan_names import (
    SCANS,
    Doubt,
    bids_names,
    bids_role,
    is_about_files,
    named_file,
    role_of_words,
    told_file,
    words_of,
)


@pytest.mark.parametrize(
    ("words", "role"),
    [
        ("liver", "liver"),
        ("liver mask", "liver"),
        ("liver tumour seg", "lesions"),
        ("metastases", "lesions"),
        ("couinaud segments", "couinaud"),
        ("liver segments", "couinaud"),
        ("portal vein", "portal_vein"),
        ("hepatic veins mask", "hepatic_veins"),
        ("liver vessels", "vessels"),
        ("portal branches", "branches"),
        ("reference liver", "reference_liver"),
        ("reference lesions", "reference_lesions"),
        ("reference couinaud", None),
        ("segments", None),
        ("vein", None),
        ("segmentation", None),
        ("liver and tumour", None),
        ("no tumour", None),
        ("liver lung", None),
        ("", None),
    ],
)
def test_role__is_told_by_words_that_leave_no_doubt(words, role):
    assert role == role_of_words(words.split())


@pytest.mark.parametrize(
    ("name", "folders", "owner", "holds"),
    [
        ("P1.nii.gz", (), "P1", SCANS),
        ("P1_CT.nii.gz", (), "P1", SCANS),
        ("CT-001.nrrd", (), "001", SCANS),
        ("P1_liverMask.nii", (), "P1", "liver"),
        ("P1.liver.nii.gz", (), "P1", "liver"),
        ("liver_001.nii.gz", (), "liver_001", SCANS),
        ("liver_001.nii.gz", ("labels",), "liver_001", Doubt.UNKNOWN_MASK),
        ("P1.seg.nrrd", (), "P1", Doubt.UNKNOWN_MASK),
        ("P1_liver.seg.nrrd", (), "P1", "liver"),
        ("P1.nii.gz", ("masks", "liver"), "P1", "liver"),
        ("P1_ct.nii.gz", ("masks",), "P1", Doubt.UNKNOWN_MASK),
        ("P1.nii.gz", ("ct",), "P1", SCANS),
        ("lesion_2.nii.gz", (), "lesion_2", Doubt.UNKNOWN_MASK),
        ("kidney_left.nii.gz", (), "kidney_left", Doubt.OTHER_ORGAN),
        ("segmentation-12.nii", (), "12", Doubt.UNKNOWN_MASK),
        ("liver_ct_mask.nii", (), "", Doubt.UNKNOWN_MASK),
        ("P1_liver_mask_ct.nii", (), "P1", Doubt.UNKNOWN_MASK),
        ("P1_liver_ct.nii", (), "P1", Doubt.UNKNOWN_MASK),
        ("P1_portal_venous_ct.nii", (), "P1", SCANS),
        ("P1_ct.seg.nrrd", (), "P1", Doubt.UNKNOWN_MASK),
        ("spleen_4.nii.gz", ("images",), "spleen_4", SCANS),
    ],
)
def test_file__is_a_scan_a_mask_or_in_doubt(name, folders, owner, holds):
    found = named_file(name, folders)

    assert (owner, holds) == (found.owner, found.holds)


@pytest.mark.parametrize(
    ("name", "owner", "column"),
    [
        ("P1_facts.yaml", "P1", "facts"),
        ("facts.json", "", "facts"),
        ("landmarks.mrk.json", "", "landmarks"),
        ("P1-landmarks.json", "P1", "landmarks"),
    ],
)
def test_facts_and_landmarks__are_known_by_their_names(name, owner, column):
    found = told_file(name)

    assert (owner, column) == (found.owner, found.holds)
    assert told_file(f"not_{name}.txt") is None
    assert told_file("dataset.json") is None


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("sub-01/anat/sub-01_T1w.nii.gz", ("sub-01", "")),
        ("a/derivatives/b/sub-x/ses-2/sub-x_ses-2_dseg.nii.gz", ("sub-x", "ses-2")),
        ("sub-01/anat/other.nii.gz", None),
        ("sub-01_T1w.nii.gz", None),
        ("sub-01/sub-011_ct.nii.gz", None),
    ],
)
def test_bids__is_known_by_subject_folder_and_name(path, names):
    assert names == bids_names(PurePath(path))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("sub-1_ct.nii.gz", None),
        ("sub-1_label-liver_mask.nii.gz", "liver"),
        ("sub-1_desc-liverTumor_dseg.nii.gz", "lesions"),
        ("sub-1_space-orig_dseg.nii.gz", Doubt.UNKNOWN_MASK),
        ("sub-1_label-liver_desc-tumorfree_mask.nii.gz", Doubt.UNKNOWN_MASK),
    ],
)
def test_bids__role_is_told_by_label_and_description(name, role):
    assert role == bids_role(name)


@pytest.mark.parametrize(
    ("folder", "about"),
    [("masks", True), ("CT", True), ("liver_masks", True), ("P1", False), ("", False),
     ("liver2", False)],
)  # fmt: skip
def test_folder__names_a_case_unless_all_its_words_say_what_files_hold(folder, about):
    assert about == is_about_files(folder)


@given(st.text(max_size=30))
def test_any_name__is_taken_apart(name):
    named_file(f"{name}.nii.gz", (name,))
    told_file(f"{name}.json")
    assert all(word == word.lower() for word in words_of(name) if word.isascii())
