"""Patients of a cohort who were scanned several times."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from remnant.cohort.followup_course import follow_subject
from remnant.cohort.followup_order import Visit, in_order
from remnant.cohort.followup_rows import Row, lesion_track_rows, time_point_rows
from remnant.cohort.followup_tables import FOLLOWUP_TABLES
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.table_files import (
    PartWriter,
    arrow_rows,
    arrow_schema,
    part_name,
    read_table,
    table_folder,
)
from remnant.cohort.tables import Table
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.progress import Progress, silent
from remnant.core.response import Response
from remnant.io.atomic import atomic_path

COLUMNS: Final = ("case", "subject", "time_point", "status")
STAGE: Final = "following patients"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What came of following a cohort's patients.

    Parameters
    ----------
    subjects, time_points
        Patients, and their cases.
    several
        Patients with more than one case.
    without_subject
        Cases of nobody in particular: the manifest names no patient. They are not followed.
    compared, reused
        Comparisons that were made, and that were there.
    responses, provisional
        Cases by their response, the baselines apart, and how many of these are provisional.
    faults
        By the names of two cases (or of one, twice), why they could not be compared (or read).
    """

    subjects: int
    time_points: int
    several: int
    without_subject: int
    compared: int
    reused: int
    responses: Mapping[Response, int]
    provisional: int
    faults: Mapping[tuple[str, str], str]


def follow_up(
    cohort: Path,
    *,
    removed: frozenset[CouinaudSegment] | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> FollowUp:
    """Follow every patient of a cohort and write the tables ``time_points`` and ``lesion_tracks``.

    Comparisons are kept under ``followup/`` and made again only where something changed: a run
    that was killed goes on where it was.

    Parameters
    ----------
    cohort
        Folder of the cohort, with its table ``cases``.
    removed
        Segments of the resection whose remnant is followed (kinetic growth rate); ``None`` for
        none.
    workers
        Processes; with 1 all is done in this one.
    progress
        Told of every patient.

    Raises
    ------
    InputError
        There is no table of cases, the workers are less than 1, one of them was killed, or
        something cannot be written.
    """
    if workers < 1:
        raise InputError(f"{workers} workers; allowed is 1 or more")
    visits, without_subject = visits_of(cohort)
    tasks = [_Task(cohort, subject, some, removed) for subject, some in visits.items()]
    tally = _Tally()
    with _mapping(workers) as mapped:
        _write(cohort, tally.counting(mapped(_followed, tasks), progress, len(tasks)))
    return FollowUp(
        subjects=len(visits),
        time_points=sum(map(len, visits.values())),
        several=sum(len(some) > 1 for some in visits.values()),
        without_subject=without_subject,
        compared=tally.compared,
        reused=tally.reused,
        responses=dict(tally.responses),
        provisional=tally.provisional,
        faults=tally.faults,
    )


def visits_of(cohort: Path) -> tuple[Mapping[str, tuple[Visit, ...]], int]:
    """Return the cases of each patient, by pseudonym, and how many cases have no patient.

    Raises
    ------
    InputError
        There is no table of cases.
    """
    found: dict[str, list[Visit]] = {}
    without_subject = 0
    for row in read_table(cohort, "cases", COLUMNS).to_pylist():
        if row["subject"] is None:
            without_subject += 1
            continue
        visit = Visit(
            case=row["case"],
            time_point=row["time_point"] or "",
            status=CaseStatus(row["status"]),
        )
        found.setdefault(row["subject"], []).append(visit)
    return {subject: tuple(found[subject]) for subject in sorted(found)}, without_subject


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker is given: a patient."""

    cohort: Path
    subject: str
    visits: tuple[Visit, ...]
    removed: frozenset[CouinaudSegment] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Followed:
    """What a worker hands back: rows, and what they took."""

    time_points: tuple[Row, ...]
    lesion_tracks: tuple[Row, ...]
    comparisons: tuple[int, int]
    faults: tuple[tuple[str, str, str], ...]
    responses: tuple[tuple[Response, bool], ...]


def _followed(task: _Task) -> _Followed:
    course = follow_subject(task.cohort, task.subject, in_order(task.visits), removed=task.removed)
    found = (point.response for point in course.time_points)
    return _Followed(
        time_points=tuple(time_point_rows(course)),
        lesion_tracks=tuple(lesion_track_rows(course)),
        comparisons=(course.compared, course.reused),
        faults=course.faults,
        responses=tuple((one.response, one.provisional) for one in found if one.response),
    )


Mapped = Callable[[Callable[[_Task], _Followed], Iterable[_Task]], Iterator[_Followed]]


@contextmanager
def _mapping(workers: int) -> Iterator[Mapped]:
    """Give what maps patients to what came of them, in their order."""
    if workers == 1:
        yield map
        return
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool.map
    except BrokenProcessPool as fault:
        raise InputError(
            f"one of {workers} processes was ended from outside, for want of memory perhaps; run "
            f"the command again with fewer workers: comparisons that were made are kept"
        ) from fault


def _write(cohort: Path, patients: Iterable[_Followed]) -> None:
    """Write both tables anew, patient by patient: no more than some rows are in memory."""
    with ExitStack() as stack:
        points, tracks = (
            stack.enter_context(_written(cohort, table)) for table in FOLLOWUP_TABLES.values()
        )
        for patient in patients:
            points(patient.time_points)
            tracks(patient.lesion_tracks)


@contextmanager
def _written(cohort: Path, table: Table) -> Iterator[Callable[[Iterable[Row]], None]]:
    """Give what takes rows of a table; the old file or the new one stands in the end."""
    path = table_folder(cohort, table.name) / part_name(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = arrow_schema(table)
    with atomic_path(path) as temporary, PartWriter(temporary, schema) as writer:
        yield lambda rows: writer.add(arrow_rows(rows, schema))


@dataclass(slots=True)
class _Tally:
    compared: int = 0
    reused: int = 0
    responses: Counter[Response] = field(default_factory=Counter)
    provisional: int = 0
    faults: dict[tuple[str, str], str] = field(default_factory=dict)

    def counting(
        self, patients: Iterable[_Followed], progress: Progress, total: int
    ) -> Iterator[_Followed]:
        """Hand patients on, count what they took, and tell of each."""
        progress(STAGE, 0, total)
        for done, patient in enumerate(patients, start=1):
            compared, reused = patient.comparisons
            self.compared += compared
            self.reused += reused
            self.faults |= {(first, second): why for first, second, why in patient.faults}
            self.responses.update(response for response, _ in patient.responses)
            self.provisional += sum(provisional for _, provisional in patient.responses)
            yield patient
            progress(STAGE, done, total)
