"""``report.json``: the case report as a document that other programs read."""

from typing import Final

from remnant.core.case import CaseReport
from remnant.core.plan_choice import PlanChoice
from remnant.core.settings import MeasuringSettings, SegmentationSettings, Settings
from remnant.core.volumetry_report import VolumetryReport
from remnant.documents.codec import Codec
from remnant.documents.shared_parts import STORED, TABLES, SharedParts

CHOSEN: Final = frozenset((SegmentationSettings, MeasuringSettings, PlanChoice))
SETTINGS: Final = Codec(
    Settings,
    name="settings",
    version="2.0",
    advice="choose the settings again",
    complete=CHOSEN,
)
"""What the digest of a case's settings is made of."""
REPORT: Final = Codec(
    CaseReport,
    name="report.json",
    version="2.0",
    advice="run the case again from its scan, or measure it again from its masks, to a new folder",
    derived={VolumetryReport: {"segments_need_review": bool}},
    tables=TABLES,
    stored=STORED,
    complete=CHOSEN,
    shared=SharedParts,
)
