"""Computed vessels made by hand, whose cuts are known."""

from collections.abc import Mapping

from remnant.core.labels import CouinaudSegment
from remnant.core.vessels import (
    ComputedVessels,
    NamedVessel,
    VesselName,
    VesselTree,
    VesselWay,
)

PORTAL, HEPATIC = VesselTree
ByName = Mapping[str, float]


def by_segment(values: ByName) -> dict[CouinaudSegment, float]:
    """Return values by segment from values by Roman numeral."""
    return {CouinaudSegment[name]: value for name, value in values.items()}


def stem(
    name: VesselName, stem_mm: ByName, shares: ByName, *, deep_mm: ByName | None = None
) -> NamedVessel:
    """Return a named branch whose stem runs and serves as told, away from borders if not told."""
    tree = HEPATIC if name.value.endswith("hepatic_vein") else PORTAL
    return NamedVessel(
        name=name,
        tree=tree,
        volume_ml=3.0,
        length_mm=sum(stem_mm.values()),
        diameter_mm=8.0,
        direction_ras=(0.0, 0.0, 1.0),
        confidence=0.8,
        stem_mm_by_segment=by_segment(stem_mm),
        deep_mm_by_segment=by_segment(stem_mm if deep_mm is None else deep_mm),
        share_by_segment=by_segment(shares),
    )


def way(tree: VesselTree, segment: str, through: str, share: float) -> VesselWay:
    """Return vessels of a segment that run through others, written as in ``"IV V"``."""
    return VesselWay(
        tree=tree,
        segment=CouinaudSegment[segment],
        through=tuple(CouinaudSegment[name] for name in through.split()),
        share=share,
    )


def computed(*parts: NamedVessel | VesselWay, unseen: str = "") -> ComputedVessels:
    """Return computed vessels with 1 mL of each tree in each segment but the unseen ones."""
    seen = {s: 0.1 if s.name in unseen.split() else 1.0 for s in CouinaudSegment}
    return ComputedVessels(
        named=tuple(one for one in parts if isinstance(one, NamedVessel)),
        ways=tuple(one for one in parts if isinstance(one, VesselWay)),
        seen_ml_by_segment=dict.fromkeys(VesselTree, seen),
    )


MIDDLE_IN_IV = computed(
    stem(VesselName.MIDDLE_HEPATIC_VEIN, {"IV": 40.0}, {"IV": 0.7, "V": 0.6, "VIII": 0.4}),
    way(HEPATIC, "V", "IV", 0.6),
    way(HEPATIC, "VIII", "IV", 0.4),
    stem(VesselName.LEFT_HEPATIC_VEIN, {"II": 30.0}, {"II": 0.9, "III": 0.9, "IV": 0.3}),
    stem(
        VesselName.LEFT_PORTAL_VEIN,
        {"IV": 30.0},
        {"II": 1.0, "III": 1.0, "IV": 0.9},
        deep_mm={"IV": 4.0},
    ),
    stem(VesselName.RIGHT_HEPATIC_VEIN, {"VII": 40.0, "VIII": 8.0}, {"VI": 0.9, "VII": 0.9}),
)
"""The middle hepatic vein runs in IV and drains V and VIII too; the left portal vein runs along the
border of IV."""
LEFT_FROM_RIGHT = computed(
    stem(
        VesselName.LEFT_PORTAL_VEIN,
        {"VIII": 25.0, "IV": 30.0},
        {"II": 0.9, "III": 0.9, "IV": 0.8},
    ),
    way(PORTAL, "II", "IV VIII", 0.9),
    way(PORTAL, "III", "IV VIII", 0.9),
    way(PORTAL, "IV", "VIII", 0.8),
    stem(VesselName.RIGHT_ANTERIOR_PORTAL_VEIN, {"VIII": 30.0}, {"V": 1.0, "VIII": 1.0}),
)
"""The left portal branch comes from the right anterior one, through VIII."""
