"""Agreement of a cohort's cases with their references, over the cases that were measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from remnant.core.agreement import BlandAltman, Estimate, Point
from remnant.core.cohort_figures import CaseReference, CohortFigures
from remnant.core.units import percent_from_fraction
from remnant.pictures.bland_altman import signed
from remnant.pictures.cohort_plots import Histogram, Scatter, differences, histogram
from remnant.view.cohort_spreads import QUARTILES, quartile_words
from remnant.wording.cohort import LEVEL_WORDS, mask_words, structure_words
from remnant.wording.numbers import ABSENT
from remnant.wording.reasons import listed
from volumetry.agreement.of_cohort import BURDEN, bland_altman

FIRST: Final = ("liver", "lesions", BURDEN)
BURDEN_UNIT: Final = "%"
MOST_PLOTS: Final = 12
MOST_REFUSED: Final = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """One measurement held against its reference: bias and limits of agreement with intervals.

    ``absent`` says why there are none, where there are none; ``plot`` is ``None`` then.
    """

    name: str
    title: str
    unit: str
    n: int
    bias: str
    lower: str
    upper: str
    absent: str
    plot: Scatter | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Dice of one structure over ``n`` cases: quartiles, range, histogram."""

    name: str
    title: str
    n: int
    absent: int
    quartiles: str
    least: str
    figure: Histogram


@dataclass(frozen=True, slots=True)
class CohortAgreement:
    """What the references say; ``cases`` is the number that were compared with one.

    ``not_compared`` are cases whose references could not be, with why; ``more`` are not listed.
    """

    cases: int
    not_compared: tuple[tuple[str, str], ...]
    more: int
    limits: tuple[Limits, ...]
    overlaps: tuple[Overlap, ...]


def view_cohort_agreement(figures: CohortFigures) -> CohortAgreement | None:
    """Return the agreement of the cases that have references; ``None`` where none has."""
    if not figures.agreement and not figures.not_compared:
        return None
    refused = sorted(figures.not_compared.items())
    names = {row.structure for row in figures.agreement}
    ordered = sorted(names, key=_place)[:MOST_PLOTS]
    by_name = {name: [r for r in figures.agreement if r.structure == name] for name in ordered}
    return CohortAgreement(
        cases=len({row.case for row in figures.agreement}),
        not_compared=tuple(refused[:MOST_REFUSED]),
        more=max(0, len(refused) - MOST_REFUSED),
        limits=tuple(_limits(name, rows) for name, rows in by_name.items()),
        overlaps=tuple(o for name, rows in by_name.items() for o in _overlap(name, rows)),
    )


def _place(name: str) -> tuple[int, str]:
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)


def limits_of(name: str, rows: Sequence[CaseReference]) -> BlandAltman:
    """Return bias and limits of one structure's volumes in mL, or of burdens in percent."""
    if name == BURDEN:
        pairs = ((r.case, r.measured_fraction, r.reference_fraction) for r in rows)
        factor = percent_from_fraction(1.0)
    else:
        pairs = ((r.case, r.measured_ml, r.reference_ml) for r in rows)
        factor = 1.0
    points = [
        Point(case=case, mean=factor * (one + other) / 2.0, difference=factor * (one - other))
        for case, one, other in pairs
        if one is not None and other is not None
    ]
    return bland_altman(name, BURDEN_UNIT if name == BURDEN else "mL", points)


def _limits(name: str, rows: Sequence[CaseReference]) -> Limits:
    found = limits_of(name, rows)
    return Limits(
        name=name,
        title=structure_words(name),
        unit=found.unit,
        n=len(found.points),
        bias=_written(found.bias),
        lower=_written(found.lower_limit),
        upper=_written(found.upper_limit),
        absent=listed(found.reasons),
        plot=None if found.bias is None else differences(found, names=LEVEL_WORDS),
    )


def _written(estimate: Estimate | None) -> str:
    if estimate is None:
        return ABSENT
    ends = " to ".join((signed(estimate.low), signed(estimate.high)))
    return f"{signed(estimate.value)} ({ends})"


def _overlap(name: str, rows: Sequence[CaseReference]) -> Iterator[Overlap]:
    known = [row.dice for row in rows if row.dice is not None]
    if not known:
        return
    values = np.array(known)
    low, median, high = (float(q) for q in np.quantile(values, QUARTILES))
    yield Overlap(
        name=name,
        title=mask_words(name),
        n=len(known),
        absent=len(rows) - len(known),
        quartiles=quartile_words(known),
        least=f"{min(known):.3f}",
        figure=histogram(values, quartiles=(low, median, high)),
    )
