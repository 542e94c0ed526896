"""What-if, saved plans and searches."""

import asyncio
import json
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from planning.case import Case
from planning.debulking.finding_ids import LIMITS_ID
from planning.planner import plan
from remnant.core.debulking import PlanOrigin
from remnant.core.labels import CouinaudSegment
from remnant.core.recipe import Recipe
from remnant.pipeline.case_files import REPORT_JSON, STATE, SURGEON_PLANS
from remnant.pipeline.facts import known_case
from remnant.pipeline.folder import read_measured
from remnant.pipeline.plan_maps import stored_maps
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import plan_stored, rerun_case
from remnant.web.open_cases import read
from remnant.web.what_if import answer

RECIPE = {"segments": ["VI", "VII"], "wedges": [2], "ablations": [3]}
NAMED = {"name": "Right side", "by": "A. Surgeon", "recipe": RECIPE}


def asked(page, recipe=RECIPE, **more):
    return page.post(f"{page.base}/what-if", {"recipe": recipe, **more})


def test_what_if__figures_and_verdicts_are_the_planners(still, ran):
    report, known = read_measured(ran), known_case(ran)
    own = Recipe(segments=(CouinaudSegment.VI, CouinaudSegment.VII), wedges=(2,), ablations=(3,))
    choice = replace(known.planning.choice, recipes=(own,))
    planned = plan(
        Case(report=report.volumetry, patient=report.patient, choice=choice, maps=stored_maps(ran))
    )
    (expected,) = (p for p in planned.plans if p.origin is PlanOrigin.USER)
    found = asked(still).json()

    assert expected.result.remnant.flr_ml.value == found["figures"]["flr"]["value"]
    assert expected.result.remnant.sflr.value == pytest.approx(found["figures"]["sflr"]["value"])
    assert expected.result.debulked_fraction.value == found["figures"]["debulked"]["value"]
    assert expected.result.interventions == found["interventions"]
    assert expected.feasible.value == found["feasible"]
    assert {f.id: f.verdict.value for f in expected.findings} == {
        one["id"]: one["verdict"] for one in found["verdicts"]
    }
    assert [one["id"] for one in found["verdicts"] if one["chosen"]] == ["flr.gepnetlm_review"]


def test_what_if__of_the_plans_of_the_case_is_what_the_report_says(still):
    for told in still.get(still.base).json()["plans"]:
        found = asked(still, told["recipe"]).json()
        for name, figure in told["figures"].items():
            value = found["figures"][name]["value"]
            assert value == pytest.approx(figure["value"], rel=1e-9), name
        assert told["feasible"] == found["feasible"]


def test_what_if__margins_body_formula_rules_and_facts_move_it(still):
    plain = asked(still).json()
    wide = asked(still, choice={"resection_margin_mm": 20}).json()
    heavy = asked(still, patient={"weight_kg": 120}).json()
    other = asked(still, formula="chan2006").json()
    rules = asked(still, choice={"rule_set": "cloyd2020"}).json()
    facts = asked(still, facts={"pancreatoduodenectomy": True}).json()

    assert wide["figures"]["flr"]["value"] < plain["figures"]["flr"]["value"]
    assert heavy["figures"]["sflr"]["value"] < plain["figures"]["sflr"]["value"]
    assert heavy["figures"]["flr"] == plain["figures"]["flr"]
    assert other["figures"]["sflr"]["value"] != plain["figures"]["sflr"]["value"]
    assert [v["id"] for v in rules["verdicts"] if v["chosen"]] == ["flr.cloyd2020"]
    broken = {v["id"]: v["words"] for v in facts["verdicts"]}
    assert LIMITS_ID in broken


def test_what_if__says_what_stands_without_pedicle_or_vein(still):
    found = asked(still, {"segments": ["IV", "VI", "VIII"]}).json()
    stated = asked(
        still, {"segments": ["IV", "VI", "VIII"]}, choice={"vessels_intact": ["IV,VI,VIII"]}
    ).json()

    assert found["cut_off"]["segments"] == ["V", "VII"]
    assert found["feasible"] in ("unknown", "not_met")
    assert "vessels not assessed: decides nothing" in found["warnings"]
    assert stated["figures"]["flr"]["value"] > found["figures"]["flr"]["value"]


def test_what_if__takes_back_what_was_said(still):
    assert asked(still, patient={"height_cm": None}).json()["figures"]["sflr"]["value"] is None
    free = {"wedge_limit_mm": None, "wedge_depth_mm": None, "keep": None}
    none, some = (
        asked(still, {"wedges": [1]}, choice={**free, "most_wedges": most}).json()["verdicts"]
        for most in (0, None)
    )
    assert LIMITS_ID in [verdict["id"] for verdict in none]
    assert LIMITS_ID not in [verdict["id"] for verdict in some]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "recipe is missing"),
        ({"recipe": {"segments": ["IX"]}}, "segment is not known"),
        ({"recipe": {"segments": [["V"]]}}, "segment is not known"),
        ({"recipe": {"wedges": [0]}}, "lesion is no number"),
        ({"recipe": {"wedges": [True]}}, "lesion is no number"),
        ({"recipe": {"wedges": list(range(1, 2000))}}, "too long"),
        ({"recipe": {"wedges": [2], "ablations": [2]}}, "both excised and ablated"),
        ({"recipe": {"wedges": [99]}}, "do not count"),
        ({"recipe": {}, "choice": {"resection_margin_mm": 99}}, "resection_margin_mm"),
        ({"recipe": {}, "choice": {"rule_set": "mine"}}, "rule set 'mine' is not known"),
        ({"recipe": {}, "choice": {"recipes": []}}, "'recipes' is not known"),
        ({"recipe": {}, "choice": []}, "choice is no object"),
        ({"recipe": {}, "patient": {"height_cm": 20}}, "height_cm"),
        ({"recipe": {}, "formula": "mine"}, "no liver volume formula"),
        ({"recipe": {}, "formula": 3}, "formula is no text"),
        ({"recipe": {}, "facts": {"grade": "G9"}}, "facts.grade"),
        ({"recipe": {}, "facts": {"shoe_size": 4}}, "'shoe_size' is not known"),
        ({"recipe": {}, "path": "/etc"}, "'path' is not known"),
    ],
)  # fmt: skip
def test_what_if__what_cannot_be_is_refused_by_name(still, ran, body, words):
    answer = still.post(f"{still.base}/what-if", body)

    assert answer.status_code in (400, 422)
    assert words in answer.json()["error"]
    assert f"{ran.parent}" not in answer.text


def test_what_if__its_plan_can_be_looked_at(still, phantom):
    key = asked(still).json()["plan_map"]
    axis = phantom.image.geometry.world_axes.index(2)
    values = set()
    for index in range(phantom.image.geometry.shape[axis]):
        answer = still.get(f"{still.base}/slices/axial/{index}?layer=plan&plan={key}")
        assert answer.headers["x-type"] == "uint8"
        values |= set(np.frombuffer(answer.content, np.uint8).tolist())
    sizes = {
        part: len(still.get(f"{still.base}/meshes/plan.mz3?plan={key}&part={part}").content)
        for part in ("removed", "stays", "ablated")
    }
    wrong = still.get(f"{still.base}/meshes/plan.mz3?plan={key}&part=x")

    assert values == {0, 1, 2, 3}
    assert sizes["ablated"] < sizes["removed"]
    assert wrong.status_code == 404


def test_what_if__of_the_last_recipes_alone_is_drawn(still, monkeypatch):
    monkeypatch.setattr("remnant.web.what_if.MOST_REMEMBERED", 2)
    keys = [
        asked(still, {"segments": [name]}).json()["plan_map"] for name in ("II", "III", "V", "VI")
    ]
    found = [
        still.get(f"{still.base}/slices/axial/3?layer=plan&plan={key}").status_code for key in keys
    ]
    assert found == [410, 410, 200, 200]


def test_what_if__a_case_without_segments_says_why(root, serve):
    folder = root / "Mustermann"
    (folder / STATE).unlink()
    page = serve(root)
    case = page.get(page.base).json()
    answer = asked(page)

    assert case["layers"] == []
    assert answer.status_code == 422
    assert "no operation can be judged" in answer.json()["error"]
    assert page.get(page.base).json()["not_judged"] == answer.json()["error"]


def test_what_if__a_part_of_a_plan_with_nothing_in_it_has_no_surface(still):
    key = asked(still, {"segments": ["VI"]}).json()["plan_map"]
    none = still.get(f"{still.base}/meshes/plan.mz3?plan={key}&part=ablated")
    assert (none.status_code, none.content) == (204, b"")
    assert still.get(still.base).json()["not_judged"] == ""


def saved(page, body=NAMED, revision=None):
    known = page.get(page.base).json()["revision"] if revision is None else revision
    return page.post(f"{page.base}/plans", body, headers={"if-match": f'"{known}"'})


def test_plan__is_saved_beside_others_and_listed(root, page):
    first, second = saved(page).json(), saved(page).json()
    listed = [p for p in page.get(f"{page.base}/plans").json()["plans"] if p["origin"] == "saved"]
    files = sorted((root / "Mustermann" / SURGEON_PLANS).iterdir())
    stored = json.loads(files[0].read_text())

    assert [p["id"] for p in listed] == [first["id"], second["id"]] == ["saved-0001", "saved-0002"]
    assert [p["version"] for p in listed] == [1, 2]
    assert [path.name for path in files] == ["0001.json", "0002.json"]
    assert (stored["by"], stored["name"]) == ("A. Surgeon", "Right side")
    assert stored["recipe"] == RECIPE
    assert stored["plan"]["figures"]["flr"]["value"] == first["figures"]["flr"]["value"]
    assert not first["stale"]


def test_plan__that_was_saved_is_never_overwritten(root, page):
    saved(page)
    folder = root / "Mustermann" / SURGEON_PLANS
    before = (folder / "0001.json").read_bytes()
    (folder / "0001.json").chmod(0o444)
    for _ in range(3):
        assert saved(page).status_code == 201

    assert before == (folder / "0001.json").read_bytes()
    assert len(list(folder.iterdir())) == 4


def test_plan__many_at_once_each_get_a_number(page):
    revision = page.get(page.base).json()["revision"]
    path, headers = f"{page.base}/plans", {"if-match": f'"{revision}"'}

    async def many():
        each = (page.asked("POST", path, NAMED, None, headers) for _ in range(8))
        return await asyncio.gather(*each)

    answers = asyncio.run(many())
    assert [a.status_code for a in answers] == [201] * 8
    assert len({a.json()["id"] for a in answers}) == 8


def test_plan__rests_on_the_state_that_was_seen(page):
    missing = page.post(f"{page.base}/plans", NAMED)
    stale = saved(page, revision="0123")

    assert missing.status_code == 428
    assert stale.status_code == 412
    assert stale.json()["revision"] == page.get(page.base).json()["revision"]
    assert page.get(f"{page.base}/plans").json()["plans"][-1]["origin"] != "saved"


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"by": None}, {"name": "x" * 500}, {"more": 1}, {"recipe": None}]
)
def test_plan__without_name_or_author_is_refused(page, change):
    assert saved(page, {**NAMED, **change}).status_code == 400


def test_plan__stays_when_the_case_is_planned_anew_and_is_stale_when_lesions_change(
    root, page, monkeypatch
):
    monkeypatch.setattr("remnant.pipeline.run._page", lambda *_: "")
    saved(page)
    folder = root / "Mustermann"
    known = known_case(folder)
    report = read_measured(folder)
    plan_stored(folder, report, known.planning, patient=report.patient)
    (planned,) = [p for p in page.get(page.base).json()["plans"] if p["origin"] == "saved"]
    review = SegmentRequest(review=LesionReview(rejected=frozenset({3})))
    rerun_case(folder, review, output=folder, measuring=known.measuring, planning=known.planning)
    (rerun,) = [p for p in page.get(page.base).json()["plans"] if p["origin"] == "saved"]

    assert not planned["stale"]
    assert rerun["stale"]
    assert planned["figures"] == rerun["figures"]


def test_plan__a_file_that_is_none_is_passed_over(root, page, tmp_path):
    saved(page)
    folder = root / "Mustermann" / SURGEON_PLANS
    (folder / "0007.json").write_text("{")
    (folder / "0008.json").write_text("[]")
    (tmp_path / "other.json").write_bytes((folder / "0001.json").read_bytes())
    (folder / "0009.json").symlink_to(tmp_path / "other.json")
    plans = page.get(page.base).json()["plans"]

    assert [p["id"] for p in plans if p["origin"] == "saved"] == ["saved-0001"]
    assert saved(page).json()["id"] == "saved-0010"


def test_plan__a_link_in_the_place_of_the_folder_is_refused(root, page, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (root / "Mustermann" / SURGEON_PLANS).symlink_to(tmp_path / "elsewhere")

    assert saved(page).status_code == 422
    assert list((tmp_path / "elsewhere").iterdir()) == []


def ended(page, job):
    for _ in range(600):
        state = page.get(f"/api/jobs/{job}").json()
        if state["state"] != "running":
            return state
        time.sleep(0.05)
    raise AssertionError(state)


def test_search__finds_plans_and_writes_nothing(root, page):
    before = (root / "Mustermann" / REPORT_JSON).read_bytes()
    body = {"choice": {"targets_percent": [70], "seconds": 5}, "recipe": RECIPE}
    started = page.post(f"{page.base}/search", body)
    state = ended(page, started.json()["job"])

    assert started.status_code == 202
    assert (state["state"], state["kind"], state["error"]) == ("done", "search", "")
    assert {p["origin"] for p in state["plans"]} == {"optimiser", "user"}
    assert state["targets"][0]["target"] == 0.7
    assert before == (root / "Mustermann" / REPORT_JSON).read_bytes()


def test_search__is_cancelled_and_runs_once(page):
    job = page.post(f"{page.base}/search", {}).json()["job"]
    again = page.post(f"{page.base}/search", {})
    cancelled = page.ask("DELETE", f"/api/jobs/{job}")

    assert again.status_code == 409
    assert cancelled.status_code == 200
    assert ended(page, job)["state"] == "cancelled"


def test_search__what_cannot_be_is_refused_at_once(page):
    assert page.post(f"{page.base}/search", {"choice": {"rule_set": "x"}}).status_code == 422
    assert page.get("/api/jobs/none").status_code == 404


def test_what_if__does_not_wait_for_other_work_on_the_case(ran):
    case, answered = read("one", ran, ran.parent), threading.Event()

    def ask():
        answer(case, {"recipe": RECIPE})
        answered.set()

    with case.lock:
        thread = threading.Thread(target=ask)
        thread.start()
        assert answered.wait(60.0)
    thread.join()
