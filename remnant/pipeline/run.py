"""The four stages in a row, and their repetition after a review or with other segments."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remnant.core.case import CaseReport
from remnant.core.progress import Progress, silent
from remnant.io.atomic import write_text
from remnant.pipeline.case_files import REPORT_HTML
from remnant.pipeline.divide import require_redivision, with_segments
from remnant.pipeline.folder import (
    StoredCase,
    published,
    read_stored,
    require_output_folder,
    write_measured,
    write_plan_maps,
    write_segmented,
)
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.plan_maps import case_maps, drawn_plans, page_maps
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest
from remnant.pipeline.repeat import changes
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.review import apply_review
from remnant.pipeline.segment import segment_case
from remnant.pipeline.segment_sources import read_given
from remnant.pipeline.segmented import SegmentedCase
from segmentation.port import SegmentDivider, Segmenter

NOTHING_ASKED: Final = SegmentRequest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """A stored case's new report, and what was changed before it was measured again."""

    report: CaseReport
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """A stored case, and what it became."""

    stored: StoredCase
    case: SegmentedCase

    def changed(self, request: SegmentRequest) -> tuple[str, ...]:
        """Say what became of the stored case, in words."""
        return changes(self.stored.written, self.case, request, edited=self.stored.edited)


def run_study(
    request: SegmentRequest,
    *,
    measuring: MeasureRequest,
    output: Path,
    segmenter: Segmenter,
    divider: SegmentDivider | None = None,
    planning: PlanRequest = DEFAULT_PLAN,
    progress: Progress = silent,
) -> CaseReport:
    """Segment, measure, plan and report one study into a folder.

    Nothing is written before everything worked. Without a ``divider`` the segments are unknown
    where nothing was given to divide the liver by.
    """
    require_output_folder(output)
    case = segment_case(request, segmenter=segmenter, divider=divider, progress=progress)
    return finish_case(
        case, measuring=measuring, output=output, planning=planning, progress=progress
    )


def rerun_case(
    folder: Path,
    request: SegmentRequest = NOTHING_ASKED,
    *,
    output: Path,
    measuring: MeasureRequest,
    divider: SegmentDivider | None = None,
    planning: PlanRequest = DEFAULT_PLAN,
    progress: Progress = silent,
) -> Rerun:
    """Measure, plan and report again from the stored masks of a case folder.

    Nothing is segmented: the request's review is applied, and the liver is divided anew where the
    request gives something to divide it by, or where it has no segments and there is a divider.

    Raises
    ------
    InputError
        The request asks for more than that.
    """
    require_output_folder(output)
    revised = revised_case(folder, request, divider=divider, progress=progress)
    report = finish_case(
        revised.case,
        measuring=measuring,
        output=output,
        stored=revised.stored,
        planning=planning,
        progress=progress,
    )
    return Rerun(report=report, changed=revised.changed(request))


def revised_case(
    folder: Path,
    request: SegmentRequest = NOTHING_ASKED,
    *,
    divider: SegmentDivider | None = None,
    progress: Progress = silent,
) -> Revised:
    """Return a stored case with its lesions reviewed and its liver divided as asked.

    Raises
    ------
    InputError
        The request asks for more than that.
    """
    require_redivision(folder, request)
    stored = read_stored(folder)
    grid = stored.case.maps.structures.geometry
    _, segments = read_given(request, liver_known=True, reference=grid)
    reviewed = apply_review(stored.case, request.review)
    case = with_segments(reviewed, segments, divider=divider, progress=progress)
    return Revised(stored=stored, case=case)


def finish_case(
    case: SegmentedCase,
    *,
    measuring: MeasureRequest,
    output: Path,
    stored: StoredCase | None = None,
    planning: PlanRequest = DEFAULT_PLAN,
    progress: Progress = silent,
) -> CaseReport:
    """Measure, plan and report a segmented case, and publish its folder.

    Maps that are still those of ``stored`` are not encoded again.
    """
    progress("measuring and planning", 0, 3)
    measured = measure_case(case, measuring)
    maps = case_maps(case)
    report = plan_case(measured, planning, maps=maps, progress=progress)
    progress("measuring and planning", 1, 3)
    with published(output) as staging:
        write_segmented(case, staging, stored=stored)
        write_measured(report, staging)
        if planning.draw_maps:
            write_plan_maps(drawn_plans(report, maps, planning.choice), staging)
        progress("measuring and planning", 2, 3)
        # Late, since measuring alone makes no page.
        from remnant.page.html import render_html

        write_text(staging / REPORT_HTML, render_html(report, **page_maps(case, report)))
    progress("measuring and planning", 3, 3)
    return report
