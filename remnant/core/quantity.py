"""A measured number, with what is known about it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Self

from remnant.core.errors import InputError
from remnant.core.reasons import Reason, reasons_of


class Bound(StrEnum):
    """The true value is at least (LOWER) or at most (UPPER) the one given."""

    LOWER = "lower"
    UPPER = "upper"


class UncertaintyPart(StrEnum):
    """Where the uncertainty of a volume or ratio comes from."""

    DISCRETISATION = "discretisation"
    SEGMENTATION = "segmentation"
    SEGMENT_BORDERS = "segment_borders"
    FORMULA = "formula"


INTERVAL_LEVEL = 0.90
"""Share of the distribution between ``low`` and ``high``: 5 % lie below, 5 % above."""
CERTAINTY = 0.90
"""A limit is met where at least this share of the draws reach it, not met where at least this
share miss it, and uncertain between the two: this project's reading, no source has one."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value lies with 90 % probability under the report's error model.

    Parameters
    ----------
    low, high
        5 % and 95 % quantile, in the value's unit.
    median
        ``None`` where it was not computed.
    sds
        Standard deviation that each part of the uncertainty would give alone, in the value's unit;
        parts that do not take part are left out.
    quantiles
        The distribution at evenly spaced levels from 0 to 1, both included; empty where only the
        ends are known (a report read from a file). Not compared.

    Raises
    ------
    InputError
        ``low`` exceeds ``high`` or either is not finite.
    """

    low: float
    high: float
    median: float | None = field(default=None, kw_only=True)
    sds: Mapping[UncertaintyPart, float] = field(default_factory=dict, kw_only=True, hash=False)
    quantiles: tuple[float, ...] = field(default=(), kw_only=True, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low <= self.high):
            raise InputError(f"an interval needs finite low <= high, got {self.low}, {self.high}")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def probability(self, limit: float, *, inclusive: bool) -> float | None:
        """Return the probability of at least (or, not inclusive, more than) ``limit``.

        Interpolated between the quantiles; ``None`` where they are not known. A continuous
        distribution gives the same for both; at a value that many draws share, such as 0, they
        differ.
        """
        if not self.quantiles:
            return None
        below = bisect_left(self.quantiles, limit)
        if below == len(self.quantiles):
            return 0.0
        steps = len(self.quantiles) - 1
        if self.quantiles[below] == limit:
            return self._above(limit, below, inclusive=inclusive)
        if below == 0:
            return 1.0
        left, right = self.quantiles[below - 1], self.quantiles[below]
        return 1.0 - (below - 1 + (limit - left) / (right - left)) / steps

    def scaled(self, factor: float) -> "Interval":
        """Return the interval of the value times a factor of 0 or more, as for another unit.

        >>> Interval(2.0, 4.0, median=3.0).scaled(0.5)
        Interval(low=1.0, high=2.0, median=1.5, sds={})
        """
        return Interval(
            self.low * factor,
            self.high * factor,
            median=None if self.median is None else self.median * factor,
            sds={part: sd * factor for part, sd in self.sds.items()},
            quantiles=tuple(quantile * factor for quantile in self.quantiles),
        )

    def _above(self, limit: float, first: int, *, inclusive: bool) -> float:
        steps = len(self.quantiles) - 1
        return 1.0 - (first if inclusive else bisect_right(self.quantiles, limit) - 1) / steps


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
        interval was computed. Beside a ``bound`` or an indicative value it is that of the part
        within the scan, not of the whole.
    bound
        Set when the scan or the input cuts the structure: the true value is at least or at most
        this one.
    indicative
        The value may be wrong in both directions, by more than any interval says (the scan cuts
        both parts of a ratio, or lesions are not known): it may be shown with its reason, but no
        threshold is judged on it.
    reasons
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
    reasons: tuple[Reason, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reasons", reasons_of(self.reasons))
        if (self.value is None or self.indicative) and not self.reasons:
            raise InputError("an absent or indicative value needs a reason")
        if self.value is not None and not isfinite(self.value):
            raise InputError(f"a measured value must be finite, got {self.value}")

    def probability(self, limit: float, *, inclusive: bool) -> float | None:
        """Return the probability that the true value is at least (or more than) ``limit``.

        ``None`` where the value is absent, a bound, indicative or without a distribution.
        """
        if self.interval is None or self.bound is not None or self.indicative:
            return None
        return self.interval.probability(limit, inclusive=inclusive)

    @classmethod
    def absent(cls, *reasons: Reason | Iterable[Reason]) -> Self:
        """Return a quantity that was not measured, with the reasons."""
        return cls(None, reasons=tuple(one for given in reasons for one in reasons_of(given)))


def loose_ends(before: Quantity, after: Quantity) -> tuple[Bound | None, bool]:
    """Return the bound of a figure that rises with ``after``, and whether it is indicative."""
    more = after.bound is Bound.LOWER or before.bound is Bound.UPPER
    less = after.bound is Bound.UPPER or before.bound is Bound.LOWER
    if before.indicative or after.indicative or (more and less):
        return None, True
    return (Bound.LOWER if more else Bound.UPPER if less else None), False
