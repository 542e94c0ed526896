"""The network of boxes: its parts against plain mathematics, and the published code's output."""

import os
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.networks.loading import load_network  # noqa: E402
from models.networks.medsam import MedsamLiteNetwork  # noqa: E402
from models.networks.medsam_decoder import BoxEncoder, OutlineDecoder  # noqa: E402
from models.networks.medsam_encoder import (  # noqa: E402
    AttentionBlock,
    ChannelNorm,
    ImageEncoder,
    WindowAttention,
    from_windows,
    in_windows,
)

SHARED = Path(os.environ.get("REMNANT_SHARED", Path(__file__).parents[3] / "shared"))
ORACLE = SHARED / "models" / "medsam_lite_oracle.npz"


def seeded(module):
    """Return a module whose every parameter is random, the same at every call."""
    torch.manual_seed(3)
    for values in (*module.parameters(), *(b for b in module.buffers() if b.is_floating_point())):
        torch.nn.init.normal_(values, std=0.2)
    return module.eval().requires_grad_(requires_grad=False)


def test_windows__put_together_again_are_the_map():
    x = torch.arange(2 * 6 * 9 * 5).reshape(2, 6, 9, 5)
    windows = in_windows(x, 3)
    assert (2 * 2 * 3, 9, 5) == tuple(windows.shape)
    assert torch.equal(x[1, 3:6, 6:9].reshape(9, 5), windows[-1])
    assert torch.equal(x, from_windows(windows, 2, 6, 9))


def test_attention__is_softmax_of_products_and_of_absolute_offsets():
    """One window, one head, pixel by pixel; the map of 2 by 3 is padded to the window of 3."""
    attention = seeded(WindowAttention(4, 1, 3))
    x = torch.randn(1, 2, 3, 4)
    padded = torch.cat((x[0], torch.zeros(1, 3, 4))).reshape(9, 4)
    normal = (padded - padded.mean(1, keepdim=True)) / (
        padded.var(1, correction=0, keepdim=True) + 1e-5
    ).sqrt()
    normal = normal * attention.norm.weight + attention.norm.bias
    query, key, value = (normal @ attention.qkv.weight.T + attention.qkv.bias).split(4, dim=1)
    expected = torch.zeros(9, 4)
    for a in range(9):
        scores = torch.stack(
            [
                query[a] @ key[b] / 2.0
                + attention.biases[0, abs(a // 3 - b // 3) * 3 + abs(a % 3 - b % 3)]
                for b in range(9)
            ]
        )
        expected[a] = torch.softmax(scores, 0) @ value
    expected = attention.project(expected).reshape(3, 3, 4)[:2]
    torch.testing.assert_close(attention(x)[0], expected, atol=1e-5, rtol=0)


def test_attention_block__pixels_of_other_windows_do_not_matter_beyond_the_convolution():
    block = seeded(AttentionBlock(8, 2, 4))
    x = torch.randn(1, 8, 8, 8)
    other = x.clone()
    other[..., 4:] += 1.0
    changed = (block(x) != block(other)).any(dim=1)[0].any(dim=0)
    assert [False] * 3 + [True] * 5 == changed.tolist()


def test_channel_norm__is_of_each_pixel():
    norm = ChannelNorm(16)
    x = 3.0 * torch.randn(2, 16, 3, 5) + 7.0
    seen = norm(x)
    torch.testing.assert_close(seen.mean(1), torch.zeros(2, 3, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.std(1, correction=0), torch.ones(2, 3, 5), atol=1e-4, rtol=0)


def test_encoder__gives_one_embedding_for_four_by_four_pixels():
    encoder = seeded(ImageEncoder())
    with torch.inference_mode():
        assert (1, 256, 64, 64) == tuple(encoder(torch.rand(1, 1, 256, 256)).shape)


def test_boxes__corners_are_codes_of_their_pixels_middles():
    boxes = seeded(BoxEncoder())
    code = boxes(torch.tensor([[10.0, 20.0, 30.0, 200.5]]))[0, 1] - boxes.corners[1]
    x, y = 2 * 30.5 / 256 - 1, 2 * 201.0 / 256 - 1
    angle = 2 * pi * (x * boxes.directions[0, 7] + y * boxes.directions[1, 7]).item()
    assert pytest.approx([sin(angle), cos(angle)], abs=1e-5) == [code[7].item(), code[135].item()]


def test_boxes__places_run_along_rows():
    boxes = seeded(BoxEncoder())
    x, y = (torch.tensor(n + 0.5) / 64 for n in (5, 9))
    expected = boxes.code_of(torch.stack((x, y)))
    torch.testing.assert_close(boxes.places()[9 * 64 + 5], expected)


def test_decoder__boxes_of_one_call_do_not_know_each_other():
    net = seeded(MedsamLiteNetwork())
    embedding = torch.randn(256, 64, 64)
    boxes = torch.tensor([[5.0, 6.0, 90.0, 80.0], [100.0, 20.0, 130.0, 200.0]])
    with torch.inference_mode():
        logits, expected = net.outlines(embedding, boxes)
        alone = [net.outlines(embedding, box[None]) for box in boxes]
    assert ((2, 256, 256), (2,)) == (tuple(logits.shape), tuple(expected.shape))
    torch.testing.assert_close(torch.cat([x for x, _ in alone]), logits, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(torch.cat([x for _, x in alone]), expected, atol=1e-4, rtol=1e-4)
    assert float((logits[0] - logits[1]).abs().max()) > 0.01


def test_decoder__has_no_part_that_is_not_used():
    decoder = OutlineDecoder()
    boxes = BoxEncoder()
    logits, expected = decoder(
        torch.randn(256, 64, 64), boxes.no_mask, boxes.places(), boxes(torch.rand(1, 4))
    )
    (logits.sum() + expected.sum()).backward()
    assert [] == [n for n, p in decoder.named_parameters() if p.grad is None]


@pytest.fixture(scope="module", name="medsam")
def medsam_fixture(fetch):
    from models import registry

    return fetch(registry.pull, "medsam-lite")


@pytest.fixture(scope="module", name="oracle")
def oracle_fixture(medsam):
    if not ORACLE.is_file():
        pytest.skip("the published code's output is not on this machine (REMNANT_SHARED)")
    with np.load(ORACLE, allow_pickle=False) as file:
        return {name: file[name] for name in file}


@pytest.mark.network
def test_oracle__published_code_agrees(oracle):
    network = load_network("medsam-lite")
    with torch.inference_mode():
        embedding = network.encode(torch.from_numpy(oracle["input"])[None, None])[0]
        logits, expected = network.outlines(embedding, torch.from_numpy(oracle["box_xyxy"])[None])
    np.testing.assert_allclose(
        embedding[:, ::4, ::4].numpy(), oracle["embedding_every_4th"], atol=1e-3, rtol=0
    )
    np.testing.assert_allclose(logits[0].numpy(), oracle["low_res_logits"], atol=1e-3, rtol=0)
    assert pytest.approx(float(oracle["predicted_iou"]), abs=1e-3) == float(expected[0])


@pytest.mark.network
def test_oracle__bfloat16_outlines_the_same(oracle):
    network = load_network("medsam-lite", precision=torch.bfloat16)
    picture = torch.from_numpy(oracle["input"])[None, None].bfloat16()
    with torch.inference_mode():
        logits, expected = network(picture, torch.from_numpy(oracle["box_xyxy"])[None])
    got, known = (
        logits[0].numpy() > 0 if logits.dtype == torch.float32 else (logits[0].float().numpy() > 0),
        oracle["low_res_logits"] > 0,
    )
    dice = 2 * np.count_nonzero(got & known) / (np.count_nonzero(got) + np.count_nonzero(known))
    assert dice > 0.99
    assert pytest.approx(float(oracle["predicted_iou"]), abs=0.02) == float(expected[0])
