"""What the report's first sheet says of its own: how many lesions were read, and what is not kept.

What other tables of the report say too stands with those.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from remnant.core.lesions import Lesion
from remnant.wording.numbers import ABSENT, counted, millimetres
from remnant.wording.phrases import listed

NO_DATE: Final = "not kept: a case holds no dates of a person"
NOT_READ: Final = "no lesion counts"


def counted_words(lesions: Sequence[Lesion]) -> str:
    """Say how many lesions count and how many were rejected, e.g. ``7, and 1 rejected``."""
    number = sum(lesion.counts for lesion in lesions)
    rejected = len(lesions) - number
    return f"{number}, and {rejected} rejected" if rejected else f"{number}"


def largest_words(lesion: Lesion | None) -> str:
    """Name the largest lesion with its diameter and the segments that hold most of it."""
    if lesion is None:
        return ABSENT
    shares = lesion.segment_fractions or {}
    most = sorted(shares, key=lambda segment: -shares[segment])[:2]
    place = f", {listed(segment.name for segment in sorted(most))}" if most else ""
    return f"{millimetres(lesion.longest_axial_mm)} axial: no. {lesion.id}{place}"


def read_words(lesions: Iterable[Lesion]) -> str:
    """Say how many of the lesions that count a reader confirmed, e.g. ``2 of 7 confirmed``."""
    counting = [lesion for lesion in lesions if lesion.counts]
    confirmed = sum(not lesion.confirmation.is_open for lesion in counting)
    of_all = f"{confirmed} of {counted(len(counting), 'lesion')} confirmed by a reader"
    return of_all if counting else NOT_READ
