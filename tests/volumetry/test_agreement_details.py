"""Agreement of masks: reasons of what is absent, and quantiles that fall on an element's end."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, causes_of
from volumetry.agreement import compare_masks, quantile_mm
from volumetry.surface_elements import SurfaceDistances

GRID = Geometry((5, 6, 7), np.diag([1.0, 2.0, 3.0, 1.0]))
NOTHING, SOME = np.zeros(GRID.shape, np.bool_), np.zeros(GRID.shape, np.bool_)
SOME[1:3, 2:4, 3:5] = True


@pytest.mark.parametrize(
    ("prediction", "truth", "causes"),
    [
        (NOTHING, NOTHING, (Cause.MASKS_EMPTY,) * 4),
        (SOME, NOTHING, (Cause.TRUTH_EMPTY, None, Cause.TRUTH_EMPTY, None)),
        (NOTHING, SOME, (None, Cause.PREDICTION_EMPTY, Cause.PREDICTION_EMPTY, None)),
        (SOME, SOME, (None, None, None, None)),
    ],
)
def test_reasons__of_what_is_absent(prediction, truth, causes):
    found = compare_masks(prediction, truth, GRID, structure="liver", tolerance_mm=1.0)
    figures = (found.sensitivity, found.precision, found.hd95_mm, found.nsd)
    assert causes == tuple(next(iter(causes_of(f.reasons)), None) for f in figures)
    assert [cause is None for cause in causes] == [f.value is not None for f in figures]


@pytest.mark.parametrize("count", [20, 40, 60, 100, 200, 1000])
@pytest.mark.parametrize("area_mm2", [0.1, 0.3, 1.0, 0.7])
def test_quantile__an_end_that_is_met_but_for_rounding_is_met(count, area_mm2):
    way = SurfaceDistances(np.arange(float(count)), np.full(count, area_mm2))
    assert quantile_mm(way, 0.95) == 0.95 * count - 1


@pytest.mark.parametrize(("share", "expected"), [(0.5, 1.0), (0.51, 2.0), (0.25, 1.0), (1.0, 2.0)])
def test_quantile__of_two_elements_out_of_order(share, expected):
    way = SurfaceDistances(np.array([2.0, 1.0]), np.array([3.0, 3.0]))
    assert expected == quantile_mm(way, share)
