"""What two scans promise: growth that slows against a straight line through both."""

from math import exp, expm1, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.rules.growth import ALPPS_CROOME, PVE_TIME, TimeConstant
from planning.staging.growth_curve import grown, weeks_until
from planning.staging.measured_growth import growth_left, measured_forecast
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, causes_of, reason
from volumetry.growth.remnant_growth import (
    FlrDraws,
    GrowthRequest,
    StandardDraws,
    growth,
    weeks_to_reach,
)
from volumetry.uncertainty.intervals import sample_interval, spanned

COUNT = 40_000
STLV_ML = 1500.0
REMOVED = frozenset(map(CouinaudSegment, (5, 6, 7, 8)))
SEGMENTATION, FORMULA = UncertaintyPart.SEGMENTATION, UncertaintyPart.FORMULA
SLOW = TimeConstant(days=28.0, low_days=28.0, high_days=28.0, first_days=7.0, derivation="example")


def scan(value_ml, sd_ml, seed, **marks):
    draws = value_ml + sd_ml * np.random.default_rng(seed).standard_normal(COUNT)
    still = np.full(COUNT, value_ml)
    return FlrDraws(
        flr_ml=Quantity(value_ml, **marks),
        whole_ml=draws,
        alone_ml={SEGMENTATION: draws, FORMULA: still},
    )


def measured(first, second, *, weeks=4.0, threshold=0.3, sd_ml=5.0, formula_sd=0.0, marks=None):
    """Growth between two remnants given as sFLR of 1500 mL, with errors of the volumes."""
    factor = np.exp(formula_sd * np.random.default_rng(99).standard_normal(COUNT))
    scans = [
        scan(sflr * STLV_ML, sd_ml, seed, **(marks or {}))
        for seed, sflr in ((1, first), (2, second))
    ]
    if sd_ml:
        scans = [
            FlrDraws(
                flr_ml=spanned(one.flr_ml, sample_interval(one.whole_ml, one.alone_ml)),
                whole_ml=one.whole_ml,
                alone_ml=one.alone_ml,
            )
            for one in scans
        ]
    standard = StandardDraws(
        stlv_ml=Quantity(STLV_ML),
        whole=factor,
        alone={SEGMENTATION: np.ones(COUNT), FORMULA: factor},
    )
    request = GrowthRequest(
        removed=REMOVED, title="Right hemihepatectomy", weeks=weeks, threshold_sflr=threshold
    )
    return growth(*scans, standard, request)


@given(
    response=st.floats(0.05, 2.0),
    begin=st.floats(0.0, 60.0),
    weeks=st.floats(0.5, 12.0),
    tau=st.floats(2.0, 30.0),
)
def test_growth_left__two_points_of_the_curve_give_its_end(response, begin, weeks, tau):
    """Whenever the first scan was taken, what is left follows from the gain and the time."""
    first, second = (
        grown(300.0, response, days=days, tau_days=tau) for days in (begin, begin + 7 * weeks)
    )
    end = 300.0 * (1 + response)

    left = float(growth_left(second - first, weeks_so_far=weeks, tau_days=tau))
    assert end - second == pytest.approx(left, abs=1e-6)


@pytest.mark.parametrize(("pace", "line"), [(0.025, 3.2), (0.020, 4.0), (0.03, 8 / 3)])
def test_worked_examples__end_before_30_percent_where_growth_slows(pace, line):
    """22 % after two weeks: a line reaches 30 % in 3.2, 4 and 2.67 weeks, the curve never does.

    2 weeks are 14 / 9.66 = 1.449 time constants: 1 / (e^1.449 − 1) = 0.307 of the gain is left,
    at most 1.8 points of the 8 that are missing.
    """
    left = float(growth_left(2.0 * pace, weeks_so_far=2.0, tau_days=PVE_TIME.days))

    assert 0.307 == pytest.approx(left / (2.0 * pace), abs=0.001)
    assert line == pytest.approx(float(weeks_to_reach(0.22, pace, 0.30)))
    assert np.isinf(float(weeks_until(0.30 - 0.22, left, PVE_TIME.days)))


@given(
    gain=st.floats(0.001, 0.3),
    weeks=st.floats(0.5, 12.0),
    missing=st.floats(0.0, 0.2),
    tau=st.floats(2.0, 60.0),
)
def test_curve__is_never_sooner_than_the_line(gain, weeks, missing, tau):
    left = growth_left(gain, weeks_so_far=weeks, tau_days=tau)

    line = float(weeks_to_reach(0.2, gain / weeks, 0.2 + missing))
    assert line <= float(weeks_until(missing, left, tau)) + 1e-9


def test_forecast__in_closed_form():
    """18 to 24 % in two weeks, time constant 28 days: 6 / (e^0.5 − 1) = 9.25 points are left.

    Of these 6 are missing: −4 ln(1 − 6 / 9.25) = 4.18 weeks, and 2 weeks on a straight line.
    """
    found = measured_forecast(measured(0.18, 0.24, weeks=2.0), time=SLOW)

    left = 0.06 / expm1(0.5)
    assert 0.24 + left == pytest.approx(found.sflr_at_end.value)
    assert -4 * log(1 - 0.06 / left) == pytest.approx(found.weeks_to_threshold.value)
    assert 2.0 == pytest.approx(found.linear_weeks.value)
    assert found.weeks_to_threshold.interval.low < found.weeks_to_threshold.value
    assert 0.95 < found.probability <= 1.0


def test_forecast__interval_of_the_end_holds_both_scans():
    """End is b + (a − b)(1 + r), r = 1 / (e^0.5 − 1): its SD is 5 √((1 + r)² + r²) / 1500."""
    found = measured_forecast(measured(0.18, 0.24, weeks=2.0), time=SLOW)

    rest = 1 / expm1(0.5)
    half = 1.6449 * 5.0 * np.hypot(1 + rest, rest) / STLV_ML
    width = found.sflr_at_end.interval.high - found.sflr_at_end.interval.low
    assert 2 * half == pytest.approx(width, rel=0.03)


def test_forecast__the_formula_widens_it():
    """A log-normal factor of 15 % on a certain end of 33.25 %."""
    found = measured_forecast(
        measured(0.18, 0.24, weeks=2.0, sd_ml=0.01, formula_sd=0.15), time=SLOW
    )

    end = 0.24 + 0.06 / expm1(0.5)
    assert end * exp(1.6449 * 0.15) == pytest.approx(found.sflr_at_end.interval.high, rel=0.03)
    assert 0.2 < 1.0 - found.probability < 0.3


def test_forecast__not_before_a_week_after_the_first_scan():
    """18 to 24 % in 3 days: the curve passes 24.5 % on day 4, the constant rests on day 7."""
    growth_of_both = measured(0.18, 0.24, weeks=3 / 7, threshold=0.245, sd_ml=0.1)
    found = measured_forecast(growth_of_both, time=SLOW).weeks_to_threshold

    assert (4 / 7, Bound.UPPER) == (pytest.approx(found.value), found.bound)
    assert reason(Cause.BEFORE_FIRST_LOOK, 4 / 7) == found.reasons[-1]


def test_forecast__a_second_scan_after_a_week_may_be_followed_at_once():
    """9.25 points are left after two weeks; half a point takes −4 ln(1 − 0.5 / 9.25) weeks."""
    growth_of_both = measured(0.18, 0.24, weeks=2.0, threshold=0.245, sd_ml=0.1)
    found = measured_forecast(growth_of_both, time=SLOW).weeks_to_threshold

    left = 0.06 / expm1(0.5)
    assert -4 * log(1 - 0.005 / left) == pytest.approx(found.value)
    assert found.bound is None


def test_forecast__says_where_it_ends_below():
    found = measured_forecast(measured(0.18, 0.24))

    left = 0.06 / expm1(28 / PVE_TIME.days)
    assert found.weeks_to_threshold.value is None
    (below,) = found.weeks_to_threshold.reasons
    assert Cause.SLOWING_ENDS_BELOW is below.cause
    assert (0.24 + left, 0.3) == pytest.approx(below.amounts)
    assert 4.0 == pytest.approx(found.linear_weeks.value)
    assert found.probability < 0.05


def test_forecast__other_time_constant():
    growth_of_both = measured(0.18, 0.24, weeks=1.0)
    quick = measured_forecast(growth_of_both, time=ALPPS_CROOME.time)
    slow = measured_forecast(growth_of_both)
    assert quick.sflr_at_end.value < slow.sflr_at_end.value


def test_forecast__certain_volumes_have_no_probability():
    assert measured_forecast(measured(0.18, 0.24, sd_ml=0.0)).probability is None


def test_forecast__zero_weeks_where_it_is_reached():
    for first in (0.18, 0.32, 0.35):
        found = measured_forecast(measured(first, 0.32, sd_ml=1.0))
        assert found.weeks_to_threshold.value == 0.0


@pytest.mark.parametrize(
    ("first", "second", "options", "cause"),
    [
        (0.18, 0.24, {"weeks": None}, Cause.NO_TIME_BETWEEN),
        (0.24, 0.24, {"sd_ml": 0.0}, Cause.NO_GROWTH),
        (0.24, 0.20, {"sd_ml": 0.0}, Cause.NO_GROWTH),
        (0.24, 0.245, {}, Cause.GROWTH_WITHIN_ERROR),
        (
            0.18,
            0.24,
            {"marks": {"bound": Bound.LOWER, "reasons": Reason(Cause.LIVER_CUT)}},
            Cause.REMNANT_CUT,
        ),
        (
            0.18,
            0.24,
            {"marks": {"indicative": True, "reasons": Reason(Cause.LIVER_CUT)}},
            Cause.REMNANT_CUT,
        ),
    ],
)
def test_forecast__absent_with_its_reason(first, second, options, cause):
    found = measured_forecast(measured(first, second, **options))

    assert found.sflr_at_end.value is None
    assert found.weeks_to_threshold.value is None
    assert cause is found.weeks_to_threshold.reasons[0].cause
    assert found.probability is None


def test_forecast__without_body_size_says_so():
    standard = StandardDraws(
        stlv_ml=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)),
        whole=np.ones(COUNT),
        alone={SEGMENTATION: np.ones(COUNT), FORMULA: np.ones(COUNT)},
    )
    request = GrowthRequest(removed=REMOVED, title="x", weeks=2.0, threshold_sflr=0.3)
    found = measured_forecast(growth(scan(270.0, 5, 1), scan(360.0, 5, 2), standard, request))

    for quantity in (found.sflr_at_end, found.weeks_to_threshold):
        assert Cause.BRIEF_BODY_SIZE in causes_of(quantity.reasons)


def test_forecast__without_a_threshold_the_end_alone():
    found = measured_forecast(measured(0.18, 0.24, threshold=None))

    assert (Cause.NO_THRESHOLD,) == causes_of(found.weeks_to_threshold.reasons)
    assert found.sflr_at_end.value > 0.24
    assert found.probability is None
