"""One server and one browser for all tests; each gets pages of its own that watch themselves."""

import json
import secrets
import shutil
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from examples.browsers import browser, require_chromium
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.patient import Patient
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_labels, write_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.run import run_study
from remnant.testing.body import BODY_BOX_MM
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.grids import grid_around
from remnant.testing.liver import analytic_liver
from remnant.testing.metastases import scatter_metastases
from remnant.testing.phantoms import body_grid, liver_phantom

VOXEL_MM = (5.0, 5.5, 6.0)
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))
MIRRORED = np.diag([-1.0, -1.0, 1.0])
TURNED = Rotation.from_euler("zx", (14.0, 9.0), degrees=True).as_matrix() @ np.diag([-1, 1, 1])
SHARED_MAP, BALLS = "lits_060.nii.gz", ((8, 22.0), (2, 8.0))
AROUND = 6
LIVER_HU, LESION_HU, OUTSIDE_HU = 110, 60, -80
PATIENCE_MS = 10_000


@dataclass(frozen=True)
class Served:
    """A server: where it is, the folders of its cases, and their ids."""

    address: str
    root: Path
    ids: dict[str, str]

    def page_of(self, name):
        return f"{self.address}/case/{self.ids[name]}"


def stored(grid):
    """The grid as a NIfTI file keeps it."""
    return Geometry(grid.shape, np.float32(grid.affine_ras))


def as_mr(image):
    """The picture in grey values that no CT has."""
    grey = np.clip(2 * (image.voxels.astype(np.int16) + 200), 0, None)
    return ImageVolume(grey.astype(np.int16), image.geometry, Modality.MR)


def found_case(folder, name, phantom, modality=Modality.CT):
    """A case of which networks that know the answer found everything."""
    scan = folder / "scans" / f"{name}.nii.gz"
    scan.parent.mkdir(exist_ok=True)
    write_image(phantom.image if modality is Modality.CT else as_mr(phantom.image), scan)
    run_study(
        SegmentRequest(source=scan, reading=ReadingChoice(modality=modality)),
        measuring=MEASURING,
        output=folder / "cases" / name,
        segmenter=FakeSegmenter.knowing(phantom),
        divider=FakeDivider.knowing(phantom),
        page=False,
    )


def with_surroundings(labels):
    """A map that is cut to the liver, in a scan that goes on around it."""
    matrix = np.array(labels.geometry.affine_ras)
    matrix[:3, 3] = labels.geometry.ras_from_index((-AROUND,) * 3)
    codes = np.pad(labels.codes, AROUND)
    return LabelMap(codes, stored(Geometry(codes.shape, matrix)), COUINAUD_SCHEME)


def planted(path):
    """Structures and lesions of a Couinaud map: balls at the deepest places of two segments."""
    couinaud = with_surroundings(read_labels(path, COUINAUD_SCHEME))
    codes, spacing = couinaud.codes, couinaud.geometry.spacing_mm
    lesions = np.zeros(codes.shape, np.uint16)
    for number, (segment, radius_mm) in enumerate(BALLS, start=1):
        depth = ndimage.distance_transform_edt(codes == segment, sampling=spacing)
        elsewhere = np.ones(codes.shape, bool)
        elsewhere[np.unravel_index(int(depth.argmax()), codes.shape)] = False
        ball = ndimage.distance_transform_edt(elsewhere, sampling=spacing) <= radius_mm
        lesions[ball & (codes > 0)] = number
    structures = np.where(codes > 0, Structure.PARENCHYMA, 0).astype(np.uint8)
    structures[lesions > 0] = Structure.LESION
    return couinaud, structures, lesions


def given_case(folder, name, path):
    """A case of masks that were given, with a scan painted to match."""
    couinaud, structures, lesions = planted(path)
    grid = couinaud.geometry
    hu = np.full(structures.shape, OUTSIDE_HU, np.int16)
    hu[structures > 0], hu[lesions > 0] = LIVER_HU, LESION_HU
    scans = folder / "scans"
    write_image(ImageVolume(hu, grid, Modality.CT), scans / f"{name}.nii.gz")
    masks = {"couinaud": folder / "couinaud.nii.gz", "lesions": folder / "lesions.nii.gz"}
    write_labels(couinaud, masks["couinaud"])
    write_labels(LabelMap(lesions, grid, INSTANCE_SCHEME), masks["lesions"])
    run_study(
        SegmentRequest(
            source=scans / f"{name}.nii.gz",
            reading=ReadingChoice(modality=Modality.CT),
            masks=masks,
        ),
        measuring=MEASURING,
        output=folder / "cases" / name,
        segmenter=FakeSegmenter(
            LabelMap(structures, grid, STRUCTURE_SCHEME),
            LabelMap(lesions, grid, INSTANCE_SCHEME),
        ),
        page=False,
    )


@contextmanager
def serving(root, scans, repository, *more, token=""):
    """Serve a folder by the command that people use, until it is no longer needed."""
    command = [sys.executable, "-u", "-m", "remnant", "serve", str(root), "--images", str(scans)]
    server = subprocess.Popen(
        [*command, "--port", "0", *more], cwd=repository, stderr=subprocess.PIPE, text=True
    )
    try:
        words = server.stderr.readline().split()
        address = next(word for word in words if word.startswith("http")).rstrip("/")
        asked = urllib.request.Request(  # noqa: S310
            f"{address}/api/cases", headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            rows = json.load(answer)["cases"]
        yield Served(address, root, {row["name"]: row["id"] for row in rows})
    finally:
        server.terminate()
        server.communicate(timeout=20)


@pytest.fixture(name="serving_of")
def serving_fixture(chromium):
    """How a test serves a folder of its own."""
    return serving


@pytest.fixture(scope="session", name="chromium")
def chromium_fixture():
    return require_chromium()


@pytest.fixture(scope="module", name="browser")
def browser_fixture(chromium):
    with browser() as started:
        yield started


@pytest.fixture(scope="session", name="served")
def served_fixture(chromium, repository, tmp_path_factory):
    """A phantom as scans usually lie, twice, and the same phantom mirrored in its file."""
    folder = tmp_path_factory.mktemp("served")
    upright = stored(body_grid(spacing_mm=VOXEL_MM))
    turned = stored(grid_around(BODY_BOX_MM, spacing_mm=VOXEL_MM, directions=MIRRORED))
    for name, grid in (("upright", upright), ("mirrored", turned)):
        found_case(folder, name, liver_phantom(grid, metastases=2, seed=3))
    shutil.copytree(folder / "cases" / "upright", folder / "cases" / "painted")
    with serving(folder / "cases", folder / "scans", repository) as served:
        yield served


@pytest.fixture(scope="session", name="served_map")
def served_map_fixture(chromium, shared, repository, tmp_path_factory):
    """A shared Couinaud map with planted lesions."""
    path = shared / "data" / "couinaud" / SHARED_MAP
    if not path.is_file():
        pytest.skip("needs the shared Couinaud maps")
    folder = tmp_path_factory.mktemp("map")
    (folder / "scans").mkdir()
    given_case(folder, "map", path)
    with serving(folder / "cases", folder / "scans", repository) as served:
        yield served


@pytest.fixture(scope="module", name="token")
def token_fixture():
    return secrets.token_urlsafe(32)


@pytest.fixture(scope="module", name="guarded")
def guarded_fixture(chromium, repository, tmp_path_factory, token):
    """An oblique MR and a damaged case on a server that asks for a token."""
    folder = tmp_path_factory.mktemp("guarded")
    file = folder / "token.txt"
    file.write_text(token + "\n", encoding="ascii")
    file.chmod(0o600)
    grid = stored(grid_around(BODY_BOX_MM, spacing_mm=VOXEL_MM, directions=TURNED))
    drawn = scatter_metastases(analytic_liver(), 2, seed=3, radius_mm=(16.0, 22.0), gap_mm=5.0)
    found_case(folder, "oblique", liver_phantom(grid, metastases=drawn, seed=3), Modality.MR)
    damaged = folder / "cases" / "damaged"
    shutil.copytree(folder / "cases" / "oblique", damaged)
    (damaged / "report.json").write_text("{", encoding="utf-8")
    more = ("--token-file", str(file))
    with serving(folder / "cases", folder / "scans", repository, *more, token=token) as served:
        yield served


def told(said):
    """What a page's console says, and of what."""
    return f"{said.text} {said.location['url']}"


@pytest.fixture(name="opened")
def opened_fixture(browser):
    """Open pages; when the test ends, none may have failed or asked another host."""
    faults, contexts = [], []

    def opened(address, **options):
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        host = "/".join(address.split("/")[:3])
        page.route(
            lambda url: not url.startswith((host, "data:", "blob:")),
            lambda route: (faults.append(f"asked {route.request.url}"), route.abort()),
        )
        page.on("pageerror", lambda error: faults.append(f"failed: {error}"))
        page.on("console", lambda said: faults.append(told(said)) if said.type == "error" else None)
        page.goto(address)
        return page

    opened.faults = faults
    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(name="reviewed")
def reviewed_fixture(opened):
    """Open a case and wait until its three planes are there."""

    def reviewed(served, name):
        page = opened(served.page_of(name))
        page.wait_for_selector("#planes[data-ready=true]")
        page.wait_for_selector("#plan-figures[data-old=false]", state="attached")
        return page

    return reviewed
