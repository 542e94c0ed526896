"""Which lobe and segment lesions lie in when the border between the lobes moves.

The border runs along Cantlie's plane. It is the set of voxel faces inside the liver that part a
voxel of the left lobe (segments II to IV) from one of the right lobe (V to VIII). A voxel changes
its lobe when the border moves towards it by at least the distance between its centre and the
nearest of these faces' centres; it then belongs to the segment on the other side of that face.
Distances are Euclidean mm between places, so that oblique and sheared grids need no care. On a
border that follows the grid they are exact; on one that steps through it, a face's centre lies up
to half a voxel's diagonal off the smooth border. Segment I and liver without a segment stay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.geometry import DIMENSIONS
from remnant.core.labels import LEFT_LOBE, RIGHT_LOBE, SEGMENT_CODES
from volumetry.liver_maps import LiverMaps

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

IN_LEFT, IN_RIGHT = 1, 2
ACROSS = IN_LEFT + IN_RIGHT
"""Sum of two neighbours of which one lies in the left and one in the right lobe, and no other."""
CELL_VOXELS = 4
ROUNDING = 1.0 + 1e-9
ALL_CORES = -1

Places = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LobeBorder:
    """Faces between the lobes inside the liver.

    Parameters
    ----------
    places_mm
        Centres of the faces in mm from the box's first voxel, shape ``(n, 3)``; none where the
        lobes do not touch.
    left, right
        Segment code of the voxel on either side, shape ``(n,)``.
    """

    places_mm: Places
    left: Index
    right: Index


@dataclass(frozen=True, slots=True, eq=False)
class _Voxels:
    """Voxels of the lesions: indices ``(m, 3)``, row of the lesion and segment code ``(m,)``."""

    index: Index
    row: Index
    code: Index

    def only(self, kept: NDArray[np.bool_]) -> "_Voxels":
        return _Voxels(self.index[kept], self.row[kept], self.code[kept])


def lobe_border(maps: LiverMaps) -> LobeBorder:
    """Find the border between the left and the right lobe.

    Raises
    ------
    InputError
        The segments are unknown.
    """
    lobes = _lobe_table()[_codes(maps)] * maps.liver
    found = [_faces(lobes, maps, axis) for axis in range(DIMENSIONS)]
    low, high, places = (np.concatenate(part) for part in zip(*found, strict=True))
    left_is_low = _lobe_table()[low] == IN_LEFT
    return LobeBorder(
        places_mm=places,
        left=np.where(left_is_low, low, high),
        right=np.where(left_is_low, high, low),
    )


def lobe_shares(
    maps: LiverMaps, *, lesion_ids: Sequence[int], shifts_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the share of each lesion in the right lobe when the border between the lobes moves.

    Parameters
    ----------
    maps
        The liver's maps, with segments.
    lesion_ids
        Codes of the lesions.
    shifts_mm
        How far the border moves, shape ``(shifts,)``; above 0 the right lobe grows, 0.0 gives the
        measured shares. Where the lobes do not touch nothing moves.

    Returns
    -------
    ndarray
        Shares of the lesions' voxels in [0, 1], shape ``(lesions, shifts)``.

    Raises
    ------
    InputError
        The segments are unknown, or a lesion has no voxel in the maps.
    """
    border = lobe_border(maps)
    shares = segment_shares(maps, border, lesion_ids=lesion_ids, shifts_mm=shifts_mm)
    in_right: NDArray[np.float64] = shares[:, :, sorted(RIGHT_LOBE)].sum(axis=-1).T
    return in_right


def segment_shares(
    maps: LiverMaps,
    border: LobeBorder,
    *,
    lesion_ids: Sequence[int],
    shifts_mm: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the share of each lesion in each segment when the border between the lobes moves.

    Parameters
    ----------
    maps, border
        The liver's maps, with segments, and their `lobe_border`.
    lesion_ids, shifts_mm
        As in `lobe_shares`.

    Returns
    -------
    ndarray
        Shares of the lesions' voxels by segment code (0 is none), shape ``(shifts, lesions, 9)``.

    Raises
    ------
    InputError
        The segments are unknown, or a lesion has no voxel in the maps.
    """
    voxels = _lesion_voxels(maps, lesion_ids)
    size = (len(lesion_ids), SEGMENT_CODES)
    counts = np.bincount(voxels.row * SEGMENT_CODES + voxels.code, minlength=size[0] * size[1])
    counts = counts.reshape(size)
    totals = counts.sum(axis=1)
    if not totals.all():
        missing = lesion_ids[int(np.argmin(totals))]
        raise InputError(f"lesion {missing} has no voxel in the maps; give the maps of its report")
    order = np.argsort(shifts_mm, kind="stable")
    moved = _moved(maps, voxels, border, shifts_mm[order], size)
    shares = np.empty((len(shifts_mm), *size))
    shares[order] = (counts + moved) / totals[:, None]
    return shares


def _lobe_table() -> NDArray[np.uint8]:
    table = np.zeros(SEGMENT_CODES, np.uint8)
    table[sorted(LEFT_LOBE)] = IN_LEFT
    table[sorted(RIGHT_LOBE)] = IN_RIGHT
    return table


def _codes(maps: LiverMaps) -> NDArray[np.uint8]:
    if maps.segments is None:
        raise InputError("the segments are unknown: moving the lobes' border needs a Couinaud map")
    codes: NDArray[np.uint8] = maps.segments.astype(np.uint8, copy=False)
    return codes


def _faces(lobes: NDArray[np.uint8], maps: LiverMaps, axis: int) -> tuple[Index, Index, Places]:
    """Codes below and above the faces across one axis, and the faces' centres in mm."""
    along = np.moveaxis(lobes, axis, 0)
    across = np.moveaxis(along[:-1] + along[1:] == ACROSS, 0, axis)
    index = _where(across)
    step = np.eye(DIMENSIONS, dtype=np.int64)[axis]
    codes = _codes(maps)
    low, high = (codes[tuple(where.T)].astype(np.int64) for where in (index, index + step))
    return low, high, _places_mm(maps, index + 0.5 * step)


def _where(mask: NDArray[np.bool_]) -> Index:
    """Return the indices of a mask, shape ``(n, 3)``, in its stored order."""
    order = np.argsort(-np.abs(mask.strides), kind="stable")
    stored = mask.transpose(order)
    found = np.unravel_index(np.flatnonzero(stored), stored.shape)
    index: Index = np.stack(found, axis=1)[:, np.argsort(order)]
    return index


def _places_mm(maps: LiverMaps, index: NDArray[np.float64] | Index) -> Places:
    places: Places = index @ maps.geometry.affine_ras[:3, :3].T
    return places


def _lesion_voxels(maps: LiverMaps, lesion_ids: Sequence[int]) -> _Voxels:
    codes = _codes(maps)
    rows = np.full(1 + max((int(maps.lesions.max()), *lesion_ids)), -1, np.int64)
    rows[list(lesion_ids)] = np.arange(len(lesion_ids))
    index = _where(maps.lesions > 0)
    where = tuple(index.T)
    row, code = rows[maps.lesions[where]], codes[where].astype(np.int64)
    return _Voxels(index, row, code).only(row >= 0)


def _moved(
    maps: LiverMaps,
    voxels: _Voxels,
    border: LobeBorder,
    shifts_mm: NDArray[np.float64],
    size: tuple[int, int],
) -> NDArray[np.int64]:
    """Change of the voxel counts for each of the ascending shifts, shape ``(shifts, *size)``."""
    reach_mm = float(np.abs(shifts_mm).max(initial=0.0))
    in_lobe = voxels.only(_lobe_table()[voxels.code] > 0)
    near, distance_mm, face = _within(maps, in_lobe, border, reach_mm)
    in_left = _lobe_table()[near.code] == IN_LEFT
    beyond = np.where(in_left, border.right[face], border.left[face])
    first = np.searchsorted(shifts_mm, distance_mm, side="left")
    last = np.searchsorted(shifts_mm, -distance_mm, side="right")
    start, stop = np.where(in_left, first, 0), np.where(in_left, len(shifts_mm), last)
    steps = np.zeros((len(shifts_mm) + 1) * size[0] * size[1], np.int64)
    for when, sign in ((start, 1), (stop, -1)):
        for code, gain in ((beyond, sign), (near.code, -sign)):
            place = (when * size[0] + near.row) * size[1] + code
            steps += gain * np.bincount(place, minlength=len(steps))
    return steps.reshape(len(shifts_mm) + 1, *size).cumsum(axis=0)[:-1]


def _within(
    maps: LiverMaps, voxels: _Voxels, border: LobeBorder, reach_mm: float
) -> tuple[_Voxels, NDArray[np.float64], Index]:
    """Voxels within reach of the border, their distance to it in mm and their nearest face."""
    from scipy.spatial import cKDTree

    if not len(border.places_mm) or not len(voxels.row):
        return voxels.only(np.zeros(len(voxels.row), np.bool_)), np.empty(0), np.empty(0, np.int64)
    tree = cKDTree(border.places_mm, balanced_tree=False, compact_nodes=False)
    possible = voxels.only(_near_cells(maps, voxels, tree, reach_mm))
    bound = np.nextafter(reach_mm, np.inf)  # the tree leaves out what lies at the bound itself
    distance_mm, face = tree.query(
        _places_mm(maps, possible.index), distance_upper_bound=bound, workers=ALL_CORES
    )
    found = np.isfinite(distance_mm)
    return possible.only(found), distance_mm[found], face[found]


def _near_cells(
    maps: LiverMaps, voxels: _Voxels, tree: "cKDTree", reach_mm: float
) -> NDArray[np.bool_]:
    """Tell which voxels lie in cells of the grid that may reach the border."""
    spacing_mm = np.array(maps.geometry.spacing_mm)
    steps = np.maximum(1, CELL_VOXELS * spacing_mm.min() // spacing_mm).astype(np.int64)
    cells = -(-np.array(maps.lesions.shape) // steps)
    key = np.ravel_multi_index(tuple((voxels.index // steps).T), tuple(cells))
    held = np.zeros(int(cells.prod()), np.bool_)
    held[key] = True
    index = np.stack(np.unravel_index(np.flatnonzero(held), tuple(cells)), axis=1)
    half = (steps - 1) / 2.0
    signs = np.array(list(product((-1.0, 1.0), repeat=DIMENSIONS)))
    radius_mm = float(np.linalg.norm(_places_mm(maps, signs * half), axis=1).max())
    bound = (reach_mm + radius_mm) * ROUNDING
    distance_mm, _ = tree.query(_places_mm(maps, index * steps + half), distance_upper_bound=bound)
    held[held] = np.isfinite(distance_mm)
    near: NDArray[np.bool_] = held[key]
    return near
