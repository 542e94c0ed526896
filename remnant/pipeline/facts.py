"""What a stored case already knows about the person and the choices made for it."""

from dataclasses import dataclass
from pathlib import Path

from remnant.core.patient import Patient
from remnant.documents.report_document import REPORT
from remnant.pipeline.case_files import REPORT_JSON
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest
from remnant.pipeline.publishing import settle
from remnant.pipeline.requests import MeasureRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCase:
    """Facts and choices of an earlier run: what was measured with, and what planning was asked."""

    measuring: MeasureRequest
    planning: PlanRequest = DEFAULT_PLAN


def known_case(folder: Path) -> KnownCase:
    """Return what a case folder was measured and planned with, defaults where it was not yet."""
    settle(folder)
    file = folder / REPORT_JSON
    if not file.is_file():
        return KnownCase(measuring=MeasureRequest(patient=Patient()))
    report = REPORT.read(file)
    measuring, planning = report.settings.measuring, report.settings.planning
    return KnownCase(
        measuring=MeasureRequest(
            patient=report.patient,
            formula=measuring.formula,
            bsa_formula=measuring.bsa_formula,
            errors=measuring.errors,
        ),
        planning=PlanRequest(facts=report.clinical)
        if planning is None
        else PlanRequest(facts=report.clinical, choice=planning.choice, custom=planning.custom),
    )
