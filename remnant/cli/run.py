"""``remnant run``: the whole way in one command."""

from collections.abc import Sequence
from pathlib import Path

from cyclopts import App

from remnant.cli.fact_options import NO_DISEASE, NO_PATIENT, DiseaseOptions, PatientOptions
from remnant.cli.help_page import page
from remnant.cli.options import (
    NO_LIVER_BOX,
    NO_SCAN,
    DeviceOption,
    EngineOption,
    ErrorOptions,
    EstimateOption,
    FormulaOptions,
    LesionOptions,
    LiverBoxOptions,
    MaskOptions,
    Output,
    OverwriteOption,
    QualityOption,
    ResectOption,
    ScanOptions,
)
from remnant.cli.outcome import Outcome, case_outcome
from remnant.cli.plan_options import NO_CHOICES, PlanOptions
from remnant.cli.progress import shown_progress
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

app = App(
    name="run",
    help="From a scan (or a stored case) to tumour load, remnant, plan and report.",
    help_formatter=page(
        "remnant run CT.nii.gz -o OUT --height-cm 175 --weight-kg 80 --sex male --age 60 "
        "--background normal",
        "remnant run DICOM_FOLDER -o OUT --landmarks points.mrk.json",
        "remnant run STUDY -o OUT --liver-from portal --lesions-from arterial,portal",
        "remnant run CT.nii.gz -o OUT --couinaud-from segments.nii.gz",
        "remnant run CT.nii.gz -o OUT --masks branches=portal-branches.nii.gz",
        "remnant run CT.nii.gz -o OUT --no-estimate-segments",
        "remnant run MR.nii.gz -o OUT --modality mr --liver-box 0,-120,40,150,60,40",
        "remnant run OUT --reject-lesions 3,7",
        "remnant run OUT --couinaud-from corrected.seg.nrrd",
        "remnant run OUT --confirm-segments 'A. Radiologist'",
        "remnant run OUT --landmarks points.mrk.json --split-iv",
        "remnant run OUT --facts facts.yaml --keep IV --most-ablations 2",
        common="--output --resect "
        "--modality --series --phase --liver-box --reject-lesions --confirm-lesions --masks "
        "--couinaud-from --landmarks --confirm-segments --facts --target --keep "
        "--most-ablations --recipe",
    ),
)

DEFAULT_FORMULAS = FormulaOptions()
DEFAULT_ERRORS = ErrorOptions()
NO_REVIEW = LesionOptions()
NO_MASKS = MaskOptions()


@app.default
def run(
    source: Path | None = None,
    *,
    output: Output | None = None,
    overwrite: OverwriteOption = False,
    scan: ScanOptions = NO_SCAN,
    boxed: LiverBoxOptions = NO_LIVER_BOX,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "auto",
    quality: QualityOption = None,
    resect: ResectOption = (),
    patient: PatientOptions = NO_PATIENT,
    formulas: FormulaOptions = DEFAULT_FORMULAS,
    errors: ErrorOptions = DEFAULT_ERRORS,
    lesions: LesionOptions = NO_REVIEW,
    maps: MaskOptions = NO_MASKS,
    estimate_segments: EstimateOption = True,
    disease: DiseaseOptions = NO_DISEASE,
    plans: PlanOptions = NO_CHOICES,
) -> Outcome:
    """Segment, measure, plan and report one study; what is finished is kept, whatever happens.

    Parameters
    ----------
    source
        Scan, or the folder of a stored case. A scan is NIfTI, NRRD, MetaImage, a DICOM folder,
        DICOMDIR or zip file. A stored case is measured and planned again from its maps in seconds.
        Leave it out to start from masks.
    output
        Folder of the case; a stored case is rewritten in place when it is left out. Where a run
        was ended there the same command goes on from its last finished stage.
    """
    from remnant.cli.requests import measure_request, output_folder, segment_request
    from remnant.pipeline.case_files import is_case

    chosen = engine_named(engine)
    stored = source if source is not None and is_case(source) else None
    request = segment_request(
        source, maps, scan=scan, boxed=boxed, review=lesions.review(), stored=stored is not None,
        overwrite=overwrite,
    )  # fmt: skip

    # what is wrong with the paths is said before the libraries that read and measure are loaded
    from remnant.cli.dividing import divider_for
    from remnant.cli.plan_options import plan_request
    from remnant.cli.planning_notes import planning_notes
    from remnant.io.roles import Part
    from remnant.pipeline.divide import require_redivision
    from remnant.pipeline.facts import KnownCase, known_case
    from remnant.pipeline.run import rerun_case, run_study
    from remnant.terminal.case_summary import print_case

    if stored is not None:
        require_redivision(stored, request)
    known = known_case(stored) if stored else None
    measuring = measure_request(known, patient, formulas, errors, facts=disease.facts)
    folder = output_folder(stored, output)
    planning = plan_request(
        disease, plans, resect, known=known.planning if known else None,
        numbered=stored is not None or Part.LESIONS in request.masks,
    )  # fmt: skip
    divider = divider_for(device, estimate=estimate_segments)
    with shown_progress() as progress:
        if stored is not None:
            again = rerun_case(
                stored, request, output=folder, measuring=measuring, divider=divider,
                planning=planning, progress=progress,
            )  # fmt: skip
            report, heading = again.report, repeated((*again.changed, *again.notes))
        else:
            ran = run_study(
                request, measuring=measuring, output=folder,
                segmenter=chosen.segmenter(device=device, quality=quality), divider=divider,
                planning=planning, progress=progress,
            )  # fmt: skip
            report, heading = ran.report, repeated(ran.notes) if ran.notes else ""
    notes = planning_notes(report, KnownCase(measuring=measuring, planning=planning), known)
    print_case(report, folder, heading=heading, notes=notes)
    return case_outcome(folder, report)


def repeated(changed: Sequence[str]) -> str:
    """Say in one line what was changed in a stored case, and what was done again."""
    done = "; ".join((", ".join(changed) or "maps as stored", "measured and planned anew"))
    return done[0].upper() + done[1:]
