"""From volumes to a planning report: distribution, resections, and what each source says."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from planning.ablation import lesion_ablations
from planning.case import Case
from planning.criteria.judged_lists import judge_list
from planning.debulking.chosen_limits import chosen_limits
from planning.debulking.finding_ids import UNCONFIRMED_IN_RESECTION_ID
from planning.debulking.plan_search import Planned, make_plans
from planning.distribution.frilling import classify, frilling_finding
from planning.distribution.netlm import netlm, netlm_finding
from planning.distribution.scan_coverage import scan_cuts_liver
from planning.distribution.stability import stability, stability_finding
from planning.facts.contradictions import require_consistent
from planning.facts.decompensation import compensation
from planning.facts.gathering import gather
from planning.facts.lesion_places import require_lesions
from planning.hepatectomies.debulked_share import cut_lesions_finding, debulking_findings
from planning.hepatectomies.named_sets import Candidate, candidates
from planning.hepatectomies.single_operation import reach_findings
from planning.hepatectomies.stranded import ALL_SEGMENTS, vessels_finding
from planning.inputs import Facts
from planning.liver_function import liver_function
from planning.pathways import pathways
from planning.remnant.contiguity import contiguity_finding
from planning.remnant.formula_sensitivity import (
    sensitivity_finding,
    sflr_by_formula,
    with_disagreement,
)
from planning.remnant.minima import remnant_findings
from planning.resectability import resectability
from planning.rules.contraindications import CONTRAINDICATION_LIST
from planning.rules.remnant import PROJECT_SOURCE
from planning.rules.staging_checklist import STAGING_CHECKLIST
from planning.staging.ways_to_operate import staging
from planning.transplant import transplant
from planning.vessel_cuts import (
    computed_reasons,
    of_plan,
    vessel_cuts,
    why_no_cuts,
    with_computed,
    with_computed_condition,
)
from remnant.core.distribution import Frilling, Netlm, Stability
from remnant.core.findings import Basis, Finding, SourceStatus, Verdict, judged
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.plan import Resection
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.volumetry_report import VolumetryReport
from volumetry.remnant import debulked_fraction, future_liver_remnant
from volumetry.uncertainty.joint_draws import Spread, spread

BURDEN_SOURCE = "luo2019"


def plan(case: Case, *, custom: Sequence[frozenset[CouinaudSegment]] = ()) -> PlanningReport:
    """Plan one case.

    Parameters
    ----------
    case
        What was measured, told and chosen.
    custom
        Sets of segments to judge beside the Brisbane 2000 hepatectomies.

    Returns
    -------
    PlanningReport
        Frilling type, every resection with its remnant and findings, and the findings on the
        whole case. Nothing in it is a recommendation. While the segments need review, that is a
        reason of each finding that rests on them; verdicts and figures are those of the estimate.

    Raises
    ------
    InputError
        A custom set is empty, or facts contradict each other.
    """
    report = case.report
    require_consistent(case.facts)
    require_lesions(case.facts, report)
    drawn = None if report.segments is None else spread(report)
    held = _kept(report, frozenset())
    resections = tuple(_resection(c, case, drawn) for c in candidates(custom, held=held))
    frilling, planned = classify(report), make_plans(case)
    plans, targets = planned.plans, (*planned.targets, *planned.for_classes)
    facts = gather(case, frilling=frilling, plans=plans, targets=targets)
    stable = stability(report, maps=case.maps)
    surgical = netlm(report, targets=targets, plans=plans, choice=case.choice)
    return PlanningReport(
        frilling=frilling,
        resections=resections,
        findings=(
            burden_finding(report),
            _distribution(frilling, report),
            *_classes(report, stable, surgical),
            *_reviewable(_reach(resections, case), report),
            *_sensitivity(report, case.patient),
            *_unconfirmed(report),
        ),
        plans=plans,
        plans_reasons=planned.reasons,
        vessel_cuts_reasons=why_no_cuts(report),
        targets=planned.targets,
        staged=planned.staged,
        netlm=surgical,
        stability=stable,
        **_lists(case, facts, planned),
    )


def _lists(case: Case, facts: Facts, planned: Planned) -> dict[str, Any]:
    """Judge the lists of every source by what is known."""
    targets = (*planned.targets, *planned.for_classes)
    computed = of_plan(planned.plans, told=case.facts.remnant_vessels)
    limits, estimated = chosen_limits(case.choice), case.segments_estimated
    return {
        "contraindications": judge_list(CONTRAINDICATION_LIST, facts),
        "liver_function": liver_function(case.facts),
        "staging_checklist": (judge_list(STAGING_CHECKLIST, facts),),
        "resectability": tuple(
            with_computed_condition(listed, computed)
            for listed in resectability(facts, segments_estimated=estimated)
        ),
        "ablation": lesion_ablations(case.report, facts=facts, choice=case.choice, told=case.facts),
        "staging": staging(facts, targets=targets, limits=limits, segments_estimated=estimated),
        "transplant": transplant(facts, segments_estimated=estimated),
        "pathways": pathways(facts, limits=limits, segments_estimated=estimated),
    }


def burden_finding(report: VolumetryReport) -> Finding:
    """State the class of hepatic tumour load.

    ``MET`` where the class is certain, ``UNKNOWN`` where the fraction is absent, only a bound,
    indicative, or that of a liver which the scan cuts. ``value`` is the burden fraction,
    ``probability`` that of its class.
    """
    cut = scan_cuts_liver(report)
    certain = report.burden_class is not None and not cut
    return Finding(
        id="burden.class",
        verdict=Verdict.MET if certain else Verdict.UNKNOWN,
        quantity=judged(report.burden_fraction),
        probability=_class_probability(report),
        reasons=tuple(_class_reasons(report, cut=cut)),
        denominator=Basis.TOTAL_LIVER_VOLUME,
        source=BURDEN_SOURCE,
        status=SourceStatus.VERIFIED,
    )


def _class_probability(report: VolumetryReport) -> float | None:
    if report.burden_class is None or report.burden_class_probabilities is None:
        return None
    return report.burden_class_probabilities[report.burden_class]


def _class_reasons(report: VolumetryReport, *, cut: bool) -> Iterator[Reason]:
    if report.burden_class is not None:
        yield reason(Cause.BURDEN_CLASS, report.burden_class.value)
    if cut and report.burden_fraction.value is not None:
        yield reason(Cause.WITHIN_SCAN)


def _sensitivity(report: VolumetryReport, patient: Patient) -> Iterator[Finding]:
    finding = sensitivity_finding(patient, report.standardised)
    if finding is not None:
        yield finding


def _reach(resections: Sequence[Resection], case: Case) -> tuple[Finding, ...]:
    """Say what one hepatectomy reaches; nothing is within reach of a decompensated liver."""
    found = reach_findings(resections)
    against = compensation(case.facts, case.patient).against_minima
    if not against:
        return found
    open_ = (Verdict.MET, Verdict.UNCERTAIN)
    return tuple(
        replace(
            finding,
            verdict=Verdict.UNKNOWN if finding.verdict in open_ else finding.verdict,
            reasons=joined(against, finding.reasons),
        )
        for finding in found
    )


def _resection(candidate: Candidate, case: Case, drawn: Spread | None) -> Resection:
    report, patient, removed = case.report, case.patient, candidate.segments
    stranded = frozenset() if removed in case.choice.vessels_intact else candidate.stranded
    remnant = future_liver_remnant(report, patient=patient, removed=removed | stranded, drawn=drawn)
    debulked = debulked_fraction(report, removed=removed, drawn=drawn)
    ratios = sflr_by_formula(remnant.flr_ml, patient, report.standardised)
    on_remnant = remnant_findings(
        remnant,
        patient=patient,
        standardised=report.standardised,
        chemotherapy_weeks=case.facts.chemotherapy_weeks,
        certainty=case.choice.certainty,
        compensation=compensation(case.facts, patient),
    )
    kept = _kept(report, removed)
    cuts = vessel_cuts(removed, kept, report)
    findings = (
        *(with_disagreement(finding, remnant, ratios) for finding in on_remnant),
        contiguity_finding(kept),
        *debulking_findings(debulked, certainty=case.choice.certainty),
        *_geometry_findings(candidate, case),
    )
    stated = removed in case.choice.vessels_intact
    computed = computed_reasons(removed, cuts, stated=stated or None)
    return Resection(
        name=candidate.name,
        segments=tuple(sorted(removed)),
        named=candidate.named,
        new_world=candidate.new_world,
        remnant=remnant,
        debulked_fraction=debulked,
        findings=_reviewable(with_computed(findings, computed), report),
        sflr_by_formula=ratios,
        vessel_cuts=cuts,
    )


def _reviewable(findings: tuple[Finding, ...], report: VolumetryReport) -> tuple[Finding, ...]:
    """Mark findings with a value: those of a resection without one do not rest on segments."""
    if not report.segments_need_review:
        return findings
    return tuple(f if f.value is None else _marked(f) for f in findings)


def _marked(finding: Finding) -> Finding:
    """Mark a finding as resting on segments that are an estimate to be reviewed."""
    estimated = (reason(Cause.SEGMENTS_ESTIMATED),)
    return replace(finding, reasons=joined(finding.reasons, estimated))


def _classes(
    report: VolumetryReport, stable: Stability | None, surgical: Netlm
) -> Iterator[Finding]:
    """Mark what rests on which segments lesions involve and on what would remain."""
    found = () if stable is None else (stability_finding(stable),)
    for finding in (*found, netlm_finding(surgical)):
        yield _marked(finding) if report.segments_need_review else finding


def _distribution(frilling: Frilling, report: VolumetryReport) -> Finding:
    """Mark the type where it rests on which segments several lesions involve."""
    finding = frilling_finding(frilling, cut=scan_cuts_liver(report))
    several = len(report.counted_lesions) > 1
    return _marked(finding) if several and report.segments_need_review else finding


def _kept(
    report: VolumetryReport, removed: frozenset[CouinaudSegment]
) -> frozenset[CouinaudSegment]:
    """Segments that would stay; those known to hold no functional liver do not count.

    Of a segment that the scan cuts it is not known.
    """
    segments = report.segments
    if segments is None:
        return ALL_SEGMENTS - removed
    held = (s for s, v in segments.items() if v.functional_ml > 0 or v.touches_edge)
    return frozenset(held) - removed


def _geometry_findings(candidate: Candidate, case: Case) -> Iterator[Finding]:
    removed, report = candidate.segments, case.report
    vessels = vessels_finding(removed, choice=case.choice, held=_kept(report, frozenset()))
    found = (cut_lesions_finding(report.lesions, removed=removed), vessels)
    yield from (finding for finding in found if finding is not None)


def _unconfirmed(report: VolumetryReport) -> Iterator[Finding]:
    counting = report.counted_lesions
    unconfirmed = sum(lesion.confirmation.is_open for lesion in counting)
    if counting:
        yield Finding(
            id=UNCONFIRMED_IN_RESECTION_ID,
            verdict=Verdict.NOT_MET if unconfirmed else Verdict.MET,
            quantity=Quantity(float(unconfirmed)),
            reasons=(reason(Cause.LESIONS_COUNTED, len(counting)),),
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
        )
