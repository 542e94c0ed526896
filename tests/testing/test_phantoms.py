import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment, Structure
from remnant.core.volumes import Modality
from remnant.testing.cells import CutEllipsoid, VerticalPlane, disc_polygon_areas, plane_through
from remnant.testing.grids import grid_around
from remnant.testing.liver import analytic_liver
from remnant.testing.phantom_shapes import Ellipsoid, Group, digitise, discretisation_interval_ml
from remnant.testing.phantoms import (
    Contact,
    ball,
    body_grid,
    box,
    ellipsoid,
    liver_phantom,
    slab,
    touching_balls,
)
from remnant.testing.strategies import grids_around

SAMPLES = 400_000


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom()


def points_in_box(box_mm, samples=SAMPLES, seed=11):
    return np.random.default_rng(seed).uniform(*np.array(box_mm), size=(samples, 3))


def test_liver__exact_volume_is_the_ellipsoid():
    assert liver_phantom(body_grid(spacing_mm=(9.0, 8.0, 7.0))).tlv_ml == pytest.approx(
        4e-3 / 3 * np.pi * 95 * 62 * 68
    )


@given(data=st.data(), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_liver_phantom__digitised_volumes_lie_in_their_bounds_on_every_grid(data, seed):
    scale = 0.5
    whole = analytic_liver(scale).whole
    grid = data.draw(grids_around(whole.box_mm, low_mm=1.5, margin_mm=1.0))
    phantom = liver_phantom(grid, metastases=3, seed=seed, scale=scale, noise_hu=0.0)
    voxel_ml = grid.voxel_volume_ml

    def check(body, mask):
        low, high = discretisation_interval_ml(body, grid)
        assert low <= mask.sum() * voxel_ml <= high

    check(whole, phantom.structures.mask())
    for index, body in enumerate(phantom.metastases, start=1):
        check(body, phantom.lesions.mask(index))
    for segment, cell in phantom.liver.segments.items():
        check(cell, phantom.couinaud.mask(segment))


def test_segments__sum_to_the_whole(phantom):
    assert set(CouinaudSegment) == set(phantom.segments_ml)
    assert sum(phantom.segments_ml.values()) == pytest.approx(phantom.tlv_ml, rel=1e-7)


def test_segments__exact_volumes_agree_with_monte_carlo(phantom):
    low, high = np.array(phantom.liver.whole.box_mm)
    points = points_in_box(phantom.liver.whole.box_mm)
    codes = phantom.liver.segment_codes(points)
    box_ml = np.prod(high - low) / 1000.0
    for segment, volume_ml in phantom.segments_ml.items():
        share = (codes == segment).mean()
        error_ml = box_ml * np.sqrt(share * (1 - share) / SAMPLES)
        assert abs(share * box_ml - volume_ml) <= 4.0 * error_ml, segment


def test_segments__cells_part_the_liver_without_gap_or_overlap(phantom):
    points = points_in_box(phantom.liver.whole.box_mm, 50_000)
    cells = sum(cell.contains(points).astype(int) for cell in phantom.liver.segments.values())

    np.testing.assert_array_equal(cells, phantom.liver.whole.contains(points).astype(int))


def test_segments__lie_where_anatomy_has_them(phantom):
    points = points_in_box(phantom.liver.whole.box_mm, 50_000)
    codes = phantom.liver.segment_codes(points)
    right, front, up = (
        {s: points[codes == s][:, axis].mean() for s in CouinaudSegment} for axis in range(3)
    )
    s = CouinaudSegment

    assert min(right[s.V], right[s.VI], right[s.VII], right[s.VIII]) > right[s.IV]
    assert right[s.IV] > max(right[s.II], right[s.III])
    assert min(front[s.V], front[s.VIII]) > max(front[s.VI], front[s.VII])
    assert up[s.II] > up[s.III]
    assert up[s.VIII] > up[s.V]
    assert up[s.VII] > up[s.VI]
    assert front[s.I] < front[s.IV]


def test_landmarks__planes_are_the_cuts(phantom):
    """Classifying by the landmarks alone gives the phantom's sectors, segment I apart."""
    marks = phantom.landmarks
    points = points_in_box(phantom.liver.whole.box_mm, 50_000)
    codes = phantom.liver.segment_codes(points)
    inside = codes > 0

    def is_right_of(end):
        x, y = np.subtract(end, marks.ivc)[:2]
        return (points[:, 0] - marks.ivc[0]) * y - (points[:, 1] - marks.ivc[1]) * x > 0

    right = is_right_of(marks.gallbladder_fossa)
    upper = points[:, 2] > marks.portal_bifurcation[2]
    posterior = is_right_of(marks.right_hepatic_vein)
    lateral = ~is_right_of(marks.umbilical_fissure)
    expected = np.where(
        right,
        np.where(posterior, np.where(upper, 7, 6), np.where(upper, 8, 5)),
        np.where(lateral, np.where(upper, 2, 3), 4),
    )
    compared = inside & (codes != CouinaudSegment.I)

    np.testing.assert_array_equal(expected[compared], codes[compared])
    assert set(expected[codes == CouinaudSegment.I]) == {4}
    cantlie = plane_through(marks.ivc, marks.gallbladder_fossa)
    assert cantlie.depth_mm(np.array(marks.middle_hepatic_vein)) == pytest.approx(0.0, abs=1e-9)


def test_label_maps__agree_with_each_other(phantom):
    structures, lesions, couinaud = (
        phantom.structures.codes, phantom.lesions.codes, phantom.couinaud.codes,
    )  # fmt: skip

    np.testing.assert_array_equal(lesions > 0, structures == Structure.LESION)
    np.testing.assert_array_equal(couinaud > 0, structures > 0)
    np.testing.assert_array_equal(phantom.liver_mask.codes > 0, structures > 0)
    assert set(range(5)) == set(np.unique(structures))


def test_lesions__are_disjoint_inside_and_sorted(phantom):
    points = points_in_box(phantom.liver.whole.box_mm, 200_000)
    holders = sum(body.contains(points).astype(int) for body in phantom.metastases)
    volumes = list(phantom.lesions_ml.values())

    assert holders.max() == 1
    assert phantom.liver.whole.contains(points[holders > 0]).all()
    assert volumes == sorted(volumes, reverse=True)
    assert list(range(1, 6)) == list(phantom.lesions_ml)
    assert phantom.tumour_ml == pytest.approx(Group(phantom.metastases).volume_ml)
    assert phantom.burden_fraction == pytest.approx(sum(volumes) / phantom.tlv_ml)


@given(seed=st.integers(0, 2**32 - 1), number=st.integers(0, 8))
def test_lesions__keep_their_distance_for_every_seed(seed, number):
    grid = body_grid(spacing_mm=(30.0, 31.0, 32.0))
    bodies = liver_phantom(grid, metastases=number, seed=seed).metastases

    assert number == len(bodies)
    for i, first in enumerate(bodies):
        for second in bodies[:i]:
            apart_mm = np.linalg.norm(np.subtract(first.centre_mm, second.centre_mm))
            assert apart_mm >= max(first.semi_axes_mm) + max(second.semi_axes_mm)


def test_lesions__wholly_within_the_segments_asked_for():
    wanted = {CouinaudSegment.VI, CouinaudSegment.II}
    phantom = liver_phantom(metastases=4, seed=3, within=wanted)

    assert set(phantom.lesion_segments.values()) == wanted
    for index, segment in phantom.lesion_segments.items():
        assert set(phantom.couinaud.codes[phantom.lesions.mask(index)]) == {segment}


def test_lesions__that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="does not fit into segment I"):
        liver_phantom(metastases=20, within={CouinaudSegment.I})
    with pytest.raises(InputError, match="does not fit into the liver"):
        liver_phantom(metastases=200)


def test_lesions__given_bodies_are_taken_as_they_are():
    small = Ellipsoid((90.0, 0.0, 20.0), (5.0, 6.0, 7.0))
    large = Ellipsoid((60.0, 20.0, -30.0), (15.0, 15.0, 15.0))
    phantom = liver_phantom(metastases=(small, large))

    assert phantom.metastases == (large, small)
    assert phantom.lesions_ml[1] == pytest.approx(4e-3 / 3 * np.pi * 15**3)


def test_no_lesions__zero_is_a_measurement():
    phantom = liver_phantom(metastases=0)

    assert phantom.tumour_ml == 0.0
    assert phantom.burden_fraction == 0.0
    assert not phantom.lesions.codes.any()


def test_phantom__same_seed_same_phantom_other_seed_another():
    first, second, other = (liver_phantom(seed=seed) for seed in (4, 4, 5))

    np.testing.assert_array_equal(first.image.voxels, second.image.voxels)
    assert first.lesions_ml == second.lesions_ml
    assert first.lesions_ml != other.lesions_ml
    assert (first.image.voxels != other.image.voxels).any()


def test_image__has_the_ct_numbers_of_its_organs_and_noise():
    quiet, noisy = liver_phantom(noise_hu=0.0), liver_phantom(noise_hu=12.0)
    liver = quiet.structures.mask(Structure.PARENCHYMA)
    noise = noisy.image.voxels.astype(float) - quiet.image.voxels

    assert set(quiet.image.voxels[liver]) == {105}
    assert quiet.image.voxels.min() == -1000
    assert quiet.image.modality is Modality.CT
    assert {-850, 280, 195, 120, 62, 175, 160} <= set(np.unique(quiet.image.voxels).tolist())
    assert noise.mean() == pytest.approx(0.0, abs=0.2)
    assert noise.std() == pytest.approx(12.0, rel=0.02)


def test_scale__moves_all_volumes_by_its_cube():
    grid = body_grid(spacing_mm=(9.0, 8.0, 7.0))
    whole, half = (liver_phantom(grid, scale=s, seed=2) for s in (1.0, 0.5))

    assert whole.tlv_ml / 8 == pytest.approx(half.tlv_ml)
    for segment, volume_ml in whole.segments_ml.items():
        assert volume_ml / 8 == pytest.approx(half.segments_ml[segment], rel=1e-5)


def test_cut_by_the_scan__exact_volumes_stay_those_of_the_whole():
    grid = body_grid()
    cut = grid.cropped((0, 0, 0), (grid.shape[0], grid.shape[1], 25))
    phantom = liver_phantom(cut)

    assert phantom.structures.mask().sum() * cut.voxel_volume_ml < 0.6 * phantom.tlv_ml
    assert phantom.structures.codes[:, :, -1].any()


def test_vessels__are_connected_trees_of_the_given_calibre():
    liver = analytic_liver()
    for tree in (liver.portal_vein, liver.hepatic_veins):
        grid = grid_around(tree.box_mm, spacing_mm=(1.5, 1.6, 1.7))
        mask = digitise(tree, grid)
        assert ndimage.label(mask)[1] == 1
        widest_mm = ndimage.distance_transform_edt(mask, sampling=grid.spacing_mm).max()
        assert max(t.radius_mm for t in tree.tubes) == pytest.approx(widest_mm, rel=0.4)


# cut ellipsoids: cases with a closed answer


def test_cut_ellipsoid__uncut_is_the_ellipsoid():
    whole = Ellipsoid((3.0, 4.0, 5.0), (20.0, 30.0, 40.0))

    assert CutEllipsoid(whole).volume_ml == pytest.approx(whole.volume_ml, rel=1e-9)


@pytest.mark.parametrize("height", [-20.0, -7.0, 0.0, 13.0])
def test_cut_ellipsoid__cap_has_its_closed_volume(height):
    cell = CutEllipsoid(Ellipsoid((0, 0, 0), (20.0, 20.0, 20.0)), levels_mm=(height, np.inf))
    cap = 20.0 - height

    assert cell.volume_ml == pytest.approx(np.pi * cap**2 * (60.0 - cap) / 3e3, rel=1e-6)


@pytest.mark.parametrize("offset", [-15.0, 0.0, 6.0, 19.0])
def test_cut_ellipsoid__vertical_cap_has_its_closed_volume(offset):
    plane = VerticalPlane((0.6, 0.8), offset)
    cell = CutEllipsoid(Ellipsoid((0, 0, 0), (20.0, 20.0, 20.0)), (plane,))
    cap = 20.0 - offset

    assert cell.volume_ml == pytest.approx(np.pi * cap**2 * (60.0 - cap) / 3e3, rel=1e-5)


@pytest.mark.parametrize("degrees", [10.0, 90.0, 170.0])
def test_cut_ellipsoid__wedge_through_the_centre_is_its_share_of_the_angle(degrees):
    turn = np.deg2rad(degrees)
    planes = (VerticalPlane((0.0, 1.0), 0.0), VerticalPlane((np.sin(turn), -np.cos(turn)), 0.0))
    ball_of_20 = Ellipsoid((0, 0, 0), (20.0, 20.0, 20.0))

    assert CutEllipsoid(ball_of_20, planes).volume_ml == pytest.approx(
        ball_of_20.volume_ml * degrees / 360.0, rel=1e-6
    )


def test_cut_ellipsoid__cut_away_wholly():
    whole = Ellipsoid((0, 0, 0), (20.0, 20.0, 20.0))

    assert CutEllipsoid(whole, (VerticalPlane((1.0, 0.0), 21.0),)).volume_ml == 0.0
    assert CutEllipsoid(whole, levels_mm=(21.0, np.inf)).volume_ml == 0.0
    assert CutEllipsoid(whole).grown(-25.0).volume_ml == 0.0


def test_disc_polygon_areas__square_and_disc():
    square = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    quarter = 4 * np.sqrt(1.44 - 1) / 2 * 2 + 2 * 1.44 * (np.pi / 2 - 2 * np.arccos(1 / 1.2))

    np.testing.assert_allclose(
        disc_polygon_areas(np.array([0.5, 1.0, 1.2, 5.0]), square),
        [np.pi / 4, np.pi, quarter, 4.0],
    )
    assert disc_polygon_areas(np.array([0.5]), square + 10.0)[0] == pytest.approx(0.0, abs=1e-12)


# single structures


def test_ball__smallest_answer_by_hand():
    assert ball(1.0).codes.sum() == 7
    assert ball(1.5).codes.sum() == 19
    assert ball(1.0, spacing_mm=(1.0, 1.0, 2.0)).codes.sum() == 5


def test_ball_and_box_and_ellipsoid__on_a_given_grid():
    grid = Geometry((7, 8, 9), np.eye(4))

    assert ball(1.0, centre_mm=(3.0, 3.0, 3.0), geometry=grid).codes.sum() == 7
    assert box((1.0, 1.0, 1.0), (2.0, 3.0, 4.0), geometry=grid).codes.sum() == 2 * 3 * 4
    whole = ellipsoid((1.0, 2.0, 3.0), centre_mm=(3.0, 3.0, 4.0), geometry=grid)
    assert whole.codes[3, 3].sum() == 7
    assert whole.codes[3, :, 4].sum() == 5
    assert whole.codes[:, 3, 4].sum() == 3


@pytest.mark.parametrize(("axis", "layer"), [(0, 8 * 9), (1, 7 * 9), (2, 7 * 8)])
def test_slab__runs_from_edge_to_edge(axis, layer):
    labels = slab(3, Geometry((7, 8, 9), np.eye(4)), axis=axis)

    assert labels.codes.sum() == 3 * layer
    assert (np.ptp(np.argwhere(labels.mask()), axis=0)[axis]) == 2


@pytest.mark.parametrize("contact", Contact)
@pytest.mark.parametrize("radius_voxels", [1, 2, 4, 5])
def test_touching_balls__one_body_only_if_that_contact_counts(contact, radius_voxels):
    both, apart = touching_balls(contact, radius_voxels=radius_voxels)
    parts = [
        ndimage.label(both.mask(), ndimage.generate_binary_structure(3, rank))[1]
        for rank in (1, 2, 3)
    ]

    assert parts == [1 if rank >= contact else 2 for rank in (1, 2, 3)]
    assert apart.mask(1).sum() == apart.mask(2).sum()
    assert both.mask().sum() == 2 * apart.mask(1).sum()
    assert set(np.unique(apart.codes)) == {0, 1, 2}
