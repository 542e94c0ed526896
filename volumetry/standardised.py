"""Standardised total liver volume: what a body of this size is expected to have."""

from remnant.core.errors import InputError
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.volumetry_report import StandardisedVolume
from volumetry.body import Fact, Facts, facts_of, missing_reason
from volumetry.body_surface import (
    ASSUMED_BODY,
    BSA_FORMULAS,
    DEFAULT_BSA_FORMULA,
    body_surface_area,
)
from volumetry.body_surface import bsa_formula as find_bsa_formula
from volumetry.volume_formulas import FORMULAS, GRAMS, VolumeFormula

__all__ = [
    "BSA_FORMULAS",
    "DEFAULT_FORMULA",
    "FORMULAS",
    "formula_sensitivity",
    "standardised_volume",
]

DEFAULT_FORMULA = "vauthey2002_bsa"


def standardised_volume(
    patient: Patient,
    *,
    formula: str = DEFAULT_FORMULA,
    bsa_formula: str | None = None,
    thoracic_width_cm: float | None = None,
    asian: bool | None = None,
) -> StandardisedVolume:
    """Estimate the total liver volume from body size.

    Parameters
    ----------
    patient
        What is known; what a formula needs and is missing makes its value absent, never guessed.
    formula
        One of ``FORMULAS``. The choice alone moves the result by half: from 1130 to 1734 mL for
        a man of 60 years, 170 cm and 70 kg. Every ratio therefore carries its formula's name.
    bsa_formula
        One of ``BSA_FORMULAS``; ``None`` takes the one that the paper used, else Mosteller's.
    thoracic_width_cm, asian
        Used by ``kokudo2015`` only.

    Returns
    -------
    StandardisedVolume
        Its ``stlv_ml`` says in its reason what has to be read with care. The body surface area is
        given, by Mosteller's formula if nothing else is chosen, even when the formula does not use
        it: another ratio needs it.

    Raises
    ------
    InputError
        There is no formula of that name.
    """
    chosen = _formula(formula)
    used = bsa_formula or chosen.bsa_formula or DEFAULT_BSA_FORMULA
    bsa_m2 = body_surface_area(patient, formula=used)
    uses_bsa = Fact.BSA_M2 in chosen.needs
    facts = dict(facts_of(patient, thoracic_width_cm=thoracic_width_cm, asian=asian))
    if uses_bsa and bsa_m2.value is not None:
        facts[Fact.BSA_M2] = bsa_m2.value
    reasons = _cautions(chosen, facts, patient) + (_bsa_notes(chosen, used) if uses_bsa else [])
    lacking = bsa_m2.reason if uses_bsa and bsa_m2.value is None else None
    return StandardisedVolume(
        formula=chosen.id,
        bsa_formula=used if uses_bsa else None,
        stlv_ml=_estimate(chosen, facts, lacking=lacking, reasons=reasons),
        bsa_m2=bsa_m2 if uses_bsa else _noted(bsa_m2, f"by {used}; {chosen.id} does not use it"),
        source=chosen.source,
        population=chosen.population,
    )


def formula_sensitivity(patient: Patient) -> tuple[StandardisedVolume, ...]:
    """Return every formula's estimate that can be made for this body.

    Each uses its paper's own body surface area, else Mosteller's. Formulas whose facts are missing
    or that were not made for this age are left out; all that are listed were read in a source.
    """
    every = (standardised_volume(patient, formula=name) for name in FORMULAS)
    return tuple(one for one in every if one.stlv_ml.value is not None)


def require_formulas(formula: str | None, body_surface: str | None) -> None:
    """Raise unless the formulas that were named are known; ``None`` names none.

    Raises
    ------
    InputError
        A name is not known; the message lists those that are.
    """
    if formula is not None:
        _formula(formula)
    if body_surface is not None:
        find_bsa_formula(body_surface)


def _formula(identifier: str) -> VolumeFormula:
    if identifier not in FORMULAS:
        raise InputError(
            f"'{identifier}' is no liver volume formula; allowed are {', '.join(FORMULAS)}"
        )
    return FORMULAS[identifier]


def _estimate(
    chosen: VolumeFormula, facts: Facts, *, lacking: str | None, reasons: list[str]
) -> Quantity:
    absent = lacking or missing_reason(chosen.id, chosen.needs, facts) or chosen.refuse(facts)
    if absent:
        return Quantity.absent(absent)
    return Quantity(chosen.compute(facts), reason="; ".join(reasons) or None)


def _cautions(chosen: VolumeFormula, facts: Facts, patient: Patient) -> list[str]:
    notes = [
        ASSUMED_BODY if patient.body_size_assumed else None,
        GRAMS if chosen.in_grams else None,
        chosen.caution(facts),
    ]
    return [note for note in notes if note]


def _bsa_notes(chosen: VolumeFormula, used: str) -> list[str]:
    if chosen.bsa_formula is None:
        return [f"the paper, as read, does not name its body surface area formula; {used} is used"]
    if chosen.bsa_formula != used:
        return [f"with the body surface area of {used} instead of the paper's {chosen.bsa_formula}"]
    return []


def _noted(quantity: Quantity, note: str) -> Quantity:
    reason = f"{quantity.reason}; {note}" if quantity.reason else note
    return Quantity(quantity.value, reason=reason)
