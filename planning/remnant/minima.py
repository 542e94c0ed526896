"""The future liver remnant held against every rule set, each on its own denominator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from planning.facts.decompensation import NOT_TOLD, Compensation
from planning.inputs import BACKGROUND, CHEMOTHERAPY_WEEKS, DECOMPENSATED, Input
from planning.remnant.facts_read import body_inputs, wanting
from planning.rules.remnant import (
    REMNANT_RULE_SETS,
    UNKNOWN_BACKGROUND_MINIMUM,
    RemnantMinimum,
    RemnantRuleSet,
)
from remnant.core.findings import (
    Basis,
    Comparison,
    Finding,
    SourceStatus,
    Threshold,
    Verdict,
    judged,
    verdict_of_chance,
)
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import CERTAINTY, Quantity
from remnant.core.reasons import Cause, Reason, first, joined, reason
from remnant.core.volumetry_report import StandardisedVolume

PREFIX = "flr."
PERHAPS = frozenset((Verdict.MET, Verdict.UNCERTAIN))
"""Verdicts of minima of which none is missed, and all are judged."""
BASES: Mapping[Basis, tuple[Basis, ...]] = {
    Basis.STANDARDISED_TLV: (Basis.STANDARDISED_TLV,),
    Basis.MEASURED_FUNCTIONAL_TLV: (Basis.MEASURED_FUNCTIONAL_TLV,),
    Basis.UNSPECIFIED: (Basis.STANDARDISED_TLV, Basis.MEASURED_FUNCTIONAL_TLV),
}
FOR_BACKGROUNDS: Mapping[Verdict, Cause] = {
    Verdict.MET: Cause.MET_FOR_BACKGROUNDS,
    Verdict.NOT_MET: Cause.NOT_MET_FOR_BACKGROUNDS,
    Verdict.UNCERTAIN: Cause.UNCERTAIN_FOR_BACKGROUNDS,
    Verdict.UNKNOWN: Cause.UNDECIDED_FOR_BACKGROUNDS,
}


def remnant_findings(
    remnant: Remnant,
    *,
    patient: Patient,
    standardised: StandardisedVolume,
    chemotherapy_weeks: float | None = None,
    certainty: float = CERTAINTY,
    compensation: Compensation = NOT_TOLD,
) -> tuple[Finding, ...]:
    """Hold a remnant against every FLR rule set.

    Parameters
    ----------
    remnant
        The remnant with its ratios; an absent ratio makes the verdicts on it ``UNKNOWN``.
    patient
        Its ``background`` chooses the minimum; an assumed body size is among the reasons.
    standardised
        The liver volume from body size that the remnant was held against; every finding that rests
        on it has its formula among the reasons.
    chemotherapy_weeks
        How long chemotherapy lasted; ``None`` when that was not said.
    certainty
        See `Threshold.judge`.
    compensation
        A decompensated liver has no minimum in any source: no evidence, whatever remains. A minimum
        for a compensated liver is ``UNKNOWN`` rather than met where nobody told.

    Returns
    -------
    tuple
        One finding ``flr.<rule set>`` per rule set, in their order, with the facts of the person
        that it read. ``value`` and ``threshold``
        are fractions of ``basis``; ``value`` is ``None`` where the ratio is absent or the rule set
        has no evidence for the background. On :attr:`Basis.UNSPECIFIED` it is the smaller of the
        two fractions, and ``quantities`` has both.
    """
    found = (
        remnant_finding(
            rule_set,
            remnant,
            background=patient.background,
            chemotherapy_weeks=chemotherapy_weeks,
            certainty=certainty,
            compensation=compensation,
        )
        for rule_set in REMNANT_RULE_SETS
    )
    return tuple(
        _with_facts(finding, rule_set, patient=patient, standardised=standardised)
        for rule_set, finding in zip(REMNANT_RULE_SETS, found, strict=True)
    )


def _with_facts(
    finding: Finding,
    rule_set: RemnantRuleSet,
    *,
    patient: Patient,
    standardised: StandardisedVolume,
) -> Finding:
    """Add the facts of the person that a verdict read, and how the body came in."""
    if is_decompensated(finding):
        return replace(finding, inputs=(DECOMPENSATED.name,))
    on_body = _rests_on_body_size(rule_set, patient.background)
    body = body_inputs(Basis.STANDARDISED_TLV, standardised) if on_body else ()
    reasons = _body_reasons(standardised, patient) if on_body else ()
    of_liver = _of_liver(rule_set, patient.background)
    read = (BACKGROUND, *of_liver, *_chemotherapy(rule_set, patient.background), *body)
    return replace(
        finding,
        inputs=tuple(one.name for one in read),
        # chemotherapy of unknown length is read as long: it leaves nothing open
        missing=(
            *finding.missing,
            *wanting((BACKGROUND, *body), patient, verdict=finding.verdict),
        ),
        reasons=joined(finding.reasons, reasons),
    )


def is_decompensated(finding: Finding) -> bool:
    """Tell whether a minimum was not judged because the liver is decompensated."""
    return first(finding.reasons, Cause.DECOMPENSATED) is not None


def _of_liver(rule_set: RemnantRuleSet, background: LiverBackground) -> tuple[Input, ...]:
    """Return the compensation of the liver where a rule set's minimum asks for it."""
    minimum = rule_set.minima.get(background)
    return (DECOMPENSATED,) if minimum is not None and minimum.compensated else ()


def _chemotherapy(rule_set: RemnantRuleSet, background: LiverBackground) -> tuple[Input, ...]:
    """Return the length of chemotherapy where a rule set asks for it in such a liver."""
    treated = background in (LiverBackground.NORMAL, LiverBackground.CHEMOTHERAPY)
    asks = any(minimum.over_weeks is not None for minimum in rule_set.minima.values())
    return (CHEMOTHERAPY_WEEKS,) if treated and asks else ()


def remnant_finding(
    rule_set: RemnantRuleSet,
    remnant: Remnant,
    *,
    background: LiverBackground,
    chemotherapy_weeks: float | None = None,
    certainty: float = CERTAINTY,
    compensation: Compensation = NOT_TOLD,
) -> Finding:
    """Hold a remnant against one rule set.

    With an unknown background the verdict is ``MET`` only where every minimum of the set is met
    and no fraction in use lies below 40 %, ``NOT_MET`` only where every minimum is missed,
    ``UNCERTAIN`` where the measurement error alone keeps it from being met, and ``UNKNOWN``
    otherwise. The probability is that of the verdict's own limit: 40 % where it is ``MET`` or
    ``UNCERTAIN``; none where it is ``UNKNOWN``.
    """
    if compensation.decompensated:
        return _no_evidence(rule_set, *compensation.against_minima)
    if background is LiverBackground.UNKNOWN:
        return _unknown_background(rule_set, remnant, certainty)
    weeks = () if chemotherapy_weeks is None else (chemotherapy_weeks,)
    chosen_by = reason(Cause.BACKGROUND, background.value, *weeks)
    minimum = rule_set.minimum(background, chemotherapy_weeks=chemotherapy_weeks)
    if minimum is None:
        return _no_evidence(rule_set, chosen_by)
    verdict = judge_minimum(minimum, remnant, certainty)
    found = _finding(rule_set, minimum, remnant, verdict=verdict, reasons=(chosen_by,))
    open_ = minimum.compensated and compensation.decompensated is None
    return _unless_compensated(found) if open_ else found


def _unless_compensated(finding: Finding) -> Finding:
    """Leave open what is met in a compensated liver only; what is missed there is missed."""
    if finding.verdict not in PERHAPS:
        return finding
    return replace(
        finding,
        verdict=Verdict.UNKNOWN,
        missing=(DECOMPENSATED.name,),
        probability=None,
        reasons=joined(finding.reasons, (reason(Cause.COMPENSATION_UNKNOWN),)),
    )


def judge_minimum(
    minimum: RemnantMinimum, remnant: Remnant, certainty: float = CERTAINTY
) -> Verdict:
    """Judge one minimum on its denominator, or on both where its source is not precise.

    On both, only agreement counts: met when both are met, not met when both are missed. Where one
    is met and the other uncertain, it is uncertain.
    """
    verdicts = {
        minimum.threshold.judge(quantity, certainty=certainty)
        for quantity in _fractions(minimum.threshold.basis, remnant)
    }
    if verdicts == {Verdict.MET}:
        return _met_on_all(minimum.threshold, remnant, certainty)
    if len(verdicts) == 1:
        return verdicts.pop()
    return Verdict.UNCERTAIN if verdicts == PERHAPS else Verdict.UNKNOWN


def _met_on_all(threshold: Threshold, remnant: Remnant, certainty: float) -> Verdict:
    """Ask of fractions that each reach a minimum whether all do at once, where that is drawn."""
    both = remnant.smaller_fraction
    if threshold.basis is not Basis.UNSPECIFIED or both is None:
        return Verdict.MET
    chance = threshold.probability(both)
    sure = chance is None or verdict_of_chance(chance, certainty=certainty) is Verdict.MET
    return Verdict.MET if sure else Verdict.UNCERTAIN


def _fractions(basis: Basis, remnant: Remnant) -> tuple[Quantity, ...]:
    by_basis = {
        Basis.STANDARDISED_TLV: remnant.sflr,
        Basis.MEASURED_FUNCTIONAL_TLV: remnant.flr_measured_fraction,
    }
    return tuple(by_basis[single] for single in BASES[basis])


def _most_cautious(quantities: Sequence[Quantity]) -> Quantity:
    """Return the smallest; where all are absent, the first with its reasons."""
    known = [quantity for quantity in quantities if quantity.value is not None]
    return min(known, key=lambda q: q.value or 0.0, default=quantities[0])


def _unknown_background(rule_set: RemnantRuleSet, remnant: Remnant, certainty: float) -> Finding:
    minima = sorted(dict.fromkeys(rule_set.minima.values()), key=lambda m: m.threshold.value)
    verdicts = {minimum: judge_minimum(minimum, remnant, certainty) for minimum in minima}
    verdict = _verdict_for_all(verdicts, remnant, certainty)
    decisive = minima[0] if verdict is Verdict.NOT_MET else minima[-1]
    finding = _finding(
        rule_set,
        decisive,
        remnant,
        verdict=verdict,
        reasons=(reason(Cause.BACKGROUND_UNKNOWN), *_by_background(rule_set, verdicts)),
    )
    if verdict is Verdict.NOT_MET:
        return finding
    known = verdict in PERHAPS
    return replace(finding, probability=_chance_of_floor(rule_set, remnant) if known else None)


def _chance_of_floor(rule_set: RemnantRuleSet, remnant: Remnant) -> float | None:
    """Return the probability that no fraction in use lies below 40 %."""
    bases = {b for m in rule_set.minima.values() for b in BASES[m.threshold.basis]}
    minimum = next(iter(rule_set.minima.values()))
    basis = bases.pop() if len(bases) == 1 else Basis.UNSPECIFIED
    floor = replace(minimum.threshold, value=UNKNOWN_BACKGROUND_MINIMUM, basis=basis)
    return _probability(replace(floor, comparison=Comparison.AT_LEAST), remnant)


def _verdict_for_all(
    verdicts: Mapping[RemnantMinimum, Verdict], remnant: Remnant, certainty: float
) -> Verdict:
    if set(verdicts.values()) == {Verdict.NOT_MET}:
        return Verdict.NOT_MET
    floors = (_strictest(minimum, remnant, certainty) for minimum in verdicts)
    found = {*verdicts.values(), *floors}
    if found == {Verdict.MET}:
        return Verdict.MET
    return Verdict.UNCERTAIN if found <= PERHAPS else Verdict.UNKNOWN


def _strictest(minimum: RemnantMinimum, remnant: Remnant, certainty: float) -> Verdict:
    floor: Threshold = replace(minimum.threshold, value=UNKNOWN_BACKGROUND_MINIMUM)
    return judge_minimum(replace(minimum, threshold=floor), remnant, certainty)


def _by_background(
    rule_set: RemnantRuleSet, verdicts: Mapping[RemnantMinimum, Verdict]
) -> Iterator[Reason]:
    """Say for which kinds of liver the minimum would be met, missed, or not judged."""
    for verdict, cause in FOR_BACKGROUNDS.items():
        kinds = [b.value for b, m in rule_set.minima.items() if verdicts[m] is verdict]
        if kinds:
            yield reason(cause, *kinds)


def _finding(
    rule_set: RemnantRuleSet,
    minimum: RemnantMinimum,
    remnant: Remnant,
    *,
    verdict: Verdict,
    reasons: tuple[Reason, ...],
) -> Finding:
    threshold = minimum.threshold
    fractions = tuple(judged(q) for q in _fractions(threshold.basis, remnant))
    return Finding(
        id=PREFIX + rule_set.id,
        verdict=verdict,
        quantity=_most_cautious(fractions),
        quantities=fractions if len(fractions) > 1 else (),
        threshold=threshold,
        reasons=reasons,
        source=threshold.source,
        status=minimum.status,
        probability=_probability(threshold, remnant),
    )


def _probability(threshold: Threshold, remnant: Remnant) -> float | None:
    """Probability that the minimum is reached; by both fractions where its basis is not said."""
    if threshold.basis is not Basis.UNSPECIFIED:
        (fraction,) = _fractions(threshold.basis, remnant)
        return threshold.probability(fraction)
    both = remnant.smaller_fraction
    return None if both is None else threshold.probability(both)


def _no_evidence(rule_set: RemnantRuleSet, *because: Reason) -> Finding:
    return Finding(
        id=PREFIX + rule_set.id,
        verdict=Verdict.NO_EVIDENCE,
        reasons=because,
        source=rule_set.source,
        status=SourceStatus.VERIFIED,
    )


def _body_reasons(standardised: StandardisedVolume, patient: Patient) -> tuple[Reason, ...]:
    if standardised.stlv_ml.value is None:
        return ()
    surface = (standardised.bsa_formula,) if standardised.bsa_formula else ()
    formula = reason(Cause.STANDARDISED_BY, standardised.formula, *surface)
    if patient.body_size_assumed:
        return formula, reason(Cause.BODY_SIZE_ASSUMED)
    return (formula,)


def _rests_on_body_size(rule_set: RemnantRuleSet, background: LiverBackground) -> bool:
    """Tell whether a verdict uses the standardised volume: any minimum, for no known background."""
    minima = rule_set.minima
    unknown = background is LiverBackground.UNKNOWN
    used = minima.values() if unknown else [m for b, m in minima.items() if b is background]
    return any(Basis.STANDARDISED_TLV in BASES[minimum.threshold.basis] for minimum in used)
