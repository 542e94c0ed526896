"""Distributions of a cohort's figures and classes, over the cases that are done."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.cohort_figures import CohortFigures, Numbers, VerdictCounts
from remnant.core.distribution import FrillingType
from remnant.core.findings import Verdict
from remnant.core.volumetry_report import BurdenClass
from remnant.pictures.cohort_plots import Histogram, histogram
from remnant.wording.cohort import (
    CLASS_TITLES,
    LIST_TITLES,
    NOT_CLASSIFIED,
    NOT_MEASURED,
    WHOLE_LIST,
    figure_words,
)
from remnant.wording.numbers import ABSENT, plain
from remnant.wording.rule_rows import rule_rows
from remnant.wording.volumes import CLASS_WORDS
from remnant.wording.words import CHECK_WORDS, VERDICT_SIGNS, VERDICT_WORDS
from volumetry.burden import UPPER_LIMITS, burden_class

HUNDRED: Final = 100.0
QUARTILES: Final = (0.25, 0.5, 0.75)
DONE: Final = "done"
QUALITY: Final = "quality"
BURDEN_LIMITS: Final = tuple(HUNDRED * limit for limit, _ in UPPER_LIMITS[:-1])


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a case and how it is shown: its column, unit, factor, whether it counts things.

    ``limits`` are drawn in its histogram.
    """

    name: str
    unit: str
    factor: float = 1.0
    whole: bool = False
    limits: tuple[float, ...] = ()


MEASURES: Final = (
    Measure("burden_fraction", "%", HUNDRED, limits=BURDEN_LIMITS),
    Measure("lesions", "", whole=True),
    Measure("largest_lesion_mm", "mm"),
    Measure("tumour_ml", "mL"),
    Measure("tlv_ml", "mL"),
    Measure("functional_tlv_ml", "mL"),
    Measure("best_plan_flr_ml", "mL"),
    Measure("best_plan_sflr", "%", HUNDRED),
    Measure("best_plan_debulked_fraction", "%", HUNDRED),
)


@dataclass(frozen=True, slots=True)
class Spread:
    """Five figures of a distribution, in the unit of the figure.

    ``absent`` counts the cases without one.
    """

    n: int
    absent: int
    least: float
    low: float
    median: float
    high: float
    most: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """One figure over the cases: name, unit, texts of its spread, and its histogram.

    ``bounds`` counts values that are only bounds or indicative.
    """

    name: str
    title: str
    unit: str
    n: int
    absent: int
    median: str
    quartiles: str
    ends: str
    bounds: int
    figure: Histogram


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a bar: its words, look, number of cases and width in percent."""

    words: str
    kind: str
    count: int
    percent: str
    width: float


@dataclass(frozen=True, slots=True)
class Stack:
    """A stacked bar over ``n`` things of so many ``cases``; ``note`` stands beside it."""

    title: str
    n: int
    shares: tuple[Share, ...]
    note: str = ""
    cases: int = 0


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """The rules of one of the report's lists, the list as a whole first."""

    name: str
    title: str
    rules: tuple[Stack, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Cases whose burden's interval reaches into another class, of those that have an interval."""

    uncertain: int
    known: int
    percent: str


def spread(values: Numbers) -> Spread | None:
    """Return the spread of a column, quartiles interpolated linearly; ``None`` without a value."""
    known = values[~np.isnan(values)]
    if not known.size:
        return None
    low, median, high = (float(q) for q in np.quantile(known, QUARTILES))
    absent = values.size - known.size
    ends = float(known.min()), float(known.max())
    return Spread(known.size, absent, ends[0], low, median, high, ends[1])


def distributions(figures: CohortFigures) -> Iterator[Distribution]:
    """Give each figure over the cases that are done; those that no case has are left out."""
    done = figures.with_status(DONE)
    for measure in MEASURES:
        values = figures.number(measure.name)[done] * measure.factor
        if (found := spread(values)) is not None:
            marks = zip(figures.word(f"{measure.name}_bound"), done, strict=True)
            bounds = sum(bool(mark) and bool(kept) for mark, kept in marks)
            yield _distribution(measure, values, found, bounds)


def _distribution(measure: Measure, values: Numbers, found: Spread, bounds: int) -> Distribution:
    quartiles = (found.low, found.median, found.high)
    return Distribution(
        name=measure.name,
        title=figure_words(measure.name),
        unit=measure.unit,
        n=found.n,
        absent=found.absent,
        median=amount(found.median, whole=measure.whole),
        quartiles=ABSENT.join(amount(end, whole=measure.whole) for end in (found.low, found.high)),
        ends=ABSENT.join((amount(found.least), amount(found.most))),
        bounds=bounds,
        figure=histogram(
            values[~np.isnan(values)],
            whole=measure.whole,
            limits=measure.limits,
            quartiles=quartiles,
        ),
    )


def amount(value: float, *, whole: bool = False) -> str:
    """Write an amount; whole numbers stay whole, and quartiles of counts have what they need.

    >>> amount(3.0), amount(2.5, whole=True), amount(2.5)
    ('3', '2.5', '2.50')
    """
    if whole or value == round(value):
        return f"{value:.10g}"
    return plain(value)


def class_stacks(figures: CohortFigures) -> tuple[Stack, ...]:
    """Return the burden classes and the Frilling types of the cases that are done."""
    done = figures.with_status(DONE)
    burden = {kind.value: CLASS_WORDS[kind] for kind in BurdenClass}
    frilling = {kind.value: kind.value for kind in FrillingType}
    return (
        _class_stack("burden_class", figures, done, {**burden, "": NOT_MEASURED}),
        _class_stack("frilling_type", figures, done, {**frilling, "": NOT_CLASSIFIED}),
    )


def _class_stack(
    name: str, figures: CohortFigures, done: NDArray[np.bool_], words: Mapping[str, str]
) -> Stack:
    found_words = [word for word, kept in zip(figures.word(name), done, strict=True) if kept]
    found = Counter(found_words)
    looks = (f"c{place}" for place in range(1, len(words)))
    kinds = dict(zip(words, (*looks, "none"), strict=True))
    counts = [(words[key], kinds[key], found[key]) for key in words]
    return Stack(CLASS_TITLES[name], len(found_words), shares_of(counts), cases=len(found_words))


def shares_of(counts: Iterable[tuple[str, str, int]]) -> tuple[Share, ...]:
    """Return the parts of a bar from words, looks and counts; those of no case are left out."""
    known = [entry for entry in counts if entry[2]]
    total = sum(count for _, _, count in known)
    return tuple(
        Share(words, kind, count, percent_of(count, total), round(HUNDRED * count / total, 2))
        for words, kind, count in known
    )


def percent_of(part: int, whole: int) -> str:
    """Write a share of cases in percent; what is neither none nor all never reads so.

    >>> percent_of(1, 3), percent_of(1, 5000), percent_of(4999, 5000), percent_of(0, 0)
    ('33', '< 1', '> 99', '–')
    """
    if not whole:
        return ABSENT
    rounded = round(HUNDRED * part / whole)
    if part and not rounded:
        return "< 1"
    return "> 99" if part != whole and rounded == HUNDRED else f"{rounded}"


def class_doubt(figures: CohortFigures) -> Doubt:
    """Count the done cases whose burden's 90 % interval lies in more than one class."""
    done = figures.with_status(DONE)
    low = figures.number("burden_fraction_low")[done]
    high = figures.number("burden_fraction_high")[done]
    known = ~(np.isnan(low) | np.isnan(high))
    ends = zip(low[known].tolist(), high[known].tolist(), strict=True)
    uncertain = sum(burden_class(first) is not burden_class(last) for first, last in ends)
    total = int(known.sum())
    return Doubt(uncertain, total, percent_of(uncertain, total))


def rule_groups(figures: CohortFigures) -> tuple[RuleGroup, ...]:
    """Return how often each rule came to which verdict, by the lists of the report."""
    statements = {row.id: row.statement for rows in rule_rows().values() for row in rows}
    known = {one.list for one in figures.verdicts}
    order = [*LIST_TITLES, *sorted(known - set(LIST_TITLES))]
    return tuple(
        RuleGroup(
            name=name,
            title=LIST_TITLES.get(name, name),
            rules=tuple(
                _rule_stack(one, statements.get(one.rule, ""))
                for one in sorted(figures.verdicts, key=lambda one: (not one.whole, one.rule))
                if one.list == name
            ),
        )
        for name in order
        if name in known
    )


def _rule_stack(found: VerdictCounts, statement: str) -> Stack:
    words = CHECK_WORDS if found.list == QUALITY else VERDICT_WORDS
    counts = [
        (f"{VERDICT_SIGNS[verdict]} {words[verdict]}", verdict.value, found.counts[verdict.value])
        for verdict in Verdict
        if verdict.value in found.counts
    ]
    return Stack(
        title=found.rule,
        n=sum(found.counts.values()),
        shares=shares_of(counts),
        note=WHOLE_LIST if found.whole else statement,
        cases=found.cases,
    )


def quartile_words(values: Sequence[float]) -> str:
    """Write median and quartiles of at least one value with three decimals.

    >>> quartile_words([0.5, 0.75, 1.0])
    '0.750 (0.625–0.875)'
    """
    low, median, high = np.quantile(values, QUARTILES)
    return f"{median:.3f} ({low:.3f}–{high:.3f})"
