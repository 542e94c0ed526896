from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.criteria import (
    AnyOf,
    Comparison,
    CriteriaList,
    Criterion,
    ShareRange,
    all_of,
    any_of,
    inputs_of,
    is_near,
    judge,
    judge_list,
    missing_of,
    undecided_of,
)
from remnant.core.clinical import Grade
from remnant.core.findings import Basis, SourceStatus, Verdict
from remnant.core.quantity import Bound, Quantity

MET, NOT_MET, UNKNOWN, _ = Verdict
LESS, AT_MOST, AT_LEAST, MORE, IS, ONE_OF = Comparison


def criterion(name="age", comparison=LESS, limit=55.0, **changes):
    given = {
        "id": f"test.{name}",
        "statement": f"Says something of {name}.",
        "input": name,
        "ask": f"the {name}",
        "comparison": comparison,
        "limit": limit,
        "population": "nobody",
        "source": "remnant_rules",
    }
    return Criterion(**(given | changes))


def verdict(comparison, limit, value):
    return judge(criterion(comparison=comparison, limit=limit), {"age": value}).verdict


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (LESS, (MET, NOT_MET, NOT_MET)),
        (AT_MOST, (MET, MET, NOT_MET)),
        (AT_LEAST, (NOT_MET, MET, MET)),
        (MORE, (NOT_MET, NOT_MET, MET)),
    ],
)
def test_judge__below_at_and_above_the_limit(comparison, expected):
    assert expected == tuple(verdict(comparison, 55.0, value) for value in (54.9, 55.0, 55.1))
    assert expected == tuple(verdict(comparison, 55.0, Quantity(v)) for v in (54.9, 55.0, 55.1))


@pytest.mark.parametrize("noise", [-1e-15, 1e-15])
@pytest.mark.parametrize(
    ("comparison", "expected"), [(LESS, NOT_MET), (AT_MOST, MET), (AT_LEAST, MET), (MORE, NOT_MET)]
)
def test_judge__float_noise_does_not_decide(comparison, expected, noise):
    assert verdict(comparison, 0.7, 0.7 + noise) is expected


@pytest.mark.parametrize("comparison", [LESS, AT_MOST, AT_LEAST, MORE])
def test_judge__a_whole_number_is_a_number(comparison):
    assert verdict(comparison, 1.0, 1) is verdict(comparison, 1.0, 1.0)


@pytest.mark.parametrize(
    ("comparison", "limit", "value", "expected"),
    [
        (IS, True, True, MET),
        (IS, True, False, NOT_MET),
        (IS, False, False, MET),
        (IS, Grade.G1, Grade.G1, MET),
        (IS, "G1", Grade.G2, NOT_MET),
        (ONE_OF, (Grade.G1, Grade.G2), Grade.G2, MET),
        (ONE_OF, (Grade.G1, Grade.G2), Grade.NEC, NOT_MET),
        (IS, True, None, UNKNOWN),
        (ONE_OF, ("a",), None, UNKNOWN),
        (LESS, 5.0, None, UNKNOWN),
    ],
)
def test_judge__truth_values_members_and_nothing(comparison, limit, value, expected):
    assert verdict(comparison, limit, value) is expected


@pytest.mark.parametrize(
    ("bound", "comparison", "value", "expected"),
    [
        (Bound.LOWER, LESS, 60.0, NOT_MET),
        (Bound.LOWER, LESS, 50.0, UNKNOWN),
        (Bound.LOWER, AT_MOST, 55.0, UNKNOWN),
        (Bound.LOWER, AT_LEAST, 55.0, MET),
        (Bound.LOWER, MORE, 55.0, UNKNOWN),
        (Bound.UPPER, LESS, 50.0, MET),
        (Bound.UPPER, LESS, 60.0, UNKNOWN),
        (Bound.UPPER, AT_LEAST, 50.0, NOT_MET),
        (Bound.UPPER, MORE, 60.0, UNKNOWN),
    ],
)
def test_judge__bounds_decide_only_what_they_can(bound, comparison, value, expected):
    found = judge(criterion(comparison=comparison), {"age": Quantity(value, bound=bound)})
    assert (expected, value) == (found.verdict, found.value)


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        (Quantity.absent("no scan"), "Not known: the age (no scan)."),
        (
            Quantity(9.0, indicative=True, reasons="cut"),
            "the value may be larger or smaller (cut).",
        ),
        (Quantity(50.0, bound=Bound.LOWER, reasons="cut"), "is only known as a bound (cut)."),
        (Quantity(50.0, bound=Bound.LOWER), "Not decided: the value is only known as a bound."),
        (None, "Says something of age. Not known: the age."),
    ],
)
def test_judge__an_undecided_condition_says_why(quantity, words):
    found = judge(criterion(), {"age": quantity})
    assert found.verdict is UNKNOWN
    assert words in found.text


def test_judge__carries_the_data_of_its_rule():
    rule = criterion(
        "burden", AT_MOST, 0.5, basis=Basis.TOTAL_LIVER_VOLUME, status=SourceStatus.UNVERIFIED
    )
    found = judge(rule, {"burden": 0.25})
    assert (found.value, found.limit, found.inclusive) == (0.25, 0.5, True)
    assert (found.basis, found.status) == (Basis.TOTAL_LIVER_VOLUME, SourceStatus.UNVERIFIED)
    assert (found.id, found.source) == ("test.burden", "remnant_rules")
    truth = judge(criterion(comparison=IS, limit=True), {"age": True})
    assert (truth.value, truth.limit, truth.inclusive) == (None, None, None)


@pytest.mark.parametrize(
    ("limit", "basis", "value", "near"),
    [
        (55.0, None, 54.0, True),
        (55.0, None, 56.0, True),
        (55.0, None, 53.9, False),
        (0.5, Basis.TOTAL_LIVER_VOLUME, 0.49, True),
        (0.5, Basis.TOTAL_LIVER_VOLUME, 0.489, False),
        (0.5, Basis.TOTAL_LIVER_VOLUME, None, False),
    ],
)
def test_values_near_their_limit__are_flagged(limit, basis, value, near):
    rule = criterion(limit=limit, basis=basis)
    assert is_near(rule, value) is near
    assert near == ("within 1 of the limit" in judge(rule, {"age": value}).text)


@pytest.mark.parametrize("limit", [True, "G1", ("G1",)])
def test_values_near_their_limit__only_numbers_have_one(limit):
    assert not is_near(criterion(comparison=IS, limit=limit), True)


THREE = (MET, NOT_MET, UNKNOWN)
TRUTH = {MET: 1.0, UNKNOWN: 0.5, NOT_MET: 0.0}


@pytest.mark.parametrize("verdicts", list(product(THREE, repeat=3)))
def test_and_or__are_those_of_kleene(verdicts):
    truths = [TRUTH[v] for v in verdicts]
    assert (min(truths), max(truths)) == (TRUTH[all_of(verdicts)], TRUTH[any_of(verdicts)])


def test_and_or__of_nothing():
    assert (all_of(()), any_of(())) == (MET, NOT_MET)


EITHER = AnyOf(
    id="test.either",
    statement="Either of two.",
    branches=((criterion("a", IS, True), criterion("b", IS, True)), (criterion("c", IS, True),)),
    population="nobody",
    source="remnant_rules",
)


@pytest.mark.parametrize("a", [True, False, None])
@pytest.mark.parametrize("b", [True, False, None])
@pytest.mark.parametrize("c", [True, False, None])
def test_any_of__one_branch_is_enough(a, b, c):
    truth = {True: 1.0, False: 0.0, None: 0.5}
    expected = max(min(truth[a], truth[b]), truth[c])
    known = {"a": a, "b": b, "c": c}
    assert expected == TRUTH[judge(EITHER, known).verdict]
    relevant = "c" if False in (a, b) else "abc"
    asked = {f"the {name}" for name in relevant if known[name] is None}
    assert set(missing_of(EITHER, known)) == (asked if expected == 0.5 else set())


def test_any_of__asks_nothing_of_a_branch_that_failed():
    assert missing_of(EITHER, {"a": False}) == ("the c",)


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"c": True}, "Either of two."),
        ({"a": False, "c": False}, "Either of two."),
        ({"b": False}, "Either of two. Not known: the c."),
        ({}, "Either of two. Not known: the a; the b; the c."),
    ],
)
def test_any_of__says_what_is_missing(known, text):
    assert judge(EITHER, known).text == text


def test_any_of__a_value_near_a_limit_is_flagged_and_asked_once():
    either = replace(EITHER, branches=((criterion(),), (criterion(limit=80.0),)))
    assert judge(either, {"age": 54.5}).text == (
        "Either of two. The value lies within 1 of the limit."
    )
    assert missing_of(either, {}) == ("the age",)


def listed(*conditions, remark=""):
    return CriteriaList(
        id="test", title="Test", source="remnant_rules", conditions=conditions, remark=remark
    )


LIST = listed(criterion("a", IS, True), criterion("b", IS, True), EITHER)


def test_list__met_not_met_and_undecided():
    met = judge_list(LIST, {"a": True, "b": True, "c": True})
    failed = judge_list(LIST, {"a": False, "b": None, "c": True})
    undecided = judge_list(LIST, {"a": True, "b": None, "c": True})
    assert (met.verdict, met.missing, met.text) == (MET, (), "Test: every condition is met.")
    assert (failed.verdict, failed.text) == (NOT_MET, "Test: 1 of 3 conditions not met.")
    assert failed.missing == ("the b",)
    assert (undecided.verdict, undecided.missing) == (UNKNOWN, ("the b",))
    assert undecided.text == "Test: undecided, missing: the b."


def test_list__names_a_few_of_many_missing():
    many = judge_list(listed(*(criterion(name, IS, True) for name in "abcde")), {})
    assert many.text == "Test: undecided, missing: the a; the b; the c; and 2 more."
    assert len(many.missing) == 5
    three = judge_list(listed(*(criterion(name, IS, True) for name in "abc")), {})
    assert three.text == "Test: undecided, missing: the a; the b; the c."


def test_list__remarks_do_not_decide():
    remark = criterion("b", IS, True, needed=False)
    result = judge_list(listed(criterion("a", IS, True), remark, remark="More."), {"a": True})
    assert (result.verdict, result.missing) == (MET, ())
    assert [f.verdict for f in result.findings] == [MET, UNKNOWN]
    assert result.text == "Test: every condition is met. More."
    failed = judge_list(listed(criterion("a", IS, True), remark), {"a": False, "b": False})
    assert failed.text == "Test: 1 of 1 conditions not met."


@given(
    known=st.dictionaries(st.sampled_from("abc"), st.booleans()),
    more=st.dictionaries(st.sampled_from("abc"), st.booleans()),
)
def test_list__one_more_fact_never_undecides(known, more):
    before = judge_list(LIST, known)
    after = judge_list(LIST, more | known)
    if before.verdict is not UNKNOWN:
        assert after.verdict is before.verdict
    assert set(after.missing) <= set(before.missing)


RANGE = ShareRange(least=0.6, most=0.8, reason="two proofs")
BELOW = replace(RANGE, below=True)


@pytest.mark.parametrize(
    ("share", "comparison", "expected"),
    [
        (RANGE, LESS, (NOT_MET, UNKNOWN, UNKNOWN, MET)),
        (RANGE, AT_MOST, (UNKNOWN, UNKNOWN, MET, MET)),
        (RANGE, AT_LEAST, (MET, UNKNOWN, UNKNOWN, NOT_MET)),
        (RANGE, MORE, (UNKNOWN, UNKNOWN, NOT_MET, NOT_MET)),
        (BELOW, LESS, (NOT_MET, UNKNOWN, MET, MET)),
        (BELOW, AT_MOST, (UNKNOWN, UNKNOWN, MET, MET)),
        (BELOW, AT_LEAST, (MET, UNKNOWN, NOT_MET, NOT_MET)),
        (BELOW, MORE, (UNKNOWN, UNKNOWN, NOT_MET, NOT_MET)),
    ],
)
def test_judge__a_range_decides_outside_its_ends(share, comparison, expected):
    limits = (0.6, 0.7, 0.8, 0.9)
    assert expected == tuple(verdict(comparison, limit, share) for limit in limits)


def test_judge__a_range_says_its_ends_and_why():
    asked = criterion(comparison=MORE, limit=0.7)
    said = judge(asked, {"age": BELOW})
    assert said.text.endswith("Not decided: at least 60.0 %, below 80.0 % (two proofs).")
    assert said.value == 0.6
    assert "at most 80.0 %" in judge(asked, {"age": RANGE}).text
    assert judge(asked, {"age": replace(RANGE, least=0.0)}).value is None


def test_computed__is_not_missing_but_named():
    plans, scan = criterion("r0_feasible", IS, True), criterion("lesion_count", AT_MOST, 3.0)
    found = judge_list(listed(plans, scan, criterion("a", IS, True), remark="More."), {})
    assert found.missing == ("the a",)
    assert found.text == (
        "Test: undecided, missing: the a. Not decided by the plans: the r0_feasible. "
        "Not decided by the scan: the lesion_count. More."
    )
    assert found.findings[0].text.endswith("Not decided by the plans: the r0_feasible.")
    alone = judge_list(listed(plans), {"r0_feasible": Quantity.absent("no plan")})
    assert (alone.missing, undecided_of(plans, {})) == ((), ("the r0_feasible",))
    assert alone.text == "Test: undecided. Not decided by the plans: the r0_feasible."
    assert alone.findings[0].text.endswith("the r0_feasible (no plan).")
    failed = judge_list(listed(plans, criterion("a", IS, True)), {"a": False})
    assert failed.text == "Test: 1 of 2 conditions not met."


def test_inputs__are_those_of_every_branch():
    assert inputs_of(EITHER) == {"a", "b", "c"}
    assert inputs_of(criterion()) == {"age"}
