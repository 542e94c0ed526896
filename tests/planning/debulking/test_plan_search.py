"""All plans of one case, from its maps to its targets and stages."""

from dataclasses import replace

import numpy as np
import pytest

from examples.debulking import NORMAL, coarse_phantom, hand_problem, measured
from planning.case import Case
from planning.debulking import plan_search
from planning.debulking.plan_search import Planned, make_plans
from planning.optimiser.feasibility import count
from planning.optimiser.problem import make_problem
from planning.remnant.contiguity import largest_contiguous
from remnant.core.clinical import ClinicalFacts
from remnant.core.debulking import PlanOrigin
from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reasons_of
from remnant.core.recipe import Recipe
from volumetry.virtual_resection.atoms import build_atoms

REJECTED = 2
TWO_TARGETS = PlanChoice(targets=(0.7, 1.0))


@pytest.fixture(scope="module")
def phantom():
    return coarse_phantom(4)


@pytest.fixture(scope="module")
def case(phantom):
    confirmations = {REJECTED: Confirmation.REJECTED}
    return measured(
        phantom.structures, phantom.lesions, phantom.couinaud, confirmations=confirmations
    )


@pytest.fixture(scope="module")
def planned(case):
    return planned_with(case, TWO_TARGETS)


def planned_with(case, choice, *, patient=NORMAL, with_maps=True, **facts):
    report, maps = case
    return make_plans(
        Case(
            report=report,
            patient=patient,
            facts=ClinicalFacts(**facts),
            choice=choice,
            maps=maps if with_maps else None,
        )
    )


def atoms_of(case, choice):
    report, maps = case
    ids = tuple(lesion.id for lesion in report.lesions if lesion.counts)
    return build_atoms(maps, lesion_ids=ids, choice=choice).atoms


def problem_of(case, choice):
    atoms = atoms_of(case, choice)
    allowed = dict.fromkeys(atoms.lesion_ids, True)
    return make_problem(atoms, choice, wedge_allowed=allowed, ablation_allowed=allowed)


def test_figures__are_those_counted_again(case, planned):
    problem = problem_of(case, TWO_TARGETS)
    assert planned.reasons == ()
    assert len(planned.plans) >= 2
    for plan in planned.plans:
        counted = count(problem, plan.recipe)
        voxel_ml = problem.atoms.voxel_ml
        assert () == counted.faults
        assert counted.flr * voxel_ml == pytest.approx(plan.result.remnant.flr_ml.value)
        assert counted.interventions == plan.result.interventions
        share = counted.debulked / problem.all_tumour
        assert share == pytest.approx(plan.result.debulked_fraction.value)
        assert all(share >= target for target in plan.targets)


def test_rejected_lesion__is_in_no_plan(planned):
    for plan in planned.plans:
        assert REJECTED not in plan.recipe.wedges
        assert REJECTED not in plan.recipe.ablations
        assert REJECTED not in plan.result.fates


def test_targets__name_the_plans_that_serve_them(planned):
    by_id = {plan.id: plan for plan in planned.plans}
    assert [0.7, 1.0] == [outcome.target for outcome in planned.targets]
    for outcome in planned.targets:
        assert Verdict.MET is outcome.verdict
        assert outcome.plans
        assert outcome.target in by_id[outcome.plans[0]].targets
        answer = by_id[outcome.answered_by].result.debulked_fraction
        assert answer.interval.probability(outcome.target, inclusive=True) >= 0.9
        largest = max(by_id[plan].result.remnant.flr_ml.value for plan in outcome.plans)
        assert largest == pytest.approx(outcome.largest_flr_ml)
        assert 1.0 == outcome.most_debulked_fraction


def test_stages__are_of_plans_that_leave_too_little(case):
    """Cirrhosis asks for 40 %; without wedges and ablations nearly everything has to go."""
    choice = replace(TWO_TARGETS, most_wedges=0, most_ablations=0, contiguous_segments=1)
    patient = replace(NORMAL, background=LiverBackground.CIRRHOSIS)

    found = planned_with(case, choice, patient=patient)

    by_id = {plan.id: plan for plan in found.plans}
    assert found.staged
    for stage in found.staged:
        before = by_id[stage.plan].result.remnant.flr_ml.value
        assert before == pytest.approx(stage.flr_before_ml.value)


def without_segments(report):
    return replace(report, segments=None, segments_reasons=(Reason(Cause.NO_COUINAUD_MAP),))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without_segments, Reason(Cause.NO_COUINAUD_MAP)),
        (
            lambda r: replace(without_segments(r), segments_reasons=()),
            Reason(Cause.SEGMENTS_UNKNOWN),
        ),
        (
            lambda r: replace(r, tumour_ml=Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))),
            Reason(Cause.LESIONS_UNKNOWN),
        ),
        (lambda r: replace(r, lesions=()), Reason(Cause.NOTHING_TO_TREAT)),
    ],
)
def test_no_plans__say_why(case, change, reason):
    report, maps = case

    assert Planned(reasons=reasons_of(reason)) == planned_with((change(report), maps), TWO_TARGETS)


def test_no_plans__all_lesions_rejected(case):
    report, maps = case
    rejected = tuple(replace(n, confirmation=Confirmation.REJECTED) for n in report.lesions)

    found = planned_with((replace(report, lesions=rejected), maps), TWO_TARGETS)

    assert (Reason(Cause.NOTHING_TO_TREAT),) == found.reasons


def test_no_plans__without_maps(case):
    assert Planned(reasons=(Reason(Cause.NO_MAPS),)) == planned_with(
        case, TWO_TARGETS, with_maps=False
    )


def test_limits_of_size__forbid_wedges_or_ablations(case):
    small = replace(TWO_TARGETS, wedge_limit_mm=0.0, targets=(1.0,))
    smaller = replace(small, ablation_limit_mm=0.0, contiguous_segments=1)
    problem = problem_of(case, smaller)

    for plan in planned_with(case, small).plans:
        removed = {int(segment) for segment in plan.recipe.segments}
        for lesion in plan.recipe.wedges:
            row = problem.core[problem.atoms.lesion_ids.index(lesion)]
            assert removed & set(np.flatnonzero(row))
    assert all(not plan.recipe.ablations for plan in planned_with(case, smaller).plans)


def test_whipple__forbids_ablations(case):
    free, after = (
        planned_with(case, TWO_TARGETS, pancreatoduodenectomy=whipple) for whipple in (False, True)
    )

    assert any(plan.recipe.ablations for plan in free.plans)
    assert after.plans
    assert not any(plan.recipe.ablations for plan in after.plans)


@pytest.mark.parametrize("place", ["lesions_at_hilum", "lesions_near_bile_duct"])
def test_place__told_of_a_lesion_forbids_its_ablation_alone(case, place):
    free = planned_with(case, TWO_TARGETS)
    ablated = {lesion for plan in free.plans for lesion in plan.recipe.ablations}
    told = min(ablated)
    others = planned_with(case, TWO_TARGETS, **{place: (told,)})

    assert others.plans
    assert told not in {lesion for plan in others.plans for lesion in plan.recipe.ablations}


def test_locks__hold_in_every_plan(case):
    locked = frozenset((CouinaudSegment.VI, CouinaudSegment.IV))
    choice = replace(TWO_TARGETS, keep=locked, most_wedges=1, most_ablations=1, named_only=True)

    for plan in planned_with(case, choice).plans:
        assert not locked & set(plan.recipe.segments)
        assert len(plan.recipe.wedges) <= 1
        assert plan.result.ablation_zones <= 1
        assert plan.named


def test_own_recipe__is_among_the_plans(case):
    own = Recipe(segments=(CouinaudSegment.II, CouinaudSegment.III))
    choice = replace(TWO_TARGETS, recipes=(own,))

    last = planned_with(case, choice).plans[-1]

    assert (PlanOrigin.USER, own) == (last.origin, last.recipe)


@pytest.mark.parametrize("lesion", [REJECTED, 99])
def test_own_recipe__of_a_lesion_that_does_not_count_is_refused(case, lesion):
    choice = replace(TWO_TARGETS, recipes=(Recipe(wedges=(lesion,)),))

    with pytest.raises(InputError, match=str(lesion)):
        planned_with(case, choice)


def test_rule_set__unknown_is_refused(case):
    with pytest.raises(InputError, match="got FLR rule set 'nobody'"):
        planned_with(case, replace(TWO_TARGETS, rule_set="nobody"))


def test_minimum_unknown__target_is_undecided(case):
    report, maps = case
    unknown = replace(
        report.standardised,
        stlv_ml=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)),
        bsa_m2=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)),
    )
    found = planned_with((replace(report, standardised=unknown), maps), TWO_TARGETS)

    for outcome in found.targets:
        assert outcome.verdict is not Verdict.NOT_MET
        assert outcome.largest_flr_ml > 0


def test_cloyd__keeps_two_neighbours_whatever_is_asked(case):
    choice = replace(
        TWO_TARGETS, rule_set="cloyd2020", contiguous_segments=1, most_wedges=0, most_ablations=0
    )
    other = replace(choice, rule_set="gepnetlm_review")

    def smallest(found):
        kept = [frozenset(CouinaudSegment) - set(p.recipe.segments) for p in found.plans]
        return min(map(largest_contiguous, kept))

    assert smallest(planned_with(case, choice)) >= 2
    assert smallest(planned_with(case, other)) >= 1


@pytest.fixture(scope="module")
def six():
    phantom = coarse_phantom(6, seed=1)
    return measured(phantom.structures, phantom.lesions, phantom.couinaud)


def chance(plan, target):
    return plan.result.debulked_fraction.interval.probability(target, inclusive=True)


def test_surer__a_plan_of_a_surer_share_answers_where_the_best_one_may_miss(six, monkeypatch):
    """Of two wedges the pair that leaves most liver takes half of the tumour in two thirds."""
    every = frozenset(CouinaudSegment)
    choice = PlanChoice(targets=(0.5,), most_wedges=2, most_ablations=0, keep=every)
    found = planned_with(six, choice)
    monkeypatch.setattr(plan_search, "MOST_SURER", 0)
    alone = planned_with(six, choice)

    (before,), (after,) = alone.targets, found.targets
    assert (Verdict.UNCERTAIN, None) == (before.verdict, before.answered_by)
    assert Verdict.MET is after.verdict
    by_id = {plan.id: plan for plan in found.plans}
    best, surer = (by_id[plan] for plan in after.plans)
    assert surer.id == after.answered_by
    assert 0.1 < chance(best, 0.5) < 0.9 <= chance(surer, 0.5)
    assert ((0.5,), ()) == (best.targets, surer.targets)
    assert best.result.remnant.flr_ml.value > surer.result.remnant.flr_ml.value
    assert best.recipe == alone.plans[0].recipe


@pytest.mark.parametrize("certainty", [0.5, 0.9, 0.99])
def test_certainty__every_answer_reaches_its_target_so_surely(case, certainty):
    found = planned_with(case, replace(TWO_TARGETS, certainty=certainty))
    by_id = {plan.id: plan for plan in found.plans}
    assert found.targets
    for outcome in found.targets:
        answers = [p for p in found.plans if chance(p, outcome.target) >= certainty - 1e-9]
        able = [p for p in answers if p.feasible is Verdict.MET]
        assert (outcome.verdict is Verdict.MET) == bool(able)
        if outcome.answered_by is not None:
            assert by_id[outcome.answered_by] in able


ONLY_SEGMENTS = PlanChoice(targets=(1.0,), most_wedges=0, most_ablations=0, contiguous_segments=1)


@pytest.fixture(scope="module")
def three():
    """Lesions in VII and VIII, in I, IV and VIII, in V and VIII: named operations leave II, III."""
    phantom = coarse_phantom(3, seed=2)
    return measured(phantom.structures, phantom.lesions, phantom.couinaud)


def test_unassessed__is_found_where_no_named_operation_surely_leaves_enough(three):
    """VI would have to stay, whose vein runs between VII and VIII."""
    found = planned_with(three, ONLY_SEGMENTS)

    (outcome,) = found.targets
    by_id = {plan.id: plan for plan in found.plans}
    assert outcome.verdict is Verdict.UNCERTAIN
    others = [plan for plan in found.plans if not plan.decides]
    only = by_id[outcome.unassessed_plan]
    assert only in others
    assert CouinaudSegment.VI not in only.recipe.segments
    assert {(False, Verdict.UNKNOWN, ())} == {(p.on_front, p.feasible, p.targets) for p in others}
    assert found.plans.index(only) > 0
    assert outcome.largest_plan == outcome.plans[0]


def test_unassessed__nothing_is_looked_for_beyond_named_operations(three):
    found = planned_with(three, replace(ONLY_SEGMENTS, named_only=True))

    (outcome,) = found.targets
    assert (Verdict.UNCERTAIN, None) == (outcome.verdict, outcome.unassessed_plan)
    assert all(plan.named for plan in found.plans)


def test_unassessed__decides_once_a_person_found_its_vessels_intact(three):
    before = planned_with(three, ONLY_SEGMENTS)
    only = next(p for p in before.plans if p.id == before.targets[0].unassessed_plan)
    stated = replace(ONLY_SEGMENTS, vessels_intact=(frozenset(only.recipe.segments),))

    found = planned_with(three, stated)

    (outcome,) = found.targets
    answer = next(plan for plan in found.plans if plan.id == outcome.answered_by)
    assert Verdict.MET is outcome.verdict
    assert only.recipe == answer.recipe
    assert (False, True, True) == (answer.named, answer.vessels_intact, answer.on_front)
    assert answer.result.remnant.flr_ml.value > only.result.remnant.flr_ml.value


def test_unassessed__counts_no_stranded_segment_as_remnant(three):
    found = planned_with(three, ONLY_SEGMENTS)
    only = next(plan for plan in found.plans if not plan.decides)
    problem = problem_of(three, ONLY_SEGMENTS)
    every_ml = count(problem, only.recipe).flr * problem.atoms.voxel_ml

    assert only.result.remnant.flr_ml.value < every_ml
    cut = next(f for f in only.findings if f.id == "vascular_feasibility")
    lost = {name for one in cut.reasons for name in one.names}
    kept = frozenset(CouinaudSegment) - set(only.recipe.segments)
    assert "VI" in lost
    assert lost <= {segment.name for segment in kept}


def test_no_segment_removed__is_named_whatever_the_map_holds():
    """Where only II and VII hold liver, wedges strand nothing: nobody has to assess a vessel."""
    atoms = hand_problem(PlanChoice()).atoms
    apart = replace(atoms, segment=np.array([2, 2, 2, 7, 7]))
    allowed = {1: True, 2: True}
    problem = make_problem(apart, PlanChoice(), wedge_allowed=allowed, ablation_allowed=allowed)
    lone = make_problem(
        apart,
        PlanChoice(contiguous_segments=1),
        wedge_allowed=allowed,
        ablation_allowed=allowed,
    )

    assert frozenset() in lone.segment_sets
    assert frozenset() not in problem.allowed_sets  # two neighbours are asked for
