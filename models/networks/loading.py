"""Put verified weights into a network."""

from importlib import import_module
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from models.registry import model_info, weights_path


def load_weights(network: nn.Module, path: Path | str) -> nn.Module:
    """Load a safetensors file into a network, every tensor of both matched, ready for inference."""
    network.load_state_dict(load_file(str(path)), strict=True)
    return network.eval().requires_grad_(requires_grad=False)


def load_network(identifier: str) -> nn.Module:
    """Return an installed model as a network on the CPU.

    Raises
    ------
    ModelUnavailableError, ModelIntegrityError
        See ``models.registry.weights_path``.
    """
    module, _, name = model_info(identifier).network.rpartition(".")
    network: nn.Module = getattr(import_module(module), name)()
    # Channels last: oneDNN convolves these channel counts in half the time.
    network = network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return load_weights(network, weights_path(identifier))
