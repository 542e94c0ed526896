"""Checks of finished masks: what a look at the pictures should settle before a number is used.

Volumetry checks what decides its own figures (edge of the scan, lesions and segments against the
liver). These are about whether the masks look like a liver at all. The limits are this project's
own and wide on purpose: a finding that is not met asks for a look, it does not say that the mask
is wrong.
"""

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import LabelMap
from segmentation.components import touching_parts

Mask = NDArray[np.bool_]
Segments = tuple[CouinaudSegment, ...]

LARGEST_LOOSE_FRACTION = 0.01
LARGEST_CAVITY_FRACTION = 0.01
SMALLEST_PIECE_ML = 0.5
LEAST_DISTANCE_MM = 10.0
MOST_PIECES = 6
LIVER_RANGE_ML = (400.0, 6000.0)

_I, _II, _III, _IV, _V, _VI, _VII, _VIII = CouinaudSegment
# Wider than all of 111 annotated livers (Zhang et al., MICCAI 2023), which had 0.50-0.81,
# 0.06-0.33, 0.06-0.25 and 0.01-0.08.
SHARE_RANGES: tuple[tuple[Segments, float, float], ...] = (
    ((_V, _VI, _VII, _VIII), 0.40, 0.85),
    ((_II, _III), 0.03, 0.40),
    ((_IV,), 0.04, 0.30),
    ((_I,), 0.005, 0.12),
)
RIGHT, SUPERIOR = 0, 2
# (further along the axis, less far along it, axis)
Rule = tuple[Segments, Segments, int]
ORDER: tuple[Rule, ...] = (
    ((_V, _VI, _VII, _VIII), (_IV,), RIGHT),
    ((_IV,), (_II, _III), RIGHT),
    ((_VII, _VIII), (_V, _VI), SUPERIOR),
)


def check_liver(liver: LabelMap) -> tuple[Finding, ...]:
    """Check a liver mask: one piece, no cavities, a volume that livers have.

    Parameters
    ----------
    liver
        Any label map whose non-zero codes are the liver.

    Returns
    -------
    tuple of Finding
        ``liver_in_one_piece`` and ``liver_without_cavities`` (values: fraction of the liver),
        ``liver_mask_volume_plausible`` (value in mL).

    Raises
    ------
    EmptyStructureError
        The map is empty.
    """
    mask = liver.mask()
    inner = mask[bounding_box(mask, what="the liver map")]
    voxels = int(np.count_nonzero(inner))
    volume_ml = voxels * liver.geometry.voxel_volume_ml
    return (_one_piece(inner, voxels), _without_cavities(inner, voxels), _plausible(volume_ml))


def check_segments(couinaud: LabelMap) -> tuple[Finding, ...]:
    """Check a Couinaud map: all segments there, in anatomical order, with shares livers have.

    Returns
    -------
    tuple of Finding
        ``couinaud_segments_present`` (value: segments missing), ``couinaud_in_order``,
        ``couinaud_shares_plausible``, ``couinaud_distant_pieces`` (value: pieces of at least
        0.5 mL and 10 mm away from the rest of their segment). Shares are unknown while a segment is
        missing (a part of the liver may have been resected, or no branch of it was labelled);
        order is checked between groups that are complete, and unknown where none are.

    Raises
    ------
    EmptyStructureError
        The map is empty.
    """
    box = bounding_box(couinaud.mask(), what="the Couinaud map")
    codes, grid = couinaud.codes[box], box_geometry(couinaud.geometry, box)
    counts = np.bincount(codes[codes > 0], minlength=len(CouinaudSegment) + 1)
    missing = [segment.name for segment in CouinaudSegment if not counts[segment]]
    empty = (reason(Cause.SEGMENTS_EMPTY, *missing),) if missing else ()
    present = quality_finding(
        "couinaud_segments_present", passed=not missing, value=float(len(missing)), reasons=empty
    )
    rules = tuple(rule for rule in ORDER if all(counts[s] for s in (*rule[0], *rule[1])))
    order = _in_order(codes, grid, rules) if rules else _unknown("couinaud_in_order", empty)
    shares = _unknown("couinaud_shares_plausible", empty) if missing else _shares(counts)
    return (present, order, shares, _distant_pieces(codes, grid))


def _unknown(identifier: str, empty: tuple[Reason, ...]) -> Finding:
    return quality_finding(identifier, passed=None, reasons=empty)


def _one_piece(mask: Mask, voxels: int) -> Finding:
    # Only the liver's voxels: bincount needs eight bytes for each voxel that it is given.
    pieces = np.bincount(touching_parts(mask)[mask])[1:]
    loose = 1 - int(pieces.max()) / voxels
    return quality_finding(
        "liver_in_one_piece",
        passed=loose <= LARGEST_LOOSE_FRACTION,
        value=loose,
        reasons=(
            reason(Cause.PIECES, pieces.size),
            reason(Cause.CHECK_LIMIT, LARGEST_LOOSE_FRACTION),
        ),
    )


def _without_cavities(mask: Mask, voxels: int) -> Finding:
    background = cc3d.connected_components(np.pad(~mask, 1, constant_values=True), connectivity=6)
    outside = np.count_nonzero(background == background[0, 0, 0])
    enclosed = (int(np.count_nonzero(background)) - int(outside)) / voxels
    return quality_finding(
        "liver_without_cavities",
        passed=enclosed <= LARGEST_CAVITY_FRACTION,
        value=enclosed,
        reasons=(reason(Cause.CHECK_LIMIT, LARGEST_CAVITY_FRACTION),),
    )


def _plausible(volume_ml: float) -> Finding:
    low, high = LIVER_RANGE_ML
    return quality_finding(
        "liver_mask_volume_plausible",
        passed=low <= volume_ml <= high,
        value=volume_ml,
        reasons=(reason(Cause.USUAL_RANGE, low, high),),
    )


def _in_order(
    codes: NDArray[np.unsignedinteger], grid: Geometry, rules: tuple[Rule, ...]
) -> Finding:
    wrong = [
        reason(
            Cause.SEGMENTS_MISORDERED,
            _names(further),
            "right" if axis == RIGHT else "above",
            _names(less),
        )
        for further, less, axis in rules
        if _centre(codes, grid, further)[axis] <= _centre(codes, grid, less)[axis]
    ]
    return quality_finding(
        "couinaud_in_order",
        passed=not wrong,
        value=float(len(wrong)),
        reasons=tuple(wrong),
    )


def _centre(
    codes: NDArray[np.unsignedinteger], grid: Geometry, segments: Segments
) -> NDArray[np.float64]:
    """Return the centre in RAS mm, from counts along each axis: a list of voxels is far larger."""
    mask = np.zeros(codes.shape, dtype=bool)
    for segment in segments:
        mask |= codes == segment
    index = []
    for others in ((1, 2), (0, 2), (0, 1)):
        counts = np.count_nonzero(mask, axis=others)
        index.append(float(np.arange(counts.size) @ counts) / int(counts.sum()))
    return grid.ras_from_index(index)


def _shares(counts: NDArray[np.intp]) -> Finding:
    total = int(counts[1:].sum())
    odd = []
    for segments, low, high in SHARE_RANGES:
        share = int(counts[list(segments)].sum()) / total
        if not low <= share <= high:
            odd.append(reason(Cause.UNUSUAL_SHARE, _names(segments), share, low, high))
    return quality_finding(
        "couinaud_shares_plausible",
        passed=not odd,
        value=float(len(odd)),
        reasons=tuple(odd),
    )


def _distant_pieces(codes: NDArray[np.unsignedinteger], grid: Geometry) -> Finding:
    """Name pieces of segments that lie in another one's place."""
    found = []
    for segment in CouinaudSegment:
        mask = codes == segment
        if not mask.any():
            continue
        pieces = touching_parts(mask)
        sizes = np.bincount(pieces[mask])
        main = int(sizes.argmax())
        large = np.flatnonzero(sizes * grid.voxel_volume_ml >= SMALLEST_PIECE_ML)
        if large.size < 2:  # noqa: PLR2004  (one is the segment itself)
            continue
        tree = cKDTree(grid.ras_from_index(np.argwhere(pieces == main)))
        for piece in large[large != main]:
            where = pieces == piece
            gap_mm, _ = tree.query(grid.ras_from_index(np.argwhere(where)))
            if gap_mm.min() >= LEAST_DISTANCE_MM:
                found.append((float(sizes[piece] * grid.voxel_volume_ml), segment, where))
    found.sort(key=lambda one: -one[0])
    return quality_finding(
        "couinaud_distant_pieces",
        passed=not found,
        value=float(len(found)),
        reasons=tuple(
            reason(Cause.DISTANT_PIECES, volume_ml, segment.name, _beside(codes, where))
            for volume_ml, segment, where in found[:MOST_PIECES]
        ),
    )


def _beside(codes: NDArray[np.unsignedinteger], where: Mask) -> str:
    """Return the segment that a piece touches most, ``""`` where it touches none."""
    around = codes[ndimage.binary_dilation(where, iterations=2) & ~where]
    near = np.bincount(around[around > 0], minlength=2)
    return CouinaudSegment(int(near.argmax())).name if near.any() else ""


def _names(segments: Segments) -> str:
    return "+".join(segment.name for segment in segments)
