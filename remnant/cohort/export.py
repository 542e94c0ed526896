"""Tables of a cohort for spreadsheets: a folder of CSV files, or one XLSX file.

Cells are those of the tables; lists are joined by ``;``, yes/no is written as ``yes`` and ``no``. A
text that a spreadsheet would run as a formula is not: in CSV it gets a leading apostrophe, in XLSX
its cell is declared to be text.
"""

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from remnant.cohort.every_table import EVERY_TABLE
from remnant.cohort.sheets import Sheets
from remnant.cohort.table_files import (
    ArrowTable,
    part_files,
    read_schema,
    row_count,
    table_names,
    table_parts,
)
from remnant.core.errors import InputError
from remnant.core.progress import Progress, silent
from remnant.io.atomic import atomic_path
from remnant.pipeline.results import published_results

MOST_ROWS: Final = 1_048_576
"""Of an Excel sheet, the heading among them."""
MOST_COLUMNS: Final = 16_384
LONGEST_CELL: Final = 32_767
"""Characters of a cell of an Excel sheet."""
NARROWEST, WIDEST = 12, 40
"""Characters that a column of a sheet shows."""
RUNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""With which a text begins that a spreadsheet may run."""
LIST_SIGN: Final = ";"
COLUMNS_SHEET: Final = "columns"
EXPORTING: Final = "exporting"
Cell = str | float | int | bool | datetime | None


def export_tables(
    cohort: Path,
    sheets: Sheets,
    output: Path,
    *,
    tables: Collection[str] = (),
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Write tables of a cohort for spreadsheets, all of it or nothing.

    Parameters
    ----------
    cohort
        The cohort's folder.
    sheets
        The kind of file.
    output
        Folder of the CSV files, or the XLSX file.
    tables
        Names of tables; all that there are where not given.
    progress
        Told of each table.

    Returns
    -------
    tuple
        Names of the tables that were written.

    Raises
    ------
    InputError
        There is no such table, one is too large for Excel, or the output cannot be written.
    """
    names = _chosen(cohort, tables)
    write = {Sheets.CSV: _write_csv, Sheets.XLSX: _write_xlsx}[sheets]
    write(cohort, names, output, progress)
    return names


def _chosen(cohort: Path, asked: Collection[str]) -> tuple[str, ...]:
    there = table_names(cohort)
    if not there:
        raise InputError(
            f"{cohort} holds no tables; run `remnant cohort run` or `remnant cohort collect`"
        )
    unknown = sorted(set(asked) - set(there))
    if unknown:
        raise InputError(f"{cohort} holds no table {unknown[0]}; allowed are {', '.join(there)}")
    order = [*EVERY_TABLE, *there]
    return tuple(sorted(set(asked or there), key=order.index))


def _write_csv(cohort: Path, names: Sequence[str], output: Path, progress: Progress) -> None:
    files = [f"{name}.csv" for name in dict.fromkeys((*EVERY_TABLE, *names))]
    with published_results(output, files) as staging:
        for done, name in enumerate(names):
            progress(EXPORTING, done, len(names))
            with (staging / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\r\n")
                writer.writerows(_lines(cohort, name, csv_cell))
    progress(EXPORTING, len(names), len(names))


def _write_xlsx(cohort: Path, names: Sequence[str], output: Path, progress: Progress) -> None:
    from openpyxl import Workbook

    for name in names:
        _require_fit(cohort, name)
    with atomic_path(output) as temporary, _closing(Workbook(write_only=True)) as book:
        for done, name in enumerate(names):
            progress(EXPORTING, done, len(names))
            _fill(book.create_sheet(name), _lines(cohort, name, xlsx_cell))
        _fill(book.create_sheet(COLUMNS_SHEET), _described(names))
        book.save(temporary)
    progress(EXPORTING, len(names), len(names))


@contextmanager
def _closing(book: Any) -> Iterator[Any]:  # noqa: ANN401
    """Close the sheets of a workbook that was not saved, too: they are open files."""
    try:
        yield book
    finally:
        for sheet in book.worksheets:
            if not sheet.closed:
                sheet.close()


def _require_fit(cohort: Path, name: str) -> None:
    rows = row_count(cohort, name)
    if rows >= MOST_ROWS:
        raise InputError(
            f"table {name} has {rows} rows; Excel holds {MOST_ROWS - 1} below the heading: export "
            f"it with --to csv, or leave it out with --table"
        )
    columns = len(_columns(cohort, name))
    if columns > MOST_COLUMNS:
        raise InputError(
            f"table {name} has {columns} columns; Excel holds {MOST_COLUMNS}: export it with "
            f"--to csv"
        )


def _columns(cohort: Path, name: str) -> tuple[str, ...]:
    """Return the columns of all parts, in the order of the first that has them."""
    found = (column for path in part_files(cohort, name) for column in read_schema(path).names)
    return tuple(dict.fromkeys(found))


def _lines(cohort: Path, name: str, told: Callable[[object], Any]) -> Iterator[Sequence[Any]]:
    """Give the heading, then the rows, one part in memory at a time."""
    columns = _columns(cohort, name)
    yield columns
    for part in table_parts(cohort, name):
        yield from _rows(part, columns, told)


def _rows(
    part: ArrowTable, columns: Sequence[str], told: Callable[[object], Any]
) -> Iterator[Sequence[Any]]:
    for batch in part.to_batches(max_chunksize=8192):
        there = dict(zip(batch.schema.names, batch.columns, strict=True))
        nothing = [None] * batch.num_rows
        cells = [there[n].to_pylist() if n in there else nothing for n in columns]
        yield from ([told(cell) for cell in row] for row in zip(*cells, strict=True))


def plain_cell(cell: object) -> Cell:
    """Return a cell without lists and yes/no.

    >>> plain_cell(["a", "b"]), plain_cell(True), plain_cell(None)
    ('a;b', 'yes', None)
    """
    if isinstance(cell, list):
        return LIST_SIGN.join(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if cell is None or isinstance(cell, str | float | int | datetime):
        return cell
    raise TypeError(f"no cell of a table: {cell!r}")


def csv_cell(cell: object) -> str:
    """Return a cell as text; numbers to their last digit, times in UTC.

    >>> csv_cell("=1+1"), csv_cell(-0.1), csv_cell("-0.1")
    ("'=1+1", '-0.1', "'-0.1")
    """
    plain = plain_cell(cell)
    if plain is None:
        return ""
    if isinstance(plain, datetime):
        return plain.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(plain, str):
        return f"'{plain}" if plain.startswith(RUNS) else plain
    return repr(plain)


def xlsx_cell(cell: object) -> Cell:
    """Return a cell as openpyxl takes it: times without a zone, no sign that XML forbids.

    Raises
    ------
    InputError
        A text is longer than a cell of Excel may be.
    """
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    plain = plain_cell(cell)
    if isinstance(plain, datetime):
        return plain.astimezone(UTC).replace(tzinfo=None)
    if not isinstance(plain, str):
        return plain
    if len(plain) > LONGEST_CELL:
        raise InputError(
            f"a text of {len(plain)} characters; a cell of Excel holds {LONGEST_CELL}: export with "
            f"--to csv"
        )
    return str(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", plain))


def _fill(sheet: Any, lines: Iterator[Sequence[Cell]]) -> None:  # noqa: ANN401
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "B2"
    heading = next(lines)
    for place, name in enumerate(heading, start=1):
        width = min(max(len(str(name)) + 2, NARROWEST), WIDEST)
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.append(heading)
    for line in lines:
        sheet.append([_text(sheet, cell) if isinstance(cell, str) else cell for cell in line])


def _text(sheet: Any, text: str) -> Any:  # noqa: ANN401
    """Return a cell of text, declared to be one where a program could take it for a formula."""
    if not text.startswith(RUNS):
        return text
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


def _described(names: Iterable[str]) -> Iterator[Sequence[Cell]]:
    yield ("table", "column", "type", "unit", "meaning")
    for name in names:
        if name in EVERY_TABLE:
            for one in EVERY_TABLE[name].columns:
                yield (name, one.name, one.type.value, one.unit, one.meaning)
