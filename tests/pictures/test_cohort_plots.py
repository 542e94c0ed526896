"""Bars, points and lines stand where their numbers say."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remnant.core.agreement import Point
from remnant.pictures.cohort_plots import (
    BOTTOM,
    LEFT,
    MOST_BINS,
    MOST_CURVES,
    MOST_POINTS,
    MOST_SUBJECTS,
    RIGHT,
    TOP,
    chosen,
    curves,
    differences,
    histogram,
    rounded_step,
    waterfall,
)
from volumetry.agreement.of_cohort import bland_altman

LEVELS = {"upper": "up", "bias": "bias", "lower": "low"}
values = st.lists(
    st.one_of(st.floats(0.0, 5000.0), st.integers(0, 40).map(float)), min_size=1, max_size=60
)


def quartiles(numbers):
    return tuple(float(q) for q in np.quantile(numbers, (0.25, 0.5, 0.75)))


@example(numbers=[1.9999999999990905], whole=False)
@given(values, st.booleans())
def test_histogram__counts_every_value_within_its_frame(numbers, whole):
    numbers = np.round(numbers) if whole else np.array(numbers)
    found = histogram(numbers, whole=whole, quartiles=quartiles(numbers))

    assert sum(int(bar.label.rpartition(" ")[2]) for bar in found.bars) == len(numbers)
    assert len(found.bars) <= MOST_BINS + 2
    for bar in found.bars:
        assert LEFT - 0.1 <= bar.x
        assert bar.x + bar.width <= RIGHT + 0.2
        assert TOP - 0.1 <= bar.y
        assert bar.y + bar.height == pytest.approx(BOTTOM, abs=0.11)
    assert all(LEFT - 0.1 <= place <= RIGHT + 0.1 for place in found.quartiles)
    assert list(found.quartiles) == sorted(found.quartiles)


def test_histogram__bars_are_as_high_as_their_counts():
    numbers = np.array([1.0, 1.0, 1.0, 1.0, 3.0])
    found = histogram(numbers, whole=True, limits=(2.0, 90.0), quartiles=quartiles(numbers))

    assert [bar.label for bar in found.bars] == ["1: 4", "3: 1"]
    assert found.bars[0].height == pytest.approx(4 * found.bars[1].height, abs=0.2)
    assert [rule.label for rule in found.limits] == ["2"]


def test_histogram__of_equal_values_is_one_bar():
    numbers = np.array([100.0] * 7)

    assert [bar.label.rpartition(" ")[2] for bar in histogram(
        numbers, quartiles=quartiles(numbers)
    ).bars] == ["7"]  # fmt: skip


@given(st.floats(1e-3, 1e6), st.integers(1, 30))
def test_step__is_round_and_large_enough(span, most):
    step = rounded_step(span, most)

    assert step * most >= span * (1 - 1e-6)
    assert step <= 2.5001 * span / most
    assert round(step / 10 ** np.floor(np.log10(step) + 1e-9), 6) in (1, 2, 5)


def test_choice__is_all_or_a_fixed_sample_in_order():
    assert chosen(3, 5).tolist() == [0, 1, 2]
    few = chosen(1000, 10)
    assert len(set(few.tolist())) == 10
    assert few.tolist() == sorted(few.tolist()) == chosen(1000, 10).tolist()


def test_differences__draws_points_and_limits_on_one_scale():
    points = [Point(case=f"c{n}", mean=1000.0 + n, difference=float(n - 5)) for n in range(11)]
    limits = bland_altman("liver", "mL", points)
    found = differences(limits, names=LEVELS)

    assert found.left_out == 0
    bias = next(level for level in found.levels if level.kind == "bias")
    assert bias.y == pytest.approx(found.points[5][1])
    assert [x for x, _, _ in found.points] == sorted(x for x, _, _ in found.points)
    heights = {level.kind: level.y for level in found.levels}
    assert heights["upper"] < heights["bias"] < heights["lower"]
    assert all(level.top <= level.y <= level.top + level.height for level in found.levels)


def test_differences__of_very_many_cases_keeps_what_lies_outside():
    random = np.random.default_rng(1)
    apart = random.normal(0, 1, 9000)
    points = [Point(case=f"c{n}", mean=1.0, difference=float(d)) for n, d in enumerate(apart)]
    limits = bland_altman("liver", "mL", points)
    found = differences(limits, names=LEVELS)
    outside = {
        f"c{n}"
        for n, d in enumerate(apart)
        if not limits.lower_limit.value <= d <= limits.upper_limit.value
    }

    assert outside <= {case for _, _, case in found.points}
    assert MOST_POINTS < len(found.points) < MOST_POINTS + 600
    assert found.left_out == 9000 - len(found.points)


def test_waterfall__falls_and_starts_from_no_change():
    found = waterfall([(-50.0, "a", "less"), (100.0, "b", "more"), (0.0, "c", "more")])

    assert [bar.label for bar in found.bars] == ["b", "c", "a"]
    up, _, down = found.bars
    assert up.y + up.height == pytest.approx(found.zero, abs=0.11)
    assert down.y == pytest.approx(found.zero, abs=0.11)
    assert up.height == pytest.approx(2 * down.height, abs=0.2)


def test_waterfall_and_curves__draw_a_sample_of_very_many():
    many = [(float(n % 90), f"s{n}", "more") for n in range(1000)]
    assert len(waterfall(many).bars) == MOST_SUBJECTS
    assert waterfall(many).left_out == 1000 - MOST_SUBJECTS
    courses = {f"s{n}": [(0.0, 1.0), (1.0, 2.0)] for n in range(300)}
    assert len(curves(courses).curves) == MOST_CURVES


def test_curves__stand_at_their_times_and_values():
    found = curves({"a": [(0.0, 10.0), (6.0, 0.0)], "none": []})

    assert [curve.label for curve in found.curves] == ["a"]
    (first, last) = found.curves[0].marks
    assert first[0] == LEFT
    zero = next(rule.place for rule in found.up if rule.label == "0")
    assert last[1] == pytest.approx(zero)
    assert last[0] > first[0]
    assert first[1] < last[1]
