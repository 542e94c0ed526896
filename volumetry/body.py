"""The facts about a body that size formulas use."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from remnant.core.patient import Patient, Sex


class Fact(StrEnum):
    """A fact that a formula may need; the value is its name in a sentence."""

    HEIGHT_CM = "height"
    WEIGHT_KG = "weight"
    AGE_YEARS = "age"
    FEMALE = "sex"
    BSA_M2 = "body surface area"
    THORACIC_WIDTH_CM = "thoracic width"
    ASIAN = "Asian ancestry (yes or no)"


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


def missing_reason(what: str, needs: Iterable[Fact], facts: Facts) -> str | None:
    """Say which facts are missing for ``what``; ``None`` when there are all."""
    missing = [fact.value for fact in needs if fact not in facts]
    if not missing:
        return None
    return f"{what} needs {' and '.join(missing)}, not given"
