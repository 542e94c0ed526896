"""Standardised total liver volume: what a body of this size is expected to have."""

from remnant.core.errors import ImplausibleValueError, InputError
from remnant.core.findings import SourceStatus
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.settings import DEFAULT_FORMULA
from remnant.core.volumetry_report import StandardisedVolume
from volumetry.standardised.body_facts import Fact, Facts, assumed_size, facts_of, missing_facts
from volumetry.standardised.body_surface import BSA_FORMULAS, DEFAULT_BSA_FORMULA, body_surface_area
from volumetry.standardised.body_surface import bsa_formula as find_bsa_formula
from volumetry.standardised.volume_formulas import FORMULAS, VolumeFormula

__all__ = [
    "BSA_FORMULAS",
    "DEFAULT_FORMULA",
    "FORMULAS",
    "formula_label",
    "formula_sensitivity",
    "is_verified",
    "require_formulas",
    "standardised_volume",
]

THORACIC_WIDTH_RANGE_CM = (15.0, 60.0)
"""Widths that are no slip of the pen; this project's choice."""


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
        What an unverified one gives says so in its reason.
    bsa_formula
        One of ``BSA_FORMULAS``; ``None`` takes the one that the paper used, else Mosteller's.
    thoracic_width_cm, asian
        Used by ``kokudo2015`` only, which has no value without them.

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
    ImplausibleValueError
        The thoracic width lies outside 15 to 60 cm.

    Examples
    --------
    2.0 m² by Mosteller, and 1267.28 · 2.0 − 794.41 mL by Vauthey; nothing is guessed:

    >>> round(standardised_volume(Patient(height_cm=180.0, weight_kg=80.0)).stlv_ml.value, 2)
    1740.15
    >>> standardised_volume(Patient()).stlv_ml.value is None
    True
    """
    _require_width(thoracic_width_cm)
    chosen = _formula(formula)
    used = bsa_formula or chosen.bsa_formula or DEFAULT_BSA_FORMULA
    bsa_m2 = body_surface_area(patient, formula=used)
    uses_bsa = Fact.BSA_M2 in chosen.needs
    facts = dict(facts_of(patient, thoracic_width_cm=thoracic_width_cm, asian=asian))
    if bsa_m2.value is not None:
        facts[Fact.BSA_M2] = bsa_m2.value
    reasons = _cautions(chosen, facts, patient) + (_bsa_notes(chosen, used) if uses_bsa else ())
    lacking = bsa_m2.reasons if uses_bsa and bsa_m2.value is None else ()
    return StandardisedVolume(
        formula=chosen.id,
        bsa_formula=used if uses_bsa else None,
        stlv_ml=_estimate(chosen, facts, lacking=lacking, reasons=reasons),
        bsa_m2=bsa_m2 if uses_bsa else _noted(bsa_m2, used, chosen.id),
        source=chosen.source,
        population=chosen.population,
    )


def formula_sensitivity(
    patient: Patient, *, thoracic_width_cm: float | None = None, asian: bool | None = None
) -> tuple[StandardisedVolume, ...]:
    """Return the estimate of every verified formula that can be used for this body.

    Each uses its paper's own body surface area, else Mosteller's. Formulas that were not read in a
    source, whose facts are missing or that were not made for this age are left out.
    """
    every = (
        standardised_volume(
            patient, formula=formula.id, thoracic_width_cm=thoracic_width_cm, asian=asian
        )
        for formula in FORMULAS.values()
        if formula.status is SourceStatus.VERIFIED
    )
    return tuple(one for one in every if one.stlv_ml.value is not None)


def is_verified(formula: str) -> bool:
    """Tell whether a formula's coefficients were read in a source; an unknown name is not."""
    return formula in FORMULAS and FORMULAS[formula].status is SourceStatus.VERIFIED


def formula_label(formula: str) -> str:
    """Write a formula's name for people, with ``(unverified)`` where it is not verified."""
    return formula if is_verified(formula) else f"{formula} (unverified)"


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


def _require_width(thoracic_width_cm: float | None) -> None:
    low, high = THORACIC_WIDTH_RANGE_CM
    if thoracic_width_cm is None or low <= thoracic_width_cm <= high:
        return
    raise ImplausibleValueError(
        f"thoracic width {thoracic_width_cm:g} cm is implausible: allowed is {low:g} to {high:g} "
        f"cm; check the number and its unit, or leave it out"
    )


def _formula(identifier: str) -> VolumeFormula:
    if identifier not in FORMULAS:
        raise InputError(
            f"'{identifier}' is no liver volume formula; allowed are {', '.join(FORMULAS)}"
        )
    return FORMULAS[identifier]


def _estimate(
    chosen: VolumeFormula,
    facts: Facts,
    *,
    lacking: tuple[Reason, ...],
    reasons: tuple[Reason, ...],
) -> Quantity:
    absent = lacking or missing_facts(chosen.id, chosen.needs, facts) or chosen.refuse(facts)
    return Quantity.absent(absent) if absent else Quantity(chosen.compute(facts), reasons=reasons)


def _cautions(chosen: VolumeFormula, facts: Facts, patient: Patient) -> tuple[Reason, ...]:
    caution = chosen.caution(facts)
    unverified = chosen.status is SourceStatus.UNVERIFIED
    return joined(
        assumed_size(patient),
        (reason(Cause.FORMULA_UNVERIFIED),) if unverified else (),
        (reason(Cause.FORMULA_IN_GRAMS),) if chosen.in_grams else (),
        () if caution is None else (caution,),
    )


def _bsa_notes(chosen: VolumeFormula, used: str) -> tuple[Reason, ...]:
    if chosen.bsa_formula is None:
        return (reason(Cause.BODY_SURFACE_NOT_NAMED, used),)
    if chosen.bsa_formula != used:
        return (reason(Cause.BODY_SURFACE_OTHER, used, chosen.bsa_formula),)
    return ()


def _noted(quantity: Quantity, used: str, formula: str) -> Quantity:
    unused = reason(Cause.BODY_SURFACE_UNUSED, used, formula)
    return Quantity(quantity.value, reasons=joined(quantity.reasons, (unused,)))
