"""Options and scripts that the pages name in passing exist."""

import re

import pytest

from remnant.cli.app import COMMANDS, app

COMMAND = re.compile(r"\bremnant ([a-z]+) ([^`\n#]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
SCRIPT = re.compile(r"\bpython ((?:benchmarks|docs|release)/[\w/]+\.py)\b")


@pytest.fixture(scope="module", name="texts")
def texts_fixture(committed_pages):
    return {name: path.read_text(encoding="utf-8") for name, path in committed_pages.items()}


@pytest.fixture(scope="module", name="committed_pages")
def committed_pages_fixture(repository):
    patterns = ("*.md", "docs/**/*.md", "models/bundles/*/docs/*.md")
    found = (path for pattern in patterns for path in repository.glob(pattern))
    return {path.relative_to(repository).as_posix(): path for path in found}


def collected(command):
    """Every option of a command and of the commands below it."""
    arguments = command.assemble_argument_collection() if command.default_command else ()
    below = (collected(command[name]) for name in command if not name.startswith("-"))
    own = {name for argument in arguments for name in argument.names}
    return own.union(*below)


def test_options__that_the_pages_name_are_there(texts, repository):
    sources = [
        path.read_text(encoding="utf-8") for path in (repository / "remnant/cli").glob("*.py")
    ]
    reference = repository / "docs" / "reference" / "cli.md"
    if reference.is_file():  # made from the declarations, those of all commands too
        sources.append(reference.read_text(encoding="utf-8"))
    everywhere = set(OPTION.findall(" ".join(sources))) | {"--help"}
    everywhere |= {name for one in app.meta.assemble_argument_collection() for name in one.names}
    known = {name: collected(app[name]) | everywhere for name in COMMANDS}
    named = [
        (page, command, option)
        for page, text in texts.items()
        for command, words in COMMAND.findall(text.replace("\\\n", " "))
        if command in known
        for option in OPTION.findall(words)
    ]

    assert len(named) > 60
    assert [] == [one for one in named if one[2] not in known[one[1]]]


def test_scripts__that_the_pages_name_are_there(texts, repository):
    named = {(page, script) for page, text in texts.items() for script in SCRIPT.findall(text)}

    assert len(named) > 5
    assert [] == [one for one in sorted(named) if not (repository / one[1]).is_file()]
