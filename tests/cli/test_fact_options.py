"""Options of facts are those of the vocabulary."""

from dataclasses import fields

import pytest

from planning.inputs import CLINICAL_INPUTS, PATIENT_INPUTS
from remnant.cli.app import run_command
from remnant.cli.fact_options import (
    NO_DISEASE,
    NO_PATIENT,
    DiseaseOptions,
    PatientOptions,
    help_of,
)
from remnant.core.patient import LiverBackground, Patient


def test_fields__are_the_inputs_that_have_an_option():
    with_option = {one.name for one in CLINICAL_INPUTS if one.option}
    assert with_option | {"facts"} == {one.name for one in fields(DiseaseOptions)}
    assert {one.name for one in PATIENT_INPUTS} == {one.name for one in fields(PatientOptions)}


def test_given__is_what_was_given_with_its_option():
    assert {} == NO_DISEASE.given
    assert {} == NO_PATIENT.given
    given = DiseaseOptions(ki67_percent=4.0, functional=False).given
    assert {"ki67_percent": ("--ki67", 4.0), "functional": ("--functional", False)} == given


def test_patient__takes_over_what_was_not_given():
    known = Patient(height_cm=170.0, weight_kg=60.0, age_years=50.0, body_size_assumed=True)
    partly = PatientOptions(weight_kg=70.0, background=LiverBackground.NORMAL).patient(known)
    assert (170.0, 70.0, 50.0, True) == (
        partly.height_cm,
        partly.weight_kg,
        partly.age_years,
        partly.body_size_assumed,
    )
    assert not PatientOptions(height_cm=180.0, weight_kg=70.0).patient(known).body_size_assumed
    assert Patient() == NO_PATIENT.patient()


@pytest.mark.parametrize("command", ["run", "plan"])
def test_help__says_every_option_with_its_meaning(command, capsys):
    assert 0 == run_command([command, "--help-all"])
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for one in CLINICAL_INPUTS:
        if one.option:
            assert one.option in shown
            assert help_of(one).split(";")[0][:25] in shown
