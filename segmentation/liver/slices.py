"""Cross-sections of a liver as a network outlines them that is shown boxes around their parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box
from remnant.core.geometry import Geometry
from segmentation.boxes.promptable import SlicePrompter
from segmentation.boxes.slice_parts import SlicePart, connected_with

Mask = NDArray[np.bool_]

BOX_SLACK_MM: Final = 4.0
LEAST_PART_MM2: Final = 100.0
"""Of a part of a cross-section; smaller ones are not outlined."""


@dataclass(frozen=True, slots=True, eq=False)
class OutlinedPart:
    """A part of a cross-section, and the outline that is connected with it.

    ``expected_iou`` is how well the network expects the outline to overlap with the truth.
    """

    part: Mask
    outline: Mask
    expected_iou: float


@dataclass(frozen=True, slots=True, eq=False)
class LiverLook:
    """Looks at slices of a box of an image.

    Parameters
    ----------
    prompter
        Outlines what boxes on the image's slices hold.
    box
        Part of the prompter's grid, all its slices or some; masks have its shape.
    grid
        Grid of the box.
    """

    prompter: SlicePrompter
    box: Box
    grid: Geometry

    def outlined(self, k: int, section: Mask) -> tuple[OutlinedPart, ...]:
        """Return the outline of each part of a cross-section that is large enough for one.

        ``k`` is the slice's index in the box.
        """
        place = SlicePart(self.box, self.grid)
        parts = tuple(place.parts(section, least_mm2=LEAST_PART_MM2))
        if not parts:
            return ()
        boxes = [place.box_around(part, BOX_SLACK_MM) for part in parts]
        found = self.prompter.outlines(self.box[2].start + k, boxes)
        return tuple(
            OutlinedPart(
                part, connected_with(part, one.logits[self.box[:2]] > 0), one.predicted_iou
            )
            for part, one in zip(parts, found, strict=True)
        )


def joined_outline(parts: Sequence[OutlinedPart]) -> tuple[Mask, float]:
    """Return all outlines together and the least overlap that is expected of one.

    Parameters
    ----------
    parts
        Of one cross-section; where there are none, an outline of no voxel is expected to be wrong.
    """
    if not parts:
        return np.zeros((0, 0), dtype=bool), 0.0
    joined: Mask = np.logical_or.reduce([one.outline for one in parts])
    return joined, min(one.expected_iou for one in parts)
