"""What the stored numbers of DICOM planes say, whatever the header rescales: a scan or a mask."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.progress import Progress, silent
from remnant.io.dicom_pixels import read_voxels
from remnant.io.dicom_slices import Slice

MOST_CODES: Final = 32
"""A scan has hundreds of grey values in a single slice."""
LARGEST_MASK_VALUE: Final = 255


def stored_values(slices: Sequence[Slice], *, progress: Progress = silent) -> NDArray[Any]:
    """Read planes without rescaling and padding, shape ``(columns, rows, planes)``.

    Raises
    ------
    UnsupportedSeriesError, UnreadableFileError
        As `remnant.io.dicom_pixels.read_voxels` does.
    """
    plain = [replace(plane, slope=1.0, intercept=0.0, padding=None) for plane in slices]
    return read_voxels(plain, progress=progress)


def are_codes(stored: NDArray[Any]) -> bool:
    """Tell whether an array holds few whole numbers from 0 on."""
    if stored.dtype.kind not in "iu" or stored.min() < 0:
        return False
    return len(present_codes(stored)) <= MOST_CODES


def mask_codes(slices: Sequence[Slice]) -> frozenset[int]:
    """Return the codes of a stack that holds a mask: 0 and a few up to 255; none of a scan.

    The middle slice is read first; the others only if that one could be a mask's. What cannot be
    read is no mask.
    """
    try:
        if not _could_be_mask(stored_values(slices[len(slices) // 2 :][:1])):
            return frozenset()
        stored = stored_values(slices)
    except (UnsupportedSeriesError, UnreadableFileError):
        return frozenset()
    codes = present_codes(stored) if _could_be_mask(stored) else frozenset()
    return codes if len(codes) > 1 else frozenset()


def _could_be_mask(stored: NDArray[Any]) -> bool:
    return are_codes(stored) and not stored.all() and int(np.max(stored)) <= LARGEST_MASK_VALUE
