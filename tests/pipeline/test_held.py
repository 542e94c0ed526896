"""Nothing in an output folder goes without being asked for."""

import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from remnant.core.clinical import ClinicalFacts, Grade
from remnant.core.errors import InputError
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient, Sex
from remnant.core.plan_choice import PlanChoice
from remnant.core.volumes import LabelMap
from remnant.io.nifti import write_image, write_labels
from remnant.pipeline import case_files
from remnant.pipeline.facts import known_case
from remnant.pipeline.folder import (
    read_case,
    read_measured,
    replace_measured,
    require_as_measured,
    write_measured,
)
from remnant.pipeline.held import Coming, held_by, require_nothing_said, require_replaceable
from remnant.pipeline.measuring_and_planning import plan_case
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.results import require_replaceable_results
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import finish_case, measure_study, rerun_case, segment_study
from remnant.pipeline.segment import case_from_masks
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.fake_segmenter import FakeSegmenter

PATIENT = Patient(height_cm=175.0, weight_kg=80.0, sex=Sex.MALE, age_years=60.0)
MEASURING = MeasureRequest(patient=PATIENT)
NAMED = PlanRequest(choice=PlanChoice(named_only=True))


@pytest.fixture(scope="module", name="masks")
def masks_fixture(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    maps = {"liver": small.liver_mask, "lesions": small.lesions, "couinaud": small.couinaud}
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    return {role: folder / f"{role}.nii.gz" for role in maps}


@pytest.fixture(scope="module", name="request_of_all")
def request_fixture(masks):
    return SegmentRequest(masks=masks)


@pytest.fixture(scope="module", name="first")
def first_fixture(request_of_all, tmp_path_factory):
    output = tmp_path_factory.mktemp("first") / "case"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        measure(None, request_of_all, output)
    return output


@pytest.fixture(name="output")
def output_fixture(first, tmp_path):
    """A measured case, to be changed."""
    return shutil.copytree(first, tmp_path / "case")


def measure(case, request, output, **options):
    return measure_study(case, request, output=output, **{"measuring": MEASURING, **options})


def reviewed(output, **words):
    request = SegmentRequest(review=LesionReview(**words))
    return measure(output, request, output, planning=known_case(output).planning)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_refused(words, output, work):
    """The work is refused with these words, and nothing was changed."""
    before = contents(output)
    with pytest.raises(InputError, match=words) as caught:
        work()
    assert before == contents(output)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_repeat__of_the_same_is_made_anew_and_says_what_it_replaces(request_of_all, output):
    ran = measure(None, request_of_all, output)

    (note,) = ran.notes
    report = read_measured(output)
    assert note.startswith(f"replaced {report.study.pseudonym} (measured 20")
    assert report.provenance.inputs_sha256["liver"][:8] in note
    assert () == ran.changed


def test_other_inputs__are_refused_with_what_is_there(request_of_all, masks, output):
    other = replace(request_of_all, masks={"liver": masks["liver"]})
    work = partial(measure, None, other, output)
    told = assert_refused(
        "made from other inputs; name another folder, or add --overwrite", output, work
    )

    inputs = read_measured(output).provenance.inputs_sha256
    assert all(f"{role} {digest[:8]}" in told for role, digest in inputs.items())
    (note,) = measure(None, replace(other, overwrite=True), output).notes
    assert note.startswith("replaced case-")
    assert case_files.LESIONS not in contents(output)


def test_other_settings__are_refused(request_of_all, output):
    vouched = replace(request_of_all, whole_liver=True)
    assert_refused("with other settings", output, partial(measure, None, vouched, output))
    measure(None, replace(vouched, overwrite=True), output)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"confirmed": frozenset({1})}, r"drop 1 lesion\(s\) confirmed;"),
        ({"rejected": frozenset({2})}, r"drop 1 lesion\(s\) rejected;"),
        ({"confirm_all": True}, r"drop 2 lesion\(s\) confirmed;"),
    ],
)
def test_confirmations__are_not_dropped_by_a_repeat(words, told, request_of_all, output):
    reviewed(output, **words)
    assert_refused(told, output, partial(measure, None, request_of_all, output))
    reviewed(output, **words)
    measure(None, replace(request_of_all, overwrite=True), output)
    assert not read_case(output).confirmations


def test_segments__confirmed_by_name_and_given_later_are_not_dropped(
    request_of_all, small, output, tmp_path
):
    measure(output, SegmentRequest(confirm_segments="A. Reader"), output)
    work = partial(measure, None, request_of_all, output)
    assert_refused("drop segments confirmed by A. Reader", output, work)

    codes = small.couinaud.codes.copy()
    codes[codes == 5] = 6
    write_labels(LabelMap(codes, small.geometry, COUINAUD_SCHEME), tmp_path / "new.nii.gz")
    given = SegmentRequest(masks={"couinaud": tmp_path / "new.nii.gz"})
    again = partial(measure, output, output=output)
    assert_refused("that A. Reader confirmed on", output, partial(again, given))
    again(replace(given, overwrite=True))
    assert_refused("drop segments by couinaud", output, work)


def test_maps__edited_by_hand_are_not_dropped_neither_before_nor_after_they_are_taken_over(
    request_of_all, small, output
):
    codes = small.lesions.codes.copy()
    codes[codes == 2] = 0
    edited = LabelMap(codes, small.geometry, INSTANCE_SCHEME)
    write_labels(edited, output / case_files.LESIONS)
    work = partial(measure, None, request_of_all, output)
    assert_refused("drop lesions.nii.gz edited", output, work)
    measure(output, SegmentRequest(), output)

    assert () == held_by(output).edited
    assert_refused("drop lesions.nii.gz edited", output, work)


def test_facts__that_are_not_given_again_are_not_dropped_and_others_are_replaced(
    request_of_all, output
):
    bare = MeasureRequest(patient=replace(PATIENT, height_cm=None), formula="chan2006")
    work = partial(measure, None, request_of_all, output, measuring=bare)
    assert_refused("this would drop height cm; go on from it by `remnant run ", output, work)
    taller = replace(MEASURING, patient=replace(PATIENT, height_cm=180.0), formula="chan2006")
    measure(None, request_of_all, output, measuring=taller)
    assert 180.0 == known_case(output).measuring.patient.height_cm
    assert_refused("drop formula;", output, partial(measure, None, request_of_all, output))


def test_plans__facts_and_limits_are_not_dropped(request_of_all, output):
    planning = PlanRequest(
        facts=ClinicalFacts(grade=Grade.G2),
        choice=PlanChoice(keep=frozenset({CouinaudSegment.IV}), named_only=True),
        custom=(frozenset({CouinaudSegment.V}),),
    )
    replace_measured(plan_case(read_measured(output), planning), output)
    told = assert_refused("drop", output, partial(measure, None, request_of_all, output))
    assert "measured and planned" in told
    assert "this would drop grade, keep, named only, resect;" in told


def test_plan__of_a_stored_case_that_is_measured_alone_is_said_to_go(output):
    replace_measured(plan_case(read_measured(output), NAMED), output)
    ran = reviewed(output, rejected=frozenset({2}))
    assert (f"dropped the earlier plan; `remnant plan {output}` plans anew",) == ran.notes


@pytest.mark.parametrize("name", ["lesions.nii.gz", "report.json", "segmentation.json"])
def test_files__of_no_case_are_not_replaced_though_they_are_named_as_ours(
    name, request_of_all, tmp_path
):
    output = tmp_path / "mine"
    output.mkdir()
    (output / name).write_bytes(b"precious")
    work = partial(measure, None, request_of_all, output)
    assert_refused(f"it holds {name}, which is of no case", output, work)
    measure(None, replace(request_of_all, overwrite=True), output)
    assert read_case(output).maps.lesions is not None


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (case_files.STATE, '"2.0"', "", "this is no segmentation.json"),
        (case_files.REPORT_JSON, '"2.0"', '"1.0"', "of schema version '1.0'"),
        (case_files.REPORT_JSON, '"created_utc":"', '"created_utc":"long ago, ', "says 'long ago"),
    ],
)
def test_case__that_cannot_be_read_is_not_replaced(name, old, new, told, request_of_all, output):
    text = (output / name).read_text(encoding="utf-8")
    assert old in text
    (output / name).write_text(text.replace(old, new), encoding="utf-8")
    work = partial(measure, None, request_of_all, output)
    assert_refused(told, output, work)
    measure(None, replace(request_of_all, overwrite=True), output)


def test_stored_case__into_the_folder_of_another_one(output, masks, tmp_path):
    twin = shutil.copytree(output, tmp_path / "twin")
    (note,) = measure(output, SegmentRequest(), twin).notes
    assert note.startswith("replaced case-")
    reviewed(twin, confirmed=frozenset({1}))
    work = partial(measure, output, SegmentRequest(), twin)
    assert_refused(r"drop 1 lesion\(s\) confirmed", twin, work)
    reviewed(output, confirmed=frozenset({1, 2}))
    work()
    assert {1, 2} == set(read_case(twin).confirmations)
    stranger = tmp_path / "stranger"
    measure(None, SegmentRequest(masks={"liver": masks["liver"]}), stranger)
    assert_refused("other inputs", stranger, partial(measure, output, SegmentRequest(), stranger))
    rerun = partial(rerun_case, output, output=stranger, measuring=MEASURING, planning=NAMED)
    assert_refused("other inputs", stranger, rerun)


def lesions_file(small, folder, change):
    codes = small.lesions.codes.copy()
    change(codes)
    write_labels(LabelMap(codes, small.geometry, INSTANCE_SCHEME), folder / "edited.nii.gz")
    return folder / "edited.nii.gz"


def without_second(codes):
    codes[codes == 2] = 0


def smaller_second(codes):
    codes[tuple(np.argwhere(codes == 2)[0])] = 0


GONE, BACK = r"lesion\(s\) 2, confirmed before, are not", r"\(s\) 2, rejected before, would count"


@pytest.mark.parametrize(
    ("words", "change", "told", "left"),
    [
        ({"confirmed": frozenset({2})}, without_second, GONE, {}),
        ({"rejected": frozenset({2})}, smaller_second, BACK, {2: Confirmation.CONFIRMED}),
        ({"confirmed": frozenset({2})}, smaller_second, None, {2: Confirmation.CONFIRMED}),
        ({"rejected": frozenset({2})}, without_second, None, {}),
        ({"confirmed": frozenset({1})}, without_second, None, {1: Confirmation.CONFIRMED}),
    ],
)
def test_lesions__of_a_new_map_do_not_undo_what_was_said(
    words, change, told, left, small, output, tmp_path
):
    reviewed(output, **words)
    edited = lesions_file(small, tmp_path, change)
    work = partial(reviewed, output, edited=edited)
    if told is not None:
        assert_refused(told, output, work)
        request = SegmentRequest(review=LesionReview(edited=edited), overwrite=True)
        work = partial(measure, output, request, output)
    work()
    assert left == dict(read_case(output).confirmations)


def test_lesions__rejected_by_the_same_command_are_asked_for(small, output, tmp_path):
    reviewed(output, rejected=frozenset({2}))
    edited = lesions_file(small, tmp_path, smaller_second)
    reviewed(output, edited=edited, rejected=frozenset({2}))
    assert Confirmation.REJECTED is read_case(output).confirmations[2]


def test_segment__again_leaves_a_report_where_it_is(small, tmp_path):
    write_image(small.image, tmp_path / "ct.nii.gz")
    output = tmp_path / "case"
    request = SegmentRequest(source=tmp_path / "ct.nii.gz")
    segment = partial(segment_study, output=output, segmenter=FakeSegmenter.knowing(small))
    assert () == segment(request).notes
    measure(output, SegmentRequest(), output)
    before = contents(output)
    (note,) = segment(request).notes

    assert note.startswith("segmentation of case-")
    assert before == contents(output)
    other_engine = partial(segment, request, divider=FakeDivider.knowing(small))
    assert_refused("drop height cm, weight kg, sex, age years", output, other_engine)
    reviewed(output, confirmed=frozenset({1}))
    assert_refused("drop 1 lesion", output, partial(segment, request))


def test_finish__of_a_case_that_nobody_can_overwrite_by_option(
    request_of_all, tmp_path, monkeypatch
):
    monkeypatch.setattr("remnant.pipeline.run._page", lambda *_: "page")
    case = case_from_masks(request_of_all)
    finish = partial(
        finish_case, case, measuring=MEASURING, output=tmp_path / "demo", planning=NAMED
    )
    finish()
    require_nothing_said(tmp_path / "demo")
    finish()
    reviewed(tmp_path / "demo", confirmed=frozenset({1}))
    told = assert_refused("drop 1 lesion", tmp_path / "demo", finish)
    assert "--overwrite" not in told
    with pytest.raises(InputError, match="which would be lost; name another folder"):
        require_nothing_said(tmp_path / "demo")
    (tmp_path / "demo" / case_files.STATE).unlink()
    with pytest.raises(InputError, match="of no case"):
        require_nothing_said(tmp_path / "demo")


def test_report__of_another_case_than_the_maps_is_not_planned(output, made, tmp_path):
    require_as_measured(output, read_measured(output))
    write_measured(made.case, output)
    with pytest.raises(InputError, match="holds the report of case-1f and the maps of case-"):
        require_as_measured(output, read_measured(output))


def test_replaceable__a_folder_with_nothing_of_ours_is(tmp_path):
    coming = Coming(made_from=None)
    assert require_replaceable(tmp_path, coming, overwrite=False) is None
    assert require_replaceable(tmp_path / "new", coming, overwrite=False) is None


def test_results__of_an_earlier_run_are_replaced_only_when_asked(tmp_path):
    ready = partial(require_replaceable_results, tmp_path / "out", ("a.json", "b.csv"))
    assert ready(overwrite=False) is None
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"holds b.csv of 20.* or add --overwrite"):
        ready(overwrite=False)
    assert ready(overwrite=True).startswith("Replaced b.csv of 20")
