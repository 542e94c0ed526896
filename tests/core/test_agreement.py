"""Types of agreement: ratios that are absent for a reason, classes with both limits inside."""

import pytest

from remnant.core.agreement import DetectionScore, Estimate, EvaluationSettings, SizeClass
from remnant.core.errors import InputError


@pytest.mark.parametrize(
    ("diameter_mm", "expected"),
    [(0.1, "<10"), (9.999, "<10"), (10.0, "10-20"), (20.0, "10-20"), (20.001, ">20")],
)
def test_size_class__limits_belong_to_the_middle(diameter_mm, expected):
    assert expected == SizeClass.of(diameter_mm)


def score(tp, fn, fp):
    return DetectionScore(true_positives=tp, false_negatives=fn, false_positives=fp)


def test_detection__ratios_by_hand():
    found = score(6, 2, 4)

    assert 6 / 8 == found.recall.value
    assert 6 / 10 == found.precision.value
    assert 12 / 18 == found.f1.value


def test_detection__nothing_to_divide_by_is_absent_with_a_reason():
    none = score(0, 0, 0)

    assert [None] * 3 == [q.value for q in (none.recall, none.precision, none.f1)]
    assert all(q.reasons for q in (none.recall, none.precision, none.f1))
    assert score(0, 3, 0).precision.value is None
    assert 0.0 == score(0, 3, 0).recall.value
    assert 0.0 == score(0, 3, 0).f1.value
    assert score(0, 0, 3).recall.value is None
    assert 0.0 == score(0, 0, 3).f1.value


@pytest.mark.parametrize(
    ("tolerance_mm", "match_iou"),
    [
        (-0.1, 0.5),
        (float("nan"), 0.5),
        (101.0, 0.5),
        (2.0, -0.01),
        (2.0, 1.01),
        (2.0, float("nan")),
    ],
)
def test_settings__outside_their_range_are_refused(tolerance_mm, match_iou):
    with pytest.raises(InputError, match="allowed are"):
        EvaluationSettings(
            tolerance_mm=tolerance_mm,
            match_iou=match_iou,
            prediction_coding="labels",
            truth_coding="labels",
        )


@pytest.mark.parametrize(("tolerance_mm", "match_iou"), [(0.0, 0.0), (100.0, 1.0)])
def test_settings__take_the_ends_of_their_range(tolerance_mm, match_iou):
    given = EvaluationSettings(
        tolerance_mm=tolerance_mm,
        match_iou=match_iou,
        prediction_coding="labels",
        truth_coding="labels",
    )

    assert (tolerance_mm, match_iou) == (given.tolerance_mm, given.match_iou)


def test_estimate__lies_between_its_limits():
    assert 2.0 == Estimate(2.0, 1.0, 3.0).value
    with pytest.raises(InputError, match="between"):
        Estimate(0.0, 1.0, 3.0)
