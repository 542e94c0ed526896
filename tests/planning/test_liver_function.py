"""Scores of the liver's function against hand-computed values; they decide nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.case import Case
from planning.inputs import CLINICAL_INPUTS
from planning.literature import load_literature
from planning.liver_function import (
    TOLD_FOR_IT,
    albi,
    albi_grade,
    child_pugh,
    child_pugh_class,
    liver_function,
    meld,
)
from planning.planner import plan
from planning.rules.liver_function import LIVER_FUNCTION_REMARKS
from remnant.core.clinical import RANGES, ClinicalFacts
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.patient import Patient
from remnant.wording.findings import text_of
from remnant.wording.lists import list_text

BLOOD = {
    "bilirubin_umol_per_l": 40.0,
    "inr": 1.5,
    "albumin_g_per_l": 30.0,
    "creatinine_umol_per_l": 176.8,
    "dialysis_twice_weekly": False,
}
SIGNS = {"ascites": False, "encephalopathy": False}
INCREASING = ("bilirubin_umol_per_l", "inr", "creatinine_umol_per_l")
bilirubins = st.floats(*RANGES["bilirubin_umol_per_l"])
albumins = st.floats(*RANGES["albumin_g_per_l"])
inrs = st.floats(*RANGES["inr"])
creatinines = st.floats(*RANGES["creatinine_umol_per_l"])


def of(**facts):
    (result,) = liver_function(ClinicalFacts(**facts))
    return {one.id.removeprefix("liver_function."): one for one in result.findings}


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "score", "grade"),
    [
        (10.0, 40.0, -2.74, 1),  # 0.66 · 1 − 3.4
        (100.0, 30.0, -1.23, 3),  # 0.66 · 2 − 2.55
        (1.0, 30.0, -2.55, 2),  # −2.55
        (10.0, 38.4, -2.604, 1),  # 0.66 − 3.264
        (10.0, 38.3, -2.5955, 2),  # 0.66 − 3.2555
    ],
)
def test_albi__by_hand(bilirubin, albumin, score, grade):
    found = albi(bilirubin_umol_per_l=bilirubin, albumin_g_per_l=albumin)
    assert score == pytest.approx(found)
    assert grade == albi_grade(found)


def test_albi__grades_hold_their_upper_ends():
    assert [1, 2, 2, 3] == [albi_grade(score) for score in (-2.60, -2.5999, -1.39, -1.3899)]


@given(bilirubin=bilirubins, albumin=albumins, more=st.floats(1.0, 100.0))
def test_albi__rises_with_bilirubin_and_falls_with_albumin(bilirubin, albumin, more):
    here = albi(bilirubin_umol_per_l=bilirubin, albumin_g_per_l=albumin)
    assert here < albi(bilirubin_umol_per_l=bilirubin + more, albumin_g_per_l=albumin)
    assert here > albi(bilirubin_umol_per_l=bilirubin, albumin_g_per_l=albumin + more)


@pytest.mark.parametrize(
    ("bilirubin", "inr", "creatinine", "dialysis", "score"),
    [
        (17.1, 1.0, 88.4, False, 6),  # 6.43
        (5.0, 0.8, 40.0, False, 6),  # all below 1 count as 1
        (51.3, 1.5, 176.8, False, 22),  # 3.78 · 1.0986 + 11.2 · 0.4055 + 9.57 · 0.6931 + 6.43
        (34.2, 1.0, 88.4, False, 9),  # 3.78 · 0.6931 + 6.43 = 9.05
        (17.1, 1.0, 353.6, False, 20),  # 9.57 · 1.3863 + 6.43 = 19.70
        (17.1, 1.0, 884.0, False, 20),  # creatinine above 4 mg/dL counts as 4
        (17.1, 1.0, 88.4, True, 20),  # and as 4 with dialysis
        (855.0, 6.0, 353.6, False, 40),  # 54.6, the top is 40
    ],
)
def test_meld__by_hand(bilirubin, inr, creatinine, dialysis, score):
    assert score == meld(
        bilirubin_umol_per_l=bilirubin,
        inr=inr,
        creatinine_umol_per_l=creatinine,
        dialysis=dialysis,
    )


@given(
    bilirubin=bilirubins,
    inr=inrs,
    creatinine=creatinines,
    name=st.sampled_from(INCREASING),
    more=st.floats(0.0, 500.0),
)
def test_meld__lies_between_its_ends_and_never_falls(bilirubin, inr, creatinine, name, more):
    values = {
        "bilirubin_umol_per_l": bilirubin,
        "inr": inr,
        "creatinine_umol_per_l": creatinine,
    }
    here = meld(**values, dialysis=False)
    assert 6 <= here <= 40
    assert here <= meld(**{**values, name: values[name] + more}, dialysis=False)
    assert here <= meld(**values, dialysis=True)


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "inr", "ascites", "encephalopathy", "points"),
    [
        (20.0, 40.0, 1.0, False, False, (5, 5)),
        (34.0, 40.0, 1.0, False, False, (6, 6)),
        (50.0, 35.0, 1.7, False, False, (8, 8)),
        (50.1, 27.9, 2.31, False, False, (11, 11)),
        (20.0, 28.0, 2.3, False, False, (7, 7)),
        (20.0, 40.0, 1.0, True, False, (6, 7)),
        (60.0, 20.0, 3.0, True, True, (13, 15)),
    ],
)
def test_child_pugh__by_hand(bilirubin, albumin, inr, ascites, encephalopathy, points):
    found = child_pugh(
        bilirubin_umol_per_l=bilirubin,
        albumin_g_per_l=albumin,
        inr=inr,
        ascites=ascites,
        encephalopathy=encephalopathy,
    )
    assert points == found


@given(
    values=st.fixed_dictionaries(
        {"bilirubin_umol_per_l": bilirubins, "albumin_g_per_l": albumins, "inr": inrs}
    ),
    ascites=st.booleans(),
    more=st.floats(0.0, 100.0),
)
def test_child_pugh__lies_between_its_ends_and_never_falls(values, ascites, more):
    signs = {"ascites": ascites, "encephalopathy": False}
    least, most = child_pugh(**values, **signs)
    assert 5 <= least <= most <= 15
    assert most - least == int(ascites)
    assert child_pugh_class(least) <= child_pugh_class(most)
    worse = {
        "bilirubin_umol_per_l": values["bilirubin_umol_per_l"] + more,
        "albumin_g_per_l": values["albumin_g_per_l"] - more,
        "inr": values["inr"] + more,
    }
    for name, value in worse.items():
        assert least <= child_pugh(**{**values, name: value}, **signs)[0]
    assert most <= child_pugh(**values, ascites=True, encephalopathy=True)[0] + 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("albi", "Here: −1.49, grade 2."),  # 0.66 · 1.6021 − 2.55
        ("meld", "Here: 21."),  # 3.78 · 0.8498 + 4.541 + 6.633 + 6.43 = 20.82
        ("child_pugh", "Here: 8 to 9 points, class B."),
    ],
)
def test_scores__are_noted_with_grade_or_class_and_are_unverified(name, text):
    found = of(**BLOOD, ascites=True, encephalopathy=False)[name]
    assert text_of(found).endswith(text)
    assert (found.decides, found.threshold, found.status) == (False, None, SourceStatus.UNVERIFIED)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("albi", ("albumin_g_per_l",)),
        ("meld", ("inr", "creatinine_umol_per_l", "dialysis_twice_weekly")),
        ("child_pugh", ("albumin_g_per_l", "inr", "ascites", "encephalopathy")),
    ],
)
def test_scores__without_an_input_are_unknown_and_name_it(name, missing):
    found = of(bilirubin_umol_per_l=40.0)[name]
    assert (found.verdict, found.quantity, found.missing) == (Verdict.UNKNOWN, None, missing)
    assert "Not known: " in text_of(found)


def test_meld__on_dialysis_needs_no_creatinine():
    on_dialysis = BLOOD | {"dialysis_twice_weekly": True, "creatinine_umol_per_l": None}
    assert (
        of(**on_dialysis)["meld"].value
        == of(**BLOOD | {"dialysis_twice_weekly": True})["meld"].value
    )


def test_child_pugh__classes_that_the_degree_leaves_open_are_both_named():
    facts = BLOOD | {"bilirubin_umol_per_l": 20.0, "albumin_g_per_l": 40.0}
    text = text_of(of(**facts, ascites=True, encephalopathy=False)["child_pugh"])
    assert text.endswith("Here: 6 to 7 points, class A or B.")


def test_clearance__tests_are_noted_with_no_limit():
    """CLINICAL.md: Kubota's minimum is 40 or 50 % by ICG-R15; no value of it is printed."""
    found = of(icg_r15_percent=12.5, hida_remnant_percent=40.0)
    assert text_of(found["icg_r15"]).endswith("Here: 12.5 %.")
    assert text_of(found["hida_remnant"]).endswith("Here: 40.0 %.")
    assert found["icg_r15"].source == "kubota1997"
    assert "icg_r15" not in of(inr=1.0)


def test_list__is_made_where_something_of_it_is_told():
    assert () == liver_function(ClinicalFacts(**SIGNS))
    (result,) = liver_function(ClinicalFacts(inr=1.0))
    assert (result.verdict, result.missing, result.deciding) == (Verdict.NO_EVIDENCE, (), ())
    assert "Liver function: noted; it decides nothing." == list_text(result)


def test_list__changes_nothing_else(make_report, make_lesion):
    def planned(**facts):
        case = Case(report=report, patient=Patient(), facts=ClinicalFacts(**facts))
        return plan(case)

    report = make_report((make_lesion(1, 20.0, {5: 1.0}),))
    assert replace(planned(**BLOOD), liver_function=()) == planned()


def test_sources__say_that_they_were_recalled():
    literature = load_literature()
    recalled = [one for one in LIVER_FUNCTION_REMARKS if one.status is SourceStatus.UNVERIFIED]
    assert 3 == len(recalled)
    assert all("not read here" in literature[one.source].note for one in recalled)
    assert set(TOLD_FOR_IT) <= set(CLINICAL_INPUTS)
