"""The four stages in a row, and their repetition after a review or with other segments.

Each stage publishes what it made as soon as it is done: whatever ends the process later leaves it,
and the same command goes on from there.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from remnant.core.case import CaseReport
from remnant.core.patient import Patient
from remnant.core.progress import Progress, silent, step
from remnant.io.atomic import write_text
from remnant.pipeline.case_files import REPORT_HTML, REPORT_JSON, UNFINISHED
from remnant.pipeline.divide import require_redivision, with_segments
from remnant.pipeline.edited_plans import require_plans_as_drawn
from remnant.pipeline.folder import (
    StoredCase,
    add_page,
    published,
    read_stored,
    replace_measured,
    require_as_read,
    require_output_folder,
    write_measured,
    write_plan_maps,
    write_segmented,
)
from remnant.pipeline.held import (
    Coming,
    Held,
    earlier_plan,
    held_files,
    is_same,
    require_replaceable,
    same_place,
    told_anew,
)
from remnant.pipeline.kept_liver import LiverKeeper
from remnant.pipeline.kept_words import require_words_kept
from remnant.pipeline.made_from import images_of, made_from
from remnant.pipeline.measuring_and_planning import keep_request, measure_case, plan_case
from remnant.pipeline.plan_maps import case_maps, drawn_plans, page_maps, stored_maps
from remnant.pipeline.plan_settings import DEFAULT_PLAN, PlanRequest
from remnant.pipeline.quality_light import with_light
from remnant.pipeline.repeat import changes
from remnant.pipeline.requests import MeasureRequest, SegmentRequest, require_source
from remnant.pipeline.review import apply_review
from remnant.pipeline.segment import case_from_masks, segment_case
from remnant.pipeline.segment_sources import read_given
from remnant.pipeline.segmented import SegmentedCase
from segmentation.boxes.cache import forget_embeddings
from segmentation.port import SegmentDivider, Segmenter, StepwiseSegmenter

NOTHING_ASKED: Final = SegmentRequest()
FINISHING: Final = "measuring and planning"
COMPARING: Final = "comparing with what is there"
READING: Final = "reading maps"
MEASURING: Final = "measuring"
WRITING: Final = "writing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """A case whose maps are published.

    Parameters
    ----------
    case
        The case.
    stored
        The same as it was taken up from its folder; ``None`` where it was segmented now.
    notes
        What was taken up or replaced, for the person who asked.
    """

    case: SegmentedCase
    stored: StoredCase | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A report, and how it came about.

    Parameters
    ----------
    report
        What was measured, and planned where that was asked.
    changed
        What was changed in a stored case before it was measured again.
    notes
        What was taken up or replaced.
    taken_up
        Whether the segmentation is that of an earlier run.
    """

    report: CaseReport
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    taken_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """A stored case, and what it became."""

    stored: StoredCase
    case: SegmentedCase

    def changed(self, request: SegmentRequest) -> tuple[str, ...]:
        """Say what became of the stored case, in words."""
        return changes(self.stored.written, self.case, request, edited=self.stored.edited)


def run_study(  # noqa: PLR0913  (the stage's one doorway)
    request: SegmentRequest,
    *,
    measuring: MeasureRequest,
    output: Path,
    segmenter: Segmenter,
    divider: SegmentDivider | None = None,
    planning: PlanRequest = DEFAULT_PLAN,
    page: bool = True,
    progress: Progress = silent,
) -> Ran:
    """Segment, measure, plan and report one study into a folder.

    Each stage is published as it finishes. Where the folder holds the segmentation of the very
    same inputs, by the same models and settings, it is taken up. Without a ``divider`` the segments
    are unknown where nothing was given to divide the liver by. Without ``page`` there is no
    ``report.html``.

    Raises
    ------
    InputError
        Something cannot be used, or the folder holds what would be lost, see
        `remnant.pipeline.held`.
    """
    found = segment_study(
        request,
        output=output,
        segmenter=segmenter,
        divider=divider,
        measuring=measuring,
        planning=planning,
        progress=progress,
    )
    if found.stored is None:
        report = _finish_in_stages(
            found.case, measuring=measuring, output=output, planning=planning, page=page,
            progress=progress,
        )  # fmt: skip
    else:
        report = finish_case(
            found.case,
            measuring=measuring,
            output=output,
            stored=found.stored,
            planning=planning,
            page=page,
            progress=progress,
        )
    return Ran(report=report, notes=found.notes, taken_up=found.stored is not None)


def segment_study(
    request: SegmentRequest,
    *,
    output: Path,
    segmenter: Segmenter,
    divider: SegmentDivider | None = None,
    measuring: MeasureRequest | None = None,
    planning: PlanRequest = DEFAULT_PLAN,
    progress: Progress = silent,
) -> Segmented:
    """Segment one study into a folder, or take up what the same command made there before.

    ``measuring`` and ``planning`` are what the case is to be measured and planned with afterwards,
    ``None`` where it is not.

    Raises
    ------
    InputError
        See `run_study`.
    """
    require_output_folder(output)
    if request.source is not None:
        require_source(request.source)
    replaced: tuple[str, ...] = ()
    if held_files(output):
        with step(progress, COMPARING):
            coming = Coming(
                made_from=made_from(request, segmenter, divider),
                measuring=measuring,
                planning=planning,
            )
            held = require_replaceable(output, coming, overwrite=request.overwrite)
        replaced = _replaced(held, coming)
        if held is not None and is_same(held, coming):
            return _taken_up(held, coming)
    # a liver that is outlined in a box is not looked for, and nothing is gained by keeping it
    boxed = request.liver_box is not None
    finding, notes = (segmenter, []) if boxed else _keeping(segmenter, output)
    case = segment_case(request, segmenter=finding, divider=divider, progress=progress)
    made = made_from(request, segmenter, divider, images=images_of(case))
    case = replace(case, made_from=made)
    with published(output) as staging:
        write_segmented(case, staging)
    shutil.rmtree(output / UNFINISHED, ignore_errors=True)
    return Segmented(case=case, notes=(*notes, *replaced))


def _keeping(segmenter: Segmenter, output: Path) -> tuple[Segmenter, list[str]]:
    """Return a segmenter that keeps the liver until the case is published, where it can."""
    if not isinstance(segmenter, StepwiseSegmenter):
        return segmenter, []
    keeper = LiverKeeper(segmenter=segmenter, folder=output / UNFINISHED)
    return keeper, keeper.notes


def _taken_up(held: Held, coming: Coming) -> Segmented:
    stored = read_stored(held.folder)
    name = stored.case.study.pseudonym
    notes = [f"segmentation of {name} taken up from {held.folder}"]
    if coming.measuring is not None and REPORT_JSON in held.files:
        notes.append(f"replaced the results of {held.written:%Y-%m-%d %H:%M} UTC")
    return Segmented(case=stored.case, stored=stored, notes=(*notes, *told_anew(held, coming)))


def rerun_case(
    folder: Path,
    request: SegmentRequest = NOTHING_ASKED,
    *,
    output: Path,
    measuring: MeasureRequest,
    divider: SegmentDivider | None = None,
    planning: PlanRequest = DEFAULT_PLAN,
    progress: Progress = silent,
) -> Ran:
    """Measure, plan and report again from the stored masks of a case folder.

    Nothing is segmented: the request's review is applied, and the liver is divided anew where the
    request gives something to divide it by, or where it has no segments and there is a divider.
    The old results stand until the new ones are complete.

    Raises
    ------
    InputError
        The request asks for more than that, or would drop what a human said.
    """
    require_output_folder(output)
    revised = revised_case(folder, request, divider=divider, progress=progress)
    coming = Coming(
        made_from=revised.case.made_from, case=revised.case, measuring=measuring, planning=planning
    )
    held = _other_case(output, coming, stored=folder, overwrite=request.overwrite)
    report = finish_case(
        revised.case,
        measuring=measuring,
        output=output,
        stored=revised.stored,
        planning=planning,
        progress=progress,
    )
    _forget_looks(revised.case, output)
    return Ran(report=report, changed=revised.changed(request), notes=_replaced(held, coming))


def _forget_looks(case: SegmentedCase, folder: Path) -> None:
    """Delete what was kept of the scan for further boxes, once every lesion was reviewed."""
    lesions = frozenset() if case.maps.lesions is None else case.maps.lesions.present() - {0}
    words = case.confirmations
    if all(n in words and not words[n].is_open for n in lesions):
        forget_embeddings(folder / UNFINISHED)


def measure_study(
    case: Path | None,
    request: SegmentRequest,
    *,
    output: Path,
    measuring: MeasureRequest,
    planning: PlanRequest | None = None,
    progress: Progress = silent,
) -> Ran:
    """Measure the masks of a request, or those of a stored case as it revises them, into a folder.

    ``planning`` is what the stored case was planned with: it is kept for the next plan.

    Raises
    ------
    InputError
        Something cannot be used, or what a human said would be lost.
    """
    require_output_folder(output)
    with step(progress, READING):
        revised = None if case is None else revised_case(case, request)
        masks = _masks_case(request) if revised is None else revised.case
    coming = Coming(
        made_from=masks.made_from,
        case=masks,
        measuring=measuring,
        planning=planning or DEFAULT_PLAN,
    )
    held = _other_case(output, coming, stored=case, overwrite=request.overwrite)
    plan = None if held is not None else earlier_plan(output)
    with step(progress, MEASURING):
        report = measure_case(masks, measuring)
    if planning is not None:
        report = keep_request(report, planning)
    with step(progress, WRITING), published(output) as staging:
        write_segmented(masks, staging, stored=revised.stored if revised else None)
        write_measured(report, staging)
    _forget_looks(masks, output)
    changed = () if revised is None else revised.changed(request)
    gone = () if plan is None else (f"dropped {plan}; `remnant plan {output}` plans anew",)
    return Ran(report=report, changed=changed, notes=(*_replaced(held, coming), *gone))


def plan_stored(
    folder: Path,
    measured: CaseReport,
    request: PlanRequest,
    *,
    patient: Patient,
    progress: Progress = silent,
) -> CaseReport:
    """Plan a measured case from its stored maps, and put the plan in the place of an earlier one.

    Raises
    ------
    InputError
        See `remnant.pipeline.measuring_and_planning.plan_case`; or a human changed a map of the
        earlier plan.
    """
    require_plans_as_drawn(folder)
    with step(progress, READING):
        maps = stored_maps(folder)
    report = plan_case(measured, request, patient=patient, maps=maps, progress=progress)
    drawn = drawn_plans(report, maps, request.choice, progress=progress)
    with step(progress, WRITING):
        replace_measured(report, folder, drawn=drawn if request.draw_maps else ())
    return report


def _masks_case(request: SegmentRequest) -> SegmentedCase:
    return replace(case_from_masks(request), made_from=made_from(request, images={}))


def _other_case(
    output: Path, coming: Coming, *, stored: Path | None, overwrite: bool
) -> Held | None:
    """Return the case that is replaced in a folder other than a stored case's own."""
    if stored is not None and same_place(stored, output):
        if not overwrite:
            require_plans_as_drawn(output)
        return None
    return require_replaceable(output, coming, overwrite=overwrite)


def _replaced(held: Held | None, coming: Coming) -> tuple[str, ...]:
    return () if held is None else (f"replaced {held}", *told_anew(held, coming))


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
        The request asks for more than that, or would drop what a human said before.
    """
    require_redivision(folder, request)
    stored = read_stored(folder)
    grid = stored.case.maps.structures.geometry
    seen = stored.case.vessel_roots is not None
    _, segments = read_given(request, liver_known=True, reference=grid, scanned=seen)
    reviewed = apply_review(stored.case, request.review)
    case = with_segments(reviewed, segments, divider=divider, progress=progress)
    if case.settings.whole_liver is not stored.case.settings.whole_liver:
        case = with_light(case)
    require_words_kept(stored.case, case, request)
    return _marked(Revised(stored=stored, case=case), request)


def _marked(revised: Revised, request: SegmentRequest) -> Revised:
    """Note in a case that it is not what one command made any more."""
    stored, case = revised.stored, revised.case
    said_anew = case.settings != stored.written.settings
    if case.made_from is None or not (said_anew or revised.changed(request)):
        return revised
    edited = tuple(sorted({*case.made_from.edited, *stored.edited}))
    made = replace(case.made_from, revised=True, edited=edited)
    return replace(revised, case=replace(case, made_from=made))


def finish_case(
    case: SegmentedCase,
    *,
    measuring: MeasureRequest,
    output: Path,
    stored: StoredCase | None = None,
    planning: PlanRequest = DEFAULT_PLAN,
    page: bool = True,
    progress: Progress = silent,
) -> CaseReport:
    """Measure, plan and report a segmented case, and publish its folder.

    A case that is stored keeps what it has until all is made anew, and maps that are still those of
    ``stored`` are not encoded again; of another each stage is published as it finishes.

    Raises
    ------
    InputError
        The folder holds another case, or what a human said of this one.
    """
    if stored is None:
        coming = Coming(made_from=case.made_from, case=case, measuring=measuring, planning=planning)
        require_replaceable(output, coming, overwrite=False, option=None)
        with published(output) as staging:
            write_segmented(case, staging)
        return _finish_in_stages(
            case, measuring=measuring, output=output, planning=planning, page=page,
            progress=progress,
        )  # fmt: skip
    progress(FINISHING, 0, 3)
    measured = measure_case(case, measuring)
    maps = case_maps(case)
    report = plan_case(measured, planning, maps=maps, progress=progress)
    progress(FINISHING, 1, 3)
    with published(output) as staging:
        write_segmented(case, staging, stored=stored)
        write_measured(report, staging)
        if planning.draw_maps:
            drawn = drawn_plans(report, maps, planning.choice, progress=progress)
            write_plan_maps(drawn, staging)
        progress(FINISHING, 2, 3)
        if page:
            write_text(staging / REPORT_HTML, _page(case, report))
        require_as_read(stored, output)
    progress(FINISHING, 3, 3)
    return report


def _finish_in_stages(
    case: SegmentedCase,
    *,
    measuring: MeasureRequest,
    output: Path,
    planning: PlanRequest,
    page: bool,
    progress: Progress,
) -> CaseReport:
    """Add volumes, plan and page to a published segmentation, each as soon as it is there."""
    progress(FINISHING, 0, 3)
    measured = measure_case(case, measuring)
    replace_measured(keep_request(measured, planning), output)
    maps = case_maps(case)
    report = plan_case(measured, planning, maps=maps, progress=progress)
    drawn = drawn_plans(report, maps, planning.choice, progress=progress)
    progress(FINISHING, 1, 3)
    replace_measured(report, output, drawn=drawn if planning.draw_maps else ())
    progress(FINISHING, 2, 3)
    if page:
        add_page(_page(case, report), output)
    progress(FINISHING, 3, 3)
    return report


def _page(case: SegmentedCase, report: CaseReport) -> str:
    # Late, since measuring alone makes no page.
    from remnant.page.html import render_html

    return render_html(report, **page_maps(case, report))
