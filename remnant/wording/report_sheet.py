"""What the report's first sheet says of its own: how many lesions were read, and what is not kept.

What other tables of the report say too stands with those.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from remnant.core.lesions import Lesion
from remnant.wording.language import message, say
from remnant.wording.numbers import ABSENT, counted, millimetres
from remnant.wording.phrases import listed

NO_DATE: Final = message("not kept: a case holds no dates of a person")
NOT_READ: Final = message("no lesion counts")


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
