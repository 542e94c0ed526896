"""A small case that was run from a scan, served without a network."""

import asyncio
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.plan_choice import PlanChoice
from remnant.core.volumes import Modality
from remnant.io.nifti import write_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.run import run_study
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.web.app import create_app
from remnant.web.settings import WebSettings

ADDRESS = "http://127.0.0.1:8000"
PERSON = Patient(
    height_cm=172, weight_kg=74, sex=Sex.MALE, age_years=61, background=LiverBackground.NORMAL
)


@pytest.fixture(scope="session", name="phantom")
def phantom_fixture():
    grid = body_grid(spacing_mm=(6.0, 6.5, 7.0))
    # mirrored, as most scans are: array axes and RAS axes must not be taken for each other
    matrix = np.array(grid.affine_ras)
    matrix[:3, 3] = grid.ras_from_index((grid.shape[0] - 1, grid.shape[1] - 1, 0))
    matrix[:3, :2] *= -1.0
    stored = Geometry(grid.shape, np.float32(matrix))
    return liver_phantom(stored, metastases=4, seed=3)


@pytest.fixture(scope="session", name="scan")
def scan_fixture(phantom, tmp_path_factory):
    path = tmp_path_factory.mktemp("scans") / "ct.nii.gz"
    write_image(phantom.image, path)
    return path


@pytest.fixture(scope="session", name="ran")
def ran_fixture(phantom, scan, tmp_path_factory):
    """A finished case; nothing writes there."""
    folder = tmp_path_factory.mktemp("web")
    couinaud = folder / "couinaud.nii.gz"
    write_labels(phantom.couinaud, couinaud)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        run_study(
            SegmentRequest(
                source=scan, reading=ReadingChoice(modality=Modality.CT),
                masks={"couinaud": couinaud},
            ),
            measuring=MeasureRequest(patient=PERSON),
            planning=PlanRequest(choice=PlanChoice(targets=(0.7,), seconds=5.0)),
            output=folder / "cases" / "Mustermann",
            segmenter=FakeSegmenter.knowing(phantom),
            page=False,
        )  # fmt: skip
    return folder / "cases" / "Mustermann"


@pytest.fixture(name="root")
def root_fixture(ran, tmp_path):
    """A folder of one case, which a test may change."""
    shutil.copytree(ran, tmp_path / "cases" / "Mustermann")
    return tmp_path / "cases"


@dataclass
class Page:
    """Asks a server as its page does, without a network."""

    app: object
    headers: dict = field(default_factory=dict)
    address: str = ADDRESS

    def ask(self, method, path, *, json_=None, content=None, headers=None):
        return asyncio.run(self.asked(method, path, json_, content, headers))

    async def asked(self, method, path, json_=None, content=None, headers=None):
        changing = method in ("POST", "PUT", "DELETE")
        own = {"x-remnant": "1"} if changing else {}
        if json_ is not None:
            content, own["content-type"] = json.dumps(json_), "application/json"
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=self.address) as client:
            given = {**own, **self.headers, **(headers or {})}
            kept = {name: value for name, value in given.items() if value is not None}
            return await client.request(method, path, content=content, headers=kept)

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, json_, **more):
        return self.ask("POST", path, json_=json_, **more)

    @property
    def case(self):
        """Id of the only case."""
        (row,) = self.get("/api/cases").json()["cases"]
        return row["id"]

    @property
    def base(self):
        """Where the only case is asked of."""
        return f"/api/cases/{self.case}"


@pytest.fixture(name="serve")
def serve_fixture():
    """Serve a folder."""

    def served(root: Path, **settings):
        return Page(create_app(WebSettings(root=root, **settings)))

    return served


@pytest.fixture(name="page")
def page_fixture(serve, root, scan):
    """The page of a case whose scan is there."""
    return serve(root, image=scan)


@pytest.fixture(scope="module", name="still")
def still_fixture(ran, scan):
    """The same of a case that no test changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        yield Page(create_app(WebSettings(root=ran.parent, image=scan)))
