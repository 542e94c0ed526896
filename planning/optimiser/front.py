"""The Pareto front of plans: share of the tumour treated, liver left, number of interventions.

It is exact at the debulking targets: for each target and each number of interventions the plan that
leaves most liver, among named operations. Between the targets nothing is searched.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from planning.optimiser.feasibility import Counted
from planning.optimiser.problem import demanded
from planning.optimiser.search import Demand, Optimum, Search, best_plan
from remnant.core.recipe import Recipe

MOST_STEPS = 12
"""Most numbers of interventions tried below that of the largest remnant, for each target."""
FRONT_SHARE = 0.5
"""Share of the time that may be gone before the front between the best plans is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One plan of the optimiser.

    Parameters
    ----------
    recipe, counted
        The plan and its voxels.
    proven, most_flr
        See `planning.optimiser.search.Optimum`.
    targets
        Targets that it is the best plan for.
    on_front
        No other point is at least as good in everything and better in something.
    """

    recipe: Recipe
    counted: Counted
    proven: bool
    most_flr: int
    targets: tuple[float, ...]
    on_front: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The best plan for one target, of those whose vessels are known to stay intact."""

    target: float
    demand: int
    best: Optimum


def answer_targets(search: Search, targets: Sequence[float]) -> list[Answer]:
    """Find the best plan for every target."""
    demands = ((target, demanded(search.problem.all_tumour, target)) for target in targets)
    return [
        Answer(target=target, demand=need, best=best_plan(search, Demand(debulked=need)))
        for target, need in demands
    ]


def front(
    search: Search,
    answers: Sequence[Answer],
    *,
    best_only: Sequence[Answer] = (),
    besides: Iterable[Optimum] = (),
    unassessed: Iterable[Optimum] = (),
) -> tuple[Point, ...]:
    """Return every plan found, each recipe once, those with least tumour left first.

    Parameters
    ----------
    search
        The problem and its time.
    answers
        Targets with their best plans; fewer interventions are tried for each.
    best_only
        Targets whose best plans alone are wanted.
    besides
        Plans that serve no target.
    unassessed
        Plans of which nobody assessed the vessels: they lie on no front and dominate none.
    """
    best = [(a.best, a.target) for a in (*answers, *best_only)]
    between = [(o, None) for a in answers for o in _fewer_interventions(search, a)]
    found: dict[Recipe, list[tuple[Optimum, float | None]]] = {}
    others = [(optimum, None) for optimum in besides]
    for optimum, target in (*best, *between, *others):
        if optimum.recipe is not None and optimum.counted is not None:
            found.setdefault(optimum.recipe, []).append((optimum, target))
    counts = [entries[0][0].counted for entries in found.values()]
    points = [
        _point(recipe, entries, [c for c in counts if c is not None])
        for recipe, entries in found.items()
    ]
    off = [
        replace(_point(o.recipe, [(o, None)], ()), on_front=False)
        for o in unassessed
        if o.recipe is not None and o.recipe not in found
    ]
    return tuple(sorted((*points, *off), key=lambda p: (-p.counted.debulked, -p.counted.flr)))


def _fewer_interventions(search: Search, answer: Answer) -> Iterator[Optimum]:
    """Solve a target again and again with fewer interventions than before."""
    counted = answer.best.counted
    for _ in range(MOST_STEPS):
        if counted is None or search.spent > FRONT_SHARE:
            return
        demand = Demand(
            debulked=answer.demand,
            interventions=counted.interventions - 1,
        )
        optimum = best_plan(search, demand)
        counted = optimum.counted
        yield optimum


def _point(
    recipe: Recipe, entries: Sequence[tuple[Optimum, float | None]], others: Iterable[Counted]
) -> Point:
    # a recipe found for several demands is as sure as the surest of these says
    optimum = next((o for o, _ in entries if o.proven), entries[0][0])
    assert optimum.counted is not None  # noqa: S101  # only plans that were found are points
    return Point(
        recipe=recipe,
        counted=optimum.counted,
        proven=optimum.proven,
        most_flr=optimum.most_flr,
        targets=tuple(dict.fromkeys(target for _, target in entries if target is not None)),
        on_front=not any(dominates(other, optimum.counted) for other in others),
    )


def dominates(one: Counted, other: Counted) -> bool:
    """Tell whether a plan is at least as good in everything and better in something."""
    pairs = (
        (one.debulked, other.debulked),
        (one.flr, other.flr),
        (-one.interventions, -other.interventions),
    )
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
