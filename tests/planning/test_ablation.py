"""Sources on ablation, and what the planner may ablate or excise alone."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.reports import example_lesion
from planning.ablation import (
    ablation_refusal,
    ablation_size_uncertain,
    combined_ablation_finding,
    lesion_ablations,
    wedge_refusal,
)
from planning.case import Case
from planning.facts.gathering import gather
from planning.inputs import Facts
from planning.literature import load_literature
from planning.rules.ablation import ABLATION_RULES, COMBINED_RULE
from remnant.core.clinical import ClinicalFacts
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe
from remnant.testing.phantom_shapes import Ball, digitise
from volumetry.lesions.calipers import axial_diameters, feret_mm, slice_corrected_3d_mm

NO_WHIPPLE = {"pancreatoduodenectomy": False, "lesion_count": Quantity(1.0)}
WHIPPLE = NO_WHIPPLE | {"pancreatoduodenectomy": True}


def lesion(identifier=1, *, diameter_mm=20.0, portal=20.0, hepatic=20.0, surface=15.0, **changes):
    def quantity(value):
        if isinstance(value, Quantity):
            return value
        return Quantity.absent(Reason(Cause.NO_PORTAL_VEIN)) if value is None else Quantity(value)

    made = example_lesion(
        identifier,
        longest_axial_mm=diameter_mm,
        slice_corrected_3d_mm=diameter_mm,
        feret_3d_mm=1.3 * diameter_mm,
        portal_vein_distance_mm=quantity(portal),
        hepatic_veins_distance_mm=quantity(hepatic),
        surface_distance_mm=quantity(surface),
        confirmation=Confirmation.CONFIRMED,
    )
    return replace(made, **changes)


@pytest.fixture
def judged(make_report):
    def judge_one(one, *others, known=NO_WHIPPLE, choice=DEFAULT_CHOICE):
        report = make_report((one, *others))
        return lesion_ablations(report, facts=Facts.named(known), choice=choice)[0]

    return judge_one


def causes(reasons):
    return [one.cause for one in reasons]


def verdicts(result):
    return {finding.id: finding.verdict for finding in result.findings}


def test_sources__are_in_the_literature():
    assert {rule.source for rule in (*ABLATION_RULES, COMBINED_RULE)} <= set(load_literature())


def test_ids__are_unique():
    ids = [rule.id for rule in (*ABLATION_RULES, COMBINED_RULE)]

    assert len(set(ids)) == len(ids)


def test_texts__order_nothing():
    texts = [rule.statement for rule in (*ABLATION_RULES, COMBINED_RULE)]

    assert [t for t in texts if re.search(r"\b(should|must|need to|never|always)\b", t)] == []


@pytest.mark.parametrize(
    ("rule", "limit_mm", "inclusive"),
    [
        ("ablation.size.machairas2021", 50.0, False),
        ("ablation.size.cloyd2020", 35.0, False),
        ("ablation.size_lower.gepnetlm_review", 30.0, True),
        ("ablation.size_upper.gepnetlm_review", 40.0, True),
    ],
)
def test_size__at_the_limit_as_printed(judged, rule, limit_mm, inclusive):
    below, at, above = (
        verdicts(judged(lesion(diameter_mm=limit_mm + step)))[rule] for step in (-0.01, 0.0, 0.01)
    )

    assert (below, above) == (Verdict.MET, Verdict.NOT_MET)
    assert at is (Verdict.MET if inclusive else Verdict.NOT_MET)


def test_size__of_a_lesion_that_the_scan_cuts_is_a_lower_bound(judged):
    cut = {"volume_ml": Quantity(4.0, bound=Bound.LOWER, reasons=Reason(Cause.LESION_CUT))}

    small = verdicts(judged(lesion(diameter_mm=20.0, **cut)))
    large = verdicts(judged(lesion(diameter_mm=60.0, **cut)))

    assert small["ablation.size.machairas2021"] is Verdict.UNKNOWN
    assert large["ablation.size.machairas2021"] is Verdict.NOT_MET
    cautious = judged(lesion(diameter_mm=20.0, **cut))
    assert causes(cautious.reasons) == [Cause.SCAN_CUTS_LESION]
    (size,) = [f for f in cautious.findings if f.id == "ablation.size.machairas2021"]
    assert size.quantity == Quantity(
        20.0, bound=Bound.LOWER, reasons=reason(Cause.SCAN_CUTS_LESION)
    )


SIZES = (
    ("ablation.size.machairas2021", 50.0),
    ("ablation.size.cloyd2020", 35.0),
    ("ablation.size_lower.gepnetlm_review", 30.0),
    ("ablation.size_upper.gepnetlm_review", 40.0),
)


@pytest.mark.parametrize(("rule", "limit_mm"), SIZES)
def test_size__uncertain_where_only_the_3d_diameter_is_above_the_limit(judged, rule, limit_mm):
    """Axially 1 mm below each limit; 0.5 mm below it, and 1 mm above it, in three dimensions."""
    one = lesion(diameter_mm=limit_mm - 1.0)
    below = verdicts(judged(replace(one, slice_corrected_3d_mm=limit_mm - 0.5)))
    judgement = judged(replace(one, slice_corrected_3d_mm=limit_mm + 1.0))
    (size,) = [f for f in judgement.findings if f.id == rule]

    assert (below[rule], size.verdict) == (Verdict.MET, Verdict.UNCERTAIN)
    disagree = reason(Cause.DIAMETERS_DISAGREE, limit_mm - 1.0, limit_mm + 1.0, limit_mm)
    assert size.reasons == (Reason(Cause.NEAR_LIMIT), disagree)
    assert size.value == limit_mm - 1.0


@pytest.mark.parametrize(("rule", "limit_mm"), SIZES)
def test_size__axially_above_the_limit_is_not_uncertain(judged, rule, limit_mm):
    one = replace(lesion(diameter_mm=limit_mm + 0.5), slice_corrected_3d_mm=limit_mm + 9.0)
    assert verdicts(judged(one))[rule] is Verdict.NOT_MET


@given(axial=st.floats(1.0, 60.0), more=st.floats(0.0, 15.0), corners=st.floats(0.0, 15.0))
def test_size__corners_of_voxels_decide_nothing(make_report, axial, more, corners):
    """Machairas: met up to 50 mm in both, not met from 50 mm axially on, uncertain between."""
    one = replace(
        lesion(diameter_mm=axial),
        slice_corrected_3d_mm=axial + more,
        feret_3d_mm=axial + more + corners,
    )
    (result,) = lesion_ablations(make_report([one]), facts=Facts(), choice=DEFAULT_CHOICE)
    larger = Verdict.NOT_MET if axial >= 50.0 else Verdict.UNCERTAIN
    expected = Verdict.MET if axial + more < 50.0 - 1e-6 else larger
    if abs(axial + more - 50.0) > 1e-6:
        assert verdicts(result)["ablation.size.machairas2021"] is expected
    assert result.allowed is (axial <= DEFAULT_CHOICE.ablation_limit_mm)


def test_size__a_ball_of_28_mm_on_slices_of_5_mm_is_ablated(judged):
    """Measured: corner to corner it is above 32 mm, axially and slice-corrected below 30."""
    grid = Geometry(
        (41, 41, 9), np.array([[0.8, 0, 0, -16], [0, 0.8, 0, -16], [0, 0, 5, -17.5], [0, 0, 0, 1]])
    )
    mask = digitise(Ball(centre_mm=(0.0, 0.0, 0.0), radius_mm=14.0), grid)
    one = replace(
        lesion(),
        longest_axial_mm=axial_diameters(mask, grid).longest_mm,
        slice_corrected_3d_mm=slice_corrected_3d_mm(mask, grid),
        feret_3d_mm=feret_mm(mask, grid),
    )
    result = judged(one)

    assert one.feret_3d_mm > 32.0
    assert (result.allowed, result.reasons) == (True, ())
    assert {verdicts(result)[rule] for rule, _ in SIZES} == {Verdict.MET}


def test_choice__a_size_that_is_uncertain_is_allowed_with_a_caution(judged):
    one = replace(lesion(diameter_mm=29.0), slice_corrected_3d_mm=31.0)

    assert ablation_size_uncertain(one, DEFAULT_CHOICE)
    assert ablation_refusal(one, after_whipple=None, choice=DEFAULT_CHOICE) == ()
    result = judged(one)
    assert result.allowed
    assert result.reasons == (reason(Cause.DIAMETERS_DISAGREE, 29.0, 31.0, 30.0),)
    assert not ablation_size_uncertain(lesion(diameter_mm=29.0), DEFAULT_CHOICE)
    larger = replace(lesion(diameter_mm=31.0), slice_corrected_3d_mm=33.0)
    assert not ablation_size_uncertain(larger, DEFAULT_CHOICE)


@pytest.mark.parametrize(("number", "verdict"), [(3, Verdict.MET), (4, Verdict.NOT_MET)])
def test_number__counts_lesions_that_were_not_rejected(make_report, number, verdict):
    counted = [lesion(i) for i in range(1, number + 1)]
    rejected = lesion(9, confirmation=Confirmation.REJECTED)

    report = make_report([*counted, rejected])
    facts = gather(Case(report=report, patient=Patient(), facts=ClinicalFacts()))

    found = lesion_ablations(report, facts=facts, choice=DEFAULT_CHOICE)

    assert [result.lesion for result in found] == list(range(1, number + 1))
    assert {verdicts(result)["ablation.number.cloyd2020"] for result in found} == {verdict}


@pytest.mark.parametrize(
    ("distance", "verdict", "allowed"),
    [
        (10.0, Verdict.MET, True),
        (9.99, Verdict.NOT_MET, False),
        (None, Verdict.UNKNOWN, True),
        (
            Quantity(12.0, bound=Bound.UPPER, reasons=Reason(Cause.LESION_CUT)),
            Verdict.UNKNOWN,
            True,
        ),
        (
            Quantity(8.0, bound=Bound.UPPER, reasons=Reason(Cause.LESION_CUT)),
            Verdict.NOT_MET,
            False,
        ),
    ],
)
def test_central__portal_distance_decides_only_where_known(judged, distance, verdict, allowed):
    result = judged(lesion(portal=distance))

    assert verdicts(result)["ablation.central_portal.gepnetlm_review"] is verdict
    assert result.allowed is allowed


def test_bile_ducts_and_hilum__are_never_known(judged):
    found = verdicts(judged(lesion()))

    assert found["ablation.central_biliary.gepnetlm_review"] is Verdict.UNKNOWN
    assert found["ablation.hilum.machairas2021"] is Verdict.UNKNOWN
    assert found["ablation.hilum.cloyd2020"] is Verdict.UNKNOWN


def test_central__conflict_of_sources_is_named_where_it_may_arise(judged):
    rule = "ablation.concomitant_central.cloyd2020"

    near, unknown, far = (verdicts(judged(lesion(portal=d))) for d in (4.0, None, 30.0))

    assert near[rule] is Verdict.MET
    assert unknown[rule] is Verdict.UNKNOWN
    assert rule not in far
    (beside,) = [f for f in judged(lesion(portal=4.0)).findings if f.id == rule]
    assert not beside.decides


@pytest.mark.parametrize(
    ("depth", "verdict"),
    [(0.0, Verdict.NOT_MET), (4.99, Verdict.NOT_MET), (5.0, Verdict.MET), (None, Verdict.UNKNOWN)],
)
def test_superficial__is_a_caution_by_this_projects_number(judged, depth, verdict):
    result = judged(lesion(surface=depth))
    (finding,) = [f for f in result.findings if f.id == "ablation.superficial.machairas2021"]

    assert finding.verdict is verdict
    assert finding.status is SourceStatus.PROJECT
    assert result.allowed
    shallow = [reason(Cause.SUPERFICIAL, depth)] if verdict is Verdict.NOT_MET else []
    assert [one for one in result.reasons if one.cause is Cause.SUPERFICIAL] == shallow


@pytest.mark.parametrize(
    ("portal", "hepatic", "verdict"),
    [
        (20.0, 5.0, Verdict.MET),
        (20.0, 4.99, Verdict.NOT_MET),
        (None, 20.0, Verdict.UNKNOWN),
        (None, 2.0, Verdict.NOT_MET),
        (None, None, Verdict.UNKNOWN),
        (
            20.0,
            Quantity(20.0, bound=Bound.UPPER, reasons=Reason(Cause.LESION_CUT)),
            Verdict.UNKNOWN,
        ),
    ],
)
def test_heat_sink__nearest_labelled_vein(judged, portal, hepatic, verdict):
    result = judged(lesion(portal=portal, hepatic=hepatic))

    assert verdicts(result)["ablation.heat_sink.cloyd2020"] is verdict
    assert result.allowed
    assert (Cause.HEAT_SINK in causes(result.reasons)) == (verdict is Verdict.NOT_MET)


@pytest.mark.parametrize(
    ("whipple", "verdict", "allowed"),
    [
        (True, Verdict.NOT_MET, False),
        (False, Verdict.MET, True),
        (None, Verdict.UNKNOWN, True),
    ],
)
def test_whipple__refuses_only_where_told(judged, whipple, verdict, allowed):
    result = judged(lesion(), known={"pancreatoduodenectomy": whipple})

    assert verdicts(result)["ablation.whipple.machairas2021"] is verdict
    assert result.allowed is allowed


def test_choice__limits_decide_not_the_sources(judged):
    wide = PlanChoice(ablation_limit_mm=60.0, central_distance_mm=0.0)

    result = judged(lesion(diameter_mm=55.0, portal=4.0), choice=wide)

    assert result.allowed
    assert causes(result.reasons)[:2] == [Cause.OVERLAPPING_ZONES_ONLY, Cause.CENTRAL]
    assert verdicts(result)["ablation.size.machairas2021"] is Verdict.NOT_MET


@pytest.mark.parametrize(
    ("diameter_mm", "cautious"), [(30.0, False), (30.01, True), (49.9, True), (50.0, False)]
)
def test_caution__between_three_and_five_centimetres(judged, diameter_mm, cautious):
    result = judged(lesion(diameter_mm=diameter_mm), choice=PlanChoice(ablation_limit_mm=60.0))

    assert (Cause.SIZE_LIMITS_DISAGREE in causes(result.reasons)) is cautious


@pytest.mark.parametrize(
    ("portal", "cause"),
    [
        (None, Cause.PORTAL_DISTANCE_UNKNOWN),
        (
            Quantity(12.0, bound=Bound.UPPER, reasons=Reason(Cause.LESION_CUT)),
            Cause.PORTAL_DISTANCE_UNKNOWN,
        ),
        (20.0, None),
    ],
)
def test_caution__where_the_distance_to_the_portal_vein_is_not_known(judged, portal, cause):
    expected = [] if cause is None else [cause]

    assert causes(judged(lesion(portal=portal)).reasons) == expected


@pytest.mark.parametrize(
    ("distance_mm", "cause"), [(2.0, Cause.CENTRAL), (30.0, Cause.PORTAL_DISTANCE_UNKNOWN)]
)
def test_computed_portal_vein__refuses_nothing(judged, distance_mm, cause):
    told = Reason(Cause.VESSELS_UNCONFIRMED)
    unsure = Quantity(distance_mm, indicative=True, reasons=told)
    result = judged(lesion(portal=unsure, hepatic=unsure))

    assert result.allowed
    assert cause in causes(result.reasons)
    assert Verdict.NOT_MET not in {
        finding.verdict for finding in result.findings if "distance" in str(finding.inputs)
    }


def test_reasons__empty_without_caution_and_of_every_refusal(judged):
    plain = judged(lesion())
    refused = judged(lesion(diameter_mm=30.04, portal=2.0), known=WHIPPLE)

    assert (plain.allowed, plain.reasons) == (True, ())
    assert refused.reasons == (
        reason(Cause.ABOVE_ABLATION_LIMIT, 30.04, 30.0),
        reason(Cause.NEAR_PORTAL_VEIN, 2.0, 10.0),
        reason(Cause.AFTER_WHIPPLE),
    )


def test_caution__lesion_that_no_reader_confirmed(judged):
    found = judged(lesion(confirmation=Confirmation.AUTOMATIC))

    assert found.reasons == (reason(Cause.NOT_CONFIRMED),)


def test_ablation_refusal__agrees_with_the_table(judged):
    one = lesion(diameter_mm=31.0)

    refusal = ablation_refusal(one, after_whipple=None, choice=DEFAULT_CHOICE)

    assert judged(one, known={}).reasons == refusal != ()
    assert ablation_refusal(lesion(), after_whipple=None, choice=DEFAULT_CHOICE) == ()
    after = ablation_refusal(lesion(), after_whipple=True, choice=DEFAULT_CHOICE)
    assert judged(lesion(), known=WHIPPLE).reasons == after != ()


@pytest.mark.parametrize(
    ("diameter_mm", "depth", "refused"),
    [
        (50.0, 20.0, False),
        (50.01, 20.0, True),
        (50.0, 20.01, True),
        (50.0, None, False),
        (50.0, Quantity(30.0, bound=Bound.UPPER, reasons=Reason(Cause.LESION_CUT)), False),
    ],
)
def test_wedge_refusal__beyond_size_or_depth(diameter_mm, depth, refused):
    refusal = wedge_refusal(lesion(diameter_mm=diameter_mm, surface=depth), DEFAULT_CHOICE)

    assert bool(refusal) is refused


def test_wedge_refusal__says_both_and_nothing_without_limits():
    deep = lesion(diameter_mm=80.0, surface=33.0)
    free = PlanChoice(wedge_limit_mm=None, wedge_depth_mm=None)

    assert wedge_refusal(deep, DEFAULT_CHOICE) == (
        reason(Cause.ABOVE_WEDGE_LIMIT, 80.0, 50.0),
        reason(Cause.BELOW_WEDGE_DEPTH, 33.0, 20.0),
    )
    assert wedge_refusal(deep, free) == ()


def remnant_finding(verdict, probability):
    return Finding(id="flr.x", verdict=verdict, probability=probability)


@pytest.mark.parametrize(
    ("flr", "expected"),
    [
        (remnant_finding(Verdict.MET, 0.95), Verdict.MET),
        (remnant_finding(Verdict.MET, 0.949), Verdict.NOT_MET),
        (remnant_finding(Verdict.MET, None), Verdict.UNKNOWN),
        (remnant_finding(Verdict.NOT_MET, None), Verdict.NOT_MET),
        (None, Verdict.UNKNOWN),
    ],
)
def test_combined__rests_on_how_certain_the_remnant_is(flr, expected):
    both = Recipe(segments=(CouinaudSegment.II,), ablations=(4,))

    assert combined_ablation_finding(both, flr).verdict is expected


@pytest.mark.parametrize(
    "recipe", [Recipe(ablations=(1,)), Recipe(wedges=(1,)), Recipe(segments=(CouinaudSegment.V,))]
)
def test_combined__says_nothing_of_one_treatment_alone(recipe):
    assert combined_ablation_finding(recipe, None) is None


def test_combined__wedges_count_as_resection():
    assert combined_ablation_finding(Recipe(wedges=(1,), ablations=(2,)), None) is not None


@given(
    size=st.floats(0.5, 200.0),
    portal=st.none() | st.floats(0.0, 90.0),
    hepatic=st.none() | st.floats(0.0, 90.0),
    whipple=st.none() | st.booleans(),
    limit=st.floats(0.0, 100.0),
    near=st.floats(0.0, 50.0),
)
def test_allowed__exactly_by_the_three_reasons(
    make_report, size, portal, hepatic, whipple, limit, near
):
    choice = PlanChoice(ablation_limit_mm=limit, central_distance_mm=near)
    one = lesion(diameter_mm=size, portal=portal, hepatic=hepatic)

    facts = Facts.named({"pancreatoduodenectomy": whipple, "lesion_count": Quantity(1.0)})

    (result,) = lesion_ablations(make_report([one]), facts=facts, choice=choice)

    refused = size > limit or (portal is not None and portal < near) or whipple is True
    assert result.allowed is not refused
    assert {f.source for f in result.findings} <= set(load_literature())


def test_findings__carry_the_rule_and_the_measure(judged):
    found = {f.id: f for f in judged(lesion(diameter_mm=34.96)).findings}
    size = found["ablation.size.cloyd2020"]

    assert (size.value, size.limit, size.inclusive) == (34.96, 35.0, False)
    assert size.reasons == (Reason(Cause.NEAR_LIMIT),)


def test_lesions__none_gives_an_empty_table(make_report):
    rejected = replace(lesion(), confirmation=Confirmation.REJECTED)

    assert lesion_ablations(make_report([rejected]), facts=Facts(), choice=DEFAULT_CHOICE) == ()


@pytest.mark.parametrize(
    ("count", "verdict"),
    [
        (Quantity(3.0), Verdict.MET),
        (Quantity(1.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)), Verdict.UNKNOWN),
        (Quantity(4.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)), Verdict.NOT_MET),
        (None, Verdict.UNKNOWN),
    ],
)
def test_number__is_what_is_known_of_the_whole_liver(judged, count, verdict):
    found = judged(lesion(), known=NO_WHIPPLE | {"lesion_count": count})

    assert verdicts(found)["ablation.number.cloyd2020"] is verdict
