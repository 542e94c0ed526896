"""The interval of every volume and ratio, from the draws of `volumetry.uncertainty.joint_draws`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import hypot
from statistics import NormalDist

import numpy as np

from remnant.core.quantity import INTERVAL_LEVEL, Interval, Quantity, UncertaintyPart
from remnant.core.uncertainty import ErrorModel
from remnant.core.units import mm3_from_ml
from remnant.core.volumetry_report import (
    BurdenClass,
    SegmentVolumes,
    StandardisedVolume,
    VolumetryReport,
)
from volumetry.burden import UPPER_LIMITS
from volumetry.uncertainty.joint_draws import Draws, Sample, Spread, spread, swollen_ml
from volumetry.uncertainty.outlines import OUTLINE_REACH, OUTLINE_SD, outline_change

LEVELS = np.linspace(0.0, 1.0, 201)
TAIL = (1.0 - INTERVAL_LEVEL) / 2.0
QUANTILES = (TAIL, 0.5, 1.0 - TAIL, *LEVELS)
TAIL_SCORE = NormalDist().inv_cdf(1.0 - TAIL)
FEWEST_DEFINED = 0.5
"""Share of the draws in which a ratio must be defined for it to have an interval."""
SD_DIGITS = 4
"""Significant digits of a part's standard deviation: some thousand draws do not tell more."""
SMALLEST_SHARE = 1e-6
"""Parts whose standard deviation is less than this share of the whole one do not take part."""


def with_intervals(report: VolumetryReport) -> VolumetryReport:
    """Return a report with the interval of every volume and ratio, under its own error model.

    A volume that no error changes gets none: nothing was found that could have a boundary. A
    ratio then has one of no width.
    """
    drawn = spread(report)
    burden = interval_of(drawn, lambda d: ratio(d.all_tumour_ml, d.tlv_ml))
    tumour = interval_of(drawn, lambda d: d.all_tumour_ml)
    functional = interval_of(drawn, lambda d: d.functional_tlv_ml)
    return replace(
        with_expected_volume(report, report.standardised, drawn),
        tlv_ml=spanned(report.tlv_ml, varying(interval_of(drawn, lambda d: d.tlv_ml))),
        functional_tlv_ml=spanned(report.functional_tlv_ml, varying(functional)),
        tumour_ml=spanned(report.tumour_ml, varying(tumour)),
        burden_fraction=spanned(report.burden_fraction, burden),
        burden_class_probabilities=_class_probabilities(report.burden_fraction, burden),
        segments=None
        if report.segments is None
        else {s: _segment(volumes, drawn, s) for s, volumes in report.segments.items()},
    )


def with_expected_volume(
    report: VolumetryReport, standardised: StandardisedVolume, drawn: Spread
) -> VolumetryReport:
    """Return a report with the liver volume that is expected of a body, and its interval.

    ``drawn`` are the draws of the report, on which the body has no bearing.
    """
    factor = varying(interval_of(drawn, lambda d: d.formula_factor))
    expected = replace(standardised, stlv_ml=_expected(standardised.stlv_ml, factor))
    return replace(report, standardised=expected)


def interval_of(drawn: Spread, figure: Callable[[Draws], Sample]) -> Interval | None:
    """Return the interval of a figure that is computed from draws, see `sample_interval`."""
    alone = {part: figure(draws) for part, draws in drawn.alone.items()}
    return sample_interval(figure(drawn.whole), alone)


def sample_interval(whole: Sample, alone: Mapping[UncertaintyPart, Sample]) -> Interval | None:
    """Return the interval of drawn values.

    Draws in which the figure is not defined (NaN) are left out.

    Parameters
    ----------
    whole, alone
        The figure under all errors together, and under each part alone.

    Returns
    -------
    Interval or None
        ``None`` where it is defined in less than half of the draws. Of no width where no error
        that is modelled changes it.
    """
    defined = whole[~np.isnan(whole)]
    if defined.size < FEWEST_DEFINED * whole.size:
        return None
    low, median, high, *quantiles = np.quantile(defined, QUANTILES).tolist()
    smallest = SMALLEST_SHARE * max(float(np.std(defined)), SMALLEST_SHARE * abs(median))
    sds = {part: float(np.std(sample[~np.isnan(sample)])) for part, sample in alone.items()}
    return Interval(
        low,
        high,
        median=median,
        sds={part: _known(sd) for part, sd in sds.items() if sd > smallest},
        quantiles=tuple(quantiles),
    )


def _known(sd: float) -> float:
    """Return a deviation with the digits that some thousand draws can tell, and not more."""
    return float(f"{sd:.{SD_DIGITS}g}")


def spanned(quantity: Quantity, interval: Interval | None) -> Quantity:
    """Return a quantity with an interval; absent ones stay as they are."""
    return quantity if quantity.value is None else replace(quantity, interval=interval)


def varying(interval: Interval | None) -> Interval | None:
    """Return an interval, ``None`` for one without width: a volume of which nothing was found."""
    return interval if interval is not None and interval.sds else None


def ratio(part: Sample, whole: Sample) -> Sample:
    """Divide draw by draw; NaN where the whole is 0."""
    share: Sample = np.divide(part, whole, out=np.full_like(whole, np.nan), where=whole > 0.0)
    return share


def lesion_interval(
    volume_ml: float,
    surface_mm2: float,
    grid_mm4: float,
    model: ErrorModel,
    *,
    core_ml: float | None = None,
) -> Interval | None:
    """Return the interval of one lesion's volume, in closed form.

    Parameters
    ----------
    volume_ml, surface_mm2
        Of the lesion; the volume is above 0.
    grid_mm4
        See `volumetry.surfaces.grid_mm4`.
    model
        The case's errors.
    core_ml
        What a first network marked of a lesion whose refined outline nobody has confirmed: the
        interval holds it, and as much on the other side. ``None`` where there is no such thing.

    Returns
    -------
    Interval or None
        In mL; ``low`` is 0.0 where the lesion may vanish. Its median is the measured volume.
        ``None`` where nothing is uncertain: no surface, or no error assumed.
    """
    parts_mm3 = {
        UncertaintyPart.DISCRETISATION: float(np.sqrt(grid_mm4 * surface_mm2)),
        UncertaintyPart.SEGMENTATION: model.lesion_boundary_mm * surface_mm2,
    }
    changed_ml = volume_ml * outline_change(volume_ml, core_ml)
    sd_mm3 = hypot(*parts_mm3.values())
    if sd_mm3 == changed_ml == 0.0:
        return None
    ends_mm3 = sd_mm3 * TAIL_SCORE * np.array((-1.0, 0.0, 1.0))
    low, median, high = swollen_ml(np.full(3, volume_ml), ends_mm3).tolist()
    third_mm3 = 3.0 * mm3_from_ml(volume_ml)
    sds = {part: volume_ml * _cubic_sd(sd / third_mm3) for part, sd in parts_mm3.items()}
    part = UncertaintyPart.SEGMENTATION
    sds[part] = hypot(sds[part], OUTLINE_SD * changed_ml)
    outline_ml = INTERVAL_LEVEL * OUTLINE_REACH * changed_ml
    return Interval(
        max(0.0, median - hypot(median - low, outline_ml)),
        median + hypot(high - median, outline_ml),
        median=median,
        sds={part: sd for part, sd in sds.items() if sd},
    )


def _cubic_sd(relative: float) -> float:
    """Return the standard deviation of ``(1 + relative z)³`` for a standard normal ``z``."""
    return float(np.sqrt(9.0 * relative**2 + 36.0 * relative**4 + 15.0 * relative**6))


def _segment(volumes: SegmentVolumes, drawn: Spread, segment: int) -> SegmentVolumes:
    return replace(
        volumes,
        total_interval=varying(interval_of(drawn, lambda d: d.total_ml[segment])),
        functional_interval=varying(interval_of(drawn, lambda d: d.functional_ml[segment])),
    )


def _expected(stlv_ml: Quantity, factor: Interval | None) -> Quantity:
    if factor is None or stlv_ml.value is None:
        return stlv_ml
    return spanned(stlv_ml, factor.scaled(stlv_ml.value))


def _class_probabilities(
    burden: Quantity, interval: Interval | None
) -> Mapping[BurdenClass, float] | None:
    """Probability of each class; ``None`` where the burden is absent, a bound or indicative."""
    spanning = spanned(burden, interval)
    over = [spanning.probability(limit, inclusive=False) for limit, _ in UPPER_LIMITS[:-1]]
    at_least = [1.0, *(share for share in over if share is not None), 0.0]
    if len(at_least) <= len(over):
        return None
    return {
        name: at_least[number] - at_least[number + 1]
        for number, (_, name) in enumerate(UPPER_LIMITS)
    }
