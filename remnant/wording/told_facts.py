"""The facts that were told beside the scan, in words."""

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Final

from planning.inputs import INPUTS
from remnant.core.clinical import ClinicalFacts
from remnant.wording.language import say, spoken
from remnant.wording.names import named

FACT_WORDS: Final[Mapping[str, str]] = spoken(
    {
        "ki67_percent": "Ki-67",
        "ecog": "ECOG",
        "inr": "INR",
        "sstr_positive": "somatostatin receptors",
        "fit_for_major_hepatectomy": "fit for a major hepatectomy",
        "pancreatoduodenectomy": "pancreatoduodenectomy done",
        "recurrence": "recurrence after an earlier liver resection",
        "stable_months": "stable",
        "primary_resected_months": "primary resected",
        "expected_morbidity_percent": "expected morbidity",
        "expected_mortality_percent": "expected mortality",
        "chemotherapy_weeks": "chemotherapy",
        "doubling_days": "doubling",
        "fdg_pet": "FDG-PET",
        "staged_by_ct": "triple-phase CT of chest, abdomen and pelvis",
        "staged_by_mr": "MR of the liver with diffusion weighting",
        "staged_by_sstr_pet": "PET of somatostatin receptors",
        "echocardiography_done": "echocardiography",
        "markers_measured": "tumour markers",
        "dialysis_twice_weekly": "dialysis",
        "lesions_at_hilum": "lesions at the hilum",
        "lesions_near_bile_duct": "lesions near a central bile duct",
    }
)
"""Names that are not their field's words; a number with a unit is else called by its question."""


def told(facts: ClinicalFacts) -> tuple[str, ...]:
    """Write every fact that was given beside the scan, e.g. ``Ki-67 4 %``, ``functional: yes``."""
    known = ((field.name, getattr(facts, field.name)) for field in fields(facts))
    return tuple(_told(name, value=value) for name, value in known if value is not None)


def _told(name: str, *, value: bool | float | StrEnum | str | tuple[int, ...]) -> str:
    unit = INPUTS[name].unit
    words = FACT_WORDS.get(name) or (
        say(INPUTS[name].question) if unit else named(name.replace("_", " "))
    )
    if isinstance(value, bool):
        return f"{words}: {say('yes') if value else say('no')}"
    if isinstance(value, StrEnum):
        return f"{words}: {named(value.value.replace('_', ' '))}"
    if isinstance(value, str):
        return f"{words}: {value}"
    if isinstance(value, tuple):
        return f"{words}: {', '.join(map(str, value)) or say('none')}"
    return (
        say("{words} {value:g} {unit}", words=words, value=value, unit=say(unit))
        if unit
        else say("{words} {value:g}", words=words, value=value)
    )
