"""The tutorial's commands run, and the figures that it names are those of the product."""

import html
import io
import os
import re
import runpy
import shlex
import sys

import pytest

from remnant.cli.app import run_command

PAGE = "docs/tutorials/plan_two_livers.md"
NEEDED = ("lits_016.nii.gz", "lits_018.nii.gz")
FENCED = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
PICTURE = re.compile(r"!\[.*?\]\(\.\./(images/\S+)\)")
NAMED = re.compile(r"(?<![\d.-])(\d+(?:\.\d+)?)(?= (?:to \d\S* )?(?:mL|%|of 100|points))")
FIGURES = re.compile(r"\d mL|\d–\d|\d %")
LARGEST_PICTURE_BYTES = 250_000


def commands(text):
    """Every command of the page's shell blocks, as words with variables filled in."""
    blocks = "".join(body for language, body in FENCED.findall(text) if language == "bash")
    for line in blocks.replace("\\\n", " ").splitlines():
        words = shlex.split(os.path.expandvars(line))
        if words and words[0] in {"remnant", "python"}:
            yield words


def run(words, monkeypatch):
    if words[0] == "remnant":
        assert 0 == run_command(words[1:])
        return
    monkeypatch.setattr(sys, "argv", words[1:])
    runpy.run_path(words[1], run_name="__main__")


def prose(text):
    return " ".join(PICTURE.sub("", FENCED.sub("", text)).split())


@pytest.fixture(scope="module", name="tutorial")
def tutorial_fixture(repository):
    return (repository / PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module", name="product")
def product_fixture(tutorial, repository, shared, tmp_path_factory, coarse_pictures):
    """What the commands print, and the words of the pages that they write."""
    if not all((shared / "data" / "couinaud" / name).is_file() for name in NEEDED):
        pytest.skip("no Couinaud maps in the shared study data")
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "docs").symlink_to(repository / "docs")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("REMNANT_SHARED", str(shared.resolve()))
        patch.setenv("COLUMNS", "90")
        patch.setattr(sys, "stdout", printed)
        for words in commands(tutorial):
            run(words, patch)
    pages = [(folder / case / "report.html").read_text(encoding="utf-8") for case in ("one", "two")]
    return printed.getvalue(), html.unescape(re.sub(r"<[^>]+>", " ", " ".join(pages)))


def test_tutorial__shows_the_figures_that_are_printed(tutorial, product):
    printed = {" ".join(line.split()) for line in product[0].splitlines()}
    blocks = [body for language, body in FENCED.findall(tutorial) if language == "text"]
    shown = [" ".join(line.split()) for body in blocks for line in body.splitlines()]
    figures = [line for line in shown if FIGURES.search(line)]
    assert len(figures) > 40
    assert [] == [line for line in figures if line not in printed]


def test_tutorial__names_figures_of_the_product(tutorial, product):
    known = set(re.findall(r"\d+(?:\.\d+)?", " ".join(product)))
    named = NAMED.findall(prose(tutorial))
    assert len(named) > 25
    assert [] == [figure for figure in named if figure not in known]


def test_tutorial__one_case_is_within_reach_and_one_is_not(product):
    first, second = product[0].split("lesions are in two_lesions.nii.gz")
    assert "✓ At least 90 % of the tumour: within reach" in first
    assert "✗ At least 90 % of the tumour: not within reach" in second
    assert "In one stage or in two" in product[1]


def test_tutorial__pictures_are_there_and_small(tutorial, repository):
    names = PICTURE.findall(tutorial)
    assert 5 == len(names)
    for name in names:
        assert 0 < (repository / "docs" / name).stat().st_size < LARGEST_PICTURE_BYTES
