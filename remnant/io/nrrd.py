"""NRRD label maps: the header by hand, the voxels by SimpleITK."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.geometry import DIMENSIONS, Geometry
from remnant.io.faults import quiet, reading, require_file
from remnant.io.frames import affine_ras_from_itk
from remnant.io.limits import LARGEST_DEFLATE_RATIO, LARGEST_HEADER_BYTES, LARGEST_VOXEL_COUNT
from remnant.io.nifti_file import require_believable_spacing
from remnant.io.scaling import scaled

WHAT = "an NRRD file"
MAGIC = b"NRRD000"
DETACHED = ("data file", "datafile")


def is_nrrd_name(path: Path) -> bool:
    """Tell whether a file is named as NRRD."""
    return path.name.lower().endswith(".nrrd")


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
        Missing, truncated, no NRRD, or a header whose voxels lie in another file.
    UnsupportedSeriesError
        Several layers, no anatomical space, or absurdly large.
    """
    import SimpleITK as sitk  # noqa: N813

    require_file(path)
    with quiet(), reading(path, what=WHAT):
        _require_usable(_fields(path), path)
        picture = sitk.ReadImage(str(path), imageIO="NrrdImageIO")
        array = sitk.GetArrayViewFromImage(picture).transpose()
        values = scaled(np.array(array, order="F"), slope=1.0, intercept=0.0, name=str(path))
        affine_ras = affine_ras_from_itk(
            origin_lps=picture.GetOrigin(),
            spacing_mm=picture.GetSpacing(),
            direction_lps=picture.GetDirection(),
        )
    geometry = _geometry(values, affine_ras, path)
    return values, geometry


def _geometry(values: NDArray[Any], affine_ras: NDArray[np.float64], path: Path) -> Geometry:
    i, j, k = values.shape
    try:
        geometry = Geometry((i, j, k), affine_ras)
    except InputError as fault:
        raise UnsupportedSeriesError(f"{path}: {fault}; its header is damaged") from fault
    require_believable_spacing(geometry, name=str(path))
    return geometry


def _fields(path: Path) -> dict[str, str]:
    with path.open("rb") as stream:
        block = stream.read(LARGEST_HEADER_BYTES)
    if not block.startswith(MAGIC):
        raise UnreadableFileError(f"{path} is not an NRRD file")
    head = block.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", errors="replace")
    pairs = (line.partition(":") for line in head.splitlines() if not line.startswith("#"))
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _require_usable(fields: dict[str, str], path: Path) -> None:
    if any(name in fields for name in DETACHED):
        raise UnreadableFileError(f"{path} only points at another file; give one whole .nrrd")
    sizes = [int(n) for n in fields.get("sizes", "").split()]
    if len(sizes) != DIMENSIONS:
        raise UnsupportedSeriesError(
            f"{path} has {len(sizes)} axes ({'x'.join(map(str, sizes))}): a segmentation with "
            f"overlapping layers is not read; export it as one label map"
        )
    voxels = int(np.prod(sizes, dtype=object))
    if min(sizes) < 1 or voxels > LARGEST_VOXEL_COUNT:
        raise UnsupportedSeriesError(
            f"{path} claims {voxels} voxels; at most {LARGEST_VOXEL_COUNT}"
        )
    if voxels > path.stat().st_size * LARGEST_DEFLATE_RATIO:
        raise UnreadableFileError(f"{path} is truncated: its header promises {voxels} voxels")
    if not fields.get("space") or "space directions" not in fields:
        raise UnsupportedSeriesError(
            f"{path} names no anatomical space, so left and right are unknown; export it again"
        )
