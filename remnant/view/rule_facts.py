"""What the rule data say of a finding: whether it is a mere remark, and which fact it asks for."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from planning.criteria.catalogue import CRITERIA, REMARKS
from planning.debulking.finding_ids import UNCONFIRMED_ID, UNCONFIRMED_IN_RESECTION_ID
from planning.facts.implied import with_implied
from planning.inputs import BACKGROUND, INPUTS, Input
from planning.staging.finding_ids import ABOUT_GROWTH
from remnant.core.case import CaseReport
from remnant.core.findings import Basis, Finding
from remnant.core.patient import LiverBackground
from remnant.wording.language import localised, say
from remnant.wording.names import named
from remnant.wording.numbers import percent, plain
from volumetry.checks import LESIONS_UNCONFIRMED_ID

CAUTIONS: Final = frozenset((UNCONFIRMED_ID, UNCONFIRMED_IN_RESECTION_ID, LESIONS_UNCONFIRMED_ID))
"""Findings on lesions that nobody confirmed: no condition of any source."""
NOTES: Final = CAUTIONS | ABOUT_GROWTH | REMARKS.keys()


def is_note(finding: Finding) -> bool:
    """Tell whether a finding is a remark or a caution, held against nothing of this case.

    Remarks of the sources, what growth rests on, and cautions on unconfirmed lesions.
    """
    return finding.limit is None and finding.id in NOTES


def facts_behind(name: str) -> tuple[str, ...]:
    """Return the facts that a person can tell behind an input, the first of several that imply it.

    Empty where it is computed: from the maps, the plans, or never.
    """
    known = INPUTS[name]
    if not known.told:
        return ()
    return (name,) if known.meaning else known.implied_by[:1]


def here(finding: Finding, case: CaseReport) -> str:
    """Write what a finding found in this case, with its unit; yes, no or a word for other facts.

    The empty text for remarks and where nothing is known.
    """
    if is_note(finding):
        return ""
    condition = CRITERIA.get(finding.id)
    if finding.value is None:
        return "" if condition is None else _told_word(condition.input, case)
    if finding.basis is Basis.BODY_WEIGHT:
        return f"{plain(finding.value)} %"
    if finding.basis is Basis.BODY_SURFACE_AREA:
        return f"{plain(finding.value)} mL/m²"
    if finding.basis is not None:
        limits = () if finding.limit is None else (finding.limit,)
        return f"{percent(finding.value, limits)} %"
    unit = with_unit(say(condition.input.unit)) if condition else unit_of_id(finding)
    return f"{localised(f'{finding.value:.4g}')}{unit}"


def amounts_here(findings: Sequence[Finding], case: CaseReport) -> tuple[str, ...]:
    """Return what each of a list's findings found here; empty where none of them has any."""
    amounts = tuple(here(finding, case) for finding in findings)
    return amounts if any(amounts) else ()


def with_unit(unit: str) -> str:
    """Return a unit as it is written behind a number; those per litre without a space."""
    return unit if not unit or unit.startswith("/") else f" {unit}"


def unit_of_id(finding: Finding) -> str:
    """Return the unit of a figure without a condition: growth is told in mL."""
    return " mL" if finding.id in ABOUT_GROWTH else ""


def _told_word(wanted: Input, case: CaseReport) -> str:
    """Return what a person told of an input, in a word; the first fact behind one that follows."""
    name = next(iter(facts_behind(wanted.name)), "")
    if name == BACKGROUND.name:
        background = case.patient.background
        return "" if background is LiverBackground.UNKNOWN else named(background.value)
    value = getattr(with_implied(case.clinical), name, None) if name else None
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, StrEnum):
        return named(value.value.replace("_", " "))
    return (
        ""
        if value is None
        else say("{value:g}{with_unit}", value=value, with_unit=with_unit(say(INPUTS[name].unit)))
    )
