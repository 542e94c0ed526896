"""Putting a map onto another grid of the same lattice, without resampling."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import GeometryMismatchError
from remnant.core.geometry import SAME_GRID_TOLERANCE_MM, Geometry
from remnant.core.volumes import LabelMap
from remnant.io.slice_gaps import require_all_slices_of

FARTHEST_VOXELS = 1e6
Slices = tuple[slice, slice, slice]


def placed_on(
    reference: Geometry, labels: LabelMap, *, what: str = "the map", on: str = "the reference"
) -> LabelMap:
    """Put a map onto a grid whose voxels are its own: each keeps its code and its place.

    The map may store its axes in another order or direction, and may cover another part of the
    grid: 3D Slicer and DICOM leave out what is empty. Voxels of the reference that it does not
    cover become 0. Nothing is resampled.

    Parameters
    ----------
    reference
        The grid wanted.
    labels
        The map.
    what, on
        Names of the map and of what owns the grid, for messages.

    Returns
    -------
    LabelMap
        Same codes and scheme on ``reference``; the map itself where it lies there already.

    Raises
    ------
    GeometryMismatchError
        The DICOM frames of reference differ, a voxel falls between the grid's voxels (by more than
        0.01 mm at a corner), or a voxel that is not 0 lies outside the grid.
    UnsupportedSeriesError
        Its planes are every second slice of the grid.
    """
    if labels.geometry.same_grid(reference):
        return labels
    frames = {reference.frame_of_reference_uid, labels.geometry.frame_of_reference_uid} - {None}
    if len(frames) > 1:
        raise GeometryMismatchError(
            f"{what} lies in another DICOM frame of reference than {on}: it belongs to another "
            f"examination or series; give the map of this one"
        )
    found = _lattice(reference, labels.geometry)
    if found is None:
        require_all_slices_of(labels.geometry, reference, what=what, on=on)
        raise GeometryMismatchError(
            f"{what} lies on another grid ({labels.geometry.describe()}) than {on} "
            f"({reference.describe()}); resample it to that grid first"
        )
    turn, offset = found
    turned, start = _turned(labels.codes, turn, offset)
    codes = np.zeros(reference.shape, dtype=labels.codes.dtype, order="F")
    source, target = _shared_box(turned.shape, start, reference)
    codes[target] = turned[source]
    outside = np.count_nonzero(labels.codes) - np.count_nonzero(codes)
    if outside:
        raise GeometryMismatchError(
            f"{what} reaches beyond the grid of {on} ({reference.describe()}): {outside} labelled "
            f"voxel(s) lie outside; give maps of one scan, or that grid uncropped"
        )
    return LabelMap(codes, reference, labels.scheme)


def in_order_of(reference: Geometry, labels: LabelMap) -> LabelMap:
    """Return `placed_on`, or the map as it is where that fails, for the caller to refuse."""
    try:
        return placed_on(reference, labels)
    except GeometryMismatchError:
        return labels


def _lattice(
    reference: Geometry, grid: Geometry
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return the signed permutation and shift from a grid's indices to the reference's."""
    inverse = np.linalg.inv(reference.affine_ras[:3, :3])
    steps = inverse @ grid.affine_ras[:3, :3]
    shift = reference.index_from_ras(grid.affine_ras[:3, 3])
    if not np.isfinite(steps).all() or not (np.abs(shift) < FARTHEST_VOXELS).all():
        return None
    turn = np.rint(np.clip(steps, -2, 2)).astype(np.int64)
    offset = np.rint(shift).astype(np.int64)
    if not np.array_equal(np.abs(turn) @ np.abs(turn).T, np.eye(3)):
        return None
    corners = grid.index_from_ras(grid.corners_ras())
    expected = reference.ras_from_index(corners @ turn.T + offset)
    deviation_mm = np.linalg.norm(expected - grid.corners_ras(), axis=1).max()
    return (turn, offset) if deviation_mm <= SAME_GRID_TOLERANCE_MM else None


def _turned(
    codes: NDArray[Any], turn: NDArray[np.int64], offset: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the codes along the reference's axes, and the index at which they begin there."""
    axes = np.abs(turn).argmax(axis=1)
    mirrored = turn.sum(axis=1) < 0
    turned = np.flip(codes.transpose(axes), tuple(np.flatnonzero(mirrored)))
    return turned, offset - np.where(mirrored, np.array(turned.shape) - 1, 0)


def _shared_box(
    shape: tuple[int, ...], start: NDArray[np.int64], reference: Geometry
) -> tuple[Slices, Slices]:
    sizes = np.array(reference.shape)
    low = np.clip(start, 0, sizes)
    high = np.maximum(np.clip(start + np.array(shape), 0, sizes), low)
    return _slices(low - start, high - start), _slices(low, high)


def _slices(low: NDArray[np.int64], high: NDArray[np.int64]) -> Slices:
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (i, j, k)
