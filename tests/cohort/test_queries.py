"""Every query of the documentation runs, and says what is so."""

import io
import re
from contextlib import redirect_stdout

import duckdb
import pytest

from examples.stored_cohort import made_cohort
from remnant.cohort.table_files import read_table

FENCED = re.compile(r"```(sql|py)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="session", name="cohort")
def cohort_fixture(tmp_path_factory):
    return made_cohort(tmp_path_factory.getbasetemp())[0]


@pytest.fixture(scope="session", name="blocks")
def blocks_fixture(repository, cohort):
    """The queries of the page, by language, with the cohort's folder in them."""
    text = (repository / "docs" / "how-to" / "cohort_queries.md").read_text("utf-8")
    found = {"sql": [], "py": []}
    for language, body in FENCED.findall(text):
        assert "DIR/tables/" in body
        found[language].append(body.replace("DIR/", f"{cohort}/"))
    return found


@pytest.fixture(scope="session", name="answers")
def answers_fixture(blocks):
    """Rows that each SQL query gives, as objects."""
    return [answer(query) for query in blocks["sql"]]


def answer(query):
    with duckdb.connect() as connection:
        found = connection.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_page__has_enough_of_them(blocks):
    assert len(blocks["sql"]) == 9
    assert len(blocks["py"]) == 2


def test_ends__count_every_case(answers):
    assert sum(row["cases"] for row in answers[0]) == 6
    assert {row["status"]: row["error_kind"] for row in answers[0]} == {
        "done": None,
        "failed": "UnreadableFileError",
        "refused": "UnreadableFileError",
    }


def test_burden__is_that_of_the_cases_with_lesions(answers, cohort):
    rows = read_table(cohort, "cases").to_pylist()
    whole = [r for r in rows if r["burden_fraction"] is not None and not r["burden_fraction_bound"]]

    assert sum(row["cases"] for row in answers[1]) == len(whole) == 3


def test_absences__are_counted_by_cause(answers):
    assert answers[2] == [{"cause": "body_facts_missing", "cases": 2}]


def test_types__are_counted(answers):
    assert sum(row["cases"] for row in answers[3]) == 3
    assert all(0.0 <= row["same_fraction"] <= 1.0 for row in answers[3])


def test_resections__surely_and_undecided(answers, cohort):
    rows = read_table(cohort, "resections").to_pylist()
    right = [r["sflr"] for r in rows if r["resection"] == "right_hemihepatectomy" and r["sflr"]]
    (row,) = answers[4]

    assert row["cases"] == len(right) == 2
    assert row["reached"] == sum(share >= 0.3 for share in right)
    assert 0 <= row["surely"] <= row["reached"]
    assert row["surely"] + row["undecided"] <= 2


def test_plans__one_for_each_case_that_has_one(answers):
    assert {row["case"] for row in answers[5]} == {"one", "two"}
    assert all(row["debulked_fraction"] >= 0.9 for row in answers[5])


def test_rules__of_three_lists(answers):
    assert {row["list"] for row in answers[6]} == {"transplant", "resectability", "staging"}
    assert any(row["met"] for row in answers[6])
    assert any(row["open"] and row["often_missing"] for row in answers[6])


def test_places__add_up_to_what_lies_in_segments(answers):
    (row,) = answers[7]

    assert sum(row.values()) == pytest.approx(1.0, abs=0.05)


def test_changes__are_of_the_patient_with_two_cases(answers, cohort):
    cases = {row["case"]: row for row in read_table(cohort, "cases").to_pylist()}
    (row,) = answers[8]

    assert (row["first_time"], row["last_time"]) == ("2024-01-05", "2024-04-01")
    assert row["subject"] == cases["one"]["subject"]
    assert row["change"] == cases["two"]["burden_fraction"] - cases["one"]["burden_fraction"]


@pytest.mark.parametrize(("number", "words"), [(0, ("north", "plan")), (1, ("count", "mean"))])
def test_pandas__runs_and_prints(blocks, number, words):
    printed = io.StringIO()
    code = compile(blocks["py"][number], f"block {number}", "exec")
    with redirect_stdout(printed):
        exec(code, {})  # noqa: S102  (a block of the documentation)

    assert all(word in printed.getvalue() for word in words)
