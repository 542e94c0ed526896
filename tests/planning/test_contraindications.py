"""What rules an operation out reaches every list, row and treatment that is one."""

from dataclasses import replace

import pytest

from examples.debulking import coarse_phantom, measured
from planning.case import Case
from planning.facts.contradictions import require_consistent
from planning.facts.implied import with_implied
from planning.planner import plan
from planning.rules.contraindications import CONTRAINDICATION_LIST, CONTRAINDICATIONS
from remnant.core.clinical import (
    ClinicalFacts,
    ExtrahepaticDisease,
    Grade,
    PrimaryStatus,
)
from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import PlanChoice

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
FIT = ClinicalFacts(
    grade=Grade.G2,
    ki67_percent=5.0,
    extrahepatic_disease=ExtrahepaticDisease.NONE,
    primary_status=PrimaryStatus.RESECTABLE,
    ecog=0,
    comorbidity_prohibitive=False,
    judged_unresectable=False,
    right_heart_failure=False,
    severe_valve_disease=False,
    portal_vein_thrombosis=False,
    ascites=False,
    hepatic_insufficiency=False,
)
OPERATIONS = {
    "machairas2021.limited/resection",
    "machairas2021.limited/primary_resection",
    "cloyd2020.resectable/resection",
    "cloyd2020.resectable/concomitant_ablation",
}
STAGED = ("staging.simultaneous_primary", "staging.primary_synchronous")
BODY = {"height_cm": 175.0, "weight_kg": 75.0}


def changed(**facts):
    return replace(FIT, **facts)


RULED_OUT = {
    "differentiation": changed(grade=Grade.NEC, ki67_percent=80.0, peritoneal_carcinomatosis=True,
                               extrahepatic_disease=None),
    "ki67": changed(grade=Grade.G3, ki67_percent=56.0),
    "fit": changed(ecog=4),
    "primary": changed(primary_status=PrimaryStatus.UNRESECTABLE),
    "heart": changed(severe_valve_disease=True, right_heart_failure=True),
    "valve": changed(severe_valve_disease=True),
    "decompensation": changed(hepatic_insufficiency=True, portal_vein_thrombosis=True),
    "extrahepatic": changed(extrahepatic_disease=ExtrahepaticDisease.SIGNIFICANT),
    "peritoneum": changed(peritoneal_carcinomatosis=True, extrahepatic_disease=None),
    "comorbidity": changed(comorbidity_prohibitive=True),
    "team": changed(judged_unresectable=True),
}  # fmt: skip


@pytest.fixture(scope="module", name="liver")
def liver_fixture():
    phantom = coarse_phantom(2, seed=3)
    return measured(phantom.structures, phantom.lesions, phantom.couinaud)


@pytest.fixture(scope="module", name="planned")
def planned_fixture(liver):
    report, maps = liver
    known = {}

    def make(facts, background=LiverBackground.NORMAL):
        if (facts, background) not in known:
            patient = Patient(**BODY, background=background)
            case = Case(
                report=report, patient=patient, facts=facts, maps=maps,
                choice=PlanChoice(targets=(0.7, 1.0)),
            )  # fmt: skip
            known[facts, background] = plan(case)
        return known[facts, background]

    return make


def options(planning):
    return {f"{row.id}/{one.id}": one.verdict for row in planning.pathways for one in row.options}


def test_fit_person__operations_are_listed(planned):
    found = planned(FIT)
    listed = options(found)
    assert {MET} == {listed[name] for name in OPERATIONS}
    staged = {one.id: one.verdict for one in found.staging}
    assert MET is staged["staging.primary_synchronous"]
    assert NOT_MET is not staged["staging.simultaneous_primary"]
    assert () == found.contraindications.failed


@pytest.mark.parametrize("name", RULED_OUT)
def test_ruled_out__no_operation_is_met_and_the_condition_is_named(planned, name):
    found = planned(RULED_OUT[name])
    assert f"contraindication.{name}" in {one.id for one in found.contraindications.failed}
    # the team's word is on the metastases: the primary may still be resected
    of_the_liver = OPERATIONS - (
        {"machairas2021.limited/primary_resection"} if name == "team" else set()
    )
    for option, verdict in options(found).items():
        if option in of_the_liver:
            assert verdict is NOT_MET, option
    resectable = [row for row in found.pathways if row.id == "cloyd2020.resectable"]
    assert all(row.verdict is NOT_MET for row in resectable)
    assert {NOT_MET} == {one.verdict for one in found.staging if one.id in STAGED}
    assert all(one.verdict is not MET for one in found.staging)


def test_unresectable_rows__are_those_of_whom_an_operation_is_ruled_out(planned):
    rows = {row.id: row.verdict for row in planned(RULED_OUT["fit"]).pathways}
    assert rows["cloyd2020.oligometastatic"] is MET
    assert "cloyd2020.oligometastatic" not in {row.id for row in planned(FIT).pathways}


def test_unknown__leaves_no_operation_open_but_stands_in_the_list(planned):
    found = planned(replace(FIT, right_heart_failure=None, ascites=None))
    listed = options(found)
    assert {MET} == {listed[name] for name in OPERATIONS}
    assert UNKNOWN is found.contraindications.verdict
    assert {"right_heart_failure"} <= set(found.contraindications.missing)


@pytest.mark.parametrize(
    ("ecog", "fit"), [(0, True), (1, True), (2, None), (3, False), (4, False), (None, None)]
)
def test_fitness__is_read_from_ecog_where_nobody_told_it(ecog, fit):
    assert with_implied(ClinicalFacts(ecog=ecog)).fit_for_major_hepatectomy is fit
    told = ClinicalFacts(ecog=ecog, fit_for_major_hepatectomy=False)
    assert with_implied(told).fit_for_major_hepatectomy is False


@pytest.mark.parametrize("ecog", [3, 4])
def test_fitness__contradicts_a_bad_performance_status(ecog):
    with pytest.raises(InputError, match=f"fit_for_major_hepatectomy is true, but ecog is {ecog}"):
        require_consistent(ClinicalFacts(ecog=ecog, fit_for_major_hepatectomy=True))
    require_consistent(ClinicalFacts(ecog=2, fit_for_major_hepatectomy=True))


def test_decompensation__rules_an_operation_out_by_any_sign(planned):
    found = planned(changed(ascites=True), LiverBackground.CIRRHOSIS)
    assert "contraindication.decompensation" in {one.id for one in found.contraindications.failed}


def test_conditions__decide_an_operation_only_where_they_fail():
    assert all(one.only_failure and one.obstacle for one in CONTRAINDICATIONS)
    assert not any(one.only_failure for one in CONTRAINDICATION_LIST.conditions)
