"""What was measured, and why it is not exact, in the texts of findings."""

from collections.abc import Collection

from remnant.core.findings import Finding
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, joined
from remnant.wording import reasons
from remnant.wording.language import say
from remnant.wording.phrases import roughly, share


def judged_quantity(finding: Finding) -> Quantity:
    """Return the quantity of a finding that cannot be without one.

    Raises
    ------
    LookupError
        It has none: a fault of this program.
    """
    if finding.quantity is None:
        raise LookupError(f"the finding {finding.id!r} has no quantity")
    return finding.quantity


def measured(quantity: Quantity, *, beside: float | None = None) -> str:
    """Write a fraction with its bound or that it is indicative, or why it is absent."""
    if quantity.value is None:
        return say("not known ({why})", why=reasons.why(quantity))
    number = share(quantity.value, beside=beside)
    if quantity.indicative:
        return say("about {number} (may be larger or smaller)", number=number)
    return roughly(quantity) + number


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
    return say(" Not exact: {text}.", text=text) if text else ""
