"""One case as rows of the tables: from its outcome, its row of the manifest, and its report."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias

from remnant.cohort.outcomes import CaseOutcome
from remnant.cohort.tables import (
    ABSENT_BECAUSE,
    BEST,
    BEST_QUANTITIES,
    CARRIED,
    LESION_QUANTITIES,
    MEDIAN,
    PLAIN_FIGURES,
    TABLES,
)
from remnant.core.case import CaseReport
from remnant.core.criteria import CriteriaResult, Pathway, TreatmentOption
from remnant.core.debulking import DebulkingPlan, PlanOrigin, TargetOutcome
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.labels import CouinaudSegment, SegmentIvPart
from remnant.core.lesions import Confirmation, Lesion, Lobe
from remnant.core.patient import Patient
from remnant.core.plan import Remnant, Resection
from remnant.core.planning_report import PlanningReport
from remnant.core.quality_light import light_among
from remnant.core.quantity import Interval, Quantity
from remnant.core.reasons import Reason, causes_of
from remnant.core.study import Study
from remnant.core.volumes import Modality
from remnant.core.volumetry_report import SegmentVolumes, VolumetryReport
from remnant.documents.lesion_table import LOBE_COLUMNS, SEGMENT_COLUMNS
from remnant.documents.plan_table import BOUND, ENDS, QUANTITIES, REMNANT_QUANTITIES
from remnant.io.pseudonym import PREFIX, pseudonym
from remnant.io.recipe_text import recipe_text
from remnant.pipeline.gates import failed_gates
from remnant.wording.words import INTENSITY_UNITS

Row: TypeAlias = dict[str, object]
Rows: TypeAlias = Mapping[str, tuple[Mapping[str, object], ...]]
PATIENT: Final = "patient"
TIME_POINT: Final = "time_point"
SUBJECT: Final = "subject-"
INDICATIVE: Final = "indicative"
CRITERIA: Final = (
    "liver_function",
    "staging_checklist",
    "resectability",
    "staging",
    "transplant",
)
"""Fields of a planning report that hold lists of conditions."""
AXES: Final = ("i", "j", "k")


def rows_of(outcome: CaseOutcome, cells: Mapping[str, str], report: CaseReport | None) -> Rows:
    """Return the rows of one case, by table.

    Parameters
    ----------
    outcome
        What became of it.
    cells
        Its row of the manifest, text by column; ``patient`` becomes a pseudonym.
    report
        Its report; ``None`` where it was not measured: then there are rows in ``cases`` and
        ``timings`` alone.

    Returns
    -------
    Mapping
        Rows by table, each with its cells by column. A cell that is left out is absent.
    """
    case = outcome.case
    found = {"cases": [_case(outcome, cells, report)], "timings": list(_timings(outcome))}
    found["agreement"] = [asdict(one) for one in outcome.agreement]
    if report is not None:
        volumetry = report.volumetry
        found["lesions"] = [_lesion(one, report.study.modality) for one in volumetry.lesions]
        found["segments"] = list(_segments(volumetry))
        found["findings"] = list(_quality(report))
        if report.planning is not None:
            found["resections"] = [_resection(one) for one in report.planning.resections]
            found["plans"] = [_plan(*one) for one in enumerate(report.planning.plans, start=1)]
            found["findings"] += _planning_findings(report.planning)
    return {name: tuple({"case": case, **row} for row in found.get(name, ())) for name in TABLES}


def spread_cells(name: str, quantity: Quantity) -> Row:
    """Return the cells of a quantity but for the causes of its absence."""
    ends = _interval_cells(name, quantity.interval)
    return {name: quantity.value, **ends, f"{name}{BOUND}": _bound(quantity)}


def quantity_cells(name: str, quantity: Quantity) -> Row:
    """Return the cells of a quantity."""
    because = _causes(quantity.reasons) if quantity.value is None else None
    return {**spread_cells(name, quantity), f"{name}{ABSENT_BECAUSE}": because}


def moment(text: str) -> datetime | None:
    """Return a time in UTC; ``None`` for the empty text.

    >>> moment("2026-01-02T04:04:05+01:00").isoformat()
    '2026-01-02T03:04:05+00:00'
    """
    if not text:
        return None
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _interval_cells(name: str, interval: Interval | None) -> Row:
    _, low, high = ENDS
    if interval is None:
        return {f"{name}{low}": None, f"{name}{high}": None, f"{name}{MEDIAN}": None}
    ends = {f"{name}{low}": interval.low, f"{name}{high}": interval.high}
    return {**ends, f"{name}{MEDIAN}": interval.median}


def _bound(quantity: Quantity | None) -> str | None:
    if quantity is None:
        return None
    if quantity.indicative:
        return INDICATIVE
    return None if quantity.bound is None else quantity.bound.value


def _word(known: StrEnum | None) -> str | None:
    return None if known is None else known.value


def _causes(reasons: Iterable[Reason]) -> list[str]:
    return list(dict.fromkeys(cause.value for cause in causes_of(reasons)))


def _case(outcome: CaseOutcome, cells: Mapping[str, str], report: CaseReport | None) -> Row:
    ran: Row = {
        "subject": _subject(cells.get(PATIENT, "")),
        "time_point": cells.get(TIME_POINT) or None,
        "status": outcome.status.value,
        "stage": outcome.stage or None,
        "error_kind": outcome.error_kind or None,
        "error": outcome.error or None,
        "key": outcome.key or None,
        "attempts": outcome.attempts,
        "reused": list(outcome.reused),
        "finished_utc": moment(outcome.finished_utc),
    }
    carried = {name: text for name, text in cells.items() if name.startswith(CARRIED)}
    return {**ran, **({} if report is None else _measured(report)), **carried}


def _subject(patient: str) -> str | None:
    return SUBJECT + pseudonym(patient).removeprefix(PREFIX) if patient else None


def _measured(report: CaseReport) -> Row:
    planning = report.planning
    return {
        **_study(report.study),
        **_body(report.patient),
        **_volumes(report.volumetry),
        **_counts(report.volumetry),
        **({} if planning is None else _planned(planning)),
        **_origin(report),
    }


def _study(study: Study) -> Row:
    return {
        "study": study.pseudonym,
        "source": study.source,
        "modality": _word(study.modality),
        "phase": study.phase.value,
        "orientation": study.orientation,
        **{f"shape_{axis}": int(n) for axis, n in zip(AXES, study.shape, strict=True)},
        **{f"spacing_{axis}_mm": n for axis, n in zip(AXES, study.spacing_mm, strict=True)},
    }


def _body(patient: Patient) -> Row:
    return {
        "height_cm": patient.height_cm,
        "weight_kg": patient.weight_kg,
        "sex": _word(patient.sex),
        "age_years": patient.age_years,
        "background": patient.background.value,
        "body_size_assumed": patient.body_size_assumed,
    }


def _volumes(volumetry: VolumetryReport) -> Row:
    named, chances = volumetry.burden_class, volumetry.burden_class_probabilities
    return {
        **quantity_cells("tlv_ml", volumetry.tlv_ml),
        **quantity_cells("functional_tlv_ml", volumetry.functional_tlv_ml),
        **quantity_cells("tumour_ml", volumetry.tumour_ml),
        **quantity_cells("burden_fraction", volumetry.burden_fraction),
        "burden_class": _word(named),
        "burden_class_probability": None if named is None or chances is None else chances[named],
        **quantity_cells("stlv_ml", volumetry.standardised.stlv_ml),
        "stlv_formula": volumetry.standardised.formula,
        "unassigned_ml": None if volumetry.segments is None else volumetry.unassigned_ml,
    }


def _counts(volumetry: VolumetryReport) -> Row:
    counted = volumetry.counted_lesions
    words = [lesion.confirmation for lesion in volumetry.lesions]
    known = volumetry.tumour_ml.value is not None
    divided = volumetry.segments is not None
    volumes = [one.volume_ml.value for one in counted if one.volume_ml.value is not None]
    return {
        "lesions": len(counted) if known else None,
        "lesions_confirmed": words.count(Confirmation.CONFIRMED) if known else None,
        "lesions_rejected": words.count(Confirmation.REJECTED) if known else None,
        "largest_lesion_mm": max((one.longest_axial_mm for one in counted), default=None),
        "largest_lesion_ml": max(volumes, default=None),
        "segments_source": _word(volumetry.segment_source),
        "segments_confirmed": volumetry.segments_confirmation is not None if divided else None,
        "segments_absent_because": None if divided else _causes(volumetry.segments_reasons),
    }


def _planned(planning: PlanningReport) -> Row:
    stable, surgical = planning.stability, planning.netlm
    return {
        "frilling_type": _word(planning.frilling.type),
        "frilling_because": _causes(planning.frilling.reasons),
        "frilling_same_fraction": None if stable is None else stable.same_share,
        "netlm_type": None if surgical is None else _word(surgical.type),
        "plans": len(planning.plans),
        "plans_absent_because": None if planning.plans else _causes(planning.plans_reasons),
        **_best(planning.plans),
    }


def _best(plans: Iterable[DebulkingPlan]) -> Row:
    best = next((plan for plan in plans if plan.origin is PlanOrigin.OPTIMISER), None)
    if best is None:
        return {}
    cells = {n: value for name in BEST_QUANTITIES for n, value in _of_plan(best, name).items()}
    return {
        "best_plan": best.id,
        f"{BEST}recipe": recipe_text(best.recipe),
        f"{BEST}rule_set": best.rule_set,
        f"{BEST}feasible": best.feasible.value,
        f"{BEST}interventions": best.result.interventions,
        **{f"{BEST}{name}": value for name, value in cells.items() if not name.endswith(MEDIAN)},
    }


def _origin(report: CaseReport) -> Row:
    source = report.provenance
    failed = (one.id for one in report.quality if one.verdict is Verdict.NOT_MET)
    return {
        "quality_light": _word(light_among(report.quality)),
        "checks_failed": list(dict.fromkeys(failed)),
        "gates_failed": list(dict.fromkeys(one.id for one in failed_gates(report))),
        "models": [f"{model.id} {model.version}" for model in source.models],
        "remnant_version": source.software.get("remnant"),
        "settings_sha256": source.configuration_sha256,
        "computed_utc": moment(source.created_utc),
    }


def _lesion(lesion: Lesion, modality: Modality | None) -> Row:
    cells: Row = {
        "lesion": lesion.id,
        "confirmation": lesion.confirmation.value,
        "counts": lesion.counts,
        "longest_axial_mm": lesion.longest_axial_mm,
        "perpendicular_axial_mm": lesion.perpendicular_axial_mm,
        "free_surface_mm2": lesion.free_surface_mm2,
        "seen_in": [phase.value for phase in lesion.phases],
    }
    for name in LESION_QUANTITIES:
        cells |= quantity_cells(name, getattr(lesion, name))
    cells |= {name: getattr(lesion, name) for name in PLAIN_FIGURES}
    centre = zip(("r", "a", "s"), lesion.centroid_ras_mm, strict=True)
    cells |= {f"centroid_{axis}_mm": float(place) for axis, place in centre}
    return cells | _shares(lesion) | _intensity(lesion, modality)


def _shares(lesion: Lesion) -> Row:
    segments, lobes = lesion.segment_fractions, lesion.lobe_fractions
    if segments is None or lobes is None:
        return {}
    return {
        **{n: segments.get(s, 0.0) for n, s in zip(SEGMENT_COLUMNS, CouinaudSegment, strict=True)},
        **{n: lobes.get(lobe, 0.0) for n, lobe in zip(LOBE_COLUMNS, Lobe, strict=True)},
    }


def _intensity(lesion: Lesion, modality: Modality | None) -> Row:
    if lesion.intensity is None:
        return {}
    numbers = {f"intensity_{name}": value for name, value in asdict(lesion.intensity).items()}
    return {"intensity_unit": INTENSITY_UNITS[modality], **numbers}


def _segments(volumetry: VolumetryReport) -> Iterator[Row]:
    for segment, volumes in (volumetry.segments or {}).items():
        row = _segment(segment, volumes)
        yield row | _parts(volumetry) if segment is CouinaudSegment.IV else row


def _segment(segment: CouinaudSegment, volumes: SegmentVolumes) -> Row:
    return {
        "segment": segment.name,
        "touches_edge": volumes.touches_edge,
        "total_ml": volumes.total_ml,
        **_interval_cells("total_ml", volumes.total_interval),
        "functional_ml": volumes.functional_ml,
        **_interval_cells("functional_ml", volumes.functional_interval),
        "surface_mm2": volumes.surface_mm2,
        "tumour_at_surface_mm2": volumes.tumour_at_surface_mm2,
    }


def _parts(volumetry: VolumetryReport) -> Row:
    parts = volumetry.segment_iv or {}
    return {
        f"{part.name.lower()}_{kind}_ml": getattr(parts[part], f"{kind}_ml")
        for part in SegmentIvPart
        if part in parts
        for kind in ("total", "functional")
    }


def _resection(resection: Resection) -> Row:
    cells: Row = {
        "resection": resection.name,
        "segments": _names(resection.segments),
        "named": resection.named,
        "new_world": resection.new_world,
        "absent_because": _absent(*_ratios(resection.remnant), resection.debulked_fraction),
    }
    for name in REMNANT_QUANTITIES:
        cells |= spread_cells(name, getattr(resection.remnant, name))
    return cells | spread_cells("debulked_fraction", resection.debulked_fraction)


def _plan(rank: int, plan: DebulkingPlan) -> Row:
    result, recipe = plan.result, plan.recipe
    cells: Row = {
        "plan": plan.id,
        "rank": rank,
        "origin": plan.origin.value,
        "targets_fraction": [f"{target:g}" for target in plan.targets],
        "recipe": recipe_text(recipe),
        "segments": _names(recipe.segments),
        "wedges": len(recipe.wedges),
        "ablations": len(recipe.ablations),
        "ablation_zones": result.ablation_zones,
        "interventions": result.interventions,
        "absent_because": _absent(*(_result(plan, name) for name in QUANTITIES)),
        "margin_ml": result.margin_ml,
        "named": plan.named,
        "new_world": plan.new_world or None,
        "vessels_intact": plan.vessels_intact,
        "rule_set": plan.rule_set,
        "feasible": plan.feasible.value,
        "proven": plan.proven,
        "gap_ml": plan.gap_ml,
        "on_front": plan.on_front,
        "flips": list(plan.flips),
    }
    for name in QUANTITIES:
        cells |= _of_plan(plan, name)
    return cells


def _result(plan: DebulkingPlan, name: str) -> Quantity:
    owner = plan.result.remnant if name in REMNANT_QUANTITIES else plan.result
    found: Quantity = getattr(owner, name)
    return found


def _of_plan(plan: DebulkingPlan, name: str) -> Row:
    return spread_cells(name, _result(plan, name))


def _ratios(remnant: Remnant) -> Iterator[Quantity]:
    return (getattr(remnant, name) for name in REMNANT_QUANTITIES)


def _absent(*quantities: Quantity) -> list[str]:
    return _causes(r for one in quantities if one.value is None for r in one.reasons)


def _names(segments: Iterable[CouinaudSegment]) -> list[str]:
    return [segment.name for segment in segments]


def _quality(report: CaseReport) -> Iterator[Row]:
    return _findings("quality", None, report.quality)


def _planning_findings(planning: PlanningReport) -> Iterator[Row]:
    yield from _findings("planning", None, planning.findings)
    for name, of, findings in _judged(planning):
        yield from _findings(name, of, findings)
    yield from _targets(planning.targets)
    for name, listed in _lists(planning):
        yield from _criteria(name, listed)
    yield from _pathways(planning)


def _judged(planning: PlanningReport) -> Iterator[tuple[str, str, tuple[Finding, ...]]]:
    """Give the findings on what a case has several of, with what they judge."""
    yield from (("resections", one.name, one.findings) for one in planning.resections)
    yield from (("plans", one.id, one.findings) for one in planning.plans)
    yield from (("ablation", str(one.lesion), one.findings) for one in planning.ablation)
    for number, staged in enumerate(planning.staged, start=1):
        of = f"{number}: {staged.plan}, {staged.strategy.value}"
        yield "staged", of, staged.findings


def _lists(planning: PlanningReport) -> Iterator[tuple[str, CriteriaResult]]:
    if planning.contraindications is not None:
        yield "contraindications", planning.contraindications
    yield from ((name, listed) for name in CRITERIA for listed in getattr(planning, name))


def _targets(targets: Iterable[TargetOutcome]) -> Iterator[Row]:
    for number, target in enumerate(targets, start=1):
        whole = {"verdict": target.verdict.value, "because": _causes(target.reasons)}
        yield _placed("targets", f"{number}: {target.target:g}", 0, whole)


def _criteria(name: str, listed: CriteriaResult) -> Iterator[Row]:
    yield _placed(name, listed.id, 0, _listed(listed))
    yield from _findings(name, listed.id, listed.findings)


def _pathways(planning: PlanningReport) -> Iterator[Row]:
    for number, pathway in enumerate(planning.pathways, start=1):
        of = f"{number}: {pathway.id}"
        yield _placed("pathways", of, 0, _listed(pathway))
        for place, option in enumerate(pathway.options, start=1):
            yield _placed("pathways", of, place, {"rule": option.id, **_listed(option)})


def _listed(judged: CriteriaResult | Pathway | TreatmentOption) -> Row:
    return {
        "verdict": judged.verdict.value,
        "because": _causes(judged.reasons),
        "missing": list(judged.missing),
        "source_id": judged.source,
    }


def _findings(name: str, of: str | None, findings: Iterable[Finding]) -> Iterator[Row]:
    for place, finding in enumerate(findings, start=1):
        yield _placed(name, of, place, _finding(finding))


def _placed(name: str, of: str | None, place: int, cells: Mapping[str, object]) -> Row:
    return {"list": name, "of": of, "place": place, **cells}


def _finding(finding: Finding) -> Row:
    limit, basis = finding.threshold, finding.basis
    return {
        "rule": finding.id,
        "verdict": finding.verdict.value,
        "decides": finding.decides,
        "value": finding.value,
        "value_bound": _bound(finding.quantity),
        "comparison": None if limit is None else limit.comparison.value,
        "threshold": finding.limit,
        "basis": None if basis is None or basis is Basis.NO_RATIO else basis.value,
        "probability": finding.probability,
        "because": _causes(finding.reasons),
        "missing": list(finding.missing),
        "source_id": finding.source,
        "source_status": _word(finding.status),
    }


def _timings(outcome: CaseOutcome) -> Iterator[Row]:
    return ({"stage": stage, "seconds": seconds} for stage, seconds in outcome.seconds.items())
