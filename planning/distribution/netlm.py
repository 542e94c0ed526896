"""Surgical class of neuroendocrine liver metastases, from what the planner can reach.

The published wording (``netlm2023``): type 1 has a limited number of metastases that can be
cleared completely; type 2 has multiple lesions throughout the liver, of which more than 70 % can be
debulked by parenchyma-sparing techniques and ablation; type 3 has extensive disease of both lobes,
of which they cannot. The 70 % is the source's; :data:`OPERATIONAL_NETLM` holds what stands for
"limited" and "parenchyma-sparing", and both are this project's. What fits none, is not proven or
rests on an unknown remnant is unclassifiable; ``docs/explanation/frilling.md`` says more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from planning.debulking.chosen_limits import chosen_limits, without_proofs
from planning.distribution.frilling import (
    LOBES,
    OPERATIONAL_RULE,
    SHARE_DECIMALS,
    class_found,
    lobes_involved,
)
from planning.distribution.scan_coverage import scan_cuts_liver
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.distribution import Netlm, NetlmType
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.lesions import Lesion
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumetry_report import VolumetryReport

NETLM_SOURCE = "netlm2023"
ALL_TUMOUR = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetlmRule:
    """Numbers behind the words of the classification.

    Parameters
    ----------
    debulked_share
        More than this share of the tumour volume is debulked: the source's own number, exclusive.
    limited_lesions
        The disease is limited up to this many lesions; this project's.
    sparing_segments
        A plan spares parenchyma when it removes at most this many whole segments; this project's.
    """

    debulked_share: float
    limited_lesions: int
    sparing_segments: int


OPERATIONAL_NETLM = NetlmRule(
    debulked_share=0.70,
    limited_lesions=OPERATIONAL_RULE.disseminated_lesions - 1,
    sparing_segments=2,
)


def netlm(
    report: VolumetryReport,
    *,
    targets: Sequence[TargetOutcome],
    plans: Sequence[DebulkingPlan],
    rule: NetlmRule = OPERATIONAL_NETLM,
    choice: PlanChoice | None = None,
) -> Netlm:
    """Classify by what feasible plans reach and what is proven out of reach.

    Parameters
    ----------
    report
        Volumes and lesions.
    targets, plans
        What the planner found; both empty where it could not plan.
    rule
        Numbers of the operational rule.
    choice
        What the plans were made with. Where it tightens a limit, nothing is proven out of reach:
        what depends on that is unclassifiable, and the reason names the limits.

    Returns
    -------
    Netlm
        ``type`` is ``None`` without a lesion that counts, ``UNCLASSIFIABLE`` with the reason where
        nothing is proven either way, the remnant is unknown, or the pattern fits no type.
    """
    lesions = report.counted_lesions
    if not lesions:
        return Netlm(type=None, reasons=(reason(Cause.NO_LESION_TO_CLASSIFY),))
    if scan_cuts_liver(report):
        return _unclassifiable(reason(Cause.TUMOUR_BEYOND_SCAN))
    if not targets and not plans:
        return _unclassifiable(reason(Cause.REACH_UNKNOWN))
    limits = chosen_limits(choice)
    proven = without_proofs(targets) if limits else tuple(targets)
    return _classified(lesions, _Reach(proven, tuple(plans), rule, limits))


def _classified(lesions: Sequence[Lesion], reached: "_Reach") -> Netlm:
    number = len(lesions)
    limited = number <= reached.rule.limited_lesions
    if limited and (cleared := reached.clearing()):
        clears = reason(Cause.PLAN_CLEARS_ALL, number, cleared.id)
        return Netlm(type=NetlmType.ONE, reasons=(clears,))
    sparing = reached.sparing()
    if sparing and (not limited or reached.cannot_clear()):
        return Netlm(type=NetlmType.TWO, reasons=(_spared(number, sparing),))
    if not reached.debulking() and reached.cannot_debulk():
        return _third(lesions, reached.rule)
    return _unclassifiable(*_undecided(number, reached, sparing))


def netlm_finding(netlm: Netlm) -> Finding:
    """Return the class as a finding: ``MET`` where one was found, else ``UNKNOWN``."""
    typed = netlm.type not in (None, NetlmType.UNCLASSIFIABLE)
    return Finding(
        id="netlm.class",
        verdict=Verdict.MET if typed else Verdict.UNKNOWN,
        reasons=(class_found(netlm.type), *netlm.reasons),
        source=NETLM_SOURCE,
        status=SourceStatus.PROJECT,
    )


@dataclass(frozen=True, slots=True)
class _Reach:
    """What is reached by plans that are accepted, and what is proven out of reach."""

    targets: tuple[TargetOutcome, ...]
    plans: tuple[DebulkingPlan, ...]
    rule: NetlmRule
    limits: tuple[Reason, ...]

    @property
    def accepted(self) -> tuple[DebulkingPlan, ...]:
        """Plans whose remnant the chosen rule set accepts."""
        return tuple(plan for plan in self.plans if plan.feasible is Verdict.MET)

    def clearing(self) -> DebulkingPlan | None:
        """Return a plan that removes or ablates every lesion."""
        return next((p for p in self.accepted if _debulks(p, ALL_TUMOUR, exclusive=False)), None)

    def debulking(self) -> DebulkingPlan | None:
        """Return a plan that debulks more than the source's share, whatever it removes."""
        share = self.rule.debulked_share
        return next((p for p in self.accepted if _debulks(p, share, exclusive=True)), None)

    def sparing(self) -> DebulkingPlan | None:
        """Return the plan that debulks most of those that spare parenchyma and debulk enough."""
        share, most = self.rule.debulked_share, self.rule.sparing_segments
        enough = [
            plan
            for plan in self.accepted
            if len(plan.recipe.segments) <= most and _debulks(plan, share, exclusive=True)
        ]
        return max(enough, key=lambda p: p.result.debulked_fraction.value or 0.0, default=None)

    def cannot_clear(self) -> bool:
        """Tell whether it is proven that some tumour stays."""
        return any(_excludes(target, ALL_TUMOUR, exclusive=False) for target in self.targets)

    def cannot_debulk(self) -> bool:
        """Tell whether it is proven that the source's share is not exceeded."""
        share = self.rule.debulked_share
        return any(_excludes(target, share, exclusive=True) for target in self.targets)


def _debulks(plan: DebulkingPlan, share: float, *, exclusive: bool) -> bool:
    """Tell whether a plan surely debulks at least, or more than, a share."""
    debulked: Quantity = plan.result.debulked_fraction
    if debulked.value is None or debulked.indicative or debulked.bound is Bound.UPPER:
        return False
    reached = round(debulked.value, SHARE_DECIMALS)
    return reached > share if exclusive else reached >= share


def _excludes(target: TargetOutcome, share: float, *, exclusive: bool) -> bool:
    """Tell whether a target's proof rules a share out.

    What is not reached with at least the target is not exceeded either, nor is any larger share
    reached.
    """
    if target.verdict is Verdict.NOT_MET and target.target <= share:
        return True
    most = round(target.most_debulked_fraction, SHARE_DECIMALS)
    return target.proven and (most <= share if exclusive else most < share)


def _third(lesions: Sequence[Lesion], rule: NetlmRule) -> Netlm:
    if len(lobes_involved(lesions)) == len(LOBES):
        proven = reason(Cause.SHARE_PROVEN_OUT_OF_REACH, len(lesions), rule.debulked_share)
        return Netlm(type=NetlmType.THREE, reasons=(proven,))
    return _unclassifiable(reason(Cause.BOTH_LOBES_NOT_KNOWN, rule.debulked_share))


def _spared(number: int, plan: DebulkingPlan) -> Reason:
    share = plan.result.debulked_fraction.value or 0.0
    return reason(Cause.SPARING_PLAN, number, share, len(plan.recipe.segments), plan.id)


def _undecided(number: int, reached: _Reach, sparing: DebulkingPlan | None) -> tuple[Reason, ...]:
    """Say why no type holds; limits that the user chose follow what they bear on."""
    share = reached.rule.debulked_share
    if sparing:
        return (reason(Cause.CLEARANCE_NOT_PROVEN, number, share), *reached.limits)
    if reached.debulking():
        return (reason(Cause.ONLY_LARGER_RESECTIONS, share, reached.rule.sparing_segments),)
    if any(plan.feasible is Verdict.UNKNOWN for plan in reached.plans):
        return (reason(Cause.REMNANTS_UNDECIDED),)
    return (reason(Cause.SHARE_NOT_REACHED, share), *reached.limits)


def _unclassifiable(*reasons: Reason) -> Netlm:
    return Netlm(type=NetlmType.UNCLASSIFIABLE, reasons=reasons)
