"""Slabs cover a map, and what is gathered from them is the whole map's."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.networks.slabs import (  # noqa: E402
    LAYOUT,
    Convolution,
    Moments,
    RepeatedlyJoinedMap,
    SlabPass,
    SmoothlyJoinedMap,
    StoredMap,
    empty_map,
    fitted,
    normalised,
    put_box,
    slab_moments,
    slabs,
)


def noise(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 9 - 2


def gathered(x, thickness=2):
    moments = Moments(x.shape[1], x.device)
    for first, stop in slabs(x.shape[2], thickness):
        moments.add(x[:, :, first:stop])
    return moments


@pytest.mark.parametrize("planes", [1, 2, 7, 26, 188])
@pytest.mark.parametrize("thickness", [1, 3, 7, 200])
@pytest.mark.parametrize("multiple", [1, 2, 3])
def test_slabs__lie_side_by_side_and_are_thick_enough(planes, thickness, multiple):
    found = list(slabs(planes, thickness, multiple))
    assert [0, *(stop for _, stop in found)] == [*(first for first, _ in found), planes]
    assert all((stop - first) % multiple == 0 for first, stop in found[:-1])
    assert all(stop - first >= min(thickness, planes - multiple + 1) for first, stop in found)


def test_moments__of_slabs_are_those_of_the_map():
    x = noise(1, 3, 7, 5, 6)
    moments = gathered(x)
    values = x.numpy().astype(np.float64)
    np.testing.assert_allclose(moments.mean.numpy(), values.mean((0, 2, 3, 4)), atol=1e-5)
    np.testing.assert_allclose(moments.variance.numpy(), values.var((0, 2, 3, 4)), rtol=1e-5)


def test_slab_moments__bfloat16_is_summed_in_float32_on_any_device():
    x = noise(1, 4, 3, 40, 50).bfloat16().contiguous(memory_format=LAYOUT)
    variance, mean = torch.var_mean(x.double(), (0, 2, 3, 4), correction=0)
    for got, expected in zip(slab_moments(x), (mean, variance), strict=True):
        assert torch.float32 == got.dtype
        torch.testing.assert_close(got.double(), expected, rtol=1e-5, atol=1e-5)


def test_normalised__population_statistics_and_leak():
    x = noise(1, 3, 4, 5, 6)
    values = x.numpy().astype(np.float64)
    centred = values - values.mean(axis=(2, 3, 4), keepdims=True)
    expected = centred / (values.std(axis=(2, 3, 4), keepdims=True) + 1e-7)
    expected = np.where(expected < 0, 0.01 * expected, expected)
    np.testing.assert_allclose(normalised(x, gathered(x)).numpy(), expected, atol=1e-5)


def test_normalised__constant_channel_becomes_zero():
    x = torch.full((1, 1, 3, 4, 5), 7.0)
    np.testing.assert_array_equal(normalised(x, gathered(x)).numpy(), 0.0)


def test_joined_map__planes_and_moments_are_those_of_both():
    fine, coarse = noise(1, 2, 6, 5, 4), noise(1, 3, 6, 5, 4, seed=2)
    joined = SmoothlyJoinedMap(fine, coarse, lambda x, first, stop: x[:, :, first:stop])
    both = torch.cat((fine, coarse), dim=1)
    assert torch.equal(both[:, :, 2:5], joined.planes(2, 5))
    assert (5, (6, 5, 4)) == (joined.channels, joined.size)
    torch.testing.assert_close(joined.moments().mean, gathered(both).mean)
    torch.testing.assert_close(joined.moments().variance, gathered(both).variance)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("kernel", [(3, 3, 1), (3, 3, 3), (1, 1, 1)])
def test_convolved__slabs_differ_from_the_whole_by_a_constant(padded, kernel, monkeypatch):
    monkeypatch.setattr("models.networks.slabs.SLAB_ROWS", 40)
    torch.manual_seed(4)
    layer = torch.nn.Conv3d(3, 2, kernel, padding="same" if padded else 0)
    x = noise(1, 3, 11, 8, 7)
    run = SlabPass(multiplications=10**9, heard=lambda share: None)
    with torch.inference_mode():
        step = fitted(layer, StoredMap(x), None, (padded,) * 3)
        parts = list(run.slabs(step, StoredMap(x)))
        difference = torch.cat([slab for _, slab in parts], dim=2) - layer(x)
    assert len(parts) > 1
    assert [first for first, _ in parts] == sorted({first for first, _ in parts})
    # The layer's bias is replaced by one that brings the mean near zero.
    torch.testing.assert_close(difference.amin((2, 3, 4)), difference.amax((2, 3, 4)))


def test_moments__of_a_constant_are_those_of_as_many_voxels():
    x = noise(1, 3, 4, 5, 6)
    value = torch.tensor([1.0, -2.0, 0.5])
    moments = gathered(x)
    moments.add_constant(value, 60)
    moments.add_constant(value, 0)
    whole = gathered(torch.cat((x, value.view(1, 3, 1, 1, 1).expand(1, 3, 2, 5, 6)), dim=2))
    assert whole.count == moments.count
    torch.testing.assert_close(moments.mean, whole.mean)
    torch.testing.assert_close(moments.variance, whole.variance)


@pytest.mark.parametrize("kernel", [(3, 3, 3), (1, 1, 1)])
def test_repeatedly_joined_map__is_the_map_with_repeated_voxels(kernel):
    fine, coarse = noise(1, 2, 8, 10, 6), noise(1, 3, 4, 5, 3, seed=2)
    joined = RepeatedlyJoinedMap(fine.contiguous(memory_format=LAYOUT), coarse)
    finer = coarse.repeat_interleave(2, 2).repeat_interleave(2, 3).repeat_interleave(2, 4)
    plain = StoredMap(torch.cat((fine, finer), dim=1))
    moments = gathered(plain.values)
    torch.testing.assert_close(joined.moments().mean, moments.mean)
    torch.testing.assert_close(joined.moments().variance, moments.variance)
    assert (5, (8, 10, 6)) == (joined.channels, joined.size)
    assert torch.equal(plain.values[:, :, 1:4], joined.planes(1, 4))
    layer = torch.nn.Conv3d(5, 2, kernel)
    with torch.inference_mode():
        for first, stop in ((0, 6), (2, 4)):
            expected, got = (
                map_.convolved(
                    Convolution(layer, moments, (False,) * 3, map_.weights(layer)), first, stop
                )
                for map_ in (plain, joined)
            )
            torch.testing.assert_close(got, expected)


def test_put_box__what_lies_outside_is_left_out():
    target = empty_map(1, (4, 2, 2), torch.zeros(1)).zero_()
    put_box(target, (-1, 0, 0), torch.ones(1, 1, 2, 2, 2))
    put_box(target, (3, 0, 1), torch.full((1, 1, 2, 2, 2), 2.0))
    put_box(target, (9, 0, 0), torch.full((1, 1, 2, 2, 2), 3.0))
    assert [1.0, 0.0, 0.0, 0.0] == target[0, 0, :, 0, 0].tolist()
    assert [1.0, 0.0, 0.0, 2.0] == target[0, 0, :, 1, 1].tolist()
