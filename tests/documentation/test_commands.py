"""Every command that the documentation shows runs, and what it shows is what comes out."""

import io
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from examples.documented_files import CASES, lay_out
from remnant.cli.app import run_command
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.engines.registry import DEFAULT_ENGINE, ENGINES, Engine

PAGES = (
    "README.md",
    "docs/index.md",
    "docs/troubleshooting.md",
    "docs/tutorials/*.md",
    "docs/how-to/*.md",
)
ELSEWHERE = {
    "docs/tutorials/plan_two_livers.md": "tests/integration/test_tutorial.py",
    "docs/tutorials/pacs.md": "tests/pacs/test_tutorial.py",
}
"""Pages that another test runs."""
NOT_RUN = {
    "make": "the whole test run, or what it is part of",
    "pip": "installs",
    "python3": "makes an environment",
    ".venv/bin/pip": "installs",
    ".venv/bin/remnant": "runs the demo, as tests/integration/test_demo.py does",
    ".venv/bin/python": "the whole test run",
    "uv": "installs",
    "docker": "tests/packaging/test_container.py looks at the Dockerfile",
    "TotalSegmentator": "another program",
    "Orthanc": "another program, which tests/pacs starts",
    "head": "draws a token",
    "chmod": "keeps it to its owner",
}
"""Programs that the pages name and this test does not run, each with why."""
LONG = {
    ("remnant", "demo"),
    ("remnant", "doctor"),
    ("remnant", "models", "pull"),
    ("remnant", "models", "add"),
    ("remnant", "serve"),
    ("remnant", "pacs"),
}
"""Commands that need networks or a PACS, or do not end; tests/integration, cli, models, web and
pacs run them."""
FENCED = re.compile(r"```(\w+)([^\n]*)\n(.*?)```", re.DOTALL)
NAMED = re.compile(r'title="([^"]+)"')
SHELL = {"bash", "sh", "console"}
SPACING_MM = (6.0, 6.5, 7.0)


def blocks(text):
    """Every fenced block of a page: its language, its file name if it has one, and its text."""
    for language, options, body in FENCED.findall(text):
        named = NAMED.search(options)
        yield language, named and named[1], body


def commands(body):
    """Every command of a shell block, as words; comments and what it prints are left out."""
    prompted = [line[2:] for line in body.splitlines() if line.startswith("$ ")]
    lines = prompted or body.replace("\\\n", " ").splitlines()
    for line in lines:
        words = shlex.split(line, comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            yield words[:end]
            words = words[end + 1 :]


def pages(repository):
    found = (path for pattern in PAGES for path in sorted(repository.glob(pattern)))
    names = [path.relative_to(repository).as_posix() for path in found]
    return [name for name in names if name not in ELSEWHERE]


NAMES = pages(Path(__file__).parents[2])


def is_run(words):
    return words[0] in {"remnant", "python"} and not any(
        tuple(words[: len(long)]) == long for long in LONG
    )


@pytest.fixture(scope="module", name="material")
def material_fixture(tmp_path_factory, repository):
    """Files under the names that how-tos use: a scan, maps, corrected maps, measured cases."""
    folder = tmp_path_factory.mktemp("material")
    (folder / "docs").symlink_to(repository / "docs")
    phantom = liver_phantom(body_grid(spacing_mm=SPACING_MM), metastases=4, seed=7, noise_hu=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        lay_out(phantom, folder, repository / "docs" / "tutorials")
    return folder, phantom


@pytest.fixture(name="stage")
def stage_fixture(material, tmp_path, monkeypatch):
    """A folder of that material; engines need no network, and reports have no drawn page.

    Drawing takes most of the time; tests/page and tests/pictures look at it.
    """
    folder, phantom = material
    shutil.copytree(folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    known = Engine("examples.threshold_engine", "a phantom's numbers")
    monkeypatch.setitem(ENGINES, DEFAULT_ENGINE, known)
    divider = FakeDivider(phantom.landmarks)
    monkeypatch.setattr(
        "remnant.cli.dividing.divider_for",
        lambda device, *, estimate: divider if estimate else None,
    )
    monkeypatch.setattr("remnant.page.html.render_html", lambda *_, **__: "")
    return tmp_path


def run(words, monkeypatch):
    """Run one command in this process and return what it prints."""
    printed = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", printed)
        if words[0] == "python":
            patch.setattr(sys, "argv", words[1:])
            patch.syspath_prepend(str(Path(words[1]).parent))
            runpy.run_path(words[1], run_name="__main__")
        else:
            assert 0 == run_command(words[1:]), words
    return printed.getvalue()


def squeezed(text):
    return " ".join(text.split())


def made_by_itself(text):
    """Names of prepared cases that a page makes itself, before it uses them."""
    every = [words for language, _, body in blocks(text) if language in SHELL
             for words in commands(body)]  # fmt: skip
    for case in CASES:
        first = next((words for words in every if case in words), ())
        if {"-o", "--output"} & set(first[: first.index(case)][-1:] if first else ()):
            yield case


def run_page(text, stage, monkeypatch):
    """Run a page from its top to its foot; give each text that it shows, and what was printed."""
    for case in made_by_itself(text):
        shutil.rmtree(stage / case)
    printed = ""
    for language, name, body in blocks(text):
        if language in SHELL:
            ran = [run(words, monkeypatch) for words in commands(body) if is_run(words)]
            printed = "".join(ran) or printed
        elif name:
            (stage / name).write_text(body, encoding="utf-8")
        elif language == "python":
            (stage / "unnamed.py").write_text(body, encoding="utf-8")
            run(["python", "unnamed.py"], monkeypatch)
        elif language == "text":
            yield squeezed(body), squeezed(printed)


@pytest.mark.parametrize("name", [name for name in NAMES if "tutorials" in name])
def test_tutorial__its_commands_run_and_print_what_it_shows(name, repository, stage, monkeypatch):
    text = (repository / name).read_text(encoding="utf-8")
    shown = list(run_page(text, stage, monkeypatch))

    assert len(shown) >= 2
    assert [] == [body for body, printed in shown if body not in printed]


@pytest.mark.parametrize("name", [name for name in NAMES if "tutorials" not in name])
def test_page__its_commands_run(name, repository, stage, monkeypatch):
    text = (repository / name).read_text(encoding="utf-8")

    assert all(True for _ in run_page(text, stage, monkeypatch))


def test_pages__name_no_program_that_nobody_runs(repository):
    named = {
        words[0]
        for name in NAMES
        for language, _, body in blocks((repository / name).read_text(encoding="utf-8"))
        if language in SHELL
        for words in commands(body)
    }

    assert {"remnant", "python"} <= named
    assert named - {"remnant", "python"} - set(NOT_RUN) == set()


def test_commands__are_taken_apart():
    body = "remnant plan CASE \\\n  --keep IV   # no\nmake x && remnant report 'A B'\n"

    assert [
        ["remnant", "plan", "CASE", "--keep", "IV"],
        ["make", "x"],
        ["remnant", "report", "A B"],
    ] == list(commands(body))
    assert [["remnant", "doctor"]] == list(commands("$ remnant doctor\nall is well\n"))
