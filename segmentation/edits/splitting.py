"""Parting a lesion in two by a line on a slice, or in several by a point in each."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from segmentation.edits.painting import settled
from segmentation.edits.patch import Codes, Mask, Patch
from segmentation.edits.strokes import SlicePlane

SHORTEST_LINE_MM = 1.0


def split_by_line(
    patch: Patch, number: int, line_mm: Sequence[Vector3], plane: SlicePlane, fresh: int
) -> Patch:
    """Part a lesion by the plane through a line that stands upright on the slices.

    The larger part keeps the number, the other gets ``fresh``; of equal parts that on the line's
    right is the other one.

    Raises
    ------
    InputError
        The line is no line, or the whole lesion lies on one side of it.
    """
    lesion = patch.lesions == number
    right = _beyond(patch.grid, lesion, line_mm, plane)
    count, whole = int(np.count_nonzero(right)), int(np.count_nonzero(lesion))
    if count in (0, whole):
        raise InputError(f"lesion {number} lies on one side of the line; draw it across the lesion")
    other = right if 2 * count <= whole else lesion & ~right
    return settled(patch, lesions=_renumbered(patch.lesions, other, fresh))


def split_by_seeds(
    patch: Patch, number: int, seeds_mm: Sequence[Vector3], fresh: Sequence[int]
) -> Patch:
    """Part a lesion by a watershed between seeds: each part narrows towards its neighbours.

    The part of the first seed keeps the number, the others get those of ``fresh``.

    Raises
    ------
    InputError
        A seed lies outside the lesion, or two lie in one voxel.
    """
    from skimage.segmentation import watershed

    lesion = patch.lesions == number
    places = np.rint(patch.grid.index_from_ras(np.array(seeds_mm))).astype(np.int64)
    held = ((places >= 0) & (places < lesion.shape)).all(axis=1)
    inside = held.all() and lesion[tuple(places.T)].all()
    if not inside or len(np.unique(places, axis=0)) < len(places):
        raise InputError(
            f"parting lesion {number} needs a point in each part, each in a voxel of its own "
            f"within the lesion"
        )
    markers = np.zeros(lesion.shape, dtype=np.int32)
    markers[tuple(places.T)] = np.arange(1, len(places) + 1)
    depth_mm = ndimage.distance_transform_edt(lesion, sampling=patch.grid.spacing_mm)
    parts = watershed(-depth_mm, markers, mask=lesion)
    lesions = patch.lesions
    for part, name in enumerate(fresh, start=2):
        lesions = _renumbered(lesions, parts == part, name)
    return settled(patch, lesions=lesions)


def _renumbered(codes: Codes, mask: Mask, number: int) -> Codes:
    return np.where(mask, np.asarray(number, codes.dtype), codes)


def _beyond(grid: Geometry, lesion: Mask, line_mm: Sequence[Vector3], plane: SlicePlane) -> Mask:
    """Return the voxels of a lesion on the right of one who walks along the line."""
    start, end = (np.array(point, dtype=np.float64) for point in line_mm)
    axis = plane.axis_of(grid)
    along = grid.directions[:, axis] * np.sign(grid.directions[grid.world_axes[axis], axis])
    across = np.cross(end - start, along)
    if np.linalg.norm(across) < SHORTEST_LINE_MM:
        raise InputError(f"a line is at least {SHORTEST_LINE_MM:g} mm long on its slice")
    points = grid.ras_from_index(np.argwhere(lesion))
    found = np.zeros_like(lesion)
    found[lesion] = (points - start) @ across > 0
    return found
