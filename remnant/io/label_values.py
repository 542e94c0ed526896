"""From the numbers in a file to the codes of a label map: whole codes, grey masks, probabilities.

Programs resample and compress masks as if they were pictures: a mask of 0 and 255 then holds every
value between. Others store probabilities. Neither holds codes, and none may be taken for lesions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import filled_box
from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.volumes import LARGEST_CODE

Codes = NDArray[np.uint8] | NDArray[np.uint16]

WHOLE_TOLERANCE: Final = 0.005
"""Values this near to a whole number are that number: what scaling in single precision leaves."""
SMALLEST_GREY_PEAK: Final = 16
"""Nobody stores a mask as a picture with lower values."""
SMALLEST_PICTURE_PEAK: Final = 100
"""Of a mask that was compressed as a picture: its highest value is 100 or 255."""
FEWEST_GREYS: Final = 2
FEWEST_BLENDED: Final = 4
"""Fewer low codes may be the parts of a lesion, one around the other."""
LARGEST_LAYER_FRACTION: Final = 0.12
"""Where three voxels in a row go from 0 to a code, at most so many pass another code of one voxel.
111 real Couinaud maps have up to 0.08 even on 10 mm voxels; interpolated maps 0.15 to 0.9."""
FEWEST_MIXED: Final = 5
FEWEST_MIXED_VOXELS: Final = 1000
MIXED_VOXELS_FRACTION: Final = 0.9
MIXED_CODES_FRACTION: Final = 0.5
"""Smooth greys lie among each other: of half of them nine tenths of the voxels touch another."""
LEAST_RISE_RATIO: Final = 3.0
"""From the border inwards blended values rise so many times as often as they fall."""
LEAST_LAYER_CODES_FRACTION: Final = 0.3
"""So many of the codes but the highest are such a layer somewhere, two at least."""
FOOT_FRACTION: Final = 0.05
"""Up to this share of the highest value is noise about 0, and from 1 less this on its plateau."""
LEAST_PLATEAU_FRACTION: Final = 0.15
LEAST_FLAT_FRACTION: Final = 0.6
"""Of a plateau with a rim so much is the highest value itself; probabilities rise to their peak."""
FRINGE_REACH_VOXELS: Final = 6
LEAST_FRINGE_NEAR_FRACTION: Final = 0.9
HALF: Final = 0.5
QUARTERS: Final = (0.5, 1.0, 1.5)
"""The threshold is held against its half and against one and a half of it."""


class ValueKind(StrEnum):
    """What the numbers of a map are."""

    CODES = "codes"
    GREY_MASK = "grey_mask"
    THRESHOLDED = "thresholded"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabelValues:
    """Codes, and how they were made of the numbers in the file.

    Parameters
    ----------
    codes
        0 is background. Of a grey mask, and of what was thresholded, 1 is inside.
    kind
        ``GREY_MASK`` where the file holds a binary mask that was resampled or compressed as a
        picture is; ``THRESHOLDED`` where the user said from which value on a voxel is inside.
    threshold
        That value; half of the highest one of a grey mask. ``None`` for codes.
    highest
        The highest number of the file.
    voxels
        How many voxels lie at or above half the threshold, the threshold, and one and a half of
        it; empty for codes.
    largest_rounding
        How far a number was from the whole one that it was taken for; 0 where all were whole.
    """

    codes: Codes
    kind: ValueKind = ValueKind.CODES
    threshold: float | None = None
    highest: float
    voxels: tuple[int, ...] = ()
    largest_rounding: float = 0.0


def label_values(values: NDArray[Any], *, name: str, threshold: float | None) -> LabelValues:
    """Make codes of the numbers of a map.

    Parameters
    ----------
    values
        Finite numbers of shape ``(i, j, k)``.
    name
        The file, for messages.
    threshold
        From which number on a voxel of a probability map or of a grey mask is inside; ``None``
        where the user says nothing. Whole codes stay what they are in either case.

    Raises
    ------
    InputError
        A number is negative or too large, the map holds probabilities or greys and no threshold
        was given, or none of its voxels reaches the threshold.
    """
    low, high = float(values.min()), float(values.max())
    if low < -WHOLE_TOLERANCE or high > LARGEST_CODE + WHOLE_TOLERANCE:
        raise InputError(
            f"{name} is no label map: its values run from {low:g} to {high:g}; allowed are 0 to "
            f"{LARGEST_CODE}"
        )
    rounding = _rounding(values)
    if rounding <= WHOLE_TOLERANCE:
        codes = np.rint(values) if values.dtype.kind == "f" else values
        if not _is_blended(codes):
            return LabelValues(codes=_packed(codes), highest=high, largest_rounding=rounding)
        if threshold is None and _is_resampled_mask(codes):
            return _at(values, high * HALF, kind=ValueKind.GREY_MASK)
    if threshold is not None:
        return _at(_reached(values, threshold, name), threshold, kind=ValueKind.THRESHOLDED)
    raise InputError(_needs_threshold(name, low=low, high=high, whole=rounding <= WHOLE_TOLERANCE))


def _needs_threshold(name: str, *, low: float, high: float, whole: bool) -> str:
    if not whole and high <= 1 + WHOLE_TOLERANCE:
        return (
            f"{name} is no label map but a probability map: its values run from {low:g} to "
            f"{high:g} and are not whole numbers; say from which probability on a voxel is inside, "
            f"e.g. --threshold 0.5"
        )
    what = (
        "are blended at their borders, as interpolation does" if whole else "are not whole numbers"
    )
    return (
        f"{name} is no label map: its values run from {low:g} to {high:g} and {what}; resample the "
        f"labels with nearest neighbour or, where the file is a mask or a map of one structure, "
        f"say from which value on a voxel is inside, e.g. --threshold {high * HALF:g}"
    )


def _reached(values: NDArray[Any], threshold: float, name: str) -> NDArray[Any]:
    if values.max() < threshold:
        raise InputError(
            f"no voxel of {name} reaches --threshold {threshold:g}: its values end at "
            f"{float(values.max()):g}; give a lower one"
        )
    return values


def _rounding(values: NDArray[Any]) -> float:
    """Return how far the values are from whole numbers at most."""
    if values.dtype.kind != "f":
        return 0.0
    planes = (values[..., k] for k in range(values.shape[-1]))
    return float(max(np.abs(plane - np.rint(plane)).max() for plane in planes))


def _packed(codes: NDArray[Any]) -> Codes:
    small = codes.max() <= np.iinfo(np.uint8).max
    if small:
        return codes.astype(np.uint8, copy=False)
    return codes.astype(np.uint16, copy=False)


def _at(values: NDArray[Any], threshold: float, *, kind: ValueKind) -> LabelValues:
    counts = tuple(int(np.count_nonzero(values >= threshold * part)) for part in QUARTERS)
    return LabelValues(
        codes=(values >= threshold).astype(np.uint8),
        kind=kind,
        threshold=threshold,
        highest=float(values.max()),
        voxels=counts,
    )


def _is_blended(codes: NDArray[Any]) -> bool:
    """Tell whether whole numbers were blended, as interpolation does.

    Between 0 and a high one then lies a thin layer of lower ones, which no drawn map has.
    """
    packed = _packed(codes)
    box = filled_box(packed)
    present = present_codes(packed) - {0}
    if box is None or len(present) < (
        FEWEST_GREYS if max(present) >= SMALLEST_GREY_PEAK else FEWEST_BLENDED
    ):
        return False
    layers = falling = direct = 0
    between: set[int] = set()
    for outer, middle, further in _borders(np.pad(packed[box], 1)):
        rim = outer == 0
        thin = rim & (further > middle)
        layers += int(np.count_nonzero(thin))
        direct += int(np.count_nonzero(rim & (further == middle)))
        falling += int(np.count_nonzero(rim & (further > 0) & (further < middle)))
        between |= present_codes(middle[thin]) if thin.any() else frozenset()
    fewest = min(len(present) - 1, max(2, LEAST_LAYER_CODES_FRACTION * (len(present) - 1)))
    rising = layers > LEAST_RISE_RATIO * falling and len(between) >= fewest
    if rising and layers > LARGEST_LAYER_FRACTION * (layers + direct):
        return True
    return _may_be_greys(present, packed[box]) and _is_mixed(packed[box], sorted(present))


def _may_be_greys(present: frozenset[int], codes: Codes) -> bool:
    """Tell whether codes are all about 0 and the highest one, or many, high and of some size."""
    high = max(present)
    if all(not FOOT_FRACTION * high < code < (1 - FOOT_FRACTION) * high for code in present):
        return high >= SMALLEST_PICTURE_PEAK
    many = high >= SMALLEST_GREY_PEAK and len(present) >= FEWEST_MIXED
    return many and int(np.count_nonzero(codes)) >= FEWEST_MIXED_VOXELS


def _is_mixed(codes: Codes, present: list[int]) -> bool:
    """Tell whether most codes have no inside: nearly all of their voxels touch another code."""
    touches = np.zeros(codes.shape, dtype=bool)
    for axis in range(codes.ndim):
        moved, marked = np.moveaxis(codes, axis, 0), np.moveaxis(touches, axis, 0)
        differ = (moved[1:] != moved[:-1]) & (moved[1:] > 0) & (moved[:-1] > 0)
        marked[1:] |= differ
        marked[:-1] |= differ
    counts = np.bincount(codes[codes > 0])[present]
    touching = np.bincount(codes[touches], minlength=present[-1] + 1)[present]
    mixed = touching >= MIXED_VOXELS_FRACTION * counts
    return bool(mixed.mean() >= MIXED_CODES_FRACTION)


def _borders(
    codes: NDArray[Any],
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Yield for every direction the code before, at and after each voxel that is not 0.

    ``codes`` has a border of 0.
    """
    flat = codes.ravel(order="K")
    where = np.flatnonzero(flat)
    middle = flat[where]
    for step in {stride // codes.itemsize for stride in codes.strides}:
        low, high = flat[where - step], flat[where + step]
        yield low, middle, high
        yield high, middle, low


def _is_resampled_mask(codes: NDArray[Any]) -> bool:
    """Tell whether greys are a mask of two values that was resampled or compressed.

    It has a plateau at its highest value, and what lies between that and 0 is its rim.
    """
    box = filled_box(codes)
    high = float(codes.max())
    if box is None or high < SMALLEST_GREY_PEAK:
        return False
    inner = np.pad(codes[box], FRINGE_REACH_VOXELS)
    plateau = inner >= (1 - FOOT_FRACTION) * high
    above = inner > FOOT_FRACTION * high
    fringe = above & ~plateau
    if np.count_nonzero(plateau) < LEAST_PLATEAU_FRACTION * np.count_nonzero(above):
        return False
    flat = np.count_nonzero(inner == high) >= LEAST_FLAT_FRACTION * np.count_nonzero(plateau)
    if not flat and np.count_nonzero(fringe) > FOOT_FRACTION * np.count_nonzero(above):
        return False
    near = ndimage.binary_dilation(
        plateau, np.ones((3, 3, 3), dtype=bool), iterations=FRINGE_REACH_VOXELS
    )
    rim = np.count_nonzero(fringe & near)
    return bool(rim >= LEAST_FRINGE_NEAR_FRACTION * np.count_nonzero(fringe))
