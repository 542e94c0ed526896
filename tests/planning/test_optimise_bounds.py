"""Bounds on sets of segments: none is above what any recipe with that set loses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.debulking import every_answer, random_demand, random_problem
from planning.optimiser import milp as optimise_milp
from planning.optimiser.search import (
    _shares,
    bounded_sets,
    equal_shares,
    fractional_knapsack,
    start_search,
)

TOLERANCE = 1e-6
SEEDS = st.integers(0, 2**32 - 1)


def losses(problem, debulked):
    """Least loss of every set of segments over all recipes that reach a target."""
    least = {}
    for recipe, answer in every_answer(problem):
        if problem.all_tumour - answer.residual >= debulked:
            number = problem.segment_sets.index(frozenset(recipe.segments))
            least[number] = min(answer.lost, least.get(number, answer.lost))
    return least


def assert_bounds(problem, shares, debulked):
    sets = list(enumerate(problem.segment_sets))
    bounds = bounded_sets(problem, sets, shares, debulked)
    by_number = {bound.number: bound.lost for bound in bounds}
    assert sorted(by_number.values()) == [bound.lost for bound in bounds]
    for number, lost in losses(problem, debulked).items():
        assert by_number[number] <= lost + TOLERANCE


@pytest.mark.parametrize("seed", range(150))
@pytest.mark.parametrize("large", [False, True], ids=["equal", "relaxed"])
def test_bounded_sets__never_above_the_loss_of_any_recipe(seed, large, monkeypatch):
    if large:
        monkeypatch.setattr(optimise_milp, "LARGE_ROWS", 0)
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, most_lesions=3)
    demand = random_demand(rng, problem)
    shares = _shares(start_search(problem, seconds=60.0), demand)

    assert_bounds(problem, shares, demand.debulked)
    assert_bounds(problem, shares, problem.all_tumour)


@pytest.mark.parametrize("seed", range(40))
def test_equal_shares__of_every_atom_add_up_to_it(seed):
    problem = random_problem(np.random.default_rng(seed))
    shares = equal_shares(problem)
    each = np.maximum(shares.margin, shares.zone).sum(axis=0)
    volumes = np.bincount(problem.atoms.segment, problem.atoms.voxels, 9)

    assert 0.0 == each[0]
    assert (shares.margin.sum(axis=0) <= volumes + TOLERANCE).all()
    assert (shares.zone.sum(axis=0) <= volumes + TOLERANCE).all()


def test_bounded_sets__leave_out_what_cannot_reach_the_target():
    problem = random_problem(np.random.default_rng(3))
    sets = list(enumerate(problem.segment_sets))

    assert [] == bounded_sets(problem, sets, equal_shares(problem), problem.all_tumour + 1)
    assert len(sets) == len(bounded_sets(problem, sets, equal_shares(problem), 0))


@pytest.mark.parametrize(
    ("costs", "gains", "need", "expected"),
    [
        ([], [], 0.0, 0.0),
        ([], [], 1.0, np.inf),
        ([4.0], [2.0], -1.0, 0.0),
        ([4.0], [2.0], 1.0, 2.0),
        ([4.0], [2.0], 2.0, 4.0),
        ([4.0], [2.0], 2.1, np.inf),
        ([9.0, 1.0], [3.0, 1.0], 2.0, 4.0),
        ([0.0, 5.0], [7.0, 5.0], 7.0, 0.0),
    ],
)
def test_fractional_knapsack__by_hand(costs, gains, need, expected):
    assert expected == fractional_knapsack(np.array(costs), np.array(gains), need)


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_fractional_knapsack__never_above_whole_things(seed):
    rng = np.random.default_rng(seed)
    costs, gains = rng.integers(0, 20, 6) * 1.0, rng.integers(1, 9, 6) * 1.0
    need = float(rng.integers(0, int(gains.sum()) + 2))
    whole = [
        costs[chosen].sum()
        for bits in range(64)
        for chosen in [np.array([bits >> k & 1 for k in range(6)], dtype=bool)]
        if gains[chosen].sum() >= need
    ]

    found = fractional_knapsack(costs, gains, need)

    assert found <= min(whole, default=np.inf) + TOLERANCE
    assert np.isinf(found) == (not whole)
