"""Large programs: hundreds of lesions whose margins overlap.

Tens of thousands of atoms are too many columns. What a set of choices loses is a coverage function,
so that it is the largest of its linear bounds (extended polymatroid inequalities): with choices in
any order, each atom counts for the first that takes it. Bounds are added where a solution breaks
them, first of the linear relaxation and then of the integer program, until none is broken; the
optimum is then that of the whole program. Atoms are added up in one group for each lesion, which
keeps the bounds sparse.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.sparse import csr_array, hstack, vstack

from planning.optimiser.milp import (
    HALF_VOXEL,
    INFEASIBLE,
    OPTIMAL,
    Goal,
    Limits,
    Model,
    Rows,
    Solved,
    Vector,
    lost_voxels,
    single_rows,
)
from planning.optimiser.problem import Counts, Flags
from planning.optimiser.quiet import without_output

SHORTEST_SECONDS = 0.01
MOST_ROUNDS = 60
ORDERS = 2
"""Orders in which ties of a solution are broken: each gives another bound that it reaches."""
TIE = 1e-3
NEAR_VOXELS = 50.0
"""Bounds nearer than this to the relaxation's optimum are kept for the integer program."""
SEED = 20_260_102


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """Which choices take which shared atom.

    Parameters
    ----------
    fates
        Choices by pair of an atom and a lesion over it: 0/1, shape ``(pairs, choices)``.
    atom, group
        The atom of each pair, and the group of each atom.
    sizes, own
        Voxels of each atom, and of what each choice takes alone.
    groups
        Number of groups.
    """

    fates: csr_array
    atom: Counts
    group: Counts
    sizes: Vector
    own: Vector
    groups: int


def cover_of(model: Model) -> Cover:
    """Read a model's shared rows as a cover."""
    fates = csr_array(-model.shared[:, : model.fates])
    atoms = csr_array(model.shared[:, model.fates :]).tocoo().coords
    atom = np.empty(fates.shape[0], dtype=np.int64)
    atom[atoms[0]] = atoms[1]
    lesion = np.concatenate((model.wedges, model.ablations))
    first = np.full(int(model.shared.shape[1]) - model.fates, len(lesion) + int(lesion.max()))
    np.minimum.at(first, atom, lesion[fates.indices[fates.indptr[:-1]]])
    _, group = np.unique(first, return_inverse=True)
    lost = model.costs[Goal.LOST]
    return Cover(
        fates=fates,
        atom=atom,
        group=group.ravel(),
        sizes=lost[model.fates :],
        own=lost[: model.fates],
        groups=int(group.max(initial=-1)) + 1,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Linear bounds ``loss of group >= coefficients @ choices``.

    Parameters
    ----------
    coefficients
        Shape ``(cuts, choices)``.
    group, order
        Group of each, and the number of the order that it came from.
    first
        For each order the pair that answers for each atom.
    """

    coefficients: csr_array
    group: Counts
    order: Counts
    first: tuple[Counts, ...]

    def kept(self, flags: Flags) -> "Cuts":
        """Return some of the cuts."""
        return Cuts(
            csr_array(self.coefficients[flags]), self.group[flags], self.order[flags], self.first
        )


NO_CUTS = Cuts(csr_array((0, 0)), np.zeros(0, np.int64), np.zeros(0, np.int64), ())


def add_cuts(cuts: Cuts, cover: Cover, choices: Vector) -> tuple[Cuts, Vector]:
    """Add the bound of every group in the order of ``choices``, highest first.

    Returns the cuts and the loss of each group by the choices themselves (in [0, 1]).
    """
    taken = cover.fates @ choices
    ordered = np.lexsort((-taken, cover.atom))
    starts = np.flatnonzero(np.diff(cover.atom[ordered], prepend=-1))
    first = ordered[starts]
    rows = csr_array((cover.sizes, (cover.group, first)), shape=(cover.groups, len(cover.atom)))
    fresh = csr_array(rows @ cover.fates)
    old = [cuts.coefficients] if cuts.first else []
    share = np.minimum(taken[first], 1.0)
    lost = np.bincount(cover.group, cover.sizes * share, cover.groups).astype(np.float64)
    return Cuts(
        csr_array(vstack([*old, fresh], format="csr")),
        np.concatenate((cuts.group, np.arange(cover.groups))),
        np.concatenate((cuts.order, np.full(cover.groups, len(cuts.first)))),
        (*cuts.first, first),
    ), lost


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """Solution of the linear relaxation of the least loss.

    Parameters
    ----------
    lost
        Voxels: no choice loses less. Infinity where nothing fits the limits.
    columns
        Value of each choice.
    if_raised, if_lowered
        By how much the loss grows at least when a choice at 0 is made, or one at 1 is not.
    pairs
        Voxels of each shared atom that the lesion of each shared row has to answer for.
    cuts
        Bounds near its optimum.
    """

    lost: float
    columns: Vector
    if_raised: Vector
    if_lowered: Vector
    pairs: Vector
    cuts: Cuts


def relax(model: Model, limits: Limits, *, deadline: float = np.inf) -> Relaxed:
    """Solve the linear relaxation of the least loss within limits; that on the loss is not used.

    Past the ``deadline``, on the clock of ``time.monotonic``, its bound is valid but not the best.
    """
    cover, cuts = cover_of(model), NO_CUTS
    removes = -model.costs[Goal.RESIDUAL][: model.fates]
    choices: Vector = removes / removes.max(initial=1.0)
    for _ in range(MOST_ROUNDS):
        cuts, lost = add_cuts(cuts, cover, choices)
        found = _linear(_program(model, cover, cuts, limits), model.fates)
        if found.status != OPTIMAL:
            return _nothing_fits(model, cuts)
        choices = found.x[: model.fates]
        _, lost = add_cuts(NO_CUTS, cover, choices)
        exact = cover.own @ choices + lost.sum() - found.fun < HALF_VOXEL
        if exact or monotonic() > deadline:
            break
    slack = found.x[model.fates :][cuts.group] - cuts.coefficients @ choices
    weights = -found.ineqlin.marginals[: len(slack)]
    return Relaxed(
        lost=float(found.fun),
        columns=choices,
        if_raised=found.lower.marginals[: model.fates],
        if_lowered=-found.upper.marginals[: model.fates],
        pairs=_answered(cover, cuts, weights),
        cuts=cuts.kept(slack < NEAR_VOXELS),
    )


def _nothing_fits(model: Model, cuts: Cuts) -> Relaxed:
    nothing = np.zeros(model.fates)
    return Relaxed(np.inf, nothing, nothing, nothing, np.zeros(int(model.shared.shape[0])), cuts)


def _answered(cover: Cover, cuts: Cuts, weights: Vector) -> Vector:
    """Share each atom out among its pairs as the weights of the bounds do."""
    pairs = np.zeros(len(cover.atom))
    by_order = np.zeros((len(cuts.first), cover.groups))
    np.add.at(by_order, (cuts.order, cuts.group), weights)
    for number, first in enumerate(cuts.first):
        pairs[first] += by_order[number][cover.group] * cover.sizes
    return pairs


def least_loss(model: Model, limits: Limits, relaxed: Relaxed, *, deadline: float) -> Solved:
    """Minimise the liver lost in a large program.

    Parameters
    ----------
    model, limits
        The program and its limits; the one on the loss is not used.
    relaxed
        Its relaxation under the same limits, not infeasible.
    deadline
        On the clock of ``time.monotonic``.
    """
    cover, cuts = cover_of(model), relaxed.cuts
    best, best_lost, bound = None, np.inf, relaxed.lost
    orders = _tie_orders(relaxed.columns)
    while monotonic() < deadline:
        program = _program(model, cover, cuts, limits)
        box = _box(relaxed, cover, best_lost - relaxed.lost + HALF_VOXEL)
        found = _integer(program, box, model.fates, deadline - monotonic())
        if found.x is None:
            proven = found.status == INFEASIBLE
            return Solved(chosen=best, bound=bound, proven=proven and best is None)
        chosen = found.x[: model.fates] > HALF_VOXEL
        bound = max(bound, float(found.mip_dual_bound))
        lost = lost_voxels(model, chosen)
        if lost < best_lost:
            best, best_lost = chosen, lost
        if best_lost <= np.ceil(bound - TIE):
            return Solved(chosen=best, bound=best_lost, proven=True)
        for _ in range(ORDERS):
            cuts, _lost = add_cuts(cuts, cover, chosen + TIE * next(orders))
    return Solved(chosen=best, bound=bound, proven=False)


def _tie_orders(relaxed: Vector) -> Iterator[Vector]:
    """Yield values in [0, 1) that order choices which are alike."""
    rng = np.random.default_rng(SEED)
    while True:
        yield relaxed
        for _ in range(ORDERS - 1):
            yield rng.random(len(relaxed))


@dataclass(frozen=True, slots=True, eq=False)
class _Program:
    """Minimise ``cost @ x`` with ``matrix @ x <= high``: choices, then the loss of each group."""

    cost: Vector
    matrix: csr_array
    high: Vector


def _program(model: Model, cover: Cover, cuts: Cuts, limits: Limits) -> _Program:
    groups = csr_array(
        (np.ones(len(cuts.group)), (np.arange(len(cuts.group)), cuts.group)),
        shape=(len(cuts.group), cover.groups),
    )
    rows: Rows = single_rows(model, limits)
    sides = model.sides[:, : model.fates]
    on_choices = vstack([sides, rows.matrix[:, : model.fates]], format="csr")
    low, high = np.isfinite(rows.low), np.isfinite(rows.high)
    signs = np.where(low, -1.0, 1.0)
    assert not (low & high).any()  # noqa: S101  # every limit has one side
    scaled = csr_array(
        on_choices.multiply(np.concatenate((np.ones(sides.shape[0]), signs))[:, None])
    )
    empty = csr_array((scaled.shape[0], cover.groups))
    matrix = vstack([hstack([cuts.coefficients, -groups]), hstack([scaled, empty])], format="csr")
    limits_high = np.where(low, -rows.low, rows.high)
    return _Program(
        cost=np.concatenate((cover.own, np.ones(cover.groups))),
        matrix=csr_array(matrix),
        high=np.concatenate((np.zeros(len(cuts.group)), np.ones(sides.shape[0]), limits_high)),
    )


def _linear(program: _Program, choices: int) -> OptimizeResult:
    most = np.where(np.arange(len(program.cost)) < choices, 1.0, np.inf)
    return linprog(
        program.cost,
        A_ub=program.matrix,
        b_ub=program.high,
        bounds=np.column_stack((np.zeros(len(most)), most)),
        method="highs-ds",
    )


def _integer(
    program: _Program, box: tuple[Vector, Vector], choices: int, seconds: float
) -> OptimizeResult:
    whole = np.zeros(len(program.cost))
    whole[:choices] = 1
    with without_output():
        return milp(
            program.cost,
            integrality=whole,
            bounds=Bounds(*box),
            constraints=LinearConstraint(program.matrix, -np.inf, program.high),
            options={"time_limit": max(seconds, SHORTEST_SECONDS), "mip_rel_gap": 0.0},
        )


def _box(relaxed: Relaxed, cover: Cover, room: float) -> tuple[Vector, Vector]:
    """Settle choices whose change costs the relaxation more than there is room."""
    low = np.where(relaxed.if_lowered > room, 1.0, 0.0)
    high = np.where(relaxed.if_raised > room, 0.0, 1.0)
    groups = np.zeros(cover.groups)
    return np.concatenate((low, groups)), np.concatenate((high, groups + np.inf))


def with_free_choices(model: Model, limits: Limits, chosen: Flags) -> Flags:
    """Add choices that take no more liver, the largest lesions first, as far as limits allow."""
    removes = -model.costs[Goal.RESIDUAL][: model.fates]
    lesion = np.concatenate((model.wedges, model.ablations))
    chosen, free = chosen.copy(), _extra_loss(model, chosen) < HALF_VOXEL
    for column in np.flatnonzero(free)[np.argsort(-removes[free], kind="stable")]:
        untreated = not chosen[lesion == lesion[column]].any()
        chosen[column] |= untreated and _fits(model, limits, chosen, int(column))
    return chosen


def _extra_loss(model: Model, chosen: Flags) -> Vector:
    """Voxels that each choice would take beyond those that are taken already."""
    cover = cover_of(model)
    taken = cover.fates @ chosen.astype(float) > HALF_VOXEL
    left = cover.sizes.copy()
    left[cover.atom[taken]] = 0.0
    extra: Vector = cover.own + cover.fates.T @ left[cover.atom]
    return extra


def _fits(model: Model, limits: Limits, chosen: Flags, column: int) -> bool:
    more = chosen.copy()
    more[column] = True
    wedges = more[: len(model.wedges)].sum()
    zones = (more[len(model.wedges) :] * model.zones).sum()
    counts = (
        (wedges, limits.wedges),
        (zones, limits.ablations),
        (wedges + zones, limits.interventions),
    )
    return all(most is None or count <= most for count, most in counts)
