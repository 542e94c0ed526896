"""Examinations before surgery: what is done, what is missing, and that nothing else rests on it."""

from dataclasses import replace

import pytest

from planning.case import Case
from planning.inputs import CLINICAL_INPUTS
from planning.planner import plan
from planning.rules.staging_checklist import STAGING_CHECKLIST
from remnant.core.clinical import NOTHING_SAID, ClinicalFacts, FdgPet, Grade
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.patient import Patient
from remnant.wording.findings import text_of
from remnant.wording.lists import condition_row, condition_words, list_text

DONE = {
    "staged_by_ct": True,
    "staged_by_mr": True,
    "staged_by_sstr_pet": True,
    "echocardiography_done": True,
    "metastasis_biopsied": True,
    "markers_measured": True,
}
MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN


@pytest.fixture
def planned(make_report, make_lesion):
    def of(**facts):
        report = make_report((make_lesion(1, 20.0, {5: 1.0}),))
        return plan(Case(report=report, patient=Patient(), facts=ClinicalFacts(**facts)))

    return of


@pytest.fixture
def checked(planned):
    return lambda **facts: planned(**facts).staging_checklist[0]


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        (DONE, MET),
        (DONE | {"staged_by_mr": False}, NOT_MET),
        (DONE | {"staged_by_mr": None}, UNKNOWN),
        (DONE | {"fdg_pet": FdgPet.NOT_DONE}, MET),
        ({}, UNKNOWN),
    ],
)
def test_checklist__is_met_where_all_was_done(checked, facts, verdict):
    assert verdict is checked(**facts).verdict


def test_checklist__names_what_is_not_told(checked):
    half = {name: DONE[name] for name in ("staged_by_ct", "metastasis_biopsied")}
    result = checked(**half)

    assert set(result.missing) == set(DONE) - set(half)
    assert "This list decides nothing else." in list_text(result)


@pytest.mark.parametrize(
    ("name", "source", "status"),
    [
        ("ct", "cloyd2020", SourceStatus.PROJECT),
        ("mr", "cloyd2020", SourceStatus.VERIFIED),
        ("sstr_pet", "gepnetlm_review", SourceStatus.VERIFIED),
        ("echocardiography", "gepnetlm_review", SourceStatus.VERIFIED),
        ("biopsy", "machairas2021", SourceStatus.VERIFIED),
        ("markers", "cloyd2020", SourceStatus.PROJECT),
        ("fdg_pet", "gepnetlm_review", SourceStatus.VERIFIED),
        ("grades_agree", "cloyd2020", SourceStatus.VERIFIED),
    ],
)
def test_checklist__each_examination_has_its_source(checked, name, source, status):
    (found,) = [one for one in checked().findings if one.id == f"staging_checklist.{name}"]
    assert (found.source, found.status, found.verdict) == (source, status, UNKNOWN)


@pytest.mark.parametrize(
    ("pet", "verdict"),
    [(FdgPet.POSITIVE, MET), (FdgPet.NEGATIVE, MET), (FdgPet.NOT_DONE, NOT_MET), (None, UNKNOWN)],
)
def test_fdg_pet__done_is_done_whatever_it_shows(checked, pet, verdict):
    (found,) = [one for one in checked(fdg_pet=pet).findings if one.id.endswith("fdg_pet")]
    assert (found.verdict, found.decides) == (verdict, False)


def test_discordance__of_grades_is_found_with_its_source(checked):
    """Cloyd 2020: the Ki-67 of a metastasis may differ from the primary's."""
    result = checked(**DONE, primary_grade=Grade.G1, grade=Grade.G3)
    (found,) = [one for one in result.findings if one.id.endswith("grades_agree")]

    assert (found.verdict, found.source, result.verdict) == (NOT_MET, "cloyd2020", MET)
    assert text_of(found).endswith("that of the metastasis is used here.")
    assert condition_row(found).startswith("Primary and metastasis differ in grade. Asked for: ")
    assert condition_words(found)[NOT_MET] == "not met"
    (missing,) = [one for one in result.findings if one.id.endswith(".mr")]
    assert condition_words(missing)[NOT_MET] == "missing"


def test_checklist__changes_no_other_list(planned):
    """What was examined says nothing of what may be operated on; only ALPPS warns of no biopsy."""
    plain, staged = planned(), planned(**DONE)

    assert replace(staged, staging_checklist=(), staging=()) == replace(
        plain, staging_checklist=(), staging=()
    )
    assert [one.verdict for one in staged.staging] == [one.verdict for one in plain.staging]


def test_checklist__asks_for_facts_that_a_facts_file_has():
    asked = {condition.input.name for condition in STAGING_CHECKLIST.conditions}
    assert asked - {"grades_agree"} <= {one.name for one in CLINICAL_INPUTS}
    assert all(getattr(NOTHING_SAID, name) is None for name in asked - {"grades_agree"})
