"""The best choices of a small program, out of a list of all that its relaxation leaves open.

A choice made otherwise than in the linear relaxation costs at least its reduced cost, and the costs
of several such add up: so choices that lose no more than a given amount above the relaxation are
all subsets whose reduced costs add up to no more. They are few near the optimum, where an integer
program would be solved anew for each goal. Counted exactly, the list holds the best plan for all
goals in their order, and the ties.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planning.optimiser.milp import (
    HALF_VOXEL,
    Goal,
    Limits,
    Model,
    Reduced,
    Solved,
    Vector,
    reduced_costs,
)
from planning.optimiser.problem import Counts, Flags

MOST_LISTED: Final = 2**15
"""Longest list; where more is open, an integer program is solved instead."""
FEW_CHOICES: Final = 12
"""So few choices are listed sooner than their relaxation is solved."""
OPEN_CHOICES: Final = tuple(range(8, 64, 2))
"""Choices opened at a time, until what is not on the list is proven to lose more."""
LISTED_AT_ONCE: Final = 512
ROUNDING: Final = HALF_VOXEL / 2

Matrix = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Listed:
    """Choices within limits, shape ``(listed, fates)``.

    ``lost`` is what each loses at least, by which they are sorted.
    ``whole``: no choices within limits are missing.
    """

    chosen: Matrix
    lost: Vector
    whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """The best of a list: ``chosen`` loses ``lost`` voxels."""

    chosen: Flags
    lost: float


def best_listed(model: Model, limits: Limits, *, seconds: float) -> Solved | None:
    """Find the least loss, of its plans that with least tumour left, then with fewest steps.

    Ties beyond are settled for the choices that come first in the model.

    Parameters
    ----------
    model, limits
        The program and its limits.
    seconds
        Time allowed for the relaxation.

    Returns
    -------
    Solved or None
        Proven; ``chosen`` is ``None`` where nothing fits the limits. ``None`` where the list would
        be too long.
    """
    if model.fates <= FEW_CHOICES:
        nothing = np.zeros(model.fates)
        return _searched(model, limits, Reduced(lost=0.0, made=nothing > 0, costs=nothing))
    reduced = reduced_costs(model, limits, seconds=seconds)
    if reduced is not None and np.isinf(reduced.lost):
        return NOTHING
    return None if reduced is None else _searched(model, limits, reduced)


def _searched(model: Model, limits: Limits, reduced: Reduced) -> Solved | None:
    """List more and more choices until what is not on the list is proven to lose more."""
    counted = _counted(model, limits)
    costs = np.sort(reduced.costs)
    most = float(costs.sum()) if limits.lost is None else limits.lost - reduced.lost
    steps = [float(costs[n]) for n in OPEN_CHOICES if n < len(costs) and costs[n] < most]
    best: _Best | None = None
    for step in (*steps, most):
        enough = np.inf if best is None else best.lost - reduced.lost
        room = min(step, enough) + HALF_VOXEL
        listed = _listed(counted, reduced, room)
        if listed is None:
            return None
        best = _best(model, limits, counted, listed)
        # losses are whole: a part of a voxel is above all rounding of the relaxation
        if best is not None and (listed.whole or best.lost <= reduced.lost + room - ROUNDING):
            return Solved(chosen=best.chosen, bound=best.lost, proven=True)
    # what is not on the last list loses more than the limit
    return NOTHING


NOTHING: Final = Solved(chosen=None, bound=np.inf, proven=True)


def exceeds_reach(model: Model, limits: Limits) -> bool:
    """Tell that so few interventions cannot treat so much, whatever they cost."""
    if limits.debulked <= 0:
        return False
    treated = -model.costs[Goal.RESIDUAL][: model.fates]
    most = limits.interventions
    # each choice is an intervention at least: the largest, whether or not they go together
    largest = treated if most is None else np.sort(treated)[::-1][:most]
    return float(largest.sum()) < limits.debulked - HALF_VOXEL


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """What choices are counted by.

    Parameters
    ----------
    amounts, most
        What they add up to, and at most, the loss apart: shapes ``(limits, fates)``, ``(limits,)``.
    pairs, atoms
        Which choices take a pair of a shared atom and a lesion, and which pairs are an atom's: 0/1,
        shapes ``(pairs, fates)``, ``(atoms, pairs)``.
    own, sizes
        Voxels that each choice takes alone, and those of each shared atom.
    """

    amounts: Vector
    most: Vector
    pairs: csr_array
    atoms: csr_array
    own: Vector
    sizes: Vector


def _counted(model: Model, limits: Limits) -> _Counted:
    fates, lost = model.fates, model.costs[Goal.LOST]
    rows = (
        (model.costs[Goal.RESIDUAL], -limits.debulked),
        (model.costs[Goal.INTERVENTIONS], limits.interventions),
        (model.wedge_costs(), limits.wedges),
        (model.ablation_costs(), limits.ablations),
    )
    kept = [(costs[:fates], most) for costs, most in rows if most is not None]
    sides = model.sides[:, :fates].toarray()
    return _Counted(
        amounts=np.concatenate((np.array([costs for costs, _ in kept]), sides)),
        most=np.array([most for _, most in kept] + [1] * len(sides)) + HALF_VOXEL,
        pairs=csr_array(-model.shared[:, :fates]),
        atoms=csr_array(model.shared[:, fates:].T),
        own=lost[:fates],
        sizes=lost[fates:],
    )


def _listed(counted: _Counted, reduced: Reduced, room: float) -> _Listed | None:
    """List choices within limits whose reduced costs add up to no more; ``None``: too many.

    Choices are made otherwise one after the other, the cheapest first; what can keep no limit any
    more, whatever follows, is left out.
    """
    order = np.argsort(reduced.costs, kind="stable")
    opened = order[reduced.costs[order] <= room]
    changes = counted.amounts[:, opened] * np.where(reduced.made[opened], -1.0, 1.0)
    # what the choices still to come can take off each count at most
    later = np.minimum(changes, 0.0)[:, ::-1].cumsum(axis=1)[:, ::-1]
    later = np.concatenate((later[:, 1:], np.zeros((len(later), 1))), axis=1)
    made = np.zeros((1, len(opened)), dtype=np.bool_)
    costs, counts = np.zeros(1), (counted.amounts @ reduced.made)[:, None]
    for place, column in enumerate(opened):
        more, added = costs + reduced.costs[column], counts + changes[:, [place]]
        cap = (counted.most - later[:, place])[:, None]
        stays, goes = (counts <= cap).all(axis=0), (more <= room) & (added <= cap).all(axis=0)
        if stays.sum() + goes.sum() > MOST_LISTED:
            return None
        otherwise = made[goes]
        otherwise[:, place] = True
        made = np.concatenate((made[stays], otherwise))
        costs = np.concatenate((costs[stays], more[goes]))
        counts = np.concatenate((counts[:, stays], added[:, goes]), axis=1)
    # not only what was made otherwise: the relaxation's own choices need not keep within limits
    within = np.flatnonzero((counts <= counted.most[:, None]).all(axis=0))
    first = within[np.argsort(costs[within], kind="stable")]
    chosen = np.repeat(reduced.made[None, :], len(first), axis=0)
    chosen[:, opened] ^= made[first]
    return _Listed(
        chosen=chosen,
        lost=reduced.lost + costs[first],
        whole=room >= reduced.costs.sum(),
    )


def _best(model: Model, limits: Limits, counted: _Counted, listed: _Listed) -> _Best | None:
    """Return the best choices of a list."""
    losses = np.full(len(listed.chosen), np.inf)
    for start in range(0, len(losses), LISTED_AT_ONCE):
        if listed.lost[start] > losses.min() + HALF_VOXEL:
            break
        part = slice(start, start + LISTED_AT_ONCE)
        losses[part] = _losses(counted, listed.chosen[part])
    least = losses.min(initial=np.inf)
    if np.isinf(least) or (limits.lost is not None and least > limits.lost):
        return None
    tied = listed.chosen[losses == least]
    return _Best(tied[_first_in_rank(model, tied)], float(least))


def _losses(counted: _Counted, chosen: Matrix) -> Vector:
    """Count what each row of choices takes, shared atoms once; shape ``(rows,)``."""
    taken = counted.pairs @ chosen.T.astype(np.float64) > HALF_VOXEL
    gone = counted.atoms @ taken.astype(np.float64) > HALF_VOXEL
    losses: Vector = chosen @ counted.own + counted.sizes @ gone
    return losses


def _first_in_rank(model: Model, tied: Matrix) -> int:
    """Return the row with least tumour left, then fewest interventions, then earliest choices."""
    ranks = [model.costs[goal][: model.fates] for goal in (Goal.RESIDUAL, Goal.INTERVENTIONS)]
    residual, interventions = (tied @ costs for costs in ranks)
    earliest = tuple(~column for column in tied.T[::-1])
    ranked: Counts = np.lexsort((*earliest, interventions, residual))
    return int(ranked[0])
