"""The front of plans against trying everything."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from examples.debulking import (
    Answer,
    best_by_trying,
    front_by_trying,
    hand_problem,
    random_problem,
)
from planning.optimiser import front as module
from planning.optimiser.feasibility import Counted
from planning.optimiser.front import answer_targets, demanded, dominates, front
from planning.optimiser.problem import only_unassessed
from planning.optimiser.search import Demand, Optimum, best_plan, start_search
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice

TARGETS = (0.7, 0.9, 1.0)


def counts(flr, debulked, interventions):
    return Counted(
        flr=flr, lost=0, debulked=debulked, residual=0, wedges=0, ablation_zones=0,
        interventions=interventions, faults=(),
    )  # fmt: skip


def found_front(problem, targets=TARGETS):
    search = start_search(problem, seconds=60.0)
    answers = answer_targets(search, targets)
    return answers, front(search, answers)


def answer_of(counted):
    return Answer(counted.lost, counted.residual, counted.interventions)


@pytest.mark.parametrize("batch", range(6))
def test_front__equals_trying_everything(batch):
    for seed in range(15 * batch, 15 * (batch + 1)):
        problem = random_problem(np.random.default_rng(seed), most_lesions=3)

        _, points = found_front(problem)

        assert front_by_trying(problem, TARGETS) == {answer_of(p.counted) for p in points}, seed
        assert all(point.proven for point in points)
        assert all(point.most_flr == point.counted.flr for point in points)


@pytest.mark.parametrize("seed", range(20))
def test_front__points_are_dominated_as_pairs_say(seed):
    problem = random_problem(np.random.default_rng(1000 + seed))

    answers, points = found_front(problem)

    assert len({p.recipe for p in points}) == len(points)
    for point in points:
        one = answer_of(point.counted)
        beaten = any(
            other.debulked >= point.counted.debulked
            and other.lost <= one.lost
            and other.interventions <= one.interventions
            and answer_of(other) != one
            for other in (p.counted for p in points)
        )
        assert beaten != point.on_front
    for answer in answers:
        recipe = answer.best.recipe
        serving = [p.recipe for p in points if answer.target in p.targets]
        assert recipe is None or recipe in serving
    order = [(-p.counted.debulked, -p.counted.flr) for p in points]
    assert sorted(order) == order


@pytest.mark.parametrize("seed", range(25))
def test_answers__are_the_best_of_the_assessed_sets(seed):
    problem = random_problem(np.random.default_rng(2000 + seed))
    (answer,), _ = found_front(problem, (0.9,))
    best = best_by_trying(problem, _demand(problem, 0.9))

    assert best == (answer.best.counted and answer_of(answer.best.counted))
    assert answer.best.recipe is None or (
        frozenset(answer.best.recipe.segments) in problem.segment_sets
    )


@pytest.mark.parametrize("seed", range(25))
def test_unassessed__are_searched_apart_and_lie_on_no_front(seed):
    """What nobody assessed neither stands on the front nor beats what does."""
    problem = random_problem(np.random.default_rng(4000 + seed))
    search = start_search(problem, seconds=60.0)
    answers = answer_targets(search, TARGETS)
    others = start_search(only_unassessed(problem), seconds=60.0)
    besides = [best_plan(others, _demand(problem, target)) for target in TARGETS]

    alone, points = front(search, answers), front(search, answers, unassessed=besides)

    expected = {o.recipe for o in besides if o.recipe is not None}
    added = [point for point in points if point not in alone]
    assert expected == {point.recipe for point in added}
    assert not any(point.on_front or point.targets for point in added)
    assert set(alone) <= set(points)
    order = [(-p.counted.debulked, -p.counted.flr) for p in points]
    assert sorted(order) == order


def _demand(problem, share):

    return Demand(debulked=demanded(problem.all_tumour, share))


@pytest.mark.parametrize(
    ("all_tumour", "target", "expected"),
    [(10, 0.7, 7), (10, 0.71, 8), (100, 0.29, 29), (7, 1.0, 7), (0, 0.9, 0), (1, 0.01, 1)],
)
def test_demanded__whole_voxels_without_rounding_noise(all_tumour, target, expected):
    assert expected == demanded(all_tumour, target)


def test_dominates__better_in_one_and_worse_in_none():
    base = (100, 50, 2)
    for change in product((-1, 0, 1), repeat=3):
        flr, debulked, fewer = (b + c for b, c in zip((*base[:2], -base[2]), change, strict=True))
        other = counts(flr, debulked, -fewer)
        expected = min(change) >= 0 and max(change) > 0

        assert expected == dominates(other, counts(*base))


def test_unassessed__no_other_set_is_searched():
    """V and VII together leave VI alone: no named operation, whatever it would treat."""
    problem = hand_problem(PlanChoice(most_wedges=0, most_ablations=0, contiguous_segments=1))
    others = start_search(only_unassessed(problem), seconds=60.0)

    (alone,), points = found_front(problem, (1.0,))
    free = best_plan(others, _demand(problem, 1.0))

    assert (None, None, True) == (alone.best.recipe, alone.best.counted, alone.best.proven)
    assert () == points
    assert ((5, 7), 200, True) == (free.recipe.segments, free.counted.flr, free.proven)


def test_vessels_intact__a_stated_set_is_searched():
    both = frozenset((CouinaudSegment.V, CouinaudSegment.VII))
    choice = PlanChoice(most_wedges=0, most_ablations=0, contiguous_segments=1)
    problem = hand_problem(replace(choice, vessels_intact=(both,)))

    (stated,), points = found_front(problem, (1.0,))

    assert both == frozenset(stated.best.recipe.segments)
    assert [(200, (1.0,), True)] == [(p.counted.flr, p.targets, p.on_front) for p in points]


def test_front__time_gone_leaves_only_the_best():
    fewer = 0
    for seed in range(20):
        problem = random_problem(np.random.default_rng(3000 + seed))
        answers, all_points = found_front(problem)
        late = start_search(problem, seconds=60.0)
        late.started -= 60.0

        points = front(late, answers)

        best = {a.best.recipe for a in answers} - {None}
        assert best == {point.recipe for point in points}
        fewer += len(all_points) > len(points)
    assert fewer >= 2


def test_front__a_proven_entry_counts_before_an_unproven_one():
    problem = hand_problem(PlanChoice())
    search = start_search(problem, seconds=60.0)
    (answer,) = answer_targets(search, (1.0,))
    sure = answer.best
    open_one = Optimum(recipe=sure.recipe, counted=sure.counted, proven=False, most_flr=999)
    search.started -= 60.0
    both = [_replaced(answer, open_one, 0.9), answer]

    (point,) = front(search, both)
    (alone,) = front(search, both[:1])

    assert (True, sure.counted.flr, (0.9, 1.0)) == (point.proven, point.most_flr, point.targets)
    assert (False, 999) == (alone.proven, alone.most_flr)


def _replaced(answer, optimum, target):

    return replace(answer, best=optimum, target=target)


def test_front__no_more_steps_than_allowed(monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 1)
    problem = hand_problem(PlanChoice(contiguous_segments=1))

    (answer,), points = found_front(problem, (0.4,))

    assert 1 == answer.best.counted.interventions
    assert answer.best.recipe in [point.recipe for point in points]
