"""Operations in stages, with the primary and again, by what the sources ask for."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.computed import SEGMENT_BASED
from planning.criteria import AnyOf, inputs_of
from planning.known import INPUTS
from planning.literature import load_literature
from planning.rules.staging import LIMITED_LESIONS, MAJOR_SEGMENTS, STAGING_RULES
from planning.staging import (
    flr_insufficient,
    grade_is_g1_or_g2,
    reachable_in_one_stage,
    small_resection_suffices,
    staging,
    with_derived,
)
from planning.wording import REVIEW_SENTENCE
from remnant.core.clinical import Differentiation, Grade, PrimaryStatus
from remnant.core.debulking import (
    DebulkingPlan,
    PlanOrigin,
    Recipe,
    TargetOutcome,
    VirtualResection,
)
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import FrillingType
from remnant.core.quantity import Quantity

FIT = {
    "grade": Grade.G2,
    "fit_for_major_hepatectomy": True,
    "both_lobes": True,
    "frilling_type": FrillingType.II,
    "lesion_count": Quantity(4.0),
}


def target(share=1.0, verdict=Verdict.MET, *, largest=500.0, least=400.0):
    return TargetOutcome(
        target=share,
        verdict=verdict,
        plans=(),
        text="",
        most_debulked_fraction=1.0,
        largest_flr_ml=largest,
        least_flr_ml=least,
        proven=True,
    )


REACHED = (target(),)
SHORT = (target(0.7), target(0.9, Verdict.NOT_MET, largest=300.0))


@pytest.fixture
def make_plan(make_remnant):
    def plan(segments=(2, 3), *, share=1.0, named=True, feasible=Verdict.MET, targets=()):
        result = VirtualResection(
            fates={},
            remnant=make_remnant(),
            debulked_fraction=Quantity.absent("none") if share is None else Quantity(share),
            removed_ml=Quantity(100.0),
            ablated_ml=Quantity(0.0),
            margin_ml=0.0,
            residual_tumour_ml=Quantity(0.0),
            ablation_zones=0,
            interventions=1,
        )
        return DebulkingPlan(
            id="plan_1",
            title="",
            headline="",
            origin=PlanOrigin.OPTIMISER,
            targets=targets,
            recipe=Recipe(segments=tuple(CouinaudSegment(s) for s in segments)),
            result=result,
            named=named,
            new_world="",
            feasible=feasible,
            proven=True,
            gap_ml=0.0,
            on_front=True,
            flips=(),
        )

    return plan


def judged(known, *, plans=(), targets=()):
    return {r.id.removeprefix("staging."): r for r in staging(known, plans=plans, targets=targets)}


def conditions():
    for rule in STAGING_RULES:
        for condition in rule.listed.conditions:
            yield condition
            if isinstance(condition, AnyOf):
                yield from (c for branch in condition.branches for c in branch)


def remarks():
    return [remark for rule in STAGING_RULES for remark in rule.remarks]


def test_rules__sources_are_in_the_literature():
    sources = {rule.listed.source for rule in STAGING_RULES}
    sources |= {item.source for item in (*conditions(), *remarks())}

    assert sources <= set(load_literature())


def test_rules__ids_are_unique():
    ids = [item.id for item in (*conditions(), *remarks())]

    assert len(set(ids)) == len(ids) > len(STAGING_RULES)


def test_texts__order_nothing():
    texts = [item.statement for item in (*conditions(), *remarks())]
    orders = re.compile(r"\b(should|must|need to|resect|perform|consider|avoid)\b", re.IGNORECASE)

    assert [text for text in texts if orders.search(text)] == []


def test_texts__hold_no_garbled_figure():
    texts = " ".join(remark.statement for remark in remarks())

    assert not re.search(r"60\.7|4\.5 %|17 %", texts)


def test_rules__own_numbers_are_marked_as_such():
    own = (f"at most {LIMITED_LESIONS} lesions", f"fewer than {MAJOR_SEGMENTS} segments")
    marked = [c for c in conditions() if any(words in c.statement for words in own)]

    assert len(marked) == 2
    assert {c.status for c in marked} == {SourceStatus.PROJECT}


def test_staging__all_unknown_without_facts():
    found = judged({})

    assert len(found) == len(STAGING_RULES)
    assert {result.verdict for result in found.values()} == {Verdict.UNKNOWN}
    assert all(result.missing for result in found.values())
    assert "Not decided by the plans: whether one stage" in found["pve"].text
    assert not any("stage" in words for words in found["pve"].missing)


@pytest.mark.parametrize("way", ["pve", "two_stage_pvl", "alpps"])
def test_stages__listed_only_where_one_stage_leaves_too_little(way):
    enough = judged(FIT, targets=REACHED)[way]
    short = judged(FIT, targets=SHORT)[way]
    open_question = judged(FIT, targets=(target(verdict=Verdict.UNKNOWN),))[way]

    assert enough.verdict is Verdict.NOT_MET
    assert short.verdict is Verdict.MET
    assert short.text.endswith("In one stage too little liver would remain for 90 %.")
    assert open_question.verdict is Verdict.UNKNOWN


def test_two_stages__not_for_one_lobe():
    found = judged(FIT | {"both_lobes": False}, targets=SHORT)

    assert found["two_stage_pvl"].verdict is Verdict.NOT_MET
    assert found["pve"].verdict is Verdict.MET


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"grade": Grade.G1}, Verdict.MET),
        ({"grade": Grade.G3}, Verdict.NOT_MET),
        ({"grade": Grade.NEC}, Verdict.NOT_MET),
        ({"grade": None}, Verdict.UNKNOWN),
        ({"grade": None, "ki67_percent": 20.0}, Verdict.MET),
        ({"grade": None, "ki67_percent": 20.1}, Verdict.NOT_MET),
    ],
)
def test_alpps__g3_is_a_contraindication(facts, verdict):
    assert judged(FIT | facts, targets=SHORT)["alpps"].verdict is verdict


def test_alpps__biopsy_is_a_remark():
    result = judged(FIT, targets=SHORT)["alpps"]
    (biopsy,) = [f for f in result.findings if f.id == "staging.alpps.biopsy"]

    assert (biopsy.verdict, biopsy.limit, result.verdict) == (Verdict.MET, None, Verdict.MET)
    assert "was not asked" in biopsy.text


@pytest.mark.parametrize("way", ["pve", "two_stage_pvl", "repeat_resection"])
def test_differentiation__poor_is_not_for_resection(way):
    poor = FIT | {"grade": Grade.NEC, "recurrence": True}

    assert judged(poor, targets=SHORT)[way].verdict is Verdict.NOT_MET


def test_differentiation__not_said_stays_unknown_beside_a_grade_that_ki67_gave():
    known = FIT | {"differentiation": None}

    assert judged(known, targets=SHORT)["pve"].missing == ("differentiation",)


def test_fitness__unknown_leaves_open_and_unfit_excludes():
    unfit = judged(FIT | {"fit_for_major_hepatectomy": False}, targets=SHORT)
    unsaid = judged(FIT | {"fit_for_major_hepatectomy": None}, targets=SHORT)

    assert unfit["pve"].verdict is Verdict.NOT_MET
    assert unsaid["pve"].verdict is Verdict.UNKNOWN
    assert unsaid["pve"].missing == ("fitness for a major hepatectomy",)


def test_portal_hypertension__is_a_remark():
    result = judged(FIT | {"portal_hypertension_signs": True}, targets=SHORT)["pve"]
    (risk,) = [f for f in result.findings if f.id == "staging.pve.portal_hypertension"]

    assert (risk.verdict, result.verdict) == (Verdict.NOT_MET, Verdict.MET)


SYNCHRONOUS = FIT | {"primary_status": PrimaryStatus.RESECTABLE}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"frilling_type": FrillingType.I, "both_lobes": False}, Verdict.MET),
        ({"frilling_type": None}, Verdict.MET),
        ({"frilling_type": None, "lesion_count": Quantity(5.0)}, Verdict.MET),
        ({"frilling_type": None, "lesion_count": Quantity(6.0)}, Verdict.UNKNOWN),
        ({"frilling_type": FrillingType.III, "lesion_count": Quantity(6.0)}, Verdict.NOT_MET),
        ({"primary_status": PrimaryStatus.RESECTED}, Verdict.NOT_MET),
        ({"primary_status": PrimaryStatus.UNRESECTABLE}, Verdict.NOT_MET),
        ({"fit_for_major_hepatectomy": False}, Verdict.NOT_MET),
    ],
)
def test_simultaneous__type_i_or_limited_bilobar_in_fit_patients(make_plan, facts, verdict):
    found = judged(SYNCHRONOUS | facts, plans=[make_plan()], targets=REACHED)

    assert found["simultaneous_primary"].verdict is verdict


@pytest.mark.parametrize(
    ("change", "small"),
    [
        ({}, True),
        ({"segments": ()}, True),
        ({"segments": (2, 3, 4)}, False),
        ({"named": False}, False),
        ({"feasible": Verdict.UNKNOWN}, False),
        ({"share": 0.99}, False),
        ({"share": None}, False),
        ({"share": None, "targets": (1.0,)}, True),
    ],
)
def test_simultaneous__extent_by_segments_name_and_target(make_plan, change, small):
    assert small_resection_suffices([make_plan(**change)], REACHED) is small


def test_small_resection__is_that_of_the_highest_target_met(make_plan):
    plans = [make_plan((2,), share=0.75), make_plan((5, 6, 7, 8), share=0.95)]

    assert small_resection_suffices(plans, [target(0.7)]) is True
    assert small_resection_suffices(plans, [target(0.7), target(0.9)]) is False
    assert small_resection_suffices(plans, [target(0.9, Verdict.NOT_MET)]) is None


def test_repeat__undecided_where_only_stages_might_leave_enough():
    back = FIT | {"recurrence": True}
    short = [target(verdict=Verdict.NOT_MET, largest=300.0)]

    assert judged(back, targets=short)["repeat_resection"].verdict is Verdict.UNKNOWN


def test_inputs__are_those_that_are_known_or_derived_here():
    derived = set(with_derived({}, plans=(), targets=()))
    asked = {c.input for c in conditions() if not isinstance(c, AnyOf)}

    assert asked <= set(INPUTS) | derived


def test_repeat__recurrence_that_one_stage_reaches():
    back = FIT | {"recurrence": True}

    assert judged(back, targets=SHORT)["repeat_resection"].verdict is Verdict.MET
    missed = [target(verdict=Verdict.NOT_MET)]
    assert judged(back, targets=missed)["repeat_resection"].verdict is Verdict.NOT_MET
    first = judged(FIT | {"recurrence": False}, targets=SHORT)
    assert first["repeat_resection"].verdict is Verdict.NOT_MET


def test_primary__in_synchronous_resectable_disease():
    found = judged(SYNCHRONOUS, targets=REACHED)["primary_synchronous"]
    gone = judged(FIT | {"primary_status": PrimaryStatus.RESECTED}, targets=REACHED)

    assert found.verdict is Verdict.MET
    assert gone["primary_synchronous"].verdict is Verdict.NOT_MET


@pytest.mark.parametrize(
    ("targets", "short"),
    [
        ((), None),
        ((target(),), False),
        ((target(verdict=Verdict.UNKNOWN),), None),
        ((target(verdict=Verdict.UNKNOWN), target(verdict=Verdict.NOT_MET, largest=1.0)), True),
        ((target(verdict=Verdict.NOT_MET, largest=399.9),), True),
        ((target(verdict=Verdict.NOT_MET, largest=400.0),), False),
        ((target(verdict=Verdict.NOT_MET, largest=None),), False),
        ((target(verdict=Verdict.NOT_MET, least=None),), None),
    ],
)
def test_flr_insufficient__only_for_want_of_liver(targets, short):
    assert flr_insufficient(targets) is short


@pytest.mark.parametrize(
    ("verdicts", "reachable"),
    [
        ((), None),
        ((Verdict.MET, Verdict.UNKNOWN), True),
        ((Verdict.NOT_MET, Verdict.UNKNOWN), None),
        ((Verdict.NOT_MET, Verdict.NOT_MET), False),
    ],
)
def test_reachable__in_three_values(verdicts, reachable):
    assert reachable_in_one_stage([target(verdict=v) for v in verdicts]) is reachable


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"differentiation": Differentiation.WELL}, None),
        ({"differentiation": Differentiation.POOR}, False),
        ({"grade": Grade.G2, "differentiation": Differentiation.POOR}, False),
        ({"grade": Grade.G2}, True),
        ({"grade": Grade.G3, "ki67_percent": 10.0}, False),
    ],
)
def test_grade__g1_or_g2(facts, expected):
    assert grade_is_g1_or_g2(facts) is expected


def test_remarks__are_facts_with_their_source():
    found = judged({})["two_stage_pvl"].findings
    (course,) = [f for f in found if f.id == "staging.two_stage_pvl.course"]

    assert (course.verdict, course.source) == (Verdict.MET, "machairas2021")
    assert "87 %" in course.text
    assert course.text.endswith("(highly selected patients of one centre)")


@settings(max_examples=60)
@given(
    known=st.fixed_dictionaries(
        {},
        optional={
            "grade": st.none() | st.sampled_from(Grade),
            "differentiation": st.none() | st.sampled_from(Differentiation),
            "ki67_percent": st.none() | st.floats(0.0, 100.0),
            "fit_for_major_hepatectomy": st.none() | st.booleans(),
            "both_lobes": st.none() | st.booleans(),
            "lesion_count": st.none() | st.builds(Quantity, st.floats(0.0, 40.0)),
            "frilling_type": st.none() | st.sampled_from(FrillingType),
            "primary_status": st.none() | st.sampled_from(PrimaryStatus),
            "recurrence": st.none() | st.booleans(),
        },
    ),
    outcomes=st.lists(
        st.builds(
            target,
            st.sampled_from((0.7, 0.9, 1.0)),
            st.sampled_from((Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN)),
            largest=st.none() | st.floats(0.0, 900.0),
            least=st.none() | st.floats(0.0, 900.0),
        ),
        max_size=3,
    ),
)
def test_staging__never_raises_and_unknown_says_what_is_missing(known, outcomes):
    for result in staging(known, plans=(), targets=outcomes):
        told = result.missing or "Not decided by the " in result.text
        assert (result.verdict is Verdict.UNKNOWN) <= bool(told)
        assert all(len(finding.text) <= 250 for finding in result.findings)


def test_chosen_limits__leave_open_what_they_forbid():
    locked = judged(FIT | {"chosen_limits": "no wedge"}, targets=SHORT)["pve"]

    assert locked.verdict is Verdict.UNKNOWN
    assert "In one stage within the chosen limits (no wedge) too little" in locked.text
    reached = SYNCHRONOUS | {"chosen_limits": "no wedge"}
    assert judged(reached, targets=REACHED)["primary_synchronous"].verdict is Verdict.MET


def test_review__marks_what_rests_on_segments():
    listed = staging(FIT, plans=(), targets=SHORT, review=True)

    for rule, result in zip(STAGING_RULES, listed, strict=True):
        texts = {f.id: f.text for f in result.findings}
        rests = {c.id for c in rule.listed.conditions if inputs_of(c) & SEGMENT_BASED}
        assert rests == {i for i, text in texts.items() if text.count(REVIEW_SENTENCE) == 1}
        assert result.text.count(REVIEW_SENTENCE) == 1
