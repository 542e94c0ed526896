"""Put verified weights into a network."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from models.registry import model_info, weights_path

VOLUME_WEIGHT_AXES = 5
"""Of a convolution over volumes: channels out and in, and three axes."""


def load_weights(network: nn.Module, path: Path | str) -> nn.Module:
    """Load a safetensors file into a network, every tensor of both matched, ready for inference."""
    network.load_state_dict(load_file(str(path)), strict=True)
    return network.eval().requires_grad_(requires_grad=False)


def load_network(
    identifier: str, *, device: str = "cpu", precision: torch.dtype = torch.float32
) -> nn.Module:
    """Return an installed model on a device, in a precision.

    The file is verified every time, but read once in a process. The network is shared: not to be
    changed.

    Raises
    ------
    ModelUnavailableError, ModelIntegrityError
        See ``models.registry.weights_path``.
    """
    return _loaded(model_info(identifier).network, weights_path(identifier), device, precision)


def usual_precision(device: str) -> torch.dtype:
    """Return half precision on CUDA, float32 elsewhere."""
    return torch.float16 if device == "cuda" else torch.float32


def fast_precision(device: str) -> torch.dtype:
    """Return bfloat16 on a processor that multiplies it natively, else the usual precision."""
    # Older PyTorch does not tell, and then takes float32.
    known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    native = known.get("avx512_bf16", False) or known.get("amx_bf16", False)
    return torch.bfloat16 if device == "cpu" and native else usual_precision(device)


@lru_cache(maxsize=8)
def _loaded(network: str, weights: Path, device: str, precision: torch.dtype) -> nn.Module:
    module, _, name = network.rpartition(".")
    made: nn.Module = getattr(import_module(module), name)()
    # Channels last: oneDNN convolves these channel counts in half the time.
    made = load_weights(made, weights).to(device=device, dtype=precision)
    flat = max(weight.ndim for weight in made.parameters()) < VOLUME_WEIGHT_AXES
    layout = torch.channels_last if flat else torch.channels_last_3d
    return made.to(memory_format=layout)  # type: ignore[call-overload,no-any-return]
