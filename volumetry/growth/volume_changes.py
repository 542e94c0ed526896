"""Change of a liver's volumes between two scans, and the pace of its tumour.

The pace is the *specific growth rate*: how many percent of itself the tumour gains in a day were
it to grow exponentially, ``100 ln(V₂ / V₁) / days``. Its *doubling time* is ``100 ln 2`` over that.
The rate is defined for every change, shrinking included; the doubling time is not, and is given
only where the tumour grew by more than the measurement errors (``mehrara2007``).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log
from typing import Final

import numpy as np

from remnant.core.comparison import Change
from remnant.core.errors import ImplausibleValueError
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import VolumetryReport
from volumetry.growth.change import change_of, combined, multiplied, paired_interval, paired_spreads
from volumetry.uncertainty.intervals import ratio
from volumetry.uncertainty.joint_draws import Draws, Sample, Spread

POINTS: Final = percent_from_fraction(1.0)
DOUBLING: Final = POINTS * log(2.0)
Figure = Callable[[Draws], Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeChanges:
    """What changed between two scans.

    Parameters
    ----------
    tlv_ml, functional_tlv_ml, tumour_ml
        Total, functional and tumour volume.
    burden_fraction
        Tumour over total volume; its ``difference`` is a fraction of the liver, its ``fraction``
        one of the first burden.
    """

    tlv_ml: Change
    functional_tlv_ml: Change
    tumour_ml: Change
    burden_fraction: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class TumourPace:
    """How fast the tumour changes between two scans; each absent with its reason.

    Parameters
    ----------
    tumour_ml_per_day, functional_tlv_ml_per_day, burden_points_per_day
        Change over time; the burden in percentage points.
    specific_growth_percent_per_day
        Of exponential growth; negative where the tumour shrinks.
    doubling_days
        Absent where growth cannot be told from none. Without an upper end that is finite it has
        no interval.
    """

    tumour_ml_per_day: Quantity
    functional_tlv_ml_per_day: Quantity
    burden_points_per_day: Quantity
    specific_growth_percent_per_day: Quantity
    doubling_days: Quantity


def volume_changes(before: VolumetryReport, after: VolumetryReport) -> VolumeChanges:
    """Measure what changed between two scans, each with the errors of both."""
    return drawn_changes(before, after, paired_spreads(before, after))


def drawn_changes(
    before: VolumetryReport, after: VolumetryReport, drawn: tuple[Spread, Spread]
) -> VolumeChanges:
    """Measure the same with draws that exist, see `paired_spreads`."""
    return VolumeChanges(
        tlv_ml=_change(before.tlv_ml, after.tlv_ml, drawn, _tlv_ml),
        functional_tlv_ml=_change(
            before.functional_tlv_ml, after.functional_tlv_ml, drawn, _functional_tlv_ml
        ),
        tumour_ml=_change(before.tumour_ml, after.tumour_ml, drawn, _tumour_ml),
        burden_fraction=_change(before.burden_fraction, after.burden_fraction, drawn, _burden),
    )


def tumour_pace(
    changes: VolumeChanges, drawn: tuple[Spread, Spread], days: float | None
) -> TumourPace:
    """Measure the pace between two scans.

    Parameters
    ----------
    changes, drawn
        Between them, and the draws of both.
    days
        Between them, above 0; ``None`` where it is not known: then all is absent.

    Raises
    ------
    ImplausibleValueError
        The days are not above 0 or not finite.
    """
    if days is None:
        unknown = Quantity.absent(reason(Cause.NO_TIME_BETWEEN))
        return TumourPace(
            tumour_ml_per_day=unknown,
            functional_tlv_ml_per_day=unknown,
            burden_points_per_day=unknown,
            specific_growth_percent_per_day=unknown,
            doubling_days=unknown,
        )
    if not 0.0 < days < np.inf:
        raise ImplausibleValueError(f"{days:g} days between two scans; allowed is above 0")
    growth = specific_growth(changes.tumour_ml, drawn, days)
    return TumourPace(
        tumour_ml_per_day=multiplied(changes.tumour_ml.difference, 1.0 / days),
        functional_tlv_ml_per_day=multiplied(changes.functional_tlv_ml.difference, 1.0 / days),
        burden_points_per_day=multiplied(changes.burden_fraction.difference, POINTS / days),
        specific_growth_percent_per_day=growth,
        doubling_days=doubling_days(growth),
    )


def specific_growth(tumour_ml: Change, drawn: tuple[Spread, Spread], days: float) -> Quantity:
    """Return the specific growth rate in percent a day.

    Absent where a scan has no tumour: from or to nothing there is no rate.
    """
    before, after = tumour_ml.before, tumour_ml.after
    if before.value == 0.0 or after.value == 0.0:
        return Quantity.absent(reason(Cause.ZERO_BEFORE))

    def rate(first: Draws, second: Draws) -> Sample:
        with np.errstate(divide="ignore"):
            grown = np.log(ratio(_tumour_ml(second), _tumour_ml(first)))
        finite: Sample = np.where(np.isfinite(grown), POINTS * grown / days, np.nan)
        return finite

    return combined(
        before,
        after,
        lambda first, second: POINTS * log(second / first) / days,
        interval=paired_interval(*drawn, rate),
    )


def doubling_days(growth: Quantity) -> Quantity:
    """Return the doubling time of a specific growth rate in percent a day.

    A rate of 1 % a day doubles in 69 days; one that may be 0 has none:

    >>> round(doubling_days(Quantity(1.0, interval=Interval(0.5, 2.0))).value, 1)
    69.3
    >>> doubling_days(Quantity(1.0, interval=Interval(-0.5, 2.0))).value is None
    True
    """
    if growth.value is None:
        return growth
    if growth.value <= 0.0:
        return Quantity.absent(reason(Cause.NO_GROWTH))
    around = growth.interval
    if around is not None and around.low <= 0.0:
        return Quantity.absent(reason(Cause.GROWTH_NOT_SHOWN))
    bound = None if growth.bound is None else _OTHER[growth.bound]
    interval = None if around is None else Interval(DOUBLING / around.high, DOUBLING / around.low)
    return replace(growth, value=DOUBLING / growth.value, interval=interval, bound=bound)


# the faster it grows, the sooner it has doubled
_OTHER: Final = {Bound.LOWER: Bound.UPPER, Bound.UPPER: Bound.LOWER}


def _change(
    before: Quantity, after: Quantity, drawn: tuple[Spread, Spread], figure: Figure
) -> Change:
    return change_of(
        before,
        after,
        difference=paired_interval(*drawn, lambda b, a: figure(a) - figure(b)),
        fraction=paired_interval(*drawn, lambda b, a: ratio(figure(a) - figure(b), figure(b))),
    )


def _tlv_ml(draws: Draws) -> Sample:
    return draws.tlv_ml


def _functional_tlv_ml(draws: Draws) -> Sample:
    return draws.functional_tlv_ml


def _tumour_ml(draws: Draws) -> Sample:
    return draws.all_tumour_ml


def _burden(draws: Draws) -> Sample:
    return ratio(draws.all_tumour_ml, draws.tlv_ml)
