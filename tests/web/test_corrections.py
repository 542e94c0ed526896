"""Corrections over HTTP: a draft is begun, drawn on, undone, committed, dropped and taken over."""

import asyncio
import gzip
import json
import shutil
import time

import httpx
import numpy as np
import pytest

from remnant.core.labels import Structure
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.volumes import Modality
from remnant.io.nifti import read_own_labels, write_image
from remnant.io.reading import ReadingChoice
from remnant.pipeline.case_files import SCHEMES
from remnant.pipeline.drafts.scratch import SCRATCH
from remnant.pipeline.folder import read_case, read_measured
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import rerun_case, run_study
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.web.app import create_app
from remnant.web.settings import WebSettings

HERE = "http://127.0.0.1"
CHANGING = {"X-Remnant": "1", "Content-Type": "application/json"}
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom(body_grid(spacing_mm=(6.0, 6.5, 7.0)), metastases=2, seed=3)


@pytest.fixture(scope="module", name="made")
def made_fixture(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    write_image(phantom.image, folder / "ct.nii.gz")
    run_study(
        SegmentRequest(source=folder / "ct.nii.gz", reading=ReadingChoice(modality=Modality.CT)),
        measuring=MEASURING,
        planning=PlanRequest(choice=PlanChoice(targets=(0.7,), seconds=5.0)),
        output=folder / "case",
        segmenter=FakeSegmenter.knowing(phantom),
        divider=FakeDivider.knowing(phantom),
        page=False,
    )
    return folder


@pytest.fixture(name="case")
def case_fixture(made, tmp_path):
    return shutil.copytree(made / "case", tmp_path / "case")


class Page:
    """A browser that shows one case."""

    def __init__(self, case, **more):
        self.app = create_app(WebSettings(root=case, **more))
        (row,) = self.ask("GET", "/api/cases").json()["cases"]
        self.base = f"/api/cases/{row['id']}"

    def ask(self, method, path, body=None, headers=None):
        return asyncio.run(self._asked(method, path, body, headers))

    async def _asked(self, method, path, body, headers):
        content = None if body is None else json.dumps(body)
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
            return await client.request(method, path, content=content, headers=headers)

    def get(self, path=""):
        return self.ask("GET", f"{self.base}{path}").json()

    def send(self, path, body, method="POST", **headers):
        return self.ask(method, f"{self.base}/draft{path}", body, {**CHANGING, **headers})

    def begin(self, by="A. Reader", **more):
        answer = self.send("", {"by": by, **more})
        assert 201 == answer.status_code, answer.text
        self.draft = answer.json()["draft"]
        return answer.json()

    def op(self, **op):
        return self.send("/ops", {"draft": self.draft, "op": op})

    def commit(self, **confirm):
        answer = self.send("/commit", {"draft": self.draft, "confirm": confirm})
        assert 202 == answer.status_code, answer.text
        return self.follow(answer.json()["job"])

    def follow(self, job):
        for _ in range(600):
            state = self.ask("GET", f"/api/jobs/{job}").json()
            if state["state"] != "running":
                return state
            time.sleep(0.1)
        raise TimeoutError


@pytest.fixture(name="page")
def page_fixture(case):
    return Page(case)


def deepest(case):
    from scipy import ndimage

    structures = read_case(case).maps.structures
    away = ndimage.distance_transform_edt(structures.codes == Structure.PARENCHYMA)
    at = np.unravel_index(away.argmax(), away.shape)
    return structures.geometry.ras_from_index(at).tolist()


def painting(case, **more):
    return {
        "do": "paint", "target": "lesion", "lesion": "new", "points_ras_mm": [deepest(case)],
        "radius_mm": 15.0, "shape": "ball", "plane": "axial", **more,
    }  # fmt: skip


def full_map(page, layer, name, tmp_path):
    content = page.ask("GET", f"{page.base}/volumes/{layer}.nii.gz?detail=full").content
    path = tmp_path / f"{layer}.nii.gz"
    path.write_bytes(content)
    return read_own_labels(path, SCHEMES[name]).codes


def test_draft__a_step_answers_with_quick_figures_and_changes_no_case(page, case, tmp_path):
    before, lesions = read_measured(case), read_case(case).maps.lesions.codes
    begun = page.begin()
    told = page.op(**painting(case)).json()
    drafted = full_map(page, "draft_lesions", "lesions.nii.gz", tmp_path)
    fresh = told["lesions"][2]

    assert (0, 1) == (begun["step"], told["step"])
    assert [1, 2, 3] == [one["id"] for one in told["lesions"]]
    assert "confirmed" == fresh["state"]
    assert fresh["volume"]["value"] > 8
    assert fresh["segment"]
    assert fresh["longest"]["reason"]
    assert told["burden"]["value"] > before.volumetry.burden_fraction.value
    assert np.count_nonzero(drafted != lesions) == told["changed_voxels"]
    places = np.argwhere(drafted != lesions)
    assert [places.min(axis=0).tolist(), places.max(axis=0).tolist()] == told["box"]
    assert np.array_equal(lesions, read_case(case).maps.lesions.codes)
    assert page.get()["draft"]["lesions"] == told["lesions"]


def test_draft__is_committed_and_case_and_report_follow(made, case, tmp_path):
    page = Page(case, image=made / "ct.nii.gz")
    begun = page.begin()
    told = page.op(**painting(case)).json()
    drafted = full_map(page, "draft_lesions", "lesions.nii.gz", tmp_path)
    ended = page.commit(lesions=True)
    after, measured = page.get(), read_measured(case).volumetry

    assert "done" == ended["state"], ended
    assert ended["revision"] == after["revision"] != begun["revision"]
    assert after["draft"] is None
    assert told["burden"]["value"] == pytest.approx(measured.burden_fraction.value)
    assert measured.lesions[-1].intensity is not None
    assert ["confirmed"] * 3 == [one["state"] for one in after["lesions"]]
    assert np.array_equal(drafted, read_case(case).maps.lesions.codes)
    (version,) = page.get("/history")
    assert (1, "A. Reader") == (version["version"], version["by"])
    assert "lesion 3 painted" in version["what"][0]
    assert "lesions confirmed by A. Reader" == version["what"][-1]
    assert not (case / SCRATCH).exists()


def test_draft__undo_and_redo(page, case):
    first = page.begin()
    told = page.op(**painting(case)).json()
    back = page.send("/undo", {"draft": page.draft}).json()
    assert first["lesions"] == back["lesions"]
    assert 0 == back["step"]
    forth = page.send("/redo", {"draft": page.draft}).json()
    assert told["lesions"] == forth["lesions"]
    assert 422 == page.send("/redo", {"draft": page.draft}).status_code


def test_draft__every_step_of_the_contract(page, case, phantom):
    page.begin()
    centre = page.get()["lesions"][0]["centre_ras_mm"]
    up, down = ([*centre[:2], centre[2] + z] for z in (40, -40))
    side = [[centre[0], centre[1] - 50, centre[2]], [centre[0], centre[1] + 50, centre[2]]]
    steps = [
        painting(case),
        {"do": "split", "lesion": 1, "line_ras_mm": side, "plane": "axial"},
        {"do": "merge", "lesions": [1, 4]},
        {"do": "reject", "lesions": [2]},
        {"do": "unset", "lesions": [2]},
        {"do": "confirm", "lesions": [2]},
        {"do": "split", "lesion": 1, "line_ras_mm": [up, down], "plane": "coronal"},
        {"do": "delete", "lesion": 5},
        painting(case, do="erase", lesion=3, radius_mm=8.0),
    ]
    for number, op in enumerate(steps, start=1):
        answer = page.op(**op)
        assert 200 == answer.status_code, (op, answer.text)
        assert number == answer.json()["step"]
    points = [phantom.landmarks.ivc, phantom.landmarks.gallbladder_fossa]
    moved = [[x + 9.0, y, z + up] for (x, y, z) in points for up in (-20.0, 30.0)]
    answer = page.op(do="move_plane", plane="main", points_ras_mm=moved)
    assert 200 == answer.status_code, answer.text
    assert answer.json()["changed_voxels"] > 0
    whole = sum(s["volume"]["value"] for s in page.get()["segments"])
    assert whole == pytest.approx(sum(s["volume"]["value"] for s in answer.json()["segments"]))


def test_draft__grows_on_the_scan_and_says_when_there_is_none(made, case):
    page = Page(case, image=made / "ct.nii.gz")
    page.begin()
    seed = page.get()["lesions"][0]["centre_ras_mm"]
    before = page.get()["lesions"][0]["volume"]["value"]
    page.op(do="delete", lesion=1)
    told = page.op(do="grow", seed_ras_mm=seed, lesion="new").json()
    assert 3 == told["lesions"][-1]["id"]
    assert before == pytest.approx(told["lesions"][-1]["volume"]["value"], rel=0.3)
    without = Page(case)
    without.begin()
    refusal = without.op(do="grow", seed_ras_mm=seed, lesion="new")
    assert refusal.status_code in (404, 422)
    assert "scan" in refusal.json()["error"]


def test_draft__two_persons_do_not_overwrite_each_other(page, case):
    page.begin("A. Reader")
    page.op(**painting(case))
    other = Page(case)
    taken = other.send("", {"by": "B. Surgeon"})
    assert 409 == taken.status_code
    assert "A. Reader" == taken.json()["by"]
    assert taken.json()["since"]
    answer = other.begin("B. Surgeon", take_over=True)
    assert 1 == answer["step"]
    lost = page.op(do="delete", lesion=1)
    assert 409 == lost.status_code
    assert "B. Surgeon holds it now" in lost.json()["error"]
    assert "B. Surgeon" == lost.json()["by"]
    assert 2 == other.op(do="delete", lesion=1).json()["step"]
    assert "B. Surgeon" == page.get()["draft"]["by"]


def test_draft__a_case_that_was_changed_refuses_and_lets_it_be_dropped(page, case):
    page.begin()
    page.op(**painting(case))
    rerun_case(
        case,
        SegmentRequest(review=LesionReview(rejected=frozenset({2}))),
        output=case,
        measuring=MEASURING,
    )
    ended = page.commit()
    assert "failed" == ended["state"]
    assert "changed" in ended["error"]
    assert f"{case.parent}" not in str(ended)
    fresh = Page(case)
    assert fresh.get()["draft"]["stale"]
    stale = fresh.send("", {"by": "A. Reader"})
    assert 412 == stale.status_code
    assert fresh.get()["revision"] == stale.json()["revision"]
    assert 200 == fresh.send("", {"draft": page.draft}, method="DELETE").status_code
    assert fresh.get()["draft"] is None


def test_draft__begins_only_on_the_state_that_the_page_shows(page):
    answer = page.send("", {"by": "A. Reader"}, **{"If-Match": '"0000"'})
    assert 412 == answer.status_code
    assert page.get()["revision"] == answer.json()["revision"]
    assert page.get()["draft"] is None


def test_draft__a_new_server_goes_on_with_it(page, case):
    page.begin()
    told = page.op(**painting(case)).json()
    again = Page(case)
    again.draft = page.draft
    assert told["lesions"] == again.get()["draft"]["lesions"]
    assert 2 == again.op(do="delete", lesion=1).json()["step"]
    assert 201 == again.send("", {"by": "A. Reader"}).status_code


BAD = {
    "no step": {},
    "unknown step": {"do": "melt"},
    "unknown field": {"do": "delete", "lesion": 1, "path": "/etc"},
    "no number": {"do": "delete", "lesion": "1; rm"},
    "truth as number": {"do": "delete", "lesion": True},
    "no lesion": {"do": "delete", "lesion": 77},
    "no points": {"do": "paint", "points_ras_mm": [], "radius_mm": 3},
    "flat point": {"do": "paint", "points_ras_mm": [[1, 2]], "radius_mm": 3},
    "huge radius": {"do": "paint", "points_ras_mm": [[0, 0, 0]], "radius_mm": 1e9},
    "far away": {"do": "paint", "points_ras_mm": [[1e7, 0, 0]], "radius_mm": 3},
    "unknown plane": {"do": "move_plane", "plane": "ecliptic", "points_ras_mm": [[0, 0, 0]] * 3},
    "points on a line": {"do": "move_plane", "plane": "main",
                         "points_ras_mm": [[0, 0, 0], [1, 1, 1], [2, 2, 2]]},
    "list as lesion": {"do": "grow", "seed_ras_mm": [0, 0, 0], "lesion": []},
    "odd shape": {"do": "paint", "points_ras_mm": [[0, 0, 0]], "radius_mm": 3, "shape": "star"},
}  # fmt: skip


def test_draft__what_cannot_be_done_is_refused_in_one_line(page, case):
    page.begin()
    for name, op in BAD.items():
        answer = page.op(**op)
        assert answer.status_code in (400, 422), (name, answer.text)
        said = answer.json()
        assert said["error"], name
        assert "\n" not in said["error"]
        assert f"{case.parent}" not in answer.text
    assert 0 == page.get()["draft"]["step"]
    assert 422 == page.send("/commit", {"draft": page.draft, "confirm": {}}).status_code
    assert 409 == page.send("/ops", {"draft": "other", "op": {}}).status_code
    plain = page.ask("POST", f"{page.base}/draft", {"by": "A"})
    assert 403 == plain.status_code
    assert gzip.decompress(
        page.ask("GET", f"{page.base}/volumes/draft_lesions.nii.gz?detail=full").content
    )
    assert 404 == page.ask("GET", f"{page.base}/volumes/draft_veins.nii.gz").status_code
