"""What the rule data say of a finding: whether it is a mere remark, and which fact it asks for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from planning import rules
from planning.criteria import Comparison, Criterion
from planning.known import INPUTS, with_implied
from planning.rules.growth import GrowthRemark
from planning.rules.staging import Remark
from remnant.core.case import CaseReport
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.patient import LiverBackground
from remnant.io.facts_sections import CLINICAL
from remnant.wording.numbers import percent, plain

UNCONFIRMED: Final = "unconfirmed"
"""In the id of every caution on lesions that nobody confirmed: no condition of any source."""
GROWTH: Final = "growth."
CLINICAL_FACTS: Final = frozenset(known.name for known in CLINICAL)
PATIENT_FACTS: Final = frozenset(("age_years", "background"))
DERIVED: Final[Mapping[str, str]] = {
    "primary_resected": "primary_status",
    "portal_hypertension_signs": "portal_hypertension",
    "grade_is_g1_or_g2": "grade",
    "team_judged_unresectable": "judged_unresectable",
    "transplant_selected": "on_transplant_list",
}
"""Inputs that follow from a fact of another name."""
UNITS: Final[Mapping[str, str]] = {
    "_percent": " %", "_months": " months", "_years": " years", "_weeks": " weeks",
    "_days": " days", "_mm": " mm", "_ml": " mL", "_per_nl": "/nL",
}  # fmt: skip
SIGNS: Final[Mapping[Comparison, str]] = {
    Comparison.LESS: "<", Comparison.AT_MOST: "≤", Comparison.AT_LEAST: "≥", Comparison.MORE: ">",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What is looked up in the rule data.

    ``remarks`` are ids of statements that are held against nothing, ``conditions`` the conditions
    with one input by their id, ``asked`` the inputs behind what a person reads as missing.
    """

    remarks: frozenset[str]
    conditions: Mapping[str, Criterion]
    asked: Mapping[str, frozenset[str]]


@cache
def rule_facts() -> RuleFacts:
    """Walk every rule module once."""
    names = [module.name for module in iter_modules(rules.__path__)]
    modules = [import_module(f"{rules.__name__}.{name}") for name in names]
    found = [rule for module in modules for value in vars(module).values() for rule in _walk(value)]
    conditions = [rule for rule in found if isinstance(rule, Criterion)]
    asked: dict[str, set[str]] = {words: {name} for name, words in INPUTS.items()}
    for condition in conditions:
        asked.setdefault(condition.ask, set()).add(condition.input)
    return RuleFacts(
        remarks=frozenset(rule.id for rule in found if isinstance(rule, Remark | GrowthRemark)),
        conditions=MappingProxyType({condition.id: condition for condition in conditions}),
        asked=MappingProxyType({words: frozenset(names) for words, names in asked.items()}),
    )


def _walk(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, dict):
        yield from _walk(tuple(value.values()))
    elif is_dataclass(value) and not isinstance(value, type):
        yield value
        yield from _walk(tuple(getattr(value, item.name) for item in fields(value)))


def is_note(finding: Finding) -> bool:
    """Tell whether a finding is a remark or a caution, held against nothing of this case.

    Remarks of the sources, what growth rests on, and cautions on unconfirmed lesions.
    """
    if finding.limit is not None:
        return False
    of_growth = finding.id.startswith(GROWTH)
    return of_growth or UNCONFIRMED in finding.id or finding.id in rule_facts().remarks


def facts_behind(words: str) -> frozenset[str] | None:
    """Return the facts that a person can tell behind what is missing, ``None`` where unheard of.

    Empty where it is computed: from the maps, the plans, or never.
    """
    inputs = rule_facts().asked.get(words)
    if inputs is None:
        return None
    return frozenset(DERIVED.get(name, name) for name in inputs) & (CLINICAL_FACTS | PATIENT_FACTS)


def sign_of(finding: Finding) -> str:
    """Return the sign of a finding's limit as its source prints it; empty without a limit."""
    if finding.limit is None:
        return ""
    condition = rule_facts().conditions.get(finding.id)
    if condition is not None and condition.comparison in SIGNS:
        return SIGNS[condition.comparison]
    return "≥" if finding.inclusive else ">"


def here(finding: Finding, case: CaseReport) -> str:
    """Write what a finding found in this case, with its unit; yes, no or a word for other facts.

    The empty text for remarks and where nothing is known.
    """
    if is_note(finding):
        return ""
    condition = rule_facts().conditions.get(finding.id)
    if finding.value is None:
        return "" if condition is None else _said(condition.input, case)
    if finding.basis is Basis.BODY_WEIGHT:
        return f"{plain(finding.value)} %"
    if finding.basis is Basis.BODY_SURFACE_AREA:
        return f"{plain(finding.value)} mL/m²"
    if finding.basis is not None:
        limits = () if finding.limit is None else (finding.limit,)
        return f"{percent(finding.value, limits)} %"
    unit = unit_of(condition.input) if condition else unit_of_id(finding)
    return f"{finding.value:.4g}{unit}"


def amounts_here(findings: Sequence[Finding], case: CaseReport) -> tuple[str, ...]:
    """Return what each of a list's findings found here; empty where none of them has any."""
    amounts = tuple(here(finding, case) for finding in findings)
    return amounts if any(amounts) else ()


def unit_of(name: str) -> str:
    """Return the unit in a fact's name, with the space before it."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def unit_of_id(finding: Finding) -> str:
    """Return the unit of a figure without a condition: growth is told in mL."""
    return " mL" if finding.id.startswith(GROWTH) else ""


def _said(name: str, case: CaseReport) -> str:
    fact = DERIVED.get(name, name)
    if fact == "background":
        background = case.patient.background
        return "" if background is LiverBackground.UNKNOWN else background.value
    value = getattr(with_implied(case.clinical), fact, None)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, StrEnum):
        return value.value.replace("_", " ")
    return "" if value is None else f"{value:g}{unit_of(fact)}"


def background_decides(case: CaseReport) -> bool:
    """Tell whether a minimum of what remains is open and the liver background is not known."""
    planning = case.planning
    if planning is None or case.patient.background is not LiverBackground.UNKNOWN:
        return False
    of_plans = (f for plan in planning.plans for f in plan.findings)
    judged = (*of_plans, *(f for resection in planning.resections for f in resection.findings))
    return any(f.id.startswith("flr.") and f.verdict is Verdict.UNKNOWN for f in judged)


def lacks_body_size(case: CaseReport) -> bool:
    """Tell whether height or weight is missing, so that there is no standardised volume."""
    return case.patient.height_cm is None or case.patient.weight_kg is None
