"""``remnant plan``: volumes to findings."""

from dataclasses import replace
from pathlib import Path

from cyclopts import App

from remnant.cli.examples import epilogue
from remnant.cli.options import ResectOption
from remnant.core.patient import LiverBackground

app = App(
    name="plan",
    help="Hold a measured case against the rules of the literature.",
    help_epilogue=epilogue(
        "remnant plan CASE",
        "remnant plan CASE --background chemotherapy",
        "remnant plan CASE --resect VI,VII --resect II,III,IV",
    ),
)


@app.default
def plan(
    case: Path,
    *,
    background: LiverBackground | None = None,
    resect: ResectOption = (),
) -> None:
    """Hold a measured case against the rules of the literature.

    Parameters
    ----------
    case
        Folder that `remnant measure` wrote.
    background
        State of the liver that would remain; default is what the case was measured with.
    """
    from remnant.cli.options import parse_segments
    from remnant.cli.summary import print_plan
    from remnant.pipeline.folder import read_measured, write_measured
    from remnant.pipeline.stages import plan_case

    report = read_measured(case)
    known = report.patient
    patient = known if background is None else replace(known, background=background)
    planned = plan_case(report, patient=patient, custom=parse_segments(resect))
    write_measured(planned, case)
    print_plan(planned)
    print(f"The plan is in {case}. Next: remnant report {case}")
