"""Parts of a mask on one axial slice, boxes around them, and outlines connected with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box
from remnant.core.geometry import Geometry
from segmentation.boxes.promptable import SliceBox

Mask = NDArray[np.bool_]

NEIGHBOURS_8: Final = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class SlicePart:
    """Where the slices of a box of an image lie, whose masks have the box's shape.

    Parameters
    ----------
    box
        Part of an image's RAS+ grid.
    grid
        Grid of the box.
    """

    box: Box
    grid: Geometry

    def parts(self, section: Mask, *, least_mm2: float) -> Iterator[Mask]:
        """Yield the 8-connected parts of a slice that are at least so large."""
        if not section.any():
            return
        labels, _ = ndimage.label(section, NEIGHBOURS_8)
        for label, size in enumerate(np.bincount(labels.ravel())):
            if label and self.area_mm2(size) >= least_mm2:
                yield labels == label

    def area_mm2(self, voxels: int | np.integer) -> float:
        """Return the area of some voxels of a slice."""
        return float(voxels) * self.grid.spacing_mm[0] * self.grid.spacing_mm[1]

    def box_around(self, part: Mask, slack_mm: float) -> SliceBox:
        """Return the box around a part, with slack, in voxels of the whole slice."""
        i, j, _ = bounding_box(part[:, :, None], what="the part")
        slack_i, slack_j = (slack_mm / step for step in self.grid.spacing_mm[:2])
        start_i, start_j = self.box[0].start, self.box[1].start
        return SliceBox(
            start_i + i.start - slack_i,
            start_j + j.start - slack_j,
            start_i + i.stop - 1 + slack_i,
            start_j + j.stop - 1 + slack_j,
        )


def connected_with(part: Mask, outline: Mask) -> Mask:
    """Return what of an outline is connected with a part, without holes."""
    labels, _ = ndimage.label(outline)
    touched = np.unique(labels[part])
    filled: Mask = ndimage.binary_fill_holes(np.isin(labels, touched[touched > 0]))
    return filled
