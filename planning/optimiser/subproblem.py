"""The debulking problem once the removed segments are fixed: wedges and ablations in the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from planning.optimiser.problem import EXTENSION_SHARE, Counts, Flags, Problem, Segments

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
