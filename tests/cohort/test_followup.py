"""Patients of a cohort, from measured phantoms to the tables."""

import json
import os
import shutil
import signal

import numpy as np
import pytest

from remnant.cli import cohort_followup
from remnant.cli.app import run_command
from remnant.cohort import followup
from remnant.cohort.followup import follow_up, visits_of
from remnant.cohort.followup_pairs import FOLLOWUP, pair_folder
from remnant.cohort.followup_tables import FOLLOWUP_TABLES
from remnant.cohort.layout import case_folder
from remnant.cohort.table_files import read_table, write_table
from remnant.cohort.tables import CASES_TABLE
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.response import Response
from remnant.core.volumes import LabelMap
from remnant.io.nifti import write_labels
from remnant.testing.phantom_shapes import Ellipsoid
from remnant.testing.phantoms import body_grid, liver_phantom

RIGHT = frozenset(map(CouinaudSegment, (5, 6, 7, 8)))
BODY = ("--height-cm", "175", "--sex", "male", "--age", "60", "--weight-kg")
SMALL = 0.6
SPACING_MM = (3.0, 3.1, 4.0)
"""Before the scale of the phantom: 1.8, 1.9 and 2.4 mm."""
ANNA, BERT, CARL, DORA = (f"subject-{letter * 16}" for letter in "abcd")
FIRST, SECOND = (90, 5, 25), (40, 30, -20)
THIRD, NEW = (0, 25, 15), (70, 40, 10)


def ball(centre, radius_mm):
    return Ellipsoid(tuple(SMALL * c for c in centre), (radius_mm,) * 3)


COURSES = {
    # grows by a quarter; the second lesion splits, the third goes, another one comes
    "a1": [ball(FIRST, 9.0), ball(SECOND, 8.0), ball(THIRD, 4.0)],
    "a2": [
        ball(FIRST, 11.5), ball((33, 30, -20), 5.5), ball((49, 30, -20), 5.5), ball(NEW, 5.0),
    ],
    "a3": [
        ball(FIRST, 12.5), ball((33, 30, -20), 5.5), ball((49, 30, -20), 5.5), ball(NEW, 6.0),
    ],
    # shrinks to 60 %, and has the third again that was missed in between
    "b1": [ball(FIRST, 10.0), ball(SECOND, 9.0), ball(THIRD, 4.5)],
    "b2": [ball(FIRST, 6.0), ball(SECOND, 5.4)],
    "b3": [ball(FIRST, 5.8), ball(SECOND, 5.4), ball(THIRD, 4.0)],
    "c1": [ball(FIRST, 8.0)],
}  # fmt: skip
ROWS = [
    # in no order, the patients mixed
    ("b2", BERT, "60", "done"), ("a1", ANNA, "2024-01-01", "done"), ("b1", BERT, "0", "done"),
    ("a3", ANNA, "2024-06-29", "done"), ("c1", CARL, None, "done"), ("b3", BERT, "120", "done"),
    ("a2", ANNA, "2024-03-31", "done"), ("a4", ANNA, "2024-09-01", "failed"),
    ("d1", DORA, "0", "refused"), ("d2", DORA, None, "done"), ("x1", None, None, "done"),
]  # fmt: skip


def write_case(
    folder, metastases, *options, cut=False, roles=("liver", "lesions", "couinaud"), weight="80"
):
    grid = body_grid(spacing_mm=SPACING_MM, scale=SMALL)
    phantom = liver_phantom(grid, metastases=metastases, scale=SMALL)
    maps = {
        "liver": phantom.liver_mask, "lesions": phantom.lesions, "couinaud": phantom.couinaud,
    }  # fmt: skip
    source = folder.parent / "masks"
    source.mkdir(parents=True, exist_ok=True)
    for role, labels in maps.items():
        start, shape = (0, 0, 0), grid.shape
        if cut:
            start, shape = (0, 0, grid.shape[2] // 2), (*grid.shape[:2], grid.shape[2] // 2)
        part = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
        kept = LabelMap(labels.codes[part], labels.geometry.cropped(start, shape), labels.scheme)
        write_labels(kept, source / f"{role}.nii.gz")
    masks = ",".join(f"{role}={source / f'{role}.nii.gz'}" for role in roles)
    assert 0 == run_command(
        ["measure", "--masks", masks, "-o", str(folder), *BODY, weight, *options]
    )
    shutil.rmtree(source)


def write_cases_table(cohort, rows):
    names = ("case", "subject", "time_point", "status")
    write_table(cohort, CASES_TABLE, [dict(zip(names, row, strict=True)) for row in rows])


@pytest.fixture(scope="module", name="made")
def made_fixture(tmp_path_factory):
    cohort = tmp_path_factory.mktemp("cohort")
    for case, metastases in COURSES.items():
        confirm = ("--confirm-lesions", "all") if case[0] == "a" else ()
        write_case(case_folder(cohort, case), metastases, *confirm)
    shutil.copytree(case_folder(cohort, "c1"), case_folder(cohort, "d2"))
    write_cases_table(cohort, ROWS)
    return cohort, follow_up(cohort, removed=RIGHT)


@pytest.fixture(scope="module", name="points")
def points_fixture(made):
    return {row["case"]: row for row in read_table(made[0], "time_points").to_pylist()}


@pytest.fixture(scope="module", name="tracks")
def tracks_fixture(made):
    return read_table(made[0], "lesion_tracks").to_pylist()


def test_cases__keep_to_their_patients(made, points):
    found = made[1]

    assert (4, 10, 3, 1) == (
        found.subjects, found.time_points, found.several, found.without_subject,
    )  # fmt: skip
    assert (6, 0, {}) == (found.compared, found.reused, dict(found.faults))
    assert ["a1", "a2", "a3", "a4"] == sorted(c for c, p in points.items() if ANNA == p["subject"])
    assert [1, 2, 3, 4] == [points[case]["order"] for case in ("a1", "a2", "a3", "a4")]
    assert [0.0, 90.0, 180.0] == [points[case]["day"] for case in ("a1", "a2", "a3")]
    assert "x1" not in points


def test_growing_patient__splits_new_ones_and_progression(points):
    first, second, third = (points[case] for case in ("a1", "a2", "a3"))

    assert (None, True, False) == (first["response"], first["baseline"], first["provisional"])
    assert ("progressive", "progressive") == (second["response"], second["target_response"])
    assert (1, 1, False) == (
        second["new_lesions"], second["new_lesions_confirmed"], second["provisional"],
    )  # fmt: skip
    assert "target_split" in second["notes"]
    assert 3 == len(second["target_lesions"])
    true_mm = 2 * (9.0 + 8.0), 2 * (11.5 + 5.5 + 5.5), 2 * (12.5 + 5.5 + 5.5)
    for row, expected in zip((first, second, third), true_mm, strict=True):
        assert expected == pytest.approx(row["recist_sum_mm"], abs=2.5 * len(row["target_lesions"]))
    assert first["recist_sum_mm"] == second["recist_baseline_mm"] == third["recist_nadir_mm"]
    # still there, so still progression
    assert ("progressive", "stable") != (third["response"], third["target_response"])
    assert 1 == third["new_lesions"]


def test_shrinking_patient__is_a_provisional_partial_response(points):
    first, second, third = (points[case] for case in ("b1", "b2", "b3"))

    assert [None, "partial", "partial"] == [row["response"] for row in (first, second, third)]
    assert second["provisional"]
    assert "unconfirmed" in second["notes"]
    assert -0.4 == pytest.approx(second["recist_from_baseline"], abs=0.05)
    assert second["recist_from_baseline_low"] < -0.4 < second["recist_from_baseline_high"]
    assert second["target_response_probability"] > 0.9
    assert second["recist_sum_mm"] == third["recist_nadir_mm"]


def test_changes__are_those_of_the_tables_figures(points):
    first, second, third = (points[case] for case in ("a1", "a2", "a3"))

    for name in ("tumour_ml", "functional_tlv_ml"):
        for row, base, end in (
            (second, first, "baseline"), (third, first, "baseline"), (third, second, "previous"),
        ):  # fmt: skip
            change = row[f"{name}_since_{end}"]
            assert row[name] - base[name] == pytest.approx(change)
            assert row[f"{name}_since_{end}_low"] <= change <= row[f"{name}_since_{end}_high"]
    points_up = 100 * (third["burden_fraction"] - second["burden_fraction"])
    assert points_up == pytest.approx(third["burden_points_since_previous"])
    assert points_up / 90 == pytest.approx(third["burden_points_per_day"])
    assert third["tumour_ml"] / second["tumour_ml"] - 1 == pytest.approx(
        third["tumour_relative_since_previous"]
    )
    rate = 100 * np.log(second["tumour_ml"] / first["tumour_ml"]) / 90
    assert rate == pytest.approx(second["specific_growth_percent_per_day"])
    assert 100 * np.log(2) / rate == pytest.approx(second["doubling_days"])
    assert first["tumour_ml_since_previous"] is first["previous_case"] is None
    assert "a2" == third["previous_case"]


def test_remnant__grows_by_nothing_in_livers_of_one_size(points):
    row = points["a3"]

    assert row["kgr_sflr_points_per_week_since_previous_low"] < 0.0
    assert row["kgr_sflr_points_per_week_since_previous_high"] > 0.0
    assert row["kgr_sflr_points_per_week_since_baseline"] is not None


def test_tracks__follow_lesions_over_three_scans(tracks):
    of_anna = [row for row in tracks if ANNA == row["subject"]]
    by_track = {
        track: {(r["case"], r["event"]) for r in of_anna if track == r["track"]}
        for track in {row["track"] for row in of_anna}
    }

    assert [
        {("a1", "first"), ("a2", "matched"), ("a3", "matched")},
        {("a1", "first"), ("a2", "split"), ("a3", "matched")},
        {("a1", "first"), ("a2", "gone"), ("a3", "absent")},
        {("a2", "new"), ("a3", "matched")},
    ] == [by_track[number] for number in (1, 2, 3, 4)]
    assert [1, 2] == sorted({row["track"] for row in of_anna if row["target"]})


def test_tracks__a_lesion_missed_in_between_is_not_new(points, tracks):
    events = {r["case"]: r["event"] for r in tracks if (BERT, 3) == (r["subject"], r["track"])}

    assert {"b1": "first", "b2": "gone", "b3": "reappeared"} == events
    assert 0 == points["b3"]["new_lesions"]


@pytest.mark.parametrize(
    ("case", "note", "order"),
    [("a4", "not_measured", 4), ("d1", "not_measured", 1), ("d2", "no_time_point", None)],
)
def test_cases_that_cannot_be_followed__say_why(points, case, note, order):
    row = points[case]

    assert ("not_evaluable", [note], order) == (row["response"], row["notes"], row["order"])
    assert row["new_lesions"] is row["recist_sum_mm"] is None
    assert (row["tumour_ml"] is None) == (note == "not_measured")


def test_one_case__is_a_baseline(points):
    assert (True, None, 1) == (
        points["c1"]["baseline"], points["c1"]["response"], points["c1"]["order"],
    )  # fmt: skip


def test_tables__hold_what_is_declared(made):
    for name, table in FOLLOWUP_TABLES.items():
        assert list(table.names) == read_table(made[0], name).column_names
        assert len(set(table.names)) == len(table.names)
        assert all(column.meaning for column in table.columns)


def test_again__only_what_changed_is_compared_anew(made, tmp_path):
    cohort = tmp_path / "cohort"
    shutil.copytree(made[0], cohort)
    before = [read_table(cohort, name).to_pylist() for name in FOLLOWUP_TABLES]

    found = follow_up(cohort, removed=RIGHT)
    assert (0, 6) == (found.compared, found.reused)
    assert before == [read_table(cohort, name).to_pylist() for name in FOLLOWUP_TABLES]

    # one report is another one; one comparison is damaged; then nobody asks for growth
    review = ["--confirm-lesions", "all"]
    assert 0 == run_command(["measure", str(case_folder(cohort, "b2")), *review])
    (pair_folder(cohort, ANNA, "a1", "a2") / "comparison.json").write_text("{", encoding="utf-8")
    found = follow_up(cohort, removed=RIGHT)
    assert (3, 3) == (found.compared, found.reused)
    assert (6, 0) == ((last := follow_up(cohort)).compared, last.reused)
    row = next(r for r in read_table(cohort, "time_points").to_pylist() if r["case"] == "a2")
    assert ["no_resection_named"] == row["kgr_sflr_points_per_week_since_baseline_absent_because"]


def test_cut_scan__is_no_baseline_and_its_response_not_evaluable(made, tmp_path):
    cohort = tmp_path / "cohort"
    for case in ("b1", "b2"):
        shutil.copytree(case_folder(made[0], case), case_folder(cohort, case))
    for case in ("cut0", "cut1"):
        write_case(case_folder(cohort, case), COURSES["b1"], cut=True)
    times = {"cut0": "0", "b1": "1", "cut1": "2", "b2": "3"}
    write_cases_table(cohort, [(case, BERT, day, "done") for case, day in times.items()])

    found = follow_up(cohort)

    rows = {row["case"]: row for row in read_table(cohort, "time_points").to_pylist()}
    assert (["not_evaluable"], ["before_baseline"]) == (
        [rows["cut0"]["response"]], rows["cut0"]["notes"],
    )  # fmt: skip
    assert rows["b1"]["baseline"]
    assert "not_evaluable" == rows["cut1"]["response"]
    assert "liver_not_whole" in rows["cut1"]["notes"]
    # the chain leads over the cut scan, or past it
    assert "partial" == rows["b2"]["response"]
    assert 0 == rows["b2"]["new_lesions"]
    assert {Response.NOT_EVALUABLE: 2, Response.PARTIAL: 1} == found.responses


def test_case_that_cannot_be_compared__costs_that_case_alone(made, tmp_path):
    cohort = tmp_path / "cohort"
    for case in ("b1", "b2", "b3"):
        shutil.copytree(case_folder(made[0], case), case_folder(cohort, case))
    (case_folder(cohort, "b2") / "structures.nii.gz").write_bytes(b"\x1f\x8b damaged")
    write_cases_table(cohort, [row for row in ROWS if row[0] in {"b1", "b2", "b3"}])

    found = follow_up(cohort)

    rows = {row["case"]: row for row in read_table(cohort, "time_points").to_pylist()}
    assert (["not_compared"], "partial") == (rows["b2"]["notes"], rows["b3"]["response"])
    assert "b1" == rows["b3"]["previous_case"]
    assert [("b1", "b2")] == list(found.faults)
    (case_folder(cohort, "b2") / "report.json").unlink()
    assert [("b2", "b2")] == list(follow_up(cohort).faults)


def test_lesions_unknown_or_other_body__leave_their_figures_out(made, tmp_path):
    cohort = tmp_path / "cohort"
    shutil.copytree(case_folder(made[0], "b1"), case_folder(cohort, "b1"))
    write_case(case_folder(cohort, "b2"), COURSES["b2"], weight="90")
    write_case(case_folder(cohort, "bare"), COURSES["b2"], roles=("liver",))
    times = {"b1": "0", "bare": "30", "b2": "60"}
    write_cases_table(cohort, [(case, BERT, day, "done") for case, day in times.items()])

    follow_up(cohort, removed=RIGHT)

    rows = {row["case"]: row for row in read_table(cohort, "time_points").to_pylist()}
    assert ["lesions_unknown"] == rows["bare"]["notes"]
    assert rows["bare"]["tlv_ml"] > 0
    assert "b1" == rows["b2"]["previous_case"]
    name = "kgr_sflr_points_per_week_since_previous"
    assert (None, ["standards_differ"]) == (rows["b2"][name], rows["b2"][f"{name}_absent_because"])


def test_command__prints_counts_and_hands_back_json(made, tmp_path, capsys):
    cohort = tmp_path / "cohort"
    shutil.copytree(made[0], cohort)

    outcome = cohort_followup.followup(cohort, resect="right_hemihepatectomy")

    shown = capsys.readouterr().out
    assert "RECIST 1.1, liver only" in shown
    assert "6 comparisons taken up" in shown
    document = json.loads(outcome.document())
    assert {"progressive": 2, "partial": 2, "not_evaluable": 3} == document["responses"]
    assert [] == document["faults"]


def test_workers__give_the_same_tables(made, tmp_path):
    cohort = tmp_path / "cohort"
    shutil.copytree(made[0], cohort)
    shutil.rmtree(cohort / FOLLOWUP)
    ticks = []

    found = follow_up(cohort, removed=RIGHT, workers=2, progress=lambda *told: ticks.append(told))

    assert made[1] == found
    for name in FOLLOWUP_TABLES:
        assert read_table(made[0], name).equals(read_table(cohort, name))
    assert [0, 1, 2, 3, 4] == [done for _, done, _ in ticks]
    with pytest.raises(InputError, match="0 workers"):
        follow_up(cohort, workers=0)


def killed(_task):
    os.kill(os.getpid(), signal.SIGKILL)


def test_killed_worker__is_one_clear_line():
    with (
        pytest.raises(InputError, match="ended from outside"),
        followup._mapping(2) as mapped,
    ):
        list(mapped(killed, [1]))


def test_folder_that_cannot_be_written__ends_the_run(made, tmp_path):
    cohort = tmp_path / "cohort"
    shutil.copytree(made[0], cohort)
    shutil.rmtree(cohort / FOLLOWUP)
    (cohort / FOLLOWUP).write_text("a file", encoding="utf-8")
    before = read_table(cohort, "time_points")

    with pytest.raises(InputError, match="cannot be written"):
        follow_up(cohort)

    assert before.equals(read_table(cohort, "time_points"))
    assert [] == [p for p in (cohort / "tables" / "time_points").iterdir() if p.name[0] == "."]


def test_nobody__gives_empty_tables(tmp_path):
    write_cases_table(tmp_path, [("x1", None, None, "done")])

    found = follow_up(tmp_path)

    assert (0, 1) == (found.subjects, found.without_subject)
    assert 0 == read_table(tmp_path, "time_points").num_rows


def test_no_tables__is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="no table cases"):
        follow_up(tmp_path)


def test_visits__names_of_cases_may_be_anything(made, tmp_path):
    visits, without = visits_of(made[0])

    assert ([ANNA, BERT, CARL, DORA], 1) == (list(visits), without)
    folder = pair_folder(tmp_path, "../x", "a", ".b")
    assert tmp_path / FOLLOWUP in folder.parents
    assert ".." not in folder.parts
