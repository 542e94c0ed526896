"""Parts of a case report to plain JSON values, in a fixed order of keys."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment, SegmentIvPart
from remnant.core.lesions import IntensityStatistics, Lesion, PlantedLesion
from remnant.core.patient import Patient
from remnant.core.provenance import Provenance
from remnant.core.quantity import Interval, Quantity, UncertaintyPart
from remnant.core.study import Study
from remnant.core.uncertainty import Boundaries, ErrorModel, SegmentPlane
from remnant.core.volumes import Modality
from remnant.core.volumetry_report import (
    PartVolumes,
    SegmentsConfirmation,
    SegmentVolumes,
    StandardisedVolume,
    VolumetryReport,
)

Json = dict[str, Any]

VOLUMETRY_QUANTITIES = ("tlv_ml", "functional_tlv_ml", "tumour_ml", "burden_fraction")
SEGMENT_KEYS = (
    "segments_ml",
    "segments_functional_ml",
    "segments_at_edge",
    "segments_surface_mm2",
    "segments_tumour_at_surface_mm2",
    "segments_intervals_ml",
    "segments_medians_ml",
    "segments_sds_ml",
    "segments_functional_intervals_ml",
    "segments_functional_medians_ml",
    "segments_functional_sds_ml",
)
LESION_DISTANCES = (
    "surface_distance_mm",
    "portal_vein_distance_mm",
    "hepatic_veins_distance_mm",
)
PART_NAMES: Mapping[SegmentIvPart, str] = {SegmentIvPart.IVA: "IVa", SegmentIvPart.IVB: "IVb"}
INTENSITY_UNITS: Mapping[Modality | None, str] = {Modality.CT: "HU"}
ARBITRARY_UNIT = "arbitrary"


def encode_quantity(name: str, quantity: Quantity) -> Json:
    """Return ``name`` and, where they apply, what is known about it beside it."""
    items: Json = {name: quantity.value}
    if quantity.interval is not None:
        items |= encode_interval(name, quantity.interval)
    if quantity.bound is not None:
        items[f"{name}_bound"] = quantity.bound.value
    if quantity.indicative:
        items[f"{name}_indicative"] = True
    if quantity.reason is not None:
        items[f"{name}_reason"] = quantity.reason
    return items


def encode_interval(name: str, interval: Interval) -> Json:
    """Return the ends and, where they are known, the median and each part's deviation."""
    items: Json = {f"{name}_interval": [interval.low, interval.high]}
    if interval.median is not None:
        items[f"{name}_median"] = interval.median
    if interval.sds:
        items[f"{name}_sds"] = _sds(interval)
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


def encode_volumetry(report: VolumetryReport, *, modality: Modality | None) -> Json:
    """Return all volumes; segment maps are keyed by Roman numerals.

    The modality says what the lesions' intensities are: HU on CT, arbitrary on everything else.
    """
    document = encode_quantities(report, VOLUMETRY_QUANTITIES)
    classes = report.burden_class_probabilities
    document["burden_class"] = None if report.burden_class is None else report.burden_class.value
    document["burden_class_probabilities"] = (
        None if classes is None else {known.value: share for known, share in classes.items()}
    )
    document |= encode_segments(report)
    document["unassigned_ml"] = report.unassigned_ml
    document["lesions"] = [encode_lesion(lesion, modality=modality) for lesion in report.lesions]
    document["standardised"] = encode_standardised(report.standardised)
    document["boundaries"] = encode_boundaries(report.boundaries)
    document["error_model"] = encode_error_model(report.error_model)
    document["quality"] = encode_findings(report.quality)
    return document


def encode_segments(report: VolumetryReport) -> Json:
    """Return segment volumes, or nulls with the reason where the segments are unknown."""
    source = report.segment_source
    document: Json = dict.fromkeys(SEGMENT_KEYS)
    if report.segments is not None:
        document |= _segments({s.name: v for s, v in sorted(report.segments.items())})
    document["segment_source"] = None if source is None else source.value
    if report.segments_reasons:
        document["segments_ml_reason"] = report.segments_reason
    document["segments_need_review"] = report.segments_need_review
    document["segments_confirmation"] = encode_confirmation(report.segments_confirmation)
    document["segment_iv"] = encode_segment_iv(report.segment_iv)
    return document


def encode_confirmation(confirmation: SegmentsConfirmation | None) -> Json | None:
    """Return who confirmed the segments and when, ``None`` where nobody did."""
    if confirmation is None:
        return None
    return {"name": confirmation.name, "date": confirmation.date}


def encode_segment_iv(parts: Mapping[SegmentIvPart, PartVolumes] | None) -> Json | None:
    """Return the volumes of IVa and IVb, ``None`` where they were not asked for."""
    if parts is None:
        return None
    return {
        PART_NAMES[part]: {"total_ml": v.total_ml, "functional_ml": v.functional_ml}
        for part, v in sorted(parts.items())
    }


def _segments(volumes: Mapping[str, SegmentVolumes]) -> Json:
    whole = {name: v.total_interval for name, v in volumes.items() if v.total_interval}
    functional = {
        name: v.functional_interval for name, v in volumes.items() if v.functional_interval
    }
    return {
        "segments_ml": {name: v.total_ml for name, v in volumes.items()},
        "segments_functional_ml": {name: v.functional_ml for name, v in volumes.items()},
        "segments_at_edge": [name for name, v in volumes.items() if v.touches_edge],
        "segments_surface_mm2": {name: v.surface_mm2 for name, v in volumes.items()},
        "segments_tumour_at_surface_mm2": {
            name: v.tumour_at_surface_mm2 for name, v in volumes.items()
        },
        **_segment_intervals("segments", whole),
        **_segment_intervals("segments_functional", functional),
    }


def _segment_intervals(prefix: str, intervals: Mapping[str, Interval]) -> Json:
    medians = {name: i.median for name, i in intervals.items() if i.median is not None}
    return {
        f"{prefix}_intervals_ml": {name: [i.low, i.high] for name, i in intervals.items()},
        f"{prefix}_medians_ml": medians,
        f"{prefix}_sds_ml": {name: _sds(i) for name, i in intervals.items() if i.sds},
    }


def encode_boundaries(boundaries: Boundaries) -> Json:
    """Return the surfaces that errors act on."""
    return {
        "liver_surface_mm2": boundaries.liver_surface_mm2,
        "tumour_at_surface_mm2": boundaries.tumour_at_surface_mm2,
        "grid_mm4": boundaries.grid_mm4,
        "borders": [
            {
                "first": border.first.name,
                "second": border.second.name,
                "area_mm2": border.area_mm2,
                "first_tumour_mm2": border.first_tumour_mm2,
                "second_tumour_mm2": border.second_tumour_mm2,
            }
            for border in boundaries.borders
        ],
    }


def encode_error_model(model: ErrorModel) -> Json:
    """Return what is assumed about errors; with the boundaries it gives every interval again."""
    items = {field.name: getattr(model, field.name) for field in fields(ErrorModel)}
    return items | {"segment_plane_mm": _planes(model.segment_plane_mm)}


def _planes(sds: Mapping[SegmentPlane, float] | None) -> dict[str, float] | None:
    return None if sds is None else {plane.name.lower(): sd for plane, sd in sorted(sds.items())}


def encode_standardised(volume: StandardisedVolume) -> Json:
    """Return the volume expected from body size with the names of its formulas."""
    return {
        "formula": volume.formula,
        "bsa_formula": volume.bsa_formula,
        **encode_quantities(volume, ("stlv_ml", "bsa_m2")),
        "source": volume.source,
        "population": volume.population,
    }


def encode_lesion(lesion: Lesion, *, modality: Modality | None) -> Json:
    """Return one row of the lesion table; the shares of the lobes follow from the segments'."""
    lobes = lesion.lobe_fractions
    return {
        "id": lesion.id,
        **encode_quantity("volume_ml", lesion.volume_ml),
        "longest_axial_mm": lesion.longest_axial_mm,
        "perpendicular_axial_mm": lesion.perpendicular_axial_mm,
        "feret_3d_mm": lesion.feret_3d_mm,
        "surface_mm2": lesion.surface_mm2,
        "free_surface_mm2": lesion.free_surface_mm2,
        "centroid_ras_mm": list(lesion.centroid_ras_mm),
        "segment_fractions": _by_numeral(lesion.segment_fractions),
        "lobe_fractions": None if lobes is None else {k.value: v for k, v in lobes.items()},
        **encode_quantities(lesion, LESION_DISTANCES),
        "intensity": encode_intensity(lesion.intensity, modality=modality),
        "confirmation": lesion.confirmation.value,
    }


def encode_intensity(
    intensity: IntensityStatistics | None, *, modality: Modality | None
) -> Json | None:
    """Return the intensities in a lesion with their unit, ``None`` without an image."""
    if intensity is None:
        return None
    unit = INTENSITY_UNITS.get(modality, ARBITRARY_UNIT)
    numbers = {field.name: getattr(intensity, field.name) for field in fields(IntensityStatistics)}
    return {"unit": unit, **numbers}


def encode_planted(lesion: PlantedLesion) -> Json:
    """Return one synthetic metastasis of the demo."""
    return {
        "id": lesion.id,
        "centre_ras_mm": list(lesion.centre_ras_mm),
        "true_volume_ml": lesion.true_volume_ml,
        "measured_ml": lesion.measured_ml,
    }


def encode_findings(findings: Iterable[Finding]) -> list[Json]:
    """Return findings with all their keys, absent facts as null."""
    return [
        {
            "id": finding.id,
            "verdict": finding.verdict.value,
            "text": finding.text,
            "value": finding.value,
            "threshold": finding.limit,
            "basis": None if finding.basis is None else finding.basis.value,
            "inclusive": finding.inclusive,
            "source": finding.source,
            "status": None if finding.status is None else finding.status.value,
            "probability": finding.probability,
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


def _sds(interval: Interval) -> dict[str, float]:
    return {part.value: interval.sds[part] for part in UncertaintyPart if part in interval.sds}


def _by_numeral(fractions: Mapping[CouinaudSegment, float] | None) -> dict[str, float] | None:
    if fractions is None:
        return None
    return {segment.name: share for segment, share in sorted(fractions.items())}
