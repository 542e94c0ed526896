"""The one folder of a case that holds identifiers: the record of its images, and its results.

It takes its place in the case's folder as a whole, with whatever else of the case is published: the
record is carried on byte by byte, and results go as soon as the case or its report is another one.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.bounded import read_bounded
from remnant.io.dicom_results.heads import ResultKind
from remnant.io.private_files import private_folder, write_private
from remnant.pipeline.case_files import DICOM, SOURCE_RECORD
from remnant.pipeline.publishing import listed

if TYPE_CHECKING:
    from remnant.io.dicom_results.source_record import SourceRecord

LARGEST_RECORD_BYTES: Final = 32 * 1024 * 1024
MOST_CAPTURES: Final = 99


def result_name(kind: ResultKind, number: int = 1) -> str:
    """Return the name of the file of a result.

    Examples
    --------
    >>> result_name(ResultKind.SEG_PLAN), result_name(ResultKind.CAPTURES, 3)
    ('seg_plan.dcm', 'captures_03.dcm')
    """
    counted = f"_{number:02d}" if kind is ResultKind.CAPTURES else ""
    return f"{kind}{counted}.dcm"


ALL_RESULTS: Final = (
    *(result_name(kind) for kind in ResultKind if kind is not ResultKind.CAPTURES),
    *(result_name(ResultKind.CAPTURES, n) for n in range(1, MOST_CAPTURES + 1)),
)
"""Names that results may have."""


def result_names(case: Path) -> tuple[str, ...]:
    """Return the names of the results that lie in a case's folder of them, in order."""
    place = case / DICOM
    return tuple(listed(place, ALL_RESULTS))


def require_own_place(case: Path) -> None:
    """Raise where a case's folder of results holds anything else: it is replaced as a whole.

    Raises
    ------
    InputError
        It does, such as the images themselves.
    """
    place = case / DICOM
    if not (place.exists() or place.is_symlink()):
        return
    is_folder = place.is_dir() and not place.is_symlink()
    strangers = (p.name for p in sorted(place.iterdir()) if not _is_own(p)) if is_folder else ()
    if (stranger := next(iter(strangers), None)) is not None or not is_folder:
        raise InputError(
            f"{place} is where results in DICOM go, and "
            f"{f'holds {stranger}, …' if stranger else 'is no folder'}; move that elsewhere, or "
            f"name another output folder"
        )


def _is_own(path: Path) -> bool:
    return path.name in (SOURCE_RECORD, *ALL_RESULTS) and path.is_file() and not path.is_symlink()


def write_record(record: "SourceRecord", folder: Path) -> None:
    """Write the record of a case's images into the folder that the case is written to."""
    from remnant.io.dicom_results.record_file import encode_record

    write_private(private_folder(folder / DICOM) / SOURCE_RECORD, encode_record(record))


def carry_record(case: Path, folder: Path) -> None:
    """Copy the record of a stored case, if it has one, byte by byte into another folder.

    Raises
    ------
    UnreadableFileError
        It cannot be read.
    """
    if not _has_record(case):
        return
    content = _content(case)
    write_private(private_folder(folder / DICOM) / SOURCE_RECORD, content)


def _has_record(case: Path) -> bool:
    path = case / DICOM / SOURCE_RECORD
    return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()


def _content(case: Path) -> bytes:
    path = case / DICOM / SOURCE_RECORD
    return read_bounded(path, most_bytes=LARGEST_RECORD_BYTES, what="record of a case's images")


def read_record(case: Path) -> "SourceRecord | None":
    """Read the record of a case's images; ``None`` where it has none.

    Raises
    ------
    UnreadableFileError
        It cannot be read, or is damaged.
    """
    from remnant.io.dicom_results.record_file import decode_record

    if not _has_record(case):
        return None
    try:
        return decode_record(_content(case))
    except UnreadableFileError as fault:
        raise UnreadableFileError(f"{case / DICOM / SOURCE_RECORD}: {fault}") from fault
