"""What the report's first sheet says of its own: how many lesions were read, and what is not kept.

What other tables of the report say too stands with those.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from remnant.core.criteria import CriteriaResult
from remnant.core.findings import Verdict
from remnant.core.lesions import Lesion
from remnant.wording.language import message, say
from remnant.wording.numbers import ABSENT, counted, millimetres
from remnant.wording.phrases import listed

NO_DATE: Final = message("not kept: a case holds no dates of a person")
NOT_READ: Final = message("no lesion")
NOT_LOOKED_FOR: Final = message("not known: none were given or looked for")


def counted_words(lesions: Sequence[Lesion]) -> str:
    """Say how many lesions count and how many were rejected, e.g. ``7, and 1 rejected``."""
    number = sum(lesion.counts for lesion in lesions)
    rejected = len(lesions) - number
    if not rejected:
        return f"{number}"
    return say("{number}, and {rejected} rejected", number=number, rejected=rejected)


def largest_words(lesion: Lesion | None) -> str:
    """Name the largest lesion with its diameter and the segments that hold most of it."""
    if lesion is None:
        return ABSENT
    shares = lesion.segment_fractions or {}
    most = sorted(shares, key=lambda segment: -shares[segment])[:2]
    place = f", {listed(segment.name for segment in sorted(most))}" if most else ""
    return say(
        "{length} axial: no. {number}{place}",
        length=millimetres(lesion.longest_axial_mm),
        number=lesion.id,
        place=place,
    )


def no_contraindication_words(looked_for: CriteriaResult) -> str:
    """Say that nothing that was told is a contraindication, and of how many nothing was told."""
    if looked_for.failed:
        return ""
    known = [finding.verdict is not Verdict.UNKNOWN for finding in looked_for.deciding]
    open_ = len(known) - sum(known)
    if not open_:
        return say("none")
    return say("none in what was told; {open} of {every} not known", open=open_, every=len(known))


def read_words(lesions: Iterable[Lesion]) -> str:
    """Say how many of the lesions that count a reader confirmed, e.g. ``2 of 7 confirmed``."""
    counting = [lesion for lesion in lesions if lesion.counts]
    confirmed = sum(not lesion.confirmation.is_open for lesion in counting)
    if not counting:
        return say(NOT_READ)
    return say(
        "{confirmed} of {lesions} confirmed by a reader",
        confirmed=confirmed,
        lesions=counted(len(counting), "lesion"),
    )
