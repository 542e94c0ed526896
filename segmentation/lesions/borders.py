"""Borders of lesions: each slice's part is outlined anew by a network that is shown a box.

The lesion network marks the core of many metastases and leaves out rim, halo and calcification. A
second network sees whole slices at a finer scale. Each 2-D part of the core is given to it as a box
with some slack; its outline replaces the part where it keeps three quarters of it and the network
itself expects it to be good: of small parts with little contrast it outlines the box, of others the
dark centre without the halo.

The slack was chosen on three scans of other hospitals and is frozen: 4, 6 and 10 mm gave a Dice of
0.72, 0.76 and 0.80 on one and 0.91 on another; beyond 12 mm the latter falls. One box for all of a
lesion, a picture zoomed to the liver, and gates on contrast all did worse. What the network must
keep and expect was chosen on planted metastases, see ``docs/explanation/segmentation.md``.

The second network's pixels are coarse, and it thinks in cells of four. Of what is three cells
across, a pixel more all around is over a third of the area, and the outlines of small things lie so
far out. An outline less than these fourteen pixels across is not taken: there the part stays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box, bounding_box, box_geometry, margin_voxels
from remnant.core.geometry import Geometry
from remnant.core.progress import Progress, silent
from remnant.core.volumes import ImageVolume
from segmentation.axial import AxialView
from segmentation.boxes.pictures import PictureFrame
from segmentation.boxes.promptable import SlicePrompter
from segmentation.boxes.slice_parts import SlicePart, connected_with
from segmentation.lesions.outside import LARGEST_GROWTH, REACH_MM, OutsideLook
from segmentation.signed_distance import signed_distance_mm

Mask = NDArray[np.bool_]

BOX_SLACK_MM: Final = 10.0
LEAST_EXPECTED_IOU: Final = 0.75
"""Overlap with the truth that the network itself must expect of an outline."""
END_SLACK_MM: Final = 3.0
LARGEST_END: Final = 1.0
"""Times the outline of the slice before that one beyond the core may be: lesions taper."""
LEAST_GOING_ON: Final = 0.5
"""In the next slice, of a piece that leaves the liver; where less does, it is followed."""
LEAST_SHARED_FRACTION: Final = 0.5
LEAST_PART_MM2: Final = 12.0
LEAST_KEPT_FRACTION: Final = 0.75
LEAST_RESOLVED_PIXELS: Final = 14.0
BEYOND_LIVER_MM: Final = 2.0
THINNEST_ALL_MM: Final = 2.0
"""Slices at least so thick are all looked at; of thinner ones every second may lie between two."""
STAGE: Final = "refining lesions"


def refined_lesions(
    image: ImageVolume,
    core: Mask,
    liver: Mask,
    prompter: SlicePrompter,
    *,
    with_ends: bool = True,
    progress: Progress = silent,
) -> Mask:
    """Return lesions with refined outlines.

    Parameters
    ----------
    image
        The scan.
    core
        What the lesion network marked, on the scan's grid.
    liver
        The liver; outlines may leave it by ``BEYOND_LIVER_MM``, some farther: see
        `segmentation.lesions.outside`.
    prompter
        Outlines what boxes on the image's slices hold.
    with_ends
        Whether outlines are followed beyond the core's first and last slices.
    progress
        Told of every slice.

    Returns
    -------
    ndarray
        Mask of the same shape. Parts of fewer than ``LEAST_PART_MM2`` are left as they are.
    """
    if not core.any():
        return core.copy(order="K")
    view = AxialView(image.geometry)
    seen = view.seen(core)
    box = _working_box(seen, prompter.grid)
    place = SlicePart(box, box_geometry(prompter.grid, box))
    inside, voxels = view.seen(liver)[box], view.seen(image.voxels)[box]
    outside = OutsideLook(prompter, place, voxels, inside, BOX_SLACK_MM)
    allowed = _near(inside, place.grid) | seen[box]
    refined = np.array(seen)
    look = _Look(prompter, place, outside)
    refined[box] = look.refined(seen[box], allowed, progress)
    if with_ends:
        look.follow_ends(refined[box], allowed)
    return np.ascontiguousarray(view.back(refined))


def _working_box(core: Mask, grid: Geometry) -> Box:
    """Return the box that holds every outline that may come: whole slices are looked at anyway."""
    margin = margin_voxels(grid, BOX_SLACK_MM + REACH_MM)
    return bounding_box(core, what="the lesions", margin=margin)


def _near(liver: Mask, grid: Geometry) -> Mask:
    """Return the liver and what lies so near to it that a lesion's border may."""
    from edt import edt

    if liver.all():
        return liver
    distance_mm = edt(np.ascontiguousarray(~liver), anisotropy=grid.spacing_mm)
    near: Mask = distance_mm <= BEYOND_LIVER_MM
    return near


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """Looks at the slices of a box of an image."""

    prompter: SlicePrompter
    place: SlicePart
    outside: OutsideLook

    @property
    def box(self) -> Box:
        return self.place.box

    @property
    def grid(self) -> Geometry:
        return self.place.grid

    def _parts(self, section: Mask) -> Iterator[Mask]:
        """Yield the parts of a slice that are large enough to be outlined."""
        return self.place.parts(section, least_mm2=LEAST_PART_MM2)

    def refined(self, core: Mask, allowed: Mask, progress: Progress) -> Mask:
        """Return the box's lesions with refined outlines."""
        parts = {k: tuple(self._parts(core[:, :, k])) for k in range(core.shape[2])}
        looked = self._looked_at(parts)
        refined = np.array(core)
        progress(STAGE, 0, len(looked))
        self.prompter.encode([self.box[2].start + k for k in looked], progress=progress)
        for done, k in enumerate(looked, start=1):
            outlined = self._outlined(k, parts[k], allowed[:, :, k])
            refined[:, :, k] |= _union(outlined, core.shape[:2])
            refined[:, :, k] &= ~_given_up(parts[k], outlined, core.shape[:2])
            progress(STAGE, done, len(looked))
        between = sorted(k for k, there in parts.items() if there and k not in looked)
        for k in between:
            refined[:, :, k] = self._between(refined, k, parts[k], core[:, :, k], allowed[:, :, k])
        return refined

    def follow_ends(self, refined: Mask, allowed: Mask) -> None:
        """Follow outlines beyond the slices that they end in, upwards and downwards, in place."""
        for step in (-1, 1):
            ends = [
                (k, piece)
                for k in range(refined.shape[2])
                for piece in self._parts(refined[:, :, k])
                if _ends(piece, _slice(refined, k + step), allowed[:, :, k])
            ]
            for k, piece in ends:
                self._follow(k, piece, step, refined, allowed)

    def _follow(self, k: int, piece: Mask, step: int, refined: Mask, allowed: Mask) -> None:
        """Outline a piece in the next slices, as far as a ball of its width would reach."""
        reach_mm = self._width_mm(piece) / 2
        steps = int(reach_mm / self.grid.spacing_mm[2])
        for further in range(k + step, k + step * (steps + 1), step):
            if not 0 <= further < refined.shape[2]:
                return
            found = self._next(further, step, piece, allowed[:, :, further])
            if found is None:
                return
            refined[:, :, further] |= found
            piece = found

    def _next(self, k: int, step: int, before: Mask, allowed: Mask) -> Mask | None:
        """Return a piece in the next slice; ``None`` where it is doubted, lost or grew."""
        i, j, start = self.box[0], self.box[1], self.box[2].start
        (found,) = self.prompter.outlines(start + k, [self.place.box_around(before, END_SLACK_MM)])
        outline, most_growth = found.logits[i, j] > 0, LARGEST_END
        if self.outside.goes_on(k, step, before, outline & before & ~allowed):
            allowed = allowed | before
            most_growth = LARGEST_GROWTH
        piece = connected_with(before, outline & allowed)
        shared, area = (np.count_nonzero(mask) for mask in (piece & before, piece))
        smaller = min(area, np.count_nonzero(before))
        tapers = area <= most_growth * np.count_nonzero(before)
        small = self.place.area_mm2(area) < LEAST_PART_MM2
        lost = shared < LEAST_SHARED_FRACTION * smaller
        if found.predicted_iou < LEAST_EXPECTED_IOU or small or lost or not tapers:
            return None
        return piece

    def _width_mm(self, piece: Mask) -> float:
        """Return the diameter of the circle that is as large as a piece."""
        area_mm2 = self.place.area_mm2(np.count_nonzero(piece))
        return 2.0 * float(np.sqrt(area_mm2 / np.pi))

    def _looked_at(self, parts: dict[int, tuple[Mask, ...]]) -> list[int]:
        """Return the slices that are looked at; the others' parts lie between those of two."""
        dense = self.grid.spacing_mm[2] >= THINNEST_ALL_MM
        return [
            k
            for k, there in parts.items()
            if there and (dense or k % 2 == 0 or not _lie_between(parts, k))
        ]

    def _outlined(self, k: int, parts: Sequence[Mask], allowed: Mask) -> list[Mask]:
        """Return the outline of each part of a slice; the part itself where it is not kept."""
        if not parts:
            return []
        i, j, start = self.box[0], self.box[1], self.box[2].start
        found = self.prompter.outlines(
            start + k, [self.place.box_around(part, BOX_SLACK_MM) for part in parts]
        )
        return [
            self._taken(k, part, one.logits[i, j] > 0, allowed)
            if one.predicted_iou >= LEAST_EXPECTED_IOU
            else part
            for part, one in zip(parts, found, strict=True)
        ]

    def _taken(self, k: int, part: Mask, outline: Mask, allowed: Mask) -> Mask:
        """Return what of an outline is taken for a part: the part itself where nothing is."""
        whole = self.outside.whole(k, part, connected_with(part, outline), allowed)
        near = outline & allowed if whole is None else whole
        return self._resolved(part, _accepted(part, near))

    def _resolved(self, part: Mask, outline: Mask) -> Mask:
        """Return an outline, the part where that is too small."""
        across_pixels = self._width_mm(outline) / self._pixel_mm
        return outline if across_pixels >= LEAST_RESOLVED_PIXELS else part

    @property
    def _pixel_mm(self) -> float:
        """Width of the pixels that the network sees."""
        return PictureFrame.of(self.prompter.grid).pixel_mm(self.prompter.grid)

    def _between(
        self, refined: Mask, k: int, parts: Sequence[Mask], core: Mask, allowed: Mask
    ) -> Mask:
        """Return a slice whose outlines lie half-way between those of its neighbours."""
        steps = self.grid.spacing_mm[:2]
        below, above = refined[:, :, k - 1], refined[:, :, k + 1]
        middle = half_way(below, above, steps) & (allowed | (below & above))
        outlined = [_accepted(part, middle) for part in parts]
        kept = core & ~_given_up(parts, outlined, core.shape)
        return kept | _union(outlined, core.shape)


def _lie_between(parts: dict[int, tuple[Mask, ...]], k: int) -> bool:
    """Tell whether all parts of a slice overlap with parts of both neighbours."""
    below, above = (parts.get(k + step, ()) for step in (-1, 1))
    return all(
        any((part & other).any() for other in others)
        for part in parts[k]
        for others in (below, above)
    )


def _ends(piece: Mask, following: Mask, allowed: Mask) -> bool:
    """Tell whether a piece is to be followed: nothing of it goes on in the next slice.

    Of one that leaves the liver little: there the core, which does not, is no measure.
    """
    going_on = int(np.count_nonzero(piece & following))
    if (piece & ~allowed).any():
        return going_on < LEAST_GOING_ON * int(np.count_nonzero(piece))
    return going_on == 0


def _accepted(part: Mask, outline: Mask) -> Mask:
    """Return what of an outline is connected with a part, without holes; the part if it is lost."""
    filled = connected_with(part, outline)
    kept = np.count_nonzero(filled & part)
    return filled if kept > LEAST_KEPT_FRACTION * np.count_nonzero(part) else part


def _slice(mask: Mask, k: int) -> Mask:
    """Return a slice, nothing beyond the ends."""
    inside = 0 <= k < mask.shape[2]
    return mask[:, :, k] if inside else np.zeros(mask.shape[:2], dtype=bool)


def half_way(first: Mask, second: Mask, steps_mm: Sequence[float]) -> Mask:
    """Return the outline half-way between two: where their signed distances sum to over 0.

    Examples
    --------
    Between squares of 3 and 7 pixels around the same middle lies one of 5:

    >>> small, large = np.zeros((2, 11, 11), dtype=bool)
    >>> small[4:7, 4:7] = large[2:9, 2:9] = True
    >>> int(half_way(small, large, (1.0, 1.0)).sum())
    25
    """
    middle: Mask = signed_distance_mm(first, steps_mm) + signed_distance_mm(second, steps_mm) > 0
    return middle


def _union(masks: Iterable[Mask], shape: tuple[int, ...]) -> Mask:
    union = np.zeros(shape, dtype=bool)
    for mask in masks:
        union |= mask
    return union


def _given_up(parts: Iterable[Mask], outlined: Iterable[Mask], shape: tuple[int, ...]) -> Mask:
    """Return voxels of parts that no outline holds any more."""
    outlined = list(outlined)
    return _union(parts, shape) & ~_union(outlined, shape)
