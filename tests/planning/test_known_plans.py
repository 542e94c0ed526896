from dataclasses import replace

import pytest

from planning.contiguity import CONTIGUITY_ID
from planning.known_plans import plan_facts
from remnant.core.debulking import Fate, PlanOrigin, TargetOutcome
from remnant.core.findings import Finding, Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.testing.example_plans import example_plan, example_result

MET, NOT_MET, UNKNOWN, _ = Verdict
RESECTED = {1: Fate.WITH_SEGMENTS, 2: Fate.WEDGE}
FLR = ("flr.cloyd2020", "flr.machairas2021_30")


def finding(name, verdict):
    return Finding(id=name, verdict=verdict, text="Said.")


def plan(share, *, feasible=MET, targets=(), flr=MET, contiguous=UNKNOWN, **changes):
    fates = changes.pop("fates", {1: Fate.WITH_SEGMENTS, 2: Fate.ABLATED})
    debulked = changes.pop("debulked", Quantity(share))
    return example_plan(
        result=example_result(debulked=share, fates=fates, debulked_fraction=debulked),
        feasible=feasible,
        targets=targets,
        findings=(*(finding(name, flr) for name in FLR), finding(CONTIGUITY_ID, contiguous)),
        **changes,
    )


def outcome(target, verdict):
    return TargetOutcome(
        target=target,
        verdict=verdict,
        plans=(),
        text="Said.",
        most_debulked_fraction=1.0,
        largest_flr_ml=None,
        least_flr_ml=None,
        proven=verdict is not UNKNOWN,
    )


def test_nothing__is_unknown_without_plans():
    known = plan_facts((), ())
    assert known.pop("debulkable_fraction").reason == "no plan was made"
    assert set(known.values()) == {None}


def test_debulkable__is_the_largest_share_that_is_feasible():
    plans = (plan(0.6), plan(0.75), plan(0.95, feasible=NOT_MET), plan(0.9, feasible=UNKNOWN))
    found = plan_facts(plans, ())["debulkable_fraction"]
    assert (found.value, found.bound) == (0.75, Bound.LOWER)
    assert found.reason == "a plan that debulks more may exist"
    proven = plan_facts(plans, (outcome(0.8, NOT_MET),))["debulkable_fraction"]
    assert (proven.value, proven.bound) == (0.75, None)
    for verdict in (MET, UNKNOWN):
        open_ended = plan_facts(plans, (outcome(0.8, verdict),))["debulkable_fraction"]
        assert open_ended.bound is Bound.LOWER


def test_debulkable__everything_is_everything():
    assert plan_facts((plan(1.0), plan(0.7)), ())["debulkable_fraction"] == Quantity(1.0)


def test_debulkable__keeps_what_is_loose():
    bound = Quantity(0.8, bound=Bound.UPPER, reason="cut")
    assert plan_facts((plan(0.8, debulked=bound),), ())["debulkable_fraction"] == bound
    loose = Quantity(0.8, indicative=True, reason="cut")
    assert plan_facts((plan(0.8, debulked=loose),), ())["debulkable_fraction"] == loose
    absent = Quantity.absent("no lesion")
    assert plan_facts((plan(0.8, debulked=absent),), ())["debulkable_fraction"] == absent


def test_debulkable__without_a_feasible_plan_is_unknown():
    found = plan_facts((plan(0.9, feasible=UNKNOWN),), ())["debulkable_fraction"]
    assert "whether enough liver would remain" in found.reason


@pytest.mark.parametrize(
    ("plans", "complete", "clearance", "r0"),
    [
        ((plan(1.0),), MET, True, None),
        ((plan(1.0, fates=RESECTED),), MET, True, True),
        ((plan(0.9, fates=RESECTED | {3: Fate.STAYS}),), NOT_MET, False, False),
        ((plan(0.9, fates=RESECTED | {3: Fate.CUT}),), UNKNOWN, None, None),
        ((plan(1.0, feasible=NOT_MET, fates=RESECTED),), NOT_MET, False, False),
        ((plan(1.0, feasible=UNKNOWN, fates=RESECTED),), UNKNOWN, None, None),
        ((), MET, True, None),
    ],
)
def test_complete__with_and_without_ablation(plans, complete, clearance, r0):
    known = plan_facts(plans, (outcome(1.0, complete), outcome(0.7, MET)))
    assert (known["clearance_feasible"], known["r0_feasible"]) == (clearance, r0)


@pytest.mark.parametrize(
    ("share", "flr", "cloyd", "machairas"),
    [
        (0.9, MET, None, None),
        (0.9 + 1e-12, MET, None, None),
        (0.91, MET, True, None),
        (1.0, MET, True, True),
        (0.91, UNKNOWN, None, None),
        (0.91, NOT_MET, False, None),
        (1.0, NOT_MET, False, False),
    ],
)
def test_enough_liver__at_each_sources_share(share, flr, cloyd, machairas):
    known = plan_facts((plan(share, flr=flr, targets=(0.7, 1.0)),), ())
    assert (known["flr_by_cloyd"], known["flr_by_machairas"]) == (cloyd, machairas)


@pytest.mark.parametrize(
    "changes",
    [
        {"proven": False},
        {"proven": None, "origin": PlanOrigin.USER},
        {"targets": ()},
        {"targets": (1.0,)},
    ],
)
def test_enough_liver__is_not_excluded_by_what_is_not_the_best(changes):
    missed = replace(plan(0.95, flr=NOT_MET, targets=(0.9,)), **changes)
    assert plan_facts((missed,), ())["flr_by_cloyd"] is None
    assert plan_facts((missed, plan(0.92)), ())["flr_by_cloyd"] is True


def test_contiguous__is_known_to_hold_or_not_known():
    assert plan_facts((plan(0.95),), ())["contiguous_by_cloyd"] is True
    assert plan_facts((plan(0.9),), ())["contiguous_by_cloyd"] is None
    assert plan_facts((plan(0.95, contiguous=NOT_MET),), ())["contiguous_by_cloyd"] is None
