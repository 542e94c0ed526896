"""The pages of a cohort's summary, without script and without anything outside its folder."""

from typing import Final

from remnant.page.html import environment
from remnant.view.cohort_sheet import SheetPage
from remnant.view.cohort_view import CohortView

INDEX: Final = "index.html"


def render_cohort(view: CohortView) -> str:
    """Render the summary of a cohort; its links are relative to the folder that it lies in."""
    return environment().get_template("cohort.html.j2").render(view=view)


def render_sheet(sheet: SheetPage) -> str:
    """Render a page of the contact sheet; it lies beside the summary."""
    return environment().get_template("cohort_sheet.html.j2").render(sheet=sheet)
