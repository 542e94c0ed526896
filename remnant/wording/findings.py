"""Findings in words, by their ids, their data and the rule data."""

from collections.abc import Mapping
from typing import Final, TypeVar

from remnant.core.findings import Finding
from remnant.wording import (
    checks,
    classes,
    given_grids,
    hepatectomies,
    lists,
    liver_function,
    mr_checks,
    plans,
    quality_light,
    remnants,
    sample_checks,
    segment_causes,
    series_checks,
    staged_plans,
)
from remnant.wording.kinds import Parts, Writer
from remnant.wording.reasons import reviewed

Found = TypeVar("Found")

WRITERS: Final[Mapping[str, Writer]] = {
    # Each family has a module with its WRITERS: add them here by name, e.g. **remnants.WRITERS.
    **checks.WRITERS,
    **classes.WRITERS,
    **given_grids.WRITERS,
    **lists.WRITERS,
    **liver_function.WRITERS,
    **mr_checks.WRITERS,
    **remnants.WRITERS,
    **hepatectomies.WRITERS,
    **sample_checks.WRITERS,
    **segment_causes.WRITERS,
    **series_checks.WRITERS,
    **plans.WRITERS,
    **quality_light.WRITERS,
    **staged_plans.WRITERS,
}
"""How findings are written, by their id or the longest start of it that ends in a dot."""


PARTS: Final[Mapping[str, Parts]] = {
    **lists.PARTS,
    **liver_function.PARTS,
    **remnants.PARTS,
    **hepatectomies.PARTS,
}
"""The same in two parts, of families whose findings stand in a report many times."""


def statement_of(finding: Finding) -> str:
    """Return what a finding's rule says whatever the case; empty where it has no such words."""
    parts = _longest(PARTS, finding.id)
    return "" if parts is None else parts[0](finding)


def found_here(finding: Finding) -> str:
    """Return what is to be said of this case beside the rule's statement and the data."""
    parts = _longest(PARTS, finding.id)
    return text_of(finding) if parts is None else parts[1](finding)


def text_of(finding: Finding) -> str:
    """Return a finding in words, with the mark of segments to be reviewed."""
    return reviewed(bare_text_of(finding), finding.reasons)


def bare_text_of(finding: Finding) -> str:
    """Return a finding in words without that mark, where it stands beside the text."""
    return writer_of(finding.id)(finding)


def writer_of(identifier: str) -> Writer:
    """Return what writes findings of this id.

    Raises
    ------
    LookupError
        There is none: a fault of this program.
    """
    found = _longest(WRITERS, identifier)
    if found is None:
        raise LookupError(f"no words for findings of the id {identifier!r}")
    return found


def _longest(known: Mapping[str, Found], identifier: str) -> Found | None:
    """Return what is known under an id or the longest start of it that ends in a dot."""
    start = identifier
    while start and start not in known:
        start = start[:-1].rpartition(".")[0] + "." if "." in start[:-1] else ""
    return known.get(start)
