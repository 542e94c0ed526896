"""A prompter without a network, for tests of what asks it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from remnant.core.volumes import LabelMap
from segmentation.axial import AxialView
from segmentation.promptable import SliceBox, SliceOutline

EXPECTED_IOU = 0.9


@dataclass(slots=True, eq=False)
class FakePrompter:
    """Prompter that knows the answer: a box holds what of the known structures lies in it.

    Parameters
    ----------
    known
        Non-zero codes are what can be found.
    encoded
        The slices that it was asked to encode, in order.
    expected_iou
        What it says of every outline.
    """

    known: LabelMap
    encoded: list[int] = field(default_factory=list)
    expected_iou: float = EXPECTED_IOU

    @property
    def grid(self) -> Geometry:
        """See `segmentation.promptable.SlicePrompter`."""
        return AxialView(self.known.geometry).grid

    def encode(self, slices: Sequence[int], *, progress: Progress = silent) -> None:
        """Remember the slices that are not encoded yet."""
        new = [k for k in dict.fromkeys(slices) if k not in self.encoded]
        self.encoded.extend(new)
        progress("encoding slices", len(new), len(new))

    def outlines(self, slice_index: int, boxes: Sequence[SliceBox]) -> tuple[SliceOutline, ...]:
        """Return the known structures inside each box, the box's border included."""
        self.encode([slice_index])
        known = AxialView(self.known.geometry).seen(self.known.mask())[:, :, slice_index]
        i, j = np.ogrid[: known.shape[0], : known.shape[1]]
        found = []
        for box in boxes:
            across = (box.i_low <= i) & (i <= box.i_high)
            inside = known & across & (box.j_low <= j) & (j <= box.j_high)
            found.append(
                SliceOutline(np.where(inside, 4.0, -4.0).astype(np.float32), self.expected_iou)
            )
        return tuple(found)
