"""Centre lines of tubes whose course and radius are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.geometry import Geometry
from remnant.core.vessels import VesselRoots
from remnant.testing.phantom_shapes import digitise
from remnant.testing.vessels import Tube, VesselTree
from segmentation.vessels.centrelines import NONE, centre_lines
from segmentation.vessels.rooted import RootedTrees
from segmentation.vessels.scene import GRID_MM
from segmentation.vessels.trees import Tree

SHAPE = (56, 56, 56)
LOW_MM = -41.0
HALF_DIAGONAL_MM = GRID_MM * np.sqrt(3) / 2


def rooted(shape, root, *, tree=Tree.PORTAL):
    matrix = np.diag((GRID_MM, GRID_MM, GRID_MM, 1.0))
    matrix[:3, 3] = LOW_MM
    grid = Geometry(SHAPE, matrix)
    mask = digitise(shape, grid)
    roots = VesselRoots(portal_mm=(root,), hepatic_mm=(root,))
    codes = np.where(mask, tree, 0).astype(np.uint8)
    return RootedTrees(codes, mask.astype(np.float32), roots, grid)


def along(start, direction, length):
    return tuple(float(x) for x in np.array(start) + length * np.array(direction))


@settings(max_examples=12, deadline=None)
@given(
    angles=st.tuples(st.floats(0, 2 * np.pi), st.floats(-1.2, 1.2)),
    radius_mm=st.floats(2.2, 7.0),
    start=st.tuples(*(st.floats(-0.75, 0.75),) * 3),
)
def test_tube__radius_is_right_to_within_half_a_voxels_diagonal(angles, radius_mm, start):
    """A voxel lies so near the axis, and no ball that is so much wider misses all outer voxels."""
    turn, rise = angles
    direction = (np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise))
    end = along(start, direction, 30.0)
    lines = centre_lines(rooted(Tube((start, end), radius_mm), start), Tree.PORTAL)
    offsets = lines.places_mm - np.array(start)
    inner = (offsets @ np.array(direction) > 2.0) & (offsets @ np.array(direction) < 28.0)
    assert inner.sum() > 10
    off = lines.radii_mm[inner] - radius_mm
    assert np.abs(off).max() <= HALF_DIAGONAL_MM
    assert abs(float(np.median(off))) <= GRID_MM / 2
    across = offsets - np.outer(offsets @ np.array(direction), direction)
    assert np.linalg.norm(across[inner], axis=1).max() <= max(radius_mm / 2, 2 * GRID_MM)


@pytest.fixture(name="fork", scope="module")
def fork_fixture():
    root, joint = (0.0, 0.0, -35.0), (0.0, 0.0, 0.0)
    tubes = (
        Tube((root, joint), 5.0),
        Tube((joint, (25.0, 0.0, 25.0)), 3.0),
        Tube((joint, (-25.0, 0.0, 20.0)), 4.0),
    )
    return rooted(VesselTree(tubes), root)


def test_fork__is_one_line_that_parts_in_two(fork):
    lines = centre_lines(fork, Tree.PORTAL)
    children = np.bincount(lines.before[lines.before != NONE], minlength=len(lines.before))
    (joint,) = np.flatnonzero(children > 1)
    assert np.linalg.norm(lines.places_mm[joint]) <= 8.0
    tips = lines.places_mm[children == 0]
    assert sorted(tips[:, 0]) == pytest.approx([-27.0, 27.0], abs=5.0)
    assert (lines.before < np.arange(len(lines.before))).all()


def test_fork__every_voxel_is_served_once(fork):
    lines = centre_lines(fork, Tree.PORTAL)
    total_ml = np.count_nonzero(fork.trees) * GRID_MM**3 / 1000
    assert lines.served_ml[lines.before == NONE].sum() == pytest.approx(total_ml)
    assert lines.line_to(len(lines.before) - 1)[0] == 0
    assert lines.within(0).all()


def test_gap__is_crossed_and_marked():
    whole = rooted(Tube(((0.0, 0.0, -35.0), (0.0, 0.0, 35.0)), 3.0), (0.0, 0.0, -35.0))
    whole.trees[:, :, 26:32] = 0
    lines = centre_lines(whole, Tree.PORTAL)
    assert lines.places_mm[:, 2].max() >= 30.0
    assert np.count_nonzero(lines.across_gap) == 1


@pytest.mark.parametrize("root", [(0.0, 0.0, 30.0), (0.0, 30.0, 30.0)])
def test_root_elsewhere__no_line(root):
    far = rooted(Tube(((0.0, 0.0, -35.0), (0.0, 0.0, 0.0)), 3.0), root)
    assert not len(centre_lines(far, Tree.PORTAL).before)
    assert not len(centre_lines(far, Tree.HEPATIC).before)
