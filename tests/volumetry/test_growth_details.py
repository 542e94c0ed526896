"""Growth: the interval of the ratio, and a threshold that is reached exactly."""

import numpy as np
import pytest

from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, causes_of
from volumetry.growth import (
    FlrDraws,
    GrowthRequest,
    StandardDraws,
    growth,
)
from volumetry.growth_time import weeks_to_reach

COUNT = 20_000
REMOVED = frozenset(map(CouinaudSegment, (5, 6, 7, 8)))
SEGMENTATION = UncertaintyPart.SEGMENTATION


def flr(value_ml, sd_ml, seed, **marks):
    draws = value_ml + sd_ml * np.random.default_rng(seed).standard_normal(COUNT)
    quantity = Quantity(value_ml, **marks)
    return FlrDraws(flr_ml=quantity, whole_ml=draws, alone_ml={SEGMENTATION: draws})


def grown(before, after, threshold=None):
    ones = np.ones(COUNT)
    certain = StandardDraws(stlv_ml=Quantity(1000.0), whole=ones, alone={SEGMENTATION: ones})
    request = GrowthRequest(
        removed=REMOVED, title="Right hemihepatectomy", weeks=2.0, threshold_sflr=threshold
    )
    return growth(before, after, certain, request)


def test_relative_hypertrophy__interval_holds_it_and_follows_both_scans():
    found = grown(flr(200.0, 4.0, 1), flr(300.0, 5.0, 2)).relative_hypertrophy_fraction
    sd = 1.5 * np.hypot(4.0 / 200.0, 5.0 / 300.0)
    assert found.value == pytest.approx(0.5)
    assert found.interval.median == pytest.approx(0.5, abs=0.003)
    ends = (0.5 - 1.645 * sd, 0.5 + 1.645 * sd)
    assert (found.interval.low, found.interval.high) == pytest.approx(ends, abs=0.005)
    assert found.interval.sds[SEGMENTATION] == pytest.approx(sd, rel=0.03)


def test_growth_per_day__interval_is_that_of_the_fraction_over_the_days():
    found = grown(flr(200.0, 4.0, 1), flr(300.0, 5.0, 2))
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
    why = "cut" if bound else None
    found = grown(flr(200.0, 1.0, 1), flr(300.0, 1.0, 2, bound=bound, reasons=why), 0.3)
    assert found.weeks_to_threshold.value is None
    assert (cause,) == causes_of(found.weeks_to_threshold.reasons)


def test_time__none_is_left_where_the_sflr_is_the_threshold_but_for_rounding():
    """526.215 / 1754.05 is 0.3; a sum of segments may miss it by units in the last place."""
    ones = np.ones(COUNT)
    certain = StandardDraws(stlv_ml=Quantity(1754.05), whole=ones, alone={SEGMENTATION: ones})
    request = GrowthRequest(removed=REMOVED, title="Any", weeks=2.0, threshold_sflr=0.3)
    summed_ml = 526.2149999999999
    assert summed_ml / 1754.05 < 0.3
    found = growth(flr(300.0, 1.0, 1), flr(summed_ml, 1.0, 2), certain, request)
    assert 0.3 == found.sflr.after.value
    assert found.weeks_to_threshold.value is None
    assert (Cause.THRESHOLD_REACHED,) == causes_of(found.weeks_to_threshold.reasons)


def test_time__endless_in_few_draws_keeps_its_ends_only():
    """Growth of 1.8 standard deviations: none in 3.6 % of the draws."""
    time = grown(flr(200.0, 10.0, 1), flr(225.5, 10.0, 2), 0.3).weeks_to_threshold
    assert not time.indicative
    assert np.isfinite((time.interval.low, time.interval.high)).all()
    assert time.interval.low < time.value < time.interval.high
    assert () == time.interval.quantiles
