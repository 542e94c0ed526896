"""Plans, targets and what would have to change, in words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from planning.debulking.finding_ids import (
    ABLATION_SIZE_ID,
    LIMITS_ID,
    TARGET_PREFIX,
    UNCONFIRMED_ID,
)
from planning.remnant.minima import PREFIX
from planning.remnant.required_flr import rule_set_named
from remnant.core.debulking import DebulkingPlan, Relaxation, RelaxationKind, TargetOutcome
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, first
from remnant.wording.kinds import Writer
from remnant.wording.language import message, say, say_many
from remnant.wording.measures import measured
from remnant.wording.numbers import counted, sentence, within_sentence
from remnant.wording.phrases import limit, listed, roughly
from remnant.wording.phrases import share as percent
from remnant.wording.reasons import reviewed, why, words
from remnant.wording.resection_titles import hepatectomy_title

FLIPS: Final = message("Undecided inside its intervals: ")
"""How the verdicts that flip are announced."""
CUT_WORDS: Final = message("the scan or file cuts the liver and more tumour may lie beyond it")
MOST_NAMED: Final = 6
"""Of more lesions than this only their number is given."""


def plan_title(plan: DebulkingPlan) -> str:
    """Name a plan, e.g. ``Left lateral sectionectomy, 2 wedges, 1 ablation``."""
    return ", ".join(_title_parts(plan)) or say("Nothing removed or ablated")


def _title_parts(plan: DebulkingPlan) -> Iterator[str]:
    recipe, wedges = plan.recipe, len(plan.recipe.wedges) - plan.extended
    if recipe.segments:
        around = (
            say(" extended around {lesions}", lesions=counted(plan.extended, "lesion"))
            if plan.extended
            else ""
        )
        yield hepatectomy_title(recipe.segments) + around
    if wedges:
        yield counted(wedges, "wedge")
    if recipe.ablations:
        zones = plan.result.ablation_zones
        of = say(" in {zones} zones", zones=zones) if zones > len(recipe.ablations) else ""
        yield counted(len(recipe.ablations), "ablation") + of


def plan_headline(plan: DebulkingPlan) -> str:
    """Say what a plan reaches; before that, what it breaks and which verdicts flip."""
    broken = next((f"{limits_broken(f)} " for f in plan.findings if f.id == LIMITS_ID), "")
    return reviewed(f"{_first(plan)}{broken}{_flipping(plan)}{_reached(plan)}", plan.reasons)


def _first(plan: DebulkingPlan) -> str:
    """Say before all else that the liver is decompensated."""
    against = first(plan.reasons, Cause.DECOMPENSATED)
    return "" if against is None else f"{sentence(words(against))}. "


def _reached(plan: DebulkingPlan) -> str:
    remnant = plan.result.remnant
    share = remnant.sflr if remnant.sflr.value is not None else remnant.flr_measured_fraction
    basis = say("the standardised") if share is remnant.sflr else say("the functional")
    left = say(
        "{volume} ({measured} of {basis} volume)",
        volume=_volume(remnant.flr_ml),
        measured=measured(share),
        basis=basis,
    )
    return say(
        "Treated: {treated} of the tumour. Would remain: {left}.",
        treated=_treated(plan.result.debulked_fraction),
        left=left,
    )


def _treated(debulked: Quantity) -> str:
    """Write the share; what is 100 % of the scanned part cannot be more of the whole."""
    if debulked.indicative and debulked.value is not None:
        return say("about {percent}", percent=percent(debulked.value))
    return measured(debulked)


def _volume(volume: Quantity) -> str:
    if volume.value is None:
        return say("an unknown volume ({why})", why=why(volume))
    return say("{roughly}{volume:.0f} mL", roughly=roughly(volume), volume=volume.value)


def _flipping(plan: DebulkingPlan) -> str:
    """Name what flips: the chosen minimum, each share of tumour, and how many other minima."""
    flipping = [f for f in plan.findings if f.id in plan.flips and f.probability is not None]
    chosen = [f for f in flipping if f.id == PREFIX + plan.rule_set]
    shares = {f.limit: f for f in flipping if f.basis is Basis.TUMOUR_VOLUME}
    others = sum(f not in chosen and f.basis is not Basis.TUMOUR_VOLUME for f in flipping)
    parts = (
        *(_enough_liver(f) for f in chosen),
        *(_share_treated(limit_ or 0.0, f) for limit_, f in shares.items()),
        *((say_many("{number} other minimum", "{number} other minima", others),) if others else ()),
    )
    return f"{say(FLIPS)}{'; '.join(parts)}. " if parts else ""


def _enough_liver(finding: Finding) -> str:
    return say("enough liver {of_hundred}", of_hundred=_of_hundred(finding))


def _share_treated(share: float, finding: Finding) -> str:
    return say(
        "{share:g} % treated {of_hundred}", share=100 * share, of_hundred=_of_hundred(finding)
    )


def _of_hundred(finding: Finding) -> str:
    return say("in {probability} of 100", probability=round(100 * (finding.probability or 0.0)))


# Targets


def target_heading(outcome: TargetOutcome) -> str:
    """Write which share of the tumour a target asks for."""
    return say("{target:g} % of the tumour", target=100 * outcome.target)


def target_line(outcome: TargetOutcome, planning: PlanningReport) -> str:
    """Write a target with its answer in one line."""
    opening = say("within reach by ") if _is_answered(outcome) else ""
    if _is_open(outcome):
        opening = say("undecided. ")
    if outcome.verdict is Verdict.UNCERTAIN:
        opening = say("uncertain: ")
    return f"{target_heading(outcome)}: {opening}{_answer(outcome, planning)}"


def target_answer(outcome: TargetOutcome, planning: PlanningReport) -> str:
    """Write the answer alone, for where the share and the verdict stand beside it."""
    return sentence(_answer(outcome, planning))


def _answer(outcome: TargetOutcome, planning: PlanningReport) -> str:
    only = _only_unassessed(outcome, planning.plans)
    return reviewed(f"{_grounds(outcome, planning.plans)}{only}", outcome.reasons)


def _only_unassessed(outcome: TargetOutcome, plans: Sequence[DebulkingPlan]) -> str:
    """Name what only a set of segments would reach whose vessels nobody assessed."""
    found = next((plan for plan in plans if plan.id == outcome.unassessed_plan), None)
    if found is None:
        return ""
    title = within_sentence(plan_title(found))
    return say(
        " Only {title} ({id}) would, if the vessels of all that stays were intact.",
        title=title,
        id=found.id,
    )


def _grounds(outcome: TargetOutcome, plans: Sequence[DebulkingPlan]) -> str:
    within = next((plan for plan in plans if plan.id == outcome.answered_by), None)
    if _is_cut(outcome):
        how = (
            ""
            if within is None
            else say(" In the scanned part: {title}.", title=within_sentence(plan_title(within)))
        )
        return say("undecided, {cut_words}.{how}", cut_words=say(CUT_WORDS), how=how)
    if within is not None:
        return _how(outcome, within)
    doubtful = _doubtful(outcome, plans)
    if doubtful is not None:
        return _how(outcome, doubtful)
    if outcome.largest_flr_ml is None:
        return _out_of_reach(outcome)
    if outcome.verdict is Verdict.NOT_MET:
        return _too_little(outcome, outcome.largest_flr_ml)
    return _undecided(outcome, outcome.largest_flr_ml)


def _doubtful(outcome: TargetOutcome, plans: Sequence[DebulkingPlan]) -> DebulkingPlan | None:
    """Return the best plan for a target that is uncertain; ``None`` for every other target."""
    if outcome.verdict is not Verdict.UNCERTAIN:
        return None
    serving = (p for p in plans if p.id in outcome.plans and p.decides)
    return next(serving, None)


def _is_cut(outcome: TargetOutcome) -> bool:
    return Reason(Cause.MORE_BEYOND_SCAN) in outcome.reasons


def _is_answered(outcome: TargetOutcome) -> bool:
    return outcome.answered_by is not None and not _is_cut(outcome)


def _is_open(outcome: TargetOutcome) -> bool:
    """Tell whether an answer says what is known of a target that is undecided."""
    if _is_cut(outcome) or _is_answered(outcome) or outcome.verdict is Verdict.UNCERTAIN:
        return False
    if outcome.largest_flr_ml is None:
        return not outcome.largest_proven
    return outcome.verdict is not Verdict.NOT_MET


def _how(outcome: TargetOutcome, plan: DebulkingPlan) -> str:
    """Name the plan, what is proven of it, and what is doubtful."""
    vessels = "" if plan.named else say(" Its vessels were stated to be intact.")
    title = within_sentence(plan_title(plan))
    return f"{title} ({plan.id}){_proof(outcome, plan)}.{_doubts(outcome, plan)}{vessels}"


def _proof(outcome: TargetOutcome, plan: DebulkingPlan) -> str:
    if outcome.target not in plan.targets:
        return say(", not proven to leave most liver")
    if not plan.proven:
        gap = say("up to {gap_ml:.0f} mL more could remain", gap_ml=max(plan.gap_ml or 0.0, 1.0))
        return say("; {gap}, the time ended before the proof", gap=gap)
    return say(", proven to leave most liver")


def _doubts(outcome: TargetOutcome, plan: DebulkingPlan) -> str:
    """Say how sure the minimum and the target are, where their verdicts flip."""
    deciding = [f for f in plan.findings if f.id in plan.flips]
    liver = [f for f in deciding if f.id == PREFIX + outcome.rule_set]
    share = [f for f in deciding if f.limit == outcome.target]
    parts = (
        *(_enough_liver(f) for f in liver),
        *(_share_treated(outcome.target, f) for f in share[:1]),
    )
    return f" {say(FLIPS)}{'; '.join(parts)}." if parts else ""


def _out_of_reach(outcome: TargetOutcome) -> str:
    if not outcome.largest_proven:
        return say("No plan was found in the time allowed.")
    if not outcome.most_proven:
        return say("out of reach within the limits (proven).")
    share = percent(outcome.most_debulked_fraction)
    return say(
        "out of reach within the limits. No plan treats more than {share} (proven).", share=share
    )


def _too_little(outcome: TargetOutcome, largest_ml: float) -> str:
    title = say(rule_set_named(outcome.rule_set).title)
    return say(
        "not with enough liver by {title}. No named operation that reaches it leaves more "
        "than {largest_ml:.0f} mL (proven){asked}.",
        title=title,
        largest_ml=largest_ml,
        asked=_asked(outcome),
    )


def _undecided(outcome: TargetOutcome, largest_ml: float) -> str:
    most = say("At most") if outcome.largest_proven else say("By the best plan found")
    left = say("{most} {largest_ml:.0f} mL would remain", most=most, largest_ml=largest_ml)
    if outcome.least_flr_ml.value is None:
        return say(
            "{left}; the minimum is not known ({why}).", left=left, why=why(outcome.least_flr_ml)
        )
    unknown = Reason(Cause.BACKGROUND_UNKNOWN) in outcome.reasons
    background = say(" (liver background not known)") if unknown else ""
    return f"{left}{_asked(outcome)}{background}."


def _asked(outcome: TargetOutcome) -> str:
    least_ml = outcome.least_flr_ml.value
    return "" if least_ml is None else say("; asked are {least_ml:.0f} mL", least_ml=least_ml)


# What would have to change


def relaxation_words(relaxation: Relaxation) -> str:
    """Write one change with what it would bring."""
    if relaxation.kind is RelaxationKind.LARGER_REMNANT:
        return _short_by(relaxation)
    if relaxation.kind is RelaxationKind.LOWER_TARGET:
        most = say("at most") if relaxation.proven else say("at least")
        share = percent(relaxation.amount or 0.0)
        return say(
            "With enough liver left {most} {share} of the tumour is treated.",
            most=most,
            share=share,
        )
    steps = counted(relaxation.interventions or 0, "intervention")
    left = say("{flr_ml:.0f} mL would stay", flr_ml=relaxation.flr_ml or 0.0)
    with_it = say("With {change} it would be reached", change=_change(relaxation))
    return f"{with_it}: {steps}{_beyond(relaxation.beyond_limits)}; {left}."


def _short_by(relaxation: Relaxation) -> str:
    points = ""
    if relaxation.points is not None:
        gained = say("{points:.1f} points of sFLR", points=relaxation.points)
        points = say(": portal vein embolisation would need to add {gained}", gained=gained)
    return say(
        "The FLR is short by {amount:.0f} mL{points}.",
        amount=relaxation.amount or 0.0,
        points=points,
    )


def _change(relaxation: Relaxation) -> str:
    number = int(relaxation.amount or 0)
    segment = "" if relaxation.segment is None else relaxation.segment.name
    changes = {
        RelaxationKind.MORE_ABLATIONS: counted(number, "more ablation"),
        RelaxationKind.MORE_WEDGES: counted(number, "more wedge"),
        RelaxationKind.UNLOCK_SEGMENT: say("segment {segment} no longer kept", segment=segment),
        RelaxationKind.ANY_WEDGE: say("wedges beyond the limits of size and depth"),
        RelaxationKind.ANY_ABLATION: say("ablations beyond the limits of size and place"),
        RelaxationKind.NO_LOCKS: say("no lock at all"),
    }
    return changes[relaxation.kind]


def _beyond(lesions: Sequence[int]) -> str:
    if not lesions:
        return ""
    if len(lesions) > MOST_NAMED:
        return say(" ({number} lesions beyond the limits)", number=len(lesions))
    return say_many(
        " (lesion {lesions} beyond the limits)",
        " (lesions {lesions} beyond the limits)",
        len(lesions),
        lesions=listed(map(str, lesions)),
    )


# Findings on plans


def limits_broken(finding: Finding) -> str:
    """Say which limits a recipe breaks."""
    broken = (words(one) for one in finding.reasons if one.cause is Cause.LIMIT_BROKEN)
    return say("Breaks the limits: {broken}.", broken="; ".join(broken))


def _ablation_size(finding: Finding) -> str:
    larger = finding.reasons[0]
    return say("Ablates what may be too large; {larger}.", larger=words(larger))


def _unconfirmed(finding: Finding) -> str:
    return say(
        "Treats {lesions} that no reader confirmed.",
        lesions=counted(int(finding.value or 0), "lesion"),
    )


def chosen_target(finding: Finding) -> str:
    """Hold what is treated against a target of the user's own."""
    threshold, share = finding.threshold, finding.quantity
    if threshold is None or share is None:
        raise LookupError(f"{finding.id} has no target")
    return say(
        "The chosen target: {limit} of the tumour load. Treated: {measured}.",
        limit=limit(threshold),
        measured=measured(share, beside=threshold.value),
    )


WRITERS: Final[Mapping[str, Writer]] = {
    LIMITS_ID: limits_broken,
    UNCONFIRMED_ID: _unconfirmed,
    ABLATION_SIZE_ID: _ablation_size,
    TARGET_PREFIX.partition("target_")[0]: chosen_target,
}


# Limits that were chosen


def limits_words(limits: Sequence[Reason]) -> str:
    """Write the limits that a user chose, e.g. ``no wedge, segment IV kept``."""
    return ", ".join(words(one) for one in limits)
