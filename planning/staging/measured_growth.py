"""How a remnant would go on growing after two scans of it: the same curve, never a straight line.

Growth that slows with the time constant ``τ`` and brought ``G`` in the ``w`` days between two scans
still has ``G / (exp(w / τ) − 1)`` to come, whenever it began. A straight line through the two scans
is the best that could happen, not what is expected.
"""

from dataclasses import dataclass

import numpy as np

from planning.rules.growth import DAYS_PER_WEEK, PVE_TIME, TimeConstant
from planning.staging.growth_curve import (
    MINIMUM,
    NOT_SURE,
    RESPONSE,
    Timed,
    drawn_of,
    interval_of_draws,
    normal_scores,
    slowing,
    spanned_weeks,
    varies,
    weeks_until,
)
from remnant.core.comparison import Growth
from remnant.core.quantity import Bound, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, reason, reasons_of
from volumetry.growth.remnant_growth import no_growth
from volumetry.uncertainty.joint_draws import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredForecast:
    """What two scans promise a remnant.

    Parameters
    ----------
    sflr_at_end
        Share of the standardised volume once all growth is there.
    weeks_to_threshold
        From the second scan, by the curve that slows; 0.0 where it is reached already, never
        before the first observation that the time constant rests on, were the first scan that of
        the start.
    linear_weeks
        The same were growth not to slow: never later than the curve.
    probability
        Of ever reaching the threshold; ``None`` where it cannot be said.
    """

    sflr_at_end: Quantity
    weeks_to_threshold: Quantity
    linear_weeks: Quantity
    probability: float | None


def growth_left(gain: float | Sample, *, weeks_so_far: float, tau_days: float | Sample) -> Sample:
    """Return what growth still brings after what it brought in some weeks, in the same unit.

    >>> round(float(growth_left(63.2, weeks_so_far=2.0, tau_days=14.0)), 1)  # 63 of 100 are there
    36.8
    """
    days = np.asarray(DAYS_PER_WEEK * weeks_so_far / tau_days, dtype=np.float64)
    left: Sample = gain / np.expm1(days)
    return left


def measured_forecast(growth: Growth, *, time: TimeConstant = PVE_TIME) -> MeasuredForecast:
    """Say what the growth between two scans promises.

    Parameters
    ----------
    growth
        As `volumetry.growth.remnant_growth` measured it; its threshold is what is asked for.
    time
        How fast growth slows; that after portal vein embolisation where nothing else is said.

    Returns
    -------
    MeasuredForecast
        Absent, with the reason, where no time lies between the scans, where growth cannot be told
        from none, or where a scan does not show the whole remnant. A threshold that is reached
        already takes 0.0 weeks whatever grew.
    """
    now, gain, weeks = growth.sflr.after.value, growth.sflr.difference.value, growth.weeks
    missing = _no_curve(growth)
    if missing or weeks is None or now is None or gain is None:
        return _without_curve(growth, missing)
    left = float(growth_left(gain, weeks_so_far=weeks, tau_days=time.days))
    drawn = _draw(growth, weeks_so_far=weeks, time=time)
    return MeasuredForecast(
        sflr_at_end=Quantity(now + left, interval=interval_of_draws(drawn.now + drawn.left)),
        weeks_to_threshold=_weeks(growth, left, drawn, first_weeks=time.first_weeks - weeks),
        linear_weeks=growth.weeks_to_threshold,
        probability=_probability(growth, drawn),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """sFLR at the second scan, what is still to come, and the time constant in days."""

    now: Sample
    left: Sample
    tau_days: Sample


def _draw(growth: Growth, *, weeks_so_far: float, time: TimeConstant) -> _Drawn:
    """Draw both volumes independently of each other, over one standardised volume."""
    after, second_ml = growth.sflr.after, growth.flr_ml.after
    assert after.value  # noqa: S101  # the caller saw to it
    assert second_ml.value  # noqa: S101
    sds = {} if after.interval is None else after.interval.sds
    formula_sd = sds.get(UncertaintyPart.FORMULA, 0.0) / after.value
    # one standardised volume for both scans: its formula's error is the same person's
    stlv_ml = second_ml.value / after.value * np.exp(formula_sd * normal_scores(MINIMUM))
    now = drawn_of(second_ml) / stlv_ml
    gain = now - drawn_of(growth.flr_ml.before, RESPONSE) / stlv_ml
    tau_days = slowing(time)
    left = growth_left(gain, weeks_so_far=weeks_so_far, tau_days=tau_days)
    return _Drawn(now, left, tau_days)


def _no_curve(growth: Growth) -> tuple[Reason, ...]:
    """Return why nothing can be promised, nothing where it can."""
    change = growth.sflr
    if change.difference.value is None:
        return change.difference.reasons
    if change.difference.bound or change.difference.indicative:
        return (NOT_SURE,)
    if growth.weeks is None:
        return (reason(Cause.NO_TIME_BETWEEN),)
    return reasons_of(no_growth(change.difference))


def _without_curve(growth: Growth, missing: tuple[Reason, ...]) -> MeasuredForecast:
    after, threshold = growth.sflr.after, growth.threshold_sflr
    known = after.value is not None and not after.indicative and after.bound is not Bound.UPPER
    reached = known and threshold is not None and (after.value or 0.0) >= threshold
    return MeasuredForecast(
        sflr_at_end=Quantity.absent(missing),
        weeks_to_threshold=Quantity(0.0) if reached else Quantity.absent(missing),
        linear_weeks=growth.weeks_to_threshold,
        probability=None,
    )


def _weeks(growth: Growth, left: float, drawn: _Drawn, *, first_weeks: float) -> Quantity:
    threshold, now = growth.threshold_sflr, growth.sflr.after.value
    if threshold is None or now is None:
        return Quantity.absent(reason(Cause.NO_THRESHOLD))
    weeks = float(weeks_until(threshold - now, left, float(np.median(drawn.tau_days))))
    if not np.isfinite(weeks):
        return Quantity.absent(reason(Cause.SLOWING_ENDS_BELOW, now + left, threshold))
    all_weeks = weeks_until(threshold - drawn.now, drawn.left, drawn.tau_days)
    timed = Timed(weeks, all_weeks, first_weeks)
    return spanned_weeks(timed, bound=None, reasons=growth.sflr.difference.reasons)


def _probability(growth: Growth, drawn: _Drawn) -> float | None:
    threshold = growth.threshold_sflr
    if threshold is None or not (varies(growth.flr_ml.before) or varies(growth.flr_ml.after)):
        return None
    return float(np.mean(drawn.now + drawn.left >= threshold))
