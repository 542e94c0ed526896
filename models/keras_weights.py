"""Convert a Keras weights-only HDF5 file to safetensors, without TensorFlow.

Keras stores a convolution as ``conv3d_N/conv3d_N/kernel:0`` of shape (x, y, z, in, out) and
``bias:0`` of shape (out,); N counts the layers in the order of their creation.
"""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.networks.kul_layers import Layer
from remnant.core.errors import ModelIntegrityError

LARGEST_FILE_BYTES = 64 << 20
CONVOLUTION = re.compile(r"conv3d_(\d{1,4})")
Tensors = dict[str, NDArray[np.float32]]


def tensors_from_keras(content: bytes, layers: Sequence[Layer]) -> Tensors:
    """Read the convolutions of a Keras HDF5 file and name them as in the network.

    Parameters
    ----------
    content
        The whole file, at most 64 MiB.
    layers
        The network's convolutions in order of creation.

    Returns
    -------
    tensors
        float32 ``NAME.weight`` of shape (out, in, x, y, z) and ``NAME.bias`` of shape (out,).

    Raises
    ------
    ModelIntegrityError
        The file is too large, is no HDF5, or its layers are not the network's.
    """
    import h5py

    if len(content) > LARGEST_FILE_BYTES:
        raise ModelIntegrityError(f"a weight file of {len(content)} bytes is larger than any known")
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            return _read_layers(file, layers)
    except (OSError, KeyError) as error:
        raise ModelIntegrityError(f"the weight file is damaged: {error}") from error


def write_safetensors(tensors: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    """Write tensors so that equal tensors give equal bytes.

    No metadata is written: its order in the file is not fixed.
    """
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    path.write_bytes(save(contiguous))  # save_file would make it private, a shared cache useless


def _read_layers(file: Any, layers: Sequence[Layer]) -> Tensors:  # noqa: ANN401
    numbers = sorted(int(m[1]) for name in file if (m := CONVOLUTION.fullmatch(name)))
    if len(numbers) != len(layers):
        raise ModelIntegrityError(
            f"the weight file holds {len(numbers)} convolutions, the network has {len(layers)}"
        )
    tensors: Tensors = {}
    for number, layer in zip(numbers, layers, strict=True):
        name = f"conv3d_{number}"
        tensors |= _read_layer(file[name][name], layer)
    return tensors


def _read_layer(group: Any, layer: Layer) -> Tensors:  # noqa: ANN401
    out, into, *kernel = layer.weight_shape
    weight = _read(group["kernel:0"], (*kernel, into, out), layer.name)
    bias = _read(group["bias:0"], (out,), layer.name)
    return {
        f"{layer.name}.weight": np.ascontiguousarray(weight.transpose(4, 3, 0, 1, 2)),
        f"{layer.name}.bias": bias,
    }


def _read(dataset: Any, shape: tuple[int, ...], name: str) -> NDArray[np.float32]:  # noqa: ANN401
    # The shape is compared before the data are read: a forged file must not claim a huge array.
    if tuple(dataset.shape) != shape or dataset.dtype != np.float32:
        raise ModelIntegrityError(
            f"layer {name}: the weight file holds {dataset.dtype} {tuple(dataset.shape)}, the "
            f"network needs float32 {shape}"
        )
    values: NDArray[np.float32] = dataset[()]
    return values
