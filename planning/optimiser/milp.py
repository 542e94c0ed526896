"""Wedges and ablations in what stays, chosen by mixed-integer linear programming (HiGHS).

A lesion has one fate, so an atom that both its margin and its zone hold is lost as soon as either
is chosen: ``lost >= wedge + ablation``. Written as one row (and not as one for each fate) this
makes the linear relaxation tight enough that hundreds of lesions are solved to proven optimality.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array, vstack

from planning.optimiser.problem import Counts, Flags
from planning.optimiser.quiet import without_output
from planning.optimiser.subproblem import Subproblem

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


def solve(model: Model, goal: Goal, limits: Limits, *, seconds: float) -> Solved:
    """Minimise a goal within limits.

    Parameters
    ----------
    model
        The linear program.
    goal, limits
        What to minimise, and what must hold.
    seconds
        Time allowed.
    """
    rows, cost = constraints(model, limits), model.costs[goal]
    if not len(cost):
        return _nothing_to_choose(limits)
    whole = np.zeros(len(cost))
    whole[: model.fates] = 1
    with without_output():
        found = milp(
            cost,
            integrality=whole,
            bounds=Bounds(0.0, 1.0),
            constraints=LinearConstraint(rows.matrix, rows.low, rows.high),
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
    taken = -(model.shared[:, : model.fates] @ chosen.astype(float)) > HALF_VOXEL
    atoms = model.shared[:, model.fates :]
    gone = (atoms.T @ taken.astype(float)) > HALF_VOXEL
    return float(cost[: model.fates][chosen].sum() + cost[model.fates :][gone].sum())
