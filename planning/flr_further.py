"""The remnant held against further minima, each on its own denominator; they decide nothing."""

from dataclasses import replace

from planning import wording
from planning.flr import settled
from planning.rules.flr import FURTHER_MINIMA, FurtherMinimum
from remnant.core.findings import Basis, Finding, Threshold, Verdict, judged
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Quantity
from remnant.core.volumetry_report import StandardisedVolume

AMOUNTS = {
    Basis.STANDARDISED_TLV: "of the standardised volume",
    Basis.MEASURED_FUNCTIONAL_TLV: "of the measured functional volume",
    Basis.BODY_WEIGHT: "% of body weight",
    Basis.BODY_SURFACE_AREA: "mL/m²",
}
FRACTIONS = (Basis.STANDARDISED_TLV, Basis.MEASURED_FUNCTIONAL_TLV)
DECIMALS = {Basis.BODY_WEIGHT: 2, Basis.BODY_SURFACE_AREA: 0}


def further_remnant_findings(
    remnant: Remnant, *, patient: Patient, standardised: StandardisedVolume
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

    Returns
    -------
    tuple
        One finding per minimum whose ratio is known; ``value`` and ``threshold`` are fractions,
        percent of body weight, or mL/m².
    """
    return tuple(
        _finding(minimum, quantity, background=patient.background)
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
    return settled(by_basis[basis])


def _finding(
    minimum: FurtherMinimum, quantity: Quantity, *, background: LiverBackground
) -> Finding:
    threshold = minimum.threshold
    verdict = threshold.judge(quantity)
    found = Finding(
        id=minimum.id,
        verdict=verdict,
        prose=_text(minimum, quantity),
        quantity=judged(quantity),
        threshold=threshold,
        source=threshold.source,
        status=threshold.status,
        probability=threshold.probability(quantity),
    )
    unknown = background is LiverBackground.UNKNOWN
    if verdict is Verdict.NOT_MET and unknown and not _for_every_liver(minimum):
        text = f"{found.text} The liver background is not known."
        return replace(found, verdict=Verdict.UNKNOWN, prose=text, probability=None)
    return found


def _for_every_liver(minimum: FurtherMinimum) -> bool:
    return len(minimum.backgrounds) == len(LiverBackground) - 1


def _text(minimum: FurtherMinimum, quantity: Quantity) -> str:
    threshold = minimum.threshold
    sentences = (
        f"{minimum.title}: {_limit(threshold)} {AMOUNTS[threshold.basis]}.",
        f"Found in: {minimum.population}.",
        f"Estimated to remain: {_measured(quantity, threshold)}.{wording.because(quantity)}",
        minimum.remark,
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _limit(threshold: Threshold) -> str:
    if threshold.basis in FRACTIONS:
        return wording.limit(threshold)
    return f"{'at least' if threshold.inclusive else 'more than'} {threshold.value:g}"


def _measured(quantity: Quantity, threshold: Threshold) -> str:
    if threshold.basis in FRACTIONS:
        return wording.measured(quantity, beside=threshold.value)
    about = "about " if quantity.indicative else wording.BOUND_WORDS[quantity.bound]
    return f"{about}{_number(quantity, threshold)} {AMOUNTS[threshold.basis]}"


def _number(quantity: Quantity, threshold: Threshold) -> str:
    """Write with as many decimals as keep the value's side of the limit."""
    value, fewest = quantity.value or 0.0, DECIMALS[threshold.basis]
    texts = [f"{value:.{decimals}f}" for decimals in range(fewest, fewest + 7)]
    same = (t for t in texts if (float(t) < threshold.value) == (value < threshold.value))
    return next(same, texts[-1])
