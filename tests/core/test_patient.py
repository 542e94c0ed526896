import pytest
from hypothesis import given

from remnant.core.errors import ImplausibleValueError
from remnant.core.patient import LiverBackground, Patient
from remnant.testing.strategies import patients


@pytest.mark.parametrize(
    ("fact", "allowed", "refused"),
    [
        ("height_cm", (100.0, 250.0), (99.9, 250.1, 1.75, 0.0, -170.0)),
        ("weight_kg", (25.0, 350.0), (24.9, 350.1, 0.0, -80.0)),
        ("age_years", (18.0, 120.0), (120.1, -1.0)),
    ],
)
def test_patient__ranges_are_closed(fact, allowed, refused):
    for value in allowed:
        assert value == getattr(Patient(**{fact: value}), fact)
    for value in refused:
        with pytest.raises(ImplausibleValueError, match=r"implausible: allowed is .* leave it out"):
            Patient(**{fact: value})


@pytest.mark.parametrize("fact", ["height_cm", "weight_kg", "age_years"])
def test_patient__nan_is_no_fact(fact):
    with pytest.raises(ImplausibleValueError):
        Patient(**{fact: float("nan")})


@pytest.mark.parametrize("age", [0.0, 5.0, 17.99])
def test_patient__children_are_refused_by_name(age):
    with pytest.raises(ImplausibleValueError, match="made for adults"):
        Patient(age_years=age)


def test_patient__every_fact_may_be_absent():
    patient = Patient()

    assert (
        patient.height_cm, patient.weight_kg, patient.sex, patient.age_years,
    ) == (None, None, None, None)  # fmt: skip
    assert LiverBackground.UNKNOWN is patient.background
    assert not patient.body_size_assumed


@given(patient=patients())
def test_patients_strategy__makes_valid_patients(patient):
    assert patient.age_years is None or patient.age_years >= 18.0
