"""``remnant report``: a measured case to a page."""

from pathlib import Path

from cyclopts import App

from remnant.cli.help_page import page
from remnant.cli.outcome import Outcome, case_outcome

app = App(
    name="report",
    help="Write a case's report.html anew.",
    help_formatter=page("remnant report CASE"),
)


@app.default
def report(case: Path) -> Outcome:
    """Write a case's report.html anew from its report.json and maps.

    Parameters
    ----------
    case
        Folder that `remnant measure` or `remnant plan` wrote.
    """
    from remnant.pipeline.case_files import REPORT_HTML, require_measured

    require_measured(case)

    from remnant.io.atomic import write_text
    from remnant.page.html import render_html
    from remnant.pipeline.folder import read_measured, require_as_measured
    from remnant.pipeline.plan_maps import stored_page_maps

    measured = read_measured(case)
    require_as_measured(case)
    page = render_html(measured, **stored_page_maps(case, measured))
    write_text(case / REPORT_HTML, page)
    print(f"The report is {case / REPORT_HTML}")
    return case_outcome(case, measured)
