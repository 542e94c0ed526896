"""The codes of the structured report: each means one thing, and the page lists them all."""

from collections import defaultdict

import pytest
from pydicom.sr.codedict import codes

from remnant.core.findings import Verdict
from remnant.core.labels import COUINAUD_SCHEME
from remnant.io.dicom_results.measurement_codes import (
    BODY_SURFACE_FORMULAS,
    LONGEST_CODE,
    MEASURES,
    QUESTIONS,
    SCHEME,
    SEGMENTS,
    VERDICTS,
    Measure,
    Question,
    all_terms,
    formula_term,
    share_term,
    tables,
)
from volumetry.standardised.body_facts import Fact
from volumetry.standardised.body_surface import BSA_FORMULAS
from volumetry.standardised.volume_formulas import FORMULAS

PAGE = "docs/reference/dicom_measurements.md"
HEIGHT_CM, WEIGHT_KG = 175.0, 80.0


def test_codes__of_one_scheme_mean_one_thing():
    meanings = defaultdict(set)
    for term in all_terms():
        meanings[term.scheme, term.value].add(term.meaning)
    assert {key for key, said in meanings.items() if len(said) > 1} == set()


def test_codes__fit_into_their_attributes():
    for term in (*all_terms(), *map(formula_term, (*FORMULAS, *BSA_FORMULAS)), share_term(0.9)):
        assert 0 < len(term.value) <= LONGEST_CODE
        assert 0 < len(term.meaning) <= 64


def test_codes__every_formula_has_its_own():
    names = [formula_term(name).value for name in (*FORMULAS, *BSA_FORMULAS)]
    assert len(set(names)) == len(names)


def test_codes__there_is_one_for_every_measure_question_and_verdict():
    assert set(MEASURES) == set(Measure)
    assert set(QUESTIONS) == set(Question)
    assert set(VERDICTS) == set(Verdict)


def test_codes__those_of_dicom_are_the_ones_that_pydicom_knows():
    known = {
        Measure.VOLUME: codes.SCT.Volume,
        Measure.LONGEST_AXIAL: codes.SCT.LongAxis,
        Measure.PERPENDICULAR_AXIAL: codes.SCT.ShortAxis,
    }
    for measure, code in known.items():
        assert (MEASURES[measure].name.value, "SCT") == (code.value, code.scheme_designator)
    method = codes.cid7474.SumOfSegmentedVoxelMethodForVolume
    assert MEASURES[Measure.VOLUME].method.value == method.value


def test_codes__segments_are_those_of_the_label_scheme():
    scheme = {label.code: str(label.snomed) for label in COUINAUD_SCHEME.labels}
    assert {int(segment): term.value for segment, term in SEGMENTS.items()} == scheme


@pytest.mark.parametrize("name", BODY_SURFACE_FORMULAS)
def test_codes__an_equation_of_dicom_computes_what_the_formula_does(name):
    """Meanings are read as DICOM prints them: HT in metres or HTcm, Du Bois' in centimetres."""
    metres = {"HTcm": HEIGHT_CM, "HT": HEIGHT_CM / 100.0, "WT": WEIGHT_KG}
    text = BODY_SURFACE_FORMULAS[name].meaning.removeprefix("BSA = ").replace("^", "**")
    by_formula = BSA_FORMULAS[name].compute({Fact.HEIGHT_CM: HEIGHT_CM, Fact.WEIGHT_KG: WEIGHT_KG})
    found = [eval(text, {}, metres), eval(text, {}, metres | {"HT": HEIGHT_CM})]  # noqa: S307
    assert any(value == pytest.approx(by_formula, rel=1e-6) for value in found)


def test_codes__private_ones_say_so():
    own = [term for term in all_terms() if term.scheme not in {"SCT", "DCM", "UCUM", "LN"}]
    assert {term.scheme for term in own} == {SCHEME}


def test_page__holds_the_tables(repository):
    assert tables() in (repository / PAGE).read_text(encoding="utf-8")
