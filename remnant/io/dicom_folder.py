"""Finding the CT and MR planes in a folder, headers only; what gives no plane is accounted for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from pydicom import Dataset

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.progress import Progress, silent
from remnant.core.volumes import Modality
from remnant.io.dicom_header import Head, Header, read_head, read_header, read_identifiers
from remnant.io.dicom_slices import (
    HEADER_TAGS,
    Slice,
    series_uid_of,
    slices_of,
    sop_class,
    sop_uid_of,
)
from remnant.io.dicomdir import DICOMDIR_CLASS
from remnant.io.encapsulated import fragments_end
from remnant.io.faults import is_foreign, quiet
from remnant.io.left_out import (
    A_DICOMDIR,
    A_SEGMENTATION,
    COLOUR,
    LOCALISER,
    NO_GEOMETRY,
    NO_PIXELS,
    NOT_AN_IMAGE,
    NOT_DICOM,
    NOT_OPENED,
    ODD_PIXELS,
    TOO_LARGE,
    UNREADABLE,
    LeftOut,
)
from remnant.io.limits import LARGEST_FILE_BYTES, LARGEST_FRAME_COUNT, LARGEST_PLANE_SIDE
from remnant.io.stored_pixels import StoredPixels
from remnant.io.study_files import study_files

THREADS = 4
BLOCK = 256
"""Files whose beginnings are held at a time."""

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
OTHER_CLASSES = {
    **dict.fromkeys(SEGMENTATION_CLASSES, A_SEGMENTATION),
    DICOMDIR_CLASS: A_DICOMDIR,
}


@dataclass(frozen=True, slots=True)
class FolderScan:
    """Planes found in a folder, and every file that gives none.

    Each file below the folder is the file of a plane or of one `LeftOut`, never of both.
    """

    slices: tuple[Slice, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def skipped(self) -> Mapping[str, int]:
        """How many files were left out for which reason."""
        return dict(sorted(Counter(file.reason for file in self.left_out).items()))


_Found: TypeAlias = tuple[Slice, ...] | LeftOut


def scan(path: Path, *, progress: Progress = silent) -> FolderScan:
    """Read the headers of one DICOM file, or of every file below a folder.

    What is no CT or MR image is counted, not an error.

    Raises
    ------
    UnreadableFileError
        The path does not exist.
    InputError
        More files than `LARGEST_FILE_COUNT`.
    """
    files = study_files(path)
    planes: list[Slice] = []
    left_out = list(files.left_out)
    with quiet():
        for done, found in enumerate(_found_in(files.paths), start=1):
            if isinstance(found, LeftOut):
                left_out.append(found)
            else:
                planes.extend(found)
            progress("reading headers", done, len(files.paths))
    return FolderScan(tuple(planes), tuple(sorted(left_out, key=lambda file: file.path)))


def _found_in(paths: Sequence[Path]) -> Iterator[_Found]:
    # threads wait for the files; what is done with them holds the interpreter anyway
    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, len(paths), BLOCK):
            block = paths[first : first + BLOCK]
            yield from map(_planes, block, pool.map(_head, block))


def _head(path: Path) -> Head | OSError:
    try:
        return read_head(path)
    except OSError as fault:
        return fault


def _planes(path: Path, head: Head | OSError) -> _Found:
    if isinstance(head, OSError):
        return LeftOut(path=path, reason=NOT_OPENED)
    try:
        if head.size > LARGEST_FILE_BYTES:
            return _by_name_alone(path, TOO_LARGE)
        header = read_header(path, HEADER_TAGS, head)
        return LeftOut(path=path, reason=NOT_DICOM) if header is None else _described(header, path)
    except (MemoryError, UnreadableFileError, UnsupportedSeriesError):
        return _by_name_alone(path, TOO_LARGE)
    except Exception as fault:
        if not is_foreign(fault):
            raise
        # pydicom raises the same kind of error as the system, without a number
        is_system = isinstance(fault, OSError) and fault.errno is not None
        return (
            LeftOut(path=path, reason=NOT_OPENED) if is_system else _by_name_alone(path, UNREADABLE)
        )


def _by_name_alone(path: Path, reason: str) -> LeftOut:
    """Leave out a damaged file; its UIDs may stand before the damage."""
    try:
        series_uid, sop_uid = read_identifiers(path)
    except Exception as fault:
        if not is_foreign(fault):
            raise
        series_uid, sop_uid = None, None
    return LeftOut(path=path, reason=reason, series_uid=series_uid, sop_uid=sop_uid)


def _described(header: Header, path: Path) -> _Found:
    reason = _why_no_image(header.dataset) or _why_no_pixels(header, path)
    if reason is None and header.pixels is not None:
        try:
            return _placed(header.dataset, path, header.pixels)
        except UnsupportedSeriesError:
            reason = NO_GEOMETRY
    return _left_out(header.dataset, path, reason or NO_PIXELS)


def _placed(dataset: Dataset, path: Path, pixels: StoredPixels) -> _Found:
    slices = slices_of(dataset, path)
    if any("LOCALIZER" in plane.image_type for plane in slices):
        return _left_out(dataset, path, LOCALISER)
    if len(slices) != pixels.frames:
        # frames without positions of their own, or positions of frames that are not there
        return _left_out(dataset, path, NO_GEOMETRY)
    return tuple(replace(plane, pixels=pixels) for plane in slices)


def _left_out(dataset: Dataset, path: Path, reason: str) -> LeftOut:
    if reason in (NOT_DICOM, A_DICOMDIR):
        return LeftOut(path=path, reason=reason)
    return LeftOut(
        path=path,
        reason=reason,
        series_uid=series_uid_of(dataset),
        sop_uid=sop_uid_of(dataset) or None,
    )


def _why_no_image(dataset: Dataset) -> str | None:
    kind = sop_class(dataset)
    other = OTHER_CLASSES.get(kind)
    if other or (kind and kind not in IMAGE_CLASSES):
        return other or NOT_AN_IMAGE
    modality = str(dataset.get("Modality") or "").lower()
    if not modality:
        return UNREADABLE if kind or dataset.get("Rows") else NOT_DICOM
    if modality not in set(Modality):
        return NOT_AN_IMAGE
    return None if int(dataset.get("SamplesPerPixel") or 1) == 1 else COLOUR


def _why_no_pixels(header: Header, path: Path) -> str | None:
    pixels = header.pixels
    if pixels is None:
        return NO_PIXELS
    if min(pixels.rows, pixels.columns) < 1:
        return UNREADABLE
    if not pixels.is_readable:
        return ODD_PIXELS
    if max(pixels.rows, pixels.columns) > LARGEST_PLANE_SIDE or pixels.frames > LARGEST_FRAME_COUNT:
        return TOO_LARGE
    return None if _is_whole(pixels, path, header.size) else UNREADABLE


def _is_whole(pixels: StoredPixels, path: Path, size: int) -> bool:
    if pixels.length is None:
        return fragments_end(path, pixels.offset)
    return pixels.frame_bytes * pixels.frames <= min(pixels.length, size - pixels.offset)
