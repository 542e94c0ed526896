"""DICOM objects whole, deflated ones inflated within a limit."""

import zlib
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from remnant.core.errors import UnsupportedSeriesError
from remnant.io.dicom_header import is_dicom_file
from remnant.io.limits import LARGEST_FILE_BYTES

LARGEST_INFLATED_BYTES: Final = 2 * 1024**3
"""Content of one deflated object: segmentations of hundreds of slices are far smaller."""
PREAMBLE_BYTES: Final = 132
META_GROUP_BYTES: Final = 12
"""Element with the length of the rest of the meta header."""


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
    UnsupportedSeriesError
        The file, or what it holds, is larger.
    """
    if path.stat().st_size > most_bytes:
        raise UnsupportedSeriesError(f"{path} is larger than {most_bytes} bytes")
    if not is_dicom_file(path):
        return dcmread(path, defer_size=defer_size, force=True)
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return dcmread(path, defer_size=defer_size)
    with path.open("rb") as stream:
        stream.seek(PREAMBLE_BYTES + META_GROUP_BYTES + int(meta.FileMetaInformationGroupLength))
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflater.decompress(stream.read(), most_inflated)
    if inflater.unconsumed_tail:
        raise UnsupportedSeriesError(
            f"{path} is deflated and holds more than {most_inflated} bytes; export it uncompressed"
        )
    dataset = read_dataset(BytesIO(content), is_implicit_VR=False, is_little_endian=True)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return FileDataset(
        str(path), dataset, file_meta=meta, is_implicit_VR=False, is_little_endian=True
    )
