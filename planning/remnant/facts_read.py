"""Which facts of the person a verdict on a remnant rests on, and which of them are wanting."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from planning.inputs import AGE, BACKGROUND, HEIGHT, SEX, WEIGHT, Input
from remnant.core.findings import Basis, Verdict
from remnant.core.patient import LiverBackground, Patient
from remnant.core.volumetry_report import StandardisedVolume
from volumetry.standardised.body_facts import Fact
from volumetry.standardised.body_surface import BSA_FORMULAS, DEFAULT_BSA_FORMULA
from volumetry.standardised.volume_formulas import FORMULAS

BODY_INPUTS: Final[Mapping[Fact, Input]] = {
    Fact.HEIGHT_CM: HEIGHT,
    Fact.WEIGHT_KG: WEIGHT,
    Fact.AGE_YEARS: AGE,
    Fact.FEMALE: SEX,
}
"""The facts of formulas that a person tells a plan; the others are told where it is measured."""


def body_inputs(basis: Basis, standardised: StandardisedVolume) -> tuple[Input, ...]:
    """Return what a ratio's denominator reads of the body, each once.

    Parameters
    ----------
    basis
        What the ratio divides by; where its source does not say, body size counts.
    standardised
        Names the formulas in use.

    Returns
    -------
    tuple
        Empty for what is divided by a measured volume.
    """
    formula = FORMULAS.get(standardised.formula)
    of_volume = () if formula is None else formula.needs
    needs = {
        Basis.STANDARDISED_TLV: of_volume,
        Basis.UNSPECIFIED: of_volume,
        Basis.BODY_SURFACE_AREA: (Fact.BSA_M2,),
        Basis.BODY_WEIGHT: (Fact.WEIGHT_KG,),
    }.get(basis, ())
    facts = dict.fromkeys(_with_surface(needs, standardised.bsa_formula or DEFAULT_BSA_FORMULA))
    return tuple(BODY_INPUTS[fact] for fact in facts if fact in BODY_INPUTS)


def wanting(inputs: Iterable[Input], patient: Patient, *, verdict: Verdict) -> tuple[str, ...]:
    """Return the names of the inputs that nobody told; none where the verdict is decided."""
    if verdict is not Verdict.UNKNOWN:
        return ()
    return tuple(one.name for one in inputs if not _is_told(one, patient))


def _is_told(wanted: Input, patient: Patient) -> bool:
    value = getattr(patient, wanted.name)
    return value is not (LiverBackground.UNKNOWN if wanted is BACKGROUND else None)


def _with_surface(needs: Iterable[Fact], bsa_formula: str) -> Iterator[Fact]:
    for fact in needs:
        yield from BSA_FORMULAS[bsa_formula].needs if fact is Fact.BSA_M2 else (fact,)
