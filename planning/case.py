"""One case of the planner: what was measured, told and chosen, together."""

from dataclasses import dataclass

from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.patient import Patient
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.volumetry_report import VolumetryReport
from volumetry.liver_maps import LiverMaps


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """What planning works on.

    Parameters
    ----------
    report
        Volumes and lesions. Without segments every remnant is absent, with the reasons.
    patient
        Body size and kind of liver; the latter chooses the minima of the remnant.
    facts
        What is known of the disease and the person beside the scan.
    choice
        Margins, limits, locks, targets and the user's own recipes.
    maps
        The maps that were measured, for plans in voxels; without them there are no plans.
    """

    report: VolumetryReport
    patient: Patient
    facts: ClinicalFacts = NOTHING_SAID
    choice: PlanChoice = DEFAULT_CHOICE
    maps: LiverMaps | None = None

    @property
    def segments_estimated(self) -> bool:
        """Whether the segments are a network's estimate that no human has confirmed."""
        return self.report.segments_need_review
