"""One rectangle followed through slices, on structures whose every slice is known."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.testing.fake_prompter import FakePrompter
from segmentation.boxes.outlining import LESION_RULES
from segmentation.boxes.promptable import SliceBox
from segmentation.boxes.propagation import Ending, FollowingRules, StartBox, follow

SHAPE = (30, 34, 25)
GRID = Geometry(SHAPE, np.diag([2.0, 2.5, 3.0, 1.0]))
RULES = FollowingRules(
    step_mm=3.0,
    slack_mm=3.0,
    beyond_mm=3.0,
    beyond_fraction=0.0,
    least_area_fraction=0.05,
    least_iou_fraction=0.8,
    least_overlap_fraction=0.4,
    most_growth=1.5,
    most_length=4.0,
    least_part_fraction=0.2,
)
INDICES = np.indices(SHAPE)
MIDDLE = 12


def ball(radius_mm, centre=(15, 17, MIDDLE)):
    squares = (
        (x - c) ** 2 * s**2 for x, c, s in zip(INDICES, centre, GRID.spacing_mm, strict=True)
    )
    return sum(squares) <= radius_mm**2


def column(i=slice(10, 18), j=slice(12, 19), k=slice(None)):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[i, j, k] = True
    return mask


def around(mask, index=MIDDLE):
    i, j = (np.flatnonzero(mask[:, :, index].any(axis=1 - axis)) for axis in (0, 1))
    return SliceBox(float(i[0]), float(j[0]), float(i[-1]), float(j[-1]))


def start(mask, *, index=MIDDLE, lowest=0, highest=SHAPE[2] - 1):
    return StartBox(
        slice_index=index,
        rectangle=around(mask, index),
        lowest=lowest,
        highest=highest,
        is_flat=(lowest, highest) == (0, SHAPE[2] - 1),
    )


def followed(mask, rules=RULES, *, sure=None, **where):
    return follow(FakePrompter(GRID, [mask], sure or {}), start(mask, **where), rules)


def test_follow__gives_a_ball_back_from_its_largest_rectangle():
    mask = ball(20.0)
    found = followed(mask, replace(RULES, least_area_fraction=0.0))

    assert np.array_equal(mask, found.mask)
    assert (Ending.LOST, Ending.LOST) == (found.below, found.above)


@pytest.mark.parametrize("shift", [-1.0, 0.5, 1.0])
def test_follow__a_rectangle_drawn_by_hand_gives_the_same(shift):
    mask = ball(20.0)
    drawn = start(mask)
    box = drawn.rectangle
    wider = SliceBox(box.i_low - 1 + shift, box.j_low - 1, box.i_high + 1 + shift, box.j_high + 1)
    rules = replace(RULES, least_area_fraction=0.0)
    found = follow(FakePrompter(GRID, [mask]), replace(drawn, rectangle=wider), rules)

    assert np.array_equal(mask, found.mask)


def test_follow__ends_with_the_scan_and_with_the_box():
    found = followed(column())
    assert (Ending.SCAN, Ending.SCAN) == (found.below, found.above)
    assert np.array_equal(column(), found.mask)

    bounded = followed(column(), lowest=9, highest=14)
    assert (Ending.RANGE, Ending.RANGE) == (bounded.below, bounded.above)
    assert np.array_equal(column(k=slice(9, 15)), bounded.mask)


def test_follow__is_no_longer_than_the_rectangle_is_wide_allows():
    found = followed(column(), replace(RULES, most_length=1.0))

    # the longer side is 7 voxels of 2.5 mm; slices are 3 mm apart
    assert (Ending.LENGTH, Ending.LENGTH) == (found.below, found.above)
    assert np.array_equal(column(k=slice(MIDDLE - 5, MIDDLE + 6)), found.mask)


def test_follow__ends_where_little_is_left():
    mask = ball(20.0)
    found = followed(mask, replace(RULES, least_area_fraction=0.5))
    areas = mask.sum(axis=(0, 1))

    assert (Ending.SHRUNK, Ending.SHRUNK) == (found.below, found.above)
    assert np.array_equal(areas >= 0.5 * areas[MIDDLE], found.mask.any(axis=(0, 1)))


def test_follow__ends_where_the_network_doubts_its_outline():
    found = followed(column(), sure={MIDDLE + 2: 0.6, MIDDLE - 3: 0.75})

    assert (Ending.SCAN, Ending.DOUBTED) == (found.below, found.above)
    assert np.array_equal(column(k=slice(0, MIDDLE + 2)), found.mask)


def test_follow__goes_to_the_ends_of_a_box_whatever_is_small_or_doubted():
    mask = ball(20.0)
    k = np.flatnonzero(mask.any(axis=(0, 1)))
    found = followed(
        mask,
        replace(RULES, least_area_fraction=0.5, most_length=0.1),
        sure={MIDDLE + 2: 0.1},
        lowest=int(k[0]),
        highest=int(k[-1]),
    )

    assert np.array_equal(mask, found.mask)
    assert (Ending.RANGE, Ending.RANGE) == (found.below, found.above)


def test_follow__ends_where_the_outline_runs_out():
    mask = column() | column(slice(9, 19), slice(11, 20), slice(15, None))
    found = followed(mask)

    assert Ending.GREW is found.above
    assert np.array_equal(column(k=slice(0, 15)), found.mask)


def test_follow__ends_where_the_outline_moves_elsewhere():
    mask = column(k=slice(0, 15)) | column(i=slice(15, 19), k=slice(15, None))
    found = followed(mask, replace(RULES, beyond_mm=20.0, least_overlap_fraction=0.8))

    assert Ending.LOST is found.above
    assert np.array_equal(column(k=slice(0, 15)), found.mask)


def test_follow__stays_in_the_rectangle_and_a_little_around_it():
    mask = column() | column(slice(10, 22), k=slice(14, None))
    found = followed(mask, replace(RULES, most_growth=3.0))

    # 3 mm beyond a rectangle that ends at voxel 17 of 2 mm
    assert np.array_equal(column() | column(slice(10, 19), k=slice(14, None)), found.mask)


def test_follow__leaves_slices_out_and_fills_them_from_their_neighbours():
    prompter = FakePrompter(GRID, [column()])
    found = follow(prompter, start(column()), replace(RULES, step_mm=9.5))

    assert np.array_equal(column(), found.mask)
    assert set(range(0, 25, 3)) == set(prompter.encoded)


def test_follow__what_it_fills_lies_between_its_neighbours():
    mask = ball(24.0)
    whole = replace(RULES, least_area_fraction=0.0)
    every, some = (followed(mask, replace(whole, step_mm=step)).mask for step in (3.0, 6.0))
    differs = np.count_nonzero(every ^ some)

    assert np.array_equal(every.any(axis=(0, 1)), some.any(axis=(0, 1)))
    assert 0 < differs < 0.1 * np.count_nonzero(every)


def test_follow__nothing_in_the_rectangle_is_nothing():
    beside = replace(start(column()), rectangle=SliceBox(1.0, 1.0, 4.0, 4.0))
    found = follow(FakePrompter(GRID, [column()]), beside, RULES)

    assert not found.mask.any()
    assert (None, None) == (found.below, found.above)


def test_follow__small_parts_beside_the_largest_are_left_out_and_holes_filled():
    mask = column()
    mask[13, 15, :] = False
    speck = mask.copy()
    speck[9, 10, :] = True
    found = followed(speck)

    assert np.array_equal(column(), found.mask)


def test_follow__tells_of_its_slices():
    told = []
    prompter = FakePrompter(GRID, [column()])
    follow(prompter, start(column()), RULES, progress=lambda *words: told.append(words))

    assert told
    assert all(done <= total for _, done, total in told)


def test_lesion_rules__keep_the_larger_part_of_a_ball():
    mask = ball(15.0)
    found = followed(mask, LESION_RULES).mask

    shared = np.count_nonzero(found & mask)
    assert 2 * shared / (np.count_nonzero(found) + np.count_nonzero(mask)) > 0.95
