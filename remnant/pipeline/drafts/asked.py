"""What a person asks of a draft: one step of it."""

from dataclasses import dataclass
from enum import StrEnum

from remnant.core.drawn_boxes import ReaderBox
from remnant.core.geometry import Vector3
from remnant.core.lesions import Confirmation
from remnant.core.uncertainty import SegmentPlane
from segmentation.edits.growing import REACH_MM
from segmentation.edits.strokes import SlicePlane, Stroke


class Target(StrEnum):
    """What is painted or erased."""

    LESION = "lesion"
    LIVER = "liver"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """Paint a lesion, ``None`` for a new one, or the liver."""

    stroke: Stroke
    target: Target = Target.LESION
    lesion: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Erase from a lesion, ``None`` for any that lies there, or from the liver."""

    stroke: Stroke
    target: Target = Target.LESION
    lesion: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grow:
    """Grow a lesion, ``None`` for a new one, from a point to its border in the scan."""

    seed_mm: Vector3
    lesion: int | None = None
    reach_mm: float = REACH_MM


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineBox:
    """Outline a lesion in a box by a network, as `remnant.pipeline.correct.corrected` does."""

    box: ReaderBox


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitByLine:
    """Part a lesion by a line on a slice."""

    lesion: int
    line_mm: tuple[Vector3, Vector3]
    plane: SlicePlane = SlicePlane.AXIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitBySeeds:
    """Part a lesion by a point in each part; the first one's part keeps the number."""

    lesion: int
    seeds_mm: tuple[Vector3, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Make some lesions one, which keeps the smallest number."""

    lesions: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Remove a lesion from the map; its number is not given again."""

    lesion: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Confirm or reject lesions, or take either back (``None``)."""

    word: Confirmation | None
    lesions: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlane:
    """Move a plane between segments so that it runs through points."""

    plane: SegmentPlane
    points_mm: tuple[Vector3, ...]


Asked = (
    Paint
    | Erase
    | Grow
    | OutlineBox
    | SplitByLine
    | SplitBySeeds
    | Merge
    | Delete
    | Say
    | MovePlane
)
