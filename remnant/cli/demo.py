"""``remnant demo``: the whole way on real scans."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from remnant.cli.fact_options import NO_DISEASE
from remnant.cli.help_page import page
from remnant.cli.options import DeviceOption, EngineOption, QualityOption
from remnant.cli.outcome import Outcome, cases_outcome
from remnant.cli.plan_options import NO_CHOICES, PlanOptions
from remnant.cli.progress import shown_progress
from segmentation.engines.registry import DEFAULT_ENGINE, engine_named

if TYPE_CHECKING:
    from remnant.core.case import CaseReport

app = App(
    name="demo",
    help="Fetch real scans, segment, measure, plan and report them: all in one command.",
    help_formatter=page(
        "remnant demo",
        "remnant demo -o /tmp/demo",
        common="--output --device --target --keep --most-ablations --recipe --plan-maps",
    ),
)

DEFAULT_OUTPUT = Path("demo-output")
HEADINGS = (
    "A real liver with tumour (LiTS case 117)",
    "Another scan as it is: a liver without known tumour, cut by the scan",
    "The same scan with planted metastases",
)
NOTES = ("a patient's liver, planned", "what a cut liver leaves open", "true volumes known")
TRY = "remnant plan {folder} --background cirrhosis"


@app.default
def demo(
    *,
    output: Annotated[Path, Parameter(alias="-o")] = DEFAULT_OUTPUT,
    engine: EngineOption = DEFAULT_ENGINE,
    device: DeviceOption = "auto",
    quality: QualityOption = None,
    plans: PlanOptions = NO_CHOICES,
) -> Outcome:
    """Report a real liver with tumour, and a real CT as it is and with planted metastases.

    The scans and the networks (40 MB in all) are fetched once by pip into the cache. Persons are
    assumed and the segments are estimated from the liver's shape; the planted metastases are no
    patient's disease.

    Parameters
    ----------
    output
        Folder for the three cases.
    """
    from remnant.cli.plan_options import plan_request
    from remnant.pipeline.demo import demo_cases
    from remnant.pipeline.late_divider import LateDivider
    from remnant.pipeline.requests import MeasureRequest
    from remnant.pipeline.run import finish_case

    chosen = engine_named(engine)
    planning = plan_request(NO_DISEASE, plans, (), numbered=False)
    with shown_progress() as progress:
        cases = demo_cases(
            output,
            segmenter=chosen.segmenter(device=device, quality=quality),
            divider=LateDivider(device),
            progress=progress,
        )
        reports = {
            one.folder: finish_case(
                one.case,
                measuring=MeasureRequest(patient=one.patient),
                output=one.folder,
                planning=planning,
                progress=progress,
            )
            for one in cases
        }
    print_reports(reports)
    return cases_outcome(reports)


def print_reports(reports: "Mapping[Path, CaseReport]") -> None:
    """Print the first case in full, the others' volumes, and last what to open."""
    from remnant.terminal.case_summary import print_plan, print_volumes
    from remnant.terminal.consoles import plain_console
    from remnant.wording.research_use import RESEARCH_USE

    console = plain_console()
    for number, (heading, report) in enumerate(zip(HEADINGS, reports.values(), strict=True)):
        console.print(f"\n{heading}", style="bold", markup=False)
        print_volumes(report, console=console)
        if number == 0:
            print_plan(report, console=console, caution=False)
    console.print("\nOpen, the first one first:", style="bold")
    for folder, note in zip(reports, NOTES, strict=True):
        console.print(f"  {folder / 'report.html'}  ({note})", soft_wrap=True, markup=False)
    first = next(iter(reports))
    console.print("\nWhat another kind of liver would change:", style="bold")
    console.print(f"  {TRY.format(folder=first)}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")
