from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.contiguity import CONTIGUITY_ID
from planning.criteria import ShareRange
from planning.known_plans import CUT_SCAN, NO_MARGIN, Evidence
from planning.known_plans import plan_facts as facts_of
from remnant.core.debulking import Fate, PlanOrigin, TargetOutcome
from remnant.core.findings import Finding, Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.testing.example_plans import example_plan, example_result

MET, NOT_MET, UNKNOWN, _ = Verdict
RESECTED = {1: Fate.WITH_SEGMENTS, 2: Fate.WEDGE}
FLR = ("flr.cloyd2020", "flr.machairas2021_30")


def plan_facts(plans, targets, **changes):
    return facts_of(Evidence(plans=plans, targets=targets, **changes))


def finding(name, verdict):
    return Finding(id=name, verdict=verdict, prose="Said.")


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


def outcome(target, verdict, *, most=1.0):
    return TargetOutcome(
        target=target,
        verdict=verdict,
        plans=(),
        text="Said.",
        most_debulked_fraction=most,
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
    for verdict in (MET, UNKNOWN):
        open_ended = plan_facts(plans, (outcome(0.8, verdict),))["debulkable_fraction"]
        assert open_ended.bound is Bound.LOWER


def test_debulkable__a_missed_target_proves_only_less_than_it():
    missed = (outcome(0.9, NOT_MET), outcome(0.8, NOT_MET), outcome(0.7, MET))
    found = plan_facts((plan(0.75),), missed)["debulkable_fraction"]
    assert (0.75, 0.8, True) == (found.least, found.most, found.below)
    alone = plan_facts((plan(0.6, feasible=UNKNOWN),), missed)["debulkable_fraction"]
    assert (0.0, 0.8, True) == (alone.least, alone.most, alone.below)


def test_debulkable__the_most_that_is_proven_is_its_ceiling():
    proven = outcome(0.7, MET, most=0.82)
    found = plan_facts((plan(0.75),), (proven,))["debulkable_fraction"]
    assert (0.75, 0.82, False) == (found.least, found.most, found.below)
    assert found.ends == (0.75, 0.82)
    reached = plan_facts((plan(0.82),), (proven,))["debulkable_fraction"]
    assert reached == Quantity(0.82)
    unproven = replace(proven, verdict=UNKNOWN, proven=False)
    assert plan_facts((plan(0.82),), (unproven,))["debulkable_fraction"].bound is Bound.LOWER


def test_debulkable__a_cut_beyond_the_ceiling_leaves_it_open():
    own = plan(0.85, origin=PlanOrigin.USER, proven=None)
    found = plan_facts((own,), (outcome(0.7, MET, most=0.82),))["debulkable_fraction"]
    assert (found.value, found.bound) == (0.85, Bound.LOWER)


def test_debulkable__everything_is_everything():
    assert plan_facts((plan(1.0), plan(0.7)), ())["debulkable_fraction"] == Quantity(1.0)


def test_debulkable__keeps_what_is_loose():
    bound = Quantity(0.8, bound=Bound.UPPER, reasons="cut")
    loosened = plan_facts((plan(0.8, debulked=bound),), ())["debulkable_fraction"]
    assert loosened == Quantity(0.8, indicative=True, reasons="cut")
    loose = Quantity(0.8, indicative=True, reasons="cut")
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
        {"proven": None, "origin": PlanOrigin.USER, "feasible": NOT_MET},
        {"proven": None, "origin": PlanOrigin.USER, "feasible": UNKNOWN},
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


LOOSE = (
    Quantity(1.0, bound=Bound.UPPER, reasons="cut"),
    Quantity(1.0, indicative=True, reasons="cut"),
    Quantity.absent("no lesion"),
)


@pytest.mark.parametrize("debulked", LOOSE)
@pytest.mark.parametrize("flr", [MET, NOT_MET])
def test_cut_liver__nothing_is_met_or_excluded(debulked, flr):
    loose = plan(1.0, debulked=debulked, fates=RESECTED, flr=flr, targets=(1.0,), proven=True)
    known = plan_facts((loose,), (outcome(1.0, UNKNOWN),))
    assert known.pop("debulkable_fraction") == LOOSE[1] or debulked.value is None
    assert set(known.values()) == {None}


def test_cut_liver__proofs_hold_for_the_scanned_part_alone():
    missed = (outcome(0.7, NOT_MET, most=0.6), outcome(1.0, NOT_MET, most=0.6))
    known = plan_facts((plan(0.5),), missed, cut=True)
    share = known.pop("debulkable_fraction")
    assert (share.bound, share.reason) == (Bound.LOWER, CUT_SCAN)
    assert {value.reason for value in known.values()} == {CUT_SCAN}


def test_limits__what_they_forbid_is_unknown_and_what_is_reached_stays():
    missed = (outcome(0.9, NOT_MET, most=0.8), outcome(1.0, NOT_MET, most=0.8))
    plans = (plan(0.95, flr=NOT_MET, targets=(0.7,), feasible=NOT_MET), plan(0.75))
    free = plan_facts(plans, missed)
    assert (free["r0_feasible"], free["clearance_feasible"], free["flr_by_cloyd"]) == (False,) * 3
    locked = plan_facts(plans, missed, limits="no wedge")
    assert (locked["debulkable_fraction"].value, locked["debulkable_fraction"].bound) == (
        0.75,
        Bound.LOWER,
    )
    for name in ("r0_feasible", "clearance_feasible", "flr_by_cloyd"):
        assert locked[name] == Quantity.absent("the chosen limits forbid more: no wedge")
    reached = plan_facts((plan(1.0, fates=RESECTED),), (), limits="no wedge")
    assert reached["r0_feasible"] is reached["clearance_feasible"] is True


def test_r0__not_with_a_margin_of_zero():
    resected = (plan(1.0, fates=RESECTED),)
    assert plan_facts(resected, (), margin_mm=0.1)["r0_feasible"] is True
    assert plan_facts(resected, (), margin_mm=0.0)["r0_feasible"] == Quantity.absent(NO_MARGIN)
    missed = (outcome(1.0, NOT_MET),)
    assert plan_facts((), missed, margin_mm=0.0)["r0_feasible"] is False


@pytest.mark.parametrize(("feasible", "counts"), [(MET, True), (UNKNOWN, True), (NOT_MET, None)])
def test_users_plans__are_evidence_only_where_they_are_feasible(feasible, counts):
    own = plan(0.95, origin=PlanOrigin.USER, proven=None, feasible=feasible)
    known = plan_facts((own,), ())
    assert (counts, counts) == (known["flr_by_cloyd"], known["contiguous_by_cloyd"])


@given(
    best=st.floats(0.05, 1.0),
    truth=st.floats(0.05, 1.0),
    targets=st.lists(st.sampled_from((0.3, 0.5, 0.7, 0.8, 0.9, 1.0)), max_size=4, unique=True),
    slack=st.floats(0.0, 0.5),
)
def test_debulkable__never_contradicts_the_truth(best, truth, targets, slack):
    """Oracle: the true best share decides each target; the found plan may fall short of it."""
    best, most = min(best, truth), min(1.0, truth + slack)
    judged = tuple(outcome(t, MET if truth >= t else NOT_MET, most=most) for t in targets)
    found = plan_facts((plan(best),), judged)["debulkable_fraction"]
    if isinstance(found, ShareRange):
        assert found.least <= truth + 1e-9
        assert truth <= found.most + 1e-9
    elif found.bound is None:
        assert found.value == pytest.approx(truth)
    else:
        assert (found.bound, found.value <= truth) == (Bound.LOWER, True)
