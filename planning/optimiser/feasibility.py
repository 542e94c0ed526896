"""What a recipe does, counted voxel by voxel, and whether it keeps the limits.

Written without the optimiser's model: every plan that the solver returns is counted again here, and
one that breaks a limit or was counted otherwise is an error, never a result.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from planning.optimiser.broken_limits import Fault, FaultKind
from planning.optimiser.problem import EXTENSION_SHARE, Counts, Flags, Problem
from remnant.core.errors import InconsistentPlanError
from remnant.core.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a recipe takes and leaves.

    Parameters
    ----------
    flr, lost
        Functional voxels of segments that stay, and those that do not.
    debulked, residual
        Tumour voxels of lesions that are resected or ablated, and of all others.
    wedges, ablation_zones, interventions
        Interventions count one for the removed segments together.
    faults
        Limits that the recipe breaks; empty where it keeps all.
    """

    flr: int
    lost: int
    debulked: int
    residual: int
    wedges: int
    ablation_zones: int
    interventions: int
    faults: tuple[Fault, ...]


def count(problem: Problem, recipe: Recipe) -> Counted:
    """Count what a recipe takes and leaves, and list the limits it breaks."""
    atoms = problem.atoms
    removed = {int(s) for s in recipe.segments}
    wedge = np.isin(atoms.lesion_ids, recipe.wedges)
    ablated = np.isin(atoms.lesion_ids, recipe.ablations)
    # plain sets and unions, unlike the model's matrices: both must not share a fault
    cores = [set(np.flatnonzero(row).tolist()) for row in problem.core]
    inside = np.array([core <= removed for core in cores], dtype=bool)
    touched = np.array([bool(core & removed) for core in cores], dtype=bool)
    resected = inside | wedge
    gone = np.isin(atoms.segment, list(removed))
    gone[_atoms_of(atoms.resection, resected)] = True
    gone[_atoms_of(atoms.ablation, ablated)] = True
    counted = atoms.segment > 0
    flr = int(atoms.voxels[counted & ~gone].sum())
    debulked = int(problem.tumour[resected | ablated].sum())
    zones = int(atoms.ablation_zones[ablated].sum())
    return Counted(
        flr=flr,
        lost=int(atoms.voxels[counted & gone].sum()),
        debulked=debulked,
        residual=int(problem.tumour.sum()) - debulked,
        wedges=int(wedge.sum()),
        ablation_zones=zones,
        interventions=bool(removed) + int(wedge.sum()) + zones,
        faults=_faults(problem, recipe, wedge, ablated, touched, inside),
    )


def _atoms_of(members: csr_array, lesions: Flags) -> Counts:
    """Return the atoms that belong to any of some lesions, those of several more than once."""
    return np.asarray(members.tocsc()[:, np.flatnonzero(lesions)].indices, dtype=np.int64)


def _faults(
    problem: Problem, recipe: Recipe, wedge: Flags, ablated: Flags, touched: Flags, inside: Flags
) -> tuple[Fault, ...]:
    codes = [int(s) for s in recipe.segments]
    mostly = problem.atoms.lesion_voxels[:, codes].sum(axis=1) >= EXTENSION_SHARE * problem.tumour
    extended = wedge & touched & mostly
    broken = {
        FaultKind.SEGMENTS: frozenset(recipe.segments) not in problem.allowed_sets,
        FaultKind.TREATED_TWICE: (wedge & ablated).any(),
        FaultKind.CUT_LESION: (touched & ~inside & ~wedge).any(),
        FaultKind.ABLATION_IN_REMOVED: (ablated & touched).any(),
        FaultKind.WEDGE_IN_REMOVED: (wedge & inside).any(),
        FaultKind.WEDGE_NOT_ALLOWED: (wedge & ~extended & ~problem.wedge_allowed).any(),
        FaultKind.ABLATION_NOT_ALLOWED: (ablated & ~problem.ablation_allowed).any(),
    }
    zones = int(problem.atoms.ablation_zones[ablated].sum())
    counts = (
        (FaultKind.TOO_MANY_WEDGES, int(wedge.sum()), problem.most_wedges),
        (FaultKind.TOO_MANY_ZONES, zones, problem.most_ablations),
    )
    return (
        *(Fault(kind) for kind, holds in broken.items() if holds),
        *(Fault(kind, n, most) for kind, n, most in counts if most is not None and n > most),
    )


def require_feasible(problem: Problem, recipe: Recipe, *, lost: float, debulked: float) -> Counted:
    """Count a solver's plan again.

    Raises
    ------
    InconsistentPlanError
        It breaks a limit, or the solver counted otherwise.
    """
    counted = count(problem, recipe)
    if counted.faults:
        broken = ", ".join(fault.kind for fault in counted.faults)
        raise InconsistentPlanError(f"the optimiser returned a plan that breaks limits: {broken}")
    # the solver adds up whole voxels as floats: rounded they have to be the same
    if (counted.lost, counted.debulked) != (round(lost), round(debulked)):
        raise InconsistentPlanError(
            f"the optimiser counted {lost:.0f} voxels of liver and {debulked:.0f} of tumour, "
            f"counted again they are {counted.lost} and {counted.debulked}"
        )
    return counted


def normalised(problem: Problem, recipe: Recipe) -> Recipe:
    """Return a recipe without what changes nothing.

    Segments without a voxel, lesions named twice, and wedges around lesions that leave wholly with
    the removed segments.
    """
    held = np.unique(problem.atoms.segment[problem.atoms.voxels > 0])
    with_tumour = np.flatnonzero(problem.atoms.lesion_voxels.any(axis=0))
    codes = {*held.tolist(), *with_tumour.tolist()}
    segments = tuple(s for s in sorted(set(recipe.segments)) if int(s) in codes)
    removed = {int(s) for s in segments}
    inside = {
        lesion
        for lesion, row in zip(problem.atoms.lesion_ids, problem.core, strict=True)
        if set(np.flatnonzero(row)) <= removed
    }
    return Recipe(
        segments=segments,
        wedges=tuple(sorted(set(recipe.wedges) - inside)),
        ablations=tuple(sorted(set(recipe.ablations))),
    )
