"""A reader's box on the grid of RAS+ axes, whatever the scan's own axes are."""

from itertools import permutations, product

import numpy as np
import pytest

from remnant.core.drawn_boxes import BoxUnits, ReaderBox
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from segmentation.axial import AxialView
from segmentation.boxes.drawn_box import placed_box

SHAPE = (20, 24, 14)
UPRIGHT = Geometry(
    SHAPE, np.array([[2, 0, 0, -10], [0, 2.5, 0, 30], [0, 0, 4, -7], [0, 0, 0, 1.0]])
)
LOW, HIGH = (5, 7, 3), (9, 15, 7)
"""Outermost voxels of a block on the upright grid."""


def turned(order, signs):
    """Return the upright grid with its axes in another order and sense."""
    matrix = np.array(UPRIGHT.affine_ras)
    for axis, sign in enumerate(signs):
        if sign < 0:
            matrix[:3, 3] += matrix[:3, axis] * (SHAPE[axis] - 1)
            matrix[:3, axis] *= -1
    matrix[:3, :3] = matrix[:3, list(order)]
    i, j, k = (SHAPE[axis] for axis in order)
    return Geometry((i, j, k), matrix)


GRIDS = [
    turned(order, signs) for order in permutations(range(3)) for signs in product((1, -1), repeat=3)
]


def in_mm(low=LOW, high=HIGH, **more):
    """Return the block's outer faces as a box in mm."""
    a = UPRIGHT.ras_from_index(np.array(low) - 0.5).tolist()
    b = UPRIGHT.ras_from_index(np.array(high) + 0.5).tolist()
    return ReaderBox(low=tuple(a), high=tuple(b), **more)


def sides(start):
    box = start.rectangle
    return pytest.approx((box.i_low, box.j_low, box.i_high, box.j_high), abs=1e-6)


def slices(start):
    return start.lowest, start.slice_index, start.highest


@pytest.mark.parametrize("scan", GRIDS)
def test_placed_box__in_mm_is_the_same_whatever_the_scans_axes(scan):
    found = placed_box(in_mm(), scan, AxialView(scan).grid)

    assert (5, 7, 9, 15) == sides(found)
    assert (3, 5, 7) == slices(found)
    assert not found.is_flat


@pytest.mark.parametrize("scan", GRIDS)
def test_placed_box__in_voxels_counts_along_the_scans_own_axes(scan):
    ends = np.rint(scan.index_from_ras(UPRIGHT.ras_from_index([LOW, HIGH])))
    low, high = (tuple(end.tolist()) for end in (ends.min(axis=0), ends.max(axis=0)))
    found = placed_box(
        ReaderBox(low=low, high=high, units=BoxUnits.VOXELS), scan, AxialView(scan).grid
    )

    assert (5, 7, 9, 15) == sides(found)
    assert (3, 5, 7) == slices(found)


def test_placed_box__a_rectangle_leaves_the_ends_open():
    height_mm = float(UPRIGHT.ras_from_index((0, 0, 4))[2])
    box = ReaderBox(low=(0.0, 50.0, height_mm), high=(8.0, 60.0, height_mm))
    found = placed_box(box, UPRIGHT, UPRIGHT)

    assert (0, 4, SHAPE[2] - 1) == slices(found)
    assert found.is_flat


def test_placed_box__takes_the_slice_that_is_named():
    named_mm = float(UPRIGHT.ras_from_index((0, 0, 6))[2])
    assert (3, 6, 7) == slices(placed_box(in_mm(slice_at=named_mm), UPRIGHT, UPRIGHT))
    with pytest.raises(InputError, match=r"the slice at 99 lies outside the box .* from 3 to 23"):
        placed_box(in_mm(slice_at=99.0), UPRIGHT, UPRIGHT)


def test_placed_box__thinner_than_a_voxel_is_one_voxel():
    at = UPRIGHT.ras_from_index((6, 8, 4)).tolist()
    box = ReaderBox(low=tuple(x - 0.2 for x in at), high=tuple(x + 0.2 for x in at))

    assert (6, 8, 6, 8) == sides(placed_box(box, UPRIGHT, UPRIGHT))


def test_placed_box__is_cut_at_the_scans_edges():
    found = placed_box(in_mm((-4, 20, 3), (3, 40, 8)), UPRIGHT, UPRIGHT)
    assert (0, 20, 3, SHAPE[1] - 1) == sides(found)
    tall = placed_box(in_mm((5, 7, -6), (9, 15, 30), slice_at=1.0), UPRIGHT, UPRIGHT)
    assert (0, 2, SHAPE[2] - 1) == slices(tall)


@pytest.mark.parametrize(
    ("low", "high"), [((30, 7, 3), (35, 9, 8)), ((5, -9, 3), (9, -4, 8)), ((5, 7, 20), (9, 15, 22))]
)
def test_placed_box__outside_the_scan_is_refused_with_where_that_is(low, high):
    with pytest.raises(InputError, match=r"outside the scan, which spans x -10 to 28, y 30 to 88"):
        placed_box(in_mm(low, high), UPRIGHT, UPRIGHT)
    voxels = ReaderBox(
        low=tuple(map(float, low)), high=tuple(map(float, high)), units=BoxUnits.VOXELS
    )
    with pytest.raises(InputError, match=r"outside the scan, which spans 0:19,0:23,0:13"):
        placed_box(voxels, UPRIGHT, UPRIGHT)


def test_placed_box__on_a_tilted_scan_lies_on_the_slice_through_its_middle():
    angle = np.deg2rad(12.0)
    tilt = np.eye(4)
    tilt[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    scan = Geometry(SHAPE, tilt @ UPRIGHT.affine_ras)
    middle, wide = scan.ras_from_index((8, 10, 6)), np.array([6, 6, 0])
    box = ReaderBox(low=tuple((middle - wide).tolist()), high=tuple((middle + wide).tolist()))

    assert 6 == placed_box(box, scan, AxialView(scan).grid).slice_index
