"""Operations in stages, with the primary and again, by what the sources ask for."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.plans import example_outcome, example_plan, example_result
from planning.criteria.conditions import AnyOf, rests_on_segments
from planning.facts.evidence import Evidence, plan_facts
from planning.facts.implied import grade_is_g1_or_g2
from planning.inputs import Facts
from planning.literature import load_literature
from planning.rules.contraindications import CONTRAINDICATIONS
from planning.rules.staging import LIMITED_LESIONS, MAJOR_SEGMENTS, STAGING_RULES
from planning.staging.ways_to_operate import staging
from remnant.core.clinical import (
    ClinicalFacts,
    Differentiation,
    Grade,
    Presentation,
    PrimaryStatus,
)
from remnant.core.distribution import FrillingType
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe

FIT = {
    "differentiation": Differentiation.WELL,
    "grade_is_g1_or_g2": True,
    "fit_for_major_hepatectomy": True,
    "both_lobes": True,
    "frilling_type": FrillingType.II,
    "lesion_count": Quantity(4.0),
    "pattern_type_i_or_limited": False,
    "pattern_type_iii_or_diffuse": False,
    "portal_vein_thrombosis": False,
    "judged_unresectable": False,
}

WHEN = (None, *Presentation)


def target(share=1.0, verdict=Verdict.MET, *, largest=500.0, least=400.0):
    least_ml = Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE)) if least is None else Quantity(least)
    return example_outcome(share, verdict, largest_flr_ml=largest, least_flr_ml=least_ml)


REACHED = (target(),)
SHORT = (target(0.7), target(0.9, Verdict.NOT_MET, largest=300.0))


LATERAL = example_plan(
    recipe=Recipe(segments=(CouinaudSegment.II, CouinaudSegment.III)),
    result=example_result(debulked_fraction=Quantity(1.0)),
    targets=(),
    named=True,
    feasible=Verdict.MET,
)
NO_WEDGE = (reason(Cause.LIMIT_CHOSEN, "most_wedges", 0),)


def listed(known, *, plans=(), targets=(), limits=(), **options):
    proven = plan_facts(Evidence(plans=plans, targets=targets, limits=limits))
    facts = Facts.named(known).extended(proven)
    return staging(facts, targets=targets, limits=limits, **options)


def judged(known, **case):
    return {result.id.removeprefix("staging."): result for result in listed(known, **case)}


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

    own = [name for name in ids if not name.startswith("contraindication.")]
    assert len(set(own)) == len(own) > len(STAGING_RULES)
    shared = [name for name in ids if name not in own]
    assert set(shared) <= {one.id for one in CONTRAINDICATIONS}


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
    (flr,) = [f for f in found["pve"].findings if f.id == "staging.pve.flr"]
    assert flr.missing == ("flr_insufficient_in_one_stage",)
    assert "flr_insufficient_in_one_stage" not in found["pve"].missing
    assert all(f.missing for result in found.values() for f in result.deciding)


@pytest.mark.parametrize("way", ["pve", "two_stage_pvl", "alpps"])
def test_stages__listed_only_where_one_stage_leaves_too_little(way):
    enough = judged(FIT, targets=REACHED)[way]
    short = judged(FIT, targets=SHORT)[way]
    open_question = judged(FIT, targets=(target(verdict=Verdict.UNKNOWN),))[way]

    assert enough.verdict is Verdict.NOT_MET
    assert short.verdict is Verdict.MET
    assert short.reasons == (reason(Cause.TOO_LITTLE_IN_ONE_STAGE, 0.9),)
    assert enough.reasons == open_question.reasons == ()
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
        ({}, Verdict.UNKNOWN),
        ({"ki67_percent": 20.0}, Verdict.MET),
        ({"ki67_percent": 20.1}, Verdict.NOT_MET),
    ],
)
def test_alpps__g3_is_a_contraindication(facts, verdict):
    low = {"grade_is_g1_or_g2": grade_is_g1_or_g2(ClinicalFacts(**facts))}

    assert judged(FIT | low, targets=SHORT)["alpps"].verdict is verdict


@pytest.mark.parametrize(
    ("biopsied", "verdict"),
    [(None, Verdict.UNKNOWN), (True, Verdict.MET), (False, Verdict.NOT_MET)],
)
def test_alpps__a_biopsy_is_told_and_decides_nothing(biopsied, verdict):
    """Machairas 2021: biopsy before ALPPS, as the Ki-67 of a metastasis may differ."""
    result = judged(FIT | {"metastasis_biopsied": biopsied}, targets=SHORT)["alpps"]
    (biopsy,) = [f for f in result.findings if f.id == "staging.alpps.biopsy"]

    assert (biopsy.verdict, biopsy.source) == (verdict, "machairas2021")
    assert (biopsy.decides, result.verdict) == (False, Verdict.MET)


@pytest.mark.parametrize("way", ["primary_synchronous", "simultaneous_primary"])
def test_primary__metachronous_metastases_are_not_operated_with_it(way):
    """Machairas 2021 and Cloyd 2020 speak of synchronous disease; a primary in place is read so."""
    told = {one: judged(SYNCHRONOUS | {"presentation": one}, targets=REACHED)[way] for one in WHEN}
    (asked,) = [f for f in told[None].findings if f.id == f"staging.{way}.synchronous"]

    assert told[None].verdict is told[Presentation.SYNCHRONOUS].verdict
    assert told[Presentation.METACHRONOUS].verdict is Verdict.NOT_MET
    assert (asked.verdict, asked.decides) == (Verdict.UNKNOWN, False)
    assert "presentation" not in told[None].missing


@pytest.mark.parametrize("way", ["pve", "two_stage_pvl", "repeat_resection"])
def test_differentiation__poor_is_not_for_resection(way):
    poor = FIT | {"differentiation": Differentiation.POOR, "recurrence": True}

    assert judged(poor, targets=SHORT)[way].verdict is Verdict.NOT_MET


def test_differentiation__not_told_stays_unknown_beside_a_grade_that_ki67_gave():
    known = FIT | {"differentiation": None}

    assert judged(known, targets=SHORT)["pve"].missing == ("differentiation",)


def test_fitness__unknown_leaves_open_and_unfit_excludes():
    unfit = judged(FIT | {"fit_for_major_hepatectomy": False}, targets=SHORT)
    unsaid = judged(FIT | {"fit_for_major_hepatectomy": None}, targets=SHORT)

    assert unfit["pve"].verdict is Verdict.NOT_MET
    assert unsaid["pve"].verdict is Verdict.UNKNOWN
    assert unsaid["pve"].missing == ("fit_for_major_hepatectomy",)


def test_portal_hypertension__is_a_remark():
    result = judged(FIT | {"portal_hypertension_signs": True}, targets=SHORT)["pve"]
    (risk,) = [f for f in result.findings if f.id == "staging.pve.portal_hypertension"]

    assert (risk.verdict, result.verdict) == (Verdict.NOT_MET, Verdict.MET)
    assert (risk.decides, result.failed) == (False, ())


SYNCHRONOUS = FIT | {"primary_status": PrimaryStatus.RESECTABLE}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"frilling_type": FrillingType.I, "both_lobes": False}, Verdict.MET),
        ({"frilling_type": None, "pattern_type_i_or_limited": True}, Verdict.MET),
        ({"frilling_type": None, "pattern_type_i_or_limited": None}, Verdict.UNKNOWN),
        ({"pattern_type_i_or_limited": None}, Verdict.UNKNOWN),
        ({"pattern_type_i_or_limited": None, "both_lobes": False}, Verdict.NOT_MET),
        ({"frilling_type": FrillingType.III}, Verdict.NOT_MET),
        ({"primary_status": PrimaryStatus.RESECTED}, Verdict.NOT_MET),
        ({"primary_status": PrimaryStatus.UNRESECTABLE}, Verdict.NOT_MET),
        ({"fit_for_major_hepatectomy": False}, Verdict.NOT_MET),
    ],
)
def test_simultaneous__type_i_or_limited_bilobar_in_fit_patients(facts, verdict):
    found = judged(SYNCHRONOUS | facts, plans=(LATERAL,), targets=REACHED)

    assert found["simultaneous_primary"].verdict is verdict


def test_repeat__undecided_where_only_stages_might_leave_enough():
    back = FIT | {"recurrence": True}
    short = [target(verdict=Verdict.NOT_MET, largest=300.0)]

    assert judged(back, targets=short)["repeat_resection"].verdict is Verdict.UNKNOWN


def test_repeat__recurrence_that_one_stage_reaches():
    back = FIT | {"recurrence": True}

    assert judged(back, targets=SHORT)["repeat_resection"].verdict is Verdict.MET
    missed = [target(verdict=Verdict.NOT_MET)]
    assert judged(back, targets=missed)["repeat_resection"].verdict is Verdict.NOT_MET
    first = judged(FIT | {"recurrence": False}, targets=SHORT)
    assert first["repeat_resection"].verdict is Verdict.NOT_MET


@pytest.mark.parametrize(
    ("judged_so", "verdict"),
    [(False, Verdict.MET), (True, Verdict.NOT_MET), (None, Verdict.UNKNOWN)],
)
def test_repeat__not_where_the_team_judged_the_recurrence_unresectable(judged_so, verdict):
    """M: only about 45 % of recurrences are amenable to repeat resection."""
    back = FIT | {"recurrence": True, "judged_unresectable": judged_so}

    assert judged(back, targets=SHORT)["repeat_resection"].verdict is verdict


@pytest.mark.parametrize("way", ["pve", "two_stage_pvl", "alpps", "repeat_resection"])
@pytest.mark.parametrize(("diffuse", "verdict"), [(True, Verdict.NOT_MET), (None, Verdict.UNKNOWN)])
def test_extensive__the_figure_has_no_resection_for_type_iii(way, diffuse, verdict):
    """M: its figure has no resection arm for type III; its text excludes extensive disease."""
    known = FIT | {"recurrence": True, "pattern_type_iii_or_diffuse": diffuse}

    result = judged(known, targets=SHORT)[way]

    assert result.verdict is verdict
    assert [f.id for f in result.failed] == ([f"staging.{way}.extensive"] if diffuse else [])


@pytest.mark.parametrize("way", ["pve", "two_stage_pvl", "alpps"])
@pytest.mark.parametrize(("closed", "verdict"), [(True, Verdict.NOT_MET), (None, Verdict.UNKNOWN)])
def test_portal_vein__has_to_be_open_where_a_branch_is_closed(way, closed, verdict):
    result = judged(FIT | {"portal_vein_thrombosis": closed}, targets=SHORT)[way]
    (condition,) = [f for f in result.findings if f.id == f"staging.{way}.portal_vein"]

    assert (result.verdict, condition.verdict) == (verdict, verdict)
    assert condition.status is SourceStatus.PROJECT


def test_primary__in_synchronous_resectable_disease():
    found = judged(SYNCHRONOUS, targets=REACHED)["primary_synchronous"]
    gone = judged(FIT | {"primary_status": PrimaryStatus.RESECTED}, targets=REACHED)

    assert found.verdict is Verdict.MET
    assert gone["primary_synchronous"].verdict is Verdict.NOT_MET


def test_remarks__are_facts_with_their_source():
    found = judged({})["two_stage_pvl"].findings
    (course,) = [f for f in found if f.id == "staging.two_stage_pvl.course"]

    assert (course.verdict, course.source) == (Verdict.MET, "machairas2021")
    assert (course.decides, course.threshold, course.quantity) == (False, None, None)


def test_remarks__stand_behind_the_conditions_of_their_way():
    for rule, result in zip(STAGING_RULES, listed({}), strict=True):
        stated = [item.id for item in (*rule.listed.conditions, *rule.remarks)]
        assert stated == [finding.id for finding in result.findings]


@settings(max_examples=60)
@given(
    known=st.fixed_dictionaries(
        {},
        optional={
            "grade_is_g1_or_g2": st.none() | st.booleans(),
            "differentiation": st.none() | st.sampled_from(Differentiation),
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
    for result in listed(known, targets=outcomes):
        still_open = any(finding.missing for finding in result.deciding)
        failed = any(f.verdict is Verdict.NOT_MET for f in result.deciding)
        assert (result.verdict is Verdict.UNKNOWN) == (still_open and not failed)
        assert set(result.missing) <= {name for f in result.deciding for name in f.missing}


def test_chosen_limits__leave_open_what_they_forbid():
    locked = judged(FIT, targets=SHORT, limits=NO_WEDGE)["pve"]

    assert locked.verdict is Verdict.UNKNOWN
    assert locked.reasons == (reason(Cause.TOO_LITTLE_IN_ONE_STAGE, 0.9), *NO_WEDGE)
    reached = judged(SYNCHRONOUS, targets=REACHED, limits=NO_WEDGE)["primary_synchronous"]
    assert reached.verdict is Verdict.MET


def test_too_little__bears_on_the_ways_that_rest_on_the_remnant_alone():
    short = reason(Cause.TOO_LITTLE_IN_ONE_STAGE, 0.9)
    found = judged(FIT, targets=SHORT)

    assert {name for name, result in found.items() if short in result.reasons} == {
        "pve",
        "two_stage_pvl",
        "alpps",
    }
    assert {result.reasons for result in found.values()} == {(short,), ()}


def test_review__marks_what_rests_on_segments():
    marked = Reason(Cause.SEGMENTS_ESTIMATED)

    for rule, result in zip(
        STAGING_RULES, listed(FIT, targets=SHORT, segments_estimated=True), strict=True
    ):
        rests = {c.id for c in rule.listed.conditions if rests_on_segments((c,))}
        assert rests == {f.id for f in result.findings if f.reasons.count(marked) == 1}
        assert result.reasons.count(marked) == 1
