"""Findings in words, by their ids, their data and the rule data."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from remnant.core.findings import Finding
from remnant.core.reasons import Cause, Reason
from remnant.wording.numbers import sentence
from remnant.wording.reasons import words

Writer = Callable[[Finding], str]

WRITERS: Final[Mapping[str, Writer]] = {
    # Each family has a module with its WRITERS: add them here by name, e.g. **remnants.WRITERS.
}
"""How findings are written, by their id or the longest start of it that ends in a dot."""


REVIEW_SENTENCE: Final = f"{sentence(words(Reason(Cause.SEGMENTS_ESTIMATED)))}."
"""What stands at the end of every text that rests on segments that nobody has confirmed."""


def text_of(finding: Finding) -> str:
    """Return a finding in words, with the mark of segments to be reviewed."""
    text = finding.prose or writer_of(finding.id)(finding)
    return reviewed(text, finding.reasons)


def reviewed(text: str, reasons: Iterable[Reason]) -> str:
    """Say at the end of a text that segments are to be reviewed, where a reason says so."""
    estimated = any(one.cause is Cause.SEGMENTS_ESTIMATED for one in reasons)
    return f"{text} {REVIEW_SENTENCE}" if estimated else text


def writer_of(identifier: str) -> Writer:
    """Return what writes findings of this id.

    Raises
    ------
    LookupError
        There is none: a fault of this program.
    """
    start = identifier
    while start:
        if start in WRITERS:
            return WRITERS[start]
        start = start[:-1].rpartition(".")[0] + "." if "." in start[:-1] else ""
    raise LookupError(f"no words for findings of the id {identifier!r}")
