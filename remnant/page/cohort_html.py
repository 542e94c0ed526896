"""The pages of a cohort's summary, without script and without anything outside its folder."""

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from remnant.view.cohort_sheet import SheetPage
from remnant.view.cohort_view import CohortView

INDEX: Final = "index.html"


def render_cohort(view: CohortView) -> str:
    """Render the summary of a cohort; its links are relative to the folder that it lies in."""
    return _environment().get_template("cohort.html.j2").render(view=view)


def render_sheet(sheet: SheetPage) -> str:
    """Render a page of the contact sheet; it lies beside the summary."""
    return _environment().get_template("cohort_sheet.html.j2").render(sheet=sheet)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("remnant.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
