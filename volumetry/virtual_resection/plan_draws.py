"""What recipes take in every draw, from draws that all recipes of a case share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.debulking import Fate
from remnant.core.quantity import Interval, UncertaintyPart
from remnant.core.recipe import Recipe
from remnant.core.units import ml_from_mm3
from remnant.core.volumetry_report import VolumetryReport
from volumetry.uncertainty.intervals import sample_interval
from volumetry.uncertainty.joint_draws import (
    POWERS,
    Column,
    LesionDraws,
    Sample,
    Spread,
    ball_radius_mm,
    lesion_draws,
    spread,
)
from volumetry.virtual_resection.atoms import Atoms
from volumetry.virtual_resection.voxel_counts import (
    Flags,
    having,
    losses,
    taken_tumour,
)


class Taken(IntEnum):
    """Figures of one recipe that are drawn.

    ``FLR`` is the liver that margins and zones take from kept segments; ``RESECTED`` and
    ``ABLATED`` hold liver outside the removed segments, in a segment or none, and tumour.
    """

    FLR = 0
    RESECTED = 1
    ABLATED = 2
    DEBULKED = 3
    ALL_TUMOUR = 4


@dataclass(frozen=True, slots=True, eq=False)
class PlanSpread:
    """Draws of one case that all its recipes share.

    Parameters
    ----------
    drawn
        Liver, segments and formula.
    lesions, alone
        Lesion surfaces under all parts together, and under each part alone.
    rows
        Position of each drawn lesion in ``Atoms.lesion_ids``.
    margin_ml, zone_ml
        Functional liver in the resection margin and the ablation zone of each drawn lesion.
    """

    drawn: Spread
    lesions: LesionDraws
    alone: Mapping[UncertaintyPart, LesionDraws]
    rows: NDArray[np.intp]
    margin_ml: Column
    zone_ml: Column


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRecipe:
    """What one recipe takes in every draw.

    ``whole`` and the values of ``alone`` have the shape ``(len(Taken), draws)``, in mL.
    """

    whole: Sample
    alone: Mapping[UncertaintyPart, Sample]

    def of(self, part: UncertaintyPart | None) -> Sample:
        """Return the figures when one part acts alone, or all do (``None``)."""
        return self.whole if part is None else self.alone[part]

    def interval(self, figure: Callable[[UncertaintyPart | None], Sample]) -> Interval | None:
        """Return the interval of a figure that is computed for each part and for all."""
        return sample_interval(figure(None), {part: figure(part) for part in self.alone})


def plan_spread(
    report: VolumetryReport, *, atoms: Atoms, drawn: Spread | None = None
) -> PlanSpread:
    """Draw what all recipes of a case share.

    Parameters
    ----------
    report
        The measured liver.
    atoms
        Of the same maps.
    drawn
        ``volumetry.uncertainty.joint_draws.spread(report)``, where it was made already.
    """
    lesions = lesion_draws(report)
    alone = {part: lesion_draws(report, parts=(part,)) for part in UncertaintyPart}
    rows = np.searchsorted(np.array(atoms.lesion_ids, np.int64), lesions.ids)
    voxels_ml = atoms.voxel_ml * atoms.voxels
    return PlanSpread(
        drawn=drawn or spread(report),
        lesions=lesions,
        alone=alone,
        rows=rows,
        margin_ml=(atoms.resection.T @ voxels_ml)[rows],
        zone_ml=(atoms.ablation.T @ voxels_ml)[rows],
    )


def drawn_recipe(
    shared: PlanSpread, *, atoms: Atoms, recipe: Recipe, fate: Mapping[int, Fate]
) -> DrawnRecipe:
    """Draw what one recipe takes."""
    lost = losses(atoms, recipe, fate)
    margins = _shared_out(atoms, atoms.resection, _resected(atoms, fate), lost.margin)
    zones = _shared_out(atoms, atoms.ablation, having(atoms, fate, Fate.ABLATED), lost.zone)
    margin_share, zone_share = (
        np.divide(taken[:, shared.rows], whole, out=np.zeros((2, len(whole))), where=whole > 0.0)
        for taken, whole in ((margins, shared.margin_ml), (zones, shared.zone_ml))
    )
    tumour = _tumour_shares(atoms, recipe, fate)[:, shared.rows]
    terms, areas_mm2 = _terms(shared, margin_share, zone_share, tumour)

    def drawn(lesions: LesionDraws) -> Sample:
        grid_ml = ml_from_mm3(1.0) * np.sqrt(areas_mm2)[:, None] * lesions.zone_grid_mm2
        figures: Sample = np.maximum(lesions.total(terms) + grid_ml, 0.0)
        return figures

    return DrawnRecipe(
        drawn(shared.lesions), {part: drawn(lesions) for part, lesions in shared.alone.items()}
    )


def _terms(
    shared: PlanSpread,
    margin_share: Sample,
    zone_share: Sample,
    tumour: Sample,
) -> tuple[NDArray[np.float64], Column]:
    """Terms of every figure, and the surface of zones in it, whose voxels the grid scatters."""
    lesions = shared.lesions
    terms = np.zeros((len(Taken), POWERS, len(shared.rows)))
    areas_mm2 = np.zeros(len(Taken))
    for share, shell_ml, figure in (
        (margin_share, shared.margin_ml, Taken.RESECTED),
        (zone_share, shared.zone_ml, Taken.ABLATED),
    ):
        shell = shell_ml * lesions.shell_terms(shell_ml)
        sphere_mm2 = 4.0 * np.pi * ball_radius_mm(lesions.volumes_ml + shell_ml) ** 2
        for kept, row in ((share[0], Taken.FLR), (share[1], figure)):
            terms[row] += kept * shell
            areas_mm2[row] += kept @ sphere_mm2
    volume = lesions.volume_terms()
    for part, row in zip(tumour, (Taken.RESECTED, Taken.ABLATED), strict=True):
        terms[row] += part * volume
    terms[Taken.DEBULKED] = tumour.sum(axis=0) * volume
    terms[Taken.ALL_TUMOUR] = volume
    return terms, areas_mm2


def _resected(atoms: Atoms, fate: Mapping[int, Fate]) -> Flags:
    return having(atoms, fate, Fate.WITH_SEGMENTS, Fate.WEDGE)


def _tumour_shares(atoms: Atoms, recipe: Recipe, fate: Mapping[int, Fate]) -> Sample:
    """Share of every lesion that is resected and ablated, shape ``(2, m)``."""
    whole = np.maximum(atoms.lesion_voxels.sum(axis=1), 1)
    shares: Sample = np.array(taken_tumour(atoms, recipe, fate)) / whole
    return shares


def _shared_out(
    atoms: Atoms,
    parts: Any,  # noqa: ANN401  (a sparse array, which has no type)
    treated: Flags,
    lost: Flags,
) -> Sample:
    """Divide lost liver among the treated lesions that it surrounds, equally where several do.

    In mL, shape ``(2, m)``: what of it belongs to a segment, and all of it.
    """
    around = parts @ treated.astype(np.float64)
    each_ml = atoms.voxel_ml * atoms.voxels * lost / np.maximum(around, 1.0)
    both = np.array([parts.T @ (each_ml * (atoms.segment > 0)), parts.T @ each_ml])
    divided: Sample = both * treated
    return divided
