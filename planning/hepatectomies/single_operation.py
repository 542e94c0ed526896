"""Whether a debulking share is within reach of one hepatectomy that leaves enough liver."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planning.criteria.conditions import all_of
from planning.remnant.contiguity import CONTIGUITY_ID
from planning.remnant.minima import PERHAPS, PREFIX
from planning.rules.remnant import (
    CLOYD,
    DEBULKING_70_MACHAIRAS,
    DEBULKING_90_CLOYD,
    RULE_SETS,
    DebulkingRule,
)
from remnant.core import findings
from remnant.core.findings import Finding, Verdict
from remnant.core.plan import Resection
from remnant.core.reasons import Cause, Reason, reason

REACH_RULES: Mapping[str, DebulkingRule] = {
    "debulking.reach.70.machairas2021": DEBULKING_70_MACHAIRAS,
    "debulking.reach.90.cloyd2020": DEBULKING_90_CLOYD,
}
VERDICT_CAUSES: Mapping[Verdict, Cause] = {
    Verdict.MET: Cause.ACCEPTED_BY,
    Verdict.NOT_MET: Cause.REFUSED_BY,
    Verdict.UNCERTAIN: Cause.UNCERTAIN_BY,
    Verdict.UNKNOWN: Cause.NOT_DECIDED_BY,
}
CONDITIONS = {PREFIX + CLOYD.id: CONTIGUITY_ID}
"""Rule sets whose source refuses a remnant on a further finding, and that finding."""
NOTHING_ML = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    resection: Resection
    debulking: Verdict
    by_rule_set: Mapping[str, Verdict]

    @property
    def remnant(self) -> Verdict:
        distinct = set(self.by_rule_set.values()) - {Verdict.NO_EVIDENCE}
        if len(distinct) == 1:
            return distinct.pop()
        return Verdict.UNCERTAIN if distinct == PERHAPS else Verdict.UNKNOWN

    @property
    def accepted(self) -> int:
        return list(self.by_rule_set.values()).count(Verdict.MET)

    @property
    def both(self) -> Verdict:
        together = all_of((self.debulking, self.remnant))
        unjudged = self.debulking is Verdict.UNKNOWN and together is not Verdict.NOT_MET
        return Verdict.UNKNOWN if unjudged else together


def reach_findings(resections: Sequence[Resection]) -> tuple[Finding, ...]:
    """Judge each debulking rule over all resections that have a Brisbane name.

    A rule is ``MET`` where some named resection reaches its share and leaves a remnant that every
    FLR rule set with evidence accepts; ``NOT_MET`` where each either misses the share or leaves a
    remnant that all of them refuse; ``UNCERTAIN`` where the measurement error alone decides it;
    ``UNKNOWN`` where the rule sets disagree or something is missing. Cloyd's refuses a remnant
    without two contiguous segments; whether these keep vessels and bile drainage is judged
    nowhere. ``value`` is the debulked fraction of the resection that stands for all, which is among
    the reasons. Empty without a named resection.
    """
    named = tuple(resection for resection in resections if resection.named)
    if not named:
        return ()
    return tuple(_reach_finding(identifier, named) for identifier in REACH_RULES)


def _reach_finding(identifier: str, resections: Sequence[Resection]) -> Finding:
    rule = REACH_RULES[identifier]
    judged = tuple(_judge(resection, rule) for resection in resections)
    verdict = _any({j.both for j in judged})
    threshold = rule.threshold
    example = _example(judged, verdict, threshold.value)
    return Finding(
        id=identifier,
        verdict=verdict,
        quantity=findings.judged(example.resection.debulked_fraction),
        threshold=threshold,
        reasons=(_named(example.resection), *_by_rule_set(example)),
        source=threshold.source,
        status=threshold.status,
    )


def _judge(resection: Resection, rule: DebulkingRule) -> _Judged:
    found = {finding.id: finding.verdict for finding in resection.findings}
    by_rule_set = {name: _with_condition(PREFIX + name, found) for name in RULE_SETS}
    return _Judged(resection=resection, debulking=found[rule.id], by_rule_set=by_rule_set)


def _with_condition(identifier: str, found: Mapping[str, Verdict]) -> Verdict:
    refused = found.get(CONDITIONS.get(identifier, identifier)) is Verdict.NOT_MET
    return Verdict.NOT_MET if refused else found[identifier]


def _any(verdicts: set[Verdict]) -> Verdict:
    order = (Verdict.MET, Verdict.UNCERTAIN, Verdict.UNKNOWN, Verdict.NOT_MET)
    return next(verdict for verdict in order if verdict in verdicts)


def _example(judged: Sequence[_Judged], verdict: Verdict, limit: float) -> _Judged:
    """Choose whom to name; the first of the list among equals.

    Undecided: of those whose share as measured reaches the limit, those that most rule sets
    accept, and of these the largest share. Else the largest remnant that reaches the share. Where
    none reaches it: the largest share.
    """
    same = [j for j in judged if j.both is verdict]
    debulking = _any({j.debulking for j in same})
    alike = [j for j in same if j.debulking is debulking]
    if verdict in (Verdict.UNKNOWN, Verdict.UNCERTAIN):
        reaching = [j for j in alike if _share(j) >= limit]
        if reaching or all(j.resection.debulked_fraction.value is None for j in alike):
            return max(reaching or alike, key=_undecided_rank)
    if debulking is Verdict.MET:
        return max(alike, key=lambda j: _or_nothing(j.resection.remnant.flr_ml.value))
    return max(alike, key=_share)


def _share(judged: _Judged) -> float:
    return _or_nothing(judged.resection.debulked_fraction.value)


def _undecided_rank(judged: _Judged) -> tuple[int, float, float]:
    flr_ml = judged.resection.remnant.flr_ml.value
    return judged.accepted, _share(judged), _or_nothing(flr_ml)


def _or_nothing(value: float | None) -> float:
    return NOTHING_ML if value is None else value


def _named(resection: Resection) -> Reason:
    return reason(Cause.EXAMPLE, resection.name, *(segment.name for segment in resection.segments))


def _by_rule_set(example: _Judged) -> Iterator[Reason]:
    for verdict, cause in VERDICT_CAUSES.items():
        names = [name for name, found in example.by_rule_set.items() if found is verdict]
        if names:
            yield reason(cause, *names)
