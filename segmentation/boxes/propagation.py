"""From one rectangle on an axial slice to a structure in all its slices.

A promptable network outlines what lies in a reader's rectangle, and once more in the outline's own
box, so that little hangs on the reader's hand. The outline of a slice, widened by a little, is the
box of the next one, upwards and downwards, until the outline shrinks away, is doubted by the
network itself, loses touch with the one before, or becomes larger than the first: the reader drew
that on the slice where the structure is largest. A box in 3-D says itself where the structure ends:
there neither a small outline nor a doubted one ends it before. Where slices are thin some are left
out, and the outlines between are those of the signed distances between their neighbours'.

Everything lies in voxel indices of the image re-oriented to RAS+ axes: of a slice ``i`` rises to
the patient's right and ``j`` to the front, slices rise from foot to head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.progress import Progress, silent
from segmentation.boxes.promptable import SliceBox, SliceOutline, SlicePrompter
from segmentation.signed_distance import signed_distance_mm

Mask = NDArray[np.bool_]

STEP: Final = "following the outline"
IN_VOXELS: Final = (1.0, 1.0)
TOUCHING: Final = np.ones((3, 3), dtype=bool)


class Ending(StrEnum):
    """Why an outline was not followed further in one direction."""

    SCAN = "scan"
    """The scan ends there."""
    RANGE = "range"
    """The box that was drawn ends there."""
    LENGTH = "length"
    """It would be longer than what it is wide allows."""
    SHRUNK = "shrunk"
    """Of the outline on the first slice next to nothing is left."""
    DOUBTED = "doubted"
    """The network doubts its own outline."""
    LOST = "lost"
    """The outline lies elsewhere than the one on the slice before."""
    GREW = "grew"
    """The outline is clearly larger than the one on the first slice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowingRules:
    """How an outline is followed from slice to slice, and where that stops.

    Parameters
    ----------
    step_mm
        Slices are looked at no further apart than this, and none is left out where they are
        further apart themselves.
    slack_mm
        By how much the box of a slice is wider than the outline of the one before, on each side.
    beyond_mm, beyond_fraction
        By how much outlines may leave the reader's rectangle on each side: the larger of a length
        and a share of the rectangle's side.
    least_area_fraction
        Of the outline on the first slice.
    least_iou_fraction
        Of what the network thinks of its outline on the first slice.
    least_overlap_fraction
        Of the smaller of two neighbouring outlines, which the other one has to cover.
    most_growth
        How many times the outline on the first slice, which is the largest, an outline may be.
    most_length
        Length in each direction from the first slice, in sides of the rectangle (the longer one).
    least_part_fraction
        Of the largest part of the first outline: smaller parts beside it are left out.
    """

    step_mm: float
    slack_mm: float
    beyond_mm: float
    beyond_fraction: float
    least_area_fraction: float
    least_iou_fraction: float
    least_overlap_fraction: float
    most_growth: float
    most_length: float
    least_part_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBox:
    """A reader's box on an image's grid in RAS+ axes.

    Parameters
    ----------
    slice_index
        Slice that the rectangle lies on, where the structure is largest.
    rectangle
        The rectangle.
    lowest, highest
        Slices between which the structure lies, both included; the scan's ends where the box is
        flat.
    is_flat
        Whether it is a rectangle on one slice, which says nothing of how far the structure goes.
    """

    slice_index: int
    rectangle: SliceBox
    lowest: int
    highest: int
    is_flat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """A structure in all its slices.

    Parameters
    ----------
    mask
        On the prompter's grid; empty where nothing was outlined on the first slice.
    predicted_iou
        What the network thinks of its outline on the first slice.
    below, above
        Why it ends towards the feet and towards the head; ``None`` where nothing was outlined.
    """

    mask: Mask
    predicted_iou: float
    below: Ending | None = None
    above: Ending | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Outline:
    """What was outlined on one slice."""

    slice_index: int
    inside: Mask
    predicted_iou: float = 0.0

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.inside))


def follow(
    prompter: SlicePrompter,
    start: StartBox,
    rules: FollowingRules,
    *,
    progress: Progress = silent,
) -> Followed:
    """Outline what lies in a rectangle, and follow it up and down.

    Parameters
    ----------
    prompter
        Outlines what lies in boxes of one image.
    start
        The reader's box, on the prompter's grid.
    rules
        How it is followed.
    progress
        Told of slices; how many there will be is not known before.

    Returns
    -------
    Followed
        One piece on each slice, or several where the structure has them; without holes.
    """
    mask = np.zeros(prompter.grid.shape, dtype=bool)
    prompter.encode((start.slice_index,), progress=progress)
    (said,) = prompter.outlines(start.slice_index, (start.rectangle,))
    follower = _Follower(prompter, start, rules, progress)
    drawn = follower.first(said)
    if not drawn.area:
        return Followed(mask=mask, predicted_iou=said.predicted_iou)
    first = follower.settled(drawn)
    down, below = follower.followed(first, towards=-1)
    up, above = follower.followed(first, towards=1)
    outlines = (*reversed(down), first, *up)
    progress(STEP, len(outlines), len(outlines))
    for outline in (*outlines, *_between(outlines)):
        mask[:, :, outline.slice_index] = outline.inside
    return Followed(mask=mask, predicted_iou=first.predicted_iou, below=below, above=above)


@dataclass(frozen=True, slots=True, eq=False)
class _Follower:
    """Follows one outline; see `follow`."""

    prompter: SlicePrompter
    start: StartBox
    rules: FollowingRules
    progress: Progress

    def first(self, said: SliceOutline) -> _Outline:
        """Return the outline on the reader's slice, small parts beside the largest left out."""
        inside = (said.logits > 0) & self._allowed()
        parts, count = ndimage.label(inside, TOUCHING)
        areas = np.bincount(parts.ravel(), minlength=count + 1)
        areas[0] = 0
        kept = areas >= self.rules.least_part_fraction * areas.max(initial=0)
        kept[0] = False
        inside = ndimage.binary_fill_holes(kept[parts])
        return _Outline(self.start.slice_index, inside, said.predicted_iou)

    def settled(self, drawn: _Outline) -> _Outline:
        """Return the first outline as its own box gives it, whatever the reader's hand did.

        The one that was drawn, where its own box holds something else.
        """
        (said,) = self.prompter.outlines(drawn.slice_index, (self._box_around(drawn.inside),))
        again = self.first(said)
        shared = int(np.count_nonzero(again.inside & drawn.inside))
        least = self.rules.least_overlap_fraction * max(again.area, drawn.area)
        return again if shared > least else drawn

    def followed(self, first: _Outline, *, towards: int) -> tuple[list[_Outline], Ending]:
        """Return the outlines in one direction, from the first slice on, and why they end."""
        found: list[_Outline] = []
        last, ending = first, Ending.SCAN
        for stride in dict.fromkeys((self._stride, 1)):
            while True:
                further = self._next(last, first, stride * towards)
                if isinstance(further, Ending):
                    ending = further
                    break
                found.append(further)
                last = further
                self.progress(STEP, len(found), len(found) + 1)
        return found, ending

    def _next(self, last: _Outline, first: _Outline, stride: int) -> _Outline | Ending:
        index = last.slice_index + stride
        if (outside := self._outside(index)) is not None:
            return outside
        self.prompter.encode((index,))
        box = self._box_around(last.inside)
        (said,) = self.prompter.outlines(index, (box,))
        free = said.logits > 0
        inside = ndimage.binary_fill_holes(_touching(free & self._allowed(), last.inside))
        outline = _Outline(index, inside, said.predicted_iou)
        stop = self._stop(outline, last, first)
        if stop is not None:
            return stop
        doubted = said.predicted_iou < self.rules.least_iou_fraction * first.predicted_iou
        return Ending.DOUBTED if doubted and self.start.is_flat else outline

    def _outside(self, index: int) -> Ending | None:
        """Tell why a slice may not be looked at, ``None`` where it may."""
        grid, start = self.prompter.grid, self.start
        if not 0 <= index < grid.shape[2]:
            return Ending.SCAN
        if not start.lowest <= index <= start.highest:
            return Ending.RANGE
        if not start.is_flat:
            return None
        di, dj, dk = grid.spacing_mm
        rectangle = start.rectangle
        side_mm = max(
            (rectangle.i_high - rectangle.i_low + 1) * di,
            (rectangle.j_high - rectangle.j_low + 1) * dj,
        )
        length_mm = abs(index - start.slice_index) * dk
        return Ending.LENGTH if length_mm > self.rules.most_length * side_mm else None

    def _stop(self, outline: _Outline, last: _Outline, first: _Outline) -> Ending | None:
        """Tell why an outline is not one of the structure any more, ``None`` where it is."""
        rules = self.rules
        shared = int(np.count_nonzero(outline.inside & last.inside))
        if shared == 0 or shared < rules.least_overlap_fraction * min(outline.area, last.area):
            return Ending.LOST
        if self.start.is_flat and outline.area < rules.least_area_fraction * first.area:
            return Ending.SHRUNK
        if outline.area > rules.most_growth * first.area:
            return Ending.GREW
        return None

    @property
    def _stride(self) -> int:
        return max(1, int(self.rules.step_mm / self.prompter.grid.spacing_mm[2] + 1e-6))

    def _allowed(self) -> Mask:
        """Return where outlines may lie on any slice: the reader's rectangle and some around it."""
        rules, rectangle = self.rules, self.start.rectangle
        di, dj, _ = self.prompter.grid.spacing_mm
        beyond_i, beyond_j = (
            max(rules.beyond_mm / step, rules.beyond_fraction * side)
            for step, side in (
                (di, rectangle.i_high - rectangle.i_low + 1),
                (dj, rectangle.j_high - rectangle.j_low + 1),
            )
        )
        ni, nj, _ = self.prompter.grid.shape
        i, j = np.arange(ni)[:, None], np.arange(nj)[None, :]
        allowed: Mask = (
            (i >= rectangle.i_low - beyond_i)
            & (i <= rectangle.i_high + beyond_i)
            & (j >= rectangle.j_low - beyond_j)
            & (j <= rectangle.j_high + beyond_j)
        )
        return allowed

    def _box_around(self, inside: Mask) -> SliceBox:
        """Return the box of an outline, widened by the slack and cut at the image's edges."""
        di, dj, _ = self.prompter.grid.spacing_mm
        (i_low, i_high), (j_low, j_high) = (
            (float(hits[0]), float(hits[-1]))
            for hits in (np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0)))
        )
        slack_i, slack_j = self.rules.slack_mm / di, self.rules.slack_mm / dj
        ni, nj = inside.shape
        return SliceBox(
            max(0.0, i_low - slack_i),
            max(0.0, j_low - slack_j),
            min(ni - 1.0, i_high + slack_i),
            min(nj - 1.0, j_high + slack_j),
        )


def _touching(inside: Mask, before: Mask) -> Mask:
    """Return the parts of an outline that share a voxel with the one of the slice before."""
    parts, count = ndimage.label(inside, TOUCHING)
    met = np.zeros(count + 1, dtype=bool)
    met[np.unique(parts[before])] = True
    met[0] = False
    touching: Mask = met[parts]
    return touching


def _between(outlines: Sequence[_Outline]) -> Iterator[_Outline]:
    """Give the outlines of slices that were left out, by signed distances in voxels."""
    for low, high in pairwise(outlines):
        gap = high.slice_index - low.slice_index
        if gap == 1:
            continue
        near, far = (signed_distance_mm(one.inside, IN_VOXELS) for one in (low, high))
        for index in range(1, gap):
            share = index / gap
            yield _Outline(low.slice_index + index, (1 - share) * near + share * far > 0)
