"""The surgical class from plans and proofs made by hand."""

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.plans import example_outcome
from planning.distribution.frilling import OPERATIONAL_RULE
from planning.distribution.netlm import OPERATIONAL_NETLM, netlm, netlm_finding
from remnant.core.debulking import DebulkingPlan, PlanOrigin, VirtualResection
from remnant.core.distribution import Netlm, NetlmType
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe

ONE, TWO, THREE, UNCLASSIFIABLE = NetlmType
MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "frilling.md"
MANY = [2, 3, 4, 5, 6] * 2


@pytest.fixture(scope="session")
def case(make_report, make_lesion):
    """One lesion of 1 mL in each of the given segments."""

    def build(codes, **kwargs):
        lesions = [make_lesion(n, 1.0, {code: 1.0}) for n, code in enumerate(codes, 1)]
        return make_report(lesions, **kwargs)

    return build


@pytest.fixture(scope="session")
def made_plan(make_remnant):
    def build(share, *, segments=(), feasible=MET, number=1, **quantity):
        debulked = (
            Quantity(share, **quantity)
            if share is not None
            else Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))
        )
        none = Quantity(0.0)
        result = VirtualResection(
            fates={},
            remnant=make_remnant(),
            debulked_fraction=debulked,
            removed_ml=none,
            ablated_ml=none,
            margin_ml=0.0,
            residual_tumour_ml=none,
            ablation_zones=0,
            interventions=1,
        )
        return DebulkingPlan(
            id=f"plan_{number}",
            origin=PlanOrigin.OPTIMISER,
            targets=(),
            recipe=Recipe(segments=tuple(CouinaudSegment(s) for s in segments)),
            result=result,
            named=True,
            new_world="",
            rule_set="gepnetlm_review",
            feasible=feasible,
            proven=True,
            gap_ml=0.0,
            on_front=True,
            flips=(),
        )

    return build


def outcome(target, verdict, *, most=1.0, proven=True):
    return example_outcome(
        target, verdict, most_debulked_fraction=most, largest_flr_ml=None, proven=proven
    )


def test_no_lesion__no_class(make_report, make_lesion):
    assert Netlm(type=None, reasons=(reason(Cause.NO_LESION_TO_CLASSIFY),)) == netlm(
        make_report(), targets=(), plans=()
    )
    rejected = make_lesion(1, confirmation=Confirmation.REJECTED)
    assert netlm(make_report([rejected]), targets=(), plans=()).type is None


def test_cut_liver__is_unclassifiable(case, made_plan):
    report = case([2, 6], tlv_bound=Bound.LOWER)
    found = netlm(report, targets=[outcome(1.0, MET)], plans=[made_plan(1.0)])
    assert Netlm(type=UNCLASSIFIABLE, reasons=(reason(Cause.TUMOUR_BEYOND_SCAN),)) == found


def test_no_plan__is_unclassifiable(case):
    assert Netlm(type=UNCLASSIFIABLE, reasons=(reason(Cause.REACH_UNKNOWN),)) == netlm(
        case([2]), targets=(), plans=()
    )


@pytest.mark.parametrize("segments", [(), (7,), (5, 6, 7, 8)])
def test_one__limited_and_cleared_by_any_accepted_plan(case, made_plan, segments):
    plans = [made_plan(0.8), made_plan(1.0, segments=segments, number=2)]
    found = netlm(case([6, 6, 7]), targets=[outcome(1.0, MET)], plans=plans)
    assert Netlm(type=ONE, reasons=(reason(Cause.PLAN_CLEARS_ALL, 3, "plan_2"),)) == found


@pytest.mark.parametrize(("number", "expected"), [(9, ONE), (10, TWO)])
def test_limited__is_fewer_than_disseminated(case, made_plan, number, expected):
    found = netlm(case(MANY[:number]), targets=[outcome(1.0, MET)], plans=[made_plan(1.0)])
    assert expected is found.type
    assert OPERATIONAL_RULE.disseminated_lesions - 1 == OPERATIONAL_NETLM.limited_lesions


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.7, UNCLASSIFIABLE), (0.7 + 1e-12, UNCLASSIFIABLE), (0.701, TWO), (0.95, TWO)],
)
def test_two__needs_more_than_seventy_percent(case, made_plan, share, expected):
    targets = [outcome(0.7, MET), outcome(0.8, NOT_MET)]
    found = netlm(case(MANY), targets=targets, plans=[made_plan(share)])
    assert expected is found.type
    if expected is UNCLASSIFIABLE:
        assert (reason(Cause.SHARE_NOT_REACHED, 0.7),) == found.reasons


@pytest.mark.parametrize(
    ("segments", "expected"), [((), TWO), ((2, 3), TWO), ((6, 7, 8), UNCLASSIFIABLE)]
)
def test_two__spares_parenchyma(case, made_plan, segments, expected):
    targets = [outcome(0.7, MET), outcome(1.0, NOT_MET)]
    found = netlm(case(MANY), targets=targets, plans=[made_plan(0.8, segments=segments)])
    assert expected is found.type
    if expected is UNCLASSIFIABLE:
        assert (reason(Cause.ONLY_LARGER_RESECTIONS, 0.7, 2),) == found.reasons


def test_two__names_the_sparing_plan_that_debulks_most(case, made_plan):
    plans = [
        made_plan(0.75),
        made_plan(0.92, segments=(2,), number=2),
        made_plan(0.99, segments=(2, 3, 4), number=3),
        made_plan(0.97, feasible=NOT_MET, number=4),
    ]
    found = netlm(case(MANY), targets=[outcome(1.0, NOT_MET)], plans=plans)
    expected = reason(Cause.SPARING_PLAN, 10, 0.92, 1, "plan_2")
    assert Netlm(type=TWO, reasons=(expected,)) == found


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([outcome(1.0, NOT_MET)], TWO),
        ([outcome(0.9, NOT_MET)], TWO),  # what misses 90 % misses all
        ([outcome(0.7, MET, most=0.99)], TWO),
        ([outcome(0.7, MET, most=0.99, proven=False)], UNCLASSIFIABLE),
        ([outcome(1.0, UNKNOWN)], UNCLASSIFIABLE),
        ([outcome(0.7, MET)], UNCLASSIFIABLE),
    ],
)
def test_few_lesions__are_two_only_when_clearing_all_is_ruled_out(
    case, made_plan, targets, expected
):
    found = netlm(case([2, 6]), targets=targets, plans=[made_plan(0.8)])
    assert expected is found.type
    open_reason = reason(Cause.CLEARANCE_NOT_PROVEN, 2, 0.7)
    assert (open_reason in found.reasons) == (expected is UNCLASSIFIABLE)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([outcome(0.7, NOT_MET)], THREE),
        ([outcome(0.5, NOT_MET)], THREE),
        ([outcome(0.5, MET, most=0.7)], THREE),
        ([outcome(0.5, MET, most=0.71)], UNCLASSIFIABLE),
        ([outcome(0.5, MET, most=0.7, proven=False)], UNCLASSIFIABLE),
        ([outcome(0.8, NOT_MET)], UNCLASSIFIABLE),  # 75 % may still be reached
        ([outcome(0.7, UNKNOWN)], UNCLASSIFIABLE),
    ],
)
@pytest.mark.parametrize("codes", [[2, 6], MANY])
def test_three__needs_a_proof(case, made_plan, codes, targets, expected):
    found = netlm(case(codes), targets=targets, plans=[made_plan(0.6)])
    assert expected is found.type
    if expected is THREE:
        assert (reason(Cause.SHARE_PROVEN_OUT_OF_REACH, len(codes), 0.7),) == found.reasons


def test_three__not_beside_a_users_plan_beyond_the_limits(case, made_plan):
    plans = [made_plan(0.8, segments=(6, 7, 8))]  # the proof speaks of plans within the limits
    found = netlm(case(MANY), targets=[outcome(0.7, NOT_MET)], plans=plans)
    larger = reason(Cause.ONLY_LARGER_RESECTIONS, 0.7, 2)
    assert Netlm(type=UNCLASSIFIABLE, reasons=(larger,)) == found


@pytest.mark.parametrize("codes", [[5, 6, 7], [1, 8]])
def test_three__needs_both_lobes(case, codes):
    found = netlm(case(codes), targets=[outcome(0.7, NOT_MET)], plans=())
    lobes = reason(Cause.BOTH_LOBES_NOT_KNOWN, 0.7)
    assert Netlm(type=UNCLASSIFIABLE, reasons=(lobes,)) == found


def test_unknown_remnant__is_unclassifiable(case, made_plan):
    plans = [made_plan(1.0, feasible=UNKNOWN)]
    found = netlm(case([2, 6]), targets=[outcome(1.0, UNKNOWN)], plans=plans)
    undecided = reason(Cause.REMNANTS_UNDECIDED)
    assert Netlm(type=UNCLASSIFIABLE, reasons=(undecided,)) == found


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ({"bound": Bound.UPPER, "reasons": Reason(Cause.LIVER_CUT)}, UNCLASSIFIABLE),
        ({"bound": Bound.LOWER, "reasons": Reason(Cause.LIVER_CUT)}, TWO),
        ({"indicative": True, "reasons": Reason(Cause.LIVER_CUT)}, UNCLASSIFIABLE),
    ],
)
def test_share__must_be_sure(case, made_plan, quantity, expected):
    found = netlm(case(MANY), targets=[outcome(1.0, NOT_MET)], plans=[made_plan(0.8, **quantity)])
    assert expected is found.type


def test_absent_share__is_no_plan(case, made_plan):
    found = netlm(case(MANY), targets=[outcome(1.0, NOT_MET)], plans=[made_plan(None)])
    assert UNCLASSIFIABLE is found.type


SHARES = st.sampled_from((0.5, 0.7, 0.71, 0.9, 1.0))


@given(
    codes=st.lists(st.integers(1, 8), min_size=1, max_size=12),
    drawn=st.lists(st.tuples(SHARES, st.booleans(), st.integers(0, 4)), max_size=4),
    proven=st.booleans(),
)
def test_class__rests_on_what_was_shown(case, made_plan, codes, drawn, proven):
    plans = [
        made_plan(share, segments=range(1, 1 + taken), feasible=MET if fits else NOT_MET, number=n)
        for n, (share, fits, taken) in enumerate(drawn)
    ]
    reached = [share for share, fits, _ in drawn if fits]
    best = max(reached, default=0.0)
    targets = [
        outcome(t, MET if best >= t else NOT_MET if proven else UNKNOWN, proven=proven)
        for t in (0.7, 0.9, 1.0)
    ]
    found = netlm(case(codes), targets=targets, plans=plans).type
    if found is ONE:
        assert best == 1.0
        assert len(codes) < 10
    if found is TWO:
        assert any(share > 0.7 and fits and taken <= 2 for share, fits, taken in drawn)
    if found is THREE:
        assert proven
        assert best < 0.7
        assert {code > 4 for code in codes if code > 1} == {True, False}
    more = [*plans, made_plan(1.0, number=9)]  # all can be taken after all
    better = netlm(case(codes), targets=[outcome(1.0, MET)], plans=more).type
    assert better is (ONE if len(codes) < 10 else TWO)


PAGE_EXAMPLES = [
    (
        "3, right lobe | right hemihepatectomy takes all, remnant accepted | 1",
        [6, 7, 8],
        [outcome(1.0, MET)],
        [(1.0, (5, 6, 7, 8))],
    ),
    (
        "3, both lobes | wedges reach 80 %; 100 % proven infeasible | 2",
        [2, 6, 7],
        [outcome(0.8, MET), outcome(1.0, NOT_MET)],
        [(0.8, ())],
    ),
    (
        "3, both lobes | wedges reach 80 %; 100 % not proven either way | unclassifiable",
        [2, 6, 7],
        [outcome(0.8, MET), outcome(1.0, UNKNOWN, proven=False)],
        [(0.8, ())],
    ),
    (
        "10, both lobes | 5 wedges and 3 ablations reach 71 % | 2",
        MANY,
        [outcome(0.7, MET)],
        [(0.71, ())],
    ),
    (
        "10, both lobes | proven: 7 of 10 equal lesions can go, which is 70 % and not more | 3",
        MANY,
        [outcome(0.7, MET, most=7 / 10), outcome(0.8, NOT_MET, most=7 / 10)],
        [(7 / 10, ())],
    ),
    ("10, both lobes | 70 % proven infeasible | 3", MANY, [outcome(0.7, NOT_MET)], []),
    (
        "10, both lobes | three whole segments are needed for 80 % | unclassifiable",
        MANY,
        [outcome(0.8, MET)],
        [(0.8, (2, 3, 4))],
    ),
    (
        "12, right lobe | 70 % proven infeasible | unclassifiable",
        [5, 6, 7, 8] * 3,
        [outcome(0.7, NOT_MET)],
        [],
    ),
]


@pytest.mark.parametrize(("words", "codes", "targets", "plans"), PAGE_EXAMPLES)
def test_page__examples_are_what_the_rule_says(case, made_plan, words, codes, targets, plans):
    assert f"| {words} |" in PAGE.read_text(encoding="utf-8")
    made = [made_plan(share, segments=taken) for share, taken in plans]
    assert words.endswith(f"| {netlm(case(codes), targets=targets, plans=made).type}")


@pytest.mark.parametrize(
    ("kind", "verdict", "name"),
    [
        (None, UNKNOWN, "none"),
        (UNCLASSIFIABLE, UNKNOWN, "unclassifiable"),
        (TWO, MET, "2"),
    ],
)
def test_finding__names_class_and_source(kind, verdict, name):
    unknown = reason(Cause.REACH_UNKNOWN)
    found = netlm_finding(Netlm(type=kind, reasons=(unknown,)))
    assert (verdict, "netlm.class", "netlm2023", SourceStatus.PROJECT) == (
        found.verdict,
        found.id,
        found.source,
        found.status,
    )
    assert (reason(Cause.CLASS_FOUND, name), unknown) == found.reasons


def test_page__has_the_numbers_of_the_rule():
    page = PAGE.read_text(encoding="utf-8")
    for field in fields(OPERATIONAL_NETLM):
        value = getattr(OPERATIONAL_NETLM, field.name)
        shown = f"{100 * value:g} %" if field.name.endswith("share") else f"{value}"
        assert f"`{field.name}` = {shown} |" in page


LOCKED = PlanChoice(most_wedges=0)


@pytest.mark.parametrize(
    ("codes", "share", "targets", "free", "locked"),
    [
        (MANY, 0.6, [outcome(0.7, NOT_MET)], THREE, UNCLASSIFIABLE),
        (MANY, 0.6, [outcome(0.9, UNKNOWN, most=0.65)], THREE, UNCLASSIFIABLE),
        ([2, 6], 0.8, [outcome(1.0, NOT_MET)], TWO, UNCLASSIFIABLE),
        ([2, 6], 1.0, [outcome(1.0, MET)], ONE, ONE),
        (MANY, 0.8, [outcome(1.0, NOT_MET)], TWO, TWO),
    ],
)
def test_chosen_limits__prove_nothing_out_of_reach(
    case, made_plan, codes, share, targets, free, locked
):
    given_ = {"targets": targets, "plans": [made_plan(share)]}
    assert netlm(case(codes), **given_, choice=PlanChoice()).type is free
    found = netlm(case(codes), **given_, choice=LOCKED)
    assert found.type is locked
    no_wedge = reason(Cause.LIMIT_CHOSEN, "most_wedges", 0)
    assert (locked is UNCLASSIFIABLE) == (no_wedge in found.reasons)
