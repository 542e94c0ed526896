"""The page in German: nothing of it is left in English, and its figures are those of the other."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from examples.debulking import coarse_phantom, measured
from examples.plans import example_planning
from planning.case import Case
from planning.planner import plan
from remnant.core.case import CaseReport
from remnant.core.clinical import ClinicalFacts, PrimarySite
from remnant.core.findings import quality_finding
from remnant.core.patient import LiverBackground, Patient
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.volumetry_report import SegmentSource
from remnant.page.html import render_page
from remnant.wording import language
from remnant.wording.language import Catalogue, in_language

OPENS, CLOSES = "⟦", "⟧"
INNERMOST = re.compile(r"⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN = ("alt", "title", "aria-label")
UNSAID = ("style", "script", "code")
NAMES = re.compile(
    r"""
    \b(?:[IV]{1,4}[ab]?|H\d+|plan_\d+|mL|mm|cm|kg|HU|CT|MR|sFLR|FLR|NETLM|ALPPS|c?m²)\b
    | \b(?:case-\w+|kul-\w+|\w+[12]\d{3}\w*|remnant|numpy|cpu|image)\b
    | [\w.]+\ =\ [^,]+  # a setting with its value
    | \b[a-z_]+(?:\.\w+)+\b  # the id of a rule
    """,
    re.VERBOSE,
)
"""Segments, ids, units, abbreviations, formulas, the pseudonym, software and settings."""


class Pseudo(Catalogue):
    """A language in which every message stands in brackets."""

    def __init__(self):
        super().__init__({}, lambda number: int(number != 1))

    def one(self, message, context):
        del context
        return f"{OPENS}{message}{CLOSES}"

    def many(self, singular, plural, number):
        return f"{OPENS}{singular if number == 1 else plural}{CLOSES}"


class Texts(HTMLParser):
    """The texts of a page in their order, without literature, and what is read out of pictures."""

    def __init__(self, source):
        super().__init__()
        self.texts, self.spoken, self.open = [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.open.append((tag, known.get("class") or ""))
        self.spoken += [known[name] for name in SPOKEN if known.get(name)]
        self.texts.append(" ")

    def handle_startendtag(self, tag, attrs):
        self.spoken += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass
        self.texts.append(" ")

    def handle_data(self, data):
        hidden = any(tag in UNSAID or "refs" in kind or "hash" in kind for tag, kind in self.open)
        if not hidden:
            self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def outside(text):
    """What stands outside of all brackets."""
    left, count = text, 1
    while count:
        left, count = INNERMOST.subn(" ", left)
    return left


def left_over(source):
    page = Texts(source)
    texts = (page.text, *page.spoken)
    return [word for text in texts for word in WORD.findall(NAMES.sub(" ", outside(text)))]


@pytest.fixture(name="pseudo")
def pseudo_fixture(monkeypatch):
    monkeypatch.setattr(language, "catalogue_of", lambda code: Pseudo())


@pytest.fixture(scope="module", name="case")
def case_fixture(made) -> CaseReport:
    return replace(made.case, planning=example_planning())


def test_finder__finds_what_is_not_said():
    source = "<p>⟦⟦2 lesions⟧ found⟧ here</p><img alt='⟦a⟧ b cd'><ol class=refs><li>x yz</li></ol>"
    assert ["here", "cd"] == left_over(source)


def test_page__says_every_word_of_a_planned_case(case, pseudo):
    with in_language("de"):
        assert [] == left_over(render_page(case))


def odd(made):
    """Return a case with much that is missing, given, cut or told."""
    case = made.case
    known = replace(
        case.volumetry,
        segments=None,
        segment_source=None,
        segments_reasons=(Reason(Cause.NO_SEGMENTS_GIVEN),),
        tumour_ml=Quantity.absent(Reason(Cause.LESIONS_UNKNOWN)),
    )
    told = ClinicalFacts(functional=True, ki67_percent=4.5, stable_months=8.0, ascites=False)
    quality = tuple(
        quality_finding(name, passed=False, reasons=reasons)
        for name, reasons in {
            "liver_inside_scan": (Reason(Cause.LIVER_AT_FILE_END),),
            "hounsfield_units": (),
            "vessels_used": (),
            "lesions_known": (),
        }.items()
    )
    return replace(case, volumetry=known, clinical=told, patient=Patient(), quality=quality)


def searched(made):
    """Return a case whose plans were searched for: every list and rule is held against it."""
    phantom = coarse_phantom(3)
    report, maps = measured(phantom.structures, phantom.lesions, phantom.couinaud)
    report = replace(report, segment_source=SegmentSource.MODEL)
    told = ClinicalFacts(
        primary_site=PrimarySite.PANCREAS, ki67_percent=12.0, ecog=1, lesions_at_hilum=(1,)
    )
    patient = replace(made.case.patient, background=LiverBackground.UNKNOWN)
    planning = plan(Case(report=report, patient=patient, facts=told, maps=maps))
    assert planning.plans
    return replace(
        made.case, volumetry=report, patient=patient, clinical=told, planning=planning, planted=()
    )


@pytest.mark.parametrize("kind", ["measured", "odd", "searched"])
def test_page__says_every_word_of_other_cases(kind, made, pseudo):
    make = {"measured": lambda made: made.case, "odd": odd, "searched": searched}[kind]
    with in_language("de"):
        assert [] == left_over(render_page(make(made)))


@pytest.fixture(scope="module", name="pages")
def pages_fixture(case):
    english = render_page(case)
    with in_language("de"):
        return english, render_page(case)


def figures(source):
    """All numbers of a page in their order, the decimal comma of German read as a point."""
    return sorted(re.findall(r"\d+(?:[.,]\d+)?", Texts(source).text.replace(",", ".")))


def test_pages__hold_the_same_figures(pages):
    english, german = pages
    assert figures(english) == figures(german)


def test_pages__are_built_alike(pages):
    """Both have the same elements with the same ids, classes and links."""

    def built(source):
        return re.findall(r"<[a-z0-9]+|\b(?:id|class|href|style)=\"[^\"]*\"", source)

    english, german = (built(source) for source in pages)
    assert english == german


def test_german_page__says_so_and_reads_german(pages):
    _, german = pages
    assert '<html lang="de">' in german
    assert "Nur für Forschungszwecke. Kein Medizinprodukt." in german
    page = Texts(german)
    text = re.sub(r"\s+", " ", page.text)
    assert "Lebervolumina, Tumorlast und zukünftiger Leberrest" in text
    assert not re.search(r"\b(the|of|and|with|lesions|would|not|is)\b", text)


def test_german_page__keeps_the_literature(pages):
    english, german = (re.search(r'<ol class="refs">(.*?)</ol>', one, re.DOTALL) for one in pages)

    def printed(found):
        # notes on a source are this project's own words and said in the page's language
        without = re.sub(r' <span class="absent">.*?</span>', "", found.group(1))
        return re.sub(r"\((?:not|nicht) [^)]*\)", "", without)

    assert printed(english) == printed(german)
    assert "the title here describes the document" in english.group(1)
    assert "der Titel hier beschreibt das Dokument" in german.group(1)
