"""Manifests: read whole, checked whole, and every fault named by its line and column."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from string import ascii_letters, digits

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from remnant.cohort import manifest_files
from remnant.cohort.manifest import ManifestRow, read_manifest, requests_of, write_manifest
from remnant.cohort.manifest_columns import COLUMNS, wrong_with
from remnant.core.errors import InputError, ManifestError, UnreadableFileError

FILES = ("ct.nii.gz", "liver.nii.gz", "a, b;c.nii.gz", "Größe/läsion.nii.gz")
NAMES = st.text(ascii_letters + digits + "_-.", min_size=1, max_size=12).filter(
    lambda name: wrong_with("case", name) == ""
)
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=9)
CELLS = st.fixed_dictionaries(
    {"liver": st.sampled_from(FILES)},
    optional={
        "study": st.sampled_from(FILES),
        "patient": LINES,
        "x_site": LINES,
        "x_note": st.sampled_from(["a;b", 'say "a", b', "tab", "=1+1", "café"]),
        "height_cm": st.floats(100, 250).map(repr),
        "weight_kg": st.integers(25, 350).map(str),
        "sex": st.sampled_from(["male", "Female", "unknown"]),
        "age_years": st.integers(18, 120).map(str),
        "functional": st.sampled_from(["yes", "no", "unknown"]),
        "targets_percent": st.sampled_from(["70", "70;90"]),
        "time_point": st.integers(0, 9999).map("day_{}".format),
    },
)


@pytest.fixture(scope="module", name="folder")
def folder_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    (folder / "facts.yaml").write_text("patient:\n  height_cm: 175\n", encoding="utf-8")
    return folder


@st.composite
def row_lists(draw):
    """Cells of several rows; each names its own lesions' codes, so that no two measure alike."""
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=str.casefold))
    rows = [{"case": name, **draw(CELLS)} for name in names]
    return [{**row, "lesion_codes": str(n)} for n, row in enumerate(rows, start=1)]


def written(folder, rows, *, delimiter=",", name="cohort.csv", mark=""):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / name
    path.write_text(mark + text.getvalue(), encoding="utf-8")
    return path


def raw(folder, text):
    path = folder / "raw.csv"
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return path


def faults_of(path):
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)
    return caught.value.faults


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=row_lists(), delimiter=st.sampled_from(",;\t"), mark=st.sampled_from(["", "\ufeff"]))
def test_rows__are_the_same_from_csv_and_parquet(folder, rows, delimiter, mark):
    first = read_manifest(written(folder, rows, delimiter=delimiter, mark=mark))
    paths = {"liver", "study"}
    expected = [
        {name: str(folder / text) if name in paths else text for name, text in row.items()}
        for row in rows
    ]
    assert expected == [dict(row.cells) for row in first]
    assert [row["case"] for row in rows] == [row.case for row in first]

    for name in ("again.csv", "again.parquet"):
        write_manifest(first, folder / name)
        again = read_manifest(folder / name)
        assert expected == [dict(row.cells) for row in again]
    assert list(range(1, len(rows) + 1)) == [row.line for row in again]


WRONG = {
    "case": ["a/b", "..", "ä", ""],
    "patient": ["a" * 201],
    "time_point": ["15.03.2024"],
    "sex": ["m"],
    "height_cm": ["1.75", "abc"],
    "weight_kg": ["80,5"],
    "age_years": ["17"],
    "functional": ["perhaps"],
    "targets_percent": ["0.7"],
    "lesion_codes": ["two"],
    "liver": ["missing.nii.gz"],
    "study": ["missing.nii.gz"],
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=row_lists(), data=st.data())
def test_one_corrupted_cell__is_named_with_its_line_and_column(folder, rows, data):
    number = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(sorted(WRONG)))
    text = data.draw(st.sampled_from([*WRONG[column], *(["a\x07"] if column != "case" else [])]))
    rows[number][column] = text
    named = "\n".join(faults_of(written(folder, rows)))

    assert named.startswith(f"line {number + 2}, {column}: ")
    assert 1 == named.count(f"line {number + 2}, ") == len(named.splitlines())


@pytest.mark.parametrize("column", sorted(COLUMNS))
def test_column__refuses_what_it_may_not_hold(column, folder):
    rows = [{"case": "a", "liver": "liver.nii.gz", column: "?!\x1b"}]

    assert any(
        fault.startswith(f"line 2, {column}: ") for fault in faults_of(written(folder, rows))
    )


def test_faults__are_all_counted_and_the_first_twenty_named(folder):
    rows = [{"case": f"c{n}", "liver": "liver.nii.gz", "age": "7"} for n in range(30)]
    with pytest.raises(ManifestError) as caught:
        read_manifest(written(folder, rows))

    assert "cohort.csv has 30 faults" == caught.value.heading
    assert 21 == len(caught.value.faults)
    assert caught.value.faults[0].startswith("line 2, age: got '7'; allowed is")
    assert caught.value.faults[19].startswith("line 21, age: ")
    assert "and 10 more" == caught.value.faults[20]


def test_faults__of_header_cells_and_rows_are_named_at_once(folder):
    text = (
        "case,liver,hight_cm,weight_kg,weight_kg,x_a,Note\n"
        "a,liver.nii.gz,,20,,,\n"
        "A,liver.nii.gz,,,,,\n"
        "b,,,,,,\n"
        "c,liver.nii.gz\n"
    )
    carried = "a name such as x_site is carried along"
    assert (
        f"column 'hight_cm' is not known; did you mean height_cm? Else {carried}",
        "column weight_kg is there twice; keep one",
        f"column 'Note' is not known; {carried}",
        "line 2, weight_kg: got '20'; allowed is a number from 25 to 350 kg, or unknown",
        "line 3, case: is that of line 2",
        "line 4: neither study, liver nor couinaud is given; one of them is needed",
        "line 5: has 2 cells, the header 7",
    ) == faults_of(raw(folder, text))


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        ("liver", "there is no column case"),
        ("case;age;age_years", "column age_years is there twice"),
        ("case,liver,Age", "did you mean age?"),
        ("case,liver,height", "did you mean height_cm?"),
        ("case,liver,x_Site", "is not known"),
    ],
)
def test_header__faults(header, fault, folder):
    assert fault in " ".join(faults_of(raw(folder, f"{header}\n")))


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (
            [{"study": "ct.nii.gz", "liver_from": "portal", "series": "3"}],
            "line 2: liver_from says which series to take: leave series, phase out",
        ),
        (
            [{"liver": "liver.nii.gz", "facts": "facts.yaml", "height_cm": "170"}],
            "line 2: height_cm: told by a column and by the facts file; empty the cell",
        ),
        (
            [{"liver": "liver.nii.gz", "recipes": "wedge 3"}],
            "line 2: a recipe names lesions",
        ),
        (
            [{"liver": "liver.nii.gz", "grade": "NEC", "differentiation": "well"}],
            "line 2: ",
        ),
        (
            [{"liver": "liver.nii.gz", "facts": "liver.nii.gz"}],
            "line 2: liver.nii.gz",
        ),
        (
            [{"study": "ct.nii.gz"}, {"study": "./ct.nii.gz", "x_a": "other"}],
            "line 3: measures what line 2 does",
        ),
        (
            [
                {"study": "ct.nii.gz", "patient": "P", "time_point": "day_3"},
                {"liver": "liver.nii.gz", "patient": "P", "time_point": "2024-01-01"},
            ],
            "line 3, time_point: is a date; line 2, of the same patient, has a number of days",
        ),
    ],
)
def test_row__that_contradicts_itself_or_another_is_refused(rows, fault, folder):
    named = faults_of(written(folder, [{"case": f"c{n}", **row} for n, row in enumerate(rows)]))

    assert 1 == len(named)
    assert named[0].startswith(fault)


def test_rows__that_read_one_scan_differently_are_different(folder):
    rows = [
        {"case": "a", "study": "ct.nii.gz", "liver": ""},
        {"case": "b", "study": "ct.nii.gz", "liver": "liver.nii.gz"},
        {"case": "c", "study": "ct.nii.gz", "phase": "portal", "liver": ""},
    ]
    assert 3 == len(read_manifest(written(folder, rows)))


def test_rows__without_a_text_are_passed_over_and_lines_are_counted_all_the_same(folder):
    text = '\n\ncase;liver;x_a\n;;\n\na;liver.nii.gz;\n  ; ;\nb;ct.nii.gz;"q;r"\n;;\n'
    rows = read_manifest(raw(folder, text))

    assert [("a", 6), ("b", 8)] == [(row.case, row.line) for row in rows]
    assert "q;r" == rows[1].cells["x_a"]


def test_columns_without_a_name__may_stand_at_the_end_while_they_are_empty(folder):
    assert 1 == len(read_manifest(raw(folder, "case,liver,,\na,liver.nii.gz,,\n")))
    assert ("line 2, column 3: has no name in the header",) == faults_of(
        raw(folder, "case,liver,,\na,liver.nii.gz,5,\n")
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty; its first line names the columns"),
        (b"case,liver\n", "has no rows"),
        ("case,liver\nä,ö\n".encode("latin-1"), "is not UTF-8"),
        ("case,liver\na,b\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04....", "an Excel workbook"),
        (b'case,liver\n"a,b\n', "is no CSV"),
        (b'case,liver\n"a"b,c\n', "is no CSV"),
        (b"PAR1 and then nothing", "is damaged or no Parquet file"),
    ],
)
def test_file__that_is_no_manifest_is_refused_in_one_line(content, words, folder):
    with pytest.raises(InputError, match=words) as caught:
        read_manifest(raw(folder, content))
    assert "\n" not in str(caught.value)


def test_file__that_is_missing_or_too_large_is_refused(folder, monkeypatch):
    with pytest.raises(UnreadableFileError, match="does not exist"):
        read_manifest(folder / "none.csv")
    monkeypatch.setattr(manifest_files, "LARGEST_BYTES", 10)
    with pytest.raises(UnreadableFileError, match="larger than 1 GiB"):
        read_manifest(raw(folder, "case,liver\na,liver.nii.gz\n"))


def test_rows__that_are_too_many_are_refused(folder, monkeypatch):
    monkeypatch.setattr(manifest_files, "MOST_ROWS", 2)
    rows = [{"case": f"c{n}", "liver": FILES[n]} for n in range(3)]
    path = written(folder, rows)
    with pytest.raises(InputError, match="at most 2 rows"):
        read_manifest(path)
    parquet.write_table(pa.table({"case": ["a", "b", "c"]}), folder / "long.parquet")
    with pytest.raises(InputError, match="at most 2 rows"):
        read_manifest(folder / "long.parquet")


def test_parquet__of_any_plain_type_is_read_as_text(folder):
    table = pa.table(
        {
            "case": pa.array(["a", "b"]).dictionary_encode(),
            "liver": ["liver.nii.gz", "ct.nii.gz"],
            "patient": pa.array([1, 2], pa.int32()),
            "height_cm": [175.0, float("nan")],
            "weight_kg": pa.array([Decimal("80.50"), None]),
            "ecog": pa.array([1.0, None]),
            "functional": [True, None],
            "time_point": pa.array([datetime(2024, 3, 15), None], pa.timestamp("us")),  # noqa: DTZ001
            "x_day": pa.array([date(2024, 3, 15), None]),
            "x_null": pa.nulls(2),
        }
    )
    parquet.write_table(table, folder / "typed.parquet")
    first, second = read_manifest(folder / "typed.parquet")

    assert {
        "case": "a", "liver": str(folder / "liver.nii.gz"), "patient": "1", "height_cm": "175",
        "weight_kg": "80.5", "ecog": "1", "functional": "yes", "time_point": "2024-03-15",
        "x_day": "2024-03-15",
    } == first.cells  # fmt: skip
    assert {"case", "liver", "patient"} == set(second.cells)
    assert requests_of(first.cells).planning.facts.ecog == 1


def test_parquet__of_other_types_is_refused_and_rows_are_counted(folder):
    parquet.write_table(pa.table({"case": [["a"]]}), folder / "list.parquet")
    with pytest.raises(InputError, match="'case' holds list"):
        read_manifest(folder / "list.parquet")
    parquet.write_table(pa.table({"case": ["a", None], "liver": ["x", "y"]}), folder / "b.parquet")
    first, second, third = faults_of(folder / "b.parquet")
    assert first == f"row 1, liver: {folder / 'x'} does not exist"
    assert {second, third} == {
        "row 2, case: is empty; every row needs a name",
        f"row 2, liver: {folder / 'y'} does not exist",
    }


def test_manifest__is_written_whole_or_not_at_all(folder, tmp_path):
    rows = [ManifestRow("a", {"case": "a", "liver": str(folder / "liver.nii.gz")}, 2)]
    with pytest.raises(InputError, match="cannot be written"):
        write_manifest(rows, tmp_path / "none" / "m.csv")
    write_manifest(rows, tmp_path / "m.csv", columns=("case", "study", "sex"))
    text = (tmp_path / "m.csv").read_text(encoding="utf-8")
    assert f"case,study,liver,sex\na,,{folder / 'liver.nii.gz'},\n" == text
    write_manifest(rows, folder / "m.csv")
    assert "case,liver\na,liver.nii.gz\n" == (folder / "m.csv").read_text(encoding="utf-8")
    assert ["m.csv"] == [path.name for path in tmp_path.iterdir()]


@pytest.fixture(scope="module", name="stored")
def stored_fixture(folder):
    """Bytes of a manifest as CSV and as Parquet, with columns of many types."""
    table = pa.table(
        {
            "case": ["a", "b"],
            "liver": list(FILES[:2]),
            "height_cm": [175.0, None],
            "functional": [True, None],
            "time_point": pa.array([date(2024, 3, 15), None]),
            "x_a": pa.array([Decimal("1.5"), None]),
            "x_b": pa.array(["é", "q"]).dictionary_encode(),
        }
    )
    parquet.write_table(table, folder / "whole.parquet", compression="none")
    rows = read_manifest(folder / "whole.parquet")
    write_manifest(rows, folder / "whole.csv")
    return [(folder / f"whole.{kind}").read_bytes() for kind in ("csv", "parquet")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    number=st.integers(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4),
    share=st.floats(0, 1),
    cut=st.booleans(),
)
def test_damaged_file__is_read_or_refused_in_one_line(stored, folder, number, changes, share, cut):
    content = bytearray(stored[number])
    for place, value in changes:
        content[min(int(place * len(content)), len(content) - 1)] = value
    path = folder / "damaged"
    path.write_bytes(content[: int(share * len(content))] if cut else content)
    try:
        read_manifest(path)
    except InputError as fault:
        assert "\n" not in str(fault)  # noqa: PT017  (other errors fail the test)
