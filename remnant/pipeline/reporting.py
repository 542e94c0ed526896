"""A measured case to its report: the page, and the same page as PDF."""

from dataclasses import dataclass
from pathlib import Path

from remnant.core.case import CaseReport
from remnant.io.atomic import atomic_path, write_text
from remnant.pipeline.case_files import REPORT_HTML, REPORT_PDF
from remnant.pipeline.folder import read_measured, require_as_measured
from remnant.pipeline.plan_maps import stored_page_maps


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A case with the files of its report that were written."""

    case: CaseReport
    files: tuple[Path, ...]


def report_case(folder: Path, *, pdf: bool = False) -> WrittenReport:
    """Write a case's page anew from what is stored, and the PDF of it where it is asked for.

    Each file is the old one or the whole new one.

    Raises
    ------
    UnreadableFileError
        The folder holds no measured case, or a file of it is damaged.
    InputError
        The maps are no longer those that were measured, the folder cannot be written, or a PDF
        cannot be made here.
    """
    from remnant.page.pdf import require_weasyprint

    case = read_measured(folder)
    require_as_measured(folder)
    if pdf:
        require_weasyprint()
    page = page_of(case, folder)
    write_text(folder / REPORT_HTML, page)
    files = (folder / REPORT_HTML, *((write_pdf(page, folder),) if pdf else ()))
    return WrittenReport(case, files)


def page_of(case: CaseReport, folder: Path) -> str:
    """Return the page of a stored case, drawn from its maps.

    Raises
    ------
    UnreadableFileError
        A map is missing or damaged.
    """
    from remnant.page.html import render_html

    return render_html(case, **stored_page_maps(folder, case))


def write_pdf(page: str, folder: Path) -> Path:
    """Write a page of `remnant.page.html` as PDF beside it; return its path.

    Raises
    ------
    InputError
        WeasyPrint is not installed, or the folder cannot be written.
    """
    from remnant.page.pdf import render_pdf

    printed = render_pdf(page)
    with atomic_path(folder / REPORT_PDF) as temporary:
        temporary.write_bytes(printed)
    return folder / REPORT_PDF
