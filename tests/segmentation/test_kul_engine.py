"""The engine's steps around the networks, with networks replaced by known answers."""

import os

import numpy as np
import pytest
import torch

from remnant.core.errors import InputError, SegmentationFailedError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from segmentation.engines import kul
from segmentation.engines.device import named_device
from segmentation.engines.findings import liver_findings
from segmentation.engines.memory import freed_memory_kept, memory_errors_explained

GRIDS = {
    "mirrored": np.array([[-2.5, 0, 0, 90], [0, -2.5, 0, 80], [0, 0, 5.0, -40], [0, 0, 0, 1.0]]),
    "permuted": np.array([[0, 0, 3.5, -95], [3, 0, 0, -90], [0, -2.5, 0, 100], [0, 0, 0, 1.0]]),
    "sheared": np.array([[2.5, 0, 0.4, -100], [0, 2.6, 0, -90], [0, 0, 4.0, -60], [0, 0, 0, 1.0]]),
}
RADIUS_MM = 55.0


def ball_scan(name, dtype=np.int16):
    source = Geometry((72, 70, 60), GRIDS[name])
    index = np.stack(np.meshgrid(*map(np.arange, source.shape), indexing="ij"), axis=-1)
    centre = source.ras_from_index((35, 34, 29))
    inside = np.linalg.norm(source.ras_from_index(index) - centre, axis=-1) < RADIUS_MM
    return ImageVolume(np.where(inside, 100, 0).astype(dtype), source, Modality.CT), inside


@pytest.fixture
def bright_is_liver(monkeypatch):
    """A network that calls bright voxels liver: a soft threshold at 50 HU."""
    seen = []

    def fake(field, device, heard):
        seen.append(field.shape)
        heard(0.5)
        return 1 / (1 + np.exp(-40 * (field[13:-13, 13:-13, 13:-13] - 0.125)))

    monkeypatch.setattr(kul, "_liver_map", fake)
    return seen


@pytest.mark.parametrize("name", GRIDS)
def test_find_liver__comes_back_to_its_place_on_any_grid(name, bright_is_liver):
    image, inside = ball_scan(name)
    found = kul.find_liver(image, device="cpu")
    mask = kul.thresholded(found.probability, found.grid, image.geometry)
    dice = 2 * np.count_nonzero(mask & inside) / (np.count_nonzero(mask) + np.count_nonzero(inside))
    # A shell of a quarter of a coarse voxel on the ball, as Dice: about 3 * 0.75 / 55 / 2.
    assert dice > 0.975
    assert bright_is_liver == [kul.FIRST_FIELD, kul.FIELD]
    assert found.confidence > 0.8


def test_find_liver__nothing_there(bright_is_liver):
    image, _ = ball_scan("mirrored")
    dark = ImageVolume(np.zeros_like(image.voxels), image.geometry, Modality.CT)
    with pytest.raises(SegmentationFailedError, match="no liver was found"):
        kul.find_liver(dark, device="cpu")


def test_find_liver__small_things_are_no_liver(bright_is_liver):
    image, _ = ball_scan("mirrored")
    voxels = np.zeros_like(image.voxels)
    voxels[30:45, 30:45, 25:32] = 100
    with pytest.raises(SegmentationFailedError):
        kul.find_liver(ImageVolume(voxels, image.geometry, Modality.CT), device="cpu")


def test_find_liver__a_tall_mr_body_is_searched_whole(bright_is_liver):
    grid = Geometry((40, 38, 110), np.diag([6.0, 6.0, 6.0, 1.0]))
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    points = grid.ras_from_index(index)
    centre, other = grid.ras_from_index((20, 19, 25)), grid.ras_from_index((20, 19, 95))
    liver = np.linalg.norm(points - centre, axis=-1) < RADIUS_MM
    heart = np.linalg.norm(points - other, axis=-1) < 40.0  # 268 mL: large enough for a liver
    voxels = np.where(liver | heart, 200, 40).astype(np.int16)
    voxels[[0, -1]] = voxels[:, [0, -1]] = 0
    image = ImageVolume(voxels, grid, Modality.MR)

    found = kul.find_liver(image, device="cpu")
    mask = kul.thresholded(found.probability, found.grid, grid)

    assert np.count_nonzero(mask & liver) > 0.9 * np.count_nonzero(liver)
    assert not (mask & heart).any()


@pytest.mark.parametrize(
    ("slices", "coverage"), [(1, "3 mm foot to head"), (2, "6 mm foot to head")]
)
def test_find_liver__too_few_slices_are_named(slices, coverage, bright_is_liver):
    grid = Geometry((90, 80, slices), np.diag([3.0, 3.0, 3.0, 1.0]))
    image = ImageVolume(np.full(grid.shape, 100, np.int16), grid, Modality.CT)
    with pytest.raises(SegmentationFailedError, match=f"covers only about {coverage}"):
        kul.find_liver(image, device="cpu")
    assert bright_is_liver == []


class Exhausted:
    """A network for which the device has no room."""

    def __init__(self, error):
        self.error = error

    def __call__(self, field, heard=None):
        raise self.error


@pytest.mark.parametrize(
    ("error", "device", "advice"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried …"), "cpu", "close other programs"),
        (RuntimeError("MPS backend out of memory (…)"), "cpu", "close other programs"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), "cpu", "more memory"),
    ],
)
def test_networks__lack_of_memory_is_one_line(error, device, advice, monkeypatch):
    monkeypatch.setattr("models.networks.loading.load_network", lambda name, **_: Exhausted(error))
    liver = np.ones((20, 21, 22), dtype=bool)
    grid = Geometry(liver.shape, np.diag([2.0, 2.0, 3.0, 1.0]))
    image = ImageVolume(np.zeros(liver.shape, np.int16), grid, Modality.CT)
    with pytest.raises(SegmentationFailedError, match=advice) as raised:
        kul._liver_map(np.zeros((30, 30, 30), np.float32), device, print)
    assert "\n" not in str(raised.value)
    with pytest.raises(SegmentationFailedError, match=advice):
        kul.find_lesions(image, liver, device=device)


def test_memory_shortage__advice_and_other_errors():
    shortage = torch.OutOfMemoryError("no room")
    with (
        pytest.raises(SegmentationFailedError, match="--device cpu"),
        memory_errors_explained("cuda"),
    ):
        raise shortage
    with pytest.raises(RuntimeError, match="shapes"), memory_errors_explained("cuda"):
        raise RuntimeError("shapes do not fit")


def test_segment_lesions__passes_exophytic_voxels_on(monkeypatch):
    grid = Geometry((20, 21, 22), np.diag([2.0, 2.0, 3.0, 1.0]))
    liver = np.zeros(grid.shape, dtype=bool)
    liver[3:12, 3:12, 3:12] = True
    lesion = np.zeros_like(liver)
    lesion[10:14, 5:8, 5:8] = True
    monkeypatch.setattr(kul, "find_lesions", lambda *_, **__: lesion)
    monkeypatch.setattr(kul.registry, "pull", lambda *_, **__: None)
    image = ImageVolume(np.zeros(grid.shape, np.int16), grid, Modality.CT)
    given = LabelMap(liver.astype(np.uint8), grid, BINARY_SCHEME)

    found = kul.KulSegmenter(device="cpu").segment_lesions(image, given)

    np.testing.assert_array_equal(lesion & ~liver, found.exophytic.mask())


def test_published_postprocessing__cuts_a_thin_bridge_and_keeps_the_largest():
    probability = np.zeros((40, 30, 20), dtype=np.float32)
    probability[5:20, 5:25, 5:15] = 0.9
    probability[24:34, 5:15, 5:15] = 0.9
    probability[20:24, 10, 10] = 0.9
    mask = kul.published_postprocessing(probability)
    assert not mask[20:].any()
    assert mask[6:19, 6:24, 6:14].all()
    assert (probability[mask] > 0.5).all()


def test_forget_elsewhere__what_was_removed_does_not_come_back():
    probability = np.zeros((40, 30, 20), dtype=np.float32)
    probability[5:20, 5:25, 5:15] = 0.9
    probability[19:25, 10, 10] = 0.9
    probability[4, 5:25, 5:15] = 0.3
    mask = kul.published_postprocessing(probability)
    kul._forget_elsewhere(probability, mask)
    assert not (probability[20:] > 0).any()
    assert probability[4, 12, 10] == np.float32(0.3)


def test_thresholded__elsewhere_and_empty():
    grid = Geometry((8, 9, 10), np.diag([3.0, 3.0, 3.0, 1.0]))
    far = np.diag([1.0, 1.0, 1.0, 1.0])
    far[:3, 3] = 500.0
    target = Geometry((5, 6, 7), far)
    assert not kul.thresholded(np.ones(grid.shape, np.float32), grid, target).any()
    assert not kul.thresholded(np.zeros(grid.shape, np.float32), grid, grid).any()


@pytest.mark.parametrize("length", [5, 8, 9, 12])
def test_centred__window_and_place_have_equal_length(length):
    inside, place = kul._centred(slice(100, 100 + length), 9)
    assert inside.stop - inside.start == place.stop - place.start == min(length, 9)
    assert abs((place.start + place.stop) - 9) <= 1
    assert abs((inside.start + inside.stop) - (200 + length)) <= 1


def test_chosen_device__unknown_is_refused():
    with pytest.raises(InputError, match="'tpu' is not available"):
        kul.chosen_device("tpu")
    assert kul.chosen_device("cpu") == "cpu"
    assert kul.chosen_device("auto") in {"cpu", "cuda", "mps"}


def test_named_device__fewer_bits_are_told(monkeypatch):
    monkeypatch.setattr("models.networks.loading.fast_precision", lambda device: torch.bfloat16)
    assert named_device("cpu") == "cpu (in bfloat16)"
    monkeypatch.setattr("models.networks.loading.fast_precision", lambda device: torch.float32)
    assert named_device("cpu") == "cpu"


def test_freed_memory_kept__any_c_library_will_do(monkeypatch):
    told = []

    class Glibc:
        def mallopt(self, name, value):
            told.append((name, value))

        def malloc_trim(self, pad):
            told.append("trimmed")

    for library in (Glibc(), object()):
        monkeypatch.setattr("ctypes.CDLL", lambda name, this=library: this)
        with freed_memory_kept():
            told.append("inside")
    assert told[:3] == [(-4, 0), (-1, 2**31 - 1), "inside"]
    assert told[-3:] == [(-1, 1 << 26), "trimmed", "inside"]


def test_chosen_device__threads_sleep_unless_the_user_decided(monkeypatch):
    environment = {}
    monkeypatch.setattr(os, "environ", environment)
    kul.chosen_device("cpu")
    assert environment == {"OMP_WAIT_POLICY": "PASSIVE"}
    environment["OMP_WAIT_POLICY"] = "ACTIVE"
    kul.chosen_device("cpu")
    assert environment == {"OMP_WAIT_POLICY": "ACTIVE"}


def test_find_liver__tells_how_far_it_is(bright_is_liver):
    heard = []
    image, _ = ball_scan("mirrored")
    kul.find_liver(image, device="cpu", progress=lambda *told: heard.append(told))
    looks = [told for told in heard if told[0] == "finding the liver"]
    assert [0, 50, 100] * 2 == [done for _, done, _ in looks]
    assert {100} == {total for *_, total in looks}


def test_liver_findings__verdicts():
    geometry = Geometry((50, 50, 40), np.diag([4.0, 4.0, 5.0, 1.0]))
    liver = np.zeros(geometry.shape, dtype=bool)
    liver[:25, :25, :20] = True
    good = {f.id: f for f in liver_findings(0.93, liver, geometry)}
    assert {f.verdict for f in good.values()} == {Verdict.MET}
    assert good["liver_volume_plausible"].value == pytest.approx(1000.0)
    assert {"network_confidence", "liver_volume_plausible"} == set(good)
    short = Geometry((50, 50, 10), np.diag([4.0, 4.0, 5.0, 1.0]))
    bad = liver_findings(0.5, liver[:, :, :10] & (np.arange(50) < 9)[:, None, None], short)
    assert {f.verdict for f in bad} == {Verdict.NOT_MET}
