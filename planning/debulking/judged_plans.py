"""From points of the optimiser and recipes of the user to plans with verdicts and sources."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor

import numpy as np

from planning.ablation import ablation_size_uncertain, combined_ablation_finding
from planning.debulking.finding_ids import (
    ABLATION_SIZE_ID,
    LIMITS_ID,
    TARGET_PREFIX,
    UNCONFIRMED_ID,
)
from planning.facts.decompensation import compensation
from planning.hepatectomies.debulked_share import debulking_findings
from planning.hepatectomies.named_sets import candidate_for
from planning.hepatectomies.single_operation import CONDITIONS
from planning.hepatectomies.stranded import Segments, stranded_segments, vessels_finding
from planning.optimiser.broken_limits import Fault
from planning.optimiser.feasibility import count, normalised
from planning.optimiser.front import Point
from planning.optimiser.problem import Problem, held_segments
from planning.remnant.contiguity import contiguity_finding
from planning.remnant.further_minima import further_remnant_findings
from planning.remnant.minima import PREFIX, is_decompensated, remnant_findings
from planning.rules.remnant import DEBULKING_RULES, PROJECT_SOURCE
from planning.vessel_cuts import computed_reasons, vessel_cuts, with_computed
from remnant.core.clinical import ClinicalFacts
from remnant.core.debulking import TREATED, DebulkingPlan, Fate, PlanOrigin, VirtualResection
from remnant.core.findings import (
    BEST_FIRST,
    MEASUREMENT_DECIMALS,
    Basis,
    Finding,
    SourceStatus,
    Threshold,
    Verdict,
    judged,
)
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.recipe import Recipe
from remnant.core.volumetry_report import VolumetryReport
from volumetry.virtual_resection.plan_draws import PlanSpread
from volumetry.virtual_resection.resection import virtual_resection

FURTHER_PREFIX = "flr.further."
CUT_ID = "debulking.cut_lesions"
RANK_DECIMALS = 2
"""Probabilities of enough liver that differ by less than a draw in a hundred rank alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCase:
    """What every plan of one case is judged with."""

    report: VolumetryReport
    patient: Patient
    facts: ClinicalFacts
    choice: PlanChoice
    problem: Problem
    drawn: PlanSpread


def ranked_plans(points: Sequence[Point], case: PlanCase) -> tuple[DebulkingPlan, ...]:
    """Judge and rank plans.

    Returns
    -------
    tuple
        Those that the chosen rule set accepts first, those of which nobody assessed the vessels
        after all others with the same verdict; then the highest target reached, the probability of
        enough liver, more liver, and fewer interventions. The user's own plans come last. Ids
        follow this order.
    """
    recipes = (normalised(case.problem, recipe) for recipe in case.choice.recipes)
    own = (_judged(recipe, case, None) for recipe in dict.fromkeys(recipes))
    found = sorted(
        (_judged(point.recipe, case, point) for point in points),
        key=lambda plan: _rank(plan, case.choice),
    )
    return tuple(_numbered(plan, number) for number, plan in enumerate((*found, *own), start=1))


def own_plan(recipe: Recipe, case: PlanCase) -> DebulkingPlan:
    """Judge one recipe of the user's own; its plan has no id.

    Raises
    ------
    InputError
        The recipe names a lesion that does not count.
    """
    return _judged(normalised(case.problem, recipe), case, None)


def share_short(recipe: Recipe, target: float, case: PlanCase) -> float:
    """Return the share of the tumour by which a recipe misses being sure of a target.

    0.0 where at least the asked share of the draws reaches it, or there are no draws.
    """
    share = _carried_out(recipe, case).debulked_fraction
    interval = share.interval
    if interval is None or not interval.quantiles:
        return 0.0
    steps = len(interval.quantiles) - 1
    place = floor((1.0 - case.choice.certainty) * steps)
    return max(0.0, target - interval.quantiles[place])


def _rank(plan: DebulkingPlan, choice: PlanChoice) -> tuple[int, bool, float, float, float, int]:
    enough = [f.probability or 0.0 for f in plan.findings if f.id == PREFIX + plan.rule_set]
    share = plan.result.debulked_fraction.value or 0.0
    reached = (t for t in choice.targets if round(share, MEASUREMENT_DECIMALS) >= t)
    return (
        BEST_FIRST.index(plan.feasible),
        not plan.decides,
        -max(reached, default=0.0),
        -round(sum(enough), RANK_DECIMALS),
        -(plan.result.remnant.flr_ml.value or 0.0),
        plan.result.interventions,
    )


def _judged(recipe: Recipe, case: PlanCase, point: Point | None) -> DebulkingPlan:
    removed = frozenset(recipe.segments)
    stranded = stranded_segments(removed, held=held_segments(case.problem.atoms))
    intact = removed in case.choice.vessels_intact
    result = _carried_out(recipe, case, stranded=frozenset() if intact else stranded)
    targets = case.choice.targets if point is None else point.targets
    findings = (*_findings(recipe, result, case), *_on_targets(targets, result, case.choice))
    estimated = case.report.segments_need_review
    grounds = (Reason(Cause.SEGMENTS_ESTIMATED),) if estimated else ()
    voxel_ml = case.problem.atoms.voxel_ml
    cuts = vessel_cuts(removed, _kept(case.problem, recipe), case.report)
    computed = computed_reasons(removed, cuts, stated=intact or case.facts.remnant_vessels)
    return DebulkingPlan(
        id="",
        origin=PlanOrigin.USER if point is None else PlanOrigin.OPTIMISER,
        targets=() if point is None else point.targets,
        recipe=recipe,
        result=result,
        extended=_extended(case.problem, recipe),
        named=not stranded,
        new_world=_new_world(recipe),
        vessels_intact=intact,
        rule_set=case.choice.rule_set,
        feasible=_feasible(findings, case, assessed=intact or not stranded),
        proven=None if point is None else point.proven,
        gap_ml=None if point is None else (point.most_flr - point.counted.flr) * voxel_ml,
        on_front=point is not None and point.on_front,
        flips=tuple(finding.id for finding in findings if _flips(finding)),
        findings=tuple(
            replace(f, reasons=joined(f.reasons, grounds))
            for f in with_computed(findings, computed)
        ),
        reasons=(*compensation(case.facts, case.patient).against_minima, *grounds),
        vessel_cuts=cuts,
    )


def _carried_out(
    recipe: Recipe, case: PlanCase, *, stranded: Segments = frozenset()
) -> VirtualResection:
    return virtual_resection(
        case.report,
        patient=case.patient,
        atoms=case.problem.atoms,
        recipe=recipe,
        drawn=case.drawn,
        stranded=stranded,
    )


def _numbered(plan: DebulkingPlan, number: int) -> DebulkingPlan:
    return replace(plan, id=f"plan_{number}")


def _new_world(recipe: Recipe) -> str:
    return candidate_for(frozenset(recipe.segments)).new_world if recipe.segments else ""


def _extended(problem: Problem, recipe: Recipe) -> int:
    """Count wedges around lesions that lie partly in removed segments."""
    removed = np.zeros(problem.core.shape[1], dtype=bool)
    removed[[int(s) for s in recipe.segments]] = True
    wedge = np.isin(problem.atoms.lesion_ids, recipe.wedges)
    return int((wedge & problem.involves(removed)).sum())


def _flips(finding: Finding) -> bool:
    """Tell whether a verdict changes inside its interval; further minima decide nothing."""
    return finding.verdict is Verdict.UNCERTAIN and not finding.id.startswith(FURTHER_PREFIX)


def _findings(recipe: Recipe, result: VirtualResection, case: PlanCase) -> Iterator[Finding]:
    report, patient = case.report, case.patient
    on_remnant = remnant_findings(
        result.remnant,
        patient=patient,
        standardised=report.standardised,
        chemotherapy_weeks=case.facts.chemotherapy_weeks,
        certainty=case.choice.certainty,
        compensation=compensation(case.facts, patient),
    )
    yield from on_remnant
    yield contiguity_finding(_kept(case.problem, recipe))
    if not any(map(is_decompensated, on_remnant)):
        yield from further_remnant_findings(
            result.remnant,
            patient=patient,
            standardised=report.standardised,
            certainty=case.choice.certainty,
        )
    yield from debulking_findings(result.debulked_fraction, certainty=case.choice.certainty)
    chosen = next((f for f in on_remnant if f.id == PREFIX + case.choice.rule_set), None)
    combined = combined_ablation_finding(recipe, chosen)
    if combined is not None:
        yield combined
    yield from _cautions(recipe, result, case)


def _on_targets(
    targets: Sequence[float], result: VirtualResection, choice: PlanChoice
) -> Iterator[Finding]:
    """Hold the share against targets of the user's own, which no rule has."""
    known = {rule.threshold.value for rule in DEBULKING_RULES}
    share = result.debulked_fraction
    for target in (t for t in targets if t not in known):
        threshold = Threshold(
            value=target,
            basis=Basis.TUMOUR_VOLUME,
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
        )
        yield Finding(
            id=f"{TARGET_PREFIX}{100 * target:g}",
            verdict=threshold.judge(share, certainty=choice.certainty),
            quantity=judged(share),
            threshold=threshold,
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
            probability=threshold.probability(share),
        )


def _cautions(recipe: Recipe, result: VirtualResection, case: PlanCase) -> Iterator[Finding]:
    vessels = vessels_finding(
        frozenset(recipe.segments), held=held_segments(case.problem.atoms), choice=case.choice
    )
    if vessels is not None:
        yield vessels
    faults = count(case.problem, recipe).faults
    if faults:
        yield _project(LIMITS_ID, Verdict.NOT_MET, reasons=map(_broken, faults))
    cut = [lesion for lesion, fate in result.fates.items() if fate is Fate.CUT]
    if cut:
        across = reason(Cause.LESIONS_ACROSS, *map(str, cut))
        yield _project(CUT_ID, Verdict.NOT_MET, number=len(cut), reasons=(across,))
    yield from _uncertain_sizes(result, case)
    unconfirmed = tuple(_unconfirmed(result, case.report))
    if unconfirmed:
        yield _project(UNCONFIRMED_ID, Verdict.NOT_MET, number=len(unconfirmed))


def _broken(fault: Fault) -> Reason:
    amounts = (n for n in (fault.got, fault.allowed) if n is not None)
    return reason(Cause.LIMIT_BROKEN, fault.kind.value, *amounts)


def _uncertain_sizes(result: VirtualResection, case: PlanCase) -> Iterator[Finding]:
    """Yield one finding on the ablated lesions whose size may be above the chosen limit."""
    ablated = [one for one in case.report.lesions if result.fates.get(one.id) is Fate.ABLATED]
    unsure = [one for one in ablated if ablation_size_uncertain(one, case.choice)]
    if unsure:
        names = (str(lesion.id) for lesion in unsure)
        larger = reason(Cause.LARGER_IN_3D, *names, case.choice.ablation_limit_mm)
        yield _project(ABLATION_SIZE_ID, Verdict.UNCERTAIN, number=len(unsure), reasons=(larger,))


def _unconfirmed(result: VirtualResection, report: VolumetryReport) -> Iterator[int]:
    for lesion in report.lesions:
        treated = result.fates.get(lesion.id) in TREATED
        if treated and lesion.confirmation.is_open:
            yield lesion.id


def _project(
    identifier: str,
    verdict: Verdict,
    *,
    number: int | None = None,
    reasons: Iterable[Reason] = (),
) -> Finding:
    return Finding(
        id=identifier,
        verdict=verdict,
        quantity=None if number is None else Quantity(float(number)),
        reasons=tuple(reasons),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


def _kept(problem: Problem, recipe: Recipe) -> frozenset[CouinaudSegment]:
    """Segments that stay and hold functional liver."""
    return held_segments(problem.atoms) - frozenset(recipe.segments)


def _feasible(findings: Iterable[Finding], case: PlanCase, *, assessed: bool) -> Verdict:
    """Whether the chosen rule set accepts what would remain and the limits hold."""
    found = {f.id: f.verdict for f in findings}
    if LIMITS_ID in found:
        return Verdict.NOT_MET
    verdict = accepted(case.choice.rule_set, found)
    return verdict if assessed or verdict is Verdict.NOT_MET else Verdict.UNKNOWN


def accepted(rule_set: str, found: Mapping[str, Verdict]) -> Verdict:
    """Return a rule set's verdict on a remnant with its further condition."""
    identifier = PREFIX + rule_set
    condition = CONDITIONS.get(identifier)
    if condition is not None and found.get(condition) is Verdict.NOT_MET:
        return Verdict.NOT_MET
    return found[identifier]
