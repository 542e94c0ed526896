"""Shortest distances from lesions to the liver's surface and to its vessels.

A voxel is the whole block of its affine. Two blocks of one grid are nearest at two of their
corners, because along every axis their gap runs between corners; so the distance between two sets
of voxels is the distance between two sets of corners, exact on anisotropic and oblique grids. Of
two sets that share no voxel only corners at their surfaces count. On a *sheared* grid blocks may be
nearest between corners: there the distance is at least the true one, by at most the longest
diagonal of one voxel.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box, filled_box
from remnant.core.codes import present_codes
from remnant.core.geometry import DIMENSIONS, Geometry
from remnant.core.labels import Structure
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, reason
from volumetry.liver_maps import BLOCK_VOXELS, LiverMaps
from volumetry.surfaces import NO_FACES, Faces

Corners = NDArray[np.int32]
"""Corners of voxels, shape ``(n, 3)``: voxel ``i`` reaches from corner ``i`` to ``i + 1``."""

CELL_EDGES_VOXELS: Final = (16, 8, 4, 2, 1)
ALL_CORES = -1
WORTH_THREADS = 2000
LEAF_CORNERS: Final = 64
ROUNDING: Final = 1.0 + 1e-12
SAME: Final = 1.0 + 1e-9
"""Two distances whose ratio is less are the same one, but for rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionDistances:
    """Shortest distances from one lesion's voxels in mm; 0.0 where they touch.

    Absent with the reason where the target is not in the maps; an upper bound where the place at
    which the scan cuts the liver is nearer than the target.
    """

    surface_mm: Quantity
    portal_vein_mm: Quantity
    hepatic_veins_mm: Quantity


@dataclass(frozen=True, slots=True, eq=False)
class _LesionCorners:
    """Corners on the surfaces of lesions and where they are in mm.

    ``owners`` are positions in ``ids``, rising.
    """

    ids: Sequence[int]
    corners: Corners
    owners: NDArray[np.intp]
    places: NDArray[np.float64]

    def only(self, kept: NDArray[np.bool_]) -> "_LesionCorners":
        """Return some of the corners."""
        return _LesionCorners(self.ids, self.corners[kept], self.owners[kept], self.places[kept])


def lesion_distances(
    maps: LiverMaps, boxes: Mapping[int, Box], *, cut: Faces
) -> dict[int, LesionDistances]:
    """Measure how far lesions lie from the liver's surface and from its vessels.

    Parameters
    ----------
    maps
        The liver's maps.
    boxes
        Where each lesion lies in them, by id.
    cut
        Faces of the liver's box at which the scan cuts the liver: there it has no surface.

    Returns
    -------
    dict
        By lesion id. Background inside the liver's map is outside of the liver too.
    """
    if not boxes:
        return {}
    lesions = _lesion_corners(maps, boxes)
    edge_mm = _nearest_mm(lesions, _cut_corners(maps.liver, cut), maps.geometry)
    surface_mm = _nearest_mm(lesions, surface_corners(maps.liver, cut=cut), maps.geometry)
    portal_mm, hepatic_mm = (
        _to_vessel_mm(maps, lesions, vessel)
        for vessel in (Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS)
    )
    return {
        code: LesionDistances(
            surface_mm=_quantity(surface_mm[n], edge_mm[n], Cause.NO_LIVER_SURFACE),
            portal_vein_mm=_quantity(portal_mm[n], edge_mm[n], Cause.NO_PORTAL_VEIN),
            hepatic_veins_mm=_quantity(hepatic_mm[n], edge_mm[n], Cause.NO_HEPATIC_VEINS),
        )
        for n, code in enumerate(lesions.ids)
    }


def surface_corners(mask: NDArray[np.bool_], *, cut: Faces = NO_FACES) -> Corners:
    """Return the corners that voxels of a mask share with voxels outside it.

    Parameters
    ----------
    mask
        Voxels of shape ``(I, J, K)``; background beyond it.
    cut
        Faces of the block beyond which the mask goes on instead.

    Returns
    -------
    ndarray
        Shape ``(n, 3)``, in memory order.
    """
    order = np.argsort(-np.abs(mask.strides), kind="stable")
    sides = [cut[axis] for axis in order]
    found = [_mixed_corners(*slab) for slab in _padded_slabs(mask.transpose(order), sides)]
    corners: Corners = np.concatenate(found)[:, np.argsort(order)]
    return corners


def _padded_slabs(
    mask: NDArray[np.bool_], cut: Sequence[tuple[bool, bool]]
) -> Iterator[tuple[NDArray[np.bool_], int]]:
    """Give slabs that overlap by one layer, padded, each with its first corner layer."""
    layers = max(1, BLOCK_VOXELS // (mask.shape[1] * mask.shape[2]))
    end = len(mask) + 1
    for start in range(0, end, layers):
        stop = min(start + layers, end)
        ends = (int(start == 0), int(stop == end))
        slab = np.pad(mask[max(start - 1, 0) : stop], (ends, (1, 1), (1, 1)))
        beyond = ((ends[0] > 0 and cut[0][0], ends[1] > 0 and cut[0][1]), *cut[1:])
        yield _continued(slab, beyond), start


def _continued(slab: NDArray[np.bool_], beyond: Sequence[tuple[bool, bool]]) -> NDArray[np.bool_]:
    """Let the mask go on into the padding at some faces."""
    for axis, goes_on in enumerate(beyond):
        along = np.moveaxis(slab, axis, 0)
        for does, outer, inner in zip(goes_on, (0, -1), (1, -2), strict=True):
            if does:
                along[outer] = along[inner]
    return slab


def _mixed_corners(padded: NDArray[np.bool_], first: int) -> Corners:
    some = every = padded
    for axis in range(DIMENSIONS):
        low = (slice(None),) * axis + (slice(None, -1),)
        high = (slice(None),) * axis + (slice(1, None),)
        some, every = some[low] | some[high], every[low] & every[high]
    corners = np.argwhere(some & ~every).astype(np.int32)
    corners[:, 0] += first
    return corners


def _cut_corners(liver: NDArray[np.bool_], cut: Faces) -> Corners:
    """Return all corners on the faces of the box where the scan cuts the liver."""
    found = [np.empty((0, DIMENSIONS), np.int32)]
    for axis, end in product(range(DIMENSIONS), (0, 1)):
        if cut[axis][end]:
            face = np.pad(np.take(liver, -end, axis=axis), 1)
            touched = face[:-1, :-1] | face[1:, :-1] | face[:-1, 1:] | face[1:, 1:]
            corners = np.argwhere(touched)
            found.append(np.insert(corners, axis, end * liver.shape[axis], axis=1))
    return np.concatenate(found).astype(np.int32)


def _lesion_corners(maps: LiverMaps, boxes: Mapping[int, Box]) -> _LesionCorners:
    parts = [_corners_in(maps.lesions, code, box) for code, box in boxes.items()]
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    corners = np.concatenate(parts)
    return _LesionCorners(list(boxes), corners, owners, _places_mm(corners, maps.geometry))


def _corners_in(codes: NDArray[Any], code: int, box: Box) -> Corners:
    """Return the corners on the surface of a code that lies within a box of a map."""
    start = np.array([side.start for side in box], dtype=np.int32)
    corners: Corners = surface_corners(codes[box] == code) + start
    return corners


def _to_vessel_mm(
    maps: LiverMaps, lesions: _LesionCorners, vessel: Structure
) -> NDArray[np.float64]:
    """Distance of each lesion to a vessel, infinite where the vessel is not in the maps."""
    box = filled_box(maps.structures == vessel)
    if box is None:
        return np.full(len(lesions.ids), np.inf)
    corners = _corners_in(maps.structures, vessel, box)
    distances_mm = _nearest_mm(lesions, corners, maps.geometry)
    holding = present_codes(maps.lesions[box][maps.structures[box] == vessel])
    distances_mm[[code in holding for code in lesions.ids]] = 0.0
    return distances_mm


def _quantity(distance_mm: float, edge_mm: float, why_none: Cause) -> Quantity:
    if np.isinf(distance_mm):
        return Quantity.absent(reason(why_none))
    if edge_mm * SAME < distance_mm:
        nearer = (reason(Cause.SCAN_EDGE_NEARER),)
        return Quantity(float(distance_mm), bound=Bound.UPPER, reasons=nearer)
    return Quantity(float(distance_mm))


def _nearest_mm(
    lesions: _LesionCorners, targets: Corners, geometry: Geometry
) -> NDArray[np.float64]:
    """Shortest distance of each lesion to any target, infinite where there is none.

    Looks at one corner per cell of the grid first, then at ever smaller cells: a corner cannot be
    nearer than its cell's corner is, by more than the two are apart. The nearest target found so
    far is compared with all corners that are left; none is left where a cell's bound, rounded up,
    lies beyond what was found already.
    """
    shortest = np.full(len(lesions.ids), np.inf)
    if not len(targets):
        return shortest
    from scipy.spatial import cKDTree

    goals = _places_mm(targets, geometry)
    tree = cKDTree(goals, balanced_tree=False, compact_nodes=False, leafsize=LEAF_CORNERS)
    left = lesions
    for edge in CELL_EDGES_VOXELS:
        first, cell = _cells(left, _cell_steps(geometry, edge))
        workers = ALL_CORES if len(first) > WORTH_THREADS else 1
        distances, goal = tree.query(left.places[first], workers=workers)
        ends = _nearest_ends(left.owners[first], distances, goals[goal], len(shortest))
        np.minimum.at(shortest, left.owners, _lengths(left.places - ends[left.owners]))
        least = distances[cell] - _lengths(left.places - left.places[first][cell])
        left = left.only(least <= shortest[left.owners] * ROUNDING)
        if not len(left.owners):
            break
    return shortest


def _lengths(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return lengths


def _nearest_ends(
    owners: NDArray[np.intp],
    distances: NDArray[np.float64],
    ends: NDArray[np.float64],
    count: int,
) -> NDArray[np.float64]:
    """Return for each lesion the end of the shortest of its distances so far, shape (n, 3)."""
    order = np.lexsort((distances, owners))
    best = order[np.flatnonzero(np.diff(owners[order], prepend=-1))]
    nearest = np.zeros((count, DIMENSIONS))
    nearest[owners[best]] = ends[best]
    return nearest


def _places_mm(corners: Corners, geometry: Geometry) -> NDArray[np.float64]:
    """Place of corners in mm; the same corner always gives the same bits, so that 0.0 is exact."""
    i, j, k = (corners[:, axis, None] * geometry.affine_ras[:3, axis] for axis in range(3))
    places: NDArray[np.float64] = i + j + k
    return places


def _cell_steps(geometry: Geometry, edge_voxels: int) -> NDArray[np.int64]:
    spacing_mm = np.array(geometry.spacing_mm)
    steps: NDArray[np.int64] = np.maximum(1, edge_voxels * spacing_mm.min() // spacing_mm)
    return steps.astype(np.int64)


def _cells(
    lesions: _LesionCorners, steps: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Sort corners into cells: the first corner of each cell, and the cell of each corner."""
    places = lesions.corners // steps
    sizes = (len(lesions.ids), *(places.max(axis=0) + 1).tolist())
    key = np.ravel_multi_index((lesions.owners, *places.T), sizes)
    _, first, cell = np.unique(key, return_index=True, return_inverse=True)
    return first, cell
