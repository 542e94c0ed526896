"""Every change that is said to make a target feasible, solved again by trying everything."""

from dataclasses import replace

import numpy as np
import pytest

from examples.debulking import best_by_trying, every_answer, hand_problem, random_case
from planning.debulking.relaxations import MOST_EXTRA, Wanted, relaxations
from planning.optimiser.front import demanded
from planning.optimiser.problem import make_problem
from planning.optimiser.reach import most_debulked
from planning.optimiser.search import Demand, best_plan, start_search
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice

V, VI, VII = CouinaudSegment.V, CouinaudSegment.VI, CouinaudSegment.VII
NOTHING_BUT_SEGMENTS = PlanChoice(most_wedges=0, most_ablations=0)
V_AND_VII = replace(
    NOTHING_BUT_SEGMENTS, contiguous_segments=1, vessels_intact=(frozenset((V, VII)),)
)
"""V and VII leave VI alone: a person has to find its vessels intact."""


def solved(problem, choice, *, target, least_flr, stlv_ml=1000.0, proven=None, late=False):
    search = start_search(problem, seconds=60.0)
    best = best_plan(search, Demand(debulked=demanded(problem.all_tumour, target)))
    enough = most_debulked(search, least_flr=least_flr)
    wanted = Wanted(
        target=target,
        least_flr=least_flr,
        stlv_ml=stlv_ml,
        seconds=20.0,
        enough=enough if proven is None else replace(enough, proven=proven),
    )
    search.deadline -= 120.0 if late else 0.0
    return best, relaxations(search, choice, wanted, best)


def by_kind(found):
    kinds = {relaxation.kind: relaxation for relaxation in found}
    assert len(found) == len(kinds) or [r.kind for r in found].count("unlock_segment") > 1
    return kinds


def changed(problem, choice, relaxation):
    """The problem that a relaxation speaks of."""
    extra = int(relaxation.amount or 0)
    if relaxation.kind == "more_ablations":
        return replace(problem, most_ablations=problem.most_ablations + extra)
    if relaxation.kind == "more_wedges":
        return replace(problem, most_wedges=problem.most_wedges + extra)
    if relaxation.kind == "any_ablation":
        return replace(problem, ablation_allowed=np.ones_like(problem.ablation_allowed))
    if relaxation.kind == "any_wedge":
        return replace(problem, wedge_allowed=np.ones_like(problem.wedge_allowed))
    if relaxation.kind == "no_locks":
        freed = replace(choice, keep=frozenset(), most_wedges=None, most_ablations=None)
        return with_choice(problem, freed)
    return with_choice(problem, replace(choice, keep=choice.keep - {relaxation.segment}))


def with_choice(problem, choice):
    ids = problem.atoms.lesion_ids
    return make_problem(
        problem.atoms,
        choice,
        wedge_allowed=dict(zip(ids, problem.wedge_allowed, strict=True)),
        ablation_allowed=dict(zip(ids, problem.ablation_allowed, strict=True)),
    )


def flr_by_trying(problem, target):
    best = best_by_trying(problem, Demand(debulked=demanded(problem.all_tumour, target)))
    return -1 if best is None else problem.flr_voxels - best.lost


def most_by_trying(problem, least_flr):
    room = problem.flr_voxels - least_flr
    shares = (problem.all_tumour - a.residual for _, a in every_answer(problem) if a.lost <= room)
    return max(shares, default=0)


@pytest.mark.parametrize("seed", range(40))
def test_relaxations__each_makes_it_feasible_and_none_is_missed(seed):
    rng = np.random.default_rng(seed)
    problem, choice = random_case(rng, most_lesions=3)
    target = (0.7, 0.9, 1.0)[seed % 3]
    reached = flr_by_trying(problem, target)
    least = int(rng.integers(max(reached, 0), problem.flr_voxels + 1)) + (reached >= 0)
    best, found = solved(problem, choice, target=target, least_flr=least)
    voxel_ml = problem.atoms.voxel_ml

    limits = [r for r in found if r.kind not in ("larger_remnant", "lower_target")]
    for relaxation in limits:
        again = flr_by_trying(changed(problem, choice, relaxation), target)
        assert again >= least, relaxation
        assert again * voxel_ml == pytest.approx(relaxation.flr_ml)
        if relaxation.amount is not None and relaxation.amount > 1:
            fewer = replace(relaxation, amount=relaxation.amount - 1)
            assert flr_by_trying(changed(problem, choice, fewer), target) < least
    kinds = by_kind(found)
    assert ("no_locks" in kinds) <= (len(limits) == 1)
    _none_missed(problem, choice, kinds, target=target, least=least)
    assert ("larger_remnant" in kinds) == (best.counted is not None)
    if best.counted is not None:
        assert (least - reached) * voxel_ml == pytest.approx(kinds["larger_remnant"].amount)
    most = most_by_trying(problem, least)
    assert ("lower_target" in kinds) == (most > 0)
    if most:
        assert most / problem.all_tumour == pytest.approx(kinds["lower_target"].amount)
        assert kinds["lower_target"].proven


def _none_missed(problem, choice, kinds, *, target, least):
    freed = replace(choice, keep=frozenset(), most_wedges=None, most_ablations=None)
    if set(kinds) <= {"larger_remnant", "lower_target"}:
        assert flr_by_trying(with_choice(problem, freed), target) < least
    if "any_ablation" not in kinds:
        anywhere = replace(problem, ablation_allowed=np.ones_like(problem.ablation_allowed))
        assert problem.ablation_allowed.all() or flr_by_trying(anywhere, target) < least
    if "any_wedge" not in kinds:
        anywhere = replace(problem, wedge_allowed=np.ones_like(problem.wedge_allowed))
        assert problem.wedge_allowed.all() or flr_by_trying(anywhere, target) < least
    if "more_ablations" not in kinds and choice.most_ablations is not None:
        most = replace(problem, most_ablations=choice.most_ablations + MOST_EXTRA)
        assert flr_by_trying(most, target) < least
    if "more_wedges" not in kinds and choice.most_wedges is not None:
        most = replace(problem, most_wedges=choice.most_wedges + MOST_EXTRA)
        assert flr_by_trying(most, target) < least


def test_by_hand__one_more_ablation_or_wedge_beside_a_removed_segment():
    """Best of both: V leaves with lesion 1 (130 mL), lesion 2 costs 20 mL: 280 mL remain.

    VII would cost 30 mL less; without it no vein drains V and VI.
    """
    problem = hand_problem(NOTHING_BUT_SEGMENTS)

    best, found = solved(problem, NOTHING_BUT_SEGMENTS, target=1.0, least_flr=250)

    assert best.recipe is None
    assert best.proven
    assert ["more_ablations", "more_wedges", "lower_target"] == [r.kind for r in found]
    assert [(1, 280.0), (1, 280.0)] == [(r.amount, r.flr_ml) for r in found[:2]]
    assert (2, ()) == (found[0].interventions, found[0].beyond_limits)
    assert 0.6 == pytest.approx(found[2].amount)
    assert found[2].proven


def test_by_hand__two_more_where_one_leaves_too_little():
    _, found = solved(
        hand_problem(NOTHING_BUT_SEGMENTS), NOTHING_BUT_SEGMENTS, target=1.0, least_flr=350
    )

    assert [("more_ablations", 2, 380.0), ("more_wedges", 2, 380.0)] == [
        (r.kind, r.amount, r.flr_ml) for r in found
    ]


def test_by_hand__remnant_short_by_so_much():
    """Both segments may go: 200 mL remain, 50 mL less than asked, 5 points of 1000 mL."""
    choice = V_AND_VII
    problem = hand_problem(choice)

    best, found = solved(problem, choice, target=1.0, least_flr=250)
    growth = by_kind(found)["larger_remnant"]

    assert (V, VII) == best.recipe.segments
    assert (50.0, 250.0) == (growth.amount, growth.flr_ml)
    assert 5.0 == pytest.approx(growth.points)

    _, found = solved(problem, choice, target=1.0, least_flr=250, stlv_ml=None)
    assert (50.0, None) == (
        by_kind(found)["larger_remnant"].amount,
        by_kind(found)["larger_remnant"].points,
    )


def test_by_hand__unlocked_segment():
    """V is locked; without the lock lesion 1 leaves with it, and 300 mL remain."""
    choice = replace(NOTHING_BUT_SEGMENTS, keep=frozenset((V, VI)))

    _, found = solved(hand_problem(choice), choice, target=0.6, least_flr=300)
    unlocked = [r for r in found if r.kind == "unlock_segment"]

    assert [300] == [r.flr_ml for r in unlocked]
    assert (V, 1) == (unlocked[0].segment, unlocked[0].interventions)
    _, none = solved(hand_problem(choice), choice, target=0.6, least_flr=301)
    assert "unlock_segment" not in by_kind(none)


@pytest.mark.parametrize("what", ["wedge", "ablation"])
def test_by_hand__lesions_that_limits_exclude(what):
    """Nothing but segment V may treat lesion 1; with a wedge or an ablation 400 mL remain."""
    nothing = {1: False, 2: False}
    problem = hand_problem(PlanChoice(), wedge_allowed=nothing, ablation_allowed=nothing)

    best, found = solved(problem, PlanChoice(), target=0.6, least_flr=400)
    kinds = by_kind(found)

    assert 300 == best.counted.flr
    assert {"any_wedge", "any_ablation", "larger_remnant"} == set(kinds)
    assert (None, 400.0) == (kinds[f"any_{what}"].amount, kinds[f"any_{what}"].flr_ml)


def test_enough_already__no_growth_is_asked_for():
    _, found = solved(hand_problem(PlanChoice()), PlanChoice(), target=1.0, least_flr=380)

    assert "larger_remnant" not in by_kind(found)
    assert 1.0 == by_kind(found)["lower_target"].amount


def test_lower_target__unproven_is_at_least():
    problem = hand_problem(PlanChoice())

    _, found = solved(problem, PlanChoice(), target=1.0, least_flr=400, proven=False)

    lower = by_kind(found)["lower_target"]
    assert (0.6, False) == (lower.amount, lower.proven)


def test_by_hand__only_without_any_lock():
    """One more step is not enough: V is kept, and nothing but wedges in it could leave 380 mL."""
    nothing = {1: False, 2: True}
    choice = replace(NOTHING_BUT_SEGMENTS, keep=frozenset((V, VI, VII)))
    problem = hand_problem(choice, wedge_allowed=nothing, ablation_allowed=nothing)

    _, found = solved(problem, choice, target=1.0, least_flr=280)

    assert ["no_locks"] == [r.kind for r in found if r.flr_ml]
    assert 2 == found[0].interventions
    assert (None, 280.0) == (found[0].amount, found[0].flr_ml)


def test_by_hand__names_the_lesions_beyond_the_limits():
    nothing = {1: False, 2: True}
    problem = hand_problem(PlanChoice(), wedge_allowed=nothing, ablation_allowed=nothing)

    _, found = solved(problem, PlanChoice(), target=1.0, least_flr=380)

    kinds = by_kind(found)
    assert (1,) == kinds["any_wedge"].beyond_limits == kinds["any_ablation"].beyond_limits


def test_no_time_left__no_change_is_tried():
    _, found = solved(hand_problem(V_AND_VII), V_AND_VII, target=1.0, least_flr=250, late=True)

    assert ["larger_remnant", "lower_target"] == [r.kind for r in found]


def test_by_hand__no_change_is_a_set_that_nobody_assessed():
    """V and VII alone would leave 200 mL and are no named operation: nothing but wedges helps."""
    choice = replace(NOTHING_BUT_SEGMENTS, contiguous_segments=1, most_wedges=None)
    problem = hand_problem(choice, wedge_allowed={1: False, 2: False})

    best, found = solved(problem, choice, target=1.0, least_flr=150)

    assert (None, True) == (best.recipe, best.proven)
    assert ["more_ablations", "any_wedge", "lower_target"] == [r.kind for r in found]
    assert [280.0, 380.0] == [r.flr_ml for r in found[:2]]
