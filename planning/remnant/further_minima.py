"""The remnant held against further minima, each on its own denominator; they decide nothing."""

from planning.inputs import BACKGROUND
from planning.remnant.facts_read import body_inputs, wanting
from planning.rules.flr import FURTHER_MINIMA, FurtherMinimum
from remnant.core.findings import Basis, Finding, Verdict, judged
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import CERTAINTY, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.volumetry_report import StandardisedVolume


def further_remnant_findings(
    remnant: Remnant,
    *,
    patient: Patient,
    standardised: StandardisedVolume,
    certainty: float = CERTAINTY,
) -> tuple[Finding, ...]:
    """Hold a remnant against minima found in other populations.

    Parameters
    ----------
    remnant
        The remnant with its four ratios.
    patient
        Its background: a minimum found in another kind of liver is left out. With an unknown
        background a minimum that is missed is ``UNKNOWN``.
    standardised
        A minimum on a certain volume formula is left out where another was used.
    certainty
        See `Threshold.judge`.

    Returns
    -------
    tuple
        One finding per minimum whose ratio is known; ``value`` and ``threshold`` are fractions,
        percent of body weight, or mL/m².
    """
    return tuple(
        _finding(minimum, quantity, patient=patient, standardised=standardised, certainty=certainty)
        for minimum in FURTHER_MINIMA
        if _concerns(minimum, patient.background, standardised)
        and (quantity := _ratio(minimum.threshold.basis, remnant)).value is not None
    )


def _concerns(
    minimum: FurtherMinimum, background: LiverBackground, standardised: StandardisedVolume
) -> bool:
    formula = minimum.formula in (None, standardised.formula)
    unknown = background is LiverBackground.UNKNOWN
    return formula and (unknown or background in minimum.backgrounds)


def _ratio(basis: Basis, remnant: Remnant) -> Quantity:
    by_basis = {
        Basis.STANDARDISED_TLV: remnant.sflr,
        Basis.MEASURED_FUNCTIONAL_TLV: remnant.flr_measured_fraction,
        Basis.BODY_WEIGHT: remnant.flr_body_weight_percent,
        Basis.BODY_SURFACE_AREA: remnant.flr_ml_per_m2,
    }
    return by_basis[basis]


def _finding(
    minimum: FurtherMinimum,
    quantity: Quantity,
    *,
    patient: Patient,
    standardised: StandardisedVolume,
    certainty: float,
) -> Finding:
    threshold = minimum.threshold
    verdict = threshold.judge(quantity, certainty=certainty)
    chosen_by = () if _for_every_liver(minimum) else (BACKGROUND,)
    unknown = patient.background is LiverBackground.UNKNOWN
    open_ = verdict is Verdict.NOT_MET and unknown and bool(chosen_by)
    verdict = Verdict.UNKNOWN if open_ else verdict
    read = (*chosen_by, *body_inputs(threshold.basis, standardised))
    return Finding(
        id=minimum.id,
        verdict=verdict,
        inputs=tuple(one.name for one in read),
        missing=wanting(chosen_by, patient, verdict=verdict),
        quantity=judged(quantity),
        threshold=threshold,
        reasons=(reason(Cause.BACKGROUND_UNKNOWN),) if open_ else (),
        source=threshold.source,
        status=threshold.status,
        probability=None if open_ else threshold.probability(quantity),
    )


def _for_every_liver(minimum: FurtherMinimum) -> bool:
    return len(minimum.backgrounds) == len(LiverBackground) - 1
