"""Refining what an engine found: fakes instead of networks."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.progress import silent
from remnant.core.provenance import ModelUse
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.testing.fake_prompter import CutPrompter
from segmentation.boxes.promptable import SliceOutline
from segmentation.engines import registry
from segmentation.engines.findings import CORES_ALONE, cores_alone
from segmentation.engines.registry import ENGINES, Quality, engine_named, quality_named
from segmentation.lesions import borders as lesion_borders
from segmentation.port import LesionSegmenter, Segmentation, StepwiseSegmenter
from segmentation.postprocess import reconcile
from segmentation.refining import RefinableEngine, RefiningSegmenter


@pytest.fixture(autouse=True)
def as_fine_as_the_scan(monkeypatch):
    """A second network whose outlines lie where they should, however small they are."""
    monkeypatch.setattr(lesion_borders, "LEAST_RESOLVED_PIXELS", 0.0)


GRID = Geometry((30, 30, 12), np.diag([2.0, 2.0, 3.0, 1.0]))
IMAGE = ImageVolume(np.zeros(GRID.shape, np.int16), GRID, Modality.CT)
MODELS = [ModelUse(id=name, version="1", weights_sha256=64 * "0") for name in ("first", "second")]


def mask(*box):
    codes = np.zeros(GRID.shape, bool)
    codes[tuple(slice(*side) for side in box)] = True
    return codes


LIVER = mask((2, 28), (2, 28), (1, 11))
WHOLE_LIVER = mask((0, 30), (0, 30), (1, 11))
CORE = mask((10, 14), (10, 14), (4, 8))
TRUTH = mask((8, 16), (8, 16), (4, 8))


class LiverOrLesions(CutPrompter):
    """A prompter that knows the liver's whole extent in a large box, and lesions in small ones."""

    def outlines(self, slice_index, boxes):
        if boxes[0].i_high - boxes[0].i_low < 20:
            return super().outlines(slice_index, boxes)
        inside = np.where(WHOLE_LIVER[:, :, slice_index], 4.0, -4.0).astype(np.float32)
        return tuple(SliceOutline(inside, 0.97) for _ in boxes)


@dataclass
class Engine:
    """An engine that knows the liver and marks cores, and a prompter that knows the lesions."""

    core: np.ndarray = field(default_factory=lambda: CORE)
    opened: int = 0
    closed: int = 0
    device_name: str = "cpu"

    @property
    def models(self):
        return (MODELS[0],)

    @property
    def prompter_models(self):
        return (MODELS[1],)

    def segment(self, image, *, progress=silent):
        raise NotImplementedError

    def segment_liver(self, image, *, progress=silent):
        none = np.zeros(GRID.shape, np.uint8)
        return Segmentation(
            structures=LabelMap(LIVER.astype(np.uint8), GRID, STRUCTURE_SCHEME),
            lesions=LabelMap(none, GRID, INSTANCE_SCHEME),
            models=self.models,
        )

    def segment_lesions(self, image, liver, *, progress=silent):
        fitted = reconcile(liver.mask(), self.core, GRID)
        return Segmentation(
            structures=fitted.structures,
            lesions=fitted.lesions,
            quality=(*fitted.quality, cores_alone()),
            models=self.models,
            device="cpu",
        )

    @contextmanager
    def prompter(self, image, *, scratch=None, progress=silent):
        self.opened += 1
        yield LiverOrLesions(LabelMap(TRUTH.astype(np.uint8), GRID, BINARY_SCHEME))
        self.closed += 1


def test_lesions_are_refined_and_their_cores_kept():
    engine = Engine()
    found = RefiningSegmenter(engine).segment(IMAGE)
    assert np.array_equal(found.lesions.mask(), TRUTH)
    assert np.array_equal(found.structures.codes == 2, TRUTH)
    assert np.array_equal(found.core.mask(), CORE)
    assert found.models == tuple(MODELS)
    ids = [finding.id for finding in found.quality]
    assert CORES_ALONE not in ids
    assert len(ids) == len(set(ids))
    assert (engine.opened, engine.closed) == (1, 1)


def test_the_liver_is_refined_and_the_networks_agreement_told():
    engine = Engine()
    segmenter = RefiningSegmenter(engine)
    liver = segmenter.segment_liver(IMAGE)
    assert np.array_equal(WHOLE_LIVER, liver.structures.mask())
    assert "liver_networks_agree" in [finding.id for finding in liver.quality]
    assert liver.models == tuple(MODELS)
    segmenter.segment_lesions(IMAGE, liver.structures)
    assert (engine.opened, engine.closed) == (1, 1)


def test_without_lesions_the_prompter_is_let_go():
    engine = Engine(core=np.zeros(GRID.shape, bool))
    found = RefiningSegmenter(engine).segment(IMAGE)
    assert found.core is None
    assert (engine.opened, engine.closed) == (1, 1)


def test_it_is_every_kind_of_segmenter():
    segmenter = RefiningSegmenter(Engine())
    for kind in (StepwiseSegmenter, LesionSegmenter, RefinableEngine):
        assert isinstance(segmenter, kind)
    assert segmenter.models == tuple(MODELS)
    assert segmenter.device_name == "cpu"
    with segmenter.prompter(IMAGE) as prompter:
        assert prompter.grid.shape == GRID.shape


def test_the_qualities_of_the_engine():
    for engine in ENGINES:
        for quality, refines in ((None, True), (Quality.BEST, True), (Quality.FAST, False)):
            made = engine_named(engine).segmenter(device="cpu", quality=quality)
            assert refines == isinstance(made, RefiningSegmenter)
    assert quality_named("fast") is Quality.FAST
    with pytest.raises(InputError, match="no quality 'good'; known: fast, best"):
        quality_named("good")


def test_an_engine_without_a_prompter_is_refused(monkeypatch):
    class Bare:
        def segmenter(self, *, device):
            return object()

    monkeypatch.setattr(registry, "import_module", lambda _: Bare())
    with pytest.raises(InputError, match="--quality fast"):
        engine_named("kul").segmenter(quality=Quality.BEST)
