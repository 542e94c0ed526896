"""Which files a DICOMDIR lists, and to which series they belong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydicom import Dataset

from remnant.core.errors import UnreadableFileError
from remnant.io.dicom_header import dicom_class, is_dicom_file, read_header
from remnant.io.faults import quiet, reading

DICOMDIR_CLASS: Final = "1.2.840.10008.1.3.10"
DICOMDIR_NAME: Final = "dicomdir"
OUTSIDE: Final = frozenset(("", ".", ".."))


@dataclass(frozen=True, slots=True)
class Reference:
    """One file that a DICOMDIR lists.

    Parameters
    ----------
    parts
        Names of the folders from the DICOMDIR's own on, and of the file.
    series_uid, sop_uid
        ``None`` where the DICOMDIR does not say.
    """

    parts: tuple[str, ...]
    series_uid: str | None = field(repr=False)
    sop_uid: str | None = field(repr=False)

    @property
    def is_below(self) -> bool:
        """Whether the names lead to a place below the DICOMDIR's folder."""
        return bool(self.parts) and not any(
            part in OUTSIDE or set("/\\\0") & set(part) for part in self.parts
        )


def is_dicomdir(path: Path) -> bool:
    """Tell whether a file is a DICOMDIR, by its content."""
    try:
        return is_dicom_file(path) and dicom_class(path) == DICOMDIR_CLASS
    except (OSError, UnreadableFileError):
        return False


def read_dicomdir(path: Path) -> tuple[Reference, ...]:
    """Return the files that a DICOMDIR lists, in its order.

    Raises
    ------
    UnreadableFileError
        It is damaged.
    """
    with quiet(), reading(path, what="a DICOMDIR", quote=False):
        header = read_header(path, ("DirectoryRecordSequence",))
        records = [] if header is None else list(header.dataset.get("DirectoryRecordSequence", ()))
        series = _series_of(records)
        return tuple(
            Reference(
                parts=_parts(record),
                series_uid=series.get(record.seq_item_tell),
                sop_uid=str(record.get("ReferencedSOPInstanceUIDInFile") or "") or None,
            )
            for record in records
            if record.get("ReferencedFileID")
        )


def _parts(record: Dataset) -> tuple[str, ...]:
    value = record.ReferencedFileID
    return (value,) if isinstance(value, str) else tuple(str(part) for part in value)


def _series_of(records: list[Dataset]) -> Mapping[int, str]:
    """Return the series' UID for each record that hangs below one, by the record's place."""
    by_place = {record.seq_item_tell: record for record in records}
    return {
        place: str(record.SeriesInstanceUID)
        for record in records
        if record.get("DirectoryRecordType") == "SERIES" and record.get("SeriesInstanceUID")
        for place in _below(record, by_place)
    }


def _below(record: Dataset, by_place: Mapping[int, Dataset]) -> Iterator[int]:
    place = int(record.get("OffsetOfReferencedLowerLevelDirectoryEntity") or 0)
    seen: set[int] = set()
    while place in by_place and place not in seen:
        seen.add(place)
        yield place
        place = int(by_place[place].get("OffsetOfTheNextDirectoryRecord") or 0)
