"""Whether a target can be reached: every verdict on problems solved by hand."""

from dataclasses import replace

import pytest

from examples.debulking import hand_problem
from examples.plans import example_plan, example_result
from planning.debulking.targets import TargetCase, least_voxels, target_outcome
from planning.optimiser.front import answer_targets
from planning.optimiser.reach import most_debulked
from planning.optimiser.search import Reach, start_search
from remnant.core.debulking import PlanOrigin
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.recipe import Recipe

MET, NOT_MET, UNCERTAIN, UNKNOWN, NO_EVIDENCE = Verdict
NOTHING_BUT_SEGMENTS = PlanChoice(most_wedges=0, most_ablations=0)
LEAST = Quantity(250.0)
CUT = (Reason(Cause.MORE_BEYOND_SCAN),)
BOTH = Recipe(wedges=(1, 2))
UNNAMED = Recipe(segments=(CouinaudSegment.V, CouinaudSegment.VII))
"""Both lesions go with V and VII; VI is left without a neighbour, with 200 mL."""
INTACT = (frozenset(UNNAMED.segments),)


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
    (answer,) = answer_targets(search, (target,))
    if plans is None:
        best = answer.best.recipe or Recipe()
        plans = tuple(
            made(n, targets=(target,), feasible=verdict, recipe=best)
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


def made(number=1, *, share=None, **changes):
    """A plan that treats all of the tumour, or a share of it."""
    share = Quantity(1.0) if share is None else share
    return example_plan(number, result=example_result(debulked_fraction=share), **changes)


def unassessed(number=1, **changes):
    """A plan of the set without a name, as the optimiser's answer has it."""
    facts = {"targets": (), "feasible": UNKNOWN, "recipe": UNNAMED, "named": False}
    return made(number, **(facts | changes))


def evenly(low, high):
    quantiles = tuple(low + (high - low) * step / 1000 for step in range(1001))
    return Quantity((low + high) / 2, interval=Interval(low, high, quantiles=quantiles))


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
    open_one = replace(answer.best, proven=False, most_flr=answer.best.most_flr + 9)
    return replace(answer, best=open_one)


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
    return replace(answer, best=replace(answer.best, recipe=None, counted=None, proven=False))


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
    own = made(1, targets=(), feasible=MET, origin=PlanOrigin.USER, recipe=BOTH)
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

    own = made(1, targets=(), feasible=MET, recipe=BOTH)
    cut = replace(own, recipe=Recipe(wedges=(1, 2), ablations=(1,)))

    assert (0.6, False) == (limited(()).most_debulked_fraction, limited(()).proven)
    assert 1.0 == limited((own,)).most_debulked_fraction
    assert 0.6 == limited((cut,)).most_debulked_fraction


def test_most_debulked__a_plan_that_decides_nothing_does_not_count():
    """Proven is what named operations treat: 60 % with V; both lesions only without a name."""
    choice = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=1)
    stated = replace(choice, vessels_intact=INTACT)

    found = outcome(choice, plans=(unassessed(),))
    intact = outcome(stated, plans=(unassessed(vessels_intact=True, feasible=MET),))

    assert (0.6, True) == (found.most_debulked_fraction, found.most_proven)
    assert (1.0, True) == (intact.most_debulked_fraction, intact.most_proven)


def test_out_of_reach__without_a_proven_share_names_none():
    found = outcome(
        NOTHING_BUT_SEGMENTS, feasible=(), reach=Reach(debulked=40, at_most=100, proven=False)
    )

    assert (NOT_MET, False) == (found.verdict, found.proven)
    assert (True, False) == (found.largest_proven, found.most_proven)


def test_met__by_a_named_plan_where_another_set_is_beside_it():
    named = made(1, targets=(1.0,), feasible=MET, recipe=BOTH)

    both = outcome(plans=(unassessed(2), named))
    alone = outcome(plans=(named,))

    for found in (both, alone):
        assert (MET, "plan_1", 380.0) == (found.verdict, found.answered_by, found.largest_flr_ml)
        assert ("plan_1", None, ("plan_1",)) == (
            found.largest_plan, found.unassessed_plan, found.plans
        )  # fmt: skip


def test_reasons__are_those_of_the_case():
    grounds = (Reason(Cause.BACKGROUND_UNKNOWN), Reason(Cause.SEGMENTS_ESTIMATED))

    assert grounds == outcome(reasons=grounds).reasons
    assert () == outcome().reasons


ONLY_SEGMENTS = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=1)


@pytest.mark.parametrize(("least", "named"), [(200.0, "plan_1"), (201.0, None)])
def test_unassessed__is_named_where_only_it_would_do_and_decides_nothing(least, named):
    """Only removing V and VII together treats both lesions: VI, 200 mL, would be all that stays."""
    found = outcome(ONLY_SEGMENTS, plans=(unassessed(),), least=Quantity(least))

    assert (NOT_MET, True, None) == (found.verdict, found.proven, found.answered_by)
    assert (None, None, ()) == (found.largest_flr_ml, found.largest_plan, found.plans)
    assert (0.6, True) == (found.most_debulked_fraction, found.most_proven)
    assert named == found.unassessed_plan


def test_unassessed__not_where_the_minimum_is_unknown_or_the_target_is_missed():
    absent = Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))
    other = unassessed(recipe=Recipe(segments=(CouinaudSegment.VI, CouinaudSegment.VII)))

    assert outcome(ONLY_SEGMENTS, plans=(unassessed(),), least=absent).unassessed_plan is None
    assert outcome(ONLY_SEGMENTS, plans=(other,), least=Quantity(1.0)).unassessed_plan is None
    assert outcome(ONLY_SEGMENTS, plans=(), least=Quantity(1.0)).unassessed_plan is None


def test_unassessed__not_one_that_breaks_a_lock():
    """The user's own recipe removes V, which is locked: no vessel makes it an answer."""
    choice = replace(ONLY_SEGMENTS, keep=frozenset((CouinaudSegment.V,)))
    own = unassessed(origin=PlanOrigin.USER, feasible=NOT_MET)

    assert outcome(choice, plans=(own,), least=Quantity(200.0)).unassessed_plan is None


def test_stated_intact__decides_as_a_named_one_does():
    """A person found the vessels of VI intact: the same plan answers, or is refused."""
    choice = replace(ONLY_SEGMENTS, vessels_intact=INTACT)
    enough = unassessed(targets=(1.0,), feasible=MET, vessels_intact=True)
    refused = replace(enough, feasible=NOT_MET)

    met = outcome(choice, plans=(enough,), least=Quantity(200.0))
    short = outcome(choice, plans=(refused,), least=Quantity(250.0))

    assert (MET, "plan_1", 200.0) == (met.verdict, met.answered_by, met.largest_flr_ml)
    assert (NOT_MET, 200.0, "plan_1") == (short.verdict, short.largest_flr_ml, short.largest_plan)
    assert (None, None) == (met.unassessed_plan, short.unassessed_plan)


@pytest.mark.parametrize(
    ("share", "feasible", "expected"),
    [
        (evenly(0.60, 0.80), MET, UNCERTAIN),  # 50 of 100 draws reach 70 %
        (evenly(0.691, 0.791), MET, MET),  # 91 of 100
        (evenly(0.689, 0.789), MET, UNCERTAIN),  # 89 of 100
        (evenly(0.70, 0.80), UNCERTAIN, UNCERTAIN),
        (evenly(0.60, 0.80), UNCERTAIN, UNCERTAIN),
        (evenly(0.60, 0.80), NOT_MET, NOT_MET),
        (evenly(0.60, 0.80), UNKNOWN, UNCERTAIN),
        (evenly(0.70, 0.80), UNKNOWN, UNKNOWN),
    ],
)
def test_uncertain__where_the_measurement_error_decides(share, feasible, expected):
    plan = made(share=share, targets=(0.7,), feasible=feasible, recipe=BOTH)

    found = outcome(target=0.7, plans=(plan,), change=lambda answer: with_recipe(answer, BOTH))

    assert (expected, ("plan_1",)) == (found.verdict, found.plans)
    assert ("plan_1" if expected is MET else None) == found.answered_by


def with_recipe(answer, recipe):
    return replace(answer, best=replace(answer.best, recipe=recipe))


@pytest.mark.parametrize(
    ("certainty", "expected"), [(0.9, UNCERTAIN), (0.75, MET), (0.5, MET), (0.99, UNCERTAIN)]
)
def test_uncertain__as_sure_as_is_asked(certainty, expected):
    """80 of 100 draws reach 70 %."""
    plan = made(share=evenly(0.68, 0.78), targets=(0.7,), recipe=BOTH)

    found = outcome(PlanChoice(certainty=certainty), target=0.7, plans=(plan,))

    assert expected is found.verdict


def test_uncertain__not_by_a_plan_that_decides_nothing():
    doubtful = unassessed(share=evenly(0.9, 1.0))

    found = outcome(ONLY_SEGMENTS, target=0.95, plans=(doubtful,), least=Quantity(200.0))

    assert (NOT_MET, "plan_1") == (found.verdict, found.unassessed_plan)


def test_uncertain__a_plan_of_a_surer_share_answers():
    """The best plan for 70 % reaches it in half of the draws; another treats all of the tumour."""
    best = made(1, share=evenly(0.6, 0.8), targets=(0.7,), recipe=Recipe(wedges=(1, 2)))
    surer = made(2, share=evenly(0.9, 1.0), targets=(), recipe=BOTH)

    found = outcome(target=0.7, plans=(best, surer))

    assert (MET, "plan_2") == (found.verdict, found.answered_by)
    assert ("plan_1", "plan_2") == found.plans


def test_uncertain__a_cut_scan_is_undecided_still():
    plan = made(share=evenly(0.6, 0.8), targets=(0.7,), recipe=BOTH)

    assert UNKNOWN is outcome(target=0.7, plans=(plan,), reasons=CUT).verdict


def test_uncertain__a_share_just_below_the_target_that_half_of_the_draws_reach():
    share = Quantity(
        0.998, interval=Interval(0.98, 1.0, quantiles=tuple(0.98 + 0.0004 * n for n in range(101)))
    )
    near = example_plan(1, targets=(1.0,), feasible=MET, recipe=BOTH)
    near = replace(near, result=replace(near.result, debulked_fraction=share))
    assert outcome(plans=(near,), target=0.999).verdict is UNCERTAIN


def test_met__of_surer_plans_the_one_that_takes_least_answers():
    """The best plan by number is a coin toss; of those that are sure the larger remnant answers."""
    toss = Interval(0.95, 1.0, quantiles=tuple(0.95 + 0.0005 * n for n in range(101)))
    best = example_plan(1, targets=(0.97,), feasible=MET, recipe=BOTH)
    share = Quantity(0.975, interval=toss)
    best = replace(best, result=replace(best.result, debulked_fraction=share))
    sure = Quantity(1.0)
    small, large = (
        replace(
            example_plan(n, targets=(), feasible=MET, recipe=BOTH),
            result=example_result(flr_ml=flr_ml, debulked_fraction=sure),
        )
        for n, flr_ml in ((2, 300.0), (3, 350.0))
    )
    found = outcome(plans=(best, small, large), target=0.97)
    assert (MET, "plan_3") == (found.verdict, found.answered_by)
    assert ("plan_1", "plan_3", "plan_2") == found.plans
