"""One case in a worker: what holds is taken up, what changed is made anew, what fails is told."""

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from remnant.cohort import case_task, rows
from remnant.cohort.attempts import MARKER, Marker, running_file
from remnant.cohort.case_key import glance_of
from remnant.cohort.case_task import ended_case, make_case, run_case_task, work_case
from remnant.cohort.layout import COHORT_JSON, case_folder
from remnant.cohort.outcome_file import read_outcome, write_outcome
from remnant.cohort.outcomes import CaseStatus, CaseTask
from remnant.core.errors import ClusterLostError, ModelUnavailableError
from remnant.documents.report_document import REPORT
from remnant.io.nifti import write_image
from remnant.pipeline.case_files import OUTCOME_JSON, REPORT_HTML, REPORT_JSON
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import rerun_case
from remnant.pipeline.timing import STAGES
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.algorithm import ALGORITHM_VERSION
from segmentation.engines.registry import DEFAULT_ENGINE, ENGINES, Engine


@pytest.fixture(name="cohort")
def cohort_fixture(tmp_path):
    folder = tmp_path / "cohort"
    (folder / "cases").mkdir(parents=True)
    (folder / COHORT_JSON).write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture(name="own_masks")
def own_masks_fixture(masks, tmp_path):
    """Masks that a test may change."""
    (tmp_path / "in").mkdir()
    return {role: shutil.copy(path, tmp_path / "in") for role, path in masks.items()}


@pytest.fixture(name="task")
def task_fixture(cohort, own_masks):
    row = {"case": "a", **{role: str(path) for role, path in own_masks.items()}}
    row |= {"height_cm": "175", "weight_kg": "80"}
    return CaseTask(case="a", row=row, folder=str(case_folder(cohort, "a")), run="first")


@pytest.fixture(scope="module", name="finished")
def finished_fixture(tmp_path_factory, masks):
    """A case folder that the real work made, to be laid where a test needs one."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / COHORT_JSON).write_text("{}", encoding="utf-8")
    row = {"case": "a", **{role: str(path) for role, path in masks.items()}}
    row |= {"height_cm": "175", "weight_kg": "80"}
    task = CaseTask(case="a", row=row, folder=str(case_folder(folder, "a")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        run_case_task(task)
    return Path(task.folder)


@pytest.fixture(name="make")
def make_fixture(finished):
    """Make cases at once, and count how often."""

    class Maker:
        made = 0
        error: Exception | None = None

        def __call__(self, task, asked):
            self.made += 1
            if self.error is not None:
                raise self.error
            shutil.copytree(finished, task.folder, dirs_exist_ok=True)
            return case_task.Made(report=REPORT.read(finished / REPORT_JSON))

    return Maker()


def again(task, **changes):
    return replace(task, run="second", **changes)


def test_case__is_measured_and_planned_into_its_folder(finished):
    outcome = read_outcome(finished)
    report = REPORT.read(finished / REPORT_JSON)

    assert (CaseStatus.DONE, "", 1, ()) == (
        outcome.status, outcome.error, outcome.attempts, outcome.reused,
    )  # fmt: skip
    assert 64 == len(outcome.key)
    assert set(outcome.seconds) <= set(STAGES)
    assert {"read", "measure", "plan", "publish"} <= set(outcome.seconds)
    assert report.planning is not None
    assert not (finished / REPORT_HTML).exists()


def test_rows__are_those_of_the_report_as_it_is_stored(task):
    first, second = work_case(task), work_case(again(task))

    assert STAGES == second.outcome.reused
    assert dict(first.rows)["lesions"] == dict(second.rows)["lesions"]
    assert set(first.rows) == set(second.rows)


def test_rows__that_cannot_be_made_fail_the_case_alone(task, make, monkeypatch):
    made = rows.rows_of

    def fail(outcome, cells, report):
        if report is not None:
            raise KeyError("burden")
        return made(outcome, cells, report)

    monkeypatch.setattr(rows, "rows_of", fail)
    result = work_case(task, make)

    assert (CaseStatus.FAILED, "publish") == (result.outcome.status, result.outcome.stage)
    assert "failed" == result.rows["cases"][0]["status"]
    assert CaseStatus.DONE is read_outcome(Path(task.folder)).status


def test_case__that_is_the_same_is_left_alone(task, make):
    first = ended_case(task, make).outcome
    second = ended_case(again(task), make).outcome

    assert 1 == make.made
    assert (first.key, STAGES, first.seconds) == (second.key, second.reused, second.seconds)


def test_case__of_this_run_is_told_as_it_was(task, make):
    """The scheduler gives a case again whose result was lost with its worker."""
    first = ended_case(task, make).outcome
    second = ended_case(task, make).outcome

    assert 1 == make.made
    assert first == second


def test_case__whose_file_was_only_touched_is_the_same_by_content(task, make, own_masks):
    first = ended_case(task, make)
    os.utime(own_masks["liver"])
    second = ended_case(again(task), make)
    kept = read_outcome(Path(task.folder))

    assert 1 == make.made
    assert second.renewed
    assert STAGES == second.outcome.reused
    assert first.outcome.trace.glance == kept.trace.glance  # until its rows are in the tables
    assert glance_of(task) == second.outcome.trace.glance


def test_case__of_other_content_under_the_same_name_is_made_anew(task, make, own_masks):
    first = ended_case(task, make).outcome
    shutil.copy(own_masks["liver"], own_masks["lesions"])
    second = ended_case(again(task), make).outcome

    assert 2 == make.made
    assert first.key != second.key


@pytest.mark.parametrize(
    ("changes", "same"),
    [({"weight_kg": "81"}, False), ({"time_point": "2024-05-06"}, True)],
)
def test_key__is_of_what_decides_the_result(task, make, changes, same):
    first = ended_case(task, make).outcome
    second = ended_case(again(task, row={**task.row, **changes}), make).outcome

    assert same == (first.key == second.key)
    assert (1 if same else 2) == make.made


def test_key__is_of_the_algorithms_version_and_not_of_the_package(task, make, monkeypatch):
    first = ended_case(task, make).outcome
    monkeypatch.setattr("remnant.__version__", "99.0")
    same = ended_case(again(task), make).outcome
    monkeypatch.setattr("remnant.cohort.case_key.ALGORITHM_VERSION", 99)
    monkeypatch.setattr("remnant.pipeline.made_from.ALGORITHM_VERSION", 99)
    other = ended_case(again(task), make).outcome

    assert first.key == same.key != other.key
    assert 2 == make.made


@pytest.mark.parametrize("lost", [REPORT_JSON, "structures.nii.gz", OUTCOME_JSON])
def test_case__that_lost_a_file_is_made_anew(task, make, lost):
    ended_case(task, make)
    (Path(task.folder) / lost).unlink()

    assert CaseStatus.DONE is ended_case(again(task), make).outcome.status
    assert 2 == make.made


def test_case__with_a_truncated_report_is_made_anew(task, make):
    ended_case(task, make)
    path = Path(task.folder) / REPORT_JSON
    path.write_bytes(path.read_bytes()[:1000])
    ended_case(again(task), make)

    assert 2 == make.made


def test_page__is_made_where_it_is_asked_for_and_not_there(task, make):
    ended_case(task, make)
    ended_case(again(task, page=True), make)

    assert 2 == make.made


def test_refused__a_damaged_file_is_a_row_without_its_path(task, own_masks):
    path = Path(own_masks["liver"])
    path.write_bytes(path.read_bytes()[:200])
    ended = ended_case(task)

    assert (CaseStatus.REFUSED, "read") == (ended.outcome.status, ended.outcome.stage)
    assert str(path.parent) not in ended.outcome.error
    assert "<liver>" in ended.outcome.error
    assert {OUTCOME_JSON} == {one.name for one in Path(task.folder).iterdir()}
    assert ended.report is None


def test_refused__is_not_tried_again_until_it_changes_or_somebody_asks(task, make):
    make.error = ZeroDivisionError("nothing")
    first = ended_case(task, make).outcome
    ended_case(again(task), make)
    assert 1 == make.made

    ended_case(again(task, retry_failed=True), make)
    assert 2 == make.made
    assert (CaseStatus.FAILED, "ZeroDivisionError") == (first.status, first.error_kind)
    assert "test_case_task.py:" in first.error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        ModelUnavailableError("weights are missing"),
        MemoryError(),
    ],
)
def test_fault_of_the_machine__fails_the_case_and_is_tried_again(task, make, error):
    make.error = error
    first = ended_case(task, make).outcome
    make.error = None
    second = ended_case(again(task), make).outcome

    assert (CaseStatus.FAILED, False) == (first.status, first.trace.lasting)
    assert CaseStatus.DONE is second.status


def died(task, glance, **changes):
    """Leave the marker of a worker that died at a case."""
    path = running_file(task)
    path.parent.mkdir(exist_ok=True)
    marker = Marker(glance=glance, run="first", stage="plan", **changes)
    path.write_text(json.dumps(MARKER.encode(marker)) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("begun", "run", "status", "attempts"),
    [
        (1, "first", CaseStatus.DONE, 2),
        (2, "first", CaseStatus.KILLED, 2),
        (2, "second", CaseStatus.DONE, 3),
    ],
)
def test_deaths__are_counted_within_a_run(task, make, begun, run, status, attempts):
    died(task, glance_of(task), begun=begun, begun_in_run=begun)
    outcome = ended_case(replace(task, run=run), make).outcome

    assert (status, attempts) == (outcome.status, outcome.attempts)
    assert ("plan" if status is CaseStatus.KILLED else "") == outcome.stage
    assert (0 if status is CaseStatus.KILLED else 1) == make.made
    assert not running_file(task).exists()


def test_deaths__of_another_version_of_the_case_do_not_count(task, make):
    died(task, "another", begun=2, begun_in_run=2)

    assert 1 == ended_case(task, make).outcome.attempts


def test_killed__is_not_begun_again_in_a_later_run(task, make):
    died(task, glance_of(task), begun=2, begun_in_run=2)
    ended_case(task, make)
    outcome = ended_case(again(task), make).outcome

    assert (CaseStatus.KILLED, 0) == (outcome.status, make.made)


def test_another_version__is_replaced_where_the_cohort_made_it(task):
    run_case_task(task)
    outcome = run_case_task(again(task, row={**task.row, "height_cm": "160"}))

    assert (CaseStatus.DONE, ("segment",)) == (outcome.status, outcome.reused)
    assert 160.0 == REPORT.read(Path(task.folder) / REPORT_JSON).patient.height_cm


def reviewed(folder):
    """Confirm the lesions of a case as a reader would, later and by another command."""
    report = REPORT.read(folder / REPORT_JSON)
    rerun_case(
        folder,
        SegmentRequest(review=LesionReview(confirm_all=True)),
        output=folder,
        measuring=MeasureRequest(patient=report.patient),
    )


def test_confirmed_by_a_human__is_taken_into_the_tables_and_never_replaced(
    task, own_masks, coarse_pictures
):
    first = ended_case(task)
    reviewed(Path(task.folder))
    second = ended_case(again(task))
    shutil.copy(own_masks["liver"], own_masks["lesions"])
    third = ended_case(again(task))

    assert first.report.volumetry.lesions != second.report.volumetry.lesions
    assert STAGES == second.outcome.reused
    assert (CaseStatus.REFUSED, "InputError") == (third.outcome.status, third.outcome.error_kind)
    assert "a human confirmed" in third.outcome.error
    assert second.report == REPORT.read(Path(task.folder) / REPORT_JSON)


def test_study__is_segmented_by_the_engine_asked_for_and_taken_up(cohort, tmp_path, monkeypatch):
    monkeypatch.setitem(ENGINES, DEFAULT_ENGINE, Engine("examples.threshold_engine", "known"))
    case_task._segmenter.cache_clear()
    phantom = liver_phantom(body_grid(spacing_mm=(8.0, 8.5, 9.0)), metastases=2, seed=3, noise_hu=0)
    write_image(phantom.image, tmp_path / "ct.nii.gz")
    row = {"case": "s", "study": str(tmp_path / "ct.nii.gz"), "modality": "ct"}
    task = CaseTask(
        case="s",
        row=row,
        folder=str(case_folder(cohort, "s")),
        estimate_segments=False,
        run="first",
    )
    first = run_case_task(task)
    (Path(task.folder) / REPORT_JSON).unlink()
    second = run_case_task(again(task))

    assert (CaseStatus.DONE, ()) == (first.status, first.reused)
    assert (CaseStatus.DONE, ("segment",)) == (second.status, second.reused)
    case_task._segmenter.cache_clear()


def test_worker__that_does_not_see_the_cohort_says_so(task, cohort):
    (cohort / COHORT_JSON).unlink()

    with pytest.raises(ClusterLostError, match="does not see the cohort's folder"):
        run_case_task(task)


def test_worker__of_other_algorithms_is_refused(task):
    with pytest.raises(
        ClusterLostError, match=f"of version {ALGORITHM_VERSION}, this program those of 99"
    ):
        run_case_task(replace(task, algorithm=99))


def test_damaged_outcome__is_made_again_and_a_damaged_case_is_refused(task, make):
    ended_case(task, make)
    (Path(task.folder) / OUTCOME_JSON).write_text("{", encoding="utf-8")
    ended_case(again(task), make)
    assert 2 == make.made

    kept = read_outcome(Path(task.folder))
    (Path(task.folder) / "segmentation.json").write_text("{", encoding="utf-8")
    write_outcome(replace(kept, key="another"), Path(task.folder))
    os.utime(task.row["liver"])
    outcome = ended_case(again(task), make_case).outcome

    assert CaseStatus.REFUSED is outcome.status
    assert "damaged" in outcome.error
