"""Tables for spreadsheets: every cell arrives, and none of them runs."""

import csv
from datetime import datetime

import pytest
from openpyxl import load_workbook

from examples.stored_cohort import made_cohort
from remnant.cohort import export as exporting
from remnant.cohort.export import csv_cell, export_tables, plain_cell, xlsx_cell
from remnant.cohort.outcomes import CaseOutcome, CaseStatus
from remnant.cohort.rows import rows_of
from remnant.cohort.sheets import Sheets
from remnant.cohort.store import Store
from remnant.cohort.table_files import read_table
from remnant.cohort.tables import TABLES
from remnant.core.errors import InputError

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")', "\t=1")


@pytest.fixture(scope="session", name="cohort")
def cohort_fixture(tmp_path_factory):
    return made_cohort(tmp_path_factory.getbasetemp())[0]


@pytest.fixture(name="nasty")
def nasty_fixture(tmp_path):
    """A cohort whose carried texts a spreadsheet would run, or could not hold."""
    cohort = tmp_path / "nasty"
    with Store(cohort) as store:
        for number, text in enumerate(FORMULAS):
            outcome = CaseOutcome(case=f"-{number}", key="", status=CaseStatus.FAILED)
            store.add(outcome, rows_of(outcome, {"x_note": text, "x_sign": 'a\x07,\n"b"'}, None))
    return cohort


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def sheet(book, name):
    heading, *rows = book[name].iter_rows()
    names = [cell.value for cell in heading]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_csv__holds_every_row_and_number_of_every_table(cohort, tmp_path):
    names = export_tables(cohort, Sheets.CSV, tmp_path / "out")

    assert names == tuple(TABLES)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {f"{name}.csv" for name in TABLES}
    for name in TABLES:
        stored = read_table(cohort, name).to_pylist()
        written = read_csv(tmp_path / "out" / f"{name}.csv")
        assert len(written) == len(stored)
        for told, row in zip(written, stored, strict=True):
            assert list(told) == list(row)
            assert {n: t for n, t in told.items() if t == ""}.keys() == {
                n for n, cell in row.items() if cell is None or cell in ("", [])
            }
            numbers = {n: cell for n, cell in row.items() if type(cell) is float}
            assert {n: float(told[n]) for n in numbers} == numbers


def test_csv__again__replaces_the_earlier_one_and_spares_strangers(cohort, tmp_path):
    out = tmp_path / "out"
    export_tables(cohort, Sheets.CSV, out)
    export_tables(cohort, Sheets.CSV, out, tables=("lesions", "cases"))
    assert {path.name for path in out.iterdir()} == {"cases.csv", "lesions.csv"}
    (out / "own.txt").write_text("", encoding="utf-8")

    with pytest.raises(InputError, match=r"holds other files \(own\.txt"):
        export_tables(cohort, Sheets.CSV, out)


def test_xlsx__has_a_sheet_for_each_table_and_one_of_the_columns(cohort, tmp_path):
    path = tmp_path / "cohort.xlsx"
    told = []
    export_tables(cohort, Sheets.XLSX, path, progress=lambda *report: told.append(report))

    assert told[-1] == ("exporting", len(TABLES), len(TABLES))
    book = load_workbook(path)
    assert book.sheetnames == [*TABLES, "columns"]
    for row, cells in zip(
        read_table(cohort, "cases").to_pylist(), sheet(book, "cases"), strict=True
    ):
        assert list(cells) == list(row)
        got = {name: cell.value for name, cell in cells.items()}
        assert got["tlv_ml"] == row["tlv_ml"]
        assert got["lesions"] == row["lesions"]
        assert got["segments_confirmed"] == {None: None, False: "no"}[row["segments_confirmed"]]
        if row["computed_utc"] is not None:
            assert isinstance(got["computed_utc"], datetime)
            assert got["computed_utc"] == row["computed_utc"].replace(tzinfo=None)
    described = [cells["column"].value for cells in sheet(book, "columns")]
    assert len(described) == sum(len(table.columns) for table in TABLES.values())


def test_texts__that_would_run__do_not(nasty, tmp_path):
    export_tables(nasty, Sheets.CSV, tmp_path / "out")
    export_tables(nasty, Sheets.XLSX, tmp_path / "nasty.xlsx")
    texts = [row["x_note"] for row in read_csv(tmp_path / "out" / "cases.csv")]
    rows = sheet(load_workbook(tmp_path / "nasty.xlsx"), "cases")
    cells = [row["x_note"] for row in rows]

    assert texts == [f"'{text}" for text in FORMULAS]
    assert [cell.value for cell in cells] == list(FORMULAS)
    assert {cell.data_type for cell in cells} == {"s"}
    assert {row["case"][:2] for row in read_csv(tmp_path / "out" / "cases.csv")} == {"'-"}
    signs = [row["x_sign"].value for row in rows]
    assert set(signs) == {'a\N{REPLACEMENT CHARACTER},\n"b"'}


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("MOST_ROWS", 10, r"table findings has \d+ rows; Excel holds 9 below the heading"),
        ("MOST_COLUMNS", 10, r"table lesions has \d+ columns; Excel holds 10"),
        ("LONGEST_CELL", 3, r"a text of \d+ characters; a cell of Excel holds 3"),
    ],
)
def test_xlsx__too_large_for_excel__is_refused_by_name(
    cohort, tmp_path, monkeypatch, limit, value, words
):
    monkeypatch.setattr(exporting, limit, value)
    with pytest.raises(InputError, match=words):
        export_tables(cohort, Sheets.XLSX, tmp_path / "x.xlsx", tables=("findings", "lesions"))

    assert list(tmp_path.iterdir()) == []


def test_export__of_what_is_not_there__is_refused(cohort, tmp_path):
    with pytest.raises(InputError, match="holds no tables"):
        export_tables(tmp_path, Sheets.CSV, tmp_path / "out")
    with pytest.raises(InputError, match="holds no table tumours; allowed are agreement, cases"):
        export_tables(cohort, Sheets.CSV, tmp_path / "out", tables=("tumours",))


def test_cells__of_no_table__are_a_fault_of_the_program():
    with pytest.raises(TypeError):
        plain_cell({})

    assert csv_cell(None) == ""
    assert xlsx_cell(0.1) == 0.1
