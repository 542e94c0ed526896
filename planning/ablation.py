"""Which metastases could be ablated or excised alone, and what each source says of it."""

from collections.abc import Iterator
from dataclasses import replace

from planning.criteria import Criterion, Known, judge
from planning.rules.ablation import (
    ABLATION_RULES,
    AT_HILUM,
    BILE_DUCT_DISTANCE,
    CENTRAL_DISTANCE_MM,
    COMBINED_RULE,
    FLR_PROBABILITY,
    HEAT_SINK_MM,
    LARGE_VESSEL_DISTANCE,
    LESION_COUNT,
    LESION_DIAMETER,
    MACHAIRAS_DIAMETER_MM,
    PORTAL_DISTANCE,
    REVIEW_DIAMETERS_MM,
    SUPERFICIAL_MM,
    SURFACE_DISTANCE,
    WHIPPLE,
)
from remnant.core.criteria import LesionAblation
from remnant.core.debulking import Recipe
from remnant.core.findings import Finding, Verdict
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import reasons_of
from remnant.core.volumetry_report import VolumetryReport

CONCOMITANT = "ablation.concomitant_central.cloyd2020"
DECIMALS = range(1, 8)


def lesion_ablations(
    report: VolumetryReport, *, known: Known, choice: PlanChoice
) -> tuple[LesionAblation, ...]:
    """Hold every lesion that counts against every source on ablation, and against the choice.

    Parameters
    ----------
    report
        Its lesions; rejected ones are left out.
    known
        Facts by name; ``pancreatoduodenectomy`` is asked for, and the number of lesions, which is
        that of the report where it is not held.
    choice
        Its limits decide what the optimiser may ablate; the sources' own limits do not.

    Returns
    -------
    tuple
        One for each lesion, in the order of the report. ``allowed`` is ``True`` unless the lesion
        is larger than ``ablation_limit_mm``, is known to lie nearer than ``central_distance_mm`` to
        the labelled portal vein, or a pancreatoduodenectomy is known. ``reason`` says which, or
        what to be careful about; empty where there is nothing.
    """
    counted = tuple(lesion for lesion in report.lesions if lesion.counts)
    return tuple(
        _lesion_ablation(lesion, number=len(counted), known=known, choice=choice)
        for lesion in counted
    )


def ablation_refusal(lesion: Lesion, *, known: Known, choice: PlanChoice) -> str | None:
    """Say why a lesion is not ablated under a choice, ``None`` where it may be.

    An unknown distance to the portal vein refuses nothing.
    """
    return "; ".join(_refusals(lesion, known, choice)) or None


def wedge_refusal(lesion: Lesion, choice: PlanChoice) -> str | None:
    """Say why a lesion is not excised alone under a choice, ``None`` where it may be.

    Larger than ``wedge_limit_mm``, or its near side deeper than ``wedge_depth_mm``. An unknown
    depth, and one that is only known to be at most so much, refuse nothing.
    """
    return "; ".join(_wedge_refusals(lesion, choice)) or None


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
    finding = judge(COMBINED_RULE, {FLR_PROBABILITY: None if share is None else 100.0 * share})
    short = flr is not None and flr.verdict is Verdict.NOT_MET
    return replace(finding, verdict=Verdict.NOT_MET) if short else finding


def _lesion_ablation(
    lesion: Lesion, *, number: int, known: Known, choice: PlanChoice
) -> LesionAblation:
    facts = _facts(lesion, number, known)
    refusals = tuple(_refusals(lesion, known, choice))
    return LesionAblation(
        lesion=lesion.id,
        allowed=not refusals,
        reason="; ".join(refusals or _cautions(lesion, facts)),
        findings=tuple(_findings(facts)),
    )


def _findings(facts: Known) -> Iterator[Finding]:
    """Judge every condition; the disagreement on central tumours is left out where it is none."""
    for rule in ABLATION_RULES:
        finding = judge(rule, facts)
        if rule.id == CONCOMITANT and finding.verdict is Verdict.NOT_MET:
            continue
        yield _with_measure(finding, rule)


def _with_measure(finding: Finding, rule: Criterion) -> Finding:
    if finding.value is None or not rule.input.endswith("_mm"):
        return finding
    here = millimetres(finding.value, beside=finding.limit)
    return replace(finding, prose=f"{finding.prose} Here: {here}.")


def _facts(lesion: Lesion, number: int, known: Known) -> Known:
    return {
        LESION_DIAMETER: _diameter(lesion),
        LESION_COUNT: known.get(LESION_COUNT, float(number)),
        PORTAL_DISTANCE: lesion.portal_vein_distance_mm,
        BILE_DUCT_DISTANCE: None,
        AT_HILUM: None,
        SURFACE_DISTANCE: lesion.surface_distance_mm,
        LARGE_VESSEL_DISTANCE: _nearest(
            lesion.portal_vein_distance_mm, lesion.hepatic_veins_distance_mm
        ),
        WHIPPLE: known.get(WHIPPLE),
    }


def _diameter(lesion: Lesion) -> Quantity:
    if lesion.volume_ml.bound is None:
        return Quantity(lesion.feret_3d_mm)
    return Quantity(
        lesion.feret_3d_mm, bound=Bound.LOWER, reasons=reasons_of("the scan cuts the lesion")
    )


def _nearest(*distances: Quantity) -> Quantity:
    """Return the smaller distance; only an upper bound where one of them is unknown or bounded."""
    found = [distance.value for distance in distances if distance.value is not None]
    loose = (d.reason for d in distances if d.value is None or d.bound is not None)
    reason = "; ".join(dict.fromkeys(word for word in loose if word))
    if not found:
        return Quantity.absent(reason)
    return Quantity(
        min(found), bound=Bound.UPPER if reason else None, reasons=reasons_of(reason or None)
    )


def _refusals(lesion: Lesion, known: Known, choice: PlanChoice) -> Iterator[str]:
    limit, near = choice.ablation_limit_mm, choice.central_distance_mm
    if lesion.feret_3d_mm > limit:
        size = millimetres(lesion.feret_3d_mm, beside=limit)
        yield f"diameter {size}, above the chosen limit of {limit:g} mm"
    distance = lesion.portal_vein_distance_mm.value
    if distance is not None and distance < near:
        yield (
            f"{millimetres(distance, beside=near)} from the labelled portal vein, nearer than the "
            f"chosen {near:g} mm"
        )
    if known.get(WHIPPLE) is True:
        yield "earlier pancreatoduodenectomy"


def _cautions(lesion: Lesion, facts: Known) -> Iterator[str]:
    yield from _size_cautions(lesion)
    portal = lesion.portal_vein_distance_mm
    if portal.value is not None and portal.value < CENTRAL_DISTANCE_MM:
        yield "less than 1 cm from the labelled portal vein"
    elif portal.value is None or portal.bound is not None:
        yield "distance to the portal vein not known"
    surface = lesion.surface_distance_mm.value
    if surface is not None and surface < SUPERFICIAL_MM:
        yield f"superficial, {millimetres(surface, beside=SUPERFICIAL_MM)} from the surface"
    vessel = facts[LARGE_VESSEL_DISTANCE]
    if isinstance(vessel, Quantity) and vessel.value is not None and vessel.value < HEAT_SINK_MM:
        yield "heat sink: near a labelled vein"
    if lesion.confirmation is Confirmation.AUTOMATIC:
        yield "not confirmed by a reader"


def _size_cautions(lesion: Lesion) -> Iterator[str]:
    size_mm, poor_mm = lesion.feret_3d_mm, REVIEW_DIAMETERS_MM[0]
    if size_mm >= MACHAIRAS_DIAMETER_MM:
        yield "5 cm or more: Machairas 2021 lists overlapping stereotactic zones only"
    elif size_mm > poor_mm:
        yield "over 3 and below 5 cm: the sources' size limits disagree"
    if lesion.volume_ml.bound is not None:
        yield "the scan cuts it, so it is larger than measured"


def _wedge_refusals(lesion: Lesion, choice: PlanChoice) -> Iterator[str]:
    limit, deepest = choice.wedge_limit_mm, choice.wedge_depth_mm
    if limit is not None and lesion.feret_3d_mm > limit:
        size = millimetres(lesion.feret_3d_mm, beside=limit)
        yield f"diameter {size}, above the chosen limit of {limit:g} mm"
    surface = lesion.surface_distance_mm
    depth = surface.value if surface.bound is None else None
    if deepest is not None and depth is not None and depth > deepest:
        near_side = millimetres(depth, beside=deepest)
        yield f"near side {near_side} deep, deeper than the chosen {deepest:g} mm"


def millimetres(value_mm: float, *, beside: float | None = None) -> str:
    """Write a length with one decimal, or as many as keep its side of ``beside``."""
    texts = [f"{value_mm:.{decimals}f}" for decimals in DECIMALS]
    if beside is None:
        return f"{texts[0]} mm"
    side = _side(value_mm, beside)
    return f"{next((t for t in texts if _side(float(t), beside) == side), texts[-1])} mm"


def _side(value: float, beside: float) -> int:
    return (value > beside) - (value < beside)
