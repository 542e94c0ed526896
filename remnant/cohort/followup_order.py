"""The cases of one patient in the order of their time points."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.time_points import TimeKind, TimePoint, time_point_of

NUMBERS: Final = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A case of a patient.

    Parameters
    ----------
    case
        Its name.
    time_point
        When, as the manifest says it; empty where it does not.
    status
        How it ended.
    """

    case: str
    time_point: str
    status: CaseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedVisit:
    """A case with its place among those of its patient.

    Parameters
    ----------
    visit
        The case.
    order
        Its place, from 1; ``None`` where nothing says when it was and it is not the only one.
    day
        Days since the patient's first time point; ``None`` where these are no times.
    by_name
        Whether the names of the time points gave the order.
    """

    visit: Visit
    order: int | None
    day: float | None
    by_name: bool = False


def in_order(visits: Iterable[Visit]) -> tuple[PlacedVisit, ...]:
    """Put the cases of one patient in order; those without a time point come last, unplaced.

    Dates are ordered as dates and numbers of days as numbers. Where one patient has both, or
    labels, their texts decide, numbers in them by size, and there are no days. Cases of one time
    point follow each other by name.
    """
    known = sorted(visits, key=lambda visit: visit.case)
    if len(known) == 1:
        return (PlacedVisit(visit=known[0], order=1, day=_only_day(known[0])),)
    timed = [(visit, time_point_of(visit.time_point)) for visit in known if visit.time_point]
    lacking = [visit for visit in known if not visit.time_point]
    by_name = not _are_times([point for _, point in timed])
    timed.sort(key=lambda one: _by_name(one[1].text) if by_name else one[1].day or 0.0)
    first = None if by_name or not timed else timed[0][1].day
    placed = [
        PlacedVisit(visit=visit, order=order, day=_since(first, point), by_name=by_name)
        for order, (visit, point) in enumerate(timed, start=1)
    ]
    unplaced = [PlacedVisit(visit=visit, order=None, day=None) for visit in lacking]
    return (*placed, *unplaced)


def _only_day(visit: Visit) -> float | None:
    if not visit.time_point or time_point_of(visit.time_point).day is None:
        return None
    return 0.0


def _are_times(points: Sequence[TimePoint]) -> bool:
    """Tell whether all are dates, or all numbers of days."""
    kinds = {point.kind for point in points}
    return len(kinds) == 1 and TimeKind.LABEL not in kinds


def _since(first: float | None, point: TimePoint) -> float | None:
    return None if first is None or point.day is None else point.day - first


def _by_name(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return what texts are ordered by: ``month2`` goes before ``month10``."""
    parts = NUMBERS.split(text.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)
