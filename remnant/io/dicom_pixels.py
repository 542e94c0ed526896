"""Pixels of sorted planes into one array of values."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.errors import UnreadableFileError
from remnant.core.progress import Progress, silent
from remnant.core.volumes import Modality
from remnant.io.dicom_decoders import decoded, require_decoder
from remnant.io.dicom_header import inflated_file
from remnant.io.dicom_slices import Slice
from remnant.io.encapsulated import encapsulated_frames
from remnant.io.faults import quiet, reading
from remnant.io.intensity_scale import BODY_HU
from remnant.io.scaling import fitting_type
from remnant.io.scan_values import PADDING_HU, joined_to_border
from remnant.io.stored_pixels import StoredPixels, without_other_bits

THREADS = 4
WHAT = "DICOM pixels"
LEAST_PADDING_FRACTION = 0.005
SQUARE = np.ones((3, 3), dtype=np.bool_)


def require_decoders(slices: Sequence[Slice]) -> None:
    """Raise unless the pixels of every plane can be decoded here.

    Raises
    ------
    UnsupportedSeriesError
        A transfer syntax has no decoder; named in the message.
    """
    for syntax in sorted({plane.transfer_syntax for plane in slices}):
        require_decoder(syntax)


def read_voxels(slices: Sequence[Slice], *, progress: Progress = silent) -> NDArray[Any]:
    """Decode and rescale planes, each by its own slope and intercept.

    Padding becomes -1024 HU in a CT, and the lowest value of the rest of its plane in MR; where its
    number is one that tissue has as well, only what reaches in from the border of the plane is.
    MONOCHROME1 only concerns the display and changes nothing.

    Returns
    -------
    numpy.ndarray
        Shape ``(columns, rows, planes)``: int16 where all values are whole and fit, else int32 or
        float32.

    Raises
    ------
    UnsupportedSeriesError
        No decoder for the pixels.
    UnreadableFileError
        A file is truncated or damaged.
    """
    require_decoders(slices)
    with reading(slices[0].path, what=WHAT, quote=False):
        volume = np.empty((*slices[0].size, len(slices)), dtype=_first_type(slices), order="F")
    volume = _filled(volume, _places_by_file(slices), progress)
    return _narrowed(volume)


def digest_pixels(plane: Slice) -> str:
    """Return a digest of a plane's values, to tell copies from different images."""
    require_decoders([plane])
    values = np.empty((*plane.size, 1), dtype=np.float32, order="F")
    with quiet():
        _fill_from_file(values, plane.path, {plane.frame: (0, plane)})
    return hashlib.sha256(values.tobytes(order="F")).hexdigest()


_Places = Mapping[int, tuple[int, Slice]]


def _places_by_file(slices: Sequence[Slice]) -> Mapping[Path, _Places]:
    places: dict[Path, dict[int, tuple[int, Slice]]] = defaultdict(dict)
    for k, plane in enumerate(slices):
        places[plane.path][plane.frame] = (k, plane)
    return dict(places)


def _filled(
    volume: NDArray[Any], places: Mapping[Path, _Places], progress: Progress
) -> NDArray[Any]:
    """Fill a volume, or one of a wider type where a plane turns out not to fit.

    What a header allows is far more than what a scan holds, so the narrow type is tried first.
    """

    def fill(path: Path) -> tuple[Path, type[np.number[Any]] | None]:
        return path, _fill_from_file(volume, path, places[path])

    wider: dict[Path, type[np.number[Any]]] = {}
    with quiet(), ThreadPoolExecutor(THREADS) as pool:
        for done, (path, kind) in enumerate(pool.map(fill, places), start=1):
            if kind is not None:
                wider[path] = kind
            progress("reading slices", done, len(places))
    if not wider:
        return volume
    kind = np.float32 if np.float32 in wider.values() else np.int32
    return _filled(volume.astype(kind), {path: places[path] for path in wider}, silent)


def _fill_from_file(
    volume: NDArray[Any], path: Path, places: _Places
) -> type[np.number[Any]] | None:
    """Write the planes of one file; return the type that it would take where they do not fit."""
    needed: list[type[np.number[Any]]] = []
    with reading(path, what=WHAT, quote=False):
        for frame, stored in _stored_frames(path, places):
            k, plane = places[frame]
            if stored.shape != plane.size[::-1]:
                raise UnreadableFileError(f"{path} holds pixels of another size than it says")
            target = volume[:, :, k].T
            values = _values(stored, plane, target)
            if values is target:
                continue
            if volume.dtype.kind == "f" or np.can_cast(values.dtype, volume.dtype):
                target[...] = values
            else:
                needed.append(np.float32 if values.dtype.kind == "f" else np.int32)
    return max(needed, key=lambda kind: kind is np.float32, default=None)


def _stored_frames(path: Path, places: _Places) -> Iterator[tuple[int, NDArray[Any]]]:
    """Return the numbers of the frames that are wanted, with the frames' own numbers."""
    pixels = next(iter(places.values()))[1].pixels
    if pixels is None:
        raise UnreadableFileError(f"{path} holds no pixels")
    if pixels.is_native:
        frames: Iterator[tuple[int, NDArray[Any]]] = _native_frames(path, pixels, places)
    else:
        frames = _compressed_frames(path, pixels, places)
    for frame, numbers in frames:
        yield frame, without_other_bits(numbers, pixels)


def _native_frames(
    path: Path, pixels: StoredPixels, places: _Places
) -> Iterator[tuple[int, NDArray[Any]]]:
    count = pixels.rows * pixels.columns
    content = inflated_file(path) if pixels.is_deflated else None
    for frame in sorted(places):
        offset = pixels.offset + frame * pixels.frame_bytes
        if content is None:
            numbers = np.fromfile(path, pixels.dtype, count=count, offset=offset)
        else:
            numbers = np.frombuffer(content, pixels.dtype, count=count, offset=offset)
        yield frame, numbers.reshape(pixels.rows, pixels.columns)


def _compressed_frames(
    path: Path, pixels: StoredPixels, places: _Places
) -> Iterator[tuple[int, NDArray[Any]]]:
    with path.open("rb") as file:
        file.seek(pixels.offset)
        content = file.read()
    found = 0
    for frame, compressed in enumerate(encapsulated_frames(content, pixels)):
        if frame in places:
            found += 1
            yield frame, decoded(compressed, pixels)
    if found != len(places):
        raise UnreadableFileError(f"{path} holds fewer frames than it says")


def _values(stored: NDArray[Any], plane: Slice, target: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a plane: ``target`` itself, filled, where its type is theirs."""
    values = _rescaled(stored, plane, target)
    if plane.padding is not None:
        padded = _padded(stored, values, plane)
        values[padded] = _padding_value(values[~padded], plane.modality)
    return values


def _padded(stored: NDArray[Any], values: NDArray[Any], plane: Slice) -> NDArray[np.bool_]:
    """Return where a plane holds padding.

    A number that no body has is padding wherever it is. One that tissue has as well is padding
    where it makes a part of 0.5 % of the plane or more at its border; else it was measured.
    """
    low, high = plane.padding or (0, -1)
    held: NDArray[np.bool_] = (stored >= low) & (stored <= high)
    if not held.any() or not _may_be_tissue(values, held, plane):
        return held
    # single voxels of tissue next to the padding would otherwise be joined to it
    core = ndimage.binary_erosion(held, SQUARE, border_value=1)
    joined = joined_to_border(core, least=int(LEAST_PADDING_FRACTION * held.size))
    grown: NDArray[np.bool_] = ndimage.binary_dilation(joined, SQUARE) & held
    return grown


def _may_be_tissue(values: NDArray[Any], held: NDArray[np.bool_], plane: Slice) -> bool:
    if plane.modality is Modality.CT:
        low, high = _padding_values(plane)
        return bool(high > BODY_HU[0] and low < BODY_HU[1])
    rest = values[~held]
    return bool(rest.size and rest.min() < values[held].max())


def _padding_values(plane: Slice) -> tuple[float, float]:
    ends = [end * plane.slope + plane.intercept for end in plane.padding or ()]
    return min(ends), max(ends)


def padding_left(voxels: NDArray[Any], slices: Sequence[Slice]) -> int:
    """Count the voxels of a CT that hold a number of padding and were kept as measured.

    Parameters
    ----------
    voxels
        What `read_voxels` returned for these planes.
    slices
        The planes, in the same order.
    """
    return sum(_count_left(voxels[:, :, k], plane) for k, plane in enumerate(slices))


def _count_left(values: NDArray[Any], plane: Slice) -> int:
    if plane.padding is None or plane.modality is not Modality.CT:
        return 0
    low, high = _padding_values(plane)
    if high <= BODY_HU[0] or low >= BODY_HU[1]:
        return 0
    return int(np.count_nonzero((values >= low) & (values <= high) & (values != PADDING_HU)))


def _padding_value(rest: NDArray[Any], modality: Modality) -> float:
    if modality is Modality.CT:
        return PADDING_HU
    return float(rest.min()) if rest.size else 0.0


def _rescaled(stored: NDArray[Any], plane: Slice, target: NDArray[Any]) -> NDArray[Any]:
    """Return ``stored * slope + intercept`` as int16 or int32 where that fits, else float32."""
    kind = _whole_type(stored, plane) if _is_whole(plane) else None
    if kind is None:
        return _rescaled_real(stored, plane)
    values = target if target.dtype == kind else np.empty(stored.shape, kind)
    # whole numbers that overflow on the way come back, as only the result must fit
    slope, intercept = (np.array(int(f)).astype(kind) for f in (plane.slope, plane.intercept))
    if slope != 1:
        stored = np.multiply(stored, slope, out=values, dtype=kind, casting="unsafe")
    np.add(stored, intercept, out=values, dtype=kind, casting="unsafe")
    return values


def _rescaled_real(stored: NDArray[Any], plane: Slice) -> NDArray[Any]:
    with np.errstate(over="ignore", invalid="ignore"):
        values = (stored.astype(np.float64) * plane.slope + plane.intercept).astype(np.float32)
    if not np.isfinite(values).all():
        raise UnreadableFileError(f"{plane.path} holds pixels that are not finite numbers")
    return values


def _whole_type(stored: NDArray[Any], plane: Slice) -> type[np.signedinteger[Any]] | None:
    ends = [int(end) * int(plane.slope) + int(plane.intercept) for end in _ends(stored)]
    return fitting_type(min(ends), max(ends))


def _ends(stored: NDArray[Any]) -> tuple[Any, Any]:
    return stored.min(), stored.max()


def _is_whole(plane: Slice) -> bool:
    factors = (float(plane.slope), float(plane.intercept))
    is_real = plane.pixels is not None and plane.pixels.keyword != "PixelData"
    return not is_real and all(factor.is_integer() for factor in factors)


def _first_type(slices: Sequence[Slice]) -> type[np.number[Any]]:
    return np.int16 if all(_is_whole(plane) for plane in slices) else np.float32


def _narrowed(volume: NDArray[Any]) -> NDArray[Any]:
    if volume.dtype != np.int32:
        return volume
    kind = fitting_type(int(volume.min()), int(volume.max()))
    return volume if kind is None else volume.astype(kind, copy=False)
