"""The report in a browser: axe-core finds nothing serious, keys reach all, print opens folds."""

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from examples.browsers import browser, require_chromium
from examples.printed_cases import with_lesions
from remnant.core.volumetry_report import SegmentSource
from remnant.page.html import render_page
from remnant.page.placing import Pictures
from remnant.pictures.drawing import Picture

AXE = Path(__file__).parent / "axe" / "axe.min.js"
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    "awAAAABJRU5ErkJggg=="
)
OPEN_FOLDS = "document.querySelectorAll('details').forEach(fold => fold.open = true)"
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module", name="browser")
def browser_fixture():
    require_chromium()
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def source(made):
    volumetry = replace(made.case.volumetry, segment_source=SegmentSource.MODEL)
    drawn = tuple(Picture(name, DOT, 200, 160, f"Picture of a liver, {name}.") for name in "abc")
    case = with_lesions(replace(made.case, volumetry=volumetry), 3)
    planning = case.planning
    few = replace(
        planning, staging=planning.staging[:1], resections=planning.resections[:2],
        resectability=planning.resectability[:1], transplant=planning.transplant[:1],
        pathways=planning.pathways[:1],
    )  # fmt: skip
    case = replace(case, planning=few)
    return render_page(case, Pictures(planes=drawn, surfaces=drawn[:2], borders=drawn))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe__finds_nothing_serious(browser, source, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.set_content(source)
    page.evaluate(OPEN_FOLDS)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    bad = [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]
           if one["impact"] in SERIOUS]  # fmt: skip
    assert [] == bad
    assert len(found["passes"]) > 20
    page.close()


def test_page__is_as_wide_as_a_phone_and_asks_for_nothing(browser, source):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.set_content(source)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert [] == [url for url in asked if not url.startswith("data:")]
    assert [] == said
    page.close()


def test_keys__reach_links_tables_and_folds(browser, source):
    page = browser.new_page()
    page.set_content(source)
    page.keyboard.press("Tab")
    assert "To the impression" == page.evaluate("document.activeElement.textContent")
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert {"A", "DIV"} <= reached
    page.focus("summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    page.close()


def test_print__from_a_browser_opens_every_fold(browser, source):
    pypdf = pytest.importorskip("pypdf")
    page = browser.new_page(color_scheme="dark")
    page.set_content(source)
    assert 0 == page.evaluate("document.querySelectorAll('details[open] details[open]').length")
    reader = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    page.close()
    pages = [re.sub(r"\s+", " ", one.extract_text()) for one in reader.pages]
    whole = " ".join(pages)
    folds = re.findall(r"<summary>Full text</summary><p>([^<&]{20,60})", source)
    assert len(folds) > 3
    assert [] == [words for words in folds if re.sub(r"\s+", " ", words).strip() not in whole]
    assert all(f"page {n} of {len(pages)}" in text for n, text in enumerate(pages, start=1))
    assert all("case-1f" in text for text in pages)
