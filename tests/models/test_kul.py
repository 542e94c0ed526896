"""The two networks: sizes, facts, and the original framework's own output."""

import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.networks.kul import LesionNetwork, LiverNetwork, centre_crop, normalise  # noqa: E402
from models.networks.kul_layers import lesion_layers, liver_layers  # noqa: E402
from models.networks.loading import load_network  # noqa: E402

SHARED = Path(os.environ.get("REMNANT_SHARED", Path(__file__).parents[3] / "shared"))
ORACLE = SHARED / "models" / "kul_oracle.npz"


@pytest.mark.parametrize(
    ("network", "layers"), [(LiverNetwork, liver_layers()), (LesionNetwork, lesion_layers())]
)
def test_network__has_exactly_the_published_tensors(network, layers):
    shapes = {name: tuple(value.shape) for name, value in network().state_dict().items()}
    expected = {f"{x.name}.weight": x.weight_shape for x in layers}
    expected |= {f"{x.name}.bias": (x.channels_out,) for x in layers}
    assert expected == shapes


@pytest.mark.parametrize(
    ("network", "size", "expected"),
    [
        (LiverNetwork, (54, 27, 81), (28, 1, 55)),
        (LesionNetwork, (100, 108, 54), (12, 20, 10)),
    ],
)
def test_network__output_sizes(network, size, expected):
    with torch.inference_mode():
        output = network().eval()(torch.rand(1, 1, *size) - 0.5)
    assert expected == tuple(output.shape[2:])
    assert 0.0 <= float(output.min()) <= float(output.max()) <= 1.0


@pytest.mark.parametrize(("network", "size"), [(LiverNetwork, 54), (LesionNetwork, 100)])
def test_network__bias_before_a_normalisation_has_no_effect(network, size):
    torch.manual_seed(5)
    net = network().eval()
    x = torch.rand(1, 1, size, size, 54)
    with torch.inference_mode():
        before = net(x)
        net.down[0].first.bias += 3.0
        after = net(x)
        net.head.bias += 1.0
        moved = net(x)
    torch.testing.assert_close(after, before, atol=1e-4, rtol=0)
    assert float((moved - after).min()) > 0.01


def test_normalise__population_statistics_and_leak():
    x = torch.rand(1, 3, 4, 5, 6, generator=torch.Generator().manual_seed(1)) * 9 - 2
    values = x.numpy().astype(np.float64)
    centred = values - values.mean(axis=(2, 3, 4), keepdims=True)
    expected = centred / (values.std(axis=(2, 3, 4), keepdims=True) + 1e-7)
    expected = np.where(expected < 0, 0.01 * expected, expected)
    np.testing.assert_allclose(normalise(x.clone()).numpy(), expected, atol=1e-5)


def test_normalise__constant_channel_becomes_zero():
    np.testing.assert_array_equal(normalise(torch.full((1, 1, 3, 4, 5), 7.0)).numpy(), 0.0)


def test_centre_crop__odd_surplus_is_cut_at_the_far_end():
    x = torch.arange(7 * 8 * 9).reshape(1, 1, 7, 8, 9)
    assert torch.equal(centre_crop(x, (4, 4, 9)), x[:, :, 1:5, 2:6, :])


@pytest.mark.network
@pytest.mark.parametrize("name", ["liver", "lesion"])
def test_oracle__original_framework_agrees(kul, name):
    if not ORACLE.is_file():
        pytest.skip("the original framework's output is not on this machine (REMNANT_SHARED)")
    with np.load(ORACLE, allow_pickle=False) as oracle:
        image = torch.from_numpy(oracle[f"{name}_input"].astype(np.float32))[None, None]
        expected = oracle[f"{name}_output"]
    with torch.inference_mode():
        got = load_network(f"kul-{name}")(image)[0, 0].numpy()
    np.testing.assert_allclose(got, expected, atol=1e-4, rtol=0)
