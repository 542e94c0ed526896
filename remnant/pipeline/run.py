"""The four stages in a row, and their repetition after a review."""

from collections.abc import Callable
from pathlib import Path

from remnant.core.case import CaseReport
from remnant.core.progress import Progress, silent
from remnant.pipeline.divide import GivenSegments, with_segments
from remnant.pipeline.folder import (
    published,
    read_case,
    require_output_folder,
    write_html,
    write_measured,
    write_segmented,
)
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.review import apply_review
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.segment import segment_case
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.stages import MeasureRequest, measure_case, plan_case
from segmentation.port import Segmenter

Plan = Callable[[CaseReport], CaseReport]


def run_study(
    request: SegmentRequest,
    *,
    measuring: MeasureRequest,
    output: Path,
    segmenter: Segmenter,
    review: LesionReview | None = None,
    plan: Plan = plan_case,
    progress: Progress = silent,
) -> CaseReport:
    """Segment, measure, plan and report one study into a folder.

    Nothing is written before everything worked.
    """
    require_output_folder(output)
    case = segment_case(request, segmenter=segmenter, progress=progress)
    return finish_case(
        case, measuring=measuring, output=output, review=review, plan=plan, progress=progress
    )


def rerun_case(
    folder: Path,
    *,
    output: Path,
    measuring: MeasureRequest,
    segments: GivenSegments | None = None,
    review: LesionReview | None = None,
    plan: Plan = plan_case,
    progress: Progress = silent,
) -> CaseReport:
    """Measure, plan and report again from the stored masks of a case folder.

    ``segments`` divide the liver anew where they are given.
    """
    require_output_folder(output)
    case = read_case(folder)
    if segments is not None:
        case = with_segments(case, segments)
    return finish_case(
        case, measuring=measuring, output=output, review=review, plan=plan, progress=progress
    )


def finish_case(
    case: SegmentedCase,
    *,
    measuring: MeasureRequest,
    output: Path,
    review: LesionReview | None = None,
    plan: Plan = plan_case,
    progress: Progress = silent,
) -> CaseReport:
    """Measure, plan and report a segmented case, and publish its folder."""
    if review is not None:
        case = apply_review(case, review)
    progress("measuring and planning", 0, 3)
    report = plan(measure_case(case, measuring))
    progress("measuring and planning", 1, 3)
    with published(output) as staging:
        write_segmented(case, staging)
        write_measured(report, staging)
        progress("measuring and planning", 2, 3)
        write_html(case, report, staging)
    progress("measuring and planning", 3, 3)
    return report
