"""Changes of a liver's volumes and the pace of its tumour."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from examples.series import ball, measured
from remnant.core.errors import ImplausibleValueError
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, causes_of, reason
from volumetry.growth.change import paired_spreads
from volumetry.growth.volume_changes import doubling_days, tumour_pace, volume_changes

SMALL, LARGE = ball(1, 40.0), ball(1, 40.0 * 2 ** (1 / 3))
UNKNOWN = reason(Cause.LESIONS_UNKNOWN)


def paced(before, after, days):
    reports = before.report, after.report
    return tumour_pace(volume_changes(*reports), paired_spreads(*reports), days)


def test_changes__of_a_tumour_that_doubled():
    found = volume_changes(measured(SMALL).report, measured(LARGE).report)

    volume_ml = SMALL.volume_ml.value
    assert volume_ml == pytest.approx(found.tumour_ml.difference.value)
    assert 1.0 == pytest.approx(found.tumour_ml.fraction.value)
    assert volume_ml / 1500.0 == pytest.approx(found.burden_fraction.difference.value)
    assert -volume_ml == pytest.approx(found.functional_tlv_ml.difference.value)
    assert 0.0 == found.tlv_ml.difference.value
    for change in (found.tumour_ml, found.burden_fraction, found.functional_tlv_ml):
        assert change.difference.value in change.difference.interval


def test_pace__of_a_tumour_that_doubled_in_100_days():
    found = paced(measured(SMALL), measured(LARGE), 100.0)

    assert log(2) == pytest.approx(found.specific_growth_percent_per_day.value)
    assert 100.0 == pytest.approx(found.doubling_days.value)
    around = found.doubling_days.interval
    assert around.low < 100.0 < around.high
    assert SMALL.volume_ml.value / 100 == pytest.approx(found.tumour_ml_per_day.value)
    assert found.burden_points_per_day.value == pytest.approx(SMALL.volume_ml.value / 1500)
    assert found.functional_tlv_ml_per_day.value < 0


def test_pace__interval_of_the_rate_in_closed_form():
    """ln of a volume is off by its surface times the boundary's error over it, for each scan."""
    errors = {"lesion_boundary_mm": 0.1, "draws": 20_000}
    growth = paced(measured(SMALL, **errors), measured(LARGE, **errors), 50.0)
    around = growth.specific_growth_percent_per_day.interval

    relative = [6 * 0.1 / length for length in (40.0, 40.0 * 2 ** (1 / 3))]
    half = 1.6449 * 100 * np.hypot(*relative) / 50
    assert half == pytest.approx((around.high - around.low) / 2, rel=0.05)


def test_doubling__is_absent_where_growth_is_not_shown():
    same = paced(measured(SMALL), measured(SMALL), 100.0)
    shrunk = paced(measured(LARGE), measured(SMALL), 100.0)
    little = paced(measured(SMALL), measured(ball(1, 40.5)), 100.0)

    assert (Cause.NO_GROWTH,) == causes_of(same.doubling_days.reasons)
    assert (Cause.NO_GROWTH,) == causes_of(shrunk.doubling_days.reasons)
    assert (Cause.GROWTH_NOT_SHOWN,) == causes_of(little.doubling_days.reasons)
    assert little.specific_growth_percent_per_day.value > 0
    assert -log(2) == pytest.approx(shrunk.specific_growth_percent_per_day.value)


def test_doubling__ends_and_bounds_change_sides():
    rate = Quantity(
        2.0, interval=Interval(1.0, 4.0), bound=Bound.LOWER, reasons=(reason(Cause.LIVER_CUT),)
    )
    found = doubling_days(rate)

    assert 50 * log(2) == pytest.approx(found.value)
    assert (25 * log(2), 100 * log(2)) == pytest.approx((found.interval.low, found.interval.high))
    assert Bound.UPPER is found.bound
    assert doubling_days(Quantity(2.0)).interval is None
    assert doubling_days(Quantity.absent(UNKNOWN)).reasons == (UNKNOWN,)


def test_pace__without_tumour_has_no_rate_and_a_slope():
    for before, after in ((measured(), measured(SMALL)), (measured(SMALL), measured())):
        found = paced(before, after, 10.0)
        assert found.specific_growth_percent_per_day.value is None
        assert found.doubling_days.value is None
        change = SMALL.volume_ml.value / 10
        assert change == pytest.approx(abs(found.tumour_ml_per_day.value))


def test_pace__without_time_is_absent():
    found = paced(measured(SMALL), measured(LARGE), None)

    assert (Cause.NO_TIME_BETWEEN,) == causes_of(found.tumour_ml_per_day.reasons)
    assert found.doubling_days.value is found.burden_points_per_day.value is None
    for days in (0.0, -3.0, float("inf"), float("nan")):
        with pytest.raises(ImplausibleValueError, match="above 0"):
            paced(measured(SMALL), measured(LARGE), days)


def test_unknown_lesions__change_nothing_that_is_known():
    report = replace(
        measured().report,
        tumour_ml=Quantity.absent(UNKNOWN),
        burden_fraction=Quantity.absent(UNKNOWN),
    )
    found = volume_changes(report, measured(SMALL).report)

    assert found.tumour_ml.difference.value is None
    assert 0.0 == found.tlv_ml.difference.value


def test_exponential_growth__has_one_rate_over_any_part_of_it():
    lengths = [30.0 * exp(0.01 * day / 3) for day in (0, 30, 90)]
    scans = [measured(ball(1, length)) for length in lengths]

    rates = [
        paced(scans[i], scans[j], days).specific_growth_percent_per_day.value
        for i, j, days in ((0, 1, 30.0), (1, 2, 60.0), (0, 2, 90.0))
    ]
    assert [1.0] * 3 == pytest.approx(rates)
