"""Virtual resection: any segments, excisions with a margin and ablations, in voxels.

Lesions are treated as a whole; what is lost with them is liver. See docs/explanation for the rules
and for what the intervals hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.debulking import Fate, VirtualResection
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment, Label, LabelScheme
from remnant.core.patient import Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.recipe import Recipe
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import VolumetryReport
from volumetry.liver_maps import LiverMaps
from volumetry.remnant import (
    Segments,
    absent_remnant,
    bounded,
    bounded_share,
    causes,
    cut_sides,
    drawn_remnant,
    missing_remnant,
    remnant_of,
    unknown_lesions,
    unknown_segments,
)
from volumetry.uncertainty.intervals import ratio, spanned, varying
from volumetry.uncertainty.joint_draws import Draws, Sample, Spread
from volumetry.virtual_resection.atoms import Atoms, LiverZones, TreatedZones
from volumetry.virtual_resection.plan_draws import (
    DrawnRecipe,
    PlanSpread,
    Taken,
    drawn_recipe,
    plan_spread,
)
from volumetry.virtual_resection.voxel_counts import VoxelOutcome, fates, outcome

STAYS, REMOVED, WEDGED, ABLATED, LESION_STAYS = range(1, 6)
PLAN_SCHEME = LabelScheme(
    "plan",
    (
        Label(STAYS, "liver that would remain"),
        Label(REMOVED, "removed with segments"),
        Label(WEDGED, "removed by wedge"),
        Label(ABLATED, "ablated"),
        Label(LESION_STAYS, "lesion that would remain"),
    ),
)
"""Codes of a map of one plan."""


def virtual_resection(
    report: VolumetryReport,
    *,
    patient: Patient,
    atoms: Atoms,
    recipe: Recipe,
    drawn: PlanSpread | Spread | None = None,
    stranded: Segments = frozenset(),
) -> VirtualResection:
    """Carry out a recipe on the measured liver.

    Parameters
    ----------
    report
        The measured liver.
    patient
        Body weight for the ratio to it.
    atoms
        Of the same maps, with the margins and zones of the planner's choice.
    recipe
        Segments removed, lesions excised and ablated; all may be empty.
    drawn
        ``plan_spread(report, atoms=atoms)``, where several recipes share it; draws of the
        segments alone are completed.
    stranded
        Kept segments that are no remnant: their liver stays and does not count.

    Returns
    -------
    VirtualResection
        The remnant is that of `volumetry.remnant.future_liver_remnant` less what margins and
        zones take from kept segments, with the same bounds; absent without segments. What cannot
        be told without them is absent too. ``debulked_fraction`` is 0.0 when nothing is treated,
        absent without a lesion. Intervals hold errors of the scan's maps; that an operation or
        ablation does not follow its plan is not in them.

    Raises
    ------
    InputError
        The recipe names lesions or segments that do not exist, or the atoms hold other lesions
        than the report counts.
    """
    _require_same_lesions(report, atoms)
    atoms = _without(atoms, stranded)
    counted = outcome(atoms, recipe)
    shared = (
        drawn if isinstance(drawn, PlanSpread) else plan_spread(report, atoms=atoms, drawn=drawn)
    )
    plan = _Plan(
        report, atoms, recipe, counted, stranded, shared,
        drawn_recipe(shared, atoms=atoms, recipe=recipe, fate=counted.fates),
    )  # fmt: skip
    return VirtualResection(
        fates=counted.fates,
        remnant=plan.remnant(patient),
        debulked_fraction=plan.debulked(),
        removed_ml=plan.removed(),
        ablated_ml=plan.ablated(),
        margin_ml=counted.margin * atoms.voxel_ml,
        residual_tumour_ml=plan.residual(),
        ablation_zones=counted.ablation_zones,
        interventions=counted.interventions,
    )


def plan_map(maps: LiverMaps, zones: LiverZones, recipe: Recipe) -> LabelMap:
    """Draw a recipe on the grid of the study, with the codes of `PLAN_SCHEME`.

    Parameters
    ----------
    maps, zones
        The liver and its margins and zones.
    recipe
        What is done.

    Returns
    -------
    LabelMap
        Liver that several parts of the recipe take has the first of: removed with segments (and
        the margins of lesions that go with them), wedge, ablated. Lesions have the code of what is
        done with them; the part of a cut lesion that stays has that of lesions that stay.

    Raises
    ------
    InputError
        See `virtual_resection`.
    """
    by_lesion = TreatedZones(
        dict(zip(zones.atoms.lesion_ids, zones.resection, strict=True)),
        dict(zip(zones.atoms.lesion_ids, zones.ablation, strict=True)),
    )
    return treated_map(maps, by_lesion, recipe, fates(zones.atoms, recipe))


def treated_map(
    maps: LiverMaps, zones: TreatedZones, recipe: Recipe, fate: Mapping[int, Fate]
) -> LabelMap:
    """Draw the same where each lesion's fate is known; ``zones`` hold at least what it takes."""
    codes = maps.liver.astype(np.uint8, order="C")
    flat = codes.reshape(-1)
    for treated, places, code in (
        (Fate.ABLATED, zones.ablation, ABLATED),
        (Fate.WEDGE, zones.resection, WEDGED),
        (Fate.WITH_SEGMENTS, zones.resection, REMOVED),
    ):
        for lesion in fate:
            if fate[lesion] is treated and lesion in places:
                flat[places[lesion]] = code
    removed = _removed_voxels(maps, recipe)
    if removed is not None:
        codes[removed] = REMOVED
    _draw_lesions(codes, maps.lesions, fate, removed)
    whole = np.zeros(maps.geometry.shape, np.uint8)
    whole[maps.box] = codes
    return LabelMap(whole, maps.geometry, PLAN_SCHEME)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """One recipe on one liver: counted, and in every draw."""

    report: VolumetryReport
    atoms: Atoms
    recipe: Recipe
    counted: VoxelOutcome
    stranded: Segments
    shared: PlanSpread
    drawn: DrawnRecipe

    @property
    def segments(self) -> Segments:
        return frozenset(self.recipe.segments)

    @property
    def no_remnant(self) -> Segments:
        return self.segments | self.stranded

    @property
    def unknown(self) -> tuple[Reason, ...]:
        """Why nothing can be told of what is removed, where segments are and none is known."""
        if self.recipe.segments and self.report.segments is None:
            return unknown_segments(self.report)
        return ()

    def remnant(self, patient: Patient) -> Remnant:
        untreated = not (self.recipe.wedges or self.recipe.ablations)
        missing = missing_remnant(self.report, self.no_remnant if untreated else frozenset())
        if missing:
            return absent_remnant(missing)
        kept = (
            voxels * self.atoms.voxel_ml
            for code, voxels in enumerate(self.counted.kept)
            if code and code not in self.no_remnant
        )
        return remnant_of(
            fsum(kept),
            report=self.report,
            patient=patient,
            removed=self.no_remnant,
            drawn=drawn_remnant(self.shared.drawn, self._flr_ml),
        )

    def debulked(self) -> Quantity:
        if self.unknown or self.report.tumour_ml.value is None:
            return Quantity.absent(self.unknown or unknown_lesions(self.report))
        if self.counted.all_tumour == 0:
            return Quantity.absent(reason(Cause.NO_LESION_TO_DEBULK))
        share = bounded_share(
            self.counted.debulked / self.counted.all_tumour,
            may_be_more=joined(self._more_is_removed(), self._treated_cut()),
            may_be_less=joined(self._more_stays(), self._staying_cut()),
        )
        interval = self.drawn.interval(
            lambda part: ratio(
                self.drawn.of(part)[Taken.DEBULKED], self.drawn.of(part)[Taken.ALL_TUMOUR]
            )
        )
        return spanned(share, interval)

    def removed(self) -> Quantity:
        if self.unknown:
            return Quantity.absent(self.unknown)
        cut = self._cuts(Fate.WITH_SEGMENTS, Fate.WEDGE)
        quantity = bounded(
            self.counted.removed * self.atoms.voxel_ml,
            may_be_more=joined(self._more_is_removed(), causes({Cause.TREATED_LESIONS_CUT: cut})),
            may_be_less=(),
        )
        return spanned(quantity, varying(self.drawn.interval(self._removed_ml)))

    def ablated(self) -> Quantity:
        if self.unknown:
            return Quantity.absent(self.unknown)
        quantity = bounded(
            self.counted.ablated * self.atoms.voxel_ml,
            may_be_more=causes({Cause.TREATED_LESIONS_CUT: self._cuts(Fate.ABLATED)}),
            may_be_less=(),
        )
        interval = self.drawn.interval(lambda part: self.drawn.of(part)[Taken.ABLATED])
        return spanned(quantity, varying(interval))

    def residual(self) -> Quantity:
        if self.unknown or self.report.tumour_ml.value is None:
            return Quantity.absent(self.unknown or unknown_lesions(self.report))
        quantity = bounded(
            self.counted.residual * self.atoms.voxel_ml,
            may_be_more=joined(self._more_stays(), self._staying_cut()),
            may_be_less=(),
        )
        return spanned(quantity, varying(self.drawn.interval(self._residual_ml)))

    def _flr_ml(self, draws: Draws, part: UncertaintyPart | None) -> Sample:
        taken_ml = self.drawn.of(part)[Taken.FLR]
        left: Sample = np.maximum(draws.flr_ml(self.no_remnant) - taken_ml, 0.0)
        return left

    def _removed_ml(self, part: UncertaintyPart | None) -> Sample:
        spread = self.shared.drawn
        draws = spread.whole if part is None else spread.alone[part]
        segments_ml = draws.functional_ml[sorted(self.segments)].sum(axis=0)
        removed: Sample = segments_ml + self.drawn.of(part)[Taken.RESECTED]
        return removed

    def _residual_ml(self, part: UncertaintyPart | None) -> Sample:
        figures = self.drawn.of(part)
        left: Sample = np.maximum(figures[Taken.ALL_TUMOUR] - figures[Taken.DEBULKED], 0.0)
        return left

    def _more_is_removed(self) -> tuple[Reason, ...]:
        """Why tumour or liver that is not seen goes too."""
        _, removed_cut = cut_sides(self.report, self.segments)
        return causes(
            {
                Cause.REMOVED_SEGMENTS_CUT: bool(self.segments) and removed_cut,
                Cause.TUMOUR_OUTSIDE_SEGMENTS: self._cut_lesion_unmapped(),
            }
        )

    def _more_stays(self) -> tuple[Reason, ...]:
        kept_cut, _ = cut_sides(self.report, self.segments)
        known = bool(self.report.segments)
        return causes({Cause.KEPT_SEGMENTS_CUT if known else Cause.BEYOND_SCAN_UNKNOWN: kept_cut})

    def _cut_lesion_unmapped(self) -> bool:
        return any(
            self.counted.fates[lesion] is Fate.CUT and codes[0] > 0
            for lesion, codes in zip(self.atoms.lesion_ids, self.atoms.lesion_voxels, strict=True)
        )

    def _treated_cut(self) -> tuple[Reason, ...]:
        """Why treated lesions hold more; those that a plan cuts are treated and stay."""
        cut = self._cuts(Fate.WITH_SEGMENTS, Fate.WEDGE, Fate.ABLATED, Fate.CUT)
        return causes({Cause.TREATED_LESIONS_CUT: cut})

    def _staying_cut(self) -> tuple[Reason, ...]:
        return causes({Cause.STAYING_LESIONS_CUT: self._cuts(Fate.STAYS, Fate.CUT)})

    def _cuts(self, *wanted: Fate) -> bool:
        """Tell whether the scan cuts a lesion of such a fate."""
        cut = (lesion for lesion in self.report.lesions if lesion.volume_ml.bound is Bound.LOWER)
        return any(lesion.counts and self.counted.fates[lesion.id] in wanted for lesion in cut)


def _without(atoms: Atoms, stranded: Segments) -> Atoms:
    """Count the liver of some segments to none; where the lesions lie stays."""
    if not stranded:
        return atoms
    here = np.isin(atoms.segment, [int(segment) for segment in stranded])
    return replace(atoms, segment=np.where(here, 0, atoms.segment))


def _removed_voxels(maps: LiverMaps, recipe: Recipe) -> NDArray[np.bool_] | None:
    """Liver in removed segments; ``None`` where there is none: no segment goes, or no map."""
    if maps.segments is None or not recipe.segments:
        return None
    flags = np.zeros(len(CouinaudSegment) + 1, np.bool_)
    flags[list(recipe.segments)] = True
    removed: NDArray[np.bool_] = flags[maps.segments * maps.liver]
    return removed


def _draw_lesions(
    codes: NDArray[np.uint8],
    lesions: NDArray[Any],
    fate: Mapping[int, Fate],
    removed: NDArray[np.bool_] | None,
) -> None:
    known = {
        Fate.WITH_SEGMENTS: REMOVED,
        Fate.WEDGE: WEDGED,
        Fate.ABLATED: ABLATED,
        Fate.CUT: LESION_STAYS,
        Fate.STAYS: LESION_STAYS,
    }
    code_of = np.zeros(max([int(lesions.max()), *fate]) + 1, np.uint8)
    code_of[list(fate)] = [known[f] for f in fate.values()]
    drawn = code_of[lesions]
    cut = _ids(fate, Fate.CUT)
    if removed is not None and cut:
        drawn[removed & np.isin(lesions, cut)] = REMOVED
    np.copyto(codes, drawn, where=drawn > 0)


def _ids(fate: Mapping[int, Fate], wanted: Fate) -> list[int]:
    return [lesion for lesion, f in fate.items() if f is wanted]


def _require_same_lesions(report: VolumetryReport, atoms: Atoms) -> None:
    counted = tuple(sorted(lesion.id for lesion in report.counted_lesions))
    if counted != atoms.lesion_ids:
        raise InputError(
            f"the atoms hold lesions {list(atoms.lesion_ids)}, the report counts {list(counted)}; "
            f"make both from the same maps and the same rejected lesions"
        )
