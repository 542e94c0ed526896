"""One case from study to plan: what a report is made from."""

from dataclasses import dataclass, field

from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.findings import Finding
from remnant.core.lesions import PlantedLesion
from remnant.core.patient import Patient
from remnant.core.planning_report import PlanningReport
from remnant.core.provenance import Provenance
from remnant.core.readings import LesionReading
from remnant.core.settings import DEFAULT_SETTINGS, Settings
from remnant.core.showing import ShowsItself
from remnant.core.study import Study
from remnant.core.volumetry_report import VolumetryReport


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport(ShowsItself):
    """Everything that ``report.json`` holds.

    ``planning`` is ``None`` until the plan stage ran. ``quality`` holds every check of every
    stage, passed or not. ``planted`` lists the demo's synthetic metastases and is empty for every
    real case. ``clinical`` are the facts beside the scan that the plan was made with, ``settings``
    what was chosen for it, ``readings`` who confirmed or rejected lesions, where a name is known.
    """

    study: Study
    patient: Patient
    volumetry: VolumetryReport
    planning: PlanningReport | None
    quality: tuple[Finding, ...]
    provenance: Provenance
    planted: tuple[PlantedLesion, ...] = field(default=())
    clinical: ClinicalFacts = NOTHING_SAID
    settings: Settings = field(default=DEFAULT_SETTINGS)
    readings: tuple[LesionReading, ...] = ()
