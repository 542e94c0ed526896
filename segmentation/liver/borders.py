"""Borders of the liver: each slice's cross-section is outlined anew by a network shown a box.

The liver network works on 3 mm. A second network sees whole slices at a finer scale; it is shown
the boxes of the first one's cross-sections with some slack (4 mm, as measured on scans of other
hospitals). Neither is right wherever they differ. The border is taken half-way between the two,
which on the scans that were tried was nearer to the reference than either, moved by a few
millimetres at most, and on slices alone where the second network does not doubt its outline and
that is like the first one's. Where the two differ over the whole liver one of them went astray: the
second one is followed if it is sure of itself, and otherwise the first one's border stays.

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
from segmentation.boxes.promptable import SlicePrompter
from segmentation.liver.agreement import (
    LookedSlice,
    agreement,
    expected_of_all,
    overlap_of_all,
)
from segmentation.liver.ends import continued_liver
from segmentation.liver.slices import LiverLook
from segmentation.liver.strangers import strangers_finding
from segmentation.liver.tissue import LiverTissue
from segmentation.overlap import dice
from segmentation.signed_distance import signed_distance_mm

Mask = NDArray[np.bool_]
Distances = NDArray[np.float32]

LOOKED_EVERY_MM: Final = 6.0
"""Slices that are looked at lie no further apart; all are where they lie further apart anyway."""
REACH_MM: Final = 15.0
"""How far outside of the first one's liver an outline is looked at."""
DOUBTED_BELOW_IOU: Final = 0.85
SURE_FROM_IOU: Final = 0.9
ALIKE_FROM_DICE: Final = 0.85
ASTRAY_BELOW_DICE: Final = 0.92
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
    seen, voxels = view.seen(liver), view.seen(image.voxels)
    reach = margin_voxels(prompter.grid, REACH_MM)
    across = bounding_box(seen, what="the liver", margin=(reach[0], reach[1], 0))
    box = (across[0], across[1], slice(0, prompter.grid.shape[2]))
    look, first = LiverLook(prompter, box, box_geometry(prompter.grid, box)), np.array(seen[box])
    ends = continued_liver(look, first, voxels[box], LiverTissue.of(voxels[seen]))
    chosen = chosen_slices(ends.mask, look.grid.spacing_mm[2])
    prompter.encode(chosen, progress=progress)
    looked = tuple(_looked(look, ends.mask, chosen, progress))
    refined = np.array(seen)
    refined[box] = _moved(ends.mask, looked, look.grid)
    back = np.array(view.back(refined), order="F")
    strangers = strangers_finding(look, first, _within(chosen, across[2]), voxels[box])
    return RefinedLiver(back, (agreement(looked, look.grid), ends.finding, strangers))


def _within(slices: Sequence[int], part: slice) -> list[int]:
    """Return the slices that lie in a stretch."""
    return [k for k in slices if part.start <= k < part.stop]


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


@dataclass(frozen=True, slots=True)
class Trust:
    """How far the second network is followed.

    Parameters
    ----------
    share
        Its share in the border: 0.5 is half-way between the two, 0 leaves the first one's.
    least_same
        Dice of both cross-sections, below which a slice stays as it was.
    reach_mm
        How far apart the two borders count at most.
    """

    share: float
    least_same: float
    reach_mm: float


HALF_WAY: Final = Trust(share=0.5, least_same=ALIKE_FROM_DICE, reach_mm=9.0)
FOLLOWED: Final = Trust(share=1.0, least_same=0.0, reach_mm=REACH_MM)
IGNORED: Final = Trust(share=0.0, least_same=0.0, reach_mm=0.0)


def trust(same: float, expected_iou: float) -> Trust:
    """Return how far the second network is followed on a scan.

    Parameters
    ----------
    same
        Dice of the two networks' livers.
    expected_iou
        How well the second one expects its outlines to overlap with the truth, on average.

    Examples
    --------
    >>> trust(0.96, 0.93).share, trust(0.88, 0.93).share, trust(0.88, 0.82).share
    (0.5, 1.0, 0.0)
    """
    if same >= ASTRAY_BELOW_DICE:
        return HALF_WAY
    return FOLLOWED if expected_iou >= SURE_FROM_IOU else IGNORED


def _moved(first: Mask, looked: Sequence[LookedSlice], grid: Geometry) -> Mask:
    """Return the first network's liver with its border moved by what the second one saw."""
    given = trust(overlap_of_all(looked), expected_of_all(looked))
    moves = {one.index: _move(one, grid, given) for one in looked}
    refined, steps_mm = first.copy(), grid.spacing_mm[:2]
    for low, high in pairwise(sorted(moves)):
        for k in range(low + 1, high):
            share = np.float32((k - low) / (high - low))
            move = (1 - share) * moves[low] + share * moves[high]
            refined[:, :, k] = signed_distance_mm(first[:, :, k], steps_mm) + move > 0
    for one in looked:
        refined[:, :, one.index] = signed_distance_mm(one.first, steps_mm) + moves[one.index] > 0
    return refined


def _move(looked: LookedSlice, grid: Geometry, given: Trust) -> Distances:
    """Return by how much the border is moved outwards, in mm, everywhere on a slice."""
    doubted = looked.expected_iou < DOUBTED_BELOW_IOU
    if doubted or dice(looked.first, looked.second) < given.least_same:
        return np.zeros(looked.first.shape, dtype=np.float32)
    steps_mm = grid.spacing_mm[:2]
    apart = signed_distance_mm(looked.second, steps_mm) - signed_distance_mm(looked.first, steps_mm)
    move: Distances = np.float32(given.share) * np.clip(apart, -given.reach_mm, given.reach_mm)
    return move
