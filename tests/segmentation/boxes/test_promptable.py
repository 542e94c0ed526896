"""Boxes on slices: where they lie in the picture, what is kept, what the network is asked."""

from itertools import product

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from remnant.core.errors import InputError  # noqa: E402
from remnant.core.geometry import Geometry  # noqa: E402
from remnant.core.volumes import ImageVolume, Modality  # noqa: E402
from remnant.testing.phantoms import body_grid, liver_phantom  # noqa: E402
from segmentation.boxes import promptable  # noqa: E402
from segmentation.boxes.cache import FOLDER, EmbeddingCache  # noqa: E402
from segmentation.boxes.pictures import PictureFrame, scaled, shown_range  # noqa: E402
from segmentation.boxes.promptable import (  # noqa: E402
    MedsamPrompter,
    SliceBox,
    forget_embeddings,
    medsam_prompter,
    prompter_model,
)


def frame(i=60, j=40, spacing=(6.0, 6.0)):
    return PictureFrame.of(Geometry((i, j, 3), np.diag([*spacing, 5.0, 1.0])))


def test_frame__front_is_up_and_the_patients_right_is_left():
    values = np.zeros((60, 40), dtype=np.float32)
    values[50:, 35:] = 1.0
    picture = frame().picture(values)
    assert (256, 171) == (frame().width, frame().height)
    rows, columns = np.nonzero(picture > 0.5)
    assert (0, 0) == (rows.min(), columns.min())
    assert pytest.approx(10 * 256 / 60, abs=1) == columns.max() + 1
    assert pytest.approx(5 * 171 / 40, abs=1) == rows.max() + 1
    assert 0.0 == picture[171:].max()


def test_frame__pixels_are_square_whatever_the_voxels_are():
    assert (256, 64) == (frame(64, 16, (8.0, 8.0)).width, frame(64, 16, (8.0, 8.0)).height)
    assert (128, 256) == (frame(64, 32, (8.0, 32.0)).width, frame(64, 32, (8.0, 32.0)).height)


def test_frame__a_cropped_image_is_seen_at_the_scale_of_a_whole_slice():
    cropped, whole = frame(100, 80, (2.7, 2.7)), frame(100, 80, (3.0, 3.0))
    assert (180, 144) == (cropped.width, cropped.height)
    assert (256, 205) == (whole.width, whole.height)


def test_frame__range_is_stretched_and_nothing_is_not():
    values = np.linspace(0.2, 0.6, 60 * 40, dtype=np.float32).reshape(60, 40)
    picture = frame().picture(values)[:171]
    assert (0.0, 1.0) == (picture.min(), picture.max())
    assert 0.0 == frame().picture(np.full((60, 40), 0.5, dtype=np.float32)).max()


@pytest.mark.parametrize("box", [(3, 5, 20, 30), (0, 0, 59, 39), (17.5, 8.25, 17.5, 8.25)])
def test_frame__box_surrounds_what_it_surrounds_on_the_slice(box):
    """Painted into a picture at its pixels, a box comes back where it was."""
    shape = frame()
    low_i, low_j, high_i, high_j = box
    x0, y0, x1, y1 = shape.pixels(SliceBox(low_i, low_j, high_i, high_j))
    rows, columns = (torch.arange(256.0) for _ in range(2))
    half = 0.5 * 256 / 60
    inside = ((columns >= x0 - half) & (columns <= x1 + half))[None] & (
        (rows >= y0 - half) & (rows <= y1 + half)
    )[:, None]
    i, j = np.nonzero(shape.on_slice(inside[None].float())[0] > 0.5)
    expected = [low_i, low_j, high_i, high_j]
    assert pytest.approx(expected, abs=1.01) == [i.min(), j.min(), i.max(), j.max()]


def test_frame__box_is_cut_at_the_edges():
    assert (0.0, 0.0, 255.0, 170.0) == frame().pixels(SliceBox(-9, -9, 90, 90))


def test_shown_range__of_mr_is_of_the_body():
    rng = np.random.default_rng(1)
    voxels = np.zeros((30, 30, 30), dtype=np.float32)
    voxels[6:24, 6:24] = rng.uniform(300, 900, (18, 18, 30))
    voxels[0, 0, 0] = 20_000.0
    image = ImageVolume(voxels, Geometry(voxels.shape, np.eye(4)), Modality.MR)
    assert pytest.approx((306, 894), abs=8) == shown_range(image)
    flat = ImageVolume(np.zeros_like(voxels), image.geometry, Modality.MR)
    black, white = shown_range(flat)
    assert black < white


def test_scaled__is_cut():
    assert [0.0, 0.5, 1.0] == scaled(np.array([-900, 40, 2000]), (-160.0, 240.0)).tolist()


def embedding(value):
    return np.full((2, 3), value, dtype=np.float16)


def test_cache__memory_keeps_what_was_used_last():
    cache = EmbeddingCache((2, 3), memory_bytes=24)
    for key, value in zip("abc", (1, 2, 3), strict=True):
        cache.put(key, embedding(value))
        cache.get("a")
    assert [True, False, True] == [key in cache for key in "abc"]
    assert cache.get("b") is None


def test_cache__scratch_holds_for_the_next_process_and_is_forgotten(tmp_path):
    EmbeddingCache((2, 3), tmp_path).put("a", embedding(1))
    other = EmbeddingCache((2, 3), tmp_path)
    assert "a" in other
    np.testing.assert_array_equal(embedding(1), other.get("a"))
    assert ["a.npy"] == [path.name for path in (tmp_path / FOLDER).iterdir()]
    forget_embeddings(tmp_path)
    assert [] == list(tmp_path.iterdir())
    assert EmbeddingCache((2, 3), tmp_path).get("a") is None
    forget_embeddings(tmp_path)


def test_cache__scratch_is_bounded(tmp_path):
    size = 128 + embedding(0).nbytes
    cache = EmbeddingCache((2, 3), tmp_path, scratch_bytes=3 * size)
    for n in range(6):
        cache.put(f"k{n}", embedding(n))
    assert 3 >= len(list((tmp_path / FOLDER).iterdir())) >= 2
    assert "k5" in EmbeddingCache((2, 3), tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY\x01\x00", b"not an array", "other shape", "objects"]
)
def test_cache__a_damaged_file_counts_as_not_kept(tmp_path, content):
    path = tmp_path / FOLDER / "a.npy"
    path.parent.mkdir()
    if content == "other shape":
        np.save(path, np.zeros((3, 2), dtype=np.float16))
    elif content == "objects":
        np.save(path, np.array([{}]), allow_pickle=True)
    else:
        path.write_bytes(content)
    cache = EmbeddingCache((2, 3), tmp_path)
    assert "a" not in cache
    assert cache.get("a") is None


class StubNetwork:
    """Outlines the box itself; remembers what it was asked to encode."""

    def __init__(self):
        self.encoded = []
        self.boxes = self
        self.corners = torch.zeros(1)

    def encode(self, pictures):
        self.encoded.append(len(pictures))
        small = torch.nn.functional.avg_pool2d(pictures, 4)
        return small.expand(-1, 256, -1, -1)

    def outlines(self, _, boxes):
        steps = torch.arange(256.0)
        x0, y0, x1, y1 = boxes.T[:, :, None]
        across = (steps >= x0) & (steps <= x1)
        down = (steps >= y0) & (steps <= y1)
        logits = (down[:, :, None] & across[:, None]).float() * 2 - 1
        return logits, torch.linspace(0.5, 0.9, len(boxes))


@pytest.fixture(name="stub")
def stub_fixture(monkeypatch):
    stub = StubNetwork()
    monkeypatch.setattr("models.networks.loading.load_network", lambda *_, **__: stub)
    monkeypatch.setattr(promptable.registry, "pull", lambda *_, **__: None)
    return stub


def scan(affine_ras=None, shape=(60, 50, 9)):
    rng = np.random.default_rng(2)
    grid = Geometry(shape, np.diag([1.0, 1.0, 3.0, 1.0]) if affine_ras is None else affine_ras)
    return ImageVolume(rng.normal(40, 90, shape).astype(np.int16), grid, Modality.CT)


def test_prompter__encodes_each_slice_once(stub):
    heard = []
    with medsam_prompter(scan()) as prompter:
        prompter.encode([2, 3, 2], progress=lambda *report: heard.append(report))
        prompter.encode([3, 2])
        prompter.outlines(3, [SliceBox(5, 5, 20, 20)])
        assert 2 == sum(stub.encoded)
        prompter.outlines(4, [SliceBox(5, 5, 20, 20)])
    assert 3 == sum(stub.encoded)
    assert [(0, 2), (1, 2), (2, 2)] == [(done, total) for _, done, total in heard]


def test_prompter__scratch_spares_the_next_process_the_work(stub, tmp_path):
    box = SliceBox(5, 5, 20, 20)
    with medsam_prompter(scan(), scratch=tmp_path) as prompter:
        first = prompter.outlines(3, [box])
    with medsam_prompter(scan(), scratch=tmp_path) as prompter:
        prompter.encode([3])
        again = prompter.outlines(3, [box])
    assert 1 == sum(stub.encoded)
    np.testing.assert_array_equal(first[0].logits, again[0].logits)


@pytest.mark.parametrize(("order", "right"), list(product([(0, 1, 2), (2, 0, 1)], [1, -1])))
def test_prompter__boxes_and_outlines_are_of_the_upright_grid(stub, order, right):
    spacing = np.array([1.0, 1.0, 3.0])
    matrix = np.eye(4)
    for axis, world in enumerate(order):
        matrix[:3, axis] = np.eye(3)[world] * spacing[world] * (right if world == 0 else 1)
    shape = tuple(np.array((60, 50, 9))[list(order)])
    with medsam_prompter(scan(matrix, shape)) as prompter:
        assert (60, 50, 9) == prompter.grid.shape
        assert ("R", "A", "S") == prompter.grid.axcodes
        outline = prompter.outlines(8, [SliceBox(10, 20, 30, 45)])[0].logits
    i, j = np.nonzero(outline > 0)
    assert pytest.approx([10, 20, 30, 45], abs=1) == [i.min(), j.min(), i.max(), j.max()]


def test_prompter__many_boxes_come_in_their_order(stub):
    boxes = [SliceBox(2 * n, 3, 2 * n + 10, 30) for n in range(20)]
    with medsam_prompter(scan()) as prompter:
        found = prompter.outlines(1, boxes)
    lows = [int(np.nonzero(one.logits.max(axis=1) > 0)[0][0]) for one in found]
    assert 20 == len(found)
    assert pytest.approx([2 * n for n in range(20)], abs=1) == lows
    assert all(0.5 <= one.predicted_iou <= 0.9 for one in found)


@pytest.mark.parametrize(
    ("k", "box", "words"),
    [
        (9, SliceBox(1, 1, 2, 2), "no axial slice 9; the image has 0 to 8"),
        (-1, SliceBox(1, 1, 2, 2), "no axial slice -1"),
        (1, SliceBox(5, 1, 2, 2), "is empty"),
        (1, SliceBox(70, 1, 80, 2), "lies outside the slice of 60 by 50 voxels"),
    ],
)
def test_prompter__what_is_not_there_is_refused(stub, k, box, words):
    with medsam_prompter(scan()) as prompter, pytest.raises(InputError, match=words):
        prompter.outlines(k, [box])
    assert [] == stub.encoded


@pytest.mark.network
def test_prompter__outlines_the_phantoms_liver(fetch, tmp_path):
    phantom = liver_phantom(body_grid(spacing_mm=(2.0, 2.0, 8.0)), metastases=0)
    fetch(promptable.registry.pull, prompter_model().id)
    liver = phantom.liver_mask.mask()
    k = int(liver.sum(axis=(0, 1)).argmax())
    i, j = np.nonzero(liver[:, :, k])
    with medsam_prompter(phantom.image, device="cpu", scratch=tmp_path) as prompter:
        assert isinstance(prompter, MedsamPrompter)
        assert prompter.grid.same_grid(phantom.geometry)
        box = SliceBox(i.min() - 2, j.min() - 2, i.max() + 2, j.max() + 2)
        (outline,) = prompter.outlines(k, [box])
    found = outline.logits > 0
    both = np.count_nonzero(found & liver[:, :, k])
    assert 2 * both / (np.count_nonzero(found) + len(i)) > 0.9
    assert outline.predicted_iou > 0.8
