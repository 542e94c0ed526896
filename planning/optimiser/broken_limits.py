"""Which limits a recipe breaks."""

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """Which limit a recipe breaks.

    ``SEGMENTS``: the locks keep some of the removed, or too few neighbours would stay.
    ``CUT_LESION``: the transection cuts a lesion that nothing else takes.
    """

    SEGMENTS = "segments"
    TREATED_TWICE = "treated_twice"
    CUT_LESION = "cut_lesion"
    ABLATION_IN_REMOVED = "ablation_in_removed"
    WEDGE_IN_REMOVED = "wedge_in_removed"
    WEDGE_NOT_ALLOWED = "wedge_not_allowed"
    ABLATION_NOT_ALLOWED = "ablation_not_allowed"
    TOO_MANY_WEDGES = "too_many_wedges"
    TOO_MANY_ZONES = "too_many_zones"


@dataclass(frozen=True, slots=True)
class Fault:
    """One limit that a recipe breaks; how many it has and how many are allowed where it counts."""

    kind: FaultKind
    got: int | None = None
    allowed: int | None = None
