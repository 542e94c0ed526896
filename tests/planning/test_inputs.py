"""The vocabulary of inputs against what people tell, what conditions ask and what facts hold."""

from dataclasses import fields
from enum import StrEnum

import pytest

from planning import inputs
from planning.criteria.catalogue import CONDITIONS, CRITERIA, TREATMENTS
from planning.criteria.conditions import inputs_of
from planning.inputs import (
    CLINICAL_INPUTS,
    INPUTS,
    JUST_BELOW,
    PATIENT_INPUTS,
    SEX,
    UNITS,
    Facts,
    Input,
    ShareRange,
    ValueSource,
    unit_of,
)
from remnant.core import clinical, patient
from remnant.core.clinical import ClinicalFacts
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity

CLINICAL = {one.name for one in fields(ClinicalFacts)}
PERSONAL = {one.name for one in fields(Patient)} - {"body_size_assumed"}
"""Without the mark that height and weight are an assumption, which no rule asks for."""
DERIVED = {
    "primary_resected",
    "portal_hypertension_signs",
    "grade_is_g1_or_g2",
    "grades_agree",
    "portal_drainage_by_milan",
    "ki67_from_55",
    "surgery_ruled_out",
    "fit_for_surgery",
    "transplant_selected",
    "transplant_poor_factors",
    "unresectable",
}
PLANS = {
    "debulkable_fraction",
    "debulkable_in_stages_fraction",
    "clearance_feasible",
    "r0_feasible",
    "flr_by_cloyd",
    "flr_by_machairas",
    "contiguous_by_cloyd",
    "flr_insufficient_in_one_stage",
    "amenable_to_resection",
    "small_resection_suffices",
    "flr_probability_percent",
}
CHOSEN = {"resection_margin_mm"}
SCAN = {
    "burden_fraction",
    "lesion_count",
    "largest_lesion_mm",
    "liver_volume_ml_per_m2",
    "both_lobes",
    "frilling_type",
    "pattern_type_i_or_limited",
    "pattern_type_ii_or_complex",
    "pattern_type_iii_or_diffuse",
}
LESION = {
    "lesion_diameter_mm",
    "lesion_portal_distance_mm",
    "lesion_near_bile_duct",
    "lesion_at_hilum",
    "lesion_surface_distance_mm",
    "lesion_large_vessel_distance_mm",
}
BY_SEGMENTS = PLANS | {
    "both_lobes",
    "frilling_type",
    "pattern_type_i_or_limited",
    "pattern_type_ii_or_complex",
    "pattern_type_iii_or_diffuse",
    "unresectable",
}


def of(source):
    return {name for name, one in INPUTS.items() if one.source is source}


def test_vocabulary__is_what_people_tell_the_scan_shows_and_the_plans_decide():
    assert of(ValueSource.PERSON) == CLINICAL | PERSONAL | DERIVED
    assert of(ValueSource.SCAN) == SCAN | LESION
    assert of(ValueSource.PLAN) == PLANS | CHOSEN


def test_vocabulary__names_are_unique_and_are_the_keys():
    declared = [one for one in vars(inputs).values() if isinstance(one, Input)]
    assert len(declared) == len({one.name for one in declared}) == len(INPUTS)
    assert all(INPUTS[one.name] is one for one in declared)


def test_vocabulary__in_the_order_of_the_person_then_the_disease():
    assert {one.name for one in PATIENT_INPUTS} == PERSONAL
    assert {one.name for one in CLINICAL_INPUTS} == CLINICAL
    assert len(PATIENT_INPUTS) == len(PERSONAL)
    assert len(CLINICAL_INPUTS) == len(CLINICAL)


def test_computed__is_nothing_that_anybody_can_tell():
    computed = {name for name, one in INPUTS.items() if not one.told}
    assert computed == PLANS | CHOSEN | SCAN | LESION
    assert not computed & (CLINICAL | PERSONAL)


def test_segments__are_behind_lobes_patterns_and_all_plans():
    assert {name for name, one in INPUTS.items() if one.rests_on_segments} == BY_SEGMENTS


EXAMPLES = {tuple: (3, 5), str: "left hepatic artery from the left gastric artery"}
"""Of facts that are shown or looked up, and compared with nothing."""


@pytest.mark.parametrize("name", sorted(CLINICAL | PERSONAL))
def test_told__type_and_range_hold_in_the_domain_type(name):
    """What the range allows is taken, and what lies beyond it refused, by the type itself."""
    owner = ClinicalFacts if name in CLINICAL else Patient
    one = INPUTS[name]
    assert one.meaning.endswith(".")
    if one.type in EXAMPLES:
        assert getattr(owner(**{name: EXAMPLES[one.type]}), name) == EXAMPLES[one.type]
        return
    if one.range is None:
        members = list(one.type) if issubclass(one.type, StrEnum) else [True, False]
        assert one.type is bool or len(members) > 1
        assert [getattr(owner(**{name: member}), name) for member in members] == members
        return
    low, high = one.range
    assert one.type in (int, float)
    for value in (low, high):
        assert getattr(owner(**{name: one.type(value)}), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(clinical.ImplausibleValueError):
            owner(**{name: value})


def test_told__every_range_of_the_domain_types_is_used():
    ranged = {name for name, one in INPUTS.items() if one.range is not None}
    assert ranged == set(clinical.RANGES) | {"height_cm", "weight_kg", "age_years"}
    assert INPUTS["ecog"].type is int
    assert INPUTS["ki67_percent"].range == clinical.RANGES["ki67_percent"]
    assert INPUTS["height_cm"].range == patient.HEIGHT_RANGE_CM
    assert INPUTS["weight_kg"].range == patient.WEIGHT_RANGE_KG
    assert INPUTS["age_years"].range == patient.AGE_RANGE_YEARS


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("ki67_percent", "%"),
        ("platelets_per_nl", "/nL"),
        ("stable_months", "months"),
        ("chemotherapy_weeks", "weeks"),
        ("doubling_days", "days"),
        ("age_years", "years"),
        ("height_cm", "cm"),
        ("weight_kg", "kg"),
        ("largest_lesion_mm", "mm"),
        ("resection_margin_mm", "mm"),
        ("flr_probability_percent", "%"),
        ("ecog", ""),
        ("burden_fraction", ""),
        ("grade", ""),
    ],
)
def test_unit__is_that_which_the_name_wears(name, unit):
    assert (INPUTS[name].unit, unit_of(name)) == (unit, unit)


def test_unit__only_numbers_have_one_and_every_one_is_used_or_of_a_volume():
    used = {one.unit for one in INPUTS.values() if one.unit}
    assert used == set(UNITS.values()) - {"mL"}
    assert {one.type for one in INPUTS.values() if one.unit} == {float}


def test_questions__are_there_and_told_apart():
    questions = [one.question for one in INPUTS.values() if one.told]
    assert len(set(questions)) == len(questions)
    patterns = {name for name in SCAN if name.startswith("pattern_")}
    rest = [one.question for name, one in INPUTS.items() if name not in patterns]
    assert len(set(rest)) == len(rest)
    assert {INPUTS[name].question for name in patterns} == {"distribution of the lesions"}
    assert all(one.question == one.question.strip(" .?") != "" for one in INPUTS.values())


def test_options__are_unique_and_of_what_is_told():
    options = [one.option for one in INPUTS.values() if one.option]
    assert len(set(options)) == len(options) > 0
    assert all(option.startswith("--") for option in options)
    assert all(one.told and one.meaning for one in INPUTS.values() if one.option)
    assert {one for one in PATIENT_INPUTS if not one.option} == set()


def test_meaning__what_follows_and_what_is_computed_has_none():
    assert {name for name, one in INPUTS.items() if one.meaning} == CLINICAL | PERSONAL


def test_implied__by_inputs_that_a_person_tells():
    for one in INPUTS.values():
        assert one.name not in one.implied_by
        assert all(INPUTS[name].told and INPUTS[name].meaning for name in one.implied_by)
    assert {name for name, one in INPUTS.items() if one.implied_by} >= DERIVED
    assert INPUTS["grade_is_g1_or_g2"].implied_by == ("grade", "ki67_percent")
    assert INPUTS["portal_drainage"].implied_by == ("primary_site",)


def test_conditions__ask_for_declared_inputs_alone():
    used = {one for condition in CONDITIONS.values() for one in inputs_of(condition)}
    assert all(INPUTS.get(one.name) is one for one in used)
    unless = {note.unless_no for rule in TREATMENTS.values() for note in rule.notes} - {None}
    assert {one.name for one in unless} == {"pancreatoduodenectomy"}
    assert all(INPUTS[one.name] is one for one in unless)


def test_conditions__ask_for_everything_that_scan_and_plans_give():
    """What nothing asks for is told only: it stands in the facts file for people and formulas."""
    used = {one.name for condition in CONDITIONS.values() for one in inputs_of(condition)}
    assert of(ValueSource.SCAN) | of(ValueSource.PLAN) | DERIVED <= used


@pytest.mark.parametrize("condition", CRITERIA.values(), ids=lambda one: one.id)
def test_conditions__have_a_limit_of_their_inputs_type(condition):
    wanted, limit = condition.input.type, condition.limit
    if condition.threshold is not None:
        assert wanted in (int, float)
        assert isinstance(limit, float)
    elif wanted is bool:
        assert isinstance(limit, bool)
    else:
        members = limit if isinstance(limit, tuple) else (limit,)
        assert all(isinstance(member, wanted) for member in members)


def test_facts__what_is_not_there_is_unknown_and_names_resolve():
    known = Facts.named({"age_years": 50.0, "grade": None})
    assert (known[INPUTS["age_years"]], known[INPUTS["grade"]], known[SEX]) == (50.0, None, None)
    assert INPUTS["grade"] in known
    assert SEX not in known
    assert Facts()[SEX] is None
    with pytest.raises(KeyError, match="gradee"):
        Facts.named({"gradee": None})


def test_facts__extended_by_others_that_hold():
    age, count = INPUTS["age_years"], INPUTS["lesion_count"]
    first = Facts({age: 50.0, count: Quantity(3.0)})
    more = first.extended({age: 60.0})
    assert (more[age], more[count]) == (60.0, Quantity(3.0))
    assert first[age] == 50.0


def test_share_range__does_not_reach_an_end_that_it_lies_below():
    up_to = ShareRange(least=0.5, most=0.7, reasons=())
    assert up_to.ends == (0.5, 0.7)
    below = ShareRange(least=0.5, most=0.7, below=True, reasons=())
    assert below.ends == (0.5, 0.7 - JUST_BELOW)
    assert round(below.ends[1], 9) < 0.7
