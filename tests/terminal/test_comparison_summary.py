"""Rows of growth in the terminal: a straight line, and a curve that slows."""

import io

import numpy as np
import pytest
from rich.console import Console

from planning.staging.measured_growth import measured_forecast
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity, UncertaintyPart
from remnant.terminal.comparison_summary import GROWTH_COLUMNS, _table
from remnant.view.comparison_view import growth_rows, slowing_rows
from volumetry.growth.remnant_growth import FlrDraws, GrowthRequest, StandardDraws, growth
from volumetry.uncertainty.intervals import sample_interval, spanned

DRAWS = 4000
STLV_ML = 1500.0


def scan(sflr, seed):
    value_ml = sflr * STLV_ML
    draws = value_ml + 5.0 * np.random.default_rng(seed).standard_normal(DRAWS)
    alone = {UncertaintyPart.SEGMENTATION: draws}
    flr_ml = spanned(Quantity(value_ml), sample_interval(draws, alone))
    return FlrDraws(flr_ml=flr_ml, whole_ml=draws, alone_ml=alone)


def measured(first, second, *, threshold):
    still = np.ones(DRAWS)
    standard = StandardDraws(
        stlv_ml=Quantity(STLV_ML), whole=still, alone={UncertaintyPart.SEGMENTATION: still}
    )
    request = GrowthRequest(
        removed=frozenset({CouinaudSegment.V}), title="", weeks=1.0, threshold_sflr=threshold
    )
    return growth(scan(first, 1), scan(second, 2), standard, request)


def printed(growth):
    table = _table(GROWTH_COLUMNS, tuple(growth_rows(growth)))
    console = Console(file=io.StringIO(), width=120)
    console.print(table)
    return console.file.getvalue().splitlines()


def test_growth_table__the_curve_stands_below_the_line_and_takes_longer():
    found = measured(0.20, 0.28, threshold=0.30)
    rows = printed(found)
    at = next(n for n, row in enumerate(rows) if "30 % sFLR, if linear" in row)
    assert rows[at + 1].startswith("to 30 % sFLR, slowing")
    assert rows[at + 2].startswith("sFLR in the end")

    forecast = measured_forecast(found)
    assert forecast.weeks_to_threshold.value > found.weeks_to_threshold.value
    assert f"{forecast.weeks_to_threshold.value:.2f} weeks after the second scan" in rows[at + 1]
    assert f"{100 * forecast.sflr_at_end.value:.1f} %" in rows[at + 2]


def test_growth_table__a_threshold_beyond_the_end_is_not_reached():
    (title, weeks, _), (_, end, _) = slowing_rows(measured(0.20, 0.22, threshold=0.40), 0.40)
    assert ("to 40 % sFLR, slowing", "not reached") == (title, weeks)
    assert 22.0 < float(end.removesuffix(" %")) < 40.0


@pytest.mark.parametrize(("second", "threshold"), [(0.2, 0.3), (0.29, None)])
def test_growth_table__nothing_is_promised_where_nothing_grew_or_was_asked(second, threshold):
    rows = printed(measured(0.2, second, threshold=threshold))
    assert any("relative hypertrophy" in row for row in rows)
    assert not any("slowing" in row or "in the end" in row for row in rows)
