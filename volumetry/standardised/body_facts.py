"""The facts about a body that size formulas use."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from remnant.core.patient import Patient, Sex
from remnant.core.reasons import Cause, Reason, reason


class Fact(StrEnum):
    """A fact that a formula may need."""

    HEIGHT_CM = "height_cm"
    WEIGHT_KG = "weight_kg"
    AGE_YEARS = "age_years"
    FEMALE = "female"
    BSA_M2 = "bsa_m2"
    THORACIC_WIDTH_CM = "thoracic_width_cm"
    ASIAN = "asian"


Facts = Mapping[Fact, float]


def facts_of(
    patient: Patient, *, thoracic_width_cm: float | None = None, asian: bool | None = None
) -> Facts:
    """Collect the known facts as numbers; yes is 1.0, no is 0.0, unknown ones are left out."""
    facts = {
        Fact.HEIGHT_CM: patient.height_cm,
        Fact.WEIGHT_KG: patient.weight_kg,
        Fact.AGE_YEARS: patient.age_years,
        Fact.FEMALE: None if patient.sex is None else patient.sex is Sex.FEMALE,
        Fact.THORACIC_WIDTH_CM: thoracic_width_cm,
        Fact.ASIAN: asian,
    }
    return {fact: float(value) for fact, value in facts.items() if value is not None}


def missing_facts(formula: str, needs: Iterable[Fact], facts: Facts) -> tuple[Reason, ...]:
    """Return which facts a formula lacks; nothing when there are all."""
    missing = [fact.value for fact in needs if fact not in facts]
    return (reason(Cause.BODY_FACTS_MISSING, formula, *missing),) if missing else ()


def assumed_size(patient: Patient) -> tuple[Reason, ...]:
    """Return that the body size is assumed, where it is."""
    return (reason(Cause.BODY_SIZE_ASSUMED),) if patient.body_size_assumed else ()
