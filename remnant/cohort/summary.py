"""``summary/``: pages that say what a cohort's cases say together."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from remnant.cohort.layout import CASES, SUMMARY, case_folder
from remnant.cohort.summary_figures import read_figures
from remnant.cohort.summary_thumbnails import thumbnails
from remnant.core.cohort_figures import CohortFigures
from remnant.core.errors import RemnantError
from remnant.core.progress import Progress, silent
from remnant.io.atomic import write_text
from remnant.page.cohort_html import INDEX, render_cohort, render_sheet
from remnant.pipeline.case_files import REPORT_HTML
from remnant.pipeline.publishing import publish, settle, staged_beside
from remnant.pipeline.results import require_writable
from remnant.view.cohort_outliers import outliers
from remnant.view.cohort_sheet import NO_PLACE, CasePlace, sheet_pages, shown_cases
from remnant.view.cohort_view import view_cohort
from remnant.wording.cohort import NO_PICTURE, NOT_DRAWN

PICTURES: Final = "pictures"
SHEETS: Final = "cases_by_*.html"
SAFE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""Names that lead nowhere else, in a path and in a link."""


def write_summary(cohort: Path, *, progress: Progress = silent) -> Path:
    """Write a cohort's summary, and return its first page.

    An earlier one is replaced; after an error it is as it was.

    Parameters
    ----------
    cohort
        Folder of the cohort, with its tables.
    progress
        Told after every picture.

    Raises
    ------
    InputError
        There are no tables, or the summary cannot be written.
    UnreadableFileError
        A table is damaged.
    """
    figures = read_figures(cohort)
    folder = cohort / SUMMARY
    require_writable(folder)
    with staged_beside(folder) as staging:
        _write_pages(figures, cohort, staging, progress)
        settle(folder)
        publish(staging, folder, _own_files(folder, staging))
    return folder / INDEX


def _write_pages(figures: CohortFigures, cohort: Path, staging: Path, progress: Progress) -> None:
    strange = outliers(figures)
    shown = shown_cases(figures, strange)
    names = [name for name in (figures.cases[n] for n in shown) if SAFE_NAME.fullmatch(name)]
    places = _places(cohort, names, staging / PICTURES, progress)
    pages = tuple(sheet_pages(figures, strange, places, shown=shown))
    view = view_cohort(figures, strange, places, shown=shown, sheets=pages)
    for page in pages:
        write_text(staging / page.file, render_sheet(page))
    write_text(staging / INDEX, render_cohort(view))


def _own_files(*folders: Path) -> tuple[str, ...]:
    """Return the names of a summary's files and folders that lie in any of these; the page last."""
    there = [folder for folder in folders if folder.is_dir()]
    sheets = {page.name for folder in there for page in folder.glob(SHEETS)}
    return (PICTURES, *sorted(sheets), INDEX)


def _places(
    cohort: Path, names: Sequence[str], pictures: Path, progress: Progress
) -> Mapping[str, CasePlace]:
    """Draw the cases' pictures into a folder, and return where each case leads."""
    pictures.mkdir()
    folders = [case_folder(cohort, name) for name in names]
    places = {}
    for folder, drawn in thumbnails(folders, progress=progress):
        if isinstance(drawn, bytes):
            (pictures / f"{folder.name}.png").write_bytes(drawn)
        places[folder.name] = _place(folder, drawn)
    return places


def _place(folder: Path, drawn: bytes | RemnantError | None) -> CasePlace:
    if not folder.is_dir():
        return NO_PLACE
    page = REPORT_HTML if (folder / REPORT_HTML).is_file() else ""
    return CasePlace(
        link=f"../{CASES}/{folder.name}/{page}",
        picture=f"{PICTURES}/{folder.name}.png" if isinstance(drawn, bytes) else "",
        missing=f"{NOT_DRAWN} ({type(drawn).__name__})"
        if isinstance(drawn, RemnantError)
        else NO_PICTURE,
    )
