"""The results store: one writer adds cases to the tables, all tables at once or none.

Each part of a table holds the same cases as the parts of that number of the other tables, so that a
case that was run again is replaced where it stands. A flush writes the parts that change into a
hidden folder beside the tables; renaming that folder commits it, and each file then takes the place
of the one before. So a table is never seen with a case twice or half, whenever the process is
killed, and what a killed one had committed the next writer puts in place.

New cases go into the last part until it is full: there are no small files to be merged later.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import filelock
import pyarrow as pa
import pyarrow.compute as pc

from remnant.cohort.committed import LOCK, PENDING, settle
from remnant.cohort.layout import TABLES as TABLES_FOLDER
from remnant.cohort.outcomes import CaseOutcome
from remnant.cohort.rows import Rows
from remnant.cohort.table_files import (
    ArrowSchema,
    ArrowTable,
    Stored,
    aligned,
    arrow_rows,
    arrow_schema,
    part_files,
    part_name,
    part_number,
    read_schema,
    rewrite_part,
    stored_cases,
    table_folder,
    table_parts,
)
from remnant.cohort.tables import CASES_TABLE, TABLES
from remnant.core.errors import InputError
from remnant.pipeline.publishing import staged_beside

LOOSE: Final = 32
"""Cases whose rows wait by themselves before they are joined."""
CASES: Final = CASES_TABLE.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a store is flushed, and how large its parts are.

    Parameters
    ----------
    cases, bytes, seconds
        So much may wait; the first that is reached flushes, at the next case.
    rest
        Cases and seconds flush no sooner than so many times the duration of the last flush after
        it: a store whose parts are all being replaced is not written over and over.
    cases_per_part
        Cases in one part file of each table.
    """

    cases: int = 256
    bytes: int = 64_000_000
    seconds: float = 60.0
    rest: float = 4.0
    cases_per_part: int = 2048


DEFAULT_LIMITS: Final = Limits()


@dataclass(slots=True)
class _Change:
    """What becomes of one part: cases whose old rows go, and cases whose rows come."""

    gone: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)


class _Waiting:
    """Cases that were added and not flushed, as Arrow tables of many cases each."""

    def __init__(self) -> None:
        self.cases: dict[str, None] = {}
        self.bytes = 0
        self._joined: dict[str, list[ArrowTable]] = {name: [] for name in TABLES}
        self._loose: dict[str, list[ArrowTable]] = {name: [] for name in TABLES}

    def __len__(self) -> int:
        return len(self.cases)

    def holds(self, case: str) -> bool:
        """Whether a case waits."""
        return case in self.cases

    @property
    def carried(self) -> tuple[str, ...]:
        """Columns of the manifest that some case has."""
        tables = (*self._joined[CASES], *self._loose[CASES])
        return _joined((), (name for table in tables for name in table.column_names))

    def add(self, case: str, tables: Mapping[str, ArrowTable]) -> None:
        """Take a case that does not wait yet; small tables cost far more than their rows."""
        self.cases[case] = None
        for name, table in tables.items():
            self._loose[name].append(table)
            self.bytes += table.nbytes
        if len(self._loose[CASES]) >= LOOSE:
            for name, several in self._loose.items():
                self._joined[name].append(_one(several))
                several.clear()

    def rows(self, name: str, cases: Iterable[str]) -> ArrowTable:
        """Return the rows of some cases in one table."""
        whole = _one([*self._joined[name], *self._loose[name]])
        return whole.filter(pc.is_in(whole.column("case"), pa.array(cases, pa.string())))


class Store:
    """Writes the tables of a cohort; one at a time for each cohort.

    Use it in a ``with`` block: entering opens the tables, leaving flushes and closes them.

    Parameters
    ----------
    cohort
        The cohort's folder.
    limits
        When it is flushed.

    Raises
    ------
    InputError
        On entering: another process writes these tables, or they are of another schema version. On
        flushing: they cannot be written; what waits is kept, and the next flush tries again.
    """

    def __init__(self, cohort: Path, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self._cohort = cohort
        self._limits = limits
        self._lock = filelock.FileLock(cohort / LOCK, timeout=0)
        self._waiting = _Waiting()
        self._part_of: dict[str, int] = {}
        self._sizes: defaultdict[int, int] = defaultdict(int)
        self._carried: tuple[str, ...] = ()
        self._flushed = self._took = 0.0

    def __enter__(self) -> Self:
        try:
            self._cohort.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout as fault:
            raise InputError(
                f"another process writes the tables of {self._cohort}; wait until it has ended"
            ) from fault
        except (OSError, NotImplementedError) as fault:  # the latter: a disk without locks
            words = getattr(fault, "strerror", None) or fault
            raise InputError(f"{self._cohort} cannot be written: {words}") from fault
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Flush, and let others write."""
        try:
            self.flush()
        finally:
            self._lock.release()

    def add(self, outcome: CaseOutcome, rows: Rows) -> None:
        """Add a case, in the place of its earlier rows; on the disk at the next flush.

        Parameters
        ----------
        outcome
            What became of it.
        rows
            What `remnant.cohort.rows.rows_of` made of it.

        Raises
        ------
        InputError
            A cell does not fit its column; or see `flush`.
        """
        carried = _joined((), (name for row in rows.get(CASES, ()) for name in row))
        tables = {name: arrow_rows(rows.get(name, ()), _schema(name, carried)) for name in TABLES}
        if self._waiting.holds(outcome.case):
            self.flush()
        self._waiting.add(outcome.case, tables)
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Flush where as much waits, or has waited for as long, as the limits allow."""
        since = time.monotonic() - self._flushed
        full = len(self._waiting) >= self._limits.cases or since >= self._limits.seconds
        rested = since >= self._limits.rest * self._took
        if self._waiting.bytes >= self._limits.bytes or (full and rested):
            self.flush()

    def flush(self) -> None:
        """Put all that waits into the tables: all of it, in all tables, or nothing.

        Raises
        ------
        InputError
            The tables cannot be written; what waits is kept.
        """
        if not len(self._waiting):
            return
        began = time.monotonic()
        if settle(self._cohort):  # whatever stopped the last flush may have done so unnoticed
            self._read_index()
        carried = _joined(self._carried, self._waiting.carried)
        changes = self._changes(everywhere=carried != self._carried)
        with staged_beside(self._cohort / TABLES_FOLDER) as staging:
            for name in TABLES:
                (staging / name).mkdir()
                for number, change in changes.items():
                    self._stage(staging / name / part_name(number), name, change, carried)
                _sync(staging / name)
            staging.rename(self._cohort / PENDING)
            _sync(self._cohort)
        self._commit(changes, carried)
        settle(self._cohort)
        pa.default_memory_pool().release_unused()
        self._flushed = time.monotonic()
        self._took = self._flushed - began

    def stored(self) -> Mapping[str, Stored]:
        """Return how each case ended that was flushed, by its name."""
        return stored_cases(self._cohort)

    def _open(self) -> None:
        settle(self._cohort)
        for name in TABLES:
            for path in part_files(self._cohort, name):
                read_schema(path)
        self._read_index()
        self._flushed = time.monotonic()

    def _read_index(self) -> None:
        """Learn from the tables which part holds which case."""
        self._part_of.clear()
        files = part_files(self._cohort, CASES)
        parts = table_parts(self._cohort, CASES, ("case",)) if files else iter(())
        for path, part in zip(files, parts, strict=True):
            number, cases = part_number(path), part.column("case").to_pylist()
            self._sizes[number] = len(cases)
            self._part_of.update(dict.fromkeys(cases, number))
            self._carried = _joined(self._carried, read_schema(path).names)

    def _changes(self, *, everywhere: bool) -> dict[int, _Change]:
        """Return what becomes of each part that changes, or of all: where a column is new."""
        changes: defaultdict[int, _Change] = defaultdict(_Change)
        if everywhere:
            changes.update({number: _Change() for number in self._sizes})
        last = max(self._sizes, default=0)
        room = self._limits.cases_per_part - self._sizes.get(last, 0)
        for case in self._waiting.cases:
            known = self._part_of.get(case)
            if known is not None:
                changes[known].gone.append(case)
                changes[known].fresh.append(case)
                continue
            if room <= 0:
                last, room = last + 1, self._limits.cases_per_part
            changes[last].fresh.append(case)
            room -= 1
        return dict(changes)

    def _stage(self, target: Path, name: str, change: _Change, carried: tuple[str, ...]) -> None:
        schema = _schema(name, carried)
        old = table_folder(self._cohort, name) / target.name
        rewrite_part(
            old if old.exists() else None,
            target,
            without=change.gone,
            fresh=aligned(self._waiting.rows(name, change.fresh), schema),
            schema=schema,
        )

    def _commit(self, changes: Mapping[int, _Change], carried: tuple[str, ...]) -> None:
        """Take note of what is committed; from here on it is in the tables, come what may."""
        for number, change in changes.items():
            self._sizes[number] += len(change.fresh) - len(change.gone)
            self._part_of.update(dict.fromkeys(change.fresh, number))
        self._carried = carried
        self._waiting = _Waiting()


def _sync(folder: Path) -> None:
    """Have the names in a folder written to the disk; not every system can."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _one(tables: Sequence[ArrowTable]) -> ArrowTable:
    return pa.concat_tables(tables, promote_options="default").combine_chunks()


def _joined(carried: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*carried, *names} - set(CASES_TABLE.names)))


def _schema(name: str, carried: Iterable[str]) -> ArrowSchema:
    return arrow_schema(TABLES[name], carried if name == CASES else ())
