"""Whether a target can be reached: every verdict on problems solved by hand."""

from dataclasses import replace

import pytest

from examples.debulking import hand_problem
from examples.plans import example_plan
from planning.debulking.targets import TargetCase, least_voxels, target_outcome
from planning.optimiser.front import answer_targets
from planning.optimiser.reach import most_debulked
from planning.optimiser.search import Reach, start_search
from remnant.core.debulking import PlanOrigin
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.recipe import Recipe

MET, NOT_MET, UNKNOWN, NO_EVIDENCE = Verdict
NOTHING_BUT_SEGMENTS = PlanChoice(most_wedges=0, most_ablations=0)
LEAST = Quantity(250.0)
CUT = (Reason(Cause.MORE_BEYOND_SCAN),)
BOTH = Recipe(wedges=(1, 2))
UNNAMED = Recipe(segments=(CouinaudSegment.V, CouinaudSegment.VII))


def outcome(
    choice=None,
    *,
    target=1.0,
    feasible=(MET,),
    least=LEAST,
    change=None,
    late=False,
    plans=None,
    allowed=None,
    reach=None,
    **facts,
):
    """Judge one target of the problem by hand, with plans of these verdicts serving it."""
    choice = choice or PlanChoice()
    allowed = allowed or {1: True, 2: True}
    problem = hand_problem(choice, wedge_allowed=allowed, ablation_allowed=allowed)
    search = start_search(problem, seconds=60.0)
    if late:
        search.deadline = search.started - 1.0
    (answer,) = answer_targets(search, (target,), named_only=choice.named_only)
    if plans is None:
        best = answer.best.recipe or Recipe()
        plans = tuple(
            example_plan(n, targets=(target,), feasible=verdict, recipe=best)
            for n, verdict in enumerate(feasible, 1)
        )
    search.deadline = search.started + 60.0
    least_flr = least_voxels(problem, least)
    case = TargetCase(
        search=search,
        choice=choice,
        plans=plans,
        reach=reach or most_debulked(search),
        least_flr_ml=least,
        stlv_ml=1000.0,
        enough=None if least_flr is None else most_debulked(search, least_flr=least_flr),
        **facts,
    )
    return target_outcome(answer if change is None else change(answer), case)


def test_met__by_the_plan_that_is_accepted():
    found = outcome(feasible=(UNKNOWN, MET))

    assert (MET, True, ("plan_1", "plan_2")) == (found.verdict, found.proven, found.plans)
    assert ("plan_2", "plan_1") == (found.answered_by, found.largest_plan)
    assert (1.0, 380.0, LEAST, ()) == (
        found.most_debulked_fraction,
        found.largest_flr_ml,
        found.least_flr_ml,
        found.relaxations,
    )
    assert (True, True, "gepnetlm_review") == (
        found.most_proven,
        found.largest_proven,
        found.rule_set,
    )


def test_met__unproven():
    found = outcome(change=unproven)

    assert (MET, False, False) == (found.verdict, found.proven, found.largest_proven)
    assert "plan_1" == found.answered_by


def unproven(answer):
    open_one = replace(answer.named, proven=False, most_flr=answer.named.most_flr + 9)
    return replace(answer, named=open_one, any_set=open_one)


def test_not_met__too_little_liver_with_the_proof_and_the_growth():
    found = outcome(feasible=(NOT_MET,), least=Quantity(400.0))

    assert (NOT_MET, True) == (found.verdict, found.proven)
    assert (380.0, True, None) == (found.largest_flr_ml, found.largest_proven, found.answered_by)
    assert Quantity(400.0) == found.least_flr_ml
    assert ["larger_remnant", "lower_target"] == [r.kind for r in found.relaxations]
    assert 20.0 == found.relaxations[0].amount


def test_not_met__out_of_reach_with_the_most_that_is():
    found = outcome(NOTHING_BUT_SEGMENTS, feasible=())

    assert (NOT_MET, True, ()) == (found.verdict, found.proven, found.plans)
    assert (0.6, None) == (found.most_debulked_fraction, found.largest_flr_ml)
    assert (True, True, None) == (found.largest_proven, found.most_proven, found.largest_plan)
    assert "more_ablations" == found.relaxations[0].kind


def test_not_met__nothing_may_be_treated_at_all():
    choice = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=3)

    found = outcome(choice, feasible=(), target=0.7)

    assert (NOT_MET, 0.0) == (found.verdict, found.most_debulked_fraction)
    assert found.most_proven


@pytest.mark.parametrize(
    "least",
    [
        Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)),
        Quantity(400.0, indicative=True, reasons=Reason(Cause.SHARE_WITHIN_SCAN)),
    ],
)
def test_unknown__minimum_that_is_absent_or_indicative_asks_for_no_change(least):
    found = outcome(feasible=(UNKNOWN,), least=least)

    assert (UNKNOWN, ()) == (found.verdict, found.relaxations)
    assert least == found.least_flr_ml


@pytest.mark.parametrize("other", [UNKNOWN, NO_EVIDENCE])
def test_unknown__one_plan_that_nobody_can_judge(other):
    found = outcome(feasible=(other,), least=Quantity(400.0))

    assert (UNKNOWN, 380.0, True) == (found.verdict, found.largest_flr_ml, found.largest_proven)
    assert "larger_remnant" == found.relaxations[0].kind


def test_unknown__refused_but_not_proven_to_be_the_best():
    found = outcome(feasible=(NOT_MET,), change=unproven)

    assert (UNKNOWN, False) == (found.verdict, found.proven)


def test_unknown__time_was_over_before_a_plan_was_found():
    nothing = outcome(feasible=(), change=no_plan)

    assert (UNKNOWN, False) == (nothing.verdict, nothing.proven)
    assert (None, False) == (nothing.largest_flr_ml, nothing.largest_proven)


def no_plan(answer):
    nothing = replace(answer.named, recipe=None, counted=None, proven=False)
    return replace(answer, named=nothing, any_set=nothing)


def test_deadline_in_the_past__claims_no_more_than_the_full_search():
    """Whatever the search found by then, it decides nothing that it has not proven."""
    late, full = outcome(late=True, feasible=(NOT_MET,)), outcome(feasible=(NOT_MET,))

    assert late.verdict in (UNKNOWN, full.verdict)
    assert not late.proven or late.largest_flr_ml == full.largest_flr_ml
    assert (late.largest_flr_ml or 0.0) <= full.largest_flr_ml


def test_scan_that_cuts_the_liver__decides_nothing():
    with_plan = outcome(feasible=(MET,), reasons=CUT)
    without = outcome(NOTHING_BUT_SEGMENTS, feasible=(), reasons=CUT)

    assert (UNKNOWN, ()) == (with_plan.verdict, with_plan.relaxations)
    assert ("plan_1", CUT) == (with_plan.answered_by, with_plan.reasons)
    assert (UNKNOWN, ()) == (without.verdict, without.relaxations)
    assert (None, CUT) == (without.answered_by, without.reasons)


def test_plan_of_the_user__serves_where_it_is_accepted_and_reaches_the_target():
    own = example_plan(1, targets=(), feasible=MET, origin=PlanOrigin.USER, recipe=BOTH)
    less = replace(own, recipe=Recipe(wedges=(1,)))
    refused = replace(own, feasible=NOT_MET)

    found = outcome(plans=(own,))

    assert (MET, ("plan_1",)) == (found.verdict, found.plans)
    assert "plan_1" == found.answered_by
    for other in (less, refused):
        assert () == outcome(plans=(other,)).plans
        assert MET is not outcome(plans=(other,)).verdict


def test_most_debulked__a_plan_found_besides_counts():
    def limited(plans):
        return outcome(plans=plans, reach=Reach(debulked=60, at_most=100, proven=False))

    own = example_plan(1, targets=(), feasible=MET, recipe=BOTH)
    cut = replace(own, recipe=Recipe(wedges=(1, 2), ablations=(1,)))

    assert (0.6, False) == (limited(()).most_debulked_fraction, limited(()).proven)
    assert 1.0 == limited((own,)).most_debulked_fraction
    assert 0.6 == limited((cut,)).most_debulked_fraction


def test_out_of_reach__without_a_proven_share_names_none():
    found = outcome(
        NOTHING_BUT_SEGMENTS, feasible=(), reach=Reach(debulked=40, at_most=100, proven=False)
    )

    assert (NOT_MET, False) == (found.verdict, found.proven)
    assert (True, False) == (found.largest_proven, found.most_proven)


def other_set_is_better(answer):
    """Removing V and VII, which have no name together, is said to leave 390 mL."""
    counted = replace(answer.named.counted, flr=390)
    better = replace(answer.named, recipe=UNNAMED, counted=counted, most_flr=390)
    return replace(answer, any_set=better)


def test_met__by_a_named_plan_where_another_set_leaves_more():
    named = example_plan(1, targets=(1.0,), feasible=MET, recipe=BOTH)
    other = replace(named, id="plan_2", recipe=UNNAMED, named=False)

    both = outcome(plans=(named, other), change=other_set_is_better)
    alone = outcome(plans=(named,), change=other_set_is_better)

    assert ("plan_2", None) == (both.largest_plan, alone.largest_plan)
    for found in (both, alone):
        assert (MET, "plan_1", 390.0) == (found.verdict, found.answered_by, found.largest_flr_ml)


def test_reasons__are_those_of_the_case():
    grounds = (Reason(Cause.BACKGROUND_UNKNOWN), Reason(Cause.SEGMENTS_ESTIMATED))

    assert grounds == outcome(reasons=grounds).reasons
    assert () == outcome().reasons


def test_unnamed_set_alone__serves_too():
    """Only removing V and VII together, which has no name, treats both lesions: 200 mL remain."""
    choice = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=1)

    found = outcome(choice, feasible=(NOT_MET,))
    named = outcome(replace(choice, named_only=True), feasible=())

    assert (NOT_MET, 200.0) == (found.verdict, found.largest_flr_ml)
    assert (NOT_MET, None) == (named.verdict, named.largest_flr_ml)
    assert (0.6, True) == (named.most_debulked_fraction, named.most_proven)
