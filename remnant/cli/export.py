"""``remnant export``: a case for another program."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import Language, Output
from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress
from remnant.core.errors import InputError
from remnant.core.volumes import Modality
from remnant.pipeline.case_files import DICOM
from remnant.pipeline.exporting import (
    ExportRequest,
    Target,
    TrainingLabels,
    require_options_of_target,
)

if TYPE_CHECKING:
    from remnant.pipeline.export import Exported

app = App(
    name="export",
    help="Write a case for a PACS, 3D Slicer, ITK-SNAP, nnU-Net, or as surfaces (STL, glTF).",
    help_formatter=page(
        "remnant export CASE --to slicer",
        "remnant export CASE --to itksnap --image CT.nii.gz -o OUT",
        "remnant export CASE --to glb",
        "remnant export CASE --to dicom --plan plan_2",
        "remnant export A B --to nnunet --image a.nii --image b.nii -o Dataset501_Liver",
    ),
)


@app.default
def export(
    case: Path,
    /,
    *more: Path,
    to: Target,
    output: Output | None = None,
    image: Annotated[tuple[Path, ...], Parameter(negative="", show_default=False)] = (),
    modality: Modality | None = None,
    labels: TrainingLabels = TrainingLabels.STRUCTURES,
    unconfirmed: Annotated[bool, Parameter(negative="")] = False,
    plan: str | None = None,
    source: Path | None = None,
    labelmap: Annotated[bool, Parameter(negative="")] = False,
    language: Language = "en",
) -> Outcome:
    """Write a case for a PACS, 3D Slicer, ITK-SNAP, nnU-Net, or as surfaces (STL, glTF).

    Parameters
    ----------
    case
        Folder that `remnant measure` or `remnant run` wrote.
    more
        Further cases, for nnunet alone.
    to
        What for. Surfaces (stl, glb) are for display only, not for measurement; dicom are results
        for a PACS, with the patient's name.
    output
        Folder to write; default: CASE/dicom for dicom, else CASE-slicer, … beside the case.
    image
        The scan of the case, which the case itself does not keep: copied beside the maps. For
        nnunet one for each case, in their order.
    modality
        ct or mr, where neither the scan nor the case says it.
    labels
        What nnunet is to learn: structures (liver and lesions) or couinaud.
    unconfirmed
        Take cases for nnunet whose lesions or segments nobody has confirmed, too.
    plan
        Plan that goes into dicom, such as plan_2; default: the first in rank.
    source
        Folder of the case's images for dicom, where the case keeps no record of them.
    labelmap
        Write segmentations in dicom as label maps: small, but not every program reads them yet.
    language
        Language of the report in dicom. Codes and measurements beside it are in English.
    """
    if output is None and to is Target.NNUNET:
        raise InputError("--to nnunet needs a folder for the data set: -o Dataset501_Liver")
    request = ExportRequest(
        cases=(case, *more),
        target=to,
        output=output or _beside(case, to),
        images=image,
        modality=modality,
        labels=labels,
        unconfirmed=unconfirmed,
        plan=plan,
        source=source,
        labelmap=labelmap,
        language=language,
    )
    require_options_of_target(request)
    return _told(_written(request), to)


def _beside(case: Path, to: Target) -> Path:
    if to is Target.DICOM:
        return case / DICOM
    return case.resolve().with_name(f"{case.resolve().name}-{to}")


def _written(request: ExportRequest) -> "Exported":
    from remnant.pipeline.dicom_results.making import export_results
    from remnant.pipeline.export import export_case
    from remnant.pipeline.training_set import export_training_set

    writers = {Target.NNUNET: export_training_set, Target.DICOM: export_results}
    with shown_progress() as progress:
        return writers.get(request.target, export_case)(request, progress=progress)


def _told(done: "Exported", to: Target) -> Outcome:
    from remnant.terminal.consoles import plain_console, say, say_all

    if done.replaced is not None:
        say_all([f"replaced {done.replaced}"])
    print(f"{len(done.files)} files are in {done.folder}")
    if to is Target.DICOM:
        print("\n".join(f"  {name}" for name in done.files))
    say_all([*done.left_out, *([done.care] if done.care else [])])
    say(plain_console(), done.opening)
    return told_outcome({"folder": str(done.folder), "files": list(done.files)})
