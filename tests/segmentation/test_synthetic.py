import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from remnant.core.errors import (
    EmptyStructureError,
    GeometryMismatchError,
    ImplausibleValueError,
    InputError,
)
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.testing.strategies import SEEDS, grids_around
from segmentation.lesions.shape import random_shape, sphere_points
from segmentation.synthetic import (
    LESION_GAP_MM,
    SURFACE_GAP_MM,
    LesionLook,
    plant_metastases,
)

LIVER_MM = ((0.0, 0.0, 0.0), (110.0, 90.0, 80.0))
LIVER_HU = 100.0
SIZES = (30.0, 18.0, 12.0)


def ball_ml(diameter_mm):
    return np.pi / 6 * diameter_mm**3 / 1000


def grid(*spacing, shape):
    return Geometry(shape, np.diag([*spacing, 1.0]))


GRID = grid(2.0, 2.5, 3.0, shape=(58, 39, 31))


def liver_on(geometry):
    points = geometry.ras_from_index(np.moveaxis(np.indices(geometry.shape), 0, -1))
    low, high = np.array(LIVER_MM)
    inside = np.linalg.norm((points - (low + high) / 2) / ((high - low) / 2), axis=-1) <= 1
    return LabelMap(inside.astype(np.uint8), geometry, BINARY_SCHEME)


def ct_on(geometry, *, dtype=np.float64, noise_hu=0.0, modality=Modality.CT):
    rng = np.random.default_rng(5)
    hu = LIVER_HU + noise_hu * rng.normal(size=geometry.shape)
    return ImageVolume(hu.astype(dtype), geometry, modality, phase=Phase.PORTAL)


@settings(max_examples=10)
@given(
    geometry=grids_around(LIVER_MM, low_mm=2.0, high_mm=5.0, margin_mm=6.0),
    seed=st.integers(0, 10**6),
    contrast=st.sampled_from((-60.0, 35.0)),
)
def test_plant__what_is_taken_from_the_image_is_the_true_volume(geometry, seed, contrast):
    image, liver = ct_on(geometry), liver_on(geometry)

    planted = plant_metastases(
        image, liver, seed=seed, diameters_mm=(24.0, 14.0), look=LesionLook(contrast_hu=contrast)
    )

    taken = (planted.image.voxels - image.voxels) / contrast
    assert geometry.voxel_volume_ml * taken.sum() == pytest.approx(
        sum(planted.true_volumes_ml.values())
    )
    assert planted.truth.mask()[taken > 0.5 + 1e-6].all()
    assert not planted.truth.mask()[taken < 0.5 - 1e-6].any()
    assert taken[~liver.mask()].max(initial=0) == pytest.approx(0, abs=1e-12)
    # At most ten samples an axis: half a millimetre of a 14 mm ball's surface is under 2 %.
    for diameter, true_ml in zip((24.0, 14.0), planted.true_volumes_ml.values(), strict=True):
        assert true_ml == pytest.approx(ball_ml(diameter), rel=0.02)


@given(seed=SEEDS, diameter=st.floats(3, 100))
def test_random_shape__volume_of_the_ball_by_another_count(seed, diameter):
    shape = random_shape(diameter, np.random.default_rng(seed))
    steps = np.linspace(-1, 1, 48) * shape.radius_mm
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1)

    inside = shape.depth(cube) <= 1

    volume_ml = inside.mean() * (48 / 47 * 2 * shape.radius_mm) ** 3 / 1000
    assert volume_ml == pytest.approx(ball_ml(diameter), rel=0.03)
    # The bounding ball holds it and is not much too large.
    far = np.linalg.norm(cube[inside], axis=-1).max()
    assert 0.85 * shape.radius_mm < far <= shape.radius_mm
    rim = shape.radius_mm * sphere_points(200)
    assert shape.depth(rim).min() >= 1


def test_plant__inside_the_liver_and_apart():
    liver = liver_on(GRID)

    planted = plant_metastases(ct_on(GRID), liver, seed=3, diameters_mm=SIZES)

    points = {n: GRID.ras_from_index(np.argwhere(planted.truth.codes == n)) for n in (1, 2, 3)}
    outside = GRID.ras_from_index(np.argwhere(~liver.mask()))
    for number, own in points.items():
        assert cdist(own, outside).min() > SURFACE_GAP_MM
        assert np.allclose(own.mean(axis=0), planted.centres_ras_mm[number], atol=3)
        for other in range(number + 1, 4):
            assert cdist(own, points[other]).min() > LESION_GAP_MM


def test_plant__a_liver_cut_by_the_scan_keeps_lesions_off_the_cut():
    geometry = GRID.cropped((20, 0, 0), (38, 39, 31))
    liver = liver_on(geometry)
    assert liver.mask()[0].any()

    for seed in range(5):
        planted = plant_metastases(ct_on(geometry), liver, seed=seed, diameters_mm=(20.0, 16.0))
        assert not planted.truth.mask()[0].any()
        assert planted.true_volumes_ml[1] == pytest.approx(ball_ml(20.0), rel=0.02)


def test_plant__appearance_noise_and_rim():
    image = ct_on(GRID, noise_hu=15.0)

    plain = plant_metastases(image, liver_on(GRID), seed=4, diameters_mm=(34.0,))
    rimmed = plant_metastases(
        image, liver_on(GRID), seed=4, diameters_mm=(34.0,), look=LesionLook(rim_hu=50.0)
    )

    # Voxels wholly inside: all their neighbours are in the truth too.
    within = plain.truth.mask()
    for axis in range(3):
        within = within & np.roll(within, 1, axis) & np.roll(within, -1, axis)
    hu = plain.image.voxels[within]
    assert hu.mean() == pytest.approx(LIVER_HU - 60, abs=3)
    assert hu.std() == pytest.approx(15, rel=0.15)
    brighter = rimmed.image.voxels - plain.image.voxels
    points = GRID.ras_from_index(np.argwhere(plain.truth.mask()))
    radius = np.linalg.norm(points - plain.centres_ras_mm[1], axis=1)
    in_lesion = brighter[plain.truth.mask()]
    assert in_lesion[radius < 9].max() == 0
    assert in_lesion[radius > np.quantile(radius, 0.9)].mean() > 20


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_plant__keeps_type_grid_phase_and_everything_else(dtype):
    image, liver = ct_on(GRID, dtype=dtype, noise_hu=10.0), liver_on(GRID)
    before = np.array(image.voxels)

    planted = plant_metastases(image, liver, seed=1, diameters_mm=SIZES)

    assert np.array_equal(before, image.voxels)
    assert planted.image.voxels.dtype == dtype
    assert planted.image.phase is Phase.PORTAL
    assert planted.image.geometry is GRID
    assert np.array_equal(before[~liver.mask()], planted.image.voxels[~liver.mask()])
    assert sorted(planted.true_volumes_ml.values(), reverse=True) == list(
        planted.true_volumes_ml.values()
    )
    assert set(np.unique(planted.truth.codes)) == {0, 1, 2, 3}


def test_plant__clipped_to_the_type():
    image = ImageVolume(np.full(GRID.shape, 30, dtype=np.uint8), GRID, Modality.CT)

    planted = plant_metastases(image, liver_on(GRID), seed=1, diameters_mm=(20.0,))

    assert planted.image.voxels[planted.truth.mask()].max() < 30
    assert planted.image.voxels.max() == 30


def test_plant__the_seed_decides():
    image, liver = ct_on(GRID), liver_on(GRID)
    first, again, other = (
        plant_metastases(image, liver, seed=s, diameters_mm=SIZES) for s in (7, 7, 8)
    )

    assert np.array_equal(first.image.voxels, again.image.voxels)
    assert first.true_volumes_ml == again.true_volumes_ml
    assert not np.array_equal(first.image.voxels, other.image.voxels)


def test_plant__default_set_spreads_over_a_liver_of_ordinary_size():
    geometry = grid(3.0, 3.0, 3.0, shape=(80, 60, 60))
    points = geometry.ras_from_index(np.moveaxis(np.indices(geometry.shape), 0, -1))
    inside = np.linalg.norm((points - (118, 88, 88)) / (100, 55, 65), axis=-1) < 1
    liver = LabelMap(inside.astype(np.uint8), geometry, BINARY_SCHEME)

    planted = plant_metastases(ct_on(geometry), liver, seed=2026)

    across = [x for x, _, _ in planted.centres_ras_mm.values()]
    assert len(across) == 7
    assert min(across) < 118 < max(across)
    assert sum(planted.true_volumes_ml.values()) == pytest.approx(67.7, rel=0.01)


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ((), ImplausibleValueError, "at least one diameter"),
        ((20.0, 1.0), ImplausibleValueError, "each 3 to 120 mm"),
        ((float("nan"),), ImplausibleValueError, "each 3 to 120 mm"),
        ((90.0,), InputError, "no room in the liver for 1 of 1"),
        ((30.0,) * 20, InputError, r"no room in the liver for \d+ of 20"),
    ],
)
def test_plant__sizes_refused(sizes, error, message):
    with pytest.raises(error, match=message):
        plant_metastases(ct_on(GRID), liver_on(GRID), seed=1, diameters_mm=sizes)


def test_plant__refused():
    liver = liver_on(GRID)
    with pytest.raises(InputError, match="CT only"):
        plant_metastases(ct_on(GRID, modality=Modality.MR), liver, seed=1)
    with pytest.raises(GeometryMismatchError, match="the liver map"):
        plant_metastases(ct_on(GRID.cropped((1, 0, 0), GRID.shape)), liver, seed=1)
    none = LabelMap(np.zeros(GRID.shape, dtype=np.uint8), GRID, BINARY_SCHEME)
    with pytest.raises(EmptyStructureError, match="liver map"):
        plant_metastases(ct_on(GRID), none, seed=1)


def test_plant__too_small_for_the_grid():
    coarse = grid(9.0, 9.5, 10.0, shape=(13, 11, 9))
    with pytest.raises(InputError, match="fills no voxel by half"):
        plant_metastases(ct_on(coarse), liver_on(coarse), seed=1, diameters_mm=(4.0,))
