"""Which kind of file a file is: by its content first, by its name where that says nothing."""

import gzip
import zlib
from enum import StrEnum
from pathlib import Path
from typing import Final

from remnant.core.errors import UnreadableFileError
from remnant.io.faults import require_file

GZIP_MAGIC: Final = b"\x1f\x8b"
NRRD_MAGIC: Final = b"NRRD000"
HEAD_BYTES: Final = 1024
NIFTI_MAGICS: Final = {348: (344, b"n+1\0"), 540: (4, b"n+2\0")}
"""Place and text of the mark of a single-file NIfTI, by the size of its header."""

META_NAMES: Final = (".mha", ".mhd")
META_FIRST: Final = (b"objecttype", b"ndims", b"comment")
"""What a MetaImage header begins with, lower case."""


class FileKind(StrEnum):
    """Kinds of files that hold voxels, and those that are known and not read as they are."""

    NIFTI = "nifti"
    NRRD = "nrrd"
    META_IMAGE = "meta_image"
    DICOM = "dicom"
    PAIR = "pair"
    """Half of a pair of ``.hdr`` and ``.img``: Analyze 7.5 or NIfTI."""
    ZIP = "zip"
    OTHER = "other"


SINGLE_VOLUMES: Final = frozenset((FileKind.NIFTI, FileKind.NRRD, FileKind.META_IMAGE))
"""Kinds that hold one volume in one file, or beside it."""

FORMATS_READ: Final = "NIfTI (.nii, .nii.gz), NRRD, MetaImage (.mha, .mhd) and DICOM"

KNOWN_OTHERS: Final = {
    b"Rar!\x1a\x07": "a RAR archive: unpack it",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive: unpack it",
    b"BZh": "packed by bzip2: unpack it",
    b"\xfd7zXZ\0": "packed by xz: unpack it",
    b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it",
    b"%PDF": "a PDF document: give the images that it shows",
    b"\x89PNG": "a PNG picture, which has no voxel sizes: give the DICOM series",
    b"\xff\xd8\xff": "a JPEG picture, which has no voxel sizes: give the DICOM series",
    b"\x89HDF": "an HDF5 file (MINC 2, Imaris or others): convert it to .nii.gz",
    b"CDF\x01": "a NetCDF file (MINC 1): convert it to .nii.gz",
    b"MATLAB 5.0": "a MATLAB file: convert it to .nii.gz",
    b"\x93NUMPY": "a numpy array, which has no voxel sizes: write it as .nii.gz with the scan's",
    b"II*\0": "a TIFF picture, which has no voxel sizes: give the DICOM series",
    b"MM\0*": "a TIFF picture, which has no voxel sizes: give the DICOM series",
    b"# vtk DataFile": "a VTK file: convert it to .nii.gz",
    b"<?xml": "an XML file: give the images or the label map",
    b"solid ": "a surface (STL): give the label map that it was made from",
}
"""Files that are known by how they begin, and what to do with them."""


def kind_of(path: Path) -> FileKind:
    """Return what kind of file a file is, without reading more than its beginning.

    Content goes before the name: a ``.nii`` that is gzip, or a ``.nii.gz`` that is not, is NIfTI.
    A file whose content says nothing (damaged, or a header without a mark) is what its name says.

    Raises
    ------
    UnreadableFileError
        The file is missing, empty or no file.
    """
    require_file(path)
    found = _kind_by_content(stored_beginning(path, HEAD_BYTES))
    if found is not FileKind.OTHER:
        return found
    from remnant.io.dicom_header import is_dicom_file

    return FileKind.DICOM if is_dicom_file(path) else _kind_by_name(path)


def is_packed(path: Path) -> bool:
    """Tell whether a file is packed by gzip, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def stored_beginning(path: Path, most_bytes: int) -> bytes:
    """Return the first bytes of a file, unpacked where gzip packed it; as it is where damaged."""
    with path.open("rb") as stream:
        stored = stream.read(most_bytes)
    if not stored.startswith(GZIP_MAGIC):
        return stored
    try:
        with gzip.open(path, "rb") as stream:
            return stream.read(most_bytes)
    except (OSError, EOFError, zlib.error):
        return stored


def unread_kind(path: Path) -> UnreadableFileError:
    """Return the error that names a file of no kind that is read, and what to do with it.

    Raises
    ------
    UnreadableFileError
        The file is missing, empty or no file.
    """
    kind = kind_of(path)
    if kind is FileKind.PAIR:
        return UnreadableFileError(
            f"{path} is an Analyze file or half of a .hdr/.img pair, whose left and right are not "
            f"reliably known; convert the DICOM series to a single .nii.gz"
        )
    if kind is FileKind.ZIP:
        return UnreadableFileError(f"{path} is a zip archive; unpack it and give what is inside")
    head = stored_beginning(path, HEAD_BYTES)
    for magic, advice in KNOWN_OTHERS.items():
        if head.startswith(magic):
            return UnreadableFileError(f"{path} is {advice}")
    return UnreadableFileError(
        f"{path} is of no kind that is read: {FORMATS_READ}; convert it to .nii.gz"
    )


def _kind_by_content(head: bytes) -> FileKind:
    if head.startswith(NRRD_MAGIC):
        return FileKind.NRRD
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return FileKind.ZIP
    if head.lstrip()[:16].lower().startswith(META_FIRST) and b"ElementDataFile" in head:
        return FileKind.META_IMAGE
    sizes = {int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big")}
    for size, (place, magic) in NIFTI_MAGICS.items():
        if size in sizes and len(head) >= size:
            # pairs have another mark, ni1 or ni2, or none
            marked = head[place : place + len(magic)] == magic
            return FileKind.NIFTI if marked else FileKind.PAIR
    return FileKind.OTHER


def _kind_by_name(path: Path) -> FileKind:
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        return FileKind.NIFTI
    if name.endswith((".nrrd", ".nhdr")):
        return FileKind.NRRD
    if name.endswith(META_NAMES):
        return FileKind.META_IMAGE
    if name.endswith((".hdr", ".img", ".hdr.gz", ".img.gz")):
        return FileKind.PAIR
    return FileKind.OTHER
