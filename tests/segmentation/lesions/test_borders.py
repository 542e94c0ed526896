"""Borders of lesions by a prompter that knows the answer."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.testing.fake_prompter import CutPrompter
from segmentation.boxes.pictures import CROPPED_PIXEL_MM
from segmentation.lesions import borders as lesion_borders
from segmentation.lesions.borders import (
    BEYOND_LIVER_MM,
    BOX_SLACK_MM,
    LEAST_EXPECTED_IOU,
    LEAST_PART_MM2,
    LEAST_RESOLVED_PIXELS,
    half_way,
    refined_lesions,
)
from segmentation.lesions.outside import SURE_FROM_IOU

SHAPE = (60, 60, 24)
RAS, LPS = np.eye(4), np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def as_fine_as_the_scan(monkeypatch):
    """A second network whose outlines count however small they are."""
    monkeypatch.setattr(lesion_borders, "LEAST_RESOLVED_PIXELS", 0.0)


EXACT = pytest.mark.usefixtures("as_fine_as_the_scan")


def grid(slice_mm=1.0, frame=RAS):
    return Geometry(SHAPE, frame @ np.diag([1.0, 1.0, slice_mm, 1.0]))


def ball(radius_mm, centre_mm, geometry):
    """Return the voxels of a ball around a point of the middle of the grid, in mm of its axes."""
    points = geometry.ras_from_index(np.moveaxis(np.indices(SHAPE), 0, -1))
    middle = geometry.ras_from_index((np.array(SHAPE) - 1) / 2)
    return np.linalg.norm(points - middle - np.array(centre_mm), axis=-1) <= radius_mm


def everywhere():
    liver = np.zeros(SHAPE, dtype=bool)
    liver[2:-2, 2:-2] = True
    return liver


def refine(core, truth, geometry, liver=None, *, with_ends=True, values=None):
    prompter = CutPrompter(LabelMap(truth.astype(np.uint8), geometry, BINARY_SCHEME))
    liver = everywhere() if liver is None else liver
    values = np.zeros(SHAPE, np.int16) if values is None else values
    image = ImageVolume(values, geometry, Modality.CT)
    return refined_lesions(image, core, liver, prompter, with_ends=with_ends), prompter


@EXACT
@pytest.mark.parametrize("frame", [RAS, LPS], ids=["RAS", "LPS"])
def test_a_core_becomes_the_whole_lesion_in_each_of_its_slices(frame):
    geometry = grid(2.5, frame)
    core, truth = ball(6.0, (3, -4, 0), geometry), ball(11.0, (3, -4, 0), geometry)
    found, prompter = refine(core, truth, geometry, with_ends=False)
    slices = np.flatnonzero(core.any(axis=(0, 1)))
    assert np.array_equal(found[:, :, slices], truth[:, :, slices])
    assert not np.delete(found, slices, axis=2).any()
    assert sorted(prompter.encoded) == slices.tolist()


@EXACT
def test_of_thin_slices_every_second_one_lies_between_its_neighbours():
    geometry = grid(1.0)
    core, truth = ball(8.0, (0, 0, 0), geometry), ball(11.0, (0, 0, 0), geometry)
    found, prompter = refine(core, truth, geometry, with_ends=False)
    slices = np.flatnonzero(core.any(axis=(0, 1)))
    assert len(prompter.encoded) < 0.7 * slices.size
    cut = truth[:, :, slices]
    dice = 2 * np.count_nonzero(found & truth) / (found.sum() + cut.sum())
    # cut off at the core's ends, where only the last slices are not round in both directions
    assert dice > 0.98


@EXACT
def test_a_lesion_in_one_thin_slice_is_looked_at():
    geometry = grid(1.0)
    for k in (11, 12):
        core, truth = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
        core[28:33, 28:33, k] = truth[25:36, 25:36, k] = True
        found, prompter = refine(core, truth, geometry)
        assert prompter.encoded[0] == k
        assert np.array_equal(found, truth)


def half_outside(radius_mm=11.0):
    """Return a liver, a ball whose centre lies on its last voxels, and what of it is marked."""
    geometry, liver = grid(2.5), everywhere()
    liver[40:] = False
    truth = ball(radius_mm, (10, 0, 0), geometry)
    return geometry, liver, truth, truth & liver & ball(radius_mm - 4, (8, 0, 0), geometry)


def noise(truth, *, inside, outside):
    """Return an image of some noise in which a mask is told from the rest."""
    grain = np.random.default_rng(1).normal(scale=8.0, size=SHAPE)
    return np.rint(grain + np.where(truth, inside, outside)).astype(np.int16)


@EXACT
def test_what_looks_like_the_lesion_may_leave_the_liver():
    geometry, liver, truth, core = half_outside()
    found, _ = refine(core, truth, geometry, liver, values=noise(truth, inside=50, outside=-90))
    slices = np.flatnonzero(core.any(axis=(0, 1)))
    assert np.array_equal(found[:, :, slices], truth[:, :, slices])


@EXACT
def test_outlines_end_near_the_liver_where_what_follows_looks_unlike():
    geometry, liver, truth, core = half_outside()
    values = noise(truth & liver, inside=50, outside=80)
    found, _ = refine(core, truth, geometry, liver, values=values)
    farthest = np.flatnonzero(found.any(axis=(1, 2))).max()
    assert 40 - 1 < farthest <= 39 + BEYOND_LIVER_MM


@EXACT
@pytest.mark.parametrize("shape", ["long", "doubted"])
def test_outlines_end_near_the_liver_where_they_are_long_or_doubted(shape):
    geometry, liver, truth, core = half_outside()
    expected = SURE_FROM_IOU - 0.01 if shape == "doubted" else 0.9
    if shape == "long":
        truth[36:58, 28:31] |= truth[:, 29:30].any(axis=(0, 1))
    prompter = CutPrompter(
        LabelMap(truth.astype(np.uint8), geometry, BINARY_SCHEME), expected_iou=expected
    )
    image = ImageVolume(noise(truth, inside=50, outside=-90), geometry, Modality.CT)
    found = refined_lesions(image, core, liver, prompter)
    assert np.flatnonzero(found.any(axis=(1, 2))).max() <= 39 + BEYOND_LIVER_MM


def test_a_part_that_its_outline_would_lose_stays_as_it_is():
    geometry = grid(2.5)
    core = ball(6.0, (0, 0, 0), geometry)
    found, _ = refine(core, ball(4.0, (0, 0, 0), geometry), geometry)
    slices = np.flatnonzero(core.any(axis=(0, 1)))
    middle = slices[len(slices) // 2]
    assert np.array_equal(found[:, :, middle], core[:, :, middle])


@EXACT
def test_an_outline_that_holds_most_of_a_part_may_be_smaller():
    geometry = grid(2.5)
    core, truth = ball(9.0, (0, 0, 0), geometry), ball(8.3, (0, 0, 0), geometry)
    found, _ = refine(core, truth, geometry)
    k = SHAPE[2] // 2
    assert np.array_equal(found[:, :, k], truth[:, :, k])


@EXACT
def test_what_is_not_connected_with_the_part_is_left_out_and_holes_are_filled():
    geometry = grid(2.5)
    k = 10
    core, truth = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    core[28:33, 28:33, k] = True
    truth[25:36, 25:36, k] = True
    truth[30, 30, k] = False
    truth[25:36, 37:39, k] = True
    found, _ = refine(core, truth, geometry)
    expected = np.zeros(SHAPE, bool)
    expected[25:36, 25:36, k] = True
    assert np.array_equal(found, expected)


def test_specks_and_empty_maps_ask_nothing():
    geometry = grid(2.5)
    core = np.zeros(SHAPE, bool)
    core[28:31, 28:31, 4] = True
    assert core.sum() < LEAST_PART_MM2
    found, prompter = refine(core, everywhere(), geometry)
    assert np.array_equal(found, core)
    found, _ = refine(np.zeros(SHAPE, bool), everywhere(), geometry)
    assert not found.any()
    assert prompter.encoded == []


@EXACT
def test_boxes_have_slack_and_may_reach_beyond_the_image():
    geometry = grid(2.5)
    core, truth = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    core[2:8, 28:34, 5] = True
    truth[0:40, 10:50, 5] = True
    found, _ = refine(core, truth, geometry)
    there = np.argwhere(found[:, :, 5])
    slack = int(BOX_SLACK_MM)
    assert there[:, 0].max() == 7 + slack
    assert there[:, 1].min() == 28 - slack
    assert there[:, 0].min() == 0


@EXACT
def test_an_outline_that_the_network_itself_doubts_is_not_taken():
    geometry = grid(2.5)
    core, truth = ball(6.0, (0, 0, 0), geometry), ball(9.0, (0, 0, 0), geometry)
    for expected, taken in ((LEAST_EXPECTED_IOU - 0.01, core), (LEAST_EXPECTED_IOU, truth)):
        known = LabelMap(truth.astype(np.uint8), geometry, BINARY_SCHEME)
        prompter = CutPrompter(known, expected_iou=expected)
        image = ImageVolume(np.zeros(SHAPE, np.int16), geometry, Modality.CT)
        found = refined_lesions(image, core, everywhere(), prompter)
        k = SHAPE[2] // 2
        assert np.array_equal(found[:, :, k], taken[:, :, k])


def test_half_way_between_one_and_nothing_is_nothing():
    there = np.ones((5, 5), bool)
    assert not half_way(there, np.zeros((5, 5), bool), (1.0, 1.0)).any()


@EXACT
def test_outlines_are_followed_beyond_the_core_while_they_taper():
    geometry = grid(2.5)
    truth = ball(11.0, (0, 0, 0), geometry)
    core = truth & ball(6.0, (0, 0, 0), geometry)
    found, prompter = refine(core, truth, geometry)
    assert np.array_equal(found, truth)
    alone, _ = refine(core, truth, geometry, with_ends=False)
    slices = np.flatnonzero(core.any(axis=(0, 1)))
    assert not np.delete(alone, slices, axis=2).any()
    assert set(slices) < set(prompter.encoded)


@EXACT
def test_outlines_are_not_followed_where_they_grow_or_farther_than_a_ball_reaches():
    geometry = grid(2.5)
    core, truth = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    core[28:34, 28:34, 10] = truth[26:36, 26:36, 10] = True
    truth[25:37, 25:37, 11:] = truth[26:36, 26:36, :10] = True
    found, _ = refine(core, truth, geometry)
    # 10 voxels across: a circle as large reaches 5.6 mm, two slices
    assert np.flatnonzero(found.any(axis=(0, 1))).tolist() == [8, 9, 10]


def square(across, k):
    """Return a square around the same middle on one slice."""
    mask = np.zeros(SHAPE, bool)
    mask[30 - across // 2 : 30 + across - across // 2, 30 - across // 2 : 30 + across // 2, k] = (
        True
    )
    return mask


def test_a_part_that_the_network_cannot_resolve_stays_as_it_is():
    geometry, k = grid(2.5), 10
    least_mm = LEAST_RESOLVED_PIXELS * CROPPED_PIXEL_MM
    # a square as large as a circle of the least width
    edge = int(np.sqrt(np.pi) / 2 * least_mm)
    for across, taken in ((edge - 2, False), (edge + 2, True)):
        core = square(8, k)
        found, _ = refine(core, square(across, k), geometry)
        expected = square(across, k) if taken else core
        assert np.array_equal(found[:, :, k], expected[:, :, k])
