"""The registry of engines: each entry can be built, and another one needs no other change."""

import sys
from types import SimpleNamespace

import pytest

from models.catalog import model_info
from remnant.core.errors import InputError
from remnant.testing.fake_segmenter import ThresholdSegmenter
from segmentation.engines.registry import DEFAULT_ENGINE, ENGINES, Engine, engine_named
from segmentation.port import KnowsModels, StepwiseSegmenter


@pytest.mark.parametrize("name", ENGINES)
def test_engines__each_entry_gives_a_segmenter(name):
    assert callable(engine_named(name).segmenter(device="cpu").segment)
    assert engine_named(name).summary


def test_default_engine__keeps_the_liver_and_says_its_models_without_fetching_them(empty_cache):
    segmenter = engine_named(DEFAULT_ENGINE).segmenter(device="cpu")

    assert isinstance(segmenter, StepwiseSegmenter)
    assert isinstance(segmenter, KnowsModels)
    assert ["kul-liver", "kul-lesion", "medsam-lite"] == [one.id for one in segmenter.models]
    assert [model_info(one.id).weights_sha256 for one in segmenter.models] == [
        one.weights_sha256 for one in segmenter.models
    ]
    assert not empty_cache.exists()


def test_engine_named__unknown_is_refused_with_what_is_known():
    with pytest.raises(InputError, match=f"no engine 'nobody'; known: {DEFAULT_ENGINE}"):
        engine_named("nobody")


def test_engine_named__device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="'tpu' is not available"):
        engine_named(DEFAULT_ENGINE).segmenter(device="tpu")


def test_engines__another_is_one_module_and_one_entry(monkeypatch):
    another = SimpleNamespace(segmenter=lambda device: (ThresholdSegmenter(), device))
    monkeypatch.setitem(ENGINES, "another", Engine("engine_of_this_test", "thresholds"))
    monkeypatch.setitem(sys.modules, "engine_of_this_test", another)

    assert (ThresholdSegmenter(), "cpu") == engine_named("another").segmenter(device="cpu")
