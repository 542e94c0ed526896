"""Outlines that leave the liver, by a prompter that knows the answer."""

from dataclasses import dataclass

import numpy as np
import pytest

from remnant.core.boxes import box_geometry
from remnant.core.geometry import Geometry
from remnant.testing.fake_prompter import SURE
from segmentation.boxes.promptable import SliceOutline
from segmentation.boxes.slice_parts import SlicePart
from segmentation.lesions.outside import (
    LEAST_INSIDE,
    LEAST_OUTSIDE_MM2,
    MOST_LOOKS,
    REACH_MM,
    SURE_FROM_IOU,
    OutsideLook,
)

SHAPE = (80, 80, 3)
GRID = Geometry(SHAPE, np.diag([1.0, 1.0, 5.0, 1.0]))
WHOLE = tuple(slice(0, n) for n in SHAPE)
LIVER_ENDS = 40
LESION_HU, FAT_HU, NOISE_HU = 50, -90, 8.0


def disc(radius, i, j=40):
    x, y = np.ogrid[: SHAPE[0], : SHAPE[1]]
    return (x - i) ** 2 + (y - j) ** 2 <= radius**2


LIVER = np.zeros(SHAPE, bool)
LIVER[:LIVER_ENDS] = True


@dataclass
class Known:
    """Outlines what it is told: one mask after the other, the last one for ever."""

    masks: list
    expected_iou: float = SURE
    grid: Geometry = GRID
    asked: int = 0

    def encode(self, slices, *, progress=None):
        raise NotImplementedError

    def outlines(self, slice_index, boxes):
        mask = self.masks[min(self.asked, len(self.masks) - 1)]
        self.asked += len(boxes)
        logits = np.where(mask, 1.0, -1.0).astype(np.float32)
        return tuple(SliceOutline(logits, self.expected_iou) for _ in boxes)


def scan(lesion, elsewhere=FAT_HU):
    grain = np.random.default_rng(2).normal(scale=NOISE_HU, size=SHAPE)
    where = lesion[:, :, None] if lesion.ndim == 2 else lesion
    return grain + np.where(where, LESION_HU, elsewhere)


def look(prompter, voxels):
    place = SlicePart(WHOLE, box_geometry(GRID, WHOLE))
    return OutsideLook(prompter, place, voxels, LIVER, 10.0)


def asked(lesion, *, voxels=None, masks=None, expected_iou=SURE):
    prompter = Known([lesion] if masks is None else masks, expected_iou)
    part = disc(4, 34)
    found = look(prompter, scan(lesion) if voxels is None else voxels).whole(
        1, part, lesion, LIVER[:, :, 1]
    )
    return found, prompter


def test_a_round_outline_of_the_same_tissue_leaves_the_liver():
    lesion = disc(12, 40)
    found, _ = asked(lesion)
    assert np.array_equal(found, lesion)


def test_nothing_is_asked_where_no_more_than_a_border_leaves_it():
    lesion = disc(4, 37)
    outside = np.count_nonzero(lesion & ~LIVER[:, :, 1])
    assert 0 < outside < LEAST_OUTSIDE_MM2
    found, prompter = asked(lesion)
    assert found is None
    assert prompter.asked == 0


@pytest.mark.parametrize(
    ("expected_iou", "leaves"), [(SURE_FROM_IOU, True), (SURE_FROM_IOU - 0.01, False)]
)
def test_the_network_must_be_sure(expected_iou, leaves):
    found, _ = asked(disc(12, 40), expected_iou=expected_iou)
    assert (found is not None) == leaves


def test_what_the_liver_merely_touches_stays_outside():
    """A gallbladder: round, sure, of one tissue, with a few voxels in the liver."""
    for middle, leaves in ((42, True), (46, False)):
        lesion = disc(12, middle) | disc(4, 34)
        share = np.count_nonzero(lesion & LIVER[:, :, 1]) / np.count_nonzero(lesion)
        assert (share >= LEAST_INSIDE) == leaves
        found, _ = asked(lesion)
        assert (found is not None) == leaves


def test_another_tissue_stays_outside():
    lesion = disc(12, 40)
    for behind, leaves in ((LESION_HU, True), (LESION_HU + 4 * NOISE_HU, False)):
        voxels = scan(lesion)
        voxels[LIVER_ENDS:] += behind - LESION_HU
        found, _ = asked(lesion, voxels=voxels)
        assert (found is not None) == leaves


def test_an_outline_that_runs_along_the_wall_stays_outside():
    lesion = disc(12, 40)
    lesion[44:50, 5:75] = True
    found, _ = asked(lesion)
    assert found is None


def test_the_outline_that_no_longer_grows_is_taken():
    discs = [disc(12, 40), disc(14, 40), disc(14, 40)]
    found, prompter = asked(disc(10, 40), masks=discs, voxels=scan(disc(14, 40)))
    assert np.array_equal(found, discs[-1])
    assert prompter.asked == len(discs)


def test_an_outline_that_grows_with_every_box_is_not_taken():
    discs = [disc(10 + 2 * n, 40) for n in range(1, 9)]
    found, prompter = asked(disc(10, 40), masks=discs, voxels=scan(discs[-1]))
    assert found is None
    assert prompter.asked == MOST_LOOKS


def test_nothing_is_taken_farther_from_the_liver_than_the_reach():
    far = LIVER_ENDS - 1 + int(REACH_MM)
    for last, leaves in ((far, True), (far + 2, False)):
        lesion = disc(31, last - 31)
        found, _ = asked(lesion)
        assert (found is not None) == leaves


def test_a_lesion_goes_on_beyond_the_liver_where_the_next_slice_is_alike():
    lesion = disc(12, 40)
    beyond = lesion & ~LIVER[:, :, 2]
    alike = look(Known([lesion]), scan(lesion))
    assert alike.goes_on(2, 1, lesion, beyond)
    assert not alike.goes_on(2, 1, lesion, np.zeros_like(lesion))
    ends = scan(np.stack([lesion, lesion, np.zeros_like(lesion)], axis=-1))
    assert not look(Known([lesion]), ends).goes_on(2, 1, lesion, beyond)
