"""The engine's steps around the networks, with networks replaced by known answers."""

import numpy as np
import pytest

from remnant.core.errors import InputError, SegmentationFailedError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.volumes import ImageVolume, Modality
from segmentation.engines import kul
from segmentation.engines.findings import liver_findings

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

    def fake(field, device):
        seen.append(field.shape)
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


def test_liver_findings__verdicts():
    geometry = Geometry((50, 50, 40), np.diag([4.0, 4.0, 5.0, 1.0]))
    liver = np.zeros(geometry.shape, dtype=bool)
    liver[:25, :25, :20] = True
    good = {f.id: f for f in liver_findings(0.93, liver, geometry)}
    assert {f.verdict for f in good.values()} == {Verdict.MET}
    assert good["liver_volume_plausible"].value == pytest.approx(1000.0)
    assert good["field_of_view_sufficient"].value == pytest.approx(200.0)
    short = Geometry((50, 50, 10), np.diag([4.0, 4.0, 5.0, 1.0]))
    bad = liver_findings(0.5, liver[:, :, :10] & (np.arange(50) < 9)[:, None, None], short)
    assert {f.verdict for f in bad} == {Verdict.NOT_MET}
