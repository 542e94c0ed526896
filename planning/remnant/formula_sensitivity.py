"""How much the choice of the standardised volume's formula moves every ratio to it."""

from collections.abc import Mapping
from dataclasses import replace

from planning.remnant.facts_read import body_inputs
from planning.remnant.minima import BASES
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.findings import Basis, Finding, SourceStatus, Threshold, Verdict
from remnant.core.patient import Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, joined, reason
from remnant.core.volumetry_report import StandardisedVolume
from volumetry.standardised.expected_volume import formula_sensitivity, is_verified


def sensitivity_finding(patient: Patient, standardised: StandardisedVolume) -> Finding | None:
    """State what the other formulas give for this body, and what they would make of an sFLR.

    Returns
    -------
    Finding or None
        Always ``MET``: a fact, judged against nothing. ``value`` is the largest of the other
        estimates over the smallest. ``None`` where the chosen formula has no value or no other
        formula can be used, for want of body size.
    """
    chosen_ml = standardised.stlv_ml.value
    others = _others(patient, standardised.formula)
    if chosen_ml is None or not others:
        return None
    (low_ml, low), (high_ml, high) = min(others), max(others)
    volumes = reason(
        Cause.OTHER_FORMULAS, low_ml, high_ml, chosen_ml, low, high, standardised.formula
    )
    assumed = (reason(Cause.BODY_SIZE_ASSUMED),) if patient.body_size_assumed else ()
    return Finding(
        id="sflr.formula_sensitivity",
        verdict=Verdict.MET,
        inputs=_inputs(patient, standardised),
        quantity=Quantity(high_ml / low_ml),
        reasons=(volumes, *assumed),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


def sflr_by_formula(
    flr_ml: Quantity, patient: Patient, standardised: StandardisedVolume
) -> Mapping[str, float]:
    """Hold one remnant against the liver volume of every verified formula that can be used.

    Returns
    -------
    Mapping
        FLR / standardised volume by formula, in [0, ...). The chosen formula, if verified, is
        among them with the value in use; the others take their papers' body surface area. What
        bounds the remnant bounds every one. Empty without a remnant or without body size.
    """
    if flr_ml.value is None:
        return {}
    volumes = {formula: ml for ml, formula in _others(patient, standardised.formula)}
    if standardised.stlv_ml.value is not None and is_verified(standardised.formula):
        volumes[standardised.formula] = standardised.stlv_ml.value
    return {formula: flr_ml.value / volumes[formula] for formula in sorted(volumes)}


def with_disagreement(finding: Finding, remnant: Remnant, ratios: Mapping[str, float]) -> Finding:
    """Add to a finding that some formulas meet its minimum and others miss it.

    The verdict stays that of the chosen formula. Nothing is added where the chosen formula has no
    value, where the finding has no minimum or one on another denominator, or where the remnant is
    a bound that cannot miss or cannot meet it.

    Parameters
    ----------
    finding
        Verdict of an FLR rule set.
    remnant
        What it was held against.
    ratios
        See `sflr_by_formula`.
    """
    threshold = _standardised_minimum(finding)
    if threshold is None or remnant.sflr.value is None or not ratios:
        return finding
    # the interval is that of the chosen formula's ratio: the others are compared by value
    alone = replace(remnant.sflr, interval=None)
    verdicts = {threshold.judge(replace(alone, value=ratio)) for ratio in ratios.values()}
    if not {Verdict.MET, Verdict.NOT_MET} <= verdicts:
        return finding
    low, high = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
    apart = reason(Cause.FORMULAS_DISAGREE, ratios[low], ratios[high], low, high)
    return replace(finding, reasons=joined(finding.reasons, (apart,)))


def _standardised_minimum(finding: Finding) -> Threshold | None:
    judged = Basis.STANDARDISED_TLV in BASES.get(finding.basis or Basis.BODY_WEIGHT, ())
    if finding.threshold is None or not judged:
        return None
    return replace(finding.threshold, basis=Basis.STANDARDISED_TLV)


def _inputs(patient: Patient, standardised: StandardisedVolume) -> tuple[str, ...]:
    """Return the names of what any of the formulas that can be used reads of the body."""
    used = (standardised, *formula_sensitivity(patient))
    read = (one.name for volume in used for one in body_inputs(Basis.STANDARDISED_TLV, volume))
    return tuple(dict.fromkeys(read))


def _others(patient: Patient, chosen: str) -> list[tuple[float, str]]:
    every = ((one.stlv_ml.value, one.formula) for one in formula_sensitivity(patient))
    return [(ml, formula) for ml, formula in every if ml is not None and formula != chosen]
