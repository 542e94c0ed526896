"""Whether a debulking share is within reach of one hepatectomy that leaves enough liver."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planning import wording
from planning.flr import PREFIX
from planning.rules import (
    DEBULKING_70_MACHAIRAS,
    DEBULKING_90_CLOYD,
    REMNANT_RULE_SETS,
    DebulkingRule,
)
from remnant.core.findings import Finding, Verdict
from remnant.core.plan import Resection

REACH_RULES = (DEBULKING_70_MACHAIRAS, DEBULKING_90_CLOYD)
RULE_SET_IDS = frozenset(PREFIX + rule_set.id for rule_set in REMNANT_RULE_SETS)
SCOPE = (
    "Only single hepatectomies of the list are looked at, not wedge resection, ablation or staged "
    "procedures."
)
NOTHING_ML = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    resection: Resection
    debulking: Verdict
    remnant: Verdict

    @property
    def both(self) -> Verdict:
        verdicts = {self.debulking, self.remnant}
        if Verdict.NOT_MET in verdicts:
            return Verdict.NOT_MET
        return Verdict.MET if verdicts == {Verdict.MET} else Verdict.UNKNOWN


def reach_findings(resections: Sequence[Resection]) -> tuple[Finding, ...]:
    """Judge each debulking rule over all resections that have a Brisbane name.

    A rule is ``MET`` where some named resection reaches its share and leaves a remnant that every
    FLR rule set with evidence accepts; ``NOT_MET`` where each either misses the share or leaves a
    remnant that all of them refuse; ``UNKNOWN`` where the rule sets disagree or something is
    missing. ``value`` is the debulked fraction of the resection that the text names. Empty without
    a named resection.
    """
    named = tuple(resection for resection in resections if resection.named)
    return tuple(_reach_finding(rule, named) for rule in REACH_RULES if named)


def _reach_finding(rule: DebulkingRule, resections: Sequence[Resection]) -> Finding:
    judged = tuple(_judge(resection, rule) for resection in resections)
    verdict = _any({j.both for j in judged})
    example = _example(judged, verdict)
    threshold = rule.threshold
    return Finding(
        id=rule.id.replace("debulking.", "debulking.reach.", 1),
        verdict=verdict,
        text=(
            f"{rule.title}: {wording.limit(threshold)} of the tumour load, with enough liver left. "
            f"{_text(example, verdict, rule)} {SCOPE}"
        ),
        value=example.resection.debulked_fraction.value,
        threshold=threshold.value,
        basis=threshold.basis,
        inclusive=threshold.inclusive,
        source=threshold.source,
        status=threshold.status,
    )


def _judge(resection: Resection, rule: DebulkingRule) -> _Judged:
    found = {finding.id: finding.verdict for finding in resection.findings}
    remnant = _all(found[identifier] for identifier in RULE_SET_IDS)
    return _Judged(resection=resection, debulking=found[rule.id], remnant=remnant)


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    distinct = set(verdicts) - {Verdict.NO_EVIDENCE}
    return distinct.pop() if len(distinct) == 1 else Verdict.UNKNOWN


def _any(verdicts: set[Verdict]) -> Verdict:
    order = (Verdict.MET, Verdict.UNKNOWN, Verdict.NOT_MET)
    return next(verdict for verdict in order if verdict in verdicts)


def _example(judged: Sequence[_Judged], verdict: Verdict) -> _Judged:
    """Choose whom to name: the largest remnant that reaches the share, else the largest share."""
    same = [j for j in judged if j.both is verdict]
    debulking = _any({j.debulking for j in same})
    alike = [j for j in same if j.debulking is debulking]
    if debulking is Verdict.MET:
        return max(alike, key=lambda j: _or_nothing(j.resection.remnant.flr_ml.value))
    return max(alike, key=lambda j: _or_nothing(j.resection.debulked_fraction.value))


def _or_nothing(value: float | None) -> float:
    return NOTHING_ML if value is None else value


def _text(example: _Judged, verdict: Verdict, rule: DebulkingRule) -> str:
    resection = example.resection
    if resection.debulked_fraction.value is None:
        return _text_without_share(verdict, resection)
    share = wording.measured(resection.debulked_fraction, beside=rule.threshold.value)
    would = f"{resection.title} would remove an estimated {share}"
    if example.debulking is Verdict.NOT_MET:
        return f"None of them would: {would}, the most of all."
    if verdict is Verdict.MET:
        return f"{would}, and every rule set with evidence accepts what would remain."
    if verdict is Verdict.NOT_MET:
        return f"{would}, but no rule set accepts what would remain."
    return f"{would}; what would remain is {_split(resection)}."


def _text_without_share(verdict: Verdict, resection: Resection) -> str:
    if verdict is Verdict.NOT_MET:
        return "None of them would reach it and leave a remnant that any rule set accepts."
    return f"It cannot be judged: {resection.debulked_fraction.reason}."


def _split(resection: Resection) -> str:
    words = {
        Verdict.MET: "accepted by",
        Verdict.NOT_MET: "refused by",
        Verdict.UNKNOWN: "not decided by",
    }
    titles = {PREFIX + rule_set.id: rule_set.title for rule_set in REMNANT_RULE_SETS}
    groups = (
        (
            text,
            [titles[f.id] for f in resection.findings if f.id in titles and f.verdict is verdict],
        )
        for verdict, text in words.items()
    )
    return "; ".join(f"{text} {wording.listed(group)}" for text, group in groups if group)
