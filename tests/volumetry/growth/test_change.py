"""Changes between two scans where one figure is 0, and the seeds and draws behind them."""

from types import SimpleNamespace

import numpy as np
import pytest

from remnant.core.quantity import Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, causes_of, reason
from volumetry.growth.change import (
    change_of,
    distinct_seeds,
    relative_change,
    seeds,
    varying_interval,
)

SEGMENTATION = UncertaintyPart.SEGMENTATION


def scan(seed):
    return SimpleNamespace(error_model=SimpleNamespace(seed=seed))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(5, 5, (5, 6)), (5, 6, (5, 6)), (6, 5, (6, 5)), (2**32 - 1, 2**32 - 1, (2**32 - 1, 0))],
)
def test_seeds__two_scans_never_share_one(first, second, expected):
    assert expected == seeds(scan(first), scan(second))


def test_seeds__of_several_scans_all_differ():
    assert (5, 6, 7, 3) == distinct_seeds(map(scan, (5, 5, 6, 3)))


def test_change__from_nothing_has_a_difference_and_no_ratio():
    change = change_of(Quantity(0.0), Quantity(5.0))
    assert change.difference.value == 5.0
    assert change.fraction.value is None
    assert (Cause.ZERO_BEFORE,) == causes_of(change.fraction.reasons)


@pytest.mark.parametrize(
    ("before", "after", "fraction"), [(1.0, 3.0, 2.0), (4.0, 0.0, -1.0), (0.5, 0.25, -0.5)]
)
def test_change__ratio_is_to_the_first_scan(before, after, fraction):
    assert fraction == relative_change(Quantity(before), Quantity(after)).value


def test_interval__of_what_does_not_vary_is_none():
    assert varying_interval(np.full(100, 3.0), {SEGMENTATION: np.full(100, 3.0)}) is None
    drawn = np.arange(1001.0)
    interval = varying_interval(drawn, {SEGMENTATION: drawn})
    assert (interval.low, interval.median, interval.high) == pytest.approx((50.0, 500.0, 950.0))
    assert interval.probability(250.0, inclusive=True) == pytest.approx(0.75)


def test_note__stands_on_the_change_beside_the_reasons_of_both_figures():
    one, two, care = (
        (Reason(Cause.FORMULA_IN_GRAMS),),
        (Reason(Cause.FORMULA_UNVERIFIED),),
        (Reason(Cause.BODY_SIZE_ASSUMED),),
    )
    change = change_of(Quantity(4.0, reasons=one), Quantity(5.0, reasons=two), note=care)
    of_scans = reason(Cause.FIRST_SCAN, because=one), reason(Cause.SECOND_SCAN, because=two)
    assert [(*of_scans, *care)] * 2 == [change.difference.reasons, change.fraction.reasons]
    assert (one, two) == (change.before.reasons, change.after.reasons)
