"""Phrases that texts share: shares, limits, and lists of words. It imports no reasons."""

from collections.abc import Iterable
from typing import Final

from remnant.core.findings import Threshold
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.units import percent_from_fraction
from remnant.wording.language import say, spoken
from remnant.wording.numbers import percent

BOUND_WORDS: Final = spoken({Bound.LOWER: "at least ", Bound.UPPER: "at most ", None: ""})


def share(fraction: float, *, beside: float | None = None) -> str:
    """Write a fraction as percent, with as many decimals as keep its side of ``beside``.

    >>> share(0.1996), share(0.1996, beside=0.2)
    ('20.0 %', '19.96 %')
    """
    return f"{percent(fraction, () if beside is None else (beside,))} %"


def limit(threshold: Threshold) -> str:
    """Write a minimum as its source prints it, e.g. ``at least 20 %`` or ``more than 70 %``."""
    return say(
        "{at_least} {share:g} %",
        at_least=at_least(threshold),
        share=percent_from_fraction(threshold.value),
    )


def at_least(threshold: Threshold) -> str:
    """Write how a minimum is compared: ``at least`` or ``more than``."""
    return say("at least") if threshold.inclusive else say("more than")


def roughly(quantity: Quantity) -> str:
    """Return what stands before a number: ``about``, ``at least``, ``at most``, or nothing."""
    return say("about ") if quantity.indicative else BOUND_WORDS[quantity.bound]


def listed(words: Iterable[str]) -> str:
    """Join words as in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = words
    return say("{first} and {last}", first=", ".join(first), last=last) if first else last


def segment_names(segments: Iterable[CouinaudSegment]) -> str:
    """Write segments by their Roman numbers, in order.

    >>> segment_names([CouinaudSegment.VI, CouinaudSegment.II])
    'II, VI'
    """
    return ", ".join(segment.name for segment in sorted(segments))
