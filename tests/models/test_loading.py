"""How networks are loaded: once a process, and in which precision."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from models.networks import loading  # noqa: E402

MODEL = "couinaud-shape"


def test_load_network__is_read_once_for_each_precision():
    first = loading.load_network(MODEL)
    assert first is loading.load_network(MODEL)
    other = loading.load_network(MODEL, precision=torch.bfloat16)
    assert {torch.bfloat16} == {p.dtype for p in other.parameters()}
    assert {torch.float32} == {p.dtype for p in first.parameters()}


@pytest.mark.parametrize(
    ("capabilities", "device", "expected"),
    [
        ({"avx512_bf16": True}, "cpu", torch.bfloat16),
        ({"amx_bf16": True, "avx512_bf16": False}, "cpu", torch.bfloat16),
        ({"avx512_f": True, "avx512_bf16": False}, "cpu", torch.float32),
        ({"bf16": True}, "cpu", torch.float32),
        ({"avx512_bf16": True}, "cuda", torch.float16),
        ({"avx512_bf16": True}, "mps", torch.float32),
    ],
)
def test_fast_precision__what_the_device_multiplies(capabilities, device, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert expected == loading.fast_precision(device)


def test_fast_precision__pytorch_that_does_not_tell(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert torch.float32 == loading.fast_precision("cpu")


def test_networks__are_run_without_monai():
    program = (
        "import sys, segmentation.engines.kul, models.networks.tiles, models.networks.loading; "
        "import models.networks.couinaud_shape; sys.exit('monai' in sys.modules)"
    )
    assert 0 == subprocess.run([sys.executable, "-c", program], check=False).returncode
