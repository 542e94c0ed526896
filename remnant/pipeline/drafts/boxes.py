"""A lesion outlined in a box of a draft, by the network that corrects stored cases by boxes."""

from dataclasses import replace
from pathlib import Path

from remnant.core.progress import Progress, silent
from remnant.pipeline.boxes import require_prompted
from remnant.pipeline.case_files import UNFINISHED
from remnant.pipeline.correcting import CorrectRequest
from remnant.pipeline.drafts.asked import OutlineBox
from remnant.pipeline.drafts.draft import Boxes, Outlined, Scan
from remnant.pipeline.drawing import Drawing, Pencil
from remnant.pipeline.segmented import SegmentedCase
from segmentation.port import PromptedSegmenter


def box_outliner(folder: Path, scan: Scan, engine: object, *, progress: Progress = silent) -> Boxes:
    """Return what outlines boxes on the scan of a case.

    Parameters
    ----------
    folder
        The case, where what was computed of the scan's slices is kept.
    scan
        Gives the scan.
    engine
        An engine that outlines boxes.
    progress
        Told of slices.

    Raises
    ------
    InputError
        The engine outlines no boxes.
    """
    tool = require_prompted(engine)

    def outlined(case: SegmentedCase, asked: OutlineBox, by: str) -> Outlined:
        image = scan()
        request = CorrectRequest(image=folder, lesion_boxes=(asked.box,), by=by)
        with tool.prompter(image, scratch=folder / UNFINISHED, progress=progress) as prompter:
            pencil = Pencil(image, prompter, request, progress)
            pencil.require_near_liver(case, asked.box)
            done = pencil.with_lesion(Drawing(case=_with_models(case, tool)), asked.box)
        return Outlined(case=done.case, lesion=done.lesions[-1])

    return outlined


def _with_models(case: SegmentedCase, tool: PromptedSegmenter) -> SegmentedCase:
    models = tuple(dict.fromkeys((*case.models, *tool.prompter_models)))
    return replace(case, models=models, device=case.device or tool.device_name)
