"""One case as the page gets it: figures, lesions, segments, options and plans."""

from collections.abc import Mapping
from typing import Any, Final

from planning.inputs import INPUTS
from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.debulking import DebulkingPlan, PlanOrigin
from remnant.core.geometry import Geometry
from remnant.core.labels import STRUCTURE_SCHEME, CouinaudSegment, Structure
from remnant.core.lesions import Lesion
from remnant.core.patient import LiverBackground
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.units import percent_from_fraction
from remnant.documents.clinical_facts import FIELDS, RENAMED
from remnant.documents.facts_fields import NO_LIMIT, Field
from remnant.io.recipe_text import segments_text
from remnant.pictures.palette import (
    HEPATIC_VEINS_COLOUR,
    LESION_COLOUR,
    LIVER_COLOUR,
    PORTAL_VEIN_COLOUR,
    SEGMENT_COLOURS,
)
from remnant.view.case_view import view_case
from remnant.web.downloads import downloads_of
from remnant.web.figures import percents, volume, written
from remnant.web.library import status_of
from remnant.web.open_cases import CaseMaps, OpenCase
from remnant.web.refusals import RefusedError
from remnant.web.requests import Json, known_of, recipe_document
from remnant.web.saved_plans import saved_plans
from remnant.web.scans import Scans
from remnant.web.volumes import image_grid, layers_of, liver_box, meshes_of
from remnant.web.what_if import figures_of, warm_of
from remnant.wording.numbers import plain
from remnant.wording.plans import plan_title
from remnant.wording.words import CONFIRMATION_WORDS
from volumetry.standardised.expected_volume import BSA_FORMULAS, FORMULAS, formula_label

STRUCTURE_COLOURS: Final[Mapping[int, str]] = {
    Structure.PARENCHYMA: LIVER_COLOUR,
    Structure.LESION: LESION_COLOUR,
    Structure.PORTAL_VEIN: PORTAL_VEIN_COLOUR,
    Structure.HEPATIC_VEINS: HEPATIC_VEINS_COLOUR,
}
LEAST_SHOWN: Final = 0.05
"""Smaller shares of a lesion in a segment are not named beside it."""


def answer(case: OpenCase, scans: Scans) -> Json:
    """Return all that the page shows of a case at once."""
    report, view = case.report, case.keep("view", lambda: view_case(case.report))
    return {
        "id": case.id,
        "revision": case.revision,
        "name": case.folder.name,
        "pseudonym": report.study.pseudonym,
        "status": status_of(report),
        "scan": _scan(case, scans),
        "headline": list(view.impression),
        "contraindications": [one.words for one in view.contraindications],
        "review": view.review,
        "alerts": [{"words": a.words, "bad": a.bad} for a in view.header.alerts],
        "figures": _figures(case),
        "lesions": [lesion_entry(lesion) for lesion in report.volumetry.lesions],
        "segments": _segments(case),
        "layers": layers_of(case, scans),
        "meshes": meshes_of(case),
        "structures": _structures(case),
        "options": _options(case),
        "patient": _patient(case),
        "not_judged": _why_not_judged(case),
        "plans": plans_of(case),
        "downloads": downloads_of(case),
    }


def _scan(case: OpenCase, scans: Scans) -> Json:
    study = case.report.study
    grid = None if case.maps is None else case.maps.grid
    return {
        "available": scans.is_there(case),
        "shape": list(study.shape if grid is None else grid.shape),
        "spacing_mm": list(study.spacing_mm if grid is None else grid.spacing_mm),
        "axes": study.orientation if grid is None else "".join(grid.axcodes),
        "affine_ras": None if grid is None else [float(n) for n in grid.affine_ras.ravel()],
        "grid": _grid(grid),
        "image_grid": _grid(image_grid(case, scans)),
        "liver_box": None if case.maps is None else _corners(case.maps),
        "modality": None if study.modality is None else study.modality.value,
        "phase": study.phase.value,
    }


def _grid(grid: Geometry | None) -> Json | None:
    if grid is None:
        return None
    return {"shape": list(grid.shape), "affine_ras": grid.affine_ras.tolist()}


def _why_not_judged(case: OpenCase) -> str:
    """Say why no recipe can be judged on a case; nothing where one can."""
    try:
        warm_of(case)
    except RefusedError as fault:
        return fault.refusal.error
    return ""


def _corners(maps: CaseMaps) -> list[list[int]]:
    """Return the first and the last voxel of the box around the liver."""
    box = liver_box(maps)
    return [[side.start for side in box], [side.stop - 1 for side in box]]


def _figures(case: OpenCase) -> Json:
    volumes = case.report.volumetry
    return {
        "tlv": volume(volumes.tlv_ml),
        "tumour": volume(volumes.tumour_ml),
        "burden": percents(volumes.burden_fraction),
        "functional_tlv": volume(volumes.functional_tlv_ml),
        "standardised": volume(volumes.standardised.stlv_ml),
        "unassigned": volume(Quantity(volumes.unassigned_ml)),
    }


def lesion_entry(lesion: Lesion) -> Json:
    """Return a lesion as the page lists it."""
    shares = lesion.segment_fractions or {}
    main = sorted((s for s in shares if shares[s] >= LEAST_SHOWN), key=lambda s: -shares[s])
    segment = "/".join(s.name for s in main)
    size = f"{lesion.longest_axial_mm:.1f} × {lesion.perpendicular_axial_mm:.1f} mm"
    known = lesion.volume_ml.value
    amount = "" if known is None else f", {plain(known)} mL"
    return {
        "id": lesion.id,
        "state": lesion.confirmation.value,
        "counted": lesion.counts,
        "centre_ras_mm": list(lesion.centroid_ras_mm),
        "volume": volume(lesion.volume_ml),
        "segment": segment,
        "longest": _millimetres(Quantity(lesion.longest_axial_mm)),
        "to_surface": _millimetres(lesion.surface_distance_mm),
        "to_portal_vein": _millimetres(lesion.portal_vein_distance_mm),
        "to_hepatic_veins": _millimetres(lesion.hepatic_veins_distance_mm),
        "phases": [phase.value for phase in lesion.phases],
        "confirmation": CONFIRMATION_WORDS[lesion.confirmation],
        "short": f"{segment or 'outside the segments'}: {size}{amount}",
    }


def _millimetres(quantity: Quantity) -> Json:
    return written(quantity, "mm")


def _segments(case: OpenCase) -> list[Json]:
    volumes = case.report.volumetry
    return [
        {
            "code": int(segment),
            "name": segment.name,
            "volume": volume(Quantity(known.total_ml, interval=known.total_interval)),
            "functional": volume(Quantity(known.functional_ml, interval=known.functional_interval)),
            "colour": SEGMENT_COLOURS[segment],
            "reviewed": not volumes.segments_need_review,
        }
        for segment, known in (volumes.segments or {}).items()
    ]


def _structures(case: OpenCase) -> list[Json]:
    there = frozenset[int]() if case.maps is None else case.maps.structures.present()
    return [
        {"label": label.code, "name": label.name, "colour": STRUCTURE_COLOURS[label.code]}
        for label in STRUCTURE_SCHEME.labels
        if label.code in there
    ]


def _patient(case: OpenCase) -> Json:
    patient = case.report.patient
    return {
        "height_cm": patient.height_cm,
        "weight_kg": patient.weight_kg,
        "sex": None if patient.sex is None else patient.sex.value,
        "age_years": patient.age_years,
        "background": patient.background.value,
        "body_size_assumed": patient.body_size_assumed,
    }


def _options(case: OpenCase) -> Json:
    known = known_of(case)
    facts = {
        name: {**_field(field), "value": _plain(getattr(known.planning.facts, name))}
        for name, field in FIELDS["clinical"].items()
    }
    return {
        "rule_sets": [{"id": one.id, "title": one.title} for one in REMNANT_RULE_SETS],
        "formulas": [{"id": one, "title": formula_label(one)} for one in FORMULAS],
        "bsa_formulas": [{"id": one, "title": one} for one in BSA_FORMULAS],
        "formula": known.measuring.formula,
        "bsa_formula": known.measuring.bsa_formula,
        "backgrounds": [one.value for one in LiverBackground],
        "facts": list(facts.values()),
        "patient": [_field(field) for field in FIELDS["patient"].values()],
        "choice": _choices(known.planning.choice),
    }


def _field(field: Field) -> Json:
    """Return what a field of the facts file may hold, for a form."""
    schema, known = field.schema, INPUTS.get(field.name)
    return {
        "name": field.name,
        "question": field.meaning if known is None else known.question,
        "meaning": field.meaning,
        "allowed": field.allowed,
        "kind": _kind(schema),
        "choices": list(schema.get("enum", ())),
        "unit": "" if known is None else known.unit,
        "least": schema.get("minimum"),
        "most": schema.get("maximum"),
        "blank": field.blank,
    }


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "choice"
    kind = schema.get("type")
    named = {"boolean": "yes_no", "integer": "whole_number", "number": "number", "array": "list"}
    return named.get(kind, "text") if isinstance(kind, str) else "text"


def _choices(choice: PlanChoice) -> Json:
    return {
        field.name: {
            **_field(field),
            "title": field.meaning.rstrip("."),
            "unit": _unit(field.name),
            "default": _chosen(DEFAULT_CHOICE, field.name),
            "value": _chosen(choice, field.name),
        }
        for field in FIELDS["choices"].values()
        if field.name != "recipes"
    }


def _unit(name: str) -> str:
    endings = {"_mm": "mm", "_percent": "%", "seconds": "s"}
    return next((unit for ending, unit in endings.items() if name.endswith(ending)), "")


def _chosen(choice: PlanChoice, name: str) -> Any:  # noqa: ANN401  (each field's own type)
    value = getattr(choice, RENAMED.get(name, name))
    if name in RENAMED:
        return [percent_from_fraction(one) for one in value]
    return _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401  (each field's own type)
    """Return a value as a request writes it: sets of segments as ``VI,VII``."""
    if isinstance(value, frozenset):
        return segments_text(value) or NO_LIMIT
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, CouinaudSegment):
        return value.name
    return getattr(value, "value", value)


def plan_entry(plan: DebulkingPlan) -> Json:
    """Return a plan of the report as the page lists it."""
    return {
        "id": plan.id,
        "title": plan_title(plan),
        "recipe": recipe_document(plan.recipe),
        "origin": "user" if plan.origin is PlanOrigin.USER else "optimiser",
        "feasible": plan.feasible.value,
        "targets": list(plan.targets),
        "by": None,
        "saved_at": None,
        "stale": False,
        "interventions": plan.result.interventions,
        "figures": figures_of(plan),
    }


def plans_of(case: OpenCase) -> list[Json]:
    """Return the plans of the report and those that people saved."""
    planning = case.report.planning
    made = () if planning is None else planning.plans
    return [*map(plan_entry, made), *map(saved_entry, saved_plans(case))]


def saved_entry(saved: Json) -> Json:
    """Return a saved plan as the page lists it."""
    plan = saved["plan"]
    return {
        "id": saved["id"],
        "title": saved["name"],
        "version": saved["version"],
        "recipe": saved["recipe"],
        "asked": saved["asked"],
        "origin": "saved",
        "feasible": plan["feasible"],
        "targets": [],
        "by": saved["by"],
        "note": saved["note"],
        "saved_at": saved["saved_at"],
        "stale": saved["stale"],
        "interventions": plan["interventions"],
        "figures": plan["figures"],
    }
