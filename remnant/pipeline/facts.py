"""What a stored case already knows about the person and the choice of formulas."""

from pathlib import Path

from remnant.core.patient import Patient
from remnant.pipeline.folder import REPORT_JSON
from remnant.pipeline.stages import MeasureRequest
from remnant.reporting.document import read_report_json

DEFAULT_FORMULA = "vauthey2002_bsa"


def known_request(folder: Path) -> MeasureRequest:
    """Return the facts that a case folder was measured with, defaults where it was not yet."""
    file = folder / REPORT_JSON
    if not file.is_file():
        return MeasureRequest(patient=Patient())
    report = read_report_json(file)
    standardised = report.volumetry.standardised
    return MeasureRequest(
        patient=report.patient,
        formula=standardised.formula,
        bsa_formula=standardised.bsa_formula,
    )
