"""``remnant segment``: a scan to label maps."""

from pathlib import Path

from cyclopts import App

from remnant.cli.examples import epilogue
from remnant.cli.options import (
    NO_SCAN,
    DeviceOption,
    EngineOption,
    EstimateOption,
    MaskOptions,
    Output,
    ScanOptions,
)
from remnant.cli.progress import shown_progress
from remnant.pipeline.reviewing import LesionReview
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

app = App(
    name="segment",
    help="Find liver, lesions and segments in a scan and store their maps.",
    help_epilogue=epilogue(
        "remnant segment CT.nii.gz -o OUT",
        "remnant segment DICOM_FOLDER -o OUT --series 3",
        "remnant segment MR.nii.gz -o OUT --modality mr --landmarks points.mrk.json",
        "remnant segment CT.nii.gz -o OUT --no-estimate-segments",
    ),
)

NO_MASKS = MaskOptions()


@app.default
def segment(
    source: Path,
    *,
    output: Output,
    scan: ScanOptions = NO_SCAN,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "auto",
    maps: MaskOptions = NO_MASKS,
    lesions: Path | None = None,
    estimate_segments: EstimateOption = True,
) -> None:
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
    request = segment_request(source, maps, scan=scan, review=LesionReview(edited=lesions))

    from remnant.cli.dividing import divider_for
    from remnant.pipeline.folder import published, require_output_folder, write_segmented
    from remnant.pipeline.segment import segment_case

    require_output_folder(output)
    with shown_progress() as progress:
        case = segment_case(
            request,
            segmenter=chosen.segmenter(device=device),
            divider=divider_for(device, estimate=estimate_segments),
            progress=progress,
        )
        with published(output) as staging:
            write_segmented(case, staging)
    print(f"Maps are in {output}. Next: remnant measure {output}")
