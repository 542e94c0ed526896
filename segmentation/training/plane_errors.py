"""How far the planes of estimated livers are off, and what that says of other livers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from remnant.core.errors import InputError
from remnant.core.uncertainty import SegmentPlane
from segmentation.couinaud.liver_shape import SHAPE_GRID_MM
from segmentation.couinaud.shape_model import (
    certainty,
    plane_sds_mm,
    segments_on_grid,
    shape_logits,
)
from segmentation.training.livers import AnnotatedLiver
from segmentation.training.scores import Codes, plane_shift_mm

TWO_SIDED_90 = 0.95
UNSCALED = dict.fromkeys(SegmentPlane, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """A liver, its estimated segments, their probabilities, and the mean of the highest."""

    liver: AnnotatedLiver
    codes: Codes
    probabilities: torch.Tensor
    sure: float


def estimated(
    network: Any,  # noqa: ANN401  (any network of the right form)
    temperature: float,
    liver: AnnotatedLiver,
) -> Estimated:
    """Divide a liver as the product does."""
    logits = shape_logits(network, liver.shape)
    probabilities = (logits / temperature).softmax(0)
    codes = segments_on_grid(logits, liver.shape, liver.annotated).codes
    return Estimated(liver, codes, probabilities, certainty(probabilities, liver.shape))


@dataclass(frozen=True, slots=True)
class PlaneErrors:
    """How far the planes of one liver are off, and how far their places spread, in mm.

    Parameters
    ----------
    patient, group
        Whose liver, and which group of alike livers it was left out with.
    shifts_mm, spreads_mm
        By plane; planes without an estimated border are missing in both.
    """

    patient: int
    group: int
    shifts_mm: Mapping[SegmentPlane, float]
    spreads_mm: Mapping[SegmentPlane, float]


def plane_errors(estimate: Estimated, *, group: int = 0) -> PlaneErrors:
    """Compare an estimate with its annotation."""
    liver = estimate.liver
    spreads = plane_sds_mm(estimate.probabilities, liver.shape, UNSCALED)
    shifts = {
        plane: plane_shift_mm(estimate.codes, liver.annotated.codes, plane, SHAPE_GRID_MM)
        for plane in SegmentPlane
    }
    known = {p: s for p, s in shifts.items() if s is not None and spreads[p] > 0}
    return PlaneErrors(liver.patient, group, known, {p: spreads[p] for p in known})


def elsewhere_mm(errors: Sequence[PlaneErrors]) -> dict[SegmentPlane, float]:
    """Return the root mean square of each plane's shift to expect in livers of another group.

    Mean squares differ from group to group: one standard error of their mean is added to it.
    All for a liver whose plane spreads as is typical, which is the root mean square spread of a
    group: the networks that leave groups out are trained for a shorter time and are more blurred,
    so that ratios of shift and spread do not carry over, but millimetres do.

    Raises
    ------
    InputError
        No liver has an estimated border of some plane.
    """
    squares: dict[SegmentPlane, list[float]] = {plane: [] for plane in SegmentPlane}
    for group in sorted({e.group for e in errors}):
        some = [e for e in errors if e.group == group]
        for plane, typical in typical_spreads_mm(some).items():
            found = [e for e in some if plane in e.shifts_mm]
            relative = [e.shifts_mm[plane] * typical / e.spreads_mm[plane] for e in found]
            squares[plane].append(float(np.mean(np.square(relative))))
    if missing := [plane.name.lower() for plane, values in squares.items() if not values]:
        raise InputError(
            f"no liver left out has an estimated border of plane {missing[0]}; train longer, or in "
            f"fewer groups"
        )
    return {plane: float(np.sqrt(_of_another(values))) for plane, values in squares.items()}


def _of_another(mean_squares: Sequence[float]) -> float:
    many = len(mean_squares) > 1
    return float(np.mean(mean_squares) + (stats.sem(mean_squares) if many else 0.0))


def typical_spreads_mm(errors: Sequence[PlaneErrors]) -> dict[SegmentPlane, float]:
    """Return the root mean square spread of each plane; planes without borders are left out."""
    spreads = {p: [e.spreads_mm[p] for e in errors if p in e.spreads_mm] for p in SegmentPlane}
    return {p: float(np.sqrt(np.mean(np.square(s)))) for p, s in spreads.items() if s}


def scales_of(
    shifts_mm: Mapping[SegmentPlane, float], typical_mm: Mapping[SegmentPlane, float]
) -> dict[str, float]:
    """Return by name what the spread of each plane is multiplied by to give its shift's deviation.

    Raises
    ------
    InputError
        No liver has an estimated border of some plane.
    """
    if missing := [plane.name.lower() for plane in shifts_mm if plane not in typical_mm]:
        raise InputError(
            f"no validation liver has an estimated border of plane {missing[0]}; train longer, or "
            f"hold more livers back"
        )
    return {plane.name.lower(): shifts_mm[plane] / typical_mm[plane] for plane in SegmentPlane}


def plane_scales(estimates: Sequence[Estimated]) -> dict[str, float]:
    """Return the root mean square of each plane's shift in units of its spread from place to place.

    Widened by Student's t for the number of livers, so that 90 % intervals hold 90 %. A plane that
    no liver has a border of is left out.
    """
    ratios: dict[SegmentPlane, list[float]] = {plane: [] for plane in SegmentPlane}
    for errors in map(plane_errors, estimates):
        for plane, shift in errors.shifts_mm.items():
            ratios[plane].append(shift / errors.spreads_mm[plane])
    return {
        plane.name.lower(): _widened(np.array(values)) for plane, values in ratios.items() if values
    }


def _widened(ratios: NDArray[np.float64]) -> float:
    widening = stats.t.ppf(TWO_SIDED_90, len(ratios)) / stats.norm.ppf(TWO_SIDED_90)
    return float(np.sqrt(np.mean(ratios**2)) * widening)
