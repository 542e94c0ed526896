"""Three balls that a fit person would be operated on for, and what rules that out in others."""

import pytest

from examples.worked_cases import FIT, WorkedCase, planned
from planning.criteria.catalogue import TREATMENTS
from planning.rules.contraindications import CONTRAINDICATIONS
from planning.rules.pathways_conditions import LOW_GRADE_BY_CLOYD
from remnant.core.findings import Verdict
from remnant.wording.lists import option_text, pathway_text

BI3 = (("VIII", 15.0), ("VI", 12.0), ("III", 9.0))
SURGICAL = {
    ("machairas2021", "resection"),
    ("machairas2021", "resection_one_stage"),
    ("machairas2021", "resection_two_stages"),
    ("machairas2021", "cytoreduction"),
    ("cloyd2020", "resection"),
    ("cloyd2020", "concomitant_ablation"),
    ("cloyd2020", "resection_high_grade"),
}
AGAINST = {
    "nec": ({"grade": "NEC", "ki67_percent": 80}, {"differentiation", "ki67"}),
    "g3": ({"grade": "G3", "ki67_percent": 56}, {"ki67"}),
    "ecog": ({"ecog": 4, "fit_for_major_hepatectomy": False}, {"fit"}),
    "ecog_alone": ({"ecog": 3, "fit_for_major_hepatectomy": None}, {"fit"}),
    "primary": ({"primary_status": "unresectable"}, {"primary"}),
    "heart": ({"severe_valve_disease": True, "right_heart_failure": True}, {"heart", "valve"}),
    "liver": (
        {"hepatic_insufficiency": True, "portal_vein_thrombosis": True},
        {"decompensation"},
    ),
    "spread": ({"extrahepatic_disease": "significant"}, {"extrahepatic"}),
}


def plan_of(**facts):
    known = {name: value for name, value in (FIT | facts).items() if value is not None}
    return planned(WorkedCase(id="bi3", about="", balls=BI3, facts=known, expected=()))


def options(planning):
    return {(one.source, one.id): one for row in planning.pathways for one in row.options}


def rows(planning):
    return {row.id: row for row in planning.pathways}


def ids(names):
    return {f"contraindication.{name}" for name in names}


def last(identifiers):
    """What a list names itself, it does not ask for again as a contraindication."""
    return {one.rpartition(".")[2] for one in identifiers}


@pytest.fixture(scope="module", params=AGAINST)
def against(request):
    facts, names = AGAINST[request.param]
    return plan_of(**facts), ids(names)


def test_fit__nothing_stands_against_an_operation():
    fit = plan_of(primary_status="resectable")
    assert fit.contraindications.verdict is Verdict.MET
    assert rows(fit)["cloyd2020.resectable"].verdict is Verdict.MET
    for source in ("cloyd2020", "machairas2021"):
        assert options(fit)[source, "resection"].verdict is Verdict.MET


def test_against__each_is_named_and_no_other(against):
    planning, names = against
    assert planning.contraindications.verdict is Verdict.NOT_MET
    assert {f.id for f in planning.contraindications.failed} == names


def test_against__no_operation_of_a_pathway_is_listed(against):
    planning, _ = against
    for key, one in options(planning).items():
        if key in SURGICAL:
            assert one.verdict is Verdict.NOT_MET
            assert one.failed
            assert option_text(one).startswith("Ruled out: ")


def test_against__no_way_to_operate_is_met(against):
    planning, names = against
    for result in planning.staging:
        assert result.verdict is Verdict.NOT_MET
        assert last(names) & last(f.id for f in result.failed)


def test_against__the_row_of_the_resectable_says_what_rules_it_out(against):
    planning, names = against
    row = rows(planning).get("cloyd2020.resectable")
    if "contraindication.extrahepatic" in names:
        assert row is None  # the conclusion has a row of its own for this
        return
    # Cloyd's own list asks for low or intermediate grade; high grade is an option of its own
    high = names & {"contraindication.ki67", "contraindication.differentiation"}
    expected = names | ({LOW_GRADE_BY_CLOYD.id} if high else set())
    assert (row.verdict, set(row.failed)) == (Verdict.NOT_MET, expected)
    text = pathway_text(row)
    assert text.startswith("Ruled out here: ")
    assert all(one.obstacle in text for one in CONTRAINDICATIONS if one.id in names)


@pytest.mark.parametrize("name", ["ecog", "primary", "heart"])
def test_ruled_out__what_is_listed_where_resection_is_contraindicated_is_shown(name):
    """M, figure 2: TACE, TAE and RE stand where resection is contraindicated."""
    plan = plan_of(portal_vein_thrombosis=False, bilioenteric_anastomosis=False, **AGAINST[name][0])
    for embolisation in ("tace", "tae", "radioembolisation"):
        assert options(plan)["machairas2021", embolisation].verdict is Verdict.MET


def test_carcinoma_with_carcinomatosis__nothing_is_operated_on():
    """M: not for poorly differentiated tumours. ENETS in C: no peritoneal carcinomatosis."""
    found = plan_of(
        grade="NEC",
        ki67_percent=80,
        peritoneal_carcinomatosis=True,
        extrahepatic_disease=None,
        primary_status="resectable",
    )
    names = ids({"differentiation", "ki67", "peritoneum", "extrahepatic"})
    staging = {r.id: r for r in found.staging}
    for way in ("simultaneous_primary", "primary_synchronous"):
        result = staging[f"staging.{way}"]
        assert result.verdict is Verdict.NOT_MET
        assert names <= {f.id for f in result.failed}
    assert {f.id for f in found.contraindications.failed} == names
    surgical = [one for key, one in options(found).items() if key in SURGICAL]
    assert {one.verdict for one in surgical} == {Verdict.NOT_MET}


def test_portal_hypertension__warns_and_rules_nothing_out():
    """G: ascites, collaterals, varices, platelets, spleen: portal hypertension raises the risk."""
    found = plan_of(varices=True, platelets_per_nl=60.0, splenomegaly=True).contraindications
    (warning,) = [f for f in found.findings if f.id == "contraindication.portal_hypertension"]
    assert (warning.verdict, warning.decides) == (Verdict.NOT_MET, False)
    assert found.verdict is Verdict.MET


@pytest.mark.parametrize("treatment", sorted(SURGICAL))
def test_options__every_operation_on_the_liver_asks_for_all(treatment):
    asked = {c.input for c in TREATMENTS[treatment].conditions if hasattr(c, "input")}
    assert {one.input for one in CONTRAINDICATIONS} <= asked


def test_primary_then_prrt__asks_for_what_bears_on_the_primary_alone():
    """M: proposed with diffuse disease, whose metastases nobody would resect."""
    rule = TREATMENTS["machairas2021", "primary_then_prrt"]
    asked = {c.id.removeprefix("contraindication.") for c in rule.conditions}
    assert {"differentiation", "decompensation", "heart", "valve", "comorbidity"} <= asked
    assert "fit_for_surgery" in asked
    assert not asked & {"team", "fit", "extrahepatic"}
