"""Cases of one patient in the order of their time points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.cohort.followup_order import Visit, in_order
from remnant.cohort.outcomes import CaseStatus


def visits(**time_points):
    return [Visit(case=c, time_point=t, status=CaseStatus.DONE) for c, t in time_points.items()]


def order(placed):
    return [(one.visit.case, one.order, one.day) for one in placed]


def test_dates__are_ordered_by_date_and_counted_from_the_first():
    placed = in_order(visits(a="2024-03-01", b="2023-12-31", c="2024-02-29"))

    assert [("b", 1, 0.0), ("c", 2, 60.0), ("a", 3, 61.0)] == order(placed)
    assert not any(one.by_name for one in placed)


def test_days__are_ordered_by_number_not_by_text():
    placed = in_order(visits(a="90", b="0", c="week_2", d="100"))

    assert [("b", 1, 0.0), ("c", 2, 14.0), ("a", 3, 90.0), ("d", 4, 100.0)] == order(placed)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ({"a": "month10", "b": "month2", "c": "baseline"}, "cba"),
        ({"a": "2024-03-01", "b": "10"}, "ba"),
        ({"a": "later", "b": "10"}, "ba"),
    ],
)
def test_names__order_what_is_no_time_without_days(points, expected):
    placed = in_order(visits(**points))

    assert [*expected] == [one.visit.case for one in placed]
    assert all(one.day is None and one.by_name for one in placed)


def test_missing_time_point__has_no_place_among_several():
    placed = in_order(visits(a="", b="90", c="0", d=""))

    assert [("c", 1, 0.0), ("b", 2, 90.0), ("a", None, None), ("d", None, None)] == order(placed)


@pytest.mark.parametrize(("point", "day"), [("", None), ("2024-03-01", 0.0), ("first", None)])
def test_one_case__needs_no_time_point(point, day):
    (placed,) = in_order(visits(only=point))

    assert (1, day, False) == (placed.order, placed.day, placed.by_name)


def test_same_day__goes_by_name_of_the_case():
    assert [("a", 1, 0.0), ("b", 2, 0.0)] == order(in_order(visits(b="7", a="7")))


def test_nobody__has_no_order():
    assert () == in_order([])


@given(days=st.lists(st.integers(0, 999), min_size=2, max_size=6, unique=True), data=st.data())
def test_rows__may_come_in_any_order(days, data):
    known = visits(**{f"c{day}": str(day) for day in days})

    shuffled = in_order(data.draw(st.permutations(known)))

    assert [day - min(days) for day in sorted(days)] == [one.day for one in shuffled]
    assert in_order(known) == shuffled
