"""Changes between two scans where one figure is 0, and the seeds and draws behind them."""

from types import SimpleNamespace

import numpy as np
import pytest

from remnant.core.quantity import Quantity
from volumetry.change import change_of, relative_change, sample_interval, seeds


def scan(seed):
    return SimpleNamespace(error_model=SimpleNamespace(seed=seed))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(5, 5, (5, 6)), (5, 6, (5, 6)), (6, 5, (6, 5)), (2**32 - 1, 2**32 - 1, (2**32 - 1, 0))],
)
def test_seeds__two_scans_never_share_one(first, second, expected):
    assert expected == seeds(scan(first), scan(second))


def test_change__from_nothing_has_a_difference_and_no_ratio():
    change = change_of(Quantity(0.0), Quantity(5.0))
    assert change.difference.value == 5.0
    assert change.fraction.value is None
    assert "it was 0 in the first scan" in change.fraction.reason


@pytest.mark.parametrize(
    ("before", "after", "fraction"), [(1.0, 3.0, 2.0), (4.0, 0.0, -1.0), (0.5, 0.25, -0.5)]
)
def test_change__ratio_is_to_the_first_scan(before, after, fraction):
    assert fraction == relative_change(Quantity(before), Quantity(after)).value


def test_interval__of_finite_draws_can_be_asked_for_any_limit():
    interval = sample_interval(np.arange(1001.0))
    assert (interval.low, interval.median, interval.high) == pytest.approx((50.0, 500.0, 950.0))
    assert len(interval.quantiles) == 201
    assert interval.probability(250.0, inclusive=True) == pytest.approx(0.75)


def test_interval__of_draws_without_end_keeps_its_ends_only():
    draws = np.append(np.arange(1000.0), [np.inf] * 10)
    interval = sample_interval(draws)
    assert np.isfinite((interval.low, interval.median, interval.high)).all()
    assert interval.quantiles == ()
    assert sample_interval(np.append(np.arange(100.0), [np.inf] * 10)) is None


@pytest.mark.parametrize(("defined", "known"), [(49, False), (50, True)])
def test_interval__half_of_the_draws_is_enough(defined, known):
    draws = np.where(np.arange(100) < defined, np.arange(100.0), np.nan)
    assert (sample_interval(draws) is not None) == known
