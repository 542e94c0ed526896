"""Agreement over cases: summaries, tumour burden and limits of agreement.

Tumour burden and its errors: Bilic et al. 2023, doi:10.1016/j.media.2022.102680 (LiTS). Limits of
agreement: Bland and Altman 1999, doi:10.1177/096228029900800204.
"""

from collections.abc import Iterable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from remnant.core.agreement import (
    METRICS,
    BlandAltman,
    BurdenAgreement,
    BurdenErrors,
    CaseAgreement,
    Estimate,
    MetricSummary,
    Point,
)
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.units import percent_from_fraction

LIMITS_SD = 1.96
CONFIDENCE = 0.95
FEWEST_CASES = 2
BURDEN = "burden"

Mask = NDArray[np.bool_]


def compare_burden(prediction: tuple[Mask, Mask], truth: tuple[Mask, Mask]) -> BurdenAgreement:
    """Compare tumour burdens: lesion voxels / liver voxels, where every lesion is liver too.

    Parameters
    ----------
    prediction, truth
        Liver and lesions of each side. Lesion voxels outside the liver mask count as liver, as
        they do in LiTS, whose liver is every labelled voxel.
    """
    predicted = _burden(*prediction, Cause.NO_LIVER_PREDICTED)
    true = _burden(*truth, Cause.NO_TRUE_LIVER)
    return BurdenAgreement(
        prediction_fraction=predicted, truth_fraction=true, error_fraction=_minus(predicted, true)
    )


def burden_errors(burdens: Iterable[BurdenAgreement]) -> BurdenErrors:
    """Return mean, root mean square and largest absolute error of the burden over cases."""
    errors = [b.error_fraction.value for b in burdens if b.error_fraction.value is not None]
    if not errors:
        absent = Quantity.absent(reason(Cause.NO_BURDEN_IN_BOTH))
        return BurdenErrors(n=0, mean_fraction=absent, rmse_fraction=absent, max_fraction=absent)
    return BurdenErrors(
        n=len(errors),
        mean_fraction=Quantity(float(np.mean(errors))),
        rmse_fraction=Quantity(float(np.sqrt(np.mean(np.square(errors))))),
        max_fraction=Quantity(float(np.max(np.abs(errors)))),
    )


def bland_altman(measure: str, unit: str, points: Sequence[Point]) -> BlandAltman:
    """Return the bias and the 95 % limits of agreement with their confidence limits.

    Bias ± t s/√n and, for each limit bias ± 1.96 s, ± t s √(1/n + 1.96²/(2(n − 1))), with Student's
    t of n − 1 degrees of freedom. Source: Bland and Altman 1999, section 2.

    Parameters
    ----------
    measure, unit
        What the points are.
    points
        One for each case that has both values; differences are assumed normal.
    """
    n = len(points)
    if n < FEWEST_CASES:
        return BlandAltman(
            measure=measure, unit=unit, points=tuple(points),
            bias=None, sd=None, lower_limit=None, upper_limit=None,
            reasons=(reason(Cause.TOO_FEW_FOR_LIMITS),),
        )  # fmt: skip
    from scipy.special import stdtrit

    differences = np.array([point.difference for point in points])
    bias, sd = float(differences.mean()), float(differences.std(ddof=1))
    t = float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2.0))
    of_bias = t * sd / sqrt(n)
    of_limit = t * sd * sqrt(1.0 / n + LIMITS_SD**2 / (2.0 * (n - 1)))
    return BlandAltman(
        measure=measure,
        unit=unit,
        points=tuple(points),
        bias=_estimate(bias, of_bias),
        sd=sd,
        lower_limit=_estimate(bias - LIMITS_SD * sd, of_limit),
        upper_limit=_estimate(bias + LIMITS_SD * sd, of_limit),
    )


def bland_altman_of(cases: Sequence[CaseAgreement]) -> tuple[BlandAltman, ...]:
    """Return limits of agreement of every structure's volume in mL and of the burden in percent."""
    burden = (bland_altman(BURDEN, "%", _burden_points(cases)),) if _has_burden(cases) else ()
    volumes = [
        bland_altman(name, "mL", _volume_points(cases, name)) for name in structures_of(cases)
    ]
    return (*volumes, *burden)


def summarise(cases: Sequence[CaseAgreement]) -> tuple[MetricSummary, ...]:
    """Summarise every figure of every structure over the cases in which it is not absent."""
    return tuple(
        _summary(name, metric, _values(cases, name, metric))
        for name in structures_of(cases)
        for metric in METRICS
    )


def structures_of(cases: Sequence[CaseAgreement]) -> tuple[str, ...]:
    """Return the structures that any case has, in the order in which they are first met."""
    names = (found.structure for case in cases for found in case.structures)
    return tuple(dict.fromkeys(names))


def _burden(liver: Mask, lesions: Mask, none: Cause) -> Quantity:
    whole = int(np.count_nonzero(liver | lesions))
    if not whole:
        return Quantity.absent(reason(none))
    return Quantity(int(np.count_nonzero(lesions)) / whole)


def _minus(one: Quantity, other: Quantity) -> Quantity:
    if one.value is None or other.value is None:
        return Quantity.absent(one.reasons or other.reasons)
    return Quantity(one.value - other.value)


def _estimate(value: float, half: float) -> Estimate:
    return Estimate(value, value - half, value + half)


def _has_burden(cases: Sequence[CaseAgreement]) -> bool:
    return any(case.burden is not None for case in cases)


def _burden_points(cases: Sequence[CaseAgreement]) -> list[Point]:
    both = (
        (case.name, case.burden.prediction_fraction.value, case.burden.truth_fraction.value)
        for case in cases
        if case.burden is not None
    )
    return [
        _point(name, percent_from_fraction(found), percent_from_fraction(true))
        for name, found, true in both
        if found is not None and true is not None
    ]


def _volume_points(cases: Sequence[CaseAgreement], structure: str) -> list[Point]:
    both = (
        (case.name, found.prediction_ml.value, found.truth_ml.value)
        for case in cases
        for found in case.structures
        if found.structure == structure
    )
    return [
        _point(name, predicted, true)
        for name, predicted, true in both
        if predicted is not None and true is not None
    ]


def _point(name: str, predicted: float, true: float) -> Point:
    return Point(case=name, mean=(predicted + true) / 2.0, difference=predicted - true)


def _values(cases: Sequence[CaseAgreement], structure: str, metric: str) -> list[float | None]:
    return [
        getattr(found, metric).value
        for case in cases
        for found in case.structures
        if found.structure == structure
    ]


def _summary(structure: str, metric: str, values: Sequence[float | None]) -> MetricSummary:
    present = np.array([value for value in values if value is not None])
    n = present.size
    none = Quantity.absent(reason(Cause.ABSENT_IN_ALL))
    single = Quantity.absent(reason(Cause.TOO_FEW_FOR_SD))
    spread = Quantity(float(present.std(ddof=1))) if n > 1 else single
    return MetricSummary(
        structure=structure,
        metric=metric,
        n=n,
        absent=len(values) - n,
        mean=Quantity(float(present.mean())) if n else none,
        sd=spread if n else none,
        median=Quantity(float(np.median(present))) if n else none,
        minimum=Quantity(float(present.min())) if n else none,
        maximum=Quantity(float(present.max())) if n else none,
    )
