"""One recipe of the page, answered: figures, verdicts, and what has to be known beside them."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from planning.debulking.plan_search import why_no_plans
from planning.hepatectomies.stranded import stranded_segments
from planning.literature import load_literature
from planning.one_recipe import WarmCase, judge_recipe
from planning.remnant.minima import PREFIX
from remnant.core.debulking import DebulkingPlan
from remnant.core.findings import Finding, Verdict
from remnant.core.quantity import Quantity
from remnant.core.recipe import Recipe
from remnant.core.volumetry_report import VolumetryReport
from remnant.view.certainty import PlanOutcome
from remnant.view.parts import mark
from remnant.view.plan_view import flags
from remnant.view.subject import rule_title, rules_of
from remnant.web.figures import percents, volume, written
from remnant.web.open_cases import OpenCase, named_errors, warm_for
from remnant.web.refusals import refused
from remnant.web.requests import (
    ASKED,
    Asked,
    Json,
    asked_of,
    recipe_document,
    recipe_of,
    require_fields,
)
from remnant.wording.findings import text_of
from remnant.wording.plans import plan_headline, plan_title
from remnant.wording.reasons import listed
from remnant.wording.vessel_cuts import vessel_cuts_line
from remnant.wording.words import demand

KEY_DIGITS: Final = 24
MOST_REMEMBERED: Final = 20


def warm_of(case: OpenCase) -> WarmCase:
    """Return what recipes of a case share.

    Raises
    ------
    RefusedError
        The case has no segments or no maps, so that no recipe can be judged.
    """
    if case.warm is None:
        maps = None if case.maps is None else case.maps.liver
        why = listed(why_no_plans(case.report.volumetry, maps))
        raise refused(
            422, f"no operation can be judged on this case: {why or 'it has no maps'}",
            "give its segments by `remnant run`",
        )  # fmt: skip
    return case.warm


def answer(case: OpenCase, given: Mapping[str, Any]) -> Json:
    """Judge the recipe of a request.

    Raises
    ------
    RefusedError
        Something in the request is not known or out of range; the case has no segments.
    """
    require_fields(given, "recipe", "revision", *ASKED)
    recipe, warm = recipe_of(given.get("recipe")), warm_of(case)
    with case.attention.asked():
        with named_errors(case.folder):
            asked = asked_of(case, warm, given)
            plan = judge_recipe(warm, asked.case, recipe)
        warm_for(case, warm, asked.case.choice)
        key = drawn_later(case, plan.recipe, given)
        return {"revision": case.revision, "plan_map": key, **plan_document(plan, asked)}


def drawn_later(case: OpenCase, recipe: Recipe, given: Mapping[str, Any]) -> str:
    """Remember a recipe, of the last few, so that it may be drawn; return its key."""
    document = {
        "recipe": recipe_document(recipe),
        "asked": {name: given[name] for name in ASKED if name in given},
    }
    words = json.dumps(document, sort_keys=True)
    key = hashlib.sha256(words.encode()).hexdigest()[:KEY_DIGITS]
    with case.noting:
        case.recipes.pop(key, None)
        case.recipes[key] = document
        while len(case.recipes) > MOST_REMEMBERED:
            case.recipes.pop(next(iter(case.recipes)))
    return key


def plan_document(plan: DebulkingPlan, asked: Asked) -> Json:
    """Return a judged plan as the page shows it."""
    return {
        "recipe": recipe_document(plan.recipe),
        "title": plan_title(plan),
        "headline": plan_headline(plan),
        "feasible": plan.feasible.value,
        "sign": mark(plan.feasible).sign,
        "figures": figures_of(plan),
        "interventions": plan.result.interventions,
        "ablation_zones": plan.result.ablation_zones,
        "fates": {str(n): fate.value for n, fate in plan.result.fates.items()},
        "cut_off": _cut_off(plan, asked.case.report),
        "vessels": vessel_cuts_line(plan.vessel_cuts, plan.recipe.segments),
        "verdicts": _verdicts(plan),
        "warnings": list(_warnings(plan, asked.case.report)),
    }


def figures_of(plan: DebulkingPlan) -> Json:
    """Return what a plan takes and leaves."""
    result, remnant = plan.result, plan.result.remnant
    return {
        "flr": volume(remnant.flr_ml),
        "sflr": percents(remnant.sflr),
        "flr_measured": percents(remnant.flr_measured_fraction),
        "flr_body_weight": written(remnant.flr_body_weight_percent, "% of body weight"),
        "flr_body_surface": written(remnant.flr_ml_per_m2, "mL/m²"),
        "debulked": percents(result.debulked_fraction),
        "removed": volume(result.removed_ml),
        "ablated": volume(result.ablated_ml),
        "residual": volume(result.residual_tumour_ml),
        "margin": volume(Quantity(result.margin_ml)),
    }


def _cut_off(plan: DebulkingPlan, report: VolumetryReport) -> Json:
    """Return kept segments that lose their pedicle, every vein or all neighbours."""
    held = frozenset(s for s, v in (report.segments or {}).items() if v.functional_ml > 0)
    lost = sorted(stranded_segments(frozenset(plan.recipe.segments), held=held))
    found = [f for f in plan.findings if f.id == "vascular_feasibility"]
    return {
        "segments": [segment.name for segment in lost],
        "words": " ".join(map(text_of, found)),
    }


def _verdicts(plan: DebulkingPlan) -> list[Json]:
    numbers = {judged.finding.id: judged.number for judged in rules_of(PlanOutcome.of(plan))}
    return [_verdict(one, numbers[one.id], plan.rule_set) for one in plan.findings]


def _verdict(finding: Finding, number: str, chosen: str) -> Json:
    shown = mark(finding.verdict)
    source = load_literature().get(finding.source) if finding.source else None
    return {
        "id": finding.id,
        "title": rule_title(finding),
        "verdict": finding.verdict.value,
        "sign": shown.sign,
        "mark": shown.words,
        "words": text_of(finding),
        "demand": demand(finding),
        "number": number,
        "probability": finding.probability,
        "reason": listed(finding.reasons),
        "source": "" if source is None else source.short,
        "chosen": finding.id == PREFIX + chosen,
    }


def _warnings(plan: DebulkingPlan, report: VolumetryReport) -> Iterator[str]:
    yield from (flag for flag in flags(plan, report.lesions) if flag != "your own recipe")
    rules = {f.id for f in plan.findings if f.limit is not None}
    for finding in plan.findings:
        if finding.id not in rules and finding.verdict is Verdict.NOT_MET:
            yield text_of(finding)
