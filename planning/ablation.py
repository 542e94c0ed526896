"""Which metastases could be ablated or excised alone, and what each source says of it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from planning import inputs
from planning.criteria.conditions import judge
from planning.facts.lesion_places import against_ablation, places_of
from planning.inputs import Diameter, Facts, Input, Value
from planning.rules.ablation import (
    ABLATION_RULES,
    CENTRAL_DISTANCE_MM,
    COMBINED_RULE,
    HEAT_SINK_MM,
    MACHAIRAS_DIAMETER_MM,
    REVIEW_DIAMETERS_MM,
    SUPERFICIAL_MM,
)
from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.criteria import LesionAblation
from remnant.core.findings import Finding, Verdict
from remnant.core.lesions import Lesion
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.recipe import Recipe
from remnant.core.volumetry_report import VolumetryReport

CONCOMITANT = "ablation.concomitant_central.cloyd2020"


def lesion_ablations(
    report: VolumetryReport,
    *,
    facts: Facts,
    choice: PlanChoice,
    told: ClinicalFacts = NOTHING_SAID,
) -> tuple[LesionAblation, ...]:
    """Judge every lesion that counts by every source on ablation, and by the choice.

    Parameters
    ----------
    report
        Its lesions; rejected ones are left out.
    facts
        Whether there was a pancreatoduodenectomy, and the number of lesions.
    choice
        Its limits decide what the optimiser may ablate; the sources' own limits do not.
    told
        Which lesions lie at the hilum or near a central bile duct.

    Returns
    -------
    tuple
        One for each lesion, in the order of the report. ``allowed`` is ``True`` unless the lesion
        is larger axially than ``ablation_limit_mm``, is known to lie nearer than
        ``central_distance_mm`` to the labelled portal vein, or a pancreatoduodenectomy is known, or
        a person told that it lies at the hilum or near a central bile duct.
        ``reasons`` say which, or what to be careful about; empty where there is nothing.
    """
    return tuple(
        _lesion_ablation(
            lesion,
            facts=facts.extended(places_of(lesion.id, told)),
            choice=choice,
            places=against_ablation(lesion.id, told),
        )
        for lesion in report.counted_lesions
    )


def ablation_refusal(
    lesion: Lesion,
    *,
    after_whipple: bool | None,
    choice: PlanChoice,
    places: tuple[Reason, ...] = (),
) -> tuple[Reason, ...]:
    """Say why a lesion is not ablated under a choice, empty where it may be.

    ``places`` is what a person told of where it lies and that speaks against it.

    An unknown distance to the portal vein refuses nothing, nor does an unknown
    pancreatoduodenectomy, nor a size that is uncertain (see `ablation_size_uncertain`): a plan that
    ablates such a lesion says so.
    """
    return (*_refusals(lesion, choice, after_whipple=after_whipple), *places)


def ablation_size_uncertain(lesion: Lesion, choice: PlanChoice) -> bool:
    """Tell whether the chosen size limit lies between a lesion's axial and its 3-D diameter."""
    return lesion.longest_axial_mm <= choice.ablation_limit_mm < lesion.slice_corrected_3d_mm


def wedge_refusal(lesion: Lesion, choice: PlanChoice) -> tuple[Reason, ...]:
    """Say why a lesion is not excised alone under a choice, empty where it may be.

    Larger than ``wedge_limit_mm`` by the slice-corrected 3-D diameter (a wedge takes the whole
    body, whichever way it is long), or its near side deeper than ``wedge_depth_mm``. An unknown
    depth, and one that is only known to be at most so much, refuse nothing.
    """
    return tuple(_wedge_refusals(lesion, choice))


def combined_ablation_finding(recipe: Recipe, flr: Finding | None) -> Finding | None:
    """Judge ablation beside resection by how certain the remnant is.

    Parameters
    ----------
    recipe
        What is done.
    flr
        Verdict of the chosen rule set on what would remain, with its probability; ``None`` where
        there is none.

    Returns
    -------
    Finding or None
        ``NOT_MET`` also where the verdict on the remnant is, ``UNKNOWN`` without a probability;
        ``None`` where the recipe does not both resect and ablate.
    """
    if not recipe.ablations or not (recipe.segments or recipe.wedges):
        return None
    share = None if flr is None else flr.probability
    finding = judge(
        COMBINED_RULE,
        Facts({inputs.FLR_PROBABILITY: None if share is None else 100.0 * share}),
    )
    short = flr is not None and flr.verdict is Verdict.NOT_MET
    return replace(finding, verdict=Verdict.NOT_MET) if short else finding


def _lesion_ablation(
    lesion: Lesion, *, facts: Facts, choice: PlanChoice, places: tuple[Reason, ...]
) -> LesionAblation:
    known = facts.extended(_of_lesion(lesion))
    whipple = facts[inputs.PANCREATODUODENECTOMY] is True
    refusals = ablation_refusal(lesion, after_whipple=whipple, choice=choice, places=places)
    return LesionAblation(
        lesion=lesion.id,
        allowed=not refusals,
        reasons=refusals or tuple(_cautions(lesion, known, choice)),
        findings=tuple(_findings(known)),
    )


def _findings(facts: Facts) -> Iterator[Finding]:
    """Judge every condition; the disagreement on central tumours is left out where it is none."""
    for rule in ABLATION_RULES:
        finding = judge(rule, facts)
        if not (rule.id == CONCOMITANT and finding.verdict is Verdict.NOT_MET):
            yield finding


def _of_lesion(lesion: Lesion) -> Mapping[Input, Value]:
    return {
        inputs.LESION_DIAMETER: _diameter(lesion),
        inputs.PORTAL_DISTANCE: lesion.portal_vein_distance_mm,
        inputs.SURFACE_DISTANCE: lesion.surface_distance_mm,
        inputs.LARGE_VESSEL_DISTANCE: _nearest(
            lesion.portal_vein_distance_mm, lesion.hepatic_veins_distance_mm
        ),
    }


def _diameter(lesion: Lesion) -> Diameter:
    cut = lesion.volume_ml.bound is not None
    axial_mm = Quantity(
        lesion.longest_axial_mm,
        bound=Bound.LOWER if cut else None,
        reasons=(reason(Cause.SCAN_CUTS_LESION),) if cut else (),
    )
    return Diameter(axial_mm=axial_mm, corrected_3d_mm=lesion.slice_corrected_3d_mm)


def _nearest(*distances: Quantity) -> Quantity:
    """Return the smaller distance; only an upper bound where one of them is unknown or bounded."""
    found = [distance.value for distance in distances if distance.value is not None]
    unsure = [distance for distance in distances if distance.indicative]
    loose = (d.reasons for d in distances if d.value is None or d.bound is not None)
    reasons = joined(*loose)
    if not found:
        return Quantity.absent(reasons)
    if unsure:
        told = joined(reasons, *(distance.reasons for distance in unsure))
        return Quantity(min(found), indicative=True, reasons=told)
    return Quantity(min(found), bound=Bound.UPPER if reasons else None, reasons=reasons)


def _refusals(
    lesion: Lesion, choice: PlanChoice, *, after_whipple: bool | None
) -> Iterator[Reason]:
    limit, near = choice.ablation_limit_mm, choice.central_distance_mm
    if lesion.longest_axial_mm > limit:
        yield reason(Cause.ABOVE_ABLATION_LIMIT, lesion.longest_axial_mm, limit)
    portal = lesion.portal_vein_distance_mm
    distance = None if portal.indicative else portal.value
    if distance is not None and distance < near:
        yield reason(Cause.NEAR_PORTAL_VEIN, distance, near)
    if after_whipple:
        yield reason(Cause.AFTER_WHIPPLE)


def _cautions(lesion: Lesion, facts: Facts, choice: PlanChoice) -> Iterator[Reason]:
    if ablation_size_uncertain(lesion, choice):
        longest = (lesion.longest_axial_mm, lesion.slice_corrected_3d_mm)
        yield reason(Cause.DIAMETERS_DISAGREE, *longest, choice.ablation_limit_mm)
    yield from _size_cautions(lesion)
    portal = lesion.portal_vein_distance_mm
    if portal.value is not None and portal.value < CENTRAL_DISTANCE_MM:
        yield reason(Cause.CENTRAL)
    elif portal.value is None or portal.bound is not None or portal.indicative:
        yield reason(Cause.PORTAL_DISTANCE_UNKNOWN)
    surface = lesion.surface_distance_mm.value
    if surface is not None and surface < SUPERFICIAL_MM:
        yield reason(Cause.SUPERFICIAL, surface)
    vessel = facts[inputs.LARGE_VESSEL_DISTANCE]
    if isinstance(vessel, Quantity) and vessel.value is not None and vessel.value < HEAT_SINK_MM:
        yield reason(Cause.HEAT_SINK)
    if lesion.confirmation.is_open:
        yield reason(Cause.NOT_CONFIRMED)


def _size_cautions(lesion: Lesion) -> Iterator[Reason]:
    size_mm, poor_mm = lesion.longest_axial_mm, REVIEW_DIAMETERS_MM[0]
    if size_mm >= MACHAIRAS_DIAMETER_MM:
        yield reason(Cause.OVERLAPPING_ZONES_ONLY)
    elif size_mm > poor_mm:
        yield reason(Cause.SIZE_LIMITS_DISAGREE)
    if lesion.volume_ml.bound is not None:
        yield reason(Cause.SCAN_CUTS_LESION)


def _wedge_refusals(lesion: Lesion, choice: PlanChoice) -> Iterator[Reason]:
    limit, deepest = choice.wedge_limit_mm, choice.wedge_depth_mm
    if limit is not None and lesion.slice_corrected_3d_mm > limit:
        yield reason(Cause.ABOVE_WEDGE_LIMIT, lesion.slice_corrected_3d_mm, limit)
    surface = lesion.surface_distance_mm
    depth = surface.value if surface.bound is None else None
    if deepest is not None and depth is not None and depth > deepest:
        yield reason(Cause.BELOW_WEDGE_DEPTH, depth, deepest)
