"""How much the choice of the standardised volume's formula moves every ratio to it."""

from planning.rules import PROJECT_SOURCE
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.patient import Patient
from remnant.core.volumetry_report import StandardisedVolume
from volumetry.standardised import formula_sensitivity


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
    assumed = " The body size is assumed." if patient.body_size_assumed else ""
    return Finding(
        id="sflr.formula_sensitivity",
        verdict=Verdict.MET,
        text=(
            f"Standardised volume by other verified formulas: {low_ml:.0f} to {high_ml:.0f} mL "
            f"({low}, {high}); the chosen {standardised.formula} gives {chosen_ml:.0f} mL, so the "
            f"same remnant would read {chosen_ml / high_ml:.2f} to {chosen_ml / low_ml:.2f} times "
            f"its share of the standardised volume.{assumed}"
        ),
        value=high_ml / low_ml,
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


def _others(patient: Patient, chosen: str) -> list[tuple[float, str]]:
    every = ((one.stlv_ml.value, one.formula) for one in formula_sensitivity(patient))
    return [(ml, formula) for ml, formula in every if ml is not None and formula != chosen]
