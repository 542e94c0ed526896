"""What is done in one operation."""

from collections.abc import Collection
from dataclasses import dataclass

from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment

CORE_SHARE_MINIMUM = 0.01
"""A lesion lies in a segment when at least this share of it does: this project's rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is done in one operation.

    Parameters
    ----------
    segments
        Couinaud segments removed, in order; may be empty.
    wedges
        Ids of lesions excised with a margin, ascending; also those that lie partly in removed
        segments, for which the transection is extended.
    ablations
        Ids of lesions ablated with a margin, ascending.
    """

    segments: tuple[CouinaudSegment, ...] = ()
    wedges: tuple[int, ...] = ()
    ablations: tuple[int, ...] = ()


def require_segments(removed: Collection[int]) -> None:
    """Raise an `InputError` for what is not a segment."""
    foreign = sorted(set(removed) - set(CouinaudSegment))
    if foreign:
        raise InputError(f"removed segments {foreign} do not exist; allowed are 1 to 8")
