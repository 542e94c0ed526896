"""Moving the planes of an estimated liver to where its hepatic veins are seen.

An outline does not show Cantlie's plane, but a scan may show the middle hepatic vein that runs in
it, and the right one in the right plane. How far the network's plane lies from a vein's points says
how far it is off there. Before, its displacement is known as a mean of zero with the calibrated
deviation, and as what varies along the plane over `VARIES_MM` (a Gaussian process); the points
carry the error of a vein's course and place. What follows of that moves the plane: wholly where a
vein was followed, less far from it, and not at all where nothing is known. The deviation that is
left of the mean follows from the same, so that intervals shrink only by what was seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from remnant.core.findings import Finding, quality_finding
from remnant.core.reasons import Cause, reason
from remnant.core.uncertainty import SegmentPlane
from remnant.core.vessels import VesselName
from segmentation.couinaud.liver_shape import LiverShape
from segmentation.couinaud.sides import SIDES, Group
from segmentation.port import PLANES_MOVED, Stems

if TYPE_CHECKING:
    from torch import Tensor

Points = NDArray[np.float64]
Field = NDArray[np.float32]

VEIN_OF: Final[Mapping[SegmentPlane, VesselName]] = {
    SegmentPlane.MAIN: VesselName.MIDDLE_HEPATIC_VEIN,
    SegmentPlane.RIGHT: VesselName.RIGHT_HEPATIC_VEIN,
}
"""The left hepatic vein runs between II and III, not in the umbilical fissure."""
VARIES_MM: Final = 45.0
"""Over this length the network's planes are off by different amounts..."""
VARYING_SHARE: Final[Mapping[SegmentPlane, float]] = {
    SegmentPlane.MAIN: 0.67,
    SegmentPlane.RIGHT: 0.2,
}
"""... and this is the share of the variance at a point that does so (15 validation livers)."""
PLACE_SD_MM: Final = 4.0
"""Of a vein as a whole from the plane that readers draw along it: 3 mm in veins picked by eye, and
more, so that intervals hold where a plane is far off..."""
COURSE_SD_MM, COURSE_MM = 4.0, 25.0
"""... and of its course, over such lengths..."""
POINT_SD_MM: Final = 1.5
"""... and of its points."""
MOUTH_MM: Final = 10.0
"""Of a stem from the vena cava: there the veins run together, beside the planes."""
EVERY_MM: Final = 5.0
SHORTEST_MM: Final = 15.0
UNLIKELY: Final = 0.01
"""A vein farther off than in one of a hundred livers has another's name, or the liver is odd."""
FEWEST_CROSSINGS: Final = 20
MOST_WEIGHED: Final = 400
TINY: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Border:
    """Where a plane runs in the frame, as points on it, in patient mm from the frame's middle.

    Parameters
    ----------
    points_mm, normals
        Shape ``(n, 3)``; the normals point to the plane's first side.
    weights
        Share of the plane's area that each stands for.
    """

    points_mm: Points
    normals: Points
    weights: Points

    @property
    def folds(self) -> float:
        """Area over the area seen along the mean normal, at least 1.

        Errors of planes are volumes over the latter (`volumetry.uncertainty`).
        """
        return 1.0 / float(np.linalg.norm(self.weights @ self.normals))

    def height_mm(self, points_mm: Points) -> tuple[Points, NDArray[np.intp]]:
        """Return how far points lie on the first side, and which point of the plane is nearest."""
        _, nearest = cKDTree(self.points_mm).query(points_mm)
        away = points_mm - self.points_mm[nearest]
        heights: Points = (away * self.normals[nearest]).sum(axis=-1)
        return heights, nearest


@dataclass(frozen=True, slots=True, eq=False)
class MovedPlane:
    """A plane that a vein moved.

    Parameters
    ----------
    plane, by
        Which, by what.
    mean_mm
        How far it moved, mean absolute over its area.
    sd_mm
        Standard deviation of what its mean displacement may still be.
    before_mm, after_mm
        Signed distance to where it was and where it is, positive on its first side, on the frame's
        grid.
    """

    plane: SegmentPlane
    by: VesselName
    mean_mm: float
    sd_mm: float
    before_mm: Field
    after_mm: Field


@dataclass(frozen=True, slots=True, eq=False)
class PlaneMoves:
    """What veins did to planes.

    Parameters
    ----------
    moved
        Planes that a vein moved.
    kept
        Why the others that a vein runs in stayed where they were.
    """

    moved: tuple[MovedPlane, ...] = ()
    kept: Mapping[SegmentPlane, Cause] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What is seen of a vein: its points' feet on the plane and heights over it, in patient mm."""

    feet_mm: Points
    heights_mm: Points
    points_mm: Points


def moved_planes(
    logits: "Tensor", shape: LiverShape, stems: Stems, sds_mm: Mapping[SegmentPlane, float]
) -> PlaneMoves:
    """Move planes to the veins that run in them.

    Parameters
    ----------
    logits
        Of segments I to VIII in the frame.
    shape
        Of the liver.
    stems
        Points of named vessels in RAS mm, from the root outwards.
    sds_mm
        Standard deviation of each plane's mean displacement.
    """
    found = {
        plane: _moved(logits.numpy(), shape, stems.get(vein), plane, sds_mm[plane])
        for plane, vein in VEIN_OF.items()
    }
    return PlaneMoves(
        moved=tuple(move for move in found.values() if isinstance(move, MovedPlane)),
        kept={plane: why for plane, why in found.items() if not isinstance(why, MovedPlane)},
    )


def moves_finding(moves: PlaneMoves) -> Finding:
    """Return the finding ``segment_planes_moved``: never met, its reasons what moved each plane."""
    moved = (
        reason(Cause.PLANE_MOVED, move.mean_mm, move.plane.name, move.by.value)
        for move in moves.moved
    )
    kept = (reason(why, plane.name, VEIN_OF[plane].value) for plane, why in moves.kept.items())
    return quality_finding(
        PLANES_MOVED, passed=None, value=float(len(moves.moved)), reasons=(*moved, *kept)
    )


def on_moved_sides(
    values: "Tensor", plane: SegmentPlane, before_mm: "Tensor", after_mm: "Tensor"
) -> "Tensor":
    """Return logits of points with what is no more on their side of a plane ruled out.

    Parameters
    ----------
    values
        ``(8, n)``.
    plane, before_mm, after_mm
        A moved plane, and the points' signed distances to it, ``(n,)``.

    Returns
    -------
    Tensor
        The same where a point stays on its side, or is likeliest in a segment that the plane does
        not part.
    """
    import torch

    one, other = (torch.tensor([s - 1 for s in side]) for side in SIDES[plane])
    winner = values.argmax(0)
    for losing, gaining, crossed in (
        (one, other, (before_mm > 0) & (after_mm <= 0)),
        (other, one, (before_mm <= 0) & (after_mm > 0)),
    ):
        shut = torch.ones(len(values), dtype=torch.bool)
        shut[gaining] = False
        changed = crossed & torch.isin(winner, losing)
        values = values.masked_fill(shut[:, None] & changed, -inf)
    return values


def plane_border(
    logits: NDArray[np.float32], shape: LiverShape, plane: SegmentPlane
) -> Border | None:
    """Return where two sides are equally likely, ``None`` where they hardly meet."""
    from models.networks.couinaud_shape import frame_points

    one, other = SIDES[plane]
    lead = _likeliest(logits, one) - _likeliest(logits, other)
    parted = np.isin(logits.argmax(axis=0) + 1, one + other)
    within = parted & (shape.frame_distance_mm(frame_points()).numpy() > 0)
    smooth = ndimage.gaussian_filter(lead, 1.0)
    slope = np.stack(np.gradient(smooth), axis=-1)
    places = frame_points().numpy().astype(np.float64) * shape.scale
    found = [_crossings(lead, within, np.concatenate((places, slope), -1), a) for a in range(3)]
    points, normals = np.split(np.concatenate(found), 2, axis=1)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    points, normals = points[lengths[:, 0] > 0], (normals / np.maximum(lengths, TINY))
    normals = normals[lengths[:, 0] > 0]
    if len(points) < FEWEST_CROSSINGS:
        return None
    # lines along the three axes cross a surface the oftener, the more it faces them
    weights = 1.0 / np.abs(normals).sum(axis=1)
    return Border(points, normals, weights / weights.sum())


def _likeliest(logits: NDArray[np.float32], side: Group) -> NDArray[np.float32]:
    found: NDArray[np.float32] = logits[[s - 1 for s in side]].max(axis=0)
    return found


def _crossings(
    lead: NDArray[np.float32], within: NDArray[np.bool_], known: Points, axis: int
) -> Points:
    """Return what is known where the lead changes its sign along an axis, interpolated."""
    low, high = (
        tuple(cut if a == axis else slice(None) for a in range(3))
        for cut in (slice(None, -1), slice(1, None))
    )
    crossed = within[low] & within[high] & ((lead[low] > 0) != (lead[high] > 0))
    first, second = lead[low][crossed], lead[high][crossed]
    share = (first / (first - second))[:, None]
    found: Points = known[low][crossed] * (1 - share) + known[high][crossed] * share
    return found


def _moved(
    logits: NDArray[np.float32],
    shape: LiverShape,
    stem_mm: Points | None,
    plane: SegmentPlane,
    sd_mm: float,
) -> MovedPlane | Cause:
    """Move one plane, or say why it stays."""
    if stem_mm is None:
        return Cause.VEIN_UNNAMED
    border = plane_border(logits, shape, plane) if sd_mm > 0 else None
    if border is None:
        return Cause.BORDER_SHORT
    seen = _seen(border, shape, stem_mm)
    if seen is None:
        return Cause.VEIN_SHORT
    folds = border.folds
    shift, left_mm = _displacement(border, seen, sd_mm / folds, VARYING_SHARE[plane])
    if shift is None:
        return Cause.VEIN_ODD
    before, nearest = _heights(border, shape)
    return MovedPlane(
        plane=plane,
        by=VEIN_OF[plane],
        mean_mm=float(border.weights @ np.abs(shift)),
        sd_mm=min(sd_mm, folds * max(PLACE_SD_MM, left_mm)),
        before_mm=before,
        after_mm=(before - np.where(nearest < 0, 0.0, shift[nearest])).astype(np.float32),
    )


def _seen(border: Border, shape: LiverShape, stem_mm: Points) -> _Seen | None:
    """Return a vein's points in the liver beyond its mouth, evenly; ``None`` where too few."""
    even = _evenly(stem_mm)
    index = np.rint(shape.grid.index_from_ras(even)).astype(int)
    held = ((index >= 0) & (index < shape.grid.shape)).all(axis=1)
    even, index = even[held], index[held]
    points = even[shape.distance_mm[tuple(index.T)] > 0] - shape.centre_mm
    if (len(points) - 1) * EVERY_MM < SHORTEST_MM:
        return None
    heights, nearest = border.height_mm(points)
    return _Seen(border.points_mm[nearest], heights, points)


def _evenly(stem_mm: Points) -> Points:
    """Return points every `EVERY_MM` of a stem, from beyond its mouth."""
    steps = np.linalg.norm(np.diff(stem_mm, axis=0), axis=1)
    along = np.concatenate(((0.0,), np.cumsum(steps)))
    wanted = np.arange(MOUTH_MM, along[-1] + TINY, EVERY_MM)
    return np.stack([np.interp(wanted, along, stem_mm[:, axis]) for axis in range(3)], axis=1)


def _displacement(
    border: Border, seen: _Seen, sd_mm: float, varying: float
) -> tuple[Points | None, float]:
    """Return how far each point of a border moves, ``None`` where the vein does not fit.

    With it the deviation of what its mean may still be.
    """
    weights = border.weights
    few = slice(None, None, 1 + len(weights) // MOST_WEIGHED)
    plane, share = border.points_mm[few], weights[few] / weights[few].sum()
    scale = sd_mm**2 / float(share @ alike(plane, plane, varying) @ share)
    known = scale * alike(seen.feet_mm, seen.feet_mm, varying) + _vein_errors(seen.points_mm)
    noisy = cho_factor(known)
    solved = cho_solve(noisy, seen.heights_mm)
    mean_odd = stats.chi2.sf(seen.heights_mm.mean() ** 2 / known.mean(), 1)
    odd = stats.chi2.sf(seen.heights_mm @ solved, len(solved))
    if min(mean_odd, odd) < UNLIKELY:
        return None, sd_mm
    shift: Points = scale * alike(border.points_mm, seen.feet_mm, varying) @ solved
    common = scale * share @ alike(plane, seen.feet_mm, varying)
    left = sd_mm**2 - float(common @ cho_solve(noisy, common))
    return shift, max(0.0, left) ** 0.5


def alike(first_mm: Points, second_mm: Points, varying: float) -> Points:
    """Return the covariance of displacements at points, for a variance of 1 at each.

    What varies does so by Matérn's function of order 3/2.
    """
    apart = 3**0.5 * cdist(first_mm, second_mm) / VARIES_MM
    found: Points = 1.0 - varying + varying * (1.0 + apart) * np.exp(-apart)
    return found


def _vein_errors(points_mm: Points) -> Points:
    """Return the covariance of a vein's distances from the plane that runs along it."""
    course = np.exp(-((cdist(points_mm, points_mm) / COURSE_MM) ** 2) / 2)
    common: Points = PLACE_SD_MM**2 + COURSE_SD_MM**2 * course
    return common + POINT_SD_MM**2 * np.eye(len(points_mm))


def _heights(border: Border, shape: LiverShape) -> tuple[Field, NDArray[np.intp]]:
    """Return the signed distance on the frame's grid and each place's nearest border point.

    Far from the liver the distance is 0 and the nearest point -1: nothing is sampled there.
    """
    from models.networks.couinaud_shape import FRAME_MM, frame_points

    points = frame_points()
    near = shape.frame_distance_mm(points).numpy() > -2 * FRAME_MM
    heights = np.zeros(near.shape, dtype=np.float32)
    nearest = np.full(near.shape, -1, dtype=np.intp)
    heights[near], nearest[near] = border.height_mm(points.numpy()[near] * np.float64(shape.scale))
    return heights, nearest
