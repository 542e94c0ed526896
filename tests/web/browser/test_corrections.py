"""Corrections in a real browser, and two people at one case."""

import json

from playwright.sync_api import expect

COMMIT_MS = 90_000
CONFLICTS = ("409", "412")


def burden_of(served, name):
    report = json.loads((served.root / name / "report.json").read_text("utf-8"))
    return report["volumetry"]["burden_fraction"]["value"]


def open_correction(page, by):
    page.click("#tab-correct")
    page.fill("#draft-by", by)
    page.click("#draft-open button")


def painted(page):
    """Paint a ball of 20 mm around the crosshair, which lies in the largest lesion."""
    page.click("[data-tool=paint]")
    page.select_option("#draft-shape", "ball")
    page.locator("#draft-radius").fill("20")
    page.focus("#plane-axial .over")
    page.keyboard.press("Enter")
    expect(page.locator("#draft-state")).to_contain_text("1 step")


def test_correction__changes_burden_and_report_and_others_are_told(served, opened, reviewed):
    first, second = reviewed(served, "painted"), reviewed(served, "painted")
    before = burden_of(served, "painted")
    told = first.inner_text("#case-figures")
    open_correction(first, "Dr One")
    expect(first.locator("#draft-work")).to_be_visible()
    painted(first)

    open_correction(second, "Dr Two")
    expect(second.locator("#draft-banner")).to_contain_text("Dr One has had a correction open")
    expect(second.locator("#draft-work")).to_be_hidden()

    first.click("#draft-commit")
    expect(first.locator("#message")).to_contain_text("new version", timeout=COMMIT_MS)
    assert burden_of(served, "painted") > 1.2 * before
    assert first.inner_text("#case-figures") != told
    expect(first.locator("#history")).to_contain_text("Dr One")

    second.click("#tab-plan")
    second.fill("#save-name", "On old maps")
    second.fill("#save-by", "Dr Two")
    second.click("#plan-save button")
    expect(second.locator("#alert")).to_contain_text("Somebody else has changed this case")
    second.get_by_role("button", name="Reload the case").click()
    second.wait_for_selector("#planes[data-ready=true]")
    assert second.inner_text("#case-figures") == first.inner_text("#case-figures")
    opened.faults[:] = [one for one in opened.faults if not any(n in one for n in CONFLICTS)]


def test_correction__is_undone_dropped_and_leaves_no_trace(served, reviewed):
    page = reviewed(served, "upright")
    before = burden_of(served, "upright")
    open_correction(page, "Dr Three")
    expect(page.locator("#draft-work")).to_be_visible()
    quick = page.inner_text("#draft-lesions [data-lesion='1'] .number")
    painted(page)
    expect(page.locator("#draft-lesions [data-lesion='1'] .number")).not_to_have_text(quick)
    page.focus("#plane-axial .over")
    page.keyboard.press("Control+z")
    expect(page.locator("#draft-lesions [data-lesion='1'] .number")).to_have_text(quick)
    page.check("#draft-lesions [data-lesion='2'] input")
    page.get_by_role("button", name="Reject").click()
    expect(page.locator("#draft-lesions [data-lesion='2']")).to_contain_text("rejected")
    page.click("#draft-drop")
    page.click("#drop-yes")
    expect(page.locator("#draft-open")).to_be_visible()
    page.click("#tab-lesions")
    expect(page.locator("#lesion-list [data-lesion='2']")).to_contain_text("not confirmed")
    assert burden_of(served, "upright") == before
