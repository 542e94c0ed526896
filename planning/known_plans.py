"""What plans and targets say about what can be removed, as facts for conditions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from planning.contiguity import CONTIGUITY_ID
from planning.criteria import Known, ShareRange
from planning.locks import without_proofs
from remnant.core.debulking import DebulkingPlan, Fate, PlanOrigin, TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import reasons_of

ALL = 1.0
CLOYD_SHARE = 0.90
CLOYD_FLR, MACHAIRAS_FLR = "flr.cloyd2020", "flr.machairas2021_30"
DECIMALS = 9
NO_PLAN = "no plan was made"
NOT_JUDGED = "whether enough liver would remain is not known"
NOT_PROVEN = "a plan that debulks more may exist"
CUT_SCAN = "the scan cuts the liver: more may lie outside"
NO_MARGIN = "the planned margin is 0 mm"
TRUTH = {Verdict.MET: True, Verdict.NOT_MET: False}
WITH_MARGIN = frozenset((Fate.WITH_SEGMENTS, Fate.WEDGE))

Decided = bool | Quantity | None
"""A truth value; absent with the reason, or ``None``, where it is not decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Plans and targets, and what takes from them as proofs.

    Parameters
    ----------
    plans, targets
        What the planner found.
    limits
        Limits that the user chose, in words; with any, nothing is proven out of reach.
    cut
        Whether the scan cuts the liver: then nothing is proven either.
    margin_mm
        Margin of resected lesions; ``None`` where it is not known.
    """

    plans: Sequence[DebulkingPlan] = field(default=())
    targets: Sequence[TargetOutcome] = field(default=())
    limits: str = ""
    cut: bool = False
    margin_mm: float | None = None

    @property
    def proves(self) -> bool:
        """Whether what is out of reach of the plans is out of reach."""
        return not self.limits and not self.cut

    @property
    def reason(self) -> str | None:
        """Why nothing is proven out of reach."""
        if self.cut:
            return CUT_SCAN
        return f"the chosen limits forbid more: {self.limits}" if self.limits else None


def plan_facts(evidence: Evidence) -> Known:
    """Say what feasible plans reach; without plans and targets all is unknown.

    A plan that was found proves that a share can be reached; that none can is said only where a
    target says so, nobody tightened the limits and the scan holds the whole liver.
    """
    if not evidence.proves:
        evidence = replace(evidence, targets=without_proofs(evidence.targets))
    found: dict[str, Decided] = {
        "clearance_feasible": _clearance(evidence),
        "r0_feasible": _r0(evidence),
        "flr_by_cloyd": _accepted(evidence, CLOYD_FLR, share=CLOYD_SHARE, inclusive=False),
        "contiguous_by_cloyd": _contiguous(evidence),
        "flr_by_machairas": _accepted(evidence, MACHAIRAS_FLR, share=ALL, inclusive=True),
    }
    return {
        "debulkable_fraction": debulkable_fraction(evidence),
        **{name: _with_reason(value, evidence) for name, value in found.items()},
    }


def _with_reason(value: Decided, evidence: Evidence) -> Decided:
    if value is None and evidence.reason and (evidence.plans or evidence.targets):
        return Quantity.absent(evidence.reason)
    return value


def debulkable_fraction(evidence: Evidence) -> Quantity | ShareRange:
    """Return the largest share of the tumour volume that a feasible plan debulks, in [0, 1].

    The best feasible plan bounds it from below. What targets prove bounds it from above: the most
    that any plan debulks, and each target that no feasible plan reaches, which it lies below. Exact
    only where both meet. In a cut liver a share is that of the scanned part, and indicative.
    """
    feasible = [plan.result.debulked_fraction for plan in evidence.plans if _feasible(plan)]
    best = max(feasible, key=_value, default=None)
    ceiling = _ceiling(evidence.targets)
    if best is None:
        reason = evidence.reason or (NOT_JUDGED if evidence.plans else NO_PLAN)
        return replace(ceiling, reason=reason) if ceiling else Quantity.absent(reason)
    if best.value is None or best.indicative:
        return best
    if best.bound is Bound.UPPER:
        return replace(best, bound=None, indicative=True)
    return _between(best, round(best.value, DECIMALS), ceiling, evidence)


def _between(
    best: Quantity, least: float, ceiling: ShareRange | None, evidence: Evidence
) -> Quantity | ShareRange:
    reason = evidence.reason or best.reason or NOT_PROVEN
    exact = ceiling is not None and least == ceiling.most and not ceiling.below
    if least >= ALL or exact:
        return best
    if ceiling is None or least >= ceiling.most:
        return replace(best, bound=Bound.LOWER, reasons=reasons_of(reason))
    return replace(ceiling, least=least, reason=reason)


def _ceiling(targets: Iterable[TargetOutcome]) -> ShareRange | None:
    """Return the lowest share that is proven not to be exceeded; ``None`` where it is all."""
    missed = (_below(t.target) for t in targets if t.verdict is Verdict.NOT_MET)
    reached = (_at_most(t.most_debulked_fraction) for t in targets if t.proven)
    lowest = min((*missed, *reached), key=lambda share: share.ends[1], default=None)
    return None if lowest is None or lowest.ends[1] >= ALL else lowest


def _below(share: float) -> ShareRange:
    return ShareRange(least=0.0, most=share, below=True, reason=NOT_PROVEN)


def _at_most(share: float) -> ShareRange:
    return ShareRange(least=0.0, most=round(share, DECIMALS), reason=NOT_PROVEN)


def _clearance(evidence: Evidence) -> Decided:
    if any(_feasible(plan) and _sure_share(plan) >= ALL for plan in evidence.plans):
        return True
    return TRUTH.get(_complete(evidence.targets))


def _r0(evidence: Evidence) -> Decided:
    """All lesions resected with a margin, none ablated; plans that ablate do not exclude that."""
    if any(_resects_all(plan) for plan in evidence.plans if _feasible(plan)):
        return Quantity.absent(NO_MARGIN) if evidence.margin_mm == 0.0 else True
    return False if _complete(evidence.targets) is Verdict.NOT_MET else None


def _resects_all(plan: DebulkingPlan) -> bool:
    return _sure_share(plan) >= ALL and set(plan.result.fates.values()) <= WITH_MARGIN


def _accepted(evidence: Evidence, finding: str, *, share: float, inclusive: bool) -> Decided:
    """Whether some plan of such a share meets a rule on the remnant.

    Not met only where all miss it, among them a proven plan for this share or a smaller one: it
    leaves the most liver, so that what it misses every plan misses.
    """
    able = _able(evidence.plans, share=share, inclusive=inclusive)
    verdicts = {v for plan in able for v in _verdicts(plan, finding)}
    if Verdict.MET in verdicts:
        return True
    proven = any(plan.proven and min(plan.targets, default=ALL) <= share for plan in able)
    return False if verdicts == {Verdict.NOT_MET} and proven and evidence.proves else None


def _contiguous(evidence: Evidence) -> Decided:
    """Whether some plan over 90 % keeps neighbouring segments; vessels are asked for apart."""
    found = (
        finding
        for plan in _able(evidence.plans, share=CLOYD_SHARE, inclusive=False)
        for finding in plan.findings
        if finding.id == CONTIGUITY_ID
    )
    return True if any(f.verdict is not Verdict.NOT_MET for f in found) else None


def _able(
    plans: Sequence[DebulkingPlan], *, share: float, inclusive: bool
) -> tuple[DebulkingPlan, ...]:
    """Plans that surely debulk so much; a user's infeasible plan is no evidence."""
    sound = (
        p for p in plans if p.origin is PlanOrigin.OPTIMISER or p.feasible is not Verdict.NOT_MET
    )
    shares = ((plan, _sure_share(plan)) for plan in sound)
    return tuple(p for p, found in shares if found > share or (inclusive and found == share))


def _verdicts(plan: DebulkingPlan, finding: str) -> Iterable[Verdict]:
    return (found.verdict for found in plan.findings if found.id == finding)


def _complete(targets: Sequence[TargetOutcome]) -> Verdict:
    found = (outcome.verdict for outcome in targets if outcome.target == ALL)
    return next(found, Verdict.UNKNOWN)


def _feasible(plan: DebulkingPlan) -> bool:
    return plan.feasible is Verdict.MET


def _sure_share(plan: DebulkingPlan) -> float:
    """Return a share that is surely debulked; 0 where it is only known to be at most so much."""
    debulked = plan.result.debulked_fraction
    loose = debulked.indicative or debulked.bound is Bound.UPPER
    return 0.0 if loose else round(_value(debulked), DECIMALS)


def _value(quantity: Quantity) -> float:
    return 0.0 if quantity.value is None else quantity.value
