"""What computed vessels say of a liver: named branches, their measures, and what they serve."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.labels import SEGMENT_CODES, CouinaudSegment
from remnant.core.vessels import (
    ComputedVessels,
    Direction,
    NamedVessel,
    VesselName,
    VesselTree,
    VesselWay,
)
from remnant.core.volumes import LabelMap
from segmentation.vessels.centrelines import NONE, CentreLines, centre_lines
from segmentation.vessels.names import LEAST_CONFIDENCE, SERVES, TREE_OF, Stem, stems_of
from segmentation.vessels.rooted import RootedTrees
from segmentation.vessels.ways import TREES, VOXEL_ML, segments_at, ways_through

DIRECTION_MM: Final = 40.0
"""A stem's direction is that of its first part, for it bends..."""
END_SHARE: Final = 1 / 3
"""... from the middle of the first such share of this to that of its last."""
Segments = NDArray[np.intp]


def computed_vessels(rooted: RootedTrees, couinaud: LabelMap | None) -> ComputedVessels:
    """Name and measure the large branches of both trees, and say which segments they serve.

    Parameters
    ----------
    rooted
        The trees of a liver.
    couinaud
        Its segments on the grid of the scan; without them nothing is said of segments.
    """
    named: list[NamedVessel] = []
    ways: list[VesselWay] = []
    seen: dict[VesselTree, Mapping[CouinaudSegment, float]] = {}
    for tree, of in TREES.items():
        lines = centre_lines(rooted, tree)
        points = _segments(lines.places_mm, couinaud)
        voxels = _segments(rooted.grid.ras_from_index(lines.ways.voxels), couinaud)
        for stem in stems_of(rooted, tree, lines):
            sure = stem.confidence * _agreement(stem, points)
            if sure >= LEAST_CONFIDENCE:
                named.append(_measured(stem, sure, lines, (points, voxels)))
        if couinaud is not None:
            ways += ways_through(of, lines.ways, rooted.grid, couinaud)
            seen[of] = _by_segment(voxels, np.full(len(voxels), VOXEL_ML))
    return ComputedVessels(named=_in_order(named), ways=tuple(ways), seen_ml_by_segment=seen)


def _measured(
    stem: Stem, confidence: float, lines: CentreLines, segments: tuple[Segments, Segments]
) -> NamedVessel:
    at_points, at_voxels = segments
    points = list(stem.points)
    places = lines.places_mm[points]
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    beyond = lines.within(points[0])
    through = (lines.owner != NONE) & beyond[lines.owner]
    return NamedVessel(
        name=stem.name,
        tree=TREES[TREE_OF[stem.name]],
        volume_ml=float(lines.served_ml[points[0]]),
        length_mm=float(steps.sum()),
        diameter_mm=2.0 * float(np.median(lines.radii_mm[points])),
        direction_ras=direction_of(places),
        confidence=confidence,
        stem_mm_by_segment=_by_segment(at_points[points[1:]], steps),
        share_by_segment=_shares(at_voxels, through),
    )


def direction_of(places_mm: NDArray[np.float64]) -> Direction:
    """Return the direction that a course begins in, as a unit vector.

    Parameters
    ----------
    places_mm
        Its points outward, shape ``(n, 3)``, two at least.
    """
    lengths = np.linalg.norm(np.diff(places_mm, axis=0), axis=1).cumsum()
    part = places_mm[: 2 + int(np.searchsorted(lengths, DIRECTION_MM))]
    size = max(1, round(len(part) * END_SHARE))
    along = part[-size:].mean(axis=0) - part[:size].mean(axis=0)
    x, y, z = (float(c) for c in along / np.linalg.norm(along))
    return (x, y, z)


def _agreement(stem: Stem, segments: Segments) -> float:
    """Return the share of a stem's points that lie where its name expects them.

    Points in the caudate lobe, or in no segment, say nothing.
    """
    own = segments[list(stem.points)]
    telling = own[(own != 0) & (own != CouinaudSegment.I)]
    if not len(telling):
        return 1.0
    return float(np.isin(telling, list(SERVES[stem.name])).mean())


def _segments(points_mm: NDArray[np.float64], couinaud: LabelMap | None) -> Segments:
    if couinaud is None:
        return np.zeros(len(points_mm), dtype=np.intp)
    return segments_at(points_mm, couinaud)


def _by_segment(
    segments: Segments, amounts: NDArray[np.float64]
) -> Mapping[CouinaudSegment, float]:
    """Return the sum of amounts in each segment that has any."""
    sums = np.bincount(segments, weights=amounts, minlength=SEGMENT_CODES)
    return {segment: float(sums[segment]) for segment in CouinaudSegment if sums[segment] > 0}


def _shares(segments: Segments, through: NDArray[np.bool_]) -> Mapping[CouinaudSegment, float]:
    """Return the share of each segment's voxels that is chosen; of a segment with none, nothing."""
    known = (segment for segment in CouinaudSegment if (segments == segment).any())
    shares = {segment: float(through[segments == segment].mean()) for segment in known}
    return {segment: share for segment, share in shares.items() if share > 0}


def _in_order(named: list[NamedVessel]) -> tuple[NamedVessel, ...]:
    order = list(VesselName)
    return tuple(sorted(named, key=lambda one: order.index(one.name)))
