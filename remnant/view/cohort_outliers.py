"""Cases whose figures lie far from those of the others, by robust z-scores.

Limit 3.5 and the factor that makes the median absolute deviation a standard deviation: Iglewicz
and Hoaglin 1993, How to Detect and Handle Outliers (ASQC). Volumes of the liver are compared by
their logarithms, tumour and burden by their cube roots, segments' shares by the arcsine of their
root: raw, the long tails of these distributions would count as outliers, and by its logarithm every
tiny tumour. A liver without tumour is none among those that have some: 0 is not compared.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.cohort_figures import CohortFigures, Numbers
from remnant.core.labels import CouinaudSegment
from remnant.core.units import percent_from_fraction
from remnant.view.cohort_spreads import DONE
from remnant.wording.cohort import figure_words
from remnant.wording.numbers import plain

LIMIT: Final = 3.5
SIGMA_PER_MAD: Final = 1.4826
FEWEST_CASES: Final = 10
"""Fewer tell nothing of how far apart cases lie."""


def _root_angle(fractions: Numbers) -> Numbers:
    angles: Numbers = np.arcsin(np.sqrt(np.clip(fractions, 0.0, 1.0)))
    return angles


def _log(amounts: Numbers) -> Numbers:
    logarithms: Numbers = np.log(np.where(amounts > 0.0, amounts, np.nan))
    return logarithms


def _cube_root(amounts: Numbers) -> Numbers:
    roots: Numbers = np.cbrt(np.where(amounts > 0.0, amounts, np.nan))
    return roots


SHARES: Final = tuple(f"segment_{segment.name}" for segment in CouinaudSegment)
SCALES: Final[Mapping[str, Callable[[Numbers], Numbers]]] = {
    "tlv_ml": _log,
    "functional_tlv_ml": _log,
    "tumour_ml": _cube_root,
    "burden_fraction": _cube_root,
    **dict.fromkeys(SHARES, _root_angle),
}
"""The figures that are judged, and the scale that each is judged on."""


@dataclass(frozen=True, slots=True)
class Strange:
    """A figure of a case that lies far from the others': name, value with unit, and z-score."""

    name: str
    title: str
    value: str
    score: float

    @property
    def words(self) -> str:
        """The score with its sign."""
        return f"{self.score:+.1f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Outlier:
    """A case with at least one such figure, the strangest first."""

    case: str
    figures: tuple[Strange, ...]


def robust_scores(values: Numbers) -> Numbers:
    """Return how many robust standard deviations each value lies from the median.

    NaN for absent values, and for all where there are fewer than `FEWEST_CASES` or at least half
    of them are the same, so that their spread cannot be told.
    """
    known = values[~np.isnan(values)]
    if known.size < FEWEST_CASES:
        return np.full(values.shape, np.nan)
    centre = np.median(known)
    spread = SIGMA_PER_MAD * np.median(np.abs(known - centre))
    if spread <= np.finfo(np.float64).eps * max(1.0, abs(float(centre))):
        return np.full(values.shape, np.nan)
    scores: Numbers = (values - centre) / spread
    return scores


def outliers(figures: CohortFigures) -> tuple[Outlier, ...]:
    """Return the outliers among the cases that are done, the furthest first."""
    places = np.flatnonzero(figures.with_status(DONE))
    found: dict[int, list[Strange]] = {}
    for name in SCALES:
        for place, strange in _strange(name, figures.number(name)[places]):
            found.setdefault(int(places[place]), []).append(strange)
    listed = (
        Outlier(figures.cases[place], tuple(sorted(strange, key=_distance)))
        for place, strange in found.items()
    )
    return tuple(sorted(listed, key=lambda one: (_distance(one.figures[0]), one.case)))


def _distance(strange: Strange) -> float:
    return -abs(strange.score)


def _strange(name: str, values: Numbers) -> Iterator[tuple[int, Strange]]:
    scores = robust_scores(SCALES[name](values))
    beyond: NDArray[np.bool_] = np.abs(np.nan_to_num(scores)) > LIMIT
    for place in np.flatnonzero(beyond):
        value = float(values[place])
        yield int(place), Strange(name, figure_words(name), written(name, value), scores[place])


def written(name: str, value: float) -> str:
    """Write the value of a figure with its unit."""
    if name.endswith("_ml"):
        return f"{plain(value)} mL"
    return f"{plain(percent_from_fraction(value))} %"
