"""What removing segments would cut of vessels that were computed from the scan.

All of it is to be confirmed: no rule is judged on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from remnant.core.labels import CouinaudSegment
from remnant.core.vessels import VesselName, VesselTree

Shares = Mapping[CouinaudSegment, float | None]


class Flow(StrEnum):
    """What computed vessels say of the blood to, or from, all that would stay.

    ``LOST`` where a segment that stays loses half or more of what is seen of it,
    ``INTACT_AS_FAR_AS_SEEN`` where none does, ``NOT_SEEN`` where no segment that stays shows
    enough vessel: absence is not intactness.
    """

    LOST = "lost"
    INTACT_AS_FAR_AS_SEEN = "intact_as_far_as_seen"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class DividedVessel:
    """A named branch whose stem runs in what is removed, while some of what it serves stays.

    Parameters
    ----------
    name, tree
        Which branch.
    removed_mm
        Length of its stem in removed segments, away from their borders.
    """

    name: VesselName
    tree: VesselTree
    removed_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VesselCuts:
    """What the removal of segments would cut, by computed vessels.

    Parameters
    ----------
    divided
        Named branches, in the order of `VesselName`.
    along
        Other named branches that run in what is removed, but near one of its borders, and serve
        what stays: whether they are cut is up to the line of the cut.
    inflow_lost_shares, outflow_lost_shares
        Of each kept segment's portal and hepatic veins, as far as they are seen, the share whose
        way leads through the inside of removed segments; ``None`` where too little was seen.
    inflow, outflow
        What that says of all that stays.
    """

    divided: tuple[DividedVessel, ...]
    along: tuple[VesselName, ...]
    inflow_lost_shares: Shares
    outflow_lost_shares: Shares
    inflow: Flow
    outflow: Flow
