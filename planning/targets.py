"""Whether each debulking target can be reached within the limits, with a certificate where not."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from planning import wording
from planning.least_flr import rule_set_named
from planning.optimiser.front import Answer
from planning.optimiser.reach import Reach
from planning.optimiser.search import Search
from planning.relaxations import Wanted, relaxations
from remnant.core.debulking import DebulkingPlan, PlanOrigin, Relaxation, TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity

CUT_WORDS = "the scan cuts the liver and more tumour may lie beyond it"
RELAXATION_SHARE = 0.1
"""Share of the whole time that one change of the limits may be tried for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCase:
    """What targets are judged with; volumes of `least_flr_ml` and ``stlv_ml`` in mL.

    ``cut`` tells that the scan cuts the liver: tumour beyond it belongs to no share.
    """

    search: Search
    choice: PlanChoice
    plans: Sequence[DebulkingPlan]
    reach: Reach
    least_flr_ml: Quantity
    stlv_ml: float | None
    cut: bool = False


def target_outcome(answer: Answer, case: TargetCase) -> TargetOutcome:
    """Judge one target by its best plan."""
    problem = case.search.problem
    voxel_ml, best = problem.atoms.voxel_ml, answer.best
    serving = _serving(answer.target, case.plans)
    verdict = Verdict.UNKNOWN if case.cut else _verdict(answer, serving)
    changes = () if case.cut or verdict is Verdict.MET else _relaxations(answer, case)
    most = case.reach.debulked / problem.all_tumour if problem.all_tumour else 0.0
    largest = None if best.counted is None else best.counted.flr * voxel_ml
    return TargetOutcome(
        target=answer.target,
        verdict=verdict,
        plans=tuple(plan.id for plan in serving),
        text=_text(answer, case, verdict, serving, changes),
        most_debulked_fraction=min(most, 1.0),
        largest_flr_ml=largest,
        least_flr_ml=case.least_flr_ml.value,
        proven=answer.any_set.proven and answer.named.proven and case.reach.proven,
        relaxations=changes,
    )


def _serving(target: float, plans: Sequence[DebulkingPlan]) -> tuple[DebulkingPlan, ...]:
    return tuple(p for p in plans if p.origin is PlanOrigin.OPTIMISER and target in p.targets)


def _verdict(answer: Answer, serving: Sequence[DebulkingPlan]) -> Verdict:
    verdicts = {plan.feasible for plan in serving}
    if Verdict.MET in verdicts:
        return Verdict.MET
    proven = answer.any_set.proven
    if proven and verdicts <= {Verdict.NOT_MET}:
        return Verdict.NOT_MET
    return Verdict.UNKNOWN


def _relaxations(answer: Answer, case: TargetCase) -> tuple[Relaxation, ...]:
    least_ml = case.least_flr_ml.value
    if least_ml is None or case.least_flr_ml.indicative:
        return ()
    wanted = Wanted(
        target=answer.target,
        least_flr=ceil(round(least_ml / case.search.problem.atoms.voxel_ml, 6)),
        stlv_ml=case.stlv_ml,
        seconds=RELAXATION_SHARE * case.choice.seconds,
    )
    return relaxations(case.search, case.choice, wanted, answer.best)


def _text(
    answer: Answer,
    case: TargetCase,
    verdict: Verdict,
    serving: Sequence[DebulkingPlan],
    changes: Sequence[Relaxation],
) -> str:
    target = f"{100 * answer.target:g} % of the tumour"
    within = next((p for p in serving if p.feasible is Verdict.MET), None)
    if case.cut and within is not None:
        how = _lower_first(within.title)
        return f"{target}: undecided, {CUT_WORDS}. In the scanned part within reach by {how}."
    if case.cut:
        return f"{target}: undecided, {CUT_WORDS}."
    if within is not None:
        how = f"{_lower_first(within.title)}{_unproven(within)}"
        return f"{target}: within reach by {how}."
    if answer.best.recipe is None:
        return f"{target}: {_out_of_reach(case, proven=answer.any_set.proven)}"
    first = f" {changes[0].text}" if changes else ""
    if verdict is Verdict.NOT_MET:
        return f"{target}: {_too_little(answer, case)}{first}"
    return f"{target}: undecided. {_why_undecided(answer, case)}{first}"


def _unproven(plan: DebulkingPlan) -> str:
    if plan.proven:
        return ", proven to leave most liver"
    return f"; up to {plan.gap_ml or 0.0:.0f} mL more could remain, the time ended before the proof"


def _out_of_reach(case: TargetCase, *, proven: bool) -> str:
    if not proven:
        return "undecided. No plan was found in the time allowed."
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
    flr_ml = _largest_ml(answer, case)
    if case.least_flr_ml.value is None:
        return (
            f"At most {flr_ml:.0f} mL would remain; the minimum is not known "
            f"({case.least_flr_ml.reason})."
        )
    return f"At most {flr_ml:.0f} mL would remain{_least_words(case)}."


def _largest_ml(answer: Answer, case: TargetCase) -> float:
    counted = answer.best.counted
    assert counted is not None  # noqa: S101  # asked only where a plan was found
    return counted.flr * case.search.problem.atoms.voxel_ml


def _least_words(case: TargetCase) -> str:
    least_ml = case.least_flr_ml.value
    return "" if least_ml is None else f"; asked are {least_ml:.0f} mL"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
