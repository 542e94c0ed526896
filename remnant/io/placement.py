"""Putting a map onto another grid of the same lattice, without resampling."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import GeometryMismatchError
from remnant.core.findings import Finding
from remnant.core.geometry import Geometry
from remnant.core.volumes import LabelMap
from remnant.io.grid_rounding import LARGEST_ROUNDING_VOXELS, Rounding, rounding_findings
from remnant.io.slice_gaps import require_all_slices_of

FARTHEST_VOXELS = 1e6
Slices = tuple[slice, slice, slice]


def placed_on(
    reference: Geometry, labels: LabelMap, *, what: str = "the map", on: str = "the reference"
) -> LabelMap:
    """Put a map onto a grid, see `placement_of`, without what was noticed."""
    return _placed(reference, labels, what, on)[0]


def placement_of(
    reference: Geometry,
    labels: LabelMap,
    role: str,
    *,
    what: str = "the map",
    on: str = "the reference",
) -> tuple[LabelMap, tuple[Finding, ...]]:
    """Put a map onto a grid whose voxels are its own: each keeps its code and its place.

    The map may store its axes in another order or direction, and may cover another part of the
    grid: 3D Slicer and DICOM leave out what is empty. Voxels of the reference that it does not
    cover become 0. Nothing is resampled: where the two grids differ by rounding, every voxel
    counts as the one of the reference that it is nearest to.

    Parameters
    ----------
    reference
        The grid wanted.
    labels
        The map.
    role
        What the map was given as, for the finding: ``masks``, ``lesions_edited`` or a part.
    what, on
        Names of the map and of what owns the grid, for messages.

    Returns
    -------
    labels
        Same codes and scheme on ``reference`` itself.
    quality
        How far the grids are apart, where it is more than 0.01 mm anywhere; else empty.

    Raises
    ------
    GeometryMismatchError
        The DICOM frames of reference differ, a voxel of the map lies too far from all of the
        grid's (see `remnant.io.grid_rounding.Rounding.is_tolerable`), or a voxel that is not 0 lies
        outside the grid.
    UnsupportedSeriesError
        Its planes are every second slice of the grid.
    """
    placed, rounding = _placed(reference, labels, what, on)
    return placed, () if rounding is None else rounding_findings(role, rounding)


def _placed(
    reference: Geometry, labels: LabelMap, what: str, on: str
) -> tuple[LabelMap, Rounding | None]:
    if labels.geometry.same_grid(reference):
        return _on_itself(reference, labels), None
    frames = {reference.frame_of_reference_uid, labels.geometry.frame_of_reference_uid} - {None}
    if len(frames) > 1:
        raise GeometryMismatchError(
            f"{what} lies in another DICOM frame of reference than {on}: it belongs to another "
            f"examination or series; give the map of this one"
        )
    turn, offset, rounding = _lattice(reference, labels.geometry, what=what, on=on)
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
    return LabelMap(codes, reference, labels.scheme), rounding


def _on_itself(reference: Geometry, labels: LabelMap) -> LabelMap:
    """Return a map with the reference's own grid, so that noise of two maps cannot add up."""
    if np.array_equal(labels.geometry.affine_ras, reference.affine_ras):
        return labels
    return LabelMap(labels.codes, reference, labels.scheme)


def grid_offset(reference: Geometry, grid: Geometry, *, what: str, on: str) -> float:
    """Return how far the voxels of two grids lie apart, at most, in mm; 0 where it is noise.

    Both hold the same voxels in the same order, but for rounding.

    Raises
    ------
    GeometryMismatchError
        They do not.
    """
    if reference.same_grid(grid):
        return 0.0
    if reference.shape == grid.shape:
        turn, offset, rounding = _lattice(reference, grid, what=what, on=on)
        if np.array_equal(turn, np.eye(3)) and not offset.any():
            return rounding.offset_mm
    reference.require_same_grid(grid, what=what, reference=on)
    return 0.0


def rounding_on(reference: Geometry, grid: Geometry, *, what: str, on: str) -> Rounding:
    """Return how far a grid's voxels lie from those of the reference that they are counted as.

    Raises
    ------
    GeometryMismatchError
        They are not those of the reference, see `placement_of`.
    """
    return _lattice(reference, grid, what=what, on=on)[2]


def along_axes_of(reference: Geometry, labels: LabelMap) -> LabelMap:
    """Return a map with its axes in the order and direction of the reference's, where they can be.

    No voxel changes its place. A map whose axes are turned against the reference's by anything but
    quarter turns stays as it is.
    """
    grid = labels.geometry
    turn = _turn(reference, grid)
    if turn is None or np.array_equal(turn, np.eye(3)):
        return labels
    codes, _ = _turned(labels.codes, turn, np.zeros(3, np.int64))
    return LabelMap(codes, _aligned(grid, turn), labels.scheme)


def in_order_of(reference: Geometry, labels: LabelMap) -> LabelMap:
    """Return `placed_on`, or the map as it is where that fails, for the caller to refuse."""
    try:
        return placed_on(reference, labels)
    except GeometryMismatchError:
        return labels


def _lattice(
    reference: Geometry, grid: Geometry, *, what: str, on: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], Rounding]:
    """Return the signed permutation and shift from a grid's indices to the reference's.

    Also by how much the grid's voxels miss the reference's.
    """
    turn = _turn(reference, grid)
    shift = reference.index_from_ras(grid.affine_ras[:3, 3])
    if turn is None or not (np.abs(shift) < FARTHEST_VOXELS).all():
        require_all_slices_of(grid, reference, what=what, on=on)
        raise _mismatch(reference, grid, what, on)
    offset = np.rint(shift).astype(np.int64)
    rounding = _rounding(reference, grid, turn, offset)
    if not rounding.is_tolerable:
        raise _mismatch(reference, _aligned(grid, turn), what, on, rounding)
    return turn, offset, rounding


def _turn(reference: Geometry, grid: Geometry) -> NDArray[np.int64] | None:
    """Return the signed permutation from a grid's axes to the reference's; ``None`` without one."""
    steps = np.linalg.inv(reference.affine_ras[:3, :3]) @ grid.affine_ras[:3, :3]
    turn = np.rint(np.clip(np.nan_to_num(steps), -2, 2)).astype(np.int64)
    permutes = np.array_equal(np.abs(turn) @ np.abs(turn).T, np.eye(3))
    return turn if permutes and np.isfinite(steps).all() else None


def _rounding(
    reference: Geometry, grid: Geometry, turn: NDArray[np.int64], offset: NDArray[np.int64]
) -> Rounding:
    """Return how far the grid's voxels lie from those of the reference that they are taken for.

    The distance is linear in the index, so it is largest at a corner.
    """
    corners = grid.index_from_ras(grid.corners_ras())
    expected = corners @ turn.T + offset
    miss_voxels = reference.index_from_ras(grid.corners_ras()) - expected
    miss_mm = reference.ras_from_index(expected) - grid.corners_ras()
    steps = reference.affine_ras[:3, :3] @ turn
    change = np.linalg.norm(grid.affine_ras[:3, :3] - steps, axis=0)
    return Rounding(
        offset_mm=float(np.linalg.norm(miss_mm, axis=1).max()),
        offset_voxels=float(np.abs(miss_voxels).max()),
        step_fraction=float((change / np.linalg.norm(steps, axis=0)).max()),
    )


def _aligned(grid: Geometry, turn: NDArray[np.int64]) -> Geometry:
    """Return a grid with the same voxels, its axes in the order and direction of the reference."""
    back = np.eye(4)
    back[:3, :3] = turn.T
    i, j, k = (int(n) for n in np.abs(turn) @ np.array(grid.shape))
    last = np.array(grid.shape) - 1
    back[:3, 3] = np.where((turn.T < 0).any(axis=1), last, 0)
    frame = grid.frame_of_reference_uid
    return Geometry((i, j, k), grid.affine_ras @ back, frame_of_reference_uid=frame)


def _mismatch(
    reference: Geometry, grid: Geometry, what: str, on: str, rounding: Rounding | None = None
) -> GeometryMismatchError:
    apart = "" if rounding is None else _too_far(rounding)
    return GeometryMismatchError(
        f"{what} lies on another grid than {on}: {reference.differences(grid)}{apart}; resample it "
        f"to that grid first"
    )


def _too_far(found: Rounding) -> str:
    return (
        f"; voxels lie up to {found.offset_mm:.4g} mm ({found.offset_voxels:.3g} voxels) from "
        f"their places, where rounding explains {LARGEST_ROUNDING_VOXELS:g} voxels at most"
    )


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
