"""``remnant segment``: a scan to label maps."""

from pathlib import Path

from cyclopts import App

from remnant.cli.help_page import page
from remnant.cli.options import (
    NO_LIVER_BOX,
    NO_SCAN,
    DeviceOption,
    EngineOption,
    EstimateOption,
    LiverBoxOptions,
    MaskOptions,
    Output,
    OverwriteOption,
    QualityOption,
    ScanOptions,
)
from remnant.cli.outcome import Outcome, maps_outcome
from remnant.cli.progress import shown_progress
from remnant.pipeline.reviewing import LesionReview
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

app = App(
    name="segment",
    help="Find liver, lesions and segments in a scan and store their maps.",
    help_formatter=page(
        "remnant segment CT.nii.gz -o OUT",
        "remnant segment DICOM_FOLDER -o OUT --series 3",
        "remnant segment MR.nii.gz -o OUT --modality mr --landmarks points.mrk.json",
        "remnant segment MR.nii.gz -o OUT --modality mr --liver-box 0,-120,40,150,60,40",
        "remnant segment CT.nii.gz -o OUT --no-estimate-segments",
        common="--output --modality --series --phase --liver-from --lesions-from "
        "--liver-box --masks --liver --couinaud --landmarks --estimate-segments",
    ),
)

NO_MASKS = MaskOptions()


@app.default
def segment(
    source: Path,
    *,
    output: Output,
    overwrite: OverwriteOption = False,
    scan: ScanOptions = NO_SCAN,
    boxed: LiverBoxOptions = NO_LIVER_BOX,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "auto",
    quality: QualityOption = None,
    maps: MaskOptions = NO_MASKS,
    lesions: Path | None = None,
    estimate_segments: EstimateOption = True,
) -> Outcome:
    """Find liver, lesions and segments in a scan and store their maps.

    Parameters
    ----------
    source
        Scan: NIfTI, NRRD, MetaImage, a DICOM folder, DICOMDIR or zip file.
    output
        Folder of the case.
    lesions
        Lesion map; the same as --masks lesions=FILE.
    """
    from remnant.cli.requests import segment_request

    chosen = engine_named(engine)
    review = LesionReview(edited=lesions)
    request = segment_request(
        source, maps, scan=scan, boxed=boxed, review=review, overwrite=overwrite
    )

    from remnant.cli.dividing import divider_for
    from remnant.pipeline.run import segment_study
    from remnant.terminal.consoles import say_all

    with shown_progress() as progress:
        found = segment_study(
            request,
            output=output,
            segmenter=chosen.segmenter(device=device, quality=quality),
            divider=divider_for(device, estimate=estimate_segments),
            progress=progress,
        )
    say_all(found.notes)
    print(f"Maps are in {output}. Next: remnant measure {output}")
    return maps_outcome(output, found.case)
