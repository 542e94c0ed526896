"""NRRD images and label maps: the header by hand, the voxels by SimpleITK."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.geometry import DIMENSIONS, Geometry
from remnant.io.detached import detached_file
from remnant.io.faults import quiet, reading, require_file
from remnant.io.file_kinds import NRRD_MAGIC
from remnant.io.frames import affine_ras_from_itk
from remnant.io.grid_doubts import require_believable_spacing
from remnant.io.limits import LARGEST_DEFLATE_RATIO, LARGEST_HEADER_BYTES, LARGEST_VOXEL_COUNT
from remnant.io.printing import printable
from remnant.io.scaling import scaled
from remnant.io.unpacking import unpacked

WHAT = "an NRRD file"
_END = re.compile(rb"\r?\n\r?\n")
GZIP = ("gzip", "gz")
LARGEST_NUMBER_BYTES = 8
DETACHED = ("data file", "datafile")
_AXES = ("right-anterior-superior", "left-anterior-superior", "left-posterior-superior")
ANATOMICAL_SPACES = frozenset((*_AXES, "ras", "las", "lps"))
"""Spaces of the NRRD definition (teem.sourceforge.net/nrrd/format.html) that name the axes."""


def is_nrrd_name(path: Path) -> bool:
    """Tell whether a file is named as NRRD, whole or with its voxels in a file of their own."""
    return path.name.lower().endswith((".nrrd", ".nhdr"))


def read_nrrd(path: Path) -> tuple[NDArray[Any], Geometry]:
    """Read a three-dimensional NRRD of one number per voxel.

    Returns
    -------
    values
        int16, int32 or float32 of shape ``(i, j, k)``.
    geometry
        Its grid; the file must name its anatomical space.

    Raises
    ------
    UnreadableFileError
        Missing, truncated, no NRRD, or a header whose voxels lie anywhere but in one file beside
        it.
    UnsupportedSeriesError
        Several layers, no anatomical space, or absurdly large.
    """
    values, geometry, _ = _read(path, layered=False)
    return values, geometry


@dataclass(frozen=True, slots=True, eq=False)
class LayeredNrrd:
    """A label map of one or more layers on one grid, and the texts in its header.

    Parameters
    ----------
    layers
        Whole numbers of shape ``(i, j, k)``, one array for each layer.
    geometry
        Their grid.
    texts
        Key and value pairs of the header, as they stand.
    """

    layers: tuple[NDArray[Any], ...]
    geometry: Geometry
    texts: Mapping[str, str]


def read_layered_nrrd(path: Path) -> LayeredNrrd:
    """Read a label map whose voxels may belong to several layers.

    The layers are the first axis of four, of the kind ``list``, as 3D Slicer writes them.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError
        As for `read_nrrd`.
    InputError
        A value is not a whole number.
    """
    values, geometry, header = _read(path, layered=True)
    if values.dtype.kind not in "iu":
        raise InputError(f"{path} is no label map: its values are not whole numbers")
    layers = (
        tuple(values[..., n] for n in range(values.shape[-1]))
        if values.ndim > DIMENSIONS
        else (values,)
    )
    return LayeredNrrd(layers, geometry, header.texts)


def nrrd_texts(path: Path) -> Mapping[str, str]:
    """Return the key and value pairs of a file's header, which say what its segments are.

    Raises
    ------
    UnreadableFileError
        Missing, empty or no NRRD file.
    """
    require_file(path)
    with quiet(), reading(path, what=WHAT):
        return _header(path).texts


def voxels_digest(path: Path) -> str:
    """Return the sha256 of what follows a file's header: its voxels, as they are packed there.

    Raises
    ------
    UnreadableFileError
        Missing, empty or no NRRD file.
    """
    require_file(path)
    with quiet(), reading(path, what=WHAT):
        header = _header(path)
        with path.open("rb") as stream:
            stream.seek(header.byte_count)
            return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class _Header:
    """Fields (``name: value``) by their lower-case names, and texts (``key:=value``).

    ``byte_count`` is that of the header, with the empty line that ends it.
    """

    fields: Mapping[str, str]
    texts: Mapping[str, str]
    byte_count: int


def _read(path: Path, *, layered: bool) -> tuple[NDArray[Any], Geometry, _Header]:
    import SimpleITK as sitk  # noqa: N813

    require_file(path)
    with quiet(), reading(path, what=WHAT):
        header = _header(path)
        _require_usable(header.fields, path, layered=layered)
        _require_whole(header, path)
        picture = sitk.ReadImage(str(path), imageIO="NrrdImageIO")
        array = sitk.GetArrayViewFromImage(picture)
        # SimpleITK gives (k, j, i), and the layers last
        turned = array.transpose((2, 1, 0, *range(DIMENSIONS, array.ndim)))
        values = scaled(np.array(turned, order="F"), slope=1.0, intercept=0.0, name=str(path))
        affine_ras = affine_ras_from_itk(
            origin_lps=picture.GetOrigin(),
            spacing_mm=picture.GetSpacing(),
            direction_lps=picture.GetDirection(),
        )
    return values, _geometry(values, affine_ras, path), header


def _geometry(values: NDArray[Any], affine_ras: NDArray[np.float64], path: Path) -> Geometry:
    i, j, k = values.shape[:DIMENSIONS]
    try:
        geometry = Geometry((i, j, k), affine_ras)
    except InputError as fault:
        raise UnsupportedSeriesError(f"{path}: {fault}; its header is damaged") from fault
    require_believable_spacing(geometry, name=str(path))
    return geometry


def _header(path: Path) -> _Header:
    with path.open("rb") as stream:
        block = stream.read(LARGEST_HEADER_BYTES)
    if not block.startswith(NRRD_MAGIC):
        raise UnreadableFileError(f"{path} is not an NRRD file")
    end = _END.search(block)
    stored = block if end is None else block[: end.start()]
    head = stored.replace(b"\r\n", b"\n").decode("utf-8", errors="replace")
    fields: dict[str, str] = {}
    texts: dict[str, str] = {}
    for line in head.splitlines():
        name, colon, value = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        if value.startswith("="):
            texts[name] = value[1:].replace("\\n", "\n")
        else:
            fields[name.strip().lower()] = value.strip()
    return _Header(fields, texts, len(block) if end is None else end.end())


def _require_usable(fields: Mapping[str, str], path: Path, *, layered: bool) -> None:
    sizes = [int(n) for n in fields.get("sizes", "").split()]
    kinds = fields.get("kinds", "").split()
    layers_first = layered and len(sizes) == DIMENSIONS + 1 and kinds[:1] == ["list"]
    if len(sizes) != DIMENSIONS and not layers_first:
        raise UnsupportedSeriesError(
            f"{path} has {len(sizes)} axes ({'x'.join(map(str, sizes))}): a segmentation with "
            f"overlapping layers is read only where its segments are named (as a .seg.nrrd given "
            f"with --masks); export it as one label map"
        )
    voxels = int(np.prod(sizes, dtype=object))
    if min(sizes) < 1 or voxels > LARGEST_VOXEL_COUNT:
        raise UnsupportedSeriesError(
            f"{path} claims {voxels} voxels; at most {LARGEST_VOXEL_COUNT}"
        )
    if voxels > voxel_file(fields, path).stat().st_size * LARGEST_DEFLATE_RATIO:
        raise UnreadableFileError(f"{path} is truncated: its header promises {voxels} voxels")
    _require_place(fields, path)


def _require_whole(header: _Header, path: Path) -> None:
    """Raise where packed voxels are damaged: ITK's reader heeds no checksum."""
    if header.fields.get("encoding", "").lower() not in GZIP:
        return
    data = voxel_file(header.fields, path)
    voxels = int(np.prod([int(n) for n in header.fields["sizes"].split()], dtype=object))
    with data.open("rb") as stream:
        stream.seek(header.byte_count if data == path else 0)
        for _ in range(int(header.fields.get("line skip", header.fields.get("lineskip", "0")))):
            if not stream.readline(LARGEST_HEADER_BYTES):
                break
        most = voxels * LARGEST_NUMBER_BYTES + LARGEST_HEADER_BYTES
        for _ in unpacked(stream, most_bytes=most, path=path):
            pass


def voxel_file(fields: Mapping[str, str], path: Path) -> Path:
    """Return the file that holds the voxels: the header's own, or the one that it names."""
    named = [fields[name] for name in DETACHED if name in fields]
    return detached_file(path, named[0]) if named else path


def nrrd_files(path: Path) -> tuple[Path, ...]:
    """Return the file, and the one that holds its voxels where that is another.

    Raises
    ------
    UnreadableFileError
        It is no NRRD, or names a file that is not read.
    """
    require_file(path)
    return tuple(dict.fromkeys((path, voxel_file(_header(path).fields, path))))


def _require_place(fields: Mapping[str, str], path: Path) -> None:
    space = fields.get("space", "")
    if space.lower() not in ANATOMICAL_SPACES or "space directions" not in fields:
        raise UnsupportedSeriesError(
            f"{path} names no anatomical space ({printable(space) or 'none'}; allowed are RAS, LAS "
            f"and LPS), so left and right are unknown; export it again"
        )
    if "space origin" not in fields:
        raise UnsupportedSeriesError(f"{path} has no space origin: its place is unknown")
    units = fields.get("space units", "")
    if set(units.replace('"', " ").lower().split()) - {"mm"}:
        raise UnsupportedSeriesError(
            f"{path} is measured in {printable(units)}; export it in millimetres"
        )
