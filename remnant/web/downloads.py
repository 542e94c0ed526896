"""Files of a case that the page gives away: a list of names, and nothing beside it."""

from pathlib import Path
from typing import Final

from remnant.pipeline.case_files import (
    LABEL_MAPS,
    LESION_TABLE,
    PLAN_TABLE,
    REPORT_HTML,
    REPORT_JSON,
    SEGMENTATION,
    beside,
)
from remnant.web.library import inside
from remnant.web.open_cases import OpenCase
from remnant.web.refusals import refused
from remnant.web.requests import Json

REPORT_PDF: Final = "report.pdf"
TITLES: Final = {
    REPORT_HTML: "Report (page)",
    REPORT_PDF: "Report (PDF)",
    REPORT_JSON: "Report (data)",
    LESION_TABLE: "Lesions (table)",
    PLAN_TABLE: "Plans (table)",
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
    return {**TITLES, **segmentations, **{n: f"{title} (NIfTI)" for n, title in maps.items()}}


def downloads_of(case: OpenCase) -> list[Json]:
    """Return the files that a case has."""
    there = ((name, title) for name, title in titles_of().items())
    return [
        {"name": name, "title": title} for name, title in there if (case.folder / name).is_file()
    ]


def download(case: OpenCase, root: Path, name: str) -> tuple[Path, str]:
    """Return the path and type of a file that may be given away.

    Raises
    ------
    RefusedError
        There is none of that name.
    """
    path = case.folder / name
    if name not in titles_of() or not path.is_file():
        raise refused(404, "there is no such file", "load the page again")
    return inside(root, path), TYPES.get(path.suffix, "application/octet-stream")
