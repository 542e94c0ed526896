"""When a growing remnant is enough: a curve that slows, its spread, and the tumour meanwhile.

``F(t) = F0 (1 + H (1 − exp(−t / τ)))``: the remnant ``F0`` grows by the share ``H`` at most, fast
at first. ``H`` differs from patient to patient, ``F0`` and the minimum are measured with errors,
``τ`` is known roughly; all are drawn together. Nothing is ever counted beyond the growth that a
source measured, and nothing is read between the start and the source's first look at a remnant: a
minimum that the curve passes before is reached by then at the latest. The form of the curve is this
project's choice.
"""

from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt
from statistics import NormalDist

import numpy as np

from planning.rules.growth import DAYS_PER_WEEK, GrowthPreset, TimeConstant
from remnant.core.errors import ImplausibleValueError
from remnant.core.quantity import Bound, Interval, Quantity, loose_ends
from remnant.core.reasons import Cause, Reason, joined, reason
from volumetry.uncertainty.intervals import LEVELS, TAIL
from volumetry.uncertainty.joint_draws import Sample

DRAWS = 4000
STEPS = (sqrt(2.0), sqrt(3.0), sqrt(7.0))
"""Multiples of these, without their whole parts, fill a cube evenly (Richtmyer's sequence)."""
RESPONSE, MINIMUM, SLOWING = range(3)
NOT_SURE = Reason(Cause.REMNANT_CUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a preset promises a remnant.

    Parameters
    ----------
    flr_ml
        The remnant once all growth is there.
    weeks
        Until the minimum: 0.0 where it is reached already, at most the first observation where
        the curve passes it before, absent with the reason where it is never reached or cannot be
        said.
    probability
        Of reaching the minimum at all; ``None`` where it cannot be said.
    """

    flr_ml: Quantity
    weeks: Quantity
    probability: float | None


def grown(flr: float, response_fraction: float, *, days: float, tau_days: float) -> float:
    """Return the remnant after some days, in the unit that it is given in.

    Only the form of the curve: no report reads it before a source's first observation.

    Parameters
    ----------
    flr
        At day 0.
    response_fraction
        All growth there will be, as a share of ``flr``.
    days, tau_days
        Since the start, at least 0; the time constant, above 0.

    Examples
    --------
    One time constant brings 63 % of all growth:

    >>> round(grown(300.0, 0.5, days=14.0, tau_days=14.0), 1)
    394.8
    """
    return flr * (1.0 + response_fraction * (1.0 - exp(-days / tau_days)))


def weeks_until(
    missing: float | Sample, growth: float | Sample, tau_days: float | Sample
) -> Sample:
    """Return when growth that slows has brought what is missing.

    Parameters
    ----------
    missing, growth
        What is still to come and all that will come, in one unit; numbers or draws.
    tau_days
        Time constant, above 0.

    Returns
    -------
    Sample
        Weeks: 0 where nothing is missing, infinite where as much or more is missing than will
        come.

    Examples
    --------
    Half of all growth takes the logarithm of 2 times the time constant; all of it never comes:

    >>> [float(weeks.round(2)) for weeks in weeks_until([50.0, 100.0, 0.0], 100.0, 14.0)]
    [1.39, inf, 0.0]
    """
    short, gain = np.broadcast_arrays(
        np.asarray(missing, dtype=np.float64), np.asarray(growth, dtype=np.float64)
    )
    # solved for t: 1 - exp(-t / tau) = missing / growth; a share of 1 stands for "never"
    share = np.divide(short, gain, out=np.ones_like(short), where=gain > 0.0)
    left = np.where(share < 1.0, 1.0 - share, 1.0)
    weeks = np.where(share < 1.0, -np.log(left) * tau_days / DAYS_PER_WEEK, np.inf)
    reached: Sample = np.where(short <= 0.0, 0.0, weeks)
    return reached


def forecast(flr_ml: Quantity, *, least_flr_ml: Quantity, preset: GrowthPreset) -> Forecast:
    """Say what a preset promises a remnant: how large, when enough, how likely.

    Parameters
    ----------
    flr_ml
        Functional remnant before growth.
    least_flr_ml
        What is asked for; absent with the reason where it is not known. Its errors count as
        independent of the remnant's.
    preset
        Response and time constant.
    """
    return Forecast(
        flr_ml=after_growth(flr_ml, preset),
        weeks=time_to_threshold(flr_ml, least_flr_ml=least_flr_ml, preset=preset),
        probability=probability_of_reaching(flr_ml, least_flr_ml=least_flr_ml, preset=preset),
    )


def after_growth(amount: Quantity, preset: GrowthPreset) -> Quantity:
    """Return a remnant, in mL or as a ratio, once all growth of a preset is there.

    The interval holds the spread of the response among patients beside the measurement's.
    """
    if amount.value is None:
        return amount
    drawn = drawn_of(amount) * (1.0 + _responses(preset))
    known = varies(amount) or preset.log_sd is not None
    return Quantity(
        amount.value * (1.0 + preset.response_fraction),
        interval=interval_of_draws(drawn) if known else None,
        bound=amount.bound,
        indicative=amount.indicative,
        reasons=joined(amount.reasons, _narrow(preset)),
    )


def time_to_threshold(
    flr_ml: Quantity, *, least_flr_ml: Quantity, preset: GrowthPreset
) -> Quantity:
    """Return the weeks until a remnant is as large as asked for.

    Returns
    -------
    Quantity
        By the printed response; 0.0 where the remnant is enough already. Absent where the remnant
        or the minimum is absent, where the growth ends below it, or where bounds leave that open.
        Never between 0.0 and the preset's first observation, see `spanned_weeks`. Its interval
        holds the response, the errors of both volumes and the time constant; ``None`` with the
        reason where more than 5 % of the draws never reach it.
    """
    flr, least = flr_ml.value, least_flr_ml.value
    if flr is None or least is None:
        return Quantity(None, reasons=joined(flr_ml.reasons, least_flr_ml.reasons))
    growth = flr * preset.response_fraction
    weeks = float(weeks_until(least - flr, growth, preset.time.days))
    bound, indicative = loose_ends(flr_ml, least_flr_ml)
    if indicative or _undecided(weeks, bound):
        return Quantity.absent(NOT_SURE)
    if not np.isfinite(weeks):
        return Quantity.absent(reason(Cause.GROWTH_ENDS_BELOW, flr + growth, least))
    drawn_flr = drawn_of(flr_ml)
    # one remnant in both terms; what is independent of it follows a sequence of its own
    drawn = weeks_until(
        drawn_of(least_flr_ml, MINIMUM) - drawn_flr,
        drawn_flr * _responses(preset),
        slowing(preset.time),
    )
    known = joined(flr_ml.reasons, least_flr_ml.reasons, _narrow(preset))
    timed = Timed(weeks, drawn, first_weeks=preset.time.first_weeks)
    return spanned_weeks(timed, bound=bound, reasons=known)


def probability_of_reaching(
    flr_ml: Quantity, *, least_flr_ml: Quantity, preset: GrowthPreset
) -> float | None:
    """Return the share of draws in which the whole growth is enough.

    ``None`` where a volume is absent, a bound or indicative, or where the source prints no spread
    of the response: most of what is uncertain would be left out.
    """
    volumes = (flr_ml, least_flr_ml)
    loose = any(q.value is None or q.bound is not None or q.indicative for q in volumes)
    if loose or preset.log_sd is None:
        return None
    grown_ml = drawn_of(flr_ml) * (1.0 + _responses(preset))
    return float(np.mean(grown_ml >= drawn_of(least_flr_ml, MINIMUM)))


def tumour_growth_fraction(days: float, *, doubling_days: float, factor: float = 1.0) -> float:
    """Return the relative growth of a tumour in some days: 0.0 at once, 1.0 when doubled.

    Parameters
    ----------
    days
        At least 0.
    doubling_days
        Volume doubling time, above 0.
    factor
        How many times faster it grows meanwhile; no source of this project gives a figure.

    Raises
    ------
    ImplausibleValueError
        The doubling time or the factor is not above 0.

    >>> tumour_growth_fraction(60.0, doubling_days=60.0)
    1.0
    >>> round(tumour_growth_fraction(30.0, doubling_days=60.0), 3)  # the root of 2, less 1
    0.414
    """
    if not (doubling_days > 0.0 and factor > 0.0):
        raise ImplausibleValueError(
            f"a doubling time of {doubling_days:g} days at a factor of {factor:g}; allowed is "
            f"above 0 for both"
        )
    return float(2.0 ** (days * factor / doubling_days) - 1.0)


def drawn_of(quantity: Quantity, dimension: int | None = None) -> Sample:
    """Draw a quantity from its interval; without a distribution every draw is its value.

    Parameters
    ----------
    quantity
        Present.
    dimension
        Number of the sequence that it follows: quantities of one number move together, those of
        several are independent. ``None`` is one more.
    """
    around = quantity.interval
    if around is None or not around.quantiles:
        return np.full(DRAWS, quantity.value, dtype=np.float64)
    levels = np.linspace(0.0, 1.0, len(around.quantiles))
    drawn: Sample = np.interp(_levels(dimension), levels, around.quantiles)
    return drawn


def varies(quantity: Quantity) -> bool:
    """Tell whether the distribution of a quantity is known."""
    return quantity.interval is not None and bool(quantity.interval.quantiles)


def slowing(time: TimeConstant) -> Sample:
    """Draw a time constant in days: half of the draws lie on either side of its value."""
    ends = (time.low_days, time.days, time.high_days)
    drawn: Sample = np.interp(_levels(SLOWING), (0.0, 0.5, 1.0), ends)
    return drawn


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """Weeks by the printed response and in every draw, read from a curve.

    ``first_weeks`` is the earliest time after 0 at which the curve may be read.
    """

    weeks: float
    drawn: Sample
    first_weeks: float

    @property
    def early(self) -> bool:
        """Whether the curve passes the minimum where it must not be read."""
        return 0.0 < self.weeks < self.first_weeks

    @property
    def seen(self) -> Sample:
        """The draws, none between 0 and the first observation."""
        held: Sample = np.where(self.drawn > 0.0, np.maximum(self.drawn, self.first_weeks), 0.0)
        return held


def spanned_weeks(timed: Timed, *, bound: Bound | None, reasons: tuple[Reason, ...]) -> Quantity:
    """Return a time with its interval.

    Parameters
    ----------
    timed
        What the curve gives.
    bound
        Whether the volumes make it at least or at most this.
    reasons
        What it rests on.

    Returns
    -------
    Quantity
        "At most the first observation" where the curve passes the minimum before; absent where
        it is at least such a time. The interval counts every such draw as the first observation;
        it is ``None`` where more than 5 % of the draws have no end.
    """
    # nothing was seen in between: a time before the first observation is only known to be early
    early = reason(Cause.BEFORE_FIRST_LOOK, timed.first_weeks)
    if timed.early and bound is Bound.LOWER:
        return Quantity.absent(joined(reasons, (early,)))
    around = interval_of_draws(timed.seen)
    never = reason(Cause.INTERVAL_OPEN, float(np.mean(np.isinf(timed.drawn))))
    beside = ((early,) if timed.early else ()) + ((never,) if around is None else ())
    return Quantity(
        timed.first_weeks if timed.early else timed.weeks,
        interval=around,
        # no time is below 0: at most 0 is 0
        bound=Bound.UPPER if timed.early else bound if timed.weeks else None,
        reasons=joined(reasons, beside),
    )


def interval_of_draws(drawn: Sample) -> Interval | None:
    """Return the 90 % interval of draws; ``None`` where its upper end is infinite.

    It holds the whole distribution where no draw is infinite.
    """
    # "nearest" never interpolates between a finite draw and an infinite one, which gives nan
    low, median, high = np.quantile(drawn, (TAIL, 0.5, 1.0 - TAIL), method="nearest").tolist()
    if not np.isfinite(high):
        return None
    finite = bool(np.isfinite(drawn).all())
    quantiles = tuple(np.quantile(drawn, LEVELS).tolist()) if finite else ()
    return Interval(low, high, median=median, quantiles=quantiles)


def _undecided(weeks: float, bound: Bound | None) -> bool:
    """Tell whether a bound leaves open that it is reached already, or that it is ever reached."""
    reached = weeks == 0.0 and bound is Bound.LOWER
    return reached or (np.isinf(weeks) and bound is Bound.UPPER)


def _responses(preset: GrowthPreset) -> Sample:
    if preset.log_sd is None:
        return np.full(DRAWS, preset.response_fraction)
    # log-normal, so that no draw shrinks; around the median, which a printed mean lies above
    drawn: Sample = np.exp(log(preset.median_fraction) + preset.log_sd * normal_scores(RESPONSE))
    return drawn


@cache
def _levels(dimension: int | None) -> Sample:
    # in the middle of their steps: at a level of 0 or 1 the normal score is infinite
    numbers = np.arange(DRAWS) + 0.5
    levels: Sample = numbers / DRAWS
    if dimension is not None:
        levels = np.mod(numbers * STEPS[dimension], 1.0)
    levels.flags.writeable = False
    return levels


@cache
def normal_scores(dimension: int) -> Sample:
    """Return standard normal numbers, shape ``(DRAWS,)``, of one sequence (see `drawn_of`)."""
    normal = NormalDist()
    scores: Sample = np.array([normal.inv_cdf(level) for level in _levels(dimension).tolist()])
    scores.flags.writeable = False
    return scores


def _narrow(preset: GrowthPreset) -> tuple[Reason, ...]:
    return (Reason(Cause.NO_SPREAD),) if preset.log_sd is None else ()
