"""How numbers and bounds read in the texts of findings."""

from collections.abc import Container, Iterable
from dataclasses import replace

from remnant.core.findings import Finding, Threshold
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, joined
from remnant.core.units import percent_from_fraction

DECIMALS = range(1, 8)
BOUND_WORDS = {Bound.LOWER: "at least ", Bound.UPPER: "at most ", None: ""}
SEGMENTS_ESTIMATED = "segments estimated from liver shape"
SEGMENTS_TO_REVIEW = f"{SEGMENTS_ESTIMATED}: review"
"""What stands beside every figure that rests on a network's segments until a human confirms."""
REVIEW_SENTENCE = f"{SEGMENTS_TO_REVIEW[0].upper()}{SEGMENTS_TO_REVIEW[1:]}."


def percent(fraction: float, *, beside: float | None = None) -> str:
    """Write a fraction as percent with one decimal, or as many as keep its side of ``beside``.

    19.96 % beside a limit of 20 % must not read "20.0 %".
    """
    texts = [f"{percent_from_fraction(fraction):.{decimals}f}" for decimals in DECIMALS]
    if beside is None:
        return f"{texts[0]} %"
    true = (t for t in texts if _side(float(t) / 100.0, beside) == _side(fraction, beside))
    return f"{next(true, texts[-1])} %"


def limit(threshold: Threshold) -> str:
    """Write a threshold as its source prints it, e.g. ``at least 20 %`` or ``more than 70 %``."""
    words = "at least" if threshold.inclusive else "more than"
    return f"{words} {percent_from_fraction(threshold.value):g} %"


def measured(quantity: Quantity, *, beside: float | None = None) -> str:
    """Write a fraction with its bound or that it is indicative, or why it is absent."""
    if quantity.value is None:
        return f"not known ({quantity.reason})"
    if quantity.indicative:
        return f"about {percent(quantity.value, beside=beside)} (may be larger or smaller)"
    return BOUND_WORDS[quantity.bound] + percent(quantity.value, beside=beside)


def because(*quantities: Quantity, said: Container[Cause] = ()) -> str:
    """Write why values are bounds or indicative, each reason once, as a sentence to append.

    Reasons that are ``said`` elsewhere in the text are left out.

    Returns
    -------
    str
        ``" Not exact: reason; reason."``, empty where every value is exact or absent.
    """
    loose = [
        quantity.reasons
        for quantity in quantities
        if quantity.value is not None and (quantity.indicative or quantity.bound is not None)
    ]
    # of an indicative value `measured` says itself that it could be larger or smaller
    plain = (
        part
        for one in joined(*loose)
        for part in (one.because if one.cause is Cause.EITHER_WAY else (one,))
    )
    reasons = joined(part for part in plain if part.cause not in said)
    return f" Not exact: {Quantity(0.0, reasons=reasons).reason}." if reasons else ""


def listed(words: Iterable[str]) -> str:
    """Join words as in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def segment_names(segments: Iterable[CouinaudSegment]) -> str:
    """Write segments by their Roman numbers, in order."""
    return ", ".join(segment.name for segment in sorted(segments))


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, e.g. ``1 lesion``, ``3 lesions``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def to_review(finding: Finding) -> Finding:
    """Mark a finding as resting on segments that are an estimate to be reviewed."""
    estimated = (Reason(Cause.SEGMENTS_ESTIMATED),)
    return replace(finding, reasons=joined(finding.reasons, estimated))


def _side(value: float, beside: float) -> int:
    return (round(value - beside, 12) > 0) - (round(value - beside, 12) < 0)
