"""``remnant cohort summary``: what a cohort's cases say together, as a page."""

import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress
from remnant.cohort.packages import require_packages


def cohort_summary(
    cohort: Path,
    /,
    *,
    open_page: Annotated[bool, Parameter(name="--open", negative="")] = False,
) -> Outcome:
    """Write what the cases say together, as a page to be read offline: summary/index.html.

    Distributions, verdicts, agreement with references, courses, outliers, failures, and a contact
    sheet.

    Parameters
    ----------
    cohort
        Folder that `remnant cohort run` or `remnant cohort collect` wrote.
    open_page
        Show the page in the browser.
    """
    require_packages("pyarrow")
    from remnant.cohort.summary import write_summary

    with shown_progress() as progress:
        page = write_summary(cohort, progress=progress)
    print(f"The summary is {page}")
    if open_page:
        webbrowser.open(page.resolve().as_uri())
    return told_outcome({"page": str(page)})
