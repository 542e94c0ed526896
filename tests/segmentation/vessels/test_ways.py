"""Through which segments vessels run: a straight tube with known segments along it."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, CouinaudSegment
from remnant.core.vessels import VesselRoots, VesselTree, VesselWay
from remnant.core.volumes import LabelMap
from segmentation.vessels.computed import computed_vessels
from segmentation.vessels.rooted import RootedTrees
from segmentation.vessels.scene import GRID_MM
from segmentation.vessels.trees import Tree
from segmentation.vessels.ways import ways_finding

SHAPE = (60, 9, 8)
ROOT = (0.0, 4 * GRID_MM, 3 * GRID_MM)
S = CouinaudSegment


def tube(*, gap=slice(0, 0), tree=Tree.PORTAL):
    """A tube along x through V, then VIII, then VII; its root lies in V."""
    grid = Geometry(SHAPE, np.diag((GRID_MM, GRID_MM, GRID_MM, 1.0)))
    trees = np.zeros(SHAPE, dtype=np.uint8)
    trees[:, 3:6, 2:5] = tree
    trees[gap] = 0
    roots = VesselRoots(portal_mm=(ROOT,), hepatic_mm=(ROOT,))
    segments = np.full(SHAPE, S.V, dtype=np.uint8)
    segments[20:40], segments[40:] = S.VIII, S.VII
    return (
        RootedTrees(trees, (trees > 0).astype(np.float32), roots, grid),
        LabelMap(segments, grid, COUINAUD_SCHEME),
    )


def vessel_ways(rooted, couinaud):
    return computed_vessels(rooted, couinaud).ways


@pytest.mark.parametrize("gap", [slice(0, 0), slice(30, 34)])
@pytest.mark.parametrize(
    ("tree", "named"),
    [(Tree.PORTAL, VesselTree.PORTAL), (Tree.HEPATIC, VesselTree.HEPATIC)],
)
def test_ways__lead_through_all_segments_before(gap, tree, named):
    assert vessel_ways(*tube(gap=gap, tree=tree)) == tuple(
        VesselWay(tree=named, segment=one, through=other, share=1.0)
        for one, other in ((S.VII, S.V), (S.VII, S.VIII), (S.VIII, S.V))
    )


def test_ways__beyond_a_long_gap_nothing_is_claimed():
    ways = vessel_ways(*tube(gap=slice(30, 42)))
    assert {way.segment for way in ways} == {S.VIII}


def test_finding__has_the_ways_as_reasons():
    finding = ways_finding(vessel_ways(*tube()))
    assert finding.quantity.value == 3.0
    assert finding.reasons[0].names == ("portal_vein", "VII", "V")
    assert finding.reasons[0].amounts == (1.0,)


def test_seen__is_what_of_the_tree_lies_in_each_segment():
    seen = computed_vessels(*tube()).seen_ml_by_segment
    assert seen == {
        VesselTree.PORTAL: {
            one: pytest.approx(20 * 9 * GRID_MM**3 / 1000) for one in (S.V, S.VII, S.VIII)
        },
        VesselTree.HEPATIC: {},
    }
