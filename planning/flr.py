"""The future liver remnant held against every rule set, each on its own denominator."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from planning import wording
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
)
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause
from remnant.core.volumetry_report import StandardisedVolume
from volumetry.standardised import formula_label

MEASUREMENT_DECIMALS = 9
PREFIX = "flr."

BASIS_WORDS: Mapping[Basis, str] = {
    Basis.STANDARDISED_TLV: "the standardised volume",
    Basis.MEASURED_FUNCTIONAL_TLV: "the measured functional volume",
}
BASES: Mapping[Basis, tuple[Basis, ...]] = {
    Basis.STANDARDISED_TLV: (Basis.STANDARDISED_TLV,),
    Basis.MEASURED_FUNCTIONAL_TLV: (Basis.MEASURED_FUNCTIONAL_TLV,),
    Basis.UNSPECIFIED: (Basis.STANDARDISED_TLV, Basis.MEASURED_FUNCTIONAL_TLV),
}


def remnant_findings(
    remnant: Remnant,
    *,
    patient: Patient,
    standardised: StandardisedVolume,
    chemotherapy_weeks: float | None = None,
) -> tuple[Finding, ...]:
    """Hold a remnant against every FLR rule set.

    Parameters
    ----------
    remnant
        The remnant with its ratios; an absent ratio makes the verdicts on it ``UNKNOWN``.
    patient
        Its ``background`` chooses the minimum; an assumed body size is said in the texts.
    standardised
        The liver volume from body size that the remnant was held against; every text that rests on
        it names its formula.
    chemotherapy_weeks
        How long chemotherapy lasted; ``None`` when that was not said.

    Returns
    -------
    tuple
        One finding ``flr.<rule set>`` per rule set, in their order. ``value`` and ``threshold``
        are fractions of ``basis``; ``value`` is ``None`` where the ratio is absent or the rule set
        has no evidence for the background. On :attr:`Basis.UNSPECIFIED` it is the smaller of the
        two fractions.
    """
    remark, background = _body_remark(standardised, patient), patient.background
    return tuple(
        _with_remark(
            remnant_finding(
                rule_set, remnant, background=background, chemotherapy_weeks=chemotherapy_weeks
            ),
            remark if _rests_on_body_size(rule_set, background) else "",
        )
        for rule_set in REMNANT_RULE_SETS
    )


def remnant_finding(
    rule_set: RemnantRuleSet,
    remnant: Remnant,
    *,
    background: LiverBackground,
    chemotherapy_weeks: float | None = None,
) -> Finding:
    """Hold a remnant against one rule set.

    With an unknown background the verdict is ``MET`` only where every minimum of the set is met
    and no fraction in use lies below 40 %, ``NOT_MET`` only where every minimum is missed, and
    ``UNKNOWN`` otherwise. The probability is that of the verdict's own limit: 40 % where it is
    ``MET``; none where it is ``UNKNOWN``.
    """
    if background is LiverBackground.UNKNOWN:
        return _unknown_background(rule_set, remnant)
    minimum = rule_set.minimum(background, chemotherapy_weeks=chemotherapy_weeks)
    if minimum is None:
        return _no_evidence(rule_set, background)
    return _finding(rule_set, minimum, remnant, verdict=judge_minimum(minimum, remnant))


def judge_minimum(minimum: RemnantMinimum, remnant: Remnant) -> Verdict:
    """Judge one minimum on its denominator, or on both where its source is not precise.

    On both, only agreement counts: met when both are met, not met when both are missed.
    """
    verdicts = {
        minimum.threshold.judge(quantity)
        for quantity in _fractions(minimum.threshold.basis, remnant)
    }
    return verdicts.pop() if len(verdicts) == 1 else Verdict.UNKNOWN


def _fractions(basis: Basis, remnant: Remnant) -> tuple[Quantity, ...]:
    by_basis = {
        Basis.STANDARDISED_TLV: remnant.sflr,
        Basis.MEASURED_FUNCTIONAL_TLV: remnant.flr_measured_fraction,
    }
    return tuple(settled(by_basis[single]) for single in BASES[basis])


def settled(quantity: Quantity) -> Quantity:
    """Drop the noise of adding up floats: 0.7 in exact arithmetic must not miss "at least 0.7"."""
    if quantity.value is None:
        return quantity
    return replace(quantity, value=round(quantity.value, MEASUREMENT_DECIMALS))


def _most_cautious(quantities: Sequence[Quantity]) -> Quantity:
    """Return the smallest; where all are absent, the first with its reasons."""
    known = [quantity for quantity in quantities if quantity.value is not None]
    return judged(min(known, key=lambda q: q.value or 0.0, default=quantities[0]))


def _unknown_background(rule_set: RemnantRuleSet, remnant: Remnant) -> Finding:
    minima = sorted(dict.fromkeys(rule_set.minima.values()), key=lambda m: m.threshold.value)
    verdicts = {minimum: judge_minimum(minimum, remnant) for minimum in minima}
    verdict = _verdict_for_all(verdicts, remnant)
    decisive = minima[0] if verdict is Verdict.NOT_MET else minima[-1]
    finding = _finding(
        rule_set,
        decisive,
        remnant,
        verdict=verdict,
        remark=_background_remark(verdict, verdicts),
    )
    if verdict is Verdict.NOT_MET:
        return finding
    met = verdict is Verdict.MET
    return replace(finding, probability=_chance_of_floor(rule_set, remnant) if met else None)


def _chance_of_floor(rule_set: RemnantRuleSet, remnant: Remnant) -> float | None:
    """Return the probability that no fraction in use lies below 40 %."""
    bases = {b for m in rule_set.minima.values() for b in BASES[m.threshold.basis]}
    minimum = next(iter(rule_set.minima.values()))
    basis = bases.pop() if len(bases) == 1 else Basis.UNSPECIFIED
    floor = replace(minimum.threshold, value=UNKNOWN_BACKGROUND_MINIMUM, basis=basis)
    return _probability(replace(floor, comparison=Comparison.AT_LEAST), remnant)


def _verdict_for_all(verdicts: Mapping[RemnantMinimum, Verdict], remnant: Remnant) -> Verdict:
    if set(verdicts.values()) == {Verdict.NOT_MET}:
        return Verdict.NOT_MET
    floors = (_strictest(minimum, remnant) for minimum in verdicts)
    met = set(verdicts.values()) | set(floors) == {Verdict.MET}
    return Verdict.MET if met else Verdict.UNKNOWN


def _strictest(minimum: RemnantMinimum, remnant: Remnant) -> Verdict:
    floor: Threshold = replace(minimum.threshold, value=UNKNOWN_BACKGROUND_MINIMUM)
    return judge_minimum(replace(minimum, threshold=floor), remnant)


def _background_remark(verdict: Verdict, verdicts: Mapping[RemnantMinimum, Verdict]) -> str:
    if set(verdicts.values()) == {Verdict.UNKNOWN}:
        return "The liver background is not known."
    if verdict is not Verdict.UNKNOWN:
        return "The liver background is not known; here it would change nothing."
    intro = "Liver background not known:"
    if set(verdicts.values()) == {Verdict.MET}:
        return f"{intro} without it nothing below {100 * UNKNOWN_BACKGROUND_MINIMUM:g} % passes."
    return f"{intro} {_by_population(verdicts)}."


def _by_population(verdicts: Mapping[RemnantMinimum, Verdict]) -> str:
    words = {
        Verdict.MET: "met for",
        Verdict.NOT_MET: "not met for",
        Verdict.UNKNOWN: "undecided for",
    }
    groups = (
        (text, [m.population for m, found in verdicts.items() if found is verdict])
        for verdict, text in words.items()
    )
    return "; ".join(f"{text} {wording.listed(group)}" for text, group in groups if group)


def _finding(
    rule_set: RemnantRuleSet,
    minimum: RemnantMinimum,
    remnant: Remnant,
    *,
    verdict: Verdict,
    remark: str = "",
) -> Finding:
    threshold = minimum.threshold
    sentences = (
        _demand(rule_set, minimum),
        _remaining(threshold, remnant),
        remark or _disagreement(threshold, remnant),
        rule_set.remark,
    )
    return Finding(
        id=PREFIX + rule_set.id,
        verdict=verdict,
        prose=" ".join(sentence for sentence in sentences if sentence),
        quantity=_most_cautious(_fractions(threshold.basis, remnant)),
        threshold=threshold,
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


def _demand(rule_set: RemnantRuleSet, minimum: RemnantMinimum) -> str:
    basis = BASIS_WORDS.get(minimum.threshold.basis, "the liver volume")
    kind = "whatever the kind of liver" if rule_set.flat else f"for {minimum.population}"
    demand = f"{rule_set.title}: {wording.limit(minimum.threshold)} of {basis}, {kind}."
    if minimum.reading:
        asked = f"; {minimum.not_asked} was not asked" if minimum.not_asked else ""
        demand += f" That this liver counts as such is this project's reading{asked}."
    if minimum.threshold.basis is Basis.UNSPECIFIED:
        demand += " Of which liver volume is not said, so both are judged."
    return demand


def _remaining(threshold: Threshold, remnant: Remnant) -> str:
    fractions = _fractions(threshold.basis, remnant)
    reasons = dict.fromkeys(fraction.reason or "" for fraction in fractions)
    if all(fraction.value is None for fraction in fractions):
        return f"It cannot be judged: {'; '.join(reasons)}."
    pairs = zip(BASES[threshold.basis], fractions, strict=True)
    parts = (
        f"{wording.measured(fraction, beside=threshold.value)} of {BASIS_WORDS[basis]}"
        if fraction.value is not None
        else f"of {BASIS_WORDS[basis]} {wording.measured(fraction)}"
        for basis, fraction in pairs
    )
    because = wording.because(*fractions, said={Cause.BODY_SIZE_ASSUMED})
    return f"Estimated to remain: {wording.listed(parts)}.{because}"


def _disagreement(threshold: Threshold, remnant: Remnant) -> str:
    verdicts = {threshold.judge(q) for q in _fractions(threshold.basis, remnant)}
    both_ways = {Verdict.MET, Verdict.NOT_MET}
    return "The two disagree." if verdicts >= both_ways else ""


def _no_evidence(rule_set: RemnantRuleSet, background: LiverBackground) -> Finding:
    spared = rule_set.minima.get(background)
    short = "" if spared is None else f" of at most {spared.over_weeks:g} weeks"
    return Finding(
        id=PREFIX + rule_set.id,
        verdict=Verdict.NO_EVIDENCE,
        prose=(
            f"{rule_set.title}: no numeric minimum for {background}{short} was found in these "
            f"papers."
        ),
        source=rule_set.source,
        status=SourceStatus.VERIFIED,
    )


def _body_remark(standardised: StandardisedVolume, patient: Patient) -> str:
    if standardised.stlv_ml.value is None:
        return ""
    surface = f" with {standardised.bsa_formula}" if standardised.bsa_formula else ""
    remark = f" Standardised volume by {formula_label(standardised.formula)}{surface}."
    return f"{remark} The body size is assumed." if patient.body_size_assumed else remark


def _with_remark(finding: Finding, remark: str) -> Finding:
    return replace(finding, prose=finding.prose + remark)


def _rests_on_body_size(rule_set: RemnantRuleSet, background: LiverBackground) -> bool:
    """Tell whether a verdict uses the standardised volume: any minimum, for no known background."""
    minima = rule_set.minima
    unknown = background is LiverBackground.UNKNOWN
    used = minima.values() if unknown else [m for b, m in minima.items() if b is background]
    return any(Basis.STANDARDISED_TLV in BASES[minimum.threshold.basis] for minimum in used)
