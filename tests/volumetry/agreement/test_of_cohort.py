"""Figures over cases: LiTS' burden errors and Bland and Altman's limits, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.agreement import CaseAgreement, Point
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, causes_of
from volumetry.agreement.of_case import compare_masks
from volumetry.agreement.of_cohort import (
    bland_altman,
    bland_altman_of,
    burden_errors,
    compare_burden,
    structures_of,
    summarise,
)

SHAPE = (4, 5, 10)
GRID = Geometry(SHAPE, np.diag([1.0, 2.0, 5.0, 1.0]))
# Peak expiratory flow of 17 people by two meters (L/min): Bland and Altman 1986, table 1
LARGE_METER = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI_METER = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)


def first(n):
    """The first n of 200 voxels."""
    return (np.arange(200) < n).reshape(SHAPE)


def burden(predicted, true):
    (a, b), (c, d) = predicted, true
    return compare_burden((first(a), first(b)), (first(c), first(d)))


def points(predicted, true):
    return [
        Point(case=str(n), mean=(a + b) / 2, difference=a - b)
        for n, (a, b) in enumerate(zip(predicted, true, strict=True))
    ]


def test_burden__is_lesion_over_liver_voxels():
    found = burden((100, 30), (80, 8))

    assert 0.3 == found.prediction_fraction.value
    assert 0.1 == found.truth_fraction.value
    assert found.error_fraction.value == pytest.approx(0.2)


def test_burden__lesions_beyond_the_liver_mask_are_liver():
    liver = first(100)
    lesions = first(120) & ~first(90)
    found = compare_burden((liver, lesions), (liver, liver))

    assert found.prediction_fraction.value == pytest.approx(30 / 120)
    assert 1.0 == found.truth_fraction.value


def test_burden__without_lesions_is_zero_without_liver_absent():
    assert 0.0 == burden((100, 0), (100, 0)).error_fraction.value
    absent = burden((0, 0), (100, 50))

    assert (None, 0.5) == (absent.prediction_fraction.value, absent.truth_fraction.value)
    assert absent.error_fraction.value is None
    assert (Cause.NO_LIVER_PREDICTED,) == causes_of(absent.error_fraction.reasons)
    assert (Cause.NO_TRUE_LIVER,) == causes_of(burden((100, 50), (0, 0)).error_fraction.reasons)


def test_burden_errors__of_three_cases_by_hand():
    errors = burden_errors(
        [
            burden((100, 30), (100, 20)),  # +0.1
            burden((100, 10), (100, 40)),  # -0.3
            burden((200, 100), (100, 50)),  # 0
            burden((0, 0), (100, 50)),  # absent
        ]
    )

    assert 3 == errors.n
    assert errors.mean_fraction.value == pytest.approx(-0.2 / 3)
    assert errors.rmse_fraction.value == pytest.approx(np.sqrt((0.01 + 0.09) / 3))
    assert errors.max_fraction.value == pytest.approx(0.3)


def test_burden_errors__of_no_case_are_absent():
    errors = burden_errors([burden((0, 0), (0, 0))])

    assert 0 == errors.n
    assert [None] * 3 == [
        q.value for q in (errors.mean_fraction, errors.rmse_fraction, errors.max_fraction)
    ]
    assert (Cause.NO_BURDEN_IN_BOTH,) == causes_of(errors.rmse_fraction.reasons)


def test_bland_altman__the_published_example():
    """Printed: mean difference -2.1, SD 38.8; 95 % CI of the bias -22.0 to 17.8 L/min."""
    limits = bland_altman("flow", "L/min", points(LARGE_METER, MINI_METER))

    assert 17 == len(limits.points)
    assert -2.1 == round(limits.bias.value, 1)
    assert 38.8 == round(limits.sd, 1)
    assert (-22.0, 17.8) == (round(limits.bias.low, 1), round(limits.bias.high, 1))
    assert limits.upper_limit.value == pytest.approx(limits.bias.value + 1.96 * limits.sd)
    assert limits.lower_limit.value == pytest.approx(limits.bias.value - 1.96 * limits.sd)
    # t(16) = 2.120; sqrt(1/17 + 1.96²/32) = 0.4229: the half width is 2.120 · 38.8 · 0.4229
    half = limits.upper_limit.high - limits.upper_limit.value
    assert half == pytest.approx(2.120 * 38.765 * 0.42293, rel=1e-3)
    assert limits.lower_limit.value - limits.lower_limit.low == pytest.approx(half)


def test_bland_altman__worked_by_hand():
    """Differences 1, 2, 3: bias 2, SD 1; t(2) = 4.3027."""
    limits = bland_altman("liver", "mL", points((11, 22, 33), (10, 20, 30)))
    of_limit = 4.30265 * np.sqrt(1 / 3 + 1.96**2 / 4)

    assert (2.0, 1.0) == (limits.bias.value, limits.sd)
    assert limits.bias.low == pytest.approx(2 - 4.30265 / np.sqrt(3), rel=1e-5)
    assert limits.upper_limit.value == pytest.approx(3.96)
    assert limits.upper_limit.low == pytest.approx(3.96 - of_limit, rel=1e-5)
    assert limits.lower_limit.value == pytest.approx(0.04)
    assert limits.lower_limit.high == pytest.approx(0.04 + of_limit, rel=1e-5)


@pytest.mark.parametrize("n", [0, 1])
def test_bland_altman__of_fewer_than_two_cases_is_absent_with_a_reason(n):
    limits = bland_altman("liver", "mL", points((11.0,) * n, (10.0,) * n))

    assert n == len(limits.points)
    assert [None] * 4 == [limits.bias, limits.sd, limits.lower_limit, limits.upper_limit]
    assert (Cause.TOO_FEW_FOR_LIMITS,) == causes_of(limits.reasons)


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12), st.floats(-500, 500))
def test_bland_altman__a_constant_shift_moves_everything_by_itself(differences, shift):
    zero = [0.0] * len(differences)
    one = bland_altman("liver", "mL", points(differences, zero))
    moved = bland_altman("liver", "mL", points([d + shift for d in differences], zero))

    assert moved.sd == pytest.approx(one.sd, abs=1e-9)
    for name in ("bias", "lower_limit", "upper_limit"):
        before, after = getattr(one, name), getattr(moved, name)
        assert after.value == pytest.approx(before.value + shift, abs=1e-9)
        assert after.high - after.low == pytest.approx(before.high - before.low, abs=1e-9)


def case(name, predicted, true, *, lesions=None):
    def compared(structure, a, b):
        return compare_masks(first(a), first(b), GRID, structure=structure, tolerance_mm=2.0)

    structures = [compared("liver", predicted, true)]
    if lesions is not None:
        structures.append(compared("lesions", *lesions))
    return CaseAgreement(
        name=name,
        prediction_sha256="0" * 64,
        truth_sha256="0" * 64,
        structures=tuple(structures),
        lesions=None,
        burden=None if lesions is None else burden((predicted, lesions[0]), (true, lesions[1])),
    )


def test_summary__counts_what_is_absent_and_averages_the_rest():
    cases = [
        case("a", 100, 100, lesions=(0, 0)),
        case("b", 50, 100, lesions=(20, 40)),
        case("c", 100, 150),
    ]
    entries = {(s.structure, s.metric): s for s in summarise(cases)}

    assert ("liver", "lesions") == structures_of(cases)
    dice = entries["liver", "dice"]
    shown = np.array([1.0, 100 / 150, 200 / 250])
    assert (3, 0) == (dice.n, dice.absent)
    assert dice.mean.value == pytest.approx(shown.mean())
    assert dice.sd.value == pytest.approx(shown.std(ddof=1))
    assert dice.median.value == pytest.approx(0.8)
    assert dice.minimum.value == pytest.approx(2 / 3)
    assert 1.0 == dice.maximum.value

    lesions = entries["lesions", "dice"]
    assert (1, 1) == (lesions.n, lesions.absent)
    assert lesions.mean.value == pytest.approx(40 / 60)
    assert lesions.sd.value is None
    assert (Cause.TOO_FEW_FOR_SD,) == causes_of(lesions.sd.reasons)
    volume = entries["lesions", "volume_difference_ml"]
    assert (2, 0) == (volume.n, volume.absent)


def test_summary__two_cases_have_a_spread():
    entries = {(s.structure, s.metric): s for s in summarise([case("a", 5, 5), case("b", 5, 15)])}

    assert entries["liver", "dice"].sd.value == pytest.approx(0.5 / np.sqrt(2))


def test_summary__absent_everywhere_has_a_reason():
    entries = {(s.structure, s.metric): s for s in summarise([case("a", 0, 0), case("b", 0, 0)])}
    dice = entries["liver", "dice"]

    assert (0, 2) == (dice.n, dice.absent)
    assert dice.mean.value is None
    assert (Cause.ABSENT_IN_ALL,) == causes_of(dice.mean.reasons)


def test_bland_altman_of__volumes_in_ml_and_burden_in_percent():
    cases = [case("a", 100, 110, lesions=(10, 22)), case("b", 50, 100, lesions=(20, 40))]
    limits = {entry.measure: entry for entry in bland_altman_of(cases)}

    assert ["liver", "lesions", "burden"] == list(limits)
    assert ["mL", "mL", "%"] == [entry.unit for entry in limits.values()]
    assert [p.difference for p in limits["liver"].points] == pytest.approx([-0.1, -0.5])
    assert [p.mean for p in limits["liver"].points] == pytest.approx([1.05, 0.75])
    assert [p.difference for p in limits["burden"].points] == pytest.approx([-10.0, 0.0])
    assert ["a", "b"] == [p.case for p in limits["burden"].points]
