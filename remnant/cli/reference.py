"""The reference of the command line, made from what the commands declare.

``python -m remnant.cli.reference`` writes it; a test compares docs/reference/cli.md with it.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from remnant.cli.app import COMMANDS, app
from remnant.cli.exit_codes import MEANINGS
from remnant.cli.help_page import GENERAL, HelpPage
from remnant.pipeline.gates import GATES

HEAD: Final = """\
# Command line

Made by `python -m remnant.cli.reference`; not to be edited by hand. `remnant COMMAND --help` shows
the common options on one page, `remnant COMMAND --help-all` every one of them.

## Exit codes

| code | meaning |
|---|---|
{codes}

`inspect` ends with 3 where nothing can be used, `doctor` where a package or a model is missing or
changed, or where another package shadows one of remnant's, `cohort run` where a case has no usable
result. A command that makes a report ends with
3 where one of these gates failed; its files are written all the same, and it says which gate:

| gate | what its failure says |
|---|---|
{gates}

All other quality checks ask for a look; they stand in the report and leave the code at 0.

## Output

Results go to standard output; progress and errors go to standard error. Progress is one line that
moves, and only where standard error is a terminal. Texts fit 80 columns; a pipe or `NO_COLOR` gets
no colours.

With `--json` one document is printed on standard output, and all else on standard error:

| command | document |
|---|---|
{documents}

A command that makes none of these prints `{{}}`; one that was refused prints nothing there.

## Log file

`--log-file FILE` adds lines of JSON, each with `time` (UTC), `level` and `event`:

| event | further keys |
|---|---|
| `start` | `command` |
| `stage` | `stage`, `seconds` |
| `error` | `error` (its kind), `traceback` (places in the code) |
| `end` | `outcome`, `exit_code`, `seconds` |

No line holds a path, a name, the value of an option or the text of an error, since each may hold a
patient's name; the texts of errors go to standard error alone.

## Shell completion

`remnant --install-completion` installs it for the shell that runs; `--shell bash`, `--shell zsh`
and `--shell fish` name one.

"""
DOCUMENTS: Final = {
    "run, measure, plan, report": "`report.json` of the case",
    "demo": "one object with the `report.json` of each result, by the name of its folder",
    "segment": "`segmentation.json` of the case",
    "evaluate": "`agreement.json`",
    "compare": "`comparison.json`",
    "export": "`folder` and the names of its `files`",
    "inspect": "what was found: `series`, `maps`, `skipped`, `usable` and the commands in `use`",
    "models list": "`id`, `version`, `summary`, `licence`, `weights_sha256`, `installed` of each",
    "models pull": "`id`, `version`, `weights_sha256` of each",
    "models add": "the names of the models installed",
    "models show": "`id` and `card`, in Markdown",
    "models train": "the lines that are printed",
    "cohort run": "`folder`, how many `cases` ended how, how many were `worked_off_now`",
    "cohort scan": "`manifest`, the number of `cases`, what was `not_taken`",
    "cohort collect": "`folder`, the number of `cases`, how many `ended` how",
    "cohort export": "`output`, the names of the `tables`",
    "cohort followup": "how many were followed, and what came of it",
    "doctor": "`checks` (`name`, `found`, `advice`, `fails`), `formulas`, `bsa_formulas`",
}
GROUPS: Final = ("models", "cohort")
CONTENTS: Final = re.compile(r"^## Table of Contents\n\n(?: *- .*\n)+\n", re.MULTILINE)
"""The list of commands that follows says the same and more."""
REPEATED: Final = re.compile(rf"\*\*{GENERAL}\*\*:\n\n(?:\*.*\n| .*\n)+\n?")
CONTINUED: Final = re.compile(r"\n {4,}(?=\S)(?!- )")
PROGRAM: Final = re.compile(
    r"^(#+ (remnant.*)\n\n```console\n)\2 .*?(?=--|\[|[A-Z]|\n)", re.MULTILINE
)
"""Of commands that are functions the usage names the program that runs: this module, or a test."""
USAGE: Final = re.compile(r"```console\nremnant ([a-z]+)[^\n]*\n```\n\n[^\n]*\n")


def reference() -> str:
    """Return the whole page as Markdown."""
    head = HEAD.format(
        codes=_rows((f"{code:d}", text) for code, text in MEANINGS.items()),
        gates=_rows((f"`{name}`", text) for name, text in GATES.items()),
        documents=_rows((f"`{name}`", text) for name, text in DOCUMENTS.items()),
    )
    commands = PROGRAM.sub(r"\1\2 ", app.generate_docs("markdown", heading_level=2))
    commands = CONTINUED.sub(" ", CONTENTS.sub("", commands)).replace(" \n", "\n")
    first = REPEATED.search(commands)
    end = first.end() if first else 0
    rest = REPEATED.sub("", commands[end:])
    return head + commands[:end] + USAGE.sub(_with_examples, rest).rstrip() + "\n"


def _rows(rows: Iterator[tuple[str, str]]) -> str:
    return "\n".join(f"| {first} | {second} |" for first, second in rows)


def _with_examples(usage: re.Match[str]) -> str:
    """Write the examples of a command under its usage and its first sentence."""
    name = usage.group(1)
    page = import_module(f"remnant.cli.{name}").app.help_formatter if name in COMMANDS else None
    group = name in GROUPS and not usage.group().startswith(f"```console\nremnant {name} COMMAND")
    if not isinstance(page, HelpPage) or group:
        return usage.group()
    return f"{usage.group()}\n```bash\n" + "\n".join(page.examples) + "\n```\n"


if __name__ == "__main__":
    print(reference(), end="")
