"""The lists of SEEDS' table, each fact at its edge; adding a fact never undecides."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.plans import example_outcome, example_plan, example_result
from planning.case import Case
from planning.criteria.catalogue import CONDITIONS, REMARKS
from planning.facts.gathering import gather
from planning.facts.liver_size import liver_per_bsa, liver_size
from planning.inputs import INPUTS, POOR_FACTORS, UNRESECTABLE, Facts
from planning.resectability import resectability
from planning.transplant import transplant
from remnant.core.clinical import (
    RANGES,
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    FdgPet,
    Grade,
    Presentation,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.errors import InputError
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
NOTHING = Facts()
NEAR = (Reason(Cause.NEAR_LIMIT),)
ESTIMATED = (Reason(Cause.SEGMENTS_ESTIMATED),)
FITTING = {
    "age_years": 50.0,
    "histology_confirmed": True,
    "differentiation": Differentiation.WELL,
    "grade_is_g1_or_g2": True,
    "ki67_percent": 8.0,
    "portal_drainage": True,
    "portal_drainage_by_milan": True,
    "primary_resected": True,
    "primary_resected_months": 12.0,
    "primary_site": PrimarySite.SMALL_BOWEL,
    "extrahepatic_disease": ExtrahepaticDisease.NONE,
    "optimised_staging": True,
    "burden_fraction": Quantity(0.30),
    "stable_months": 12.0,
    "symptoms_refractory": False,
    "both_lobes": True,
    "unresectable": True,
    "on_transplant_list": True,
    "low_bilirubin": True,
    "expected_mortality_percent": 5.0,
}
LISTS = ("milan", "enets", "enets_minimal", "unos", "vanvilsteren")
NEEDS = {
    "milan": "age grade histology region elsewhere primary burden stable unresectable",
    "enets": "age grade differentiation ki67 primary months burden stable elsewhere staging bili "
    "unresectable",
    "enets_minimal": "differentiation grade portal primary elsewhere mortality unresectable",
    "unos": "age portal primary elsewhere burden stable lobes unresectable",
    "vanvilsteren": "histology primary lobes unresectable elsewhere listed",
}
INPUT_OF = {
    "age": "age_years",
    "grade": "grade_is_g1_or_g2",
    "histology": "histology_confirmed",
    "portal": "portal_drainage",
    "region": "portal_drainage_by_milan",
    "elsewhere": "extrahepatic_disease",
    "primary": "primary_resected",
    "burden": "burden_fraction",
    "stable": "stable_months",
    "differentiation": "differentiation",
    "ki67": "ki67_percent",
    "months": "primary_resected_months",
    "staging": "optimised_staging",
    "bili": "low_bilirubin",
    "mortality": "expected_mortality_percent",
    "lobes": "both_lobes",
    "unresectable": "unresectable",
    "listed": "on_transplant_list",
}


def results(**facts):
    listed = transplant(Facts.named(FITTING | facts))
    return {r.id.removeprefix("transplant."): r for r in listed}


def verdicts(**facts):
    return {name: result.verdict for name, result in results(**facts).items()}


def test_lists__are_five_and_all_met_by_a_fitting_case():
    assert verdicts() == dict.fromkeys(LISTS, MET)


def test_lists__say_what_is_missing():
    for result in transplant(NOTHING):
        name = result.id.removeprefix("transplant.")
        assert result.verdict is UNKNOWN
        wanted = {INPUT_OF[word] for word in NEEDS[name].split()}
        from_person = {one for one in wanted if INPUTS[one].told}
        named = {one for finding in result.deciding for one in finding.missing}
        assert wanted <= named
        assert from_person <= set(result.missing)
        assert set(result.missing) - from_person <= {"symptoms_refractory"}


@pytest.mark.parametrize("name", INPUT_OF.values())
def test_lists__each_rests_on_its_own_facts(name):
    expected = {
        one: UNKNOWN if name in {INPUT_OF[word] for word in words.split()} else MET
        for one, words in NEEDS.items()
    }
    assert verdicts(**{name: None}) == expected


M, N = MET, NOT_MET


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"age_years": 54.9}, (M, M, M, M, M)),
        ({"age_years": 55.0}, (N, N, M, N, M)),
        ({"burden_fraction": Quantity(0.4999)}, (M, M, M, M, M)),
        ({"burden_fraction": Quantity(0.50)}, (N, N, M, N, M)),
        (
            {"burden_fraction": Quantity(0.50), "symptoms_refractory": True},
            (N, M, M, N, M),
        ),
        (
            {"burden_fraction": Quantity(0.7499), "symptoms_refractory": True},
            (N, M, M, N, M),
        ),
        ({"burden_fraction": Quantity(0.75), "symptoms_refractory": True}, (N, N, M, N, M)),
        ({"stable_months": 6.0}, (M, M, M, M, M)),
        ({"stable_months": 5.9}, (N, N, M, N, M)),
        ({"ki67_percent": 10.0}, (M, M, M, M, M)),
        ({"ki67_percent": 10.1}, (M, N, M, M, M)),
        ({"primary_resected_months": 6.0}, (M, M, M, M, M)),
        ({"primary_resected_months": 5.9}, (M, N, M, M, M)),
        ({"expected_mortality_percent": 9.9}, (M, M, M, M, M)),
        ({"expected_mortality_percent": 10.0}, (M, M, N, M, M)),
        ({"grade_is_g1_or_g2": False}, (N, N, N, M, M)),
        ({"differentiation": Differentiation.POOR}, (M, N, N, M, M)),
        ({"portal_drainage": False}, (M, M, N, N, M)),
        ({"portal_drainage_by_milan": False}, (N, M, M, M, M)),
        ({"extrahepatic_disease": ExtrahepaticDisease.MINIMAL}, (N, N, N, N, N)),
        ({"both_lobes": False}, (M, M, M, N, N)),
    ],
)
def test_limits__are_those_printed(facts, expected):
    assert tuple(verdicts(**facts).values()) == expected


def finding_of(list_id, rule, **facts):
    found = results(**facts)[list_id]
    return next(f for f in found.findings if f.id == f"transplant.{list_id}.{rule}")


@pytest.mark.parametrize(
    ("age", "near"), [(53.9, False), (54.0, True), (55.0, True), (56.1, False)]
)
def test_limits__values_within_one_are_flagged(age, near):
    assert near == (NEAR == finding_of("milan", "age", age_years=age).reasons)


@pytest.mark.parametrize(("burden", "near"), [(0.489, False), (0.49, True), (0.51, True)])
def test_limits__shares_within_a_point_are_flagged(burden, near):
    found = finding_of("unos", "burden", burden_fraction=Quantity(burden))
    assert near == (NEAR == found.reasons)


def test_conflict__the_other_transcription_stands_beside():
    assert any(f.source == "mazzaferro2007" for f in results()["milan"].findings)


def test_burden__as_a_bound_or_indicative_is_undecided():
    lower = Quantity(0.30, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))
    assert verdicts(burden_fraction=lower)["milan"] is UNKNOWN
    assert verdicts(burden_fraction=replace(lower, value=0.6))["milan"] is NOT_MET
    loose = Quantity(0.30, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    assert verdicts(burden_fraction=loose)["enets"] is UNKNOWN


def test_predictors_and_remarks__stand_once_and_decide_nothing():
    found = results()
    beside = {
        name: {f.id.split(".", 1)[1] for f in r.findings if ".predictor." in f.id}
        for name, r in found.items()
    }
    assert beside["milan"] == {
        "predictor.age_45",
        "predictor.hepatomegaly_registry",
        "predictor.resection",
    }
    assert beside["vanvilsteren"] == {
        "predictor.age_50",
        "predictor.primary_site",
        "predictor.somatostatin",
        "predictor.exenteration",
        "predictor.hepatomegaly",
        "predictor.size_mild",
        "predictor.size_massive",
        "predictor.french_registry",
    }
    assert not beside["unos"] | beside["enets"] | beside["enets_minimal"]
    of_pancreas = verdicts(primary_site=PrimarySite.PANCREAS)
    assert of_pancreas == dict.fromkeys(LISTS, MET)
    every = [f for r in found.values() for f in r.findings]
    remarks = {f.id: f for f in every if ".remark." in f.id}
    assert {"transplant.remark.selected", "transplant.remark.live_donor"} <= set(remarks)
    assert {f.verdict for f in remarks.values()} == {MET}
    apart = {f.id for f in every if not f.decides}
    assert apart == {f.id for f in every if ".remark." in f.id or ".predictor." in f.id}


def predictors(**facts):
    every = (f for r in results(**facts).values() for f in r.findings)
    return {f.id.split("predictor.")[1]: f for f in every if ".predictor." in f.id}


@pytest.mark.parametrize(
    ("size", "mild", "massive"),
    [(919.0, MET, MET), (920.0, MET, MET), (921.0, NOT_MET, MET), (1081.0, NOT_MET, NOT_MET)],
)
def test_hepatomegaly__is_measured_and_judged_where_sources_name_it(size, mild, massive):
    """G: predictor against; M of the European registry. Linguraru 2012: 0.92 and 1.08 L/m²."""
    found = predictors(liver_volume_ml_per_m2=Quantity(size))

    by_sources = [found[name].verdict for name in ("hepatomegaly", "hepatomegaly_registry")]
    assert by_sources == [mild, mild]
    assert (found["size_mild"].verdict, found["size_massive"].verdict) == (mild, massive)
    assert found["hepatomegaly"].status is SourceStatus.PROJECT
    assert not any(f.decides for f in found.values())


def test_hepatomegaly__without_body_size_is_not_known():
    lacking = Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))

    assert predictors(liver_volume_ml_per_m2=lacking)["hepatomegaly"].verdict is UNKNOWN


def test_hepatomegaly__is_the_whole_liver_by_body_surface_and_by_the_standardised_volume(
    make_report,
):
    report = make_report()
    known = replace(report.standardised, bsa_m2=Quantity(1.6, reasons=()), stlv_ml=Quantity(1200.0))
    liver = replace(report.tlv_ml, value=1800.0)

    size = liver_per_bsa(replace(report, standardised=known, tlv_ml=liver))

    assert size.value == pytest.approx(1125.0)
    (by_standard,) = [one for one in size.reasons if one.cause is Cause.LIVER_BY_STANDARD]
    assert by_standard.amounts == (1.5,)


@pytest.mark.parametrize(
    ("site", "exenteration", "size_ml", "verdict"),
    [
        (PrimarySite.SMALL_BOWEL, False, 1000.0, MET),
        (PrimarySite.PANCREAS, False, 1000.0, MET),
        (PrimarySite.SMALL_BOWEL, False, 2000.0, MET),
        (PrimarySite.DUODENUM, False, 2000.0, NOT_MET),
        (PrimarySite.PANCREAS, True, 1000.0, NOT_MET),
        (PrimarySite.PANCREAS, None, 1000.0, UNKNOWN),
        (PrimarySite.SMALL_BOWEL, None, 1000.0, MET),
        (PrimarySite.DUODENUM, None, 2000.0, NOT_MET),
        (None, None, None, UNKNOWN),
    ],
)
def test_french_registry__counts_its_poor_factors_as_printed(
    make_report, site, exenteration, size_ml, verdict
):
    """G: 5-year survival 68 % with at most one of the poor factors (SEEDS, second reading)."""
    report = make_report()
    known = replace(report.standardised, bsa_m2=Quantity(1.8))
    liver = Quantity(size_ml) if size_ml else Quantity.absent(Reason(Cause.LIVER_CUT))
    sized = replace(report, standardised=known, tlv_ml=liver)
    facts = ClinicalFacts(primary_site=site, upper_abdominal_exenteration=exenteration)
    counted = liver_size(sized, facts, certainty=0.9)[POOR_FACTORS]

    found = predictors(transplant_poor_factors=counted)["french_registry"]

    assert (found.verdict, found.decides) == (verdict, False)


@pytest.mark.parametrize(
    ("site", "verdict"),
    [
        (PrimarySite.LUNG, MET),
        (PrimarySite.RECTUM, MET),
        (PrimarySite.DUODENUM, NOT_MET),
        (PrimarySite.PANCREAS, NOT_MET),
        (PrimarySite.STOMACH, Verdict.NO_EVIDENCE),
        (PrimarySite.OTHER, Verdict.NO_EVIDENCE),
        (None, UNKNOWN),
    ],
)
def test_predictor__is_silent_on_a_primary_that_it_does_not_name(site, verdict):
    """G names lung and bowel for, duodenum and pancreas against (SEEDS, transplantation)."""
    found = results(primary_site=site)["vanvilsteren"]
    (predictor,) = [f for f in found.findings if f.id == "transplant.predictor.primary_site"]

    assert (predictor.verdict, predictor.decides) == (verdict, False)


@pytest.mark.parametrize(
    ("told", "verdict", "missing"),
    [
        ({"primary_status": PrimaryStatus.RESECTABLE}, NOT_MET, ()),
        ({"primary_status": PrimaryStatus.UNRESECTABLE}, NOT_MET, ()),
        ({"primary_status": PrimaryStatus.RESECTED}, UNKNOWN, ("primary_resected_months",)),
        ({"primary_resected_months": 6.0}, MET, ()),
        ({"primary_resected_months": 5.9}, NOT_MET, ()),
        ({}, UNKNOWN, ("primary_resected", "primary_resected_months")),
    ],
)
def test_enets__primary_removed_six_months_ago(make_report, told, verdict, missing):
    """ENETS in M, table 2: a primary that is still there was not removed six months ago."""
    known = gather(case_of(make_report(), ClinicalFacts(**told)))
    (enets,) = [r for r in transplant(known) if r.id == "transplant.enets"]
    (found,) = [f for f in enets.findings if f.id == "transplant.enets.primary_months"]

    assert (found.verdict, found.missing) == (verdict, missing)


@pytest.mark.parametrize(
    ("told", "milan", "unos"),
    [
        ({"primary_site": PrimarySite.COLON}, MET, MET),
        ({"primary_site": PrimarySite.RECTUM}, NOT_MET, UNKNOWN),
        ({"primary_site": PrimarySite.RECTUM, "portal_drainage": True}, NOT_MET, MET),
        ({"primary_site": PrimarySite.LUNG}, NOT_MET, NOT_MET),
        ({"primary_site": PrimarySite.STOMACH, "portal_drainage": False}, NOT_MET, NOT_MET),
        ({"portal_drainage": True}, MET, MET),
        ({}, UNKNOWN, UNKNOWN),
    ],
)
def test_milan__rectum_is_not_distal_stomach_to_sigmoid_colon(make_report, told, milan, unos):
    known = gather(case_of(make_report(), ClinicalFacts(**told)))
    found = {f.id: f.verdict for r in transplant(known) for f in r.findings}

    assert found["transplant.milan.portal_drainage"] is milan
    assert found["transplant.unos.portal_drainage"] is unos
    assert "rectum" in CONDITIONS["transplant.milan.portal_drainage"].statement


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        ({"ki67_percent": 80.0}, NOT_MET),
        ({"ki67_percent": 20.1}, NOT_MET),
        ({"ki67_percent": 20.0}, MET),
        ({"differentiation": Differentiation.WELL}, UNKNOWN),
        ({"grade": Grade.G3}, NOT_MET),
    ],
)
def test_g1_or_g2__ki67_above_20_fails_every_list_whatever_the_differentiation(
    make_report, told, verdict
):
    """M: above 20 % it is G3 or carcinoma, neither of them G1 or G2 (SEEDS, grade and biology)."""
    known = gather(case_of(make_report(), ClinicalFacts(**told)))
    grades = {
        f.id: f.verdict
        for r in (*transplant(known), *resectability(known))
        for f in r.findings
        if f.id.endswith(".grade")
    }

    assert len(grades) == 5
    assert set(grades.values()) == {verdict}


@pytest.mark.parametrize(("unresectable", "verdict"), [(False, NOT_MET), (None, UNKNOWN)])
def test_resectable__is_for_no_list(unresectable, verdict):
    """All three reviews confine transplantation to unresectable disease (SEEDS, second reading)."""
    found = results(unresectable=unresectable)

    assert {r.verdict for r in found.values()} == {verdict}
    for result in found.values():
        (condition,) = [f for f in result.findings if f.id == f"{result.id}.unresectable"]
        assert condition.verdict is verdict
        by_text = "its list does not print it" in CONDITIONS[condition.id].statement
        assert by_text == (result.id not in ("transplant.unos", "transplant.vanvilsteren"))


@pytest.mark.parametrize(
    ("judged", "share", "feasible", "expected"),
    [
        (None, 1.0, MET, False),
        (True, 1.0, MET, True),
        (False, 0.5, MET, False),
        (None, 0.9, MET, None),
        (None, 1.0, NOT_MET, None),
    ],
)
def test_unresectable__by_the_team_else_by_the_plans(
    make_report, make_lesion, judged, share, feasible, expected
):
    clearing = example_plan(
        result=example_result(debulked_fraction=Quantity(share)), feasible=feasible, targets=()
    )
    case = case_of(make_report([make_lesion(1)]), ClinicalFacts(judged_unresectable=judged))

    assert gather(case, plans=(clearing,))[UNRESECTABLE] is expected


def test_unresectable__where_no_plan_is_proven_to_clear_all(make_report, make_lesion):
    missed = example_outcome(1.0, NOT_MET)
    case = case_of(make_report([make_lesion(1)]), ClinicalFacts())

    assert gather(case, targets=(missed,))[UNRESECTABLE] is True


MEMBERS = {
    "differentiation": Differentiation,
    "grade": Grade,
    "primary_site": PrimarySite,
    "primary_status": PrimaryStatus,
    "extrahepatic_disease": ExtrahepaticDisease,
    "primary_grade": Grade,
    "presentation": Presentation,
    "fdg_pet": FdgPet,
    "variant_anatomy": ("a replaced artery",),
    "lesions_at_hilum": ((), (1,)),
    "lesions_near_bile_duct": ((), (2,)),
}
KNOWN_FACTS = {
    name: FITTING[name] for name in ClinicalFacts.__dataclass_fields__ if name in FITTING
} | {
    "primary_status": PrimaryStatus.RESECTED,
    "judged_unresectable": True,
    "severe_valve_disease": False,
    **dict.fromkeys(("portal_hypertension", "ascites", "varices", "splenomegaly"), False),
    "platelets_per_nl": 180.0,
}
OTHERWISE = {
    name: st.integers(*RANGES[name])
    if name == "ecog"
    else st.floats(*RANGES[name])
    if name in RANGES
    else st.sampled_from(MEMBERS[name])
    if name in MEMBERS
    else st.booleans()
    for name in ClinicalFacts.__dataclass_fields__
}


def case_of(report, facts):
    return Case(report=report, patient=Patient(age_years=50.0), facts=facts)


@settings(max_examples=150)
@given(data=st.data())
def test_one_more_fact__never_turns_met_to_unknown(make_report, make_lesion, data):
    """Start from a fitting case, change a fact or two, leave out a few, then say them."""
    names = st.sampled_from(sorted(OTHERWISE))
    changed = {name: data.draw(OTHERWISE[name]) for name in data.draw(st.sets(names, max_size=2))}
    facts = KNOWN_FACTS | changed
    left_out = data.draw(st.sets(names, max_size=3))
    fewer = {name: None if name in left_out else value for name, value in facts.items()}
    lesions = [make_lesion(1, shares={5: 1.0}), make_lesion(2, shares={2: 1.0})]

    def judged(given):
        known = gather(case_of(make_report(lesions), ClinicalFacts(**given)))
        return [r.verdict for r in (*transplant(known), *resectability(known))]

    try:
        before, after = judged(fewer), judged(facts)
    except InputError:
        return
    assert [b for b, a in zip(before, after, strict=True) if b is MET and a is UNKNOWN] == []


def test_one_more_fact__the_case_of_the_property_fits(make_report, make_lesion):
    lesions = [make_lesion(1, shares={5: 1.0}), make_lesion(2, shares={2: 1.0})]
    facts = ClinicalFacts(**{name: KNOWN_FACTS.get(name) for name in OTHERWISE})
    known = gather(case_of(make_report(lesions), facts))
    assert [r.verdict for r in transplant(known)] == [MET] * len(LISTS)


def test_remarks__each_has_its_own_source():
    remarks = {f.id: f for r in results().values() for f in r.findings if ".remark." in f.id}
    assert remarks["transplant.remark.selected"].source == "machairas2021"
    assert remarks["transplant.remark.hepatic_failure"].source == "gepnetlm_review"
    assert not [s for s in (REMARKS[name].statement for name in remarks) if "asked" in s]


def test_review__marks_lobes_and_what_the_plans_clear():
    for result in transplant(Facts.named(FITTING), segments_estimated=True):
        marked = {f.id for f in result.findings if f.reasons == ESTIMATED}
        rests = {f.id for f in result.findings if f.id.endswith((".bilobar", ".unresectable"))}
        assert marked == rests
        assert result.reasons == ESTIMATED
    assert {result.reasons for result in results().values()} == {()}
