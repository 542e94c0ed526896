"""Parts of the intervals that round figures do not show."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.quantity import UncertaintyPart
from remnant.core.volumes import LabelMap
from remnant.testing.examples import EXAMPLE_ERRORS
from volumetry.measure import measure
from volumetry.propagation import Draws, Spread, joint_draws
from volumetry.uncertainty import interval_of, lesion_interval, ratio

II, V, VIII = CouinaudSegment.II, CouinaudSegment.V, CouinaudSegment.VIII
GRID = Geometry((24, 25, 26), np.diag([5.0, 5.0, 5.0, 1.0]))
KNOWN = Patient(height_cm=170.0, weight_kg=70.0)


def two_segments(patient=KNOWN):
    """Measure a block of liver: segment II left of V, one lesion in V, no other segment."""
    liver, segments, lesions = (np.zeros(GRID.shape, np.uint8) for _ in range(3))
    liver[2:-2, 2:-2, 2:-2] = 1
    segments[2:12, 2:-2, 2:-2], segments[12:-2, 2:-2, 2:-2] = II, V
    lesions[14:18, 5:10, 5:10] = 1
    return measure(
        LabelMap(liver, GRID, BINARY_SCHEME),
        LabelMap(lesions, GRID, INSTANCE_SCHEME),
        couinaud=LabelMap(segments, GRID, COUINAUD_SCHEME),
        patient=patient,
        error_model=EXAMPLE_ERRORS,
    )


@pytest.fixture(scope="module")
def report():
    return two_segments()


@pytest.mark.parametrize("segment", [II, V])
def test_segments__have_the_quantiles_of_their_own_draws(report, segment):
    draws, volumes = joint_draws(report), report.segments[segment]
    for found, sample in (
        (volumes.total_interval, draws.total_ml[segment]),
        (volumes.functional_interval, draws.functional_ml[segment]),
    ):
        ends = np.quantile(sample, (0.05, 0.95))
        assert (found.low, found.high) == pytest.approx(tuple(ends))
    gap_ml = volumes.total_interval.median - volumes.functional_interval.median
    assert gap_ml == pytest.approx(volumes.total_ml - volumes.functional_ml, abs=0.5)


def test_segments__one_without_a_voxel_has_no_interval(report):
    assert report.segments[VIII].total_interval is None
    assert report.segments[VIII].functional_interval is None


def test_standardised__interval_is_the_log_normal_of_its_value(report):
    stlv_ml = report.standardised.stlv_ml
    value, interval = stlv_ml.value, stlv_ml.interval
    tail = 1.6449 * EXAMPLE_ERRORS.formula_residual_fraction
    assert interval.low == pytest.approx(value * np.exp(-tail), rel=0.02)
    assert interval.high == pytest.approx(value * np.exp(tail), rel=0.02)
    assert interval.sds[UncertaintyPart.FORMULA] == pytest.approx(0.152 * value, rel=0.04)
    assert list(interval.quantiles) == sorted(interval.quantiles)
    assert interval.quantiles[0] < interval.low < interval.high < interval.quantiles[-1]
    assert stlv_ml.probability(value, inclusive=True) == pytest.approx(0.5, abs=0.02)


def test_standardised__absent_stays_absent():
    stlv_ml = two_segments(Patient()).standardised.stlv_ml
    assert (stlv_ml.value, stlv_ml.interval) == (None, None)
    assert "needs height and weight" in stlv_ml.reason


def test_standardised__certain_formula_has_no_interval():
    certain = replace(EXAMPLE_ERRORS, formula_residual_fraction=0.0)
    liver = LabelMap(np.pad(np.ones((5, 6, 7), np.uint8), 2), Geometry((9, 10, 11), np.eye(4)),
                     BINARY_SCHEME)  # fmt: skip
    found = measure(liver, None, couinaud=None, patient=KNOWN, error_model=certain)
    assert found.standardised.stlv_ml.interval is None
    assert found.standardised.stlv_ml.value > 0


@pytest.mark.parametrize(("defined", "known"), [(49, False), (50, True)])
def test_interval__half_of_the_draws_is_enough(defined, known):
    total_ml = np.zeros((9, 100))
    total_ml[0] = np.where(np.arange(100) < defined, np.arange(100.0), np.nan)
    draws = Draws(total_ml, np.zeros((9, 100)), np.ones(100))
    assert (interval_of(Spread(draws, {}), lambda d: d.tlv_ml) is not None) == known


def test_ratio__of_wholes_below_one_millilitre():
    np.testing.assert_array_equal(ratio(np.array((0.1, 0.5)), np.array((0.4, 0.5))), (0.25, 1.0))


@pytest.mark.parametrize("relative", [0.05, 0.5, 1.0, 2.0])
def test_lesion__sd_of_the_cube_is_exact_however_small_the_lesion(relative):
    """Gauss-Hermite quadrature of 8 points is exact for (1 + r z)⁶."""
    points, weights = np.polynomial.hermite_e.hermegauss(8)
    weights = weights / weights.sum()
    cubes = (1 + relative * points) ** 3
    expected = np.sqrt(weights @ cubes**2 - (weights @ cubes) ** 2)
    volume_ml = 2.0
    surface = relative * 3.0 * 1000.0 * volume_ml / EXAMPLE_ERRORS.lesion_boundary_mm
    interval = lesion_interval(volume_ml, surface, 0.0, EXAMPLE_ERRORS)
    assert interval.sds[UncertaintyPart.SEGMENTATION] == pytest.approx(volume_ml * expected)
