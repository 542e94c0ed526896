"""Why a figure is absent, a bound or to be read with care, in words: one text for each cause."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason

BETWEEN: Final = "; "
Template = str | Callable[[Reason], str]

TEMPLATES: Final[Mapping[Cause, Template]] = {
    # Each family has a module with its CAUSES: add them here by name, e.g. **volumes.CAUSES.
    Cause.PROSE: "{names[0]}",
    Cause.SEGMENTS_ESTIMATED: "segments estimated from liver shape: review",
    Cause.BODY_SIZE_ASSUMED: "the body size is assumed",
    Cause.NEAR_LIMIT: "the value lies within 1 of the limit",
}
"""Fragments without capital or full stop, so that they can stand in brackets and in lists; a
function where a text depends on its amounts."""


def words(reason: Reason) -> str:
    """Return one reason in words."""
    template = TEMPLATES[reason.cause]
    if callable(template):
        return template(reason)
    return template.format(amounts=reason.amounts, names=reason.names)


def listed(reasons: Iterable[Reason]) -> str:
    """Return reasons one after the other, each once; empty without any."""
    return BETWEEN.join(dict.fromkeys(words(reason) for reason in reasons))


def why(quantity: Quantity) -> str:
    """Return why a quantity is absent or loose, in words; empty where nothing is to be said."""
    return listed(quantity.reasons)
