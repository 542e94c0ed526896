"""Remnants: what of the intervals belongs to which ratio, and edges of the rules."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.labels import RIGHT_LOBE, CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, causes_of, reasons_of
from remnant.core.volumetry_report import SegmentSource, SegmentVolumes, VolumetryReport
from remnant.testing.examples import EXAMPLE_BOUNDARIES, EXAMPLE_ERRORS, example_lesion
from volumetry.propagation import joint_draws
from volumetry.remnant import debulked_fraction, future_liver_remnant
from volumetry.standardised import standardised_volume

PATIENT = Patient(height_cm=180.0, weight_kg=80.0)
II, V = CouinaudSegment.II, CouinaudSegment.V
FORMULA = UncertaintyPart.FORMULA


def report(*, lesions=(), unassigned_ml=0.0, patient=PATIENT, each_ml=100.0):
    segments = {
        s: SegmentVolumes(
            total_ml=each_ml, functional_ml=each_ml, touches_edge=False, surface_mm2=10_000.0
        )
        for s in CouinaudSegment
    }
    whole = 8 * each_ml + unassigned_ml
    tumour = sum(lesion.volume_ml.value for lesion in lesions if lesion.counts)
    return VolumetryReport(
        tlv_ml=Quantity(whole + tumour),
        functional_tlv_ml=Quantity(whole),
        tumour_ml=Quantity(tumour),
        burden_fraction=Quantity(tumour / (whole + tumour)),
        burden_class=None,
        segments=segments,
        segments_reasons=(),
        segment_source=SegmentSource.GIVEN,
        unassigned_ml=unassigned_ml,
        lesions=tuple(lesions),
        standardised=standardised_volume(patient),
        boundaries=EXAMPLE_BOUNDARIES,
        error_model=EXAMPLE_ERRORS,
    )


def remnant(case, patient=PATIENT):
    return future_liver_remnant(case, patient=patient, removed=RIGHT_LOBE)


def test_intervals__only_the_standardised_ratio_has_the_formula_in_it():
    left = remnant(report())
    for quantity in (left.flr_ml, left.flr_measured_fraction, left.flr_body_weight_percent,
                     left.flr_ml_per_m2):  # fmt: skip
        assert FORMULA not in quantity.interval.sds
    assert left.sflr.interval.sds[FORMULA] == pytest.approx(0.152 * left.sflr.value, rel=0.04)


def test_intervals__of_ratios_to_a_body_are_those_of_the_remnant_over_it():
    left, flr = remnant(report()), remnant(report()).flr_ml.interval
    for quantity, body in ((left.flr_body_weight_percent, 800.0), (left.flr_ml_per_m2, 2.0)):
        ends = (quantity.interval.low, quantity.interval.median, quantity.interval.high)
        assert (flr.low / body, flr.median / body, flr.high / body) == pytest.approx(ends)


def test_intervals__of_the_standardised_ratio_are_its_joint_draws():
    case = report()
    draws = joint_draws(case)
    sample = draws.flr_ml(RIGHT_LOBE) / (case.standardised.stlv_ml.value * draws.formula_factor)
    ends = tuple(np.quantile(sample, (0.05, 0.95)))
    found = remnant(case).sflr
    assert ends == pytest.approx((found.interval.low, found.interval.high))
    assert found.probability(found.value, inclusive=True) == pytest.approx(0.5, abs=0.03)


def test_intervals__none_where_the_ratio_is_absent():
    left = remnant(report(patient=Patient()), patient=Patient())
    for quantity in (left.sflr, left.flr_body_weight_percent, left.flr_ml_per_m2):
        assert (quantity.value, quantity.interval) == (None, None)


@pytest.mark.parametrize(("unassigned_ml", "bound"), [(8.0, None), (8.001, Bound.LOWER)])
def test_unassigned__exactly_one_percent_is_tolerated(unassigned_ml, bound):
    case = report(unassigned_ml=unassigned_ml, each_ml=99.0)
    assert case.functional_tlv_ml.value == 8 * 99.0 + unassigned_ml
    found = remnant(case).flr_ml
    assert found.bound is bound
    assert (causes_of(found.reasons) == (Cause.LIVER_UNASSIGNED,)) == (bound is not None)


def test_debulked__lesions_after_a_rejected_one_still_count():
    lesions = (
        example_lesion(1, 50.0, segment_fractions={II: 1.0}, confirmation=Confirmation.REJECTED),
        example_lesion(2, 30.0, segment_fractions={V: 1.0}),
        example_lesion(3, 10.0, segment_fractions={II: 1.0}),
    )
    share = debulked_fraction(report(lesions=lesions), removed=RIGHT_LOBE)
    assert pytest.approx(0.75) == share.value
    assert share.interval.low < 0.75 < share.interval.high


def test_debulked__unknown_tumour_keeps_its_reason():
    known = reasons_of("the lesions were not drawn")
    unknown = replace(report(), tumour_ml=Quantity.absent(known))
    share = debulked_fraction(unknown, removed=RIGHT_LOBE)
    assert (share.value, share.reasons) == (None, known)


def test_debulked__lesion_without_place_belongs_to_no_share():
    lesions = (
        example_lesion(1, 50.0, segment_fractions=None),
        example_lesion(2, 30.0, segment_fractions={V: 0.5, II: 0.5}),
    )
    share = debulked_fraction(report(lesions=lesions), removed=RIGHT_LOBE)
    assert pytest.approx(0.5) == share.value
