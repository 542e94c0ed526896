"""The documentation as a site: it builds without a warning, and every link leads somewhere."""

import re
from pathlib import PurePosixPath

import pytest

from remnant.documents.schemas import DOCUMENTS
from site_builder.__main__ import build
from site_builder.assemble import navigation
from site_builder.check import Site
from site_builder.error_pages import as_markdown, errors_page
from site_builder.error_texts import error_texts
from site_builder.links import moved_links
from site_builder.schema_pages import schema_pages, type_of

QUOTED = re.compile(r"```text\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module", name="site")
def site_fixture(tmp_path_factory):
    return Site(build(tmp_path_factory.mktemp("site")))


@pytest.fixture(scope="module", name="texts")
def texts_fixture(repository):
    return error_texts(repository)


def test_site__every_link_leads_somewhere_and_nothing_comes_from_outside(site):
    assert len(site.pages) > 60
    assert [] == list(site.faults())


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("index.html", "Research use only"),
        ("reference/errors.html", "no pip to fetch"),
        ("reference/documents/report-2.0.html", "VolumetryReport"),
        ("models/kul-lesion.html", "LiTS"),
        ("project/security.html", "No file that is read can run code"),
        ("adr/0001-ras-inside-lps-only-at-the-border.html", "RAS"),
    ],
)
def test_site__has_what_is_generated_and_what_lies_elsewhere(site, page, words):
    assert words in (site.folder / page).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="b.html">', "a.html leads nowhere: b.html"),
        ('<a href="#no">', "a.html leads nowhere: #no"),
        ('<img src="no.png">', "a.html leads nowhere: no.png"),
        ('<img src="//x.org/y.png">', "a.html loads //x.org/y.png"),
        ('<script src="https://x.org/y.js">', "a.html loads https://x.org/y.js"),
        ('<link rel="stylesheet" href="https://x.org/y.css">', "a.html loads https://x.org/y.css"),
        ('<a id="here" href="#here"></a><a href="https://x.org">', None),
        ('<link rel="canonical" href="https://x.org/">', None),
    ],
)
def test_check__finds_what_is_wrong(tmp_path, body, fault):
    (tmp_path / "a.html").write_text(body, encoding="utf-8")

    assert (fault is None) == (list(Site(tmp_path).faults()) == [])
    assert fault is None or fault in list(Site(tmp_path).faults())


def test_check__finds_what_a_style_loads(tmp_path):
    (tmp_path / "s.css").write_text("@import 'https://x.org/a.css'; p{src:url(y.png)}", "utf-8")

    assert ["s.css loads https://x.org/a.css"] == list(Site(tmp_path).faults())


def test_navigation__a_page_in_no_section_is_an_error(tmp_path):
    (tmp_path / "index.md").write_text("# Home\n", encoding="utf-8")
    (tmp_path / "stray.md").write_text("# Stray\n", encoding="utf-8")

    with pytest.raises(LookupError, match=re.escape("stray.md")):
        navigation(tmp_path)


@pytest.mark.parametrize(
    ("link", "moved"),
    [
        ("[a](docs/x.md)", "[a](../x.md)"),
        ("[a](README.md#b)", "[a](../index.md#b)"),
        ("[a](https://x.org/docs/y.md)", "[a](https://x.org/docs/y.md)"),
        ("```\n[a](docs/x.md)\n```", "```\n[a](docs/x.md)\n```"),
        ("[a](elsewhere.txt)", "[a](elsewhere.txt)"),
    ],
)
def test_links__move_with_their_text(link, moved):
    places = {"README.md": "index.md"}

    assert moved == moved_links(link, PurePosixPath("A.md"), PurePosixPath("p/a.md"), places)


def test_troubleshooting__quotes_what_the_sources_say(repository, texts):
    page = (repository / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = [" ".join(text.split()).removesuffix("; …") for text in QUOTED.findall(page)]
    raised = {one.text.removesuffix("; …") for one in texts}

    assert len(quoted) > 15
    assert [] == [text for text in quoted if text not in raised]


def test_errors__most_raised_ones_have_a_text(repository, texts):
    raised = re.compile(r"raise (?:Input|Un|Geometry|Model|Empty|Implausible)\w*Error\(")
    sources = repository.glob("remnant/**/*.py")
    count = sum(len(raised.findall(path.read_text(encoding="utf-8"))) for path in sources)

    assert len(texts) > 0.9 * count
    assert errors_page(repository).count("\n- ") > 0.9 * len({one.text for one in texts})


def test_errors__their_signs_are_no_markup():
    assert r"\<a\> \*b\* `remnant run_x`" == as_markdown("<a> *b* `remnant run_x`")


def test_schemas__each_document_has_its_page(repository):
    pages = schema_pages(repository)
    named = {path.name for path in pages}

    for document in DOCUMENTS:
        stem = document.name.removesuffix(".json")
        assert {f"{stem}-{document.version}.md", f"{stem}-{document.version}.json"} <= named


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        ({"$ref": "#/$defs/Study"}, "[Study](#study)"),
        ({"type": "array", "items": {"type": "integer", "minimum": 0}}, "list of integer ≥ 0"),
        ({"enum": ["a", None]}, "`a`, null"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "object of string"),
    ],
)
def test_schemas__types_in_words(node, shown):
    assert shown == type_of(node)
