from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.criteria.conditions import (
    AnyOf,
    CriteriaList,
    Criterion,
    Remark,
    all_of,
    any_of,
    inputs_of,
    is_near,
    judge,
    open_criteria,
    rests_on_segments,
    undecided_inputs,
    with_reason,
)
from planning.criteria.judged_lists import judge_list
from planning.inputs import Diameter, Doubt, Facts, Input, ShareRange, ValueSource
from remnant.core.clinical import Grade
from remnant.core.findings import Basis, Comparison, SourceStatus, Threshold, Verdict
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason, reason

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
LESS, AT_MOST, AT_LEAST, MORE = Comparison
IS = None
NEAR = (Reason(Cause.NEAR_LIMIT),)


def made_up(name, source=ValueSource.PERSON, **changes):
    return Input(name=name, type=float, question=f"the {name}", source=source, **changes)


INPUTS = {
    **{name: made_up(name) for name in ("age", "burden", *"abcde")},
    "plans": made_up("plans", ValueSource.PLAN, rests_on_segments=True),
    "scan": made_up("scan", ValueSource.SCAN),
}


def known(values):
    return Facts({INPUTS[name]: value for name, value in values.items()})


def criterion(name="age", comparison=LESS, limit=55.0, **changes):
    given = {
        "id": f"test.{name}",
        "statement": f"Says something of {name}.",
        "input": INPUTS[name],
        "comparison": comparison,
        "limit": limit,
        "population": "nobody",
        "source": "remnant_rules",
    }
    return Criterion(**(given | changes))


def verdict(comparison, limit, value):
    return judge(criterion(comparison=comparison, limit=limit), known({"age": value})).verdict


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
        (IS, Grade.G1, Grade.G2, NOT_MET),
        (IS, (Grade.G1, Grade.G2), Grade.G2, MET),
        (IS, (Grade.G1, Grade.G2), Grade.NEC, NOT_MET),
        (IS, True, None, UNKNOWN),
        (IS, True, Quantity.absent(Reason(Cause.NO_PLAN)), UNKNOWN),
        (IS, (Grade.G1,), None, UNKNOWN),
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
    found = judge(criterion(comparison=comparison), known({"age": Quantity(value, bound=bound)}))
    assert (expected, value) == (found.verdict, found.value)


@pytest.mark.parametrize(
    "quantity",
    [
        Quantity.absent(Reason(Cause.LESIONS_UNKNOWN)),
        Quantity(9.0, indicative=True, reasons=Reason(Cause.LIVER_CUT)),
        Quantity(50.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)),
        Quantity(50.0, bound=Bound.LOWER),
        None,
    ],
)
def test_judge__an_undecided_condition_keeps_why(quantity):
    found = judge(criterion(), known({"age": quantity}))
    assert (found.verdict, found.inputs, found.missing) == (UNKNOWN, ("age",), ("age",))
    assert (found.quantity, found.reasons) == (quantity, ())


def test_judge__a_truth_that_is_absent_says_why_by_a_reason():
    why = (reason(Cause.NO_PLAN),)
    found = judge(criterion(comparison=IS, limit=True), known({"age": Quantity.absent(why)}))
    assert (found.verdict, found.quantity, found.reasons) == (UNKNOWN, None, why)


def test_judge__keeps_the_quantity_without_its_interval():
    measured = Quantity(
        50.0, interval=Interval(49.0, 51.0), reasons=Reason(Cause.BODY_SIZE_ASSUMED)
    )
    found = judge(criterion(), known({"age": measured}))
    assert found.quantity == Quantity(50.0, reasons=Reason(Cause.BODY_SIZE_ASSUMED))


def test_judge__carries_the_data_of_its_rule():
    rule = criterion(
        "burden", AT_MOST, 0.5, basis=Basis.TOTAL_LIVER_VOLUME, status=SourceStatus.UNVERIFIED
    )
    found = judge(rule, known({"burden": 0.25}))
    assert (found.value, found.limit, found.inclusive) == (0.25, 0.5, True)
    assert (found.basis, found.status) == (Basis.TOTAL_LIVER_VOLUME, SourceStatus.UNVERIFIED)
    assert (found.id, found.source) == ("test.burden", "remnant_rules")
    assert (found.inputs, found.missing, found.decides) == (("burden",), (), True)
    assert found.threshold == Threshold(
        value=0.5,
        basis=Basis.TOTAL_LIVER_VOLUME,
        comparison=AT_MOST,
        source="remnant_rules",
        status=SourceStatus.UNVERIFIED,
    )
    truth = judge(criterion(comparison=IS, limit=True, needed=False), known({"age": True}))
    assert (truth.value, truth.limit, truth.inclusive) == (None, None, None)
    assert (truth.threshold, truth.decides) == (None, False)


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
    assert near == (NEAR == judge(rule, known({"age": value})).reasons)


@pytest.mark.parametrize("limit", [True, Grade.G1, (Grade.G1,)])
def test_values_near_their_limit__only_numbers_have_one(limit):
    assert not is_near(criterion(comparison=IS, limit=limit), True)


THREE = (MET, NOT_MET, UNKNOWN)
FOUR = (*THREE, UNCERTAIN)
TRUTH = {MET: 1.0, UNKNOWN: 0.5, NOT_MET: 0.0}
DENIED = {MET: NOT_MET, NOT_MET: MET}


@pytest.mark.parametrize("verdicts", list(product(THREE, repeat=3)))
def test_and_or__are_those_of_kleene(verdicts):
    truths = [TRUTH[v] for v in verdicts]
    assert (min(truths), max(truths)) == (TRUTH[all_of(verdicts)], TRUTH[any_of(verdicts)])


@pytest.mark.parametrize("verdicts", list(product(FOUR, repeat=3)))
def test_and_or__what_is_uncertain_counts_before_what_is_unknown(verdicts):
    decided = next(v for v in (NOT_MET, UNCERTAIN, UNKNOWN, MET) if v in verdicts)
    assert decided is all_of(verdicts)
    denied = [DENIED.get(verdict, verdict) for verdict in verdicts]
    assert DENIED.get(decided, decided) is any_of(denied)


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
    values = {"a": a, "b": b, "c": c}
    found = judge(EITHER, known(values))
    assert expected == TRUTH[found.verdict]
    assert found.inputs == ("a", "b", "c")
    relevant = "c" if False in (a, b) else "abc"
    unknown = {name for name in relevant if values[name] is None}
    assert set(found.missing) == (unknown if expected == 0.5 else set())
    assert undecided_inputs((EITHER,), known(values)) == found.missing


def test_any_of__asks_nothing_of_a_branch_that_failed():
    assert judge(EITHER, known({"a": False})).missing == ("c",)
    (still_open,) = open_criteria(EITHER, known({"a": False}))
    assert still_open.id == "test.c"


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"c": True}, ()),
        ({"a": False, "c": False}, ()),
        ({"b": False}, ("c",)),
        ({}, ("a", "b", "c")),
    ],
)
def test_any_of__says_what_is_missing(values, missing):
    found = judge(EITHER, known(values))
    assert (found.missing, found.reasons, found.quantity) == (missing, (), None)


def test_any_of__a_value_near_a_limit_is_flagged_and_asked_once():
    either = replace(EITHER, branches=((criterion(),), (criterion(limit=80.0),)))
    assert judge(either, known({"age": 54.5})).reasons == NEAR
    assert judge(either, known({})).missing == ("age",)


def listed(*conditions, remark=""):
    return CriteriaList(
        id="test", title="Test", source="remnant_rules", conditions=conditions, remark=remark
    )


LIST = listed(criterion("a", IS, True), criterion("b", IS, True), EITHER)


def failed(result):
    return tuple(finding.id for finding in result.failed)


def test_list__met_not_met_and_undecided():
    met = judge_list(LIST, known({"a": True, "b": True, "c": True}))
    missed = judge_list(LIST, known({"a": False, "b": None, "c": True}))
    undecided = judge_list(LIST, known({"a": True, "b": None, "c": True}))
    assert (met.verdict, met.missing, met.failed) == (MET, (), ())
    assert (missed.verdict, failed(missed), len(missed.deciding)) == (NOT_MET, ("test.a",), 3)
    assert missed.missing == ("b",)
    assert (undecided.verdict, undecided.missing, undecided.failed) == (UNKNOWN, ("b",), ())
    assert (met.id, met.title, met.source, met.reasons) == ("test", "Test", "remnant_rules", ())


def test_list__each_missing_fact_once_in_the_order_of_its_conditions():
    twice = criterion("a", IS, False, id="test.again")
    many = judge_list(listed(*(criterion(name, IS, True) for name in "cab"), twice), known({}))
    assert many.missing == ("c", "a", "b")


def test_list__remarks_do_not_decide():
    remark = criterion("b", IS, True, needed=False)
    result = judge_list(
        listed(criterion("a", IS, True), remark, remark="More."), known({"a": True})
    )
    assert (result.verdict, result.missing) == (MET, ())
    assert [(f.verdict, f.decides) for f in result.findings] == [(MET, True), (UNKNOWN, False)]
    missed = judge_list(listed(criterion("a", IS, True), remark), known({"a": False, "b": False}))
    assert (failed(missed), len(missed.deciding)) == (("test.a",), 1)
    assert judge_list(listed(remark), known({"b": False})).verdict is MET


def test_list__what_stands_beside_it_decides_nothing():
    remark_beside = Remark(
        id="test.beside",
        statement="Something.",
        population="nobody",
        source="gepnetlm_review",
        status=SourceStatus.PROJECT,
    )
    result = judge_list(
        listed(criterion("a", IS, True)),
        known({"a": True, "b": False}),
        beside=(criterion("b", IS, True), criterion("c", IS, True)),
        remarks=(remark_beside,),
    )
    assert (result.verdict, result.missing, result.failed) == (MET, (), ())
    assert [f.id for f in result.findings] == ["test.a", "test.b", "test.c", "test.beside"]
    assert [f.verdict for f in result.findings] == [MET, NOT_MET, UNKNOWN, MET]
    assert [f.decides for f in result.findings] == [True, False, False, False]
    last = result.findings[-1]
    assert (last.source, last.status) == ("gepnetlm_review", SourceStatus.PROJECT)
    assert (last.threshold, last.quantity, last.inputs) == (None, None, ())


def test_list__estimated_segments_are_a_reason_of_what_rests_on_them():
    marked = (Reason(Cause.SEGMENTS_ESTIMATED),)
    plans, person = criterion("plans", IS, True), criterion("a", IS, True)
    decides = judge_list(listed(plans, person), known({}), segments_estimated=True)
    assert (decides.reasons, [f.reasons for f in decides.findings]) == (marked, [marked, ()])
    beside = listed(replace(plans, needed=False), person)
    shown = judge_list(beside, known({}), segments_estimated=True)
    assert (shown.reasons, [f.reasons for f in shown.findings]) == ((), [marked, ()])
    given_ = judge_list(listed(plans, person), known({}))
    assert (given_.reasons, [f.reasons for f in given_.findings]) == ((), [(), ()])


def test_reason__is_added_once():
    found = judge(criterion(), known({"age": 54.5}))
    assert with_reason(found, *NEAR).reasons == NEAR


@given(
    fewer=st.dictionaries(st.sampled_from("abc"), st.booleans()),
    more=st.dictionaries(st.sampled_from("abc"), st.booleans()),
)
def test_list__one_more_fact_never_undecides(fewer, more):
    before = judge_list(LIST, known(fewer))
    after = judge_list(LIST, known(more | fewer))
    if before.verdict is not UNKNOWN:
        assert after.verdict is before.verdict
    assert set(after.missing) <= set(before.missing)


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (LESS, (NOT_MET, NOT_MET, Verdict.UNCERTAIN, Verdict.UNCERTAIN, MET)),
        (AT_MOST, (NOT_MET, Verdict.UNCERTAIN, Verdict.UNCERTAIN, MET, MET)),
        (AT_LEAST, (MET, MET, Verdict.UNCERTAIN, Verdict.UNCERTAIN, NOT_MET)),
        (MORE, (MET, Verdict.UNCERTAIN, Verdict.UNCERTAIN, NOT_MET, NOT_MET)),
    ],
)
def test_judge__a_limit_between_two_diameters_is_uncertain(comparison, expected):
    """28 mm axially, 32 mm in 3-D, against limits of 27, 28, 30, 32 and 33 mm."""
    size = Diameter(axial_mm=Quantity(28.0), corrected_3d_mm=32.0)
    limits = (27.0, 28.0, 30.0, 32.0, 33.0)
    assert expected == tuple(verdict(comparison, limit, size) for limit in limits)


def test_judge__a_diameter_at_least_so_long_is_unknown_not_uncertain():
    """The scan cuts it: 28 mm or more, 32 mm or more in 3-D."""
    cut = Quantity(28.0, bound=Bound.LOWER, reasons=Reason(Cause.SCAN_CUTS_LESION))
    size = Diameter(axial_mm=cut, corrected_3d_mm=32.0)
    found = [verdict(AT_MOST, limit, size) for limit in (27.0, 30.0, 40.0)]
    assert found == [NOT_MET, UNKNOWN, UNKNOWN]
    found = [verdict(MORE, limit, size) for limit in (27.0, 30.0, 40.0)]
    assert found == [MET, UNKNOWN, UNKNOWN]


@given(axial=st.floats(1.0, 90.0), more=st.floats(0.0, 20.0), limit=st.floats(1.0, 100.0))
def test_judge__two_diameters_of_one_length_are_one_number(axial, more, limit):
    """And what is sure of both is the verdict on each."""
    for comparison in Comparison:
        ends = [verdict(comparison, limit, Quantity(mm)) for mm in (axial, axial + more)]
        size = Diameter(axial_mm=Quantity(axial), corrected_3d_mm=axial + more)
        expected = ends[0] if ends[0] is ends[1] else Verdict.UNCERTAIN
        assert expected is verdict(comparison, limit, size)


def test_judge__a_limit_between_two_diameters_gives_both():
    size = Diameter(axial_mm=Quantity(28.0), corrected_3d_mm=32.0)
    found = judge(criterion("scan", AT_MOST, 30.0), known({"scan": size}))
    assert found.reasons == (reason(Cause.DIAMETERS_DISAGREE, 28.0, 32.0, 30.0),)
    assert (found.quantity, found.missing) == (Quantity(28.0), ())


PROOFS = (reason(Cause.NOT_PROVEN),)
RANGE = ShareRange(least=0.6, most=0.8, reasons=PROOFS)
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
    condition = criterion(comparison=MORE, limit=0.7)
    below, up_to = (judge(condition, known({"age": share})) for share in (BELOW, RANGE))
    assert below.reasons == (reason(Cause.SHARE_BELOW, 0.6, 0.8), *PROOFS)
    assert up_to.reasons == (reason(Cause.SHARE_UP_TO, 0.6, 0.8), *PROOFS)
    assert (below.value, below.missing) == (0.6, ("age",))
    assert judge(condition, known({"age": replace(RANGE, least=0.0)})).value is None


def test_judge__a_range_that_decides_is_not_missing():
    found = judge(criterion(comparison=MORE, limit=0.5), known({"age": RANGE}))
    assert (found.verdict, found.missing, found.value) == (MET, (), 0.6)


def test_computed__is_not_missing_from_the_list_but_from_its_finding():
    plans, scan = criterion("plans", IS, True), criterion("scan", AT_MOST, 3.0)
    found = judge_list(listed(plans, scan, criterion("a", IS, True)), known({}))
    assert found.missing == ("a",)
    assert [f.missing for f in found.findings] == [("plans",), ("scan",), ("a",)]
    assert undecided_inputs((plans, scan), known({})) == ("plans", "scan")
    no_plan = Quantity.absent(reason(Cause.NO_PLAN))
    alone = judge_list(listed(plans), known({"plans": no_plan}))
    assert (alone.missing, alone.verdict) == ((), UNKNOWN)
    assert alone.findings[0].reasons == no_plan.reasons
    missed = judge_list(listed(plans, criterion("a", IS, True)), known({"a": False}))
    assert (failed(missed), len(missed.deciding)) == (("test.a",), 2)


def test_inputs__are_those_of_every_branch_each_once():
    assert inputs_of(EITHER) == tuple(INPUTS[name] for name in "abc")
    assert inputs_of(replace(EITHER, branches=EITHER.branches * 2)) == inputs_of(EITHER)
    assert inputs_of(criterion()) == (INPUTS["age"],)


def test_segments__any_input_of_any_branch_rests_on_them():
    through_plans = replace(EITHER, branches=(*EITHER.branches, (criterion("plans", IS, True),)))
    assert rests_on_segments((criterion(), through_plans))
    assert not rests_on_segments((criterion(), EITHER))


def evenly(low, high, **changes):
    quantiles = tuple(low + (high - low) * step / 1000 for step in range(1001))
    return Quantity((low + high) / 2, interval=Interval(low, high, quantiles=quantiles), **changes)


@pytest.mark.parametrize(
    ("comparison", "limit"),
    [(IS, True), (IS, False), (IS, (Grade.G1,)), (LESS, 5.0), (MORE, 5.0)],
)
def test_doubt__is_an_uncertain_condition(comparison, limit):
    found = judge(criterion(comparison=comparison, limit=limit), known({"age": Doubt.UNCERTAIN}))
    assert (found.verdict, found.missing, found.reasons) == (UNCERTAIN, (), ())
    assert (found.quantity, found.value, found.probability) == (None, None, None)


def test_uncertain__keeps_the_quantity_and_its_probability():
    found = judge(criterion(), known({"age": evenly(50.0, 60.0)}))
    assert (found.verdict, found.missing, found.value) == (UNCERTAIN, (), 55.0)
    assert pytest.approx(0.5, abs=0.01) == found.probability
    sure = judge(criterion(limit=61.0), known({"age": evenly(50.0, 60.0)}))
    assert (sure.verdict, sure.probability) == (MET, None)


@pytest.mark.parametrize(
    ("certainty", "limit", "expected"),
    [
        (0.9, 59.5, MET),
        (0.9, 58.0, UNCERTAIN),
        (0.75, 58.0, MET),
        (0.5, 55.5, MET),
        (0.5, 54.5, NOT_MET),
        (0.99, 59.5, UNCERTAIN),
    ],
)
def test_facts__say_how_sure_a_condition_has_to_be(certainty, limit, expected):
    facts = replace(known({"age": evenly(50.0, 60.0)}), certainty=certainty)
    assert judge(criterion(limit=limit), facts).verdict is expected
    wider = facts.extended({INPUTS["burden"]: 0.1})
    assert wider.certainty == certainty


LISTED = {UNCERTAIN: Doubt.UNCERTAIN, MET: True, NOT_MET: False, UNKNOWN: None}


@pytest.mark.parametrize("verdicts", list(product(FOUR, repeat=2)))
def test_list__an_uncertain_condition_and_no_failed_one_is_uncertain(verdicts):
    values = dict(zip("ab", (LISTED[one] for one in verdicts), strict=True))
    found = judge_list(listed(*(criterion(name, IS, True) for name in "ab")), known(values))
    if NOT_MET in verdicts:
        assert found.verdict is NOT_MET
    elif UNCERTAIN in verdicts:
        assert found.verdict is UNCERTAIN
    else:
        assert found.verdict is (MET if verdicts == (MET, MET) else UNKNOWN)
    missing = [name for name, one in zip("ab", verdicts, strict=True) if one is UNKNOWN]
    assert found.missing == tuple(missing)
    assert not any(one.verdict is UNCERTAIN for one in found.failed)


def test_list__an_uncertain_remark_decides_nothing():
    remark = criterion("b", IS, True, needed=False)
    result = judge_list(
        listed(criterion("a", IS, True), remark), known({"a": True, "b": Doubt.UNCERTAIN})
    )
    assert result.verdict is MET


@pytest.mark.parametrize(
    ("values", "expected", "missing"),
    [
        ({"a": Doubt.UNCERTAIN, "b": True, "c": False}, UNCERTAIN, ()),
        ({"a": Doubt.UNCERTAIN, "b": False, "c": False}, NOT_MET, ()),
        ({"a": Doubt.UNCERTAIN, "b": True, "c": True}, MET, ()),
        ({"a": Doubt.UNCERTAIN, "b": None, "c": False}, UNCERTAIN, ("b",)),
        ({"a": Doubt.UNCERTAIN, "b": True, "c": None}, UNCERTAIN, ("c",)),
        ({"a": Doubt.UNCERTAIN, "b": False, "c": None}, UNKNOWN, ("c",)),
    ],
)
def test_any_of__an_uncertain_branch(values, expected, missing):
    """What is missing is still asked for: it might settle what the error leaves open."""
    found = judge(EITHER, known(values))
    assert (found.verdict, undecided_inputs((EITHER,), known(values))) == (expected, missing)
