"""Confirming, rejecting and editing lesions."""

import csv

import numpy as np
import pytest

from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME, Structure
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.volumes import LabelMap
from remnant.io.nifti import write_labels
from remnant.pipeline.review import apply_review, lesion_numbers
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.stages import MeasureRequest, measure_case
from remnant.reporting.tables import write_lesions_csv


def test_review__empty_changes_nothing(case):
    assert case is apply_review(case, LesionReview())


def test_review__rejected_voxels_become_parenchyma_in_structures_only(case):
    reviewed = apply_review(case, LesionReview(rejected=frozenset({2})))
    of_two = case.lesions.codes == 2

    assert (reviewed.structures.codes[of_two] == Structure.PARENCHYMA).all()
    np.testing.assert_array_equal(case.lesions.codes, reviewed.lesions.codes)
    elsewhere = ~of_two
    np.testing.assert_array_equal(
        case.structures.codes[elsewhere], reviewed.structures.codes[elsewhere]
    )


def test_review__confirm_all_spares_the_rejected(case):
    reviewed = apply_review(case, LesionReview(rejected=frozenset({1}), confirm_all=True))
    expected = dict.fromkeys(lesion_numbers(case), Confirmation.CONFIRMED)

    assert expected | {1: Confirmation.REJECTED} == dict(reviewed.confirmations)


@pytest.mark.parametrize(
    ("review", "words"),
    [
        (LesionReview(rejected=frozenset({99})), "no lesion"),
        (LesionReview(rejected=frozenset({1}), confirmed=frozenset({1})), "both rejected"),
    ],
)
def test_review__contradictions_are_refused(case, review, words):
    with pytest.raises(InputError, match=words):
        apply_review(case, review)


def test_review__edited_table_is_taken(case, tmp_path):
    report = measure_case(case, MeasureRequest(patient=Patient()))
    table = tmp_path / "lesions.csv"
    write_lesions_csv(report.volumetry.lesions, table)
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    rows[0]["confirmation"] = "rejected"
    rows[1]["confirmation"] = "confirmed"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    reviewed = apply_review(case, LesionReview(edited=table))

    assert Confirmation.REJECTED is reviewed.confirmations[1]
    assert Confirmation.CONFIRMED is reviewed.confirmations[2]


def test_review__edited_binary_map_is_split_and_confirmed(case, tmp_path):
    mask = np.isin(case.lesions.codes, (1, 3)).astype(np.uint8)
    path = tmp_path / "edited.nii.gz"
    write_labels(LabelMap(mask, case.lesions.geometry, BINARY_SCHEME), path)
    reviewed = apply_review(case, LesionReview(edited=path))

    assert lesion_numbers(reviewed) == (1, 2)
    assert {Confirmation.CONFIRMED} == set(reviewed.confirmations.values())
    np.testing.assert_array_equal(mask > 0, reviewed.lesions.codes > 0)
    np.testing.assert_array_equal(mask > 0, reviewed.structures.codes == Structure.LESION)


def test_review__edited_instances_keep_their_numbers(case, tmp_path):
    codes = np.where(case.lesions.codes == 2, 7, 0).astype(np.uint16)
    path = tmp_path / "edited.nii.gz"
    write_labels(LabelMap(codes, case.lesions.geometry, INSTANCE_SCHEME), path)

    assert lesion_numbers(apply_review(case, LesionReview(edited=path))) == (7,)


def test_review__edited_map_on_another_grid_is_refused(case, tmp_path):
    grid = case.lesions.geometry
    shifted = np.array(grid.affine_ras)
    shifted[0, 3] += 5.0
    path = tmp_path / "edited.nii.gz"
    moved = LabelMap(case.lesions.codes, Geometry(grid.shape, shifted), INSTANCE_SCHEME)
    write_labels(moved, path)
    with pytest.raises(GeometryMismatchError, match="edited lesion map"):
        apply_review(case, LesionReview(edited=path))
