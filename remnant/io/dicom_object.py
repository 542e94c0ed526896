"""DICOM objects whole, deflated ones inflated within a limit."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from pydicom.dataset import FileDataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.io.dicom_header import HEAD_BYTES, first_element, inflated, meta_header, syntax_of
from remnant.io.limits import LARGEST_FILE_BYTES, LARGEST_INFLATED_BYTES


def read_object(
    path: Path,
    *,
    most_bytes: int = LARGEST_FILE_BYTES,
    most_inflated: int = LARGEST_INFLATED_BYTES,
    defer_size: int | None = None,
) -> FileDataset:
    """Read a DICOM object; to be called inside `remnant.io.faults.reading`.

    Parameters
    ----------
    path
        The file.
    most_bytes
        Largest size of the file.
    most_inflated
        Largest size of what a deflated file holds.
    defer_size
        Values from this many bytes on stay in the file until asked for, save in deflated files.

    Raises
    ------
    UnsupportedSeriesError, UnreadableFileError
        The file, or what it holds, is larger, or it is no DICOM file.
    """
    if path.stat().st_size > most_bytes:
        raise UnsupportedSeriesError(f"{path} is larger than {most_bytes} bytes")
    with path.open("rb") as file:
        start = first_element(file.read(HEAD_BYTES[0]))
        if start is None:
            raise UnreadableFileError(f"{path} is no DICOM file")
        file.seek(start)
        meta = meta_header(file)
        syntax = syntax_of(meta, file)
        stream: BinaryIO = file
        if syntax == DeflatedExplicitVRLittleEndian:
            stream, defer_size = BytesIO(inflated(file.read(), most_inflated, path)), None
            syntax = str(ExplicitVRLittleEndian)
        meta.TransferSyntaxUID = syntax
        is_implicit, is_little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
        dataset = read_dataset(stream, is_implicit, is_little, defer_size=defer_size)
    return FileDataset(
        str(path),
        dataset,
        file_meta=meta,
        is_implicit_VR=is_implicit,
        is_little_endian=is_little,
    )
