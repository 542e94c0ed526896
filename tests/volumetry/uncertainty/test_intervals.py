"""Intervals of figures made from draws, and of single lesions in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.reports import EXAMPLE_ERRORS
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.quantity import Interval, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import BurdenClass
from remnant.testing.phantom_shapes import Ball, digitise
from volumetry.measure import measure
from volumetry.standardised.body_facts import Fact
from volumetry.uncertainty.intervals import (
    TAIL_SCORE,
    interval_of,
    lesion_interval,
    ratio,
    spanned,
    varying,
    with_intervals,
)
from volumetry.uncertainty.joint_draws import Draws, Spread, joint_draws

PARTS = UncertaintyPart
NO_ERRORS = replace(
    EXAMPLE_ERRORS,
    liver_boundary_mm=0.0,
    lesion_boundary_mm=0.0,
    segment_border_mm=0.0,
    formula_residual_fraction=0.0,
)


def drawn(values, **alone):
    """A spread whose total volume of row 0 has these values."""

    def draws(numbers):
        total = np.zeros((9, len(numbers)))
        total[0] = numbers
        return Draws(total, np.zeros_like(total), np.ones(len(numbers)))

    return Spread(draws(values), {PARTS(name): draws(part) for name, part in alone.items()})


def tlv(draws):
    return draws.tlv_ml


def liver_with_a_lesion(radius_mm=12.0, *, whole=True, lesion_at=50.0, known=True):
    geometry = Geometry((70, 70, 70), np.diag([1.5, 1.5, 1.5, 1.0]))
    liver = digitise(Ball((52.0, 52.0, 52.0), 45.0), geometry)
    lesion = digitise(Ball((lesion_at, 50.0, 50.0), radius_mm), geometry) & liver
    if not whole:
        geometry, liver, lesion = (
            geometry.cropped((0, 0, 0), (70, 70, 40)), liver[..., :40], lesion[..., :40]
        )  # fmt: skip
    return measure(
        LabelMap(liver.astype(np.uint8), geometry, BINARY_SCHEME),
        LabelMap(lesion.astype(np.uint8), geometry, INSTANCE_SCHEME) if known else None,
        couinaud=None,
        patient=Patient(height_cm=175, weight_kg=80),
        error_model=EXAMPLE_ERRORS,
    )


def test_interval__quantiles_of_the_draws():
    values = np.random.default_rng(1).permutation(np.arange(1001.0))
    interval = interval_of(drawn(values, segmentation=3 * values, formula=np.full(1001, 5.0)), tlv)

    ends = (interval.low, interval.median, interval.high)
    assert (50.0, 500.0, 950.0) == pytest.approx(ends)
    assert {PARTS.SEGMENTATION: pytest.approx(3 * np.std(values), rel=5e-4)} == interval.sds
    assert interval.quantiles[0] == 0.0
    assert interval.quantiles[-1] == 1000.0
    assert interval.probability(250.0, inclusive=True) == pytest.approx(0.75)


def test_interval__of_no_width_where_nothing_varies():
    constant = np.full(100, 7.0)
    interval = interval_of(drawn(constant, segmentation=constant), tlv)
    assert (interval.low, interval.high, interval.sds) == (7.0, 7.0, {})
    assert interval.probability(7.0, inclusive=True) == 1.0
    assert interval.probability(7.0, inclusive=False) == 0.0
    assert varying(interval) is None
    assert varying(None) is None


@pytest.mark.parametrize(("defined", "expected"), [(40, False), (60, True)])
def test_interval__needs_half_of_the_draws(defined, expected):
    values = np.arange(100.0)
    values[defined:] = np.nan
    interval = interval_of(drawn(values), tlv)
    assert (interval is not None) == expected
    if expected:
        assert interval.high < defined


def test_ratio__undefined_without_a_whole():
    share = ratio(np.array((1.0, 2.0, 0.0)), np.array((2.0, 0.0, 5.0)))
    np.testing.assert_array_equal(share, (0.5, np.nan, 0.0))


def test_spanned__absent_stays_as_it_is():
    interval = Interval(1.0, 2.0)
    assert spanned(Quantity(0.0), interval).interval == interval
    absent = Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))
    assert spanned(absent, interval) == absent
    assert spanned(Quantity(1.5), interval).interval == interval


@given(radius=st.floats(2.0, 60.0), boundary=st.floats(0.05, 1.5))
def test_lesion__ball_moved_by_its_own_quantile(radius, boundary):
    volume_ml, surface = 4 / 3 * np.pi * radius**3 / 1e3, 4 * np.pi * radius**2
    model = replace(EXAMPLE_ERRORS, lesion_boundary_mm=boundary)
    interval = lesion_interval(volume_ml, surface, 0.0, model)
    ends = [
        4 / 3 * np.pi * max(radius + s * TAIL_SCORE * boundary, 0.0) ** 3 / 1e3 for s in (-1, 1)
    ]
    assert (interval.low, interval.high) == (
        pytest.approx(ends[0], abs=1e-12),
        pytest.approx(ends[1]),
    )
    assert interval.median == pytest.approx(volume_ml)
    assert set(interval.sds) == {PARTS.SEGMENTATION}


def test_lesion__sd_of_the_cube_of_a_normal():
    volume_ml, surface = 4.0, 1200.0
    interval = lesion_interval(volume_ml, surface, 0.5, EXAMPLE_ERRORS)
    normal = np.random.default_rng(2).standard_normal(400_000)
    for part, mm3 in ((PARTS.SEGMENTATION, 600.0), (PARTS.DISCRETISATION, np.sqrt(0.5 * surface))):
        drawn_ml = volume_ml * (1 + mm3 * normal / (3e3 * volume_ml)) ** 3
        assert interval.sds[part] == pytest.approx(np.std(drawn_ml), rel=0.01)


def test_lesion__vanishes_or_is_certain():
    assert lesion_interval(0.005, 20.0, 0.07, EXAMPLE_ERRORS).low == 0.0
    assert lesion_interval(1.0, 0.0, 0.07, EXAMPLE_ERRORS) is None
    assert lesion_interval(1.0, 400.0, 0.0, NO_ERRORS) is None


def test_lesion__closed_form_agrees_with_the_joint_draws():
    report = liver_with_a_lesion()
    (lesion,) = report.lesions
    sample = joint_draws(report).all_tumour_ml
    low, high = np.quantile(sample, (0.05, 0.95))
    assert lesion.volume_ml.interval.low == pytest.approx(low, rel=0.03)
    assert lesion.volume_ml.interval.high == pytest.approx(high, rel=0.03)


def test_report__every_figure_has_an_interval_around_its_value():
    report = liver_with_a_lesion()
    figures = (report.tlv_ml, report.functional_tlv_ml, report.tumour_ml, report.burden_fraction)
    for figure in (*figures, report.standardised.stlv_ml):
        assert figure.interval.low < figure.value < figure.interval.high
        assert figure.interval.low < figure.interval.median < figure.interval.high
    assert set(report.standardised.stlv_ml.interval.sds) == {PARTS.FORMULA}
    assert set(report.burden_fraction.interval.sds) == {PARTS.DISCRETISATION, PARTS.SEGMENTATION}
    assert report.burden_class_probabilities == {
        BurdenClass.UP_TO_10: 1.0,
        BurdenClass.OVER_10_TO_25: 0.0,
        BurdenClass.OVER_25_TO_50: 0.0,
        BurdenClass.OVER_50: 0.0,
    }


def test_report__intervals_are_a_function_of_the_report():
    report = liver_with_a_lesion()
    assert with_intervals(report) == report


def test_report__class_probabilities_are_shares_of_the_draws():
    report = liver_with_a_lesion(radius_mm=20.9)
    burden = ratio(*(getattr(joint_draws(report), n) for n in ("all_tumour_ml", "tlv_ml")))
    shares = report.burden_class_probabilities
    assert 0.1 < shares[BurdenClass.UP_TO_10] < 0.9
    assert shares[BurdenClass.UP_TO_10] == pytest.approx(np.mean(burden <= 0.1), abs=0.006)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_report__cut_liver_keeps_the_interval_of_what_is_seen():
    report = liver_with_a_lesion(whole=False)
    assert report.tlv_ml.bound is not None
    assert report.tlv_ml.interval.low < report.tlv_ml.value < report.tlv_ml.interval.high
    assert report.burden_fraction.indicative
    assert report.burden_fraction.interval is not None
    assert report.burden_class_probabilities is None


def test_report__nothing_found_has_nothing_uncertain():
    report = liver_with_a_lesion(radius_mm=0.1, lesion_at=50.4)
    assert report.tumour_ml == Quantity(0.0)
    assert (report.burden_fraction.interval.low, report.burden_fraction.interval.high) == (0.0, 0.0)
    assert report.burden_class_probabilities[BurdenClass.UP_TO_10] == 1.0
    unknown = liver_with_a_lesion(known=False)
    assert unknown.tumour_ml.value is None
    assert unknown.tumour_ml.interval is None


# Parts of the intervals that round figures do not show


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
    facts = (Fact.HEIGHT_CM, Fact.WEIGHT_KG)
    assert (reason(Cause.BODY_FACTS_MISSING, "mosteller1987", *facts),) == stlv_ml.reasons


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
