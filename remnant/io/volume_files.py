"""One volume from one file, whichever of the plain formats holds it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, Reason, reason
from remnant.io.atomic import digest_file, digest_files
from remnant.io.file_kinds import FileKind, kind_of, unread_kind
from remnant.io.grid_doubts import is_what_nobody_said, require_said
from remnant.io.meta_image import meta_image_files, read_meta_image
from remnant.io.nifti_file import open_nifti
from remnant.io.nrrd import nrrd_files, read_nrrd
from remnant.io.reading import AS_FILES_SAY, GeometrySource, ReadingChoice

VOUCHED: Final = f"--geometry-from {GeometrySource.SFORM}"
"""What a user adds whose file truly has the grid that nobody seems to have told; of formats with
one statement of the grid any of the choices says that it holds."""


@dataclass(frozen=True, slots=True, eq=False)
class FileVolume:
    """What a file holds.

    Parameters
    ----------
    values
        int16, int32 or float32 of the grid's shape; uint8 or uint16 too where they were read as
        codes.
    geometry
        The grid.
    oddities
        What was odd about the header, and how it was read.
    """

    values: NDArray[Any]
    geometry: Geometry
    oddities: tuple[Reason, ...] = ()


def read_volume(
    path: Path, *, choice: ReadingChoice = AS_FILES_SAY, as_codes: bool = False
) -> FileVolume:
    """Read one volume from NIfTI, NRRD or MetaImage; the content tells which it is.

    Parameters
    ----------
    path
        The file.
    choice
        What the user says of its grid.
    as_codes
        Whether it is read as a label map: unscaled uint8 and uint16 of NIfTI stay what they are.

    Raises
    ------
    UnreadableFileError
        Missing, damaged, or of another kind.
    UnsupportedSeriesError, GeometryMismatchError, InputError
        See the readers of each format; or a grid that nobody told the program that wrote it.
    """
    kind = kind_of(path)
    if kind is FileKind.NIFTI:
        opened = open_nifti(path, choice=choice)
        return FileVolume(opened.values(as_codes=as_codes), opened.geometry, opened.oddities)
    if kind is FileKind.NRRD:
        return _as_stated(*read_nrrd(path), path, choice)
    if kind is FileKind.META_IMAGE:
        return _as_stated(*read_meta_image(path), path, choice)
    raise unread_kind(path)


def files_of(path: Path) -> tuple[Path, ...]:
    """Return a file, and the one that holds its voxels where that is another.

    Raises
    ------
    UnreadableFileError
        It is missing, or names a file that is not read.
    """
    named = {FileKind.NRRD: nrrd_files, FileKind.META_IMAGE: meta_image_files}.get(kind_of(path))
    return (path,) if named is None else named(path)


def volume_digest(path: Path) -> str:
    """Return the sha256 of a file, or of it and the file that holds its voxels.

    Raises
    ------
    UnreadableFileError
        It is missing, or names a file that is not read.
    """
    files = files_of(path)
    return digest_files(files) if len(files) > 1 else digest_file(path)


def _as_stated(
    values: NDArray[Any], geometry: Geometry, path: Path, choice: ReadingChoice
) -> FileVolume:
    if choice.geometry_from is None:
        require_said(geometry, path, option=VOUCHED)
    if not is_what_nobody_said(geometry):
        return FileVolume(values, geometry)
    stated = reason(Cause.GEOMETRY_CHOSEN, "header", *np.array(geometry.spacing_mm))
    return FileVolume(values, geometry, (stated,))
