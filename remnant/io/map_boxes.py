"""The part of a stored map that holds something, without the rest in memory."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box, bounding_box, box_geometry
from remnant.core.errors import GeometryMismatchError
from remnant.core.labels import LabelScheme
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_own_labels
from remnant.io.nifti_file import NiftiFile, open_nifti, stored_planes
from remnant.io.reading import AS_WRITTEN

CODE_TYPES: Final = (np.dtype(np.uint8), np.dtype(np.uint16))


def read_filled_box(path: Path, scheme: LabelScheme, *, what: str) -> tuple[LabelMap, Box]:
    """Read the smallest box of a case folder's map that holds all codes above 0.

    Returns
    -------
    labels
        The codes in the box, on its own grid.
    box
        Where it lies in the map. ``what`` names the map in the error of an empty one.

    Raises
    ------
    EmptyStructureError
        No code is above 0.
    UnreadableFileError, InputError, UnknownLabelError
        As of `remnant.io.nifti.read_own_labels`.
    """
    file = open_nifti(path, choice=AS_WRITTEN)
    if not _holds_codes(file):
        whole = read_own_labels(path, scheme)
        box = bounding_box(whole.codes, what=what)
        return _cut(whole, box), box
    runs = [(start, run.copy(order="K")) for start, run in stored_planes(file) if run.any()]
    first = runs[0][0] if runs else 0
    rows, columns, _ = file.geometry.shape
    planes = max((start + run.shape[2] for start, run in runs), default=first) - first
    held = np.zeros((rows, columns, planes), file.stored, order="F")
    while runs:
        start, run = runs.pop()
        held[:, :, start - first : start - first + run.shape[2]] = run
    i, j, k = bounding_box(held, what=what)
    box = (i, j, slice(k.start + first, k.stop + first))
    return _as_labels(held[i, j, k], file, box, scheme), box


def read_box(path: Path, scheme: LabelScheme, box: Box) -> LabelMap:
    """Read a box of a case folder's map, see `read_filled_box`.

    Raises
    ------
    GeometryMismatchError
        The map is too small to have the box.
    """
    file = open_nifti(path, choice=AS_WRITTEN)
    if any(side.stop > size for side, size in zip(box, file.geometry.shape, strict=True)):
        raise GeometryMismatchError(
            f"{path} has the shape {file.geometry.shape} and does not reach as far as the liver; "
            f"measure the case anew"
        )
    if not _holds_codes(file):
        return _cut(read_own_labels(path, scheme), box)
    i, j, k = box
    held = np.zeros([side.stop - side.start for side in box], file.stored, order="F")
    for start, run in stored_planes(file):
        low, high = max(start, k.start), min(start + run.shape[2], k.stop)
        if low < high:
            held[:, :, low - k.start : high - k.start] = run[i, j, low - start : high - start]
    return _as_labels(held, file, box, scheme)


def _holds_codes(file: NiftiFile) -> bool:
    return file.stored in CODE_TYPES and file.slope == 1.0 and file.intercept == 0.0


def _cut(labels: LabelMap, box: Box) -> LabelMap:
    codes = labels.codes[box].copy(order="F")
    return LabelMap(codes, box_geometry(labels.geometry, box), labels.scheme)


def _as_labels(held: NDArray[Any], file: NiftiFile, box: Box, scheme: LabelScheme) -> LabelMap:
    grid = box_geometry(file.geometry, box)
    if held.max() <= np.iinfo(np.uint8).max:
        return LabelMap(held.astype(np.uint8, order="F"), grid, scheme)
    return LabelMap(held.astype(np.uint16, order="F"), grid, scheme)
