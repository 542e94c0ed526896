"""Area means keep what they average, and the space they cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.geometry import Geometry
from remnant.pictures.coarsen import coarsened
from remnant.testing.strategies import geometries


@given(geometry=geometries(), seed=st.integers(0, 2**32 - 1), spacing_mm=st.floats(0.3, 30.0))
def test_coarsened__keeps_integral_and_outline(geometry, seed, spacing_mm):
    block = np.random.default_rng(seed).integers(0, 200, geometry.shape).astype(np.int16)
    means, coarse = coarsened(block, geometry, spacing_mm=spacing_mm)
    assert means.shape == coarse.shape
    before = float(block.sum()) * geometry.voxel_volume_ml
    after = float(means.sum(dtype=np.float64)) * coarse.voxel_volume_ml
    assert after == pytest.approx(before, rel=1e-4)
    for end in (0.0, 1.0):
        old = geometry.ras_from_index(np.array(geometry.shape) * end - 0.5)
        new = coarse.ras_from_index(np.array(coarse.shape) * end - 0.5)
        assert np.allclose(old, new, atol=1e-6)
    wide = np.maximum(spacing_mm, geometry.spacing_mm)
    assert (np.array(coarse.spacing_mm) <= wide * (1 + 1e-9)).all()


def test_coarsened__means_of_whole_cells():
    block = np.arange(8 * 3 * 5).reshape(8, 3, 5)
    means, _ = coarsened(block, Geometry((8, 3, 5), np.diag((1.0, 4, 4, 1))), spacing_mm=4.0)
    assert np.array_equal(block.reshape(2, 4, 3, 5).mean(axis=1), means)
