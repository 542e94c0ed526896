"""All plans of one case: the optimiser's, the user's, and the same in two stages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from planning.ablation import ablation_refusal, wedge_refusal
from planning.case import Case
from planning.debulking.judged_plans import PlanCase, ranked_plans, share_short
from planning.debulking.targets import TargetCase, least_voxels, target_outcome
from planning.distribution.scan_coverage import scan_cuts_liver
from planning.facts.decompensation import compensation
from planning.facts.lesion_places import against_ablation
from planning.hepatectomies.single_operation import CONDITIONS
from planning.optimiser.front import Answer, answer_targets, front
from planning.optimiser.problem import Problem, make_problem, only_unassessed
from planning.optimiser.reach import most_debulked
from planning.optimiser.search import Demand, Optimum, Reach, Search, best_plan, start_search
from planning.remnant.minima import PREFIX
from planning.remnant.required_flr import least_flr_ml
from planning.rules.remnant import CONTIGUOUS_SEGMENTS_MINIMUM
from planning.staging.two_stages import staged_plans
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.staged_plan import StagedPlan
from remnant.core.volumetry_report import VolumetryReport
from volumetry.liver_maps import LiverMaps
from volumetry.virtual_resection.atoms import Atoms, build_atoms
from volumetry.virtual_resection.plan_draws import plan_spread

MOST_SURER = 3
"""How often more tumour is asked for until a target is surely reached."""
CLASS_TARGETS = (0.70, 0.90, 1.0)
"""Shares that classes and conditions of the sources rest on, whatever the user asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Plans, targets and stages of one case; ``reasons`` say why there are none.

    ``for_classes`` are targets that classes and conditions ask for and the user did not.
    """

    plans: tuple[DebulkingPlan, ...] = ()
    targets: tuple[TargetOutcome, ...] = ()
    staged: tuple[StagedPlan, ...] = ()
    for_classes: tuple[TargetOutcome, ...] = ()
    reasons: tuple[Reason, ...] = ()


def make_plans(case: Case) -> Planned:
    """Find the best plans for every target of a case and judge them.

    Raises
    ------
    InputError
        The rule set is not known, or a recipe names a lesion that does not count.
    """
    report, patient, facts, maps = case.report, case.patient, case.facts, case.maps
    reasons = why_no_plans(report, maps)
    if reasons or maps is None:
        return Planned(reasons=reasons)
    choice = with_condition(case.choice)
    least = least_flr_ml(choice.rule_set, report=report, patient=patient, facts=facts)
    problem = _problem(case, maps, choice)
    search = start_search(problem, seconds=choice.seconds)
    answers = answer_targets(search, choice.targets)
    for_classes = answer_targets(search, [t for t in CLASS_TARGETS if t not in choice.targets])
    reach, enough = most_debulked(search), _with_enough_liver(search, least)
    plan_case = PlanCase(
        report=report,
        patient=patient,
        facts=facts,
        choice=choice,
        problem=problem,
        drawn=plan_spread(report, atoms=problem.atoms),
    )
    every = (*answers, *for_classes)
    besides = (*_fullest(search, enough, answers), *_surer(search, every, plan_case))
    others = () if choice.named_only else tuple(_unassessed(search, every, least))
    points = front(search, answers, best_only=for_classes, besides=besides, unassessed=others)
    plans = ranked_plans(points, plan_case)
    judged = TargetCase(
        search=search,
        choice=choice,
        plans=plans,
        reach=reach,
        enough=enough,
        least_flr_ml=least,
        stlv_ml=report.standardised.stlv_ml.value,
        reasons=(
            *compensation(facts, patient).against_minima,
            *_grounds(report, patient),
        ),
    )
    return Planned(
        plans=plans,
        targets=tuple(target_outcome(answer, judged) for answer in answers),
        for_classes=tuple(target_outcome(answer, judged) for answer in for_classes),
        staged=staged_plans(
            plans,
            report=report,
            patient=patient,
            facts=facts,
            least_flr_ml=least,
            certainty=choice.certainty,
        ),
    )


def _problem(case: Case, maps: LiverMaps, choice: PlanChoice) -> Problem:
    """Build the atoms, and say what may be done to each lesion."""
    ids = tuple(lesion.id for lesion in case.report.counted_lesions)
    return problem_of(case, build_atoms(maps, lesion_ids=ids, choice=choice).atoms, choice)


def problem_of(case: Case, atoms: Atoms, choice: PlanChoice) -> Problem:
    """Say what may be done to each lesion of a liver that is cut into atoms."""
    lesions = case.report.counted_lesions
    whipple = case.facts.pancreatoduodenectomy
    return make_problem(
        atoms,
        choice,
        wedge_allowed={one.id: not wedge_refusal(one, choice) for one in lesions},
        ablation_allowed={
            one.id: not ablation_refusal(
                one,
                after_whipple=whipple,
                choice=choice,
                places=against_ablation(one.id, case.facts),
            )
            for one in lesions
        },
    )


def _with_enough_liver(search: Search, least_flr_ml: Quantity) -> Reach | None:
    """Return the most tumour that can be treated with enough liver left, if that is known."""
    least_flr = least_voxels(search.problem, least_flr_ml)
    return None if least_flr is None else most_debulked(search, least_flr=least_flr)


def _fullest(
    search: Search, enough: Reach | None, answers: Sequence[Answer]
) -> tuple[Optimum, ...]:
    """Return the plan that treats most with enough liver left, where targets ask for more."""
    if enough is None or not enough.debulked or all(a.demand <= enough.debulked for a in answers):
        return ()
    return (best_plan(search, Demand(debulked=enough.debulked)),)


def _surer(search: Search, answers: Sequence[Answer], case: PlanCase) -> Iterator[Optimum]:
    """Ask for more tumour where a best plan's share of it may miss the target it was made for."""
    most = search.problem.all_tumour
    for answer in answers:
        found, demand = answer.best, answer.demand
        for _ in range(MOST_SURER):
            short = None if found.recipe is None else share_short(found.recipe, answer.target, case)
            if not short or demand >= most:
                break
            demand = min(demand + ceil(short * most), most)
            found = best_plan(search, Demand(debulked=demand))
            yield found


def _unassessed(
    search: Search, answers: Sequence[Answer], least_flr_ml: Quantity
) -> Iterator[Optimum]:
    """Return what sets of segments could do whose vessels nobody assessed, and no named one can."""
    least_flr = least_voxels(search.problem, least_flr_ml)
    if least_flr is None:
        return
    others = start_search(only_unassessed(search.problem), seconds=search.seconds)
    for answer in answers:
        named = answer.best.counted
        if named is None or named.flr < least_flr:
            yield best_plan(others, Demand(debulked=answer.demand))


def with_condition(choice: PlanChoice) -> PlanChoice:
    """Ask for two neighbours where the chosen rule set itself does."""
    if PREFIX + choice.rule_set not in CONDITIONS:
        return choice
    most = max(choice.contiguous_segments, CONTIGUOUS_SEGMENTS_MINIMUM)
    return replace(choice, contiguous_segments=most)


def why_no_plans(report: VolumetryReport, maps: LiverMaps | None) -> tuple[Reason, ...]:
    """Return why a case has no plans, nothing where it may have some."""
    if report.segments is None:
        return report.segments_reasons or (Reason(Cause.SEGMENTS_UNKNOWN),)
    if report.tumour_ml.value is None:
        return report.tumour_ml.reasons
    if not report.counted_lesions:
        return (Reason(Cause.NOTHING_TO_TREAT),)
    return (Reason(Cause.NO_MAPS),) if maps is None else ()


def _grounds(report: VolumetryReport, patient: Patient) -> Iterator[Reason]:
    """Yield what the answer to every target rests on."""
    if scan_cuts_liver(report):
        yield Reason(Cause.MORE_BEYOND_SCAN)
    if patient.background is LiverBackground.UNKNOWN:
        yield Reason(Cause.BACKGROUND_UNKNOWN)
    if report.segments_need_review:
        yield Reason(Cause.SEGMENTS_ESTIMATED)
