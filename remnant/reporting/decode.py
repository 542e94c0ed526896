"""Plain JSON values, already checked against the schema, to a case report."""

from collections.abc import Iterable, Mapping
from typing import Any

from remnant.core.case import CaseReport
from remnant.core.errors import InputError
from remnant.core.findings import Basis, Finding, SourceStatus, Verdict
from remnant.core.geometry import Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation, Lesion, PlantedLesion
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.plan import Frilling, FrillingType, PlanningReport, Remnant, Resection
from remnant.core.provenance import ModelUse, Provenance
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.study import Study
from remnant.core.volumes import Modality, Phase
from remnant.core.volumetry_report import (
    BurdenClass,
    SegmentSource,
    SegmentVolumes,
    StandardisedVolume,
    VolumetryReport,
)
from remnant.reporting.encode import REMNANT_QUANTITIES, VOLUMETRY_QUANTITIES

Json = Mapping[str, Any]


def decode_case(document: Json) -> CaseReport:
    """Return the case that a valid document describes.

    Raises
    ------
    InputError
        Values that the schema lets pass contradict each other, e.g. an interval with
        ``low > high``, or a patient fact outside its range.
    """
    planning = document["planning"]
    return CaseReport(
        study=decode_study(document["study"]),
        patient=decode_patient(document["patient"]),
        volumetry=decode_volumetry(document["volumetry"]),
        planning=None if planning is None else decode_planning(planning),
        quality=decode_findings(document["quality"]),
        provenance=decode_provenance(document["provenance"]),
        planted=tuple(decode_planted(lesion) for lesion in document.get("planted", ())),
    )


def decode_quantity(name: str, owner: Json) -> Quantity:
    """Return the quantity ``name`` with what stands beside it."""
    interval = owner.get(f"{name}_interval")
    bound = owner.get(f"{name}_bound")
    return Quantity(
        owner[name],
        interval=None if interval is None else Interval(*interval),
        bound=None if bound is None else Bound(bound),
        indicative=owner.get(f"{name}_indicative", False),
        reason=owner.get(f"{name}_reason"),
    )


def decode_quantities(owner: Json, names: Iterable[str]) -> dict[str, Quantity]:
    """Return the named quantities of one object."""
    return {name: decode_quantity(name, owner) for name in names}


def decode_study(study: Json) -> Study:
    """Return the facts of the study."""
    i, j, k = study["shape"]
    return Study(
        pseudonym=study["pseudonym"],
        source=study["source"],
        modality=None if study["modality"] is None else Modality(study["modality"]),
        phase=Phase(study["phase"]),
        shape=(i, j, k),
        spacing_mm=_vector(study["spacing_mm"]),
        orientation=study["orientation"],
    )


def decode_patient(patient: Json) -> Patient:
    """Return the patient's facts."""
    return Patient(
        height_cm=patient["height_cm"],
        weight_kg=patient["weight_kg"],
        sex=None if patient["sex"] is None else Sex(patient["sex"]),
        age_years=patient["age_years"],
        background=LiverBackground(patient["background"]),
        body_size_assumed=patient["body_size_assumed"],
    )


def decode_volumetry(volumetry: Json) -> VolumetryReport:
    """Return all volumes."""
    burden_class, source = volumetry["burden_class"], volumetry["segment_source"]
    return VolumetryReport(
        **decode_quantities(volumetry, VOLUMETRY_QUANTITIES),
        burden_class=None if burden_class is None else BurdenClass(burden_class),
        segments=decode_segments(volumetry),
        segments_reason=volumetry.get("segments_ml_reason"),
        segment_source=None if source is None else SegmentSource(source),
        unassigned_ml=volumetry["unassigned_ml"],
        lesions=tuple(decode_lesion(lesion) for lesion in volumetry["lesions"]),
        standardised=decode_standardised(volumetry["standardised"]),
        quality=decode_findings(volumetry["quality"]),
    )


def decode_segments(volumetry: Json) -> dict[CouinaudSegment, SegmentVolumes] | None:
    """Return the segment volumes, ``None`` where they are unknown.

    Raises
    ------
    InputError
        Total and functional volumes are not given for the same segments.
    """
    total, functional = volumetry["segments_ml"], volumetry["segments_functional_ml"]
    cut = volumetry["segments_at_edge"]
    if total is None and functional is None and cut is None:
        return None
    if total is None or functional is None or cut is None or set(total) != set(functional):
        raise InputError(
            "segments_ml, segments_functional_ml and segments_at_edge do not agree on which "
            "segments are known; give all three or none"
        )
    return {
        CouinaudSegment[name]: SegmentVolumes(
            total_ml=total[name], functional_ml=functional[name], touches_edge=name in cut
        )
        for name in total
    }


def decode_standardised(volume: Json) -> StandardisedVolume:
    """Return the volume expected from body size."""
    return StandardisedVolume(
        formula=volume["formula"],
        bsa_formula=volume["bsa_formula"],
        **decode_quantities(volume, ("stlv_ml", "bsa_m2")),
        source=volume["source"],
        population=volume["population"],
    )


def decode_lesion(lesion: Json) -> Lesion:
    """Return one lesion."""
    shares = lesion["segment_fractions"]
    return Lesion(
        id=lesion["id"],
        volume_ml=decode_quantity("volume_ml", lesion),
        longest_axial_mm=lesion["longest_axial_mm"],
        feret_3d_mm=lesion["feret_3d_mm"],
        centroid_ras_mm=_vector(lesion["centroid_ras_mm"]),
        segment_fractions=None
        if shares is None
        else {CouinaudSegment[name]: share for name, share in shares.items()},
        confirmation=Confirmation(lesion["confirmation"]),
    )


def decode_planted(lesion: Json) -> PlantedLesion:
    """Return one synthetic metastasis of the demo."""
    return PlantedLesion(
        id=lesion["id"],
        centre_ras_mm=_vector(lesion["centre_ras_mm"]),
        true_volume_ml=lesion["true_volume_ml"],
        measured_ml=lesion["measured_ml"],
    )


def decode_planning(planning: Json) -> PlanningReport:
    """Return what planning said."""
    frilling = planning["frilling"]
    kind = frilling["type"]
    return PlanningReport(
        frilling=Frilling(
            type=None if kind is None else FrillingType(kind), reason=frilling["reason"]
        ),
        resections=tuple(decode_resection(resection) for resection in planning["resections"]),
        findings=decode_findings(planning["findings"]),
    )


def decode_resection(resection: Json) -> Resection:
    """Return one resection and its remnant."""
    return Resection(
        name=resection["name"],
        title=resection["title"],
        segments=tuple(CouinaudSegment[name] for name in resection["segments"]),
        named=resection["named"],
        new_world=resection["new_world"],
        remnant=Remnant(**decode_quantities(resection, REMNANT_QUANTITIES)),
        debulked_fraction=decode_quantity("debulked_fraction", resection),
        findings=decode_findings(resection["findings"]),
    )


def decode_findings(findings: Iterable[Json]) -> tuple[Finding, ...]:
    """Return rules and checks with their verdicts."""
    return tuple(
        Finding(
            id=finding["id"],
            verdict=Verdict(finding["verdict"]),
            text=finding["text"],
            value=finding["value"],
            threshold=finding["threshold"],
            basis=None if finding["basis"] is None else Basis(finding["basis"]),
            inclusive=finding["inclusive"],
            source=finding["source"],
            status=None if finding["status"] is None else SourceStatus(finding["status"]),
        )
        for finding in findings
    )


def decode_provenance(provenance: Json) -> Provenance:
    """Return software, models, settings and inputs."""
    return Provenance(
        software=dict(provenance["software"]),
        models=tuple(ModelUse(**model) for model in provenance["models"]),
        configuration=dict(provenance["configuration"]),
        configuration_sha256=provenance["configuration_sha256"],
        inputs_sha256=dict(provenance["inputs_sha256"]),
        device=provenance["device"],
        seed=provenance["seed"],
        created_utc=provenance["created_utc"],
        seconds=dict(provenance["seconds"]),
    )


def _vector(values: Iterable[float]) -> Vector3:
    x, y, z = values
    return (x, y, z)
