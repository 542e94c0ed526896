"""Through which Couinaud segments the blood of each segment comes and goes, by computed vessels.

From every vessel voxel the cheapest way along its tree leads to the tree's root. Where that way
runs deep in another segment for more than a wobble of the border, an operation that removes this
one cuts the vessel. What runs near a border counts for neither side. What no visible vessel shows
is not claimed, and all is to be confirmed.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import SEGMENT_CODES, CouinaudSegment
from remnant.core.reasons import Cause, reason
from remnant.core.vessels import BORDER_MM, LEAST_SEEN_ML, THROUGH_MM, VesselTree, VesselWay
from remnant.core.volumes import LabelMap
from segmentation.vessels.centrelines import NONE, Ways
from segmentation.vessels.scene import GRID_MM, distance_mm
from segmentation.vessels.trees import MM3_PER_ML, Tree

VESSEL_WAYS: Final = "vessel_ways"
LEAST_TOLD: Final = 0.5
"""Of a segment's vessels, for the finding to name where they run; plans heed every way."""
EDGE: Final = 0.5 + 1e-3
VOXEL_ML: Final = GRID_MM**3 / MM3_PER_ML
TREES: Final = {Tree.PORTAL: VesselTree.PORTAL, Tree.HEPATIC: VesselTree.HEPATIC}
Segments = NDArray[np.intp]


def ways_finding(ways: Iterable[VesselWay]) -> Finding:
    """Return the finding ``vessel_ways``: never met, its reasons what runs through what."""
    shares: dict[tuple[VesselTree, CouinaudSegment, CouinaudSegment], float] = {}
    for way in ways:
        for through in way.through:
            key = (way.tree, way.segment, through)
            shares[key] = shares.get(key, 0.0) + way.share
    reasons = tuple(
        reason(Cause.VESSEL_WAY, share, tree.value, segment.name, through.name)
        for (tree, segment, through), share in sorted(shares.items(), key=_order)
        if share >= LEAST_TOLD
    )
    return quality_finding(VESSEL_WAYS, passed=None, value=float(len(reasons)), reasons=reasons)


def _order(
    item: tuple[tuple[VesselTree, CouinaudSegment, CouinaudSegment], float],
) -> tuple[int, int, int]:
    tree, segment, through = item[0]
    return (list(VesselTree).index(tree), segment, through)


def ways_through(
    tree: VesselTree, ways: Ways, segments: Segments, deep: Segments
) -> Iterator[VesselWay]:
    """Yield where the vessels of one tree run through other segments.

    Parameters
    ----------
    tree, ways
        Which tree, and the ways of its voxels to the root.
    segments, deep
        The segment of each of their voxels, and the same of those that lie deep in it; 0 elsewhere.
    """
    crossed = _lengths_by_segment(ways, deep) >= THROUGH_MM
    for segment in CouinaudSegment:
        own = segments == segment
        if own.sum() * VOXEL_ML < LEAST_SEEN_ML:
            continue
        others = crossed[own].copy()
        others[:, (0, segment)] = False
        kinds, counts = np.unique(others, axis=0, return_counts=True)
        for kind, count in zip(kinds, counts, strict=True):
            through = tuple(CouinaudSegment(int(code)) for code in np.flatnonzero(kind))
            if through:
                share = float(count / own.sum())
                yield VesselWay(tree=tree, segment=segment, through=through, share=share)


def deep_in_segments(segments: Segments) -> Segments:
    """Return segments on a grid of `GRID_MM` without what lies near to another of them.

    Parameters
    ----------
    segments
        Codes of a whole liver, 0 elsewhere.
    """
    border = np.zeros(segments.shape, dtype=bool)
    for axis in range(segments.ndim):
        low, high = (
            tuple(cut if a == axis else slice(None) for a in range(segments.ndim))
            for cut in (slice(None, -1), slice(1, None))
        )
        differs = (segments[low] != segments[high]) & (segments[low] > 0) & (segments[high] > 0)
        border[low] |= differs
        border[high] |= differs
    deep: Segments = np.where(distance_mm(border) >= BORDER_MM, segments, 0)
    return deep


def segments_on(grid: Geometry, couinaud: LabelMap) -> Segments:
    """Return the segment of every voxel of a grid, 0 where there is none."""
    i, j, slices = grid.shape
    plane, up = np.indices((i, j, 1)).reshape(3, -1).T, np.array((0, 0, 1))
    found: Segments = np.zeros(grid.shape, dtype=np.intp)
    for k in range(slices):
        places = grid.ras_from_index(plane + k * up)
        found[:, :, k] = segments_at(places, couinaud).reshape(i, j)
    return found


def segments_at(points_mm: NDArray[np.float64], couinaud: LabelMap) -> NDArray[np.intp]:
    """Return the segment of points in RAS mm, 0 where there is none."""
    # a point on a voxel's edge falls to the same side whatever a file rounds
    index = np.floor(couinaud.geometry.index_from_ras(points_mm) + EDGE).astype(int)
    index = index.reshape(-1, 3)
    within = ((index >= 0) & (index < couinaud.geometry.shape)).all(axis=1)
    codes = np.zeros(len(index), dtype=np.intp)
    codes[within] = couinaud.codes[tuple(index[within].T)]
    return codes


def _lengths_by_segment(ways: Ways, segments: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the length of each voxel's way to the root in each segment."""
    lengths = np.zeros((len(segments), SEGMENT_CODES))
    steps = ways.steps_mm()
    for voxel in np.flatnonzero(ways.before != NONE):
        lengths[voxel] = lengths[ways.before[voxel]]
        lengths[voxel, segments[voxel]] += steps[voxel]
    return lengths
