"""A measured number, with what is known about it."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Self

from remnant.core.errors import InputError


class Bound(StrEnum):
    """The true value is at least (LOWER) or at most (UPPER) the one given."""

    LOWER = "lower"
    UPPER = "upper"


@dataclass(frozen=True, slots=True)
class Interval:
    """Closed interval around a measured value, in the value's unit.

    Raises
    ------
    InputError
        ``low`` exceeds ``high`` or either is not finite.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise InputError(f"an interval needs finite low <= high, got {self.low}, {self.high}")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Quantity:
    """A scalar result: its value, or the reason why there is none.

    Parameters
    ----------
    value
        The number in the unit that the field's name wears. 0 is a measurement; ``None`` is an
        absence and needs a ``reason``.
    interval
        Where the true value lies, by the parts of uncertainty that were modelled; ``None`` when no
        interval was computed. It need not hold ``value``: a known bias shifts it.
    bound
        Set when the scan or the input cuts the structure: the true value is at least or at most
        this one.
    indicative
        The value may be wrong in both directions, by more than any interval says (the scan cuts
        both parts of a ratio, or lesions are not known): it may be shown with its reason, but no
        threshold is judged on it.
    reason
        Why the value is absent, is a bound or indicative, or must be read with care.

    Raises
    ------
    InputError
        No value and no reason, an indicative value without reason, or a value that is not finite.
    """

    value: float | None
    interval: Interval | None = field(default=None, kw_only=True)
    bound: Bound | None = field(default=None, kw_only=True)
    indicative: bool = field(default=False, kw_only=True)
    reason: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if (self.value is None or self.indicative) and not self.reason:
            raise InputError("an absent or indicative value needs a reason")
        if self.value is not None and not isfinite(self.value):
            raise InputError(f"a measured value must be finite, got {self.value}")

    @classmethod
    def absent(cls, reason: str) -> Self:
        """Return a quantity that was not measured, with the reason."""
        return cls(None, reason=reason)
