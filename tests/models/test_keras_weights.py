"""Conversion of Keras weights on small made-up files."""

import io

import h5py
import numpy as np
import pytest

from models.keras_weights import tensors_from_keras, write_safetensors
from models.networks.kul_layers import ARCHITECTURES, Layer, lesion_layers, liver_layers
from remnant.core.errors import ModelIntegrityError

LAYERS = (Layer("a", (2, 3, 4), 5, 6), Layer("b", (1, 1, 1), 6, 1))


def keras_file(layers=LAYERS, numbers=(9, 10), dtype=np.float32):
    rng = np.random.default_rng(7)
    kernels, stream = [], io.BytesIO()
    with h5py.File(stream, "w") as file:
        # Written last first: the numbers, not the order in the file, say which is which.
        for number, layer in reversed(list(zip(numbers, layers, strict=True))):
            group = file.create_group(f"conv3d_{number}/conv3d_{number}")
            shape = (*layer.kernel, layer.channels_in, layer.channels_out)
            kernel = rng.normal(size=shape).astype(dtype)
            group["kernel:0"], group["bias:0"] = kernel, kernel[0, 0, 0, 0]
            kernels.insert(0, kernel)
        file.create_group("add_1")
    return stream.getvalue(), kernels


def test_tensors_from_keras__numbers_count_and_axes_turn():
    content, kernels = keras_file()
    tensors = tensors_from_keras(content, LAYERS)
    assert sorted(tensors) == ["a.bias", "a.weight", "b.bias", "b.weight"]
    assert tensors["a.weight"].shape == (6, 5, 2, 3, 4)
    assert tensors["a.weight"][4, 3, 1, 2, 0] == kernels[0][1, 2, 0, 3, 4]
    np.testing.assert_array_equal(tensors["b.bias"], kernels[1][0, 0, 0, 0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not hdf5 at all", "damaged"),
        (keras_file()[0][:600], "damaged"),
        (keras_file(LAYERS[:1], (1,))[0], "holds 1 convolutions"),
        (keras_file((LAYERS[1], LAYERS[0]))[0], "layer a"),
        (keras_file(dtype=np.float64)[0], "float64"),
    ],
)
def test_tensors_from_keras__other_file_is_refused(content, words):
    with pytest.raises(ModelIntegrityError, match=words):
        tensors_from_keras(content, LAYERS)


def test_tensors_from_keras__huge_file_is_refused(monkeypatch):
    monkeypatch.setattr("models.keras_weights.LARGEST_FILE_BYTES", 10)
    with pytest.raises(ModelIntegrityError, match="larger than any known"):
        tensors_from_keras(keras_file()[0], LAYERS)


def test_write_safetensors__equal_tensors_give_equal_bytes(tmp_path):
    tensors = tensors_from_keras(keras_file()[0], LAYERS)
    write_safetensors(tensors, tmp_path / "one")
    write_safetensors(dict(reversed(tensors.items())), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_write_safetensors__is_as_private_as_any_file_of_its_writer(tmp_path):
    write_safetensors(tensors_from_keras(keras_file()[0], LAYERS), tmp_path / "weights")
    (tmp_path / "other").touch()

    assert (tmp_path / "other").stat().st_mode == (tmp_path / "weights").stat().st_mode


@pytest.mark.parametrize(
    ("layers", "count", "weights"),
    [(liver_layers(), 15, 3_874_961), (lesion_layers(), 21, 3_464_221)],
)
def test_layers__as_published(layers, count, weights):
    assert len(layers) == count
    assert sum(int(np.prod(x.weight_shape)) + x.channels_out for x in layers) == weights


def test_architectures__names_are_unique():
    for layers in ARCHITECTURES.values():
        names = [layer.name for layer in layers()]
        assert len(names) == len(set(names))
