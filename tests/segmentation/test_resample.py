"""Linear resampling against a plane wave, brute force and SimpleITK."""

from itertools import product

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from segmentation import resample as module
from segmentation.resample import resample, resampled_slabs

RNG = np.random.default_rng(11)


def affine(linear, origin=(3.0, -5.0, 7.0)):
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear, origin
    return matrix


PERMUTED = np.array([[0, 0, 1.5], [-0.8, 0, 0], [0, 2.5, 0]])
OBLIQUE = np.array([[0.9, 0.2, 0.0], [-0.2, 0.9, 0.1], [0.0, -0.1, 1.8]])
SHEARED = np.array([[1.0, 0.0, 0.4], [0.0, -1.1, 0.0], [0.0, 0.0, 2.0]])
SOURCES = {
    "permuted": PERMUTED,
    "mirrored": np.diag([-1.1, 0.9, -2.0]),
    "oblique": OBLIQUE,
    "sheared": SHEARED,
}


def brute_force(voxels, source, target, outside):
    out = np.empty(target.shape)
    for index in product(*map(range, target.shape)):
        at = source.index_from_ras(target.ras_from_index(index))
        if (at < -0.5 - 1e-9).any() or (at > np.array(source.shape) - 0.5 + 1e-9).any():
            out[index] = outside
            continue
        at = np.clip(at, 0, np.array(source.shape) - 1)
        low = np.minimum(np.floor(at).astype(int), np.array(source.shape) - 2)
        part = at - low
        out[index] = sum(
            voxels[tuple(low + np.array(c))] * np.prod(np.where(c, part, 1 - part))
            for c in product((0, 1), repeat=3)
        )
    return out


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_resample__equals_brute_force(name, dtype):
    source = Geometry((7, 8, 9), affine(SOURCES[name]))
    voxels = RNG.integers(-900, 900, size=source.shape).astype(dtype)
    centre = source.ras_from_index((3, 3.5, 4)) - (6.1, 5.3, 7.7)
    target = Geometry((11, 12, 13), affine(np.diag([1.0, 0.9, 1.2]), centre))
    got = resample(voxels, source, target, outside=-5.0)
    expected = brute_force(voxels, source, target, -5.0)
    assert got.dtype == np.float32
    assert (expected != -5.0).sum() > 200
    np.testing.assert_allclose(got, expected, atol=0.01)


@pytest.mark.parametrize("name", SOURCES)
def test_resample__to_a_rotated_target(name):
    source = Geometry((8, 9, 7), affine(np.diag([1.0, 1.2, 0.9]), (0.0, 0.0, 0.0)))
    voxels = RNG.normal(size=source.shape).astype(np.float32)
    target = Geometry((9, 7, 8), affine(SOURCES[name], (3.0, 4.0, 3.0)))
    got = resample(voxels, source, target, outside=2.0)
    np.testing.assert_allclose(got, brute_force(voxels, source, target, 2.0), atol=1e-5)


@pytest.mark.parametrize("name", SOURCES)
def test_resample__linear_image_is_kept_inside(name):
    source = Geometry((17, 18, 19), affine(SOURCES[name]))
    index = np.stack(np.meshgrid(*map(np.arange, source.shape), indexing="ij"), axis=-1)
    wave = source.ras_from_index(index) @ (0.3, -0.7, 0.5)
    target = Geometry((5, 6, 4), affine(np.eye(3) * 0.7, source.ras_from_index((8, 8, 9))))
    points = np.stack(np.meshgrid(*map(np.arange, target.shape), indexing="ij"), axis=-1)
    expected = target.ras_from_index(points) @ (0.3, -0.7, 0.5)
    got = resample(wave.astype(np.float32), source, target, outside=np.nan)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_resample__same_grid_is_the_identity():
    source = Geometry((7, 8, 9), affine(PERMUTED))
    voxels = RNG.normal(size=source.shape).astype(np.float32)
    got = resample(voxels, source, source, outside=0.0)
    np.testing.assert_allclose(got, voxels, atol=1e-6)


@pytest.mark.parametrize("name", ["permuted", "oblique"])
def test_resampled_slabs__thin_slabs_change_nothing(name, monkeypatch):
    source = Geometry((7, 8, 9), affine(SOURCES[name]))
    voxels = RNG.normal(size=source.shape).astype(np.float32)
    target = Geometry((6, 5, 11), affine(np.eye(3), source.ras_from_index((1, 1, 1))))
    whole = resample(voxels, source, target, outside=0.0)
    monkeypatch.setattr(module, "SLAB_VOXELS", 61)
    slabs = list(resampled_slabs(voxels, source, target, outside=0.0))
    assert [slab.shape[2] for _, slab in slabs] == [2, 2, 2, 2, 2, 1]
    np.testing.assert_allclose(np.concatenate([s for _, s in slabs], axis=2), whole, atol=1e-6)


def test_resample__mask_and_single_slice():
    source = Geometry((4, 5, 1), affine(np.diag([1.0, 1.0, 5.0]), (0.0, 0.0, 0.0)))
    mask = np.ones(source.shape, dtype=bool)
    target = Geometry((4, 5, 7), affine(np.eye(3), (0.0, 0.0, -3.0)))
    got = resample(mask, source, target, outside=0.0)
    # The slice is 5 mm thick: -2.5 to 2.5 mm hold it, -3 and 3 mm do not.
    np.testing.assert_array_equal(got[0, 0], [0, 1, 1, 1, 1, 1, 0])


def test_resample__agrees_with_simpleitk():
    sitk = pytest.importorskip("SimpleITK")
    source = Geometry((12, 13, 14), affine(np.diag([0.8, 0.9, 2.0]), (0.0, 0.0, 0.0)))
    voxels = RNG.normal(size=source.shape).astype(np.float32)
    target = Geometry((9, 8, 11), affine(np.eye(3) * 1.1, (0.3, 0.4, 0.5)))
    image = sitk.GetImageFromArray(voxels.transpose(2, 1, 0))
    image.SetSpacing(source.spacing_mm)
    to = sitk.Image(*target.shape, sitk.sitkFloat32)
    to.SetSpacing(target.spacing_mm)
    to.SetOrigin([float(x) for x in target.affine_ras[:3, 3]])
    expected = sitk.GetArrayFromImage(sitk.Resample(image, to, sitk.Transform(), sitk.sitkLinear))
    got = resample(voxels, source, target, outside=0.0)
    np.testing.assert_allclose(got, expected.transpose(2, 1, 0), atol=1e-5)
