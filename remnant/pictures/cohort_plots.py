"""Geometry of a cohort's plots, in the units of their view boxes; templates draw it as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.agreement import BlandAltman
from remnant.pictures.bland_altman import signed
from remnant.pictures.plan_front import STEPS, Axis, Rule

Numbers = NDArray[np.float64]

LEFT: Final = 46.0
RIGHT: Final = 350.0
WIDE_RIGHT: Final = 710.0
TOP: Final = 16.0
BOTTOM: Final = 170.0
FEWEST_BINS: Final = 6
MOST_BINS: Final = 24
NARROWEST: Final = 0.02
"""Width of the one bar of equal values, in parts of them."""
MOST_TICKS_ACROSS: Final = 6
MOST_TICKS_UP: Final = 4
MOST_POINTS: Final = 2000
MOST_SUBJECTS: Final = 300
MOST_CURVES: Final = 100
WIDEST_BAR: Final = 28.0
SEED: Final = 20150
"""Of every random choice of what is shown."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: its corner, its size, what it says, and a word for its look."""

    x: float
    y: float
    width: float
    height: float
    label: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars with the ticks of both axes, upright limits and the places of the three quartiles."""

    bars: tuple[Bar, ...]
    across: tuple[Rule, ...]
    up: tuple[Rule, ...]
    limits: tuple[Rule, ...]
    quartiles: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Level:
    """A level line with its band of confidence, upper edge first, and its label."""

    y: float
    top: float
    height: float
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Differences against means: points, levels, ticks; how many points are not drawn."""

    points: tuple[tuple[float, float, str], ...]
    levels: tuple[Level, ...]
    across: tuple[Rule, ...]
    up: tuple[Rule, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Bars from a line of no change, in falling order; how many bars are not drawn."""

    bars: tuple[Bar, ...]
    zero: float
    up: tuple[Rule, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of a subject as SVG writes them, and the single ones; ``label`` names it."""

    points: str
    marks: tuple[tuple[float, float], ...]
    label: str


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves over time with the ticks of both axes; how many are not drawn."""

    curves: tuple[Curve, ...]
    across: tuple[Rule, ...]
    up: tuple[Rule, ...]
    left_out: int


def rounded_step(span: float, most: int, *, least: float = 0.0) -> float:
    """Return the least round step (1, 2, 5 times a power of ten) that needs at most ``most``.

    >>> rounded_step(100.0, 24), rounded_step(3.0, 24, least=1.0)
    (5.0, 1.0)
    """
    rough = max(span / most, least, 1e-9)
    power = 10.0 ** floor(log10(rough) + 1e-9)
    return next(power * step for step in STEPS if power * step >= rough * (1.0 - 1e-9))


def histogram(
    values: Numbers,
    *,
    whole: bool = False,
    limits: Sequence[float] = (),
    quartiles: tuple[float, float, float],
) -> Histogram:
    """Return the bars of at least one finite value.

    Parameters
    ----------
    values
        In the unit of the axis, shape ``(n,)``.
    whole
        Whether they are counts: each bar stands over its number then.
    limits
        Upright lines, those within the range are drawn.
    quartiles
        Lower quartile, median, upper quartile of the values.
    """
    half = 0.5 if whole else 0.0
    low, high = float(values.min()) - half, float(values.max()) + half
    least = 1.0 if whole else (abs(high) or 1.0) * NARROWEST if high == low else 0.0
    bins = min(MOST_BINS, max(FEWEST_BINS, ceil(2.0 * sqrt(values.size))))
    step = rounded_step(high - low, bins, least=least)
    first = floor((low + half) / step + 1e-9) * step - half
    count = max(1, ceil((high - first) / step - 1e-9))
    edges: Numbers = first + step * np.arange(count + 1, dtype=np.float64)
    # what was rounded away at either end is in the outermost bars
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
    counts, _ = np.histogram(values, edges)
    across = Axis(float(edges[0]), float(edges[-1]), LEFT, RIGHT)
    up = Axis(0.0, float(counts.max()), BOTTOM, TOP)
    return Histogram(
        bars=tuple(_bars(counts, edges, across, up, whole=whole)),
        across=tuple(Rule(across.at(t), f"{t:g}") for t in _ticks(across, whole=whole)),
        up=tuple(_count_ticks(up)),
        limits=tuple(
            Rule(across.at(limit), f"{limit:g}")
            for limit in limits
            if across.low < limit < across.high
        ),
        quartiles=(across.at(quartiles[0]), across.at(quartiles[1]), across.at(quartiles[2])),
    )


def _bars(
    counts: NDArray[np.intp], edges: Numbers, across: Axis, up: Axis, *, whole: bool
) -> Iterator[Bar]:
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            x, y = across.at(low), up.at(float(count))
            width = round(across.at(high) - x, 1)
            ends = f"{low:.6g}–{high:.6g}"
            if whole:
                first, last = round(low + 0.5), round(high - 0.5)
                ends = f"{first}" if first == last else f"{first}–{last}"
            yield Bar(x, y, width, round(BOTTOM - y, 1), f"{ends}: {count}")


def _ticks(axis: Axis, *, whole: bool = False) -> Iterator[float]:
    step = rounded_step(axis.high - axis.low, MOST_TICKS_ACROSS, least=1.0 if whole else 0.0)
    number = ceil(axis.low / step - 1e-9)
    while number * step <= axis.high + 1e-9:
        yield number * step + 0.0
        number += 1


def _count_ticks(up: Axis) -> Iterator[Rule]:
    step = rounded_step(up.high, MOST_TICKS_UP, least=1.0)
    number = 0
    while number * step <= up.high:
        yield Rule(up.at(number * step), f"{number * step:g}")
        number += 1


def chosen(count: int, most: int) -> NDArray[np.intp]:
    """Return which of ``count`` things are shown, in their order: all, or a random ``most``.

    The same count gives the same choice.
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(SEED).choice(count, most, replace=False))


def differences(limits: BlandAltman, *, names: Mapping[str, str]) -> Scatter:
    """Return the Bland–Altman plot of at least one case; ``names`` words the levels.

    Of very many cases a random choice is drawn, and those outside the limits of agreement.
    """
    means = np.array([point.mean for point in limits.points])
    apart = np.array([point.difference for point in limits.points])
    estimates = {
        "upper": limits.upper_limit,
        "bias": limits.bias,
        "lower": limits.lower_limit,
    }
    known = {kind: estimate for kind, estimate in estimates.items() if estimate is not None}
    ends = [end for estimate in known.values() for end in (estimate.low, estimate.high)]
    across = Axis.over(means.tolist(), LEFT, RIGHT)
    up = Axis.over((*apart.tolist(), *ends, 0.0), BOTTOM, TOP)
    drawn = set(chosen(len(means), MOST_POINTS).tolist())
    if limits.lower_limit is not None and limits.upper_limit is not None:
        outside = (apart < limits.lower_limit.value) | (apart > limits.upper_limit.value)
        drawn |= set(np.flatnonzero(outside).tolist())
    return Scatter(
        points=tuple(
            (across.at(float(means[n])), up.at(float(apart[n])), limits.points[n].case)
            for n in sorted(drawn)
        ),
        levels=tuple(
            Level(
                y=up.at(estimate.value),
                top=up.at(estimate.high),
                height=round(up.at(estimate.low) - up.at(estimate.high), 1),
                label=f"{names[kind]} {signed(estimate.value)}",
                kind=kind,
            )
            for kind, estimate in known.items()
        ),
        across=tuple(Rule(across.at(tick), f"{tick:g}") for tick in _ticks(across)),
        up=tuple(_signed_ticks(up)),
        left_out=len(means) - len(drawn),
    )


def _signed_ticks(up: Axis) -> Iterator[Rule]:
    step = rounded_step(up.high - up.low, MOST_TICKS_UP)
    number = ceil(up.low / step - 1e-9)
    while number * step <= up.high + 1e-9:
        yield Rule(up.at(number * step), f"{number * step + 0.0:g}".replace("-", "−"))
        number += 1


def waterfall(changes: Sequence[tuple[float, str, str]]) -> Waterfall:
    """Return the bars of at least one change: value, label and look of each.

    Of very many a random choice is drawn.
    """
    ordered = sorted(changes, key=lambda change: (-change[0], change[1]))
    shown = [ordered[n] for n in chosen(len(ordered), MOST_SUBJECTS)]
    values = [change[0] for change in shown]
    up = Axis(min(*values, 0.0) * 1.05, (max(*values, 0.0) * 1.05) or 1.0, BOTTOM, TOP)
    zero, room = up.at(0.0), (WIDE_RIGHT - LEFT) / len(shown)
    width = min(WIDEST_BAR, max(0.8 * room, 0.5))
    bars = (
        Bar(
            x=round(LEFT + (place + 0.5) * room - width / 2.0, 1),
            y=min(zero, up.at(value)),
            width=round(width, 1),
            height=max(round(abs(up.at(value) - zero), 1), 1.0),
            label=label,
            kind=kind,
        )
        for place, (value, label, kind) in enumerate(shown)
    )
    return Waterfall(tuple(bars), zero, tuple(_signed_ticks(up)), len(ordered) - len(shown))


def curves(
    courses: Mapping[str, Sequence[tuple[float, float]]], *, from_zero: bool = True
) -> Curves:
    """Return the curve of each subject, its points (time, value) in the order of time.

    At least one subject has a point. Of very many subjects a random choice is drawn. ``from_zero``
    says whether the values begin at 0 or at the least of them.
    """
    names = sorted(name for name, points in courses.items() if points)
    shown = [names[n] for n in chosen(len(names), MOST_CURVES)]
    times = [time for name in shown for time, _ in courses[name]]
    values = [value for name in shown for _, value in courses[name]]
    across = Axis(min(0.0, *times), max(*times, 1.0), LEFT, WIDE_RIGHT)
    up = Axis.over((*values, 0.0) if from_zero else values, BOTTOM, TOP)
    return Curves(
        curves=tuple(_curve(name, courses[name], across, up) for name in shown),
        across=tuple(Rule(across.at(tick), f"{tick:g}") for tick in _ticks(across)),
        up=tuple(_signed_ticks(up)),
        left_out=len(names) - len(shown),
    )


def _curve(name: str, points: Sequence[tuple[float, float]], across: Axis, up: Axis) -> Curve:
    marks = tuple((across.at(time), up.at(value)) for time, value in points)
    return Curve(" ".join(f"{x},{y}" for x, y in marks), marks, name)
