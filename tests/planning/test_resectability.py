import pytest

from planning.inputs import INPUTS, Facts, ShareRange, ValueSource
from planning.resectability import resectability
from remnant.core.clinical import Differentiation, ExtrahepaticDisease, PrimaryStatus
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
NONE, MINIMAL, SIGNIFICANT = ExtrahepaticDisease
ESTIMATED = (Reason(Cause.SEGMENTS_ESTIMATED),)
FITTING = {
    "grade_is_g1_or_g2": True,
    "differentiation": Differentiation.WELL,
    "ki67_percent": 1.0,
    "extrahepatic_disease": NONE,
    "peritoneal_carcinomatosis": False,
    "primary_status": PrimaryStatus.RESECTABLE,
    "fit_for_major_hepatectomy": True,
    "comorbidity_prohibitive": False,
    "expected_morbidity_percent": 20.0,
    "expected_mortality_percent": 2.0,
    "right_heart_failure": False,
    "severe_valve_disease": False,
    "functional": True,
    "symptoms_refractory": False,
    "portal_hypertension": False,
    "ascites": False,
    "varices": False,
    "splenomegaly": False,
    "platelets_per_nl": 200.0,
    "debulkable_fraction": Quantity(1.0),
    "clearance_feasible": True,
    "r0_feasible": True,
    "flr_by_cloyd": True,
    "flr_by_machairas": True,
    "pattern_type_iii_or_diffuse": False,
    "contiguous_by_cloyd": True,
    "resection_margin_mm": 5.0,
}
IDS = (
    "resectability.enets2016",
    "resectability.cloyd2020",
    "resectability.machairas2021",
    "resectability.gepnetlm_review",
    "resectability.r0",
    "debulking.indication.machairas2021",
    "debulking.indication.gepnetlm_review",
)
ENETS, CLOYD, MACHAIRAS, BEFORE, R0, INDICATION, REVIEW = IDS


def results(**facts):
    return {result.id: result for result in resectability(Facts.named(FITTING | facts))}


def finding(result, name):
    return next(f for f in result.findings if f.id == f"{result.id}.{name}")


def test_lists__a_fitting_case_meets_all_that_can_be_known():
    found = results()
    assert tuple(found) == IDS
    expected = dict.fromkeys((ENETS, MACHAIRAS, BEFORE, R0), MET)
    expected |= {CLOYD: UNKNOWN, INDICATION: NOT_MET, REVIEW: NOT_MET}
    assert {i: r.verdict for i, r in found.items()} == expected


def test_cloyd__vessels_and_bile_are_what_a_person_found():
    found = results()[CLOYD]
    assert (UNKNOWN, ("remnant_vessels", "remnant_bile")) == (found.verdict, found.missing)
    assert finding(found, "vessels").missing == ("remnant_vessels",)
    assert finding(found, "bile").missing == ("remnant_bile",)
    known = results(remnant_vessels=True, remnant_bile=True)[CLOYD]
    assert known.verdict is MET
    assert results(remnant_vessels=False, remnant_bile=True)[CLOYD].verdict is NOT_MET


def test_lists__without_facts_say_what_is_missing():
    for result in resectability(Facts()):
        assert result.verdict is UNKNOWN
        assert result.missing or result.id == R0
        assert all(INPUTS[name].told for name in result.missing)
        open_by = {INPUTS[name].source for f in result.deciding for name in f.missing}
        by_plans = {ENETS, CLOYD, MACHAIRAS, R0, INDICATION}
        assert (result.id in by_plans) == (ValueSource.PLAN in open_by)


@pytest.mark.parametrize(
    ("name", "value", "failed"),
    [
        ("expected_morbidity_percent", 30.0, set()),
        ("expected_morbidity_percent", 30.1, {ENETS}),
        ("expected_mortality_percent", 4.9, set()),
        ("expected_mortality_percent", 5.0, {ENETS}),
        ("right_heart_failure", True, {ENETS}),
        ("peritoneal_carcinomatosis", True, {ENETS}),
        ("extrahepatic_disease", MINIMAL, {ENETS}),
        ("extrahepatic_disease", SIGNIFICANT, {ENETS, CLOYD}),
        ("grade_is_g1_or_g2", False, {ENETS, CLOYD}),
        ("differentiation", Differentiation.POOR, {CLOYD, MACHAIRAS}),
        ("primary_status", PrimaryStatus.RESECTED, set()),
        ("primary_status", PrimaryStatus.UNRESECTABLE, {CLOYD}),
        ("fit_for_major_hepatectomy", False, {CLOYD, MACHAIRAS}),
        ("comorbidity_prohibitive", True, {CLOYD, MACHAIRAS}),
        ("pattern_type_iii_or_diffuse", True, {MACHAIRAS}),
        ("severe_valve_disease", True, {BEFORE}),
        ("platelets_per_nl", 100.0, set()),
        ("platelets_per_nl", 99.9, {BEFORE}),
        ("ascites", True, {BEFORE}),
        ("varices", True, {BEFORE}),
        ("splenomegaly", True, {BEFORE}),
        ("portal_hypertension", True, {BEFORE}),
        ("r0_feasible", False, {ENETS, MACHAIRAS, R0}),
        ("flr_by_cloyd", False, {CLOYD}),
        ("contiguous_by_cloyd", False, {CLOYD}),
        ("flr_by_machairas", False, {MACHAIRAS}),
        ("resection_margin_mm", 0.5, set()),
        ("ki67_percent", 60.0, set()),
    ],
)
def test_lists__each_condition_at_its_edge(name, value, failed):
    found = results(**{name: value})
    refused = {i for i, r in found.items() if r.verdict is NOT_MET} - {INDICATION, REVIEW}
    assert refused == failed


@pytest.mark.parametrize(
    ("disease", "expected"),
    [
        (NONE, (MET, MET, MET)),
        (MINIMAL, (NOT_MET, MET, MET)),
        (SIGNIFICANT, (NOT_MET, NOT_MET, NOT_MET)),
        (None, (UNKNOWN, UNKNOWN, UNKNOWN)),
    ],
)
def test_cloyd__three_wordings_stand_side_by_side(disease, expected):
    found = results(extrahepatic_disease=disease)[CLOYD]
    wordings = ("abstract", "text", "conclusion")
    stated = [finding(found, f"extrahepatic_{wording}") for wording in wordings]
    assert expected == tuple(one.verdict for one in stated)
    assert (False, True, False) == tuple(one.decides for one in stated)


def test_cloyd__what_decides_is_what_failed():
    """With minimal disease elsewhere its abstract is not met, which decides nothing."""
    found = results(extrahepatic_disease=MINIMAL, comorbidity_prohibitive=True)[CLOYD]
    assert found.verdict is NOT_MET
    assert found.failed == (finding(found, "comorbidity"),)
    abstract = finding(found, "extrahepatic_abstract")
    assert (abstract.verdict, abstract.decides) == (NOT_MET, False)


@pytest.mark.parametrize(
    ("clearance", "share", "expected", "seventy"),
    [
        (True, None, MET, UNKNOWN),
        (False, Quantity(0.901), MET, MET),
        (False, Quantity(0.90), NOT_MET, MET),
        (False, Quantity(0.70), NOT_MET, NOT_MET),
        (None, Quantity(0.90), UNKNOWN, MET),
        (False, ShareRange(least=0.75, most=0.90, below=True, reasons=()), NOT_MET, MET),
        (False, ShareRange(least=0.65, most=0.80, reasons=()), NOT_MET, UNKNOWN),
        (None, ShareRange(least=0.0, most=0.70, reasons=()), UNKNOWN, NOT_MET),
        (False, Quantity(0.85, bound=Bound.LOWER, reasons=Reason(Cause.NOT_PROVEN)), UNKNOWN, MET),
    ],
)
def test_cloyd__complete_or_over_90_percent(clearance, share, expected, seventy):
    found = results(clearance_feasible=clearance, debulkable_fraction=share)[CLOYD]
    assert finding(found, "share").verdict is expected
    assert finding(found, "share_70").verdict is seventy
    assert found.verdict is (NOT_MET if expected is NOT_MET else UNKNOWN)


@pytest.mark.parametrize(("ki67", "verdict"), [(54.9, MET), (55.0, NOT_MET), (None, UNKNOWN)])
def test_cloyd__ki67_is_a_remark(ki67, verdict):
    found = results(ki67_percent=ki67, remnant_vessels=True, remnant_bile=True)[CLOYD]
    assert (finding(found, "ki67").verdict, found.verdict) == (verdict, MET)


def test_r0__its_margin_is_recalled_and_decides_nothing():
    margin = finding(results(resection_margin_mm=0.9)[R0], "margin")
    assert (margin.verdict, margin.status) == (NOT_MET, SourceStatus.UNVERIFIED)
    assert finding(results(resection_margin_mm=1.0)[R0], "margin").verdict is MET


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"symptoms_refractory": True}, MET),
        ({"functional": None, "symptoms_refractory": True}, UNKNOWN),
        ({"functional": False, "stable_months": 6.0, "symptoms_from_burden": True}, MET),
        ({"functional": False, "stable_months": 5.9, "symptoms_from_burden": True}, NOT_MET),
        ({"functional": False, "stable_months": 6.0, "symptoms_from_burden": False}, NOT_MET),
        ({"functional": False, "stable_months": None, "symptoms_from_burden": True}, UNKNOWN),
        ({"symptoms_refractory": True, "debulkable_fraction": Quantity(0.70)}, MET),
        ({"symptoms_refractory": True, "debulkable_fraction": Quantity(0.699)}, NOT_MET),
    ],
)
def test_debulking__for_whom(facts, verdict):
    assert results(**facts)[INDICATION].verdict is verdict


@pytest.mark.parametrize(("diffuse", "verdict"), [(True, NOT_MET), (None, UNKNOWN)])
def test_type_iii__is_extensive_for_resection_and_for_cytoreduction(diffuse, verdict):
    """M: not for extensive disease; its figure lists no resection arm in type III (item 4)."""
    refractory = {"symptoms_refractory": True, "pattern_type_iii_or_diffuse": diffuse}
    found = results(**refractory)

    for result in (found[MACHAIRAS], found[INDICATION]):
        condition = finding(result, "extensive")
        assert (result.verdict, condition.verdict) == (verdict, verdict)
        assert condition.status is SourceStatus.PROJECT
        assert [f.id for f in result.failed] == ([condition.id] if diffuse else [])


def test_remarks__of_the_sources_stand_beside():
    found = results(symptoms_refractory=True)
    remarks = {
        MACHAIRAS: {
            "resectability.machairas2021.share_of_patients",
            "resectability.gepnetlm_review.share_of_patients",
        },
        BEFORE: {
            "resectability.gepnetlm_review.laparoscopy",
            "resectability.gepnetlm_review.steatosis",
            "resectability.gepnetlm_review.remains",
        },
        R0: {"resectability.cloyd2020.r1"},
        INDICATION: {
            "debulking.remark.outcome",
            "debulking.remark.groups",
            "debulking.remark.prognosis",
        },
        REVIEW: {"debulking.remark.reluctance"},
    }
    beside = {i: {f.id for f in r.findings if not f.inputs} for i, r in found.items()}
    assert {i: ids for i, ids in beside.items() if ids} == remarks
    stated = [f for r in found.values() for f in r.findings if not f.inputs]
    assert {(f.verdict, f.decides, f.value) for f in stated} == {(MET, False, None)}
    assert found[REVIEW].verdict is MET


def test_review__marks_what_rests_on_segments_and_the_lists_that_they_decide():
    for result in resectability(Facts.named(FITTING), segments_estimated=True):
        rests = {f.id.removeprefix(f"{result.id}.") for f in result.findings if marked(f)}
        assert rests == MARKED.get(result.id, set())
        assert marked(result) == (result.id in MARKED)
    assert not any(marked(f) for r in results().values() for f in r.findings)
    assert not any(marked(r) for r in results().values())


MARKED = {
    ENETS: {"r0"},
    CLOYD: {"share", "share_70", "flr", "contiguous"},
    MACHAIRAS: {"r0", "flr", "extensive"},
    R0: {"plan"},
    INDICATION: {"share", "extensive"},
}


def marked(judged):
    return judged.reasons == ESTIMATED
