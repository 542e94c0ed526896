"""When a study was made, as a manifest says it."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from remnant.core.errors import InputError

DAYS_A_WEEK: Final = 7.0
LONGEST_LABEL: Final = 40
MOST_DAYS: Final = 36500.0
COUNTED: Final = re.compile(r"(?:(?P<unit>day|week)_?)?(?P<number>-?\d{1,5}(?:\.\d{1,3})?)")
DATED: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
LABEL: Final = re.compile(rf"[^\W\d_][\w .+-]{{0,{LONGEST_LABEL - 1}}}")
ALLOWED: Final = (
    "a date such as 2024-03-15, a number of days such as 90 or day_90, of weeks such as week_12, "
    f"or a label that begins with a letter, of at most {LONGEST_LABEL} characters"
)


class TimeKind(StrEnum):
    """What a time point is: a day of the calendar, a count of days, or a name."""

    DATE = "date"
    DAYS = "days"
    LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePoint:
    """When a study was made.

    Parameters
    ----------
    kind
        Only time points of one kind can be set against each other.
    day
        Days since 0001-01-01 of a date; days since whatever the patient's are counted from
        otherwise, below 0 for earlier; ``None`` for a label, which has no place in time.
    text
        As it was written.
    """

    kind: TimeKind
    day: float | None
    text: str


def time_point_of(text: str) -> TimePoint:
    """Read a time point.

    Raises
    ------
    InputError
        It is neither a date, a number of days or weeks, nor a label.

    Examples
    --------
    >>> time_point_of("week_12").day, time_point_of("90").day
    (84.0, 90.0)
    """
    if DATED.fullmatch(text):
        return TimePoint(kind=TimeKind.DATE, day=_day_of_date(text), text=text)
    counted = COUNTED.fullmatch(text)
    if counted:
        days = float(counted["number"]) * (DAYS_A_WEEK if counted["unit"] == "week" else 1.0)
        if abs(days) <= MOST_DAYS:
            return TimePoint(kind=TimeKind.DAYS, day=days, text=text)
    elif LABEL.fullmatch(text):
        return TimePoint(kind=TimeKind.LABEL, day=None, text=text)
    raise InputError(f"time_point got {text[:LONGEST_LABEL]!r}; allowed is {ALLOWED}")


def _day_of_date(text: str) -> float:
    try:
        return float(date.fromisoformat(text).toordinal())
    except ValueError as fault:
        raise InputError(
            f"time_point got {text!r}, which is no day of the calendar; allowed is {ALLOWED}"
        ) from fault
