"""``remnant measure``: label maps to volumes."""

from pathlib import Path

from cyclopts import App

from remnant.cli.examples import epilogue
from remnant.cli.fact_options import NO_PATIENT, PatientOptions
from remnant.cli.options import (
    ErrorOptions,
    FormulaOptions,
    LesionOptions,
    MaskOptions,
    Output,
)

app = App(
    name="measure",
    help="Measure existing maps: needs no image and no network.",
    help_epilogue=epilogue(
        "remnant measure --liver liver.nii.gz --lesions lesions.nii.gz -o OUT",
        "remnant measure --masks liver=segmentation-12.nii --masks-preset lits -o OUT",
        "remnant measure --masks couinaud=segments.nii.gz -o OUT --height-cm 175 --weight-kg 80",
        "remnant measure CASE --reject-lesions 3,7",
        "remnant measure CASE --couinaud-from corrected.nii.gz",
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
    patient: PatientOptions = NO_PATIENT,
    formulas: FormulaOptions = DEFAULT_FORMULAS,
    errors: ErrorOptions = DEFAULT_ERRORS,
    lesions: LesionOptions = NO_REVIEW,
    maps: MaskOptions = NO_MASKS,
) -> None:
    """Measure existing maps: needs no image and no network.

    Parameters
    ----------
    case
        Folder that `remnant segment` wrote; leave it out when masks are given.
    output
        Folder of the case; needed with --masks.
    """
    from remnant.cli.requests import measure_request, output_folder, segment_request
    from remnant.pipeline.case_files import require_case
    from remnant.pipeline.facts import known_case

    # what is wrong with the options is said before the libraries that read and measure are loaded
    folder = output_folder(case, output)
    request = segment_request(None, maps, review=lesions.review(), stored=case is not None)
    if case is not None:
        require_case(case)
    known = known_case(case) if case else None
    measuring = measure_request(known, patient, formulas, errors)

    from remnant.pipeline.folder import published, write_measured, write_segmented
    from remnant.pipeline.measuring_and_planning import keep_request, measure_case
    from remnant.pipeline.run import revised_case
    from remnant.pipeline.segment import case_from_masks
    from remnant.terminal.case_summary import print_volumes

    revised = None if case is None else revised_case(case, request)
    segmented = case_from_masks(request) if revised is None else revised.case
    report = measure_case(segmented, measuring)
    if known is not None:
        report = keep_request(report, known.planning)
    with published(folder) as staging:
        write_segmented(segmented, staging, stored=revised.stored if revised else None)
        write_measured(report, staging)
    if revised is not None and (changed := revised.changed(request)):
        print(f"Changed before measuring: {', '.join(changed)}")
    print_volumes(report)
    print(f"Volumes are in {folder}. Next: remnant plan {folder}")
