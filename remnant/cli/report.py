"""``remnant report``: a measured case to a page."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import Language
from remnant.cli.outcome import Outcome, case_outcome

app = App(
    name="report",
    help="Write a case's report.html anew.",
    help_formatter=page(
        "remnant report CASE",
        "remnant report CASE --pdf",
        "remnant report CASE --language de",
    ),
)


@app.default
def report(
    case: Path,
    *,
    pdf: Annotated[bool, Parameter(negative="")] = False,
    language: Language = "en",
) -> Outcome:
    """Write a case's report.html anew from its report.json and maps.

    Parameters
    ----------
    case
        Folder that `remnant measure` or `remnant plan` wrote.
    pdf
        Write `report.pdf` too: the same page, printed.
    language
        Language of the page and the PDF. The files for other programs stay as they are.
    """
    from remnant.pipeline.case_files import require_measured

    require_measured(case)

    from remnant.pipeline.reporting import report_case
    from remnant.wording.language import in_language

    with in_language(language):
        written = report_case(case, pdf=pdf)
    for path in written.files:
        print(f"The report is {path}")
    return case_outcome(case, written.case)
