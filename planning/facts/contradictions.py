"""Clinical facts that cannot both be true are refused."""

from collections.abc import Iterator

from planning.facts.decompensation import told_signs
from planning.facts.implied import UNFIT_FROM_ECOG
from remnant.core.clinical import (
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.errors import InputError

LOWEST_KI67_ABOVE = {Grade.G1: 3.0, Grade.G2: 20.0}
"""Ki-67 from (G1) or above which (G2) a grade is impossible. A lower Ki-67 is not: a grade can
come from the mitotic count. Between 2 and 3, G1 and G2 may both be given."""


def require_consistent(facts: ClinicalFacts) -> None:
    """Refuse facts that contradict each other.

    Raises
    ------
    InputError
        Two facts cannot both be true; the message names both.
    """
    for said, but in _contradictions(facts):
        raise InputError(
            f"{said}, but {but}: both cannot be true; correct one or leave it out, or write "
            f"`unknown` in a facts file"
        )


def _contradictions(facts: ClinicalFacts) -> Iterator[tuple[str, str]]:
    yield from _of_grade(facts)
    yield from _of_ki67("primary_", facts.primary_grade, facts.primary_ki67_percent)
    yield from _of_primary(facts)
    nothing = facts.extrahepatic_disease is ExtrahepaticDisease.NONE
    if nothing and facts.peritoneal_carcinomatosis:
        yield "extrahepatic_disease is none", "peritoneal_carcinomatosis is true"
    if facts.functional is False and facts.symptoms_refractory:
        yield "functional is false", "symptoms_refractory (hormonal symptoms) is true"
    yield from _of_fitness(facts)
    if facts.resection_with_transplant is False and facts.upper_abdominal_exenteration:
        yield "resection_with_transplant is false", "upper_abdominal_exenteration is true"
    yield from _of_liver(facts)
    if facts.pancreatoduodenectomy and facts.bilioenteric_anastomosis is False:
        yield (
            "pancreatoduodenectomy (which makes a bilio-enteric anastomosis) is true",
            "bilioenteric_anastomosis is false",
        )


def _of_fitness(facts: ClinicalFacts) -> Iterator[tuple[str, str]]:
    if facts.fit_for_major_hepatectomy and (facts.ecog or 0) >= UNFIT_FROM_ECOG:
        yield "fit_for_major_hepatectomy is true", f"ecog is {facts.ecog}"
    if facts.fit_for_major_hepatectomy and facts.comorbidity_prohibitive:
        yield "fit_for_major_hepatectomy is true", "comorbidity_prohibitive is true"


def _of_liver(facts: ClinicalFacts) -> Iterator[tuple[str, str]]:
    signs = tuple(told_signs(facts))
    if facts.decompensated is False and signs:
        yield "decompensated is false", f"{signs[0]} (a sign of decompensation) is true"
    if facts.varices is False and facts.variceal_bleeding:
        yield "varices is false", "variceal_bleeding is true"


def _of_grade(facts: ClinicalFacts) -> Iterator[tuple[str, str]]:
    grade, differentiation = facts.grade, facts.differentiation
    poor = grade is Grade.NEC
    told = grade is not None and differentiation is not None
    if told and poor != (differentiation is Differentiation.POOR):
        kind = "poorly" if poor else "well"
        yield f"grade {grade} is {kind} differentiated", f"differentiation is {differentiation}"
    yield from _of_ki67("", grade, facts.ki67_percent)


def _of_ki67(whose: str, grade: Grade | None, ki67: float | None) -> Iterator[tuple[str, str]]:
    if grade is not None and ki67 is not None and _too_high(ki67, grade):
        allowed = "at most 2" if grade is Grade.G1 else "3 to 20"
        yield (
            f"{whose}grade {grade} has a Ki-67 of {allowed} %",
            f"{whose}ki67_percent is {ki67:g}",
        )


def _too_high(ki67: float, grade: Grade) -> bool:
    if grade is Grade.G1:
        return ki67 >= LOWEST_KI67_ABOVE[grade]
    return grade is Grade.G2 and ki67 > LOWEST_KI67_ABOVE[grade]


def _of_primary(facts: ClinicalFacts) -> Iterator[tuple[str, str]]:
    status = facts.primary_status
    dated = facts.primary_resected_months is not None
    if dated and status not in (None, PrimaryStatus.RESECTED):
        yield f"primary_status is {status}", "primary_resected_months is given"
    if facts.primary_site is PrimarySite.LUNG and facts.portal_drainage:
        yield "primary_site is lung", "portal_drainage is true"
