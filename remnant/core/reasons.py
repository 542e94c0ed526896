"""Why a figure is absent, a bound or to be read with care, and why a verdict is as it is: as data.

Nothing here is a sentence: `remnant.wording` has one for each cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Every reason that a quantity or a finding can have: a closed set.

    What ``amounts`` and ``names`` of a `Reason` hold is said beside each cause.
    """

    PROSE = "prose"
    """Not a cause of its own: ``names[0]`` is a text that has not been given one yet."""
    SEGMENTS_ESTIMATED = "segments_estimated"
    """The Couinaud segments are a network's estimate that no human has confirmed."""
    BODY_SIZE_ASSUMED = "body_size_assumed"
    """Height and weight are an assumption."""
    NEAR_LIMIT = "near_limit"
    """The value lies so near to its limit that the printed sign decides."""

    # Of volumes, ratios, distances and changes.

    # Of quality checks.

    # Of rules on the remnant and of hepatectomies.

    # Of plans, targets, relaxations and stages.

    # Of lists of conditions, of ablation, and of classes of the distribution.


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause with what it is about.

    Parameters
    ----------
    cause
        Which of the closed set.
    amounts
        Its numbers, in the units that the cause names.
    names
        Its names: ids of rules, plans, formulas, segments, inputs.
    """

    cause: Cause
    amounts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()


def reason(cause: Cause, *details: float | str) -> Reason:
    """Return a reason from numbers and names in any order; each kind keeps its own order.

    >>> reason(Cause.NEAR_LIMIT, 2.5, "ki67_percent")
    Reason(cause=<Cause.NEAR_LIMIT: 'near_limit'>, amounts=(2.5,), names=('ki67_percent',))
    """
    return Reason(
        cause,
        amounts=tuple(float(d) for d in details if not isinstance(d, str)),
        names=tuple(str(d) for d in details if isinstance(d, str)),
    )


def joined(*reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return all reasons in order, each once."""
    return tuple(dict.fromkeys(one for several in reasons for one in several))


def reasons_of(given: "str | Reason | Iterable[Reason] | None") -> tuple[Reason, ...]:
    """Return reasons however they are given; a text becomes a reason without a cause of its own."""
    if given is None or given == "":
        return ()
    if isinstance(given, str):
        return (Reason(Cause.PROSE, names=(given,)),)
    return (given,) if isinstance(given, Reason) else tuple(given)
