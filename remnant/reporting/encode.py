"""Case report to plain JSON values, in a fixed order of keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from remnant.core.case import CaseReport
from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Lesion, PlantedLesion
from remnant.core.patient import Patient
from remnant.core.plan import PlanningReport, Resection
from remnant.core.provenance import Provenance
from remnant.core.quantity import Quantity
from remnant.core.study import Study
from remnant.core.volumetry_report import StandardisedVolume, VolumetryReport

Json = dict[str, Any]

VOLUMETRY_QUANTITIES = ("tlv_ml", "functional_tlv_ml", "tumour_ml", "burden_fraction")
REMNANT_QUANTITIES = (
    "flr_ml",
    "flr_measured_fraction",
    "sflr",
    "flr_body_weight_percent",
    "flr_ml_per_m2",
)


def encode_case(case: CaseReport, *, schema_version: str) -> Json:
    """Return ``report.json``'s content; ``planted`` appears only in the demo's cases."""
    document: Json = {
        "schema_version": schema_version,
        "study": encode_study(case.study),
        "patient": encode_patient(case.patient),
        "volumetry": encode_volumetry(case.volumetry),
        "planning": None if case.planning is None else encode_planning(case.planning),
        "quality": encode_findings(case.quality),
        "provenance": encode_provenance(case.provenance),
    }
    if case.planted:
        document["planted"] = [encode_planted(lesion) for lesion in case.planted]
    return document


def encode_quantity(name: str, quantity: Quantity) -> Json:
    """Return ``name`` and, where they apply, what is known about it beside it."""
    items: Json = {name: quantity.value}
    if quantity.interval is not None:
        items[f"{name}_interval"] = [quantity.interval.low, quantity.interval.high]
    if quantity.bound is not None:
        items[f"{name}_bound"] = quantity.bound.value
    if quantity.indicative:
        items[f"{name}_indicative"] = True
    if quantity.reason is not None:
        items[f"{name}_reason"] = quantity.reason
    return items


def encode_quantities(owner: object, names: Iterable[str]) -> Json:
    """Return the named quantities of an object, one after the other."""
    items: Json = {}
    for name in names:
        items |= encode_quantity(name, getattr(owner, name))
    return items


def encode_study(study: Study) -> Json:
    """Return the facts of the study; never a name or an identifier of a person."""
    return {
        "pseudonym": study.pseudonym,
        "source": study.source,
        "modality": None if study.modality is None else study.modality.value,
        "phase": study.phase.value,
        "shape": list(study.shape),
        "spacing_mm": list(study.spacing_mm),
        "orientation": study.orientation,
    }


def encode_patient(patient: Patient) -> Json:
    """Return the patient's facts; absent ones are null."""
    return {
        "height_cm": patient.height_cm,
        "weight_kg": patient.weight_kg,
        "sex": None if patient.sex is None else patient.sex.value,
        "age_years": patient.age_years,
        "background": patient.background.value,
        "body_size_assumed": patient.body_size_assumed,
    }


def encode_volumetry(report: VolumetryReport) -> Json:
    """Return all volumes; segment maps are keyed by Roman numerals."""
    document = encode_quantities(report, VOLUMETRY_QUANTITIES)
    document["burden_class"] = None if report.burden_class is None else report.burden_class.value
    document |= encode_segments(report)
    document["unassigned_ml"] = report.unassigned_ml
    document["lesions"] = [encode_lesion(lesion) for lesion in report.lesions]
    document["standardised"] = encode_standardised(report.standardised)
    document["quality"] = encode_findings(report.quality)
    return document


def encode_segments(report: VolumetryReport) -> Json:
    """Return segment volumes, or nulls with the reason where the segments are unknown."""
    source = report.segment_source
    volumes = None if report.segments is None else sorted(report.segments.items())
    document: Json = {
        "segments_ml": None if volumes is None else {s.name: v.total_ml for s, v in volumes},
        "segments_functional_ml": None
        if volumes is None
        else {s.name: v.functional_ml for s, v in volumes},
        "segments_at_edge": None
        if volumes is None
        else [s.name for s, v in volumes if v.touches_edge],
        "segment_source": None if source is None else source.value,
    }
    if report.segments_reason is not None:
        document["segments_ml_reason"] = report.segments_reason
    return document


def encode_standardised(volume: StandardisedVolume) -> Json:
    """Return the volume expected from body size with the names of its formulas."""
    return {
        "formula": volume.formula,
        "bsa_formula": volume.bsa_formula,
        **encode_quantities(volume, ("stlv_ml", "bsa_m2")),
        "source": volume.source,
        "population": volume.population,
    }


def encode_lesion(lesion: Lesion) -> Json:
    """Return one row of the lesion table."""
    return {
        "id": lesion.id,
        **encode_quantity("volume_ml", lesion.volume_ml),
        "longest_axial_mm": lesion.longest_axial_mm,
        "feret_3d_mm": lesion.feret_3d_mm,
        "centroid_ras_mm": list(lesion.centroid_ras_mm),
        "segment_fractions": _by_numeral(lesion.segment_fractions),
        "confirmation": lesion.confirmation.value,
    }


def encode_planted(lesion: PlantedLesion) -> Json:
    """Return one synthetic metastasis of the demo."""
    return {
        "id": lesion.id,
        "centre_ras_mm": list(lesion.centre_ras_mm),
        "true_volume_ml": lesion.true_volume_ml,
        "measured_ml": lesion.measured_ml,
    }


def encode_planning(planning: PlanningReport) -> Json:
    """Return Frilling type, resections and the findings about the whole case."""
    kind = planning.frilling.type
    return {
        "frilling": {
            "type": None if kind is None else kind.value,
            "reason": planning.frilling.reason,
        },
        "resections": [encode_resection(resection) for resection in planning.resections],
        "findings": encode_findings(planning.findings),
    }


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
        "findings": encode_findings(resection.findings),
    }


def encode_findings(findings: Iterable[Finding]) -> list[Json]:
    """Return findings with all their keys, absent facts as null."""
    return [
        {
            "id": finding.id,
            "verdict": finding.verdict.value,
            "text": finding.text,
            "value": finding.value,
            "threshold": finding.threshold,
            "basis": None if finding.basis is None else finding.basis.value,
            "inclusive": finding.inclusive,
            "source": finding.source,
            "status": None if finding.status is None else finding.status.value,
        }
        for finding in findings
    ]


def encode_provenance(provenance: Provenance) -> Json:
    """Return software, models, settings and inputs; maps are sorted by key."""
    return {
        "software": _sorted(provenance.software),
        "models": [
            {"id": m.id, "version": m.version, "weights_sha256": m.weights_sha256}
            for m in provenance.models
        ],
        "configuration": _sorted(provenance.configuration),
        "configuration_sha256": provenance.configuration_sha256,
        "inputs_sha256": _sorted(provenance.inputs_sha256),
        "device": provenance.device,
        "seed": provenance.seed,
        "created_utc": provenance.created_utc,
        "seconds": dict(provenance.seconds),
    }


def _sorted(mapping: Mapping[str, Any]) -> Json:
    return dict(sorted(mapping.items()))


def _by_numeral(fractions: Mapping[CouinaudSegment, float] | None) -> dict[str, float] | None:
    if fractions is None:
        return None
    return {segment.name: share for segment, share in sorted(fractions.items())}
