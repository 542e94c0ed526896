"""Future liver remnants against numbers worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from examples.reports import EXAMPLE_BOUNDARIES, EXAMPLE_ERRORS, example_lesion
from remnant.core.errors import InputError
from remnant.core.labels import RIGHT_LOBE, CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, causes_of, reason
from remnant.core.volumetry_report import (
    BurdenClass,
    SegmentSource,
    SegmentVolumes,
    StandardisedVolume,
    VolumetryReport,
)
from volumetry.remnant import debulked_fraction, future_liver_remnant
from volumetry.standardised.expected_volume import standardised_volume
from volumetry.uncertainty.joint_draws import joint_draws

II, IV, V, VIII = (CouinaudSegment(n) for n in (2, 4, 5, 8))
FUNCTIONAL_ML = dict(zip(CouinaudSegment, (20, 80, 100, 150, 200, 250, 300, 400), strict=True))
PATIENT = Patient(weight_kg=75)


def lesion(number, volume_ml, shares, confirmation=Confirmation.AUTOMATIC):
    return example_lesion(number, volume_ml, segment_fractions=shares, confirmation=confirmation)


LESIONS = (
    lesion(1, 60.0, {V: 0.5, VIII: 0.5}),
    lesion(2, 40.0, {II: 1.0}),
    lesion(3, 900.0, {IV: 1.0}, Confirmation.REJECTED),
)


def report(
    *, cut=(), unassigned_ml=0.0, lesions=LESIONS, stlv_ml=None, bsa_m2=None, tlv_bound=None,
    functional_ml=FUNCTIONAL_ML, known=True,
):  # fmt: skip
    segments = {
        s: SegmentVolumes(total_ml=ml, functional_ml=ml, touches_edge=s in cut)
        for s, ml in functional_ml.items()
    }
    functional = sum(functional_ml.values()) + unassigned_ml
    tlv_bound = Bound.LOWER if cut else tlv_bound
    return VolumetryReport(
        tlv_ml=Quantity(
            functional + 100,
            bound=tlv_bound,
            reasons=Reason(Cause.LIVER_CUT) if tlv_bound else None,
        ),
        functional_tlv_ml=Quantity(functional),
        tumour_ml=Quantity(100.0),
        burden_fraction=Quantity(0.0625),
        burden_class=BurdenClass.UP_TO_10,
        segments=segments if known else None,
        segments_reasons=() if known else (reason(Cause.NO_COUINAUD_MAP),),
        segment_source=SegmentSource.GIVEN if known else None,
        unassigned_ml=unassigned_ml,
        lesions=lesions,
        standardised=StandardisedVolume(
            formula="vauthey2002_bsa",
            bsa_formula="mosteller1987",
            stlv_ml=stlv_ml or Quantity(1600.0),
            bsa_m2=bsa_m2 or Quantity(2.0),
            source="vauthey2002",
            population="adults",
        ),
        boundaries=EXAMPLE_BOUNDARIES,
        error_model=EXAMPLE_ERRORS,
    )


def remnant(removed=RIGHT_LOBE, patient=PATIENT, **facts):
    return future_liver_remnant(report(**facts), patient=patient, removed=frozenset(removed))


def test_remnant__right_hepatectomy_by_hand():
    left = remnant()
    assert left.flr_ml.value == 350.0
    assert left.flr_measured_fraction.value == pytest.approx(350 / 1500)
    assert left.sflr.value == pytest.approx(350 / 1600)
    assert left.flr_body_weight_percent.value == pytest.approx(100 * 350 / 75_000)
    assert left.flr_ml_per_m2.value == 175.0
    assert all(q.bound is None and not q.reasons for q in (left.flr_ml, left.sflr))


def test_remnant__published_worked_example():
    """480 mL of 1500 mL standardised volume is an sFLR of 0.32."""
    sizes = dict.fromkeys(CouinaudSegment, 0.0) | {II: 480.0, VIII: 700.0}
    left = remnant({VIII}, functional_ml=sizes, stlv_ml=Quantity(1500.0))
    assert left.sflr.value == 0.32


def test_remnant__nothing_removed_and_everything_removed():
    assert remnant(()).flr_measured_fraction.value == 1.0
    gone = remnant(CouinaudSegment)
    assert (gone.flr_ml.value, gone.sflr.value) == (0.0, 0.0)


def test_remnant__exact_share_is_not_lost_to_rounding():
    voxel_ml = 0.1
    for kept, whole in ((3, 10), (2, 5), (1, 5)):
        sizes = dict.fromkeys(CouinaudSegment, 0.0)
        sizes |= {II: kept * voxel_ml, VIII: (whole - kept) * voxel_ml}
        fraction = remnant({VIII}, functional_ml=sizes).flr_measured_fraction
        assert kept / whole == fraction.value


def test_remnant__missing_facts_are_absent_with_their_reason():
    left = remnant(
        patient=Patient(),
        stlv_ml=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)),
        bsa_m2=Quantity.absent(Reason(Cause.NO_BODY_WEIGHT)),
    )
    assert left.flr_ml.value == 350.0
    expected = [
        (left.sflr, (Reason(Cause.BRIEF_BODY_SIZE),)),
        (left.flr_ml_per_m2, (Reason(Cause.NO_BODY_WEIGHT),)),
        (left.flr_body_weight_percent, (reason(Cause.NO_BODY_WEIGHT),)),
    ]
    for quantity, why in expected:
        assert (None, why) == (quantity.value, quantity.reasons)


def test_remnant__assumed_body_and_careful_volumes_are_said_beside_the_ratio():
    assumed = Patient(weight_kg=75, body_size_assumed=True)
    grams = (reason(Cause.FORMULA_IN_GRAMS),)
    left = remnant(patient=assumed, stlv_ml=Quantity(1600.0, reasons=grams))
    assert (Cause.BODY_SIZE_ASSUMED,) == causes_of(left.flr_body_weight_percent.reasons)
    assert left.sflr.reasons == grams


def test_remnant__unknown_segments_make_all_absent():
    left = remnant(known=False)
    for quantity in (left.flr_ml, left.sflr, left.flr_measured_fraction):
        assert (quantity.value, causes_of(quantity.reasons)) == (None, (Cause.NO_COUINAUD_MAP,))
    debulked = debulked_fraction(report(known=False), removed=RIGHT_LOBE)
    assert (debulked.value, causes_of(debulked.reasons)) == (None, (Cause.NO_COUINAUD_MAP,))


def test_remnant__cut_kept_segment_gives_lower_bounds():
    left = remnant(cut={II})
    every = (left.flr_ml, left.flr_measured_fraction, left.sflr, left.flr_body_weight_percent)
    for quantity in (*every, left.flr_ml_per_m2):
        assert quantity.bound is Bound.LOWER
        assert (Cause.KEPT_SEGMENTS_CUT,) == causes_of(quantity.reasons)


def test_remnant__cut_removed_segment_leaves_the_volume_and_bounds_the_fraction_above():
    left = remnant(cut={VIII})
    assert left.flr_ml.bound is None
    assert left.sflr.bound is None
    assert left.flr_measured_fraction.bound is Bound.UPPER
    assert left.flr_measured_fraction.value == pytest.approx(350 / 1500)


def test_remnant__both_sides_cut_leave_no_fraction_to_judge():
    left = remnant(cut={II, VIII})
    assert left.flr_ml.bound is Bound.LOWER
    assert left.flr_measured_fraction.indicative
    assert left.flr_measured_fraction.bound is None
    assert Cause.EITHER_WAY is left.flr_measured_fraction.reasons[0].cause


def test_remnant__cut_liver_without_a_cut_segment_could_be_either_side():
    left = remnant(tlv_bound=Bound.LOWER)
    assert left.flr_ml.bound is Bound.LOWER
    assert left.flr_measured_fraction.indicative


@pytest.mark.parametrize(("unassigned_ml", "bound"), [(15.1, None), (15.2, Bound.LOWER)])
def test_remnant__unassigned_liver_over_one_percent_is_a_lower_bound(unassigned_ml, bound):
    left = remnant(unassigned_ml=unassigned_ml)
    assert left.flr_ml.value == 350.0
    assert bound is left.flr_ml.bound
    assert bound is left.flr_measured_fraction.bound
    assert left.flr_measured_fraction.value == pytest.approx(350 / (1500 + unassigned_ml))


def test_remnant__unassigned_liver_and_a_cut_resection_leave_no_fraction():
    left = remnant(unassigned_ml=50.0, cut={VIII})
    assert left.flr_measured_fraction.indicative


def test_remnant__liver_of_tumour_only_has_no_fraction():
    left = remnant(functional_ml=dict.fromkeys(CouinaudSegment, 0.0))
    assert left.flr_ml.value == 0.0
    assert left.flr_measured_fraction.value is None
    assert (Cause.ALL_TUMOUR,) == causes_of(left.flr_measured_fraction.reasons)


def test_remnant__taking_nothing_away_is_no_resection():
    nothing = dict.fromkeys(CouinaudSegment, 100.0) | dict.fromkeys(RIGHT_LOBE, 0.0)
    left = remnant(functional_ml=nothing)
    assert left.flr_ml.value is None
    assert (Cause.NOTHING_REMOVED,) == causes_of(left.flr_ml.reasons)
    assert (Cause.NOTHING_REMOVED,) == causes_of(left.flr_measured_fraction.reasons)
    part = remnant(removed=RIGHT_LOBE | {II}, functional_ml=nothing)
    assert part.flr_ml.value == 300.0


def test_debulked__by_volume_without_rejected_lesions():
    assert debulked_fraction(report(), removed=RIGHT_LOBE).value == 0.6
    assert debulked_fraction(report(), removed=frozenset({V, II})).value == 0.7
    assert debulked_fraction(report(), removed=frozenset({IV})).value == 0.0
    assert debulked_fraction(report(), removed=frozenset(CouinaudSegment)).value == 1.0


def test_debulked__seven_of_ten_equal_lesions_are_seventy_percent():
    for volume_ml in (0.1, 0.3, 1.7e-3 * 11):
        spots = tuple(lesion(n, volume_ml, {V if n <= 7 else II: 1.0}) for n in range(1, 11))
        assert debulked_fraction(report(lesions=spots), removed=frozenset({V})).value == 0.7


def test_debulked__without_counted_lesion_is_absent():
    for spots in ((), LESIONS[2:]):
        quantity = debulked_fraction(report(lesions=spots), removed=RIGHT_LOBE)
        assert (quantity.value, causes_of(quantity.reasons)) == (None, (Cause.NO_LESION_TO_DEBULK,))


def test_debulked__tumour_outside_the_segment_map_is_a_lower_bound():
    spots = (lesion(1, 50.0, {V: 0.5}), lesion(2, 50.0, {II: 1.0}))
    quantity = debulked_fraction(report(lesions=spots), removed=RIGHT_LOBE)
    assert (quantity.value, quantity.bound) == (0.25, Bound.LOWER)


@pytest.mark.parametrize(("cut", "bound"), [({VIII}, Bound.LOWER), ({II}, Bound.UPPER)])
def test_debulked__cut_liver_bounds_the_share(cut, bound):
    quantity = debulked_fraction(report(cut=cut), removed=RIGHT_LOBE)
    assert (0.6, bound) == (quantity.value, quantity.bound)


def test_debulked__both_sides_cut_is_only_indicative():
    quantity = debulked_fraction(report(cut={II, VIII}), removed=RIGHT_LOBE)
    assert quantity.indicative
    assert quantity.bound is None
    assert Cause.EITHER_WAY is quantity.reasons[0].cause


@pytest.mark.parametrize("removed", [frozenset({9, V}), frozenset({0})])
def test_removed__foreign_segments_are_refused(removed):
    with pytest.raises(InputError, match=r"\[[90]\] do not exist; allowed are 1 to 8"):
        remnant(removed)
    with pytest.raises(InputError, match=r"\[[90]\] do not exist; allowed are 1 to 8"):
        debulked_fraction(report(), removed=removed)


# Remnants: what of the intervals belongs to which ratio, and edges of the rules


SIZED = Patient(height_cm=180.0, weight_kg=80.0)
FORMULA = UncertaintyPart.FORMULA


def even(*, lesions=(), unassigned_ml=0.0, patient=SIZED, each_ml=100.0):
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


def remnant_of(case, patient=SIZED):
    return future_liver_remnant(case, patient=patient, removed=RIGHT_LOBE)


def test_intervals__only_the_standardised_ratio_has_the_formula_in_it():
    left = remnant_of(even())
    for quantity in (left.flr_ml, left.flr_measured_fraction, left.flr_body_weight_percent,
                     left.flr_ml_per_m2):  # fmt: skip
        assert FORMULA not in quantity.interval.sds
    assert left.sflr.interval.sds[FORMULA] == pytest.approx(0.152 * left.sflr.value, rel=0.04)


def test_intervals__of_ratios_to_a_body_are_those_of_the_remnant_over_it():
    left, flr = remnant_of(even()), remnant_of(even()).flr_ml.interval
    for quantity, body in ((left.flr_body_weight_percent, 800.0), (left.flr_ml_per_m2, 2.0)):
        ends = (quantity.interval.low, quantity.interval.median, quantity.interval.high)
        assert (flr.low / body, flr.median / body, flr.high / body) == pytest.approx(ends)


def test_intervals__of_the_standardised_ratio_are_its_joint_draws():
    case = even()
    draws = joint_draws(case)
    sample = draws.flr_ml(RIGHT_LOBE) / (case.standardised.stlv_ml.value * draws.formula_factor)
    ends = tuple(np.quantile(sample, (0.05, 0.95)))
    found = remnant_of(case).sflr
    assert ends == pytest.approx((found.interval.low, found.interval.high))
    assert found.probability(found.value, inclusive=True) == pytest.approx(0.5, abs=0.03)


def test_intervals__none_where_the_ratio_is_absent():
    left = remnant_of(even(patient=Patient()), patient=Patient())
    for quantity in (left.sflr, left.flr_body_weight_percent, left.flr_ml_per_m2):
        assert (quantity.value, quantity.interval) == (None, None)


@pytest.mark.parametrize(("unassigned_ml", "bound"), [(8.0, None), (8.001, Bound.LOWER)])
def test_unassigned__exactly_one_percent_is_tolerated(unassigned_ml, bound):
    case = even(unassigned_ml=unassigned_ml, each_ml=99.0)
    assert case.functional_tlv_ml.value == 8 * 99.0 + unassigned_ml
    found = remnant_of(case).flr_ml
    assert found.bound is bound
    assert (causes_of(found.reasons) == (Cause.LIVER_UNASSIGNED,)) == (bound is not None)


def test_debulked__lesions_after_a_rejected_one_still_count():
    lesions = (
        example_lesion(1, 50.0, segment_fractions={II: 1.0}, confirmation=Confirmation.REJECTED),
        example_lesion(2, 30.0, segment_fractions={V: 1.0}),
        example_lesion(3, 10.0, segment_fractions={II: 1.0}),
    )
    share = debulked_fraction(even(lesions=lesions), removed=RIGHT_LOBE)
    assert pytest.approx(0.75) == share.value
    assert share.interval.low < 0.75 < share.interval.high


def test_debulked__unknown_tumour_keeps_its_reason():
    known = (Reason(Cause.LESIONS_UNKNOWN),)
    unknown = replace(even(), tumour_ml=Quantity.absent(known))
    share = debulked_fraction(unknown, removed=RIGHT_LOBE)
    assert (share.value, share.reasons) == (None, known)


def test_debulked__lesion_without_place_belongs_to_no_share():
    lesions = (
        example_lesion(1, 50.0, segment_fractions=None),
        example_lesion(2, 30.0, segment_fractions={V: 0.5, II: 0.5}),
    )
    share = debulked_fraction(even(lesions=lesions), removed=RIGHT_LOBE)
    assert pytest.approx(0.5) == share.value
