"""``remnant measure``: label maps to volumes."""

from pathlib import Path

from cyclopts import App

from remnant.cli.examples import epilogue
from remnant.cli.options import (
    ErrorOptions,
    FormulaOptions,
    LesionOptions,
    MaskOptions,
    Output,
    PatientOptions,
)

app = App(
    name="measure",
    help="Measure existing maps: needs no image and no network.",
    help_epilogue=epilogue(
        "remnant measure --masks liver=liver.nii.gz,lesions=lesions.nii.gz -o OUT",
        "remnant measure --masks liver=segmentation-12.nii --masks-preset lits -o OUT",
        "remnant measure --masks couinaud=segments.nii.gz -o OUT --height-cm 175 --weight-kg 80",
        "remnant measure CASE --reject-lesions 3,7",
    ),
)

NO_FACTS = PatientOptions()
DEFAULT_FORMULAS = FormulaOptions()
DEFAULT_ERRORS = ErrorOptions()
NO_REVIEW = LesionOptions()
NO_MASKS = MaskOptions()


@app.default
def measure(
    case: Path | None = None,
    *,
    output: Output | None = None,
    patient: PatientOptions = NO_FACTS,
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
    from remnant.cli.summary import print_volumes
    from remnant.pipeline.divide import read_segments, require_redivision, with_segments
    from remnant.pipeline.facts import known_case
    from remnant.pipeline.folder import published, read_case, write_measured, write_segmented
    from remnant.pipeline.review import apply_review
    from remnant.pipeline.segment import case_from_masks
    from remnant.pipeline.stages import measure_case

    folder = output_folder(case, output)
    request = segment_request(None, maps)
    measuring = measure_request(known_case(case) if case else None, patient, formulas, errors)
    if case is None:
        segmented = case_from_masks(request)
    else:
        require_redivision(case, request)
        segmented = with_segments(read_case(case), read_segments(request))
    reviewed = apply_review(segmented, lesions.review())
    report = measure_case(reviewed, measuring)
    with published(folder) as staging:
        write_segmented(reviewed, staging)
        write_measured(report, staging)
    print_volumes(report)
    print(f"Volumes are in {folder}. Next: remnant plan {folder}")
