"""Intensities inside lesions against numpy on each lesion alone."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import GeometryMismatchError
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.lesions import IntensityStatistics
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.testing.strategies import SEEDS
from volumetry.lesions.intensity import lesion_intensities

SHAPE = (7, 8, 9)
GRID = Geometry(SHAPE, np.diag([1.0, 2.0, 3.0, 1.0]))


@given(
    seed=SEEDS,
    kind=st.sampled_from((np.int16, np.uint8, np.float32)),
    orders=st.tuples(*[st.sampled_from("CF")] * 2),
)
def test_intensities__equal_numpy_on_each_lesion(seed, kind, orders):
    rng = np.random.default_rng(seed)
    voxels = np.asarray(rng.integers(0, 250, SHAPE).astype(kind), order=orders[0])
    codes = np.asarray(rng.choice([0, 0, 1, 3, 900], SHAPE).astype(np.uint16), order=orders[1])
    found = lesion_intensities(
        ImageVolume(voxels, GRID, Modality.CT), LabelMap(codes, GRID, INSTANCE_SCHEME)
    )
    assert list(found) == sorted(set(np.unique(codes).tolist()) - {0})
    for code, statistics in found.items():
        inside = voxels[codes == code].astype(np.float64)
        assert statistics.mean == pytest.approx(inside.mean())
        assert statistics.sd == pytest.approx(inside.std())
        assert statistics.minimum == inside.min()
        assert statistics.median == np.median(inside)
        assert statistics.maximum == inside.max()


def test_intensities__do_not_depend_on_slabs(monkeypatch):
    rng = np.random.default_rng(1)
    image = ImageVolume(rng.integers(-900, 900, SHAPE).astype(np.int16), GRID, Modality.CT)
    lesions = LabelMap(rng.integers(0, 4, SHAPE).astype(np.uint8), GRID, INSTANCE_SCHEME)
    whole = lesion_intensities(image, lesions)
    monkeypatch.setattr("volumetry.lesions.intensity.LAYER_VOXELS", 10)
    assert whole == lesion_intensities(image, lesions)


def test_intensities__of_one_voxel_have_no_spread():
    voxels, codes = np.zeros(SHAPE, np.int16), np.zeros(SHAPE, np.uint8)
    voxels[1, 2, 3], codes[1, 2, 3] = -32768, 1
    image = ImageVolume(voxels, GRID, Modality.CT)
    expected = IntensityStatistics(
        mean=-32768.0, sd=0.0, minimum=-32768.0, median=-32768.0, maximum=-32768.0
    )
    assert lesion_intensities(image, LabelMap(codes, GRID, INSTANCE_SCHEME)) == {1: expected}


def test_intensities__no_lesion():
    image = ImageVolume(np.zeros(SHAPE, np.int16), GRID, Modality.CT)
    none = LabelMap(np.zeros(SHAPE, np.uint8), GRID, INSTANCE_SCHEME)
    assert lesion_intensities(image, none) == {}


def test_intensities__of_another_grid():
    image = ImageVolume(np.zeros(SHAPE, np.int16), GRID, Modality.CT)
    other = SimpleNamespace(geometry=Geometry((7, 8, 8), GRID.affine_ras))
    with pytest.raises(GeometryMismatchError, match="the lesion map lies on another grid"):
        lesion_intensities(image, other)


def test_intensities__only_of_the_part_in_the_liver():
    codes, liver = np.zeros(GRID.shape, np.uint8), np.zeros(GRID.shape, np.uint8)
    codes[1:5, 2, 2] = 1
    liver[3:] = 1
    voxels = np.full(GRID.shape, -100.0)
    voxels[3:] = 60.0
    found = lesion_intensities(
        ImageVolume(voxels, GRID, Modality.CT),
        LabelMap(codes, GRID, INSTANCE_SCHEME),
        liver=LabelMap(liver, GRID, INSTANCE_SCHEME),
    )
    assert (found[1].mean, found[1].sd, found[1].minimum) == (60.0, 0.0, 60.0)
