"""Distances against every pair of voxel corners, and on sheared grids against least squares."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear
from scipy.spatial.distance import cdist

from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.quantity import Bound
from remnant.core.reasons import Cause, causes_of
from remnant.core.volumes import LabelMap
from remnant.testing.strategies import SEEDS, geometries
from volumetry.lesions.distances import (
    _cut_corners,
    lesion_distances,
    surface_corners,
)
from volumetry.liver_maps import cut_faces, liver_maps, tally
from volumetry.surfaces import NO_FACES

ALL_CORNERS = np.array(list(product((0, 1), repeat=3)))


def corners_of(mask):
    return np.unique((np.argwhere(mask)[:, None] + ALL_CORNERS).reshape(-1, 3), axis=0)


def gap_mm(ones, others, geometry):
    """Shortest distance between corners of two masks; infinite when one is empty."""
    if not (ones.any() and others.any()):
        return np.inf
    vectors = geometry.affine_ras[:3, :3].T
    return cdist(corners_of(ones) @ vectors, corners_of(others) @ vectors).min()


def measured(structures, lesions, geometry, *, whole_liver=False):
    maps = liver_maps(
        LabelMap(structures, geometry, STRUCTURE_SCHEME),
        LabelMap(lesions, geometry, INSTANCE_SCHEME),
        None,
    )
    counted = tally(maps, whole_liver=whole_liver)
    boxes = {
        int(code): tuple(
            slice(int(side.min()), int(side.max()) + 1) for side in np.nonzero(maps.lesions == code)
        )
        for code in np.unique(maps.lesions[maps.lesions > 0])
    }
    return lesion_distances(maps, boxes, cut=cut_faces(maps, counted))


def random_maps(seed, shape):
    """Ragged liver inside the grid, or reaching its faces; small lesions; rare vessels."""
    rng = np.random.default_rng(seed)
    liver = np.ones(shape, np.bool_)
    if rng.random() < 0.5:
        liver = np.pad(np.ones([n - 2 for n in shape], np.bool_), 1)
    liver &= rng.random(shape) < rng.choice([0.9, 0.98, 1.0])
    liver[tuple(n // 2 for n in shape)] = True
    structures = liver * rng.choice([1, 1, 1, 1, 1, 1, 3, 4], shape).astype(np.uint8)
    lesions = np.zeros(shape, np.uint16)
    for code, where in zip((1, 2, 7), rng.permutation(np.argwhere(liver)), strict=False):
        low = np.maximum(where - rng.integers(0, 2, 3), 0)
        lesions[tuple(slice(a, b + 1) for a, b in zip(low, where, strict=True))] = code
    if rng.random() < 0.5:  # no vessel within lesions, so that some distances are not 0
        structures[(lesions > 0) & liver] = Structure.LESION
    return structures, lesions


@given(geometry=geometries(sheared=False, largest=11), seed=SEEDS)
def test_distances__equal_brute_force_on_any_right_angled_grid(geometry, seed):
    structures, lesions = random_maps(seed, geometry.shape)
    liver = structures > 0
    beyond = np.pad(~liver, 1)  # what lies beyond the grid is no surface
    for code, found in measured(structures, lesions, geometry).items():
        lesion = (lesions == code) & liver
        expected = gap_mm(np.pad(lesion, 1), beyond, geometry)
        assert expected == pytest.approx(value(found.surface_mm), rel=1e-12)
        portal = gap_mm(lesion, structures == Structure.PORTAL_VEIN, geometry)
        assert portal == pytest.approx(value(found.portal_vein_mm), rel=1e-12)
        hepatic = gap_mm(lesion, structures == Structure.HEPATIC_VEINS, geometry)
        assert hepatic == pytest.approx(value(found.hepatic_veins_mm), rel=1e-12)


def value(quantity):
    return np.inf if quantity.value is None else quantity.value


@given(geometry=geometries(sheared=False, largest=9), seed=SEEDS)
def test_distances__are_upper_bounds_where_the_cut_is_nearer(geometry, seed):
    structures, lesions = random_maps(seed, geometry.shape)
    outside = np.pad(np.zeros(geometry.shape, np.bool_), 1, constant_values=True)
    padded = np.pad(structures > 0, 1)
    shared = corners_of(outside)[:, None] == corners_of(padded)[None]
    cut = corners_of(padded)[shared.all(axis=2).any(axis=0)]
    vectors = geometry.affine_ras[:3, :3].T
    for code, found in measured(structures, lesions, geometry).items():
        lesion = corners_of(np.pad((lesions == code) & (structures > 0), 1))
        edge_mm = cdist(lesion @ vectors, cut @ vectors).min() if len(cut) else np.inf
        for quantity in (found.surface_mm, found.portal_vein_mm, found.hepatic_veins_mm):
            nearer = edge_mm < value(quantity) * (1 - 1e-9) and quantity.value is not None
            assert (Bound.UPPER if nearer else None) is quantity.bound
            if nearer:
                assert causes_of(quantity.reasons) == (Cause.SCAN_EDGE_NEARER,)


@given(geometry=geometries(sheared=True, largest=6), seed=SEEDS)
@settings(max_examples=30)
def test_distances__on_a_sheared_grid_are_too_long_by_a_voxel_diagonal_at_most(geometry, seed):
    rng = np.random.default_rng(seed)
    structures = np.ones(geometry.shape, np.uint8)
    lesions = np.zeros(geometry.shape, np.uint16)
    one, other = rng.permutation(np.argwhere(structures))[:2]
    lesions[tuple(one)], structures[tuple(other)] = 1, Structure.PORTAL_VEIN
    vectors = geometry.affine_ras[:3, :3]
    # nearest points of the two blocks: |V (x + one - y - other)| with x and y in the unit cube
    spans = np.hstack([vectors, -vectors])
    nearest = lsq_linear(spans, vectors @ (other - one), bounds=(0, 1), method="bvls")
    least = np.sqrt(2 * nearest.cost)
    diagonals = np.linalg.norm((ALL_CORNERS - 0.5) * 2 @ vectors.T, axis=1)
    found = measured(structures, lesions, geometry)[1].portal_vein_mm.value
    assert least - 1e-3 <= found <= least + diagonals.max() + 1e-3


@given(seed=SEEDS, sides=st.tuples(*[st.tuples(st.booleans(), st.booleans())] * 3))
def test_surface_corners__touch_voxels_inside_and_outside(seed, sides):
    mask = np.random.default_rng(seed).random((4, 5, 6)) < 0.6
    found = set(map(tuple, surface_corners(mask, cut=sides).tolist()))
    widths = [(1, 1)] * 3
    inside = np.pad(mask, widths)
    known = np.ones_like(inside)
    for axis, goes_on in enumerate(sides):
        for does, end in zip(goes_on, (0, -1), strict=True):
            if does:
                np.moveaxis(known, axis, 0)[end] = False
    expected = {
        corner
        for corner in product(range(5), range(6), range(7))
        if len(set(around(inside, corner)[around(known, corner)].tolist())) > 1
    }
    assert expected == found


def around(padded, corner):
    return padded[tuple(slice(c, c + 2) for c in corner)]


@pytest.mark.parametrize("order", ["C", "F"])
def test_surface_corners__do_not_depend_on_memory_order_or_slabs(monkeypatch, order):
    mask = np.asarray(np.random.default_rng(3).random((9, 8, 7)) < 0.7, order=order)
    whole = sorted(map(tuple, surface_corners(mask).tolist()))
    monkeypatch.setattr("volumetry.lesions.distances.BLOCK_VOXELS", 60)
    assert whole == sorted(map(tuple, surface_corners(mask).tolist()))


BLOCK = Geometry((9, 10, 11), np.diag([2.0, 3.0, 4.0, 1.0]))


def block_maps(*, start=1, stop=8):
    structures, lesions = np.zeros(BLOCK.shape, np.uint8), np.zeros(BLOCK.shape, np.uint16)
    structures[start:stop, 1:9, 1:10] = 1
    lesions[4, 4, 4] = 5
    return structures, lesions


def test_distances__touching_is_zero():
    structures, lesions = block_maps()
    lesions[4, 1, 4] = 5
    structures[5, 5, 5] = Structure.PORTAL_VEIN  # shares one corner
    found = measured(structures, lesions, BLOCK)[5]
    assert (found.surface_mm.value, found.portal_vein_mm.value) == (0.0, 0.0)
    assert found.surface_mm.bound is None


def test_distances__touching_by_one_corner_is_zero_on_grids_at_any_angle():
    structures, lesions = np.ones(BLOCK.shape, np.uint8), np.zeros(BLOCK.shape, np.uint16)
    lesions[3, 4, 5], structures[4, 5, 6] = 1, Structure.PORTAL_VEIN
    rng = np.random.default_rng(31)
    for _ in range(100):  # rounding, other at every angle, may rule out every corner at once
        affine_ras = np.eye(4)
        affine_ras[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] * (2.0, 3.0, 4.0)
        found = measured(structures, lesions, Geometry(BLOCK.shape, affine_ras))[1]
        assert found.portal_vein_mm.value == 0.0


def test_distances__to_the_nearest_face_of_a_block():
    found = measured(*block_maps(), BLOCK)[5]
    assert found.surface_mm.value == pytest.approx(3 * 2.0)
    assert causes_of(found.portal_vein_mm.reasons) == (Cause.NO_PORTAL_VEIN,)
    assert causes_of(found.hepatic_veins_mm.reasons) == (Cause.NO_HEPATIC_VEINS,)


def test_distances__vessel_within_a_lesion_is_touched():
    structures, lesions = block_maps()
    lesions[2:7, 2:8, 2:9] = 5
    structures[4, 5, 5] = Structure.HEPATIC_VEINS
    assert measured(structures, lesions, BLOCK)[5].hepatic_veins_mm.value == 0.0


def test_distances__cut_face_is_no_surface_but_makes_a_bound():
    structures, lesions = block_maps(start=0)
    lesions[:] = 0
    lesions[1, 4, 4] = 5
    found = measured(structures, lesions, BLOCK)[5].surface_mm
    assert found.value == pytest.approx(3 * 3.0)
    assert found.bound is Bound.UPPER
    vouched = measured(structures, lesions, BLOCK, whole_liver=True)[5].surface_mm
    assert (vouched.value, vouched.bound) == (2.0, None)


def test_distances__liver_that_fills_the_scan_shows_no_surface():
    full = np.ones(BLOCK.shape, np.uint8)
    found = measured(full, block_maps()[1], BLOCK)[5].surface_mm
    assert (found.value, causes_of(found.reasons)) == (None, (Cause.NO_LIVER_SURFACE,))


def test_distances__of_no_lesion():
    assert measured(block_maps()[0], np.zeros(BLOCK.shape, np.uint16), BLOCK) == {}


# Where a distance is exact although the scan cuts the liver, and which corners a cut face has


GRID = Geometry((20, 21, 22), np.diag([1.0, 2.0, 3.0, 1.0]))


def distance_of(layer):
    """Liver from layer 0, where the scan cuts it, to 17; one voxel of lesion in a layer of it."""
    liver, lesions = np.zeros(GRID.shape, np.uint8), np.zeros(GRID.shape, np.uint16)
    liver[:18, 1:-1, 1:-1] = 1
    lesions[layer, 10, 10] = 1
    maps = liver_maps(
        LabelMap(liver, GRID, STRUCTURE_SCHEME), LabelMap(lesions, GRID, INSTANCE_SCHEME), None
    )
    box = tuple(slice(int(side[0]), int(side[0]) + 1) for side in np.nonzero(maps.lesions))
    found = lesion_distances(maps, {1: box}, cut=cut_faces(maps, tally(maps)))[1]
    return found.surface_mm


@pytest.mark.parametrize(
    ("layer", "expected_mm", "bound"),
    [
        (16, 1.0, None),
        (12, 5.0, None),
        (9, 8.0, None),
        (8, 9.0, Bound.UPPER),
        (1, 16.0, Bound.UPPER),
    ],
)
def test_distances__exact_where_the_surface_is_nearer_than_the_cut(layer, expected_mm, bound):
    found = distance_of(layer)
    assert (expected_mm, bound) == (pytest.approx(found.value), found.bound)


@pytest.mark.parametrize("seed", range(6))
def test_cut_corners__are_those_of_every_voxel_on_the_cut_faces(seed):
    rng = np.random.default_rng(seed)
    liver = rng.random((4, 5, 6)) < 0.3
    cut = tuple(tuple(bool(side) for side in pair) for pair in rng.integers(0, 2, (3, 2)))
    expected = set()
    for place in np.argwhere(liver):
        for axis, end in product(range(3), (0, 1)):
            if cut[axis][end] and place[axis] == end * (liver.shape[axis] - 1):
                for step in product((0, 1), repeat=3):
                    if step[axis] == end:
                        expected.add(tuple((place + step).tolist()))
    assert expected == set(map(tuple, _cut_corners(liver, cut).tolist()))


def test_cut_corners__none_without_a_cut():
    assert len(_cut_corners(np.ones((2, 3, 4), np.bool_), NO_FACES)) == 0
