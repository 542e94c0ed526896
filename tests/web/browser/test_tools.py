"""The other tools in a real browser: grow, box, plane, a draft taken over, a search stopped."""

import json
import re

import pytest
from playwright.sync_api import expect

CONFLICT, REFUSED = "409", "422"
NUMBER = re.compile(r"[\d.,]+")


def ml(page, lesion):
    words = page.inner_text(f"#draft-lesions [data-lesion='{lesion}'] .number")
    return float(NUMBER.search(words)[0].replace(",", ""))


def click_at(page, plane, across, down):
    box = page.locator(f"#plane-{plane} .over").bounding_box()
    page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])


@pytest.fixture(name="correcting")
def correcting_fixture(opened, reviewed):
    """Open a case's correction; what is left of it is dropped when the test ends."""
    pages = []

    def correcting(served, by, name="mirrored"):
        page = reviewed(served, name)
        page.click("#tab-correct")
        page.fill("#draft-by", by)
        page.click("#draft-open button")
        expect(page.locator("#draft-work")).to_be_visible()
        pages.append(page)
        return page

    yield correcting
    for page in pages:
        if page.locator("#draft-work").is_visible():
            page.click("#draft-drop")
            page.click("#drop-yes")
            expect(page.locator("#draft-open")).to_be_visible()
    said = (CONFLICT, REFUSED)
    opened.faults[:] = [one for one in opened.faults if not any(n in one for n in said)]


def test_grow__finds_a_lesion_again_from_one_point(served, correcting):
    page = correcting(served, "Dr One")
    page.click("#draft-lesions [data-lesion='1'] button")
    before = ml(page, 1)
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#draft-lesions [data-lesion='1']")).to_have_count(0)
    page.click("[data-tool=grow]")
    page.focus("#plane-axial .over")
    page.keyboard.press("Enter")
    expect(page.locator("#draft-lesions [data-lesion='3']")).to_contain_text("confirmed")
    assert ml(page, 3) == pytest.approx(before, rel=0.35)
    page.select_option("#draft-lesion", "new")
    click_at(page, "axial", 0.03, 0.5)
    expect(page.locator("#alert")).to_contain_text("click inside a lesion of the liver")
    expect(page.locator("#draft-state")).to_contain_text("2 steps")


def test_plane__says_what_is_lacking_keeps_the_points_and_moves(served, correcting):
    page = correcting(served, "Dr One")
    page.click("[data-tool=plane]")
    for across, down in ((0.4, 0.35), (0.42, 0.42), (0.44, 0.49)):
        click_at(page, "axial", across, down)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#alert")).to_contain_text("mark at least one on another slice")
    expect(page.locator("#draft-options")).to_contain_text("3 marked so far")
    page.focus("#plane-axial .over")
    for _ in range(5):
        page.keyboard.press("PageDown")
    click_at(page, "axial", 0.41, 0.4)
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#draft-state")).to_contain_text("1 step")
    expect(page.locator("#draft-options")).to_contain_text("0 marked so far")
    expect(page.locator("#alert")).to_be_hidden()


def test_box__asks_for_what_was_drawn_and_shows_what_the_network_says(served, correcting):
    """Without the network's weights, which no test may fetch: its answer is given here."""
    page = correcting(served, "Dr One")
    page.click("#draft-lesions [data-lesion='1'] button")
    asked = []

    def answer(route):
        asked.append(json.loads(route.request.post_data)["op"])
        said = {"error": "the network is not here", "what_to_do": "fetch it"}
        route.fulfill(status=422, content_type="application/json", body=json.dumps(said))

    page.route("**/draft/ops", answer)
    page.click("[data-tool=box]")
    box = page.locator("#plane-axial .over").bounding_box()
    x, y = box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=3)
    page.mouse.up()
    expect(page.locator("#alert")).to_contain_text("The network is not here")
    expect(page.locator("#alert")).to_contain_text("Fetch it")
    (op,) = asked
    sides = [high - low for low, high in zip(op["low_ras_mm"], op["high_ras_mm"], strict=True)]
    assert ("box", "lesion") == (op["do"], op["kind"])
    assert sides[0] / sides[1] == pytest.approx(4 / 3, rel=0.1)
    assert sides[2] == pytest.approx((sides[0] + sides[1]) / 2)


def test_draft__who_lost_it_is_told_and_changes_nothing(served, correcting, reviewed):
    first, second = correcting(served, "Dr One"), reviewed(served, "mirrored")
    first.check("#draft-lesions [data-lesion='2'] input")
    first.get_by_role("button", name="Reject").click()
    expect(first.locator("#draft-state")).to_contain_text("1 step")
    second.click("#tab-correct")
    second.fill("#draft-by", "Dr Two")
    second.get_by_role("button", name="Take it over").click()
    expect(second.locator("#draft-state")).to_contain_text("1 step")
    first.check("#draft-lesions [data-lesion='1'] input")
    first.get_by_role("button", name="Reject").click()
    expect(first.locator("#alert")).to_contain_text("Dr Two holds it now")
    expect(first.locator("#draft-banner")).to_contain_text("Dr Two has had a correction open")
    expect(first.locator("#draft-work")).to_be_hidden()
    expect(second.locator("#draft-lesions [data-lesion='1']")).not_to_contain_text("rejected")
    second.click("#draft-drop")
    second.click("#drop-yes")
    expect(second.locator("#draft-open")).to_be_visible()


def test_search__is_stopped_and_can_be_started_again(served, reviewed):
    page = reviewed(served, "upright")
    page.click("#tab-plan")
    page.click("#search-start")
    page.click("#search-stop")
    expect(page.locator("#search-state")).to_have_text("The search was stopped.")
    expect(page.locator("#search-progress")).to_be_hidden()
    expect(page.locator("#search-start")).to_be_enabled()
    expect(page.locator("#alert")).to_be_hidden()
