"""Cross-sections of a liver as a network outlines them that is shown boxes around their parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box
from remnant.core.geometry import Geometry
from segmentation.promptable import SliceBox, SliceOutline, SlicePrompter

Mask = NDArray[np.bool_]

BOX_SLACK_MM: Final = 4.0
LEAST_PART_MM2: Final = 100.0
"""Of a part of a cross-section; smaller ones are not outlined."""
NEIGHBOURS_8: Final = np.ones((3, 3), dtype=bool)


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
        parts = tuple(self._parts(section))
        if not parts:
            return ()
        boxes = [self._prompt(part) for part in parts]
        found = self.prompter.outlines(self.box[2].start + k, boxes)
        return tuple(
            OutlinedPart(part, self._connected(part, outline), outline.predicted_iou)
            for part, outline in zip(parts, found, strict=True)
        )

    def _parts(self, section: Mask) -> Iterator[Mask]:
        labels, _ = ndimage.label(section, NEIGHBOURS_8)
        pixel_mm2 = self.grid.spacing_mm[0] * self.grid.spacing_mm[1]
        for label, size in enumerate(np.bincount(labels.ravel())):
            if label and size * pixel_mm2 >= LEAST_PART_MM2:
                yield labels == label

    def _prompt(self, part: Mask) -> SliceBox:
        """Return the box around a part, with slack, in voxels of the whole slice."""
        i, j, _ = bounding_box(part[:, :, None], what="the part")
        slack_i, slack_j = (BOX_SLACK_MM / step for step in self.grid.spacing_mm[:2])
        start_i, start_j = self.box[0].start, self.box[1].start
        return SliceBox(
            start_i + i.start - slack_i,
            start_j + j.start - slack_j,
            start_i + i.stop - 1 + slack_i,
            start_j + j.stop - 1 + slack_j,
        )

    def _connected(self, part: Mask, outline: SliceOutline) -> Mask:
        """Return what of an outline is connected with a part, without holes."""
        labels, _ = ndimage.label(outline.logits[self.box[:2]] > 0)
        touched = np.unique(labels[part])
        filled: Mask = ndimage.binary_fill_holes(np.isin(labels, touched[touched > 0]))
        return filled


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
