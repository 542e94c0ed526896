from math import inf, nan

import pytest
from hypothesis import given

from remnant.core.errors import InputError
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.testing.strategies import quantities


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (nan, 1.0), (0.0, nan), (0.0, inf)])
def test_interval__refuses(low, high):
    with pytest.raises(InputError, match="finite low <= high"):
        Interval(low, high)


def test_interval__is_closed():
    assert 1.0 in Interval(1.0, 2.0)
    assert 2.0 in Interval(1.0, 2.0)
    assert 2.0000001 not in Interval(1.0, 2.0)
    assert 0.9999999 not in Interval(1.0, 2.0)
    assert 5.0 in Interval(5.0, 5.0)


@pytest.mark.parametrize("reason", [None, ()])
def test_quantity__an_absence_needs_a_reason(reason):
    with pytest.raises(InputError, match="needs a reason"):
        Quantity(None, reasons=reason)


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_quantity__refuses_what_is_not_finite(value):
    with pytest.raises(InputError, match="finite"):
        Quantity(value)


def test_quantity__zero_is_a_measurement():
    assert Quantity(0.0).value == 0.0
    assert Quantity(0.0).reasons == ()


def test_absent__keeps_the_reason():
    quantity = Quantity.absent(Reason(Cause.NO_COUINAUD_MAP))

    assert quantity.value is None
    assert quantity.reasons == (Reason(Cause.NO_COUINAUD_MAP),)


def test_quantity__equal_by_value():
    first = Quantity(
        5.0, interval=Interval(4.0, 6.0), bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)
    )
    second = Quantity(
        5.0, interval=Interval(4.0, 6.0), bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)
    )

    assert first == second
    assert first != Quantity(5.0)


@given(quantity=quantities())
def test_quantities_strategy__keeps_the_promises_of_the_type(quantity):
    assert (quantity.value is not None) or quantity.reasons
    if quantity.interval is not None:
        assert quantity.value in quantity.interval


def test_quantity__indicative_value_needs_a_reason():
    with pytest.raises(InputError, match="reason"):
        Quantity(1.0, indicative=True)
    assert Quantity(1.0, indicative=True, reasons=Reason(Cause.LIVER_CUT)).indicative


EVEN = tuple(float(n) for n in range(11))


@pytest.mark.parametrize(
    ("limit", "probability"), [(-1.0, 1.0), (0.0, 1.0), (2.5, 0.75), (9.0, 0.1), (10.5, 0.0)]
)
def test_probability__between_quantiles(limit, probability):
    interval = Interval(0.5, 9.5, quantiles=EVEN)

    assert interval.probability(limit, inclusive=True) == pytest.approx(probability)


def test_probability__of_a_value_that_many_draws_share():
    interval = Interval(0.0, 2.0, quantiles=(0.0, 0.0, 0.0, 1.0, 2.0))

    assert interval.probability(0.0, inclusive=True) == 1.0
    assert interval.probability(0.0, inclusive=False) == 0.5
    assert interval.probability(2.0, inclusive=False) == 0.0


def test_probability__unknown_without_quantiles():
    assert Interval(0.0, 1.0).probability(0.5, inclusive=True) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"interval": None},
        {"bound": Bound.LOWER, "reasons": Reason(Cause.LIVER_CUT)},
        {"indicative": True, "reasons": Reason(Cause.LIVER_CUT)},
    ],
)
def test_quantity__no_probability_where_the_truth_may_lie_beyond(facts):
    interval = Interval(0.5, 9.5, quantiles=EVEN)

    assert Quantity(5.0, interval=interval).probability(5.0, inclusive=True) == pytest.approx(0.5)
    assert (
        Quantity(5.0, **({"interval": interval} | facts)).probability(5.0, inclusive=True) is None
    )


def test_interval__quantiles_are_not_compared():
    assert Interval(0.5, 9.5, quantiles=EVEN) == Interval(0.5, 9.5)
