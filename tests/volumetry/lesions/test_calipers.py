"""Diameters against brute force over every voxel corner."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from remnant.core.geometry import Geometry
from remnant.testing.phantom_shapes import Ball, Ellipsoid, digitise
from remnant.testing.strategies import SEEDS, directions, geometries, spacings
from volumetry.lesions.calipers import (
    HULL_WORTH_POINTS,
    axial_diameters,
    convex_polygon,
    feret_mm,
    row_ends,
    slice_corrected_3d_mm,
)


def corner_distance_mm(indices, geometry, axes=(0, 1, 2)):
    """Longest distance between voxel corners, corners only along ``axes``."""
    halves = [(-0.5, 0.5) if axis in axes else (0.0,) for axis in range(3)]
    corners = (indices[:, None, :] + np.array(list(product(*halves)))).reshape(-1, 3)
    return pdist(corners @ geometry.affine_ras[:3, :3].T).max()


def axial_by_hand_mm(mask, geometry):
    axis = geometry.axial_axis
    plane = tuple(a for a in range(3) if a != axis)
    indices = np.argwhere(mask)
    slices = (indices[indices[:, axis] == k] for k in np.unique(indices[:, axis]))
    return max(corner_distance_mm(part, geometry, plane) for part in slices)


def slices_by_hand(mask, geometry):
    """Pixel corners of each axial slice in mm within its plane, shape ``(n, 2)``."""
    axis = geometry.axial_axis
    plane = [a for a in range(3) if a != axis]
    ones, others = geometry.affine_ras[:3, plane].T
    along = ones / np.linalg.norm(ones)
    aside = others - (others @ along) * along
    frame = np.stack([along, aside / np.linalg.norm(aside)])
    for layer in np.moveaxis(mask, axis, 0):
        if layer.any():
            pixels = np.argwhere(layer)[:, None] + np.array(list(product((0, 1), repeat=2)))
            yield np.unique(pixels.reshape(-1, 2), axis=0) @ (frame @ np.stack([ones, others]).T).T


def longest_chord_mm(points, direction):
    """Longest chord of the points' convex hull along a direction, as a linear programme."""
    count = len(points)
    ends = np.hstack([points.T, -points.T, direction[:, None]])
    weights = np.zeros((2, 2 * count + 1))
    weights[0, :count] = weights[1, count:-1] = 1
    found = linprog(
        np.append(np.zeros(2 * count), -1.0),
        A_eq=np.vstack([ends, weights]),
        b_eq=[0, 0, 1, 1],
    )
    return -found.fun


def perpendicular_by_hand_mm(mask, geometry):
    slices = list(slices_by_hand(mask, geometry))
    longest = max(pdist(points).max() for points in slices)
    chords = []
    for points in slices:
        apart = points[:, None] - points
        tied = apart[np.linalg.norm(apart, axis=2) >= longest * (1 - 1e-9)] / longest
        chords += [longest_chord_mm(points, np.array([-d[1], d[0]])) for d in tied]
    return max(chords)


def some_mask(seed, shape, share):
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < share
    mask[tuple(rng.integers(0, shape))] = True
    return mask


def isotropic(shape, spacing_mm=1.0):
    return Geometry(shape, np.diag([spacing_mm] * 3 + [1.0]))


@given(geometry=geometries(largest=8), seed=SEEDS, share=st.sampled_from((0.02, 0.2, 0.8)))
def test_feret__equals_brute_force_on_any_grid(geometry, seed, share):
    mask = some_mask(seed, geometry.shape, share)
    expected = corner_distance_mm(np.argwhere(mask), geometry)
    assert expected == pytest.approx(feret_mm(mask, geometry), rel=1e-12)


@given(geometry=geometries(largest=9), seed=SEEDS, share=st.sampled_from((0.02, 0.2, 0.8)))
def test_longest_axial__equals_brute_force_on_any_grid(geometry, seed, share):
    mask = some_mask(seed, geometry.shape, share)
    expected = axial_by_hand_mm(mask, geometry)
    assert expected == pytest.approx(axial_diameters(mask, geometry).longest_mm, rel=1e-12)


@given(geometry=geometries(largest=7), seed=SEEDS, share=st.sampled_from((0.02, 0.2, 0.8)))
@settings(max_examples=40)
def test_perpendicular__equals_a_linear_programme_on_any_grid(geometry, seed, share):
    mask = some_mask(seed, geometry.shape, share)
    expected = perpendicular_by_hand_mm(mask, geometry)
    found = axial_diameters(mask, geometry)
    assert expected == pytest.approx(found.perpendicular_mm, rel=1e-9)
    assert found.perpendicular_mm <= found.longest_mm * (1 + 1e-9)


@given(seed=SEEDS)
def test_convex_polygon__has_the_vertices_of_qhull(seed):
    pixels = np.argwhere(some_mask(seed, (6, 7, 1), 0.3))[:, :2]
    corners = (pixels[:, None] + np.array(list(product((0, 1), repeat=2)))).reshape(-1, 2)
    hull = ConvexHull(corners)
    expected = {tuple(corner) for corner in corners[hull.vertices]}
    polygon = convex_polygon(pixels)
    assert expected == set(map(tuple, polygon.tolist()))
    assert len(polygon) == len(hull.vertices)
    x, y = polygon.T
    area = np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2
    assert hull.volume == pytest.approx(area)


def test_perpendicular__of_a_rectangle_is_taken_at_a_right_angle_to_its_diagonal():
    mask = np.zeros((9, 8, 7), np.bool_)
    mask[2:6, 2:5, 3] = True  # 4 by 3 mm
    found = axial_diameters(mask, isotropic(mask.shape))
    assert found.longest_mm == pytest.approx(5.0)
    assert found.perpendicular_mm == pytest.approx(3 * 5 / 4)  # from a corner to the longer side


def test_perpendicular__of_tied_slices_is_the_longest():
    mask = np.zeros((9, 8, 7), np.bool_)
    mask[1:8, 2, 1] = mask[1:8, 3, 2] = mask[1:8, 4, 4] = True
    mask[4, 2:5, 2] = True  # a cross: as long, and wider
    mask[1:8, 3, 2] = True
    expected = perpendicular_by_hand_mm(mask, isotropic(mask.shape))
    found = axial_diameters(mask, isotropic(mask.shape))
    assert found.longest_mm == pytest.approx(np.hypot(7, 1))
    assert expected == pytest.approx(found.perpendicular_mm)
    alone = np.where(np.arange(7) == 2, mask, False)
    assert axial_diameters(alone, isotropic(mask.shape)) == found


@given(axes=directions(sheared=True), spacing_mm=spacings(0.5, 2.0))
@settings(max_examples=8)
def test_diameters__of_a_set_large_enough_for_a_hull(axes, spacing_mm):
    matrix = np.eye(4)
    matrix[:3, :3] = axes * spacing_mm
    i, j, k = np.ogrid[-11:12, -12:13, -13:14]
    mask = (i / 10.3) ** 2 + (j / 11.2) ** 2 + (k / 12.1) ** 2 <= 1
    geometry = Geometry(mask.shape, matrix)
    surface = np.argwhere(mask & ~np.roll(mask, 1, 0) | mask & ~np.roll(mask, -1, 0))
    expected = corner_distance_mm(surface, geometry)
    assert expected == pytest.approx(feret_mm(mask, geometry), rel=1e-12)
    assert axial_by_hand_mm(mask, geometry) == pytest.approx(
        axial_diameters(mask, geometry).longest_mm
    )


def test_feret__large_set_in_one_oblique_plane_has_no_hull():
    i, j, k = np.ogrid[:31, :32, :62]
    mask = i + j == k
    assert np.count_nonzero(mask) > HULL_WORTH_POINTS
    rows = row_ends(mask, 0)
    assert len(rows) > HULL_WORTH_POINTS
    expected = np.linalg.norm((30 + 1, 31 + 1, 61 + 1))
    assert expected == pytest.approx(feret_mm(mask, isotropic(mask.shape)))


def test_diameters__one_voxel_is_its_own_diagonal():
    geometry = Geometry((4, 5, 6), np.diag([2.0, -3.0, 6.0, 1.0]))
    mask = np.zeros(geometry.shape, np.bool_)
    mask[1, 2, 3] = True
    assert pytest.approx(feret_mm(mask, geometry)) == 7.0
    assert np.hypot(2, 3) == pytest.approx(axial_diameters(mask, geometry).longest_mm)


def test_longest_axial__does_not_leave_its_slice():
    mask = np.zeros((7, 8, 9), np.bool_)
    mask[1, 1, 1] = mask[6, 7, 8] = True
    geometry = isotropic(mask.shape)
    assert np.sqrt(2) == pytest.approx(axial_diameters(mask, geometry).longest_mm)
    assert np.linalg.norm((6, 7, 8)) == pytest.approx(feret_mm(mask, geometry))


def test_longest_axial__wide_slice_does_not_hide_a_narrow_longer_one():
    i, j = np.ogrid[-12:13, -13:14]
    mask = np.zeros((25, 27, 4), np.bool_)
    mask[:, :, 1] = i**2 + j**2 <= 10**2  # its bounding box promises more than its 21 mm
    mask[12, 1:25, 2] = True
    assert axial_diameters(mask, isotropic(mask.shape)).longest_mm == pytest.approx(np.hypot(1, 24))


def test_longest_axial__is_in_the_axial_plane_of_a_sagittal_acquisition():
    mask = np.zeros((7, 8, 9), np.bool_)
    mask[2, 1:6, 3] = True  # five voxels along the array axis that runs head to foot
    swapped = np.eye(4)[[2, 0, 1, 3]]  # array axes run along A, S and R
    assert Geometry(mask.shape, swapped).axial_axis == 1
    found = axial_diameters(mask, Geometry(mask.shape, swapped))
    assert np.sqrt(2) == pytest.approx(found.longest_mm)


def test_feret__of_a_ball_lies_within_one_voxel_diagonal_of_its_diameter():
    radius_mm, spacing_mm = 21.0, 1.5
    ticks = spacing_mm * np.arange(-16, 17)
    x, y, z = np.meshgrid(ticks, ticks, ticks, indexing="ij", sparse=True)
    mask = x**2 + y**2 + z**2 <= radius_mm**2
    geometry = isotropic(mask.shape, spacing_mm)
    diagonal_mm = spacing_mm * np.sqrt(3)
    axial = axial_diameters(mask, geometry)
    for found_mm in (feret_mm(mask, geometry), axial.longest_mm, axial.perpendicular_mm):
        assert abs(found_mm - 2 * radius_mm) <= diagonal_mm


@given(seed=SEEDS, axis=st.integers(0, 2))
def test_row_ends__are_the_first_and_last_voxel_of_every_row(seed, axis):
    mask = some_mask(seed, (4, 5, 6), 0.3)
    rows = np.moveaxis(mask, axis, -1)
    expected = set()
    for row in np.argwhere(rows.any(axis=-1)):
        hits = np.flatnonzero(rows[tuple(row)])
        expected |= {tuple(np.insert(row, axis, hit)) for hit in (hits[0], hits[-1])}
    assert expected == set(map(tuple, row_ends(mask, axis)))


# Diameters of sets so small that no distance is near a millimetre


TINY = Geometry((4, 5, 6), np.diag([0.02, 0.03, 0.06, 1.0]))


def test_diameters__of_one_tiny_voxel():
    mask = np.zeros(TINY.shape, np.bool_)
    mask[1, 2, 3] = True
    found = axial_diameters(mask, TINY)
    assert feret_mm(mask, TINY) == pytest.approx(0.07)
    assert found.longest_mm == pytest.approx(np.hypot(0.02, 0.03))
    assert found.perpendicular_mm == pytest.approx(0.02 / 0.03 * np.hypot(0.02, 0.03))


def test_diameters__of_a_tiny_rod():
    mask = np.zeros(TINY.shape, np.bool_)
    mask[1, :, 3] = True
    assert feret_mm(mask, TINY) == pytest.approx(np.linalg.norm((0.02, 0.15, 0.06)))
    assert axial_diameters(mask, TINY).longest_mm == pytest.approx(np.hypot(0.02, 0.15))


# The 3-D diameter without what thick slices add: bounds are derived in its docstring


def edges_mm(geometry):
    """Voxel edges as columns, the two of a pixel first and the one from slice to slice last."""
    slices = geometry.axial_axis
    order = [axis for axis in range(3) if axis != slices]
    return geometry.affine_ras[:3, [*order, slices]]


def diagonal_mm(edges):
    """Longest diagonal of a cell that is spanned by the columns."""
    signs = np.array(list(product((-1, 1), repeat=edges.shape[1])))
    return float(np.linalg.norm(signs @ edges.T, axis=1).max())


def all_three(mask, geometry):
    axial = axial_diameters(mask, geometry).longest_mm
    return axial, slice_corrected_3d_mm(mask, geometry), feret_mm(mask, geometry)


@given(geometry=geometries(largest=8), seed=SEEDS, share=st.sampled_from((0.02, 0.2, 0.8)))
def test_slice_corrected__equals_brute_force_on_any_grid(geometry, seed, share):
    mask = some_mask(seed, geometry.shape, share)
    plane = tuple(axis for axis in range(3) if axis != geometry.axial_axis)
    expected = corner_distance_mm(np.argwhere(mask), geometry, plane)
    assert expected == pytest.approx(slice_corrected_3d_mm(mask, geometry), rel=1e-12)


@given(geometry=geometries(largest=9), seed=SEEDS, share=st.sampled_from((0.01, 0.1, 0.8)))
def test_diameters__axial_at_most_corrected_at_most_corners(geometry, seed, share):
    """And the corners add at most the edge from slice to slice."""
    axial, corrected, corners = all_three(some_mask(seed, geometry.shape, share), geometry)
    thick = np.linalg.norm(edges_mm(geometry)[:, 2])
    assert axial * (1 - 1e-12) <= corrected <= corners * (1 + 1e-12)
    assert corners <= corrected + thick + 1e-9


@given(geometry=geometries(largest=8), seed=SEEDS, order=st.permutations((0, 1, 2)))
def test_diameters__do_not_change_with_the_order_of_the_array_axes(geometry, seed, order):
    """The same voxels in the same world: only the array is laid out otherwise."""
    mask = some_mask(seed, geometry.shape, 0.2)
    turned = np.transpose(mask, order)
    columns = geometry.affine_ras[:, [*order, 3]]
    other = Geometry(turned.shape, columns)
    assert other.axial_axis == order.index(geometry.axial_axis)
    assert all_three(mask, geometry) == pytest.approx(all_three(turned, other), rel=1e-12)


@given(geometry=geometries(largest=8), seed=SEEDS)
def test_slice_corrected__of_one_slice_is_the_axial_one(geometry, seed):
    mask = some_mask(seed, geometry.shape, 0.3)
    level = np.argwhere(mask)[0, geometry.axial_axis]
    keep = np.zeros(mask.shape[geometry.axial_axis], np.bool_)
    keep[level] = True
    shape = [1, 1, 1]
    shape[geometry.axial_axis] = -1
    axial, corrected, _ = all_three(mask & keep.reshape(shape), geometry)
    assert axial == pytest.approx(corrected, rel=1e-12)


SPACINGS = ((0.8, 0.8, 5.0), (0.7, 0.9, 2.5), (1.0, 1.0, 1.0), (0.6, 0.6, 10.0), (1.5, 0.8, 3.0))


def body_grid(spacing_mm, shift_mm, directions=None, reach_mm=40.0):
    """A grid around the origin whose voxel centres lie shifted by part of a voxel."""
    turned = np.eye(3) if directions is None else directions
    edges = turned * np.array(spacing_mm)
    half = np.ceil(reach_mm / np.array(spacing_mm)).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = edges
    affine[:3, 3] = np.array(shift_mm) - edges @ half
    return Geometry(tuple(int(n) for n in 2 * half + 1), affine)


shifts = st.tuples(*[st.floats(-0.5, 0.5)] * 3)


@given(
    radius_mm=st.floats(8.0, 25.0),
    spacing_mm=st.sampled_from(SPACINGS),
    shift=shifts,
    turned=st.none() | directions(),
)
def test_ball__axial_and_corrected_lie_within_derived_bounds(radius_mm, spacing_mm, shift, turned):
    """Both at most a pixel's diagonal above the diameter, on upright and on oblique grids.

    Some slice lies within half a slice of the centre. Its disc has a radius of √(R² − s² / 4), and
    holds a pixel centre at most half a pixel's diagonal inside its rim on either side.
    """
    geometry = body_grid(spacing_mm, np.array(shift) * spacing_mm, turned, radius_mm + 12.0)
    mask = digitise(Ball(centre_mm=(0.0, 0.0, 0.0), radius_mm=radius_mm), geometry)
    axial, corrected, corners = all_three(mask, geometry)

    edges = edges_mm(geometry)
    pixel, voxel = diagonal_mm(edges[:, :2]), diagonal_mm(edges)
    thick = np.linalg.norm(edges[:, 2])
    assert 2 * np.sqrt(radius_mm**2 - thick**2 / 4) - pixel - 1e-9 <= axial
    assert axial <= corrected * (1 + 1e-12)
    assert 2 * radius_mm - voxel - thick - 1e-9 <= corrected <= 2 * radius_mm + pixel + 1e-9
    assert corners <= 2 * radius_mm + voxel + 1e-9


@given(
    radii_mm=st.tuples(*[st.floats(12.0, 24.0)] * 3),
    spacing_mm=st.sampled_from(SPACINGS),
    shift=shifts,
    turned=st.none() | directions(),
)
def test_ellipsoid__corrected_lies_within_derived_bounds(radii_mm, spacing_mm, shift, turned):
    """The smallest radius of curvature, b² / a ≥ 6 mm, is above half of every voxel's diagonal."""
    geometry = body_grid(spacing_mm, np.array(shift) * spacing_mm, turned, 36.0)
    body = Ellipsoid(centre_mm=(0.0, 0.0, 0.0), semi_axes_mm=radii_mm)
    axial, corrected, corners = all_three(digitise(body, geometry), geometry)

    edges, true_mm = edges_mm(geometry), 2 * max(radii_mm)
    voxel, pixel = diagonal_mm(edges), diagonal_mm(edges[:, :2])
    along = abs(edges[np.argmax(radii_mm), 2])
    assert axial <= corrected * (1 + 1e-12)
    assert true_mm - voxel - along - 1e-9 <= corrected <= true_mm + pixel + 1e-9
    assert corners <= true_mm + voxel + 1e-9


@given(shift=shifts)
def test_ball_of_28_mm__on_slices_of_5_mm_stays_below_30_mm(shift):
    """Corner to corner it may read more than 32 mm; a pixel's diagonal is 1.13 mm."""
    spacing_mm = (0.8, 0.8, 5.0)
    geometry = body_grid(spacing_mm, np.array(shift) * spacing_mm, reach_mm=20.0)
    mask = digitise(Ball(centre_mm=(0.0, 0.0, 0.0), radius_mm=14.0), geometry)
    axial, corrected, _ = all_three(mask, geometry)
    assert 2 * np.sqrt(14**2 - 2.5**2) - np.hypot(0.8, 0.8) <= axial <= corrected * (1 + 1e-12)
    assert corrected <= 29.14


def test_ball_of_28_mm__corner_to_corner_is_above_30_mm():
    mask_grid = body_grid((0.8, 0.8, 5.0), (0.0, 0.0, 2.5), reach_mm=20.0)
    mask = digitise(Ball(centre_mm=(0.0, 0.0, 0.0), radius_mm=14.0), mask_grid)
    assert feret_mm(mask, mask_grid) > 32.0
