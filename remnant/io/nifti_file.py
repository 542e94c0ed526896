"""What a NIfTI file says about itself, checked before its voxels are read.

The header is parsed from the file's first bytes alone: extensions, which may be large or hostile,
are never read.
"""

import gzip
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any, cast

import nibabel
import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import (
    GeometryMismatchError,
    InputError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.geometry import DIMENSIONS, Geometry, Shape3
from remnant.io.faults import quiet, reading, require_file
from remnant.io.limits import (
    LARGEST_DEFLATE_RATIO,
    LARGEST_HEADER_BYTES,
    LARGEST_SPACING_MM,
    LARGEST_TRAILER_BYTES,
    LARGEST_VOXEL_COUNT,
    SMALLEST_SPACING_MM,
)
from remnant.io.scaling import scaled

WHAT = "a NIfTI file"
SUFFIXES = (".nii", ".nii.gz")
FORM_TOLERANCE_MM = 0.1
MM_PER_UNIT = {"unknown": 1.0, "mm": 1.0, "meter": 1000.0, "micron": 0.001}
HEADERS = {348: (nibabel.Nifti1Header, b"n+1\0", 344), 540: (nibabel.Nifti2Header, b"n+2\0", 4)}
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
        ``sform`` or ``qform``: which of the two the grid came from.
    """

    path: Path
    geometry: Geometry
    stored: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    geometry_source: str

    def values(self) -> NDArray[Any]:
        """Read the voxels, scaled, as int16, int32 or float32 of the grid's shape.

        Raises
        ------
        UnreadableFileError
            The file ends early or its compression is damaged.
        InputError
            A value is not a finite number.
        """
        with quiet(), reading(self.path, what=WHAT):
            raw = self._stored_values()
            return scaled(raw, slope=self.slope, intercept=self.intercept, name=str(self.path))

    def _stored_values(self) -> NDArray[Any]:
        raw = np.empty(int(np.prod(self.geometry.shape)), dtype=self.stored)
        with _opened(self.path) as stream:
            _skip(stream, self.offset)
            filled = _fill(stream, raw.data.cast("B"))
            if filled < raw.nbytes:
                raise UnreadableFileError(
                    f"{self.path} is truncated: {filled} of {raw.nbytes} bytes of voxels; "
                    f"copy it again"
                )
            # gzip's checksum stands at the very end, and is only verified when that is reached
            if _skip(stream, LARGEST_TRAILER_BYTES + 1) > LARGEST_TRAILER_BYTES:
                raise UnreadableFileError(f"{self.path} goes on after its voxels: it is damaged")
        return raw.reshape(self.geometry.shape, order="F")


def _opened(path: Path) -> IO[bytes]:
    packed = path.name.lower().endswith(".gz")
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")


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


def is_nifti_name(path: Path) -> bool:
    """Tell whether a file is named as NIfTI: ``.nii`` or ``.nii.gz``."""
    return path.name.lower().endswith(SUFFIXES)


def open_nifti(path: Path) -> NiftiFile:
    """Read and check the header of a single-file NIfTI-1 or NIfTI-2, either byte order.

    The grid: the sform where its code is set, else the qform where its code is set. Both set and
    further apart than 0.1 mm at any corner of the grid is refused, since there is no telling which
    is meant; so is neither set, since then left and right are unknown. Units of metres and microns
    are converted; an unknown unit is millimetres.

    Raises
    ------
    UnreadableFileError
        Missing, truncated, or not a NIfTI file (Analyze and .hdr/.img pairs included).
    UnsupportedSeriesError
        Not three-dimensional, coloured or complex, absurdly large, or without known geometry.
    GeometryMismatchError
        The qform contradicts the sform.
    """
    require_file(path)
    if not is_nifti_name(path):
        raise UnreadableFileError(f"{path} is not named .nii or .nii.gz; convert it to NIfTI")
    with quiet(), reading(path, what=WHAT):
        header = _parsed_header(path)
        shape = _shape(header, path)
        stored = _stored_type(header, path)
        offset = _offset(header, path)
        _require_believable_size(path, byte_count=offset + int(np.prod(shape)) * stored.itemsize)
        affine_ras, source = _affine_ras(header, shape, path)
        slope, intercept = header.get_slope_inter()
    return NiftiFile(
        path=path,
        geometry=_geometry(shape, affine_ras, path),
        stored=stored,
        offset=offset,
        slope=1.0 if slope is None else float(slope),
        intercept=0.0 if intercept is None else float(intercept),
        geometry_source=source,
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
        kind, magic, place = HEADERS[size]
        if block[place : place + len(magic)] != magic:
            raise UnreadableFileError(
                f"{path} is an Analyze file or half of a .hdr/.img pair, whose left and right are "
                f"not reliably known; convert the DICOM series to a single .nii.gz"
            )
        return kind.from_fileobj(BytesIO(block[:size]), endianness=sign, check=False)
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
    ratio = LARGEST_DEFLATE_RATIO if path.name.lower().endswith(".gz") else 1
    if path.stat().st_size * ratio < byte_count:
        raise UnreadableFileError(
            f"{path} is truncated: its header promises {byte_count} bytes, the file has "
            f"{path.stat().st_size}; copy it again"
        )


def _affine_ras(
    header: Any,  # noqa: ANN401
    shape: Shape3,
    path: Path,
) -> tuple[NDArray[np.float64], str]:
    sform, sform_code = header.get_sform(coded=True)
    qform, qform_code = header.get_qform(coded=True)
    if not sform_code and not qform_code:
        raise UnsupportedSeriesError(
            f"{path} has neither qform nor sform, so left and right are unknown; convert the DICOM "
            f"series again, or set the code if the orientation is certain"
        )
    factor = _mm_per_unit(header, path)
    if sform_code and qform_code:
        _require_forms_agree(sform, qform, shape=shape, path=path, factor=factor)
    affine_ras = np.array(sform if sform_code else qform, dtype=np.float64)
    affine_ras[:3] *= factor
    return affine_ras, "sform" if sform_code else "qform"


def _require_forms_agree(
    sform: NDArray[np.float64],
    qform: NDArray[np.float64],
    *,
    shape: Shape3,
    path: Path,
    factor: float,
) -> None:
    shift_mm = forms_shift(sform, qform, shape) * factor
    if not shift_mm <= FORM_TOLERANCE_MM:
        raise GeometryMismatchError(
            f"{path}: qform and sform disagree by {shift_mm:.1f} mm at a corner; only one can be "
            f"right: set the code of the wrong one to 0 (or convert the DICOM series again)"
        )


def forms_shift(first: NDArray[np.float64], second: NDArray[np.float64], shape: Shape3) -> float:
    """Return the largest distance between the corners of one grid under two 4×4 matrices."""
    last = np.array(shape, dtype=np.float64) - 1
    corners = np.array(list(np.ndindex(2, 2, 2)), dtype=np.float64) * last
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    shifts = corners @ difference[:3, :3].T + difference[:3, 3]
    return float(np.linalg.norm(shifts, axis=1).max())


def _mm_per_unit(header: Any, path: Path) -> float:  # noqa: ANN401
    try:
        unit, _ = header.get_xyzt_units()
    except KeyError as fault:
        code = int(header["xyzt_units"])
        raise UnsupportedSeriesError(f"{path} uses an undefined unit (code {code})") from fault
    return MM_PER_UNIT[unit]


def _geometry(shape: Shape3, affine_ras: NDArray[np.float64], path: Path) -> Geometry:
    try:
        geometry = Geometry(shape, affine_ras)
    except InputError as fault:
        raise UnsupportedSeriesError(f"{path}: {fault}; its header is damaged") from fault
    require_believable_spacing(geometry, name=str(path))
    return geometry


def require_believable_spacing(geometry: Geometry, *, name: str) -> None:
    """Raise unless voxels are 0.05 to 25 mm along each axis: else the unit is wrong.

    Raises
    ------
    UnsupportedSeriesError
        A voxel is smaller or larger.
    """
    low, high = min(geometry.spacing_mm), max(geometry.spacing_mm)
    if low >= SMALLEST_SPACING_MM and high <= LARGEST_SPACING_MM:
        return
    spacing = " x ".join(f"{s:.4g}" for s in geometry.spacing_mm)
    raise UnsupportedSeriesError(
        f"{name} has voxels of {spacing} mm; allowed are {SMALLEST_SPACING_MM} to "
        f"{LARGEST_SPACING_MM:g} mm: check the unit in its header"
    )
