"""Numbers and bounds as readers see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.wording.numbers import interval, millimetres, percent, plain, shown

LIMITS = (0.2, 0.3, 0.4, 0.7, 0.9)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"),
        (1234.6, "1235"),
        (56.31, "56.3"),
        (4.966, "4.97"),
        (0.004, "< 0.01"),
        (-0.001, "> −0.01"),
    ],
)
def test_plain__three_figures_and_nothing_reads_as_zero(value, expected):
    assert expected == plain(value)


@given(value=st.floats(1e-9, 1e6))
def test_plain__what_is_not_zero_never_reads_as_zero(value):
    text = plain(value)
    assert "<" in text or float(text) > 0


@given(limit=st.sampled_from(LIMITS), offset=st.floats(-0.01, 0.01))
def test_percent__keeps_its_side_of_every_limit(limit, offset):
    fraction = limit + (offset if abs(offset) > 1e-6 else 0.0)
    read = float(percent(fraction, LIMITS)) / 100.0
    assert (read > limit + 1e-12, read < limit - 1e-12) == (offset > 1e-6, offset < -1e-6)


def test_percent__one_decimal_where_nothing_is_near():
    assert "20.0" == percent(0.19996)
    assert "19.996" == percent(0.19996, LIMITS)
    assert "100.0" == percent(1.0)


def test_shown__bounds_and_absence():
    assert "≥\u202f1200" == shown(
        Quantity(1200.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))
    )
    assert "≤\u202f12.0" == shown(
        Quantity(0.12, bound=Bound.UPPER, reasons=Reason(Cause.LIVER_CUT)), fraction=True
    )
    assert "–" == shown(Quantity.absent(Reason(Cause.NO_RESECTION_NAMED)))
    assert "0" == shown(Quantity(0.0))
    assert "95–105" == interval(Quantity(100.0, interval=Interval(95.0, 105.0)))
    assert "" == interval(Quantity(100.0))


def test_millimetres__keeps_the_side_of_the_limit():
    assert "9.96 mm" == millimetres(9.96, beside=10.0)
    assert "10.0 mm" == millimetres(10.0, beside=10.0)
    assert "10.0 mm" == millimetres(9.96)
