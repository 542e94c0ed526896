"""How far estimated segments are from annotated ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from remnant.core.labels import LEFT_LOBE, RIGHT_LOBE, CouinaudSegment
from remnant.core.uncertainty import SegmentPlane
from segmentation.couinaud.sides import SIDES, Group

Codes = NDArray[np.uint8] | NDArray[np.uint16]

PARTS: Mapping[str, Group] = {
    "II+III": (CouinaudSegment.II, CouinaudSegment.III),
    "left hemiliver": tuple(sorted(LEFT_LOBE)),
    "VI+VII": (CouinaudSegment.VI, CouinaudSegment.VII),
    "right hemiliver": tuple(sorted(RIGHT_LOBE)),
}
OUTER: Mapping[SegmentPlane, tuple[int, Group]] = {
    SegmentPlane.CAUDATE: (1, SIDES[SegmentPlane.CAUDATE][0]),
    SegmentPlane.MAIN: (1, PARTS["left hemiliver"]),
    SegmentPlane.UMBILICAL: (1, PARTS["II+III"]),
    SegmentPlane.RIGHT: (-1, PARTS["VI+VII"]),
}
"""The part that lies beyond a plane, and +1 where it is the plane's first side."""


@dataclass(frozen=True, slots=True)
class LiverScore:
    """One liver's scores.

    Parameters
    ----------
    patient
        Its number.
    dice
        Of segments I to VIII; 1.0 where neither map has the segment.
    share_errors
        Estimated minus annotated share of the liver of each of `PARTS`, -1 to 1.
    """

    patient: int
    dice: tuple[float, ...]
    share_errors: tuple[float, ...]


def score(patient: int, found: Codes, annotated: Codes) -> LiverScore:
    """Compare two maps of the same liver voxels."""
    liver = int(np.count_nonzero(annotated))
    return LiverScore(
        patient,
        tuple(_dice(found == s, annotated == s) for s in CouinaudSegment),
        tuple((_count(found, part) - _count(annotated, part)) / liver for part in PARTS.values()),
    )


def mean_dice_of_present(scores: LiverScore, annotated: Codes) -> float:
    """Return the mean Dice over the segments that the annotation has: what a resection left."""
    pairs = zip(CouinaudSegment, scores.dice, strict=True)
    return float(np.mean([dice for s, dice in pairs if (annotated == s).any()]))


def mean_scores(scores: Sequence[LiverScore]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean Dice by segment and mean absolute share error by part."""
    dice = np.array([liver.dice for liver in scores])
    errors = np.array([liver.share_errors for liver in scores])
    return dice.mean(axis=0), np.abs(errors).mean(axis=0)


def plane_shift_mm(
    found: Codes, annotated: Codes, plane: SegmentPlane, spacing_mm: float
) -> float | None:
    """Return how far an estimated plane lies from the annotated one, on the mean.

    The volume that the part beyond the plane (`OUTER`) has too much, over the projected area of the
    plane's estimated borders: what `volumetry.uncertainty.joint_draws` moves them by. What that
    part exchanges with segments that do not touch it counts as well: the remnant feels it. A plane
    within one part counts what is exchanged across it.
    Positive where the first side is too large;
    ``None`` where the estimate has no such border or the annotation nothing on one of its sides.
    """
    pairs = border_pairs(plane)
    area_mm2 = sum(projected_area_mm2(found, one, other, spacing_mm) for one, other in pairs)
    if area_mm2 == 0.0 or not all(_count(annotated, side) for side in SIDES[plane]):
        return None
    if plane in OUTER:
        side, part = OUTER[plane]
        moved = side * (_count(found, part) - _count(annotated, part))
    else:
        moved = sum(_exchanged(found, annotated, one, other) for one, other in pairs)
    return moved * spacing_mm**3 / area_mm2


def border_pairs(plane: SegmentPlane) -> tuple[tuple[CouinaudSegment, CouinaudSegment], ...]:
    """Return the segments that touch across a plane, that of its first side first.

    V with VII, and VI with VIII, are parted by the right plane, not by the transverse one.
    """
    first, second = SIDES[plane]
    if plane is not SegmentPlane.RIGHT_TRANSVERSE:
        return tuple(product(first, second))
    right = {frozenset(pair) for pair in product(*SIDES[SegmentPlane.RIGHT])}
    return tuple(pair for pair in product(first, second) if frozenset(pair) not in right)


def _exchanged(found: Codes, annotated: Codes, one: CouinaudSegment, other: CouinaudSegment) -> int:
    gained = np.count_nonzero((found == one) & (annotated == other))
    return int(gained) - int(np.count_nonzero((found == other) & (annotated == one)))


def projected_area_mm2(
    codes: Codes, one: CouinaudSegment, other: CouinaudSegment, spacing_mm: float
) -> float:
    """Return the area of two segments' border as seen along its mean normal."""
    net = []
    for axis in range(codes.ndim):
        along = np.moveaxis(codes, axis, 0)
        low, high = along[:-1], along[1:]
        forwards = np.count_nonzero((low == one) & (high == other))
        net.append(forwards - np.count_nonzero((low == other) & (high == one)))
    return float(np.linalg.norm(net)) * spacing_mm**2


def _dice(found: NDArray[np.bool_], annotated: NDArray[np.bool_]) -> float:
    size = int(np.count_nonzero(found)) + int(np.count_nonzero(annotated))
    return 2 * int(np.count_nonzero(found & annotated)) / size if size else 1.0


def _count(codes: Codes, part: Group) -> int:
    return int(np.count_nonzero(np.isin(codes, part)))
