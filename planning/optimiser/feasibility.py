"""What a recipe does, counted voxel by voxel, and whether it keeps the limits.

Written without the optimiser's model: every plan that the solver returns is counted again here, and
one that breaks a limit or was counted otherwise is an error, never a result.
"""

from dataclasses import dataclass

import numpy as np

from planning import wording
from planning.optimiser.problem import EXTENSION_SHARE, Flags, Problem
from remnant.core.debulking import Recipe
from remnant.core.errors import InconsistentPlanError


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
        Limits that the recipe breaks, in words; empty where it keeps all.
    """

    flr: int
    lost: int
    debulked: int
    residual: int
    wedges: int
    ablation_zones: int
    interventions: int
    faults: tuple[str, ...]


def count(problem: Problem, recipe: Recipe) -> Counted:
    """Count what a recipe takes and leaves, and list the limits it breaks."""
    atoms = problem.atoms
    removed = {int(s) for s in recipe.segments}
    wedge = np.isin(atoms.lesion_ids, recipe.wedges)
    ablated = np.isin(atoms.lesion_ids, recipe.ablations)
    inside = np.array([set(np.flatnonzero(row)) <= removed for row in problem.core], dtype=bool)
    touched = np.array(
        [bool(set(np.flatnonzero(row)) & removed) for row in problem.core], dtype=bool
    )
    resected = inside | wedge
    gone = np.isin(atoms.segment, list(removed))
    for column in np.flatnonzero(resected):
        gone |= atoms.resection[:, [column]].toarray().ravel() > 0
    for column in np.flatnonzero(ablated):
        gone |= atoms.ablation[:, [column]].toarray().ravel() > 0
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


def _faults(
    problem: Problem, recipe: Recipe, wedge: Flags, ablated: Flags, touched: Flags, inside: Flags
) -> tuple[str, ...]:
    codes = [int(s) for s in recipe.segments]
    wedges = int(wedge.sum())
    mostly = problem.atoms.lesion_voxels[:, codes].sum(axis=1) >= EXTENSION_SHARE * problem.tumour
    extended = wedge & touched & mostly
    zones = int(problem.atoms.ablation_zones[ablated].sum())
    broken = {
        "segments that the locks keep, or too few neighbours that would stay": frozenset(
            recipe.segments
        )
        not in problem.segment_sets,
        "a lesion that is both excised and ablated": (wedge & ablated).any(),
        "a lesion that the transection cuts": (touched & ~inside & ~wedge).any(),
        "an ablation of a lesion in removed segments": (ablated & touched).any(),
        "a wedge around a lesion that leaves with its segments": (wedge & inside).any(),
        "a wedge that is not allowed": (wedge & ~extended & ~problem.wedge_allowed).any(),
        "an ablation that is not allowed": (ablated & ~problem.ablation_allowed).any(),
        _above(wedges, "wedge", problem.most_wedges): _exceeds(wedges, problem.most_wedges),
        _above(zones, "ablation zone", problem.most_ablations): _exceeds(
            zones, problem.most_ablations
        ),
    }
    return tuple(words for words, holds in broken.items() if holds)


def _above(number: int, what: str, most: int | None) -> str:
    return f"{wording.counted(number, what)}, {most} allowed"


def _exceeds(number: int, most: int | None) -> bool:
    return most is not None and number > most


def require_feasible(problem: Problem, recipe: Recipe, *, lost: float, debulked: float) -> Counted:
    """Count a solver's plan again.

    Raises
    ------
    InconsistentPlanError
        It breaks a limit, or the solver counted otherwise.
    """
    counted = count(problem, recipe)
    if counted.faults:
        raise InconsistentPlanError(f"the optimiser returned a plan with {counted.faults[0]}")
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
