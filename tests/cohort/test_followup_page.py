"""The page on following patients says what the program does."""

import re

import duckdb
import pytest

from remnant.cohort.followup_tables import FOLLOWUP_TABLES
from remnant.cohort.table_files import write_table
from remnant.core.response import PROVISIONAL_NOTES, UNCERTAIN_NOTES, Response, ResponseNote
from remnant.wording.responses import NOTE_WORDS, RESPONSE_WORDS, notes_text
from volumetry.response import recist

QUERY = re.compile(r"```sql\n(.*?)```", re.DOTALL)


@pytest.fixture(name="page")
def page_fixture(repository):
    return (repository / "docs" / "explanation" / "followup.md").read_text(encoding="utf-8")


def test_notes__all_are_listed_with_their_words(page):
    for note in ResponseNote:
        makes = (
            "provisional" if note in PROVISIONAL_NOTES
            else "uncertain" if note in UNCERTAIN_NOTES else ""
        )  # fmt: skip
        assert f"| `{note.value}` | {makes} | {NOTE_WORDS[note]} |" in page
    assert len(ResponseNote) == page.count("\n| `")


def test_limits__are_those_of_the_program(page):
    for words in (
        f"at most {recist.MOST_TARGETS}, the longest",
        f"≥ {recist.MEASURABLE_MM.value:g} mm longest axial diameter",
        f"above {recist.THICK_SLICE_MM.value:g} mm ≥ {recist.SLICES_OF_MEASURABLE.value:g} slices",
        f"sum ≥ {100 * recist.PARTIAL_FRACTION.value:g} % below the baseline",
        f"sum ≥ {100 * recist.PROGRESSION_FRACTION.value:g} % and",
        f"≥ {recist.PROGRESSION_MM.value:g} mm above the smallest sum",
        f"{recist.TOO_SMALL_MM.value:g} mm stands for",
        f"a second PR ≥ {recist.CONFIRMED_DAYS.value:g} days later",
    ):
        assert words in page


def test_query__runs_as_it_stands(page, tmp_path):
    (query,) = QUERY.findall(page)
    table = FOLLOWUP_TABLES["time_points"]
    rows = [
        {"subject": "s", "case": "b", "order": 2, "recist_sum_mm": 30.2, "response": "partial",
         "recist_from_baseline": -0.401},
        {"subject": "s", "case": "a", "order": 1, "recist_sum_mm": 50.4},
    ]  # fmt: skip
    write_table(tmp_path, table, rows)

    found = duckdb.sql(query.replace("DIR", str(tmp_path))).fetchall()

    assert [
        ("s", "a", None, None, None, 50.0, None), ("s", "b", None, "partial", None, 30.0, -40.0),
    ] == found  # fmt: skip


def test_words__every_response_and_note_has_its_own():
    assert set(Response) == set(RESPONSE_WORDS)
    assert set(ResponseNote) == set(NOTE_WORDS)
    assert len(set(NOTE_WORDS.values())) == len(ResponseNote)
    assert set() == PROVISIONAL_NOTES & UNCERTAIN_NOTES
    shown = notes_text((ResponseNote.TARGET_SPLIT, ResponseNote.UNCONFIRMED))
    assert (
        "a target lesion split: diameters of its parts added; lesions not confirmed by a reader"
        == shown
    )
