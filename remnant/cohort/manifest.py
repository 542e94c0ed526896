"""The manifest of a cohort: one row a case, checked as a whole before anything runs."""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from remnant.cohort.manifest_columns import (
    CARRIED,
    CASE,
    COLUMNS,
    FACTS,
    NAMES,
    PATIENT,
    TIME_POINT,
    Group,
    is_carried,
    wrong_with,
)
from remnant.cohort.manifest_files import (
    MOST_COLUMNS,
    PARQUET_SUFFIXES,
    TextTable,
    open_table,
    write_csv,
    write_parquet,
)
from remnant.cohort.manifest_requests import (
    CaseRequests,
    paths_of,
    requests_of,
    subject_of,
    unchecked_requests,
)
from remnant.cohort.time_points import TimeKind, time_point_of
from remnant.core.errors import InputError, ManifestError
from remnant.io.atomic import atomic_path

__all__ = [
    "CaseRequests",
    "ManifestRow",
    "read_manifest",
    "requests_of",
    "subject_of",
    "write_manifest",
]

MOST_NAMED: Final = 20
"""Faults that a message names; of the others it says how many there are."""
BLOCK_ROWS: Final = 4096
"""Rows whose files are looked for at a time."""
LOOKING_THREADS: Final = 8
PATHS_A_THREAD: Final = 512
PLACEHOLDER: Final = "there"
TIME_WORDS: Final[Mapping[TimeKind, str]] = {
    TimeKind.DATE: "a date",
    TimeKind.DAYS: "a number of days",
    TimeKind.LABEL: "a label",
}
Key = TypeVar("Key", str, bytes)
INPUTS: Final = frozenset((Group.SCAN, Group.MASKS))
"""Groups of columns that say what is measured and how it is read."""
ALONE: Final = frozenset(
    name
    for name, column in COLUMNS.items()
    if column.group is Group.PATIENT or name in {CASE, PATIENT, TIME_POINT}
)
"""Columns that contradict no other but a facts file."""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One case.

    Parameters
    ----------
    case
        Its name.
    cells
        Text by column, by the names of `COLUMNS` or beginning with ``x_``; empty cells are left
        out, paths are absolute.
    line
        Line of the CSV file that it begins on, or row of the Parquet file, from 1.
    """

    case: str
    cells: Mapping[str, str]
    line: int


@dataclass(slots=True)
class _Faults:
    """The first faults in words, and how many there are."""

    named: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, text: str) -> None:
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(text)

    def error(self, file: str) -> ManifestError:
        are = "1 fault" if self.count == 1 else f"{self.count} faults"
        more = self.count - len(self.named)
        rest = (f"and {more} more",) if more else ()
        return ManifestError(f"{file} has {are}", (*self.named, *rest))


@dataclass(slots=True)
class _Seen:
    """What the rows so far have named, to find what is named twice."""

    cases: dict[str, int] = field(default_factory=dict)
    inputs: dict[bytes, int] = field(default_factory=dict)
    times: dict[str, tuple[TimeKind, int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Checked:
    """A row under examination: its cells, and what is wrong with it by column."""

    line: int
    cells: dict[str, str]
    faults: list[tuple[str, str]]


def read_manifest(path: Path) -> tuple[ManifestRow, ...]:
    """Read a manifest and check all of it: cells, rows, files.

    Relative paths are taken from the manifest's folder. Of CSV commas, semicolons and tabs are told
    apart by the header. Rows without a text in any cell are passed over.

    Raises
    ------
    UnreadableFileError
        The file is missing, larger than 1 GiB, or neither CSV in UTF-8 nor Parquet.
    ManifestError
        Columns are unknown or there twice, cells hold what they may not, rows contradict
        themselves, name a case or a scan that another row names, or files that are not there. The
        first 20 faults are named by line and column.
    InputError
        There is no row, or more than a million.
    """
    faults, seen = _Faults(), _Seen()
    rows: list[ManifestRow] = []
    with open_table(path) as table:
        names = _column_names(table.names, faults)
        written = dict(zip(names, table.names, strict=True))
        for block in _blocks(table, names, path.absolute().parent):
            _look_for_files(block)
            for row in block:
                _check_row(row, seen, table.counted)
                for column, wrong in row.faults:
                    place = f", {written.get(column, column)}" if column else ""
                    faults.add(f"{table.counted} {row.line}{place}: {wrong}")
                rows.append(ManifestRow(row.cells.get(CASE, ""), row.cells, row.line))
    if faults.count:
        raise faults.error(path.name)
    if not rows:
        raise InputError(f"{path.name} has no rows; write one for each case")
    return tuple(rows)


def _column_names(names: Sequence[str], faults: _Faults) -> tuple[str, ...]:
    """Return what each column is called, empty for one that is not known."""
    if len(names) > MOST_COLUMNS:
        raise InputError(f"a manifest has at most {MOST_COLUMNS} columns")
    known: list[str] = []
    for name in names:
        called = NAMES.get(name, name if is_carried(name) else "")
        if name and not called:
            faults.add(f"column {name[:40]!r} is not known; {_advice(name)}")
        if called and called in known:
            faults.add(f"column {called} is there twice; keep one")
        known.append(called)
    if CASE not in known:
        faults.add(f"there is no column {CASE}; every row needs a name")
    return tuple(known)


def _advice(name: str) -> str:
    near = get_close_matches(name.lower().replace(" ", "_").replace("-", "_"), NAMES, n=1)
    carried = f"a name such as {CARRIED}site is carried along"
    return f"did you mean {near[0]}? Else {carried}" if near else carried


def _blocks(table: TextTable, names: Sequence[str], folder: Path) -> Iterator[list[_Checked]]:
    base = str(folder)
    while block := [
        _checked_cells(line, texts, names, table.names, base)
        for line, texts in islice(table.rows, BLOCK_ROWS)
    ]:
        yield block


def _checked_cells(
    line: int, texts: Sequence[str], names: Sequence[str], written: Sequence[str], base: str
) -> _Checked:
    row = _Checked(line, {}, [])
    if len(texts) < len(names) or any(texts[len(names) :]):
        row.faults.append(("", f"has {len(texts)} cells, the header {len(names)}"))
        return row
    for number, (name, text) in enumerate(zip(names, texts, strict=False)):
        if not text:
            continue
        if not name:
            if not written[number]:
                row.faults.append((f"column {number + 1}", "has no name in the header"))
            continue
        wrong = _wrong(name, text)
        if wrong:
            row.faults.append((name, wrong))
        is_path = name in COLUMNS and COLUMNS[name].is_path
        row.cells[name] = os.path.join(base, text) if is_path else sys.intern(text)  # noqa: PTH118  (ten times as fast)
    if CASE in names and CASE not in row.cells:
        row.faults.append((CASE, "is empty; every row needs a name"))
    return row


def _wrong(name: str, text: str) -> str:
    column = COLUMNS.get(name)
    each_its_own = column is None or column.is_path or name in {CASE, PATIENT}
    return wrong_with(name, text) if each_its_own else _wrong_again(name, text)


@lru_cache(maxsize=65536)
def _wrong_again(name: str, text: str) -> str:
    return wrong_with(name, text)


def _look_for_files(block: Sequence[_Checked]) -> None:
    """Note the files that rows name and that are not there."""
    paths = list(dict.fromkeys(path for row in block for _, path in paths_of(row.cells)))
    parts = [paths[n : n + PATHS_A_THREAD] for n in range(0, len(paths), PATHS_A_THREAD)]
    with ThreadPoolExecutor(LOOKING_THREADS) as pool:
        missing = {path for found in pool.map(_missing, parts) for path in found}
    for row in block if missing else ():
        bad = {name for name, _ in row.faults}
        row.faults += [
            (name, f"{path} does not exist")
            for name, path in paths_of(row.cells)
            if path in missing and name not in bad
        ]


def _missing(paths: Sequence[str]) -> list[str]:
    return [path for path in paths if not os.path.exists(path)]  # noqa: PTH110  (as fast as it goes)


def _check_row(row: _Checked, seen: _Seen, counted: str) -> None:
    """Note what is wrong with a row as a whole, and what it has in common with others."""
    if not row.faults:
        row.faults += [("", wrong) for wrong in _contradictions(row.cells)]
    if CASE in row.cells:
        _note_twice(row, CASE, seen.cases, row.cells[CASE].casefold(), counted)
    if not row.faults:
        _note_twice(row, "", seen.inputs, _inputs_digest(row.cells), counted)
        _note_other_time(row, seen, counted)


def _note_twice(row: _Checked, column: str, known: dict[Key, int], key: Key, counted: str) -> None:
    first = known.setdefault(key, row.line)
    if first != row.line:
        what = f"is that of {counted} {first}" if column else (
            f"measures what {counted} {first} does: the same scan or masks, read alike"
        )  # fmt: skip
        row.faults.append((column, what))


def _inputs_digest(cells: Mapping[str, str]) -> bytes:
    said = "\0".join(
        f"{name}\0{os.path.normpath(text) if COLUMNS[name].is_path else text}"
        for name, text in sorted(cells.items())
        if name in COLUMNS and COLUMNS[name].group in INPUTS
    )
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _note_other_time(row: _Checked, seen: _Seen, counted: str) -> None:
    if not {PATIENT, TIME_POINT} <= set(row.cells):
        return
    kind = time_point_of(row.cells[TIME_POINT]).kind
    patient = " ".join(row.cells[PATIENT].split())
    first, line = seen.times.setdefault(patient, (kind, row.line))
    if first is not kind:
        other = f"{counted} {line}, of the same patient, has {TIME_WORDS[first]}"
        row.faults.append((TIME_POINT, f"is {TIME_WORDS[kind]}; {other}"))


def _contradictions(cells: Mapping[str, str]) -> tuple[str, ...]:
    """Return in words what cells contradict each other; rows that say the same are asked once."""
    if FACTS in cells:
        return _contradictions_of.__wrapped__(tuple(cells.items()))
    said = tuple(
        (name, PLACEHOLDER if COLUMNS[name].is_path else text)
        for name, text in cells.items()
        if name in COLUMNS and name not in ALONE
    )
    return _contradictions_of(said)


@lru_cache(maxsize=16384)
def _contradictions_of(said: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    try:
        unchecked_requests(dict(said))
    except InputError as fault:
        return (" ".join(str(fault).split()),)
    return ()


def write_manifest(
    rows: Iterable[ManifestRow], path: Path, *, columns: Sequence[str] = (CASE,)
) -> None:
    """Write a manifest that `read_manifest` reads: Parquet by its suffix, otherwise CSV.

    Paths below the manifest's folder are written relative to it.

    Parameters
    ----------
    rows
        The cases.
    path
        File to write.
    columns
        Columns that are written even if no row has them, for a person to fill in.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    kept = list(rows)
    used = {name for row in kept for name in row.cells} | set(columns)
    known = [name for name in COLUMNS if name in used]
    names = [*known, *sorted(used - set(known))]
    base = str(path.absolute().parent)
    texts = ([_written(row.cells, name, base) for name in names] for row in kept)
    write = write_parquet if path.suffix.lower() in PARQUET_SUFFIXES else write_csv
    with atomic_path(path) as temporary:
        write(names, texts, temporary)


def _written(cells: Mapping[str, str], name: str, base: str) -> str:
    text = cells.get(name, "")
    if not (text and name in COLUMNS and COLUMNS[name].is_path):
        return text
    below = text.removeprefix(base.rstrip(os.sep) + os.sep)
    return below or text
