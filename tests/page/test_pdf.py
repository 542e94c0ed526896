"""The report as PDF: page numbers, pseudonym, folds, what is fetched, and how many sheets lead."""

import io
import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from examples.html_pages import ReadPage
from examples.printed_cases import with_lesions
from remnant.core.errors import InputError
from remnant.core.labels import Label, LabelScheme
from remnant.core.volumes import LabelMap
from remnant.page.html import render_html, render_page

pytest.importorskip("weasyprint", reason="the extra `pdf` is not installed")
pypdf = pytest.importorskip("pypdf")

MOST_SHEETS = 4


def printed(source):
    from remnant.page.pdf import render_pdf

    return pypdf.PdfReader(io.BytesIO(render_pdf(source)))


def text_of(page):
    return re.sub(r"\s+", " ", page.extract_text())


@pytest.fixture(scope="module")
def case(made):
    return with_lesions(made.case, 8)


@pytest.fixture(scope="module")
def leading(made, case):
    """All that stands before the appendix, with pictures, and the appendix's head."""
    phantom = made.phantom
    scheme = LabelScheme("plan", tuple(Label(code, str(code)) for code in range(1, 6)))
    codes = np.where(phantom.structures.codes > 0, 1, 0).astype(np.uint8)
    plan_map = LabelMap(codes, phantom.geometry, scheme)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("remnant.pictures.drawing.DOTS_PER_INCH", 30)
        source = render_html(
            case,
            structures=phantom.structures,
            lesions=phantom.lesions,
            couinaud=phantom.couinaud,
            preview=None,
            plan_maps={case.planning.plans[0].id: plan_map},
        )
    front = source.split('<div class="appendix">')[0]
    return printed(front + "</main></body></html>")


@pytest.fixture(scope="module")
def short(case):
    """A whole report, with few lists."""
    lists = dict.fromkeys(("resectability", "staging", "transplant", "pathways"), ())
    planning = replace(case.planning, **lists, resections=case.planning.resections[:2])
    return render_page(replace(case, planning=planning))


@pytest.fixture(scope="module")
def whole(short):
    return printed(short)


def test_leading_sheets__are_few_for_eight_lesions(leading):
    *sheets, last = [text_of(page) for page in leading.pages]
    assert "Appendix" in last
    assert len(sheets) <= MOST_SHEETS
    assert "Impression" in sheets[0]
    assert "What would remain" in sheets[0]
    assert "Who read and confirmed" in sheets[0]
    assert sheets[1].startswith("Lesions")
    rest = " ".join(sheets[1:])
    assert "Each share" not in sheets[0]
    assert "tumour debulked, % of its volume" in rest
    assert "What the sources ask" in rest


def test_leading_sheets__hold_their_pictures(leading):
    first, second, *_ = [text_of(page) for page in leading.pages]
    assert "Axial Coronal From the front" in first
    assert "Sagittal From the front From below and behind" in second
    assert 8 == len(leading.pages[0].images)


def test_pages__carry_number_pseudonym_and_use(whole):
    number = len(whole.pages)
    assert number > MOST_SHEETS
    for place, page in enumerate(whole.pages, start=1):
        text = text_of(page)
        assert f"page {place} of {number}" in text
        assert "case-1f" in text
        assert "Research use only." in text


def test_folds__are_open_in_print(short, whole):
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in whole.pages))
    folds = re.findall(r"<details[^>]*>.*?</summary>(.*?)</details>", short, re.DOTALL)
    assert len(folds) > 5
    for fold in folds:
        words = re.sub(r"<[^>]+>", " ", fold).split()
        hidden = "".join(words[:4])
        assert hidden.replace("&#39;", "'") in text.replace("-", "-"), hidden


def test_contents__carry_the_numbers_of_pages(whole):
    pages = [text_of(page) for page in whole.pages]
    contents = next(text for text in pages if "Contents" in text)
    for title in ("Key figures", "Method and provenance", "For the operator"):
        number = int(re.search(rf"{title}[ .]*(\d+)", contents).group(1))
        assert title in pages[number - 1]


def test_pdf__has_title_language_bookmarks_and_tags(whole):
    assert "Liver volumes and remnant: case-1f" == whole.metadata.title
    root = whole.trailer["/Root"]
    assert "en-GB" == root["/Lang"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert b"pdfuaid" in root["/Metadata"].get_data()
    titles = [one.title for one in whole.outline if not isinstance(one, list)]
    assert titles


def test_pdf__of_the_same_page_is_the_same_bytes(short):
    from remnant.page.pdf import render_pdf

    # the head, with its style, and the impression: all of it takes long
    source = short.split('<section class="operations"')[0] + "</main></body></html>"
    assert render_pdf(source) == render_pdf(source)


@pytest.mark.parametrize("scheme", ["http://example.invalid/x.png", "file:///etc/hostname"])
def test_pdf__fetches_nothing(scheme, monkeypatch):
    from urllib import request

    monkeypatch.setattr(
        request.OpenerDirector, "open", lambda *_, **__: pytest.fail("something was opened")
    )
    reader = printed(f'<html lang="en"><title>t</title><img src="{scheme}" alt="none">words</html>')
    assert "none" in text_of(reader.pages[0])
    assert not reader.pages[0].images


def test_pdf__without_weasyprint_says_what_to_install(monkeypatch):
    from remnant.page.pdf import render_pdf

    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(InputError, match=r"pip install 'remnant\[pdf\]'"):
        render_pdf("<p>words</p>")


def test_pdf__without_a_library_of_the_system_says_which(monkeypatch):
    from remnant.page.pdf import require_weasyprint

    def without_pango(name):
        raise OSError(f"cannot load library 'libpango' for {name}")

    monkeypatch.setattr("remnant.page.pdf.import_module", without_pango)
    with pytest.raises(InputError, match="a PDF needs Pango"):
        require_weasyprint()


def test_page__prints_without_a_fold_left_closed(short):
    """Browsers fold; the style sheet opens every fold in print, without any script."""
    rule = re.search(r"details::details-content \{([^}]*)\}", short).group(1)
    assert "content-visibility: visible" in rule
    assert "on-screen" not in short
    assert len(ReadPage(short).all("details")) > 5
