from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.known import INPUTS, PORTAL_DRAINAGE, known_facts
from remnant.core.clinical import (
    NOTHING_SAID,
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.debulking import TargetOutcome
from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Frilling, FrillingType
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.quantity import Bound, Quantity

WELL, POOR = Differentiation
NONE, MINIMAL, SIGNIFICANT = ExtrahepaticDisease
MEASURED = {"burden_fraction", "lesion_count", "both_lobes", "debulkable_fraction"}


@pytest.fixture(scope="session")
def report(make_report):
    return make_report()


@pytest.fixture(scope="session")
def know(report):
    def known(patient=None, *, of=report, frilling=None, **facts):
        return known_facts(
            of,
            patient=patient or Patient(),
            facts=ClinicalFacts(**facts),
            frilling=frilling,
        )

    return known


def test_known__has_every_input_and_no_other(know):
    assert set(know()) == set(INPUTS)
    assert {item.name for item in fields(ClinicalFacts)} < set(INPUTS)


def test_known__nothing_said_is_nothing_known(know):
    known = know()
    assert [name for name in known if name not in MEASURED and known[name] is not None] == []


def test_known__facts_of_the_person(know):
    known = know(Patient(age_years=54.0, background=LiverBackground.STEATOSIS))
    assert (known["age_years"], known["background"]) == (54.0, LiverBackground.STEATOSIS)


@pytest.mark.parametrize(
    ("ki67", "differentiation", "grade"),
    [
        (0.0, None, Grade.G1),
        (2.0, WELL, Grade.G1),
        (2.1, WELL, Grade.G2),
        (2.9, None, Grade.G2),
        (3.0, WELL, Grade.G2),
        (20.0, None, Grade.G2),
        (20.1, WELL, Grade.G3),
        (20.1, None, None),
        (None, WELL, None),
        (None, None, None),
        (1.0, POOR, Grade.NEC),
        (80.0, POOR, Grade.NEC),
        (None, POOR, Grade.NEC),
    ],
)
def test_grade__from_ki67_and_differentiation(know, ki67, differentiation, grade):
    known = know(ki67_percent=ki67, differentiation=differentiation)
    assert known["grade"] == grade
    assert known["differentiation"] == differentiation


@pytest.mark.parametrize(
    ("grade", "differentiation"),
    [(Grade.G1, WELL), (Grade.G2, WELL), (Grade.G3, WELL), (Grade.NEC, POOR)],
)
def test_grade__that_was_given_tells_the_differentiation(know, grade, differentiation):
    known = know(grade=grade)
    assert (known["grade"], known["differentiation"]) == (grade, differentiation)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"grade": Grade.NEC, "differentiation": WELL}, "NEC is poorly differentiated, but diff"),
        ({"grade": Grade.G2, "differentiation": POOR}, "G2 is well differentiated, but"),
        ({"grade": Grade.G1, "ki67_percent": 30.0}, "G1 has a Ki-67 of at most 2 %, but ki67_"),
        ({"grade": Grade.G1, "ki67_percent": 3.0}, "ki67_percent is 3: both cannot be true"),
        ({"grade": Grade.G2, "ki67_percent": 20.5}, "of 3 to 20 %, but ki67_percent is 20.5"),
        (
            {"extrahepatic_disease": NONE, "peritoneal_carcinomatosis": True},
            "extrahepatic_disease is none, but peritoneal_carcinomatosis is true",
        ),
        ({"functional": False, "symptoms_refractory": True}, "functional is false, but"),
        (
            {"fit_for_major_hepatectomy": True, "comorbidity_prohibitive": True},
            "fit_for_major_hepatectomy is true, but",
        ),
        (
            {"primary_status": PrimaryStatus.RESECTABLE, "primary_resected_months": 3.0},
            "primary_status is resectable, but primary_resected_months is given",
        ),
        ({"primary_site": PrimarySite.LUNG, "portal_drainage": True}, "primary_site is lung"),
    ],
)
def test_contradictions__are_refused_with_both_facts(know, facts, words):
    with pytest.raises(InputError, match=words) as caught:
        know(**facts)
    assert "correct one or leave it out, or write `unknown` in a facts file" in str(caught.value)
    for left_out in facts:
        know(**{name: value for name, value in facts.items() if name != left_out})


@pytest.mark.parametrize(
    "facts",
    [
        {"grade": Grade.G1, "ki67_percent": 2.9},
        {"grade": Grade.G2, "ki67_percent": 1.0},
        {"grade": Grade.G2, "ki67_percent": 20.0},
        {"grade": Grade.G3, "ki67_percent": 10.0, "differentiation": WELL},
        {"grade": Grade.NEC, "ki67_percent": 10.0, "differentiation": POOR},
        {"extrahepatic_disease": MINIMAL, "peritoneal_carcinomatosis": True},
        {"primary_status": PrimaryStatus.RESECTED, "primary_resected_months": 0.0},
        {"functional": True, "symptoms_refractory": False},
        {"fit_for_major_hepatectomy": False, "comorbidity_prohibitive": True},
    ],
)
def test_contradictions__what_can_both_be_true_is_kept(know, facts):
    known = know(**facts)
    assert facts == {name: known[name] for name in facts}


@pytest.mark.parametrize("site", PrimarySite)
def test_portal_drainage__by_anatomy_where_it_decides(know, site):
    expected = PORTAL_DRAINAGE.get(site)
    assert know(primary_site=site)["portal_drainage"] is expected
    assert know(primary_site=site, portal_drainage=False)["portal_drainage"] is False
    undecided = site in (PrimarySite.RECTUM, PrimarySite.OTHER)
    assert undecided == (expected is None)
    assert (expected is False) == (site is PrimarySite.LUNG)


def test_implied__removed_primary_hormones_and_peritoneum(know):
    dated = know(primary_resected_months=7.0)
    assert (dated["primary_status"], dated["primary_resected"]) == (PrimaryStatus.RESECTED, True)
    for status in (PrimaryStatus.RESECTABLE, PrimaryStatus.UNRESECTABLE):
        assert know(primary_status=status)["primary_resected"] is False
    assert know(symptoms_refractory=True)["functional"] is True
    assert know(symptoms_refractory=False)["functional"] is None
    assert know(peritoneal_carcinomatosis=True)["extrahepatic_disease"] is SIGNIFICANT
    assert know(peritoneal_carcinomatosis=False)["extrahepatic_disease"] is None
    assert know(extrahepatic_disease=NONE)["peritoneal_carcinomatosis"] is False
    assert know(extrahepatic_disease=MINIMAL)["peritoneal_carcinomatosis"] is None


SIGNS = ("portal_hypertension", "ascites", "varices", "splenomegaly")


@pytest.mark.parametrize(
    ("facts", "signs"),
    [
        ({}, None),
        ({"platelets_per_nl": 99.9}, True),
        ({"platelets_per_nl": 100.0}, None),
        (dict.fromkeys(SIGNS, False), None),
        (dict.fromkeys(SIGNS, False) | {"platelets_per_nl": 100.0}, False),
        (dict.fromkeys(SIGNS, False) | {"platelets_per_nl": 99.0}, True),
        *[({name: True}, True) for name in SIGNS],
    ],
)
def test_portal_hypertension__any_sign_and_all_of_them(know, facts, signs):
    assert know(**facts)["portal_hypertension_signs"] is signs


def test_lesions__number_and_lobes(know, make_report, make_lesion):
    right, left = make_lesion(1, shares={5: 1.0}), make_lesion(2, shares={2: 1.0})
    out = make_lesion(3, shares={2: 1.0}, confirmation=Confirmation.REJECTED)
    known = know(of=make_report([right, left, out]))
    assert (known["lesion_count"], known["both_lobes"]) == (Quantity(2.0), True)
    alone = know(of=make_report([right, out]))
    assert (alone["lesion_count"], alone["both_lobes"]) == (Quantity(1.0), False)
    none = know()
    assert (none["lesion_count"], none["both_lobes"]) == (Quantity(0.0), False)
    assert alone["burden_fraction"].value == pytest.approx(10.0 / 800.0)


def test_lesions__without_segments_the_lobes_are_unknown(know, make_report, make_lesion):
    assert know(of=make_report([make_lesion()], with_segments=False))["both_lobes"] is None


def test_lesions__beyond_the_scan_there_may_be_more(know, make_report, make_lesion):
    right, left = make_lesion(1, shares={5: 1.0}), make_lesion(2, shares={2: 1.0})
    cut = know(of=make_report([right], tlv_bound=Bound.LOWER))
    assert (cut["both_lobes"], cut["lesion_count"].bound) == (None, Bound.LOWER)
    assert know(of=make_report([right, left], tlv_bound=Bound.LOWER))["both_lobes"] is True


def test_lesions__that_were_not_sought_are_unknown(know, report):
    known = know(of=replace(report, tumour_ml=Quantity.absent("no lesion map")))
    assert known["both_lobes"] is None
    assert (known["lesion_count"].value, known["lesion_count"].reason) == (None, "no lesion map")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, None),
        (FrillingType.UNCLASSIFIABLE, None),
        (FrillingType.I, FrillingType.I),
        (FrillingType.III, FrillingType.III),
    ],
)
def test_frilling__only_a_type_is_known(know, make_report, found, expected):
    frilling = Frilling(type=found, reason="told so")
    assert know(frilling=frilling)["frilling_type"] is expected
    cut = make_report(tlv_bound=Bound.LOWER)
    assert know(of=cut, frilling=frilling)["frilling_type"] is None


def test_choice__tells_the_margin(report):
    choice = replace(DEFAULT_CHOICE, resection_margin_mm=2.0)
    known = known_facts(report, patient=Patient(), facts=NOTHING_SAID, choice=choice)
    assert (known["resection_margin_mm"], known["chosen_limits"]) == (2.0, None)


def test_choice__limits_are_known_and_take_proofs_away(report):
    missed = TargetOutcome(
        target=1.0,
        verdict=Verdict.NOT_MET,
        plans=(),
        text="",
        most_debulked_fraction=0.5,
        largest_flr_ml=None,
        least_flr_ml=None,
        proven=True,
    )
    given_ = {"patient": Patient(), "facts": NOTHING_SAID, "targets": (missed,)}
    free = known_facts(report, **given_, choice=DEFAULT_CHOICE)
    locked = known_facts(report, **given_, choice=replace(DEFAULT_CHOICE, most_wedges=0))
    assert (free["r0_feasible"], free["debulkable_fraction"].most) == (False, 0.5)
    assert locked["chosen_limits"] == "no wedge"
    assert locked["r0_feasible"].reason == "the chosen limits forbid more: no wedge"
    assert locked["debulkable_fraction"].value is None


@given(
    ki67=st.none() | st.floats(0, 100),
    differentiation=st.none() | st.sampled_from(Differentiation),
    grade=st.none() | st.sampled_from(Grade),
)
def test_grade__is_never_against_the_differentiation(know, ki67, differentiation, grade):
    try:
        known = know(ki67_percent=ki67, differentiation=differentiation, grade=grade)
    except InputError:
        assert grade is not None
        return
    if known["grade"] is not None and known["differentiation"] is not None:
        assert (known["grade"] is Grade.NEC) == (known["differentiation"] is POOR)
