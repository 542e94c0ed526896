"""Vessel trees as centre lines: from the root along the middle of the wide places to the tips.

The way from every voxel of a tree to its root is the cheapest one, where a step costs the less the
wider the vessel is there. The way of the farthest voxel is a centre line, then that of the farthest
one not yet within its lumen, and so on (as in TEASAR: Sato et al., Pacific Graphics 2000).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from remnant.core.boxes import bounding_box
from segmentation.vessels.rooted import GAP_TIMES, RootedTrees, starts_of
from segmentation.vessels.scene import GRID_MM, Mask, depth_mm
from segmentation.vessels.trees import (
    LARGEST_GAP_MM,
    LEAST_DEPTH_MM,
    MM3_PER_ML,
    TOUCHING_MM,
    Tree,
)

BESIDE: Final = 1.3
"""What lies within so many radii of a centre line..."""
BESIDE_MM: Final = 2.0
"""... and so much more has no centre line of its own."""
SHORTEST_MM: Final = 8.0
"""A shorter way off a centre line is a bulge of its wall."""
SMOOTHING_STEPS: Final = 2.0
LEAST_ENTRY_MM: Final = 0.1
NONE: Final = -1
Places = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """The way from every voxel of a tree to its root.

    Parameters
    ----------
    voxels
        Index on the working grid, shape ``(n, 3)``, in the order of the ways' costs: what a way
        leads through comes before what it comes from.
    before
        Number of the next voxel on the way; ``-1`` at the root.
    away_mm
        Length of the way.
    across_gap
        Whether the step to the next voxel crosses a gap.
    """

    voxels: Numbers
    before: Numbers
    away_mm: Places
    across_gap: NDArray[np.bool_]

    @property
    def places_mm(self) -> Places:
        """Places from the grid's first voxel."""
        return self.voxels.astype(np.float64) * GRID_MM

    def steps_mm(self) -> Places:
        """Return the length of each voxel's step towards the root, 0 at the root."""
        places = self.places_mm
        steps: Places = np.linalg.norm(places - places[self.before], axis=1)
        return np.where(self.before == NONE, 0.0, steps)


@dataclass(frozen=True, slots=True, eq=False)
class CentreLines:
    """Centre lines of a tree.

    Parameters
    ----------
    places_mm
        Points in RAS mm, shape ``(n, 3)``, each after the one that it comes from.
    radii_mm
        Of the ball that fits in the lumen there. Of a tube on this grid it is right to within half
        a voxel's diagonal; a vessel narrower than the scan's blur looks as wide as that.
    before
        Number of the next point towards the root; ``-1`` at the root.
    served_ml
        Vessels whose way to the root leads through the point.
    across_gap
        Whether no vessel is seen between the point and the next one.
    voxel
        Number of each point's voxel in ``ways``.
    owner
        The point that the way of each voxel in ``ways`` comes to first.
    ways
        The ways of all voxels of the tree.
    """

    places_mm: Places
    radii_mm: Places
    before: Numbers
    served_ml: Places
    across_gap: NDArray[np.bool_]
    voxel: Numbers
    owner: Numbers
    ways: Ways

    def line_to(self, point: int) -> list[int]:
        """Return the points from the root to one of them."""
        line = []
        while point != NONE:
            line.append(point)
            point = int(self.before[point])
        return line[::-1]

    def within(self, start: int) -> NDArray[np.bool_]:
        """Tell which points' ways lead through ``start``, itself included."""
        inside = np.zeros(len(self.before), dtype=bool)
        inside[start] = True
        for point in range(start + 1, len(self.before)):
            inside[point] = self.before[point] != NONE and inside[self.before[point]]
        return inside


def ways_of(rooted: RootedTrees, tree: Tree) -> Ways:
    """Return the cheapest ways of a tree's voxels to its root; what reaches none is left out.

    Parameters
    ----------
    rooted, tree
        The trees of a liver, and one of them.
    """
    mask = rooted.trees == tree
    voxels = np.argwhere(mask)
    weights = 1.0 / np.maximum(_depth(mask), LEAST_DEPTH_MM)[mask].astype(np.float64) ** 2
    starts, away_mm = starts_of(rooted, tree, voxels)
    if not len(starts):
        return _no_ways()
    entries = np.maximum(away_mm, LEAST_ENTRY_MM) * weights[starts]
    costs, gaps = _costs(voxels.astype(np.float64) * GRID_MM, weights)
    away, before = _from_root(costs, starts, entries)
    order = np.argsort(away, kind="stable")[: int(np.isfinite(away).sum())]
    rank = np.full(len(voxels) + 1, NONE, dtype=np.intp)
    rank[order] = np.arange(len(order))
    crossing = np.array([(a, b) in gaps or (b, a) in gaps for a, b in enumerate(before)], bool)
    ways = Ways(voxels[order], rank[before[order]], np.empty(0), crossing[order])
    return Ways(ways.voxels, ways.before, _summed(ways), ways.across_gap)


def centre_lines(rooted: RootedTrees, tree: Tree) -> CentreLines:
    """Return the centre lines of a tree, of no points where it has no root.

    Parameters
    ----------
    rooted, tree
        The trees of a liver, and one of them.
    """
    ways = ways_of(rooted, tree)
    mask = rooted.trees == tree
    radii = _radii(mask, ways.voxels)
    chosen = np.flatnonzero(_on_lines(ways, radii))
    rank = np.full(len(ways.before) + 1, NONE, dtype=np.intp)
    rank[chosen] = np.arange(len(chosen))
    owner = _owners(ways, rank)
    places = rooted.grid.ras_from_index(ways.voxels[chosen]).astype(np.float64)
    before = rank[ways.before[chosen]]
    return CentreLines(
        places_mm=_smoothed(places.reshape(-1, 3), before),
        radii_mm=radii[chosen],
        before=before,
        served_ml=_served_ml(owner, before),
        across_gap=ways.across_gap[chosen],
        voxel=chosen,
        owner=owner,
        ways=ways,
    )


def _depth(mask: Mask) -> NDArray[np.float32]:
    """Return how deep each voxel lies in a mask, for this alone its box is looked at."""
    depth = np.zeros(mask.shape, dtype=np.float32)
    if mask.any():
        box = bounding_box(mask, what="the tree")
        depth[box] = depth_mm(np.pad(mask[box], 1))[1:-1, 1:-1, 1:-1]
    return depth


def _radii(mask: Mask, voxels: Numbers) -> Places:
    """Return the widest depth around each voxel: the middle may lie between voxels."""
    depth = np.pad(_depth(mask), 1)
    around = [depth[tuple((voxels + offset).T)] for offset in np.ndindex(3, 3, 3)]
    widest: Places = np.max(around, axis=0).astype(np.float64)
    return widest


def _no_ways() -> Ways:
    none = np.empty(0, dtype=np.intp)
    return Ways(np.empty((0, 3), dtype=np.intp), none, np.empty(0), np.empty(0, dtype=bool))


def _costs(places_mm: Places, weights: Places) -> tuple[csr_array, set[tuple[int, int]]]:
    """Return the costs between places that touch, and dearer ones across the gaps of a tree."""
    near = cKDTree(places_mm).query_pairs(TOUCHING_MM, output_type="ndarray")
    far = _bridges(places_mm, near)
    pairs = np.concatenate((near, far))
    steps = np.linalg.norm(places_mm[pairs[:, 0]] - places_mm[pairs[:, 1]], axis=1)
    steps *= (weights[pairs[:, 0]] + weights[pairs[:, 1]]) / 2
    steps[len(near) :] *= GAP_TIMES
    size = len(places_mm)
    both = np.concatenate((pairs, pairs[:, ::-1]))
    costs = coo_array((np.tile(steps, 2), (both[:, 0], both[:, 1])), shape=(size, size)).tocsr()
    return costs, {(int(a), int(b)) for a, b in far}


def _bridges(places_mm: Places, near: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return pairs of places that join the pieces, each to its nearest, until all gaps are long."""
    found = np.empty((0, 2), dtype=near.dtype)
    while True:
        pieces = _piece_of(len(places_mm), np.concatenate((near, found)))
        fresh = np.array(list(_shortest_gaps(places_mm, pieces)), dtype=near.dtype).reshape(-1, 2)
        if not len(fresh):
            return found
        found = np.concatenate((found, fresh))


def _piece_of(size: int, pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    piece: Numbers = connected_components(joined, directed=False)[1].astype(np.intp)
    return piece


def _shortest_gaps(places_mm: Places, piece: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Yield for every piece but the largest the pair of places that joins it to its nearest."""
    sizes = np.bincount(piece)
    for number in np.flatnonzero(np.arange(len(sizes)) != sizes.argmax()):
        own, others = np.flatnonzero(piece == number), np.flatnonzero(piece != number)
        gaps, nearest = cKDTree(places_mm[others]).query(places_mm[own])
        if gaps.min() <= LARGEST_GAP_MM:
            yield int(own[gaps.argmin()]), int(others[nearest[gaps.argmin()]])


def _from_root(costs: csr_array, starts: Numbers, entries: Places) -> tuple[Places, Numbers]:
    """Return the cost from a root beyond all starts to each place, and the place before it."""
    size = costs.shape[0]
    entry = coo_array((entries, (np.full(len(starts), size), starts)), shape=(size + 1, size + 1))
    wide = coo_array(costs)
    wide = coo_array((wide.data, (wide.row, wide.col)), shape=(size + 1, size + 1))
    away, before = dijkstra((wide + entry).tocsr(), indices=size, return_predecessors=True)
    before = np.where((before == size) | (before < 0), NONE, before).astype(np.intp)
    return away[:size], before[:size]


def _summed(ways: Ways) -> Places:
    """Return the length of every way: what is nearer to the root is summed before."""
    away = ways.steps_mm()
    for voxel in np.flatnonzero(ways.before != NONE):
        away[voxel] += away[ways.before[voxel]]
    return away


def _on_lines(ways: Ways, radii_mm: Places) -> NDArray[np.bool_]:
    """Return the voxels on centre lines."""
    chosen = np.zeros(len(ways.before), dtype=bool)
    if not len(chosen):
        return chosen
    beside = np.zeros(len(ways.before), dtype=bool)
    tree = cKDTree(ways.places_mm)
    for tip in np.argsort(-ways.away_mm, kind="stable"):
        if beside[tip]:
            continue
        line = list(_until(ways, int(tip), chosen))
        joint = int(ways.before[line[-1]])
        least_mm = SHORTEST_MM + (0.0 if joint == NONE else radii_mm[joint])
        length_mm = ways.away_mm[tip] - (0.0 if joint == NONE else ways.away_mm[joint])
        beside[tip] = True
        if length_mm >= least_mm:
            chosen[line] = True
            balls = tree.query_ball_point(tree.data[line], BESIDE * radii_mm[line] + BESIDE_MM)
            for ball in balls:
                beside[ball] = True
    return chosen


def _until(ways: Ways, voxel: int, chosen: NDArray[np.bool_]) -> Iterator[int]:
    while voxel != NONE and not chosen[voxel]:
        yield voxel
        voxel = int(ways.before[voxel])


def _owners(ways: Ways, rank: Numbers) -> Numbers:
    """Return the first point of the centre lines on each voxel's way, else the nearest one."""
    owner = rank[:-1].copy()
    for voxel in np.flatnonzero((owner == NONE) & (ways.before != NONE)):
        owner[voxel] = owner[ways.before[voxel]]
    lost, chosen = np.flatnonzero(owner == NONE), np.flatnonzero(rank[:-1] != NONE)
    if len(lost) and len(chosen):
        places = ways.places_mm
        owner[lost] = rank[chosen[cKDTree(places[chosen]).query(places[lost])[1]]]
    return owner


def _served_ml(owner: Numbers, before: Numbers) -> Places:
    served = np.bincount(owner[owner != NONE], minlength=len(before)).astype(np.float64)
    for point in range(len(before) - 1, 0, -1):
        if before[point] != NONE:
            served[before[point]] += served[point]
    found: Places = served * GRID_MM**3 / MM3_PER_ML
    return found


def _smoothed(places_mm: Places, before: Numbers) -> Places:
    """Return points without the grid's staircase: tips stay, joints move with one line."""
    smooth = places_mm.copy()
    done = np.zeros(len(before), dtype=bool)
    has_child: NDArray[Any] = np.zeros(len(before) + 1, dtype=bool)
    has_child[before] = True
    for tip in np.flatnonzero(~has_child[:-1]):
        line = [int(tip)]
        while before[line[-1]] != NONE and not done[line[-1]]:
            line.append(int(before[line[-1]]))
        course = ndimage.gaussian_filter1d(places_mm[line], SMOOTHING_STEPS, axis=0, mode="nearest")
        course[0] = places_mm[line[0]]
        fresh = [n for n, point in enumerate(line) if not done[point]]
        smooth[[line[n] for n in fresh]] = course[fresh]
        done[line] = True
    return smooth
