"""Confirming, rejecting and editing lesions."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME, Structure
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.volumes import LabelMap
from remnant.documents.lesion_table import write_lesions_csv
from remnant.io.atomic import digest_file
from remnant.io.nifti import write_labels
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.review import apply_review, lesion_numbers
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.segmented import UNDIVIDED, maps_of
from segmentation.postprocess import reconcile


def test_review__empty_changes_nothing(case):
    assert case is apply_review(case, LesionReview())


def test_review__rejected_voxels_become_parenchyma_in_structures_only(case):
    reviewed = apply_review(case, LesionReview(rejected=frozenset({2})))
    of_two = case.maps.lesions.codes == 2

    assert (reviewed.maps.structures.codes[of_two] == Structure.PARENCHYMA).all()
    np.testing.assert_array_equal(case.maps.lesions.codes, reviewed.maps.lesions.codes)
    elsewhere = ~of_two
    np.testing.assert_array_equal(
        case.maps.structures.codes[elsewhere], reviewed.maps.structures.codes[elsewhere]
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
    mask = np.isin(case.maps.lesions.codes, (1, 3)).astype(np.uint8)
    path = tmp_path / "edited.nii.gz"
    write_labels(LabelMap(mask, case.maps.lesions.geometry, BINARY_SCHEME), path)
    reviewed = apply_review(case, LesionReview(edited=path))

    assert lesion_numbers(reviewed) == (1, 2)
    assert {Confirmation.CONFIRMED} == set(reviewed.confirmations.values())
    np.testing.assert_array_equal(mask > 0, reviewed.maps.lesions.codes > 0)
    np.testing.assert_array_equal(mask > 0, reviewed.maps.structures.codes == Structure.LESION)


def test_review__edited_instances_keep_their_numbers(case, tmp_path):
    codes = np.where(case.maps.lesions.codes == 2, 7, 0).astype(np.uint16)
    codes[case.maps.lesions.codes == 1] = 9
    reviewed = apply_review(case, edited(codes, case, tmp_path))

    assert lesion_numbers(reviewed) == (7, 9)
    assert dict.fromkeys((7, 9), Confirmation.CONFIRMED) == dict(reviewed.confirmations)


def edited(codes, case, folder):
    path = folder / "edited.nii.gz"
    write_labels(LabelMap(codes, case.maps.lesions.geometry, INSTANCE_SCHEME), path)
    return LesionReview(edited=path)


def test_review__edited_map_of_one_code_is_split_and_one_voxel_is_kept(case, tmp_path):
    codes = np.where(np.isin(case.maps.lesions.codes, (1, 3)), 255, 0).astype(np.uint8)
    steps = ndimage.distance_transform_cdt(codes == 0, metric="chessboard")
    steps[case.maps.structures.codes != Structure.PARENCHYMA] = 0
    codes[np.unravel_index(steps.argmax(), steps.shape)] = 255
    reviewed = apply_review(case, edited(codes, case, tmp_path))

    assert lesion_numbers(reviewed) == (1, 2, 3)
    assert int(np.count_nonzero(reviewed.maps.lesions.codes == 3)) == 1
    dropped = next(f for f in reviewed.quality if f.id == "small_lesions_dropped")
    assert dropped.value == 0


def test_review__unchanged_map_changes_no_word(case, tmp_path):
    first = apply_review(case, LesionReview(rejected=frozenset({1}), confirmed=frozenset({2})))
    again = apply_review(first, edited(first.maps.lesions.codes, first, tmp_path))

    assert dict(first.confirmations) == dict(again.confirmations)
    np.testing.assert_array_equal(first.maps.structures.codes, again.maps.structures.codes)
    np.testing.assert_array_equal(first.maps.lesions.codes, again.maps.lesions.codes)


def test_review__only_what_was_edited_is_confirmed(case, tmp_path):
    first = apply_review(case, LesionReview(rejected=frozenset({1, 2})))
    codes = first.maps.lesions.codes.copy()
    codes[tuple(np.argwhere(codes == 2)[0])] = 0
    again = apply_review(first, edited(codes, first, tmp_path))

    assert {1: Confirmation.REJECTED, 2: Confirmation.CONFIRMED} == dict(again.confirmations)


def test_review__one_lesion_left_as_it_was_keeps_number_and_word(case, tmp_path):
    first = apply_review(case, LesionReview(rejected=frozenset({2})))
    codes = np.where(first.maps.lesions.codes == 2, 2, 0).astype(np.uint16)
    again = apply_review(first, edited(codes, first, tmp_path))

    assert {2: Confirmation.REJECTED} == dict(again.confirmations)
    assert not again.maps.structures.mask(Structure.LESION).any()


GRID = Geometry((24, 20, 16), np.diag([2.0, 2.0, 2.0, 1.0]))


@pytest.fixture(name="exophytic")
def exophytic_fixture(case):
    """A liver with a lesion half outside it, one inside and a vessel."""
    liver, lesions, vein = (np.zeros(GRID.shape, dtype=bool) for _ in range(3))
    liver[4:14, 4:16, 3:13] = True
    lesions[11:17, 8:11, 6:9] = lesions[6:8, 6:8, 5:7] = True
    vein[9:10, 5:15, 10:11] = True
    found = reconcile(liver, lesions, GRID, vessels={Structure.PORTAL_VEIN: vein})
    return replace(
        case,
        maps=maps_of(found),
        division=UNDIVIDED,
        confirmations={},
    )


def test_review__rejected_exophytic_voxels_leave_the_liver_and_come_back(exophytic):
    outside = exophytic.maps.exophytic.mask()
    codes = exophytic.maps.structures.codes
    vein = codes == Structure.PORTAL_VEIN
    rejected = apply_review(exophytic, LesionReview(rejected=frozenset({1})))

    assert outside.sum() == 3 * 9
    assert vein.any()
    of_one = exophytic.maps.lesions.codes == 1
    assert (rejected.maps.structures.codes[outside] == Structure.BACKGROUND).all()
    assert (rejected.maps.structures.codes[of_one & ~outside] == Structure.PARENCHYMA).all()
    np.testing.assert_array_equal(codes[~of_one], rejected.maps.structures.codes[~of_one])

    confirmed = apply_review(rejected, LesionReview(confirmed=frozenset({1})))
    np.testing.assert_array_equal(codes, confirmed.maps.structures.codes)
    again = apply_review(confirmed, LesionReview(rejected=frozenset({1})))
    np.testing.assert_array_equal(rejected.maps.structures.codes, again.maps.structures.codes)
    other = apply_review(exophytic, LesionReview(rejected=frozenset({2})))
    assert (other.maps.structures.codes[outside] == Structure.LESION).all()


def test_review__rejected_exophytic_lesion_does_not_grow_the_volumes(exophytic):
    none = replace(exophytic, maps=replace(exophytic.maps, lesions=None))
    rejected = apply_review(exophytic, LesionReview(rejected=frozenset({1, 2})))
    request = MeasureRequest(patient=Patient())
    measured = measure_case(rejected, request).volumetry

    assert measured.tlv_ml.value == pytest.approx(10 * 12 * 10 * 0.008)
    assert measured.functional_tlv_ml.value == pytest.approx(10 * 12 * 10 * 0.008)
    grown = measure_case(none, request).volumetry.tlv_ml.value
    assert grown - measured.tlv_ml.value == pytest.approx(27 * 0.008)


def test_review__edited_map_is_held_against_the_liver_without_lesions(exophytic, tmp_path):
    codes = np.where(exophytic.maps.lesions.codes == 2, 2, 0).astype(np.uint16)
    codes[6:10, 13:20, 5:8] = 4  # reaches from inside the liver 8 mm beyond it
    reviewed = apply_review(exophytic, edited(codes, exophytic, tmp_path))

    np.testing.assert_array_equal(codes, reviewed.maps.lesions.codes)
    liver = np.zeros(GRID.shape, dtype=bool)
    liver[4:14, 4:16, 3:13] = True
    np.testing.assert_array_equal((codes == 4) & ~liver, reviewed.maps.exophytic.mask())
    np.testing.assert_array_equal(liver | (codes == 4), reviewed.maps.structures.mask())
    assert {4: Confirmation.CONFIRMED} == dict(reviewed.confirmations)
    vein = exophytic.maps.structures.codes == Structure.PORTAL_VEIN
    np.testing.assert_array_equal(vein, reviewed.maps.structures.codes == Structure.PORTAL_VEIN)


def test_review__unchanged_exophytic_map_after_a_rejection(exophytic, tmp_path):
    first = apply_review(exophytic, LesionReview(rejected=frozenset({1})))
    again = apply_review(first, edited(first.maps.lesions.codes, first, tmp_path))

    np.testing.assert_array_equal(first.maps.structures.codes, again.maps.structures.codes)
    back = apply_review(again, LesionReview(confirmed=frozenset({1})))
    np.testing.assert_array_equal(exophytic.maps.structures.codes, back.maps.structures.codes)


def test_review__edited_map_on_another_grid_is_refused(case, tmp_path):
    grid = case.maps.lesions.geometry
    shifted = np.array(grid.affine_ras)
    shifted[0, 3] += 5.0
    path = tmp_path / "edited.nii.gz"
    moved = LabelMap(case.maps.lesions.codes, Geometry(grid.shape, shifted), INSTANCE_SCHEME)
    write_labels(moved, path)
    with pytest.raises(GeometryMismatchError, match="edited lesion map"):
        apply_review(case, LesionReview(edited=path))


def test_review__edited_file_leaves_its_digest(case, tmp_path):
    path = tmp_path / "edited.nii.gz"
    write_labels(case.maps.lesions, path)
    reviewed = apply_review(case, LesionReview(edited=path))

    assert digest_file(path) == reviewed.inputs_sha256["lesions_edited"]
    assert case.inputs_sha256["image"] == reviewed.inputs_sha256["image"]
