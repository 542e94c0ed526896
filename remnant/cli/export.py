"""``remnant export``: a case for another program."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import Output
from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress
from remnant.core.errors import InputError
from remnant.core.volumes import Modality
from remnant.pipeline.exporting import ExportRequest, Target, TrainingLabels

app = App(
    name="export",
    help="Write a case for 3D Slicer, ITK-SNAP, nnU-Net, or as surfaces (STL, glTF).",
    help_formatter=page(
        "remnant export CASE --to slicer",
        "remnant export CASE --to itksnap --image CT.nii.gz -o OUT",
        "remnant export CASE --to glb",
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
) -> Outcome:
    """Write a case for 3D Slicer, ITK-SNAP, nnU-Net, or as surfaces (STL, glTF).

    Parameters
    ----------
    case
        Folder that `remnant measure` or `remnant run` wrote.
    more
        Further cases, for nnunet alone.
    to
        What for. Surfaces (stl, glb) are for display only, not for measurement.
    output
        Folder to write; default: CASE-slicer, CASE-itksnap, … beside the case.
    image
        The scan of the case, which the case itself does not keep: copied beside the maps. For
        nnunet one for each case, in their order.
    modality
        ct or mr, where neither the scan nor the case says it.
    labels
        What nnunet is to learn: structures (liver and lesions) or couinaud.
    unconfirmed
        Take cases for nnunet whose lesions or segments nobody has confirmed, too.
    """
    from remnant.pipeline.export import export_case
    from remnant.pipeline.training_set import export_training_set
    from remnant.terminal.consoles import plain_console, say, say_all

    if output is None and to is Target.NNUNET:
        raise InputError("--to nnunet needs a folder for the data set: -o Dataset501_Liver")
    request = ExportRequest(
        cases=(case, *more),
        target=to,
        output=output or case.resolve().with_name(f"{case.resolve().name}-{to}"),
        images=image,
        modality=modality,
        labels=labels,
        unconfirmed=unconfirmed,
    )
    with shown_progress() as progress:
        write = export_training_set if to is Target.NNUNET else export_case
        done = write(request, progress=progress)
    if done.replaced is not None:
        say_all([f"replaced {done.replaced}"])
    print(f"{len(done.files)} files are in {done.folder}")
    say(plain_console(), done.opening)
    return told_outcome({"folder": str(done.folder), "files": list(done.files)})
