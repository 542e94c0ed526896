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
        "remnant plan CASE --resect V,VI --resect III,IV",
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
    from remnant.pipeline.facts import known_case
    from remnant.pipeline.folder import read_measured, replace_measured, require_as_measured
    from remnant.pipeline.stages import plan_case

    report = read_measured(case)
    require_as_measured(case)
    known = report.patient
    patient = known if background is None else replace(known, background=background)
    custom = tuple(dict.fromkeys((*known_case(case).resect, *parse_segments(resect))))
    planned = plan_case(report, patient=patient, custom=custom)
    replace_measured(planned, case)
    print_plan(planned)
    print(f"The plan is in {case}. Next: remnant report {case}")
