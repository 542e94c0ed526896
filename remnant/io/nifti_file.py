"""What a NIfTI file says about itself, checked before its voxels are read.

The header is parsed from the file's first bytes alone: extensions, which may be large or hostile,
are never read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import nibabel
import numpy as np
from isal import igzip
from numpy.typing import NDArray

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.geometry import DIMENSIONS, Geometry, Shape3
from remnant.core.reasons import Reason
from remnant.io.faults import quiet, reading, require_file
from remnant.io.file_kinds import NIFTI_MAGICS, FileKind, is_packed, kind_of, unread_kind
from remnant.io.limits import (
    LARGEST_DEFLATE_RATIO,
    LARGEST_HEADER_BYTES,
    LARGEST_TRAILER_BYTES,
    LARGEST_VOXEL_COUNT,
)
from remnant.io.nifti_geometry import nifti_grid
from remnant.io.reading import AS_FILES_SAY, ReadingChoice
from remnant.io.scaling import scaled

WHAT = "a NIfTI file"
SUFFIXES = (".nii", ".nii.gz")
HEADERS = {348: nibabel.Nifti1Header, 540: nibabel.Nifti2Header}
LONGEST_HEADER = max(HEADERS)
LARGEST_REAL_BYTES = 8
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class NiftiFile:
    """A NIfTI file whose header was read and found usable.

    Parameters
    ----------
    path
        The file.
    geometry
        Its grid, units converted to mm.
    stored
        Type of the stored numbers, byte order included.
    offset
        Byte at which the voxels begin.
    slope, intercept
        Scaling to values; 1 and 0 when the file has none.
    geometry_source
        ``sform``, ``qform`` or ``pixdim``: which statement the grid came from.
    oddities
        What was odd about the header, and how it was read.
    """

    path: Path
    geometry: Geometry
    stored: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    geometry_source: str
    oddities: tuple[Reason, ...] = ()

    def values(self, *, as_codes: bool = False) -> NDArray[Any]:
        """Read the voxels, scaled, as int16, int32 or float32 of the grid's shape.

        With ``as_codes`` unscaled uint8 and uint16 stay what they are.

        Raises
        ------
        UnreadableFileError
            The file ends early or its compression is damaged.
        InputError
            A value is not a finite number.
        """
        with quiet(), reading(self.path, what=WHAT):
            raw = self._stored_values()
            return scaled(
                raw,
                slope=self.slope,
                intercept=self.intercept,
                name=str(self.path),
                as_codes=as_codes,
            )

    def _stored_values(self) -> NDArray[Any]:
        raw = np.empty(int(np.prod(self.geometry.shape)), dtype=self.stored)
        with _opened(self.path) as stream:
            _skip(stream, self.offset)
            filled = _fill(stream, raw.data.cast("B"))
            _require_whole(self, filled, whole=filled == raw.nbytes)
            _require_end(self, stream)
        return raw.reshape(self.geometry.shape, order="F")


def _opened(path: Path) -> IO[bytes]:
    return igzip.open(path, "rb") if is_packed(path) else path.open("rb")


def _skip(stream: IO[bytes], count: int) -> int:
    skipped = 0
    while skipped < count and (chunk := stream.read(min(CHUNK_BYTES, count - skipped))):
        skipped += len(chunk)
    return skipped


def _fill(stream: IO[bytes], target: memoryview) -> int:
    filled = 0
    while chunk := stream.read(min(CHUNK_BYTES, len(target) - filled)):
        target[filled : filled + len(chunk)] = chunk
        filled += len(chunk)
    return filled


def _require_whole(file: NiftiFile, filled: int, *, whole: bool) -> None:
    if not whole:
        promised = int(np.prod(file.geometry.shape)) * file.stored.itemsize
        raise UnreadableFileError(
            f"{file.path} is truncated: {filled} of {promised} bytes of voxels; copy it again"
        )


def _require_end(file: NiftiFile, stream: IO[bytes]) -> None:
    """Read to the end: gzip's checksum stands there, and is only verified when it is reached."""
    if _skip(stream, LARGEST_TRAILER_BYTES + 1) > LARGEST_TRAILER_BYTES:
        raise UnreadableFileError(f"{file.path} goes on after its voxels: it is damaged")


def is_nifti_name(path: Path) -> bool:
    """Tell whether a file is named as NIfTI: ``.nii`` or ``.nii.gz``."""
    return path.name.lower().endswith(SUFFIXES)


def open_nifti(path: Path, *, choice: ReadingChoice = AS_FILES_SAY) -> NiftiFile:
    """Read and check the header of a single-file NIfTI-1 or NIfTI-2, either byte order.

    Whether it is packed is told by its content, not by its name.

    Parameters
    ----------
    path
        The file.
    choice
        What the user says of it: which statement of the grid holds, where they disagree.

    Raises
    ------
    UnreadableFileError
        Missing, truncated, or not a NIfTI file (Analyze and .hdr/.img pairs included).
    UnsupportedSeriesError
        Not three-dimensional, coloured or complex, absurdly large, or without known geometry.
    GeometryMismatchError
        The header contradicts itself, see `remnant.io.nifti_geometry.nifti_grid`.
    """
    require_file(path)
    if kind_of(path) is not FileKind.NIFTI:
        raise unread_kind(path)
    with quiet(), reading(path, what=WHAT):
        header = _parsed_header(path)
        shape = _shape(header, path)
        stored = _stored_type(header, path)
        offset = _offset(header, path)
        _require_believable_size(path, byte_count=offset + int(np.prod(shape)) * stored.itemsize)
        grid = nifti_grid(header, shape, path, wanted=choice.geometry_from)
        slope, intercept = header.get_slope_inter()
    return NiftiFile(
        path=path,
        geometry=grid.geometry,
        stored=stored,
        offset=offset,
        slope=1.0 if slope is None else float(slope),
        intercept=0.0 if intercept is None else float(intercept),
        geometry_source=grid.source.value,
        oddities=grid.oddities,
    )


def stored_head(path: Path, byte_count: int) -> bytes:
    """Return the first bytes of a file, unpacked, where they hold header and extensions."""
    with _opened(path) as stream:
        return stream.read(byte_count)


def _parsed_header(path: Path) -> Any:  # noqa: ANN401  (nibabel has no types)
    with _opened(path) as stream:
        block = stream.read(LONGEST_HEADER)
    for byte_order, sign in (("little", "<"), ("big", ">")):
        size = int.from_bytes(block[:4], byte_order)  # type: ignore[arg-type]
        if size not in HEADERS or len(block) < size:
            continue
        place, magic = NIFTI_MAGICS[size]
        if block[place : place + len(magic)] != magic:
            continue
        return HEADERS[size].from_fileobj(BytesIO(block[:size]), endianness=sign, check=False)
    raise UnreadableFileError(f"{path} is not a NIfTI file: its header is missing or damaged")


def _shape(header: Any, path: Path) -> Shape3:  # noqa: ANN401
    axes = int(header["dim"][0])
    if not 1 <= axes <= 7:  # noqa: PLR2004  (the format's own limit)
        raise UnreadableFileError(f"{path} claims {axes} axes: its header is damaged")
    sizes = tuple(int(n) for n in header["dim"][1 : axes + 1])
    named = "x".join(str(n) for n in sizes)
    trailing = sizes[DIMENSIONS:]
    if axes < DIMENSIONS or any(n != 1 for n in trailing):
        raise UnsupportedSeriesError(
            f"{path} has shape {named}; one three-dimensional volume is needed: split it and give "
            f"one volume"
        )
    if min(sizes) < 1 or int(np.prod(sizes, dtype=object)) > LARGEST_VOXEL_COUNT:
        raise UnsupportedSeriesError(
            f"{path} claims shape {named}; allowed are 1 to {LARGEST_VOXEL_COUNT} voxels"
        )
    return (sizes[0], sizes[1], sizes[2])


def _stored_type(header: Any, path: Path) -> np.dtype[Any]:  # noqa: ANN401
    stored: np.dtype[Any] = header.get_data_dtype()
    if stored.kind not in "iuf" or stored.itemsize > LARGEST_REAL_BYTES:
        raise UnsupportedSeriesError(
            f"{path} holds colours, complex or extended numbers ({stored}); one real number per "
            f"voxel is needed"
        )
    return stored


def _offset(header: Any, path: Path) -> int:  # noqa: ANN401
    offset = float(header["vox_offset"])
    if not 0 <= offset <= LARGEST_HEADER_BYTES:
        raise UnreadableFileError(f"{path} claims a header of {offset:g} bytes: it is damaged")
    return max(int(offset), int(header.single_vox_offset))


def _require_believable_size(path: Path, *, byte_count: int) -> None:
    ratio = LARGEST_DEFLATE_RATIO if is_packed(path) else 1
    if path.stat().st_size * ratio < byte_count:
        raise UnreadableFileError(
            f"{path} is truncated: its header promises {byte_count} bytes, the file has "
            f"{path.stat().st_size}; copy it again"
        )


def stored_planes(file: NiftiFile) -> Iterator[tuple[int, NDArray[Any]]]:
    """Give the stored numbers of a file in runs of planes along the last axis.

    Each run comes with the number of its first plane. It is overwritten by the next one: a large
    map passes through little memory.

    Raises
    ------
    UnreadableFileError
        The file ends early, goes on after its voxels, or its compression is damaged.
    """
    rows, columns, planes = file.geometry.shape
    plane_bytes = rows * columns * file.stored.itemsize
    at_once = max(1, CHUNK_BYTES // plane_bytes)
    buffer = np.empty(rows * columns * min(at_once, planes), dtype=file.stored)
    with reading(file.path, what=WHAT), _opened(file.path) as stream:
        _skip(stream, file.offset)
        for start in range(0, planes, at_once):
            run = buffer[: rows * columns * min(at_once, planes - start)]
            filled = _fill(stream, run.data.cast("B"))
            _require_whole(file, start * plane_bytes + filled, whole=filled == run.nbytes)
            yield start, run.reshape((rows, columns, -1), order="F")
        _require_end(file, stream)
