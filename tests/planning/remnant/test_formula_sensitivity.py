"""One man of 60 years, 170 cm and 70 kg: Chan 1130 mL, Chouker 1734.2 mL, Vauthey 1509.7 mL."""

from dataclasses import replace

import pytest

from planning.remnant.formula_sensitivity import sensitivity_finding
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.patient import Patient, Sex
from remnant.core.reasons import Cause, reason
from volumetry.standardised.expected_volume import FORMULAS, standardised_volume

MAN = Patient(height_cm=170.0, weight_kg=70.0, age_years=60.0, sex=Sex.MALE)


def test_sensitivity__equals_hand_computation():
    found = sensitivity_finding(MAN, standardised_volume(MAN))
    assert (found.id, found.verdict, found.source, found.status) == (
        "sflr.formula_sensitivity",
        Verdict.MET,
        "remnant_rules",
        SourceStatus.PROJECT,
    )
    assert found.value == pytest.approx(1734.2 / 1130.0)
    assert {"height_cm", "weight_kg", "sex", "age_years"} == set(found.inputs)
    (volumes,) = found.reasons
    assert volumes.cause is Cause.OTHER_FORMULAS
    assert volumes.amounts == pytest.approx((1130.0, 1734.2, 1509.7), abs=0.05)
    assert volumes.names == ("chan2006", "chouker2004", "vauthey2002_bsa")


@pytest.mark.parametrize("formula", FORMULAS)
def test_sensitivity__the_chosen_formula_is_none_of_the_others(formula):
    chosen = standardised_volume(MAN, formula=formula)
    found = sensitivity_finding(MAN, chosen)
    if chosen.stlv_ml.value is None:
        assert found is None
        return
    (volumes,) = found.reasons
    assert (volumes.names[2], volumes.amounts[2]) == (formula, chosen.stlv_ml.value)
    assert formula not in volumes.names[:2]


def test_sensitivity__an_assumed_body_is_said():
    assumed = replace(MAN, body_size_assumed=True)
    found = sensitivity_finding(assumed, standardised_volume(assumed))
    assert found.reasons[1:] == (reason(Cause.BODY_SIZE_ASSUMED),)


@pytest.mark.parametrize("patient", [Patient(), Patient(age_years=60.0), Patient(height_cm=170.0)])
def test_sensitivity__nothing_without_body_size(patient):
    assert sensitivity_finding(patient, standardised_volume(patient)) is None
