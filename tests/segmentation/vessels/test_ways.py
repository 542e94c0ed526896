"""Through which segments vessels run: a straight tube with known segments along it."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, STRUCTURE_SCHEME, CouinaudSegment
from remnant.core.vessels import VesselWay
from remnant.core.volumes import LabelMap
from segmentation.vessels.found import FoundVessels
from segmentation.vessels.roots import Roots
from segmentation.vessels.scene import GRID_MM, Scene
from segmentation.vessels.trees import PartedVessels, Tree
from segmentation.vessels.ways import TREES, vessel_ways, ways_finding

SHAPE = (60, 9, 8)
S = CouinaudSegment


def tube(*, gap=slice(0, 0), tree=Tree.PORTAL):
    """A tube along x through V, then VIII, then VII; its root lies in V."""
    grid = Geometry(SHAPE, np.diag((GRID_MM, GRID_MM, GRID_MM, 1.0)))
    trees = np.zeros(SHAPE, dtype=np.uint8)
    trees[:, 3:6, 2:5] = tree
    trees[gap] = 0
    root = np.zeros(SHAPE, dtype=bool)
    root[0, 3:6, 2:5] = True
    empty = np.zeros(SHAPE, dtype=bool)
    roots = Roots(
        portal=root if tree is Tree.PORTAL else empty,
        hepatic=root if tree is Tree.HEPATIC else empty,
        great=empty,
        cava_mm=np.empty((0, 4)),
    )
    liver = np.ones(SHAPE, dtype=bool)
    scene = Scene(np.zeros(SHAPE, dtype=np.float32), liver, empty, grid)
    parted = PartedVessels(trees, (trees > 0).astype(np.uint16), ())
    structures = LabelMap(liver.astype(np.uint8), grid, STRUCTURE_SCHEME)
    segments = np.full(SHAPE, S.V, dtype=np.uint8)
    segments[20:40], segments[40:] = S.VIII, S.VII
    return (
        FoundVessels(structures, parted, roots, scene),
        LabelMap(segments, grid, COUINAUD_SCHEME),
    )


@pytest.mark.parametrize("gap", [slice(0, 0), slice(30, 34)])
@pytest.mark.parametrize("tree", [Tree.PORTAL, Tree.HEPATIC])
def test_ways__lead_through_all_segments_before(gap, tree):
    assert vessel_ways(*tube(gap=gap, tree=tree)) == tuple(
        VesselWay(tree=TREES[tree], segment=one, through=other, share=1.0)
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
