"""Folders of studies become manifests; what is not certain is listed and never guessed."""

import json
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from examples.dicom_trees import write_dicom, write_study
from examples.documented_files import write_seg_nrrd
from remnant.cohort.manifest import read_manifest, write_manifest
from remnant.cohort.manifest_columns import COLUMNS
from remnant.cohort.scan_names import Doubt
from remnant.cohort.scanning import TO_FILL_IN, scan_folder
from remnant.core.errors import InputError
from remnant.io.pseudonym import pseudonym
from remnant.io.roles import Part
from remnant.testing.phantoms import body_grid

FILLED = {"study", "liver", "lesions", "couinaud", "masks_preset", "patient", "time_point"}


def laid_out(folder, *names, dtype=np.int16):
    """Write small files: NIfTI where the name says so."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith((".nii", ".nii.gz")):
            nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2), dtype), np.eye(4)), path)
        else:
            path.write_bytes(b"{}")
    return folder


def found_in(folder):
    """Cells of each case by its name, with paths relative to the folder; and what was not taken."""
    scanned = scan_folder(folder)
    cases = {
        row.case: {
            name: text.removeprefix(f"{folder}/")
            for name, text in row.cells.items()
            if name != "case"
        }
        for row in scanned.rows
    }
    assert len(cases) == len(scanned.rows)
    if cases:
        write_manifest(scanned.rows, folder / "made.csv", columns=TO_FILL_IN)
        again = read_manifest(folder / "made.csv")
        assert [dict(row.cells) for row in scanned.rows] == [dict(row.cells) for row in again]
        assert [row.line for row in scanned.rows] == [row.line for row in again]
        (folder / "made.csv").unlink()
    return cases, {one.doubt: one.first for one in scanned.doubted}


def test_plain_folder__of_one_file_a_case(tmp_path):
    laid_out(tmp_path, "b.nii.gz", "a_1.nii", "Größe 3.mha", "d.zip", "notes.txt")

    assert (
        {
            "a_1": {"study": "a_1.nii"},
            "b": {"study": "b.nii.gz"},
            "d": {"study": "d.zip"},
            "Groe_3": {"study": "Größe 3.mha"},
        },
        {Doubt.OTHER_FILE: ("notes.txt",)},
    ) == found_in(tmp_path)


def test_plain_folder__of_files_with_roles_behind_the_name_of_the_case(tmp_path):
    laid_out(
        tmp_path, "P1.nii.gz", "P1_liver.nii.gz", "P1_lesions_mask.nii.gz", "P2_ct.nii.gz",
        "P2-couinaud.nii.gz", "P2_seg.nii.gz", "P3_liver.nii.gz", "P4_lesions.nii.gz",
        "P1_reference_lesions.nii.gz", "P2_facts.yaml",
    )  # fmt: skip
    cases, doubted = found_in(tmp_path)

    assert {
        "P1": {
            "study": "P1.nii.gz", "liver": "P1_liver.nii.gz", "lesions": "P1_lesions_mask.nii.gz",
            "reference_lesions": "P1_reference_lesions.nii.gz",
        },
        "P2": {
            "study": "P2_ct.nii.gz", "couinaud": "P2-couinaud.nii.gz", "facts": "P2_facts.yaml",
        },
        "P3": {"liver": "P3_liver.nii.gz"},
    } == cases  # fmt: skip
    assert {
        Doubt.UNKNOWN_MASK: ("P2_seg.nii.gz",),
        Doubt.NO_SCAN: ("P4_lesions.nii.gz",),
    } == doubted


def test_folder_for_each_case__with_files_named_by_role(tmp_path):
    laid_out(
        tmp_path, "P1/ct.nii.gz", "P1/liver.nii.gz", "P1/tumour.nii.gz", "P1/segmentation.nii.gz",
        "P2/scan_0815.nii.gz", "P2/masks/liver_segments.nii.gz", "P3/liver.nii.gz",
        "P3/couinaud.nii.gz", "P4/image.nii.gz", "P4/spleen.nii.gz", "P4/lesion_1.nii.gz",
        "P4/landmarks.mrk.json", "P5/P5.nii.gz", "P5/P5_liver.nii.gz", "P5/mystery.nii.gz",
    )  # fmt: skip
    cases, doubted = found_in(tmp_path)

    assert {
        "P1": {
            "study": "P1/ct.nii.gz", "liver": "P1/liver.nii.gz", "lesions": "P1/tumour.nii.gz",
        },
        "case-0815": {
            "study": "P2/scan_0815.nii.gz", "couinaud": "P2/masks/liver_segments.nii.gz",
        },
        "P3": {"liver": "P3/liver.nii.gz", "couinaud": "P3/couinaud.nii.gz"},
        "P4": {"study": "P4/image.nii.gz", "landmarks": "P4/landmarks.mrk.json"},
        "P5": {"study": "P5/P5.nii.gz", "liver": "P5/P5_liver.nii.gz"},
    } == cases  # fmt: skip
    assert {
        Doubt.UNKNOWN_MASK: ("P1/segmentation.nii.gz", "P4/lesion_1.nii.gz"),
        Doubt.OTHER_ORGAN: ("P4/spleen.nii.gz",),
        Doubt.UNNAMED: ("P5/mystery.nii.gz",),
    } == doubted


def test_parallel_folders__of_scans_and_masks_with_the_same_names(tmp_path):
    laid_out(
        tmp_path, "images/P1.nii.gz", "images/P2.nii.gz", "liver/P1.nii.gz",
        "masks/lesions/P1.nii.gz", "masks/P2.nii.gz", "labels/P9_liver.nii.gz",
    )  # fmt: skip
    cases, doubted = found_in(tmp_path)

    assert {
        "P1": {
            "study": "images/P1.nii.gz", "liver": "liver/P1.nii.gz",
            "lesions": "masks/lesions/P1.nii.gz",
        },
        "P2": {"study": "images/P2.nii.gz"},
        "P9": {"liver": "labels/P9_liver.nii.gz"},
    } == cases  # fmt: skip
    assert {Doubt.UNKNOWN_MASK: ("masks/P2.nii.gz",)} == doubted


def test_several_scans_or_masks_of_one_case__are_left_to_the_user(tmp_path):
    laid_out(
        tmp_path, "P1/arterial.nii.gz", "P1/portal.nii.gz", "P1/liver.nii.gz", "P2/ct.nii.gz",
        "P2/liver.nii.gz", "P2/liver_mask.nii", "P2/lesions.nii.gz",
    )  # fmt: skip
    cases, doubted = found_in(tmp_path)

    assert {"P2": {"study": "P2/ct.nii.gz", "lesions": "P2/lesions.nii.gz"}} == cases
    assert {
        Doubt.SEVERAL_SCANS: ("P1/arterial.nii.gz", "P1/portal.nii.gz"),
        Doubt.SEVERAL_MASKS: ("P2/liver.nii.gz", "P2/liver_mask.nii"),
        Doubt.NO_SCAN: ("P1/liver.nii.gz",),
    } == doubted


def test_masks__whose_names_say_nothing_are_known_by_their_bytes(tmp_path):
    laid_out(tmp_path, "a.nii.gz")
    laid_out(tmp_path, "b.nii.gz", "c.nii", dtype=np.uint8)

    assert (
        {"a": {"study": "a.nii.gz"}},
        {Doubt.BYTES: ("b.nii.gz", "c.nii")},
    ) == found_in(tmp_path)


def test_names__that_are_there_twice_become_the_whole_path(tmp_path):
    laid_out(tmp_path, "A/x/ct.nii.gz", "B/x/ct.nii.gz", "B/X y/ct.nii.gz", "B/X_y/ct.nii.gz")
    cases, _ = found_in(tmp_path)

    assert {"A_x", "B_x", "B_X_y", "B_X_y_2"} == set(cases)


def test_known_layouts__of_other_programs_and_data_sets(tmp_path):
    laid_out(tmp_path, "batch/volume-7.nii", "batch/volume-8.nii.gz")
    laid_out(tmp_path, "batch/segmentation-7.nii", dtype=np.uint8)
    laid_out(
        tmp_path, "P1/ct.nii.gz", *(f"P1/out/liver_segment_{n}.nii.gz" for n in range(1, 9)),
        "P1/out/liver.nii.gz",
    )  # fmt: skip
    cases, doubted = found_in(tmp_path)

    assert {
        "case-7": {
            "study": "batch/volume-7.nii", "liver": "batch/segmentation-7.nii",
            "masks_preset": "lits",
        },
        "case-8": {"study": "batch/volume-8.nii.gz"},
        "P1": {"study": "P1/ct.nii.gz", "couinaud": "P1/out", "liver": "P1/out/liver.nii.gz"},
    } == cases  # fmt: skip
    assert {} == doubted


@pytest.mark.parametrize(
    ("labels", "column"),
    [
        ({"0": "background", "1": "liver", "2": "cancer"}, "liver"),
        ({"0": "background", "1": "Vessel", "2": "Tumour"}, "vessels"),
        ({"background": 0, "liver": 1, "tumor": 2}, "liver"),
        ({"background": 0, "liver": 1, "tumor": 2, "cyst": 3}, None),
        ({"0": "background", "1": "spleen"}, None),
        ({"0": "background", "1": "cancer", "2": "liver"}, None),
        ([], None),
    ],
)
def test_dataset__whose_codes_are_declared_has_its_masks(labels, column, tmp_path):
    laid_out(tmp_path, "imagesTr/a_1_0000.nii.gz", "imagesTs/b_2.nii.gz")
    laid_out(tmp_path, "labelsTr/a_1.nii.gz", dtype=np.uint8)
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}), encoding="utf-8")
    cases, doubted = found_in(tmp_path)
    mask = {column: "labelsTr/a_1.nii.gz", "masks_preset": "msd"} if column else {}

    assert {
        "a_1": {"study": "imagesTr/a_1_0000.nii.gz", **mask},
        "b_2": {"study": "imagesTs/b_2.nii.gz"},
    } == cases
    assert (column is None) == (doubted.get(Doubt.UNKNOWN_MASK) == ("labelsTr/a_1.nii.gz",))


@pytest.mark.parametrize(
    "text", ["", "[", "[1]", "{}", '{"labels": 3}', '{"labels": {"1": "liver"}}']
)
def test_dataset__whose_declaration_says_nothing_has_masks_in_doubt(text, tmp_path):
    laid_out(tmp_path, "imagesTr/a.nii.gz", "labelsTr/a.nii.gz")
    (tmp_path / "dataset.json").write_text(text, encoding="utf-8")

    assert {"a": {"study": "imagesTr/a.nii.gz"}} == found_in(tmp_path)[0]


def test_bids__has_a_case_for_each_session_and_its_derived_masks(tmp_path):
    deep = "derivatives/expert/sub-01/ses-a/anat/sub-01_ses-a"
    laid_out(
        tmp_path, "dataset_description.json", "participants.tsv",
        "sub-01/ses-a/anat/sub-01_ses-a_ct.nii.gz", "sub-01/ses-b/ct/sub-01_ses-b_ct.nii.gz",
        "sub-02/anat/sub-02_T2w.nii.gz", "sub-02/dwi/sub-02_dwi.nii.gz",
        "sub-03/anat/sub-03_T1w.nii.gz", "sub-03/anat/sub-03_T2w.nii.gz",
        f"{deep}_label-liver_mask.nii.gz", f"{deep}_desc-couinaud_dseg.nii.gz",
        f"{deep}_desc-x_dseg.nii.gz", f"{deep}_desc-smooth_ct.nii.gz",
        "derivatives/other/sub-01/ses-b/sub-01_ses-b_label-lesions_dseg.nii.gz",
        "derivatives/third/sub-01/ses-b/sub-01_ses-b_label-lesions_dseg.nii.gz",
        "derivatives/other/sub-04/sub-04_label-liver_dseg.nii.gz", "sourcedata/sub-01/x.nii.gz",
    )  # fmt: skip
    cases, doubted = found_in(tmp_path)

    assert {
        "sub-01_ses-a": {
            "study": "sub-01/ses-a/anat/sub-01_ses-a_ct.nii.gz",
            "liver": f"{deep}_label-liver_mask.nii.gz",
            "couinaud": f"{deep}_desc-couinaud_dseg.nii.gz",
            "patient": "sub-01",
            "time_point": "ses-a",
        },
        "sub-01_ses-b": {
            "study": "sub-01/ses-b/ct/sub-01_ses-b_ct.nii.gz",
            "patient": "sub-01",
            "time_point": "ses-b",
        },
        "sub-02": {"study": "sub-02/anat/sub-02_T2w.nii.gz", "patient": "sub-02"},
        "sub-04": {
            "liver": "derivatives/other/sub-04/sub-04_label-liver_dseg.nii.gz",
            "patient": "sub-04",
        },
    } == cases
    assert {
        Doubt.UNKNOWN_MASK, Doubt.DERIVED_IMAGE, Doubt.SEVERAL_SCANS, Doubt.SEVERAL_MASKS,
        Doubt.SOURCE_DATA, Doubt.OTHER_FILE,
    } == set(doubted)  # fmt: skip
    assert (f"{deep}_desc-x_dseg.nii.gz",) == doubted[Doubt.UNKNOWN_MASK]
    assert ("sub-02/dwi/sub-02_dwi.nii.gz", "participants.tsv") == (
        doubted[Doubt.OTHER_FILE][1], doubted[Doubt.OTHER_FILE][0]
    )  # fmt: skip


def test_dicom_tree__has_a_case_for_each_study_in_order_of_time(tmp_path):
    root = tmp_path / "archive"
    write_study(root / "Doe/2024/S1", study="1.1", patient="MRN-1", made="20240301")
    write_study(root / "Doe/2024/S2", study="1.1", patient="MRN-1", made="20240301")
    write_study(root / "Doe/2023", study="1.2", patient="MRN-1", made="20231211")
    write_study(root / "Roe", study="2.1", patient="MRN-2", made="20240230")
    write_study(root / "anonymous", study="3.1")
    laid_out(root, "Doe/2023/liver.nii.gz", "Roe/masks/lesions.nii.gz", "Doe/2024/odd_seg.nii.gz")
    cases, doubted = found_in(root)

    first, second, other = (
        pseudonym("MRN-1", "1.2"), pseudonym("MRN-1", "1.1"), pseudonym("MRN-2", "2.1")
    )  # fmt: skip
    assert {first, second, other, pseudonym("", "3.1")} == set(cases)
    patient = cases[first].pop("patient")
    assert {
        "study": "Doe/2023", "time_point": "day_0", "liver": "Doe/2023/liver.nii.gz"
    } == cases[first]  # fmt: skip
    assert {"study": "Doe/2024", "time_point": "day_81", "patient": patient} == cases[second]
    assert {"study": "Roe", "lesions": "Roe/masks/lesions.nii.gz"}.items() < cases[other].items()
    assert {"study": "anonymous"} == cases[pseudonym("", "3.1")]
    assert {Doubt.UNKNOWN_MASK: ("Doe/2024/odd_seg.nii.gz",)} == doubted
    told = " ".join(text for cells in cases.values() for name, text in cells.items()
                    if name in {"patient", "time_point"}) + " ".join(cases)  # fmt: skip
    assert not any(word in told for word in ("MRN", "Jane", "2023", "2024"))


def test_dicom_studies__without_a_folder_of_their_own_are_listed(tmp_path):
    write_study(tmp_path / "mixed", study="1.1", patient="a")
    write_dicom(tmp_path / "mixed" / "other", study="1.2", patient="b")
    write_study(tmp_path / "spread" / "s1", study="2.1")
    write_study(tmp_path / "spread" / "s2", study="2.1")
    write_study(tmp_path / "spread" / "s3", study="2.2")
    write_study(tmp_path / "good", study="3.1")
    write_dicom(tmp_path / "good" / "seg", study="3.1", Modality="SEG")
    write_study(tmp_path / "report", study="4.1", Modality="SEG")
    write_study(tmp_path / "emptied", study="", files=1)
    (tmp_path / "good" / "unfinished.dcm").write_bytes(b"\0" * 128 + b"DICM\x08\x00\x05")
    cases, doubted = found_in(tmp_path)

    assert {"good", "spread/s3"} == {cells["study"] for cells in cases.values()}
    assert {
        Doubt.MIXED_STUDIES: ("mixed",),
        Doubt.SPREAD_STUDY: ("spread",),
        Doubt.NO_STUDY_UID: ("emptied/im0", "good/unfinished.dcm"),
        Doubt.NO_IMAGES: ("report",),
        Doubt.DICOM_MASK: ("report/im0", "report/im1", "good/seg"),
    } == doubted


def test_segmentations__are_known_by_the_names_of_their_segments(tmp_path):
    grid = body_grid(spacing_mm=(20.0, 20.0, 20.0))
    codes = np.zeros(grid.shape, np.uint8)
    for name, segments in (
        ("a.seg.nrrd", {"Liver": 1, "Tumor 1": 2, "IVC": 3}),
        ("b.seg.nrrd", {"Segment_1": 1}),
        ("c_liver.seg.nrrd", {"Segment_1": 1}),
    ):
        write_seg_nrrd(tmp_path / name, grid, [(codes, segments)])
    cases, doubted = found_in(tmp_path)

    assert {
        "a": {"liver": "a.seg.nrrd", "lesions": "a.seg.nrrd"},
        "c": {"liver": "c_liver.seg.nrrd"},
    } == cases
    assert {Doubt.UNKNOWN_MASK: ("b.seg.nrrd",)} == doubted


def test_dicom_segmentations__of_a_study_are_its_masks_where_their_segments_say_so(
    tmp_path, monkeypatch
):
    write_study(tmp_path / "S", study="1.1")
    for name in ("known", "unknown"):
        write_dicom(tmp_path / "S" / name, study="1.1", Modality="SEG")
    roles = {"known": (Part.LIVER, Part.PORTAL_VEIN)}
    monkeypatch.setattr("remnant.io.inspect.roles_named_in", lambda path: roles.get(path.name, ()))
    cases, doubted = found_in(tmp_path)

    assert {"study": "S", "liver": "S/known", "portal_vein": "S/known"} == (
        cases[pseudonym("", "1.1")]
    )
    assert {Doubt.DICOM_MASK: ("S/unknown",)} == doubted


def test_dicom_segmentation__that_another_program_wrote_names_its_liver(shared, tmp_path):
    source = shared / "data" / "dcmqi"
    shutil.copytree(source / "ct-3slice", tmp_path / "S" / "ct")
    shutil.copy(source / "liver.dcm", tmp_path / "S")
    cases, doubted = found_in(tmp_path)

    (cells,) = cases.values()
    assert ("S", "S/liver.dcm", {}) == (cells["study"], cells["liver"], doubted)


def test_study_in_the_folder_itself__is_one_case(tmp_path):
    write_study(tmp_path / "S", study="1.1")
    laid_out(tmp_path / "S", "liver.nii.gz")
    scanned = scan_folder(tmp_path / "S")

    (row,) = scanned.rows
    assert (str(tmp_path / "S"), str(tmp_path / "S" / "liver.nii.gz")) == (
        row.cells["study"], row.cells["liver"]
    )  # fmt: skip


def test_results_links_and_hidden_files__are_not_studies(tmp_path):
    laid_out(
        tmp_path, "OUT/structures.nii.gz", "OUT/segmentation.json", "COHORT/cohort.json",
        "COHORT/a.nii.gz", "P1/ct.nii.gz", ".cache/b.nii.gz",
    )  # fmt: skip
    (tmp_path / "again").symlink_to(tmp_path / "P1")
    (tmp_path / "P2.nii.gz").symlink_to(tmp_path / "P1" / "ct.nii.gz")
    (tmp_path / "lost.nii.gz").symlink_to(tmp_path / "nowhere")
    cases, doubted = found_in(tmp_path)

    assert {"P1": {"study": "P1/ct.nii.gz"}, "P2": {"study": "P2.nii.gz"}} == cases
    assert {
        Doubt.CASE_OF_REMNANT: ("COHORT", "OUT"),
        Doubt.LINKED_FOLDER: ("again",),
    } == doubted


def test_what_is_no_folder__is_refused(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        scan_folder(tmp_path / "none")
    shutil.copy(__file__, tmp_path / "file")
    with pytest.raises(InputError, match="is no folder"):
        scan_folder(tmp_path / "file")


def test_only_the_first_names__are_kept_of_many(tmp_path):
    laid_out(tmp_path, "a.nii.gz", *(f"{n}_seg.nii.gz" for n in range(9)))
    (one,) = scan_folder(tmp_path).doubted

    assert (Doubt.UNKNOWN_MASK, 9, 5) == (one.doubt, one.count, len(one.first))


def test_names__that_no_cell_can_hold_are_listed_in_signs_that_can_be_printed(tmp_path):
    laid_out(tmp_path, "a.nii.gz", "b\nc.nii.gz", "d /e.nii.gz", " f.nii.gz")
    cases, doubted = found_in(tmp_path)

    assert {"a": {"study": "a.nii.gz"}} == cases
    assert {Doubt.ODD_NAME: (" f.nii.gz", "b?c.nii.gz", "d ")} == doubted


FOLDERS = ("", "P1", "P2", "P1/masks", "P1/liver", "masks", "images", "masks/lesions", "a/P1", "ct")
STEMS = (
    "P1", "P2", "P1_ct", "P1_liver", "P1_lesions", "P1_seg", "ct", "liver", "liver_mask", "tumour",
    "couinaud", "segmentation", "portal", "spleen", "lesion_2", "reference_liver", "volume-1",
    "segmentation-1", "mystery", "sub-1_ct", "sub-1_label-liver_mask",
)  # fmt: skip
NAMED_AS_SCANS = {"P1", "P2", "P1_ct", "ct", "portal", "volume-1", "mystery", "sub-1_ct"}
ENDINGS = (".nii.gz", ".nii", ".mha", ".seg.nrrd")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    names=st.lists(
        st.tuples(*map(st.sampled_from, (FOLDERS, STEMS, ENDINGS))), max_size=12, unique=True
    )
)
def test_every_file__is_in_one_row_or_among_what_is_listed(names, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    laid_out(folder, *(f"{place}/{stem}{end}".lstrip("/") for place, stem, end in names))
    cases, _ = found_in(folder)
    used = [
        text
        for cells in cases.values()
        for name, text in cells.items()
        if name in COLUMNS and COLUMNS[name].is_path
    ]
    listed = sum(one.count for one in scan_folder(folder).doubted)

    assert len(used) == len(set(used))
    assert len(names) == len(used) + listed
    scans = [Path(cells["study"]) for cells in cases.values() if "study" in cells]
    unsaid = (path for path in scans if path.parent.name not in {"ct", "images"})
    assert {path.name.partition(".")[0] for path in unsaid} <= NAMED_AS_SCANS
    assert not any(word in path.parent.as_posix() for path in scans for word in ("masks", "liver"))
    assert not any(path.name.endswith(".seg.nrrd") for path in scans)
