"""The front of plans as a figure: share of the tumour against the liver that would remain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

from remnant.core.debulking import DebulkingPlan, PlanOrigin
from remnant.core.findings import Verdict
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Interval, Quantity
from remnant.core.units import percent_from_fraction
from remnant.wording.language import localised, say
from remnant.wording.numbers import percent, plain
from remnant.wording.plans import plan_title

LEFT: Final = 64.0
RIGHT: Final = 700.0
TOP: Final = 26.0
BOTTOM: Final = 292.0
ROOM: Final = 0.06
MOST_TICKS: Final = 7
ALL: Final = 100.0
FEWEST_MARKS: Final = 2
STEPS: Final = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Mark:
    """One plan in the figure, in pixels from the upper left corner.

    ``number`` of interventions stands in the mark. ``shape`` is ``front``, ``inside`` (another plan
    is at least as good in all and better in one) or ``user``; ``accepted`` is the chosen rule
    set's verdict. ``span`` are the ends of the interval of the remnant, ``None`` without.
    """

    x: float
    y: float
    number: int
    shape: str
    accepted: Verdict
    label: str
    span: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """A tick or a threshold: where it stands, in pixels, and what is written at it."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Front:
    """The figure: marks, ticks of both axes, targets (upright) and the minimum (level)."""

    marks: tuple[Mark, ...]
    shares: tuple[Rule, ...]
    volumes: tuple[Rule, ...]
    targets: tuple[Rule, ...]
    minimum: Rule | None


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear axis from values to pixels."""

    low: float
    high: float
    first: float
    last: float

    @classmethod
    def over(cls, values: Iterable[float], first: float, last: float) -> "Axis":
        """Return an axis that holds all values with some room at either end."""
        known = tuple(values)
        low, high = min(known), max(known)
        room = ROOM * (high - low) or 0.05 * abs(high) or 1.0
        return cls(low - room, high + room, first, last)

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        part = (value - self.low) / (self.high - self.low)
        return round(self.first + part * (self.last - self.first), 1)

    def ticks(self) -> Iterator[float]:
        """Give round values within the axis."""
        rough = (self.high - self.low) / MOST_TICKS
        power = 10.0 ** floor(log10(rough))
        step = next(power * s for s in STEPS if power * s >= rough)
        number = ceil(self.low / step)
        while number * step <= self.high:
            yield number * step
            number += 1


def front(planning: PlanningReport) -> Front | None:
    """Return the figure of all plans with a share and a remnant; ``None`` for fewer than two."""
    known = [plan for plan in planning.plans if None not in _place(plan)]
    if len(known) < FEWEST_MARKS:
        return None
    minima = (t.least_flr_ml.value for t in planning.targets)
    least = next((least_ml for least_ml in minima if least_ml is not None), None)
    across, up = _axes(known, planning, least)
    marks = (_mark(plan, across, up) for plan in reversed(known))
    targets = tuple(
        Rule(across.at(ALL * t.target), say("{share:g} %", share=ALL * t.target))
        for t in planning.targets
    )
    return Front(
        marks=tuple(marks),
        shares=tuple(
            Rule(across.at(t), localised(f"{t:g}")) for t in across.ticks() if 0.0 <= t <= ALL
        ),
        volumes=tuple(Rule(up.at(t), localised(f"{t:g}")) for t in up.ticks() if t >= 0.0),
        targets=targets,
        minimum=None
        if least is None
        else Rule(up.at(least), say("least FLR asked for: {least:.0f} mL", least=least)),
    )


def _axes(
    plans: list[DebulkingPlan], planning: PlanningReport, least: float | None
) -> tuple[Axis, Axis]:
    shares = [ALL * _known(plan.result.debulked_fraction) for plan in plans]
    targets = [ALL * target.target for target in planning.targets]
    volumes = [end for plan in plans for end in _ends(plan.result.remnant.flr_ml)]
    limits = [] if least is None else [least]
    across = Axis.over((*shares, *targets), LEFT, RIGHT)
    return across, Axis.over((*volumes, *limits), BOTTOM, TOP)


def _mark(plan: DebulkingPlan, across: Axis, up: Axis) -> Mark:
    debulked, flr = plan.result.debulked_fraction, plan.result.remnant.flr_ml
    interval = flr.interval
    shape = "front" if plan.on_front else "inside"
    figures = say(
        "{share} % debulked, FLR {flr} mL",
        share=percent(_known(debulked)),
        flr=plain(_known(flr)),
    )
    return Mark(
        x=across.at(percent_from_fraction(_known(debulked))),
        y=up.at(_known(flr)),
        number=plan.result.interventions,
        shape="user" if plan.origin is PlanOrigin.USER else shape,
        accepted=plan.feasible,
        label=f"{plan_title(plan)}: {figures}",
        span=_span(interval, up),
    )


def _span(interval: Interval | None, up: Axis) -> tuple[float, float] | None:
    return None if interval is None else (up.at(interval.low), up.at(interval.high))


def _ends(quantity: Quantity) -> tuple[float, ...]:
    value, interval = _known(quantity), quantity.interval
    return (value,) if interval is None else (interval.low, value, interval.high)


def _place(plan: DebulkingPlan) -> tuple[float | None, float | None]:
    return plan.result.debulked_fraction.value, plan.result.remnant.flr_ml.value


def _known(quantity: Quantity) -> float:
    assert quantity.value is not None  # noqa: S101  # `front` left out plans without
    return quantity.value
