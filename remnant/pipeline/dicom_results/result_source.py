"""What the DICOM objects of a case are made from."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan
from remnant.core.volumes import LabelMap
from remnant.io.dicom_results.heads import ResultSet
from remnant.io.dicom_results.source_record import SourceRecord
from remnant.pipeline.segmented import SegmentedCase


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultSource:
    """A measured case with the record of its images, and the plan that is sent with it.

    Parameters
    ----------
    folder
        Of the case.
    case
        With its maps on the whole grid of the record.
    report
        What was measured and planned.
    record
        The images, with their identifiers.
    plan, plan_map
        The plan, and its map in the codes of `volumetry.virtual_resection.resection.PLAN_SCHEME`
        on the case's grid; ``None`` where the case has no plan.
    results
        Identifiers and time of what is made.
    """

    folder: Path
    case: SegmentedCase
    report: CaseReport
    record: SourceRecord
    plan: DebulkingPlan | None
    plan_map: LabelMap | None
    results: ResultSet

    @property
    def origin(self) -> str:
        """Digest of all that decided the maps when they were made; corrections do not change it.

        ``""`` where nobody kept it.
        """
        made = self.case.made_from
        if made is None:
            return ""
        told = (sorted(made.inputs.items()), made.settings_sha256, made.engines, made.algorithm)
        return hashlib.sha256(repr(told).encode("utf-8")).hexdigest()
