"""Growth of a remnant: worked examples, bounds, and intervals against closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import ImplausibleValueError, InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, causes_of, reason
from remnant.core.volumetry_report import StandardisedVolume
from volumetry.growth.change import multiplied
from volumetry.growth.remnant_growth import (
    FlrDraws,
    GrowthRequest,
    StandardDraws,
    common_standard,
    growth,
    no_growth,
    weeks_to_reach,
)

COUNT = 40_000
STLV_ML = 1500.0
Z90 = 1.6448536
SEGMENTATION, FORMULA = UncertaintyPart.SEGMENTATION, UncertaintyPart.FORMULA
REMOVED = frozenset(map(CouinaudSegment, (5, 6, 7, 8)))


def flr(value_ml, *, sd_ml=0.0, seed=0, bound=None, indicative=False, why=None):
    noise = sd_ml * np.random.default_rng(seed).standard_normal(COUNT)
    quantity = (
        Quantity.absent(why)
        if value_ml is None
        else Quantity(value_ml, bound=bound, indicative=indicative, reasons=why)
    )
    draws = (value_ml or 0.0) + noise
    still = np.full(COUNT, value_ml or 0.0)
    return FlrDraws(flr_ml=quantity, whole_ml=draws, alone_ml={SEGMENTATION: draws, FORMULA: still})


def standard(value_ml=STLV_ML, *, sd=0.0, why=None):
    factor = np.exp(sd * np.random.default_rng(99).standard_normal(COUNT))
    quantity = (
        Quantity(value_ml, reasons=why)
        if value_ml
        else Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))
    )
    return StandardDraws(
        stlv_ml=quantity, whole=factor, alone={SEGMENTATION: np.ones(COUNT), FORMULA: factor}
    )


def grown(before, after, *, weeks=3.0, threshold=None, stlv=None):
    request = GrowthRequest(
        removed=REMOVED, title="Right hemihepatectomy", weeks=weeks, threshold_sflr=threshold
    )
    return growth(before, after, stlv or standard(), request)


def test_worked_example__18_to_30_percent_in_21_days_is_4_points_a_week():
    found = grown(flr(0.18 * STLV_ML), flr(0.30 * STLV_ML), weeks=21 / 7)

    assert 12.0 == pytest.approx(found.degree_of_hypertrophy_sflr_points.value)
    assert 4.0 == pytest.approx(found.kgr_sflr_points_per_week.value)
    assert 180 / 21 == pytest.approx(found.growth_ml_per_day.value)
    assert 2 / 3 == pytest.approx(found.relative_hypertrophy_fraction.value)
    assert 100 * (2 / 3) / 21 == pytest.approx(found.growth_percent_of_first_flr_per_day.value)
    assert (0.18, 0.30) == pytest.approx((found.sflr.before.value, found.sflr.after.value))


def test_worked_example__480_of_1500_is_32_percent():
    assert 0.32 == pytest.approx(grown(flr(300.0), flr(480.0)).sflr.after.value)


@pytest.mark.parametrize(
    ("sflr", "rate", "weeks"),
    [(0.22, 0.025, 3.2), (0.22, 0.020, 4.0), (0.22, 0.03, 8 / 3)],
)
def test_worked_examples__weeks_to_30_percent(sflr, rate, weeks):
    assert weeks == pytest.approx(float(weeks_to_reach(sflr, rate, 0.30)))


def test_time_to_threshold__from_the_second_scan_at_the_measured_pace():
    """0.17 to 0.22 in two weeks is 0.025 a week: 3.2 more weeks."""
    found = grown(flr(0.17 * STLV_ML), flr(0.22 * STLV_ML), weeks=2, threshold=0.30)

    assert 3.2 == pytest.approx(found.weeks_to_threshold.value)
    assert Cause.PACE_SLOWS in causes_of(found.weeks_to_threshold.reasons)


@pytest.mark.parametrize(
    ("before", "after", "weeks", "threshold", "why"),
    [
        (0.20, 0.30, 2, 0.30, reason(Cause.THRESHOLD_REACHED, 0.3, 0.3)),
        (0.25, 0.25, 2, 0.30, reason(Cause.NO_GROWTH)),
        (0.25, 0.22, 2, 0.30, reason(Cause.NO_GROWTH)),
        (0.20, 0.25, None, 0.30, reason(Cause.NO_TIME_BETWEEN)),
        (0.20, 0.25, 2, None, reason(Cause.NO_THRESHOLD)),
    ],
)
def test_time_to_threshold__absent_with_its_reason(before, after, weeks, threshold, why):
    found = grown(flr(before * STLV_ML), flr(after * STLV_ML), weeks=weeks, threshold=threshold)

    assert found.weeks_to_threshold.value is None
    assert (why,) == found.weeks_to_threshold.reasons


def test_without_weeks__no_rate_but_the_degree():
    found = grown(flr(300.0), flr(390.0), weeks=None)

    assert 6.0 == pytest.approx(found.degree_of_hypertrophy_sflr_points.value)
    for rate in (
        found.kgr_sflr_points_per_week,
        found.growth_ml_per_day,
        found.growth_percent_of_first_flr_per_day,
    ):
        assert rate.value is None
        assert (Cause.NO_TIME_BETWEEN,) == causes_of(rate.reasons)


def test_without_body_size__millilitres_but_no_points():
    found = grown(flr(300.0), flr(390.0), stlv=standard(None), threshold=0.4)
    bodiless = (reason(Cause.BOTH_SCANS, because=(Reason(Cause.BRIEF_BODY_SIZE),)),)

    assert 90.0 / 21 == pytest.approx(found.growth_ml_per_day.value)
    assert found.sflr.before.value is None
    assert found.kgr_sflr_points_per_week.value is None
    assert bodiless == found.kgr_sflr_points_per_week.reasons
    assert bodiless == found.weeks_to_threshold.reasons


def test_unknown_segments__everything_is_absent():
    found = grown(flr(None, why=Reason(Cause.SEGMENTS_UNKNOWN)), flr(390.0), threshold=0.4)
    unknown = (reason(Cause.FIRST_SCAN, because=(Reason(Cause.SEGMENTS_UNKNOWN),)),)

    for quantity in (found.flr_ml.difference, found.sflr.difference, found.growth_ml_per_day,
                     found.relative_hypertrophy_fraction, found.weeks_to_threshold):  # fmt: skip
        assert quantity.value is None
        assert unknown == quantity.reasons


def test_interval__holds_the_errors_of_both_scans():
    """Two independent normals: the difference has the root of the sum of squares."""
    found = grown(flr(300.0, sd_ml=20, seed=1), flr(450.0, sd_ml=15, seed=2), weeks=4)

    half = Z90 * np.hypot(20, 15)
    difference = found.flr_ml.difference
    kgr = found.kgr_sflr_points_per_week
    assert 150 - half == pytest.approx(difference.interval.low, abs=1.0)
    assert 150 + half == pytest.approx(difference.interval.high, abs=1.0)
    assert 25.0 == pytest.approx(difference.interval.sds[SEGMENTATION], rel=0.02)
    assert 2.5 == pytest.approx(kgr.value)
    assert half / 60 == pytest.approx((kgr.interval.high - kgr.interval.low) / 2, rel=0.02)
    assert kgr.interval.low < kgr.interval.median < kgr.interval.high


def test_interval__one_formula_error_for_both_scans():
    """With exact volumes a wrong standard scales the degree, it does not add to it."""
    found = grown(flr(300.0), flr(450.0), stlv=standard(sd=0.15))

    degree = found.degree_of_hypertrophy_sflr_points
    assert 10.0 * np.exp(-Z90 * 0.15) == pytest.approx(degree.interval.low, rel=0.01)
    assert 10.0 * np.exp(Z90 * 0.15) == pytest.approx(degree.interval.high, rel=0.01)
    assert [FORMULA] == list(degree.interval.sds)
    assert found.flr_ml.difference.interval is None


def test_time__is_absent_where_growth_cannot_be_told_from_none():
    """A gain of one standard deviation: 16 % of the draws do not grow, a line through it is noise.

    20 ± 1.645 × 20 mL of 1500 mL are −0.86 to 3.53 points.
    """
    first, second = flr(300.0, sd_ml=14.142, seed=1), flr(320.0, sd_ml=14.142, seed=2)

    found = grown(first, second, threshold=0.3).weeks_to_threshold

    assert found.value is None
    assert (Cause.GROWTH_WITHIN_ERROR,) == causes_of(found.reasons)
    assert (-0.0086, 0.0353) == pytest.approx(found.reasons[0].amounts, abs=1e-3)


def test_time__has_an_interval_where_growth_is_sure():
    sure = grown(flr(300.0, sd_ml=5, seed=1), flr(360.0, sd_ml=5, seed=2), threshold=0.3)

    assert sure.weeks_to_threshold.interval.low < sure.weeks_to_threshold.value
    assert sure.weeks_to_threshold.value < sure.weeks_to_threshold.interval.high
    assert (Cause.PACE_SLOWS,) == causes_of(sure.weeks_to_threshold.reasons)


@pytest.mark.parametrize(
    ("gain", "ends", "why"),
    [
        (0.01, None, None),
        (0.01, (0.001, 0.02), None),
        (0.01, (0.0, 0.02), reason(Cause.GROWTH_WITHIN_ERROR, 0.0, 0.02)),
        (0.01, (-0.01, 0.03), reason(Cause.GROWTH_WITHIN_ERROR, -0.01, 0.03)),
        (0.0, None, reason(Cause.NO_GROWTH)),
        (-0.01, (-0.02, -0.001), reason(Cause.NO_GROWTH)),
    ],
)
def test_no_growth__unless_the_interval_lies_above_zero(gain, ends, why):
    difference = Quantity(gain, interval=ends and Interval(*ends))

    assert why == no_growth(difference)


@pytest.mark.parametrize(
    ("before", "after", "rate", "time"),
    [
        (None, Bound.LOWER, Bound.LOWER, Bound.UPPER),
        (Bound.LOWER, None, Bound.UPPER, Bound.LOWER),
        (None, Bound.UPPER, Bound.UPPER, Bound.LOWER),
        (Bound.UPPER, None, Bound.LOWER, Bound.UPPER),
        (Bound.LOWER, Bound.UPPER, Bound.UPPER, Bound.LOWER),
    ],
)
def test_bounds__carry_to_the_rate_and_turn_for_the_time(before, after, rate, time):
    found = grown(
        flr(300.0, bound=before, why=before and Reason(Cause.LIVER_CUT)),
        flr(390.0, bound=after, why=after and Reason(Cause.LIVER_CUT)),
        threshold=0.4,
    )

    assert rate == found.kgr_sflr_points_per_week.bound == found.relative_hypertrophy_fraction.bound
    assert time == found.weeks_to_threshold.bound


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"value_ml": 500.0},
            {"value_ml": 400.0, "bound": Bound.LOWER, "why": Reason(Cause.LIVER_CUT)},
        ),
        (
            {"value_ml": 300.0},
            {"value_ml": 800.0, "bound": Bound.UPPER, "why": Reason(Cause.LESIONS_UNKNOWN)},
        ),
        (
            {"value_ml": 300.0},
            {"value_ml": 800.0, "indicative": True, "why": Reason(Cause.LIVER_CUT)},
        ),
    ],
)
def test_time_to_threshold__is_not_known_where_a_scan_does_not_show_the_remnant(before, after):
    """A smaller part of a cut remnant is no shrinking, an upper bound is no reaching."""
    found = grown(flr(**before), flr(**after), threshold=0.4)

    assert found.weeks_to_threshold.value is None
    assert (Cause.GROWTH_NOT_SHOWN,) == causes_of(found.weeks_to_threshold.reasons)


def test_bounds__in_both_directions_are_indicative():
    cut = {"bound": Bound.LOWER, "why": Reason(Cause.LIVER_CUT)}

    both = grown(flr(300.0, **cut), flr(390.0, **cut), threshold=0.4)
    one = grown(flr(300.0, indicative=True, why=Reason(Cause.LIVER_CUT)), flr(390.0), threshold=0.4)

    for found in (both, one):
        assert found.kgr_sflr_points_per_week.indicative
        assert found.weeks_to_threshold.value is None
    assert (
        reason(Cause.BOTH_SCANS, because=(Reason(Cause.LIVER_CUT),)),
    ) == both.flr_ml.difference.reasons


@given(
    before=st.floats(50, 900), after=st.floats(50, 900), weeks=st.floats(0.1, 60)
)  # fmt: skip
def test_exchange__turns_the_sign_of_what_is_a_difference(before, after, weeks):
    forth = grown(flr(before), flr(after), weeks=weeks)
    back = grown(flr(after), flr(before), weeks=weeks)

    for name in ("kgr_sflr_points_per_week", "growth_ml_per_day"):
        assert getattr(forth, name).value == pytest.approx(-getattr(back, name).value)
    product = (1 + forth.relative_hypertrophy_fraction.value) * (
        1 + back.relative_hypertrophy_fraction.value
    )
    assert 1.0 == pytest.approx(product)


@pytest.mark.parametrize("weeks", [0.0, -3.0, float("nan"), float("inf"), 1041.0])
def test_weeks__out_of_range_are_refused(weeks):
    with pytest.raises(ImplausibleValueError, match="above 0 to 1040"):
        GrowthRequest(removed=REMOVED, title="x", weeks=weeks)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 30.0, -0.1, float("nan")])
def test_threshold__is_a_fraction(threshold):
    with pytest.raises(ImplausibleValueError, match="a fraction between 0 and 1"):
        GrowthRequest(removed=REMOVED, title="x", threshold_sflr=threshold)


def standardised(value_ml, formula="vauthey2002_bsa", bsa="mosteller"):
    stlv = (
        Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)) if value_ml is None else Quantity(value_ml)
    )
    return StandardisedVolume(
        formula=formula, bsa_formula=bsa, stlv_ml=stlv, bsa_m2=Quantity(1.9), source="s",
        population="p",
    )  # fmt: skip


def test_standard__one_for_both_or_refused():
    one = standardised(1500.0)

    assert 1500.0 == common_standard(one, standardised(1500.0)).value
    assert (Reason(Cause.BRIEF_BODY_SIZE),) == common_standard(one, standardised(None)).reasons
    for other in (
        standardised(1490.0),
        standardised(1500.0, formula="urata1995"),
        standardised(1500.0, bsa="dubois"),
    ):
        with pytest.raises(InputError, match="same body size and formula"):
            common_standard(one, other)


def test_multiplied__interval_and_parts_too():
    found = grown(flr(300.0, sd_ml=20, seed=1), flr(450.0)).flr_ml.difference
    twice = multiplied(found, 2.0)

    assert 2 * found.interval.low == twice.interval.low
    assert 2 * found.interval.sds[SEGMENTATION] == twice.interval.sds[SEGMENTATION]
    assert twice.probability(400.0, inclusive=True) == pytest.approx(
        found.probability(200.0, inclusive=True)
    )


# Growth: the interval of the ratio, and a threshold that is reached exactly


FEWER = 20_000


def noisy(value_ml, sd_ml, seed, **marks):
    draws = value_ml + sd_ml * np.random.default_rng(seed).standard_normal(FEWER)
    quantity = Quantity(value_ml, **marks)
    return FlrDraws(flr_ml=quantity, whole_ml=draws, alone_ml={SEGMENTATION: draws})


def grew(before, after, threshold=None):
    ones = np.ones(FEWER)
    certain = StandardDraws(stlv_ml=Quantity(1000.0), whole=ones, alone={SEGMENTATION: ones})
    request = GrowthRequest(
        removed=REMOVED, title="Right hemihepatectomy", weeks=2.0, threshold_sflr=threshold
    )
    return growth(before, after, certain, request)


def test_relative_hypertrophy__interval_holds_it_and_follows_both_scans():
    found = grew(noisy(200.0, 4.0, 1), noisy(300.0, 5.0, 2)).relative_hypertrophy_fraction
    sd = 1.5 * np.hypot(4.0 / 200.0, 5.0 / 300.0)
    assert found.value == pytest.approx(0.5)
    assert found.interval.median == pytest.approx(0.5, abs=0.003)
    ends = (0.5 - 1.645 * sd, 0.5 + 1.645 * sd)
    assert (found.interval.low, found.interval.high) == pytest.approx(ends, abs=0.005)
    assert found.interval.sds[SEGMENTATION] == pytest.approx(sd, rel=0.03)


def test_growth_per_day__interval_is_that_of_the_fraction_over_the_days():
    found = grew(noisy(200.0, 4.0, 1), noisy(300.0, 5.0, 2))
    fraction = found.relative_hypertrophy_fraction.interval
    per_day = found.growth_percent_of_first_flr_per_day.interval
    assert per_day.low == pytest.approx(100 * fraction.low / 14)
    assert per_day.high == pytest.approx(100 * fraction.high / 14)


@pytest.mark.parametrize("rate", [-0.02, 0.0, 0.02])
def test_time__none_is_needed_where_the_threshold_is_met_exactly(rate):
    assert float(weeks_to_reach(0.3, rate, 0.3)) == 0.0


@pytest.mark.parametrize("rate", [-0.02, 0.0])
def test_time__endless_without_growth(rate):
    assert np.isinf(float(weeks_to_reach(0.29, rate, 0.3)))


@pytest.mark.parametrize(
    ("bound", "cause"),
    [
        (Bound.UPPER, Cause.GROWTH_NOT_SHOWN),
        (Bound.LOWER, Cause.THRESHOLD_REACHED),
        (None, Cause.THRESHOLD_REACHED),
    ],
)
def test_time__threshold_met_exactly_by_a_bound(bound, cause):
    why = Reason(Cause.LIVER_CUT) if bound else None
    found = grew(noisy(200.0, 1.0, 1), noisy(300.0, 1.0, 2, bound=bound, reasons=why), 0.3)
    assert found.weeks_to_threshold.value is None
    assert (cause,) == causes_of(found.weeks_to_threshold.reasons)


def test_time__none_is_left_where_the_sflr_is_the_threshold_but_for_rounding():
    """526.215 / 1754.05 is 0.3; a sum of segments may miss it by units in the last place."""
    ones = np.ones(FEWER)
    certain = StandardDraws(stlv_ml=Quantity(1754.05), whole=ones, alone={SEGMENTATION: ones})
    request = GrowthRequest(removed=REMOVED, title="Any", weeks=2.0, threshold_sflr=0.3)
    summed_ml = 526.2149999999999
    assert summed_ml / 1754.05 < 0.3
    found = growth(noisy(300.0, 1.0, 1), noisy(summed_ml, 1.0, 2), certain, request)
    assert 0.3 == found.sflr.after.value
    assert found.weeks_to_threshold.value is None
    assert (Cause.THRESHOLD_REACHED,) == causes_of(found.weeks_to_threshold.reasons)


def test_time__endless_in_few_draws_keeps_its_ends_only():
    """Growth of 1.8 standard deviations: none in 3.6 % of the draws."""
    time = grew(noisy(200.0, 10.0, 1), noisy(225.5, 10.0, 2), 0.3).weeks_to_threshold
    assert not time.indicative
    assert np.isfinite((time.interval.low, time.interval.high)).all()
    assert time.interval.low < time.value < time.interval.high
    assert () == time.interval.quantiles
