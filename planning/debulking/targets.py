"""Whether each debulking target can be reached within the limits, with a certificate where not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from planning.criteria.conditions import all_of
from planning.debulking.relaxations import Wanted, relaxations
from planning.optimiser.feasibility import Counted, count
from planning.optimiser.front import Answer
from planning.optimiser.problem import Problem
from planning.optimiser.search import Reach, Search
from remnant.core.debulking import DebulkingPlan, Relaxation, TargetOutcome
from remnant.core.findings import Basis, SourceStatus, Threshold, Verdict
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.recipe import Recipe

RELAXATION_SHARE = 0.1
"""Share of the whole time that one change of the limits may be tried for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCase:
    """What targets are judged with; volumes of `least_flr_ml` and ``stlv_ml`` in mL.

    ``enough`` is what can be treated with enough liver left, ``None`` where that is not known;
    ``reasons`` are what every answer rests on; ``counted`` holds the voxels of every plan.
    """

    search: Search
    choice: PlanChoice
    plans: Sequence[DebulkingPlan]
    reach: Reach
    least_flr_ml: Quantity
    stlv_ml: float | None
    enough: Reach | None = None
    reasons: tuple[Reason, ...] = ()
    counted: Mapping[Recipe, Counted] = field(init=False)

    def __post_init__(self) -> None:
        recipes = dict.fromkeys(plan.recipe for plan in self.plans)
        counted = {recipe: count(self.search.problem, recipe) for recipe in recipes}
        object.__setattr__(self, "counted", counted)

    @property
    def cut(self) -> bool:
        """Whether the scan cuts the liver: tumour beyond it belongs to no share."""
        return Reason(Cause.MORE_BEYOND_SCAN) in self.reasons


def target_outcome(answer: Answer, case: TargetCase) -> TargetOutcome:
    """Judge one target by every plan that reaches it."""
    problem = case.search.problem
    voxel_ml, best = problem.atoms.voxel_ml, answer.best
    serving = _serving(answer, case)
    within = next((p for p in serving if _verdict_of(p, answer, case) is Verdict.MET), None)
    verdict = _verdict(answer, case, within)
    changes = () if case.cut or within is not None else _relaxations(answer, case)
    most = _most(case) / problem.all_tumour if problem.all_tumour else 0.0
    return TargetOutcome(
        target=answer.target,
        verdict=verdict,
        plans=tuple(plan.id for plan in serving),
        answered_by=None if within is None else within.id,
        unassessed_plan=None if within is not None else _unassessed(answer, case),
        most_debulked_fraction=min(most, 1.0),
        most_proven=case.reach.proven,
        largest_flr_ml=None if best.counted is None else best.counted.flr * voxel_ml,
        largest_plan=_largest_plan(answer, case),
        largest_proven=best.proven,
        rule_set=case.choice.rule_set,
        least_flr_ml=case.least_flr_ml,
        proven=best.proven and case.reach.proven,
        reasons=case.reasons,
        relaxations=changes,
    )


def _largest_plan(answer: Answer, case: TargetCase) -> str | None:
    """Return the id of the plan that leaves most liver; among equals that which serves."""
    if answer.best.recipe is None:
        return None
    same = (plan for plan in case.plans if plan.recipe == answer.best.recipe)
    return next((plan.id for plan in same), None)


def _serving(answer: Answer, case: TargetCase) -> tuple[DebulkingPlan, ...]:
    """Return the best plans for a target; without one that answers it, any other that does."""
    best = tuple(plan for plan in case.plans if answer.target in plan.targets)
    if any(_verdict_of(plan, answer, case) is Verdict.MET for plan in best):
        return best
    others = [p for p in case.plans if p not in best and _reaches(p, answer, case)]
    met = (plan for plan in others if _verdict_of(plan, answer, case) is Verdict.MET)
    return (*best, *sorted(met, key=_least_taken))


def _least_taken(plan: DebulkingPlan) -> tuple[float, int]:
    """Order plans by the liver that stays, the most first, then by fewer interventions."""
    return -(plan.result.remnant.flr_ml.value or 0.0), plan.result.interventions


def _verdict_of(plan: DebulkingPlan, answer: Answer, case: TargetCase) -> Verdict:
    """Judge a plan's share and remnant together; plans that decide nothing are never met."""
    limit = Threshold(
        value=answer.target, basis=Basis.TUMOUR_VOLUME, source="", status=SourceStatus.PROJECT
    )
    share = limit.judge(plan.result.debulked_fraction, certainty=case.choice.certainty)
    if plan.feasible is Verdict.NO_EVIDENCE and share is not Verdict.NOT_MET:
        return Verdict.UNKNOWN
    return all_of((share, plan.feasible))


def _unassessed(answer: Answer, case: TargetCase) -> str | None:
    """Return the plan that would answer a target if the vessels of what it leaves were intact."""
    least_flr = least_voxels(case.search.problem, case.least_flr_ml)
    able = (p for p in case.plans if not p.decides and _reaches(p, answer, case))
    return next((p.id for p in able if _would_leave(p, least_flr, case)), None)


def _would_leave(plan: DebulkingPlan, least_flr: int | None, case: TargetCase) -> bool:
    """Tell whether all kept segments of a plan together are enough; its limits hold."""
    counted = case.counted[plan.recipe]
    return least_flr is not None and not counted.faults and counted.flr >= least_flr


def _reaches(plan: DebulkingPlan, answer: Answer, case: TargetCase) -> bool:
    return case.counted[plan.recipe].debulked >= answer.demand


def _most(case: TargetCase) -> int:
    """Largest tumour volume of any plan: of the search, or of a deciding plan found besides."""
    counted = (case.counted[p.recipe] for p in case.plans if p.decides)
    found = (one.debulked for one in counted if not one.faults)
    return max(case.reach.debulked, *found, 0)


def _verdict(answer: Answer, case: TargetCase, within: DebulkingPlan | None) -> Verdict:
    if case.cut:
        return Verdict.UNKNOWN
    if within is not None:
        return Verdict.MET
    deciding = (plan for plan in case.plans if plan.decides)
    if any(_verdict_of(plan, answer, case) is Verdict.UNCERTAIN for plan in deciding):
        return Verdict.UNCERTAIN
    if not answer.best.proven:
        return Verdict.UNKNOWN
    best = [p for p in case.plans if p.recipe == answer.best.recipe]
    refused = answer.best.recipe is None or any(p.feasible is Verdict.NOT_MET for p in best)
    return Verdict.NOT_MET if refused else Verdict.UNKNOWN


def _relaxations(answer: Answer, case: TargetCase) -> tuple[Relaxation, ...]:
    least_flr = least_voxels(case.search.problem, case.least_flr_ml)
    if least_flr is None or case.enough is None:
        return ()
    wanted = Wanted(
        target=answer.target,
        least_flr=least_flr,
        enough=case.enough,
        stlv_ml=case.stlv_ml,
        seconds=RELAXATION_SHARE * case.choice.seconds,
    )
    return relaxations(case.search, case.choice, wanted, answer.best)


def least_voxels(problem: Problem, least_flr_ml: Quantity) -> int | None:
    """Return the voxels of a minimum, rounded up; ``None`` where it is not known."""
    if least_flr_ml.value is None or least_flr_ml.indicative:
        return None
    return ceil(round(least_flr_ml.value / problem.atoms.voxel_ml, 6))
