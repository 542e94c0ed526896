"""Wedges and ablations in what stays, chosen by mixed-integer linear programming (HiGHS).

`Subproblem` is what is left to choose once the removed segments are fixed. A lesion has one fate,
so an atom that both its margin and its zone hold is lost as soon as either is chosen:
``lost >= wedge + ablation``. Written as one row (and not as one for each fate) this makes the
linear relaxation tight enough that hundreds of lesions are solved to proven optimality.

In large programs tens of thousands of atoms are too many columns. What a set of choices loses is a
coverage function, so that it is the largest of its linear bounds (extended polymatroid
inequalities): with choices in any order, each atom counts for the first that takes it. Bounds are
added where a solution breaks them, first of the linear relaxation and then of the integer program,
until none is broken; the optimum is then that of the whole program. Atoms are added up in one group
for each lesion, which keeps the bounds sparse.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from time import monotonic
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.sparse import csr_array, hstack, vstack

from planning.hepatectomies.stranded import Segments
from planning.optimiser.problem import EXTENSION_SHARE, Counts, Flags, Problem
from planning.optimiser.quiet import without_output

# fixed: merged atoms are sorted by these numbers, and the order of columns chooses among ties
SIGNATURE_SEED = 20_260_101


@dataclass(frozen=True, slots=True, eq=False)
class Subproblem:
    """What is left to choose when a set of segments is removed.

    Parameters
    ----------
    segments
        Removed.
    covered, extended
        Lesions that leave wholly with them, and lesions across the transection, for which it is
        extended: both are resected with their margin in any case. Shape ``(m,)``.
    lost
        Functional voxels that are lost in any case.
    debulked
        Tumour voxels of covered and extended lesions.
    interventions
        One for the segments, if any, and one for each extension.
    wedge, ablation
        Free lesions that may be excised or ablated: columns of ``margin`` and ``zone``.
    sizes, codes
        Voxels of the atoms that are left, those with the same segment, margins and zones merged,
        and their segments.
    margin, zone
        Whether such an atom lies in a lesion's margin or zone: 0/1, shape ``(atoms, m)``.
    """

    segments: Segments
    covered: Flags
    extended: Flags
    lost: int
    debulked: int
    interventions: int
    wedge: Flags
    ablation: Flags
    sizes: Counts
    codes: Counts
    margin: csr_array
    zone: csr_array


def subproblem(problem: Problem, segments: Segments) -> Subproblem | None:
    """Fix the removed segments.

    Returns
    -------
    Subproblem or None
        ``None`` where a lesion would be cut that no extension may take, or a limit is broken.
    """
    removed = np.zeros(problem.core.shape[1], dtype=bool)
    removed[[int(s) for s in segments]] = True
    touched = problem.involves(removed)
    beyond = problem.involves(~removed)
    covered: Flags = touched & ~beyond
    extended: Flags = touched & beyond
    if not _can_extend(problem, extended, removed):
        return None
    atoms, margin, zone = problem.atoms, problem.margin, problem.zone
    forced = (covered | extended).astype(np.int64)
    gone = removed[atoms.segment] | (margin @ forced > 0)
    counted = atoms.segment > 0
    wedge, ablation = _undominated(problem, ~touched)
    left = counted & ~gone
    first, sizes = _merged(
        atoms.voxels[left],
        atoms.segment[left],
        _columns(margin[left], wedge),
        _columns(zone[left], ablation),
    )
    return Subproblem(
        segments=segments,
        covered=covered,
        extended=extended,
        lost=int(atoms.voxels[counted & gone].sum()),
        debulked=int(problem.tumour[touched].sum()),
        interventions=int(bool(segments)) + int(extended.sum()),
        wedge=wedge,
        ablation=ablation,
        sizes=sizes,
        codes=atoms.segment[left][first],
        margin=_columns(margin[left][first], wedge),
        zone=_columns(zone[left][first], ablation),
    )


def _can_extend(problem: Problem, extended: Flags, removed: Flags) -> bool:
    if problem.most_wedges is not None and extended.sum() > problem.most_wedges:
        return False
    inside = problem.atoms.lesion_voxels[:, removed].sum(axis=1)
    mostly = inside >= EXTENSION_SHARE * problem.tumour
    return bool((problem.wedge_allowed | mostly)[extended].all())


def _undominated(problem: Problem, free: Flags) -> tuple[Flags, Flags]:
    """Allow of two fates of a free lesion only the better, where one is in every respect.

    So it is where it takes no liver that the other would spare, no more interventions, and no
    limit of its own.
    """
    wedge, ablation = free & problem.wedge_allowed, free & problem.ablation_allowed
    wedge_wins = wedge & problem.margin_in_zone & (problem.most_wedges is None)
    single = problem.atoms.ablation_zones == 1
    ablation_wins = ablation & problem.zone_in_margin & single & (problem.most_ablations is None)
    # where margin and zone hold the same both may win: the wedge stays
    return wedge & (wedge_wins | ~ablation_wins), ablation & ~wedge_wins


def _columns(matrix: csr_array, allowed: Flags) -> csr_array:
    """Empty the columns of lesions for which this is not allowed."""
    kept = csr_array(matrix.multiply(allowed.astype(np.int64)[None, :]))
    kept.eliminate_zeros()
    return kept


def _merged(
    sizes: Counts, codes: Counts, margin: csr_array, zone: csr_array
) -> tuple[Counts, Counts]:
    """Add up atoms with the same segment, margins and zones; those in none are dropped.

    Returns the first atom of each group, and the groups' sizes. Sets are told apart by sums of
    random 62-bit numbers of their members, twice: two different sets share both with a probability
    below 1e-30.
    """
    both = csr_array(hstack((margin, zone), format="csr"))
    used = np.flatnonzero(np.diff(both.indptr) > 0)
    if not used.size:
        return used, used
    keys = np.random.default_rng(SIGNATURE_SEED).integers(0, 2**62, (both.shape[1], 2))
    sums: NDArray[np.int64] = csr_array(both[used]) @ keys
    signatures = np.column_stack((codes[used], sums))
    _, first, group = np.unique(signatures, axis=0, return_index=True, return_inverse=True)
    merged = np.bincount(group.ravel(), weights=sizes[used], minlength=len(first))
    return used[first], merged.astype(np.int64)


Vector = NDArray[np.float64]

LARGE_ROWS = 4000
"""Pairs of shared atoms and lesions from which on a program counts as large."""
HALF_VOXEL = 0.5
"""Limits are whole voxels: half of one is out of reach of the solver's tolerances."""
OPTIMAL, INFEASIBLE = 0, 2


class Goal(Enum):
    """What is minimised: liver lost, tumour left, or the number of interventions."""

    LOST = "lost"
    RESIDUAL = "residual"
    INTERVENTIONS = "interventions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on the free lesions of a subproblem; ``None`` is no limit.

    ``debulked`` voxels at least, ``lost`` voxels at most, so many wedges, ablation zones, and
    interventions of both kinds at most.
    """

    debulked: int = 0
    lost: int | None = None
    wedges: int | None = None
    ablations: int | None = None
    interventions: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What the solver found.

    Parameters
    ----------
    chosen
        Whether each free wedge and then each free ablation is done; ``None`` where no solution
        was found.
    bound
        Proven least value of the goal; minus infinity where there is none.
    proven
        The solution is proven to be optimal, or, without one, that there is none.
    """

    chosen: Flags | None
    bound: float
    proven: bool


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """The linear program: first a column for each free wedge, each free ablation, each shared atom.

    Parameters
    ----------
    wedges, ablations
        Lesions (indices) of the first columns.
    costs
        Liver, tumour (negative: it is removed) and interventions of each column.
    shared
        Rows ``lost - wedge - ablation >= 0``.
    sides
        Rows of one fate for each lesion: ``wedge + ablation <= 1``.
    zones
        Zones of each ablation.
    """

    wedges: Counts
    ablations: Counts
    costs: dict[Goal, Vector]
    shared: csr_array
    sides: csr_array
    zones: Counts

    @property
    def fates(self) -> int:
        """Number of columns that are choices."""
        return len(self.wedges) + len(self.ablations)

    @property
    def is_large(self) -> bool:
        """Whether the relaxation is worth solving first."""
        return int(self.shared.shape[0]) > LARGE_ROWS

    def wedge_costs(self) -> Vector:
        """Count the wedges."""
        costs = np.zeros(int(self.shared.shape[1]))
        costs[: len(self.wedges)] = 1.0
        return costs

    def ablation_costs(self) -> Vector:
        """Count the ablation zones."""
        costs = np.zeros(int(self.shared.shape[1]))
        costs[len(self.wedges) : self.fates] = self.zones
        return costs


def make_model(sub: Subproblem, tumour: Counts, zones: Counts) -> Model:
    """Write a subproblem as a linear program."""
    wedges, ablations = np.flatnonzero(sub.wedge), np.flatnonzero(sub.ablation)
    # what one lesion alone takes adds up, so that it needs no column and no row
    alone = ~_is_shared(sub)
    own_margin = sub.margin[alone].T @ sub.sizes[alone]
    own_zone = sub.zone[alone].T @ sub.sizes[alone]
    shared, sizes = ~alone, sub.sizes[~alone]
    costs = {
        Goal.LOST: np.concatenate((own_margin[wedges], own_zone[ablations], sizes)),
        Goal.RESIDUAL: -np.concatenate((tumour[wedges], tumour[ablations], 0 * sizes)),
        Goal.INTERVENTIONS: np.concatenate((np.ones(len(wedges)), zones[ablations], 0.0 * sizes)),
    }
    return Model(
        wedges=wedges,
        ablations=ablations,
        costs={goal: np.asarray(cost, dtype=float) for goal, cost in costs.items()},
        shared=_shared_rows(sub.margin[shared], sub.zone[shared], wedges, ablations),
        sides=_side_rows(wedges, ablations, len(tumour), len(sizes)),
        zones=zones[ablations],
    )


def _shared_rows(
    margin: csr_array, zone: csr_array, wedges: Counts, ablations: Counts
) -> csr_array:
    """Rows for every pair of a shared atom and a lesion over it."""
    # 1 margin, 2 zone, 3 both: one row holds both fates, which keeps the relaxation tight
    pairs = (margin + 2 * zone).tocoo()
    atom, lesion = pairs.coords
    rows = np.arange(len(atom))
    in_margin, in_zone = pairs.data % 2 > 0, pairs.data > 1
    columns = _columns_of(wedges, margin.shape[1]), _columns_of(ablations, margin.shape[1])
    width = len(wedges) + len(ablations)
    entries = (
        (rows[in_margin], columns[0][lesion[in_margin]], -1.0),
        (rows[in_zone], len(wedges) + columns[1][lesion[in_zone]], -1.0),
        (rows, width + atom, 1.0),
    )
    return _matrix(entries, (len(rows), width + margin.shape[0]))


def _side_rows(wedges: Counts, ablations: Counts, lesions: int, atoms: int) -> csr_array:
    both = np.intersect1d(wedges, ablations)
    rows = np.arange(len(both))
    entries = (
        (rows, _columns_of(wedges, lesions)[both], 1.0),
        (rows, len(wedges) + _columns_of(ablations, lesions)[both], 1.0),
    )
    return _matrix(entries, (len(both), len(wedges) + len(ablations) + atoms))


def _columns_of(chosen: Counts, lesions: int) -> Counts:
    columns = np.full(lesions, -1, dtype=np.int64)
    columns[chosen] = np.arange(len(chosen))
    return columns


def _matrix(entries: Sequence[tuple[Counts, Counts, float]], shape: tuple[int, int]) -> csr_array:
    rows = np.concatenate([entry[0] for entry in entries])
    columns = np.concatenate([entry[1] for entry in entries])
    values = np.concatenate([np.full(len(entry[0]), entry[2]) for entry in entries])
    return csr_array((values, (rows, columns)), shape=shape)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Constraints ``low <= matrix @ x <= high``."""

    matrix: csr_array
    low: Vector
    high: Vector


def constraints(model: Model, limits: Limits) -> Rows:
    """Write the limits as rows below those of the model."""
    extra = single_rows(model, limits)
    shared, sides = int(model.shared.shape[0]), int(model.sides.shape[0])
    matrix = vstack([model.shared, model.sides, extra.matrix], format="csr")
    low = (np.zeros(shared), np.full(sides, -np.inf), extra.low)
    high = (np.full(shared, np.inf), np.ones(sides), extra.high)
    return Rows(csr_array(matrix), np.concatenate(low), np.concatenate(high))


def single_rows(model: Model, limits: Limits) -> Rows:
    """Write each limit as a row, with one side only."""
    counts = (
        (model.costs[Goal.LOST], limits.lost),
        (model.wedge_costs(), limits.wedges),
        (model.ablation_costs(), limits.ablations),
        (model.costs[Goal.INTERVENTIONS], limits.interventions),
    )
    rows = [row for row, most in counts if most is not None]
    high = [most + HALF_VOXEL for _, most in counts if most is not None]
    low = [-np.inf] * len(high)
    if limits.debulked > 0:
        rows.append(-model.costs[Goal.RESIDUAL])
        low.append(limits.debulked - HALF_VOXEL)
        high.append(np.inf)
    matrix = csr_array(np.array(rows).reshape(len(rows), model.shared.shape[1]))
    return Rows(matrix, np.array(low), np.array(high))


WHOLE: Final = Bounds(0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """The linear relaxation of the least loss, and what departing from it costs at least.

    Parameters
    ----------
    lost
        Voxels: no choices lose less. Infinity where nothing fits the limits.
    made
        Whether each choice is made in the relaxation.
    costs
        Voxels by which the loss grows at least when a choice is made otherwise; 0 where the
        relaxation is undecided. The costs of several choices add up.
    """

    lost: float
    made: Flags
    costs: Vector


def reduced_costs(model: Model, limits: Limits, *, seconds: float) -> Reduced | None:
    """Solve the linear relaxation of the least loss within limits; that on the loss is not used.

    ``None`` where it was not solved in the time allowed.
    """
    rows = constraints(model, replace(limits, lost=None))
    upper, lower = np.isfinite(rows.high), np.isfinite(rows.low)
    found = linprog(
        model.costs[Goal.LOST],
        A_ub=vstack([rows.matrix[np.flatnonzero(upper)], -rows.matrix[np.flatnonzero(lower)]]),
        b_ub=np.concatenate((rows.high[upper], -rows.low[lower])),
        bounds=(0.0, 1.0),
        options={"time_limit": seconds},
    )
    nothing = np.zeros(model.fates)
    if found.status == INFEASIBLE:
        return Reduced(lost=np.inf, made=nothing > 0, costs=nothing)
    if found.status != OPTIMAL:
        return None
    if_raised = found.lower.marginals[: model.fates]
    if_lowered = -found.upper.marginals[: model.fates]
    return Reduced(
        lost=float(found.fun),
        made=if_lowered > 0,
        costs=np.maximum(np.maximum(if_raised, if_lowered), 0.0),
    )


def choices_left(model: Model, limits: Limits, *, seconds: float) -> Bounds:
    """Bound what plans within the limit on the loss may still choose, by the linear relaxation.

    A choice whose reduced cost is more than what the limit leaves above the relaxation's optimum is
    made in all such plans as it is there. Few choices are left where the limit is the least loss.
    """
    assert limits.lost is not None  # noqa: S101  # there is nothing to compare with otherwise
    if not model.fates:
        return WHOLE
    reduced = reduced_costs(model, limits, seconds=seconds)
    if reduced is None or np.isinf(reduced.lost):
        return WHOLE
    # half a voxel more room keeps the best plan itself, and its equals, inside
    settled = reduced.costs > limits.lost - reduced.lost + HALF_VOXEL
    columns = len(model.costs[Goal.LOST])
    low, high = np.zeros(columns), np.ones(columns)
    low[: model.fates] = settled & reduced.made
    high[: model.fates] = ~settled | reduced.made
    return Bounds(low, high)


def solve(
    model: Model, goal: Goal, limits: Limits, *, seconds: float, within: Bounds = WHOLE
) -> Solved:
    """Minimise a goal within limits.

    Parameters
    ----------
    model
        The linear program.
    goal, limits
        What to minimise, and what must hold.
    seconds
        Time allowed.
    within
        What the columns may be, see `choices_left`.
    """
    rows, cost = constraints(model, limits), model.costs[goal]
    if not len(cost):
        return _nothing_to_choose(limits)
    whole = np.zeros(len(cost))
    # an atom's column has no need to be whole: its least value under whole choices is 0 or 1
    whole[: model.fates] = 1
    with without_output():
        found = milp(
            cost,
            integrality=whole,
            bounds=within,
            constraints=LinearConstraint(rows.matrix, rows.low, rows.high),
            # by default HiGHS stops within 0.01 % of the optimum, which proves nothing of voxels
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )
    return _solved(model, found)


def _nothing_to_choose(limits: Limits) -> Solved:
    possible = limits.debulked <= 0
    chosen = np.zeros(0, dtype=bool) if possible else None
    return Solved(chosen=chosen, bound=0.0, proven=True)


def _solved(model: Model, found: OptimizeResult) -> Solved:
    proven = found.status in (OPTIMAL, INFEASIBLE)
    bound = found.mip_dual_bound
    # whole only within the solver's tolerance
    chosen = None if found.x is None else found.x[: model.fates] > HALF_VOXEL
    return Solved(chosen=chosen, bound=-np.inf if bound is None else float(bound), proven=proven)


def shared_pairs(sub: Subproblem) -> tuple[Counts, Counts]:
    """Return atoms and lesions of the model's shared rows, in their order."""
    shared = _is_shared(sub)
    pairs = (sub.margin[shared] + 2 * sub.zone[shared]).tocoo()
    return np.flatnonzero(shared)[pairs.coords[0]], pairs.coords[1]


def _is_shared(sub: Subproblem) -> Flags:
    either = csr_array(sub.margin + sub.zone)
    return np.asarray(np.diff(either.indptr) > 1, dtype=np.bool_)


def lost_voxels(model: Model, chosen: Flags) -> float:
    """Count the liver that choices take, shared atoms once."""
    cost = model.costs[Goal.LOST]
    # from the choices: the atoms' own columns may be too high where they cost the goal nothing
    taken = -(model.shared[:, : model.fates] @ chosen.astype(float)) > HALF_VOXEL
    atoms = model.shared[:, model.fates :]
    gone = (atoms.T @ taken.astype(float)) > HALF_VOXEL
    return float(cost[: model.fates][chosen].sum() + cost[model.fates :][gone].sum())


SHORTEST_SECONDS = 0.01
# enough or not, the bound holds after every round: the integer program adds what is missing
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
    # above every lesion: the minimum then finds the first lesion over each atom, its group
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
    # Each atom counts for the pair that takes most of it: of the bounds of all orders, this is the
    # one that these choices break most (the greedy rule of polymatroids).
    ordered = np.lexsort((-taken, cover.atom))
    starts = np.flatnonzero(np.diff(cover.atom[ordered], prepend=-1))
    first = ordered[starts]
    rows = csr_array((cover.sizes, (cover.group, first)), shape=(cover.groups, len(cover.atom)))
    fresh = csr_array(rows @ cover.fates)
    old = [cuts.coefficients] if cuts.first else []
    # an order that is no solution may take both fates of a lesion
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
    # no solution yet, only an order to begin with: large lesions first
    choices: Vector = removes / removes.max(initial=1.0)
    for _ in range(MOST_ROUNDS):
        cuts, lost = add_cuts(cuts, cover, choices)
        found = _linear(_program(model, cover, cuts, limits), model.fates)
        if found.status != OPTIMAL:
            return _nothing_fits(model, cuts)
        choices = found.x[: model.fates]
        _, lost = add_cuts(NO_CUTS, cover, choices)
        # within half a voxel will do: losses are whole, and the integer program makes it exact
        exact = cover.own @ choices + lost.sum() - found.fun < HALF_VOXEL
        if exact or monotonic() > deadline:
            break
    slack = found.x[model.fates :][cuts.group] - cuts.coefficients @ choices
    # the duals of a group's bounds add up to 1 at most, so that no atom is answered for twice
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
        # half a voxel more room keeps the best plan itself, and its equals, inside
        box = _box(relaxed, cover, best_lost - relaxed.lost + HALF_VOXEL)
        found = _integer(program, box, model.fates, deadline - monotonic())
        if found.x is None:
            # the box keeps a plan at hand: infeasible beside one is the solver's fault, no proof
            proven = found.status == INFEASIBLE
            return Solved(chosen=best, bound=bound, proven=proven and best is None)
        chosen = found.x[: model.fates] > HALF_VOXEL
        bound = max(bound, float(found.mip_dual_bound))
        lost = lost_voxels(model, chosen)
        if lost < best_lost:
            best, best_lost = chosen, lost
        # losses are whole: a bound counts as the next whole number, once less its own rounding
        if best_lost <= np.ceil(bound - TIE):
            return Solved(chosen=best, bound=best_lost, proven=True)
        for _ in range(ORDERS):
            # too little to put what is not chosen before what is
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
    # looked up once: what is added takes no more, and so changes no other's extra loss
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
