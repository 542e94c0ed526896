"""Scores and tests of the liver's function in words."""

from typing import Final

from planning.rules.liver_function import (
    ALBI,
    CHILD_PUGH,
    HIDA,
    ICG,
    LIVER_FUNCTION_ID,
    MELD,
)
from remnant.core.findings import Finding
from remnant.wording import lists, reasons
from remnant.wording.language import localised, say
from remnant.wording.phrases import listed

DECIMALS: Final = {ALBI.id: 2, MELD.id: 0, CHILD_PUGH.id: 0, ICG.id: 1, HIDA.id: 1}
UNITS: Final = {ICG.id: " %", HIDA.id: " %"}


def score_here(finding: Finding) -> str:
    """Return a score with its grade or class, or what it lacks."""
    if finding.missing:
        return say(
            "Not known: {question}.",
            question=listed([lists.question(name) for name in finding.missing]),
        )
    if finding.value is None:
        return ""
    classes = reasons.listed(finding.reasons)
    if finding.id == CHILD_PUGH.id:
        return say("Here: {classes}.", classes=classes)
    number = localised(f"{finding.value:.{DECIMALS[finding.id]}f}".replace("-", "−"))
    return say(
        "Here: {number}{unit}{classes}.",
        number=number,
        unit=UNITS.get(finding.id, ""),
        classes=f", {classes}" if classes else "",
    )


def score_text(finding: Finding) -> str:
    """Return what a score is made from, and what it is here."""
    return f"{lists.statement(finding.id)} {score_here(finding)}".rstrip()


PREFIX: Final = f"{LIVER_FUNCTION_ID}."
WRITERS: Final = {PREFIX: score_text}
PARTS: Final = {PREFIX: (lists.source_words, score_here)}
