"""The plain U-Net is MONAI's: the same tensors from the same seed, and the same result."""

import pytest

torch = pytest.importorskip("torch")

from monai.networks.nets import UNet  # noqa: E402

from models.networks.residual_unet import residual_unet  # noqa: E402


@pytest.mark.parametrize("features", [(4, 6, 8, 10), (4, 8)])
def test_residual_unet__is_monais(features):
    torch.manual_seed(3)
    expected = UNet(
        spatial_dims=3, in_channels=5, out_channels=3, channels=features,
        strides=(2,) * (len(features) - 1), num_res_units=2, norm="instance", act="leakyrelu",
    ).model  # fmt: skip
    torch.manual_seed(3)
    got = residual_unet(5, 3, features)
    tensors = got.state_dict()
    assert list(expected.state_dict()) == list(tensors)
    assert all(torch.equal(value, tensors[name]) for name, value in expected.state_dict().items())
    x = torch.rand(1, 5, 24, 16, 32)
    assert torch.equal(expected(x), got(x))
