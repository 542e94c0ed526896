"""Borders of the liver by a prompter that knows the answer."""

import numpy as np
import pytest

from remnant.core.errors import EmptyStructureError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.reasons import Cause
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.testing.fake_prompter import CutPrompter
from segmentation.liver.agreement import AGREE_FROM_DICE, LookedSlice, agreement
from segmentation.liver.borders import (
    DOUBTED_BELOW_IOU,
    FOLLOWED,
    HALF_WAY,
    IGNORED,
    SURE_FROM_IOU,
    chosen_slices,
    refined_liver,
    trust,
)
from segmentation.liver.slices import BOX_SLACK_MM
from segmentation.liver.strangers import LEAST_STRANGER_ML

SHAPE = (70, 60, 13)
SURE, USUAL = SURE_FROM_IOU + 0.02, (DOUBTED_BELOW_IOU + SURE_FROM_IOU) / 2
DOUBTED = DOUBTED_BELOW_IOU - 0.01


def grid(slice_mm=6.0, frame=(1.0, 1.0)):
    return Geometry(SHAPE, np.diag([frame[0], frame[1], slice_mm, 1.0]))


def disc(radius, centre=(35, 30), slices=(3, 10)):
    """A cylinder of voxels about a point of the slices, from one slice up to before another."""
    i, j, k = np.indices(SHAPE)
    across = (i - centre[0]) ** 2 + (j - centre[1]) ** 2 <= radius**2
    return across & (k >= slices[0]) & (k < slices[1])


def scan(geometry, voxels=None):
    values = np.full(SHAPE, 60, dtype=np.int16) if voxels is None else voxels
    return ImageVolume(values, geometry, Modality.CT)


def refine(first, truth, *, expected, geometry=None):
    geometry = geometry or grid()
    known = LabelMap(truth.astype(np.uint8), geometry, BINARY_SCHEME)
    prompter = CutPrompter(known, expected_iou=expected)
    return refined_liver(scan(geometry), first, prompter), prompter


@pytest.mark.parametrize("frame", [(1.0, 1.0), (-1.0, 1.0)])
def test_refined__a_sure_network_that_sees_another_liver_is_followed(frame):
    truth = disc(24, (34, 31))
    found, prompter = refine(disc(19), truth, expected=SURE, geometry=grid(frame=frame))
    np.testing.assert_array_equal(seen_in_box(truth), found.mask)
    assert list(range(2, 11)) == sorted(prompter.encoded)


def seen_in_box(truth, first=None):
    """What of the truth lies in the box of the first liver, with slack."""
    i, j = np.nonzero((disc(19) if first is None else first).any(axis=2))
    inside = np.zeros_like(truth)
    slack = int(BOX_SLACK_MM)
    inside[i.min() - slack : i.max() + slack + 1, j.min() - slack : j.max() + slack + 1] = True
    return truth & inside


@pytest.mark.parametrize("expected", [SURE, USUAL])
def test_refined__two_that_agree_meet_half_way(expected):
    found, _ = refine(disc(24), disc(25.8), expected=expected)
    assert pytest.approx(np.count_nonzero(disc(24.9)), rel=0.02) == np.count_nonzero(found.mask)


def test_refined__a_network_that_doubts_changes_nothing():
    found, _ = refine(disc(20), disc(23), expected=DOUBTED)
    np.testing.assert_array_equal(disc(20), found.mask)


def test_refined__a_slice_on_which_they_do_not_agree_stays():
    first, truth = disc(26), disc(27.2)
    truth[:, :, 5] = disc(19)[:, :, 5]
    found, _ = refine(first, truth, expected=USUAL)
    np.testing.assert_array_equal(first[:, :, 5], found.mask[:, :, 5])
    assert np.count_nonzero(found.mask[:, :, 6]) > np.count_nonzero(first[:, :, 6])


def test_refined__two_that_differ_and_no_one_sure_change_nothing():
    found, _ = refine(disc(20), disc(14), expected=USUAL)
    np.testing.assert_array_equal(disc(20), found.mask)
    assert Verdict.NOT_MET is found.findings[0].verdict


def test_trust__needs_a_second_network_that_is_sure():
    assert FOLLOWED is trust(0.85, SURE)
    assert IGNORED is trust(0.85, USUAL)
    assert HALF_WAY is trust(0.95, SURE)


def test_refined__slices_between_move_as_their_neighbours_do():
    """Every third slice of 2 mm is looked at; the others keep the first network's own step."""
    first, truth = disc(20), disc(24)
    first[:, :, 4:6] = disc(17)[:, :, 4:6]
    found, prompter = refine(first, truth, expected=SURE, geometry=grid(2.0))
    assert [2, 3, 6, 9, 10] == sorted(prompter.encoded)
    between = np.count_nonzero(found.mask[:, :, 4])
    assert pytest.approx(np.count_nonzero(disc(21)[:, :, 4]), rel=0.03) == between


def test_refined__parts_have_boxes_of_their_own():
    """One box around both would hold what lies between them."""
    lobes = disc(9, (15, 30)) | disc(9, (55, 30))
    between = disc(4, (35, 30))
    found, _ = refine(lobes, lobes | between, expected=SURE)
    np.testing.assert_array_equal(lobes, found.mask)


def test_refined__small_parts_stay_and_holes_are_filled():
    first = disc(20) | disc(3, (66, 5))
    found, _ = refine(first, disc(20) & ~disc(5), expected=SURE)
    np.testing.assert_array_equal(first, found.mask)


def test_refined__nothing_changes_farther_than_it_may():
    found, _ = refine(disc(28), disc(6), expected=SURE)
    least = np.count_nonzero(disc(28 - FOLLOWED.reach_mm))
    assert pytest.approx(least, rel=0.05) == np.count_nonzero(found.mask)


@pytest.mark.parametrize(("beyond_hu", "slices"), [(60, (0, 13)), (-90, (3, 10))])
def test_refined__goes_on_where_the_first_network_cut_it_off(beyond_hu, slices):
    geometry = grid()
    voxels = np.random.default_rng(3).normal(60, 10, SHAPE)
    voxels[:, :, :3] += beyond_hu - 60
    voxels[:, :, 10:] += beyond_hu - 60
    known = LabelMap(disc(20, slices=(0, 13)).astype(np.uint8), geometry, BINARY_SCHEME)
    image = scan(geometry, np.rint(voxels).astype(np.int16))
    found = refined_liver(image, disc(20), CutPrompter(known))
    np.testing.assert_array_equal(disc(20, slices=slices), found.mask)
    ends = found.findings[1]
    added_ml = np.count_nonzero(found.mask & ~disc(20)) * geometry.voxel_volume_ml
    assert ("liver_ends_found", pytest.approx(added_ml)) == (ends.id, ends.value)
    assert Verdict.NOT_MET is ends.verdict
    told = Cause.LIVER_ENDS_WIDE if beyond_hu < 0 else Cause.LIVER_GOES_ON
    assert [(told, ("below",)), (told, ("above",))] == [(r.cause, r.names) for r in ends.reasons]


def test_refined__a_liver_that_tapers_or_is_cut_by_the_scan_has_its_ends():
    tip = disc(20) | disc(9, slices=(2, 11))
    for liver in (tip, disc(20, slices=(0, 13))):
        found, _ = refine(liver, liver, expected=SURE)
        assert (Verdict.MET, 0.0) == (found.findings[1].verdict, found.findings[1].value)


def test_refined__what_grows_beyond_an_end_is_another_organ():
    known = disc(20) | disc(26, slices=(10, 13))
    found, _ = refine(disc(20), known, expected=SURE)
    np.testing.assert_array_equal(disc(20), found.mask)


def test_refined__empty_liver():
    with pytest.raises(EmptyStructureError, match="the liver has no voxels"):
        refine(np.zeros(SHAPE, dtype=bool), disc(20), expected=SURE)


def test_refined__boxes_hold_the_first_liver_with_slack():
    asked = []

    class Listening(CutPrompter):
        def outlines(self, slice_index, boxes):
            asked.extend(boxes)
            return super().outlines(slice_index, boxes)

    geometry = grid()
    prompter = Listening(LabelMap(disc(20).astype(np.uint8), geometry, BINARY_SCHEME))
    refined_liver(scan(geometry), disc(20), prompter)
    expected = (
        35 - 20 - BOX_SLACK_MM,
        30 - 20 - BOX_SLACK_MM,
        55 + BOX_SLACK_MM,
        50 + BOX_SLACK_MM,
    )
    box = asked[0]
    assert expected == (box.i_low, box.j_low, box.i_high, box.j_high)


@pytest.mark.parametrize(
    ("thickness_mm", "expected"),
    [(7.5, [2, 3, 4, 5, 6, 7]), (3.0, [2, 4, 6, 7]), (2.0, [2, 5, 7]), (0.5, [2, 7])],
)
def test_chosen_slices__lie_no_further_apart_than_they_may(thickness_mm, expected):
    assert expected == chosen_slices(disc(9, slices=(2, 8)), thickness_mm)


def test_agreement__counts_what_each_sees_alone():
    first, second = disc(20)[:, :, 4], disc(15)[:, :, 4]
    looked = [LookedSlice(k, first, second, 0.9) for k in (4, 6, 8)]
    finding = agreement(looked, grid(2.0))
    alone, none, slices = finding.reasons[1].amounts
    ring = np.count_nonzero(first & ~second)
    assert pytest.approx(ring * 2.0 * 5 / 1000) == alone
    assert (0.0, 3) == (none, slices)
    assert finding.verdict is Verdict.NOT_MET
    assert finding.value < AGREE_FROM_DICE
    same = agreement([LookedSlice(4, first, first, 0.9)], grid())
    assert (Verdict.MET, 1.0) == (same.verdict, same.value)


KIDNEY = disc(12, (15, 30), slices=(0, 6))


@pytest.mark.parametrize(
    ("kidney_hu", "verdict"), [(30, Verdict.NOT_MET), (61, Verdict.MET), (190, Verdict.NOT_MET)]
)
def test_strangers__a_part_that_is_not_reached_and_looks_unlike(kidney_hu, verdict):
    geometry = grid(12.0)
    liver = disc(14, (48, 30), slices=(0, 13))
    voxels = np.random.default_rng(3).normal(60, 10, SHAPE)
    voxels[KIDNEY] += kidney_hu - 60
    known = LabelMap((liver | KIDNEY).astype(np.uint8), geometry, BINARY_SCHEME)
    image = scan(geometry, np.rint(voxels).astype(np.int16))
    refined = refined_liver(image, liver | KIDNEY, CutPrompter(known))
    finding = refined.findings[2]
    assert ("liver_without_other_organs", verdict) == (finding.id, finding.verdict)
    if verdict is Verdict.NOT_MET:
        kidney_ml = np.count_nonzero(KIDNEY) * geometry.voxel_volume_ml
        assert pytest.approx(kidney_ml, rel=0.05) == finding.value
        assert ("left",) == finding.reasons[0].names
        assert kidney_ml > LEAST_STRANGER_ML


def test_strangers__a_tumour_that_the_outline_reaches_is_none():
    geometry = grid(12.0)
    liver = disc(20)
    voxels = np.random.default_rng(3).normal(60, 10, SHAPE)
    voxels[disc(10, (28, 30))] -= 40
    known = LabelMap(liver.astype(np.uint8), geometry, BINARY_SCHEME)
    image = scan(geometry, np.rint(voxels).astype(np.int16))
    finding = refined_liver(image, liver, CutPrompter(known)).findings[2]
    assert (Verdict.MET, 0.0) == (finding.verdict, finding.value)
