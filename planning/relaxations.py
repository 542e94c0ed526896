"""Which single change of the limits would make a target feasible, the cheapest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import monotonic

import numpy as np

from planning import wording
from planning.optimiser.front import demanded
from planning.optimiser.problem import Problem, make_problem
from planning.optimiser.reach import Reach
from planning.optimiser.search import Demand, Optimum, Search, best_plan, start_search
from planning.staged import points_needed
from remnant.core.debulking import Recipe, Relaxation
from remnant.core.plan_choice import PlanChoice

MOST_EXTRA = 3
"""More ablations or wedges than this beyond the limit are not tried."""
MOST_NAMED = 6
BEYOND_COST, NO_LOCK_COST = 4.0, 5.0
COUNTED = frozenset(("more_ablations", "more_wedges"))


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
    for kind, change, cost, changed in _single_changes(problem, choice):
        if kind in COUNTED and any(kind == known.kind for _, known in single):
            continue  # fewer were enough
        single.extend(_if_enough(search, changed, wanted, (kind, change, cost)))
    yield from single
    if not single and _has_locks(choice):
        unlocked = replace(choice, keep=frozenset(), named_only=False)
        free = replace(_with_choice(problem, unlocked), most_wedges=None, most_ablations=None)
        yield from _if_enough(search, free, wanted, ("no_locks", "no lock at all", NO_LOCK_COST))


def _has_locks(choice: PlanChoice) -> bool:
    limits = (choice.most_wedges, choice.most_ablations)
    return bool(choice.keep) or choice.named_only or any(limit is not None for limit in limits)


Change = tuple[str, str, float, Problem]


def _single_changes(problem: Problem, choice: PlanChoice) -> Iterator[Change]:
    """Yield changed problems with their kind, words, and cost: one more step costs 1."""
    for extra in range(1, MOST_EXTRA + 1):
        if choice.most_ablations is not None:
            more = replace(problem, most_ablations=choice.most_ablations + extra)
            yield "more_ablations", wording.counted(extra, "more ablation"), extra, more
        if choice.most_wedges is not None:
            more = replace(problem, most_wedges=choice.most_wedges + extra)
            yield "more_wedges", wording.counted(extra, "more wedge"), extra, more
    for segment in sorted(choice.keep):
        unlocked = _with_choice(problem, replace(choice, keep=choice.keep - {segment}))
        yield "unlock_segment", f"segment {segment.name} no longer kept", 1.0, unlocked
    every = np.ones_like(problem.wedge_allowed)
    if not problem.wedge_allowed.all():
        anywhere = replace(problem, wedge_allowed=every)
        yield "any_wedge", "wedges beyond the limits of size and depth", BEYOND_COST, anywhere
    if not problem.ablation_allowed.all():
        anywhere = replace(problem, ablation_allowed=every)
        yield "any_ablation", "ablations beyond the limits of size and place", BEYOND_COST, anywhere


def _with_choice(problem: Problem, choice: PlanChoice) -> Problem:
    ids = problem.atoms.lesion_ids
    return make_problem(
        problem.atoms,
        choice,
        wedge_allowed=dict(zip(ids, problem.wedge_allowed.tolist(), strict=True)),
        ablation_allowed=dict(zip(ids, problem.ablation_allowed.tolist(), strict=True)),
    )


def _if_enough(
    search: Search, problem: Problem, wanted: Wanted, change: tuple[str, str, float]
) -> Iterator[Ranked]:
    """Solve a changed problem, in what is left of the time."""
    seconds = min(wanted.seconds, search.deadline - monotonic())
    if seconds <= 0.0:
        return
    need = demanded(problem.all_tumour, wanted.target)
    found = best_plan(start_search(problem, seconds=seconds), Demand(debulked=need))
    counted, (kind, words, cost) = found.counted, change
    if counted is None or found.recipe is None or counted.flr < wanted.least_flr:
        return
    flr_ml = counted.flr * problem.atoms.voxel_ml
    steps = wording.counted(counted.interventions, "intervention")
    beyond = _lesions_beyond(search.problem, found.recipe) if cost == BEYOND_COST else ""
    yield (
        (cost, -flr_ml),
        Relaxation(
            kind=kind,
            text=f"With {words} it would be reached: {steps}{beyond}; {flr_ml:.0f} mL would stay.",
            amount=cost if kind in COUNTED else None,
            flr_ml=flr_ml,
        ),
    )


def _lesions_beyond(problem: Problem, recipe: Recipe) -> str:
    """Name the lesions that the limits as they are exclude."""
    ids = problem.atoms.lesion_ids
    wedges = [i for i, ok in zip(ids, problem.wedge_allowed, strict=True) if not ok]
    ablations = [i for i, ok in zip(ids, problem.ablation_allowed, strict=True) if not ok]
    beyond = sorted({*recipe.wedges} & {*wedges} | {*recipe.ablations} & {*ablations})
    if len(beyond) > MOST_NAMED:
        return f" ({len(beyond)} lesions beyond the limits)"
    noun = "lesion" if len(beyond) == 1 else "lesions"
    named = wording.listed(map(str, beyond)) if beyond else ""
    return f" ({noun} {named} beyond the limits)" if beyond else ""


def _growth(problem: Problem, wanted: Wanted, best: Optimum) -> Iterator[Relaxation]:
    if best.counted is None or best.counted.flr >= wanted.least_flr:
        return
    flr_ml, least_ml = (v * problem.atoms.voxel_ml for v in (best.counted.flr, wanted.least_flr))
    points = ""
    if wanted.stlv_ml is not None:
        gained = points_needed(flr_ml, least_ml, wanted.stlv_ml)
        points = f": portal vein embolisation would need to add {gained:.1f} points of sFLR"
    yield Relaxation(
        kind="larger_remnant",
        text=f"The FLR is short by {least_ml - flr_ml:.0f} mL{points}.",
        amount=least_ml - flr_ml,
        flr_ml=least_ml,
    )


def _lower_target(problem: Problem, wanted: Wanted) -> Iterator[Relaxation]:
    if not wanted.enough.debulked or not problem.all_tumour:
        return
    share = wanted.enough.debulked / problem.all_tumour
    most = "at most" if wanted.enough.proven else "at least"
    yield Relaxation(
        kind="lower_target",
        text=f"With enough liver left {most} {wording.percent(share)} of the tumour is treated.",
        amount=share,
        flr_ml=None,
    )
