"""Checks of finished masks: what a look at the pictures should settle before a number is used.

Volumetry checks what decides its own figures (edge of the scan, lesions and segments against the
liver). These are about whether the masks look like a liver at all. The limits are this project's
own and wide on purpose: a finding that is not met asks for a look, it does not say that the mask
is wrong.
"""

from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import Box, box_geometry
from remnant.core.errors import EmptyStructureError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import DIMENSIONS, Geometry
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
    inner = liver.codes[_box(liver, what="the liver map")] > 0
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
    box = _box(couinaud, what="the Couinaud map")
    codes, grid = couinaud.codes[box], box_geometry(couinaud.geometry, box)
    counts, centres = _counts_and_centres(codes)
    missing = [segment.name for segment in CouinaudSegment if not counts[segment]]
    empty = (reason(Cause.SEGMENTS_EMPTY, *missing),) if missing else ()
    present = quality_finding(
        "couinaud_segments_present", passed=not missing, value=float(len(missing)), reasons=empty
    )
    rules = tuple(rule for rule in ORDER if all(counts[s] for s in (*rule[0], *rule[1])))
    order = (
        _in_order(counts, centres, grid, rules) if rules else _unknown("couinaud_in_order", empty)
    )
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


def _box(labels: LabelMap, *, what: str) -> Box:
    box = labels.box()
    if box is None:
        raise EmptyStructureError(f"{what} has no voxels; a mask with at least one is needed")
    return box


def _counts_and_centres(
    codes: NDArray[np.unsignedinteger],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each segment, from 0 on, how many voxels it has and its centre, an index."""
    size = len(CouinaudSegment) + 1
    found = cc3d.statistics(np.array(codes, dtype=np.uint8, order="K"), no_slice_conversion=True)
    counts, centres = np.zeros(size, np.int64), np.zeros((size, DIMENSIONS))
    known = min(size, len(found["voxel_counts"]))
    counts[1:known] = found["voxel_counts"][1:known]
    centres[1:known] = found["centroids"][1:known]
    return counts, np.where(counts[:, None] > 0, centres, 0.0)


def _in_order(
    counts: NDArray[np.int64],
    centres: NDArray[np.float64],
    grid: Geometry,
    rules: tuple[Rule, ...],
) -> Finding:
    def centre(segments: Segments) -> NDArray[np.float64]:
        group = list(segments)
        return grid.ras_from_index(counts[group] @ centres[group] / counts[group].sum())

    wrong = [
        reason(
            Cause.SEGMENTS_MISORDERED,
            _names(further),
            "right" if axis == RIGHT else "above",
            _names(less),
        )
        for further, less, axis in rules
        if centre(further)[axis] <= centre(less)[axis]
    ]
    return quality_finding(
        "couinaud_in_order",
        passed=not wrong,
        value=float(len(wrong)),
        reasons=tuple(wrong),
    )


def _shares(counts: NDArray[np.int64]) -> Finding:
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
    pieces, sizes, large_of = _large_pieces(codes, SMALLEST_PIECE_ML / grid.voxel_volume_ml)
    found = []
    for segment in CouinaudSegment:
        large = large_of.get(segment, [])
        if len(large) < 2:  # noqa: PLR2004  (one is the segment itself)
            continue
        main = max(large, key=lambda piece: sizes[piece])
        tree = cKDTree(grid.ras_from_index(np.argwhere(pieces == main)))
        for piece in (one for one in large if one != main):
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


def _large_pieces(
    codes: NDArray[np.unsignedinteger], fewest_voxels: float
) -> tuple[NDArray[Any], NDArray[np.int64], dict[int, list[int]]]:
    """Return each voxel's 26-connected piece of one code, their sizes, and the large ones by code.

    All codes at once: pieces of different codes are apart even where they touch.
    """
    # a copy: the library takes whole arrays alone
    pieces = cc3d.connected_components(np.array(codes, order="K"), connectivity=26)
    known = cc3d.statistics(pieces, no_slice_conversion=False)
    sizes = np.array(known["voxel_counts"], dtype=np.int64)
    large_of: dict[int, list[int]] = {}
    for piece in (int(n) for n in np.flatnonzero(sizes >= fewest_voxels) if n):
        box = known["bounding_boxes"][piece]
        code = int(codes[box][pieces[box] == piece][0])
        large_of.setdefault(code, []).append(piece)
    return pieces, sizes, large_of


def _beside(codes: NDArray[np.unsignedinteger], where: Mask) -> str:
    """Return the segment that a piece touches most, ``""`` where it touches none."""
    around = codes[ndimage.binary_dilation(where, iterations=2) & ~where]
    near = np.bincount(around[around > 0], minlength=2)
    return CouinaudSegment(int(near.argmax())).name if near.any() else ""


def _names(segments: Segments) -> str:
    return "+".join(segment.name for segment in segments)
