"""Whether a target can be reached: every verdict on problems solved by hand."""

from dataclasses import replace

import pytest

from examples.debulking import hand_problem
from examples.plans import example_plan
from planning.debulking.judged_plans import FLIPS
from planning.debulking.targets import CUT_WORDS, TargetCase, least_voxels, target_outcome
from planning.optimiser.front import answer_targets
from planning.optimiser.reach import Reach, most_debulked
from planning.optimiser.search import start_search
from planning.wording import REVIEW_SENTENCE
from remnant.core.debulking import PlanOrigin, Recipe
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity

MET, NOT_MET, UNKNOWN, NO_EVIDENCE = Verdict
NOTHING_BUT_SEGMENTS = PlanChoice(most_wedges=0, most_ablations=0)
LEAST = Quantity(250.0)
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
    cut=False,
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
            example_plan(n, targets=(target,), feasible=verdict, title=f"Plan {n}", recipe=best)
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
        cut=cut,
        enough=None if least_flr is None else most_debulked(search, least_flr=least_flr),
        **facts,
    )
    return target_outcome(answer if change is None else change(answer), case)


def test_met__by_the_plan_that_is_accepted():
    found = outcome(feasible=(UNKNOWN, MET))

    assert (MET, True, ("plan_1", "plan_2")) == (found.verdict, found.proven, found.plans)
    assert (
        "100 % of the tumour: within reach by plan 2 (plan_2), proven to leave most liver."
        == found.text
    )
    assert (1.0, 380.0, 250.0, ()) == (
        found.most_debulked_fraction,
        found.largest_flr_ml,
        found.least_flr_ml,
        found.relaxations,
    )


def test_met__unproven_says_how_much_more_could_remain():
    plan = example_plan(
        1, targets=(1.0,), feasible=MET, title="A Wedge", recipe=BOTH, proven=False, gap_ml=12.4
    )

    found = outcome(plans=(plan,), change=unproven)

    assert (MET, False) == (found.verdict, found.proven)
    assert (
        "by a Wedge (plan_1); up to 12 mL more could remain, the time ended before the proof."
        in (found.text)
    )
    assert "up to 1 mL more" in outcome(plans=(replace(plan, gap_ml=None),)).text


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
    assert found.text.startswith(
        "100 % of the tumour: out of reach within the limits. No plan treats more than 60.0 % "
        "(proven)."
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
            Quantity(400.0, indicative=True, reasons="both are cut"),
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
    found = outcome(feasible=(other,), least=Quantity(400.0))

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
    assert nothing.text.startswith(
        "100 % of the tumour: undecided. No plan was found in the time allowed."
    )


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
        f"100 % of the tumour: undecided, {CUT_WORDS}. In the scanned part: plan 1."
        == with_plan.text
    )
    assert (UNKNOWN, ()) == (without.verdict, without.relaxations)
    assert f"100 % of the tumour: undecided, {CUT_WORDS}." == without.text


def test_plan_of_the_user__serves_where_it_is_accepted_and_reaches_the_target():
    own = example_plan(
        1, targets=(), feasible=MET, origin=PlanOrigin.USER, recipe=BOTH, title="Own"
    )
    less = replace(own, recipe=Recipe(wedges=(1,)))
    refused = replace(own, feasible=NOT_MET)

    found = outcome(plans=(own,))

    assert (MET, ("plan_1",)) == (found.verdict, found.plans)
    assert "within reach by own (plan_1), not proven to leave most liver." in found.text
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
    assert "out of reach within the limits (proven)." in found.text
    assert "40" not in found.text.partition("(proven)")[0]


def other_set_is_better(answer):
    """Removing V and VII, which have no name together, is said to leave 390 mL."""
    counted = replace(answer.named.counted, flr=390)
    better = replace(answer.named, recipe=UNNAMED, counted=counted, most_flr=390)
    return replace(answer, any_set=better)


def test_met__by_a_named_plan_where_another_set_leaves_more():
    named = example_plan(1, targets=(1.0,), feasible=MET, recipe=BOTH, title="Two wedges")
    other = replace(named, id="plan_2", recipe=UNNAMED, named=False)

    both = outcome(plans=(named, other), change=other_set_is_better)
    alone = outcome(plans=(named,), change=other_set_is_better)

    assert "proven for hepatectomies with a name; plan_2" in both.text
    assert "proven for hepatectomies with a name; another set" in alone.text
    for found in (both, alone):
        assert (MET, 390.0) == (found.verdict, found.largest_flr_ml)
        assert "390 mL" in found.text
        assert "proven to leave most liver" not in found.text


def test_met__by_a_set_without_a_name_says_so():
    plan = example_plan(1, targets=(1.0,), feasible=MET, recipe=BOTH, named=False)

    assert "vessels not assessed" in outcome(plans=(plan,)).text


def test_met__says_how_sure_the_minimum_and_the_target_are():
    plan = example_plan(1, targets=(1.0,), feasible=MET, recipe=BOTH)
    liver, share, other = (
        replace(
            plan.findings[0],
            id=i,
            probability=p,
            threshold=replace(plan.findings[0].threshold, value=t),
        )
        for i, p, t in (("flr.gepnetlm_review", 0.6, 0.2), ("all", 0.7, 1.0), ("flr.x", 0.5, 0.3))
    )
    findings = (liver, share, other)
    doubtful = replace(plan, findings=findings, flips=tuple(f.id for f in findings))

    text = outcome(plans=(doubtful,)).text
    assert f"{FLIPS}enough liver in 60 of 100;" in text
    assert "in 70 of 100." in text
    assert "50 of 100" not in text
    assert FLIPS not in outcome(plans=(replace(doubtful, flips=()),)).text


def test_review_and_background__are_said():
    assert outcome(review=True).text.endswith(REVIEW_SENTENCE)
    assert REVIEW_SENTENCE not in outcome().text
    unsaid = outcome(feasible=(UNKNOWN,), least=Quantity(400.0), background_unknown=True)
    assert "asked are 400 mL (liver background not known)" in unsaid.text


def test_unnamed_set_alone__serves_too():
    """Only removing V and VII together, which has no name, treats both lesions: 200 mL remain."""
    choice = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=1)

    found = outcome(choice, feasible=(NOT_MET,))
    named = outcome(replace(choice, named_only=True), feasible=())

    assert (NOT_MET, 200.0) == (found.verdict, found.largest_flr_ml)
    assert (NOT_MET, None) == (named.verdict, named.largest_flr_ml)
    assert "No plan treats more than 60.0 % (proven)." in named.text
