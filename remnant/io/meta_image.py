"""MetaImage (``.mha``, and ``.mhd`` with its voxels beside it), as ITK and elastix write it.

ITK's own reader takes packed voxels whose checksum is wrong for good ones, and follows whatever
file a header names; so header and voxels are read here. Source: the MetaIO documentation,
https://itk.org/Wiki/ITK/MetaIO/Documentation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import (
    GeometryMismatchError,
    InputError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.geometry import DIMENSIONS, LETTERS, Geometry, Shape3
from remnant.io.detached import detached_file
from remnant.io.faults import quiet, reading, require_file
from remnant.io.frames import affine_ras_from_itk
from remnant.io.grid_doubts import require_believable_spacing
from remnant.io.limits import LARGEST_DEFLATE_RATIO, LARGEST_VOXEL_COUNT
from remnant.io.printing import printable
from remnant.io.scaling import scaled
from remnant.io.unpacking import unpacked

WHAT: Final = "a MetaImage file"
LARGEST_TEXT_BYTES: Final = 64 * 1024
LAST_FIELD: Final = "elementdatafile"
LOCAL: Final = "LOCAL"
TYPES: Final[Mapping[str, str]] = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}  # fmt: skip
DIRECTIONS: Final = ("transformmatrix", "rotation", "orientation")
ORIGINS: Final = ("offset", "position", "origin")
OPPOSITE: Final = str.maketrans("LRPAIS", "RLAPSI")
LEAST_ALONG: Final = 0.45
"""Part of an axis that must run along its letter: at most 63 degrees from it."""


@dataclass(frozen=True, slots=True)
class _Header:
    """Fields by their lower-case names, and how many bytes they take with the last line's end."""

    fields: Mapping[str, str]
    byte_count: int


def read_meta_image(path: Path) -> tuple[NDArray[Any], Geometry]:
    """Read a three-dimensional MetaImage of one number per voxel.

    Returns
    -------
    values
        int16, int32 or float32 of shape ``(i, j, k)``.
    geometry
        Its grid; the file must state directions, origin and spacing.

    Raises
    ------
    UnreadableFileError
        Missing, truncated, damaged, no MetaImage, or a header whose voxels lie anywhere but in one
        file beside it.
    UnsupportedSeriesError
        Not one number per voxel in three dimensions, without a stated grid, or absurdly large.
    GeometryMismatchError
        The letters of its orientation contradict its directions.
    """
    require_file(path)
    with quiet(), reading(path, what=WHAT):
        header = _header(path)
        shape = _shape(header.fields, path)
        geometry = _geometry(header.fields, shape, path)
        raw = _stored_values(header, shape, path)
        values = scaled(raw, slope=1.0, intercept=0.0, name=str(path))
    return values, geometry


def meta_image_files(path: Path) -> tuple[Path, ...]:
    """Return the file, and the one that holds its voxels where that is another.

    Raises
    ------
    UnreadableFileError
        It is no MetaImage, or names a file that is not read.
    """
    require_file(path)
    return tuple(dict.fromkeys((path, _voxel_file(_header(path).fields, path))))


def _header(path: Path) -> _Header:
    fields: dict[str, str] = {}
    with path.open("rb") as stream:
        for line in _lines(stream):
            name, equals, value = line.decode("utf-8", errors="replace").partition("=")
            fields[name.strip().lower()] = value.strip()
            if not equals:
                break
            if name.strip().lower() == LAST_FIELD:
                return _Header(fields, stream.tell())
    raise UnreadableFileError(f"{path} is not a MetaImage file: its header is missing or damaged")


def _lines(stream: IO[bytes]) -> Iterable[bytes]:
    while stream.tell() < LARGEST_TEXT_BYTES and (line := stream.readline(LARGEST_TEXT_BYTES)):
        yield line


def _voxel_file(fields: Mapping[str, str], path: Path) -> Path:
    name = fields[LAST_FIELD]
    return path if name.upper() == LOCAL else detached_file(path, name)


def _shape(fields: Mapping[str, str], path: Path) -> Shape3:
    sizes = [int(n) for n in fields.get("dimsize", "").split()]
    channels = fields.get("elementnumberofchannels", "1")
    if len(sizes) != DIMENSIONS or fields.get("ndims") != str(DIMENSIONS) or channels != "1":
        raise UnsupportedSeriesError(
            f"{path} has {len(sizes)} axes ({'x'.join(map(str, sizes))}) and {printable(channels)} "
            f"number(s) per voxel; one three-dimensional volume of one number per voxel is needed"
        )
    voxels = int(np.prod(sizes, dtype=object))
    if min(sizes) < 1 or voxels > LARGEST_VOXEL_COUNT:
        raise UnsupportedSeriesError(
            f"{path} claims {voxels} voxels; allowed are 1 to {LARGEST_VOXEL_COUNT}"
        )
    return (sizes[0], sizes[1], sizes[2])


def _stored_type(fields: Mapping[str, str], path: Path) -> np.dtype[Any]:
    name = fields.get("elementtype", "")
    if name not in TYPES or fields.get("binarydata", "True").lower() != "true":
        raise UnsupportedSeriesError(
            f"{path} holds {printable(name) or 'numbers of no type'} or text; one binary real "
            f"number per voxel is needed ({', '.join(TYPES)})"
        )
    swapped = fields.get("binarydatabyteordermsb", fields.get("elementbyteordermsb", "False"))
    return np.dtype((">" if swapped.lower() == "true" else "<") + TYPES[name])


def _geometry(fields: Mapping[str, str], shape: Shape3, path: Path) -> Geometry:
    spacing = _numbers(fields, ("elementspacing",), 3)
    origin = _numbers(fields, ORIGINS, 3)
    directions = _numbers(fields, DIRECTIONS, 9)
    if spacing is None or origin is None or directions is None:
        raise UnsupportedSeriesError(
            f"{path} does not state all of its grid (ElementSpacing, Offset, TransformMatrix), so "
            f"its place, or left and right, are unknown; export it again"
        )
    unit = fields.get("distanceunits", "mm")
    if unit not in {"mm", "?"}:
        raise UnsupportedSeriesError(
            f"{path} is measured in {printable(unit)}; export it in millimetres"
        )
    # a column of ITK's matrix is an axis, and MetaImage writes the columns one after the other
    cosines = directions.reshape(DIMENSIONS, DIMENSIONS).T
    affine_ras = affine_ras_from_itk(origin_lps=origin, spacing_mm=spacing, direction_lps=cosines)
    try:
        geometry = Geometry(shape, affine_ras)
    except InputError as fault:
        raise UnsupportedSeriesError(f"{path}: {fault}; its header is damaged") from fault
    require_believable_spacing(geometry, name=str(path))
    _require_letters_agree(fields, geometry, path)
    return geometry


def _numbers(
    fields: Mapping[str, str], names: tuple[str, ...], count: int
) -> NDArray[np.float64] | None:
    for name in names:
        if name in fields:
            found = np.array([float(x) for x in fields[name].split()])
            return found if found.size == count else None
    return None


def _require_letters_agree(fields: Mapping[str, str], geometry: Geometry, path: Path) -> None:
    """Raise where the anatomical letters, in either way of reading them, are not the directions'.

    Some programs name where an axis comes from (RAI), others where it goes (LPS). An axis half-way
    between two directions may have the letter of either.
    """
    letters = fields.get("anatomicalorientation", "???").upper()
    known = set(letters) <= {letter for pair in LETTERS for letter in pair}
    if not known or len(letters) != DIMENSIONS:
        return
    along = _along_letters(letters, geometry)
    if not any((sign * along >= LEAST_ALONG).all() for sign in (1.0, -1.0)):
        coming = "".join(geometry.axcodes).translate(OPPOSITE)
        raise GeometryMismatchError(
            f"{path}: its AnatomicalOrientation is {letters} and its TransformMatrix says "
            f"{coming}; correct the one that is wrong, or export it again"
        )


def _along_letters(letters: str, geometry: Geometry) -> NDArray[np.float64]:
    """Return the part of each axis that runs along its letter, negative where it runs against."""
    parts = []
    for axis, letter in enumerate(letters):
        world = next(n for n, pair in enumerate(LETTERS) if letter in pair)
        sign = 1.0 if letter == LETTERS[world][1] else -1.0
        parts.append(sign * float(geometry.directions[world, axis]))
    return np.array(parts)


def _stored_values(header: _Header, shape: Shape3, path: Path) -> NDArray[Any]:
    stored = _stored_type(header.fields, path)
    data = _voxel_file(header.fields, path)
    byte_count = int(np.prod(shape)) * stored.itemsize
    packed = header.fields.get("compresseddata", "False").lower() == "true"
    start = _start(header, data, path, byte_count=None if packed else byte_count)
    there = data.stat().st_size - start
    if there * (LARGEST_DEFLATE_RATIO if packed else 1) < byte_count:
        raise UnreadableFileError(
            f"{path} is truncated: its header promises {byte_count} bytes of voxels, there are "
            f"{there}; copy it again"
        )
    raw = np.empty(int(np.prod(shape)), dtype=stored)
    with data.open("rb") as stream:
        stream.seek(start)
        pieces = (
            unpacked(stream, most_bytes=byte_count, path=path)
            if packed
            else iter((stream.read(byte_count),))
        )
        _fill(raw.data.cast("B"), pieces, path)
    return raw.reshape(shape, order="F")


def _start(header: _Header, data: Path, path: Path, *, byte_count: int | None) -> int:
    """Return where the voxels begin; -1 in the header stands for the file's last bytes."""
    skipped = int(header.fields.get("headersize", "0"))
    if skipped == -1 and byte_count is not None:
        return max(data.stat().st_size - byte_count, 0)
    first = header.byte_count if data == path else 0
    if skipped < 0 or skipped > data.stat().st_size:
        raise UnreadableFileError(f"{path} claims a header of {skipped} bytes: it is damaged")
    return max(first, skipped)


def _fill(target: memoryview, pieces: Iterable[bytes], path: Path) -> None:
    filled = 0
    for piece in pieces:
        target[filled : filled + len(piece)] = piece
        filled += len(piece)
    if filled < len(target):
        raise UnreadableFileError(
            f"{path} is truncated: {filled} of {len(target)} bytes of voxels; copy it again"
        )
