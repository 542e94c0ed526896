"""Help on one screen: examples first, a line for each common option, the names of the others.

The texts of all options stand in full in docs/reference/cli.md, which is made from the same
declarations (`remnant.cli.reference`).
"""

import textwrap
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from remnant.wording.research_use import RESEARCH_USE

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

WIDEST: Final = 100
MOST_EXAMPLES: Final = 5
WIDEST_NAME: Final = 30
LONGEST_CHOICES: Final = 20
INDENT: Final = "  "
GENERAL: Final = "Every command"
"""Title of the options that every command takes: the last part of each page."""
FOOT: Final = f"Every option in full: --help-all instead of --help. {RESEARCH_USE}"
HELP_FLAG: Final = "--help"
FULL_FLAG: Final = "--help-all"
IN_FULL: Final[ContextVar[bool]] = ContextVar("IN_FULL", default=False)


@dataclass(frozen=True, slots=True)
class HelpPage:
    """Writes the help of one command.

    Parameters
    ----------
    examples
        Command lines.
    common
        Options that get a line of their own; ``None`` gives one to every option.
    """

    examples: tuple[str, ...] = ()
    common: frozenset[str] | None = None

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: object) -> None:
        """Write the usage line."""
        del options
        _write(console, f"Usage: {str(usage).strip()}")

    def render_description(
        self, console: "Console", options: "ConsoleOptions", description: object
    ) -> None:
        """Write what the command does, and examples."""
        del options
        _write(console, "", *_wrapped(_plain(description), console.width))
        if self.examples:
            shown = self.examples if IN_FULL.get() else self.examples[:MOST_EXAMPLES]
            _write(console, "", "Examples:", *_examples(shown, console.width))
        _write(console, "")

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """Write one group of options or commands."""
        del options
        width = min(console.width, WIDEST)
        shown = [one for one in panel.entries if self._is_common(one)]
        others = [one for one in panel.entries if not self._is_common(one)]
        title = f"{panel.title}:"
        if shown:
            about = _wrapped(_plain(panel.description), width) if IN_FULL.get() else []
            _write(
                console,
                title,
                *about,
                *_rows(shown, width),
                *_names(f"{INDENT}also", others, width),
            )
        else:
            _write(console, *_names(title, others, width))
        if str(panel.title) == GENERAL:
            _write(console, "", *_wrapped(FOOT, width))

    def _is_common(self, entry: "HelpEntry") -> bool:
        if self.common is None or IN_FULL.get() or entry.positional_label or entry.required:
            return True
        return not self.common.isdisjoint(entry.all_options)


def page(*examples: str, common: str | None = None) -> HelpPage:
    """Return the help of a command with these examples.

    Parameters
    ----------
    examples
        Command lines, the commonest first.
    common
        Options that get a line of their own, in one text; all where it is left out.
    """
    return HelpPage(examples, None if common is None else frozenset(common.split()))


def asked_in_full(words: Sequence[str]) -> list[str]:
    """Return the words of a command line with ``--help`` for ``--help-all``, and keep which."""
    IN_FULL.set(FULL_FLAG in words)
    return [HELP_FLAG if word == FULL_FLAG else word for word in words]


def first_sentence(text: str) -> str:
    """Return a text up to the first full stop that ends a sentence.

    >>> first_sentence("Longest axial diameter, e.g. 30. Default: 30.")
    'Longest axial diameter, e.g. 30.'
    """
    joined = " ".join(text.split())
    place = 0
    while (end := joined.find(". ", place)) >= 0:
        if (joined[end + 2].isupper() or joined[end + 2] == "`") and not joined[: end + 1].endswith(
            "e.g."
        ):
            return joined[: end + 1]
        place = end + 2
    return joined


def _write(console: "Console", *lines: str) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _plain(text: Any) -> str:  # noqa: ANN401  (what cyclopts holds: a text or something that holds one)
    return str(getattr(text, "primary_renderable", text) or "").strip()


def _wrapped(text: str, width: int) -> list[str]:
    parts = text.split("\n\n")
    lines = [textwrap.wrap(" ".join(part.split()), min(width, WIDEST)) for part in parts]
    return [line for number, part in enumerate(lines) for line in ([""] * bool(number) + part)]


def _examples(examples: tuple[str, ...], width: int) -> Iterator[str]:
    """Yield command lines; one that is too long is carried on as a shell would take it."""
    for example in examples:
        lines = textwrap.wrap(
            example, width - len(INDENT) - 2, subsequent_indent=INDENT, break_on_hyphens=False
        )
        for line in lines[:-1]:
            yield f"{INDENT}{line} \\"
        yield f"{INDENT}{lines[-1]}"


def _rows(entries: "list[HelpEntry]", width: int) -> Iterator[str]:
    labels = [_label(entry) for entry in entries]
    column = min(max(map(len, labels)), WIDEST_NAME) + 2 * len(INDENT)
    for label, entry in zip(labels, entries, strict=True):
        told = textwrap.wrap(_text(entry), width - column, break_on_hyphens=False) or [""]
        head = f"{INDENT}{label}"
        if len(head) > column - len(INDENT):
            yield head
            head = ""
        yield f"{head:<{column}}{told[0]}".rstrip()
        yield from (f"{'':<{column}}{line}" for line in told[1:])


def _text(entry: "HelpEntry") -> str:
    text = " ".join(_plain(entry.description).split())
    if IN_FULL.get():
        return f"{text} [{', '.join(entry.choices)}]" if entry.choices else text
    return first_sentence(text).removesuffix(".") + _default(entry)


def _names(title: str, entries: "list[HelpEntry]", width: int) -> list[str]:
    if not entries:
        return []
    names = "  ".join(name for entry in entries for name in entry.all_options[:1])
    return textwrap.wrap(
        f"{title}  {names}", width, subsequent_indent=2 * INDENT, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip


def _label(entry: "HelpEntry") -> str:
    if entry.positional_label:
        return entry.positional_label
    choices = "|".join(entry.choices or ())
    value = choices if 0 < len(choices) <= LONGEST_CHOICES else entry.metavar
    longs = entry.positive_names
    if IN_FULL.get():
        longs = entry.names
    elif entry.negative_names:
        longs = tuple(f"--[no-]{name.removeprefix('--')}" for name in longs)
    names = ", ".join((*entry.positive_shorts, *longs))
    return f"{names} {value}" if value else names


def _default(entry: "HelpEntry") -> str:
    known = entry.default not in (None, "False", "True", "", "()")
    return f" [{entry.default}]" if known else ""
