"""The measure and plan stages: from maps to volumes, from volumes to findings."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import remnant
from remnant.core.case import CaseReport
from remnant.core.errors import InputError
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.progress import Progress, silent
from remnant.core.provenance import Provenance
from remnant.core.readings import lesion_readings
from remnant.core.settings import (
    PlanningSettings,
    Settings,
)
from remnant.core.volumetry_report import VolumetryReport
from remnant.documents.report_document import SETTINGS
from remnant.pipeline.measured_light import light_of_measures
from remnant.pipeline.origins import lesions_were_found, networks_drew_it
from remnant.pipeline.plan_settings import (
    DEFAULT_PLAN,
    PlanRequest,
    require_possible,
    without_strangers,
)
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.timing import MEASURE, PLAN, Stopwatch
from remnant.pipeline.vessels import with_vessel_names, with_vessels_marked
from volumetry.liver_maps import LiverMaps
from volumetry.measure import measure
from volumetry.segment_parts import measure_segment_iv
from volumetry.uncertainty.error_models import error_model

MEASURING_PACKAGES = ("numpy", "scipy", "connected-components-3d", "nibabel")
NETWORK_PACKAGES = ("torch", "monai")


def measure_case(case: SegmentedCase, request: MeasureRequest) -> CaseReport:
    """Measure all volumes of a case.

    Raises
    ------
    EmptyStructureError
        The liver has no voxel.
    InputError
        The formula's name is not known, or a figure of the error model is out of range.
    """
    watch = Stopwatch()
    model = error_model(
        networks=networks_drew_it(case),
        segment_source=case.division.source,
        choice=request.errors,
        segment_plane_mm=case.division.plane_mm,
    )
    with watch.measure(MEASURE):
        volumes = measure(
            case.maps.structures,
            case.maps.lesions,
            couinaud=case.division.couinaud,
            patient=request.patient,
            segment_source=case.division.source,
            segments_reasons=case.division.reasons,
            confirmations=case.confirmations,
            intensities=case.intensities,
            whole_liver=case.settings.whole_liver,
            file_may_end=case.settings.file_may_end,
            formula=request.formula,
            bsa_formula=request.bsa_formula,
            error_model=model,
            lesions_core=case.maps.lesions_core,
        )
        volumes = with_vessel_names(with_vessels_marked(volumes, case), case)
    settings = Settings(segmentation=case.settings, measuring=request.settings)
    planes_mm = tuple((case.division.plane_mm or {}).values())
    return CaseReport(
        study=case.study,
        patient=request.patient,
        volumetry=_with_origin(_with_phases(_with_segment_facts(volumes, case), case), case),
        planning=None,
        quality=light_of_measures(case.quality, volumes, planes_mm) + volumes.quality,
        provenance=provenance_of(case, settings, {**case.seconds, **watch.seconds}),
        planted=case.planted,
        settings=settings,
        readings=lesion_readings(case.corrections, volumes.lesions),
    )


def _with_phases(volumes: VolumetryReport, case: SegmentedCase) -> VolumetryReport:
    seen = (replace(one, phases=case.phases.get(one.id, ())) for one in volumes.lesions)
    return replace(volumes, lesions=tuple(seen)) if case.phases else volumes


def _with_origin(volumes: VolumetryReport, case: SegmentedCase) -> VolumetryReport:
    """Say of which lesions nobody looked at whether this program's networks found them."""
    unread = Confirmation.AUTOMATIC if lesions_were_found(case) else Confirmation.GIVEN
    lesions = (
        replace(one, confirmation=unread) if one.confirmation.is_open else one
        for one in volumes.lesions
    )
    return replace(volumes, lesions=tuple(lesions))


def _with_segment_facts(volumes: VolumetryReport, case: SegmentedCase) -> VolumetryReport:
    if case.division.couinaud is None:
        return volumes
    parts = case.division.segment_iv
    return replace(
        volumes,
        segments_confirmation=case.division.confirmation,
        segment_iv=None if parts is None else measure_segment_iv(case.maps.structures, parts),
    )


def plan_case(
    report: CaseReport,
    request: PlanRequest = DEFAULT_PLAN,
    *,
    patient: Patient | None = None,
    maps: LiverMaps | None = None,
    progress: Progress = silent,
) -> CaseReport:
    """Add the plan to a measured case.

    Parameters
    ----------
    report
        What was measured.
    request
        Facts, limits and the user's own plans.
    patient
        Replaces the facts that the report was measured with.
    maps
        The maps that were measured; without them there are no plans in voxels.
    progress
        Told when planning begins and ends.

    Raises
    ------
    InputError
        Facts contradict each other, the rule set is not known, or a recipe names a lesion that
        does not count.
    """
    from planning.case import Case
    from planning.planner import plan

    require_possible(request)
    request = without_strangers(request, counted_ids(report.volumetry))
    _require_lesions(request.choice, report.volumetry)
    known = patient or report.patient
    watch = Stopwatch()
    progress("planning", 0, 1)
    with watch.measure(PLAN):
        planned = plan(
            Case(
                report=report.volumetry,
                patient=known,
                facts=request.facts,
                maps=maps,
                choice=request.choice,
            ),
            custom=request.custom,
        )
    progress("planning", 1, 1)
    provenance = replace(report.provenance, seconds={**report.provenance.seconds, **watch.seconds})
    kept = keep_request(replace(report, provenance=provenance), request)
    return replace(kept, patient=known, planning=planned)


def keep_request(report: CaseReport, request: PlanRequest) -> CaseReport:
    """Store what planning was asked for, so that later runs take it up again."""
    planning = PlanningSettings(choice=request.choice, custom=request.custom)
    settings = replace(report.settings, planning=planning)
    digest = settings_digest(SETTINGS.encode(settings))
    return replace(
        report,
        clinical=request.facts,
        settings=settings,
        provenance=replace(report.provenance, configuration_sha256=digest),
    )


def counted_ids(volumes: VolumetryReport) -> frozenset[int]:
    """Return the ids of the lesions that count."""
    return frozenset(lesion.id for lesion in volumes.counted_lesions)


def _require_lesions(choice: PlanChoice, volumes: VolumetryReport) -> None:
    counted = counted_ids(volumes)
    named = {n for recipe in choice.recipes for n in (*recipe.wedges, *recipe.ablations)}
    strangers = sorted(named - counted)
    if strangers:
        there = ", ".join(map(str, sorted(counted))) or "none"
        raise InputError(
            f"a recipe names lesion {strangers[0]}, which does not count; those that count: "
            f"{there}; give other recipes, or `--recipe none`"
        )


def provenance_of(
    case: SegmentedCase, settings: Settings, seconds: Mapping[str, float]
) -> Provenance:
    """Say what the result was made with."""
    return Provenance(
        software=software_versions(with_networks=bool(case.models)),
        models=case.models,
        configuration_sha256=settings_digest(SETTINGS.encode(settings)),
        inputs_sha256=case.inputs_sha256,
        device=case.device,
        seed=case.seed,
        created_utc=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        seconds=seconds,
    )


def settings_digest(settings: Mapping[str, object]) -> str:
    """Return the sha256 of all that was chosen, as it stands in a document."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def software_versions(*, with_networks: bool) -> dict[str, str]:
    """Return versions of the packages that decide the figures, remnant first."""
    names = MEASURING_PACKAGES + (NETWORK_PACKAGES if with_networks else ())
    return {"remnant": remnant.__version__} | {name: _version(name) for name in names}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
