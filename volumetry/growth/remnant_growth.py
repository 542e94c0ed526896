"""Growth of a future liver remnant between two scans.

Three families of figures are in use and never mixed; each has its unit in its name:

- *degree of hypertrophy*: sFLR after − sFLR before in percentage points, and the *kinetic growth
  rate* (KGR), that over the weeks between the scans (Shindoh 2013, recalled, not read);
- *relative hypertrophy*: (FLR after − FLR before) / FLR before;
- mL a day and percent of the first FLR a day (Croome 2015: ALPPS 32.7 ± 13.6 mL and 10.8 ± 4.5 %,
  portal vein embolisation 4.4 ± 3.2 mL and 0.98 ± 0.75 % a day).

Both scans share one standardised liver volume, that of the same body by the same formula, and its
error. Their own measurement errors are independent of each other.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from remnant.core.comparison import Change, Growth
from remnant.core.errors import ImplausibleValueError, InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart, loose_ends
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import StandardisedVolume, VolumetryReport
from volumetry.growth.change import change_of, multiplied, paired_spreads, varying_interval
from volumetry.remnant import DECIMALS, future_liver_remnant
from volumetry.uncertainty.intervals import TAIL, ratio
from volumetry.uncertainty.joint_draws import Sample

DAYS_PER_WEEK = 7.0
POINTS = percent_from_fraction(1.0)
MOST_WEEKS = 1040.0
SAME_VOLUME_FRACTION = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlrDraws:
    """A future liver remnant as one scan measured it.

    Parameters
    ----------
    flr_ml
        Measured.
    whole_ml
        Draws of it under all errors of the scan together, shape ``(draws,)``.
    alone_ml
        The same under each part of the errors alone.
    """

    flr_ml: Quantity
    whole_ml: Sample
    alone_ml: Mapping[UncertaintyPart, Sample]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StandardDraws:
    """The standardised liver volume of both scans and what it may be off by.

    Parameters
    ----------
    stlv_ml
        By the formula; absent without body size.
    whole, alone
        Factors to it, draw by draw, as in `FlrDraws`.
    """

    stlv_ml: Quantity
    whole: Sample
    alone: Mapping[UncertaintyPart, Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthRequest:
    """What growth is asked for.

    Parameters
    ----------
    removed, title
        Couinaud segments that the resection would remove, and its name.
    weeks
        Between the scans, above 0; ``None`` when unknown: then there is no rate.
    threshold_sflr
        sFLR to reach, in (0, 1); ``None`` when none is asked for.

    Raises
    ------
    ImplausibleValueError
        The weeks or the threshold are out of range.
    """

    removed: Collection[CouinaudSegment]
    title: str
    weeks: float | None = None
    threshold_sflr: float | None = None

    def __post_init__(self) -> None:
        require_weeks(self.weeks)
        require_threshold(self.threshold_sflr)


def require_weeks(weeks: float | None) -> None:
    """Raise unless the time between the scans is above 0 or unknown.

    Raises
    ------
    ImplausibleValueError
        It is 0, negative, not finite or beyond 20 years.
    """
    if weeks is not None and not 0.0 < weeks <= MOST_WEEKS:
        raise ImplausibleValueError(
            f"{weeks:g} weeks between the scans; allowed is above 0 to {MOST_WEEKS:g}: name the "
            f"earlier case first"
        )


def require_threshold(threshold_sflr: float | None) -> None:
    """Raise unless the sFLR to reach is a fraction or none is asked for.

    Raises
    ------
    ImplausibleValueError
        It does not lie between 0 and 1.
    """
    if threshold_sflr is not None and not 0.0 < threshold_sflr < 1.0:
        raise ImplausibleValueError(
            f"an sFLR threshold of {threshold_sflr:g}; allowed is a fraction between 0 and 1, e.g. "
            f"0.3 for 30 %"
        )


def remnant_growth(
    before: VolumetryReport, after: VolumetryReport, patient: Patient, request: GrowthRequest
) -> Growth:
    """Measure the growth of a remnant between two measured scans of one liver.

    Parameters
    ----------
    before, after
        The scans, each with its own error model.
    patient
        Whose liver it is.
    request
        Which remnant, the time between the scans and the threshold.

    Raises
    ------
    InputError
        The standardised liver volumes of the two scans differ.
    """
    drawn = paired_spreads(before, after)
    first, second = (
        FlrDraws(
            flr_ml=future_liver_remnant(
                report, patient=patient, removed=frozenset(request.removed), drawn=spread
            ).flr_ml,
            whole_ml=spread.whole.flr_ml(request.removed),
            alone_ml={p: draws.flr_ml(request.removed) for p, draws in spread.alone.items()},
        )
        for report, spread in zip((before, after), drawn, strict=True)
    )
    standard = StandardDraws(
        stlv_ml=common_standard(before.standardised, after.standardised),
        whole=drawn[0].whole.formula_factor,
        alone={part: draws.formula_factor for part, draws in drawn[0].alone.items()},
    )
    return growth(first, second, standard, request)


def common_standard(before: StandardisedVolume, after: StandardisedVolume) -> Quantity:
    """Return the standardised liver volume that both scans share.

    Returns
    -------
    Quantity
        Absent where it is absent in one of them.

    Raises
    ------
    InputError
        They differ, by formula or by body size: growth in sFLR points needs one denominator.
    """
    first, second = before.stlv_ml.value, after.stlv_ml.value
    if first is None or second is None:
        return before.stlv_ml if first is None else after.stlv_ml
    named = before.formula == after.formula and before.bsa_formula == after.bsa_formula
    if not named or abs(first - second) > SAME_VOLUME_FRACTION * first:
        raise InputError(
            f"the standardised liver volume is {first:.1f} mL ({before.formula}) in the first case "
            f"and {second:.1f} mL ({after.formula}) in the second; growth needs one for both: "
            f"measure them with the same body size and formula"
        )
    return before.stlv_ml


def growth(
    before: FlrDraws, after: FlrDraws, standard: StandardDraws, request: GrowthRequest
) -> Growth:
    """Compute all figures of growth from the draws of two scans.

    Parameters
    ----------
    before, after
        The remnant at the two scans, with draws that are independent of each other.
    standard
        The standardised volume; its error is one for both scans.
    request
        Which remnant, the time between the scans and the threshold.

    Returns
    -------
    Growth
        Every figure with its 90 % interval; absent ones with the reason. There is no time to the
        threshold where growth cannot be told from none (see `no_growth`).
    """
    figures = _Figures(before, after, standard)
    flr_ml = change_of(
        before.flr_ml,
        after.flr_ml,
        difference=figures.interval(lambda b, a, _: a - b),
        fraction=figures.interval(lambda b, a, _: ratio(a - b, b)),
    )
    sflr = figures.sflr_change()
    per_day = None if request.weeks is None else 1.0 / (DAYS_PER_WEEK * request.weeks)
    points = multiplied(sflr.difference, POINTS)
    return Growth(
        removed=tuple(sorted(request.removed)),
        title=request.title,
        weeks=request.weeks,
        flr_ml=flr_ml,
        sflr=sflr,
        degree_of_hypertrophy_sflr_points=points,
        relative_hypertrophy_fraction=flr_ml.fraction,
        kgr_sflr_points_per_week=_rate(points, request.weeks and 1.0 / request.weeks),
        growth_ml_per_day=_rate(flr_ml.difference, per_day),
        growth_percent_of_first_flr_per_day=_rate(multiplied(flr_ml.fraction, POINTS), per_day),
        threshold_sflr=request.threshold_sflr,
        weeks_to_threshold=_weeks_to_threshold(figures, sflr, request),
    )


Figure = Callable[[Sample, Sample, Sample], Sample]


@dataclass(frozen=True, slots=True, eq=False)
class _Figures:
    before: FlrDraws
    after: FlrDraws
    standard: StandardDraws

    def interval(self, figure: Figure) -> Interval | None:
        """Return the interval of a figure of FLR before, FLR after and standardised volume."""
        return varying_interval(self.whole(figure), self.alone(figure))

    def whole(self, figure: Figure) -> Sample:
        stlv_ml = (self.standard.stlv_ml.value or 0.0) * self.standard.whole
        return figure(self.before.whole_ml, self.after.whole_ml, stlv_ml)

    def alone(self, figure: Figure) -> Mapping[UncertaintyPart, Sample]:
        stlv_ml = self.standard.stlv_ml.value or 0.0
        return {
            part: figure(first, self.after.alone_ml[part], stlv_ml * self.standard.alone[part])
            for part, first in self.before.alone_ml.items()
        }

    def sflr_change(self) -> Change:
        """Return the sFLR of both scans over the one standardised volume, and its change."""
        first = self._sflr(self.before.flr_ml, lambda b, _, s: ratio(b, s))
        second = self._sflr(self.after.flr_ml, lambda _, a, s: ratio(a, s))
        return change_of(
            first,
            second,
            difference=self.interval(lambda b, a, s: ratio(a - b, s)),
            fraction=self.interval(lambda b, a, _: ratio(a - b, b)),
        )

    def _sflr(self, flr_ml: Quantity, figure: Figure) -> Quantity:
        stlv_ml = self.standard.stlv_ml
        reasons = joined(flr_ml.reasons, stlv_ml.reasons)
        if flr_ml.value is None or stlv_ml.value is None:
            return Quantity(None, reasons=reasons)
        return replace(
            flr_ml,
            value=round(flr_ml.value / stlv_ml.value, DECIMALS),
            interval=self.interval(figure),
            reasons=reasons,
        )


def _rate(quantity: Quantity, per_time: float | None) -> Quantity:
    if quantity.value is None:
        return quantity
    if per_time is None:
        return Quantity.absent(reason(Cause.NO_TIME_BETWEEN))
    return multiplied(quantity, per_time)


def no_growth(difference: Quantity) -> Reason | None:
    """Return why a change between two scans is no growth that a time could rest on.

    Parameters
    ----------
    difference
        sFLR after − before, as a fraction; present.

    Returns
    -------
    Reason or None
        ``None`` where it grew by more than the measurement errors: where the 90 % interval of the
        change lies above 0. Without an interval any gain counts.
    """
    if (difference.value or 0.0) <= 0.0:
        return reason(Cause.NO_GROWTH)
    around = difference.interval
    if around is None or around.low > 0.0:
        return None
    return reason(Cause.GROWTH_WITHIN_ERROR, around.low, around.high)


def weeks_to_reach(
    sflr: float | Sample, rate_per_week: float | Sample, threshold_sflr: float
) -> Sample:
    """Return how long linear growth would take.

    Parameters
    ----------
    sflr, rate_per_week
        Where it stands and what it gains a week, as fractions; numbers or draws.
    threshold_sflr
        What is to be reached.

    Returns
    -------
    Sample
        Weeks: 0 where it is reached already, infinite where there is no growth.

    Examples
    --------
    From 22 to 30 % at 4 points a week; reached already; without growth:

    >>> [float(weeks) for weeks in weeks_to_reach(np.array([0.22, 0.31]), 0.04, 0.30).round(6)]
    [2.0, 0.0]
    >>> float(weeks_to_reach(0.22, -0.01, 0.30))
    inf
    """
    missing = threshold_sflr - np.asarray(sflr, dtype=np.float64)
    rate = np.asarray(rate_per_week, dtype=np.float64)
    weeks = np.full(np.broadcast_shapes(missing.shape, rate.shape), np.inf)
    np.divide(missing, rate, out=weeks, where=rate > 0.0)
    reached: Sample = np.where(missing <= 0.0, 0.0, weeks)
    return reached


def _weeks_to_threshold(figures: _Figures, sflr: Change, request: GrowthRequest) -> Quantity:
    weeks, target = request.weeks, request.threshold_sflr
    missing = _no_time(sflr, request)
    now, gain = sflr.after.value, sflr.difference.value
    if missing or weeks is None or target is None or now is None or gain is None:
        return Quantity.absent(missing)

    def time(before_ml: Sample, after_ml: Sample, stlv_ml: Sample) -> Sample:
        rate = ratio(after_ml - before_ml, stlv_ml) / weeks
        return weeks_to_reach(ratio(after_ml, stlv_ml), rate, target)

    bound, indicative = loose_ends(sflr.before, sflr.after)
    return Quantity(
        float(weeks_to_reach(now, gain / weeks, target)),
        interval=_time_interval(figures, time),
        bound=None if bound is None else _OTHER[bound],
        indicative=indicative,
        reasons=joined(sflr.difference.reasons, (reason(Cause.PACE_SLOWS),)),
    )


# the larger a remnant, the sooner it is enough: a lower bound of it is an upper bound of the time
_OTHER = {Bound.LOWER: Bound.UPPER, Bound.UPPER: Bound.LOWER}


def _no_time(sflr: Change, request: GrowthRequest) -> tuple[Reason, ...]:
    """Return why there is no time to the threshold, nothing where there is one."""
    now, gain, target = sflr.after.value, sflr.difference.value, request.threshold_sflr
    if target is None:
        return (reason(Cause.NO_THRESHOLD),)
    if now is None or gain is None:
        return sflr.difference.reasons
    if not _is_shown(sflr, now >= target):
        return (reason(Cause.GROWTH_NOT_SHOWN),)
    if now >= target:
        return (reason(Cause.THRESHOLD_REACHED, now, target),)
    none = no_growth(sflr.difference)
    if none is not None:
        return (none,)
    return (reason(Cause.NO_TIME_BETWEEN),) if request.weeks is None else ()


def _is_shown(sflr: Change, reached: bool) -> bool:  # noqa: FBT001  (one private question)
    """Tell whether bounds leave it certain that the threshold is reached, or that nothing grew."""
    if sflr.after.indicative or sflr.difference.indicative:
        return False
    if reached:
        return sflr.after.bound is not Bound.UPPER
    shrunk = (sflr.difference.value or 0.0) <= 0.0
    return not (shrunk and sflr.difference.bound is Bound.LOWER)


def _time_interval(figures: _Figures, time: Figure) -> Interval | None:
    """Return the interval of a time; its ends alone where it is endless in some draws.

    Those are 5 % at most, see `no_growth`, so that the upper end is always finite.
    """
    weeks = figures.whole(time)
    if all(np.isfinite(drawn).all() for drawn in (weeks, *figures.alone(time).values())):
        return figures.interval(time)
    low, median, high = np.quantile(weeks, (TAIL, 0.5, 1.0 - TAIL), method="lower").tolist()
    return Interval(low, high, median=median)
