"""What plans and targets prove, as facts for conditions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.plans import example_outcome, example_plan, example_result
from planning.facts.evidence import (
    Evidence,
    amenable_to_resection,
    debulkable_in_stages,
    flr_insufficient,
    is_short,
    reachable_in_one_stage,
    small_resection_suffices,
)
from planning.facts.evidence import plan_facts as facts_of
from planning.inputs import Doubt, ShareRange
from planning.remnant.contiguity import CONTIGUITY_ID
from remnant.core.debulking import Fate, PlanOrigin
from remnant.core.findings import Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
RESECTED = {1: Fate.WITH_SEGMENTS, 2: Fate.WEDGE}
FLR = ("flr.cloyd2020", "flr.machairas2021_30")
NO_WEDGE = reason(Cause.LIMIT_CHOSEN, "most_wedges", 0)
FORBIDDEN = (Reason(Cause.LIMITS_FORBID), NO_WEDGE)
BEYOND = (Reason(Cause.MORE_BEYOND_SCAN),)
IN_ONE_STAGE = (
    "flr_insufficient_in_one_stage",
    "amenable_to_resection",
    "small_resection_suffices",
)


def every_fact(plans, targets, **changes):
    found = facts_of(Evidence(plans=plans, targets=targets, **changes))
    return {one.name: value for one, value in found.items()}


def plan_facts(plans, targets, **changes):
    """Return what the plans reach, without what is known of stages."""
    found = every_fact(plans, targets, **changes)
    beside = {*IN_ONE_STAGE, "debulkable_in_stages_fraction"}
    return {name: value for name, value in found.items() if name not in beside}


def finding(name, verdict):
    return Finding(id=name, verdict=verdict)


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


def outcome(target, verdict, *, most=1.0, largest=None, least=None):
    return example_outcome(
        target,
        verdict,
        most_debulked_fraction=most,
        largest_flr_ml=largest,
        least_flr_ml=Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))
        if least is None
        else Quantity(least),
        proven=verdict is not UNKNOWN,
    )


def test_nothing__is_unknown_without_plans():
    known = every_fact((), ())
    assert known.pop("debulkable_fraction") == Quantity.absent(Reason(Cause.NO_PLAN))
    assert set(known.values()) == {None}
    assert set(known) >= {*IN_ONE_STAGE, "debulkable_in_stages_fraction"}


def test_debulkable__is_the_largest_share_that_is_feasible():
    plans = (plan(0.6), plan(0.75), plan(0.95, feasible=NOT_MET), plan(0.9, feasible=UNKNOWN))
    found = plan_facts(plans, ())["debulkable_fraction"]
    assert (found.value, found.bound) == (0.75, Bound.LOWER)
    assert found.reasons == (Reason(Cause.NOT_PROVEN),)
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
    bound = Quantity(0.8, bound=Bound.UPPER, reasons=Reason(Cause.LIVER_CUT))
    loosened = plan_facts((plan(0.8, debulked=bound),), ())["debulkable_fraction"]
    assert loosened == Quantity(0.8, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    loose = Quantity(0.8, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    assert plan_facts((plan(0.8, debulked=loose),), ())["debulkable_fraction"] == loose
    absent = Quantity.absent(Reason(Cause.NO_LESION_TO_DEBULK))
    assert plan_facts((plan(0.8, debulked=absent),), ())["debulkable_fraction"] == absent


def test_debulkable__without_a_feasible_plan_is_unknown():
    found = plan_facts((plan(0.9, feasible=UNKNOWN),), ())["debulkable_fraction"]
    assert found == Quantity.absent(Reason(Cause.REMNANT_UNDECIDED))


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
    Quantity(1.0, bound=Bound.UPPER, reasons=Reason(Cause.LIVER_CUT)),
    Quantity(1.0, indicative=True, reasons=Reason(Cause.LIVER_CUT)),
    Quantity.absent(Reason(Cause.NO_LESION_TO_DEBULK)),
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
    assert (share.bound, share.reasons) == (Bound.LOWER, BEYOND)
    assert {value.reasons for value in known.values()} == {BEYOND}


def test_limits__what_they_forbid_is_unknown_and_what_is_reached_stays():
    missed = (outcome(0.9, NOT_MET, most=0.8), outcome(1.0, NOT_MET, most=0.8))
    plans = (plan(0.95, flr=NOT_MET, targets=(0.7,), feasible=NOT_MET), plan(0.75))
    free = plan_facts(plans, missed)
    assert (free["r0_feasible"], free["clearance_feasible"], free["flr_by_cloyd"]) == (False,) * 3
    locked = plan_facts(plans, missed, limits=(NO_WEDGE,))
    assert (locked["debulkable_fraction"].value, locked["debulkable_fraction"].bound) == (
        0.75,
        Bound.LOWER,
    )
    for name in ("r0_feasible", "clearance_feasible", "flr_by_cloyd"):
        assert locked[name] == Quantity.absent(FORBIDDEN)
    reached = plan_facts((plan(1.0, fates=RESECTED),), (), limits=(NO_WEDGE,))
    assert reached["r0_feasible"] is reached["clearance_feasible"] is True


def test_r0__not_with_a_margin_of_zero():
    resected = (plan(1.0, fates=RESECTED),)
    assert plan_facts(resected, (), margin_mm=0.1)["r0_feasible"] is True
    assert plan_facts(resected, (), margin_mm=0.0)["r0_feasible"] == Quantity.absent(
        Reason(Cause.NO_MARGIN)
    )
    missed = (outcome(1.0, NOT_MET),)
    assert plan_facts((), missed, margin_mm=0.0)["r0_feasible"] is False


@pytest.mark.parametrize(("feasible", "counts"), [(MET, True), (UNKNOWN, True), (NOT_MET, None)])
def test_users_plans__are_evidence_only_where_they_are_feasible(feasible, counts):
    own = plan(0.95, origin=PlanOrigin.USER, proven=None, feasible=feasible)
    known = plan_facts((own,), ())
    assert (counts, counts) == (known["flr_by_cloyd"], known["contiguous_by_cloyd"])


def test_limits__leave_open_what_one_stage_does_not_reach():
    missed = (outcome(0.7, NOT_MET, largest=300.0, least=400.0),)
    free, locked = (every_fact((), missed, limits=limits) for limits in ((), (NO_WEDGE,)))
    assert [free[name] for name in IN_ONE_STAGE] == [True, None, None]
    assert [locked[name] for name in IN_ONE_STAGE] == [None] * 3
    assert locked["debulkable_in_stages_fraction"] is None
    reached = (outcome(0.7, MET),)
    kept = every_fact((plan(0.75),), reached, limits=(NO_WEDGE,))
    assert [kept[name] for name in IN_ONE_STAGE] == [False, True, True]


def test_cut_liver__what_one_stage_reaches_is_that_of_the_targets():
    missed = (outcome(0.7, NOT_MET, largest=300.0, least=400.0),)
    assert every_fact((), missed, cut=True)["flr_insufficient_in_one_stage"] is True


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


def target(share=1.0, verdict=MET, *, largest=500.0, least=400.0):
    return outcome(share, verdict, largest=largest, least=least)


REACHED = (target(),)


def small(
    segments=(2, 3), *, share=1.0, named=True, feasible=MET, targets=(), vessels_intact=False
):
    debulked = (
        Quantity.absent(Reason(Cause.NO_LESION_TO_DEBULK)) if share is None else Quantity(share)
    )
    return example_plan(
        recipe=Recipe(segments=tuple(CouinaudSegment(s) for s in segments)),
        result=example_result(debulked_fraction=debulked),
        targets=targets,
        named=named,
        vessels_intact=vessels_intact,
        feasible=feasible,
    )


@pytest.mark.parametrize(
    ("change", "suffices"),
    [
        ({}, True),
        ({"segments": ()}, True),
        ({"segments": (2, 3, 4)}, False),
        ({"named": False, "feasible": UNKNOWN}, False),
        ({"named": False, "vessels_intact": True}, True),
        ({"feasible": UNKNOWN}, False),
        ({"share": 0.99}, False),
        ({"share": None}, False),
        ({"share": None, "targets": (1.0,)}, True),
    ],
)
def test_small_resection__by_segments_name_and_target(change, suffices):
    plans = [small(**change)]

    assert small_resection_suffices(plans, REACHED) is suffices
    assert every_fact(plans, REACHED)["small_resection_suffices"] is suffices


def test_small_resection__is_that_of_the_highest_target_met():
    plans = [small((2,), share=0.75), small((5, 6, 7, 8), share=0.95)]

    assert small_resection_suffices(plans, [target(0.7)]) is True
    assert small_resection_suffices(plans, [target(0.7), target(0.9)]) is False
    assert small_resection_suffices(plans, [target(0.9, NOT_MET)]) is None


@pytest.mark.parametrize(
    ("targets", "short"),
    [
        ((), None),
        ((target(),), False),
        ((target(verdict=UNKNOWN),), None),
        ((target(verdict=UNKNOWN), target(verdict=NOT_MET, largest=1.0)), True),
        ((target(verdict=NOT_MET, largest=399.9),), True),
        ((target(verdict=NOT_MET, largest=400.0),), False),
        ((target(verdict=NOT_MET, largest=None),), False),
        ((target(verdict=NOT_MET, least=None),), None),
    ],
)
def test_flr_insufficient__only_for_want_of_liver(targets, short):
    assert flr_insufficient(targets) is short
    assert every_fact((), targets)["flr_insufficient_in_one_stage"] is short


@pytest.mark.parametrize(
    ("verdicts", "reachable"),
    [
        ((), None),
        ((MET, UNKNOWN), True),
        ((NOT_MET, UNKNOWN), None),
        ((NOT_MET, NOT_MET), False),
    ],
)
def test_reachable__in_three_values(verdicts, reachable):
    targets = [target(verdict=v) for v in verdicts]

    assert reachable_in_one_stage(targets) is reachable


@pytest.mark.parametrize(
    ("targets", "amenable"),
    [
        ((), None),
        ((target(),), True),
        ((target(verdict=UNKNOWN),), None),
        ((target(verdict=NOT_MET),), False),
        ((target(verdict=NOT_MET, largest=300.0),), None),
        ((target(verdict=NOT_MET, least=None),), None),
        ((target(0.7), target(0.9, NOT_MET, largest=300.0)), True),
    ],
)
def test_amenable__undecided_where_only_stages_might_reach(targets, amenable):
    assert amenable_to_resection(targets) is amenable
    assert every_fact((), targets)["amenable_to_resection"] is amenable


def test_short__is_known_of_a_missed_target_alone():
    assert [is_short(target(verdict=v, largest=1.0)) for v in (MET, NOT_MET, UNKNOWN)] == [
        False,
        True,
        None,
    ]


STAGES = Quantity.absent(Reason(Cause.STAGES_MIGHT_REACH))
HIGHEST = (Reason(Cause.HIGHEST_TARGET_MET),)
LOWEST = (Reason(Cause.TARGET_OUT_OF_REACH),)
NO_PLAN = Quantity.absent(Reason(Cause.NO_PLAN))
SHORT_70 = target(0.7, NOT_MET, largest=300.0)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ((), None),
        ((target(0.7), target(0.8)), Quantity(0.8, bound=Bound.LOWER, reasons=HIGHEST)),
        ((target(0.7, UNKNOWN),), None),
        (
            (target(0.7, NOT_MET), target(0.9, NOT_MET)),
            Quantity(0.7, bound=Bound.UPPER, reasons=LOWEST),
        ),
        ((target(0.8, NOT_MET),), Quantity(0.8, bound=Bound.UPPER, reasons=LOWEST)),
        ((SHORT_70,), STAGES),
    ],
)
def test_in_stages__from_targets_where_no_share_is_known(targets, expected):
    assert debulkable_in_stages(NO_PLAN, targets) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (Quantity(0.5), STAGES),
        (Quantity(0.71), Quantity(0.71)),
        (Quantity(0.5, bound=Bound.LOWER), Quantity(0.5, bound=Bound.LOWER)),
        (ShareRange(least=0.5, most=0.7, reasons=()), STAGES),
    ],
)
def test_in_stages__stages_leave_open_what_one_stage_cannot(share, expected):
    assert debulkable_in_stages(share, (SHORT_70,)) == expected
    assert debulkable_in_stages(share, (target(0.7, NOT_MET),)) == share


UNSURE = Doubt.UNCERTAIN


@pytest.mark.parametrize(
    ("verdicts", "short", "reachable", "amenable"),
    [
        ((UNCERTAIN,), UNSURE, UNSURE, UNSURE),
        ((UNCERTAIN, NOT_MET), UNSURE, UNSURE, UNSURE),
        ((UNCERTAIN, UNKNOWN), UNSURE, UNSURE, UNSURE),
        ((UNCERTAIN, MET), UNSURE, True, True),
    ],
)
def test_uncertain_targets__are_uncertain_facts(verdicts, short, reachable, amenable):
    """None is short of liver for sure, none is reached for sure."""
    targets = [target(verdict=verdict) for verdict in verdicts]
    known = every_fact((), targets)
    assert known["flr_insufficient_in_one_stage"] is flr_insufficient(targets) is short
    assert reachable_in_one_stage(targets) is reachable
    assert known["amenable_to_resection"] is amenable_to_resection(targets) is amenable


def test_uncertain_targets__one_that_surely_falls_short_decides():
    targets = [target(verdict=UNCERTAIN), target(verdict=NOT_MET, largest=300.0)]
    assert flr_insufficient(targets) is True
    assert is_short(targets[0]) is UNSURE


def test_uncertain_targets__clear_nothing_for_sure():
    known = plan_facts((), (outcome(1.0, UNCERTAIN),))
    assert known["clearance_feasible"] is UNSURE
    sure = plan_facts((plan(1.0, fates=RESECTED),), (outcome(1.0, UNCERTAIN),))
    assert sure["clearance_feasible"] is sure["r0_feasible"] is True
    assert plan_facts((), (outcome(1.0, UNCERTAIN),))["r0_feasible"] is None


def test_uncertain_plan__r0_is_uncertain():
    doubtful = plan(1.0, fates=RESECTED, feasible=UNCERTAIN)
    assert plan_facts((doubtful,), ())["r0_feasible"] is UNSURE
    ablated = plan(1.0, feasible=UNCERTAIN)
    assert plan_facts((ablated,), ())["r0_feasible"] is None


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((UNCERTAIN,), UNSURE),
        ((UNCERTAIN, NOT_MET), UNSURE),
        ((UNCERTAIN, UNKNOWN), UNSURE),
        ((UNCERTAIN, MET), True),
    ],
)
def test_uncertain_remnant__is_an_uncertain_fact(verdicts, expected):
    plans = tuple(plan(1.0, flr=verdict, targets=(0.9,)) for verdict in verdicts)
    known = plan_facts(plans, ())
    assert known["flr_by_cloyd"] is known["flr_by_machairas"] is expected


@pytest.mark.parametrize("intact", [False, True])
def test_unassessed_plans__are_evidence_of_nothing_until_a_person_says_so(intact):
    """V alone would stay between removed segments: enough liver by number, and no remnant."""
    feasible = MET if intact else UNKNOWN
    island = plan(1.0, fates=RESECTED, named=False, vessels_intact=intact, feasible=feasible)
    known = plan_facts((island,), ())
    expected = True if intact else None
    for name in ("r0_feasible", "clearance_feasible", "flr_by_cloyd", "contiguous_by_cloyd"):
        assert known[name] is expected, name
    share = known["debulkable_fraction"]
    assert share == Quantity(1.0) if intact else share.value is None
