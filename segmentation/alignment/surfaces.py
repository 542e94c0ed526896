"""Laying one scan's liver on another's: a rigid motion from the two liver masks alone.

The masks are compared, not the images, so that two phases, two scanners or CT and MR make no
difference. Points of each liver's surface are looked up in the other's distance field, both ways,
and the six parameters of the motion are those with the least sum of squared distances under
Cauchy's robust loss: where a part of the liver is gone, its surface counts for little and the rest
still fits (points to a distance field: Fitzgibbon, Image Vis Comput 2003;21:1145). The search
starts from centroid on centroid with few points and, where that fits badly, from shifted ones too;
the best is refined with many.

Nothing is drawn at random: the same masks give the same motion. Everything is in RAS mm.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.comparison import Alignment, Matrix4
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry, Shape3
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import LabelMap
from segmentation.resample import resample

GRID_MM: Final = 3.0
REACH_MM: Final = 40.0
"""Distances are cut off here; livers may lie that far apart once their centroids meet."""
LOSS_SCALE_MM: Final = 2.0
SURFACE_POINTS: Final = 3000
COARSE_POINTS: Final = 300
MOST_EVALUATIONS: Final = 200
TURN_STEP, SHIFT_STEP_MM = 0.02, 1.0
COARSE_TOLERANCE, FINE_TOLERANCE = 1e-4, 1e-8
GOOD_COST: Final = 0.5 * LOSS_SCALE_MM**2 * 0.7
"""Loss of a point that lies about ``LOSS_SCALE_MM`` off: whole livers fit better than that."""
START_SHIFT_MM: Final = 40.0
"""Where half a liver is gone the centroids lie about that far apart."""
HALF: Final = 0.5
GOOD_OVERLAP_FRACTION: Final = 0.9
"""This project's choice: two whole livers of one person mostly reach it, a cut one does not."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Liver:
    """A liver as registration sees it.

    ``distance_mm`` is the signed distance to the surface on an upright grid, negative inside;
    ``surface_mm`` are points near the surface in RAS mm, shape ``(n, 3)``, and ``own_mm`` the
    distances there.
    """

    distance_mm: NDArray[np.float32]
    geometry: Geometry
    surface_mm: Floats
    own_mm: Floats
    centroid_mm: Floats


def align_livers(before: LabelMap, after: LabelMap) -> Floats:
    """Find the rigid motion that lays one liver on another.

    Parameters
    ----------
    before, after
        Maps whose non-zero codes are the liver, each on any grid. They may lie anywhere and be
        turned against each other by up to about 30 degrees.

    Returns
    -------
    numpy.ndarray
        4×4 matrix (rotation and translation) from RAS mm of ``before`` to RAS mm of ``after``.

    Raises
    ------
    EmptyStructureError
        A map has no voxel.
    """
    first, second = _liver(before), _liver(after)
    few = _thinned(first), _thinned(second)
    onto_centroid, *elsewhere = _starts()
    best = _fitted(*few, onto_centroid, tolerance=COARSE_TOLERANCE)
    if best.cost > GOOD_COST:
        others = (_fitted(*few, start, tolerance=COARSE_TOLERANCE) for start in elsewhere)
        best = min((best, *others), key=lambda fit: fit.cost)
    found = _fitted(first, second, best.parameters, tolerance=FINE_TOLERANCE)
    return _motion(found.parameters, first.centroid_mm, second.centroid_mm)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Rotation vector and shift in mm that were found, and the mean loss of a point in mm²."""

    parameters: Floats
    cost: float


def _starts() -> Floats:
    """Return parameters to start from: centroid on centroid, and shifted along each axis."""
    shifts = START_SHIFT_MM * np.concatenate([np.zeros((1, 3)), np.eye(3), -np.eye(3)])
    return np.concatenate([np.zeros_like(shifts), shifts], axis=1)


def _fitted(first: _Liver, second: _Liver, start: Floats, *, tolerance: float) -> _Fit:
    from scipy.optimize import least_squares

    def misfit_mm(parameters: Floats) -> Floats:
        forth = _motion(parameters, first.centroid_mm, second.centroid_mm)
        return np.concatenate([_misfit(first, second, forth), _misfit(second, first, _back(forth))])

    scales = np.array((TURN_STEP,) * 3 + (SHIFT_STEP_MM,) * 3)
    found = least_squares(
        misfit_mm, start, x_scale=scales, loss="cauchy", f_scale=LOSS_SCALE_MM,
        max_nfev=MOST_EVALUATIONS, ftol=tolerance, xtol=tolerance, gtol=tolerance,
    )  # fmt: skip
    return _Fit(parameters=found.x, cost=float(found.cost) / len(found.fun))


def _thinned(liver: _Liver) -> _Liver:
    every = max(1, len(liver.surface_mm) // COARSE_POINTS)
    return replace(liver, surface_mm=liver.surface_mm[::every], own_mm=liver.own_mm[::every])


def describe_alignment(
    matrix: Floats, dice_fraction: float, before: LabelMap, after: LabelMap
) -> tuple[Alignment, Finding]:
    """Put a motion and the overlap that it reaches into figures and words.

    Parameters
    ----------
    matrix
        What `align_livers` returned.
    dice_fraction
        Overlap of the two livers after it.
    before, after
        The same maps.

    Returns
    -------
    tuple
        The alignment, and the finding ``liver_alignment`` (value: the overlap), which is not met
        below ``GOOD_OVERLAP_FRACTION``.
    """
    centre = _centroid(before)
    moved = matrix[:3, :3] @ centre + matrix[:3, 3] - centre
    turn = np.degrees(np.arccos(np.clip((np.trace(matrix[:3, :3]) - 1.0) / 2.0, -1.0, 1.0)))
    alignment = Alignment(
        before_to_after_ras=_rows(matrix),
        dice_fraction=dice_fraction,
        rotation_degrees=float(turn),
        shift_mm=(float(moved[0]), float(moved[1]), float(moved[2])),
    )
    good = dice_fraction >= GOOD_OVERLAP_FRACTION
    distance_mm = float(np.linalg.norm(moved))
    finding = quality_finding(
        "liver_alignment",
        passed=good,
        value=dice_fraction,
        reasons=(
            reason(Cause.CHECK_LIMIT, GOOD_OVERLAP_FRACTION),
            reason(Cause.LIVER_MOVED, float(turn), distance_mm),
            *(() if good else _difference(before, after, dice_fraction)),
        ),
    )
    return alignment, finding


def _difference(before: LabelMap, after: LabelMap, dice_fraction: float) -> tuple[Reason]:
    first, second = (
        np.count_nonzero(labels.codes) * labels.geometry.voxel_volume_ml
        for labels in (before, after)
    )
    inside = dice_fraction * (first + second) / 2.0 / min(first, second)
    return (reason(Cause.LIVERS_DIFFER, first, second, min(1.0, inside)),)


def _liver(labels: LabelMap) -> _Liver:
    liver = labels.mask()
    near = bounding_box(liver, what="the liver")
    own = box_geometry(labels.geometry, near)
    grid = _upright_grid(own)
    # thick slices: interpolated occupancy keeps the surface between the slices
    part = resample(liver[near], own, grid, outside=0.0)
    inside = part >= min(HALF, float(part.max()))
    depth = ndimage.distance_transform_edt(inside, sampling=GRID_MM)
    height = ndimage.distance_transform_edt(~inside, sampling=GRID_MM)
    # half a voxel: the surface runs between the centres, not through them
    signed = np.where(inside, HALF * GRID_MM - depth, height - HALF * GRID_MM)
    distance_mm = np.clip(signed, -REACH_MM, REACH_MM).astype(np.float32)
    where = np.argwhere(np.abs(distance_mm) <= HALF * GRID_MM)
    where = where[:: max(1, len(where) // SURFACE_POINTS)]
    return _Liver(
        distance_mm=distance_mm,
        geometry=grid,
        surface_mm=grid.ras_from_index(where),
        own_mm=distance_mm[tuple(where.T)].astype(np.float64),
        centroid_mm=_centroid(labels),
    )


def _upright_grid(geometry: Geometry) -> Geometry:
    """Return a grid along the RAS axes around another one, with room to look around."""
    corners = geometry.corners_ras()
    low = corners.min(axis=0) - REACH_MM
    sizes = np.ceil((corners.max(axis=0) + REACH_MM - low) / GRID_MM).astype(int) + 1
    shape: Shape3 = (int(sizes[0]), int(sizes[1]), int(sizes[2]))
    matrix = np.diag((GRID_MM, GRID_MM, GRID_MM, 1.0))
    matrix[:3, 3] = low
    return Geometry(shape, matrix)


def _centroid(labels: LabelMap) -> Floats:
    liver = labels.mask()
    near = bounding_box(liver, what="the liver")
    block = liver[near]
    mean = [
        float(np.average(np.arange(size), weights=block.sum(axis=others)))
        for size, others in zip(block.shape, ((1, 2), (0, 2), (0, 1)), strict=True)
    ]
    return box_geometry(labels.geometry, near).ras_from_index(mean)


def _misfit(source: _Liver, target: _Liver, matrix: Floats) -> Floats:
    """Return how far the source's surface points, moved, lie off the target's surface."""
    points = source.surface_mm @ matrix[:3, :3].T + matrix[:3, 3]
    index = target.geometry.index_from_ras(points).T
    there = ndimage.map_coordinates(target.distance_mm, index, order=1, mode="nearest")
    misfit: Floats = there.astype(np.float64) - source.own_mm
    return misfit


def _motion(parameters: Floats, from_mm: Floats, to_mm: Floats) -> Floats:
    """Build the matrix: a turn about one centroid (rotation vector), then a shift to the other."""
    from scipy.spatial.transform import Rotation

    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(parameters[:3]).as_matrix()
    matrix[:3, 3] = to_mm + parameters[3:] - matrix[:3, :3] @ from_mm
    return matrix


def _back(matrix: Floats) -> Floats:
    """Return the inverse of a rigid motion."""
    inverse = np.eye(4)
    inverse[:3, :3] = matrix[:3, :3].T
    inverse[:3, 3] = -matrix[:3, :3].T @ matrix[:3, 3]
    return inverse


def _rows(matrix: Floats) -> Matrix4:
    first, second, third, fourth = (
        (float(a), float(b), float(c), float(d)) for a, b, c, d in matrix
    )
    return first, second, third, fourth
