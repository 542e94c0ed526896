"""Files of a case that the page gives away: a list of names, and nothing beside it.

The report that is not there, and its PDF, are made when somebody asks, and kept in memory alone.
Results in DICOM are there where their owner made them for this case. They name the patient: they
are given away as files to save and are never shown, and the record that they were made from is not
given away at all.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from remnant.io.dicom_results.heads import ResultKind
from remnant.pipeline.case_files import (
    DICOM,
    LABEL_MAPS,
    LESION_TABLE,
    PLAN_TABLE,
    REPORT_HTML,
    REPORT_JSON,
    REPORT_PDF,
    SEGMENTATION,
    beside,
)
from remnant.pipeline.dicom_results.private_folder import MOST_CAPTURES, result_name
from remnant.pipeline.reporting import page_of
from remnant.web.library import inside
from remnant.web.open_cases import OpenCase
from remnant.web.refusals import refused
from remnant.web.requests import Json

TITLES: Final = {
    REPORT_HTML: "Report (page)",
    REPORT_PDF: "Report (PDF)",
    REPORT_JSON: "Report (data)",
    LESION_TABLE: "Lesions (table)",
    PLAN_TABLE: "Plans (table)",
}
RESULTS: Final = {
    ResultKind.SEG_ANATOMY: "Liver and segments",
    ResultKind.SEG_LESIONS: "Lesions",
    ResultKind.SEG_PLAN: "Plan",
    ResultKind.MEASUREMENTS: "Measurements",
    ResultKind.REPORT: "Report",
}
CAPTURED: Final = "Key image"
NAMES_PATIENT: Final = "(DICOM, names the patient)"
RESULT_TITLES: Final = {
    **{result_name(kind): f"{title} {NAMES_PATIENT}" for kind, title in RESULTS.items()},
    **{
        result_name(ResultKind.CAPTURES, n): f"{CAPTURED} {n} {NAMES_PATIENT}"
        for n in range(1, MOST_CAPTURES + 1)
    },
}
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".nrrd": "application/octet-stream",
    ".gz": "application/gzip",
    ".dcm": "application/dicom",
}


def titles_of() -> dict[str, str]:
    """Return the names of all files that may be given away, with what they are called."""
    maps = {name: name.split(".")[0].replace("_", " ").capitalize() for name in LABEL_MAPS}
    segmentations = {
        beside(name, SEGMENTATION): f"{title} (3D Slicer)" for name, title in maps.items()
    }
    volumes = {name: f"{title} (NIfTI)" for name, title in maps.items()}
    return {**TITLES, **segmentations, **volumes, **RESULT_TITLES}


def _place(case: OpenCase, name: str) -> Path:
    return case.folder / (DICOM if name in RESULT_TITLES else "") / name


def downloads_of(case: OpenCase) -> list[Json]:
    """Return the files that a case has, and those that are made for it."""
    made = makeable(case)
    return [
        {"name": name, "title": title}
        for name, title in titles_of().items()
        if name in made or _place(case, name).is_file()
    ]


def makeable(case: OpenCase) -> tuple[str, ...]:
    """Return the names of what can be made of a case when somebody asks."""
    if case.maps is None:
        return ()
    return (REPORT_HTML, REPORT_PDF) if find_spec("weasyprint") else (REPORT_HTML,)


def made(case: OpenCase, name: str) -> bytes | None:
    """Return a report that no file of the case holds; ``None`` where a file does, or none is made.

    Raises
    ------
    RemnantError
        A map of the case is damaged, or a PDF cannot be made here.
    """
    if name not in makeable(case) or (case.folder / name).is_file():
        return None
    if name == REPORT_HTML:
        page: bytes = case.keep(name, lambda: page_of(case.report, case.folder).encode())
        return page
    printed: bytes = case.keep(name, lambda: _printed(case))
    return printed


def _printed(case: OpenCase) -> bytes:
    from remnant.page.pdf import render_pdf

    page = case.folder / REPORT_HTML
    drawn = page.read_bytes() if page.is_file() else made(case, REPORT_HTML)
    return render_pdf((drawn or b"").decode())


def download(case: OpenCase, root: Path, name: str) -> tuple[Path, str]:
    """Return the path and type of a file that may be given away.

    Raises
    ------
    RefusedError
        There is none of that name.
    """
    path = _place(case, name)
    if name not in titles_of() or not path.is_file():
        raise refused(404, "there is no such file", "load the page again")
    return inside(root, path), type_of(name)


def type_of(name: str) -> str:
    """Return the media type of a file."""
    return TYPES.get(Path(name).suffix, "application/octet-stream")
