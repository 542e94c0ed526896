"""``remnant demo``: the whole way on a real scan."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from remnant.cli.fact_options import NO_DISEASE
from remnant.cli.help_page import page
from remnant.cli.options import DeviceOption, EngineOption
from remnant.cli.outcome import Outcome, cases_outcome
from remnant.cli.plan_options import NO_CHOICES, PlanOptions
from remnant.cli.progress import shown_progress
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

app = App(
    name="demo",
    help="Fetch a real CT, segment, measure, plan and report it: the whole way in one command.",
    help_formatter=page(
        "remnant demo",
        "remnant demo -o /tmp/demo",
        common="--output --device --target --keep --most-ablations --recipe --plan-maps",
    ),
)

DEFAULT_OUTPUT = Path("demo-output")
HEADINGS = ("The scan as it is", "The scan with planted metastases")


@app.default
def demo(
    *,
    output: Annotated[Path, Parameter(alias="-o")] = DEFAULT_OUTPUT,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "auto",
    plans: PlanOptions = NO_CHOICES,
) -> Outcome:
    """Report a real abdominal CT as it is, and again with planted synthetic metastases.

    The scan and the networks (36 MB in all) are fetched once by pip into the cache. Body size is
    assumed and the segments are estimated from the liver's shape; the planted metastases are no
    patient's disease.

    Parameters
    ----------
    output
        Folder for the two cases.
    """
    from remnant.cli.dividing import LateDivider
    from remnant.cli.plan_options import plan_request
    from remnant.pipeline.demo import ASSUMED_PATIENT, demo_cases
    from remnant.pipeline.requests import MeasureRequest
    from remnant.pipeline.run import finish_case
    from remnant.terminal.case_summary import print_case

    chosen = engine_named(engine)
    planning = plan_request(NO_DISEASE, plans, (), numbered=False)
    measuring = MeasureRequest(patient=ASSUMED_PATIENT)
    with shown_progress() as progress:
        cases = demo_cases(
            output,
            segmenter=chosen.segmenter(device=device),
            divider=LateDivider(device),
            progress=progress,
        )
        reports = {
            folder: finish_case(
                case, measuring=measuring, output=folder, planning=planning, progress=progress
            )
            for folder, case in cases
        }
    for (folder, report), heading in zip(reports.items(), HEADINGS, strict=True):
        print_case(report, folder, heading=heading)
    return cases_outcome(reports)
