"""Pairing, reading and comparing cases; results appear whole or not at all."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from remnant.core.errors import (
    EmptyStructureError,
    GeometryMismatchError,
    InputError,
    UnknownLabelError,
)
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.lesions import Confirmation
from remnant.core.reasons import Cause, Reason
from remnant.core.volumes import LabelMap
from remnant.io.codings import MasksPreset
from remnant.io.masks import Part
from remnant.io.nifti import write_labels
from remnant.pipeline.evaluation import (
    RESULT_FILES,
    evaluate,
    write_agreement,
)
from remnant.pipeline.evaluation_sources import SideCoding, case_name, pair_cases, read_case_maps
from remnant.pipeline.folder import published, write_segmented
from remnant.pipeline.results import published_results, require_results_folder
from remnant.view.agreement_view import view_agreement

GRID = Geometry((12, 14, 16), np.diag([1.5, 2.0, 2.5, 1.0]))
BARE = SideCoding()
LITS = SideCoding(preset=MasksPreset.LITS)


def liver_codes(*, lesions=((4, 4, 4),), shift=0):
    """A LiTS-like map: liver 1, lesions 2 as cubes of 3 voxels."""
    codes = np.zeros(GRID.shape, dtype=np.uint8)
    codes[1 + shift : 10 + shift, 2:12, 2:14] = 1
    for corner in lesions:
        codes[tuple(slice(c, c + 3) for c in corner)] = 2
    return codes


def write(codes, path, geometry=GRID):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_labels(LabelMap(codes, geometry, INSTANCE_SCHEME), path)
    return path


def compared(prediction, truth, coding=LITS, truth_coding=None, **options):
    pairs = pair_cases(prediction, truth, allow_missing=options.pop("allow_missing", False))
    options = {"tolerance_mm": 2.0, "match_iou": 0.5} | options
    return evaluate(pairs, prediction=coding, truth=truth_coding or coding, **options)


def structure(agreement, name, case=0):
    return next(s for s in agreement.cases[case].structures if s.structure == name)


# Names and pairs


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a.nii.gz", "a"),
        ("a.b.nii", "a.b"),
        ("A.NII.GZ", "A"),
        ("x.seg.nrrd", "x"),
        ("x.nrrd", "x"),
        ("y.mha", "y"),
        ("noending", "noending"),
    ],
)
def test_case_name__is_the_file_without_its_ending(file, expected, tmp_path):
    assert expected == case_name(tmp_path / file)


def test_pairs__two_files_whatever_their_names(tmp_path):
    one, other = (write(liver_codes(), tmp_path / name) for name in ("p.nii.gz", "t.nii"))

    assert {"p": (one, other)} == pair_cases(one, other).paths


def test_pairs__folders_by_name_whatever_the_ending(tmp_path):
    for name in ("b.nii.gz", "a.nii", ".hidden.nii.gz"):
        write(liver_codes(), tmp_path / "p" / name)
    for name in ("a.nii.gz", "b.nii.gz"):
        write(liver_codes(), tmp_path / "t" / name)
    (tmp_path / "p" / "notes.txt").write_text("nothing", encoding="utf-8")
    pairs = pair_cases(tmp_path / "p", tmp_path / "t")

    assert {
        "a": (tmp_path / "p" / "a.nii", tmp_path / "t" / "a.nii.gz"),
        "b": (tmp_path / "p" / "b.nii.gz", tmp_path / "t" / "b.nii.gz"),
    } == pairs.paths


def test_pairs__without_partner_are_listed_or_left_out(tmp_path):
    for name in ("a", "b"):
        write(liver_codes(), tmp_path / "p" / f"{name}.nii.gz")
    for name in ("b", "c"):
        write(liver_codes(), tmp_path / "t" / f"{name}.nii.gz")
    with pytest.raises(InputError, match=r"a \(no truth\), c \(no prediction\).*--allow-missing"):
        pair_cases(tmp_path / "p", tmp_path / "t")
    pairs = pair_cases(tmp_path / "p", tmp_path / "t", allow_missing=True)

    assert ["b"] == list(pairs.paths)
    assert (("a",), ("c",)) == (pairs.without_truth, pairs.without_prediction)


def test_pairs__no_name_in_common_is_an_error_even_so(tmp_path):
    write(liver_codes(), tmp_path / "p" / "a.nii.gz")
    write(liver_codes(), tmp_path / "t" / "b.nii.gz")
    with pytest.raises(InputError, match="same names"):
        pair_cases(tmp_path / "p", tmp_path / "t", allow_missing=True)


def test_pairs__bad_places_say_what_they_are(tmp_path):
    file = write(liver_codes(), tmp_path / "p" / "a.nii.gz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="does not exist"):
        pair_cases(file, tmp_path / "missing")
    with pytest.raises(InputError, match="one case"):
        pair_cases(file, tmp_path / "p")
    with pytest.raises(InputError, match="holds no label map"):
        pair_cases(tmp_path / "p", tmp_path / "empty")
    write(liver_codes(), tmp_path / "p" / "a.nii")
    with pytest.raises(InputError, match="twice"):
        pair_cases(tmp_path / "p", tmp_path / "p")


# Codes


def test_labels__every_code_of_either_side_is_compared(tmp_path):
    prediction, truth = liver_codes(), liver_codes()
    prediction[0, 0, 0] = 7
    truth[11, 13, 15] = 10
    found = compared(
        write(prediction, tmp_path / "p.nii.gz"), write(truth, tmp_path / "t.nii.gz"), BARE
    )

    names = [s.structure for s in found.cases[0].structures]
    assert ["label_1", "label_2", "label_7", "label_10"] == names
    assert (0.0, 0.0) == (
        structure(found, "label_7").dice.value,
        structure(found, "label_10").dice.value,
    )
    assert 0.0 == structure(found, "label_7").truth_ml.value
    assert (None, None, None) == (found.detection, found.burden, found.cases[0].lesions)
    assert "labels" == found.settings.truth_coding


def test_labels__none_at_all_is_an_error(tmp_path):
    none = write(np.zeros(GRID.shape, np.uint8), tmp_path / "p.nii.gz")
    with pytest.raises(EmptyStructureError, match="label maps"):
        compared(none, none, BARE)


def test_labels__too_many_codes_are_refused(tmp_path):
    many = np.arange(np.prod(GRID.shape)).reshape(GRID.shape).astype(np.uint16)
    file = write(many, tmp_path / "p.nii.gz")
    with pytest.raises(UnknownLabelError, match="--preset"):
        read_case_maps(file, BARE)


def test_lits__liver_lesions_and_burden(tmp_path):
    truth = liver_codes(lesions=((3, 4, 4), (6, 7, 8)))
    prediction = liver_codes(lesions=((3, 4, 4),))
    found = compared(write(prediction, tmp_path / "p.nii.gz"), write(truth, tmp_path / "t.nii.gz"))

    assert ["liver", "lesions"] == [s.structure for s in found.cases[0].structures]
    assert 1.0 == structure(found, "liver").dice.value
    assert structure(found, "lesions").dice.value == pytest.approx(2 * 27 / 81)
    assert (1, 1, 0) == (
        found.detection.true_positives,
        found.detection.false_negatives,
        found.detection.false_positives,
    )
    liver = 9 * 10 * 12
    assert found.burden.max_fraction.value == pytest.approx(27 / liver)
    assert found.burden.mean_fraction.value == pytest.approx(-27 / liver)
    assert ["liver", "lesions", "burden"] == [b.measure for b in found.bland_altman]
    assert found.bland_altman[0].bias is None


def test_lits__no_lesion_on_either_side_is_no_perfect_score(tmp_path):
    file = write(liver_codes(lesions=()), tmp_path / "p.nii.gz")
    found = compared(file, file)

    assert structure(found, "lesions").dice.value is None
    assert (Reason(Cause.MASKS_EMPTY),) == structure(found, "lesions").dice.reasons
    assert () == found.cases[0].lesions
    assert found.detection.f1.value is None
    assert 0.0 == found.burden.max_fraction.value


def test_lits__empty_truth_has_figures_or_reasons(tmp_path):
    truth = write(np.zeros(GRID.shape, np.uint8), tmp_path / "t.nii.gz")
    found = compared(write(liver_codes(), tmp_path / "p.nii.gz"), truth)

    assert 0.0 == structure(found, "liver").dice.value
    assert structure(found, "liver").hd_mm.value is None
    assert found.cases[0].burden.error_fraction.value is None
    assert 1 == found.detection.false_positives


def test_preset__unknown_codes_are_refused(tmp_path):
    codes = liver_codes()
    codes[0, 0, 0] = 9
    file = write(codes, tmp_path / "p.nii.gz")
    with pytest.raises(UnknownLabelError, match=r"\[9\].*--preset"):
        compared(file, file)


def test_binary_lesions__one_code_is_split_several_are_instances(tmp_path):
    touching = np.zeros(GRID.shape, np.uint8)
    touching[2:4, 2:4, 2:4], touching[4:6, 2:4, 2:4] = 1, 2
    coding = SideCoding(preset=MasksPreset.BINARY, role=Part.LESIONS)
    instances = write(touching, tmp_path / "p.nii.gz")
    one = write((touching > 0).astype(np.uint8), tmp_path / "t.nii.gz")

    assert 2 == compared(instances, instances, coding).detection.true_positives
    found = compared(instances, one, coding, match_iou=0.1)
    assert (1, 0, 1) == (
        found.detection.true_positives,
        found.detection.false_negatives,
        found.detection.false_positives,
    )


def test_couinaud__every_segment_is_a_structure(tmp_path):
    codes = np.zeros(GRID.shape, np.uint8)
    codes[:, :, :8] = np.arange(1, 9)
    coding = SideCoding(preset=MasksPreset.BINARY, role=Part.COUINAUD)
    file = write(codes, tmp_path / "p.nii.gz")
    names = [s.structure for s in compared(file, file, coding).cases[0].structures]

    assert ("couinaud_I", "couinaud_VIII") == (names[0], names[-1])
    assert 8 == len(names)


def test_two_presets__one_for_each_side(tmp_path):
    total = np.where(liver_codes() > 0, 5, 0).astype(np.uint8)
    total[11, 13, 15] = 40
    coding = SideCoding(preset=MasksPreset.TOTALSEGMENTATOR)
    prediction = write(total, tmp_path / "p.nii.gz")
    truth = write(liver_codes(), tmp_path / "t.nii.gz")
    found = compared(prediction, truth, coding, LITS)

    assert 1.0 == structure(found, "liver").dice.value
    assert (Reason(Cause.NOT_PREDICTED),) == structure(found, "lesions").dice.reasons
    assert (None, None) == (found.cases[0].lesions, found.burden)


def test_sides__one_known_and_one_bare_say_what_to_do(tmp_path):
    file = write(liver_codes(), tmp_path / "p.nii.gz")
    with pytest.raises(InputError, match=r"case p: .*--preset"):
        compared(file, file, BARE, LITS)


def test_grids__must_be_the_same_and_the_case_is_named(tmp_path):
    prediction = write(liver_codes(), tmp_path / "p" / "a.nii.gz")
    other = Geometry(GRID.shape, np.diag([1.5, 2.0, 2.6, 1.0]))
    truth = write(liver_codes(), tmp_path / "t" / "a.nii.gz", other)
    with pytest.raises(GeometryMismatchError, match=r"case a.*another grid.*resample"):
        compared(prediction.parent, truth.parent)


@pytest.mark.parametrize("step", [1.0, 1.003])
@pytest.mark.parametrize(
    ("axes", "flipped"), [((0, 1, 2), (0, 1)), ((2, 0, 1), ()), ((1, 0, 2), (2,))]
)
def test_grids__axes_in_another_order_or_direction_are_no_other_grid(axes, flipped, step, tmp_path):
    codes = liver_codes(lesions=((4, 4, 4), (7, 9, 2)))
    index = np.eye(4)[:, [*axes, 3]]
    for new in flipped:
        index[:, 3] += (codes.shape[axes[new]] - 1) * index[:, new]
        index[:, new] *= -1
    turned = np.flip(codes.transpose(axes), flipped)
    grid = Geometry(turned.shape, GRID.affine_ras @ np.diag([step, 1, 1, 1]) @ index)
    prediction = write(turned, tmp_path / "p.nii.gz", grid)
    truth = write(liver_codes(lesions=((4, 4, 4),)), tmp_path / "t.nii.gz")
    straight = write(codes, tmp_path / "s.nii.gz")

    found, expected = compared(prediction, truth), compared(straight, truth)
    assert found.cases[0].structures == expected.cases[0].structures
    assert len(found.cases[0].lesions) == len(expected.cases[0].lesions)
    assert structure(found, "lesions").dice.value == pytest.approx(2 * 27 / (27 + 54))
    assert (found.cases[0].grid_offset_mm > 0) == (step > 1)


def test_grids__that_differ_by_rounding_are_one_and_the_offset_is_kept(tmp_path):
    prediction = write(liver_codes(), tmp_path / "p" / "a.nii.gz")
    rounded = Geometry(GRID.shape, GRID.affine_ras @ np.diag([1.0, 1.0, 1.003, 1.0]))
    truth = write(liver_codes(), tmp_path / "t" / "a.nii.gz", rounded)
    found = compared(prediction.parent, truth.parent)
    same = compared(prediction.parent, prediction.parent)

    offset_mm = (GRID.shape[2] - 1) * GRID.spacing_mm[2] * 0.003
    assert found.cases[0].grid_offset_mm == pytest.approx(offset_mm, rel=1e-4)
    assert same.cases[0].grid_offset_mm == 0.0
    assert any("differ by rounding" in line for line in view_agreement(found).lines)
    assert not any("rounding" in line for line in view_agreement(same).lines)
    assert structure(found, "liver").dice.value == 1.0


# Folders of a case


def test_folder_of_roles__own_files_go_before_those_that_hold_it_by_the_way(tmp_path):
    liver = liver_codes(lesions=((4, 4, 4),))
    lesions = liver_codes(lesions=((6, 7, 8),))
    for side in ("p", "t"):
        write(liver, tmp_path / side / "liver.nii.gz")
    write(lesions, tmp_path / "t" / "lesions.nii.gz")
    found = compared(tmp_path / "p", tmp_path / "t")

    assert ["p"] == [case.name for case in found.cases]
    assert 1.0 == structure(found, "liver").dice.value
    assert 0.0 == structure(found, "lesions").dice.value


def test_folder_of_roles__is_binary_without_a_preset(tmp_path):
    write((liver_codes() > 0).astype(np.uint8), tmp_path / "p" / "liver.nii.gz")
    found = compared(tmp_path / "p", tmp_path / "p", BARE)

    assert ["liver"] == [s.structure for s in found.cases[0].structures]


def test_folder_of_roles__a_part_that_stands_there_twice_is_refused(tmp_path):
    for name in ("liver.nii", "liver.nii.gz"):
        write(liver_codes(), tmp_path / "p" / name)
    with pytest.raises(InputError, match=r"liver twice.*liver\.nii"):
        pair_cases(tmp_path / "p", tmp_path / "p")


def test_folder_of_roles__nothing_in_common_says_what_there_is(tmp_path):
    ones = (liver_codes() > 0).astype(np.uint8)
    write(ones, tmp_path / "p" / "portal_vein.nii.gz")
    write(ones, tmp_path / "t" / "hepatic_veins.nii.gz")
    with pytest.raises(InputError, match=r"shows portal_vein and the truth hepatic_veins"):
        compared(tmp_path / "p", tmp_path / "t", BARE)


def test_folder_of_roles__on_two_grids_is_refused(tmp_path):
    other = Geometry(GRID.shape, np.diag([1.5, 2.0, 2.6, 1.0]))
    ones = (liver_codes() > 0).astype(np.uint8)
    write(ones, tmp_path / "p" / "liver.nii.gz")
    write(ones, tmp_path / "p" / "lesions.nii.gz", other)
    with pytest.raises(GeometryMismatchError, match="resample"):
        compared(tmp_path / "p", tmp_path / "p", BARE)


def test_folder_of_roles__a_map_cut_to_its_content_is_put_on_the_grid_of_the_others(tmp_path):
    ones = (liver_codes() > 0).astype(np.uint8)
    lesions = (liver_codes() == 2).astype(np.uint8)
    corner = np.eye(4)
    corner[:3, 3] = 3, 3, 3
    cut = Geometry((5, 6, 7), GRID.affine_ras @ corner)
    for side in ("p", "t"):
        write(ones, tmp_path / side / "liver.nii.gz")
    write(lesions, tmp_path / "t" / "lesions.nii.gz")
    write(lesions[3:8, 3:9, 3:10], tmp_path / "p" / "lesions.nii.gz", cut)
    found = compared(tmp_path / "p", tmp_path / "t", BARE)

    assert 27 * 7.5e-3 == pytest.approx(structure(found, "lesions").truth_ml.value)
    assert 1.0 == structure(found, "lesions").dice.value


def test_couinaud__names_in_a_segmentation_go_before_its_values(tmp_path):
    codes = np.zeros(GRID.shape, np.uint8)
    codes[:, :, 2:10] = np.arange(1, 9)
    truth = write(codes, tmp_path / "t.nii.gz")
    head = [
        "NRRD0004", "type: uint8", "dimension: 3", "space: right-anterior-superior",
        "sizes: 12 14 16", "space directions: (1.5,0,0) (0,2,0) (0,0,2.5)", "encoding: raw",
        "kinds: domain domain domain", "space origin: (0,0,0)",
        *(f"Segment{n}_{field}:={text}" for n in range(8) for field, text in (
            ("ID", f"s{n}"), ("Name", f"liver_segment_{n + 1}"), ("LabelValue", 8 - n))),
        "", "",
    ]  # fmt: skip
    turned = np.where(codes > 0, 9 - codes, 0).astype(np.uint8)
    prediction = tmp_path / "p.seg.nrrd"
    prediction.write_bytes("\n".join(head).encode() + turned.tobytes(order="F"))
    coding = SideCoding(preset=MasksPreset.BINARY, role=Part.COUINAUD)
    found = compared(prediction, truth, coding)

    assert [1.0] * 8 == [s.dice.value for s in found.cases[0].structures]


def test_case_folder__against_itself_and_with_a_rejected_lesion(case, tmp_path):
    whole, reviewed = tmp_path / "whole", tmp_path / "reviewed"
    first = int(case.maps.lesions.codes[case.maps.lesions.codes > 0].min())
    for folder, stored in (
        (whole, case),
        (reviewed, replace(case, confirmations={first: Confirmation.REJECTED})),
    ):
        with published(folder) as staging:
            write_segmented(stored, staging)
    same = compared(whole, whole, BARE)
    found = compared(reviewed, whole, BARE)

    names = [s.structure for s in same.cases[0].structures]
    assert {"liver", "lesions", "couinaud_I", "couinaud_VIII"} <= set(names)
    assert {1.0} == {s.dice.value for s in same.cases[0].structures}
    lesions = same.detection.true_positives
    assert lesions > 1
    assert (lesions - 1, 1) == (found.detection.true_positives, found.detection.false_negatives)


def test_case_folder__against_a_lits_file(case, tmp_path):
    with published(tmp_path / "case") as staging:
        write_segmented(case, staging)
    codes = (case.maps.structures.codes > 0).astype(np.uint8)
    codes[case.maps.lesions.codes > 0] = 2
    truth = write(codes, tmp_path / "t.nii.gz", case.maps.structures.geometry)
    found = compared(tmp_path / "case", truth)

    assert ["liver", "lesions"] == [s.structure for s in found.cases[0].structures]
    assert [1.0, 1.0] == [s.dice.value for s in found.cases[0].structures]
    assert 0.0 == found.burden.max_fraction.value


# Results on disk


@pytest.fixture(name="agreement")
def agreement_fixture(tmp_path):
    for n, shift in (("a", 0), ("b", 1), ("c", 0)):
        write(liver_codes(shift=shift), tmp_path / "p" / f"{n}.nii.gz")
        write(liver_codes(lesions=((4, 4, 5),)), tmp_path / "t" / f"{n}.nii.gz")
    return compared(tmp_path / "p", tmp_path / "t")


def test_evaluate__reports_progress_after_every_case(tmp_path):
    for side in ("p", "t"):
        for n in "ab":
            write(liver_codes(), tmp_path / side / f"{n}.nii.gz")
    heard = []
    compared(tmp_path / "p", tmp_path / "t", progress=lambda *report: heard.append(report[1:]))

    assert [(1, 2), (2, 2)] == heard


def test_write__all_files_and_again_the_same_bytes(agreement, tmp_path):
    folder = tmp_path / "deep" / "out"
    write_agreement(agreement, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_agreement(agreement, folder)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert set(RESULT_FILES) == set(before)
    assert before == after
    assert [folder] == list(folder.parent.iterdir())
    text = (folder / "agreement.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert ["a", "b", "c"] == [case["name"] for case in json.loads(text)["cases"]]


def test_publish__a_failure_leaves_what_was_there(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "cases.csv").write_text("old", encoding="utf-8")

    def fail():
        with published_results(folder, RESULT_FILES) as staging:
            (staging / "cases.csv").write_text("new", encoding="utf-8")
            raise OSError("disk full")

    with pytest.raises(InputError, match="disk full"):
        fail()
    assert ["out"] == [p.name for p in tmp_path.iterdir()]
    assert "old" == (folder / "cases.csv").read_text(encoding="utf-8")


def test_publish__a_failed_rename_leaves_the_old_folder(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "cases.csv").write_text("old", encoding="utf-8")
    rename = Path.rename

    def failing(self, target):
        if target.name == ".remnant-pending":
            raise OSError("no such device")
        return rename(self, target)

    def publish():
        with published_results(folder, RESULT_FILES) as staging:
            (staging / "cases.csv").write_text("new", encoding="utf-8")
            monkeypatch.setattr(Path, "rename", failing)

    with pytest.raises(InputError, match="no such device"):
        publish()
    assert "old" == (folder / "cases.csv").read_text(encoding="utf-8")
    assert ["out"] == [p.name for p in tmp_path.iterdir()]


def test_publish__what_came_meanwhile_is_not_deleted(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()

    def publish():
        with published_results(folder, RESULT_FILES):
            (folder / "thesis.tex").write_text("mine", encoding="utf-8")

    with pytest.raises(InputError, match="holds other files"):
        publish()
    assert ["thesis.tex"] == [p.name for p in folder.iterdir()]


def test_publish__strangers_and_files_are_refused(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        require_results_folder(tmp_path / "file", RESULT_FILES)
    with pytest.raises(InputError, match=r"thesis\.tex"):
        require_results_folder(tmp_path / "mine", RESULT_FILES)
    with pytest.raises(InputError, match="cannot be written"):
        require_results_folder(tmp_path / "file" / "below", RESULT_FILES)
    require_results_folder(tmp_path / "new" / "below", RESULT_FILES)
