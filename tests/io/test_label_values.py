"""Numbers of a map: codes, masks that were resampled like pictures, probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.io.label_values import ValueKind, label_values

SHAPE = (40, 36, 30)
PLACES = np.stack(np.indices(SHAPE), axis=-1)


def ball(centre, radius):
    return np.linalg.norm(PLACES - np.array(centre), axis=-1) <= radius


TWO = ball((12, 14, 14), 8) | ball((30, 24, 18), 4)


def lesions(count, *, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.zeros(SHAPE, dtype=np.uint8)
    for code in range(1, count + 1):
        codes[ball(rng.uniform(4, np.array(SHAPE) - 4), rng.uniform(1, 7)) & (codes == 0)] = code
    return codes


def read(values, threshold=None):
    return label_values(np.asarray(values), name="map", threshold=threshold)


@given(count=st.integers(1, 40), seed=st.integers(0, 10_000))
def test_codes__of_lesions_stay_what_they_are(count, seed):
    codes = lesions(count, seed=seed)
    found = read(codes)
    assert found.kind is ValueKind.CODES
    np.testing.assert_array_equal(codes, found.codes)


@given(seed=st.integers(0, 10_000), off=st.floats(1e-6, 0.0049))
def test_codes__near_whole_numbers_are_these(seed, off):
    codes = lesions(5, seed=seed)
    noise = np.random.default_rng(seed).uniform(-off, off, SHAPE)
    noise.flat[0] = off
    found = read((codes + noise).astype(np.float32))
    np.testing.assert_array_equal(codes, found.codes)
    # single precision near 5 is 5e-7
    assert found.largest_rounding == pytest.approx(off, rel=0.01, abs=1e-6)


@pytest.mark.parametrize("zoom", [0.6, 0.8, 1.25, 1.9, (1, 1, 2.5)])
@pytest.mark.parametrize("high", [100, 255])
def test_grey_masks__are_cut_at_half(zoom, high):
    """Linear interpolation of a mask crosses one half just where the mask's border lies."""
    grey = np.rint(ndimage.zoom(TWO * float(high), zoom, order=1)).astype(np.uint8)
    found = read(grey)
    assert found.kind is ValueKind.GREY_MASK
    assert found.threshold == high / 2
    np.testing.assert_array_equal(grey >= high / 2, found.codes == 1)
    assert found.voxels == tuple(np.sum(grey >= high / 2 * part) for part in (0.5, 1.0, 1.5))


def test_grey_masks__that_were_compressed_like_pictures():
    noise = np.random.default_rng(0).integers(0, 4, SHAPE)
    compressed = (TWO * 255 - noise * TWO).astype(np.uint8)
    found = read(compressed)
    assert found.kind is ValueKind.GREY_MASK
    np.testing.assert_array_equal(TWO, found.codes == 1)


@pytest.mark.parametrize("high", [1.0, 255.0])
def test_probabilities__need_a_threshold(high):
    map_ = (ndimage.gaussian_filter(TWO.astype(float), 3) * high).astype(np.float32)
    with pytest.raises(InputError, match="--threshold"):
        read(map_)
    found = read(map_, threshold=high / 2)
    assert found.kind is ValueKind.THRESHOLDED
    np.testing.assert_array_equal(map_ >= high / 2, found.codes == 1)


def test_probabilities__stored_as_percent_need_a_threshold_too():
    map_ = np.rint(ndimage.gaussian_filter(TWO.astype(float), 3) * 100).astype(np.uint8)
    with pytest.raises(InputError, match="--threshold"):
        read(map_)


@pytest.mark.parametrize("count", [4, 8, 20])
@pytest.mark.parametrize("zoom", [0.7, 1.25, 2])
def test_codes__that_were_interpolated_are_refused(count, zoom):
    blended = np.rint(ndimage.zoom(lesions(count).astype(float), zoom, order=1)).astype(np.uint8)
    with pytest.raises(InputError, match="nearest neighbour"):
        read(blended)


def test_threshold__that_nothing_reaches():
    with pytest.raises(InputError, match=r"reaches --threshold 0\.9"):
        read((TWO * 0.7).astype(np.float32), threshold=0.9)


def test_threshold__leaves_codes_alone():
    np.testing.assert_array_equal(lesions(3), read(lesions(3), threshold=0.5).codes)


@pytest.mark.parametrize("bad", [-1.0, 70_000.0])
def test_values__out_of_range(bad):
    with pytest.raises(InputError, match="allowed are 0 to 65535"):
        read(np.where(TWO, bad, 0.0).astype(np.float32))
