"""A manifest's file as a header and rows of text, whether it is CSV or Parquet."""

import csv
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TextIO

from remnant.cohort.manifest_columns import NAMES
from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.faults import require_file

LARGEST_BYTES: Final = 1024**3
MOST_COLUMNS: Final = 1000
MOST_ROWS: Final = 1_000_000
LONGEST_HEADER: Final = 64 * 1024
BATCH_ROWS: Final = 10_000
DELIMITERS: Final = (",", ";", "\t")
PARQUET: Final = b"PAR1"
PARQUET_SUFFIXES: Final = frozenset((".parquet", ".pq"))
OTHERS: Final = {
    b"PK\x03\x04": "an Excel workbook or a zip file: save the sheet as CSV UTF-8",
    b"\xff\xfe": "UTF-16 text: save it as CSV UTF-8",
    b"\xfe\xff": "UTF-16 text: save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV UTF-8",
}
"""Files that are known by how they begin, and what to do with them."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """A header, and rows that are read as they are asked for.

    Parameters
    ----------
    names
        Of the columns, as they are written, without spaces around them.
    rows
        Number and cells of each row, without spaces around them; rows of empty cells alone are
        left out. A row may have more or fewer cells than there are columns.
    counted
        What the numbers count: ``line`` of the file or ``row`` of the table, from 1.
    """

    names: tuple[str, ...]
    rows: Iterator[tuple[int, Sequence[str]]]
    counted: str


@contextmanager
def open_table(path: Path) -> Iterator[TextTable]:
    """Open a manifest.

    Raises
    ------
    UnreadableFileError
        It is missing, larger than 1 GiB, or neither CSV in UTF-8 nor Parquet; raised while its rows
        are read where only they show it.
    InputError
        It has no header, or more than a million rows.
    """
    require_file(path)
    if path.stat().st_size > LARGEST_BYTES:
        raise UnreadableFileError(f"{path.name} is larger than 1 GiB; part it into several")
    with path.open("rb") as stream:
        begin = stream.read(4)
    for magic, advice in OTHERS.items():
        if begin.startswith(magic):
            raise UnreadableFileError(f"{path.name} is {advice}")
    if begin == PARQUET:
        yield _parquet_table(path)
        return
    with path.open(encoding="utf-8-sig", newline="") as text:
        with _reading_csv(path):
            table = _csv_table(text, path)
        yield table


def _csv_table(text: TextIO, path: Path) -> TextTable:
    first, skipped = "\n", -1
    while first and not first.strip():
        first, skipped = text.readline(LONGEST_HEADER), skipped + 1
    if not first:
        raise InputError(f"{path.name} is empty; its first line names the columns")
    delimiter, names = _header(first)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    return TextTable(names, _csv_rows(reader, path, before=skipped + 1), "line")


def _header(line: str) -> tuple[str, tuple[str, ...]]:
    """Return what parts the columns, and their names: the sign that gives the most known ones."""
    read = {sign: _names(line, sign) for sign in DELIMITERS}
    best = max(DELIMITERS, key=lambda sign: (sum(n in NAMES for n in read[sign]), len(read[sign])))
    return best, read[best]


def _names(line: str, delimiter: str) -> tuple[str, ...]:
    cells = next(csv.reader([line], delimiter=delimiter), [])
    return tuple(cell.strip() for cell in cells)


def _csv_rows(
    reader: Any,  # noqa: ANN401  (csv names no type)
    path: Path,
    *,
    before: int,
) -> Iterator[tuple[int, Sequence[str]]]:
    begin, count = before + 1, 0
    with _reading_csv(path):
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                count += 1
                _require_few(count)
                yield begin, stripped
            begin = before + reader.line_num + 1


@contextmanager
def _reading_csv(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as fault:
        raise UnreadableFileError(f"{path.name} is not UTF-8; save it as CSV UTF-8") from fault
    except csv.Error as fault:
        raise UnreadableFileError(
            f"{path.name} is no CSV ({fault}): a quote is not closed or stands within a cell"
        ) from fault


def _require_few(count: int) -> None:
    if count > MOST_ROWS:
        raise InputError(f"a manifest has at most {MOST_ROWS} rows; part it into several")


@contextmanager
def _reading_parquet(path: Path) -> Iterator[None]:
    """Raise what pyarrow raises of damaged files as an error of one line."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError, OverflowError, UnicodeDecodeError) as fault:
        raise UnreadableFileError(f"{path.name} is damaged or no Parquet file") from fault


def _parquet_table(path: Path) -> TextTable:
    try:
        from pyarrow import parquet
    except ImportError as fault:
        raise InputError(
            "a Parquet file is read by pyarrow: install remnant[cohort], or save it as CSV"
        ) from fault
    with _reading_parquet(path):
        file = parquet.ParquetFile(path)
        schema = file.schema_arrow
        names = tuple(name.strip() for name in schema.names)
    _require_few(file.metadata.num_rows)
    for field in schema:
        _require_plain(field.name, field.type)
    return TextTable(names, _parquet_rows(file, path), "row")


def _require_plain(name: str, kind: Any) -> None:  # noqa: ANN401  (pyarrow has no types)
    from pyarrow import types

    plain = kind.value_type if types.is_dictionary(kind) else kind
    known = (
        types.is_string, types.is_large_string, types.is_integer, types.is_floating,
        types.is_boolean, types.is_date, types.is_timestamp, types.is_decimal, types.is_null,
    )  # fmt: skip
    if not any(fits(plain) for fits in known):
        raise InputError(
            f"the column {name[:40]!r} holds {kind}; allowed are texts, numbers, booleans and dates"
        )


def _parquet_rows(
    file: Any,  # noqa: ANN401  (pyarrow has no types)
    path: Path,
) -> Iterator[tuple[int, Sequence[str]]]:
    number = 0
    with _reading_parquet(path), file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                cells = [cell_text(value) for value in values]
                if any(cells):
                    yield number, cells


def cell_text(value: object) -> str:
    """Return a value of a Parquet column as a cell of a CSV file would hold it.

    >>> cell_text(175.0), cell_text(True), cell_text(None), cell_text(date(2024, 3, 15))
    ('175', 'yes', '', '2024-03-15')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date):
        return _date_text(value)
    return str(value.normalize() if isinstance(value, Decimal) else value).strip()


def _date_text(value: date) -> str:
    """Return a day as ISO has it, and the time of day where it is not midnight."""
    if isinstance(value, datetime) and value.time() == datetime.min.time():
        return value.date().isoformat()
    return value.isoformat()


def write_csv(names: Sequence[str], rows: Iterator[Sequence[str]], path: Path) -> None:
    """Write a header and rows of text as CSV (UTF-8, commas)."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


def write_parquet(names: Sequence[str], rows: Iterator[Sequence[str]], path: Path) -> None:
    """Write a header and rows of text as Parquet; empty texts are null."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [pa.array([text or None for text in column], pa.string()) for column in columns]
    parquet.write_table(pa.table(arrays, names=list(names)), path)
