"""What plans and targets prove about what can be removed, as facts for conditions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from planning import inputs
from planning.debulking.chosen_limits import without_proofs
from planning.inputs import Doubt, Input, ShareRange, Value
from planning.remnant.contiguity import CONTIGUITY_ID
from planning.rules.pathways_conditions import OVER_70
from planning.rules.staging import MAJOR_SEGMENTS
from remnant.core.debulking import DebulkingPlan, Fate, PlanOrigin, TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason

ALL = 1.0
CLOYD_SHARE = 0.90
CLOYD_FLR, MACHAIRAS_FLR = "flr.cloyd2020", "flr.machairas2021_30"
DECIMALS = 9
TRUTH: Mapping[Verdict, bool | Doubt] = {
    Verdict.MET: True,
    Verdict.NOT_MET: False,
    Verdict.UNCERTAIN: Doubt.UNCERTAIN,
}
WITH_MARGIN = frozenset((Fate.WITH_SEGMENTS, Fate.WEDGE))

Truth = bool | Doubt | None
"""A truth value, or that the measurement error decides it; ``None`` where it is not decided."""
Decided = Truth | Quantity
"""A truth, or one that is absent with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Plans and targets, and what takes from them as proofs.

    Parameters
    ----------
    plans, targets
        What the planner found.
    limits
        Limits that the user chose; with any, nothing is proven out of reach.
    cut
        Whether the scan cuts the liver: then nothing is proven either.
    margin_mm
        Margin of resected lesions; ``None`` where it is not known.
    """

    plans: Sequence[DebulkingPlan] = field(default=())
    targets: Sequence[TargetOutcome] = field(default=())
    limits: tuple[Reason, ...] = ()
    cut: bool = False
    margin_mm: float | None = None

    @property
    def proves(self) -> bool:
        """Whether what is out of reach of the plans is out of reach."""
        return not self.limits and not self.cut

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why nothing is proven out of reach; empty where something may be."""
        if self.cut:
            return (reason(Cause.MORE_BEYOND_SCAN),)
        return (reason(Cause.LIMITS_FORBID), *self.limits) if self.limits else ()

    @property
    def in_one_stage(self) -> Sequence[TargetOutcome]:
        """The targets; under chosen limits without their proofs."""
        return without_proofs(self.targets) if self.limits else self.targets


def plan_facts(evidence: Evidence) -> Mapping[Input, Value]:
    """Return what feasible plans reach; without plans and targets all is unknown.

    A plan that was found proves that a share can be reached; that none can is known only where a
    target says so, nobody tightened the limits and the scan holds the whole liver.
    """
    proven = evidence
    if not evidence.proves:
        proven = replace(evidence, targets=without_proofs(evidence.targets))
    found: dict[Input, Decided] = {
        inputs.CLEARANCE: _clearance(proven),
        inputs.R0: _r0(proven),
        inputs.FLR_BY_CLOYD: _accepted(proven, CLOYD_FLR, share=CLOYD_SHARE, inclusive=False),
        inputs.CONTIGUOUS_BY_CLOYD: _contiguous(proven),
        inputs.FLR_BY_MACHAIRAS: _accepted(proven, MACHAIRAS_FLR, share=ALL, inclusive=True),
    }
    share = debulkable_fraction(proven)
    return {
        inputs.DEBULKABLE: share,
        inputs.DEBULKABLE_IN_STAGES: debulkable_in_stages(share, evidence.in_one_stage),
        **{name: _with_reasons(value, proven) for name, value in found.items()},
        **_in_one_stage(evidence),
    }


def _with_reasons(value: Decided, evidence: Evidence) -> Decided:
    if value is None and evidence.reasons and (evidence.plans or evidence.targets):
        return Quantity.absent(evidence.reasons)
    return value


def _in_one_stage(evidence: Evidence) -> Mapping[Input, Value]:
    targets = evidence.in_one_stage
    return {
        inputs.FLR_SHORT: flr_insufficient(targets),
        inputs.AMENABLE: amenable_to_resection(targets),
        inputs.SMALL_RESECTION: small_resection_suffices(evidence.plans, targets),
    }


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
        unjudged = Cause.REMNANT_UNDECIDED if evidence.plans else Cause.NO_PLAN
        reasons = evidence.reasons or (reason(unjudged),)
        return replace(ceiling, reasons=reasons) if ceiling else Quantity.absent(reasons)
    if best.value is None or best.indicative:
        return best
    if best.bound is Bound.UPPER:
        return replace(best, bound=None, indicative=True)
    return _between(best, round(best.value, DECIMALS), ceiling, evidence)


def _between(
    best: Quantity, least: float, ceiling: ShareRange | None, evidence: Evidence
) -> Quantity | ShareRange:
    reasons = evidence.reasons or best.reasons or (reason(Cause.NOT_PROVEN),)
    exact = ceiling is not None and least == ceiling.most and not ceiling.below
    if least >= ALL or exact:
        return best
    if ceiling is None or least >= ceiling.most:
        return replace(best, bound=Bound.LOWER, reasons=reasons)
    return replace(ceiling, least=least, reasons=reasons)


def _ceiling(targets: Iterable[TargetOutcome]) -> ShareRange | None:
    """Return the lowest share that is proven not to be exceeded; ``None`` where it is all."""
    missed = (_below(t.target) for t in targets if t.verdict is Verdict.NOT_MET)
    reached = (_at_most(t.most_debulked_fraction) for t in targets if t.proven)
    lowest = min((*missed, *reached), key=lambda share: share.ends[1], default=None)
    return None if lowest is None or lowest.ends[1] >= ALL else lowest


def _below(share: float) -> ShareRange:
    return ShareRange(least=0.0, most=share, below=True, reasons=(reason(Cause.NOT_PROVEN),))


def _at_most(share: float) -> ShareRange:
    return ShareRange(least=0.0, most=round(share, DECIMALS), reasons=(reason(Cause.NOT_PROVEN),))


def _clearance(evidence: Evidence) -> Decided:
    if any(_feasible(plan) and _sure_share(plan) >= ALL for plan in evidence.plans):
        return True
    return TRUTH.get(_complete(evidence.targets))


def _r0(evidence: Evidence) -> Decided:
    """All lesions resected with a margin, none ablated; plans that ablate do not exclude that."""
    if any(_resects_all(plan) for plan in evidence.plans if _feasible(plan)):
        return Quantity.absent(reason(Cause.NO_MARGIN)) if evidence.margin_mm == 0.0 else True
    if any(_resects_all(plan) for plan in evidence.plans if plan.feasible is Verdict.UNCERTAIN):
        return Doubt.UNCERTAIN
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
    for verdict in (Verdict.MET, Verdict.UNCERTAIN):
        if verdict in verdicts:
            return TRUTH[verdict]
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
    """Plans that surely debulk so much; a user's infeasible plan is no evidence.

    Nor is a plan of which nobody assessed the vessels.
    """
    sound = (
        p
        for p in plans
        if p.decides and (p.origin is PlanOrigin.OPTIMISER or p.feasible is not Verdict.NOT_MET)
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


def flr_insufficient(targets: Iterable[TargetOutcome]) -> Truth:
    """Tell whether some target fails in one stage for want of liver alone.

    Returns
    -------
    bool, Doubt or None
        ``False`` where every target is reached, or fails for another reason; ``None`` without
        targets or where it is not proven.
    """
    short = [is_short(target) for target in targets]
    for decided in (True, Doubt.UNCERTAIN):
        if decided in short:
            return decided
    return None if None in short or not short else False


def reachable_in_one_stage(targets: Iterable[TargetOutcome]) -> Truth:
    """Tell whether some target is reached in one stage; ``None`` where that is not decided."""
    verdicts = {target.verdict for target in targets}
    for verdict in (Verdict.MET, Verdict.UNCERTAIN):
        if verdict in verdicts:
            return TRUTH[verdict]
    return False if verdicts == {Verdict.NOT_MET} else None


def amenable_to_resection(targets: Sequence[TargetOutcome]) -> Truth:
    """Tell whether some target is reached in one stage; ``None`` where only stages might reach it.

    ``False`` where no target is reached, and none for want of liver alone.
    """
    reached = reachable_in_one_stage(targets)
    return None if reached is False and flr_insufficient(targets) is not False else reached


def small_resection_suffices(
    plans: Iterable[DebulkingPlan], targets: Iterable[TargetOutcome]
) -> bool | None:
    """Tell whether the highest target that is met needs no extensive or complex liver resection.

    Returns
    -------
    bool or None
        ``True`` where a plan with an accepted remnant reaches that target and removes fewer than
        :data:`MAJOR_SEGMENTS` segments, by a name or none at all; ``None`` where no target is met.
    """
    highest = max((t.target for t in targets if t.verdict is Verdict.MET), default=None)
    if highest is None:
        return None
    return any(_is_small(plan) and _reaches(plan, highest) for plan in plans)


def debulkable_in_stages(
    share: Quantity | ShareRange, targets: Sequence[TargetOutcome]
) -> Quantity | ShareRange | None:
    """Return what is known of the share that a plan debulks, in one stage or perhaps in stages.

    From the plans, else from the targets: the highest one met bounds it from below, the lowest one
    that none reaches from above. Absent where it would miss the limit for want of liver alone.
    """
    known = share if isinstance(share, ShareRange) or share.value is not None else None
    reached = known or _bounded_by_targets(targets)
    missed = OVER_70.judge(reached) is Verdict.NOT_MET
    if missed and flr_insufficient(targets):
        return Quantity.absent(reason(Cause.STAGES_MIGHT_REACH))
    return reached


def _bounded_by_targets(targets: Sequence[TargetOutcome]) -> Quantity | None:
    met = [t.target for t in targets if t.verdict is Verdict.MET]
    if met:
        reached = (reason(Cause.HIGHEST_TARGET_MET),)
        return Quantity(max(met), bound=Bound.LOWER, reasons=reached)
    missed = [t.target for t in targets if t.verdict is Verdict.NOT_MET]
    if missed:
        out_of_reach = (reason(Cause.TARGET_OUT_OF_REACH),)
        return Quantity(min(missed), bound=Bound.UPPER, reasons=out_of_reach)
    return None


def is_short(target: TargetOutcome) -> Truth:
    """Tell whether a target fails in one stage for want of liver alone; ``None`` if unproven."""
    if target.verdict is Verdict.MET:
        return False
    if target.verdict is Verdict.UNCERTAIN:
        return Doubt.UNCERTAIN
    if target.verdict is not Verdict.NOT_MET:
        return None
    if target.largest_flr_ml is None:
        return False
    least_ml = target.least_flr_ml.value
    return None if least_ml is None else target.largest_flr_ml < least_ml


def _is_small(plan: DebulkingPlan) -> bool:
    accepted = plan.feasible is Verdict.MET
    return accepted and len(plan.recipe.segments) < MAJOR_SEGMENTS


def _reaches(plan: DebulkingPlan, target: float) -> bool:
    if target in plan.targets:
        return True
    share = plan.result.debulked_fraction.value
    return share is not None and round(share - target, DECIMALS) >= 0
