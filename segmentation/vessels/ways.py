"""Through which Couinaud segments the blood of each segment comes and goes, by computed vessels.

From every vessel voxel the shortest way along its tree leads to the tree's root. Where that way
runs through another segment for more than a wobble of the border, an operation that removes this
one cuts the vessel. What no visible vessel shows is not claimed, and all is to be confirmed.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import SEGMENT_CODES, CouinaudSegment
from remnant.core.reasons import Cause, reason
from remnant.core.vessels import VesselTree, VesselWay
from remnant.core.volumes import LabelMap
from segmentation.vessels.centrelines import NONE, Ways
from segmentation.vessels.scene import GRID_MM
from segmentation.vessels.trees import MM3_PER_ML, Tree

VESSEL_WAYS: Final = "vessel_ways"
THROUGH_MM: Final = 10.0
LEAST_ML: Final = 0.3
LEAST_SHARE: Final = 0.5
EDGE: Final = 0.5 + 1e-3
VOXEL_ML: Final = GRID_MM**3 / MM3_PER_ML
TREES: Final = {Tree.PORTAL: VesselTree.PORTAL, Tree.HEPATIC: VesselTree.HEPATIC}


def ways_finding(ways: tuple[VesselWay, ...]) -> Finding:
    """Return the finding ``vessel_ways``: never met, its reasons the ways that were computed."""
    reasons = tuple(
        reason(Cause.VESSEL_WAY, way.share, way.tree.value, way.segment.name, way.through.name)
        for way in ways
    )
    return quality_finding(VESSEL_WAYS, passed=None, value=float(len(reasons)), reasons=reasons)


def ways_through(
    tree: VesselTree, ways: Ways, grid: Geometry, couinaud: LabelMap
) -> Iterator[VesselWay]:
    """Yield where the vessels of one tree run through other segments.

    Parameters
    ----------
    tree, ways
        Which tree, and the ways of its voxels to the root.
    grid
        The grid of their voxels.
    couinaud
        The liver's segments.
    """
    segments = segments_at(grid.ras_from_index(ways.voxels), couinaud)
    lengths = _lengths_by_segment(ways, segments)
    for segment in CouinaudSegment:
        own = segments == segment
        if own.sum() * VOXEL_ML < LEAST_ML:
            continue
        shares = (lengths[own] >= THROUGH_MM).mean(axis=0)
        for through in CouinaudSegment:
            if through is not segment and shares[through] >= LEAST_SHARE:
                share = float(shares[through])
                yield VesselWay(tree=tree, segment=segment, through=through, share=share)


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
