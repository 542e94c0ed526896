"""Surface areas of voxel sets: of one mask, and of the borders inside a divided liver.

A cell is the block between eight neighbouring voxel centres. Cells with some of the eight inside
a mask and some outside form a layer around its surface; how thick that layer is depends on the
surface's direction alone, so each cell stands for a known piece of area.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import DIMENSIONS, Geometry

Faces = tuple[tuple[bool, bool], tuple[bool, bool], tuple[bool, bool]]
"""Low and high face of a block along each axis."""

NO_FACES: Faces = ((False, False), (False, False), (False, False))
CELL_STATES = 256
FULL_CELL = CELL_STATES - 1
CELLS_AT_ONCE = 2_000_000
LATTICE_POINTS = 30_000


@dataclass(frozen=True, slots=True)
class MaskSurface:
    """Surface of one mask.

    Parameters
    ----------
    area_mm2
        Estimated from the voxels: right on average over all directions; a single plane is up to
        8 % off on cubes, an axial one up to 27 % too small on 0.7 x 0.7 x 5 mm.
    inner_voxels, outer_voxels
        Cells, each as large as a voxel, that lie wholly inside, and at least partly inside.
    """

    area_mm2: float
    inner_voxels: int
    outer_voxels: int


def mask_surface(
    mask: NDArray[np.bool_], geometry: Geometry, *, cut: Faces = NO_FACES
) -> MaskSurface:
    """Estimate the surface area of a mask.

    Parameters
    ----------
    mask
        Voxels of shape ``(I, J, K)``; any block of the grid, background beyond it.
    geometry
        Grid that gives the axes; any affine.
    cut
        Faces of the block where the scan ends: there the mask goes on, and there is no surface.

    Returns
    -------
    MaskSurface
        All 0 for an empty mask.
    """
    order, ordered = _stored_order(mask)
    states = np.zeros(CELL_STATES, np.int64)
    for slab in _slabs(ordered, [cut[axis] for axis in order]):
        states += _count_states(slab)
    states = _in_array_order(states, order)
    areas = _cell_areas(geometry.affine_ras[:3, :3].tobytes())
    inner = int(states[FULL_CELL])
    return MaskSurface(float(states @ areas), inner, int(states[1:].sum()))


def grid_mm4(geometry: Geometry) -> float:
    """Return the variance of a voxel count, in mm⁶ per mm² of surface, that the grid alone makes.

    A smooth body thrown on a grid at random has a voxel volume whose variance is its surface times
    a constant of the grid: the sum of 1 / k⁴ over the reciprocal grid, divided by 8 π³. For cubes
    of edge h that is 0.0667 h⁴.

    References
    ----------
    Kendall 1948, Quarterly Journal of Mathematics 19:1; Matheron 1971, The theory of regionalized
    variables, section 3.
    """
    edges = geometry.affine_ras[:3, :3]
    return float(_lattice_sum(edges.tobytes()) / (8.0 * np.pi**3))


def face_vectors_mm2(geometry: Geometry) -> NDArray[np.float64]:
    """Return the area vectors of a voxel's three faces as columns, in RAS."""
    edges = geometry.affine_ras[:3, :3]
    vectors: NDArray[np.float64] = abs(np.linalg.det(edges)) * np.linalg.inv(edges).T
    return vectors


@cache
def _lattice_sum(edges_bytes: bytes) -> float:
    edges = np.frombuffer(edges_bytes).reshape(3, 3)
    voxel_mm3 = abs(float(np.linalg.det(edges)))
    # a ball of reciprocal space that holds LATTICE_POINTS points: voxel_mm3 lie in each unit of it
    radius = (3.0 * LATTICE_POINTS / (4.0 * np.pi * voxel_mm3)) ** (1 / 3)
    reach = np.ceil(radius * np.linalg.norm(edges, axis=0)).astype(int)
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1)
    squared = ((steps.reshape(-1, 3) @ np.linalg.inv(edges)) ** 2).sum(axis=1)
    near = squared[(squared > 0.0) & (squared <= radius**2)]
    # what lies farther out, as the integral of 4 π r² voxel_mm3 / r⁴ from the radius on
    beyond = 4.0 * np.pi * voxel_mm3 / radius
    return float((1.0 / near**2).sum() + beyond)


@cache
def _cell_areas(edges_bytes: bytes) -> NDArray[np.float64]:
    """Area that a cell stands for, by its state: bit ``4i + 2j + k`` is corner ``(i, j, k)``.

    Crofton's formula: along each of the 13 directions between corners, changes from inside to
    outside are counted; each stands for the cross-section of one line of voxels.
    """
    edges = np.frombuffer(edges_bytes).reshape(3, 3)
    voxel_mm3 = abs(float(np.linalg.det(edges)))
    directions = [d for d in product((-1, 0, 1), repeat=DIMENSIONS) if d > (0, 0, 0)]
    steps_mm = np.array(directions) @ edges.T
    lengths_mm = np.linalg.norm(steps_mm, axis=1)
    shares = _direction_shares(steps_mm / lengths_mm[:, None])
    changes = np.stack([_changes(np.array(d)) for d in directions])
    # a surface shows half its area across lines of all directions on average: hence the 2
    areas: NDArray[np.float64] = 2.0 * voxel_mm3 * (shares / lengths_mm) @ changes
    return areas


def _changes(direction: NDArray[np.int64]) -> NDArray[np.float64]:
    """Count changes along a direction in a cell of each state; a pair is shared by its cells."""
    starts = [c for c in product((0, 1), repeat=DIMENSIONS) if set(c + direction) <= {0, 1}]
    bits = [4, 2, 1]
    states = np.arange(CELL_STATES)
    changed = [
        (states >> np.dot(c, bits) ^ states >> np.dot(c + direction, bits)) & 1 for c in starts
    ]
    total: NDArray[np.float64] = np.sum(changed, axis=0) / len(starts)
    return total


def _direction_shares(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of all directions that lie nearest to each of these."""
    from scipy.spatial import SphericalVoronoi  # late: slow to import

    both_ways = SphericalVoronoi(np.concatenate([directions, -directions]))
    areas = both_ways.calculate_areas().reshape(2, -1).sum(axis=0)
    shares: NDArray[np.float64] = areas / areas.sum()
    return shares


def _in_array_order(counts: NDArray[np.int64], order: Sequence[int]) -> NDArray[np.int64]:
    """Rename the states of cells whose axes were taken in another order.

    The area then does not depend on how the array lies in memory, not even by rounding.
    """
    states = np.arange(CELL_STATES)
    renamed = np.zeros_like(states)
    for corner in product((0, 1), repeat=DIMENSIONS):
        stored = sum(bit << 2 - axis for axis, bit in enumerate(corner))
        renamed |= (states >> stored & 1) << sum(
            bit << 2 - axis for axis, bit in zip(order, corner, strict=True)
        )
    named = np.zeros_like(counts)
    named[renamed] = counts
    return named


def _stored_order(mask: NDArray[np.bool_]) -> tuple[list[int], NDArray[np.bool_]]:
    order = np.argsort(-np.abs(mask.strides), kind="stable")
    return order.tolist(), mask.transpose(order)


def _slabs(
    mask: NDArray[np.bool_], cut: Sequence[tuple[bool, bool]]
) -> Iterator[NDArray[np.uint8]]:
    """Cut a mask into slabs that overlap by one layer, with background around where it ends."""
    pads = [(int(not low), int(not high)) for low, high in cut]
    first, last = -pads[0][0], mask.shape[0] + pads[0][1] - 1
    # cells lie between two layers of voxels: slabs share their outer layers and count no cell twice
    layers = max(1, CELLS_AT_ONCE // (mask.shape[1] * mask.shape[2]))
    for start in range(first, last, layers):
        stop = min(start + layers, last) + 1
        held = mask[max(start, 0) : min(stop, mask.shape[0])]
        ends = (max(-start, 0), max(stop - mask.shape[0], 0))
        yield np.pad(held, (ends, *pads[1:])).view(np.uint8)


def _count_states(slab: NDArray[np.uint8]) -> NDArray[np.int64]:
    states = slab[..., :-1] | slab[..., 1:] << 1
    states = states[:, :-1] | states[:, 1:] << 2
    states = states[:-1] | states[1:] << 4
    mixed = states[(states != 0) & (states != FULL_CELL)]
    counts = np.bincount(mixed, minlength=CELL_STATES)
    counts[FULL_CELL] = np.count_nonzero(states == FULL_CELL)
    return counts
