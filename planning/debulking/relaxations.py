"""Which single change of the limits would make a target feasible, the cheapest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from planning.optimiser.problem import Problem, demanded, make_problem
from planning.optimiser.search import Demand, Optimum, Reach, Search, best_plan, start_search
from planning.staging.two_stages import points_needed
from remnant.core.debulking import Relaxation
from remnant.core.debulking import RelaxationKind as Kind
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.recipe import Recipe

MOST_EXTRA = 3
"""More ablations or wedges than this beyond the limit are not tried."""
UNLOCK_COST, BEYOND_COST, NO_LOCK_COST = 1.0, 4.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a relaxed problem must reach: a target, and at least so many functional voxels.

    ``enough`` is the most tumour that any plan treats with so many left.
    """

    target: float
    least_flr: int
    stlv_ml: float | None
    seconds: float
    enough: Reach


def relaxations(
    search: Search, choice: PlanChoice, wanted: Wanted, best: Optimum
) -> tuple[Relaxation, ...]:
    """Try single changes of the limits for a target that is not feasible.

    Parameters
    ----------
    search
        The problem as it is.
    choice
        Its limits.
    wanted
        What is to be reached.
    best
        The plan that leaves most liver; without a recipe where the target is out of reach.

    Returns
    -------
    tuple
        Changes of limits, the cheapest first: one more step costs 1, as does a kept segment given
        up; lesions beyond the limits cost more; among equals more liver. Then growth of the
        remnant, then the largest share that leaves enough.
    """
    changed = sorted(_changed_limits(search, choice, wanted), key=lambda pair: pair[0])
    return (
        *(relaxation for _, relaxation in changed),
        *_growth(search.problem, wanted, best),
        *_lower_target(search.problem, wanted),
    )


Ranked = tuple[tuple[float, float], Relaxation]
"""A relaxation with what it costs, in the judgement of this project, and less the liver left."""


def _changed_limits(search: Search, choice: PlanChoice, wanted: Wanted) -> Iterator[Ranked]:
    problem, single = search.problem, list[Ranked]()
    for change in _single_changes(problem, choice):
        if change.amount is not None and any(change.kind is known.kind for _, known in single):
            continue  # fewer were enough
        single.extend(_if_enough(search, change, wanted))
    yield from single
    if not single and _has_locks(choice):
        unlocked = replace(choice, keep=frozenset())
        free = replace(_with_choice(problem, unlocked), most_wedges=None, most_ablations=None)
        yield from _if_enough(search, Change(Kind.NO_LOCKS, NO_LOCK_COST, free), wanted)


def _has_locks(choice: PlanChoice) -> bool:
    limits = (choice.most_wedges, choice.most_ablations)
    return bool(choice.keep) or any(limit is not None for limit in limits)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One change of the limits: what it costs (one more step costs 1) and the problem it makes."""

    kind: Kind
    cost: float
    problem: Problem
    amount: int | None = None
    segment: CouinaudSegment | None = None


def _single_changes(problem: Problem, choice: PlanChoice) -> Iterator[Change]:
    for extra in range(1, MOST_EXTRA + 1):
        if choice.most_ablations is not None:
            more = replace(problem, most_ablations=choice.most_ablations + extra)
            yield Change(Kind.MORE_ABLATIONS, extra, more, amount=extra)
        if choice.most_wedges is not None:
            more = replace(problem, most_wedges=choice.most_wedges + extra)
            yield Change(Kind.MORE_WEDGES, extra, more, amount=extra)
    for segment in sorted(choice.keep):
        unlocked = _with_choice(problem, replace(choice, keep=choice.keep - {segment}))
        yield Change(Kind.UNLOCK_SEGMENT, UNLOCK_COST, unlocked, segment=segment)
    every = np.ones_like(problem.wedge_allowed)
    if not problem.wedge_allowed.all():
        yield Change(Kind.ANY_WEDGE, BEYOND_COST, replace(problem, wedge_allowed=every))
    if not problem.ablation_allowed.all():
        yield Change(Kind.ANY_ABLATION, BEYOND_COST, replace(problem, ablation_allowed=every))


def _with_choice(problem: Problem, choice: PlanChoice) -> Problem:
    ids = problem.atoms.lesion_ids
    return make_problem(
        problem.atoms,
        choice,
        wedge_allowed=dict(zip(ids, problem.wedge_allowed.tolist(), strict=True)),
        ablation_allowed=dict(zip(ids, problem.ablation_allowed.tolist(), strict=True)),
    )


def _if_enough(search: Search, change: Change, wanted: Wanted) -> Iterator[Ranked]:
    """Solve a changed problem, in what is left of the time."""
    seconds = min(wanted.seconds, search.deadline - monotonic())
    if seconds <= 0.0:
        return
    need = demanded(change.problem.all_tumour, wanted.target)
    found = best_plan(start_search(change.problem, seconds=seconds), Demand(debulked=need))
    counted = found.counted
    if counted is None or found.recipe is None or counted.flr < wanted.least_flr:
        return
    flr_ml = counted.flr * change.problem.atoms.voxel_ml
    lifts_limits = change.kind in (Kind.ANY_WEDGE, Kind.ANY_ABLATION)
    relaxation = Relaxation(
        kind=change.kind,
        amount=change.amount,
        flr_ml=flr_ml,
        segment=change.segment,
        interventions=counted.interventions,
        beyond_limits=_beyond_limits(search.problem, found.recipe) if lifts_limits else (),
    )
    yield (change.cost, -flr_ml), relaxation


def _beyond_limits(problem: Problem, recipe: Recipe) -> tuple[int, ...]:
    """List the lesions of a recipe that the limits as they are exclude."""
    ids = problem.atoms.lesion_ids
    wedges = {i for i, ok in zip(ids, problem.wedge_allowed, strict=True) if not ok}
    ablations = {i for i, ok in zip(ids, problem.ablation_allowed, strict=True) if not ok}
    return tuple(sorted({*recipe.wedges} & wedges | {*recipe.ablations} & ablations))


def _growth(problem: Problem, wanted: Wanted, best: Optimum) -> Iterator[Relaxation]:
    if best.counted is None or best.counted.flr >= wanted.least_flr:
        return
    flr_ml, least_ml = (v * problem.atoms.voxel_ml for v in (best.counted.flr, wanted.least_flr))
    stlv_ml = wanted.stlv_ml
    yield Relaxation(
        kind=Kind.LARGER_REMNANT,
        amount=least_ml - flr_ml,
        flr_ml=least_ml,
        points=None if stlv_ml is None else points_needed(flr_ml, least_ml, stlv_ml),
    )


def _lower_target(problem: Problem, wanted: Wanted) -> Iterator[Relaxation]:
    if wanted.enough.debulked and problem.all_tumour:
        yield Relaxation(
            kind=Kind.LOWER_TARGET,
            amount=wanted.enough.debulked / problem.all_tumour,
            flr_ml=None,
            proven=wanted.enough.proven,
        )
