"""A cohort from its manifest to its tables, and again when little or nothing changed."""

import json
import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from distributed import CancelledError, KilledWorker

from examples.cohort_faults import OPTIONS, PIDS, began, faulty_work
from remnant.cohort import runner
from remnant.cohort.clusters import ClusterChoice
from remnant.cohort.layout import COHORT_JSON, RUNNING
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.runner import (
    CohortOptions,
    CohortRun,
    cohort_folder,
    require_cohort_folder,
    run_cohort,
)
from remnant.cohort.table_files import read_table
from remnant.core.errors import ClusterLostError, InputError

ONE = replace(OPTIONS, cluster=ClusterChoice(workers=1))


def test_cohort__is_run_once_and_looked_at_again(place, rows_of_names, masks, monkeypatch):
    rows = rows_of_names(*[f"ok-{number}" for number in range(5)], patient="P", time_point="week_2")
    cohort, told, listening = place / "cohort", [], set()

    def heard(*words):
        told.append(words)
        listening.update(addresses())

    first = run_cohort(rows, cohort, ONE, heard, work=faulty_work(place, 2))
    pids = Counter((place / PIDS).read_text("utf-8").split())

    assert ({CaseStatus.DONE: 5}, 5) == (first.counts, first.fresh)
    assert 2 >= max(pids.values())  # a worker is replaced after two cases
    assert 5 == pids.total()
    assert [0, 1, 2, 3, 4, 5] == [done for stage, done, _ in told if stage.startswith("cases")]
    assert {5} == {total for _, _, total in told}
    assert {"127.0.0.1"} == listening

    os.utime(masks["liver"])  # all look otherwise, and are the same
    later = [replace_cell(row, "time_point", "week_3") for row in rows]
    monkeypatch.setattr(runner, "MOST_RENEWED", 2)
    second = run_cohort(later, cohort, ONE, work=faulty_work(place))
    third = run_cohort(later, cohort, ONE, work=faulty_work(place))

    assert (5, 0) == (second.fresh, third.fresh)
    assert 5 == len(began(place))
    table = read_table(cohort, "cases")
    assert {"week_3"} == set(table.column("time_point").to_pylist())
    assert 5 == table.num_rows
    assert not any((cohort / RUNNING).iterdir())


def addresses():
    """Return where this process and its workers listen."""
    mine, found = psutil.Process(), set()
    for process in (mine, *mine.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            each = process.net_connections("inet")
            found |= {one.laddr.ip for one in each if one.status == psutil.CONN_LISTEN}
    return found


def replace_cell(row, name, text):
    return replace(row, cells={**row.cells, name: text})


def test_folder__is_kept_to_one_command(tmp_path):
    with cohort_folder(tmp_path / "a", CohortOptions()):
        with pytest.raises(InputError, match="another command runs the cohort"):
            run_cohort((), tmp_path / "a")
        told = json.loads((tmp_path / "a" / COHORT_JSON).read_text("utf-8"))
    assert "1.0" == told["schema_version"]


def test_no_cases__are_no_run(tmp_path):
    assert CohortRun(folder=tmp_path / "a", counts={}, fresh=0) == run_cohort((), tmp_path / "a")


def make_file(folder):
    folder.write_text("x", encoding="utf-8")


def make_other(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("x", encoding="utf-8")


def make_newer(folder):
    folder.mkdir()
    (folder / COHORT_JSON).write_text('{"schema_version": "9.0"}', encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "said"),
    [(make_file, "is a file"), (make_other, "notes.txt"), (make_newer, "version 9.0")],
)
def test_folder__of_something_else_is_refused(tmp_path, make, said):
    make(tmp_path / "a")
    before = sorted(path.name for path in Path(tmp_path).rglob("*"))

    with pytest.raises(InputError, match=said):
        run_cohort((), tmp_path / "a")
    assert before == sorted(path.name for path in Path(tmp_path).rglob("*"))


def test_folder__that_a_killed_command_had_begun_is_taken(tmp_path):
    (tmp_path / "a" / RUNNING).mkdir(parents=True)

    require_cohort_folder(tmp_path / "a")


class Future:
    """A task that came back with an error."""

    def __init__(self, error):
        self.error = error
        self.released = False

    def result(self):
        raise self.error

    def release(self):
        self.released = True


@pytest.fixture(name="a_task")
def a_task_fixture(rows_of_names, tmp_path):
    return runner.task_of(rows_of_names("a")[0], tmp_path, OPTIONS, "run")


def test_result__of_a_case_that_the_scheduler_gave_up_is_a_row(a_task):
    future = Future(KilledWorker("a", None, 3))
    result = runner._result(future, a_task)

    assert CaseStatus.KILLED is result.outcome.status
    assert "killed" == result.rows["cases"][0]["status"]
    assert future.released


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CancelledError("a"), "the scheduler was lost"),
        (OSError("gone"), "the scheduler was lost"),
        (ClusterLostError("a worker does not see it"), "^a worker does not see it$"),
        (RuntimeError("Error during deserialization"), "must have this version of remnant"),
    ],
)
def test_result__of_what_is_no_fault_of_a_case_ends_the_run(a_task, error, said):
    with pytest.raises(ClusterLostError, match=said):
        runner._result(Future(error), a_task)
