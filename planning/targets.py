"""Whether each debulking target can be reached within the limits, with a certificate where not."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from planning import wording
from planning.debulking_plans import FLIPS, hundred
from planning.flr import PREFIX
from planning.least_flr import rule_set_named
from planning.optimiser.feasibility import count
from planning.optimiser.front import Answer
from planning.optimiser.problem import Problem
from planning.optimiser.reach import Reach
from planning.optimiser.search import Search
from planning.relaxations import Wanted, relaxations
from remnant.core.debulking import DebulkingPlan, Relaxation, TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity

CUT_WORDS = "the scan cuts the liver and more tumour may lie beyond it"
RELAXATION_SHARE = 0.1
"""Share of the whole time that one change of the limits may be tried for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCase:
    """What targets are judged with; volumes of `least_flr_ml` and ``stlv_ml`` in mL.

    ``enough`` is what can be treated with enough liver left, ``None`` where that is not known.
    ``cut`` tells that the scan cuts the liver: tumour beyond it belongs to no share; ``review``
    that the segments are an estimate, ``background_unknown`` that nobody said what the liver is
    like.
    """

    search: Search
    choice: PlanChoice
    plans: Sequence[DebulkingPlan]
    reach: Reach
    least_flr_ml: Quantity
    stlv_ml: float | None
    enough: Reach | None = None
    cut: bool = False
    review: bool = False
    background_unknown: bool = False


def target_outcome(answer: Answer, case: TargetCase) -> TargetOutcome:
    """Judge one target by every plan that reaches it."""
    problem = case.search.problem
    voxel_ml, best = problem.atoms.voxel_ml, answer.best
    serving = _serving(answer, case)
    within = next((plan for plan in serving if plan.feasible is Verdict.MET), None)
    verdict = _verdict(answer, case, within)
    changes = () if case.cut or within is not None else _relaxations(answer, case)
    most = _most(case) / problem.all_tumour if problem.all_tumour else 0.0
    return TargetOutcome(
        target=answer.target,
        verdict=verdict,
        plans=tuple(plan.id for plan in serving),
        text=_reviewed(_text(answer, case, verdict, within, changes), case),
        most_debulked_fraction=min(most, 1.0),
        largest_flr_ml=None if best.counted is None else best.counted.flr * voxel_ml,
        least_flr_ml=case.least_flr_ml.value,
        proven=answer.any_set.proven and answer.named.proven and case.reach.proven,
        relaxations=changes,
    )


def _reviewed(text: str, case: TargetCase) -> str:
    return f"{text} {wording.REVIEW_SENTENCE}" if case.review else text


def _serving(answer: Answer, case: TargetCase) -> tuple[DebulkingPlan, ...]:
    """Return the best plans for a target; without one that is accepted, any other that is."""
    best = tuple(plan for plan in case.plans if answer.target in plan.targets)
    if any(plan.feasible is Verdict.MET for plan in best):
        return best
    others = (p for p in case.plans if p not in best and _reaches(p, answer, case))
    return (*best, *(p for p in others if p.feasible is Verdict.MET))


def _reaches(plan: DebulkingPlan, answer: Answer, case: TargetCase) -> bool:
    return count(case.search.problem, plan.recipe).debulked >= answer.demand


def _most(case: TargetCase) -> int:
    """Largest tumour volume of any plan: of the search, or of a plan found besides."""
    counted = (count(case.search.problem, p.recipe) for p in case.plans)
    found = (one.debulked for one in counted if not one.faults)
    return max(case.reach.debulked, *found, 0)


def _verdict(answer: Answer, case: TargetCase, within: DebulkingPlan | None) -> Verdict:
    if case.cut:
        return Verdict.UNKNOWN
    if within is not None:
        return Verdict.MET
    if not answer.any_set.proven:
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


def _text(
    answer: Answer,
    case: TargetCase,
    verdict: Verdict,
    within: DebulkingPlan | None,
    changes: Sequence[Relaxation],
) -> str:
    target = f"{100 * answer.target:g} % of the tumour"
    if case.cut:
        how = "" if within is None else f" In the scanned part: {_lower_first(within.title)}."
        return f"{target}: undecided, {CUT_WORDS}.{how}"
    if within is not None:
        return f"{target}: within reach by {_how(answer, case, within)}"
    first = f" {changes[0].text}" if changes else ""
    if answer.best.recipe is None:
        return f"{target}: {_out_of_reach(answer, case)}{first}"
    if verdict is Verdict.NOT_MET:
        return f"{target}: {_too_little(answer, case)}{first}"
    return f"{target}: undecided. {_why_undecided(answer, case)}{first}"


def _how(answer: Answer, case: TargetCase, plan: DebulkingPlan) -> str:
    """Name the plan, what is proven of it, and what is doubtful."""
    vessels = "" if plan.named else " No hepatectomy with a name: vessels not assessed."
    proof, doubts = _proof(answer, case, plan), _doubts(answer, case, plan)
    return f"{_lower_first(plan.title)} ({plan.id}){proof}.{doubts}{vessels}"


def _proof(answer: Answer, case: TargetCase, plan: DebulkingPlan) -> str:
    if answer.target not in plan.targets:
        return ", not proven to leave most liver"
    if not plan.proven:
        gap = f"up to {max(plan.gap_ml or 0.0, 1.0):.0f} mL more could remain"
        return f"; {gap}, the time ended before the proof"
    if not plan.named or answer.best is answer.named:
        return ", proven to leave most liver"
    more_ml = _largest_ml(answer, case)
    other = next((p.id for p in case.plans if p.recipe == answer.best.recipe), "another set")
    more = f"{other}, without one, would leave {more_ml:.0f} mL"
    return f", proven for hepatectomies with a name; {more}"


def _doubts(answer: Answer, case: TargetCase, plan: DebulkingPlan) -> str:
    """Say how sure the minimum and the target are, where their verdicts flip."""
    deciding = [f for f in plan.findings if f.id in plan.flips]
    liver = [f for f in deciding if f.id == PREFIX + case.choice.rule_set]
    share = [f for f in deciding if f.limit == answer.target]
    parts = (
        *(f"enough liver {hundred(f)}" for f in liver),
        *(f"{100 * answer.target:g} % treated {hundred(f)}" for f in share[:1]),
    )
    return f" {FLIPS}{'; '.join(parts)}." if parts else ""


def _out_of_reach(answer: Answer, case: TargetCase) -> str:
    if not answer.any_set.proven:
        return "undecided. No plan was found in the time allowed."
    if not case.reach.proven:
        return "out of reach within the limits (proven)."
    all_tumour = case.search.problem.all_tumour
    share = case.reach.debulked / all_tumour if all_tumour else 0.0
    return (
        f"out of reach within the limits. No plan treats more than {wording.percent(share)} "
        f"(proven)."
    )


def _too_little(answer: Answer, case: TargetCase) -> str:
    flr_ml = _largest_ml(answer, case)
    title = rule_set_named(case.choice.rule_set).title
    return (
        f"not with enough liver by {title}. No plan that reaches it leaves more than "
        f"{flr_ml:.0f} mL (proven){_least_words(case)}."
    )


def _why_undecided(answer: Answer, case: TargetCase) -> str:
    most = "At most" if answer.any_set.proven else "By the best plan found"
    left = f"{most} {_largest_ml(answer, case):.0f} mL would remain"
    if case.least_flr_ml.value is None:
        return f"{left}; the minimum is not known ({case.least_flr_ml.reason})."
    background = " (liver background not known)" if case.background_unknown else ""
    return f"{left}{_least_words(case)}{background}."


def _largest_ml(answer: Answer, case: TargetCase) -> float:
    counted = answer.best.counted
    assert counted is not None  # noqa: S101  # asked only where a plan was found
    return counted.flr * case.search.problem.atoms.voxel_ml


def _least_words(case: TargetCase) -> str:
    least_ml = case.least_flr_ml.value
    return "" if least_ml is None else f"; asked are {least_ml:.0f} mL"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
