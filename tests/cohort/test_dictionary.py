"""The data dictionary follows from the declarations, and these keep the rules of names."""

import re

import pyarrow.parquet as pq
import pytest

from examples.cohort_rows import outcome_of, rows_of_version
from remnant.cohort.dictionary import dictionary_page
from remnant.cohort.every_table import EVERY_TABLE
from remnant.cohort.store import Store
from remnant.cohort.table_files import part_files, read_table, write_table
from remnant.cohort.tables import TABLES, Column, ColumnType, Table
from remnant.core.errors import InputError

UNITS = {
    "_ml": "mL",
    "_mm": "mm",
    "_mm2": "mm²",
    "_cm": "cm",
    "_kg": "kg",
    "_years": "years",
    "_fraction": "fraction",
    "_percent": "%",
    "_per_m2": "mL/m²",
}


def test_page__is_made_from_the_declarations(repository):
    path = repository / "docs" / "reference" / "cohort_tables.md"

    assert path.read_text("utf-8") == dictionary_page(), "python -m remnant.cohort.dictionary"


@pytest.mark.parametrize("name", EVERY_TABLE)
def test_columns__wear_their_units_and_say_what_they_mean(name):
    for column in EVERY_TABLE[name].columns:
        assert re.fullmatch(r"[a-z][a-zA-Z0-9_]*", column.name)
        assert re.search(r"\w{2}", column.meaning)
        assert not column.meaning.endswith(".")
        assert "|" not in column.meaning
        base = re.sub(r"_(low|high|median)$", "", column.name)
        measured = column.type is ColumnType.NUMBER and not base.endswith("_ml_per_m2")
        for ending, unit in UNITS.items():
            assert not (measured and base.endswith(ending)) or column.unit == unit


def test_page__has_every_column_once():
    lines = [line for line in dictionary_page().splitlines() if line.startswith("| `")]
    names = [re.findall(r"`([^`]+)`", line.split(" | ")[0]) for line in lines]
    found = [name if name == group[0] else group[0] + name for group in names for name in group]

    assert found == [column.name for table in EVERY_TABLE.values() for column in table.columns]
    assert len(lines) < 0.7 * len(found)


def test_tables__have_their_names_and_keys():
    assert list(TABLES) == [
        "cases", "lesions", "segments", "resections", "plans", "findings", "agreement",
        "timings",
    ]  # fmt: skip
    for name, table in EVERY_TABLE.items():
        assert table.name == name
        assert len(set(table.names)) == len(table.names)
        assert set(table.key) <= set(table.names)


def test_files__say_version_meaning_and_units(tmp_path):
    with Store(tmp_path) as store:
        store.add(outcome_of("a", 1), rows_of_version("a", 1))
    (path,) = part_files(tmp_path, "cases")
    schema = pq.read_schema(path)

    assert schema.metadata[b"remnant.schema_version"] == b"1"
    assert schema.metadata[b"remnant.meaning"].startswith(b"A case")
    assert schema.field("tlv_ml").metadata == {
        b"unit": b"mL",
        b"meaning": b"Total liver volume: parenchyma, lesions, vessels",
    }
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"


MADE = Table(
    "made",
    "A row made from others",
    (Column("case", ColumnType.TEXT, "", "Its case"), Column("n", ColumnType.INTEGER, "", "Some")),
    ("case",),
)


def test_table_from_others__is_written_whole_and_read_as_all_are(tmp_path):
    write_table(tmp_path, MADE, [{"case": "a", "n": 1}, {"case": "b"}])
    write_table(tmp_path, MADE, [{"case": "b", "n": 0}])

    assert read_table(tmp_path, "made").to_pylist() == [{"case": "b", "n": 0}]
    write_table(tmp_path, MADE, [])
    assert read_table(tmp_path, "made").num_rows == 0
    with pytest.raises(InputError, match="holds no table unmade"):
        read_table(tmp_path, "unmade")
