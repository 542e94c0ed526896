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
from planning.optimiser.problem import is_named, only_named
from planning.optimiser.search import Demand, Optimum, start_search
from remnant.core.plan_choice import PlanChoice

TARGETS = (0.7, 0.9, 1.0)


def counts(flr, debulked, interventions):
    return Counted(
        flr=flr, lost=0, debulked=debulked, residual=0, wedges=0, ablation_zones=0,
        interventions=interventions, faults=(),
    )  # fmt: skip


def found_front(problem, targets=TARGETS, *, named_only=False):
    search = start_search(problem, seconds=60.0)
    answers = answer_targets(search, targets, named_only=named_only)
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
        named = answer.named.recipe
        assert named is None or named in serving
    order = [(-p.counted.debulked, -p.counted.flr) for p in points]
    assert sorted(order) == order


@pytest.mark.parametrize("seed", range(25))
def test_answers__named_first_among_equals(seed):
    problem = random_problem(np.random.default_rng(2000 + seed))
    (answer,), _ = found_front(problem, (0.9,))
    named = best_by_trying(only_named(problem), _demand(problem, 0.9))
    best = best_by_trying(problem, _demand(problem, 0.9))

    assert named == (answer.named.counted and answer_of(answer.named.counted))
    assert best == (answer.any_set.counted and answer_of(answer.any_set.counted))
    assert (best and best.lost) == (answer.best.counted and answer.best.counted.lost)
    if named is not None and named.lost == best.lost:
        assert is_named(answer.best.recipe.segments)


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


def test_named_only__no_other_set_is_searched():
    problem = hand_problem(PlanChoice(most_wedges=0, most_ablations=0, contiguous_segments=1))

    (alone,), _ = found_front(problem, (1.0,), named_only=True)
    (free,), points = found_front(problem, (1.0,))

    assert (None, None, True) == (alone.best.recipe, alone.best.counted, alone.best.proven)
    assert (5, 7) == free.best.recipe.segments
    assert [(200, (1.0,), True)] == [(p.counted.flr, p.targets, p.on_front) for p in points]


def test_front__time_gone_leaves_only_the_best():
    fewer = 0
    for seed in range(20):
        problem = random_problem(np.random.default_rng(3000 + seed))
        answers, all_points = found_front(problem)
        late = start_search(problem, seconds=60.0)
        late.started -= 60.0

        points = front(late, answers)

        best = {o.recipe for a in answers for o in (a.named, a.best)} - {None}
        assert best == {point.recipe for point in points}
        fewer += len(all_points) > len(points)
    assert fewer >= 2


def test_front__a_proven_entry_counts_before_an_unproven_one():
    problem = hand_problem(PlanChoice())
    search = start_search(problem, seconds=60.0)
    (answer,) = answer_targets(search, (1.0,), named_only=True)
    sure = answer.named
    open_one = Optimum(recipe=sure.recipe, counted=sure.counted, proven=False, most_flr=999)
    search.started -= 60.0
    both = [_replaced(answer, open_one, 0.9), answer]

    (point,) = front(search, both)
    (alone,) = front(search, both[:1])

    assert (True, sure.counted.flr, (0.9, 1.0)) == (point.proven, point.most_flr, point.targets)
    assert (False, 999) == (alone.proven, alone.most_flr)


def _replaced(answer, optimum, target):

    return replace(answer, named=optimum, any_set=optimum, target=target)


def test_front__no_more_steps_than_allowed(monkeypatch):
    monkeypatch.setattr(module, "MOST_STEPS", 1)
    problem = hand_problem(PlanChoice(contiguous_segments=1))

    (answer,), points = found_front(problem, (0.4,))

    assert 1 == answer.named.counted.interventions
    assert answer.named.recipe in [point.recipe for point in points]
