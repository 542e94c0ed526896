"""A stored case corrected by a reader's boxes: lesions added or replaced, the liver outlined anew.

A box says where something is; a network outlines it there, and the outline is followed from slice
to slice. What a reader drew counts as confirmed, and as a finding its outline is to be looked at.
What others said before is kept: a confirmed lesion keeps its voxels unless the box takes its place,
and one that was rejected is replaced only by its number.
"""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from remnant.core.case import CaseReport
from remnant.core.errors import InputError
from remnant.core.progress import Progress, silent
from remnant.pipeline.boxes import require_prompted
from remnant.pipeline.case_files import UNFINISHED, require_case
from remnant.pipeline.correcting import CorrectRequest, require_sensible
from remnant.pipeline.divide import with_segments
from remnant.pipeline.drawing import Drawing, Pencil
from remnant.pipeline.earlier import kept_earlier
from remnant.pipeline.edited_plans import require_plans_as_drawn
from remnant.pipeline.export_scan import scan_of
from remnant.pipeline.facts import known_case
from remnant.pipeline.folder import StoredCase, read_stored, require_output_folder
from remnant.pipeline.held import Coming, require_replaceable, same_place
from remnant.pipeline.kept_words import require_words_kept
from remnant.pipeline.repeat import changes
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.review import lesion_numbers
from remnant.pipeline.run import finish_case
from remnant.pipeline.segment_sources import NOTHING_GIVEN
from remnant.pipeline.segmented import SegmentedCase
from segmentation.port import PromptedSegmenter, SegmentDivider


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A case that was corrected.

    Parameters
    ----------
    report
        What was measured and planned anew.
    changed
        What was changed, in words.
    lesions
        Numbers of the lesions that were drawn, in the order of their boxes.
    earlier
        Folder of what the case was before; ``None`` where the result lies in another folder.
    """

    report: CaseReport
    changed: tuple[str, ...]
    lesions: tuple[int, ...]
    earlier: Path | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person who asked is told beside that."""
        if self.earlier is None:
            return ()
        return (f"The case as it was before is kept in {self.earlier}.",)


def corrected(
    folder: Path,
    request: CorrectRequest,
    *,
    output: Path | None = None,
    engine: object | None = None,
    divider: SegmentDivider | None = None,
    progress: Progress = silent,
) -> Corrected:
    """Correct a stored case by a reader's boxes, and measure and plan it anew.

    The old results stand until the new ones are complete, and the maps and the report of before are
    kept in the case's folder.

    Parameters
    ----------
    folder
        The case.
    request
        The boxes, and the scan that they were drawn on.
    output
        Where the corrected case goes; ``None`` for where it lies.
    engine
        Outlines boxes (`segmentation.port.PromptedSegmenter`); ``None`` for the default engine.
    divider
        Estimates segments anew that were estimated for another liver; ``None`` for no estimate.
    progress
        Told of slices and stages.

    Raises
    ------
    InputError
        There is no box; one lies outside the scan, far from the liver, or holds nothing; the scan
        is not the case's; what a human said before would be lost.
    UnreadableFileError
        The folder holds no case, or the scan cannot be read.
    ModelUnavailableError
        The network's weights are not installed and could not be fetched.
    """
    require_sensible(request)
    require_case(folder)
    place = folder if output is None else output
    require_output_folder(place)
    if not request.overwrite:
        require_plans_as_drawn(place)
    known = known_case(folder)
    tool = require_prompted(_default_engine() if engine is None else engine)
    stored = read_stored(folder)
    drawing = _drawn(stored, request, tool, progress)
    words = SegmentRequest(overwrite=request.overwrite)
    case = with_segments(drawing.case, NOTHING_GIVEN, divider=divider, progress=progress)
    require_words_kept(stored.case, case, words)
    case = _marked(case, stored)
    coming = Coming(
        made_from=case.made_from, case=case, measuring=known.measuring, planning=known.planning
    )
    with ExitStack() as stack:
        earlier = None
        if same_place(folder, place):
            earlier = stack.enter_context(kept_earlier(folder))
        else:
            require_replaceable(place, coming, overwrite=request.overwrite)
        report = finish_case(
            case,
            measuring=known.measuring,
            output=place,
            stored=stored,
            planning=known.planning,
            progress=progress,
        )
    also = changes(stored.written, case, words, edited=stored.edited)
    return Corrected(
        report=report,
        changed=(*drawing.changed, *also),
        lesions=drawing.lesions,
        earlier=earlier,
    )


def _default_engine() -> object:
    from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

    return engine_named(DEFAULT_ENGINE).segmenter()


def _marked(case: SegmentedCase, stored: StoredCase) -> SegmentedCase:
    """Note in a case that it is not what one command made any more."""
    if case.made_from is None:
        return case
    edited = tuple(sorted({*case.made_from.edited, *stored.edited}))
    return replace(case, made_from=replace(case.made_from, revised=True, edited=edited))


def _drawn(
    stored: StoredCase, request: CorrectRequest, engine: PromptedSegmenter, progress: Progress
) -> Drawing:
    """Read the scan and draw what the request asks for, the liver first."""
    case, folder = stored.case, stored.folder
    _require_known(case, request)
    image = scan_of(
        case,
        folder,
        request.image,
        modality=request.modality,
        series=request.series,
        progress=progress,
    )
    with engine.prompter(image, scratch=folder / UNFINISHED, progress=progress) as prompter:
        drawing = Drawing(case=_with_models(case, engine))
        pencil = Pencil(image, prompter, request, progress)
        if request.liver_box is not None:
            drawing = pencil.with_liver(drawing, request.liver_box)
        for box in request.lesion_boxes:
            pencil.require_near_liver(drawing.case, box)
        for box in request.lesion_boxes:
            drawing = pencil.with_lesion(drawing, box)
    return drawing


def _require_known(case: SegmentedCase, request: CorrectRequest) -> None:
    if not request.replace:
        return
    numbers = lesion_numbers(case)
    if unknown := sorted(request.replace - set(numbers)):
        listed = ", ".join(map(str, numbers)) or "none"
        raise InputError(f"--replace: there is no lesion {unknown}; this case's are {listed}")


def _with_models(case: SegmentedCase, engine: PromptedSegmenter) -> SegmentedCase:
    models = tuple(dict.fromkeys((*case.models, *engine.prompter_models)))
    return replace(case, models=models, device=case.device or engine.device_name)
