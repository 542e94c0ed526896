"""What a stored case already knows about the person and the choices made for it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from remnant.core.patient import Patient
from remnant.documents.report_document import REPORT
from remnant.pipeline.case_files import REPORT_JSON
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest, known_request
from remnant.pipeline.segmented import Setting
from remnant.pipeline.stages import ERRORS, MeasureRequest
from volumetry.standardised.expected_volume import DEFAULT_FORMULA
from volumetry.uncertainty.error_models import ErrorChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """Facts and choices of an earlier run: what was measured with, and what planning was asked."""

    measuring: MeasureRequest
    planning: PlanRequest = DEFAULT_PLAN


def known_case(folder: Path) -> KnownCase:
    """Return what a case folder was measured and planned with, defaults where it was not yet."""
    file = folder / REPORT_JSON
    if not file.is_file():
        return KnownCase(measuring=MeasureRequest(patient=Patient()))
    report = REPORT.read(file)
    settings = report.provenance.configuration
    bsa_formula = settings.get("bsa_formula")
    measuring = MeasureRequest(
        patient=report.patient,
        formula=str(settings.get("formula") or DEFAULT_FORMULA),
        bsa_formula=None if bsa_formula is None else str(bsa_formula),
        errors=_errors(settings),
    )
    return KnownCase(measuring=measuring, planning=known_request(settings, report.clinical))


def _errors(settings: Mapping[str, Setting]) -> ErrorChoice:
    names = {field.name for field in fields(ErrorChoice)}
    known: dict[str, Any] = {name: settings.get(ERRORS + name) for name in names}
    return ErrorChoice(**known)
