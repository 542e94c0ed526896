"""``remnant cohort summary``: what a cohort's cases say together, as a page."""

import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from remnant.cli.progress import shown_progress


def cohort_summary(
    cohort: Path,
    *,
    open_page: Annotated[bool, Parameter(name="--open", negative="")] = False,
) -> None:
    """Write what a cohort's cases say together: summary/index.html, to be read offline.

    Parameters
    ----------
    cohort
        Folder that `remnant cohort run` or `remnant cohort collect` wrote.
    open_page
        Show the page in the browser.
    """
    from remnant.cohort.summary import write_summary

    with shown_progress() as progress:
        page = write_summary(cohort, progress=progress)
    print(f"The summary is {page}")
    if open_page:
        webbrowser.open(page.resolve().as_uri())
