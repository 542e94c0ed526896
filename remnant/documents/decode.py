"""Plain JSON values, already checked against the schema, to parts of a case report."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from remnant.core.errors import InputError
from remnant.core.findings import Basis, Comparison, Finding, SourceStatus, Threshold, Verdict
from remnant.core.geometry import Vector3
from remnant.core.labels import CouinaudSegment, SegmentIvPart
from remnant.core.lesions import Confirmation, IntensityStatistics, Lesion, PlantedLesion
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.provenance import ModelUse, Provenance
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.core.reasons import reasons_of
from remnant.core.study import Study
from remnant.core.uncertainty import Boundaries, ErrorModel, SegmentBorder, SegmentPlane
from remnant.core.volumes import Modality, Phase
from remnant.core.volumetry_report import (
    BurdenClass,
    PartVolumes,
    SegmentsConfirmation,
    SegmentSource,
    SegmentVolumes,
    StandardisedVolume,
    VolumetryReport,
)
from remnant.documents.encode import (
    LESION_DISTANCES,
    PART_NAMES,
    SEGMENT_KEYS,
    VOLUMETRY_QUANTITIES,
)

Json = Mapping[str, Any]

SEGMENT_FIGURES = (
    "segments_functional_ml",
    "segments_surface_mm2",
    "segments_tumour_at_surface_mm2",
)


def decode_quantity(name: str, owner: Json) -> Quantity:
    """Return the quantity ``name`` with what stands beside it."""
    bound = owner.get(f"{name}_bound")
    return Quantity(
        owner[name],
        interval=decode_interval(name, owner),
        bound=None if bound is None else Bound(bound),
        indicative=owner.get(f"{name}_indicative", False),
        reasons=reasons_of(owner.get(f"{name}_reason")),
    )


def decode_interval(name: str, owner: Json) -> Interval | None:
    """Return the interval of the quantity ``name``, ``None`` where there is none."""
    ends = owner.get(f"{name}_interval")
    if ends is None:
        return None
    return _interval(ends, owner.get(f"{name}_median"), owner.get(f"{name}_sds", {}))


def _interval(ends: Sequence[float], median: float | None, sds: Mapping[str, float]) -> Interval:
    parts = {UncertaintyPart(part): sd for part, sd in sds.items()}
    return Interval(ends[0], ends[1], median=median, sds=parts)


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
    """Return all volumes; before 1.2 there was no confirmation and there were no parts of IV.

    Raises
    ------
    InputError
        The mark that the segments need review contradicts their source or confirmation.
    """
    burden_class, source = volumetry["burden_class"], volumetry["segment_source"]
    classes = volumetry["burden_class_probabilities"]
    report = VolumetryReport(
        **decode_quantities(volumetry, VOLUMETRY_QUANTITIES),
        burden_class=None if burden_class is None else BurdenClass(burden_class),
        segments=decode_segments(volumetry),
        segments_reasons=reasons_of(volumetry.get("segments_ml_reason")),
        segment_source=None if source is None else SegmentSource(source),
        unassigned_ml=volumetry["unassigned_ml"],
        lesions=tuple(decode_lesion(lesion) for lesion in volumetry["lesions"]),
        standardised=decode_standardised(volumetry["standardised"]),
        boundaries=decode_boundaries(volumetry["boundaries"]),
        error_model=decode_error_model(volumetry["error_model"]),
        burden_class_probabilities=None
        if classes is None
        else {BurdenClass(known): share for known, share in classes.items()},
        segments_confirmation=decode_confirmation(volumetry.get("segments_confirmation")),
        segment_iv=decode_segment_iv(volumetry.get("segment_iv")),
        quality=decode_findings(volumetry["quality"]),
    )
    _require_mark(volumetry, report)
    return report


def _require_mark(volumetry: Json, report: VolumetryReport) -> None:
    mark = volumetry.get("segments_need_review", report.segments_need_review)
    if mark is not report.segments_need_review:
        raise InputError(
            f"segments_need_review is {str(mark).lower()} beside segment_source and "
            f"segments_confirmation that say the opposite; leave it as it was written"
        )


def decode_confirmation(confirmation: Json | None) -> SegmentsConfirmation | None:
    """Return who confirmed the segments and when."""
    return None if confirmation is None else SegmentsConfirmation(**confirmation)


def decode_segment_iv(parts: Json | None) -> dict[SegmentIvPart, PartVolumes] | None:
    """Return the volumes of IVa and IVb."""
    if parts is None:
        return None
    return {part: PartVolumes(**parts[name]) for part, name in PART_NAMES.items() if name in parts}


def decode_segments(volumetry: Json) -> dict[CouinaudSegment, SegmentVolumes] | None:
    """Return the segment volumes, ``None`` where they are unknown.

    Raises
    ------
    InputError
        Volumes, surfaces and intervals are not given for the same segments.
    """
    maps = {key: volumetry[key] for key in SEGMENT_KEYS}
    if all(known is None for known in maps.values()):
        return None
    names = set(maps["segments_ml"] or ())
    if any(known is None or not names.issuperset(known) for known in maps.values()) or any(
        names != set(maps[key]) for key in SEGMENT_FIGURES
    ):
        raise InputError(
            f"{', '.join(SEGMENT_KEYS[:4])} and their intervals do not agree on which segments "
            f"are known; give all or none"
        )
    return {CouinaudSegment[name]: _segment(name, maps) for name in maps["segments_ml"]}


def _segment(name: str, maps: Json) -> SegmentVolumes:
    return SegmentVolumes(
        total_ml=maps["segments_ml"][name],
        functional_ml=maps["segments_functional_ml"][name],
        touches_edge=name in maps["segments_at_edge"],
        surface_mm2=maps["segments_surface_mm2"][name],
        tumour_at_surface_mm2=maps["segments_tumour_at_surface_mm2"][name],
        total_interval=_segment_interval("segments", name, maps),
        functional_interval=_segment_interval("segments_functional", name, maps),
    )


def _segment_interval(prefix: str, name: str, maps: Json) -> Interval | None:
    ends = maps[f"{prefix}_intervals_ml"].get(name)
    if ends is None:
        return None
    median = maps[f"{prefix}_medians_ml"].get(name)
    return _interval(ends, median, maps[f"{prefix}_sds_ml"].get(name, {}))


def decode_boundaries(boundaries: Json) -> Boundaries:
    """Return the surfaces that errors act on."""
    return Boundaries(
        liver_surface_mm2=boundaries["liver_surface_mm2"],
        tumour_at_surface_mm2=boundaries["tumour_at_surface_mm2"],
        grid_mm4=boundaries["grid_mm4"],
        borders=tuple(
            SegmentBorder(
                first=CouinaudSegment[border["first"]],
                second=CouinaudSegment[border["second"]],
                area_mm2=border["area_mm2"],
                first_tumour_mm2=border["first_tumour_mm2"],
                second_tumour_mm2=border["second_tumour_mm2"],
            )
            for border in boundaries["borders"]
        ),
    )


def decode_error_model(model: Json) -> ErrorModel:
    """Return what is assumed about errors; before 1.2 all planes had one deviation."""
    sds = model.get("segment_plane_mm")
    planes = None if sds is None else {SegmentPlane[p.upper()]: sd for p, sd in sds.items()}
    return ErrorModel(**{**model, "segment_plane_mm": planes})


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
        perpendicular_axial_mm=lesion["perpendicular_axial_mm"],
        feret_3d_mm=lesion["feret_3d_mm"],
        surface_mm2=lesion["surface_mm2"],
        free_surface_mm2=lesion["free_surface_mm2"],
        centroid_ras_mm=_vector(lesion["centroid_ras_mm"]),
        segment_fractions=None
        if shares is None
        else {CouinaudSegment[name]: share for name, share in shares.items()},
        **decode_quantities(lesion, LESION_DISTANCES),
        intensity=decode_intensity(lesion["intensity"]),
        confirmation=Confirmation(lesion["confirmation"]),
    )


def decode_intensity(intensity: Json | None) -> IntensityStatistics | None:
    """Return the intensities in a lesion; their unit follows from the study's modality."""
    if intensity is None:
        return None
    return IntensityStatistics(**{key: n for key, n in intensity.items() if key != "unit"})


def decode_planted(lesion: Json) -> PlantedLesion:
    """Return one synthetic metastasis of the demo."""
    return PlantedLesion(
        id=lesion["id"],
        centre_ras_mm=_vector(lesion["centre_ras_mm"]),
        true_volume_ml=lesion["true_volume_ml"],
        measured_ml=lesion["measured_ml"],
    )


def decode_findings(findings: Iterable[Json]) -> tuple[Finding, ...]:
    """Return rules and checks with their verdicts; before 1.1 there was no probability."""
    return tuple(
        Finding(
            id=finding["id"],
            verdict=Verdict(finding["verdict"]),
            prose=finding["text"],
            quantity=None if finding["value"] is None else Quantity(finding["value"]),
            threshold=_threshold(finding),
            denominator=None if finding["basis"] is None else Basis(finding["basis"]),
            source=finding["source"],
            status=None if finding["status"] is None else SourceStatus(finding["status"]),
            probability=finding.get("probability"),
        )
        for finding in findings
    )


def _threshold(finding: Json) -> Threshold | None:
    if finding["threshold"] is None:
        return None
    basis = finding["basis"]
    return Threshold(
        value=finding["threshold"],
        basis=Basis.NO_RATIO if basis is None else Basis(basis),
        comparison=Comparison.AT_LEAST if finding["inclusive"] else Comparison.MORE,
        source=finding["source"] or "",
        status=SourceStatus(finding["status"] or SourceStatus.PROJECT),
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
