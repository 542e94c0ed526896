"""Through which Couinaud segments the blood of each segment comes and goes, by computed vessels.

From every vessel voxel the shortest way along its tree leads to the tree's root. Where that way
runs through another segment for more than a wobble of the border, an operation that removes this
one cuts the vessel. What no visible vessel shows is not claimed, and all is to be confirmed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from remnant.core.findings import Finding, quality_finding
from remnant.core.labels import SEGMENT_CODES, CouinaudSegment
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from segmentation.vessels.found import FoundVessels
from segmentation.vessels.scene import GRID_MM
from segmentation.vessels.trees import LARGEST_GAP_MM, TOUCHING_MM, Tree

VESSEL_WAYS: Final = "vessel_ways"
GAP_TIMES: Final = 10.0
"""A way over a gap is taken only where no vessel leads."""
THROUGH_MM: Final = 10.0
LEAST_ML: Final = 0.3
LEAST_SHARE: Final = 0.5
NAMES: Final = {Tree.PORTAL: "portal_vein", Tree.HEPATIC: "hepatic_veins"}
Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselWay:
    """Vessels of one segment that run through another on their way to the root.

    Parameters
    ----------
    tree
        Which tree.
    segment, through
        Whose vessels, and where they run.
    share
        Of the segment's vessel voxels whose way does so, from 0 to 1.
    """

    tree: Tree
    segment: CouinaudSegment
    through: CouinaudSegment
    share: float


def vessel_ways(found: FoundVessels, couinaud: LabelMap) -> tuple[VesselWay, ...]:
    """Return where vessels of a segment run through another, in the order of trees and segments.

    Parameters
    ----------
    found
        The vessels of a liver.
    couinaud
        Its segments, on the grid of the scan.
    """
    roots = {Tree.PORTAL: found.roots.portal, Tree.HEPATIC: found.roots.hepatic}
    return tuple(
        way
        for tree, root in roots.items()
        for way in _ways_of(tree, np.argwhere(found.parted.trees == tree), root, found, couinaud)
    )


def ways_finding(found: FoundVessels, couinaud: LabelMap) -> Finding:
    """Return the finding ``vessel_ways``: never met, its reasons the ways that were computed."""
    reasons = tuple(
        reason(Cause.VESSEL_WAY, way.share, NAMES[way.tree], way.segment.name, way.through.name)
        for way in vessel_ways(found, couinaud)
    )
    return quality_finding(VESSEL_WAYS, passed=None, value=float(len(reasons)), reasons=reasons)


def _ways_of(
    tree: Tree,
    voxels: NDArray[np.intp],
    root: NDArray[np.bool_],
    found: FoundVessels,
    couinaud: LabelMap,
) -> Iterator[VesselWay]:
    starts = np.flatnonzero(root[tuple(voxels.T)])
    if not len(starts):
        return
    segments = _segments_at(found.scene.grid.ras_from_index(voxels), couinaud)
    lengths = _lengths_by_segment(voxels.astype(np.float64) * GRID_MM, starts, segments)
    reached = np.isfinite(lengths).all(axis=1)
    for segment in CouinaudSegment:
        own = reached & (segments == segment)
        if own.sum() * found.scene.grid.voxel_volume_ml < LEAST_ML:
            continue
        shares = (lengths[own] >= THROUGH_MM).mean(axis=0)
        for through in CouinaudSegment:
            if through is not segment and shares[through] >= LEAST_SHARE:
                share = float(shares[through])
                yield VesselWay(tree=tree, segment=segment, through=through, share=share)


def _segments_at(points_mm: Places, couinaud: LabelMap) -> NDArray[np.intp]:
    """Return the segment of points, 0 where there is none."""
    index = np.rint(couinaud.geometry.index_from_ras(points_mm)).astype(int)
    within = ((index >= 0) & (index < couinaud.geometry.shape)).all(axis=1)
    codes = np.zeros(len(index), dtype=np.intp)
    codes[within] = couinaud.codes[tuple(index[within].T)]
    return codes


def _lengths_by_segment(
    places_mm: Places, starts: NDArray[np.intp], segments: NDArray[np.intp]
) -> Places:
    """Return the length of each place's way to the root in each segment, infinite without one."""
    costs = _neighbours(places_mm)
    away, before, _ = dijkstra(costs, indices=starts, min_only=True, return_predecessors=True)
    lengths = np.full((len(places_mm), SEGMENT_CODES), np.inf)
    lengths[starts] = 0.0
    for place in np.argsort(away, kind="stable"):
        parent = before[place]
        if parent >= 0:
            lengths[place] = lengths[parent]
            step = np.linalg.norm(places_mm[place] - places_mm[parent])
            lengths[place, segments[place]] += step
    return lengths


def _neighbours(places_mm: Places) -> csr_array:
    """Return the costs between places that touch, and dearer ones across the gaps of a tree."""
    near = cKDTree(places_mm).query_pairs(TOUCHING_MM, output_type="ndarray")
    far = _bridges(places_mm, near)
    pairs = np.concatenate((near, far))
    steps = np.linalg.norm(places_mm[pairs[:, 0]] - places_mm[pairs[:, 1]], axis=1)
    steps[len(near) :] *= GAP_TIMES
    size = len(places_mm)
    both = np.concatenate((pairs, pairs[:, ::-1]))
    return coo_array((np.tile(steps, 2), (both[:, 0], both[:, 1])), shape=(size, size)).tocsr()


def _bridges(places_mm: Places, near: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for every connected piece the pair of places that joins it to its nearest other."""
    size = len(places_mm)
    joined = coo_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(size, size))
    count, piece = connected_components(joined, directed=False)
    found = []
    for number in range(count):
        own, others = np.flatnonzero(piece == number), np.flatnonzero(piece != number)
        if not len(others):
            break
        gaps, nearest = cKDTree(places_mm[others]).query(places_mm[own])
        if gaps.min() <= LARGEST_GAP_MM:
            found.append((own[gaps.argmin()], others[nearest[gaps.argmin()]]))
    return np.array(found, dtype=near.dtype).reshape(-1, 2)
