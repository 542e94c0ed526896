"""``remnant report``: a measured case to a page."""

from pathlib import Path

from cyclopts import App

from remnant.cli.examples import epilogue

app = App(
    name="report",
    help="Write a case's report.html anew.",
    help_epilogue=epilogue("remnant report CASE"),
)


@app.default
def report(case: Path) -> None:
    """Write a case's report.html anew from its report.json and maps.

    Parameters
    ----------
    case
        Folder that `remnant measure` or `remnant plan` wrote.
    """
    from remnant.pipeline.case_files import REPORT_HTML
    from remnant.pipeline.folder import read_case, read_measured, require_as_measured
    from remnant.pipeline.folder_page import write_html

    measured = read_measured(case)
    require_as_measured(case)
    write_html(read_case(case), measured, case)
    print(f"The report is {case / REPORT_HTML}")
