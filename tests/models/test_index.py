"""Download through pip, against an index of files in a folder."""

import subprocess
import sys
import zipfile

import pytest

from models.cache import cache_folder, digest_file
from models.index import download
from remnant.core.errors import ModelIntegrityError, ModelUnavailableError

NAME = "tinyweights-1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    folder = tmp_path / "shop"
    folder.mkdir()
    with zipfile.ZipFile(folder / NAME, "w") as archive:
        archive.writestr("tinyweights-1.0.dist-info/METADATA", METADATA)
        archive.writestr("tinyweights-1.0.dist-info/WHEEL", WHEEL)
        archive.writestr("tinyweights-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("REMNANT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def files_in_cache():
    return [p.name for p in cache_folder().rglob("*") if p.is_file()]


def test_download__brings_the_file_once(shop):
    digest = digest_file(shop / NAME)
    reports = []
    path = download(
        "tinyweights==1.0",
        filename=NAME,
        sha256=digest,
        progress=lambda *report: reports.append(report),
    )
    assert digest_file(path) == digest
    assert files_in_cache() == [NAME]
    assert [(done, total) for _, done, total in reports] == [(0, 1), (1, 1)]
    (shop / NAME).unlink()
    assert download("tinyweights==1.0", filename=NAME, sha256=digest) == path


def test_download__wrong_hash_leaves_nothing(shop):
    with pytest.raises(ModelIntegrityError, match="sha256"):
        download("tinyweights==1.0", filename=NAME, sha256="0" * 64)
    assert files_in_cache() == []


def test_download__own_digest_is_the_last_word(shop, monkeypatch):
    real = subprocess.run

    def lenient(command, **settings):
        # A pip that ignores the pinned hash must not get a file past us.
        command = [c for c in command if c not in {"--require-hashes", "--requirement"}]
        return real([*command[:-1], "tinyweights==1.0"], **settings)

    monkeypatch.setattr("models.index.subprocess.run", lenient)
    with pytest.raises(ModelIntegrityError, match="discarded"):
        download("tinyweights==1.0", filename=NAME, sha256="0" * 64)
    assert files_in_cache() == []


def test_download__damaged_cache_is_fetched_again(shop):
    digest = digest_file(shop / NAME)
    path = download("tinyweights==1.0", filename=NAME, sha256=digest)
    path.write_bytes(b"half a file")
    assert digest_file(download("tinyweights==1.0", filename=NAME, sha256=digest)) == digest


def test_download__no_index_says_how_to_go_on(shop):
    (shop / NAME).unlink()
    with pytest.raises(ModelUnavailableError, match=r"remnant models add FILE\.whl") as caught:
        download("tinyweights==1.0", filename=NAME, sha256="0" * 64)
    assert "\n" not in str(caught.value)
    assert files_in_cache() == []


def test_download__other_file_name_is_refused(shop):
    with pytest.raises(ModelUnavailableError, match=r"instead of other\.whl"):
        download("tinyweights==1.0", filename="other.whl", sha256=digest_file(shop / NAME))


def test_download__without_pip(shop, monkeypatch):
    monkeypatch.setattr("models.index.importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelUnavailableError, match="no pip"):
        download("tinyweights==1.0", filename=NAME, sha256="0" * 64)


def test_models__import_without_torch():
    code = "import sys, models.registry, models.index; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
