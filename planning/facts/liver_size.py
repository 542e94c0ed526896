"""The liver's size by body surface, and the registry's poor factors that it is one of."""

from collections.abc import Mapping
from dataclasses import replace

from planning import inputs
from planning.inputs import Input, Value
from planning.rules.liver_size import NO_MILD_HEPATOMEGALY
from remnant.core.clinical import ClinicalFacts, PrimarySite
from remnant.core.findings import Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, joined, reason
from remnant.core.volumetry_report import VolumetryReport

POOR_SITES = (PrimarySite.DUODENUM, PrimarySite.PANCREAS)


def liver_per_bsa(report: VolumetryReport) -> Quantity:
    """Return the volume of the whole liver by body surface, in mL/m².

    A bound where the scan cuts the liver; absent without liver or body size. Its reasons tell how
    many times the standardised volume the liver is, where that is known.

    Parameters
    ----------
    report
        Volumes and body size.
    """
    liver, surface = report.tlv_ml, report.standardised.bsa_m2
    if liver.value is None or surface.value is None:
        return Quantity.absent(joined(liver.reasons, surface.reasons))
    standard_ml = report.standardised.stlv_ml.value
    told = (reason(Cause.LIVER_BY_STANDARD, liver.value / standard_ml),) if standard_ml else ()
    per_m2 = 1.0 / surface.value
    return replace(
        liver,
        value=liver.value * per_m2,
        interval=None if liver.interval is None else liver.interval.scaled(per_m2),
        reasons=joined(liver.reasons, told),
    )


def liver_size(
    report: VolumetryReport, facts: ClinicalFacts, *, certainty: float
) -> Mapping[Input, Value]:
    """Return the liver's size and the number of poor factors of the French registry.

    Parameters
    ----------
    report, facts
        What was measured and told.
    certainty
        How sure the liver has to be above or below a cut-off.
    """
    size = liver_per_bsa(report)
    large = NO_MILD_HEPATOMEGALY.judge(size, certainty=certainty)
    site = facts.primary_site
    factors = (
        None if site is None else site in POOR_SITES,
        facts.upper_abdominal_exenteration,
        {Verdict.MET: False, Verdict.NOT_MET: True}.get(large),
    )
    return {inputs.LIVER_PER_BSA: size, inputs.POOR_FACTORS: _counted(factors)}


def _counted(factors: tuple[bool | None, ...]) -> Quantity:
    """Count what holds; where something is not known, by the side on which one is not passed."""
    sure, unknown = factors.count(True), factors.count(None)
    if not unknown:
        return Quantity(float(sure))
    because = (reason(Cause.FACTORS_UNKNOWN, unknown),)
    if sure + unknown <= 1:
        return Quantity(float(sure + unknown), bound=Bound.UPPER, reasons=because)
    return Quantity(float(sure), bound=Bound.LOWER, reasons=because)
