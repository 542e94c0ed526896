"""Metastases for the phantom: disjoint balls and ellipsoids inside the liver, from a seed."""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.geometry import vector3
from remnant.core.labels import CouinaudSegment
from remnant.testing.liver import AnalyticLiver
from remnant.testing.phantom_shapes import Ellipsoid

GAP_MM = 6.0
MOST_TRIES = 3_000


def scatter_metastases(
    liver: AnalyticLiver,
    number: int,
    *,
    seed: int,
    radius_mm: tuple[float, float] = (5.0, 14.0),
    within: Collection[CouinaudSegment] | None = None,
    gap_mm: float = GAP_MM,
) -> tuple[Ellipsoid, ...]:
    """Draw metastases that lie in the liver and do not touch.

    Parameters
    ----------
    liver
        Where they go.
    number
        How many; 0 gives none.
    seed
        The same seed gives the same metastases.
    radius_mm
        Range of the largest half-axis; the other two are 60 to 100 % of it, every second one is
        a ball.
    within
        When given, every metastasis lies wholly in one of these segments, drawn in turn.
    gap_mm
        Least distance between two metastases and from the liver's surface.

    Raises
    ------
    InputError
        They do not fit.
    """
    rng = np.random.default_rng(seed)
    segments = sorted(within) if within is not None else []
    found: list[Ellipsoid] = []
    for index in range(number):
        segment = segments[index % len(segments)] if segments else None
        found.append(_placed(liver, found, rng, radius_mm=radius_mm, where=segment, gap_mm=gap_mm))
    return tuple(found)


def segment_of(liver: AnalyticLiver, metastasis: Ellipsoid) -> CouinaudSegment | None:
    """Return the segment that surely holds a whole metastasis, ``None`` where two may share it."""
    radius_mm = max(metastasis.semi_axes_mm)
    for segment, cell in liver.segments.items():
        if cell.holds_ball(metastasis.centre_mm, radius_mm):
            return segment
    return None


def _placed(
    liver: AnalyticLiver,
    others: list[Ellipsoid],
    rng: np.random.Generator,
    *,
    radius_mm: tuple[float, float],
    where: CouinaudSegment | None,
    gap_mm: float,
) -> Ellipsoid:
    low, high = (liver.whole if where is None else liver.segments[where]).box_mm
    for _ in range(MOST_TRIES):
        lesion = _drawn(rng, rng.uniform(low, high), radius_mm, is_ball=len(others) % 2 == 0)
        fits = where is None or segment_of(liver, lesion) is where
        if fits and _is_free(liver, lesion, others, gap_mm):
            return lesion
    place = "the liver" if where is None else f"segment {where.name}"
    raise InputError(
        f"metastasis {len(others) + 1} of up to {radius_mm[1]:g} mm does not fit into {place}; "
        f"ask for fewer or smaller ones"
    )


def _drawn(
    rng: np.random.Generator,
    centre_mm: NDArray[np.float64],
    radius_mm: tuple[float, float],
    *,
    is_ball: bool,
) -> Ellipsoid:
    largest = rng.uniform(*radius_mm)
    a, b, c = largest * (np.ones(3) if is_ball else np.append(rng.uniform(0.6, 1.0, 2), 1.0))
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return Ellipsoid(vector3(centre_mm), (float(a), float(b), float(c)), axes)


def _is_free(
    liver: AnalyticLiver, lesion: Ellipsoid, others: list[Ellipsoid], gap_mm: float
) -> bool:
    radius_mm, centre = max(lesion.semi_axes_mm), np.array(lesion.centre_mm)
    room = liver.whole.grown(-radius_mm - gap_mm)
    apart = (
        np.linalg.norm(centre - other.centre_mm) >= radius_mm + max(other.semi_axes_mm) + gap_mm
        for other in others
    )
    return bool(room.contains(centre[np.newaxis])[0]) and all(apart)
