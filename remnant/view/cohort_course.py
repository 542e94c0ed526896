"""Courses of a cohort's subjects: best change of the burden, and curves over time."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remnant.core.cohort_figures import CohortFigures, SubjectAtTime
from remnant.core.units import percent_from_fraction
from remnant.pictures.bland_altman import signed
from remnant.pictures.cohort_plots import Curves, Waterfall, curves, waterfall
from remnant.view.cohort_spreads import Stack, shares_of
from remnant.wording.cohort import EVENT_WORDS
from remnant.wording.responses import RESPONSE_WORDS

DAYS_PER_MONTH: Final = 30.4375
FEWEST_TIMES: Final = 2
LOOKS: Final = 12
RESPONSES: Final = {response.value: words for response, words in RESPONSE_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Courses:
    """What the courses show.

    Parameters
    ----------
    subjects
        Subjects with at least two cases.
    changed
        Subjects whose change of the burden is known.
    best
        Waterfall of the best change of the burden in percent of the baseline's; ``None`` for none.
    without_change
        Subjects whose change cannot be told: no burden at the baseline, or none known later.
    new_tumour
        Those of them that had none at the baseline and some later: no percent says so.
    responses
        Subjects by the response of their last case, of the liver alone; ``None`` where none has
        any. ``provisional`` counts those on which a reader has still to speak.
    events
        Lesions by what became of them; ``None`` where none was followed.
    burden, functional
        Curves in percent and mL over months; ``None`` where no subject has any.
    """

    subjects: int
    changed: int
    best: Waterfall | None
    without_change: int
    new_tumour: int
    responses: Stack | None
    provisional: int
    events: Stack | None
    burden: Curves | None
    functional: Curves | None


def view_courses(figures: CohortFigures) -> Courses | None:
    """Return the courses of subjects with several cases; ``None`` where there is none."""
    by_subject: dict[str, list[SubjectAtTime]] = {}
    for entry in sorted(figures.course, key=lambda one: (one.subject, one.order)):
        by_subject.setdefault(entry.subject, []).append(entry)
    several = {s: times for s, times in by_subject.items() if len(times) >= FEWEST_TIMES}
    if not several:
        return None
    changes = list(_changes(several))
    last = [times[-1] for times in several.values() if times[-1].response]
    return Courses(
        subjects=len(several),
        changed=len(changes),
        best=waterfall(changes) if changes else None,
        without_change=len(several) - len(changes),
        new_tumour=sum(map(_is_new, several.values())),
        responses=_stack(RESPONSES, Counter(time.response for time in last)),
        provisional=sum(time.provisional for time in last),
        events=_stack(EVENT_WORDS, figures.events),
        burden=_curves(several, _burden_percent, from_zero=True),
        functional=_curves(several, lambda time: time.functional_tlv_ml, from_zero=False),
    )


def since_baseline(
    times: Sequence[SubjectAtTime],
) -> tuple[float | None, tuple[float, ...]]:
    """Return the burden at the baseline, ``None`` without one, and the known ones after it."""
    places = [place for place, time in enumerate(times) if time.baseline]
    if not places:
        return None, ()
    later = (time.burden_fraction for time in times[places[0] + 1 :])
    return times[places[0]].burden_fraction, tuple(one for one in later if one is not None)


def best_change(times: Sequence[SubjectAtTime]) -> float | None:
    """Return the lowest later burden minus that of the baseline, in parts of the latter.

    ``None`` where the latter is absent or 0, or no later one is known.
    """
    first, later = since_baseline(times)
    return min(later) / first - 1.0 if first and later else None


def _changes(several: Mapping[str, Sequence[SubjectAtTime]]) -> Iterator[tuple[float, str, str]]:
    for subject, times in several.items():
        change = best_change(times)
        if change is not None:
            percent = percent_from_fraction(change)
            yield percent, f"{subject}: {signed(percent)} %", "less" if change < 0 else "more"


def _is_new(times: Sequence[SubjectAtTime]) -> bool:
    first, later = since_baseline(times)
    return first == 0.0 and any(later)


def _stack(words: Mapping[str, str], found: Mapping[str, int]) -> Stack | None:
    """Return a bar of counts in the order of their words, others after them; ``None`` for none."""
    if not any(found.values()):
        return None
    names = [*words, *sorted(set(found) - set(words))]
    shares = shares_of(
        (words.get(name, name), f"e{place % LOOKS + 1}", found.get(name, 0))
        for place, name in enumerate(names)
    )
    return Stack("", sum(found.values()), shares)


def _burden_percent(time: SubjectAtTime) -> float | None:
    burden = time.burden_fraction
    return None if burden is None else percent_from_fraction(burden)


def _curves(
    several: Mapping[str, Sequence[SubjectAtTime]],
    value_of: Callable[[SubjectAtTime], float | None],
    *,
    from_zero: bool,
) -> Curves | None:
    courses = {
        subject: [
            (time.day / DAYS_PER_MONTH, value)
            for time in times
            if (value := value_of(time)) is not None and time.day is not None
        ]
        for subject, times in several.items()
    }
    return curves(courses, from_zero=from_zero) if any(courses.values()) else None
