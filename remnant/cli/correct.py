"""``remnant correct``: one box corrects a case."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Group, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import (
    DeviceOption,
    EngineOption,
    EstimateOption,
    Output,
    OverwriteOption,
)
from remnant.cli.outcome import Outcome, case_outcome, maps_outcome
from remnant.cli.progress import shown_progress
from remnant.core.drawn_boxes import BoxUnits
from remnant.core.errors import InputError
from remnant.core.volumes import Modality
from remnant.pipeline.correcting import CorrectRequest
from remnant.pipeline.option_texts import parse_box, parse_numbers
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

NONE = "none"
BOX_GROUP = Group("Boxes", sort_key=10)

app = App(
    name="correct",
    help="Draw one box: add or replace a lesion of a case, or outline its liver anew.",
    help_formatter=page(
        "remnant correct CASE --image CT.nii.gz --lesion-box 40,-20,115,75,20,115",
        "remnant correct CASE --image CT.nii.gz --lesion-box 210,144,61,238,170,61 "
        "--box-units voxels",
        "remnant correct CASE --image CT.nii.gz --lesion-box 40,-20,100,75,20,130 --replace 3",
        "remnant correct CASE --image DICOM_FOLDER --liver-box -60,-90,110,160,95,110 "
        "--by 'A. Radiologist'",
        common="--image --lesion-box --liver-box --box-units --largest-slice --replace --by "
        "--output --overwrite",
    ),
)


@app.default
def correct(
    case: Path,
    *,
    image: Annotated[Path | None, Parameter(alias="--scan")] = None,
    lesion_box: Annotated[
        tuple[str, ...],
        Parameter(negative="", show_default=False, allow_leading_hyphen=True, group=BOX_GROUP),
    ] = (),
    liver_box: Annotated[str | None, Parameter(allow_leading_hyphen=True, group=BOX_GROUP)] = None,
    box_units: Annotated[BoxUnits, Parameter(group=BOX_GROUP)] = BoxUnits.MM,
    largest_slice: Annotated[
        float | None, Parameter(allow_leading_hyphen=True, group=BOX_GROUP)
    ] = None,
    replace: Annotated[str | None, Parameter(group=BOX_GROUP)] = None,
    by: Annotated[str | None, Parameter(group=BOX_GROUP)] = None,
    output: Output | None = None,
    overwrite: OverwriteOption = False,
    modality: Modality | None = None,
    series: str | None = None,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "auto",
    estimate_segments: EstimateOption = True,
    history: Annotated[bool, Parameter(negative="")] = False,
) -> Outcome:
    """Draw one box: add or replace a lesion of a case, or outline its liver anew.

    A network outlines what lies in the box, and follows it up and down. The case is then measured
    and planned anew; what it was before is kept in its folder `earlier`.

    Parameters
    ----------
    case
        Folder that `remnant run`, `segment` or `measure` wrote.
    image
        The scan of the case, which the case itself does not keep; needed for boxes.
    lesion_box
        Box around a lesion, as x0,y0,z0,x1,y1,z1. A rectangle on the axial slice where the lesion
        is largest (z0 = z1), or a box around all of it, which also says where it ends. May be
        repeated.
    liver_box
        Box around the liver, in the same way.
    box_units
        What boxes are given in: mm (RAS) or voxels. These are the indices of the scan's array, from
        0 on.
    largest_slice
        Where along the body a box in 3-D is cut to be outlined first. In the units of the box;
        default: its middle.
    replace
        Lesions whose place the new one takes, e.g. 3,7, or none. Default: those that lie in the box
        for the most part.
    by
        Your name, to be kept with the box.
    output
        Folder of the corrected case; the case is rewritten in place when it is left out.
    modality
        ct or mr, where neither the scan nor the case says it.
    series
        Series of a DICOM folder: number or UID. As `inspect` lists them.
    history
        Print who corrected the case by hand, when and what, and change nothing.
    """
    if history:
        return printed_history(case)
    if image is None:
        raise InputError("boxes are drawn on the scan of the case: give it with --image")
    request = CorrectRequest(
        image=image,
        lesion_boxes=tuple(
            parse_box(text, option="--lesion-box", units=box_units, slice_at=largest_slice)
            for text in lesion_box
        ),
        liver_box=None
        if liver_box is None
        else parse_box(liver_box, option="--liver-box", units=box_units, slice_at=largest_slice),
        replace=replaced_lesions(replace),
        by=by,
        overwrite=overwrite,
        modality=modality,
        series=series,
    )
    require_one_slice(request, largest_slice)
    chosen = engine_named(engine)

    from remnant.pipeline.case_files import require_case
    from remnant.pipeline.correcting import require_sensible

    require_sensible(request)
    require_case(case)

    # the libraries that read, outline and plan are loaded for a case that is there
    from remnant.cli.dividing import divider_for
    from remnant.pipeline.correct import corrected
    from remnant.terminal.case_summary import print_case

    with shown_progress() as progress:
        done = corrected(
            case,
            request,
            output=output,
            engine=chosen.segmenter(device=device),
            divider=divider_for(device, estimate=estimate_segments),
            progress=progress,
        )
    print_case(done.report, output or case, heading=heading(done.changed), notes=done.notes)
    return case_outcome(output or case, done.report)


def printed_history(case: Path) -> Outcome:
    """Print the audit trail of a case.

    Raises
    ------
    InputError
        Entries of it were left out or changed.
    UnreadableFileError
        The folder holds no case.
    """
    from remnant.pipeline.case_files import require_case

    require_case(case)

    from remnant.core.corrections import is_chained
    from remnant.pipeline.drafts.commit import history
    from remnant.wording.corrections import NO_CORRECTION, version_lines

    found = history(case)
    for line in (line for one in found for line in version_lines(one)):
        print(line)
    if not found:
        print(NO_CORRECTION)
    if not is_chained(found):
        raise InputError(f"the audit trail of {case} is not whole: entries were removed or changed")
    return maps_outcome(case)


def replaced_lesions(text: str | None) -> frozenset[int] | None:
    """Return the numbers of the lesions that a box replaces; empty for ``none``.

    Raises
    ------
    InputError
        Something is not a lesion number.
    """
    if text is None:
        return None
    if text.strip().lower() == NONE:
        return frozenset()
    numbers = parse_numbers(text, option="--replace")
    if not numbers:
        raise InputError(f"--replace got {text!r}; allowed are whole numbers such as 3,7, or none")
    return numbers


def require_one_slice(request: CorrectRequest, largest_slice: float | None) -> None:
    """Raise if one slice was named for several boxes.

    Raises
    ------
    InputError
        It was.
    """
    boxes = len(request.lesion_boxes) + (request.liver_box is not None)
    if largest_slice is not None and boxes > 1:
        raise InputError(f"--largest-slice is for one box, got {boxes}; correct one at a time")


def heading(changed: tuple[str, ...]) -> str:
    """Say in one line what was corrected."""
    done = "; ".join((*changed, "measured and planned anew"))
    return done[0].upper() + done[1:]
