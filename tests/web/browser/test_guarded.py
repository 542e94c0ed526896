"""A page behind a token in a browser: who may look, an oblique MR, and a failed case."""

import pytest
from playwright.sync_api import expect

UNAUTHORISED = "401"


@pytest.fixture(name="logged_in")
def logged_in_fixture(guarded, opened, token):
    """Open a page and log in as a person does."""

    def logged_in(address):
        page = opened(address)
        page.fill("#token", token)
        page.keyboard.press("Enter")
        page.wait_for_selector("#rows tr, #planes[data-ready=true]")
        opened.faults[:] = [one for one in opened.faults if UNAUTHORISED not in one]
        return page

    return logged_in


def test_login__a_wrong_token_is_refused_and_the_right_one_lets_in(guarded, opened, token):
    page = opened(guarded.address)
    page.fill("#token", "not the token")
    page.keyboard.press("Enter")
    expect(page.locator("#alert")).to_be_visible()
    page.fill("#token", token)
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(2)
    assert token not in page.url
    page.reload()
    expect(page.locator("#rows tr")).to_have_count(2)
    assert page.evaluate("document.cookie") == ""
    opened.faults[:] = [one for one in opened.faults if UNAUTHORISED not in one]


def test_work_list__tells_why_a_case_failed(guarded, logged_in):
    page = logged_in(guarded.address)
    page.check("input[name=status][value=failed]")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#rows tr")).to_contain_text("damaged")
    expect(page.locator("#rows .pill")).to_have_text("failed")
    assert "report.json" in page.inner_text("#rows .note")
    assert str(guarded.root) not in page.content()


def test_oblique_mr__has_letters_windows_and_no_hounsfield_units(guarded, logged_in):
    page = logged_in(guarded.page_of("oblique"))
    sides = ("left", "right", "top", "bottom")
    letters = [page.inner_text(f"#plane-axial .edge.{side}") for side in sides]
    assert [one[:1] for one in letters] == ["R", "L", "A", "P"]
    page.click("[data-lesion='1']")
    expect(page.locator("#cross")).to_contain_text("lesion 1")
    assert "HU" not in page.inner_text("#cross")
    presets = page.locator("#windows button")
    expect(presets).to_have_count(2)
    told = page.inner_text("#window-now")
    page.click("[data-window=wide]")
    expect(page.locator("#window-now")).not_to_have_text(told)
    expect(page.locator("[data-window=wide]")).to_have_attribute("aria-pressed", "true")
