"""The optimiser against trying everything, and how optima move when the problem does."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult

from examples.debulking import (
    Answer,
    best_by_trying,
    every_answer,
    random_case,
    random_demand,
    random_problem,
    with_limits,
)
from planning.hepatectomies.stranded import stranded_segments
from planning.optimiser import milp as optimise_milp
from planning.optimiser import reach as optimise_reach
from planning.optimiser import search as optimise
from planning.optimiser.broken_limits import Fault, FaultKind
from planning.optimiser.feasibility import count, normalised, require_feasible
from planning.optimiser.problem import held_segments, only_unassessed, segment_sets
from planning.optimiser.reach import most_debulked
from planning.optimiser.search import Demand, best_plan, start_search
from remnant.core.errors import InconsistentPlanError
from remnant.core.recipe import Recipe

BATCHES, EACH = 20, 110
SEEDS = st.integers(0, 2**32 - 1)


def _solved(problem, demand):
    return best_plan(start_search(problem, seconds=60.0), demand)


def _answer(optimum):
    counted = optimum.counted
    return counted and Answer(counted.lost, counted.residual, counted.interventions)


def _too_long(*_, **__):
    return None


@pytest.mark.parametrize("batch", range(BATCHES))
def test_best_plan__equals_trying_everything(batch):
    for seed in range(EACH * batch, EACH * (batch + 1)):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng)
        demand = random_demand(rng, problem)
        expected = best_by_trying(problem, demand)

        found = _solved(problem, demand)

        assert expected == _answer(found), seed
        assert found.proven
        assert found.most_flr == (0 if expected is None else problem.flr_voxels - expected.lost)


def test_best_plan__too_much_to_list_is_an_integer_program(monkeypatch):
    monkeypatch.setattr(optimise, "best_listed", _too_long)
    left, bounds = [], optimise.choices_left

    def noted(model, limits, **options):
        left.append(bounds(model, limits, **options))
        return left[-1]

    monkeypatch.setattr(optimise, "choices_left", noted)
    for seed in range(50):
        rng = np.random.default_rng(seed)
        problem = random_problem(rng)
        demand = random_demand(rng, problem)

        found = _solved(problem, demand)

        assert best_by_trying(problem, demand) == _answer(found), seed
        assert found.proven
    # choices that cost too much are settled without, and some with them
    assert any((one.ub == 0.0).any() for one in left)
    assert any((one.lb == 1.0).any() for one in left)


def test_choices_left__all_where_the_relaxation_was_not_solved(monkeypatch):
    monkeypatch.setattr(optimise_milp, "linprog", lambda *_, **__: OptimizeResult(status=1))
    problem = random_problem(np.random.default_rng(3))
    search = start_search(problem, seconds=60.0)
    model = search.prepare(frozenset()).model
    limits = optimise_milp.Limits(
        debulked=0, lost=50, wedges=None, ablations=None, interventions=None
    )

    assert optimise_milp.choices_left(model, limits, seconds=1.0) is optimise_milp.WHOLE


@pytest.mark.parametrize("seed", range(120))
def test_best_plan__large_programs_lose_as_little(seed, monkeypatch):
    monkeypatch.setattr(optimise_milp, "LARGE_ROWS", 0)
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    demand = random_demand(rng, problem)
    expected = best_by_trying(problem, demand)

    found = _solved(problem, demand)

    assert (expected is None) == (found.counted is None)
    assert expected is None or expected.lost == found.counted.lost
    assert found.proven


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_best_plan__more_ablations_or_wedges_never_leave_less_liver(seed):
    problem = random_problem(np.random.default_rng(seed))
    demand = Demand(debulked=-(-7 * problem.all_tumour // 10))
    lost = []
    for most in (0, 1, 2, None):
        limited = with_limits(problem, most_wedges=most, most_ablations=most)
        counted = _solved(limited, demand).counted
        lost.append(np.inf if counted is None else counted.lost)

    assert all(fewer >= more for fewer, more in pairwise(lost))


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_best_plan__higher_target_never_leaves_more_liver(seed):
    problem = random_problem(np.random.default_rng(seed))
    targets = [-(-share * problem.all_tumour // 10) for share in (0, 5, 7, 9, 10)]
    found = [_solved(problem, Demand(debulked=target)).counted for target in targets]
    lost = [np.inf if counted is None else counted.lost for counted in found]

    assert all(lower <= higher for lower, higher in pairwise(lost))


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_unassessed__search_equals_trying_everything(seed):
    rng = np.random.default_rng(seed)
    problem = only_unassessed(random_problem(rng))
    demand = random_demand(rng, problem)
    expected = best_by_trying(problem, demand)

    found = _solved(problem, demand)

    assert expected == _answer(found)
    assert found.proven
    assert found.recipe is None or frozenset(found.recipe.segments) in problem.segment_sets


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_problem__every_allowed_set_is_assessed_or_not(seed):
    problem, choice = random_case(np.random.default_rng(seed))
    held, allowed = held_segments(problem.atoms), segment_sets(problem.atoms, choice)

    assert sorted(map(sorted, allowed)) == sorted(map(sorted, problem.allowed_sets))
    for removed in allowed:
        named = not removed or not stranded_segments(removed, held=held)
        known = named or removed in choice.vessels_intact
        assert known == (removed in problem.segment_sets)
        assert known != (removed in problem.unassessed_sets)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_best_plan__assessing_more_sets_never_leaves_less_liver(seed):
    problem = random_problem(np.random.default_rng(seed))
    demand = Demand(debulked=-(-9 * problem.all_tumour // 10))
    every = replace(problem, segment_sets=problem.allowed_sets, unassessed_sets=())
    found = [_solved(one, demand).counted for one in (every, problem, only_unassessed(problem))]
    lost = [np.inf if counted is None else counted.lost for counted in found]

    assert lost[0] == min(lost[1:])


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.booleans())
def test_most_debulked__equals_trying_everything(seed, enough):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    least = int(rng.integers(0, problem.flr_voxels + 2)) if enough else None
    answers = (answer for _, answer in every_answer(problem))
    room = problem.flr_voxels - (least or 0)
    expected = max(
        (problem.all_tumour - a.residual for a in answers if least is None or a.lost <= room),
        default=0,
    )

    reach = most_debulked(start_search(problem, seconds=60.0), least_flr=least)

    assert (expected, expected, True) == (reach.debulked, reach.at_most, reach.proven)


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_count__equals_plain_sets(seed):
    problem = random_problem(np.random.default_rng(seed), most_lesions=3)
    for recipe, answer in every_answer(problem):
        counted = count(problem, recipe)

        assert () == counted.faults
        assert answer == Answer(counted.lost, counted.residual, counted.interventions)
        assert problem.flr_voxels == counted.flr + counted.lost


def test_best_plan__nothing_in_no_time_claims_nothing():
    rng = np.random.default_rng(5)
    problem = random_problem(rng)
    search = start_search(problem, seconds=60.0)
    search.deadline = search.started

    found = best_plan(search, Demand(debulked=problem.all_tumour))

    assert found.proven or found.most_flr >= (found.counted.flr if found.counted else 0)


def _wedge_problem():
    """One lesion in segment V with a margin in V and VI, next to an untouched segment VII."""
    from scipy.sparse import csr_array

    from planning.optimiser.problem import make_problem
    from remnant.core.plan_choice import PlanChoice
    from volumetry.virtual_resection.atoms import Atoms

    tumour = np.zeros((1, 9), dtype=np.int64)
    tumour[0, 5] = 40
    atoms = Atoms(
        lesion_ids=(7,),
        voxel_ml=0.01,
        segment=np.array([5, 5, 6, 6, 7]),
        voxels=np.array([30, 100, 10, 200, 300]),
        resection=csr_array(np.array([[1], [0], [1], [0], [0]])),
        ablation=csr_array(np.array([[1], [0], [0], [0], [0]])),
        lesion_voxels=tumour,
        ablation_zones=np.array([1]),
    )
    return make_problem(atoms, PlanChoice(), wedge_allowed={7: True}, ablation_allowed={7: False})


def test_require_feasible__refuses_what_was_counted_otherwise():
    problem, wedge = _wedge_problem(), Recipe(wedges=(7,))

    assert 40 == require_feasible(problem, wedge, lost=40, debulked=40).lost
    with pytest.raises(InconsistentPlanError, match="counted 39 voxels of liver"):
        require_feasible(problem, wedge, lost=39, debulked=40)
    with pytest.raises(InconsistentPlanError, match="breaks limits: ablation_not_allowed"):
        require_feasible(problem, Recipe(ablations=(7,)), lost=30, debulked=40)


@pytest.mark.parametrize(
    ("recipe", "fault"),
    [
        (Recipe(wedges=(7,), ablations=(7,)), FaultKind.TREATED_TWICE),
        (Recipe(segments=(5,), wedges=(7,)), FaultKind.WEDGE_IN_REMOVED),
        (Recipe(segments=(5,), ablations=(7,)), FaultKind.ABLATION_IN_REMOVED),
        (Recipe(segments=(5, 6)), FaultKind.SEGMENTS),
    ],
)
def test_count__names_every_fault(recipe, fault):
    counted = count(_wedge_problem(), recipe)

    assert Fault(fault) in counted.faults


def test_best_plan__removed_segment_takes_the_margin_beyond_it():
    problem = replace(_wedge_problem(), wedge_allowed=np.array([False]))

    found = _solved(problem, Demand(debulked=40))

    assert Recipe(segments=(5,)) == found.recipe
    assert 30 + 100 + 10 == found.counted.lost


def test_best_plan__time_over_midway_bounds_what_was_not_tried():
    """After one set of segments the clock stops: the bound of the next holds for all the rest."""
    for seed in range(60):
        rng = np.random.default_rng(7000 + seed)
        problem = random_problem(rng)
        demand = Demand(debulked=-(-7 * problem.all_tumour // 10))
        expected = best_by_trying(problem, demand)
        search = start_search(problem, seconds=60.0)
        search.deadline = search.started

        found = best_plan(search, demand)

        best = 0 if expected is None else problem.flr_voxels - expected.lost
        assert found.most_flr >= best
        assert found.counted is None or found.counted.flr <= best
        if found.proven:
            assert best == (0 if found.counted is None else found.counted.flr)


class _Clock:
    """A solver that gives up: with a plan that it could not prove, or without any."""

    def __init__(self, *, with_plan):
        self.with_plan = with_plan

    def __call__(self, model, goal, limits, **options):
        solved = optimise_milp.solve(model, goal, limits, **options)
        chosen = solved.chosen if self.with_plan else None
        return replace(solved, chosen=chosen, bound=-np.inf, proven=False)


@pytest.mark.parametrize("with_plan", [True, False])
def test_best_plan__solver_that_gives_up_proves_nothing(with_plan, monkeypatch):
    monkeypatch.setattr(optimise, "best_listed", _too_long)
    monkeypatch.setattr(optimise, "solve", _Clock(with_plan=with_plan))
    seen = 0
    for seed in range(30):
        problem = random_problem(np.random.default_rng(8000 + seed))
        demand = Demand(debulked=-(-7 * problem.all_tumour // 10))
        expected = best_by_trying(problem, demand)
        if expected is None or not problem.all_tumour:
            continue

        found = _solved(problem, demand)

        best = problem.flr_voxels - expected.lost
        assert not found.proven
        assert found.most_flr >= best
        assert (found.counted is not None) == with_plan
        seen += 1
    assert seen > 10


@pytest.mark.parametrize("with_plan", [True, False])
def test_most_debulked__solver_that_gives_up_bounds_by_the_ceiling(with_plan, monkeypatch):
    monkeypatch.setattr(optimise_reach, "solve", _Clock(with_plan=with_plan))
    problem = with_limits(_wedge_problem(), most_wedges=1, most_ablations=0)
    problem = replace(problem, segment_sets=(frozenset(),))

    reach = most_debulked(start_search(problem, seconds=60.0))

    assert (40 if with_plan else 0, 40, with_plan) == (
        reach.debulked, reach.at_most, reach.proven
    )  # fmt: skip


def test_search__time_left_is_never_nothing():
    search = start_search(_wedge_problem(), seconds=60.0)
    search.deadline = search.started - 5.0

    assert 0 < search.seconds < 1


def test_count__says_how_many_steps_too_many():
    problem = with_limits(_wedge_problem(), most_wedges=0, most_ablations=0)

    wedges = Fault(FaultKind.TOO_MANY_WEDGES, got=1, allowed=0)
    zones = Fault(FaultKind.TOO_MANY_ZONES, got=1, allowed=0)
    assert wedges in count(problem, Recipe(wedges=(7,))).faults
    assert zones in count(problem, Recipe(ablations=(7,))).faults


def test_normalised__drops_what_changes_nothing():
    problem = _wedge_problem()
    wordy = Recipe(segments=(5, 2, 5), wedges=(7, 7), ablations=(7, 7))

    assert Recipe(segments=(5,), ablations=(7,)) == normalised(problem, wordy)
    assert Recipe(wedges=(7,)) == normalised(problem, Recipe(segments=(1,), wedges=(7, 7)))
