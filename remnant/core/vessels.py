"""Vessels of a liver that were computed from its scan.

All of it is to be confirmed: no rule is judged on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from remnant.core.labels import CouinaudSegment

BORDER_MM: Final = 8.0
"""What runs nearer to another segment may lie in that one: so far are estimated planes off.
A vein or a pedicle that marks a border runs along it."""
THROUGH_MM: Final = 10.0
"""A vessel runs through a segment from this length in it on."""
LEAST_SEEN_ML: Final = 0.3
"""Less vessel than this in a segment says nothing of it."""
Direction = tuple[float, float, float]
Place = tuple[float, float, float]


class VesselTree(StrEnum):
    """Which way the blood runs: to the liver or out of it."""

    PORTAL = "portal_vein"
    HEPATIC = "hepatic_veins"


class VesselName(StrEnum):
    """Named branches of both trees, in the terms of Couinaud and Strasberg.

    A pedicle is named by its portal branch: artery and bile duct run with it.
    """

    RIGHT_HEPATIC_VEIN = "right_hepatic_vein"
    MIDDLE_HEPATIC_VEIN = "middle_hepatic_vein"
    LEFT_HEPATIC_VEIN = "left_hepatic_vein"
    PORTAL_TRUNK = "portal_trunk"
    RIGHT_PORTAL_VEIN = "right_portal_vein"
    RIGHT_ANTERIOR_PORTAL_VEIN = "right_anterior_portal_vein"
    RIGHT_POSTERIOR_PORTAL_VEIN = "right_posterior_portal_vein"
    LEFT_PORTAL_VEIN = "left_portal_vein"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVessel:
    """A named branch, from its root to the ends that are seen of it.

    Parameters
    ----------
    name, tree
        What it is taken for.
    volume_ml, length_mm
        Of its lumen, side branches without a name of their own included, and of its stem alone.
    diameter_mm
        Median along the stem, of the circle that fits in its cross-section.
    direction_ras
        Unit vector along the stem's first 40 mm, away from its root.
    confidence
        From 0 to 1: how sure its tree is and its name.
    stem_mm_by_segment, deep_mm_by_segment
        Length of the stem in each segment that it runs in, and of this what lies `BORDER_MM` or
        more from every other segment; empty without segments.
    share_by_segment
        Of each segment's vessels of this tree, as far as they are seen, the share whose way to the
        root leads through this stem, by volume; segments with none are left out.
    """

    name: VesselName
    tree: VesselTree
    volume_ml: float
    length_mm: float
    diameter_mm: float
    direction_ras: Direction
    confidence: float
    stem_mm_by_segment: Mapping[CouinaudSegment, float]
    deep_mm_by_segment: Mapping[CouinaudSegment, float]
    share_by_segment: Mapping[CouinaudSegment, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselWay:
    """Vessels of one segment that run through others on their way to the root.

    Parameters
    ----------
    tree
        Which tree.
    segment, through
        Whose vessels, and all segments in which they run for `THROUGH_MM` or more, `BORDER_MM` or
        more from every other segment; in order.
    share
        Of the segment's vessels of this tree whose way does so, above 0 and up to 1, by volume. The
        ways of one segment and tree do not overlap: their shares add up to 1 at most.
    """

    tree: VesselTree
    segment: CouinaudSegment
    through: tuple[CouinaudSegment, ...]
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedVessels:
    """What computed vessels say of a divided liver.

    Parameters
    ----------
    named
        Branches that could be named, in the order of `VesselName`.
    ways
        Where vessels of a segment run through others, in the order of trees and segments.
    seen_ml_by_segment
        Vessels of each tree in each segment, as far as a way to its root is seen; what is little
        says little.
    """

    named: tuple[NamedVessel, ...]
    ways: tuple[VesselWay, ...]
    seen_ml_by_segment: Mapping[VesselTree, Mapping[CouinaudSegment, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoosePiece:
    """A place in a piece of a tree that no vessel is seen to join to its root.

    ``confidence`` is that it is of this tree, from 0 to 1.
    """

    place_mm: Place
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselRoots:
    """Where the trees of a vessel map begin: what the map alone does not say.

    Parameters
    ----------
    portal_mm, hepatic_mm
        Places in RAS mm at the roots, one for each part of a root.
    cava_mm
        Middle of the vena cava in RAS mm and its radius, upwards; empty where it is not known.
    loose
        Pieces of both trees without a seen way to their root.
    """

    portal_mm: tuple[Place, ...]
    hepatic_mm: tuple[Place, ...]
    cava_mm: tuple[tuple[float, float, float, float], ...] = ()
    loose: tuple[LoosePiece, ...] = ()
