"""A planning report to plain JSON values, in a fixed order of keys."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from remnant.core.clinical import ClinicalFacts
from remnant.core.criteria import CriteriaResult, LesionAblation, Pathway
from remnant.core.debulking import (
    DebulkingPlan,
    Recipe,
    Relaxation,
    StagedPlan,
    TargetOutcome,
    VirtualResection,
)
from remnant.core.plan import Frilling, Netlm, Resection, Stability
from remnant.core.planning_report import PlanningReport
from remnant.documents.encode import encode_findings, encode_quantities, encode_quantity

Json = dict[str, Any]

REMNANT_QUANTITIES = (
    "flr_ml",
    "flr_measured_fraction",
    "sflr",
    "flr_body_weight_percent",
    "flr_ml_per_m2",
)
RESULT_QUANTITIES = ("debulked_fraction", "removed_ml", "ablated_ml", "residual_tumour_ml")
STAGED_QUANTITIES = ("flr_before_ml", "flr_after_ml", "sflr_after", "weeks_to_threshold")


def encode_clinical(facts: ClinicalFacts) -> Json:
    """Return every clinical fact by its name; what was not said is null."""
    return {field.name: getattr(facts, field.name) for field in fields(ClinicalFacts)}


def encode_planning(planning: PlanningReport) -> Json:
    """Return all that planning says; what an earlier version did not know is null or empty."""
    return {
        "frilling": encode_class(planning.frilling),
        "resections": [encode_resection(resection) for resection in planning.resections],
        "findings": encode_findings(planning.findings),
        "plans": [encode_plan(plan) for plan in planning.plans],
        "plans_reason": planning.plans_reason,
        "targets": [encode_target(target) for target in planning.targets],
        "staged": [encode_staged(staged) for staged in planning.staged],
        "netlm": None if planning.netlm is None else encode_class(planning.netlm),
        "stability": None if planning.stability is None else encode_stability(planning.stability),
        "resectability": encode_criteria(planning.resectability),
        "ablation": [encode_ablation(lesion) for lesion in planning.ablation],
        "staging": encode_criteria(planning.staging),
        "transplant": encode_criteria(planning.transplant),
        "pathways": [encode_pathway(pathway) for pathway in planning.pathways],
    }


def encode_class(found: Frilling | Netlm) -> Json:
    """Return a class of the distribution, null where there is no lesion, and why."""
    return {"type": None if found.type is None else found.type.value, "reason": found.reason}


def encode_resection(resection: Resection) -> Json:
    """Return one resection with the ratios of its remnant on the same level."""
    return {
        "name": resection.name,
        "title": resection.title,
        "segments": [segment.name for segment in resection.segments],
        "named": resection.named,
        "new_world": resection.new_world,
        **encode_quantities(resection.remnant, REMNANT_QUANTITIES),
        **encode_quantity("debulked_fraction", resection.debulked_fraction),
        "sflr_by_formula": dict(resection.sflr_by_formula),
        "findings": encode_findings(resection.findings),
    }


def encode_plan(plan: DebulkingPlan) -> Json:
    """Return one plan with its recipe, and with what it gives on the same level."""
    return {
        "id": plan.id,
        "title": plan.title,
        "headline": plan.headline,
        "origin": plan.origin.value,
        "targets": list(plan.targets),
        "recipe": encode_recipe(plan.recipe),
        "named": plan.named,
        "new_world": plan.new_world,
        **encode_result(plan.result),
        "feasible": plan.feasible.value,
        "proven": plan.proven,
        "gap_ml": plan.gap_ml,
        "on_front": plan.on_front,
        "flips": list(plan.flips),
        "findings": encode_findings(plan.findings),
    }


def encode_recipe(recipe: Recipe) -> Json:
    """Return what is done: segments by Roman numerals, lesions by their ids."""
    return {
        "segments": [segment.name for segment in recipe.segments],
        "wedges": list(recipe.wedges),
        "ablations": list(recipe.ablations),
    }


def encode_result(result: VirtualResection) -> Json:
    """Return what a recipe takes and leaves."""
    return {
        "fates": {str(lesion): fate.value for lesion, fate in sorted(result.fates.items())},
        **encode_quantities(result.remnant, REMNANT_QUANTITIES),
        **encode_quantities(result, RESULT_QUANTITIES),
        "margin_ml": result.margin_ml,
        "ablation_zones": result.ablation_zones,
        "interventions": result.interventions,
    }


def encode_target(target: TargetOutcome) -> Json:
    """Return whether a target can be reached, with its bounds and relaxations."""
    return {
        "target": target.target,
        "verdict": target.verdict.value,
        "plans": list(target.plans),
        "text": target.text,
        "most_debulked_fraction": target.most_debulked_fraction,
        "largest_flr_ml": target.largest_flr_ml,
        "least_flr_ml": target.least_flr_ml,
        "proven": target.proven,
        "relaxations": [_relaxation(relaxation) for relaxation in target.relaxations],
    }


def _relaxation(relaxation: Relaxation) -> Json:
    return {
        "kind": relaxation.kind,
        "text": relaxation.text,
        "amount": relaxation.amount,
        "flr_ml": relaxation.flr_ml,
    }


def encode_staged(staged: StagedPlan) -> Json:
    """Return one plan in two stages beside the same in one."""
    return {
        "plan": staged.plan,
        "strategy": staged.strategy,
        "first_stage": encode_recipe(staged.first_stage),
        "second_stage": encode_recipe(staged.second_stage),
        "preset": staged.preset,
        **encode_quantities(staged, STAGED_QUANTITIES),
        "probability": staged.probability,
        "tumour_growth_fraction": staged.tumour_growth_fraction,
        "text": staged.text,
        "findings": encode_findings(staged.findings),
    }


def encode_stability(stability: Stability) -> Json:
    """Return how often a perturbed case gets the same Frilling type."""
    return {
        "perturbations": stability.perturbations,
        "same_share": stability.same_share,
        "type_shares": {kind.value: share for kind, share in sorted(stability.type_shares.items())},
        "by_cause": dict(sorted(stability.by_cause.items())),
        "reason": stability.reason,
    }


def encode_criteria(results: Iterable[CriteriaResult]) -> list[Json]:
    """Return lists of conditions, each with what they say together and what is missing."""
    return [
        {
            "id": result.id,
            "title": result.title,
            "source": result.source,
            "verdict": result.verdict.value,
            "text": result.text,
            "missing": list(result.missing),
            "findings": encode_findings(result.findings),
        }
        for result in results
    ]


def encode_ablation(lesion: LesionAblation) -> Json:
    """Return what each source says about ablating one lesion."""
    return {
        "lesion": lesion.lesion,
        "allowed": lesion.allowed,
        "reason": lesion.reason,
        "findings": encode_findings(lesion.findings),
    }


def encode_pathway(pathway: Pathway) -> Json:
    """Return one row of a pathway with the options that its source lists."""
    return {
        "id": pathway.id,
        "title": pathway.title,
        "branch": pathway.branch,
        "verdict": pathway.verdict.value,
        "text": pathway.text,
        "source": pathway.source,
        "options": [
            {
                "name": option.name,
                "verdict": option.verdict.value,
                "text": option.text,
                "source": option.source,
            }
            for option in pathway.options
        ],
    }
