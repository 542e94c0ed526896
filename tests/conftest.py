"""Fixtures and settings for the whole suite."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")
ROOT = Path(__file__).parents[1]

# A property over arrays is slow to draw on a busy machine: time says nothing about the code.
COMMON = {"deadline": None, "suppress_health_check": (HealthCheck.too_slow,)}
settings.register_profile("default", max_examples=25, **COMMON)
settings.register_profile("ci", max_examples=25, derandomize=True, database=None, **COMMON)
settings.register_profile("nightly", max_examples=500, **COMMON)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default")
)


@pytest.fixture(scope="session", name="repository")
def repository_fixture() -> Path:
    """Root of the checkout."""
    return ROOT


@pytest.fixture(scope="session", name="shared")
def shared_fixture() -> Path:
    """Folder of shared study data; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("REMNANT_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("no shared study data: set REMNANT_SHARED to its folder")
    return folder


@pytest.fixture(autouse=True)
def _fixed_pseudonym_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pseudonyms are the same on every machine; the user's own key file is not touched."""
    monkeypatch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)


@pytest.fixture(name="empty_cache")
def empty_cache_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a model cache of its own; without it tests share the user's cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("REMNANT_CACHE", str(folder))
    return folder
