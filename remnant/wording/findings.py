"""Findings in words, by their ids, their data and the rule data."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding
from remnant.wording import (
    classes,
    hepatectomies,
    lists,
    plans,
    remnants,
    segment_causes,
    stages,
)
from remnant.wording.kinds import Writer
from remnant.wording.reasons import reviewed

WRITERS: Final[Mapping[str, Writer]] = {
    # Each family has a module with its WRITERS: add them here by name, e.g. **remnants.WRITERS.
    **classes.WRITERS,
    **lists.WRITERS,
    **remnants.WRITERS,
    **hepatectomies.WRITERS,
    **segment_causes.WRITERS,
    **plans.WRITERS,
    **stages.WRITERS,
}
"""How findings are written, by their id or the longest start of it that ends in a dot."""


def text_of(finding: Finding) -> str:
    """Return a finding in words, with the mark of segments to be reviewed."""
    return reviewed(bare_text_of(finding), finding.reasons)


def bare_text_of(finding: Finding) -> str:
    """Return a finding in words without that mark, where it stands beside the text."""
    return finding.prose or writer_of(finding.id)(finding)


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
