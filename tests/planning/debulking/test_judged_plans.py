"""Plans with their verdicts, on a phantom of five metastases of which one is rejected."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from examples.debulking import NORMAL, coarse_phantom, measured
from planning.debulking.judged_plans import (
    FURTHER_PREFIX,
    PlanCase,
    accepted,
    ranked_plans,
    share_short,
)
from planning.optimiser.broken_limits import Fault, FaultKind
from planning.optimiser.feasibility import count
from planning.optimiser.front import Point
from planning.optimiser.problem import make_problem
from remnant.core.clinical import NOTHING_SAID
from remnant.core.debulking import Fate, PlanOrigin
from remnant.core.findings import BEST_FIRST, SourceStatus, Verdict, verdict_of_chance
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.plan_choice import PlanChoice
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe
from remnant.core.volumetry_report import SegmentSource
from remnant.wording.findings import text_of
from volumetry.virtual_resection.atoms import build_atoms
from volumetry.virtual_resection.plan_draws import plan_spread

MET, NOT_MET, UNCERTAIN, UNKNOWN, NO_EVIDENCE = Verdict
REJECTED = 2
CONFIRMATIONS = {
    1: Confirmation.CONFIRMED,
    REJECTED: Confirmation.REJECTED,
    3: Confirmation.CONFIRMED,
}
RULE_SET = "flr.gepnetlm_review"


def some(*codes):
    return tuple(CouinaudSegment(code) for code in codes)


@pytest.fixture(scope="module")
def case():
    phantom = coarse_phantom()
    report, maps = measured(
        phantom.structures, phantom.lesions, phantom.couinaud, confirmations=CONFIRMATIONS
    )
    ids = tuple(lesion.id for lesion in report.lesions if lesion.counts)
    choice = PlanChoice()
    atoms = build_atoms(maps, lesion_ids=ids, choice=choice).atoms
    allowed = dict.fromkeys(ids, True)
    problem = make_problem(atoms, choice, wedge_allowed=allowed, ablation_allowed=allowed)
    return PlanCase(
        report=report, patient=NORMAL, facts=NOTHING_SAID, choice=choice, problem=problem,
        drawn=plan_spread(report, atoms=atoms),
    )  # fmt: skip


def own(case, *recipes, **changes):
    """The user's plans alone."""
    return ranked_plans((), replace(case, choice=replace(case.choice, recipes=recipes), **changes))


def point(case, recipe, *, targets=(), proven=True, more=0, on_front=True):
    counted = count(case.problem, recipe)
    return Point(
        recipe=recipe, counted=counted, proven=proven, most_flr=counted.flr + more,
        targets=targets, on_front=on_front,
    )  # fmt: skip


def found(plan):
    return {finding.id: finding for finding in plan.findings}


def cut_recipe(case):
    """Removed segments that hold a part of some lesion only."""
    for row in case.problem.core:
        codes = [int(c) for c in row.nonzero()[0] if c]
        if len(codes) > 1:
            return Recipe(segments=some(codes[0]))
    raise AssertionError("the phantom has no lesion across a border")


def test_rejected_lesion__is_never_treated_nor_has_a_fate(case):
    treated = tuple(case.problem.atoms.lesion_ids)
    (plan,) = own(case, Recipe(wedges=treated))

    assert REJECTED not in treated
    assert set(treated) == set(plan.result.fates)
    assert 1.0 == plan.result.debulked_fraction.value


def test_unconfirmed__counts_treated_lesions_only(case):
    all_ids = case.problem.atoms.lesion_ids
    open_ids = tuple(i for i in all_ids if i not in CONFIRMATIONS)
    none, one, every = own(
        case, Recipe(wedges=(1, 3)), Recipe(wedges=(1,), ablations=open_ids[:1]),
        Recipe(wedges=all_ids),
    )  # fmt: skip

    assert "plan.unconfirmed_lesions" not in found(none)
    caution = found(one)["plan.unconfirmed_lesions"]
    assert (NOT_MET, 1) == (caution.verdict, caution.value)
    assert len(open_ids) == found(every)["plan.unconfirmed_lesions"].value


def test_ablation_size__uncertain_where_the_limit_lies_between_the_diameters(case):
    """Only what is ablated, and only where the limit lies between axial and 3-D diameter."""
    axially = {1: 29.0, 3: 20.0}
    lesions = tuple(
        replace(one, longest_axial_mm=axially.get(one.id, 29.0), slice_corrected_3d_mm=31.0)
        if one.id in axially
        else replace(one, longest_axial_mm=25.0, slice_corrected_3d_mm=30.0)
        for one in case.report.lesions
    )
    case = replace(case, report=replace(case.report, lesions=lesions))
    both, excised, none = own(
        case, Recipe(ablations=(1, 3)), Recipe(wedges=(1, 3)), Recipe(ablations=(4,))
    )

    doubt = found(both)["plan.ablation_size"]
    assert (Verdict.UNCERTAIN, 2.0) == (doubt.verdict, doubt.value)
    assert (reason(Cause.LARGER_IN_3D, "1", "3", 30.0),) == doubt.reasons
    assert "plan.ablation_size" not in found(excised) | found(none)
    assert text_of(doubt) == (
        "Ablates what may be too large; lesions 1, 3: at most 30 mm axially, more in 3-D "
        "(slice-corrected)."
    )


def test_user_recipe__with_its_faults_named(case):
    recipe = cut_recipe(case)
    (plan,) = own(case, recipe)
    faults = count(case.problem, recipe).faults
    cut = [lesion for lesion, fate in plan.result.fates.items() if fate is Fate.CUT]

    assert (PlanOrigin.USER, (), None, None, False) == (
        plan.origin, plan.targets, plan.proven, plan.gap_ml, plan.on_front
    )  # fmt: skip
    assert NOT_MET is plan.feasible
    limits = found(plan)["plan.limits"]
    assert Fault(FaultKind.CUT_LESION) in faults
    assert [fault.kind for fault in faults] == [one.names[0] for one in limits.reasons]
    across = found(plan)["debulking.cut_lesions"]
    assert (NOT_MET, len(cut)) == (across.verdict, across.value)
    assert (reason(Cause.LESIONS_ACROSS, *map(str, cut)),) == across.reasons


def test_user_recipe__within_the_limits_has_no_fault(case):
    (plan,) = own(case, Recipe(wedges=(1,)))

    assert not {"plan.limits", "debulking.cut_lesions"} & set(found(plan))
    assert found(plan)[RULE_SET].verdict is plan.feasible


def test_user_recipes__come_last_each_once_and_stay_in_their_order(case):
    first, second = Recipe(ablations=(1,)), Recipe(wedges=(1,))
    case = replace(case, choice=replace(case.choice, recipes=(first, second, first)))
    points = (point(case, Recipe(segments=some(4, 6, 8))), point(case, Recipe(wedges=(3,))))

    plans = ranked_plans(points, case)

    assert [f"plan_{n}" for n in range(1, 5)] == [plan.id for plan in plans]
    assert [first, second] == [plan.recipe for plan in plans[2:]]
    assert [False, False, True, True] == [plan.origin is PlanOrigin.USER for plan in plans]


RECIPES = {
    Recipe(wedges=(1,)): (0.7,),
    Recipe(wedges=(3,)): (0.7, 1.0),
    Recipe(ablations=(3,)): (),
    Recipe(wedges=(1, 3)): (),
    Recipe(segments=some(2, 6)): (0.7,),
    Recipe(segments=some(2, 3, 4, 5, 6)): (1.0,),
    Recipe(segments=some(1, 4, 5, 6, 7, 8)): (1.0,),
    Recipe(segments=some(4, 5, 6, 7, 8)): (),
    Recipe(segments=some(4, 6, 8)): (),
    Recipe(segments=some(5, 7)): (),
}


def rank_of(plan, choice):
    """Verdict, whether it decides, target reached, chance of enough liver, liver, interventions."""
    share = plan.result.debulked_fraction.value
    return (
        BEST_FIRST.index(plan.feasible),
        not (plan.named or plan.vessels_intact),
        -max((target for target in choice.targets if share >= target), default=0.0),
        -round(found(plan)[RULE_SET].probability, 2),
        -plan.result.remnant.flr_ml.value,
        plan.result.interventions,
    )


def test_ranking__verdict_decides_target_chance_liver_interventions(case):
    points = tuple(point(case, recipe, targets=t) for recipe, t in RECIPES.items())
    plans = ranked_plans(points, case)
    keys = [rank_of(plan, case.choice) for plan in plans]

    assert all(before <= after for before, after in pairwise(keys))
    assert plans == ranked_plans(points[::-1], case)
    assert {True, False} == {p.named for p in plans}
    assert {MET, NOT_MET} <= {p.feasible for p in plans if p.named}
    assert {p.recipe: p.targets for p in plans} == RECIPES


def test_ranking__a_target_reached_counts_and_not_one_that_it_was_searched_for(case):
    """The plan for 100 % that treats one lesion stands below the one that treats all."""
    every = Recipe(wedges=case.problem.atoms.lesion_ids)
    points = (
        point(case, Recipe(wedges=(3,)), targets=(1.0,)),
        point(case, every, targets=()),
    )

    assert [every, points[0].recipe] == [plan.recipe for plan in ranked_plans(points, case)]


def test_ranking__a_name_alone_is_nothing(case):
    """IV, VI and VIII with stated vessels stand with the named: by target, chance and liver."""
    stated = replace(case.choice, vessels_intact=(frozenset(some(4, 6, 8)),))
    points = tuple(point(case, recipe) for recipe in RECIPES)
    plans = ranked_plans(points, replace(case, choice=stated))
    keys = [rank_of(plan, stated) for plan in plans]

    assert all(before <= after for before, after in pairwise(keys))
    (mine,) = (plan for plan in plans if plan.recipe == Recipe(segments=some(4, 6, 8)))
    (unstated,) = (p for p in ranked_plans(points, case) if p.recipe == mine.recipe)
    assert (False, True, True) == (mine.named, mine.vessels_intact, mine.decides)
    assert (False, False, False) == (unstated.named, unstated.vessels_intact, unstated.decides)
    assert rank_of(mine, stated) < rank_of(unstated, stated)


def test_unnamed_set__says_that_vessels_were_not_assessed(case):
    named, unnamed, none = own(
        case, Recipe(segments=some(2, 6)), Recipe(segments=some(4, 6, 8)), Recipe()
    )

    caution = found(unnamed)["vascular_feasibility"]
    assert (UNKNOWN, SourceStatus.PROJECT) == (caution.verdict, caution.status)
    assert (reason(Cause.NO_KEPT_NEIGHBOUR, "V", "VII"),) == caution.reasons
    assert "vascular_feasibility" not in {*found(named), *found(none)}
    assert [(True, "H26"), (False, "H468"), (True, "")] == [
        (plan.named, plan.new_world) for plan in (named, unnamed, none)
    ]


def voxels_left(problem, *codes):
    """Functional voxels of segments that no margin of a lesion in IV, VI or VIII reaches."""
    removed = {4, 6, 8}
    core = [set(row.nonzero()[0]) - {0} <= removed for row in problem.core]
    margin = problem.margin.toarray()[:, core].any(axis=1)
    here = np.isin(problem.atoms.segment, codes) & ~margin
    return int(problem.atoms.voxels[here].sum())


def test_unnamed_set__what_it_strands_is_no_remnant(case):
    """IV, VI and VIII strand V and VII: their voxels are left out, and nothing else changes."""
    recipe = Recipe(segments=some(4, 6, 8))
    (unnamed,) = own(case, recipe)
    choice = replace(case.choice, vessels_intact=(frozenset(recipe.segments),))
    (stated,) = ranked_plans((), replace(case, choice=replace(choice, recipes=(recipe,))))

    voxel_ml, before = case.problem.atoms.voxel_ml, count(case.problem, recipe).flr
    left_out = voxels_left(case.problem, 5, 7)
    assert left_out > 0
    assert before * voxel_ml == pytest.approx(stated.result.remnant.flr_ml.value)
    assert (before - left_out) * voxel_ml == pytest.approx(unnamed.result.remnant.flr_ml.value)
    one, two = (replace(p.result, remnant=stated.result.remnant) for p in (unnamed, stated))
    assert one == two
    assert unnamed.result.remnant.flr_ml.interval.high < stated.result.remnant.flr_ml.value


def test_stated_intact__decides_and_says_so(case):
    recipe = Recipe(segments=some(4, 6, 8))
    choice = replace(case.choice, vessels_intact=(frozenset(recipe.segments),))
    (plan,) = ranked_plans((), replace(case, choice=replace(choice, recipes=(recipe,))))

    assert (False, True, True) == (plan.named, plan.vessels_intact, plan.decides)
    vessels = found(plan)["vascular_feasibility"]
    assert (MET, Cause.STATED_INTACT) == (vessels.verdict, vessels.reasons[0].cause)
    assert found(plan)[RULE_SET].verdict is accepted("gepnetlm_review", verdicts_of(plan))


def verdicts_of(plan):
    return {finding.id: finding.verdict for finding in plan.findings}


@pytest.mark.parametrize("codes", [(4, 6, 8), (5, 7), (1, 2, 3, 4, 5, 6, 8), (2, 4)])
def test_unnamed_set__is_never_met_and_still_refused(case, codes):
    (plan,) = own(case, Recipe(segments=some(*codes)))

    refused = found(plan)[RULE_SET].verdict is NOT_MET or "plan.limits" in found(plan)
    assert (False, False) == (plan.named, plan.decides)
    assert plan.feasible is (NOT_MET if refused else UNKNOWN)


def test_optimiser_plan__proof_and_gap(case):
    voxel_ml = case.problem.atoms.voxel_ml
    sure, loose = (
        ranked_plans((point(case, Recipe(wedges=(1,)), proven=p, more=m, on_front=p),), case)[0]
        for p, m in ((True, 0), (False, 25))
    )

    assert (PlanOrigin.OPTIMISER, True, 0.0, True) == (
        sure.origin, sure.proven, sure.gap_ml, sure.on_front
    )  # fmt: skip
    assert (False, False) == (loose.proven, loose.on_front)
    assert 25 * voxel_ml == pytest.approx(loose.gap_ml)


def test_segments_to_review__every_finding_says_so_and_keeps_its_verdict(case):
    recipe = Recipe(segments=some(6, 7), wedges=())
    estimated = replace(case.report, segment_source=SegmentSource.MODEL)
    (given,), (marked,) = own(case, recipe), own(case, recipe, report=estimated)

    assert estimated.segments_need_review
    estimate = Reason(Cause.SEGMENTS_ESTIMATED)
    assert not any(estimate in f.reasons for f in given.findings)
    assert all(f.reasons.count(estimate) == 1 for f in marked.findings)
    assert [f.verdict for f in given.findings] == [f.verdict for f in marked.findings]
    assert given.feasible is marked.feasible
    assert ((), (estimate,)) == (given.reasons, marked.reasons)


@pytest.mark.parametrize("certainty", [0.6, 0.9, 0.99])
def test_flips__are_the_findings_undecided_inside_their_interval(case, certainty):
    recipes = [Recipe(segments=some(*codes)) for codes in ((4, 5, 6, 7, 8), (1, 4, 5, 6, 7, 8))]
    choice = replace(case.choice, certainty=certainty, recipes=(*recipes, Recipe(wedges=(1, 3))))
    flipping = 0
    for plan in ranked_plans((), replace(case, choice=choice)):
        alone = [f for f in plan.findings if f.probability is not None and len(f.quantities) < 2]
        assert alone
        for one in alone:
            decided = verdict_of_chance(one.probability, certainty=certainty)
            assert one.verdict in (decided, NO_EVIDENCE, UNKNOWN), one.id
        expected = tuple(
            f.id
            for f in plan.findings
            if f.verdict is UNCERTAIN and not f.id.startswith(FURTHER_PREFIX)
        )
        assert expected == plan.flips
        flipping += RULE_SET in expected
    assert flipping >= (certainty > 0.6)


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [(Recipe(wedges=(3,)), NOT_MET), (Recipe(wedges=(1,)), MET)],
)
def test_target_of_no_rule__has_a_finding_of_its_own(case, recipe, expected):
    choice = replace(case.choice, targets=(0.55, 0.9))
    (plan,) = own(replace(case, choice=choice), recipe)
    ids = [i for i in found(plan) if i.startswith("debulking.target_")]

    assert ["debulking.target_55"] == ids
    share = plan.result.debulked_fraction
    target = found(plan)[ids[0]]
    assert (pytest.approx(share.value), 0.55) == (target.value, target.limit)
    chance = share.interval.probability(0.55, inclusive=True)
    assert pytest.approx(chance) == target.probability
    assert target.verdict is verdict_of_chance(chance) is expected


@pytest.mark.parametrize("certainty", [0.5, 0.9, 0.99])
def test_share_short__is_what_the_draws_lack(case, certainty):
    """With so much less asked, at least the share of draws that was asked for reaches it."""
    sure = replace(case, choice=replace(case.choice, certainty=certainty))
    recipe = Recipe(wedges=(1, 3))
    (plan,) = own(sure, recipe)
    share = plan.result.debulked_fraction

    short = share_short(recipe, share.value, sure)

    for target, least in ((share.value - short, certainty), (share.value - short + 0.02, 0.0)):
        chance = share.interval.probability(target, inclusive=True)
        assert chance >= least - 1e-9
        assert (share_short(recipe, target, sure) == pytest.approx(0.0)) == (
            chance >= certainty - 1e-9
        )
    assert short_of_all(case) == 0.0


def short_of_all(case):
    """All lesions are treated: in every draw all of the tumour."""
    return share_short(Recipe(wedges=case.problem.atoms.lesion_ids), 1.0, case)


CONTIGUOUS = "flr.cloyd2020.contiguous_segments"


@pytest.mark.parametrize(
    ("rule_set", "contiguous", "expected"),
    [
        ("cloyd2020", NOT_MET, NOT_MET),
        ("cloyd2020", UNKNOWN, MET),
        ("gepnetlm_review", NOT_MET, MET),
    ],
)
def test_accepted__cloyd_asks_for_neighbouring_segments_too(rule_set, contiguous, expected):
    verdicts = {f"flr.{rule_set}": MET, CONTIGUOUS: contiguous}

    assert expected is accepted(rule_set, verdicts)
    assert MET is accepted("cloyd2020", {"flr.cloyd2020": MET})


def test_cloyd__refuses_one_lone_segment_whatever_its_size(case):
    lone = Recipe(segments=some(1, 2, 3, 4, 5, 6, 8))
    cloyd = replace(case.choice, rule_set="cloyd2020", contiguous_segments=1, recipes=(lone,))
    ids = case.problem.atoms.lesion_ids
    problem = make_problem(
        case.problem.atoms, cloyd, wedge_allowed=dict.fromkeys(ids, True),
        ablation_allowed=dict.fromkeys(ids, True),
    )  # fmt: skip
    (plan,) = ranked_plans((), replace(case, choice=cloyd, problem=problem))

    assert NOT_MET is plan.feasible
    assert NOT_MET is found(plan)[CONTIGUOUS].verdict
