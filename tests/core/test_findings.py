import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.findings import (
    Basis,
    Comparison,
    SourceStatus,
    Threshold,
    Verdict,
    quality_finding,
)
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.testing.strategies import quantities


def threshold(*, value=0.3, inclusive=True):
    return Threshold(
        value=value,
        basis=Basis.STANDARDISED_TLV,
        comparison=Comparison.AT_LEAST if inclusive else Comparison.MORE,
        source="someone2000",
        status=SourceStatus.VERIFIED,
    )


@pytest.mark.parametrize(
    ("value", "inclusive", "expected"),
    [
        (0.3, True, Verdict.MET),
        (0.3, False, Verdict.NOT_MET),
        (0.30000001, False, Verdict.MET),
        (0.29999999, True, Verdict.NOT_MET),
        (0.0, True, Verdict.NOT_MET),
    ],
)
def test_judge__at_the_limit(value, inclusive, expected):
    assert expected is threshold(inclusive=inclusive).judge(Quantity(value))


@pytest.mark.parametrize(
    ("value", "bound", "expected"),
    [
        (0.4, Bound.LOWER, Verdict.MET),  # at least 0.4: surely reached
        (0.2, Bound.LOWER, Verdict.UNKNOWN),  # at least 0.2: may be more
        (0.4, Bound.UPPER, Verdict.UNKNOWN),  # at most 0.4: may be less
        (0.2, Bound.UPPER, Verdict.NOT_MET),  # at most 0.2: surely missed
    ],
)
def test_judge__bounds(value, bound, expected):
    quantity = Quantity(value, bound=bound, reasons=Reason(Cause.LIVER_CUT))

    assert expected is threshold().judge(quantity)


@pytest.mark.parametrize(
    ("bound", "inclusive", "expected"),
    [
        (Bound.LOWER, True, Verdict.MET),
        (Bound.LOWER, False, Verdict.UNKNOWN),
        (Bound.UPPER, True, Verdict.UNKNOWN),
        (Bound.UPPER, False, Verdict.NOT_MET),
    ],
)
def test_judge__bound_exactly_at_the_limit(bound, inclusive, expected):
    assert expected is threshold(inclusive=inclusive).judge(Quantity(0.3, bound=bound))


def test_judge__an_absence_is_unknown():
    assert Verdict.UNKNOWN is threshold().judge(Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN)))


@given(
    quantity=quantities(low=0.0, high=1.0),
    minimum=st.floats(0.0, 1.0),
    inclusive=st.booleans(),
    true_value=st.floats(0.0, 1.0),
)
def test_judge__never_contradicts_a_possible_truth(quantity, minimum, inclusive, true_value):
    """Whatever true value a quantity allows, the verdict on it is not the opposite."""
    rule = threshold(value=minimum, inclusive=inclusive)
    verdict = rule.judge(quantity)
    if quantity.bound is None and quantity.value is not None:
        true_value = quantity.value
    possible = (
        quantity.value is None
        or {
            None: True,
            Bound.LOWER: true_value >= quantity.value,
            Bound.UPPER: true_value <= quantity.value,
        }[quantity.bound]
    )
    if possible and verdict is not Verdict.UNKNOWN:
        assert rule.judge(Quantity(true_value)) is verdict


@pytest.mark.parametrize(
    ("passed", "expected"),
    [(True, Verdict.MET), (False, Verdict.NOT_MET), (None, Verdict.UNKNOWN)],
)
def test_quality_finding__verdicts(passed, expected):
    finding = quality_finding("edge", passed=passed, value=3.0)

    assert expected is finding.verdict
    assert (finding.id, finding.value) == ("edge", 3.0)
    assert finding.source is None
    assert finding.status is None


@pytest.mark.parametrize("value", [0.1, 0.3, 0.9])
def test_judge__indicative_value_decides_nothing(value):
    threshold = Threshold(
        value=0.3,
        basis=Basis.STANDARDISED_TLV,
        source="key",
        status=SourceStatus.VERIFIED,
    )
    quantity = Quantity(value, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    assert Verdict.UNKNOWN is threshold.judge(quantity)
