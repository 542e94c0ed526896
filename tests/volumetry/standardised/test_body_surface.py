"""Body surface area: another program's oracle, worked numbers and known bugs of public code."""

import math

import pytest

from remnant.core.errors import InputError
from remnant.core.patient import Patient, Sex
from remnant.core.reasons import Cause, reason
from volumetry.standardised.body_facts import Fact
from volumetry.standardised.body_surface import BSA_FORMULAS, body_surface_area


def bsa_m2(formula, height_cm, weight_kg, sex=None):
    patient = Patient(height_cm=height_cm, weight_kg=weight_kg, sex=sex)
    return body_surface_area(patient, formula=formula).value


@pytest.mark.parametrize(
    ("formula", "height_cm", "weight_kg", "expected"),
    [
        ("boyd1935", 170, 75, 1.905),
        ("boyd1935", 185, 90, 2.158),
        ("fujimoto1968", 170, 75, 1.819),
    ],
)
def test_bsa__admiral_oracle(formula, height_cm, weight_kg, expected):
    """Values of the tests of the R package admiral (pharmaverse)."""
    assert expected == pytest.approx(bsa_m2(formula, height_cm, weight_kg), abs=5e-4)


@pytest.mark.parametrize(
    ("formula", "sex", "expected"),
    [
        ("mosteller1987", None, 1.882),
        ("dubois1916", None, 1.864),
        ("haycock1978", None, 1.895),
        ("gehan1970", None, 1.897),
        ("takahira1925", None, 1.878),
        ("shuter2000", None, 1.841),
        ("schlich2010", Sex.MALE, 1.743),
        ("schlich2010", Sex.FEMALE, 1.822),
        ("livingston2001", None, 0.1173 * 75**0.6466),
    ],
)
def test_bsa__worked_number(formula, sex, expected):
    assert expected == pytest.approx(bsa_m2(formula, 170, 75, sex), abs=6e-4)


@pytest.mark.parametrize(("height_cm", "weight_kg"), [(150, 40), (170, 75), (200, 160)])
def test_boyd__two_printed_forms_agree(height_cm, weight_kg):
    exponent = 0.6157 - 0.0188 * math.log10(weight_kg)
    expected = 0.03330 * weight_kg**exponent * height_cm**0.3
    assert expected == pytest.approx(bsa_m2("boyd1935", height_cm, weight_kg), rel=2e-3)


def test_bsa__is_none_of_the_bugs_seen_in_public_code():
    dubois_mistyped = 0.0087184 * 170**0.725 * 75**0.425
    boyd_natural_log = 0.0003207 * 170**0.3 * 75000 ** (0.7285 - 0.0188 * math.log(75000))
    boyd_kilograms = 0.0003207 * 170**0.3 * 75 ** (0.7285 - 0.0188 * math.log10(75))
    schlich_swapped = 0.000975482 * 75**0.46 * 170**1.08
    assert abs(bsa_m2("dubois1916", 170, 75) - dubois_mistyped) > 0.3
    assert abs(bsa_m2("boyd1935", 170, 75) - boyd_natural_log) > 0.3
    assert abs(bsa_m2("boyd1935", 170, 75) - boyd_kilograms) > 0.3
    assert abs(bsa_m2("schlich2010", 170, 75, Sex.MALE) - schlich_swapped) > 0.05


def test_schlich__sexes_are_not_swapped():
    """Of one height and weight the woman has the larger surface."""
    man, woman = (bsa_m2("schlich2010", 170, 75, sex) for sex in (Sex.MALE, Sex.FEMALE))
    assert man == pytest.approx(0.000579479 * 75**0.38 * 170**1.24)
    assert woman == pytest.approx(0.000975482 * 75**0.46 * 170**1.08)
    assert woman > man


def test_dubois__constant_is_that_of_1916():
    assert bsa_m2("dubois1916", 170, 75) == pytest.approx(0.007184 * 170**0.725 * 75**0.425)


@pytest.mark.parametrize("formula", BSA_FORMULAS)
def test_bsa__all_formulas_lie_within_what_redlarski_found(formula):
    """25 published formulas differ by up to 0.5 m² (Redlarski 2016)."""
    for height_cm, weight_kg in ((155, 45), (170, 75), (185, 110)):
        reference = bsa_m2("mosteller1987", height_cm, weight_kg)
        assert abs(reference - bsa_m2(formula, height_cm, weight_kg, Sex.MALE)) < 0.5


def test_schlich__needs_the_sex():
    quantity = body_surface_area(Patient(height_cm=170, weight_kg=75), formula="schlich2010")
    assert quantity.value is None
    missing = reason(Cause.BODY_FACTS_MISSING, "schlich2010", Fact.FEMALE)
    assert (missing,) == quantity.reasons


def test_livingston__needs_no_height():
    assert body_surface_area(Patient(weight_kg=75), formula="livingston2001").value > 1.5


def test_bsa__unknown_formula():
    with pytest.raises(InputError, match="'bsa' is no body surface area formula; allowed are"):
        body_surface_area(Patient(), formula="bsa")
