"""How little liver a set of removed segments can cost at least, without solving anything.

Every atom is shared out among the lesions over it, so that what a lesion costs is at least its
shares, whatever else is done. Costs then add up and a fractional knapsack gives a bound.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planning.optimiser.large import Relaxed
from planning.optimiser.milp import shared_pairs
from planning.optimiser.problem import Counts, Problem, Segments
from planning.optimiser.subproblem import Subproblem
from remnant.core.labels import SEGMENT_CODES

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
    order = np.argsort(costs / gains, kind="stable")
    reached = np.cumsum(gains[order])
    if not reached.size or reached[-1] < need:
        return np.inf
    last = int(np.searchsorted(reached, need))
    before = reached[last - 1] if last else 0.0
    spent = float(costs[order][:last].sum())
    return spent + float(costs[order][last]) * (need - before) / float(gains[order][last])
