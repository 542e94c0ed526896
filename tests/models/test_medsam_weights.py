"""Conversion of the published checkpoint, on a made-up one of the same names and shapes."""

import io
import os
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models import medsam_weights  # noqa: E402
from models.medsam_weights import converted, tensors_from_medsam  # noqa: E402
from models.networks.medsam import MedsamLiteNetwork  # noqa: E402
from remnant.core.errors import ModelIntegrityError  # noqa: E402

DECODER = "mask_decoder.transformer"


def linear(name, before, after):
    return {f"{name}.weight": (after, before), f"{name}.bias": (after,)}


def norm(name, channels):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def convolved(name, before, after, kernel=1, groups=1):
    parts = {f"{name}.c.weight": (after, before // groups, kernel, kernel)}
    parts |= norm(f"{name}.bn", after)
    return parts | {f"{name}.bn.{part}": (after,) for part in ("running_mean", "running_var")}


def depthwise(name, before, between, after):
    return {
        **convolved(f"{name}.conv1", before, between),
        **convolved(f"{name}.conv2", between, between, 3, between),
        **convolved(f"{name}.conv3", between, after),
    }


def attention(name, inner):
    parts = {}
    for part in ("q_proj", "k_proj", "v_proj"):
        parts |= linear(f"{name}.{part}", 256, inner)
    return parts | linear(f"{name}.out_proj", inner, 256)


def encoder_shapes():
    shapes = convolved("image_encoder.patch_embed.seq.0", 3, 32)
    shapes |= convolved("image_encoder.patch_embed.seq.2", 32, 64)
    for block in range(2):
        shapes |= depthwise(f"image_encoder.layers.0.blocks.{block}", 64, 256, 64)
    widths = (64, 128, 160, 320)
    for layer, (before, after) in enumerate(pairwise(widths)):
        shapes |= depthwise(f"image_encoder.layers.{layer}.downsample", before, after, after)
    for layer, (n, blocks, heads, side) in enumerate(
        ((128, 2, 4, 7), (160, 6, 5, 14), (320, 2, 10, 7)), start=1
    ):
        for block in range(blocks):
            name = f"image_encoder.layers.{layer}.blocks.{block}"
            shapes[f"{name}.attn.attention_biases"] = (heads, side * side)
            shapes |= norm(f"{name}.attn.norm", n) | linear(f"{name}.attn.qkv", n, 3 * n)
            shapes |= linear(f"{name}.attn.proj", n, n) | norm(f"{name}.mlp.norm", n)
            shapes |= linear(f"{name}.mlp.fc1", n, 4 * n) | linear(f"{name}.mlp.fc2", 4 * n, n)
            shapes |= convolved(f"{name}.local_conv", n, n, 3, n)
    shapes |= {"image_encoder.neck.0.weight": (256, 320, 1, 1)}
    shapes |= {"image_encoder.neck.2.weight": (256, 256, 3, 3)}
    return shapes | norm("image_encoder.neck.1", 256) | norm("image_encoder.neck.3", 256)


def decoder_shapes():
    shapes = {"mask_decoder.iou_token.weight": (1, 256)}
    shapes |= {"mask_decoder.mask_tokens.weight": (4, 256)}
    for layer in range(2):
        name = f"{DECODER}.layers.{layer}"
        shapes |= attention(f"{name}.self_attn", 256)
        shapes |= attention(f"{name}.cross_attn_token_to_image", 128)
        shapes |= attention(f"{name}.cross_attn_image_to_token", 128)
        shapes |= linear(f"{name}.mlp.lin1", 256, 2048) | linear(f"{name}.mlp.lin2", 2048, 256)
        for number in range(1, 5):
            shapes |= norm(f"{name}.norm{number}", 256)
    shapes |= attention(f"{DECODER}.final_attn_token_to_image", 128)
    shapes |= norm(f"{DECODER}.norm_final_attn", 256)
    up = "mask_decoder.output_upscaling"
    shapes |= {f"{up}.0.weight": (256, 64, 2, 2), f"{up}.0.bias": (64,)}
    shapes |= {f"{up}.3.weight": (64, 32, 2, 2), f"{up}.3.bias": (32,)} | norm(f"{up}.1", 64)
    heads = {f"output_hypernetworks_mlps.{n}": 32 for n in range(4)} | {"iou_prediction_head": 4}
    for head, last in heads.items():
        for layer, after in enumerate((256, 256, last)):
            shapes |= linear(f"mask_decoder.{head}.layers.{layer}", 256, after)
    return shapes


def prompt_shapes():
    shapes = {f"prompt_encoder.point_embeddings.{n}.weight": (1, 256) for n in range(4)}
    shapes |= {"prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": (2, 128)}
    shapes |= {f"prompt_encoder.{n}_embed.weight": (1, 256) for n in ("no_mask", "not_a_point")}
    return shapes | {"prompt_encoder.mask_downscaling.0.weight": (4, 1, 2, 2)}


@pytest.fixture(name="published")
def published_fixture():
    rng = np.random.default_rng(5)
    shapes = encoder_shapes() | decoder_shapes() | prompt_shapes()
    made = {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items()}
    made |= {n: np.abs(v) + np.float32(0.5) for n, v in made.items() if "running_var" in n}
    count = "image_encoder.patch_embed.seq.0.bn.num_batches_tracked"
    return made | {count: np.array(7, dtype=np.int64)}


def checkpoint(tensors):
    stream = io.BytesIO()
    torch.save({name: torch.from_numpy(v) for name, v in tensors.items()}, stream)
    return stream.getvalue()


def test_tensors__are_the_networks(published):
    tensors = tensors_from_medsam(checkpoint(published))
    network = MedsamLiteNetwork()
    network.load_state_dict({n: torch.from_numpy(v) for n, v in tensors.items()}, strict=True)
    assert {np.dtype(np.float32)} == {v.dtype for v in tensors.values()}


def test_converted__folded_convolution_is_convolution_and_normalisation(published):
    name = "image_encoder.layers.1.blocks.0.local_conv"
    tensors = converted(published)
    x = torch.randn(2, 128, 5, 6)
    given = {n.removeprefix(f"{name}."): torch.from_numpy(v) for n, v in published.items()}
    plain = torch.nn.functional.conv2d(x, given["c.weight"], padding=1, groups=128)
    expected = torch.nn.functional.batch_norm(
        plain, given["bn.running_mean"], given["bn.running_var"], given["bn.weight"],
        given["bn.bias"], eps=1e-5,
    )  # fmt: skip
    block = MedsamLiteNetwork().encoder.stages[0][0]
    block.mix.weight.data = torch.from_numpy(tensors["encoder.stages.0.0.mix.weight"])
    block.mix.bias.data = torch.from_numpy(tensors["encoder.stages.0.0.mix.bias"])
    torch.testing.assert_close(block.mix(x), expected, atol=1e-4, rtol=1e-4)


def test_converted__equal_channels_are_added_up(published):
    tensors = converted(published)
    gain = published["image_encoder.patch_embed.seq.0.bn.weight"] / np.sqrt(
        published["image_encoder.patch_embed.seq.0.bn.running_var"] + 1e-5
    )
    expected = published["image_encoder.patch_embed.seq.0.c.weight"].sum(axis=1)[:, 0, 0] * gain
    np.testing.assert_allclose(tensors["encoder.stem.0.weight"][:, 0, 0, 0], expected, rtol=1e-5)


def test_converted__boxes_take_the_corner_embeddings(published):
    corners = converted(published)["boxes.corners"]
    for row, number in enumerate((2, 3)):
        given = published[f"prompt_encoder.point_embeddings.{number}.weight"]
        np.testing.assert_array_equal(corners[row], given[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"image_encoder.neck.0.weight": None},
            "encoder.neck.0.weight: the weight file holds none",
        ),
        ({"image_encoder.neck.0.weight": (255, 320, 1, 1)}, "holds \\(255, 320, 1, 1\\)"),
        ({"image_encoder.layers.0.downsample.conv1.bn.bias": None}, "not LiteMedSAM's"),
        ({"prompt_encoder.point_embeddings.2.weight": None}, "not LiteMedSAM's"),
        ({"mask_decoder.extra.weight": (3,)}, "mask_decoder.extra.weight"),
    ],
)
def test_converted__other_tensors_are_refused(published, change, words):
    for name, shape in change.items():
        published.pop(name, None)
        if shape is not None:
            published[name] = np.zeros(shape, dtype=np.float32)
    with pytest.raises(ModelIntegrityError, match=words):
        converted(published)


def test_converted__other_numbers_are_refused(published):
    published["image_encoder.neck.0.weight"] = published["image_encoder.neck.0.weight"].astype(
        np.float64
    )
    with pytest.raises(ModelIntegrityError, match="holds float64, the network needs float32"):
        converted(published)


class Runs:
    """What a forged file would hold: unpickled freely, it runs a command."""

    def __reduce__(self):
        return os.mkdir, ("forged",)


@pytest.mark.parametrize("held", [Runs(), [torch.zeros(2)], {"a": "text"}])
def test_tensors__whatever_else_a_file_holds_is_refused(held, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    torch.save(held, stream)
    with pytest.raises(ModelIntegrityError, match="tensors"):
        tensors_from_medsam(stream.getvalue())
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half a zip"])
def test_tensors__damaged_file_is_refused(content):
    with pytest.raises(ModelIntegrityError, match="damaged"):
        tensors_from_medsam(content)


def test_tensors__huge_file_is_refused(monkeypatch):
    monkeypatch.setattr(medsam_weights, "LARGEST_FILE_BYTES", 10)
    with pytest.raises(ModelIntegrityError, match="larger than any known"):
        tensors_from_medsam(b"x" * 11)
