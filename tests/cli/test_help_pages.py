"""Help of every command: one page at 80 columns, and a reference made from the same texts."""

import pytest

from remnant.cli import help_page, reference
from remnant.cli.app import COMMANDS, app, run_command

MOST_LINES = 60
COLUMNS = 80
PAGES = (
    "",
    *COMMANDS,
    "models list",
    "models pull",
    "models add",
    "models show",
    "models train",
    *(f"cohort {name}" for name in ("run", "scan", "collect", "summary", "export", "followup")),
)
BY_HAND = {"demo", "run", "segment", "measure", "plan"}
"""Commands whose common options are named one by one."""


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", str(COLUMNS))


def shown(capsys, *words):
    assert 0 == run_command(words)
    return capsys.readouterr().out


@pytest.mark.parametrize("command", PAGES)
def test_help__is_one_page_with_examples_before_options(command, capsys):
    text = shown(capsys, *command.split(), "--help")
    lines = text.splitlines()

    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= COLUMNS
    assert text.index("Examples:") < text.index("Every command")
    assert "\x1b" not in text


@pytest.mark.parametrize("command", sorted(BY_HAND))
def test_common_options__are_options_of_the_command(command, capsys):
    everything = shown(capsys, command, "--help-all")
    common = app[command].help_formatter.common

    assert common
    assert [name for name in common if name not in everything] == []


def test_help__names_options_that_are_not_common_and_help_all_explains_them(capsys):
    brief, full = shown(capsys, "plan", "--help"), shown(capsys, "plan", "--help-all")
    for name in ("--wedge-depth-mm", "--certainty", "--log-file"):
        assert name in brief
        assert name in full
    assert "By its near side" not in brief
    explained = " ".join(full.split())
    assert "By its near side" in explained
    assert "What is not given is taken from --facts" in explained
    assert brief == shown(capsys, "plan", "--help")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("By its paper. `remnant doctor` lists them.", "By its paper."),
        ("Lesions, e.g. 3,7. Their numbers.", "Lesions, e.g. 3,7."),
        ("Such as e.g. Vauthey, in mm. More.", "Such as e.g. Vauthey, in mm."),
        ("100 to 250. 3 of them", "100 to 250. 3 of them"),
        ("", ""),
    ],
)
def test_first_sentence__ends_at_its_full_stop(text, first):
    assert first == help_page.first_sentence(text)


def test_reference__is_what_the_commands_declare(repository):
    page = (repository / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")

    assert page == reference.reference(), "run: python -m remnant.cli.reference"


def test_reference__says_everything_once():
    page = reference.reference()

    assert 1 == page.count("Print one JSON document on standard output")
    assert all(f"### remnant {command}\n" in page for command in COMMANDS)
    assert all(example in page for example in app["run"].help_formatter.examples)
    assert all(f"| {code} |" in page for code in (0, 1, 2, 3, 130, 141))
