"""Working grids, median and intensities."""

import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.volumes import ImageVolume, Modality
from segmentation.preprocess import (
    _clipped_for_lesions,
    _median,
    coarse_image,
    field_grid,
    lesion_input,
    median_of_neighbours,
    normalised_ct,
    normalised_field,
)
from segmentation.upright import upright_grid

RNG = np.random.default_rng(3)
GRIDS = {
    "mirrored": np.diag([-0.9, -1.1, 2.0, 1.0]),
    "permuted": np.array([[0, 0, 1.3, 5], [1.7, 0, 0, 2], [0, -0.7, 0, 9], [0, 0, 0, 1.0]]),
    "sheared": np.array([[1, 0, 0.4, 0], [0, 1.2, 0, 0], [0, 0, 2.1, 0], [0, 0, 0, 1.0]]),
}


@pytest.mark.parametrize("name", GRIDS)
def test_upright_grid__covers_every_voxel_centre(name):
    source = Geometry((27, 38, 19), GRIDS[name])
    grid = upright_grid(source, (3.0, 2.0, 1.0))
    assert grid.axcodes == ("R", "A", "S")
    assert grid.spacing_mm == (3.0, 2.0, 1.0)
    index = grid.index_from_ras(source.corners_ras())
    assert index.min() >= -1e-9
    assert (index <= np.array(grid.shape) - 1 + 1e-9).all()
    # No axis could do with one voxel less.
    assert (np.ptp(index, axis=0) > np.array(grid.shape) - 2 - 1e-9).all()


def test_median_of_neighbours__equals_scipy():
    fine = RNG.normal(size=(15, 17, 19)).astype(np.float32)
    expected = ndimage.median_filter(fine, 3)[1:-1:2, 1:-1:2, 1:-1:2]
    np.testing.assert_array_equal(median_of_neighbours(fine), expected)


@pytest.mark.parametrize("count", [1, 3, 5, 9, 27])
def test_median__with_ties(count):
    values = RNG.integers(0, 5, size=(count, 300)).astype(np.float32)
    np.testing.assert_array_equal(_median(list(values.copy())), np.median(values, axis=0))


@pytest.mark.parametrize("name", GRIDS)
def test_coarse_image__block_stays_where_it_is(name):
    source = Geometry((47, 58, 39), GRIDS[name])
    voxels = np.zeros(source.shape, dtype=np.int16)
    voxels[10:30, 20:45, 8:31] = 100
    coarse, grid = coarse_image(ImageVolume(voxels, source, Modality.CT))
    inside = np.isfinite(coarse)
    index = np.argwhere(np.where(inside, coarse, 0) > 50)
    centre = source.ras_from_index((19.5, 32.0, 19.0))
    np.testing.assert_allclose(grid.ras_from_index(index).mean(axis=0), centre, atol=1.5)
    volume_ml = len(index) * grid.voxel_volume_ml
    expected_ml = 20 * 25 * 23 * source.voxel_volume_ml
    # Surface of the block times half a coarse voxel bounds what rounding of its faces can do.
    assert abs(volume_ml - expected_ml) < 0.25 * expected_ml


def test_coarse_image__outside_is_minus_infinity_only_on_tilted_grids():
    voxels = np.zeros((20, 21, 22), dtype=np.int16)
    tilted, _ = coarse_image(
        ImageVolume(voxels, Geometry(voxels.shape, GRIDS["sheared"]), Modality.CT)
    )
    upright, _ = coarse_image(
        ImageVolume(voxels, Geometry(voxels.shape, np.diag([3.0, 3.0, 3.0, 1.0])), Modality.CT)
    )
    assert np.isneginf(tilted).any()
    assert np.isfinite(upright[1:-1, 1:-1, 1:-1]).all()


def test_normalised_ct__clips_to_200_hu():
    np.testing.assert_allclose(
        normalised_ct(np.array([-1000, -200, 0, 100, 3000], np.int16)), [-0.5, -0.5, 0, 0.25, 0.5]
    )


def test_normalised_field__outside_is_zero_and_mr_uses_80_percent_of_its_range():
    coarse = np.full((10, 10, 11), 50.0, dtype=np.float32)
    coarse[0], coarse[1], coarse[2] = -np.inf, 10.0, 100.0
    coarse[3, 0, 0] = 90.0
    mr = normalised_field(coarse, Modality.MR)
    # Range 10 to 100: clipped at 82.
    found = [mr[0, 0, 0], mr[1, 0, 0], mr[2, 0, 0], mr[3, 0, 0], mr[4, 0, 0]]
    np.testing.assert_allclose(found, [0.0, -0.5, 0.5, 0.5, 40 / 72 - 0.5], atol=1e-6)
    ct = normalised_field(coarse, Modality.CT)
    found = [ct[0, 0, 0], ct[1, 0, 0], ct[2, 0, 0], ct[3, 0, 0], ct[4, 0, 0]]
    np.testing.assert_allclose(found, [0.0, 0.025, 0.25, 0.225, 0.125], atol=1e-6)


@pytest.mark.parametrize("modality", list(Modality))
def test_lesion_input__only_the_dilated_liver_is_left(modality):
    source = Geometry((40, 41, 30), np.diag([-1.0, 1.0, 3.0, 1.0]))
    liver = np.zeros(source.shape, dtype=bool)
    liver[10:30, 12:28, 8:20] = True
    voxels = np.where(liver, 60, -100).astype(np.int16)
    voxels[15:20, 15:20, 10:14] = 0
    field, grid = lesion_input(ImageVolume(voxels, source, modality), liver)
    assert field.shape == (24, 24, 24)
    assert grid.spacing_mm == (1.0, 1.0, 3.0)
    # Whole blocks of the scan that hold the voxels two steps beyond the liver's first and last.
    np.testing.assert_allclose(grid.affine_ras[:3, 3], source.ras_from_index((31, 8, 0)))
    assert field[0, 0, 0] == -0.5
    inner = {Modality.CT: (0.15, 0.0), Modality.MR: (0.0, -0.5)}[modality]
    values = (field[2, 4, 8], field[24 - 2 - 7, 5 + 4, 5 + 6])
    np.testing.assert_allclose(values, inner, atol=1e-6)


def test_lesion_input__a_plane_more_of_liver_does_not_move_the_grid():
    source = Geometry((40, 41, 30), np.diag([-1.0, 1.0, 3.0, 1.0]))
    image = ImageVolume(np.full(source.shape, 60, np.int16), source, Modality.CT)
    grids = []
    for first in (12, 11):
        liver = np.zeros(source.shape, dtype=bool)
        liver[10:29, first:28, 9:20] = True
        grids.append(lesion_input(image, liver)[1])
    grids[0].require_same_grid(grids[1], what="one", reference="the other")


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32])
def test_clipped_for_lesions__is_never_wider_than_the_scan(dtype):
    voxels = np.arange(-120, 120).reshape(4, 6, 10).astype(dtype)
    image = ImageVolume(voxels, Geometry(voxels.shape, np.eye(4)), Modality.CT)
    everywhere = (slice(None),) * 3

    clipped = _clipped_for_lesions(image, voxels > 0, everywhere)

    assert clipped.dtype == dtype
    np.testing.assert_array_equal(voxels.astype(float).clip(-200, 200), clipped)


def test_clipped_for_lesions__takes_no_wider_copy_on_the_way():
    voxels = np.full((80, 80, 80), 300, dtype=np.int16)
    image = ImageVolume(voxels, Geometry(voxels.shape, np.eye(4)), Modality.CT)
    tracemalloc.start()
    _clipped_for_lesions(image, voxels > 0, (slice(None),) * 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # The copy itself takes 2 bytes per voxel, the mask 1; a float64 copy would take 8.
    assert peak < 4 * voxels.size


def test_lesion_input__a_liver_at_the_scans_edge_keeps_its_margin_beyond_it():
    shape = (20, 18, 16)
    geometry = Geometry(shape, np.diag([1.5, 1.5, 1.5, 1.0]))
    image = ImageVolume(np.full(shape, 100, np.int16), geometry, Modality.CT)
    voxels, grid = lesion_input(image, np.ones(shape, dtype=bool))
    first, last = grid.corners_ras().min(axis=0), grid.corners_ras().max(axis=0)

    assert (first < -0.75).all()
    assert (last > np.array(shape) * 1.5 - 0.75).all()
    assert voxels.max() == pytest.approx(0.25)
    beyond = voxels[0, voxels.shape[1] // 2, voxels.shape[2] // 2]
    assert beyond in (0.0, -0.5)


def test_field_grid__edges_lie_on_the_scans_edges():
    source = Geometry((40, 30, 20), np.diag([0.75, 1.0, 3.0, 1.0]))
    grid = field_grid(source, (1.0, 1.0, 3.0))

    assert grid.shape == (30, 30, 20)
    np.testing.assert_allclose(grid.ras_from_index((-0.5, -0.5, -0.5)), (-0.375, -0.5, -1.5))
