"""Courses of a cohort's subjects: best change of the burden, and curves over time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remnant.core.cohort_figures import CohortFigures, SubjectAtTime
from remnant.core.units import percent_from_fraction
from remnant.pictures.bland_altman import signed
from remnant.pictures.cohort_plots import Curves, Waterfall, curves, waterfall

DAYS_PER_MONTH: Final = 30.4375
FEWEST_TIMES: Final = 2


@dataclass(frozen=True, slots=True)
class Courses:
    """What the courses show.

    Parameters
    ----------
    subjects
        Subjects with at least two cases.
    best
        Waterfall of the best change of the burden in percent of the first; ``None`` for none.
    without_change
        Subjects whose change cannot be told: no burden at first, or at no later time.
    new_tumour
        Those of them that had none at first and some later: no percent says so.
    burden, functional
        Curves in percent and mL over months; ``None`` where no subject has any.
    """

    subjects: int
    best: Waterfall | None
    without_change: int
    new_tumour: int
    burden: Curves | None
    functional: Curves | None


def view_courses(figures: CohortFigures) -> Courses | None:
    """Return the courses of subjects with several cases; ``None`` where there is none."""
    by_subject: dict[str, list[SubjectAtTime]] = {}
    for entry in sorted(figures.course, key=lambda one: (one.subject, one.day, one.case)):
        by_subject.setdefault(entry.subject, []).append(entry)
    several = {s: times for s, times in by_subject.items() if len(times) >= FEWEST_TIMES}
    if not several:
        return None
    changes = list(_changes(several))
    return Courses(
        subjects=len(several),
        best=waterfall(changes) if changes else None,
        without_change=len(several) - len(changes),
        new_tumour=sum(map(_is_new, several.values())),
        burden=_curves(several, _burden_percent),
        functional=_curves(several, lambda time: time.functional_tlv_ml),
    )


def best_change(times: Sequence[SubjectAtTime]) -> float | None:
    """Return the lowest later burden minus the first, in parts of the first.

    ``None`` where the first is absent or 0, or no later one is known.
    """
    first, *later = (time.burden_fraction for time in times)
    known = [burden for burden in later if burden is not None]
    return min(known) / first - 1.0 if first and known else None


def _changes(several: Mapping[str, Sequence[SubjectAtTime]]) -> Iterator[tuple[float, str, str]]:
    for subject, times in several.items():
        change = best_change(times)
        if change is not None:
            percent = percent_from_fraction(change)
            yield percent, f"{subject}: {signed(percent)} %", "less" if change < 0 else "more"


def _is_new(times: Sequence[SubjectAtTime]) -> bool:
    first, *later = (time.burden_fraction for time in times)
    return first == 0.0 and any(later)


def _burden_percent(time: SubjectAtTime) -> float | None:
    burden = time.burden_fraction
    return None if burden is None else percent_from_fraction(burden)


def _curves(
    several: Mapping[str, Sequence[SubjectAtTime]],
    value_of: Callable[[SubjectAtTime], float | None],
) -> Curves | None:
    courses = {
        subject: [
            (time.day / DAYS_PER_MONTH, value)
            for time in times
            if (value := value_of(time)) is not None
        ]
        for subject, times in several.items()
    }
    return curves(courses) if any(courses.values()) else None
