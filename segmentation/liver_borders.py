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

from remnant.core.boxes import bounding_box, box_geometry, margin_voxels
from remnant.core.errors import EmptyStructureError
from remnant.core.findings import Finding
from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from remnant.core.volumes import ImageVolume
from segmentation.axial import AxialView
from segmentation.liver_agreement import LookedSlice, agreement, overlap
from segmentation.liver_slices import LiverLook
from segmentation.liver_strangers import strangers_finding
from segmentation.promptable import SlicePrompter

Mask = NDArray[np.bool_]
Distances = NDArray[np.float32]

LOOKED_EVERY_MM: Final = 6.0
"""Slices that are looked at lie no further apart; all are where they lie further apart anyway."""
LARGEST_CHANGE_MM: Final = 15.0
DOUBTED_BELOW_IOU: Final = 0.85
SURE_FROM_IOU: Final = 0.93
SAME_FROM_DICE: Final = 0.95
HALF_WAY: Final = 0.5
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
    image: ImageVolume, liver: Mask, prompter: SlicePrompter, *, progress: Progress = silent
) -> RefinedLiver:
    """Return a liver with refined borders.

    Parameters
    ----------
    image
        The scan.
    liver
        The liver network's mask, on the same grid.
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
    view = AxialView(image.geometry)
    seen = view.seen(liver)
    reach = margin_voxels(prompter.grid, LARGEST_CHANGE_MM)
    box = bounding_box(seen, what="the liver", margin=(reach[0], reach[1], 0))
    look, first = LiverLook(prompter, box, box_geometry(prompter.grid, box)), np.array(seen[box])
    chosen = chosen_slices(first, look.grid.spacing_mm[2])
    prompter.encode([box[2].start + k for k in chosen], progress=progress)
    looked = tuple(_looked(look, first, chosen, progress))
    refined = np.array(seen)
    refined[box] = _moved(first, looked, look.grid)
    back = np.array(view.back(refined), order="F")
    strangers = strangers_finding(look, first, chosen, view.seen(image.voxels)[box])
    return RefinedLiver(back, (agreement(looked, look.grid), strangers))


def _looked(
    look: LiverLook, first: Mask, chosen: Sequence[int], progress: Progress
) -> Iterator[LookedSlice]:
    """Yield what both networks see on the slices that are looked at."""
    progress(STAGE, 0, len(chosen))
    for done, k in enumerate(chosen, start=1):
        second, outlined = first[:, :, k].copy(), look.outlined(k, first[:, :, k])
        for one in outlined:
            second &= ~one.part
        for one in outlined:
            second |= one.outline
        expected = min((one.expected_iou for one in outlined), default=0.0)
        yield LookedSlice(k, first[:, :, k], second, expected)
        progress(STAGE, done, len(chosen))


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
