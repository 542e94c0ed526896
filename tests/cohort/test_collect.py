"""Tables from case folders that are there already."""

import json
import shutil

import pytest

from examples.stored_cohort import made_cohort
from remnant.cohort import collect as collecting
from remnant.cohort.collect import case_folders, collect
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.table_files import read_table, stored_cases
from remnant.cohort.tables import TABLES
from remnant.core.errors import InputError
from remnant.core.findings import quality_finding
from remnant.pipeline.gates import GATES


@pytest.fixture(scope="session", name="cohort")
def cohort_fixture(tmp_path_factory):
    return made_cohort(tmp_path_factory.getbasetemp())[0]


def tables_of(cohort):
    return {name: read_table(cohort, name).to_pylist() for name in TABLES}


def test_collect__again__changes_nothing_and_keeps_what_the_manifest_said(cohort, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(cohort, copy)
    before = tables_of(copy)

    assert collect(copy) == {"done": 4, "refused": 1, "failed": 1}
    assert tables_of(copy) == before


def test_collect__any_folder_of_cases__done_as_their_reports_say(cohort, tmp_path):
    place = tmp_path / "loose"
    for case in ("one", "three"):
        shutil.copytree(cohort / "cases" / case, place / case)
        (place / case / "outcome.json").unlink()
    shutil.copytree(place / "one", place / ".one.x.unpublished")
    (place / "notes").mkdir()
    (place / "manifest.csv").write_text("case\n", encoding="utf-8")
    told = []

    ended = collect(place, tmp_path / "out", progress=lambda *report: told.append(report))

    assert ended == {"done": 2}
    assert told == [("collecting", 0, 2), ("collecting", 1, 2), ("collecting", 2, 2)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".tables.lock", "tables"]
    assert not (place / "tables").exists()
    row = read_table(tmp_path / "out", "cases").to_pylist()[0]
    stored = json.loads((place / "one" / "report.json").read_text("utf-8"))
    assert row["case"] == "one"
    assert row["key"] is row["subject"] is None
    assert row["finished_utc"] == row["computed_utc"] is not None
    seconds = {r["stage"]: r["seconds"] for r in read_table(tmp_path / "out", "timings").to_pylist()
               if r["case"] == "one"}  # fmt: skip
    assert seconds == stored["provenance"]["seconds"]


def test_collect__broken_and_unmeasured_cases__are_rows_without_paths(cohort, tmp_path):
    place = tmp_path / "Doe^Jane"
    for case in ("one", "two", "broken"):
        shutil.copytree(cohort / "cases" / case, place / case)
    (place / "one" / "report.json").unlink()
    (place / "two" / "outcome.json").write_text('{"schema_version":"1.0"}', encoding="utf-8")

    assert collect(place) == {"failed": 3}
    rows = {row["case"]: row for row in read_table(place, "cases").to_pylist()}
    assert {row["status"] for row in rows.values()} == {"failed"}
    assert "run `remnant measure` first" in rows["one"]["error"]
    assert "outcome.json" in rows["two"]["error"]
    assert rows["broken"]["error_kind"] == "UnreadableFileError"
    assert [row["error"] for row in rows.values() if "Doe" in row["error"]] == []
    assert {stored.status for stored in stored_cases(place).values()} == {CaseStatus.FAILED}


def test_collect__failed_gate__is_unusable(cohort, tmp_path, monkeypatch):
    place = tmp_path / "cases"
    shutil.copytree(cohort / "cases" / "one", place / "one")
    (place / "one" / "outcome.json").unlink()
    gate = quality_finding(next(iter(GATES)), passed=False)
    monkeypatch.setattr(collecting, "failed_gates", lambda _: (gate,))

    assert collect(place) == {"unusable": 1}
    assert read_table(place, "cases").num_rows == 1


@pytest.mark.parametrize("made", ["nothing", "file", "empty", "cohort"])
def test_collect__no_case__is_refused(tmp_path, made):
    place = tmp_path / made
    if made == "file":
        place.write_text("", encoding="utf-8")
    elif made != "nothing":
        (place / "other").mkdir(parents=True)
    if made == "cohort":
        (place / "cohort.json").write_text("{}", encoding="utf-8")

    with pytest.raises(InputError, match=r"is no folder|holds no folder of a case"):
        case_folders(place)
    with pytest.raises(InputError):
        collect(place)
    assert not (place / "tables").exists()
