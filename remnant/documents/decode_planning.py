"""Plain JSON values, already checked against the schema, to a planning report."""

from collections.abc import Iterable, Mapping
from typing import Any

from remnant.core.clinical import (
    NOTHING_SAID,
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.criteria import CriteriaResult, LesionAblation, Pathway, TreatmentOption
from remnant.core.debulking import (
    DebulkingPlan,
    Fate,
    PlanOrigin,
    Recipe,
    Relaxation,
    StagedPlan,
    TargetOutcome,
    VirtualResection,
)
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import (
    Frilling,
    FrillingType,
    Netlm,
    NetlmType,
    Remnant,
    Resection,
    Stability,
)
from remnant.core.planning_report import PlanningReport
from remnant.core.reasons import reasons_of
from remnant.documents.decode import decode_findings, decode_quantities, decode_quantity
from remnant.documents.encode_planning import (
    REMNANT_QUANTITIES,
    RESULT_QUANTITIES,
    STAGED_QUANTITIES,
)

Json = Mapping[str, Any]

CLINICAL_WORDS = {
    "differentiation": Differentiation,
    "grade": Grade,
    "primary_site": PrimarySite,
    "primary_status": PrimaryStatus,
    "extrahepatic_disease": ExtrahepaticDisease,
}
"""Facts that are one of a few words, with their types."""


def decode_clinical(clinical: Json | None) -> ClinicalFacts:
    """Return the clinical facts; before 1.3 none were stored.

    Raises
    ------
    ImplausibleValueError
        A number is outside its range.
    """
    if clinical is None:
        return NOTHING_SAID
    said = {name: value for name, value in clinical.items() if value is not None}
    words = {name: kind(said[name]) for name, kind in CLINICAL_WORDS.items() if name in said}
    return ClinicalFacts(**{**said, **words})


def decode_planning(planning: Json) -> PlanningReport:
    """Return what planning said; before 1.3 there were no plans and no lists of conditions."""
    netlm, stability = planning.get("netlm"), planning.get("stability")
    return PlanningReport(
        frilling=_frilling(planning["frilling"]),
        resections=tuple(decode_resection(resection) for resection in planning["resections"]),
        findings=decode_findings(planning["findings"]),
        plans=tuple(decode_plan(plan) for plan in planning.get("plans", ())),
        plans_reason=planning.get("plans_reason"),
        targets=tuple(decode_target(target) for target in planning.get("targets", ())),
        staged=tuple(decode_staged(staged) for staged in planning.get("staged", ())),
        netlm=None if netlm is None else _netlm(netlm),
        stability=None if stability is None else decode_stability(stability),
        resectability=decode_criteria(planning.get("resectability", ())),
        ablation=tuple(decode_ablation(lesion) for lesion in planning.get("ablation", ())),
        staging=decode_criteria(planning.get("staging", ())),
        transplant=decode_criteria(planning.get("transplant", ())),
        pathways=tuple(decode_pathway(pathway) for pathway in planning.get("pathways", ())),
    )


def _frilling(found: Json) -> Frilling:
    kind = found["type"]
    return Frilling(
        type=None if kind is None else FrillingType(kind), reasons=reasons_of(found["reason"])
    )


def _netlm(found: Json) -> Netlm:
    kind = found["type"]
    return Netlm(
        type=None if kind is None else NetlmType(kind), reasons=reasons_of(found["reason"])
    )


def decode_resection(resection: Json) -> Resection:
    """Return one resection and its remnant."""
    return Resection(
        name=resection["name"],
        title=resection["title"],
        segments=_segments(resection),
        named=resection["named"],
        new_world=resection["new_world"],
        remnant=_remnant(resection),
        debulked_fraction=decode_quantity("debulked_fraction", resection),
        findings=decode_findings(resection["findings"]),
        sflr_by_formula=dict(resection["sflr_by_formula"]),
    )


def _segments(owner: Json) -> tuple[CouinaudSegment, ...]:
    return tuple(CouinaudSegment[name] for name in owner["segments"])


def _remnant(owner: Json) -> Remnant:
    return Remnant(**decode_quantities(owner, REMNANT_QUANTITIES))


def decode_plan(plan: Json) -> DebulkingPlan:
    """Return one plan and what it gives."""
    return DebulkingPlan(
        id=plan["id"],
        title=plan["title"],
        headline=plan["headline"],
        origin=PlanOrigin(plan["origin"]),
        targets=tuple(plan["targets"]),
        recipe=decode_recipe(plan["recipe"]),
        result=decode_result(plan),
        named=plan["named"],
        new_world=plan["new_world"],
        feasible=Verdict(plan["feasible"]),
        proven=plan["proven"],
        gap_ml=plan["gap_ml"],
        on_front=plan["on_front"],
        flips=tuple(plan["flips"]),
        findings=decode_findings(plan["findings"]),
    )


def decode_recipe(recipe: Json) -> Recipe:
    """Return what is done."""
    return Recipe(
        segments=_segments(recipe),
        wedges=tuple(recipe["wedges"]),
        ablations=tuple(recipe["ablations"]),
    )


def decode_result(plan: Json) -> VirtualResection:
    """Return what a plan's recipe takes and leaves."""
    return VirtualResection(
        fates={int(lesion): Fate(fate) for lesion, fate in plan["fates"].items()},
        remnant=_remnant(plan),
        **decode_quantities(plan, RESULT_QUANTITIES),
        margin_ml=plan["margin_ml"],
        ablation_zones=plan["ablation_zones"],
        interventions=plan["interventions"],
    )


def decode_target(target: Json) -> TargetOutcome:
    """Return whether a target can be reached."""
    return TargetOutcome(
        target=target["target"],
        verdict=Verdict(target["verdict"]),
        plans=tuple(target["plans"]),
        text=target["text"],
        most_debulked_fraction=target["most_debulked_fraction"],
        largest_flr_ml=target["largest_flr_ml"],
        least_flr_ml=target["least_flr_ml"],
        proven=target["proven"],
        relaxations=tuple(Relaxation(**relaxation) for relaxation in target["relaxations"]),
    )


def decode_staged(staged: Json) -> StagedPlan:
    """Return one plan in two stages."""
    return StagedPlan(
        plan=staged["plan"],
        strategy=staged["strategy"],
        first_stage=decode_recipe(staged["first_stage"]),
        second_stage=decode_recipe(staged["second_stage"]),
        preset=staged["preset"],
        **decode_quantities(staged, STAGED_QUANTITIES),
        probability=staged["probability"],
        tumour_growth_fraction=staged["tumour_growth_fraction"],
        text=staged["text"],
        findings=decode_findings(staged["findings"]),
    )


def decode_stability(stability: Json) -> Stability:
    """Return how often a perturbed case gets the same Frilling type."""
    return Stability(
        perturbations=stability["perturbations"],
        same_share=stability["same_share"],
        type_shares={FrillingType(kind): n for kind, n in stability["type_shares"].items()},
        by_cause=dict(stability["by_cause"]),
        reasons=reasons_of(stability["reason"]),
    )


def decode_criteria(results: Iterable[Json]) -> tuple[CriteriaResult, ...]:
    """Return lists of conditions with what they say together."""
    return tuple(
        CriteriaResult(
            id=result["id"],
            title=result["title"],
            source=result["source"],
            verdict=Verdict(result["verdict"]),
            findings=decode_findings(result["findings"]),
            missing=tuple(result["missing"]),
        )
        for result in results
    )


def decode_ablation(lesion: Json) -> LesionAblation:
    """Return what each source says about ablating one lesion."""
    return LesionAblation(
        lesion=lesion["lesion"],
        allowed=lesion["allowed"],
        reasons=reasons_of(lesion["reason"]),
        findings=decode_findings(lesion["findings"]),
    )


def decode_pathway(pathway: Json) -> Pathway:
    """Return one row of a pathway with its options."""
    return Pathway(
        id=pathway["id"],
        title=pathway["title"],
        branch=pathway["branch"],
        verdict=Verdict(pathway["verdict"]),
        source=pathway["source"],
        options=tuple(
            TreatmentOption(
                id=option["name"],
                name=option["name"],
                verdict=Verdict(option["verdict"]),
                source=option["source"],
            )
            for option in pathway["options"]
        ),
    )
