"""The page in German: nothing of it is left in English, and its figures are those of the other."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from examples.plans import example_planning
from remnant.core.case import CaseReport
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
