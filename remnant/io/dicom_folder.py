"""Finding the CT and MR planes in a folder, headers only."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.progress import Progress, silent
from remnant.core.volumes import Modality
from remnant.io.dicom_slices import (
    HEADER_TAGS,
    Slice,
    series_uid_of,
    slices_of,
    sop_class,
    sop_uid_of,
)
from remnant.io.faults import is_foreign, quiet
from remnant.io.left_out import (
    A_SEGMENTATION,
    LOCALISER,
    NO_GEOMETRY,
    NO_PIXELS,
    NOT_AN_IMAGE,
    NOT_DICOM,
    TOO_LARGE,
    UNREADABLE,
    LeftOut,
)
from remnant.io.limits import LARGEST_FILE_BYTES, LARGEST_FILE_COUNT

THREADS = 4
IMAGE_CLASSES = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.2",  # CT
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
        "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT
        "1.2.840.10008.5.1.4.1.1.4",  # MR
        "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR
        "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR
    )
)
SEGMENTATION_CLASSES = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
        "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
    )
)
PREAMBLE_BYTES = 128
MAGIC = b"DICM"


@dataclass(frozen=True, slots=True)
class FolderScan:
    """Planes found in a folder, and what was passed over: files counted by reason, and each one."""

    slices: tuple[Slice, ...]
    skipped: Mapping[str, int]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class _Header:
    slices: tuple[Slice, ...] = ()
    left_out: LeftOut | None = None


def scan(path: Path, *, progress: Progress = silent) -> FolderScan:
    """Read the headers of one DICOM file, or of every file below a folder.

    Links to folders are not followed. What is no CT or MR image is counted, not an error.

    Raises
    ------
    UnreadableFileError
        The path does not exist.
    InputError
        More files than `LARGEST_FILE_COUNT`.
    """
    paths = files_below(path)
    headers: list[_Header] = []
    with quiet(), ThreadPoolExecutor(THREADS) as pool:
        for done, header in enumerate(pool.map(_header, paths), start=1):
            headers.append(header)
            progress("reading headers", done, len(paths))
    left_out = tuple(header.left_out for header in headers if header.left_out)
    return FolderScan(
        slices=tuple(plane for header in headers for plane in header.slices),
        skipped=dict(sorted(Counter(one.reason for one in left_out).items())),
        left_out=left_out,
    )


def files_below(path: Path) -> list[Path]:
    """Return a file itself, or every file below a folder in order; links are not followed.

    Raises
    ------
    UnreadableFileError
        The path does not exist.
    InputError
        More files than `LARGEST_FILE_COUNT`.
    """
    if not path.exists():
        raise UnreadableFileError(f"{path} does not exist; check the path")
    if path.is_file():
        return [path]
    found: list[Path] = []
    for file in _walk(path):
        found.append(file)
        if len(found) > LARGEST_FILE_COUNT:
            raise InputError(
                f"{path} holds more than {LARGEST_FILE_COUNT} files; give the folder of one study"
            )
    return sorted(found)


def _walk(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder, followlinks=False):
        for name in names:
            file = Path(place, name)
            if file.is_file():
                yield file


def is_dicom_file(path: Path) -> bool:
    """Tell whether a file carries DICOM's mark after its preamble."""
    with path.open("rb") as stream:
        return stream.read(PREAMBLE_BYTES + len(MAGIC)).endswith(MAGIC)


def dicom_class(path: Path) -> str:
    """Return the class of a DICOM object by its meta header, ``""`` where that does not say."""
    return str(read_file_meta_info(path).get("MediaStorageSOPClassUID", ""))


def _header(path: Path) -> _Header:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            return _Header(left_out=LeftOut(path=path, reason=TOO_LARGE))
        if not is_dicom_file(path):
            return _Header(left_out=LeftOut(path=path, reason=NOT_DICOM))
        return _read_header(path)
    except InvalidDicomError:
        return _Header(left_out=LeftOut(path=path, reason=NOT_DICOM))
    except Exception as fault:
        if not is_foreign(fault):
            raise
        return _Header(left_out=LeftOut(path=path, reason=UNREADABLE))


def _read_header(path: Path) -> _Header:
    meta = read_file_meta_info(path)
    # a deflated file would be inflated whole, without a limit, before anything can be checked
    if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return _Header(left_out=LeftOut(path=path, reason="deflated DICOM, which is not read"))
    with path.open("rb") as stream:
        dataset = dcmread(stream, stop_before_pixels=True, specific_tags=list(HEADER_TAGS))
        has_pixels = bool(stream.read(1))
    unfit = _why_no_image(dataset) or (None if has_pixels else NO_PIXELS)
    slices: tuple[Slice, ...] = ()
    if unfit is None:
        try:
            slices = slices_of(dataset, path)
        except UnsupportedSeriesError:
            unfit = NO_GEOMETRY
    if any("LOCALIZER" in plane.image_type for plane in slices):
        unfit = LOCALISER
    if unfit is None:
        return _Header(slices=slices)
    series_uid, sop_uid = series_uid_of(dataset), sop_uid_of(dataset) or None
    left_out = LeftOut(path=path, reason=unfit, series_uid=series_uid, sop_uid=sop_uid)
    return _Header(left_out=left_out)


def _why_no_image(dataset: Dataset) -> str | None:
    kind = sop_class(dataset)
    if kind in SEGMENTATION_CLASSES:
        return A_SEGMENTATION
    if kind and kind not in IMAGE_CLASSES:
        return NOT_AN_IMAGE
    modality = str(dataset.get("Modality") or "").lower()
    if not (modality and dataset.get("Rows") and dataset.get("Columns")):
        return UNREADABLE
    grey = int(dataset.get("SamplesPerPixel") or 1) == 1
    return None if modality in set(Modality) and grey else NOT_AN_IMAGE
