"""Patients of a cohort who were scanned several times."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from remnant.cohort.followup_course import Course, follow_subject
from remnant.cohort.followup_order import Visit, in_order
from remnant.cohort.followup_rows import lesion_track_rows, time_point_rows
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
    progress: Progress = silent,
) -> FollowUp:
    """Follow every patient of a cohort and write the tables ``time_points`` and ``lesion_tracks``.

    Comparisons are kept under ``followup/`` and made again only where something changed.

    Parameters
    ----------
    cohort
        Folder of the cohort, with its table ``cases``.
    removed
        Segments of the resection whose remnant is followed (kinetic growth rate); ``None`` for
        none.
    progress
        Told of every patient.

    Raises
    ------
    InputError
        There is no table of cases, or something cannot be written.
    """
    visits, without_subject = visits_of(cohort)
    tally = _Tally()
    courses = tally.counting(_courses(cohort, visits, removed, progress))
    _write(cohort, courses)
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


def _courses(
    cohort: Path,
    visits: Mapping[str, Iterable[Visit]],
    removed: frozenset[CouinaudSegment] | None,
    progress: Progress,
) -> Iterator[Course]:
    for done, (subject, some) in enumerate(visits.items()):
        progress(STAGE, done, len(visits))
        yield follow_subject(cohort, subject, in_order(some), removed=removed)
    progress(STAGE, len(visits), len(visits))


def _write(cohort: Path, courses: Iterable[Course]) -> None:
    """Write both tables anew, patient by patient: no more than some rows are in memory."""
    with ExitStack() as stack:
        points, tracks = (
            stack.enter_context(_written(cohort, table)) for table in FOLLOWUP_TABLES.values()
        )
        for course in courses:
            points(time_point_rows(course))
            tracks(lesion_track_rows(course))


@contextmanager
def _written(
    cohort: Path, table: Table
) -> Iterator[Callable[[Iterable[Mapping[str, object]]], None]]:
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

    def counting(self, courses: Iterable[Course]) -> Iterator[Course]:
        """Hand courses on and count what they hold."""
        for course in courses:
            self.compared += course.compared
            self.reused += course.reused
            self.faults |= {(first, second): why for first, second, why in course.faults}
            for point in course.time_points:
                if point.response.response is not None:
                    self.responses[point.response.response] += 1
                    self.provisional += point.response.provisional
            yield course
