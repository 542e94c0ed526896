"""Whether a target can be reached: every verdict on problems solved by hand."""

from dataclasses import replace

import pytest

from planning.optimiser.front import answer_targets
from planning.optimiser.reach import most_debulked
from planning.optimiser.search import start_search
from planning.targets import CUT_WORDS, TargetCase, target_outcome
from remnant.core.debulking import PlanOrigin
from remnant.core.findings import Verdict
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity
from remnant.testing.debulking import hand_problem
from remnant.testing.example_plans import example_plan

MET, NOT_MET, UNKNOWN, NO_EVIDENCE = Verdict
NOTHING_BUT_SEGMENTS = PlanChoice(most_wedges=0, most_ablations=0)
LEAST = Quantity(250.0)


def outcome(
    choice=None,
    *,
    target=1.0,
    feasible=(MET,),
    least=LEAST,
    change=None,
    late=False,
    cut=False,
    plans=None,
    allowed=None,
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
        plans = tuple(
            example_plan(n, targets=(target,), feasible=verdict, title=f"Plan {n}")
            for n, verdict in enumerate(feasible, 1)
        )
    search.deadline = search.started + 60.0
    case = TargetCase(
        search=search,
        choice=choice,
        plans=plans,
        reach=most_debulked(search),
        least_flr_ml=least,
        stlv_ml=1000.0,
        cut=cut,
    )
    return target_outcome(answer if change is None else change(answer), case)


def test_met__by_the_plan_that_is_accepted():
    found = outcome(feasible=(UNKNOWN, MET))

    assert (MET, True, ("plan_1", "plan_2")) == (found.verdict, found.proven, found.plans)
    assert "100 % of the tumour: within reach by plan 2, proven to leave most liver." == found.text
    assert (1.0, 380.0, 250.0, ()) == (
        found.most_debulked_fraction,
        found.largest_flr_ml,
        found.least_flr_ml,
        found.relaxations,
    )


def test_met__unproven_says_how_much_more_could_remain():
    plan = example_plan(1, targets=(1.0,), feasible=MET, title="A Wedge", proven=False, gap_ml=12.4)

    found = outcome(plans=(plan,), change=unproven)

    assert (MET, False) == (found.verdict, found.proven)
    assert "by a Wedge; up to 12 mL more could remain, the time ended before the proof." in (
        found.text
    )
    assert "up to 0 mL more" in outcome(plans=(replace(plan, gap_ml=None),)).text


def unproven(answer):
    open_one = replace(answer.named, proven=False, most_flr=answer.named.most_flr + 9)
    return replace(answer, named=open_one, any_set=open_one)


def test_not_met__too_little_liver_with_the_proof_and_the_growth():
    found = outcome(feasible=(NOT_MET,), least=Quantity(400.0))

    assert (NOT_MET, True) == (found.verdict, found.proven)
    assert "100 % of the tumour: not with enough liver by" in found.text
    assert "No plan that reaches it leaves more than 380 mL (proven); asked are 400 mL." in (
        found.text
    )
    assert found.text.endswith(found.relaxations[0].text)
    assert ["larger_remnant", "lower_target"] == [r.kind for r in found.relaxations]
    assert 20.0 == found.relaxations[0].amount


def test_not_met__out_of_reach_with_the_most_that_is():
    found = outcome(NOTHING_BUT_SEGMENTS, feasible=())

    assert (NOT_MET, True, ()) == (found.verdict, found.proven, found.plans)
    assert (0.6, None) == (found.most_debulked_fraction, found.largest_flr_ml)
    assert (
        "100 % of the tumour: out of reach within the limits. No plan treats more than 60.0 % "
        "(proven)." == found.text
    )
    assert "more_ablations" == found.relaxations[0].kind


def test_not_met__nothing_may_be_treated_at_all():
    choice = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=3)

    found = outcome(choice, feasible=(), target=0.7)

    assert (NOT_MET, 0.0) == (found.verdict, found.most_debulked_fraction)
    assert "No plan treats more than 0.0 % (proven)." in found.text


@pytest.mark.parametrize(
    ("least", "words"),
    [
        (
            Quantity.absent("no body height"),
            "undecided. At most 380 mL would remain; the minimum is not known (no body height).",
        ),
        (
            Quantity(400.0, indicative=True, reason="both are cut"),
            "undecided. At most 380 mL would remain; asked are 400 mL.",
        ),
    ],
)
def test_unknown__minimum_that_is_absent_or_indicative_asks_for_no_change(least, words):
    found = outcome(feasible=(UNKNOWN,), least=least)

    assert (UNKNOWN, ()) == (found.verdict, found.relaxations)
    assert f"100 % of the tumour: {words}" == found.text
    assert least.value == found.least_flr_ml


@pytest.mark.parametrize("other", [UNKNOWN, NO_EVIDENCE])
def test_unknown__one_plan_that_nobody_can_judge(other):
    found = outcome(feasible=(NOT_MET, other), least=Quantity(400.0))

    assert UNKNOWN is found.verdict
    assert "undecided. At most 380 mL would remain; asked are 400 mL. The FLR is short" in (
        found.text
    )


def test_unknown__refused_but_not_proven_to_be_the_best():
    found = outcome(feasible=(NOT_MET,), change=unproven)

    assert (UNKNOWN, False) == (found.verdict, found.proven)


def test_unknown__time_was_over_before_a_plan_was_found():
    nothing = outcome(feasible=(), change=no_plan)

    assert (UNKNOWN, False) == (nothing.verdict, nothing.proven)
    assert "100 % of the tumour: undecided. No plan was found in the time allowed." == nothing.text


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
    with_plan = outcome(feasible=(MET,), cut=True)
    without = outcome(NOTHING_BUT_SEGMENTS, feasible=(), cut=True)

    assert (UNKNOWN, ()) == (with_plan.verdict, with_plan.relaxations)
    assert (
        f"100 % of the tumour: undecided, {CUT_WORDS}. In the scanned part within reach by plan 1."
        == with_plan.text
    )
    assert (UNKNOWN, ()) == (without.verdict, without.relaxations)
    assert f"100 % of the tumour: undecided, {CUT_WORDS}." == without.text


def test_plans_of_the_user_or_for_other_targets__do_not_serve():
    own = example_plan(1, targets=(1.0,), feasible=MET, origin=PlanOrigin.USER)
    other = example_plan(2, targets=(0.7,), feasible=MET)

    found = outcome(plans=(own, other))

    assert (NOT_MET, ()) == (found.verdict, found.plans)


def test_unnamed_set_alone__serves_too():
    """Only removing V and VII together, which has no name, treats both lesions: 200 mL remain."""
    choice = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=1)

    found = outcome(choice, feasible=(NOT_MET,))
    named = outcome(replace(choice, named_only=True), feasible=())

    assert (NOT_MET, 200.0) == (found.verdict, found.largest_flr_ml)
    assert (NOT_MET, None) == (named.verdict, named.largest_flr_ml)
    assert "No plan treats more than 60.0 % (proven)." in named.text
