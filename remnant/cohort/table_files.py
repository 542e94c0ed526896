"""Parquet files of a cohort's tables: their schema, and reading and writing them.

A table is a folder of part files, so that ``'DIR/tables/cases/*.parquet'`` is all of it in any
program. The files say what they hold: version of the schema, meaning of the table, unit and meaning
of each column.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from remnant.cohort.committed import settle_if_free
from remnant.cohort.layout import TABLES as TABLES_FOLDER
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.tables import CARRIED, CASES_TABLE, SCHEMA_VERSION, Column, ColumnType, Table
from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.atomic import atomic_path

ArrowTable: TypeAlias = Any
ArrowSchema: TypeAlias = Any
ArrowField: TypeAlias = Any
"""pyarrow says nothing of its types."""
ARROW_TYPES: Final[Mapping[ColumnType, Any]] = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.YES_NO: pa.bool_(),
    ColumnType.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    ColumnType.TEXTS: pa.list_(pa.string()),
}
VERSION_KEY: Final = b"remnant.schema_version"
TABLE_KEY: Final = b"remnant.table"
MEANING_KEY: Final = b"remnant.meaning"
PART: Final = "part-"
ENDING: Final = ".parquet"
COMPRESSION: Final = "zstd"
ROWS_PER_GROUP: Final = 65_536
"""Rows of a row group, but for the last of a file: enough to skip and to compress well."""
ROWS_READ: Final = 32_768
"""Rows that are in memory at a time while a file is written anew."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the tables say of how a case ended.

    Parameters
    ----------
    key
        Digest of all that decides its result; empty where its inputs could not be read.
    status
        How it ended.
    attempts
        How often it was begun under this key.
    """

    key: str
    status: CaseStatus
    attempts: int


def table_folder(cohort: Path, name: str) -> Path:
    """Return the folder of a table's part files."""
    return cohort / TABLES_FOLDER / name


def part_name(number: int) -> str:
    """Return the name of a part file.

    >>> part_name(12)
    'part-000012.parquet'
    """
    return f"{PART}{number:06}{ENDING}"


def part_number(path: Path) -> int:
    """Return the number of a part file."""
    return int(path.name.removeprefix(PART).removesuffix(ENDING))


def part_files(cohort: Path, name: str) -> tuple[Path, ...]:
    """Return the part files of a table in their order; empty where there is no such table.

    ``*`` for a name gives those of all tables.
    """
    return tuple(sorted((cohort / TABLES_FOLDER).glob(f"{name}/{PART}*{ENDING}")))


def table_names(cohort: Path) -> tuple[str, ...]:
    """Return the names of the tables that a cohort's folder holds."""
    return tuple(sorted({p.parent.name for p in part_files(cohort, "*")}))


def row_count(cohort: Path, name: str) -> int:
    """Return how many rows a table has; no row is read."""
    return sum(int(pq.read_metadata(path).num_rows) for path in part_files(cohort, name))


def arrow_schema(table: Table, carried: Iterable[str] = ()) -> ArrowSchema:
    """Return the Arrow schema of a table; ``carried`` are further columns of text."""
    further = (Column(name, ColumnType.TEXT, "", "Carried from the manifest") for name in carried)
    fields = [_field(column) for column in (*table.columns, *further)]
    return pa.schema(
        fields,
        metadata={
            VERSION_KEY: SCHEMA_VERSION.encode(),
            TABLE_KEY: table.name.encode(),
            MEANING_KEY: table.meaning.encode(),
        },
    )


def arrow_rows(rows: Iterable[Mapping[str, object]], schema: ArrowSchema) -> ArrowTable:
    """Return rows as an Arrow table; cells that are left out are absent.

    Raises
    ------
    InputError
        A row has a cell of a column that the table lacks, or one of another type.
    """
    listed = list(rows)
    strangers = sorted({name for row in listed for name in row} - set(schema.names))
    if strangers:
        raise InputError(
            f"a row has the column {strangers[0]}, which its table lacks; only columns of the "
            f"manifest that begin with {CARRIED} may be added"
        )
    try:
        return pa.Table.from_pylist(listed, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as fault:
        raise InputError(f"a cell does not fit its column: {fault}") from fault


def read_schema(path: Path) -> ArrowSchema:
    """Return the schema of a part file.

    Raises
    ------
    UnreadableFileError
        It is no whole Parquet file.
    InputError
        It is of another schema version.
    """
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as fault:
        raise UnreadableFileError(
            f"{path} cannot be read as Parquet; move the folder {TABLES_FOLDER} away and run "
            f"`remnant cohort collect`, which makes the tables from the cases"
        ) from fault
    _require_version(path, schema.metadata or {})
    return schema


def read_table(cohort: Path, name: str, columns: Collection[str] | None = None) -> ArrowTable:
    """Return a table of a cohort as a ``pyarrow.Table``; ``columns`` are all where not given.

    Raises
    ------
    InputError
        There is no such table, or it is of another schema version.
    UnreadableFileError
        A file of it is damaged.
    """
    parts = list(table_parts(cohort, name, columns))
    return pa.concat_tables(parts, promote_options="default")


def table_parts(
    cohort: Path, name: str, columns: Collection[str] | None = None
) -> Iterator[ArrowTable]:
    """Give the parts of a table one after the other, see `read_table`.

    What a killed writer had committed takes its place first.
    """
    settle_if_free(cohort)
    files = part_files(cohort, name)
    if not files:
        raise InputError(
            f"{cohort} holds no table {name}; run `remnant cohort run` or `remnant cohort collect`"
        )
    for path in files:
        there = set(read_schema(path).names)
        wanted = None if columns is None else [name for name in columns if name in there]
        yield pq.ParquetFile(path).read(columns=wanted)


def stored_cases(cohort: Path) -> dict[str, Stored]:
    """Return how each case in the tables ended, by its name; empty without tables."""
    if not part_files(cohort, CASES_TABLE.name):
        return {}
    found: dict[str, Stored] = {}
    for part in table_parts(cohort, CASES_TABLE.name, ("case", "key", "status", "attempts")):
        cells = (part.column(name).to_pylist() for name in ("case", "key", "status", "attempts"))
        for case, key, status, attempts in zip(*cells, strict=True):
            found[case] = Stored(key or "", CaseStatus(status), attempts)
    return found


def write_table(cohort: Path, table: Table, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write a whole table anew as one file, and return it; the old one or the new one stands.

    For tables that are made from others. Those of a run are written by
    `remnant.cohort.store.Store`.
    """
    path = table_folder(cohort, table.name) / part_name(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = arrow_schema(table)
    with atomic_path(path) as temporary, PartWriter(temporary, schema) as writer:
        writer.add(arrow_rows(rows, schema))
    return path


def rewrite_part(
    old: Path | None,
    target: Path,
    *,
    without: Collection[str],
    fresh: ArrowTable,
    schema: ArrowSchema,
) -> None:
    """Write a part file: an old one's rows but for those of some cases, and fresh rows.

    Parameters
    ----------
    old
        The file as it was; ``None`` for a new one.
    target
        File to write.
    without
        Cases whose old rows are left out.
    fresh
        Arrow table of rows to be added.
    schema
        Of the new file; columns that the old one lacks are absent in its rows.
    """
    with PartWriter(target, schema) as writer:
        if old is not None:
            dropped = pa.array(sorted(without), pa.string())
            for batch in pq.ParquetFile(old).iter_batches(ROWS_READ):
                rows = pa.Table.from_batches([batch])
                if without:
                    rows = rows.filter(pc.invert(pc.is_in(rows.column("case"), dropped)))
                writer.add(aligned(rows, schema))
        writer.add(fresh)


def aligned(rows: ArrowTable, schema: ArrowSchema) -> ArrowTable:
    """Return an Arrow table with the columns of a schema; those that it lacks are absent."""
    columns = [
        rows.column(field.name)
        if field.name in rows.column_names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


class PartWriter:
    """Writes one part file in row groups of an even size, and syncs it to the disk."""

    def __init__(self, path: Path, schema: ArrowSchema) -> None:
        self._path, self._schema = path, schema
        self._writer = pq.ParquetWriter(path, schema, compression=COMPRESSION)
        self._waiting: list[ArrowTable] = []
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def add(self, rows: ArrowTable) -> None:
        """Add an Arrow table of the file's schema."""
        self._waiting.append(rows)
        self._rows += rows.num_rows
        if self._rows >= ROWS_PER_GROUP:
            self._write()

    def _write(self) -> None:
        group = pa.concat_tables(self._waiting).combine_chunks()
        self._writer.write_table(group, row_group_size=ROWS_PER_GROUP)
        self._waiting, self._rows = [], 0

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            with suppress(OSError):  # what was wrong is being raised
                self._writer.close()
            return
        try:
            if self._rows:
                self._write()
        finally:
            self._writer.close()
        with self._path.open("rb+") as stream:
            os.fsync(stream.fileno())


def _field(column: Column) -> ArrowField:
    about = {"meaning": column.meaning} | ({"unit": column.unit} if column.unit else {})
    return pa.field(column.name, ARROW_TYPES[column.type], metadata=about)


def _require_version(path: Path, metadata: Mapping[bytes, bytes]) -> None:
    version = metadata.get(VERSION_KEY, b"none").decode(errors="replace")[:20]
    if version == SCHEMA_VERSION:
        return
    newer = version.isdecimal() and int(version) > int(SCHEMA_VERSION)
    todo = (
        "update remnant"
        if newer
        else f"move the folder {TABLES_FOLDER} away and run `remnant cohort collect`, which makes "
        f"the tables anew from the cases"
    )
    raise InputError(
        f"{path} has tables of schema version {version}; this program reads {SCHEMA_VERSION}: "
        f"{todo}"
    )
