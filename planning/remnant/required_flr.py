"""How much liver a rule set asks for in one person, in mL."""

from collections.abc import Mapping
from dataclasses import replace

from planning.facts.decompensation import compensation
from planning.remnant.minima import BASES
from planning.rules.remnant import (
    RULE_SETS,
    UNKNOWN_BACKGROUND_MINIMUM,
    RemnantMinimum,
    RemnantRuleSet,
)
from remnant.core.clinical import ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.findings import Basis
from remnant.core.patient import LiverBackground, Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, joined, reason
from remnant.core.volumetry_report import VolumetryReport

UNKNOWN_VOLUMES: Mapping[Basis, Cause] = {
    Basis.STANDARDISED_TLV: Cause.STANDARDISED_UNKNOWN,
    Basis.MEASURED_FUNCTIONAL_TLV: Cause.FUNCTIONAL_UNKNOWN,
}


def rule_set_named(identifier: str) -> RemnantRuleSet:
    """Return an FLR rule set.

    Raises
    ------
    InputError
        There is none of that name.
    """
    if identifier not in RULE_SETS:
        raise InputError(
            f"got FLR rule set {identifier!r}; allowed is one of {', '.join(RULE_SETS)}"
        )
    return RULE_SETS[identifier]


def least_flr_ml(
    rule_set_id: str, *, report: VolumetryReport, patient: Patient, facts: ClinicalFacts
) -> Quantity:
    """Return the smallest remnant that a rule set accepts in this person.

    Parameters
    ----------
    rule_set_id
        Id of an FLR rule set.
    report
        Its standardised and functional volumes are the denominators.
    patient
        Its background chooses the minimum. With an unknown background it is the largest of all
        minima, and at least 40 % of every denominator in use, as the findings judge it.
    facts
        Length of chemotherapy, and whether the liver is decompensated: then there is none.

    Returns
    -------
    Quantity
        In mL, reached with at least this much; the largest over the denominators where the source
        does not say which it means. Its interval is that of the denominator alone. Absent with the
        reason where a denominator is missing or the rule set has no minimum for the background;
        a bound or indicative where a denominator is.

    Raises
    ------
    InputError
        There is no such rule set.
    """
    rule_set = rule_set_named(rule_set_id)
    against = compensation(facts, patient).against_minima
    if against:
        return Quantity.absent(against)
    minima = _minima(rule_set, patient.background, facts.chemotherapy_weeks)
    if not minima:
        return Quantity.absent(reason(Cause.NO_MINIMUM, rule_set.id, patient.background.value))
    required = [
        _times(_denominator(basis, report), share)
        for minimum, share in minima.items()
        for basis in BASES[minimum.threshold.basis]
    ]
    missing = joined(*(quantity.reasons for quantity in required if quantity.value is None))
    if missing:
        return Quantity.absent(missing)
    return _largest(required)


def _minima(
    rule_set: RemnantRuleSet, background: LiverBackground, weeks: float | None
) -> Mapping[RemnantMinimum, float]:
    """Return the minima in use, each with the share that it asks for."""
    if background is LiverBackground.UNKNOWN:
        return {
            minimum: max(minimum.threshold.value, UNKNOWN_BACKGROUND_MINIMUM)
            for minimum in rule_set.minima.values()
        }
    found = rule_set.minimum(background, chemotherapy_weeks=weeks)
    return {} if found is None else {found: found.threshold.value}


def _denominator(basis: Basis, report: VolumetryReport) -> Quantity:
    volumes = {
        Basis.STANDARDISED_TLV: report.standardised.stlv_ml,
        Basis.MEASURED_FUNCTIONAL_TLV: report.functional_tlv_ml,
    }
    volume = volumes[basis]
    if volume.value is None:
        return Quantity.absent(reason(UNKNOWN_VOLUMES[basis], because=volume.reasons))
    return volume


def _times(volume: Quantity, share: float) -> Quantity:
    if volume.value is None:
        return volume
    interval = None if volume.interval is None else volume.interval.scaled(share)
    return replace(volume, value=share * volume.value, interval=interval)


def _largest(required: list[Quantity]) -> Quantity:
    """Return the largest; where another could be larger than it is, so could this be."""
    largest = max(required, key=lambda quantity: quantity.value or 0.0)
    loose = [q for q in required if q.indicative or q.bound is Bound.LOWER]
    if not loose or largest.indicative:
        return largest
    if any(q.indicative for q in loose):
        reasons = next(q.reasons for q in loose if q.indicative)
        return replace(largest, bound=None, indicative=True, reasons=reasons)
    return replace(largest, bound=Bound.LOWER, reasons=loose[0].reasons)
