"""Why a figure is absent, a bound or to be read with care, in words: one text for each cause."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.wording import (
    check_causes,
    class_causes,
    given_grids,
    list_causes,
    mr_checks,
    plan_causes,
    quality_light,
    remnant_causes,
    sample_checks,
    segment_causes,
    series_checks,
    volumes,
)
from remnant.wording.kinds import Template
from remnant.wording.language import message, say
from remnant.wording.names import named

BETWEEN: Final = "; "

TEMPLATES: Final[Mapping[Cause, Template]] = {
    # Each family has a module with its CAUSES (it imports nothing from here): add it by name.
    **class_causes.CAUSES,
    **list_causes.CAUSES,
    **mr_checks.CAUSES,
    **remnant_causes.CAUSES,
    **sample_checks.CAUSES,
    **segment_causes.CAUSES,
    **series_checks.CAUSES,
    **plan_causes.CAUSES,
    Cause.SEGMENTS_ESTIMATED: "segments estimated from liver shape: review",
    Cause.BRIEF_SEGMENTS: "the Couinaud segments are unknown",
    Cause.BRIEF_BODY_SIZE: "height and weight not given",
    Cause.NEAR_LIMIT: "the value lies within 1 of the limit",
    **check_causes.CAUSES,
    **quality_light.CAUSES,
    **given_grids.CAUSES,
    **volumes.CAUSES,
}
"""Fragments without capital or full stop, so that they can stand in brackets and in lists; a
function where a text depends on its amounts."""


REVIEW_SENTENCE: Final = message("Segments estimated from liver shape: review.")
"""What stands at the end of every text that rests on segments that nobody has confirmed."""
_MARKED_APART: Final[ContextVar[bool]] = ContextVar("marked_apart", default=False)


def words(reason: Reason) -> str:
    """Return one reason in words."""
    template = TEMPLATES[reason.cause]
    if callable(template):
        return template(reason)
    return say(
        template,
        amounts=reason.amounts,
        names=tuple(map(named, reason.names)),
        because=listed(reason.because),
    )


def listed(reasons: Iterable[Reason]) -> str:
    """Return reasons one after the other, each once; limits follow what they forbid."""
    given = list(reasons)
    limits: list[str] = []
    for place, one in enumerate(given):
        if one.cause is Cause.LIMITS_FORBID:
            given, limits = given[: place + 1], [words(limit) for limit in given[place + 1 :]]
            break
    text = BETWEEN.join(dict.fromkeys(words(reason) for reason in given))
    return f"{text}: {', '.join(limits)}" if limits else text


def why(quantity: Quantity) -> str:
    """Return why a quantity is absent or loose, in words; empty where nothing is to be said."""
    return listed(quantity.reasons)


def reviewed(text: str, reasons: Iterable[Reason]) -> str:
    """Say at the end of a text that segments are to be reviewed, where a reason says so."""
    estimated = any(one.cause is Cause.SEGMENTS_ESTIMATED for one in reasons)
    said = estimated and not _MARKED_APART.get()
    return f"{text} {say(REVIEW_SENTENCE)}" if said else text


@contextmanager
def marked_apart() -> Iterator[None]:
    """Leave that sentence out until the block ends: a medium marks every part once itself."""
    token = _MARKED_APART.set(True)
    try:
        yield
    finally:
        _MARKED_APART.reset(token)
