"""Findings on what would remain in words: minima of the remnant, formulas, kept segments."""

from collections.abc import Iterator, Mapping
from typing import Final

from planning.remnant.contiguity import CONTIGUITY_ID
from planning.remnant.minima import BASES, FOR_BACKGROUNDS, PREFIX, is_decompensated
from planning.rules.flr import FURTHER_MINIMA, FurtherMinimum
from planning.rules.remnant import (
    RULE_SETS,
    UNKNOWN_BACKGROUND_MINIMUM,
    RemnantMinimum,
    RemnantRuleSet,
)
from remnant.core.findings import Basis, Finding, Threshold, Verdict
from remnant.core.patient import LiverBackground
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, first, joined
from remnant.core.units import percent_from_fraction
from remnant.wording import reasons
from remnant.wording.kinds import nothing
from remnant.wording.language import localised, message, say, spoken
from remnant.wording.measures import because, judged_quantity, measured
from remnant.wording.numbers import sentence
from remnant.wording.phrases import at_least, limit, listed, roughly, share
from remnant.wording.remnant_causes import formula, named_segments
from remnant.wording.vessel_cuts import computed_sentence
from remnant.wording.words import BASIS_WORDS
from volumetry.standardised.expected_volume import formula_label

FURTHER: Final[Mapping[str, FurtherMinimum]] = {minimum.id: minimum for minimum in FURTHER_MINIMA}
FRACTIONS: Final = (Basis.STANDARDISED_TLV, Basis.MEASURED_FUNCTIONAL_TLV)
DECIMALS: Final[Mapping[Basis, int]] = {Basis.BODY_WEIGHT: 2, Basis.BODY_SURFACE_AREA: 0}
MORE_DECIMALS: Final = 7
FOR: Final[Mapping[Verdict, str]] = spoken(
    {
        Verdict.MET: "met for",
        Verdict.NOT_MET: "not met for",
        Verdict.UNCERTAIN: "uncertain for",
        Verdict.UNKNOWN: "undecided for",
    }
)
ASSUMED: Final = message("The body size is assumed.")
CONTIGUITY_STATEMENT: Final = message(
    "Cloyd 2020: at least two contiguous segments with venous outflow, arterial and portal inflow "
    "and biliary drainage."
)


def minimum_text(finding: Finding) -> str:
    """Write a verdict on the minimum of a rule set: its demand, what remains, and the doubts."""
    rule_set, minimum = RULE_SETS[finding.id.removeprefix(PREFIX)], applied_minimum(finding)
    if minimum is None:
        return _sentences(_no_evidence(rule_set, finding), body_size(finding))
    return _sentences(
        demand(rule_set, minimum),
        remaining(finding),
        background_doubt(finding, rule_set) or _both_disagree(finding),
        say(rule_set.remark),
        body_size(finding),
        formulas_apart(finding),
    )


def applied_minimum(finding: Finding) -> RemnantMinimum | None:
    """Return the minimum that a finding was judged by, ``None`` where there is no evidence."""
    rule_set = RULE_SETS[finding.id.removeprefix(PREFIX)]
    if is_decompensated(finding):
        return None
    chosen_by = first(finding.reasons, Cause.BACKGROUND)
    if chosen_by is None:
        return next(m for m in rule_set.minima.values() if m.threshold == finding.threshold)
    return rule_set.minimum(
        LiverBackground(chosen_by.names[0]),
        chemotherapy_weeks=next(iter(chosen_by.amounts), None),
    )


def demand(rule_set: RemnantRuleSet, minimum: RemnantMinimum) -> str:
    """Write what a rule set asks for, in whom, and what this project reads into it."""
    both = minimum.threshold.basis is Basis.UNSPECIFIED
    basis = say("the liver volume") if both else _the(minimum.threshold.basis)
    kind = (
        say("whatever the kind of liver")
        if rule_set.flat
        else say("for {population}", population=say(minimum.population))
    )
    return _sentences(
        say(
            "{rule_set_title}: {limit} of {basis}, {kind}.",
            rule_set_title=say(rule_set.title),
            limit=limit(minimum.threshold),
            basis=basis,
            kind=kind,
        ),
        _reading(minimum),
        say("Of which liver volume is not said, so both are judged.") if both else "",
    )


def remaining(finding: Finding) -> str:
    """Write what is estimated to remain, of each denominator in use, or why it is not known."""
    fractions = tuple(_fractions(finding))
    if all(fraction.value is None for _, fraction in fractions):
        missing = joined(*(fraction.reasons for _, fraction in fractions))
        return say("It cannot be judged: {missing}.", missing=reasons.listed(missing))
    parts = (
        say("of {the} {measured}", the=_the(basis), measured=measured(fraction))
        if fraction.value is None
        else say(
            "{measured} of {the}",
            measured=measured(fraction, beside=finding.limit),
            the=_the(basis),
        )
        for basis, fraction in fractions
    )
    doubts = because(*(q for _, q in fractions), besides={Cause.BODY_SIZE_ASSUMED})
    return say("Estimated to remain: {parts}.{doubts}", parts=listed(parts), doubts=doubts)


def background_doubt(finding: Finding, rule_set: RemnantRuleSet) -> str:
    """Write what an unknown kind or state of the liver leaves open; empty where both are known."""
    if first(finding.reasons, Cause.COMPENSATION_UNKNOWN) is not None:
        return say("Whether this liver is compensated was not told.")
    if first(finding.reasons, Cause.BACKGROUND_UNKNOWN) is None:
        return ""
    kinds = {v: first(finding.reasons, cause) for v, cause in FOR_BACKGROUNDS.items()}
    found = {verdict: kind for verdict, kind in kinds.items() if kind is not None}
    if set(found) == {Verdict.UNKNOWN}:
        return say("The liver background is not known.")
    if finding.verdict is not Verdict.UNKNOWN:
        return say("The liver background is not known; here it would change nothing.")
    if set(found) == {Verdict.MET}:
        floor = percent_from_fraction(UNKNOWN_BACKGROUND_MINIMUM)
        return say(
            "Liver background not known: without it nothing below {floor:g} % passes.", floor=floor
        )
    groups = (f"{FOR[verdict]} {_populations(kind, rule_set)}" for verdict, kind in found.items())
    return say("Liver background not known: {groups}.", groups="; ".join(groups))


def body_size(finding: Finding) -> str:
    """Write by which formula the standardised volume was found, and that the body is assumed."""
    chosen = first(finding.reasons, Cause.STANDARDISED_BY)
    if chosen is None:
        return ""
    return _sentences(
        say("Standardised volume by {formula}.", formula=formula(chosen)), _assumed(finding)
    )


def formulas_apart(finding: Finding) -> str:
    """Write which formulas lie on two sides of the minimum; empty where all lie on one."""
    apart = first(finding.reasons, Cause.FORMULAS_DISAGREE)
    if apart is None:
        return ""
    ends = (
        f"{share(ratio, beside=finding.limit)} ({name})"
        for ratio, name in zip(apart.amounts, apart.names, strict=True)
    )
    return say(
        "Verified formulas disagree about this minimum: {ends}.", ends=say(" to ").join(ends)
    )


def further_text(finding: Finding) -> str:
    """Write a verdict on a minimum that decides nothing, with whom it was found in."""
    minimum = FURTHER[finding.id]
    threshold, quantity = minimum.threshold, judged_quantity(finding)
    unknown = first(finding.reasons, Cause.BACKGROUND_UNKNOWN)
    return _sentences(
        f"{say(minimum.title)}: {_further_limit(threshold)}.",
        say("Found in: {population}.", population=say(minimum.population)),
        say(
            "Estimated to remain: {amount}.{because}",
            amount=_amount(quantity, threshold),
            because=because(quantity),
        ),
        say(minimum.remark),
        "" if unknown is None else f"{sentence(reasons.words(unknown))}.",
    )


def sensitivity_text(finding: Finding) -> str:
    """Write what other formulas give for this body, and what they would make of an sFLR."""
    volumes = finding.reasons[0]
    low_ml, high_ml, chosen_ml = volumes.amounts
    low, high, chosen = volumes.names
    return _sentences(
        say(
            "Standardised volume by other verified formulas: {low_ml:.0f} to {high_ml:.0f} mL "
            "({low}, {high}); the chosen {formula_label} gives {chosen_ml:.0f} mL, so the same "
            "remnant would read {least_times:.2f} to {most_times:.2f} times its share of the "
            "standardised volume.",
            low_ml=low_ml,
            high_ml=high_ml,
            low=low,
            high=high,
            formula_label=formula_label(chosen),
            chosen_ml=chosen_ml,
            least_times=chosen_ml / high_ml,
            most_times=chosen_ml / low_ml,
        ),
        _assumed(finding),
    )


def contiguity_text(finding: Finding) -> str:
    """Write which segments would stay and whether two of them border on each other."""
    kept = first(finding.reasons, Cause.SEGMENTS_KEPT)
    names = "" if kept is None else named_segments(kept)
    found = (
        say("no two of them border on each other.")
        if finding.verdict is Verdict.NOT_MET
        else say(
            "two or more of them border on each other. Their vessels and bile ducts were not "
            "assessed."
        )
    )
    return _sentences(
        say(
            "{contiguity_statement} Segments that would stay: {names}; {found}",
            contiguity_statement=say(CONTIGUITY_STATEMENT),
            names=names or say("none"),
            found=found,
        ),
        computed_sentence(finding.reasons),
    )


def _sentences(*several: str) -> str:
    return " ".join(one for one in several if one)


def _the(basis: Basis) -> str:
    return say("the {basis_words}", basis_words=BASIS_WORDS[basis])


def _fractions(finding: Finding) -> Iterator[tuple[Basis, Quantity]]:
    """Return each denominator in use with the fraction of it that would remain."""
    fractions = finding.quantities or (judged_quantity(finding),)
    yield from zip(BASES[finding.basis or Basis.UNSPECIFIED], fractions, strict=True)


def _reading(minimum: RemnantMinimum) -> str:
    if not minimum.reading:
        return ""
    left_open = (
        say("; {not_asked} was not asked", not_asked=say(minimum.not_asked))
        if minimum.not_asked
        else ""
    )
    return say(
        "That this liver counts as such is this project's reading{left_open}.", left_open=left_open
    )


def _both_disagree(finding: Finding) -> str:
    if finding.threshold is None:
        return ""
    verdicts = {finding.threshold.judge(fraction) for _, fraction in _fractions(finding)}
    return say("The two disagree.") if verdicts >= {Verdict.MET, Verdict.NOT_MET} else ""


def _populations(kinds: Reason, rule_set: RemnantRuleSet) -> str:
    minima = (rule_set.minima[LiverBackground(kind)] for kind in kinds.names)
    return listed(dict.fromkeys(say(minimum.population) for minimum in minima))


def _no_evidence(rule_set: RemnantRuleSet, finding: Finding) -> str:
    decompensated = first(finding.reasons, Cause.DECOMPENSATED)
    if decompensated is not None:
        return f"{say(rule_set.title)}: {reasons.words(decompensated)}."
    chosen_by = first(finding.reasons, Cause.BACKGROUND)
    background = LiverBackground(chosen_by.names[0] if chosen_by else LiverBackground.UNKNOWN)
    spared = rule_set.minima.get(background)
    short = (
        ""
        if spared is None
        else say(" of at most {over_weeks:g} weeks", over_weeks=spared.over_weeks)
    )
    return say(
        "{rule_set_title}: no numeric minimum for {background}{short} was found in these papers.",
        rule_set_title=say(rule_set.title),
        background=background,
        short=short,
    )


def _assumed(finding: Finding) -> str:
    assumed = first(finding.reasons, Cause.BODY_SIZE_ASSUMED)
    return "" if assumed is None else say(ASSUMED)


def _further_limit(threshold: Threshold) -> str:
    if threshold.basis in FRACTIONS:
        return say("{limit} of {the}", limit=limit(threshold), the=_the(threshold.basis))
    return say(
        "{at_least} {threshold:g} {unit}",
        at_least=at_least(threshold),
        threshold=threshold.value,
        unit=_unit(threshold.basis),
    )


def _unit(basis: Basis) -> str:
    return say("% of body weight") if basis is Basis.BODY_WEIGHT else "mL/m²"


def _amount(quantity: Quantity, threshold: Threshold) -> str:
    if threshold.basis in FRACTIONS:
        return measured(quantity, beside=threshold.value)
    return f"{roughly(quantity)}{_number(quantity, threshold)} {_unit(threshold.basis)}"


def _number(quantity: Quantity, threshold: Threshold) -> str:
    """Write with as many decimals as keep the value's side of the limit."""
    value, fewest = quantity.value or 0.0, DECIMALS[threshold.basis]
    texts = [f"{value:.{decimals}f}" for decimals in range(fewest, fewest + MORE_DECIMALS)]
    same = (t for t in texts if (float(t) < threshold.value) == (value < threshold.value))
    return localised(next(same, texts[-1]))


def minimum_words(finding: Finding) -> str:
    """Write what a rule set asks for, whatever the case."""
    rule_set, minimum = RULE_SETS[finding.id.removeprefix(PREFIX)], applied_minimum(finding)
    if minimum is None:
        return _no_evidence(rule_set, finding)
    return _sentences(demand(rule_set, minimum), say(rule_set.remark))


def minimum_doubts(finding: Finding) -> str:
    """Write what stands against the verdict, beside the quantity and the reasons of a finding."""
    rule_set = RULE_SETS[finding.id.removeprefix(PREFIX)]
    if applied_minimum(finding) is None:
        return ""
    doubt = background_doubt(finding, rule_set) or _both_disagree(finding)
    return _sentences(doubt, formulas_apart(finding))


def further_words(finding: Finding) -> str:
    """Write a minimum that decides nothing, with whom it was found in."""
    minimum = FURTHER[finding.id]
    return _sentences(
        f"{say(minimum.title)}: {_further_limit(minimum.threshold)}.",
        say("Found in: {population}.", population=say(minimum.population)),
        say(minimum.remark),
    )


def contiguity_here(finding: Finding) -> str:
    """Write what computed vessels show of the kept segments; empty without any."""
    return computed_sentence(finding.reasons)


def contiguity_words(finding: Finding) -> str:  # noqa: ARG001  # every part is written alike
    """Write what the source asks of the kept segments."""
    return say(CONTIGUITY_STATEMENT)


WRITERS: Final = {
    **{PREFIX + identifier: minimum_text for identifier in RULE_SETS},
    "flr.further.": further_text,
    CONTIGUITY_ID: contiguity_text,
    "sflr.formula_sensitivity": sensitivity_text,
}

PARTS: Final = {
    **{PREFIX + identifier: (minimum_words, minimum_doubts) for identifier in RULE_SETS},
    "flr.further.": (further_words, nothing),
    CONTIGUITY_ID: (contiguity_words, contiguity_here),
}
