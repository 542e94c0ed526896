from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.plans import example_outcome, example_plan, example_result
from planning import inputs
from planning.case import Case
from planning.debulking.chosen_limits import chosen_limits
from planning.facts.gathering import gather, largest_lesion_mm, told_facts
from planning.facts.implied import PORTAL_DRAINAGE, grade_is_g1_or_g2, ki67_from_55
from planning.inputs import CLINICAL_INPUTS, INPUTS, Diameter, Input, ValueSource
from remnant.core.clinical import (
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.distribution import Frilling, FrillingType
from remnant.core.errors import InputError
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason

WELL, POOR = Differentiation
NONE, MINIMAL, SIGNIFICANT = ExtrahepaticDisease
DECOMPENSATION = (
    "ascites",
    "encephalopathy",
    "variceal_bleeding",
    "jaundice_from_liver_disease",
    "hepatic_insufficiency",
)
CUT = (reason(Cause.MORE_BEYOND_SCAN),)
MEASURED = {
    *("burden_fraction", "lesion_count", "both_lobes", "largest_lesion_mm"),
    *("liver_volume_ml_per_m2", "transplant_poor_factors"),
}
"""The last counts hepatomegaly, which is measured."""
PLANNED = {"debulkable_fraction", "resection_margin_mm"}
OF_A_LESION_OR_PLAN = {
    *(name for name in INPUTS if name.startswith("lesion_") and name != "lesion_count"),
    "flr_probability_percent",
}
OF_VOLUMETRY = {"height_cm", "weight_kg", "sex"}
"""What body-size formulas ask for, and no condition."""


@pytest.fixture(scope="session")
def report(make_report):
    return make_report()


@pytest.fixture(scope="session")
def know(report):
    def known(patient=None, *, of=report, frilling=None, choice=DEFAULT_CHOICE, **facts):
        case = Case(
            report=of,
            patient=patient or Patient(),
            facts=ClinicalFacts(**facts),
            choice=choice,
        )
        return by_name(gather(case, frilling=frilling))

    return known


def by_name(facts):
    return {one.name: value for one, value in facts.values.items()}


def test_facts__have_every_input_of_the_case_and_no_other(know):
    assert set(know()) == set(INPUTS) - OF_A_LESION_OR_PLAN - OF_VOLUMETRY
    assert {one.name for one in CLINICAL_INPUTS} < set(know())


def test_facts__nothing_told_is_nothing_known(know):
    known = know()
    from_person = {name for name in known if known[name] is not None} - MEASURED - PLANNED
    assert from_person == {"surgery_ruled_out"}
    assert known["surgery_ruled_out"] is False  # what nobody told rules nothing out
    assert known["debulkable_fraction"] == Quantity.absent(reason(Cause.NO_PLAN))


def test_facts__told_ones_are_of_a_person(report):
    from_person = told_facts(Case(report=report, patient=Patient(age_years=54.0)))
    assert {one.source for one in from_person} == {ValueSource.PERSON}
    assert all(isinstance(one, Input) for one in from_person)
    assert from_person[inputs.AGE] == 54.0


def test_facts__of_the_person(know):
    known = know(Patient(age_years=54.0, background=LiverBackground.STEATOSIS))
    assert (known["age_years"], known["background"]) == (54.0, LiverBackground.STEATOSIS)
    assert know(Patient(background=LiverBackground.UNKNOWN))["background"] is None


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
    ("facts", "ki67", "grade"),
    [
        ({"primary_ki67_percent": 8.0}, 8.0, Grade.G2),
        ({"primary_grade": Grade.G1}, None, Grade.G1),
        ({"primary_grade": Grade.NEC, "primary_ki67_percent": 60.0}, 60.0, Grade.NEC),
        ({"primary_ki67_percent": 8.0, "ki67_percent": 30.0}, 30.0, None),
        ({"primary_grade": Grade.G1, "grade": Grade.G3}, None, Grade.G3),
        ({"primary_grade": Grade.G1, "differentiation": POOR}, None, Grade.NEC),
        ({"primary_ki67_percent": 30.0, "differentiation": POOR}, 30.0, Grade.NEC),
        ({"primary_ki67_percent": 30.0, "differentiation": WELL}, 30.0, Grade.G3),
    ],
)
def test_grade__of_the_primary_where_none_of_the_metastases_is_known(know, facts, ki67, grade):
    known = know(**facts)
    assert (known["ki67_percent"], known["grade"]) == (ki67, grade)


@pytest.mark.parametrize(
    ("facts", "agree"),
    [
        ({}, None),
        ({"grade": Grade.G2}, None),
        ({"primary_grade": Grade.G2}, None),  # nothing of the primary's stands in here
        ({"primary_grade": Grade.G2, "grade": Grade.G2}, True),
        ({"primary_grade": Grade.G1, "ki67_percent": 8.0}, False),
        ({"primary_ki67_percent": 1.0, "ki67_percent": 8.0}, False),
        ({"primary_ki67_percent": 5.0, "ki67_percent": 8.0}, True),
        ({"primary_ki67_percent": 30.0, "grade": Grade.G2}, False),
        ({"primary_ki67_percent": 30.0, "grade": Grade.G3}, None),  # a G3 or a carcinoma
        ({"primary_ki67_percent": 30.0, "ki67_percent": 40.0}, None),
        ({"primary_grade": Grade.G3, "differentiation": POOR}, False),
    ],
)
def test_grade__of_primary_and_metastasis_apart(know, facts, agree):
    assert agree is know(**facts)["grades_agree"]


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
        ({"primary_grade": Grade.G2, "primary_ki67_percent": 21.0}, "primary_ki67_percent is 21"),
        ({"grade": Grade.G1, "ki67_percent": 30.0}, "G1 has a Ki-67 of at most 2 %, but ki67_"),
        ({"grade": Grade.G1, "ki67_percent": 3.0}, "ki67_percent is 3: both cannot be true"),
        ({"grade": Grade.G2, "ki67_percent": 20.5}, "of 3 to 20 %, but ki67_percent is 20.5"),
        (
            {"extrahepatic_disease": NONE, "peritoneal_carcinomatosis": True},
            "extrahepatic_disease is none, but peritoneal_carcinomatosis is true",
        ),
        ({"functional": False, "symptoms_refractory": True}, "functional is false, but"),
        *(
            ({"decompensated": False, sign: True}, f"decompensated is false, but {sign} .* is true")
            for sign in DECOMPENSATION
        ),
        ({"varices": False, "variceal_bleeding": True}, "varices is false, but"),
        (
            {"pancreatoduodenectomy": True, "bilioenteric_anastomosis": False},
            "pancreatoduodenectomy .* is true, but bilioenteric_anastomosis is false",
        ),
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
        {"grade": Grade.G3, "primary_grade": Grade.G1, "primary_ki67_percent": 2.0},
        {"grade": Grade.G3, "ki67_percent": 10.0, "differentiation": WELL},
        {"grade": Grade.NEC, "ki67_percent": 10.0, "differentiation": POOR},
        {"extrahepatic_disease": MINIMAL, "peritoneal_carcinomatosis": True},
        {"primary_status": PrimaryStatus.RESECTED, "primary_resected_months": 0.0},
        {"functional": True, "symptoms_refractory": False},
        {"decompensated": False, "varices": True, "splenomegaly": True, "platelets_per_nl": 60.0},
        {"decompensated": True, "ascites": False},
        {"pancreatoduodenectomy": False, "bilioenteric_anastomosis": True},
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


@pytest.mark.parametrize(
    ("facts", "decompensated"),
    [
        *(({sign: True}, True) for sign in DECOMPENSATION),
        ({"decompensated": True}, True),
        ({"decompensated": False}, False),
        (dict.fromkeys(DECOMPENSATION, False), False),
        ({"ascites": False, "hepatic_insufficiency": False}, None),
        ({"varices": True, "splenomegaly": True, "platelets_per_nl": 60.0}, None),
        ({}, None),
    ],
)
def test_implied__decompensation_is_told_or_shown_by_a_sign(know, facts, decompensated):
    known = know(Patient(background=LiverBackground.CIRRHOSIS), **facts)
    assert known["decompensated"] is decompensated


def test_implied__a_normal_liver_is_not_decompensated_unless_a_fact_says_so(know):
    normal = Patient(background=LiverBackground.NORMAL)
    assert know(normal)["decompensated"] is False
    assert know(normal, ascites=True)["decompensated"] is True
    assert know()["decompensated"] is None


def test_implied__varices_that_bleed_are_a_sign_of_portal_hypertension(know):
    known = know(variceal_bleeding=True)
    assert (known["varices"], known["portal_hypertension_signs"]) == (True, True)


@pytest.mark.parametrize(
    ("facts", "major", "any_surgery"),
    [
        ({"ecog": 0}, True, True),
        ({"ecog": 1}, True, True),
        ({"ecog": 2}, None, None),
        ({"ecog": 3}, False, False),
        ({"ecog": 4}, False, False),
        ({"ecog": 2, "fit_for_major_hepatectomy": True}, True, True),
        ({"ecog": 1, "fit_for_major_hepatectomy": False}, False, True),
        ({"fit_for_major_hepatectomy": False}, False, None),
        ({"ecog": 0, "comorbidity_prohibitive": True}, None, True),
        ({}, None, None),
    ],
)
def test_implied__ecog_decides_fitness_where_nobody_told(know, facts, major, any_surgery):
    known = know(**facts)
    assert (known["fit_for_major_hepatectomy"], known["fit_for_surgery"]) == (major, any_surgery)


@pytest.mark.parametrize(("functional", "refractory"), [(False, False), (True, None), (None, None)])
def test_implied__without_hormone_excess_no_symptoms_resist_treatment(know, functional, refractory):
    assert know(functional=functional)["symptoms_refractory"] is refractory


@pytest.mark.parametrize(
    ("whipple", "told", "anastomosis"),
    [(True, None, True), (True, True, True), (False, None, None), (None, False, False)],
)
def test_implied__a_whipple_leaves_a_bilioenteric_anastomosis(know, whipple, told, anastomosis):
    """M: transarterial treatment is contraindicated with such an anastomosis."""
    known = know(pancreatoduodenectomy=whipple, bilioenteric_anastomosis=told)
    assert known["bilioenteric_anastomosis"] is anastomosis
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


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"differentiation": WELL}, None),
        ({"differentiation": POOR}, False),
        ({"grade": Grade.G2}, True),
        ({"grade": Grade.G1}, True),
        ({"grade": Grade.G3}, False),
        ({"grade": Grade.NEC}, False),
        ({"ki67_percent": 20.0}, True),
        ({"ki67_percent": 20.1}, False),
    ],
)
def test_grade__g1_or_g2(know, facts, expected):
    assert know(**facts)["grade_is_g1_or_g2"] is expected
    assert grade_is_g1_or_g2(ClinicalFacts(**facts)) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"grade": Grade.G2, "differentiation": POOR}, False),
        ({"grade": Grade.G3, "ki67_percent": 10.0}, False),
    ],
)
def test_grade__g1_or_g2_by_differentiation_then_grade_then_ki67(facts, expected):
    assert grade_is_g1_or_g2(ClinicalFacts(**facts)) is expected


@pytest.mark.parametrize(("listed", "selected"), [(True, True), (False, None), (None, None)])
def test_transplant__a_centre_that_did_not_list_leaves_it_open(know, listed, selected):
    known = know(on_transplant_list=listed)
    assert (known["on_transplant_list"], known["transplant_selected"]) == (listed, selected)


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
    assert cut["both_lobes"] is None
    assert cut["lesion_count"] == Quantity(1.0, bound=Bound.LOWER, reasons=CUT)
    assert know(of=make_report([right, left], tlv_bound=Bound.LOWER))["both_lobes"] is True


def test_lesions__that_were_not_sought_are_unknown(know, report):
    known = know(of=replace(report, tumour_ml=Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))))
    assert known["both_lobes"] is None
    assert known["lesion_count"] == Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))
    assert known["largest_lesion_mm"] == Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))


def test_largest_lesion__of_those_that_count(know, make_report, make_lesion):
    rejected = make_lesion(3, diameter_mm=90.0, confirmation=Confirmation.REJECTED)
    report = make_report(
        [make_lesion(1, diameter_mm=55.0), make_lesion(2, diameter_mm=20.0), rejected]
    )

    largest = Diameter(axial_mm=Quantity(55.0), corrected_3d_mm=55.0)
    assert largest_lesion_mm(report) == largest
    assert know(of=report)["largest_lesion_mm"] == largest


def test_largest_lesion__axially_and_in_3d_may_be_two_lesions(make_report, make_lesion):
    tall = replace(make_lesion(1, diameter_mm=38.0), slice_corrected_3d_mm=52.0)
    report = make_report([tall, make_lesion(2, diameter_mm=44.0)])
    assert largest_lesion_mm(report) == Diameter(axial_mm=Quantity(44.0), corrected_3d_mm=52.0)


def test_largest_lesion__bounded_by_a_cut_and_absent_without_lesions(make_report, make_lesion):
    cut = make_report([make_lesion(1, diameter_mm=55.0)], tlv_bound=Bound.LOWER)
    edge = replace(make_lesion(1, diameter_mm=55.0), volume_ml=Quantity(9.0, bound=Bound.LOWER))
    because = (Reason(Cause.SCAN_CUTS_SOMETHING),)

    for report in (cut, make_report([edge])):
        bounded = Quantity(55.0, bound=Bound.LOWER, reasons=because)
        assert largest_lesion_mm(report) == Diameter(axial_mm=bounded, corrected_3d_mm=55.0)
    assert largest_lesion_mm(make_report()) == Quantity.absent(Reason(Cause.NO_LESION))


def test_rows__come_from_number_lobes_and_distribution(know, make_report, make_lesion):
    rows = [name for name in INPUTS if name.startswith("pattern_")]
    lesions = [make_lesion(1, shares={5: 1.0}), make_lesion(2, shares={2: 1.0})]
    unclassifiable = Frilling(type=FrillingType.UNCLASSIFIABLE, reasons=())
    few = know(of=make_report(lesions), frilling=unclassifiable)
    assert [few[name] for name in rows] == [None, None, False]
    assert [know()[name] for name in rows] == [None, None, None]


@pytest.mark.parametrize(
    ("share", "feasible", "by_machairas", "expected"),
    [
        (1.0, Verdict.MET, Verdict.MET, [True, False, False]),
        (0.9, Verdict.MET, Verdict.MET, [None, None, False]),
        (1.0, Verdict.NOT_MET, Verdict.MET, [None, None, False]),
        (1.0, Verdict.UNKNOWN, Verdict.MET, [None, None, False]),
        (1.0, Verdict.MET, Verdict.UNCERTAIN, [None, None, False]),
        (1.0, Verdict.MET, Verdict.NOT_MET, [None, None, False]),
    ],
)
def test_rows__few_in_both_lobes_are_limited_only_where_a_plan_clears_them(
    make_report, make_lesion, share, feasible, by_machairas, expected
):
    """M says limited bilobar and prints no number: five lesions are not limited by number alone."""
    lesions = [make_lesion(1, shares={5: 1.0}), make_lesion(2, shares={2: 1.0})]
    remnant = Finding(
        id="flr.machairas2021_30",
        verdict=by_machairas,
        source="machairas2021",
        status=SourceStatus.VERIFIED,
    )
    clearing = example_plan(
        result=example_result(debulked_fraction=Quantity(share)),
        feasible=feasible,
        findings=(remnant,),
        targets=(),
    )
    facts = gather(
        Case(report=make_report(lesions), patient=Patient()),
        frilling=Frilling(type=FrillingType.UNCLASSIFIABLE, reasons=()),
        plans=(clearing,),
    )

    known = by_name(facts)
    assert [known[name] for name in INPUTS if name.startswith("pattern_")] == expected


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
    frilling = Frilling(type=found, reasons=())
    assert know(frilling=frilling)["frilling_type"] is expected
    cut = make_report(tlv_bound=Bound.LOWER)
    assert know(of=cut, frilling=frilling)["frilling_type"] is None


def test_choice__tells_the_margin(know):
    choice = replace(DEFAULT_CHOICE, resection_margin_mm=2.0)
    assert know(choice=choice)["resection_margin_mm"] == 2.0


def test_choice__limits_take_proofs_away(report):
    missed = example_outcome(1.0, Verdict.NOT_MET, most_debulked_fraction=0.5, largest_flr_ml=None)

    def facts(choice):
        case = Case(report=report, patient=Patient(), choice=choice)
        return by_name(gather(case, targets=(missed,)))

    free = facts(DEFAULT_CHOICE)
    locked = facts(replace(DEFAULT_CHOICE, most_wedges=0))
    assert (free["r0_feasible"], free["debulkable_fraction"].most) == (False, 0.5)
    (forbidden, *limits) = locked["r0_feasible"].reasons
    assert (forbidden, len(limits)) == (Reason(Cause.LIMITS_FORBID), 1)
    assert tuple(limits) == chosen_limits(replace(DEFAULT_CHOICE, most_wedges=0))
    assert locked["debulkable_fraction"].value is None
    assert locked["amenable_to_resection"] is None
    assert free["amenable_to_resection"] is False


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


def test_exenteration__is_a_resection_with_the_transplant(know):
    assert know(upper_abdominal_exenteration=True)["resection_with_transplant"] is True
    assert know(resection_with_transplant=False)["upper_abdominal_exenteration"] is False
    assert know(resection_with_transplant=True)["upper_abdominal_exenteration"] is None
    assert know(upper_abdominal_exenteration=False)["resection_with_transplant"] is None
    with pytest.raises(InputError, match="resection_with_transplant is false"):
        know(resection_with_transplant=False, upper_abdominal_exenteration=True)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ClinicalFacts(), None),
        (ClinicalFacts(ki67_percent=54.9), False),
        (ClinicalFacts(ki67_percent=55.0), True),
        (ClinicalFacts(grade=Grade.G2), False),
        (ClinicalFacts(grade=Grade.G3), None),
    ],
)
def test_ki67_from_55__a_low_grade_says_so_too(facts, expected):
    assert ki67_from_55(facts) is expected
