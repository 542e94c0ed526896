"""The divider that a command hands to the pipeline."""

from typing import TYPE_CHECKING

from remnant.pipeline.late_divider import LateDivider

if TYPE_CHECKING:
    from segmentation.port import SegmentDivider


def divider_for(device: str, *, estimate: bool) -> "SegmentDivider | None":
    """Return the divider, ``None`` where no estimate is wanted."""
    return LateDivider(device) if estimate else None
