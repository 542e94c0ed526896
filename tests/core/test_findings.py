from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.findings import (
    BEST_FIRST,
    Basis,
    Comparison,
    SourceStatus,
    Threshold,
    Verdict,
    quality_finding,
    verdict_of_chance,
)
from remnant.core.quantity import Bound, Interval, Quantity
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


MET, NOT_MET, UNCERTAIN, UNKNOWN, NO_EVIDENCE = Verdict
LESS, AT_MOST, AT_LEAST, MORE = Comparison


def evenly(low, high, **changes):
    """A quantity of which every value between two limits is as likely."""
    quantiles = tuple(low + (high - low) * step / 1000 for step in range(1001))
    ends = (low + 0.05 * (high - low), low + 0.95 * (high - low))
    return Quantity((low + high) / 2, interval=Interval(*ends, quantiles=quantiles), **changes)


def judged(comparison, limit, quantity, **certainty):
    return replace(threshold(value=limit), comparison=comparison).judge(quantity, **certainty)


@pytest.mark.parametrize(
    ("limit", "below", "above"),
    [
        (0.05, NOT_MET, MET),  # 5 of 100 draws lie below
        (0.0999, NOT_MET, MET),
        (0.1001, UNCERTAIN, UNCERTAIN),
        (0.43, UNCERTAIN, UNCERTAIN),  # "enough liver in 57 of 100" is no tick
        (0.8999, UNCERTAIN, UNCERTAIN),
        (0.9001, MET, NOT_MET),
        (1.2, MET, NOT_MET),
        (-0.2, NOT_MET, MET),
    ],
)
def test_judge__by_the_share_of_the_draws(limit, below, above):
    """The true value lies evenly between 0 and 1; a value of 0.5 alone would decide otherwise."""
    quantity = evenly(0.0, 1.0)
    assert {below} == {judged(one, limit, quantity) for one in (LESS, AT_MOST)}
    assert {above} == {judged(one, limit, quantity) for one in (AT_LEAST, MORE)}


@pytest.mark.parametrize(
    ("certainty", "limit", "expected"),
    [
        (0.5, 0.499, MET),
        (0.5, 0.501, NOT_MET),
        (0.6, 0.399, MET),
        (0.6, 0.401, UNCERTAIN),
        (0.6, 0.599, UNCERTAIN),
        (0.6, 0.601, NOT_MET),
        (0.99, 0.009, MET),
        (0.99, 0.02, UNCERTAIN),
        (0.99, 0.98, UNCERTAIN),
        (0.99, 0.991, NOT_MET),
    ],
)
def test_judge__as_sure_as_is_asked(certainty, limit, expected):
    assert expected is judged(AT_LEAST, limit, evenly(0.0, 1.0), certainty=certainty)


@given(
    limit=st.floats(-0.2, 1.2),
    comparison=st.sampled_from(Comparison),
    low=st.floats(-0.5, 0.5),
    width=st.floats(0.001, 1.0),
)
def test_judge__half_sure_is_the_likelier_side_and_nothing_is_uncertain(
    limit, comparison, low, width
):
    quantity = evenly(low, low + width)
    chance = replace(threshold(value=limit), comparison=comparison).probability(quantity)
    verdict = judged(comparison, limit, quantity, certainty=0.5)
    assert verdict in (MET, NOT_MET)
    assert chance == pytest.approx(0.5) or (verdict is MET) == (chance > 0.5)


@given(
    limit=st.floats(-0.2, 1.2),
    comparison=st.sampled_from(Comparison),
    one=st.floats(0.5, 0.99),
    other=st.floats(0.5, 0.99),
)
def test_judge__more_certainty_only_turns_verdicts_uncertain(limit, comparison, one, other):
    quantity, (less, more) = evenly(0.0, 1.0), sorted((one, other))
    loose, strict = (judged(comparison, limit, quantity, certainty=c) for c in (less, more))
    assert strict in (loose, UNCERTAIN)


@pytest.mark.parametrize(
    ("limit", "bound", "comparison", "expected"),
    [
        (0.05, Bound.LOWER, AT_LEAST, MET),  # what was measured is surely enough
        (0.05, Bound.UPPER, AT_LEAST, UNKNOWN),  # it may be less
        (0.95, Bound.LOWER, AT_LEAST, UNKNOWN),  # it may be more
        (0.95, Bound.UPPER, AT_LEAST, NOT_MET),
        (0.05, Bound.LOWER, LESS, NOT_MET),
        (0.05, Bound.UPPER, LESS, UNKNOWN),
        (0.95, Bound.LOWER, LESS, UNKNOWN),
        (0.95, Bound.UPPER, LESS, MET),
        (0.5, Bound.LOWER, AT_LEAST, UNCERTAIN),
        (0.5, Bound.UPPER, AT_LEAST, UNCERTAIN),
        (0.5, Bound.LOWER, LESS, UNCERTAIN),
        (0.5, Bound.UPPER, LESS, UNCERTAIN),
    ],
)
def test_judge__a_bound_with_draws_of_the_part_that_was_measured(
    limit, bound, comparison, expected
):
    assert expected is judged(comparison, limit, evenly(0.0, 1.0, bound=bound))


def test_judge__an_indicative_value_with_draws_decides_nothing():
    loose = evenly(0.0, 1.0, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    assert {UNKNOWN} == {judged(AT_LEAST, limit, loose) for limit in (0.01, 0.5, 0.99)}


def test_judge__without_draws_the_value_alone_decides():
    """A report that was read from a file knows the ends of its intervals only."""
    ends = Quantity(0.5, interval=Interval(0.05, 0.95))
    assert [MET, NOT_MET] == [judged(AT_LEAST, limit, ends) for limit in (0.5, 0.51)]


def test_judge__draws_that_share_the_value_of_the_limit():
    """Every lesion is treated in every draw: the share is 1, whatever the error."""
    whole = Quantity(1.0, interval=Interval(1.0, 1.0, quantiles=(1.0,) * 1001))
    found = [judged(comparison, 1.0, whole) for comparison in (LESS, AT_MOST, AT_LEAST, MORE)]
    assert [NOT_MET, MET, MET, NOT_MET] == found


def test_verdict_of_chance__both_ends_decide():
    found = [verdict_of_chance(chance) for chance in (1.0, 0.9, 0.899, 0.5, 0.101, 0.1, 0.0)]
    assert [MET, MET, UNCERTAIN, UNCERTAIN, UNCERTAIN, NOT_MET, NOT_MET] == found


def test_best_first__holds_every_verdict_once():
    assert sorted(BEST_FIRST) == sorted(Verdict)
    assert (BEST_FIRST[0], BEST_FIRST[1], BEST_FIRST[-1]) == (MET, UNCERTAIN, NOT_MET)
