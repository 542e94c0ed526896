"""The best plan for a debulking target, proven.

The largest remnant, then the least tumour left, then the fewest interventions. Sets of segments are
tried in the order of a bound on what they could leave; for each, wedges and ablations in the rest
are an integer program (`planning.optimiser.milp`). The search ends when no untried set can be
better.

For the bound every atom is shared out among the lesions over it, so that what a lesion costs is at
least its shares, whatever else is done. Costs then add up and a fractional knapsack gives how
little liver a set of removed segments can cost at least, without solving anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planning.hepatectomies.stranded import Segments
from planning.optimiser.feasibility import Counted, require_feasible
from planning.optimiser.listing import best_listed, exceeds_reach
from planning.optimiser.milp import (
    Goal,
    Limits,
    Model,
    Relaxed,
    Subproblem,
    choices_left,
    least_loss,
    lost_voxels,
    make_model,
    relax,
    shared_pairs,
    solve,
    subproblem,
    with_free_choices,
)
from planning.optimiser.problem import Counts, Flags, Problem
from remnant.core.labels import SEGMENT_CODES
from remnant.core.recipe import Recipe

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Each lesion's share of the atoms in its margin and its zone, by segment: shape ``(m, 9)``."""

    margin: Vector
    zone: Vector


@dataclass(frozen=True, slots=True, order=True)
class Bounded:
    """A set of segments and the least voxels that it costs, ``number`` its place in the list."""

    lost: float
    number: int


def equal_shares(problem: Problem) -> Shares:
    """Share every atom out equally among the lesions whose margin or zone holds it."""
    atoms = problem.atoms
    either = ((problem.margin + problem.zone) > 0).astype(np.float64)
    over = np.asarray(either.sum(axis=1)).ravel()
    each = np.divide(atoms.voxels, over, out=np.zeros(len(over)), where=over > 0)
    by_segment = np.zeros((len(each), problem.core.shape[1]))
    by_segment[np.arange(len(each)), atoms.segment] = each
    by_segment[:, 0] = 0.0
    return Shares(problem.margin.T @ by_segment, problem.zone.T @ by_segment)


def relaxed_shares(problem: Problem, sub: Subproblem, relaxed: Relaxed) -> Shares:
    """Share atoms out as the linear relaxation of one set of segments does: a far better bound.

    Lesions that are not free there keep no share. Where only the better fate was modelled, its
    cost bounds that of the other, which takes all it takes and more.
    """
    atom, lesion = shared_pairs(sub)
    answered = np.bincount(atom, relaxed.pairs, len(sub.sizes))
    # by rounding an atom may be shared out more than once; scaled down its shares stay a bound
    too_much = np.maximum(answered / np.maximum(sub.sizes, 1), 1.0)
    alone = np.setdiff1d(np.arange(len(sub.sizes)), atom)
    atoms = np.concatenate((atom, alone))
    lesions = np.concatenate((lesion, _only_lesion(sub, alone)))
    shares: Vector = np.concatenate((relaxed.pairs / too_much[atom], sub.sizes[alone] * 1.0))
    margin, zone = (
        _by_segment(sub, matrix, (atoms, lesions), shares) for matrix in (sub.margin, sub.zone)
    )
    cheaper_zone = ~sub.wedge & sub.ablation & problem.zone_in_margin
    cheaper_margin = ~sub.ablation & sub.wedge & problem.margin_in_zone
    return Shares(
        np.where(cheaper_zone[:, None], zone, margin),
        np.where(cheaper_margin[:, None], margin, zone),
    )


def _only_lesion(sub: Subproblem, atoms: Counts) -> Counts:
    either = csr_array(sub.margin + sub.zone)
    return np.asarray(either.indices[either.indptr[atoms]], dtype=np.int64)


def _by_segment(
    sub: Subproblem, matrix: csr_array, pairs: tuple[Counts, Counts], shares: Vector
) -> Vector:
    lesions = matrix.shape[1]
    held = matrix.tocoo().coords
    inside = np.isin(pairs[0] * lesions + pairs[1], held[0] * lesions + held[1])
    table = np.zeros((lesions, SEGMENT_CODES))
    np.add.at(table, (pairs[1][inside], sub.codes[pairs[0][inside]]), shares[inside])
    return table


def bounded_sets(
    problem: Problem, sets: Iterable[tuple[int, Segments]], shares: Shares, debulked: int
) -> list[Bounded]:
    """Bound every set of segments and sort by it; sets that cannot reach the target are left out.

    Parameters
    ----------
    sets
        With their numbers.
    debulked
        Tumour voxels to be removed or ablated at least.
    """
    volumes = np.bincount(problem.atoms.segment, problem.atoms.voxels, problem.core.shape[1])
    bounds = []
    for number, segments in sets:
        outside = _bound(problem, segments, shares, debulked)
        if np.isfinite(outside):
            inside = sum(float(volumes[int(s)]) for s in segments)
            bounds.append(Bounded(inside + outside, number))
    return sorted(bounds)


def _bound(problem: Problem, segments: Segments, shares: Shares, debulked: int) -> float:
    """Least loss outside the removed segments."""
    kept = np.ones(problem.core.shape[1], dtype=bool)
    kept[[int(s) for s in segments]] = False
    touched = problem.involves(~kept)
    margin = shares.margin[:, kept].sum(axis=1)
    zone = shares.zone[:, kept].sum(axis=1)
    # what touches removed segments is resected with its margin, whatever that costs elsewhere
    forced = float(margin[touched].sum())
    costs = np.minimum(
        np.where(problem.wedge_allowed, margin, np.inf),
        np.where(problem.ablation_allowed, zone, np.inf),
    )
    free = ~touched & np.isfinite(costs)
    need = debulked - float(problem.tumour[touched].sum())
    return forced + fractional_knapsack(costs[free], problem.tumour[free].astype(float), need)


def fractional_knapsack(costs: Vector, gains: Vector, need: float) -> float:
    """Return the least cost of reaching a gain with parts of things; infinity where all fail."""
    if need <= 0:
        return 0.0
    # cheapest for each voxel first: the optimum in parts, and no whole choice costs less
    order = np.argsort(costs / gains, kind="stable")
    reached = np.cumsum(gains[order])
    if not reached.size or reached[-1] < need:
        return np.inf
    last = int(np.searchsorted(reached, need))
    before = reached[last - 1] if last else 0.0
    spent = float(costs[order][:last].sum())
    return spent + float(costs[order][last]) * (need - before) / float(gains[order][last])


SHORTEST_SECONDS = 0.01
ROUNDING = 1e-6
"""Voxels by which a bound may exceed the truth through adding up floats."""
GOALS = (Goal.LOST, Goal.RESIDUAL, Goal.INTERVENTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a plan must reach.

    ``debulked`` tumour voxels at least, with at most so many ``interventions``; ``None`` is no
    limit.
    """

    debulked: int
    interventions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The best plan found for a demand.

    Parameters
    ----------
    recipe, counted
        The plan and its voxels, counted independently of the solver; ``None`` where none was found.
    proven
        No plan is better, or, without one, there is none.
    most_flr
        Functional voxels that no plan for the demand exceeds; 0 where there is proven to be none.
    """

    recipe: Recipe | None
    counted: Counted | None
    proven: bool
    most_flr: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The most tumour voxels that any plan treats.

    ``proven`` tells that no plan treats more than ``debulked``; ``at_most`` bounds what an unproven
    better one could.
    """

    debulked: int
    at_most: int
    proven: bool


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A set of segments with its integer program; both ``None`` where it cannot be removed."""

    sub: Subproblem | None
    model: Model | None


@dataclass(slots=True, eq=False)
class Search:
    """One problem, what was prepared of it, and the time it has.

    Parameters
    ----------
    problem
        What is solved.
    started, deadline
        On the clock of ``time.monotonic``.
    """

    problem: Problem
    started: float
    deadline: float
    prepared: dict[Segments, Prepared] = field(default_factory=dict)
    relaxations: dict[tuple[Segments, Limits], Relaxed] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Time that is left, never quite nothing."""
        return max(self.deadline - monotonic(), SHORTEST_SECONDS)

    @property
    def spent(self) -> float:
        """Share of the time that is gone."""
        return (monotonic() - self.started) / (self.deadline - self.started)

    def prepare(self, segments: Segments) -> Prepared:
        """Fix a set of segments, once."""
        if segments not in self.prepared:
            sub = subproblem(self.problem, segments)
            zones = self.problem.atoms.ablation_zones
            model = None if sub is None else make_model(sub, self.problem.tumour, zones)
            self.prepared[segments] = Prepared(sub, model)
        return self.prepared[segments]

    def relax(self, segments: Segments, model: Model, limits: Limits) -> Relaxed:
        """Solve the linear relaxation of a set of segments, once."""
        key = (segments, limits)
        if key not in self.relaxations:
            self.relaxations[key] = relax(model, limits, deadline=self.deadline)
        return self.relaxations[key]


def start_search(problem: Problem, *, seconds: float) -> Search:
    """Start the clock of a search."""
    now = monotonic()
    return Search(problem, now, now + seconds)


def best_plan(search: Search, demand: Demand) -> Optimum:
    """Return the best plan for a demand.

    Returns
    -------
    Optimum
        Counted again by `planning.optimiser.feasibility`. Not proven where the time ended first;
        then ``most_flr`` says how much more liver a better plan could leave.
    """
    problem, leading, open_bound = search.problem, _Leading(), np.inf
    for candidate in _candidates(search, demand):
        # equal bounds are tried too: ties are settled by tumour left and interventions
        if candidate.lost > leading.lost + ROUNDING:
            break
        segments = problem.segment_sets[candidate.number]
        tried = _try(search, segments, demand, leading)
        if tried is None:
            continue
        if not tried.proven:
            open_bound = min(open_bound, max(candidate.lost, tried.bound))
        leading.take(segments, tried)
        if monotonic() > search.deadline:
            # sorted by their bounds: no set that was not tried costs less than this one
            open_bound = min(open_bound, candidate.lost)
            break
    return _settled(search, demand, leading, open_bound)


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """Least loss of one set of segments; ``chosen`` is ``None`` where nothing was found.

    ``ranked``: of all choices with this loss these are the best in the other goals too.
    """

    lost: float
    chosen: Flags | None
    bound: float
    proven: bool
    ranked: bool


@dataclass(slots=True, eq=False)
class _Leading:
    """The sets of segments with the least loss so far."""

    lost: float = np.inf
    tied: list[tuple[Segments, Flags, bool]] = field(default_factory=list)

    def take(self, segments: Segments, tried: _Tried) -> None:
        if tried.chosen is None or tried.lost > self.lost:
            return
        if tried.lost < self.lost:
            self.tied.clear()
        self.lost = tried.lost
        self.tied.append((segments, tried.chosen, tried.ranked))


def _candidates(search: Search, demand: Demand) -> list[Bounded]:
    sets = enumerate(search.problem.segment_sets)
    return bounded_sets(search.problem, sets, _shares(search, demand), demand.debulked)


def _shares(search: Search, demand: Demand) -> Shares:
    """Share atoms out for bounds: by the relaxation without removed segments where it is large."""
    prepared = search.prepare(frozenset())
    if prepared.model is None or prepared.sub is None or not prepared.model.is_large:
        return equal_shares(search.problem)
    # fewer limits bound as well, and one relaxation serves every number of interventions
    limits = _limits(search.problem, prepared.sub, replace(demand, interventions=None), lost=None)
    assert limits is not None  # noqa: S101  # nothing was taken from them
    relaxed = search.relax(frozenset(), prepared.model, limits)
    if np.isinf(relaxed.lost):
        return equal_shares(search.problem)
    return relaxed_shares(search.problem, prepared.sub, relaxed)


def _try(search: Search, segments: Segments, demand: Demand, leading: _Leading) -> _Tried | None:
    prepared = search.prepare(segments)
    if prepared.sub is None or prepared.model is None:
        return None
    sub, model = prepared.sub, prepared.model
    most = None if np.isinf(leading.lost) else int(leading.lost) - sub.lost
    limits = _limits(search.problem, sub, demand, lost=most)
    if limits is None or exceeds_reach(model, limits):
        return None
    listed = None
    if model.is_large:
        # the loss allowed changes with the leading plan; without it the relaxation is solved once
        relaxed = search.relax(segments, model, replace(limits, lost=None))
        if sub.lost + relaxed.lost > leading.lost + ROUNDING:
            return None
        solved = least_loss(model, limits, relaxed, deadline=search.deadline)
    else:
        listed = best_listed(model, limits, seconds=search.seconds)
        solved = listed or solve(model, Goal.LOST, limits, seconds=search.seconds)
    lost = np.inf if solved.chosen is None else sub.lost + lost_voxels(model, solved.chosen)
    return _Tried(lost, solved.chosen, sub.lost + solved.bound, solved.proven, listed is not None)


def _limits(
    problem: Problem, sub: Subproblem, demand: Demand, *, lost: int | None
) -> Limits | None:
    """Return what the limits leave once the segments are removed; ``None`` where too little."""
    extended = int(sub.extended.sum())
    limits = Limits(
        debulked=max(demand.debulked - sub.debulked, 0),
        lost=lost,
        wedges=None if problem.most_wedges is None else problem.most_wedges - extended,
        ablations=problem.most_ablations,
        interventions=None
        if demand.interventions is None
        else demand.interventions - sub.interventions,
    )
    counts = (limits.lost, limits.wedges, limits.interventions)
    return None if any(count is not None and count < 0 for count in counts) else limits


def _settled(search: Search, demand: Demand, leading: _Leading, open_bound: float) -> Optimum:
    """Choose among all plans with the least loss, and count the chosen one again."""
    total = search.problem.flr_voxels
    if not leading.tied:
        proven = bool(np.isinf(open_bound))
        return Optimum(
            recipe=None,
            counted=None,
            proven=proven,
            most_flr=0 if proven else _left(total, open_bound),
        )
    finished = [
        _finish(search, segments, chosen, None if ranked else demand)
        for segments, chosen, ranked in leading.tied
    ]
    best = min(finished, key=lambda plan: plan.key)
    proven = open_bound > leading.lost + ROUNDING and all(plan.proven for plan in finished)
    counted = require_feasible(
        search.problem, best.recipe, lost=leading.lost, debulked=best.debulked
    )
    return Optimum(
        recipe=best.recipe,
        counted=counted,
        proven=proven,
        most_flr=counted.flr if proven else _left(total, min(open_bound, leading.lost)),
    )


def _left(total: int, lost: float) -> int:
    return total - int(np.ceil(max(lost, 0.0) - ROUNDING))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    recipe: Recipe
    debulked: int
    interventions: int
    proven: bool

    @property
    def key(self) -> tuple[int, int, tuple[int, ...]]:
        codes = tuple(int(s) for s in self.recipe.segments)
        return -self.debulked, self.interventions, (len(codes), *codes)


def _finish(search: Search, segments: Segments, chosen: Flags, demand: Demand | None) -> _Finished:
    """Of all plans of a set with the least loss take the least tumour, then the fewest steps.

    Without a ``demand`` the choices are that already. In a large program only lesions that cost no
    more liver are added.
    """
    prepared = search.prepare(segments)
    sub, model = prepared.sub, prepared.model
    assert sub is not None  # noqa: S101  # it was solved before
    assert model is not None  # noqa: S101
    if demand is None:
        return _finished(search.problem, sub, model, chosen, proven=True)
    limits = _limits(search.problem, sub, demand, lost=round(lost_voxels(model, chosen)))
    assert limits is not None  # noqa: S101
    if model.is_large:
        added = with_free_choices(model, limits, chosen)
        return _finished(search.problem, sub, model, added, proven=True)
    proven = True
    left = choices_left(model, limits, seconds=search.seconds)
    # in order of rank: the optimum of each goal is a limit for the next
    for goal in GOALS[1:]:
        solved = solve(model, goal, limits, seconds=search.seconds, within=left)
        proven = proven and solved.proven
        chosen = chosen if solved.chosen is None else solved.chosen
        limits = _tightened(limits, model, chosen)
    return _finished(search.problem, sub, model, chosen, proven=proven)


def _tightened(limits: Limits, model: Model, chosen: Flags) -> Limits:
    removed = -float(model.costs[Goal.RESIDUAL][: model.fates][chosen].sum())
    return replace(limits, debulked=round(removed))


def _finished(
    problem: Problem, sub: Subproblem, model: Model, chosen: Flags, *, proven: bool
) -> _Finished:
    ids = np.array(problem.atoms.lesion_ids, dtype=np.int64)
    wedges = model.wedges[chosen[: len(model.wedges)]]
    ablations = model.ablations[chosen[len(model.wedges) :]]
    recipe = Recipe(
        segments=tuple(sorted(sub.segments)),
        wedges=tuple(sorted(ids[np.flatnonzero(sub.extended)].tolist() + ids[wedges].tolist())),
        ablations=tuple(sorted(ids[ablations].tolist())),
    )
    treated = problem.tumour[wedges].sum() + problem.tumour[ablations].sum()
    zones = int(problem.atoms.ablation_zones[ablations].sum())
    return _Finished(
        recipe=recipe,
        debulked=sub.debulked + int(treated),
        interventions=sub.interventions + len(wedges) + zones,
        proven=proven,
    )
