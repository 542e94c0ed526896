"""Masks stored as if they were CT or MR images, of 0 and 255: a folder for each structure.

So 3D-IRCADb publishes its masks.
"""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from remnant.io.atomic import digest_files
from remnant.io.dicom_series import catalogue
from remnant.io.series import Series
from remnant.io.stored_codes import MOST_CODES, are_codes, stored_values


def read_dicom_label_stack(
    path: Path, *, progress: Progress = silent
) -> tuple[NDArray[Any], Geometry, str]:
    """Read a series of CT or MR images that holds a mask.

    The stored numbers are the codes: what a header says of rescaling is of the scan that it was
    copied from, and so is padding.

    Parameters
    ----------
    path
        Folder with the images of one mask, or a multi-frame file.
    progress
        Receives how far reading is.

    Returns
    -------
    tuple
        Codes of shape ``(columns, rows, slices)``, their grid, and the digest of the sorted digests
        of the files.

    Raises
    ------
    UnreadableFileError
        There is no CT or MR image, or a file is damaged.
    UnsupportedSeriesError
        There are several stacks, their slices make no grid, or the values are those of a scan:
        more than 32 different ones, or negative ones.
    """
    series = _only_series(path, progress)
    if series.stack is None:
        raise UnsupportedSeriesError(f"{path}: {series.fault}")
    codes = stored_values(series.stack.slices, progress=progress)
    if not are_codes(codes):
        raise UnsupportedSeriesError(
            f"{path} holds stored values from {codes.min()} to {codes.max()} as a scan does; a "
            f"mask has at most {MOST_CODES} different ones, whole and from 0 on"
        )
    digest = digest_files(tuple({plane.path for plane in series.slices}))
    return codes, series.stack.geometry, digest


def _only_series(path: Path, progress: Progress) -> Series:
    listed = catalogue(path, progress=progress)
    if not listed.series:
        raise UnreadableFileError(f"{path} holds no CT or MR images in DICOM")
    if len(listed.series) > 1:
        names = "; ".join(series.describe() for series in listed.series)
        raise UnsupportedSeriesError(
            f"{path} holds {len(listed.series)} stacks of images; give the folder of one mask: "
            f"{names}"
        )
    return listed.series[0]
