"""The two networks: sizes, facts, and the original framework's own output."""

import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.networks.kul import LesionNetwork, LiverNetwork, centre_crop  # noqa: E402
from models.networks.kul_layers import lesion_layers, liver_layers  # noqa: E402
from models.networks.loading import load_network  # noqa: E402

SHARED = Path(os.environ.get("REMNANT_SHARED", Path(__file__).parents[3] / "shared"))
ORACLE = SHARED / "models" / "kul_oracle.npz"


def plainly(net, x):
    """Return what a network makes of a field, map after map as it is published."""

    def scaled(x):
        deviation, mean = torch.std_mean(x.double(), (2, 3, 4), correction=0, keepdim=True)
        return torch.nn.functional.leaky_relu((x - mean) / (deviation + 1e-7), 0.01).float()

    def convolved(layer, x):
        around = [k // 2 if net.padded else 0 for k in layer.kernel_size]
        return torch.nn.functional.conv3d(x, layer.weight, layer.bias, padding=around)

    def applied(block, x, *, raw=False):
        inner = convolved(block.second, scaled(convolved(block.first, x if raw else scaled(x))))
        around = centre_crop(x, inner.shape[2:])
        if not block.residual:
            return inner
        return inner + (around if block.shortcut is None else convolved(block.shortcut, around))

    skips = []
    for block in net.down:
        skips.append(applied(block, x, raw=not skips))
        x = torch.nn.functional.max_pool3d(skips[-1], net.pool)
    x = applied(net.bottom, x)
    for block in net.up:
        finer = x.repeat_interleave(net.pool, 2).repeat_interleave(net.pool, 3)
        x = finer.repeat_interleave(net.pool, 4)
        if net.padded:
            x = torch.nn.functional.avg_pool3d(x, 3, stride=1)
        x = applied(block, torch.cat((centre_crop(skips.pop(), x.shape[2:]), x), dim=1))
    return torch.sigmoid(convolved(net.head, scaled(x)))


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


def seeded(network):
    """Return a network and a field for it, the same at every call."""
    torch.manual_seed(11)
    net = network().eval()
    shape = (108, 100, 54) if net.pool == 2 else (54, 81, 27)
    return net, torch.rand(1, 1, *shape) - 0.5


@pytest.mark.parametrize("network", [LiverNetwork, LesionNetwork])
def test_network__agrees_with_itself_written_plainly(network):
    net, x = seeded(network)
    with torch.inference_mode():
        got = net(x)
        expected = plainly(net, x)
    np.testing.assert_allclose(got.numpy(), expected.numpy(), atol=5e-5, rtol=0)


@pytest.mark.parametrize("network", [LiverNetwork, LesionNetwork])
def test_network__in_bfloat16_is_near(network):
    net, x = seeded(network)
    with torch.inference_mode():
        exact = net(x)
        got = net.bfloat16()(x)
    assert torch.float32 == got.dtype
    assert float((got - exact).abs().max()) < 0.1
    assert float((got - exact).abs().mean()) < 0.01


def test_network__tells_how_much_is_done():
    heard = []
    with torch.inference_mode():
        LesionNetwork().eval()(torch.rand(1, 1, 100, 108, 54), heard.append)
    assert heard == sorted(heard)
    assert heard[0] < 0.2
    assert pytest.approx(1.0) == heard[-1]
    assert len(heard) > 15


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
