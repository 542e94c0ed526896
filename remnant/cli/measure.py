"""``remnant measure``: label maps to volumes."""

from dataclasses import replace
from pathlib import Path

from cyclopts import App

from remnant.cli.fact_options import NO_PATIENT, PatientOptions
from remnant.cli.help_page import page
from remnant.cli.options import (
    ErrorOptions,
    FormulaOptions,
    LesionOptions,
    MaskOptions,
    Output,
    OverwriteOption,
)
from remnant.cli.outcome import Outcome, case_outcome
from remnant.cli.progress import shown_progress

app = App(
    name="measure",
    help="Measure existing maps: needs no image and no network.",
    help_formatter=page(
        "remnant measure --liver liver.nii.gz --lesions lesions.nii.gz -o OUT",
        "remnant measure --masks liver=segmentation-12.nii --masks-preset lits -o OUT",
        "remnant measure --masks couinaud=segments.nii.gz -o OUT --height-cm 175 --weight-kg 80",
        "remnant measure CASE --reject-lesions 3,7",
        "remnant measure CASE --couinaud-from corrected.nii.gz",
        common="--output --height-cm --weight-kg --sex --age --background --formula "
        "--reject-lesions --confirm-lesions --lesions --masks --liver --couinaud "
        "--masks-preset --landmarks --confirm-segments --whole-liver",
    ),
)

DEFAULT_FORMULAS = FormulaOptions()
DEFAULT_ERRORS = ErrorOptions()
NO_REVIEW = LesionOptions()
NO_MASKS = MaskOptions()


@app.default
def measure(
    case: Path | None = None,
    *,
    output: Output | None = None,
    overwrite: OverwriteOption = False,
    patient: PatientOptions = NO_PATIENT,
    formulas: FormulaOptions = DEFAULT_FORMULAS,
    errors: ErrorOptions = DEFAULT_ERRORS,
    lesions: LesionOptions = NO_REVIEW,
    maps: MaskOptions = NO_MASKS,
) -> Outcome:
    """Measure existing maps: needs no image and no network.

    Parameters
    ----------
    case
        Folder that `remnant segment` wrote. Leave it out when masks are given.
    output
        Folder of the case; needed with --masks.
    """
    from remnant.cli.requests import measure_request, output_folder, segment_request
    from remnant.pipeline.case_files import require_case
    from remnant.pipeline.facts import known_case

    # what is wrong with the options is said before the libraries that read and measure are loaded
    folder = output_folder(case, output)
    request = segment_request(
        None, maps, review=lesions.review(), stored=case is not None, overwrite=overwrite
    )
    if case is not None:
        require_case(case)
    known = known_case(case) if case else None
    measuring = measure_request(known, patient, formulas, errors)

    from remnant.pipeline.run import measure_study
    from remnant.pipeline.told import replaced_words, told_otherwise
    from remnant.terminal.case_summary import print_volumes
    from remnant.terminal.consoles import say_all

    with shown_progress() as progress:
        ran = measure_study(
            case,
            request,
            output=folder,
            measuring=measuring,
            planning=known.planning if known else None,
            progress=progress,
        )
    if ran.changed:
        say_all([f"Changed before measuring: {', '.join(ran.changed)}"])
    told = told_otherwise(known, replace(known, measuring=measuring)) if known else ()
    say_all((*ran.notes, *replaced_words(told)))
    report = ran.report
    print_volumes(report)
    print(f"Volumes are in {folder}. Next: remnant plan {folder}")
    return case_outcome(folder, report)
