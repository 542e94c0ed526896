"""What plans and targets say about what can be removed, as facts for conditions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from planning.contiguity import CONTIGUITY_ID
from planning.criteria import Known
from remnant.core.debulking import DebulkingPlan, Fate, TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.quantity import Bound, Quantity

ALL = 1.0
CLOYD_SHARE = 0.90
CLOYD_FLR, MACHAIRAS_FLR = "flr.cloyd2020", "flr.machairas2021_30"
DECIMALS = 9
NO_PLAN = "no plan was made"
NOT_JUDGED = "whether enough liver would remain is not known"
NOT_PROVEN = "a plan that debulks more may exist"
TRUTH = {Verdict.MET: True, Verdict.NOT_MET: False}
WITH_MARGIN = frozenset((Fate.WITH_SEGMENTS, Fate.WEDGE))


def plan_facts(plans: Sequence[DebulkingPlan], targets: Sequence[TargetOutcome]) -> Known:
    """Say what feasible plans reach; without plans and targets all is unknown.

    A plan that was found proves that a share can be reached; that none can is said only where a
    target says so.
    """
    complete = _outcome(targets, ALL)
    return {
        "debulkable_fraction": debulkable_fraction(plans, targets),
        "clearance_feasible": _clearance(plans, complete),
        "r0_feasible": _r0(plans, complete),
        "flr_by_cloyd": _accepted(plans, CLOYD_FLR, share=CLOYD_SHARE, inclusive=False),
        "contiguous_by_cloyd": _contiguous(plans),
        "flr_by_machairas": _accepted(plans, MACHAIRAS_FLR, share=ALL, inclusive=True),
    }


def debulkable_fraction(
    plans: Sequence[DebulkingPlan], targets: Sequence[TargetOutcome]
) -> Quantity:
    """Return the largest share of the tumour volume that a feasible plan debulks, in [0, 1].

    A lower bound unless a target proves that no more can be reached: then the largest share is
    known to lie below that target.
    """
    feasible = [plan for plan in plans if plan.feasible is Verdict.MET]
    if not feasible:
        return Quantity.absent(NOT_JUDGED if plans else NO_PLAN)
    best = max((plan.result.debulked_fraction for plan in feasible), key=_value)
    if best.value is None or best.indicative or best.bound is not None or best.value >= ALL:
        return best
    missed = [t.target for t in targets if t.verdict is Verdict.NOT_MET]
    if any(best.value < target for target in missed):
        return best
    return replace(best, bound=Bound.LOWER, reason=best.reason or NOT_PROVEN)


def _clearance(plans: Sequence[DebulkingPlan], complete: Verdict) -> bool | None:
    if any(_feasible(plan) and _share(plan) >= ALL for plan in plans):
        return True
    return TRUTH.get(complete)


def _r0(plans: Sequence[DebulkingPlan], complete: Verdict) -> bool | None:
    """All lesions resected, none ablated; plans that ablate do not exclude that."""
    if any(_feasible(plan) and set(plan.result.fates.values()) <= WITH_MARGIN for plan in plans):
        return True
    return False if complete is Verdict.NOT_MET else None


def _accepted(
    plans: Sequence[DebulkingPlan], finding: str, *, share: float, inclusive: bool
) -> bool | None:
    """Whether some plan of such a share meets a rule on the remnant.

    Not met only where all miss it, among them a proven plan for this share or a smaller one: it
    leaves the most liver, so that what it misses every plan misses.
    """
    able = _able(plans, share=share, inclusive=inclusive)
    verdicts = {v for plan in able for v in _verdicts(plan, finding)}
    if Verdict.MET in verdicts:
        return True
    proven = any(plan.proven and min(plan.targets, default=ALL) <= share for plan in able)
    return False if verdicts == {Verdict.NOT_MET} and proven else None


def _contiguous(plans: Sequence[DebulkingPlan]) -> bool | None:
    """Whether some plan over 90 % keeps neighbouring segments; vessels are asked for apart."""
    found = (
        finding
        for plan in _able(plans, share=CLOYD_SHARE, inclusive=False)
        for finding in plan.findings
        if finding.id == CONTIGUITY_ID
    )
    return True if any(f.verdict is not Verdict.NOT_MET for f in found) else None


def _able(
    plans: Sequence[DebulkingPlan], *, share: float, inclusive: bool
) -> tuple[DebulkingPlan, ...]:
    return tuple(p for p in plans if _share(p) > share or (inclusive and _share(p) == share))


def _verdicts(plan: DebulkingPlan, finding: str) -> Iterable[Verdict]:
    return (found.verdict for found in plan.findings if found.id == finding)


def _outcome(targets: Sequence[TargetOutcome], share: float) -> Verdict:
    found = (outcome.verdict for outcome in targets if outcome.target == share)
    return next(found, Verdict.UNKNOWN)


def _feasible(plan: DebulkingPlan) -> bool:
    return plan.feasible is Verdict.MET


def _share(plan: DebulkingPlan) -> float:
    return round(_value(plan.result.debulked_fraction), DECIMALS)


def _value(quantity: Quantity) -> float:
    return 0.0 if quantity.value is None else quantity.value
