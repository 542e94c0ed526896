"""Plans from a list of all that the relaxation leaves open, against trying all and HiGHS."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult

from examples.debulking import (
    Answer,
    best_by_trying,
    many_atoms,
    random_demand,
    random_problem,
)
from planning.optimiser import listing, milp, search
from planning.optimiser.listing import best_listed, exceeds_reach
from planning.optimiser.milp import Goal, Limits, lost_voxels, make_model, solve, subproblem
from planning.optimiser.problem import make_problem
from planning.optimiser.search import Demand, best_plan, start_search
from remnant.core.plan_choice import PlanChoice

SEEDS = st.integers(0, 2**32 - 1)
SECONDS = 60.0


def _problem(seed, *, lesions, atoms, over):
    """Make a problem in which every lesion may be treated either way."""
    made = many_atoms(np.random.default_rng(seed), lesions=lesions, atoms=atoms, over=over)
    allowed = dict.fromkeys(made.lesion_ids, True)
    return make_problem(made, PlanChoice(), wedge_allowed=allowed, ablation_allowed=allowed)


def _model(problem):
    sub = subproblem(problem, frozenset())
    return make_model(sub, problem.tumour, problem.atoms.ablation_zones)


def _figures(model, chosen):
    goals = (Goal.RESIDUAL, Goal.INTERVENTIONS)
    rest = (float(model.costs[goal][: model.fates][chosen].sum()) for goal in goals)
    return lost_voxels(model, chosen), *rest


def _goal_after_goal(model, limits):
    """Solve an integer program for each goal, the optimum of each a limit for the next."""
    solved = solve(model, Goal.LOST, limits, seconds=SECONDS)
    if solved.chosen is None:
        return None
    lost = round(lost_voxels(model, solved.chosen))
    least = replace(limits, lost=lost)
    solved = solve(model, Goal.RESIDUAL, least, seconds=SECONDS)
    removed = -round(_figures(model, solved.chosen)[1])
    fewest = replace(limits, debulked=removed, lost=lost)
    return _figures(model, solve(model, Goal.INTERVENTIONS, fewest, seconds=SECONDS).chosen)


@pytest.mark.parametrize("few", [0, 12])
@settings(max_examples=120, deadline=None)
@given(seed=SEEDS)
def test_best_plan__listed_equals_trying_everything(few, seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    demand = random_demand(rng, problem)
    expected = best_by_trying(problem, demand)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "FEW_CHOICES", few)
        patch.setattr(search, "solve", _not_needed)
        found = best_plan(start_search(problem, seconds=SECONDS), demand)

    counted = found.counted
    assert found.proven
    assert expected == (counted and Answer(counted.lost, counted.residual, counted.interventions))


def _not_needed(*_, **__):
    raise AssertionError("a list of a few choices was too long")


@settings(max_examples=40, deadline=None)
@given(
    seed=SEEDS,
    over=st.floats(0.05, 1.6),
    share=st.floats(0.05, 1.0),
    wedges=st.none() | st.integers(0, 20),
    ablations=st.none() | st.integers(0, 20),
    interventions=st.none() | st.integers(1, 25),
)
def test_best_listed__equals_an_integer_program_for_each_goal(
    seed, over, share, wedges, ablations, interventions
):
    problem = _problem(seed, lesions=24, atoms=300, over=over)
    model = _model(problem)
    limits = Limits(
        debulked=int(share * problem.all_tumour), wedges=wedges, ablations=ablations,
        interventions=interventions,
    )  # fmt: skip

    found = best_listed(model, limits, seconds=SECONDS)

    expected = _goal_after_goal(model, limits)
    if found is None:
        return  # the list is too long: the search goes on with the integer programs
    assert found.proven
    assert expected == (None if found.chosen is None else _figures(model, found.chosen))
    assert found.chosen is None or found.bound == expected[0]


def test_best_listed__most_programs_of_24_lesions_are_listed():
    listed = 0
    for seed in range(20):
        problem = _problem(seed, lesions=24, atoms=300, over=0.3)
        limits = Limits(debulked=int(0.8 * problem.all_tumour))
        listed += best_listed(_model(problem), limits, seconds=SECONDS) is not None
    assert listed >= 16


def test_best_listed__nothing_at_most_so_much_lost():
    problem = _problem(5, lesions=20, atoms=200, over=0.3)
    model, debulked = _model(problem), int(0.8 * problem.all_tumour)
    least = round(best_listed(model, Limits(debulked=debulked), seconds=SECONDS).bound)

    within = best_listed(model, Limits(debulked=debulked, lost=least), seconds=SECONDS)
    below = best_listed(model, Limits(debulked=debulked, lost=least - 1), seconds=SECONDS)

    assert round(within.bound) == least
    assert below.proven
    assert below.chosen is None


def test_best_listed__too_long_a_list_is_none(monkeypatch):
    monkeypatch.setattr(listing, "MOST_LISTED", 1)
    problem = _problem(5, lesions=20, atoms=200, over=0.3)

    limits = Limits(debulked=int(0.8 * problem.all_tumour))

    assert best_listed(_model(problem), limits, seconds=SECONDS) is None


def test_best_listed__relaxation_out_of_time_is_none(monkeypatch):
    monkeypatch.setattr(milp, "linprog", lambda *_, **__: OptimizeResult(status=1))
    problem = _problem(5, lesions=20, atoms=200, over=0.3)

    assert best_listed(_model(problem), Limits(debulked=9), seconds=SECONDS) is None


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, most=st.none() | st.integers(1, 8), share=st.floats(0.0, 1.3))
def test_exceeds_reach__only_where_nothing_is_found(seed, most, share):
    problem = _problem(seed, lesions=8, atoms=60, over=0.3)
    model = _model(problem)
    limits = Limits(debulked=int(share * problem.all_tumour), interventions=most)

    if exceeds_reach(model, limits):
        assert solve(model, Goal.LOST, limits, seconds=SECONDS).chosen is None


def test_exceeds_reach__counts_the_largest():
    problem = _problem(5, lesions=8, atoms=60, over=0.3)
    two = int(np.sort(problem.tumour)[-2:].sum())

    assert exceeds_reach(_model(problem), Limits(debulked=two + 1, interventions=1))
    assert not exceeds_reach(_model(problem), Limits(debulked=0, interventions=1))
    assert Demand(debulked=two).interventions is None
