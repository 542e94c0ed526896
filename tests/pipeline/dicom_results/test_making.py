"""Results in DICOM: the record that they need, the set that they are, and who can read them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from examples.dicom_results import (
    MEASURING,
    NAME,
    STUDY_UID,
    FakeMakers,
    dicom_case,
    example_phantom,
    on_grid,
    write_series,
)
from remnant.core.errors import GeometryMismatchError, InputError, UnreadableFileError
from remnant.core.lesions import Confirmation
from remnant.core.plan_choice import PlanChoice
from remnant.core.volumetry_report import SegmentsConfirmation
from remnant.io.nifti import write_image, write_labels
from remnant.io.source import load_study
from remnant.pipeline import run
from remnant.pipeline.dicom_results import making
from remnant.pipeline.dicom_results.making import ResultsRequest, make_results
from remnant.pipeline.dicom_results.private_folder import ALL_RESULTS, read_record, result_names
from remnant.pipeline.drafts.asked import Say
from remnant.pipeline.drafts.commit import committed
from remnant.pipeline.drafts.draft import begun
from remnant.pipeline.facts import known_case
from remnant.pipeline.folder import read_case, read_measured, replace_measured, settle
from remnant.pipeline.measuring_and_planning import keep_request
from remnant.pipeline.plan_maps import drawn_plan
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import measure_study, plan_stored, rerun_case, run_study
from remnant.testing.fake_segmenter import SteppedSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom

RESULTS = ("seg_anatomy.dcm", "measurements.dcm", "captures_01.dcm", "captures_02.dcm")
CHOICE = PlanRequest(choice=PlanChoice(targets=(0.7,), seconds=5.0))


@pytest.fixture(scope="module", name="made")
def made_fixture(tmp_path_factory):
    """A case of a DICOM series, made where every new file may be read by everybody."""
    before = os.umask(0)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
            # no file is ever made readable first, and closed afterwards
            patch.setattr(Path, "chmod", lambda *_, **__: None)
            return dicom_case(tmp_path_factory.mktemp("made"))
    finally:
        os.umask(before)


@pytest.fixture(name="case")
def case_fixture(made, tmp_path):
    shutil.copytree(made, tmp_path / "case")
    return tmp_path / "case"


@pytest.fixture(name="makers")
def makers_fixture(monkeypatch):
    makers = FakeMakers()
    monkeypatch.setattr(making, "import_module", makers)
    return makers


@pytest.fixture(name="sent")
def sent_fixture(case, makers):
    """A case with results."""
    make_results(ResultsRequest(case=case))
    return case


@pytest.fixture(name="unplanned")
def unplanned_fixture(monkeypatch):
    """Reports without pictures and plans, which take most of the time."""
    monkeypatch.setattr("remnant.page.html.render_html", lambda *_, **__: "a page")
    monkeypatch.setattr(run, "plan_case", lambda report, asked, **_: keep_request(report, asked))


@pytest.fixture(name="open_umask")
def open_umask_fixture():
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return path.stat().st_mode & 0o777


def record_bytes(case):
    return (case / "dicom" / "source.json").read_bytes()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_record__can_be_read_by_its_owner_alone_from_the_first_moment_on(made):
    assert mode(made / "report.json") == 0o666
    assert mode(made / "dicom") == 0o700
    assert mode(made / "dicom" / "source.json") == 0o600
    assert {"source.json"} == {path.name for path in (made / "dicom").iterdir()}


def test_record__is_that_of_the_series(made):
    assert read_record(made) == load_study(made.parent / "series").record


def test_record__is_in_no_other_file_and_in_no_words(made):
    record = read_record(made)
    others = [path for path in made.rglob("*") if path.is_file() and path.parent.name != "dicom"]
    assert len(others) > 10
    for path in others:
        content = path.read_bytes()
        assert NAME.encode() not in content
        assert STUDY_UID.encode() not in content
    shown = f"{record} {read_case(made)} {replace(read_case(made), source_record=record)}"
    assert NAME not in shown
    assert STUDY_UID not in shown


def test_record__none_where_nobody_asked_for_one_or_the_images_are_no_dicom(tmp_path):
    phantom = example_phantom(metastases=1)
    series = write_series(phantom.image, tmp_path / "series")
    write_image(phantom.image, tmp_path / "ct.nii.gz")
    segmenter = on_grid(phantom, load_study(series).image.geometry)
    unkept = SegmentRequest(source=series, keep_record=False)
    run_study(
        unkept, measuring=MEASURING, output=tmp_path / "a", segmenter=segmenter, page=False,
        planning=CHOICE,
    )  # fmt: skip
    assert not (tmp_path / "a" / "dicom").exists()
    with pytest.raises(InputError, match=r"keeps no record of its images.* with --source"):
        make_results(ResultsRequest(case=tmp_path / "a"))


# each takes a case, changes it or its report, and returns where the new one lies


def planned(case):
    report = read_measured(case)
    plan_stored(case, report, CHOICE, patient=report.patient)
    return case


def measured_again(case):
    rerun_case(case, output=case, measuring=MEASURING, planning=CHOICE)
    return case


def measured_elsewhere(case):
    other = case.with_name("other")
    review = SegmentRequest(review=LesionReview(confirmed=frozenset((1,))))
    measure_study(case, review, output=other, measuring=MEASURING)
    return other


def planned_elsewhere(case):
    other = case.with_name("other")
    rerun_case(case, output=other, measuring=MEASURING, planning=CHOICE)
    return other


def corrected_by_hand(case):
    draft = begun(case, "A. Reader")
    draft.do(Say(word=Confirmation.REJECTED, lesions=frozenset((1,))))
    earlier = committed(draft).earlier
    assert record_bytes(earlier) == record_bytes(case)
    assert mode(earlier / "dicom") == 0o700
    assert mode(earlier / "dicom" / "source.json") == 0o600
    assert {"source.json"} == {path.name for path in (earlier / "dicom").iterdir()}
    return case


CHANGES = (planned, measured_again, measured_elsewhere, planned_elsewhere, corrected_by_hand)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_record__is_carried_on_and_old_results_go(sent, change, open_umask, unplanned):
    before = record_bytes(sent)
    there = change(sent)

    assert record_bytes(there) == before
    assert () == result_names(there)
    assert mode(there / "dicom") == 0o700
    assert mode(there / "dicom" / "source.json") == 0o600


def test_results__of_a_corrected_case_are_others(sent, unplanned):
    before = contents(sent / "dicom")
    corrected_by_hand(sent)
    make_results(ResultsRequest(case=sent))

    after = contents(sent / "dicom")
    assert set(after) == set(before)
    assert {name for name in after if after[name] == before[name]} == {"source.json"}


def test_results__are_a_set_that_its_owner_alone_can_read(case, makers, open_umask):
    done = make_results(ResultsRequest(case=case))

    assert (done.folder, done.files, done.replaced) == (case / "dicom", RESULTS, 0)
    assert done.left_out == ("there is no PDF",)
    assert {*RESULTS, "source.json"} == set(contents(case / "dicom"))
    assert mode(case / "dicom") == 0o700
    assert {0o600} == {mode(path) for path in (case / "dicom").iterdir()}


def test_results__the_same_case_gives_the_same_bytes_and_another_choice_others(sent):
    first = contents(sent / "dicom")
    assert make_results(ResultsRequest(case=sent)).replaced == len(RESULTS)
    assert contents(sent / "dicom") == first
    second = read_measured(sent).planning.plans[1].id
    seen = [first]
    for choice in ({"plan": second}, {"labelmap": True}, {"plan": second, "labelmap": True}):
        make_results(ResultsRequest(case=sent, **choice))
        seen.append(contents(sent / "dicom"))
    anatomies = {files["seg_anatomy.dcm"] for files in seen}
    assert len(anatomies) == len(seen)


def test_results__in_another_language_are_other_objects(sent):
    first = contents(sent / "dicom")
    make_results(ResultsRequest(case=sent, language="de"))
    assert contents(sent / "dicom")["seg_anatomy.dcm"] != first["seg_anatomy.dcm"]


def test_results__say_what_is_to_be_read_with_care(case, makers):
    report = read_measured(case)
    assert make_results(ResultsRequest(case=case)).care.startswith("To be read with care: ")
    confirmed = (replace(x, confirmation=Confirmation.CONFIRMED) for x in report.volumetry.lesions)
    fine = replace(
        report.volumetry,
        lesions=tuple(confirmed),
        quality=(),
        segments_confirmation=SegmentsConfirmation(name="Ann Lee", date="2026-01-02"),
    )
    replace_measured(replace(report, quality=(), volumetry=fine), case)
    assert make_results(ResultsRequest(case=case)).care == ""


def test_results__hold_the_plan_that_was_asked_for(case, makers):
    report = read_measured(case)
    assert report.planning.plans[0].id == "plan_1"
    make_results(ResultsRequest(case=case))
    assert (case / "dicom" / "measurements.dcm").read_text() == "plan_1 False"
    make_results(ResultsRequest(case=case, plan="plan_2"))
    assert (case / "dicom" / "measurements.dcm").read_text() == "plan_2 False"
    with pytest.raises(InputError, match=r"plan_77: .* has no such plan; it has plan_1, plan_2"):
        make_results(ResultsRequest(case=case, plan="plan_77"))
    assert drawn_plan(read_case(case), report, report.planning.plans[1]).geometry.shape == (
        read_case(case).maps.structures.geometry.shape
    )


def test_results__of_a_case_without_a_plan_have_none(case, makers):
    measure_study(case, SegmentRequest(), output=case, measuring=MEASURING)
    make_results(ResultsRequest(case=case))

    assert (case / "dicom" / "measurements.dcm").read_text() == " False"
    with pytest.raises(InputError, match="it has none"):
        make_results(ResultsRequest(case=case, plan="plan_1"))


def test_results__go_elsewhere_where_asked_and_the_case_stays(case, makers, open_umask, tmp_path):
    before = contents(case / "dicom")
    place = tmp_path / "new" / "results"
    done = make_results(ResultsRequest(case=case, output=place))

    assert (done.folder, done.files) == (place, RESULTS)
    assert {*RESULTS} == set(contents(place))
    assert mode(place) == 0o700
    assert {0o600} == {mode(path) for path in place.iterdir()}
    assert contents(case / "dicom") == before
    (place / "captures_03.dcm").write_bytes(b"of an earlier set")
    assert make_results(ResultsRequest(case=case, output=place)).replaced == len(RESULTS) + 1
    assert {*RESULTS} == set(contents(place))


def test_results__are_the_old_set_where_one_object_cannot_be_made(sent, makers, tmp_path):
    before = contents(sent / "dicom")

    def fail():
        raise InputError("no such picture")

    makers.at_end = fail
    for request in (
        ResultsRequest(case=sent, labelmap=True),
        ResultsRequest(case=sent, output=tmp_path / "new"),
    ):
        with pytest.raises(InputError, match="no such picture"):
            make_results(request)
    assert contents(sent / "dicom") == before
    assert {"case"} == {path.name for path in tmp_path.iterdir()}
    assert [] == [path.name for path in sent.iterdir() if path.name.startswith(".")]


def test_results__of_a_case_that_changes_meanwhile_are_not_written(sent, makers):
    before = contents(sent / "dicom")
    report = read_measured(sent)
    makers.at_end = lambda: replace_measured(replace(report, quality=()), sent)
    with pytest.raises(InputError, match="was changed by another command meanwhile"):
        make_results(ResultsRequest(case=sent, labelmap=True))

    assert {"source.json": before["source.json"]} == contents(sent / "dicom")


def test_results__killed_anywhere_they_are_the_old_set_or_the_new(case, makers, repository):
    (case / "dicom" / "report.dcm").write_bytes(b"old")
    old = contents(case / "dicom")
    paths = (repository, repository / "tests" / "support", os.environ.get("PYTHONPATH", ""))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(p) for p in paths if str(p))}
    command = [sys.executable, "-m", "examples.dicom_killing", str(case)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    seen = []
    for place in sorted(case.parent.glob("killed-*/case")):
        settle(place)
        there = contents(place / "dicom")
        seen.append(set(there) == {*RESULTS, "source.json"})
        assert seen[-1] or there == old, place
        assert mode(place / "dicom") == 0o700
        assert there["source.json"] == old["source.json"]
    assert seen == sorted(seen)
    assert len(seen) > 5
    assert {False, True} == set(seen)


def test_images__in_the_folder_of_results_are_nobodys_to_replace(case, tmp_path, makers):
    series = write_series(example_phantom().image, case / "dicom" / "series")
    own = tmp_path / "own"
    shutil.copytree(series, own / "dicom")
    before = contents(series)
    for change in (
        lambda: make_results(ResultsRequest(case=case)),
        lambda: planned(case),
        lambda: measured_again(case),
        lambda: run_study(
            SegmentRequest(source=series), measuring=MEASURING, output=own,
            segmenter=SteppedSegmenter.knowing(example_phantom()),
        ),
    ):  # fmt: skip
        with pytest.raises(InputError, match=r"holds (series|im|other files)"):
            change()
    assert contents(series) == before
    assert contents(own / "dicom") == before


def test_record__behind_a_link_is_none(case, tmp_path):
    (case / "dicom").rename(tmp_path / "elsewhere")
    (case / "dicom").symlink_to(tmp_path / "elsewhere")

    assert read_record(case) is None
    with pytest.raises(InputError, match="is no folder"):
        planned(case)
    assert (tmp_path / "elsewhere" / "source.json").is_file()


def test_source__takes_the_place_of_a_record(made, case, makers, tmp_path):
    make_results(ResultsRequest(case=case))
    with_record = contents(case / "dicom")
    shutil.rmtree(case / "dicom")
    other = tmp_path / "there"
    make_results(ResultsRequest(case=case, source=made.parent / "series", output=other))
    assert not (case / "dicom").exists()
    make_results(ResultsRequest(case=case, source=made.parent / "series"))

    assert contents(case / "dicom") == with_record
    assert {**contents(other), "source.json": record_bytes(case)} == with_record


def test_source__of_another_series_is_refused(case, makers, tmp_path):
    phantom = liver_phantom(body_grid(spacing_mm=(9.0, 9.5, 10.0)), metastases=1)
    other = write_series(phantom.image, tmp_path / "other")
    write_image(phantom.image, tmp_path / "ct.nii.gz")
    (tmp_path / "nothing").mkdir()
    for source in (other, tmp_path / "nothing", tmp_path / "ct.nii.gz", tmp_path / "missing"):
        with pytest.raises(InputError, match=r"does not go with .*case: "):
            make_results(ResultsRequest(case=case, source=source))
    assert () == result_names(case)


def test_record__of_another_image_or_grid_is_refused(case, makers):
    path = case / "dicom" / "source.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "image_sha256": "0" * 64}))
    with pytest.raises(InputError, match="does not belong to this case: it is of another image"):
        make_results(ResultsRequest(case=case))
    path.write_text(json.dumps({**document, "planes": document["planes"][::-1]}))
    with pytest.raises(GeometryMismatchError, match=r"planes lie up to [0-9.]+ mm off"):
        make_results(ResultsRequest(case=case))
    path.write_text("{")
    with pytest.raises(UnreadableFileError, match=r"source.json: this is no record"):
        make_results(ResultsRequest(case=case))


def test_case__that_is_not_measured_or_was_edited_is_refused(case, makers, tmp_path):
    with pytest.raises(UnreadableFileError, match="holds no segmented case"):
        make_results(ResultsRequest(case=tmp_path))
    labels = read_case(case).maps.lesions
    write_labels(replace(labels, codes=labels.codes[::-1].copy()), case / "lesions.nii.gz")
    with pytest.raises(InputError, match="changed after the case was measured"):
        make_results(ResultsRequest(case=case))
    (case / "report.json").unlink()
    with pytest.raises(UnreadableFileError, match="run `remnant measure` first"):
        make_results(ResultsRequest(case=case))
    assert known_case(case).planning.choice is not None


def test_names__of_results_are_each_once():
    assert len(ALL_RESULTS) == len(set(ALL_RESULTS)) == 5 + 99
