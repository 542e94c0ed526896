"""Large programs: hundreds of lesions whose margins overlap.

The linear relaxation is solved first. It bounds every other set of segments, and its reduced costs
settle choices before the integer program is solved.
"""

from dataclasses import dataclass, replace
from time import monotonic

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import vstack

from planning.optimise_milp import (
    HALF_VOXEL,
    OPTIMAL,
    Box,
    Goal,
    Limits,
    Model,
    Solved,
    Vector,
    constraints,
    lost_voxels,
    open_box,
    solve,
)
from planning.optimise_problem import Flags

SHORTEST_SECONDS = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """Solution of the linear relaxation of the least loss.

    Parameters
    ----------
    lost
        Voxels: no choice loses less. Infinity where nothing fits the limits.
    columns
        Value of each column.
    if_raised, if_lowered
        By how much the loss grows at least when a column at 0 is chosen, or one at 1 is not.
    pairs
        Voxels of each shared atom that the lesion of each shared row has to answer for.
    """

    lost: float
    columns: Vector
    if_raised: Vector
    if_lowered: Vector
    pairs: Vector


def relax(model: Model, limits: Limits) -> Relaxed:
    """Solve the linear relaxation of the least loss within limits."""
    rows, cost = constraints(model, limits), model.costs[Goal.LOST]
    upper, lower = np.isfinite(rows.high), np.isfinite(rows.low)
    found = linprog(
        cost,
        A_ub=vstack([rows.matrix[upper], -rows.matrix[lower]], format="csr"),
        b_ub=np.concatenate((rows.high[upper], -rows.low[lower])),
        bounds=(0.0, 1.0),
        method="highs-ds",
    )
    if found.status != OPTIMAL:
        nothing = np.zeros(len(cost))
        return Relaxed(np.inf, nothing, nothing, nothing, np.zeros(model.shared.shape[0]))
    first = int(upper.sum())
    return Relaxed(
        lost=float(found.fun),
        columns=found.x,
        if_raised=found.lower.marginals,
        if_lowered=-found.upper.marginals,
        pairs=-found.ineqlin.marginals[first : first + model.shared.shape[0]],
    )


def least_loss(model: Model, limits: Limits, relaxed: Relaxed, *, deadline: float) -> Solved:
    """Minimise the liver lost in a large program.

    Choices whose change costs more than the distance between the relaxation and a plan rounded
    from it are settled first.

    Parameters
    ----------
    model, limits
        The program and its limits; the one on the loss is not used.
    relaxed
        Its relaxation under the same limits, not infeasible.
    deadline
        On the clock of ``time.monotonic``.
    """
    limits = replace(limits, lost=None)
    known = _rounded(model, limits, relaxed.columns)
    room = np.inf if known is None else lost_voxels(model, known) - relaxed.lost + HALF_VOXEL
    box = _box(model, relaxed, room)
    return solve(model, Goal.LOST, limits, seconds=_left(deadline), box=box)


def _box(model: Model, relaxed: Relaxed, room: float) -> Box:
    """Settle choices whose change costs the relaxation more than there is room."""
    low, high = open_box(model)
    fates = np.arange(len(low)) < model.fates
    low[fates & (relaxed.if_lowered > room)] = 1.0
    high[fates & (relaxed.if_raised > room)] = 0.0
    return low, high


def _rounded(model: Model, limits: Limits, relaxed: Vector) -> Flags | None:
    """Take choices in the order of the relaxation until enough tumour is gone, then drop some."""
    removes = -model.costs[Goal.RESIDUAL][: model.fates]
    lesion = np.concatenate((model.wedges, model.ablations))
    chosen = np.zeros(model.fates, dtype=bool)
    for column in np.argsort(-relaxed[: model.fates], kind="stable"):
        if removes[chosen].sum() >= limits.debulked:
            break
        taken = chosen[lesion == lesion[column]].any()
        chosen[column] = not taken and _fits(model, limits, chosen, int(column))
    if removes[chosen].sum() < limits.debulked:
        return None
    for column in np.flatnonzero(chosen)[np.argsort(relaxed[: model.fates][chosen])]:
        chosen[column] = removes[chosen].sum() - removes[column] < limits.debulked
    return chosen


def _left(deadline: float) -> float:
    return max(deadline - monotonic(), SHORTEST_SECONDS)


def with_free_choices(model: Model, limits: Limits, chosen: Flags) -> Flags:
    """Add choices that take no more liver, the largest lesions first, as far as limits allow."""
    removes = -model.costs[Goal.RESIDUAL][: model.fates]
    lesion = np.concatenate((model.wedges, model.ablations))
    chosen, lost = chosen.copy(), lost_voxels(model, chosen)
    for column in np.argsort(-removes, kind="stable"):
        if chosen[lesion == lesion[column]].any() or not _fits(model, limits, chosen, int(column)):
            continue
        chosen[column] = True
        chosen[column] = lost_voxels(model, chosen) == lost
    return chosen


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
