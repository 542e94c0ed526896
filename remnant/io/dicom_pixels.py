"""Pixels of sorted planes into one array of values."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels import get_decoder, iter_pixels
from pydicom.uid import UID
from scipy import ndimage

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.progress import Progress, silent
from remnant.core.volumes import Modality
from remnant.io.dicom_slices import Slice
from remnant.io.faults import quiet, reading
from remnant.io.intensity_scale import BODY_HU
from remnant.io.printing import printable
from remnant.io.scaling import fitting_type
from remnant.io.scan_values import PADDING_HU, joined_to_border

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
    with quiet():
        for syntax in sorted({plane.transfer_syntax for plane in slices}):
            require_decoder(syntax)


def require_decoder(syntax: str) -> None:
    """Raise unless pixels of a transfer syntax can be decoded here.

    Raises
    ------
    UnsupportedSeriesError
        There is no decoder; the syntax is named in the message.
    """
    uid = UID(syntax)
    if not _can_decode(uid):
        raise UnsupportedSeriesError(
            f"the pixels are stored as {printable(uid.name) or 'nothing named'}, for which "
            f"there is no decoder here; export the series uncompressed or as JPEG 2000"
        )


def _can_decode(syntax: UID) -> bool:
    try:
        return bool(get_decoder(syntax).is_available)
    except (NotImplementedError, ValueError):
        return False


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
        volume = np.empty((*slices[0].size, len(slices)), dtype=_type_of(slices), order="F")
    places = _places_by_file(slices)

    def fill(path: Path) -> None:
        _fill_from_file(volume, path, places[path])

    with quiet(), ThreadPoolExecutor(THREADS) as pool:
        for done, _ in enumerate(pool.map(fill, places), start=1):
            progress("reading slices", done, len(places))
    return _narrowed(volume)


def digest_pixels(plane: Slice) -> str:
    """Return a digest of a plane's values, to tell copies from different images."""
    require_decoders([plane])
    values = np.empty((*plane.size, 1), dtype=np.float32, order="F")
    with quiet():
        _fill_from_file(values, plane.path, {plane.frame: (0, plane)})
    return hashlib.sha256(values.tobytes(order="F")).hexdigest()


def _places_by_file(slices: Sequence[Slice]) -> Mapping[Path, dict[int, tuple[int, Slice]]]:
    places: dict[Path, dict[int, tuple[int, Slice]]] = defaultdict(dict)
    for k, plane in enumerate(slices):
        places[plane.path][plane.frame] = (k, plane)
    return dict(places)


def _fill_from_file(
    volume: NDArray[Any], path: Path, places: Mapping[int, tuple[int, Slice]]
) -> None:
    frames = sorted(places)
    with reading(path, what=WHAT, quote=False):
        dataset = dcmread(path)
        for frame, stored in zip(frames, iter_pixels(dataset, indices=frames), strict=True):
            k, plane = places[frame]
            if stored.shape != plane.size[::-1]:
                raise UnreadableFileError(f"{path} holds pixels of another size than it says")
            volume[:, :, k] = _values(stored, plane).T


def _values(stored: NDArray[Any], plane: Slice) -> NDArray[Any]:
    whole = float(plane.slope).is_integer() and float(plane.intercept).is_integer()
    kind = np.int64 if whole else np.float64
    values: NDArray[Any] = stored.astype(kind) * kind(plane.slope) + kind(plane.intercept)
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


def _type_of(slices: Sequence[Slice]) -> type[np.number[Any]]:
    factors = [factor for plane in slices for factor in (plane.slope, plane.intercept)]
    if not all(float(factor).is_integer() for factor in factors):
        return np.float32
    ends = [end * plane.slope + plane.intercept for plane in slices for end in plane.stored_range]
    return fitting_type(min(*ends, PADDING_HU), max(ends)) or np.float32


def _narrowed(volume: NDArray[Any]) -> NDArray[Any]:
    if volume.dtype != np.int32:
        return volume
    kind = fitting_type(int(volume.min()), int(volume.max()))
    return volume if kind is None else volume.astype(kind, copy=False)
