"""Standardised liver volumes: published and worked numbers, and refusals."""

import math

import pytest
from hypothesis import given

from remnant.core.errors import ImplausibleValueError, InputError
from remnant.core.findings import SourceStatus
from remnant.core.patient import Patient, Sex
from remnant.core.reasons import Cause, Reason, reason
from remnant.testing.strategies import patients
from volumetry.standardised.body_facts import Fact
from volumetry.standardised.expected_volume import (
    BSA_FORMULAS,
    DEFAULT_FORMULA,
    FORMULAS,
    formula_label,
    formula_sensitivity,
    is_verified,
    require_formulas,
    standardised_volume,
)

MAN = Patient(height_cm=170, weight_kg=70, age_years=60, sex=Sex.MALE)
WORKED_ML = {
    "vauthey2002_bsa": 1509.7,
    "heinemann1999": 1604.8,
    "um2015_mosteller": 1185.3,
    "um2015_dubois": 1178.9,
    "feng2017": 1254.3,
    "yu2004": 1536.8,
    "chan2006": 1130.0,
    "chouker2004": 1734.2,
    "tu2007": 1276.0,
    "urata1995": 1280.4,
    "thai_bw": 19.59 * 70,
    "thai_bsa": 721.31 * 1.8181,
}

UNVERIFIED = Reason(Cause.FORMULA_UNVERIFIED)
RECALLED_ML = {
    "vauthey2002_bw": 1487.5,
    "johnson2005": 1458.3,
    "hashimoto2006": 1334.9,
    "yoshizumi2003": 1403.6,
    "fugui2009": 1139.6,
    "poovathumkadavil2010": 1413.8,
    "deland1968": 1625.9,
    "lin1998": 1520.0,
    "yuan2008": 1374.7,
}
"""Arithmetic of coefficients that nobody read in a source: right sums, perhaps of wrong numbers."""


def stlv_ml(patient, formula, **options):
    return standardised_volume(patient, formula=formula, **options).stlv_ml.value


@pytest.mark.parametrize(("formula", "expected"), (WORKED_ML | RECALLED_ML).items())
def test_formula__worked_number(formula, expected):
    assert expected == pytest.approx(stlv_ml(MAN, formula), abs=0.06)


def test_formula__every_one_has_a_worked_number():
    assert set(FORMULAS) == {*WORKED_ML, *RECALLED_ML, "kokudo2015"}


def test_formula__choice_moves_one_man_from_1130_to_1734_ml():
    every = [stlv_ml(MAN, formula) for formula in WORKED_ML | RECALLED_ML]
    assert (1130.0, 1734.2) == pytest.approx((min(every), max(every)), abs=0.06)
    assert pytest.approx(max(every) / min(every), abs=0.005) == 1.53


@pytest.mark.parametrize(
    ("bsa_formula", "expected"),
    [
        ("dubois1916", 2151),
        ("mosteller1987", 2266),
        ("haycock1978", 2333),
        ("boyd1935", 2347),
        ("fujimoto1968", 2101),
        ("schlich2010", 1943),
    ],
)
def test_vauthey__moves_with_the_bsa_formula(bsa_formula, expected):
    heavy = Patient(height_cm=175, weight_kg=120, sex=Sex.MALE)
    measured = stlv_ml(heavy, "vauthey2002_bsa", bsa_formula=bsa_formula)
    assert expected == pytest.approx(measured, abs=0.5)


@pytest.mark.parametrize(
    ("formula", "percent"),
    [("chouker2004", 20.2), ("vauthey2002_bsa", 23.2), ("urata1995", 27.3), ("chan2006", 31.0)],
)
def test_formula__choice_moves_a_remnant_across_thresholds(formula, percent):
    assert percent == pytest.approx(100 * 350 / stlv_ml(MAN, formula), abs=0.06)


@pytest.mark.parametrize(
    ("age", "sex", "expected"),
    [
        (50, Sex.MALE, 452 + 16.34 * 70 + 11.85 * 50),
        (50, Sex.FEMALE, 452 + 16.34 * 70 + 11.85 * 50 - 166),
        (50.9, Sex.MALE, 452 + 16.34 * 70 + 11.85 * 50.9),
        (51, Sex.MALE, 1390 + 15.94 * 70 - 12.86 * 51),
        (70.9, Sex.FEMALE, 1390 + 15.94 * 70 - 12.86 * 70.9),
    ],
)
def test_chouker__ages(age, sex, expected):
    patient = Patient(weight_kg=70, age_years=age, sex=sex)
    assert expected == pytest.approx(stlv_ml(patient, "chouker2004"))


def test_chouker__refuses_ages_that_it_does_not_define():
    old = Patient(weight_kg=70, age_years=71, sex=Sex.MALE)
    volume = standardised_volume(old, formula="chouker2004")
    assert volume.stlv_ml.value is None
    assert (reason(Cause.FORMULA_OUT_OF_AGE, 16, 70, "chouker2004"),) == volume.stlv_ml.reasons


@pytest.mark.parametrize("age", [18, 50, 51, 70.99])
def test_chouker__gives_a_value_for_the_ages_that_it_defines(age):
    patient = Patient(weight_kg=70, age_years=age, sex=Sex.MALE)
    assert stlv_ml(patient, "chouker2004") > 0


@pytest.mark.parametrize(
    ("age", "steps"), [(18, 1), (40, 1), (40.9, 1), (41, 2), (60.9, 2), (61, 3), (90, 3)]
)
def test_yuan__classes_of_age(age, steps):
    patient = Patient(height_cm=170, weight_kg=70, age_years=age)
    expected = 949.7 * 0.007184 * 170**0.725 * 70**0.425 - 48.3 * steps - 247.4
    assert expected == pytest.approx(stlv_ml(patient, "yuan2008"))


@pytest.mark.parametrize("formula", RECALLED_ML)
def test_unverified__says_so(formula):
    assert UNVERIFIED in standardised_volume(MAN, formula=formula).stlv_ml.reasons
    assert not is_verified(formula)
    assert f"{formula} (unverified)" == formula_label(formula)


@pytest.mark.parametrize("formula", [*WORKED_ML, "kokudo2015"])
def test_verified__says_nothing_of_it(formula):
    assert UNVERIFIED not in standardised_volume(MAN, formula=formula).stlv_ml.reasons
    assert is_verified(formula)
    assert formula == formula_label(formula)


def test_unverified__is_what_an_unknown_formula_of_a_foreign_report_is():
    assert formula_label("mine2031") == "mine2031 (unverified)"


def test_unverified__is_never_the_default_and_never_in_the_sensitivity():
    assert is_verified(DEFAULT_FORMULA)
    listed = {v.formula for v in formula_sensitivity(MAN, thoracic_width_cm=30.0, asian=True)}
    assert listed.isdisjoint(RECALLED_ML)


def test_unverified__literature_says_so(repository):
    listed = (repository / "planning" / "literature.bib").read_text(encoding="utf-8")
    for formula in RECALLED_ML:
        entry = listed.split(f"{{{FORMULAS[formula].source},")[1].split("@")[0]
        assert "recalled, not read" in entry


def test_chan__adds_for_men():
    woman = Patient(weight_kg=70, sex=Sex.FEMALE)
    assert pytest.approx(stlv_ml(woman, "chan2006")) == 218 + 12.3 * 70


def test_kokudo__needs_what_only_the_scan_and_the_person_can_tell():
    missing = reason(Cause.BODY_FACTS_MISSING, "kokudo2015", "thoracic_width_cm", "asian")
    assert (missing,) == standardised_volume(MAN, formula="kokudo2015").stlv_ml.reasons


@pytest.mark.parametrize("width_cm", [14.99, 60.01, 3.0, 300.0, math.nan])
def test_kokudo__implausible_width_is_refused(width_cm):
    with pytest.raises(ImplausibleValueError, match=r"thoracic width .* allowed is 15 to 60 cm"):
        standardised_volume(MAN, formula="kokudo2015", thoracic_width_cm=width_cm, asian=False)


@pytest.mark.parametrize("width_cm", [15.0, 60.0])
def test_kokudo__ends_of_the_allowed_widths_are_allowed(width_cm):
    oldest = Patient(age_years=120)
    assert stlv_ml(oldest, "kokudo2015", thoracic_width_cm=width_cm, asian=True) > 0


def test_kokudo__joins_the_sensitivity_once_its_facts_are_given():
    volumes = formula_sensitivity(MAN, thoracic_width_cm=30.0, asian=False)
    by_formula = {volume.formula: volume.stlv_ml.value for volume in volumes}
    assert {*WORKED_ML, "kokudo2015"} == set(by_formula)
    assert by_formula["kokudo2015"] == pytest.approx(1747.7)


@pytest.mark.parametrize(("asian", "expected"), [(False, 1747.7), (True, 1284.0)])
def test_kokudo__with_everything_given(asian, expected):
    measured = stlv_ml(MAN, "kokudo2015", thoracic_width_cm=30.0, asian=asian)
    assert expected == pytest.approx(measured)


@pytest.mark.parametrize(
    ("patient", "formula", "needing", "facts"),
    [
        (Patient(), "vauthey2002_bsa", "mosteller1987", [Fact.HEIGHT_CM, Fact.WEIGHT_KG]),
        (Patient(weight_kg=70), "vauthey2002_bsa", "mosteller1987", [Fact.HEIGHT_CM]),
        (Patient(height_cm=170), "tu2007", "tu2007", [Fact.WEIGHT_KG]),
        (Patient(weight_kg=70, age_years=60), "chouker2004", "chouker2004", [Fact.FEMALE]),
        (Patient(weight_kg=70, sex=Sex.MALE), "chouker2004", "chouker2004", [Fact.AGE_YEARS]),
    ],
)
def test_standardised__names_what_is_missing(patient, formula, needing, facts):
    quantity = standardised_volume(patient, formula=formula).stlv_ml
    assert quantity.value is None
    assert (reason(Cause.BODY_FACTS_MISSING, needing, *facts),) == quantity.reasons


def test_standardised__default_is_vauthey_with_mosteller():
    volume = standardised_volume(MAN)
    assert volume.formula == DEFAULT_FORMULA
    assert volume.bsa_formula == "mosteller1987"
    assert volume.stlv_ml.reasons == ()


def test_standardised__paper_with_its_own_bsa_uses_it():
    assert standardised_volume(MAN, formula="um2015_dubois").bsa_formula == "dubois1916"


def test_standardised__overridden_bsa_is_recorded():
    volume = standardised_volume(MAN, formula="um2015_dubois", bsa_formula="haycock1978")
    assert volume.bsa_formula == "haycock1978"
    other = reason(Cause.BODY_SURFACE_OTHER, "haycock1978", "dubois1916")
    assert other in volume.stlv_ml.reasons


def test_standardised__paper_without_named_bsa_says_so():
    not_named = reason(Cause.BODY_SURFACE_NOT_NAMED, "mosteller1987")
    assert not_named in standardised_volume(MAN, formula="feng2017").stlv_ml.reasons


@pytest.mark.parametrize("formula", ["chouker2004", "chan2006", "heinemann1999"])
def test_standardised__grams_are_named_as_taken_for_millilitres(formula):
    grams = Reason(Cause.FORMULA_IN_GRAMS)
    assert grams in standardised_volume(MAN, formula=formula).stlv_ml.reasons


def test_standardised__bsa_is_there_for_formulas_that_do_not_use_it():
    volume = standardised_volume(MAN, formula="tu2007", bsa_formula="dubois1916")
    assert volume.bsa_formula is None
    assert pytest.approx(volume.bsa_m2.value, abs=1e-4) == 1.8097
    unused = reason(Cause.BODY_SURFACE_UNUSED, "dubois1916", "tu2007")
    assert (unused,) == volume.bsa_m2.reasons


def test_standardised__missing_bsa_keeps_its_reason_beside_a_formula_without_it():
    volume = standardised_volume(Patient(weight_kg=70), formula="tu2007")
    assert volume.stlv_ml.value == pytest.approx(1276.05)
    assert volume.bsa_m2.value is None
    missing = reason(Cause.BODY_FACTS_MISSING, "mosteller1987", Fact.HEIGHT_CM)
    assert missing in volume.bsa_m2.reasons


def test_standardised__an_assumed_body_is_a_reason():
    assumed = Patient(height_cm=170, weight_kg=70, body_size_assumed=True)
    volume = standardised_volume(assumed)
    assert Reason(Cause.BODY_SIZE_ASSUMED) in volume.stlv_ml.reasons
    assert Reason(Cause.BODY_SIZE_ASSUMED) in volume.bsa_m2.reasons


def test_feng__cautions_above_70_years():
    caution = reason(Cause.FORMULA_OVERESTIMATES, 70, "feng2017")
    old = Patient(height_cm=170, weight_kg=70, age_years=71)
    assert caution in standardised_volume(old, formula="feng2017").stlv_ml.reasons
    seventy = Patient(height_cm=170, weight_kg=70, age_years=70)
    for patient in (MAN, seventy):
        reasons = standardised_volume(patient, formula="feng2017").stlv_ml.reasons
        assert Cause.FORMULA_OVERESTIMATES not in [one.cause for one in reasons]


@pytest.mark.parametrize(("age", "defined"), [(15.9, False), (16, True), (70.9, True), (71, False)])
def test_chouker__own_limits_below_the_age_that_patients_have(age, defined):
    refused = FORMULAS["chouker2004"].refuse({Fact.AGE_YEARS: age})
    assert (refused is None) == defined


def test_standardised__unknown_names_list_the_allowed_ones():
    with pytest.raises(InputError, match=r"vauthey2002_bsa.*tu2007"):
        standardised_volume(MAN, formula="vauthey")
    with pytest.raises(InputError, match=r"mosteller1987.*livingston2001"):
        standardised_volume(MAN, bsa_formula="Mosteller")


def test_sensitivity__spread_of_one_man():
    values = {v.formula: v.stlv_ml.value for v in formula_sensitivity(MAN)}
    assert set(WORKED_ML) == set(values)
    assert pytest.approx((min(values.values()), max(values.values())), abs=0.1) == (1130.0, 1734.2)


def test_sensitivity__leaves_out_what_cannot_be_computed():
    assert formula_sensitivity(Patient()) == ()
    names = [v.formula for v in formula_sensitivity(Patient(weight_kg=70))]
    assert names == ["tu2007", "thai_bw"]


@given(patient=patients())
def test_standardised__is_positive_or_absent_with_a_reason(patient):
    for name in FORMULAS:
        quantity = standardised_volume(patient, formula=name).stlv_ml
        assert quantity.reasons if quantity.value is None else quantity.value > 0


def test_registry__names_and_evidence():
    for name, formula in FORMULAS.items():
        assert name == formula.id
        assert formula.source
        assert formula.population
        recalled = name in RECALLED_ML
        assert (formula.read_in is None) == recalled
        assert formula.status is (SourceStatus.UNVERIFIED if recalled else SourceStatus.VERIFIED)
        assert formula.bsa_formula is None or formula.bsa_formula in BSA_FORMULAS
        assert (formula.bsa_formula is None) == (formula.bsa_status is None)


def test_registry__cannot_be_changed():
    with pytest.raises(TypeError):
        FORMULAS["mine"] = FORMULAS["tu2007"]
    assert not math.isnan(FORMULAS["tu2007"].compute({Fact.WEIGHT_KG: 70.0}))


def test_registry__every_source_is_in_the_literature_list(repository):
    listed = (repository / "planning" / "literature.bib").read_text(encoding="utf-8")
    keys = {formula.source for formula in FORMULAS.values()} | set(BSA_FORMULAS)
    keys |= {formula.read_in for formula in FORMULAS.values() if formula.read_in}
    assert {key for key in keys if f"{{{key}," not in listed} == set()


def test_require_formulas__unknown_names_are_refused_before_any_work():
    require_formulas(None, None)
    require_formulas("chan2006", "dubois1916")
    with pytest.raises(InputError, match="liver volume formula"):
        require_formulas("mine", None)
    with pytest.raises(InputError, match="body surface area"):
        require_formulas(None, "mine")
