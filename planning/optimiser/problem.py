"""The debulking problem: what may be done to each lesion, and what it costs in liver.

All volumes are whole voxels, so that optima are exact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, combinations
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planning.hepatectomies.stranded import Segments, stranded_segments
from planning.remnant.contiguity import largest_contiguous
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from volumetry.virtual_resection.atoms import Atoms, core_segments

ROUNDING = 1e-9
SETS_KEPT = 64
"""So many lists of sets are kept for the next recipe, which mostly has the same."""
EXTENSION_SHARE = 0.5
"""A lesion that lies across a transection is excised with an extension of it where at least this
share lies in removed segments (this project's rule); otherwise it has to be fit for a wedge."""

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Atoms, what is allowed for each lesion, and the limits.

    Parameters
    ----------
    atoms
        Liver and lesions in cells.
    wedge_allowed, ablation_allowed
        Whether each lesion may be excised alone, or ablated; shape ``(m,)``.
    segment_sets
        Sets of segments that may be removed, the empty one among them: named operations, and sets
        whose vessels a person found intact.
    unassessed_sets
        All other sets that the locks allow: nobody assessed the vessels of what they would leave.
    most_wedges, most_ablations
        Limits, ``None`` for none; ablations count their zones.
    core
        Whether a lesion lies in a segment by more than a sliver, shape ``(m, 9)``.
    tumour
        Voxels of each lesion, shape ``(m,)``.
    margin, zone
        The atoms' margins and zones as 0 and 1, shape ``(n, m)``.
    margin_in_zone, zone_in_margin
        Whether a lesion's zone holds its whole margin, or the reverse; shape ``(m,)``.
    """

    atoms: Atoms
    wedge_allowed: Flags
    ablation_allowed: Flags
    segment_sets: tuple[Segments, ...]
    unassessed_sets: tuple[Segments, ...]
    most_wedges: int | None
    most_ablations: int | None
    core: Flags
    tumour: Counts
    margin: csr_array
    zone: csr_array
    margin_in_zone: Flags
    zone_in_margin: Flags

    @property
    def allowed_sets(self) -> tuple[Segments, ...]:
        """All sets of segments that the locks allow."""
        return (*self.segment_sets, *self.unassessed_sets)

    @property
    def flr_voxels(self) -> int:
        """Functional liver of all segments, before anything is done."""
        return int(self.atoms.voxels[self.atoms.segment > 0].sum())

    @property
    def all_tumour(self) -> int:
        """Voxels of all lesions."""
        return int(self.tumour.sum())

    def involves(self, codes: Flags) -> Flags:
        """Tell which lesions lie in any of some segments, given as flags of shape ``(9,)``."""
        return np.asarray(self.core[:, codes].any(axis=1), dtype=np.bool_)


def make_problem(
    atoms: Atoms,
    choice: PlanChoice,
    *,
    wedge_allowed: Mapping[int, bool],
    ablation_allowed: Mapping[int, bool],
) -> Problem:
    """Make the problem of one case.

    Parameters
    ----------
    atoms
        With the choice's margins and zones.
    choice
        Limits and locks.
    wedge_allowed, ablation_allowed
        By lesion id.
    """
    ids, margin, zone = atoms.lesion_ids, _members(atoms.resection), _members(atoms.ablation)
    both = _column_sums(csr_array(margin.multiply(zone)))
    assessed, unassessed = _told_apart(
        segment_sets(atoms, choice), held_segments(atoms), choice.vessels_intact
    )
    return Problem(
        atoms=atoms,
        wedge_allowed=np.array([wedge_allowed[i] for i in ids], dtype=bool),
        ablation_allowed=np.array([ablation_allowed[i] for i in ids], dtype=bool),
        segment_sets=assessed,
        unassessed_sets=unassessed,
        most_wedges=choice.most_wedges,
        most_ablations=choice.most_ablations,
        core=core_segments(atoms),
        tumour=atoms.lesion_voxels.sum(axis=1),
        margin=margin,
        zone=zone,
        # one holds the other where all its atoms are in both
        margin_in_zone=both == _column_sums(margin),
        zone_in_margin=both == _column_sums(zone),
    )


def segment_sets(atoms: Atoms, choice: PlanChoice) -> tuple[Segments, ...]:
    """List the sets of segments that may be removed under the locks, small ones first.

    What stays holds ``choice.contiguous_segments`` segments that border on each other and hold
    functional liver. Segments without a voxel are not removed.
    """
    functional = held_segments(atoms)
    with_tumour = _segments(np.flatnonzero(atoms.lesion_voxels.any(axis=0)))
    removable = (functional | with_tumour) - choice.keep
    return _removable_sets(removable, functional, choice.contiguous_segments)


@lru_cache(maxsize=SETS_KEPT)
def _removable_sets(
    removable: Segments, functional: Segments, contiguous: int
) -> tuple[Segments, ...]:
    numbers = range(len(removable) + 1)
    subsets = chain.from_iterable(combinations(sorted(removable), n) for n in numbers)
    return tuple(
        removed
        for removed in map(frozenset, subsets)
        if largest_contiguous(functional - removed) >= contiguous
    )


@lru_cache(maxsize=SETS_KEPT)
def _told_apart(
    allowed: tuple[Segments, ...], held: Segments, intact: tuple[Segments, ...]
) -> tuple[tuple[Segments, ...], tuple[Segments, ...]]:
    """Return the sets whose vessels are known to stay, and all others."""
    assessed = {s: is_assessed(s, held=held, intact=intact) for s in allowed}
    known = tuple(s for s in allowed if assessed[s])
    return known, tuple(s for s in allowed if not assessed[s])


def held_segments(atoms: Atoms) -> Segments:
    """Return the segments that hold functional liver."""
    return _segments(atoms.segment[atoms.voxels > 0])


def _segments(codes: Counts) -> Segments:
    return frozenset(CouinaudSegment(int(code)) for code in np.unique(codes) if code)


def is_assessed(removed: Segments, *, held: Segments, intact: tuple[Segments, ...]) -> bool:
    """Tell whether what a set leaves is known to keep its vessels.

    So it is of a named operation, of none, and of a set of which a person said so.
    """
    return not stranded_segments(removed, held=held) or removed in intact


def only_unassessed(problem: Problem) -> Problem:
    """Return the problem with those sets alone of which nobody assessed the vessels."""
    return replace(problem, segment_sets=problem.unassessed_sets, unassessed_sets=())


def _column_sums(matrix: csr_array) -> Counts:
    return np.asarray(matrix.sum(axis=0), dtype=np.int64).ravel()


def _members(matrix: csr_array) -> csr_array:
    """Return an incidence as 0/1 integers, without stored zeros."""
    counted = csr_array(matrix, dtype=np.int64)
    counted.eliminate_zeros()
    return counted


def demanded(all_tumour: int, target: float) -> int:
    """Return the tumour voxels that a target asks for."""
    # 100 * 0.07 is 7.000000000000001 in floats, which would ask for 8 voxels
    return ceil(round(all_tumour * target, 6) - ROUNDING)
