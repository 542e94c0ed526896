"""From points of the optimiser and recipes of the user to plans with verdicts and sources."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planning import wording
from planning.ablation import combined_ablation_finding
from planning.candidates import candidate_for
from planning.contiguity import contiguity_finding
from planning.debulking import debulking_findings
from planning.flr import PREFIX, remnant_findings
from planning.flr_further import further_remnant_findings
from planning.optimiser.feasibility import count, normalised
from planning.optimiser.front import Point
from planning.optimiser.problem import Problem, is_named
from planning.reach import CONDITIONS
from planning.rules.remnant import DEBULKING_RULES, PROJECT_SOURCE
from remnant.core.clinical import ClinicalFacts
from remnant.core.debulking import DebulkingPlan, Fate, PlanOrigin, Recipe, VirtualResection
from remnant.core.findings import Basis, Finding, SourceStatus, Threshold, Verdict, judged
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.volumetry_report import VolumetryReport
from volumetry.virtual_resection import virtual_resection
from volumetry.virtual_resection_spread import PlanSpread

CERTAIN = 0.95
"""A verdict is certain from this probability on, and flips inside its 90 % interval below it."""
FURTHER_PREFIX = "flr.further."
FLIPS = "Undecided inside its intervals: "
"""How a headline opens where verdicts flip."""
LIMITS_ID = "plan.limits"
RANKED = (Verdict.MET, Verdict.UNKNOWN, Verdict.NO_EVIDENCE, Verdict.NOT_MET)
TREATED = frozenset((Fate.WITH_SEGMENTS, Fate.WEDGE, Fate.ABLATED))


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
        Named hepatectomies before sets of segments without a name; of each those that the chosen
        rule set accepts first, then the best plans for a target, the highest target first, then
        more liver. The user's own plans come last. Ids follow this order.
    """
    recipes = (normalised(case.problem, recipe) for recipe in case.choice.recipes)
    own = (_plan(recipe, case, None) for recipe in dict.fromkeys(recipes))
    found = sorted((_plan(point.recipe, case, point) for point in points), key=_rank)
    return tuple(_numbered(plan, number) for number, plan in enumerate((*found, *own), start=1))


def _rank(plan: DebulkingPlan) -> tuple[bool, int, float, float]:
    return (
        not plan.named,
        RANKED.index(plan.feasible),
        -max(plan.targets, default=0.0),
        -(plan.result.remnant.flr_ml.value or 0.0),
    )


def _plan(recipe: Recipe, case: PlanCase, point: Point | None) -> DebulkingPlan:
    result = virtual_resection(
        case.report,
        patient=case.patient,
        atoms=case.problem.atoms,
        recipe=recipe,
        drawn=case.drawn,
    )
    targets = case.choice.targets if point is None else point.targets
    findings = (*_findings(recipe, result, case), *_on_targets(targets, result))
    flips = tuple(finding.id for finding in findings if _flips(finding))
    voxel_ml = case.problem.atoms.voxel_ml
    return DebulkingPlan(
        id="",
        title=title(recipe, result, extended=_extended(case.problem, recipe)),
        headline=_reviewed(headline(result, findings, flips, case.choice.rule_set), case.report),
        origin=PlanOrigin.USER if point is None else PlanOrigin.OPTIMISER,
        targets=() if point is None else point.targets,
        recipe=recipe,
        result=result,
        named=is_named(recipe.segments),
        new_world=_new_world(recipe),
        feasible=_feasible(findings, case),
        proven=None if point is None else point.proven,
        gap_ml=None if point is None else (point.most_flr - point.counted.flr) * voxel_ml,
        on_front=point is not None and point.on_front,
        flips=flips,
        findings=tuple(wording.to_review(f) for f in findings)
        if case.report.segments_need_review
        else findings,
    )


def _numbered(plan: DebulkingPlan, number: int) -> DebulkingPlan:
    return replace(plan, id=f"plan_{number}")


def _new_world(recipe: Recipe) -> str:
    return candidate_for(frozenset(recipe.segments)).new_world if recipe.segments else ""


def title(recipe: Recipe, result: VirtualResection, *, extended: int = 0) -> str:
    """Name a plan for people, e.g. ``Left lateral sectionectomy, 2 wedges, 1 ablation``.

    ``extended`` of the wedges lie partly in removed segments: there the transection is extended.
    """
    parts, wedges = [], len(recipe.wedges) - extended
    if recipe.segments:
        around = f" extended around {wording.counted(extended, 'lesion')}" if extended else ""
        parts.append(candidate_for(frozenset(recipe.segments)).title + around)
    if wedges:
        parts.append(wording.counted(wedges, "wedge"))
    if recipe.ablations:
        zones = result.ablation_zones
        of = f" in {zones} zones" if zones > len(recipe.ablations) else ""
        parts.append(wording.counted(len(recipe.ablations), "ablation") + of)
    return ", ".join(parts) or "Nothing removed or ablated"


def _extended(problem: Problem, recipe: Recipe) -> int:
    """Count wedges around lesions that lie partly in removed segments."""
    removed = np.zeros(problem.core.shape[1], dtype=bool)
    removed[[int(s) for s in recipe.segments]] = True
    wedge = np.isin(problem.atoms.lesion_ids, recipe.wedges)
    return int((wedge & problem.involves(removed)).sum())


def headline(
    result: VirtualResection, findings: Sequence[Finding], flips: Sequence[str], rule_set: str
) -> str:
    """Say what a plan reaches; before that, what it breaks and which verdicts flip."""
    remnant = result.remnant
    share = remnant.sflr if remnant.sflr.value is not None else remnant.flr_measured_fraction
    basis = "the standardised" if share is remnant.sflr else "the functional"
    left = f"{_ml(remnant.flr_ml)} ({wording.measured(share)} of {basis} volume)"
    reaches = f"Treated: {_treated(result.debulked_fraction)} of the tumour. Would remain: {left}."
    broken = next((f"{f.text} " for f in findings if f.id == LIMITS_ID), "")
    return f"{broken}{_flip_words(findings, flips, rule_set)}{reaches}"


def _reviewed(text: str, report: VolumetryReport) -> str:
    return f"{text} {wording.REVIEW_SENTENCE}" if report.segments_need_review else text


def _treated(debulked: Quantity) -> str:
    """Write the share; what is 100 % of the scanned part cannot be more of the whole."""
    if debulked.indicative and debulked.value is not None:
        return f"about {wording.percent(debulked.value)}"
    return wording.measured(debulked)


def _flip_words(findings: Sequence[Finding], flips: Sequence[str], rule_set: str) -> str:
    """Name what flips: the chosen minimum, each share of tumour, and how many other minima."""
    flipping = [f for f in findings if f.id in flips and f.probability is not None]
    chosen = [f for f in flipping if f.id == PREFIX + rule_set]
    shares = {f.limit: f for f in flipping if f.basis is Basis.TUMOUR_VOLUME}
    others = sum(f not in chosen and f.basis is not Basis.TUMOUR_VOLUME for f in flipping)
    parts = (
        *(f"enough liver {hundred(f)}" for f in chosen),
        *(f"{100 * (f.limit or 0.0):g} % treated {hundred(f)}" for f in shares.values()),
        *((_minima(others),) if others else ()),
    )
    return f"{FLIPS}{'; '.join(parts)}. " if parts else ""


def _minima(number: int) -> str:
    return "1 other minimum" if number == 1 else f"{number} other minima"


def hundred(finding: Finding) -> str:
    """Write a probability as ``in 57 of 100``."""
    return f"in {round(100 * (finding.probability or 0.0))} of 100"


def _ml(quantity: Quantity) -> str:
    if quantity.value is None:
        return f"an unknown volume ({quantity.reason})"
    about = "about " if quantity.indicative else wording.BOUND_WORDS[quantity.bound]
    return f"{about}{quantity.value:.0f} mL"


def _flips(finding: Finding) -> bool:
    """Tell whether a verdict changes inside its interval; further minima decide nothing."""
    chance = finding.probability
    if chance is None or finding.id.startswith(FURTHER_PREFIX):
        return False
    return 1.0 - CERTAIN < chance < CERTAIN


def _findings(recipe: Recipe, result: VirtualResection, case: PlanCase) -> Iterator[Finding]:
    report, patient = case.report, case.patient
    on_remnant = remnant_findings(
        result.remnant,
        patient=patient,
        standardised=report.standardised,
        chemotherapy_weeks=case.facts.chemotherapy_weeks,
    )
    yield from on_remnant
    yield contiguity_finding(_kept(case.problem, recipe))
    yield from further_remnant_findings(
        result.remnant, patient=patient, standardised=report.standardised
    )
    yield from debulking_findings(result.debulked_fraction)
    chosen = next((f for f in on_remnant if f.id == PREFIX + case.choice.rule_set), None)
    combined = combined_ablation_finding(recipe, chosen)
    if combined is not None:
        yield combined
    yield from _cautions(recipe, result, case)


def _on_targets(targets: Sequence[float], result: VirtualResection) -> Iterator[Finding]:
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
            id=f"debulking.target_{100 * target:g}",
            verdict=threshold.judge(share),
            prose=f"The chosen target: {wording.limit(threshold)} of the tumour load. "
            f"Treated: {wording.measured(share, beside=target)}.",
            quantity=judged(share),
            threshold=threshold,
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
            probability=threshold.probability(share),
        )


def _cautions(recipe: Recipe, result: VirtualResection, case: PlanCase) -> Iterator[Finding]:
    if not is_named(recipe.segments):
        yield _project(
            "vascular_feasibility",
            Verdict.UNKNOWN,
            "No Brisbane 2000 hepatectomy: vascular feasibility not assessed.",
        )
    faults = count(case.problem, recipe).faults
    if faults:
        yield _project(LIMITS_ID, Verdict.NOT_MET, f"Breaks the limits: {'; '.join(faults)}.")
    cut = [lesion for lesion, fate in result.fates.items() if fate is Fate.CUT]
    if cut:
        yield _project(
            "debulking.cut_lesions",
            Verdict.NOT_MET,
            f"Across the transection: lesion {wording.listed(map(str, cut))}.",
            value=len(cut),
        )
    unconfirmed = tuple(_unconfirmed(result, case.report))
    if unconfirmed:
        yield _project(
            "plan.unconfirmed_lesions",
            Verdict.NOT_MET,
            f"Treats {wording.counted(len(unconfirmed), 'lesion')} that no reader confirmed.",
            value=len(unconfirmed),
        )


def _unconfirmed(result: VirtualResection, report: VolumetryReport) -> Iterator[int]:
    for lesion in report.lesions:
        treated = result.fates.get(lesion.id) in TREATED
        if treated and lesion.confirmation is Confirmation.AUTOMATIC:
            yield lesion.id


def _project(
    identifier: str, verdict: Verdict, text: str, *, value: float | None = None
) -> Finding:
    return Finding(
        id=identifier,
        verdict=verdict,
        prose=text,
        quantity=None if value is None else Quantity(value),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


def _kept(problem: Problem, recipe: Recipe) -> frozenset[CouinaudSegment]:
    """Segments that stay and hold functional liver."""
    atoms = problem.atoms
    held = {CouinaudSegment(int(c)) for c in atoms.segment[atoms.voxels > 0] if c}
    return frozenset(held) - frozenset(recipe.segments)


def _feasible(findings: Iterable[Finding], case: PlanCase) -> Verdict:
    """Whether the chosen rule set accepts what would remain and the limits hold."""
    found = {f.id: f.verdict for f in findings}
    if LIMITS_ID in found:
        return Verdict.NOT_MET
    return accepted(case.choice.rule_set, found)


def accepted(rule_set: str, found: Mapping[str, Verdict]) -> Verdict:
    """Return a rule set's verdict on a remnant with its further condition."""
    identifier = PREFIX + rule_set
    condition = CONDITIONS.get(identifier)
    if condition is not None and found.get(condition) is Verdict.NOT_MET:
        return Verdict.NOT_MET
    return found[identifier]
