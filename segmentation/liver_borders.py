"""Borders of the liver: each slice's cross-section is outlined anew by a network shown a box.

The liver network works on 3 mm. A second network sees whole slices at a finer scale; it is shown
the boxes of the first one's cross-sections with some slack (4 mm, as measured on scans of other
hospitals). Neither is right wherever they differ: where the second one doubts its own outline the
first stays, where it is sure and sees something else it is followed, and otherwise the border is
taken half-way, which on every scan that was tried was nearer to the reference than either.

Slices that are left out are moved as their neighbours were: the change of the signed distance to
the border is interpolated, not the border, so that what the first network saw there stays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box, box_geometry, margin_voxels
from remnant.core.errors import EmptyStructureError
from remnant.core.findings import Finding
from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from segmentation.axial import AxialView
from segmentation.liver_agreement import LookedSlice, agreement, overlap
from segmentation.promptable import SliceBox, SliceOutline, SlicePrompter

Mask = NDArray[np.bool_]
Distances = NDArray[np.float32]

BOX_SLACK_MM: Final = 4.0
LOOKED_EVERY_MM: Final = 6.0
"""Slices that are looked at lie no further apart; all are where they lie further apart anyway."""
LEAST_PART_MM2: Final = 100.0
"""Of a part of a cross-section; smaller ones stay as they are."""
LARGEST_CHANGE_MM: Final = 15.0
DOUBTED_BELOW_IOU: Final = 0.85
SURE_FROM_IOU: Final = 0.93
SAME_FROM_DICE: Final = 0.95
HALF_WAY: Final = 0.5
NEIGHBOURS_8: Final = np.ones((3, 3), dtype=bool)
STAGE: Final = "refining the liver"


@dataclass(frozen=True, slots=True, eq=False)
class RefinedLiver:
    """A liver with refined borders.

    Parameters
    ----------
    mask
        On the image's grid.
    findings
        How far the two networks agree.
    """

    mask: Mask
    findings: tuple[Finding, ...]


def refined_liver(
    liver: Mask, geometry: Geometry, prompter: SlicePrompter, *, progress: Progress = silent
) -> RefinedLiver:
    """Return a liver with refined borders.

    Parameters
    ----------
    liver
        The liver network's mask, shape ``geometry.shape``.
    geometry
        Its grid, that of the prompter's image.
    prompter
        Outlines what boxes on the image's slices hold.
    progress
        Told of every slice.

    Raises
    ------
    EmptyStructureError
        The mask has no voxel.
    """
    if not liver.any():
        raise EmptyStructureError("the liver has no voxels; a mask with at least one is needed")
    view = AxialView(geometry)
    seen = view.seen(liver)
    reach = margin_voxels(prompter.grid, LARGEST_CHANGE_MM)
    box = bounding_box(seen, what="the liver", margin=(reach[0], reach[1], 0))
    grid, first = box_geometry(prompter.grid, box), np.array(seen[box])
    looked = _Look(prompter, box, grid).looked(first, progress)
    refined = np.array(seen)
    refined[box] = _moved(first, looked, grid)
    back = np.array(view.back(refined), order="F")
    return RefinedLiver(back, (agreement(looked, grid),))


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """Looks at the slices of a box of an image."""

    prompter: SlicePrompter
    box: Box
    grid: Geometry

    def looked(self, first: Mask, progress: Progress) -> tuple[LookedSlice, ...]:
        """Return what both networks see on the slices that are looked at, from foot to head."""
        chosen = chosen_slices(first, self.grid.spacing_mm[2])
        start = self.box[2].start
        self.prompter.encode([start + k for k in chosen], progress=progress)
        progress(STAGE, 0, len(chosen))
        looked = []
        for done, k in enumerate(chosen, start=1):
            looked.append(self._slice(k, first[:, :, k]))
            progress(STAGE, done, len(chosen))
        return tuple(looked)

    def _slice(self, k: int, first: Mask) -> LookedSlice:
        parts = tuple(self._parts(first))
        boxes = [self._prompt(part) for part in parts]
        outlines = self.prompter.outlines(self.box[2].start + k, boxes) if boxes else ()
        second = first.copy()
        for part in parts:
            second &= ~part
        for part, outline in zip(parts, outlines, strict=True):
            second |= self._connected(part, outline)
        expected = min((outline.predicted_iou for outline in outlines), default=0.0)
        return LookedSlice(k, first, second, expected)

    def _parts(self, first: Mask) -> Iterator[Mask]:
        """Yield the parts of a cross-section that are large enough to be outlined."""
        labels, _ = ndimage.label(first, NEIGHBOURS_8)
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


def chosen_slices(liver: Mask, thickness_mm: float) -> list[int]:
    """Return the slices of a liver that are looked at: its first, its last, and some between.

    Examples
    --------
    Of 3 mm slices every second one:

    >>> chosen_slices(np.ones((2, 2, 6), dtype=bool), 3.0)
    [0, 2, 4, 5]
    """
    there = [int(k) for k in np.flatnonzero(liver.any(axis=(0, 1)))]
    # rounding: of slices of 1.9999 mm every third
    step = max(1, int(LOOKED_EVERY_MM / thickness_mm + 1e-3))
    return list(dict.fromkeys((*there[::step], there[-1])))


def _moved(first: Mask, looked: Sequence[LookedSlice], grid: Geometry) -> Mask:
    """Return the first network's liver with its border moved by what the second one saw."""
    moves = {one.index: _move(one, grid) for one in looked}
    refined = first.copy()
    for low, high in pairwise(sorted(moves)):
        for k in range(low + 1, high):
            share = np.float32((k - low) / (high - low))
            move = (1 - share) * moves[low] + share * moves[high]
            refined[:, :, k] = _signed_mm(first[:, :, k], grid) + move > 0
    for one in looked:
        refined[:, :, one.index] = _signed_mm(one.first, grid) + moves[one.index] > 0
    return refined


def _move(looked: LookedSlice, grid: Geometry) -> Distances:
    """Return by how much the border is moved outwards, in mm, everywhere on a slice."""
    weight = second_weight(looked.expected_iou, overlap(looked.first, looked.second))
    if weight == 0.0:
        return np.zeros(looked.first.shape, dtype=np.float32)
    apart = _signed_mm(looked.second, grid) - _signed_mm(looked.first, grid)
    move: Distances = weight * np.clip(apart, -LARGEST_CHANGE_MM, LARGEST_CHANGE_MM)
    return move


def second_weight(expected_iou: float, same: float) -> float:
    """Return the second network's share in a border: none, half or all of it.

    Parameters
    ----------
    expected_iou
        How well it expects its outline to overlap with the truth.
    same
        Dice of the two networks' outlines.

    Examples
    --------
    >>> second_weight(0.80, 0.97), second_weight(0.96, 0.97), second_weight(0.96, 0.88)
    (0.0, 0.5, 1.0)
    """
    if expected_iou < DOUBTED_BELOW_IOU:
        return 0.0
    return 1.0 if expected_iou >= SURE_FROM_IOU and same < SAME_FROM_DICE else HALF_WAY


def _signed_mm(mask: Mask, grid: Geometry) -> Distances:
    """Return the distance to a cross-section's border, positive inside; -inf-like if empty."""
    from edt import edt

    if not mask.any():
        return np.full(mask.shape, -LARGEST_CHANGE_MM, dtype=np.float32)
    steps = grid.spacing_mm[:2]
    half = np.float32(min(steps) / 2)
    inside = edt(np.ascontiguousarray(mask), anisotropy=steps)
    outside = edt(np.ascontiguousarray(~mask), anisotropy=steps)
    signed: Distances = np.where(mask, inside - half, half - outside)
    return signed
