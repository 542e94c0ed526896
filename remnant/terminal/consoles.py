"""The console that all texts for people go through, and how a text is wrapped on it."""

import textwrap
from collections.abc import Iterable
from typing import Final

from rich.console import Console

MARKS: Final = tuple("-–!?~✓✗○")
"""What a line may begin with that stands out before its text."""


def plain_console() -> Console:
    """Return a console for standard output that colours nothing of its own accord.

    ``NO_COLOR`` takes the colours of headings and warnings too, and a pipe gets none.
    """
    return Console(highlight=False)


def say(console: Console, text: str, *, style: str | None = None, width: int | None = None) -> None:
    """Print a text as it stands; where it is wrapped its lines hang under its first word."""
    lines = hanging(text, min(console.width, width or console.width))
    console.print("\n".join(lines), style=style, markup=False, soft_wrap=True)


def say_all(notes: Iterable[str]) -> None:
    """Print notes on what a command did, each a sentence of its own."""
    console = plain_console()
    for note in notes:
        say(console, note[:1].upper() + note[1:])


def hanging(text: str, width: int) -> list[str]:
    """Wrap a text under its first word.

    >>> hanging("  ✗ Ruled out: the disease is resectable.", 24)
    ['  ✗ Ruled out: the', '    disease is', '    resectable.']
    """
    words = text.lstrip()
    if words.startswith(MARKS) and words[1:2] == " ":
        words = words[2:]
    head = text.removesuffix(words)
    return textwrap.wrap(
        words,
        width,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [text]
