"""Lesions found, missed and false: one-to-one matching held against a search of all ways."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.agreement import Outcome, SizeClass
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from volumetry.agreement.of_lesions import (
    components,
    detection_by_size,
    detection_score,
    match_lesions,
)

SHAPE = (20, 9, 7)
GRID = Geometry(SHAPE, np.diag([2.0, 1.0, 3.0, 1.0]))


def row(*runs):
    """Lesions along the first axis: (number, first, end)."""
    codes = np.zeros(SHAPE, dtype=np.uint8)
    for number, first, end in runs:
        codes[first:end, 2, 3] = number
    return codes


def matched(prediction, truth, match_iou=0.5, geometry=GRID):
    return match_lesions(prediction, truth, geometry, match_iou=match_iou)


def outcomes(matches):
    return [(m.outcome.name, m.truth_id, m.prediction_id) for m in matches]


def counts(matches):
    score = detection_score(matches)
    return score.true_positives, score.false_negatives, score.false_positives


def test_match__found_missed_and_false_by_hand():
    truth = row((1, 0, 4), (2, 8, 10))
    prediction = row((1, 14, 17), (2, 1, 4))
    found, missed, false = matched(prediction, truth)

    assert (Outcome.TRUE_POSITIVE, 1, 2, 3 / 4) == (
        found.outcome, found.truth_id, found.prediction_id, found.iou,
    )  # fmt: skip
    assert found.truth_ml == pytest.approx(4 * 6 / 1000)
    assert found.prediction_ml == pytest.approx(3 * 6 / 1000)
    assert (Outcome.FALSE_NEGATIVE, 2, None, None) == (
        missed.outcome, missed.truth_id, missed.prediction_id, missed.iou,
    )  # fmt: skip
    assert missed.prediction_ml is None
    assert (Outcome.FALSE_POSITIVE, None, 1, None) == (
        false.outcome, false.truth_id, false.prediction_id, false.iou,
    )  # fmt: skip
    assert false.truth_ml is None
    # axial slices lie at one index of the third axis: 4 voxels of 2 mm by one of 1 mm
    assert found.diameter_mm == pytest.approx(np.hypot(8, 1))
    assert false.diameter_mm == pytest.approx(np.hypot(6, 1))


def test_threshold__is_inclusive():
    truth, prediction = row((1, 0, 4)), row((1, 2, 4))

    assert (1, 0, 0) == counts(matched(prediction, truth, 0.5))
    assert (0, 1, 1) == counts(matched(prediction, truth, 0.5000001))


def test_threshold__zero_still_needs_a_common_voxel():
    assert (0, 1, 1) == counts(matched(row((1, 5, 9)), row((1, 0, 4)), 0.0))
    assert (1, 0, 0) == counts(matched(row((1, 3, 16)), row((1, 0, 4)), 0.0))


def test_one_to_one__a_lesion_over_two_finds_one_of_them():
    truth = row((1, 0, 4), (2, 5, 10))
    assert [("TRUE_POSITIVE", 2, 1), ("FALSE_NEGATIVE", 1, None)] == sorted(
        outcomes(matched(row((1, 0, 10)), truth, 0.1)), key=str, reverse=True
    )


def test_one_to_one__more_pairs_go_before_a_better_one():
    """The second lesion overlaps both predictions; greedy by IoU would leave the first alone."""
    truth = row((1, 0, 3), (2, 3, 9))
    prediction = row((1, 2, 8), (2, 8, 9))
    pairs = [("TRUE_POSITIVE", 1, 1), ("TRUE_POSITIVE", 2, 2)]

    assert pairs == outcomes(matched(prediction, truth, 0.0))


def test_instances__that_touch_stay_two():
    truth = row((1, 0, 4), (2, 4, 8))

    assert (2, 0, 0) == counts(matched(truth, truth, 1.0))
    assert 1 == components(truth > 0).max()


def test_components__touch_by_a_corner():
    mask = np.zeros((4, 5, 6), dtype=bool)
    mask[0, 0, 0] = mask[1, 1, 1] = mask[3, 3, 3] = True

    assert 2 == components(mask).max()


def test_match__nothing_in_either_map_is_no_lesion():
    none = row()

    assert () == matched(none, none)
    assert (0, 1, 0) == counts(matched(none, row((1, 0, 4))))
    assert (0, 0, 1) == counts(matched(row((1, 0, 4)), none))


def test_match__two_grids_are_refused():
    with pytest.raises(InputError, match="one grid"):
        matched(np.zeros((2, 3, 4), np.uint8), np.zeros((4, 3, 2), np.uint8))


def test_sizes__found_and_missed_by_the_true_diameter_false_by_their_own():
    truth = row((1, 0, 4), (2, 5, 11))  # 8.1 and 12.04 mm
    prediction = row((1, 0, 5), (7, 11, 20))  # 10.05 mm on the first, 18.03 mm on none
    by_size = detection_by_size(matched(prediction, truth, 0.1))
    shown = {
        size: (s.true_positives, s.false_negatives, s.false_positives)
        for size, s in by_size.items()
    }

    assert shown == {
        SizeClass.SMALL: (1, 0, 0),
        SizeClass.MEDIUM: (0, 1, 1),
        SizeClass.LARGE: (0, 0, 0),
    }


def best_by_search(prediction, truth, match_iou):
    """Most pairs and, of those, the largest sum of IoU, by looking at every way."""
    true, found = (sorted(set(np.unique(m)) - {0}) for m in (truth, prediction))
    if len(true) > len(found):
        return best_by_search(truth, prediction, match_iou)
    iou = {
        (t, p): ((truth == t) & (prediction == p)).sum() / ((truth == t) | (prediction == p)).sum()
        for t in true
        for p in found
    }
    ways = []
    for order in permutations(found, len(true)):
        pairs = [iou[pair] for pair in zip(true, order, strict=True)]
        kept = [value for value in pairs if value > 0 and value >= match_iou]
        ways.append((len(kept), sum(kept)))
    return max(ways)


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.05, 0.2, 0.5)))
@settings(max_examples=40)
def test_match__is_the_best_of_all_ways(seed, match_iou):
    rng = np.random.default_rng(seed)
    shape = (6, 5, 4)
    prediction, truth = (
        np.repeat(rng.integers(0, 5, size=(3, 5, 4)), 2, axis=0).astype(np.uint8)
        * (rng.random(shape) < 0.8)
        for _ in range(2)
    )
    geometry = Geometry(shape, np.diag([2.0, 1.0, 3.0, 1.0]))
    matches = matched(prediction, truth, match_iou, geometry)
    pairs = [m for m in matches if m.outcome is Outcome.TRUE_POSITIVE]
    number, total = best_by_search(prediction, truth, match_iou)

    assert number == len(pairs)
    assert sum(m.iou for m in pairs) == pytest.approx(total)
    # every lesion of either map stands in the list once
    true = [m.truth_id for m in matches if m.truth_id is not None]
    found = [m.prediction_id for m in matches if m.prediction_id is not None]
    assert sorted(set(np.unique(truth)) - {0}) == sorted(true)
    assert sorted(set(np.unique(prediction)) - {0}) == sorted(found)


@given(st.integers(0, 2**32 - 1), st.sampled_from((0.0, 0.3, 0.5)))
def test_match__exchanging_the_maps_exchanges_missed_and_false(seed, match_iou):
    rng = np.random.default_rng(seed)
    one, other = (rng.integers(0, 4, size=SHAPE).astype(np.uint8) for _ in range(2))
    tp, fn, fp = counts(matched(one, other, match_iou))

    assert (tp, fp, fn) == counts(matched(other, one, match_iou))
