"""Outlines of lesions that leave the liver: which of them may, and how far.

A tumour at the surface hangs out of the liver's mask: a liver network leaves out what is dark or
bulges. The network of boxes sees the whole of it, but of many lesions near the surface it outlines
a piece of the abdominal wall or the stomach too. So what it outlines beyond the liver counts only
if all of these hold:

- it expects a high overlap of its outline with the truth, higher than inside the liver;
- the outline is as round as metastases are, and does not grow any more when its box grows;
- most voxels outside have values as voxels inside have;
- at least a third lies where the first networks see liver or lesion, and nothing farther than
  ``REACH_MM`` from the liver: what the liver merely touches, as the gallbladder, does not pass.

An outline that does not pass is cut near the liver, as that of any other lesion.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from edt import edt
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

from segmentation.boxes.promptable import SlicePrompter
from segmentation.boxes.slice_parts import SlicePart, connected_with

Mask = NDArray[np.bool_]

REACH_MM: Final = 30.0
"""How far from the liver an outline may reach."""
SURE_FROM_IOU: Final = 0.85
LEAST_ROUND: Final = 0.9
"""Share of its convex hull that an outline fills."""
LEAST_INSIDE: Final = 1 / 3
LEAST_OUTSIDE_MM2: Final = 25.0
"""Beyond what is allowed of any outline; less is cut without looking."""
LARGEST_GROWTH: Final = 1.1
MOST_LOOKS: Final = 4
LEAST_ALIKE: Final = 0.8
RANGE_PERCENTILES: Final = (2.0, 98.0)


@dataclass(frozen=True, eq=False)
class OutsideLook:
    """Looks at outlines that leave the liver.

    Parameters
    ----------
    prompter
        Outlines what boxes on the image's slices hold.
    place
        Part of the prompter's grid; masks have its shape.
    voxels
        The image there.
    liver
        The liver there.
    slack_mm
        Of the boxes.
    """

    prompter: SlicePrompter
    place: SlicePart
    voxels: NDArray[Any]
    liver: Mask
    slack_mm: float

    @cached_property
    def _reach(self) -> Mask:
        """Where voxels lie at most ``REACH_MM`` from the liver."""
        steps = self.place.grid.spacing_mm
        reach: Mask = edt(np.ascontiguousarray(~self.liver), anisotropy=steps) <= REACH_MM
        return reach

    def whole(self, k: int, part: Mask, outline: Mask, allowed: Mask) -> Mask | None:
        """Return an outline that leaves the liver; ``None`` where it does not or may not.

        Parameters
        ----------
        k
            Slice of the box.
        part
            What the outline was asked for.
        outline
            What came, connected with the part.
        allowed
            Where any outline may go.
        """
        if self.place.area_mm2(np.count_nonzero(outline & ~allowed)) < LEAST_OUTSIDE_MM2:
            return None
        settled = self._settled(k, part, outline)
        seen = part | self.liver[:, :, k]
        if settled is None or not self._belongs(k, settled, seen, allowed):
            return None
        return settled

    def goes_on(self, k: int, step: int, before: Mask, beyond: Mask) -> bool:
        """Tell whether what lies beyond is like the piece of the slice before, ``k - step``.

        It is not where it is nothing, or farther than ``REACH_MM`` from the liver.
        """
        if not beyond.any() or (beyond & ~self._reach[:, :, k]).any():
            return False
        return _alike(self.voxels[:, :, k - step][before], self.voxels[:, :, k][beyond])

    def _settled(self, k: int, part: Mask, outline: Mask) -> Mask | None:
        """Return the outline that no longer grows with its box; ``None`` if it always does."""
        i, j, start = self.place.box[0], self.place.box[1], self.place.box[2].start
        for _ in range(MOST_LOOKS):
            box = self.place.box_around(outline, self.slack_mm)
            (found,) = self.prompter.outlines(start + k, [box])
            wider = connected_with(part, found.logits[i, j] > 0)
            if found.predicted_iou < SURE_FROM_IOU or not wider.any():
                return None
            if np.count_nonzero(wider) <= LARGEST_GROWTH * np.count_nonzero(outline):
                return wider
            outline = wider
        return None

    def _belongs(self, k: int, outline: Mask, seen: Mask, allowed: Mask) -> bool:
        outside = outline & ~allowed
        size = np.count_nonzero(outline)
        if np.count_nonzero(outline & allowed) < LEAST_INSIDE * size:
            return False
        if (outside & ~self._reach[:, :, k]).any():
            return False
        if size < LEAST_ROUND * np.count_nonzero(convex_hull_image(outline)):
            return False
        values = self.voxels[:, :, k]
        # a voxel at the border is half of what lies behind it
        return _alike(values[outline & seen], values[outside & ndimage.binary_erosion(outline)])


def _alike(within: NDArray[Any], without: NDArray[Any]) -> bool:
    """Tell whether most voxels of one place lie in the range of those of another."""
    if not within.size or not without.size:
        return False
    low, high = np.percentile(within, RANGE_PERCENTILES)
    return bool(((low <= without) & (without <= high)).mean() >= LEAST_ALIKE)
