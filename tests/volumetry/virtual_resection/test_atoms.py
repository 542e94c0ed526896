"""Atoms against a count of every voxel by itself, and against balls."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.plan_choice import AblationShape, PlanChoice
from remnant.testing.grids import half_voxel_diagonal_mm
from remnant.testing.phantom_shapes import Ball, digitise
from remnant.testing.strategies import SEEDS, geometries, grids_around
from volumetry.liver_maps import LiverMaps
from volumetry.virtual_resection.ablation_zones import _ball_of_cells, _Kernel, cover
from volumetry.virtual_resection.atoms import build_atoms, margin_allowance_mm
from volumetry.virtual_resection.zones import lesion_crop

WHOLE = (slice(None),) * 3
SAME = 1.0 + 1e-5
LESIONS = (1, 2, 4)


def maps_of(geometry, liver, lesions, segments):
    box = tuple(slice(0, n) for n in geometry.shape)
    return LiverMaps(geometry, box, liver, lesions, segments, liver.astype(np.uint8))


def random_maps(geometry, seed):
    """Liver with holes, four block lesions of which the third does not count, any segments."""
    rng = np.random.default_rng(seed)
    liver = rng.random(geometry.shape) < 0.9
    lesions = np.zeros(geometry.shape, np.uint16)
    for code in range(1, 5):
        start = rng.integers(0, geometry.shape)
        stop = start + rng.integers(1, 4, 3)
        lesions[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = code
    segments = rng.integers(0, 9, geometry.shape).astype(np.uint8)
    return maps_of(geometry, liver, lesions * liver, segments)


def choices():
    margin = st.floats(0.0, 12.0)
    return st.builds(
        PlanChoice,
        resection_margin_mm=margin,
        ablation_margin_mm=margin,
        ablation_shape=st.sampled_from(AblationShape),
        largest_zone_mm=st.floats(10.0, 60.0),
    )


def distances_mm(maps, lesion):
    """Distance of every voxel to the nearest voxel of a lesion, one pair after the other."""
    places = maps.geometry.ras_from_index(np.argwhere(np.ones(maps.liver.shape)))
    of_lesion = places[(maps.lesions == lesion).ravel()]
    if not len(of_lesion):
        return np.full(len(places), np.inf)
    return np.linalg.norm(places[:, None] - of_lesion, axis=2).min(axis=1)


@given(geometry=geometries(largest=9), seed=SEEDS, choice=choices())
@settings(max_examples=60, deadline=None)
def test_build_atoms__every_voxel_by_itself(geometry, seed, choice):
    maps = random_maps(geometry, seed)
    made = build_atoms(maps, lesion_ids=LESIONS, choice=choice)
    functional = (maps.liver & ~np.isin(maps.lesions, LESIONS)).ravel()
    for lesion, margin, zone in zip(LESIONS, made.resection, made.ablation, strict=True):
        away = distances_mm(maps, lesion)
        margin_mm, ablated_mm = (
            chosen_mm + margin_allowance_mm(geometry) * (chosen_mm > 0)
            for chosen_mm in (choice.resection_margin_mm, choice.ablation_margin_mm)
        )
        surely, perhaps, held = (
            set(np.flatnonzero(functional & (away <= distance_mm)).tolist())
            for distance_mm in (
                margin_mm,
                margin_mm * SAME,
                ablated_mm,
            )
        )
        assert surely <= set(margin.tolist()) <= perhaps
        assert held <= set(zone.tolist()) <= set(np.flatnonzero(functional).tolist())
    members = [set(part.tolist()) for part in (*made.resection, *made.ablation)]
    expected = Counter(
        (int(maps.segments.ravel()[voxel]), *(voxel in part for part in members))
        for voxel in np.flatnonzero(functional)
    )
    atoms = made.atoms
    inside = np.hstack([atoms.resection.toarray(), atoms.ablation.toarray()])
    cells = zip(atoms.segment.tolist(), inside.tolist(), atoms.voxels.tolist(), strict=True)
    assert dict(expected) == {(segment, *row): voxels for segment, row, voxels in cells}
    assert len(expected) == len(atoms.voxels)


@given(geometry=geometries(largest=9), seed=SEEDS, choice=choices())
@settings(max_examples=30, deadline=None)
def test_build_atoms__tables_count_liver_and_tumour(geometry, seed, choice):
    maps = random_maps(geometry, seed)
    atoms = build_atoms(maps, lesion_ids=LESIONS, choice=choice).atoms
    tumour = np.isin(maps.lesions, LESIONS)
    assert (maps.liver & ~tumour).sum() == atoms.voxels.sum()
    assert (atoms.voxels > 0).all()
    for lesion, row in zip(LESIONS, atoms.lesion_voxels, strict=True):
        held = maps.segments[maps.lesions == lesion]
        assert np.bincount(held, minlength=9).tolist() == row.tolist()
    assert geometry.voxel_volume_ml == atoms.voxel_ml
    assert (atoms.ablation_zones >= 1).all()


@given(data=st.data(), radius_mm=st.floats(5.0, 12.0), margin_mm=st.floats(2.0, 8.0))
@settings(max_examples=25, deadline=None)
def test_margin_of_a_ball__is_a_shell(data, radius_mm, margin_mm):
    """A voxel within R + m - 2h has the voxel at depth h behind it within m: h is half a voxel.

    And none farther than R + m and the allowance for voxel centres is taken.
    """
    outer = Ball((3.0, -2.0, 1.0), radius_mm + margin_mm)
    geometry = data.draw(grids_around(outer.box_mm, low_mm=1.2, high_mm=3.0))
    half = half_voxel_diagonal_mm(geometry)
    lesion = digitise(Ball(outer.centre_mm, radius_mm), geometry)
    maps = maps_of(geometry, np.ones(geometry.shape, bool), lesion.astype(np.uint8), None)
    choice = PlanChoice(resection_margin_mm=margin_mm, ablation_margin_mm=margin_mm)
    made = build_atoms(maps, lesion_ids=(1,), choice=choice)
    taken = lesion.ravel().copy()
    taken[made.resection[0]] = True
    least = digitise(Ball(outer.centre_mm, max(0.0, radius_mm + margin_mm - 2 * half)), geometry)
    farthest_mm = radius_mm + margin_mm + margin_allowance_mm(geometry)
    most = digitise(Ball(outer.centre_mm, farthest_mm * SAME), geometry)
    assert (least.ravel() <= taken).all()
    assert (taken <= most.ravel()).all()
    assert {0} == set(made.atoms.segment.tolist())


@pytest.mark.parametrize("edges_mm", [(0.8, 0.8, 1.0), (0.8, 0.8, 5.0), (1.0, 1.0, 3.0)])
def test_margins_of_balls__are_right_on_average(edges_mm):
    """Shells of balls of 8 mm somewhere on the grid, against 4/3 pi ((R + m)^3 - R^3)."""
    rng = np.random.default_rng(3)
    taken_ml, true_ml = 0.0, 0.0
    for _ in range(6):
        shape = tuple(int(n) for n in np.ceil(32.0 / np.array(edges_mm)))
        geometry = Geometry(shape, np.diag([*edges_mm, 1.0]))
        centre = tuple(float(x) for x in 15.5 + rng.uniform(-0.5, 0.5, 3) * edges_mm)
        lesion = digitise(Ball(centre, 8.0), geometry).astype(np.uint8)
        maps = maps_of(geometry, np.ones(geometry.shape, bool), lesion, None)
        choice = PlanChoice(resection_margin_mm=5.0, ablation_margin_mm=5.0)
        made = build_atoms(maps, lesion_ids=(1,), choice=choice)
        taken_ml += len(made.resection[0]) * geometry.voxel_volume_ml
        true_ml += 4.0 / 3.0 * np.pi * (13.0**3 - 8.0**3) / 1000.0
    assert pytest.approx(true_ml, rel=0.08) == taken_ml


@pytest.mark.parametrize("margin_mm", [4.0, 7.0])
def test_sphere_around_a_ball__has_its_radius_plus_the_margin(margin_mm):
    geometry = Geometry((31, 33, 35), np.diag([1.0, 1.0, 1.0, 1.0]))
    ball = Ball((15.0, 16.0, 17.0), 6.0)
    lesion = digitise(ball, geometry)
    maps = maps_of(geometry, np.ones(geometry.shape, bool), lesion.astype(np.uint8), None)
    choice = PlanChoice(ablation_margin_mm=margin_mm)
    made = build_atoms(maps, lesion_ids=(1,), choice=choice)
    zone = lesion.ravel().copy()
    zone[made.ablation[0]] = True
    assert (digitise(Ball(ball.centre_mm, 5.9 + margin_mm), geometry).ravel() <= zone).all()
    assert (zone <= digitise(Ball(ball.centre_mm, 6.2 + margin_mm), geometry).ravel()).all()
    assert made.atoms.ablation_zones.tolist() == [1]


def long_lesion(length=41):
    """A rod along the second axis, 3 voxels thick, in a block of 1 mm voxels."""
    geometry = Geometry((29, length + 24, 31), np.eye(4))
    lesion = np.zeros(geometry.shape, np.uint8)
    lesion[13:16, 12 : 12 + length, 14:17] = 1
    return maps_of(geometry, np.ones(geometry.shape, bool), lesion, None)


def zone_voxels(maps, shape, **changes):
    choice = PlanChoice(ablation_shape=shape, ablation_margin_mm=5.0, **changes)
    made = build_atoms(maps, lesion_ids=(1,), choice=choice)
    return len(made.ablation[0]), int(made.atoms.ablation_zones[0])


def test_ablation_shapes__the_closer_the_form_the_less_liver():
    maps = long_lesion()
    wide = {"largest_zone_mm": 100.0}
    conformal, ellipsoid, sphere = (
        zone_voxels(maps, shape, **wide)
        for shape in (AblationShape.CONFORMAL, AblationShape.ELLIPSOID, AblationShape.SPHERE)
    )
    assert (1, 1, 1) == (conformal[1], ellipsoid[1], sphere[1])
    assert conformal[0] < ellipsoid[0] < sphere[0]


def test_largest_zone__longer_rods_take_more_overlapping_balls():
    counts = [
        zone_voxels(long_lesion(length), AblationShape.SPHERE, largest_zone_mm=24.0)[1]
        for length in (8, 21, 41, 61)
    ]
    # a ball of 24 mm covers at most 24 mm of the rod's length and its 2 x 5 mm of margin, and
    # surely as much as fits in it of a rod 14 mm thick
    surely_mm = 2.0 * np.sqrt(12.0**2 - 7.0**2)
    lengths_mm = np.array([8, 21, 41, 61]) - 1 + 10
    assert 1 == counts[0]
    assert (np.ceil(lengths_mm / 24.0) <= counts).all()
    assert (counts <= np.ceil(lengths_mm / surely_mm) + 1).all()
    assert sorted(counts) == counts


@pytest.mark.parametrize("shape", AblationShape)
def test_one_voxel_without_a_margin__costs_no_liver(shape):
    geometry = Geometry((7, 8, 9), np.eye(4))
    lesion = np.zeros(geometry.shape, np.uint8)
    lesion[3, 4, 5] = 1
    maps = maps_of(geometry, np.ones(geometry.shape, bool), lesion, None)
    choice = PlanChoice(resection_margin_mm=0.0, ablation_margin_mm=0.0, ablation_shape=shape)
    made = build_atoms(maps, lesion_ids=(1,), choice=choice)
    assert 0 == len(made.resection[0]) == len(made.ablation[0])
    assert [1] == made.atoms.ablation_zones.tolist()


def test_conformal_zone__keeps_its_form_and_counts_the_balls():
    small, wide = 24.0, 100.0
    parts = zone_voxels(long_lesion(), AblationShape.CONFORMAL, largest_zone_mm=small)
    whole = zone_voxels(long_lesion(), AblationShape.CONFORMAL, largest_zone_mm=wide)
    assert parts[0] == whole[0]
    assert parts[1] > whole[1] == 1


@given(seed=SEEDS, width_mm=st.floats(10.0, 90.0), radius_mm=st.floats(5.0, 25.0))
@settings(max_examples=30, deadline=None)
def test_cover__holds_every_place(seed, width_mm, radius_mm):
    places = np.random.default_rng(seed).uniform(-width_mm, width_mm, (400, 3)) / 2.0
    centres = cover(places, radius_mm)
    away = np.linalg.norm(places[:, None] - centres, axis=2)
    assert (away.min(axis=1) <= radius_mm * (1.0 + 1e-9)).all()
    assert len(centres) <= len(places)


@pytest.mark.parametrize("size", [(5, 9, 30), (40, 33, 27), (1, 1, 1)])
def test_ball_of_cells__around_every_cell_equals_convolution(size):
    counts = np.random.default_rng(5).integers(0, 50, size).astype(float)
    expected = fftconvolve(counts, _ball_of_cells(8), mode="same")

    np.testing.assert_allclose(_Kernel.of(8, size).convolved(counts), expected, atol=1e-8)


def test_cover__one_ball_where_one_is_enough():
    assert 1 == len(cover(np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]), 20.0))


def test_lesion_without_a_voxel__has_no_margin_and_no_zone():
    maps = long_lesion()
    made = build_atoms(maps, lesion_ids=(1, 7), choice=PlanChoice())
    assert 0 == len(made.resection[1]) == len(made.ablation[1])
    assert 0 == made.atoms.lesion_voxels[1].sum()


def test_no_lesions__one_atom_for_each_segment():
    geometry = Geometry((4, 5, 6), np.eye(4))
    segments = np.arange(120).reshape(4, 5, 6) % 3
    maps = maps_of(geometry, np.ones((4, 5, 6), bool), np.zeros((4, 5, 6), np.uint8), segments)
    atoms = build_atoms(maps, lesion_ids=(), choice=PlanChoice()).atoms
    assert [0, 1, 2] == atoms.segment.tolist()
    assert [40, 40, 40] == atoms.voxels.tolist()
    assert (3, 0) == atoms.resection.shape == atoms.ablation.shape


def test_liver_of_tumour_alone__has_no_atoms():
    geometry = Geometry((4, 5, 6), np.eye(4))
    maps = maps_of(geometry, np.ones((4, 5, 6), bool), np.ones((4, 5, 6), np.uint8), None)
    atoms = build_atoms(maps, lesion_ids=(1,), choice=PlanChoice()).atoms
    assert 0 == len(atoms.voxels) == len(atoms.segment)
    assert (0, 1) == atoms.resection.shape
    assert 120 == atoms.lesion_voxels.sum()


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order__changes_nothing(order):
    maps = random_maps(Geometry((7, 8, 9), np.diag([2.0, 1.0, 3.0, 1.0])), 5)
    stored = maps_of(
        maps.geometry,
        *(np.array(a, order=order) for a in (maps.liver, maps.lesions, maps.segments)),
    )
    first, second = (
        build_atoms(m, lesion_ids=LESIONS, choice=PlanChoice()) for m in (maps, stored)
    )
    for a, b in zip(
        first.ablation + first.resection, second.ablation + second.resection, strict=True
    ):
        assert a.tolist() == b.tolist()
    assert first.atoms.voxels.tolist() == second.atoms.voxels.tolist()


def test_sheared_grid__same_as_the_tree_on_an_upright_one(monkeypatch):
    maps = random_maps(Geometry((9, 8, 7), np.diag([2.0, 1.5, 3.0, 1.0])), 11)
    expected = build_atoms(maps, lesion_ids=LESIONS, choice=PlanChoice())
    monkeypatch.setattr("volumetry.virtual_resection.zones.PERPENDICULAR", -1.0)
    got = build_atoms(maps, lesion_ids=LESIONS, choice=PlanChoice())
    for a, b in zip(expected.resection, got.resection, strict=True):
        assert a.tolist() == b.tolist()


def test_crop__its_own_voxels_are_not_near_it():
    maps = long_lesion()
    box = (slice(13, 16), slice(12, 53), slice(14, 17))
    crop = lesion_crop(
        maps.lesions, 1, box, functional=maps.liver, edges_mm=np.eye(3), reach_mm=2.0
    )
    assert 0 == crop.within(0.0).sum()
    assert 2 * (3 * 41 * 2 + 3 * 3) == crop.within(1.0).sum()


@pytest.mark.parametrize("ids", [(2, 1), (1, 1), (0, 1)])
def test_ids__must_rise_from_1(ids):
    with pytest.raises(InputError, match="allowed are positive ids, ascending"):
        build_atoms(long_lesion(), lesion_ids=ids, choice=PlanChoice())
