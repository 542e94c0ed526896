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

from planning import wording
from planning.coverage import scan_cuts_liver
from planning.frilling import LOBES, OPERATIONAL_RULE, SHARE_DECIMALS, lobes_involved
from planning.locks import chosen_limits, without_proofs
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.lesions import Lesion
from remnant.core.plan import Netlm, NetlmType
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Bound, Quantity
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

NO_PLAN = "No plan was computed, so that what can be reached is not known."
CUT_LIVER = "The scan cuts the liver: tumour beyond it may be out of reach."


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
    lesions = tuple(lesion for lesion in report.lesions if lesion.counts)
    if not lesions:
        return Netlm(type=None, reason="No lesion to classify.")
    if scan_cuts_liver(report):
        return _unclassifiable(CUT_LIVER)
    if not targets and not plans:
        return _unclassifiable(NO_PLAN)
    limits = ", ".join(r.names[0] for r in chosen_limits(choice))
    proven = without_proofs(targets) if limits else tuple(targets)
    return _classified(lesions, _Reach(proven, tuple(plans), rule, limits))


def _classified(lesions: Sequence[Lesion], reached: "_Reach") -> Netlm:
    limited = len(lesions) <= reached.rule.limited_lesions
    if limited and (cleared := reached.clearing()):
        return Netlm(type=NetlmType.ONE, reason=_cleared(lesions, cleared))
    sparing = reached.sparing()
    if sparing and (not limited or reached.cannot_clear()):
        return Netlm(type=NetlmType.TWO, reason=_spared(lesions, sparing))
    if not reached.debulking() and reached.cannot_debulk():
        return _third(lesions, reached.rule)
    return _unclassifiable(_undecided(lesions, reached, sparing))


def netlm_finding(netlm: Netlm) -> Finding:
    """Return the class as a finding: ``MET`` where one was found, else ``UNKNOWN``."""
    typed = netlm.type not in (None, NetlmType.UNCLASSIFIABLE)
    name = f"type {netlm.type}" if typed else netlm.type or "no lesion"
    return Finding(
        id="netlm.class",
        verdict=Verdict.MET if typed else Verdict.UNKNOWN,
        prose=f"Surgical class of the metastases: {name}. {netlm.reason}",
        source=NETLM_SOURCE,
        status=SourceStatus.PROJECT,
    )


@dataclass(frozen=True, slots=True)
class _Reach:
    """What is reached by plans that are accepted, and what is proven out of reach."""

    targets: tuple[TargetOutcome, ...]
    plans: tuple[DebulkingPlan, ...]
    rule: NetlmRule
    limits: str

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
    share = f"more than {100 * rule.debulked_share:g} %"
    if len(lobes_involved(lesions)) == len(LOBES):
        why = (
            f"{_count(lesions)} in both lobes; it is proven that no plan within the limits reaches "
            f"{share}."
        )
        return Netlm(type=NetlmType.THREE, reason=why)
    return _unclassifiable(
        f"No plan reaches {share}, but type 3 asks for both lobes, and they are not known to be "
        f"involved."
    )


def _cleared(lesions: Sequence[Lesion], plan: DebulkingPlan) -> str:
    return f"{_count(lesions)}, all of which {plan.id} removes or ablates."


def _spared(lesions: Sequence[Lesion], plan: DebulkingPlan) -> str:
    share = wording.percent(plan.result.debulked_fraction.value or 0.0, beside=ALL_TUMOUR)
    return (
        f"{_count(lesions)}; {plan.id} debulks {share} and removes "
        f"{wording.counted(len(plan.recipe.segments), 'whole segment')}."
    )


def _undecided(
    lesions: Sequence[Lesion],
    reached: _Reach,
    sparing: DebulkingPlan | None,
) -> str:
    share = f"more than {100 * reached.rule.debulked_share:g} %"
    if sparing:
        return (
            f"{_count(lesions)}; {share} can be debulked, but whether all of it can is not proven"
            f"{_within(reached.limits)}: type 1 or 2."
        )
    if reached.debulking():
        most = wording.counted(reached.rule.sparing_segments, "whole segment")
        return f"{share.capitalize()} is reached only by plans that remove more than {most}."
    if any(p.feasible is Verdict.UNKNOWN for p in reached.plans):
        return "Whether the remnant of any plan suffices is not known."
    if reached.limits:
        return f"No plan found reaches {share}{_within(reached.limits)}. Without them one may."
    return f"No plan found reaches {share}, but it is not proven that none does."


def _within(limits: str) -> str:
    return f" within the chosen limits ({limits})" if limits else ""


def _count(lesions: Sequence[Lesion]) -> str:
    return wording.counted(len(lesions), "lesion")


def _unclassifiable(reason: str) -> Netlm:
    return Netlm(type=NetlmType.UNCLASSIFIABLE, reason=reason)
