"""The review page in a real browser: what a person sees, and that it is what the core says."""

import hashlib
import json
import re
import shutil
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from planning.case import Case
from planning.planner import plan
from remnant.core.debulking import PlanOrigin
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.recipe import Recipe
from remnant.pipeline.folder import read_case, read_measured
from remnant.view.parts import figure
from volumetry.liver_maps import liver_maps

NIIVUE_SHA256 = "d6c2be4feb1ad53b2ac76b4196da8d8fd2263b662b511c55ca0fd127eb6a6532"
LIVER_LINE = (90, 209, 230)
LONG_MS = 60_000
TABS = ("lesions", "plan", "correct", "summary")


def judged(folder, recipe):
    """What becomes of a case by the user's plan, as the planner judges it."""
    kept, report = read_case(folder), read_measured(folder)
    maps = liver_maps(kept.maps.structures, kept.maps.lesions, kept.division.couinaud)
    case = Case(
        report=report.volumetry, patient=report.patient, facts=report.clinical,
        choice=PlanChoice(recipes=(recipe,), named_only=True), maps=maps,
    )  # fmt: skip
    return next(one for one in plan(case).plans if one.origin is PlanOrigin.USER).result


def shown(page, name):
    return page.inner_text(f"#plan-figures [data-figure={name}] .value")


def settled(page):
    """Wait for the answer to the recipe on the table."""
    page.wait_for_timeout(120)
    page.wait_for_selector("#plan-figures[data-old=false]")


def pixels(page, plane):
    """RGB of a plane's picture."""
    script = "name => document.querySelector(`#plane-${name} .picture`).toDataURL()"
    coded = page.evaluate(script, plane).split(",", 1)[1]
    with Image.open(BytesIO(b64decode(coded))) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def share_left(page, plane):
    """Share of the liver's line that lies on the left half of the body in the picture."""
    picture = pixels(page, plane)
    line = np.abs(picture - LIVER_LINE).max(axis=2) < 40
    body = np.flatnonzero((picture.min(axis=2) > 40).any(axis=0))
    middle = (body[0] + body[-1]) / 2
    assert line.any()
    return float((np.flatnonzero(line.any(axis=0)) < middle).mean())


def test_work_list__finds_a_case_and_opens_it(served, opened):
    page = opened(served.address)
    page.wait_for_selector("#rows tr")
    assert page.locator("#rows tr").count() == 3
    page.fill("#search", "mirr")
    expect(page.locator("#rows tr")).to_have_count(1)
    assert page.inner_text("#count") == "1 of 3 cases"
    page.check("input[name=status][value=failed]")
    page.wait_for_selector("#empty:not([hidden])")
    page.check("input[name=status][value='']")
    page.click("#rows a")
    page.wait_for_selector("#planes[data-ready=true]")
    assert page.inner_text("#case-name") == "mirrored"


def test_case__jumps_to_a_lesion_and_says_what_lies_there(served, reviewed):
    page = reviewed(served, "upright")
    report = json.loads((served.root / "upright" / "report.json").read_text("utf-8"))
    lesion = report["volumetry"]["lesions"][1]
    page.click("[data-lesion='2']")
    expect(page.locator("#cross")).to_contain_text("lesion 2")
    words = page.inner_text("#cross")
    at = [
        float(w.replace("−", "-"))
        for w in words.split()
        if w.replace("−", "-").replace(".", "").lstrip("-").isdigit()
    ]
    assert np.abs(np.array(at[:3]) - lesion["centroid_ras_mm"]).max() <= 3.1
    assert "HU" in words
    assert "not confirmed" in words
    expect(page.locator("#loading")).to_contain_text("loaded")


@pytest.mark.parametrize("name", ["upright", "mirrored"])
def test_planes__show_right_on_the_left_however_the_file_lies(name, served, reviewed):
    page = reviewed(served, name)
    page.wait_for_timeout(300)
    letters = {
        plane: {
            side: page.inner_text(f"#plane-{plane} .edge.{side}")
            for side in ("left", "right", "top", "bottom")
        }
        for plane in ("axial", "coronal", "sagittal")
    }
    assert letters == {
        "axial": {"left": "R", "right": "L", "top": "A", "bottom": "P"},
        "coronal": {"left": "R", "right": "L", "top": "S", "bottom": "I"},
        "sagittal": {"left": "A", "right": "P", "top": "S", "bottom": "I"},
    }
    assert share_left(page, "axial") > 0.6
    assert share_left(page, "coronal") > 0.6


def test_planes__both_files_give_the_same_picture(served, reviewed):
    first, second = (pixels(reviewed(served, name), "axial") for name in ("upright", "mirrored"))
    assert first.shape == second.shape
    close = np.abs(first - second).max(axis=2) < 60
    assert close.mean() > 0.97


def test_what_if__figures_are_those_that_the_core_computes(served, reviewed):
    page = reviewed(served, "upright")
    page.click("#tab-plan")
    for name in ("VI", "VII"):
        page.click(f"[data-segment={name}]")
    page.check("input[name=fate-1][value=ablate]", force=True)
    settled(page)
    fate = page.is_checked("input[name=fate-1][value=ablate]")
    assert fate
    recipe = Recipe(segments=(CouinaudSegment.VI, CouinaudSegment.VII), ablations=(1,))
    expected = judged(served.root / "upright", recipe)
    assert shown(page, "flr") == figure(expected.remnant.flr_ml, "mL").written
    assert shown(page, "sflr") == figure(expected.remnant.sflr, "%", fraction=True).written
    assert shown(page, "debulked") == figure(expected.debulked_fraction, "%", fraction=True).written


def test_what_if__an_answer_that_comes_during_a_press_does_not_lose_it(served, reviewed):
    page = reviewed(served, "upright")
    page.click("#tab-plan")
    settled(page)
    fate = "input[name=fate-1][value=ablate]"
    label = page.locator(f"label:has({fate})")
    label.scroll_into_view_if_needed()

    def point_at_it():
        box = label.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    point_at_it()
    page.mouse.down()
    # the rows change under the press: every lesion of the liver would go with the segments
    for name in ("II", "III", "IV", "V", "VI", "VII", "VIII"):
        page.evaluate("name => document.querySelector(`[data-segment=${name}]`).click()", name)
    settled(page)
    # what stands above may have grown
    point_at_it()
    page.mouse.up()
    page.wait_for_selector(f"{fate}:checked", state="attached")


def test_what_if__a_click_in_the_picture_chooses_what_lies_there(served, reviewed):
    page = reviewed(served, "upright")
    page.click("#tab-plan")
    page.click("#panel-plan [data-lesion='1'] .jump")
    expect(page.locator("#cross")).to_contain_text("lesion 1")
    page.focus("#plane-axial .over")
    for fate in ("wedge", "ablate", "leave"):
        page.keyboard.press("Enter")
        page.wait_for_selector(f"input[name=fate-1][value={fate}]:checked", state="attached")
    pressed = page.locator("[data-segment][aria-pressed=true]")
    assert pressed.count() == 0
    box = page.locator("#plane-coronal .over").bounding_box()
    for share in (0.3, 0.35, 0.4, 0.45):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.45 * box["height"])
        page.wait_for_timeout(250)
        if pressed.count():
            break
    assert pressed.count() == 1
    name = pressed.get_attribute("data-segment")
    expect(page.locator("#cross")).to_contain_text(re.compile(f"segment {name}$"))


def test_plans__are_saved_loaded_again_and_compared(served, reviewed):
    page = reviewed(served, "mirrored")
    page.click("#tab-plan")
    page.click("[data-segment=II]")
    settled(page)
    kept = shown(page, "flr")
    page.fill("#save-name", "Left first")
    page.fill("#save-by", "Dr One")
    page.click("#plan-save button")
    page.wait_for_selector("[data-plan^=saved]")
    again = reviewed(served, "mirrored")
    again.click("#tab-plan")
    row = again.locator("[data-plan^=saved]").first
    assert "Left first" in row.inner_text()
    assert "Dr One" in row.inner_text()
    row.get_by_role("button").click()
    settled(again)
    assert shown(again, "flr") == kept
    assert again.get_attribute("[data-segment=II]", "aria-pressed") == "true"
    again.click("#plan-clear")
    settled(again)
    again.check("[data-plan=now] input")
    row.get_by_role("checkbox").check()
    again.click("#compare-open")
    again.wait_for_selector("#compare[open] table")
    first = again.locator("#compare tbody tr").first
    assert first.get_attribute("data-differs") == "true"
    assert first.locator("td").all_inner_texts() == ["none", "II"]


def test_plans__the_planner_runs_on_demand(served, reviewed):
    page = reviewed(served, "upright")
    page.click("#tab-plan")
    page.click("#search-start")
    expect(page.locator("#search-state")).to_contain_text("found", timeout=LONG_MS)
    assert page.locator("[data-plan]").count() > 1


def test_page__is_worked_by_the_keyboard_alone(served, opened):
    page = opened(served.address)
    page.wait_for_selector("#rows a")
    page.focus("#search")
    page.keyboard.type("upright")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.focus("#rows a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#planes[data-ready=true]")
    page.focus("#tab-lesions")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#panel-plan:not([hidden])")
    page.focus("[data-segment=V]")
    page.keyboard.press("Space")
    page.wait_for_selector("[data-segment=V][aria-pressed=true]")
    assert page.evaluate("document.activeElement.dataset.segment") == "V"
    before = page.inner_text("#plane-axial .position")
    page.focus("#plane-axial .over")
    page.keyboard.press("PageDown")
    expect(page.locator("#plane-axial .position")).not_to_have_text(before)
    tabbed = set()
    page.focus(".back")
    for _ in range(40):
        page.keyboard.press("Tab")
        tabbed.add(
            page.evaluate("(({ id, dataset }) => id || dataset.plane)(document.activeElement)")
        )
    assert {"axial", "coronal", "sagittal", "scene-open", "tab-plan", "opacity"} <= tabbed


def test_page__has_no_serious_accessibility_finding(served, opened, repository):
    page = opened(served.page_of("upright"), color_scheme="light")
    page.wait_for_selector("#planes[data-ready=true]")
    for tab in TABS:
        page.click(f"#tab-{tab}")
        assert serious(page, repository) == [], tab
    page.click("#theme")
    assert page.get_attribute("html", "data-theme") == "dark"
    for tab in TABS:
        page.click(f"#tab-{tab}")
        assert serious(page, repository, only="color-contrast") == [], tab


def serious(page, repository, *, only=None):
    """What axe finds that keeps people out."""
    page.evaluate((repository / "tests" / "page" / "axe" / "axe.min.js").read_text("utf-8"))
    options = {"resultTypes": ["violations"], **({"runOnly": [only]} if only else {})}
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [
        (one["id"], [node["target"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def test_work_list__has_no_serious_accessibility_finding(served, opened, repository):
    page = opened(served.address)
    page.wait_for_selector("#rows a")
    assert serious(page, repository) == []


def test_scene__shows_surfaces_on_demand(served, reviewed):
    page = reviewed(served, "upright")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    assert not any("niivue" in url for url in asked)
    page.click("#scene-open")
    page.wait_for_selector("#plane-scene[data-ready=true]", timeout=LONG_MS)
    assert any("niivue-0.69.0/index.js" in url for url in asked)
    assert sum("/meshes/" in url for url in asked) == 3


def test_scene__shows_the_plan_on_the_table(served, reviewed):
    page = reviewed(served, "upright")
    page.click("#scene-open")
    page.wait_for_selector("#plane-scene[data-ready=true]", timeout=LONG_MS)
    page.click("#tab-plan")
    with page.expect_response(lambda answer: "part=ablated" in answer.url) as none:
        page.click("[data-segment=VI]")
    assert none.value.status == 204
    with page.expect_response(lambda answer: "part=ablated" in answer.url) as zone:
        page.check("input[name=fate-1][value=ablate]", force=True)
    assert zone.value.status == 200


def test_case__of_maps_alone_is_shown_and_tried(served, serving_of, repository, tmp_path, opened):
    """Neither a scan nor a preview is at hand."""
    shutil.copytree(served.root / "upright", tmp_path / "cases" / "maps")
    (tmp_path / "cases" / "maps" / "preview.nii.gz").unlink()
    (tmp_path / "scans").mkdir()
    with serving_of(tmp_path / "cases", tmp_path / "scans", repository) as here:
        page = opened(here.page_of("maps"))
        page.wait_for_selector("#planes[data-ready=true]")
        expect(page.locator("#no-scan")).to_contain_text("only the maps are shown")
        expect(page.locator("#cross")).to_contain_text("lesion 1")
        page.click("#tab-plan")
        page.click("[data-segment=VI]")
        settled(page)
        recipe = Recipe(segments=(CouinaudSegment.VI,))
        expected = judged(served.root / "upright", recipe)
        assert shown(page, "flr") == figure(expected.remnant.flr_ml, "mL").written


def test_wheel__with_shift_goes_five_slices_though_browsers_tell_it_sideways(served, reviewed):
    page = reviewed(served, "upright")
    position = page.locator("#plane-axial .position")
    before = int(position.inner_text().split("/")[0].split()[-1])
    turned = {"deltaX": 100, "deltaY": 0, "shiftKey": True}
    page.dispatch_event("#plane-axial .over", "wheel", turned)
    expect(position).to_contain_text(f"{before - 5}/")


def test_plans__stand_in_their_rank_after_those_that_people_saved(served, reviewed):
    report = json.loads((served.root / "mirrored" / "report.json").read_text("utf-8"))
    ranked = [one["id"] for one in report["planning"]["plans"]]
    page = reviewed(served, "mirrored")
    page.click("#tab-plan")
    page.fill("#save-by", "Dr One")
    for name in ("First", "Second"):
        page.fill("#save-name", name)
        page.click("#save-plan")
        expect(page.locator("#plan-list")).to_contain_text(name)
    listed = page.locator("#plan-list .plan").evaluate_all("all => all.map(x => x.dataset.plan)")
    assert listed[-len(ranked) :] == ranked
    names = page.locator("#plan-list .plan").all_inner_texts()
    assert ["Second" in names[1], "First" in names[2]] == [True, True]


def test_shared_map__is_shown_and_tried(served_map, reviewed):
    page = reviewed(served_map, "map")
    assert page.locator("#lesion-list [data-lesion]").count() == 2
    page.click("[data-lesion='2']")
    expect(page.locator("#cross")).to_contain_text("segment II")
    page.click("#tab-plan")
    page.click("[data-segment=II]")
    page.click("[data-segment=III]")
    settled(page)
    recipe = Recipe(segments=(CouinaudSegment.II, CouinaudSegment.III))
    expected = judged(served_map.root / "map", recipe)
    assert shown(page, "flr") == figure(expected.remnant.flr_ml, "mL").written


def test_vendored_viewer__is_the_published_file(repository):
    folder = repository / "remnant" / "web" / "static" / "vendor" / "niivue-0.69.0"
    digest = hashlib.sha256((folder / "index.js").read_bytes()).hexdigest()
    assert digest == NIIVUE_SHA256
    assert "BSD 2-Clause" in (folder / "LICENSE").read_text("utf-8")
