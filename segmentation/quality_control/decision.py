"""From figures to a light: each figure against what good livers have, the worst one decides.

How unusual a figure is, is how far it lies beyond the limits that 95 of 100 good livers keep, in
units of the half of their spread. The limits and the two thresholds on that number are data,
fitted by ``benchmarks/quality_control.py``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.quality_light import Light
from segmentation.couinaud.shape_familiarity import distance_from

Vector = NDArray[np.float64]

LIMITS_FILE: Final = "limits.json"
SHAPE_DISTANCE: Final = "shape_distance"
MOST_UNUSUAL: Final = 99.0


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure has in good livers.

    ``low`` and ``high`` are the ends that ask for no look, ``None`` where that side is never
    unusual; ``scale`` is the unit of how far beyond a value lies. One that ``only_asks`` turns no
    light red by itself: livers that were resected or are ill have it too.
    """

    low: float | None
    high: float | None
    scale: float
    only_asks: bool = False

    def excess(self, value: float) -> float:
        """Return how far a value lies beyond the limits, in units of the scale; 0 within them."""
        above = 0.0 if self.high is None else (value - self.high) / self.scale
        below = 0.0 if self.low is None else (self.low - value) / self.scale
        return min(max(above, below, 0.0), MOST_UNUSUAL)

    def passed_by(self, value: float) -> float | None:
        """Return the limit that a value lies beyond, ``None`` where it lies within."""
        if self.high is not None and value > self.high:
            return self.high
        return self.low if self.low is not None and value < self.low else None


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """All that a light is decided by.

    Parameters
    ----------
    figures
        Limits by figure, `SHAPE_DISTANCE` among them.
    shape_names, shape_mean, shape_inverse_covariance
        Figures of whole livers, whose joint distance from good livers is a figure of its own.
    amber, red
        Excess of the most unusual figure from which on the light is amber, and of the most unusual
        one that does not only ask from which on it is red.
    """

    figures: Mapping[str, Limit]
    shape_names: tuple[str, ...]
    shape_mean: Vector
    shape_inverse_covariance: Vector
    amber: float
    red: float

    def with_distance(self, figures: Mapping[str, float]) -> dict[str, float]:
        """Return figures with the distance of the shape, where the whole liver is known."""
        if not all(name in figures for name in self.shape_names):
            return dict(figures)
        shape = np.array([figures[name] for name in self.shape_names])
        distance = distance_from(shape, self.shape_mean, self.shape_inverse_covariance)
        return {**figures, SHAPE_DISTANCE: distance}


@dataclass(frozen=True, slots=True)
class Unusual:
    """A figure beyond its limit, and by how much in units of its scale."""

    name: str
    value: float
    limit: float
    excess: float
    only_asks: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A light and what is unusual, most so first.

    ``excess`` is that of the most unusual figure, ``red_excess`` of those that do not only ask.
    """

    light: Light
    excess: float
    red_excess: float
    unusual: tuple[Unusual, ...]


def decide(figures: Mapping[str, float], limits: Limits) -> Decision:
    """Hold figures against the limits; figures that have none decide nothing."""
    known = limits.with_distance(figures)
    found = sorted(_unusual(known, limits.figures), key=lambda one: -one.excess)
    worst = found[0].excess if found else 0.0
    red_worst = max((one.excess for one in found if not one.only_asks), default=0.0)
    light = Light.AMBER if worst >= limits.amber else Light.GREEN
    if red_worst >= limits.red:
        light = Light.RED
    return Decision(light, worst, red_worst, tuple(found))


def _unusual(figures: Mapping[str, float], limits: Mapping[str, Limit]) -> Sequence[Unusual]:
    return [
        Unusual(name, value, passed, limit.excess(value), limit.only_asks)
        for name, limit in limits.items()
        if (value := figures.get(name)) is not None
        and (passed := limit.passed_by(value)) is not None
    ]


@cache
def known_limits() -> Limits:
    """Return the limits that come with the program."""
    text = (files("segmentation.quality_control") / LIMITS_FILE).read_text("utf-8")
    return limits_from(json.loads(text))


def limits_from(known: Mapping[str, Any]) -> Limits:
    """Return limits from their document."""
    shape = known["shape"]
    return Limits(
        figures={
            name: Limit(one["low"], one["high"], one["scale"], one["only_asks"])
            for name, one in known["figures"].items()
        },
        shape_names=tuple(shape["names"]),
        shape_mean=np.array(shape["mean"]),
        shape_inverse_covariance=np.array(shape["inverse_covariance"]),
        amber=known["amber"],
        red=known["red"],
    )
