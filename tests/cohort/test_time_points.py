"""Dates, counted days and labels are told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.cohort.time_points import LONGEST_LABEL, TimeKind, time_point_of
from remnant.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "kind", "day"),
    [
        ("2024-03-15", TimeKind.DATE, 738960.0),
        ("90", TimeKind.DAYS, 90.0),
        ("day_90", TimeKind.DAYS, 90.0),
        ("day0", TimeKind.DAYS, 0.0),
        ("day_-14", TimeKind.DAYS, -14.0),
        ("week_12", TimeKind.DAYS, 84.0),
        ("1.5", TimeKind.DAYS, 1.5),
        ("baseline", TimeKind.LABEL, None),
        ("ses-01", TimeKind.LABEL, None),
        ("Läsion vor OP", TimeKind.LABEL, None),
    ],
)
def test_time_point__is_of_a_kind_and_keeps_its_text(text, kind, day):
    found = time_point_of(text)

    assert (kind, day, text) == (found.kind, found.day, found.text)


@pytest.mark.parametrize(
    "text",
    [
        "15.03.2024",
        "2024-3-15",
        "2024-02-30",
        "2024/03/15",
        "12 weeks",
        "-",
        "99999",
        "a" * 41,
        "ä\n",
    ],
)
def test_time_point__what_is_none_is_refused(text):
    with pytest.raises(InputError, match=r"time_point got .*allowed is a date"):
        time_point_of(text)


@given(st.dates(), st.dates())
def test_dates__lie_as_many_days_apart_as_the_calendar_says(one, other):
    first, second = (time_point_of(day.isoformat()).day for day in (one, other))

    assert (other - one).days == second - first


@given(st.text(max_size=LONGEST_LABEL + 5))
def test_any_text__is_a_time_point_or_refused(text):
    try:
        found = time_point_of(text)
    except InputError:
        return
    assert (found.day is None) == (found.kind is TimeKind.LABEL)
