"""Moving a plane between segments: which voxels change sides, and to which segment."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, CouinaudSegment
from remnant.core.uncertainty import SegmentPlane
from remnant.io.nifti import read_own_labels
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.couinaud.sides import SIDES
from segmentation.edits.planes import MOVABLE, plane_moved, present_border

I, II, III, IV, V, VI, VII, VIII = CouinaudSegment  # noqa: E741


def block(*, mirrored=False, spacing_mm=(2.0, 3.0, 4.0)):
    """A block of liver: VII/VI | VIII/V | IV | II/III from right to left, I behind IV."""
    shape = (60, 30, 20)
    matrix = np.diag([*spacing_mm, 1.0])
    if mirrored:
        matrix = np.diag([-spacing_mm[0], -spacing_mm[1], spacing_mm[2], 1.0])
    grid = Geometry(shape, matrix)
    x, y, z = np.moveaxis(grid.ras_from_index(np.indices(shape).transpose(1, 2, 3, 0)), -1, 0)
    x = x - x.min()
    y = y - y.min()
    upper = z >= 40
    right = np.where(x >= 90, np.where(upper, VII, VI), np.where(upper, VIII, V))
    left = np.where(x >= 30, IV, np.where(upper, II, III))
    codes = np.where(x >= 60, right, left)
    codes[(y < 12) & (x >= 40) & (x < 60)] = I
    return codes.astype(np.uint8), grid, x


def upright(grid, x_mm):
    """Three points on a sagittal plane, in the coordinates that `block` counts from its edge."""
    corners = grid.corners_ras()
    low = corners.min(axis=0)
    return tuple((low[0] + x_mm, low[1] + y, low[2] + z) for y, z in ((30, 10), (70, 20), (40, 60)))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("to_mm", [45.0, 75.0])
def test_plane_moved__a_flat_border_runs_where_the_points_are(mirrored, to_mm):
    codes, grid, x = block(mirrored=mirrored)
    moved = plane_moved(codes, grid, SegmentPlane.MAIN, upright(grid, to_mm))
    changed = moved != codes
    between = (x >= min(to_mm, 59.0)) & (x <= max(to_mm, 59.0)) & (codes != I)

    assert changed.any()
    assert not changed[~between].any()
    if to_mm < 60:
        assert set(np.unique(codes[changed])) == {IV}
        upper = codes[-1 if not mirrored else 0, 0, :] == VII
        assert (np.isin(moved[:, :, upper][changed[:, :, upper]], (VIII,))).all()
        assert (np.isin(moved[:, :, ~upper][changed[:, :, ~upper]], (V,))).all()
    else:
        assert set(np.unique(codes[changed])) == {V, VIII}
        assert set(np.unique(moved[changed])) == {IV}
    sides = np.isin(moved, SIDES[SegmentPlane.MAIN][1])
    assert np.array_equal(sides[codes != I], (x > to_mm)[codes != I])
    assert np.array_equal(moved == I, codes == I)


def test_plane_moved__is_tilted_by_its_points():
    codes, grid, x = block()
    low = grid.corners_ras().min(axis=0)
    points = tuple(
        (low[0] + 60 + (z - 38) * 0.3, low[1] + y, low[2] + z)
        for y, z in ((30.0, 10.0), (70.0, 20.0), (40.0, 66.0), (60.0, 50.0))
    )
    moved = plane_moved(codes, grid, SegmentPlane.MAIN, points)
    z = grid.ras_from_index(np.indices(codes.shape).transpose(1, 2, 3, 0))[..., 2] - low[2]
    beyond = x - (60 + (z - 38) * 0.3)
    there = (np.abs(beyond) > 1.5) & (codes != I)
    sides = np.isin(moved, SIDES[SegmentPlane.MAIN][1])

    assert np.array_equal(sides[there], (beyond > 0)[there])
    assert not (moved != codes)[np.abs(x - 60) > 11].any()


def test_plane_moved__points_on_the_border_move_nothing():
    codes, grid, _ = block()
    moved = plane_moved(codes, grid, SegmentPlane.MAIN, upright(grid, 59.0))
    assert np.array_equal(codes, moved)


@pytest.mark.parametrize(
    ("name", "to_mm", "pairs"),
    [
        ("right", 100.0, {(VII, VIII), (VI, V)}),
        ("right", 80.0, {(VIII, VII), (V, VI)}),
        ("umbilical", 38.0, {(IV, II), (IV, III)}),
        ("left", 20.0, {(II, IV), (III, IV)}),
    ],
)
def test_plane_moved__voxels_go_to_the_matching_segment(name, to_mm, pairs):
    codes, grid, _ = block()
    moved = plane_moved(codes, grid, MOVABLE[name], upright(grid, to_mm))
    changed = moved != codes
    assert pairs == set(zip(codes[changed].tolist(), moved[changed].tolist(), strict=True))


def test_plane_moved__what_holds_no_plane_is_refused():
    codes, grid, _ = block()
    points = upright(grid, 70.0)
    with pytest.raises(InputError, match="at least 3 points"):
        plane_moved(codes, grid, SegmentPlane.MAIN, points[:2])
    with pytest.raises(InputError, match="on one line"):
        plane_moved(codes, grid, SegmentPlane.MAIN, [(float(n), 0.0, 0.0) for n in range(4)])
    with pytest.raises(InputError, match="mm from the main plane"):
        plane_moved(codes, grid, SegmentPlane.MAIN, upright(grid, 130.0))
    with pytest.raises(InputError, match="would have no voxel left"):
        plane_moved(codes, grid, SegmentPlane.UMBILICAL, upright(grid, -6.0))
    with pytest.raises(InputError, match="do not meet"):
        plane_moved(np.where(codes == IV, 0, codes), grid, SegmentPlane.UMBILICAL, points)


@pytest.mark.parametrize("places", [((30, 10), (50, 20), (70, 10)), ((35, 8), (55, 30), (75, 2))])
def test_plane_moved__points_on_one_slice_are_refused_whatever_they_span(places):
    """A slice crosses the border in a line: beside it, nothing says how far the border is off."""
    codes, grid, _ = block()
    low = grid.corners_ras().min(axis=0)
    points = tuple((low[0] + 60 + off, low[1] + y, low[2] + 30) for y, off in places)
    with pytest.raises(InputError, match="mark at least one on another slice"):
        plane_moved(codes, grid, SegmentPlane.MAIN, points)
    added = (*points, (points[0][0], points[0][1], points[0][2] + 30))
    assert (plane_moved(codes, grid, SegmentPlane.MAIN, added) != codes).any()


@pytest.mark.parametrize("plane", [SegmentPlane.MAIN, SegmentPlane.RIGHT, SegmentPlane.UMBILICAL])
@pytest.mark.parametrize("by_mm", [-8.0, 8.0])
def test_plane_moved__on_a_phantom_only_voxels_near_the_plane_change(plane, by_mm):
    phantom = liver_phantom(body_grid(), metastases=1)
    _moved_by(phantom.couinaud.codes, phantom.geometry, plane, by_mm)


SUBJECTS = 3


@pytest.mark.parametrize("plane", [SegmentPlane.MAIN, SegmentPlane.RIGHT, SegmentPlane.UMBILICAL])
def test_plane_moved__on_annotated_livers(shared, plane):
    """Borders that readers drew, which are curved: they move by what the points say."""
    maps = sorted((shared / "data" / "couinaud").glob("*.nii.gz"))[:SUBJECTS]
    assert SUBJECTS == len(maps)
    for path in maps:
        labels = read_own_labels(path, COUINAUD_SCHEME)
        _moved_by(labels.codes, labels.geometry, plane, 6.0)


def _moved_by(codes, grid, plane, by_mm):
    """Move a plane by points that lie so far over its border, and look at what became of it."""
    border = present_border(codes, grid, plane)
    frame = border.frame
    low, high = np.percentile(border.places_mm, (15, 85), axis=0)
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    places = border.places_mm[cKDTree(border.places_mm).query(corners)[1]]
    heights = border.height_mm(places) + by_mm
    points = frame.origin_mm + np.column_stack([places, heights]) @ frame.axes
    moved = plane_moved(codes, grid, plane, [tuple(p) for p in points.tolist()])
    changed = moved != codes
    one, other = SIDES[plane]
    losing, gaining = (one, other) if by_mm > 0 else (other, one)

    assert changed.any()
    assert np.array_equal(codes > 0, moved > 0)
    assert set(np.unique(codes[changed])) <= set(losing)
    assert set(np.unique(moved[changed])) <= set(gaining)
    place, height = frame.seen(grid.ras_from_index(np.argwhere(changed)))
    over = np.sign(by_mm) * (height - border.height_mm(place))
    assert over.min() > -3.1
    assert over.max() <= abs(by_mm) + 0.1
    # what was between the border and the moved one is on the other side now
    every = np.argwhere(np.isin(codes, losing))
    place, height = frame.seen(grid.ras_from_index(every))
    over = np.sign(by_mm) * (height - border.height_mm(place))
    swept = (over > 0) & (over < abs(by_mm) - 0.1)
    assert np.isin(moved[tuple(every[swept].T)], gaining).all()
    back = present_border(moved, grid, plane)
    place, height = back.frame.seen(points)
    voxel_mm = float(np.linalg.norm(grid.spacing_mm))
    assert np.abs(height - back.height_mm(place)).max() < 1.5 * voxel_mm
