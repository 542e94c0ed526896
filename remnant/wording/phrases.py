"""Phrases that the texts of findings share: limits, shares, lists, and why a value is not exact."""

from collections.abc import Collection, Iterable
from typing import Final

from remnant.core.findings import Threshold
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, joined
from remnant.core.units import percent_from_fraction
from remnant.wording import reasons
from remnant.wording.numbers import percent

BOUND_WORDS: Final = {Bound.LOWER: "at least ", Bound.UPPER: "at most ", None: ""}


def share(fraction: float, *, beside: float | None = None) -> str:
    """Write a fraction as percent, with as many decimals as keep its side of ``beside``.

    >>> share(0.1996), share(0.1996, beside=0.2)
    ('20.0 %', '19.96 %')
    """
    return f"{percent(fraction, () if beside is None else (beside,))} %"


def limit(threshold: Threshold) -> str:
    """Write a minimum as its source prints it, e.g. ``at least 20 %`` or ``more than 70 %``."""
    return f"{at_least(threshold)} {percent_from_fraction(threshold.value):g} %"


def at_least(threshold: Threshold) -> str:
    """Write how a minimum is compared: ``at least`` or ``more than``."""
    return "at least" if threshold.inclusive else "more than"


def measured(quantity: Quantity, *, beside: float | None = None) -> str:
    """Write a fraction with its bound or that it is indicative, or why it is absent."""
    if quantity.value is None:
        return f"not known ({reasons.why(quantity)})"
    number = share(quantity.value, beside=beside)
    if quantity.indicative:
        return f"about {number} (may be larger or smaller)"
    return BOUND_WORDS[quantity.bound] + number


def roughly(quantity: Quantity) -> str:
    """Return what stands before a number: ``about``, ``at least``, ``at most``, or nothing."""
    return "about " if quantity.indicative else BOUND_WORDS[quantity.bound]


def because(*quantities: Quantity, besides: Collection[Cause] = ()) -> str:
    """Write why values are bounds or indicative, each reason once, as a sentence to append.

    Causes ``besides`` these are left out: the text says them elsewhere.

    Returns
    -------
    str
        ``" Not exact: reason; reason."``, empty where every value is exact or absent.
    """
    loose = (q for q in quantities if q.value is not None and (q.indicative or q.bound))
    # of an indicative value `measured` says itself that it could be larger or smaller
    every = joined(*(quantity.reasons for quantity in loose))
    found = joined(*(one.because if one.cause is Cause.EITHER_WAY else (one,) for one in every))
    text = reasons.listed(one for one in found if one.cause not in besides)
    return f" Not exact: {text}." if text else ""


def listed(words: Iterable[str]) -> str:
    """Join words as in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def segment_names(segments: Iterable[CouinaudSegment]) -> str:
    """Write segments by their Roman numbers, in order.

    >>> segment_names([CouinaudSegment.VI, CouinaudSegment.II])
    'II, VI'
    """
    return ", ".join(segment.name for segment in sorted(segments))
