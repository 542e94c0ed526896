"""Plans in two stages: what goes into which, what growth adds, and what the text says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.literature import load_literature
from planning.rules.growth import (
    ALPPS_CROOME,
    GROWTH_PRESETS,
    PVE_CROOME,
    PVE_RESPONSE,
    RPVE,
    RPVE_FOUR,
    Strategy,
)
from planning.staging.two_stages import (
    NO_PRESET,
    growth_range,
    is_staged,
    points_needed,
    presets_for,
    staged_plans,
    two_stages,
)
from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.debulking import DebulkingPlan, Fate, PlanOrigin, VirtualResection
from remnant.core.errors import ImplausibleValueError
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe
from remnant.core.volumetry_report import SegmentSource

RIGHT = tuple(map(CouinaudSegment, (5, 6, 7, 8)))
RIGHT_THREE = tuple(map(CouinaudSegment, (4, 5, 6, 7, 8)))


def certain(value):
    return Quantity(value) if value is not None else Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN))


def spread(low, value, high):
    """A quantity that lies evenly between two ends."""
    steps = tuple(low + (high - low) * k / 200 for k in range(201))
    return Quantity(value, interval=Interval(low, high, quantiles=steps))


def a_plan(flr_ml=312.0, *, segments=RIGHT, targets=(0.9,), fates=None, wedges=(), ablations=()):
    flr = flr_ml if isinstance(flr_ml, Quantity) else certain(flr_ml)
    sflr = Quantity(flr.value / 1500.0) if flr.value is not None else flr
    remnant = Remnant(
        flr_ml=flr,
        flr_measured_fraction=certain(None),
        sflr=sflr,
        flr_body_weight_percent=certain(None),
        flr_ml_per_m2=certain(None),
    )
    result = VirtualResection(
        fates=fates or {},
        remnant=remnant,
        debulked_fraction=Quantity(0.9),
        removed_ml=Quantity(800.0),
        ablated_ml=Quantity(0.0),
        margin_ml=10.0,
        residual_tumour_ml=Quantity(0.0),
        ablation_zones=len(ablations),
        interventions=1 + len(wedges) + len(ablations),
    )
    return DebulkingPlan(
        id="plan_1",
        origin=PlanOrigin.OPTIMISER,
        targets=targets,
        recipe=Recipe(segments=segments, wedges=wedges, ablations=ablations),
        result=result,
        named=True,
        new_world="H5678",
        rule_set="gepnetlm_review",
        feasible=Verdict.NOT_MET,
        proven=True,
        gap_ml=0.0,
        on_front=True,
        flips=(),
    )


@pytest.fixture(name="stage")
def stage_fixture(make_report):
    def stage(*plans, least=354.0, facts=NOTHING_SAID, patient=None, report=None):
        return staged_plans(
            plans,
            report=report or make_report(),
            patient=patient or Patient(),
            facts=facts,
            least_flr_ml=least if isinstance(least, Quantity) else certain(least),
        )

    return stage


def test_points_needed__what_is_missing_over_the_standardised_volume():
    """42 of 1500 mL are 2.8 points; 78 of 1500 are 5.2."""
    assert 2.8 == pytest.approx(points_needed(312.0, 354.0, 1500.0))
    assert 5.2 == pytest.approx(points_needed(276.0, least_flr_ml=354.0, stlv_ml=1500.0))


def test_points_needed__none_where_there_is_enough():
    assert points_needed(354.0, 354.0, 1500.0) == 0.0
    assert points_needed(400.0, 354.0, 1500.0) == 0.0


@pytest.mark.parametrize("stlv_ml", [0.0, -1.0, float("nan")])
def test_points_needed__needs_a_volume(stlv_ml):
    with pytest.raises(ImplausibleValueError, match="allowed is above 0"):
        points_needed(312.0, 354.0, stlv_ml)


def test_staged__every_strategy_in_order(stage):
    found = stage(a_plan())

    assert [Strategy.PVE, Strategy.PVL, Strategy.ALPPS] == [plan.strategy for plan in found]
    assert {"plan_1"} == {plan.plan for plan in found}
    assert [PVE_RESPONSE.id, NO_PRESET, ALPPS_CROOME.id] == [plan.preset for plan in found]


def test_staged__growth_by_the_default_preset(stage):
    """312 mL and a third more (33.9 %) are 417.8 mL; 42 of 105.8 mL are missing at first.

    With the time constant of 9.66 days: −9.66 ln(1 − 42 / 105.77) / 7 = 0.698 weeks, when no
    source had looked: at most a week.
    """
    pve, _, alpps = stage(a_plan())

    assert 312.0 == pve.flr_before_ml.value
    assert 417.768 == pytest.approx(pve.flr_after_ml.value)
    assert 417.768 / 1500 == pytest.approx(pve.sflr_after.value)
    assert (1.0, Bound.UPPER) == (pve.weeks_to_threshold.value, pve.weeks_to_threshold.bound)
    assert 312 * 1.843 == pytest.approx(alpps.flr_after_ml.value)


def test_staged__tumour_grows_over_the_time_waited(stage):
    """400 mL are reached after −9.66 ln(1 − 88 / 105.8) / 7 = 2.46 weeks.

    After ALPPS that is before the first scan, 84.3 / 10.8 = 7.8 days after the start.
    """
    facts = ClinicalFacts(doubling_days=30)
    pve, pvl, alpps = stage(a_plan(), least=400.0, facts=facts)

    assert 2.46 == pytest.approx(pve.weeks_to_threshold.value, abs=0.01)
    assert 2 ** (7 * pve.weeks_to_threshold.value / 30) - 1 == pytest.approx(
        pve.tumour_growth_fraction
    )
    assert pve.waiting_weeks == pve.weeks_to_threshold.value
    assert 84.3 / 10.8 / 7 == pytest.approx(alpps.waiting_weeks)
    assert alpps.waiting_weeks == alpps.weeks_to_threshold.value
    assert 2 ** (84.3 / 10.8 / 30) - 1 == pytest.approx(alpps.tumour_growth_fraction)
    assert pvl.tumour_growth_fraction is None


def test_staged__without_a_doubling_time_nothing_is_said_of_the_tumour(stage):
    assert stage(a_plan())[0].tumour_growth_fraction is None


@pytest.mark.parametrize(
    ("least", "probability"), [(354.0, 1.0), (500.0, 0.998), (560.0, 0.72), (900.0, 0.0)]
)
def test_staged__chance_to_reach_the_minimum(stage, least, probability):
    """ALPPS: 312 (1 + H), H log-normal with median 83.94 % and a log-SD of 0.0923.

    P(H ≥ 248 / 312) = Φ(ln(0.8394 / 0.7949) / 0.0923) = 0.72.
    """
    assert probability == pytest.approx(stage(a_plan(), least=least)[2].probability, abs=0.005)


def test_staged__never_enough_waits_for_nearly_all_growth(stage):
    """By the default preset 312 mL end at 417.8 mL. 95 % of growth takes 3 time constants."""
    pve, _, _ = stage(a_plan(), least=450.0, facts=ClinicalFacts(doubling_days=100))

    assert pve.weeks_to_threshold.value is None
    (below,) = pve.weeks_to_threshold.reasons
    assert (Cause.GROWTH_ENDS_BELOW, (pytest.approx(417.768), 450.0)) == (
        below.cause,
        below.amounts,
    )
    days = PVE_RESPONSE.time.days * 2.995732
    assert 2 ** (days / 100) - 1 == pytest.approx(pve.tumour_growth_fraction)
    assert 0.2 < pve.probability < 0.5


def test_staged__already_enough(stage):
    doubtful = spread(340.0, 400.0, 460.0)
    pve, _, _ = stage(a_plan(doubtful), facts=ClinicalFacts(doubling_days=100))

    assert pve.weeks_to_threshold.value == 0.0
    assert pve.tumour_growth_fraction == 0.0
    assert (400.0, 354.0, 0.0) == (
        pve.flr_before_ml.value,
        pve.least_flr_ml.value,
        pve.waiting_weeks,
    )


def test_staged__without_a_minimum_no_time_but_growth(stage):
    pve, _, _ = stage(a_plan(), least=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)))

    assert pve.least_flr_ml.reasons == pve.weeks_to_threshold.reasons
    assert pve.probability is None
    assert 417.768 == pytest.approx(pve.flr_after_ml.value)
    assert Verdict.UNKNOWN is pve.findings[0].verdict
    assert pve.findings[0].threshold is None


def test_staged__without_a_remnant_nothing(stage):
    pve, _, _ = stage(a_plan(None))

    assert pve.flr_after_ml.value is None
    assert pve.sflr_after.value is None
    assert pve.flr_before_ml.reasons == pve.flr_after_ml.reasons


def test_staged__a_bound_that_leaves_it_open(stage):
    """At least 312 mL, asked for 450 mL: whether growth is enough is not known."""
    plan = a_plan(Quantity(312.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)))
    pve, _, _ = stage(plan, least=450.0)

    assert pve.probability is None
    assert (Reason(Cause.REMNANT_CUT),) == pve.weeks_to_threshold.reasons
    assert Bound.LOWER is pve.flr_before_ml.bound
    assert Verdict.UNKNOWN is pve.findings[0].verdict


def test_staged__an_indicative_remnant_is_about(stage):
    plan = a_plan(Quantity(312.0, indicative=True, reasons=Reason(Cause.LIVER_CUT)))
    pve, _, _ = stage(plan)

    assert pve.flr_after_ml.indicative
    assert (Reason(Cause.REMNANT_CUT),) == pve.weeks_to_threshold.reasons
    assert Verdict.UNKNOWN is pve.findings[0].verdict


def test_range__every_preset_that_fits_with_segment_iv_embolised_or_not(stage):
    """A right trisectionectomy leaves II and III: +26 % with IV left open, +54 % with IV."""
    pve, pvl, alpps = stage(a_plan(segments=RIGHT_THREE))

    known = pve.flr_after_range
    assert (RPVE.id, RPVE_FOUR.id) == (known.low_preset, known.high_preset)
    assert (312 * 1.26, 312 * 1.54) == pytest.approx((known.low_ml, known.high_ml))
    assert known.low_ml < pve.flr_after_ml.value < known.high_ml
    assert pvl.flr_after_range is None
    assert alpps.flr_after_range is None
    assert (False, True) == (RPVE.with_four, RPVE_FOUR.with_four)


def test_range__of_a_right_hemihepatectomy_and_of_an_absent_remnant(stage):
    """Segment IV stays: the presets of II and III do not speak of it."""
    known = stage(a_plan())[0].flr_after_range

    assert (PVE_RESPONSE.id, PVE_CROOME.id) == (known.low_preset, known.high_preset)
    assert (312 * 1.339, 312 * 1.36) == pytest.approx((known.low_ml, known.high_ml))
    assert stage(a_plan(None))[0].flr_after_range is None


@given(flr=st.floats(50.0, 1500.0), chosen=st.permutations(GROWTH_PRESETS), few=st.integers(0, 5))
def test_range__holds_every_preset_whatever_their_order(flr, chosen, few):
    presets = chosen[:few]
    known = growth_range(Quantity(flr), presets)
    after = [flr * (1.0 + preset.response_fraction) for preset in presets]

    assert (known is None) is (few < 2)
    if known is not None:
        assert (min(after), max(after)) == pytest.approx((known.low_ml, known.high_ml))


def test_findings__at_least_so_many_weeks_may_be_never(stage):
    """At most 312 mL, 390 mL asked for: at least 1.85 weeks, not met for sure."""
    plan = a_plan(Quantity(312.0, bound=Bound.UPPER, reasons=Reason(Cause.LIVER_CUT)))
    pve, _, _ = stage(plan, least=390.0)

    assert Bound.LOWER is pve.weeks_to_threshold.bound
    assert Verdict.UNKNOWN is pve.findings[0].verdict


def test_findings__every_preset_of_the_strategy_then_the_curve(stage):
    pve, pvl, alpps = stage(a_plan())

    ids = [finding.id for finding in pve.findings]
    assert [f"growth.{PVE_RESPONSE.id}", f"growth.{PVE_CROOME.id}"] == ids[:2]
    assert ["growth.curve", "growth.spread"] == ids[2:4]
    assert ["growth.slowing", "growth.drop_out", "growth.two_stage_series"] == ids[4:]
    assert "growth.no_source" == pvl.findings[0].id
    assert Verdict.NO_EVIDENCE is pvl.findings[0].verdict
    assert [f"growth.{ALPPS_CROOME.id}", "growth.curve", "growth.spread"] == [
        finding.id for finding in alpps.findings
    ]


def test_findings__figures_of_the_preset(stage):
    first, second, curve, *_ = stage(a_plan())[0].findings

    assert (417.768, 354.0) == pytest.approx((first.value, first.limit))
    assert (Verdict.MET, SourceStatus.VERIFIED) == (first.verdict, first.status)
    assert 312 * 1.36 == pytest.approx(second.value)
    assert SourceStatus.PROJECT is curve.status
    assert (reason(Cause.GROWTH_PRESET, PVE_RESPONSE.id),) == curve.reasons


def test_findings__not_met_where_growth_ends_below(stage):
    pve, _, alpps = stage(a_plan(), least=450.0)

    assert Verdict.NOT_MET is pve.findings[0].verdict
    assert Verdict.MET is alpps.findings[0].verdict


def test_findings__have_sources(stage):
    patient = Patient(background=LiverBackground.CIRRHOSIS)
    for plan in stage(a_plan(segments=RIGHT_THREE), patient=patient):
        for finding in plan.findings:
            assert finding.source in load_literature()


@pytest.mark.parametrize(
    ("background", "remarked"),
    [
        (LiverBackground.CIRRHOSIS, True),
        (LiverBackground.FIBROSIS, True),
        (LiverBackground.NORMAL, False),
        (LiverBackground.UNKNOWN, False),
    ],
)
def test_findings__cirrhosis_is_remarked(stage, background, remarked):
    for plan in stage(a_plan(), patient=Patient(background=background)):
        assert remarked is ("growth.cirrhosis" in {finding.id for finding in plan.findings})


def test_staged__rests_on_estimated_segments(stage, make_report):
    estimated = replace(make_report(), segment_source=SegmentSource.MODEL)
    pve, _, _ = stage(a_plan(), report=estimated)

    estimate = Reason(Cause.SEGMENTS_ESTIMATED)
    assert (estimate,) == pve.reasons
    marked = [estimate in f.reasons for f in pve.findings]
    assert [True, True, False] == marked[:3]
    assert () == stage(a_plan())[0].reasons


def test_staged__counts_lesions_left_behind(stage):
    fates = {1: Fate.STAYS, 2: Fate.WITH_SEGMENTS, 3: Fate.STAYS}
    assert 2 == stage(a_plan(fates=fates))[0].untreated
    assert 0 == stage(a_plan(fates={2: Fate.WITH_SEGMENTS}))[0].untreated


@pytest.mark.parametrize(
    ("flr", "least", "targets", "segments", "staged"),
    [
        (Quantity(400.0), 354.0, (0.7,), RIGHT, False),
        (Quantity(350.0), 354.0, (0.7,), RIGHT, True),
        (Quantity(400.0), 354.0, (), RIGHT, False),
        (Quantity(300.0), 354.0, (), RIGHT, True),
        (Quantity(300.0), 354.0, (0.7,), (), False),
        (
            Quantity(400.0, bound=Bound.UPPER, reasons=Reason(Cause.LIVER_CUT)),
            354.0,
            (),
            RIGHT,
            True,
        ),
        (spread(350.0, 400.0, 450.0), 362.0, (), RIGHT, True),
        (spread(350.0, 400.0, 450.0), 358.0, (), RIGHT, False),
        (Quantity.absent(Reason(Cause.LIVER_CUT)), 354.0, (), RIGHT, True),
    ],
)
def test_is_staged__what_is_not_sure_to_suffice(flr, least, targets, segments, staged):
    """Even between 350 and 450 mL: 12 % lie below 362, 8 % below 358; 90 % is sure."""
    plan = a_plan(flr, segments=segments, targets=targets)
    assert staged is is_staged(plan, Quantity(least))


@pytest.mark.parametrize(
    ("least", "certainty", "said"),
    [(356.0, 0.95, True), (352.0, 0.95, False), (362.0, 0.85, False), (398.0, 0.5, False)],
)
def test_is_staged__as_sure_as_is_asked(least, certainty, said):
    """Even between 350 and 450 mL: 6 % lie below 356, 2 % below 352, 12 % below 362."""
    plan = a_plan(spread(350.0, 400.0, 450.0), segments=RIGHT, targets=())
    assert said is is_staged(plan, Quantity(least), certainty=certainty)


def test_presets__of_segments_ii_and_iii_only_for_these():
    """A right trisectionectomy leaves II and III, with or without I."""
    with_caudate = (1, *RIGHT_THREE)
    for removed in (RIGHT_THREE, tuple(map(CouinaudSegment, with_caudate))):
        assert (PVE_RESPONSE, PVE_CROOME, RPVE, RPVE_FOUR) == presets_for(Strategy.PVE, removed)
    assert (PVE_RESPONSE, PVE_CROOME) == presets_for(Strategy.PVE, RIGHT)
    only_three = tuple(map(CouinaudSegment, (2, 4, 5, 6, 7, 8)))
    assert (PVE_RESPONSE, PVE_CROOME) == presets_for(Strategy.PVE, only_three)
    assert () == presets_for(Strategy.PVL, RIGHT)
    assert (ALPPS_CROOME,) == presets_for(Strategy.ALPPS, RIGHT_THREE)


def test_two_stages__kept_side_first(make_lesion):
    """Lesion 1 lies in II, 2 in V, 3 across IV and V, 4 in IV with half a percent in V."""
    lesions = [
        make_lesion(1, shares={2: 1.0}),
        make_lesion(2, shares={5: 1.0}),
        make_lesion(3, shares={4: 0.6, 5: 0.4}),
        make_lesion(4, shares={4: 0.995, 5: 0.005}),
        make_lesion(5, shares=None),
    ]
    recipe = Recipe(segments=RIGHT, wedges=(1, 3), ablations=(4, 5))

    first, second = two_stages(recipe, lesions)

    assert Recipe(wedges=(1,), ablations=(4, 5)) == first
    assert Recipe(segments=RIGHT, wedges=(3,)) == second
    assert recipe.wedges == tuple(sorted(first.wedges + second.wedges))
