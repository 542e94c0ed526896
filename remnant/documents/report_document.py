"""``report.json``: the case report as a document that other programs read."""

from typing import Final

from remnant.core.case import CaseReport
from remnant.core.findings import Finding
from remnant.core.volumetry_report import VolumetryReport
from remnant.documents.codec import Codec

REPORT: Final = Codec(
    CaseReport,
    name="report.json",
    version="2.0",
    advice="run the case again from its scan, or measure it again from its masks, to a new folder",
    derived={VolumetryReport: {"segments_need_review": bool}, Finding: {"text": str}},
)
