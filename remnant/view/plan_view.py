"""Plans: the answer to each target, the first plan in full, all plans in rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from planning.debulking.finding_ids import ABLATION_SIZE_ID
from remnant.core.debulking import (
    TREATED,
    DebulkingPlan,
    Fate,
    PlanOrigin,
    TargetOutcome,
    VirtualResection,
)
from remnant.core.findings import Verdict
from remnant.core.lesions import Lesion
from remnant.core.planning_report import PlanningReport
from remnant.core.reasons import Cause
from remnant.core.units import percent_from_fraction
from remnant.pictures.plan_front import Front, front
from remnant.view.certainty import Judged, PlanOutcome, debulking_minima
from remnant.view.limits_in_force import limits_in_force
from remnant.view.open_questions import Question, deciding
from remnant.view.parts import Figure, Footnotes, Mark, figure, mark
from remnant.view.plan_selection import listing_places
from remnant.view.recipe_view import lesion_words, recipe_words, runs, short_recipe
from remnant.view.subject import (
    Minimum,
    Statement,
    Subject,
    minima_of,
    minimum,
    rule_title,
    rules_of,
    tally,
)
from remnant.wording.brief import brief_reasons, mentions
from remnant.wording.language import localised, message, say, say_many
from remnant.wording.numbers import ABSENT, counted, plain, sentence
from remnant.wording.obstacles import first_in_rank
from remnant.wording.plans import (
    plan_headline,
    plan_title,
    relaxation_words,
    target_answer,
)
from remnant.wording.reasons import listed as listed_reasons
from remnant.wording.report_remedies import BODY_SIZE, Remedy
from remnant.wording.vessel_cuts import vessel_cuts_in_short, vessel_cuts_line
from remnant.wording.words import CONFIRMATION_WORDS, FATE_WORDS, REACH_WORDS, REJECTED_WORDS

MOST_PICTURED: Final = 3
AS_ABOVE: Final = message("As for the share above.")
MOST_BEST: Final = 3


@dataclass(frozen=True, slots=True)
class Target:
    """The answer to one share of the tumour; ``best`` are ids and titles of the best plans.

    ``changes`` are what would change the answer, what changes least first; ``remedy`` is what an
    operator could do for one, said once.
    """

    title: str
    mark: Mark
    answer: str
    remedy: str
    best: tuple[tuple[str, str], ...]
    met: bool
    bounds: str
    proven: bool
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One plan in a table.

    ``place`` is from how many listed plans on it is one of them; ``vessels`` what it would cut of
    computed vessels, ``vessels_short`` the same below a heading that says so; empty where that
    is not known or it removes no segment.
    """

    id: str
    title: str
    new_world: str
    best_for: tuple[str, ...]
    cautions: tuple[str, ...]
    flags: tuple[str, ...]
    recipe: str
    debulked: Figure
    reached: tuple[Minimum, ...]
    flr: Figure
    sflr: Figure
    minima: tuple[Minimum, ...]
    tally: tuple[Mark, ...]
    interventions: int
    feasible: Verdict
    place: int | None
    answers: bool
    vessels: str
    vessels_short: str

    @property
    def mark(self) -> Mark:
        """Whether the chosen rule set and the limits accept it."""
        return mark(self.feasible)


@dataclass(frozen=True, slots=True)
class LesionFate:
    """What a plan does with one lesion, in words; a rejected lesion is never treated."""

    lesion: int
    volume: str
    words: str
    confirmation: str
    treated: bool
    unconfirmed: bool
    volume_ml: float


@dataclass(frozen=True, slots=True)
class FateGroup:
    """Lesions that share a fate: words, their numbers, and their volume together."""

    words: str
    lesions: str
    volume: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a plan takes and leaves."""

    debulked: Figure
    residual: Figure
    flr: Figure
    ratios: tuple[tuple[str, Figure], ...]
    weight: Figure
    surface: Figure
    removed: Figure
    ablated: Figure
    margin: str
    zones: int


@dataclass(frozen=True, slots=True)
class FirstPlan:
    """The plan that is first in rank, in full.

    ``heading`` says before the plan's title by what the case's own facts rule it out.
    """

    heading: str
    row: PlanRow
    headline: str
    recipe: tuple[str, ...]
    done: str
    outcome: Outcome
    proof: str
    groups: tuple[FateGroup, ...]
    fates: tuple[LesionFate, ...]


@dataclass(frozen=True, slots=True)
class PlanFindings:
    """The findings on one plan: all of the first, of others those in doubt and cautions."""

    title: str
    headline: str
    flipping: tuple[str, ...]
    statements: tuple[Statement, ...]
    full: bool


@dataclass(frozen=True, slots=True)
class Plans:
    """All that is shown of plans.

    ``reason`` says why there are none, without what the report says elsewhere; ``as_segments``
    where that is why there are no segments.
    """

    reason: str
    full_reason: str
    as_segments: bool
    limits: str
    short_limits: str
    variant_anatomy: str
    deciding: tuple[Question, ...]
    targets: tuple[Target, ...]
    first: FirstPlan | None
    pictured: tuple[tuple[str, str, Outcome], ...]
    rows: tuple[PlanRow, ...]
    notes: tuple[tuple[str, str], ...]
    front: Front | None
    findings: tuple[PlanFindings, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to be shown of plans."""
        return bool(self.rows or self.targets or self.reason)

    def listed(self, most: int) -> tuple[PlanRow, ...]:
        """Return the plans to list at once, at most so many beside those that always are."""
        return tuple(row for row in self.rows if _is_listed(row, most))

    def rest(self, most: int) -> tuple[PlanRow, ...]:
        """Return the plans that are not listed at once."""
        return tuple(row for row in self.rows if not _is_listed(row, most))


def _is_listed(row: PlanRow, most: int) -> bool:
    return row.place is not None and row.place <= most


def view_plans(subject: Subject) -> Plans:
    """Return the plans of a planned case."""
    planning, notes = subject.planning, subject.notes()
    settings = subject.case.settings.planning
    choice = None if settings is None else settings.choice
    places = listing_places(planning.plans)
    rows = [_row(plan, subject, notes, places.get(plan.id)) for plan in planning.plans]
    reason = listed_reasons(planning.plans_reasons)
    short = brief_reasons(planning.plans_reasons, subject.short)
    return Plans(
        reason=_ended(sentence(listed_reasons(short))),
        full_reason=sentence(reason),
        as_segments=reason == listed_reasons(subject.case.volumetry.segments_reasons),
        limits="; ".join(limits_in_force(choice)),
        short_limits="; ".join(limits_in_force(choice, short=True)),
        variant_anatomy=subject.case.clinical.variant_anatomy or "",
        deciding=tuple(deciding(subject.case)),
        targets=_targets(subject),
        first=_first(planning.plans[0], rows[0], subject) if rows else None,
        pictured=tuple(
            (p.id, plan_title(p), _outcome(p.result, subject)) for p in pictured(planning)
        ),
        rows=tuple(rows),
        notes=notes.listed(),
        front=front(planning),
        findings=tuple(_findings(rows, subject)),
    )


def _ended(text: str) -> str:
    return text if text.endswith(".") or not text else f"{text}."


def pictured(planning: PlanningReport) -> tuple[DebulkingPlan, ...]:
    """Return the plans that are drawn, at most three.

    The first one, those that earn a target its verdict, then the best at each target.
    """
    known = {plan.id: plan for plan in planning.plans}
    first = [plan.id for plan in planning.plans[:1]]
    earning = [target.answered_by for target in planning.targets if target.answered_by]
    best = [target.plans[0] for target in planning.targets if target.plans]
    wanted = dict.fromkeys((*first, *earning, *best))
    chosen = [identifier for identifier in wanted if identifier in known]
    return tuple(known[identifier] for identifier in chosen[:MOST_PICTURED])


def _targets(subject: Subject) -> tuple[Target, ...]:
    told = set[Remedy]()
    found = [_target(target, subject, told) for target in subject.planning.targets]
    before = (None, *found)
    return tuple(_as_before(one, before[place]) for place, one in enumerate(found))


def _as_before(target: Target, before: Target | None) -> Target:
    """Shorten an answer that is the same as that of the share before; its own plans stay."""
    if before is None or _said(target) != _said(before):
        return target
    best = () if target.best == before.best else target.best
    return replace(target, answer=say(AS_ABOVE), changes=(), best=best)


def _said(target: Target) -> tuple[object, ...]:
    return (target.mark, target.answer, target.changes)


def _target(target: TargetOutcome, subject: Subject, told: set[Remedy]) -> Target:
    titles = {plan.id: plan_title(plan) for plan in subject.planning.plans}
    best = target.plans[:MOST_BEST]
    return Target(
        title=sentence(share(target.target)),
        mark=mark(target.verdict, REACH_WORDS),
        answer=target_answer(subject.brief(target), subject.planning),
        remedy=_remedy(target, subject, told),
        best=tuple((name if name in titles else "", titles.get(name, name)) for name in best),
        met=target.verdict is Verdict.MET,
        bounds=sentence(bounds(target)),
        proven=target.proven,
        changes=tuple(map(relaxation_words, target.relaxations)),
    )


def _remedy(target: TargetOutcome, subject: Subject, told: set[Remedy]) -> str:
    """Say at the first target that a missing body size leaves open what it needs."""
    if BODY_SIZE in told or not mentions(subject.brief(target), Cause.BRIEF_BODY_SIZE):
        return ""
    told.add(BODY_SIZE)
    return BODY_SIZE.text


def share(target: float) -> str:
    """Write a debulking target, e.g. ``at least 70 %``; all of it is ``all``."""
    return (
        say("all")
        if target >= 1.0
        else say("at least {target:g} %", target=percent_from_fraction(target))
    )


def bounds(target: TargetOutcome) -> str:
    """Say what bounds an answer and does not stand in it.

    What the rule set requires, where a plan reaches the target; the most that any plan treats,
    where none does.
    """
    if target.answered_by is not None and target.least_flr_ml.value is not None:
        return say(
            "asked for by the chosen rule: {volume} mL", volume=plain(target.least_flr_ml.value)
        )
    if target.most_debulked_fraction < target.target:
        return say(
            "whatever remains: up to {share} %",
            share=_percent_down(target.most_debulked_fraction),
        )
    return ""


def _percent_down(fraction: float) -> str:
    """Write a share so that what is less than all never reads as all."""
    text = localised(f"{percent_from_fraction(fraction):.1f}")
    return say("more than 99.9") if fraction < 1.0 and text == localised("100.0") else text


def _row(plan: DebulkingPlan, subject: Subject, notes: Footnotes, place: int | None) -> PlanRow:
    outcome = PlanOutcome.of(plan)
    return PlanRow(
        id=plan.id,
        title=plan_title(plan),
        new_world=plan.new_world,
        best_for=tuple(share(target) for target in plan.targets),
        cautions=flags(plan, ()),
        flags=flags(plan, subject.case.volumetry.lesions),
        recipe=short_recipe(plan.recipe),
        debulked=subject.share(outcome.debulked_fraction, notes),
        reached=tuple(minimum(found) for found in reached_shares(plan)),
        flr=figure(outcome.remnant.flr_ml, "mL", notes=notes),
        sflr=subject.ratio(outcome.remnant.sflr, notes),
        minima=minima_of(outcome),
        tally=tally(outcome),
        interventions=plan.result.interventions,
        feasible=plan.feasible,
        place=place,
        answers=bool(plan.targets) or plan.origin is PlanOrigin.USER,
        vessels=vessel_cuts_line(plan.vessel_cuts, plan.recipe.segments),
        vessels_short=vessel_cuts_in_short(plan.vessel_cuts, plan.recipe.segments),
    )


def reached_shares(plan: DebulkingPlan) -> tuple[Judged, ...]:
    """Return the shares that a plan is the best for or may miss, with how sure each is."""
    demanded = sorted(debulking_minima(PlanOutcome.of(plan)), key=_is_inclusive)
    by_share = {judged.finding.limit or 0.0: judged for judged in demanded}
    return tuple(
        judged
        for share_, judged in sorted(by_share.items())
        if judged.finding.probability is not None and (judged.doubtful or share_ in plan.targets)
    )


def _is_inclusive(judged: Judged) -> bool:
    """Tell whether a share is demanded as targets are, "at least": of two, that one is shown."""
    return bool(judged.finding.inclusive)


def _first(plan: DebulkingPlan, row: PlanRow, subject: Subject) -> FirstPlan:
    lesions = subject.case.volumetry.lesions
    done = recipe_words(plan.recipe, zones=plan.result.ablation_zones)
    return FirstPlan(
        heading=first_in_rank(subject.planning),
        row=row,
        headline=plan_headline(plan),
        recipe=tuple(map(sentence, done)),
        done=sentence("; ".join(done)),
        outcome=_outcome(plan.result, subject),
        proof=proof(plan),
        groups=fate_groups(plan, lesions),
        fates=fates(plan, lesions),
    )


def _outcome(result: VirtualResection, subject: Subject) -> Outcome:
    remnant = result.remnant
    return Outcome(
        debulked=subject.share(result.debulked_fraction),
        residual=figure(result.residual_tumour_ml, "mL"),
        flr=figure(remnant.flr_ml, "mL"),
        ratios=(
            ("sFLR", subject.ratio(remnant.sflr)),
            (say("of measured functional liver"), subject.ratio(remnant.flr_measured_fraction)),
        ),
        weight=figure(remnant.flr_body_weight_percent, say("% of body weight")),
        surface=figure(remnant.flr_ml_per_m2, "mL/m²"),
        removed=figure(result.removed_ml, "mL"),
        ablated=figure(result.ablated_ml, "mL"),
        margin=plain(result.margin_ml),
        zones=result.ablation_zones,
    )


def _findings(rows: list[PlanRow], subject: Subject) -> Iterator[PlanFindings]:
    """Give the findings on the first plan, and on those that answer a target."""
    by_id = {plan.id: plan for plan in subject.planning.plans}
    for row in rows:
        if row is rows[0] or row.answers:
            yield _findings_on(by_id[row.id], subject, full=row is rows[0])


def _findings_on(plan: DebulkingPlan, subject: Subject, *, full: bool) -> PlanFindings:
    every = rules_of(PlanOutcome.of(plan))
    flipping = [found.finding for found in every if found.finding.id in plan.flips]
    shown = [found for found in every if full or found.doubtful or _is_caution(found)]
    return PlanFindings(
        title=plan_title(plan),
        headline=plan_headline(plan),
        flipping=tuple(rule_title(finding) for finding in flipping),
        statements=tuple(subject.rule(found) for found in shown),
        full=full,
    )


def _is_caution(found: Judged) -> bool:
    return found.finding.limit is None and found.finding.verdict is not Verdict.MET


def fates(plan: DebulkingPlan, lesions: Iterable[Lesion]) -> tuple[LesionFate, ...]:
    """Return what becomes of every lesion of the case, those that the plan does not name too."""
    return tuple(_fate(plan, lesion) for lesion in lesions)


def _fate(plan: DebulkingPlan, lesion: Lesion) -> LesionFate:
    fate = plan.result.fates.get(lesion.id, Fate.STAYS)
    return LesionFate(
        lesion=lesion.id,
        volume=figure(lesion.volume_ml).number,
        words=FATE_WORDS[fate] if lesion.counts else say(REJECTED_WORDS),
        confirmation=CONFIRMATION_WORDS[lesion.confirmation],
        treated=_treats(plan, lesion),
        unconfirmed=lesion.confirmation.is_open,
        volume_ml=lesion.volume_ml.value or 0.0,
    )


def _treats(plan: DebulkingPlan, lesion: Lesion) -> bool:
    return lesion.counts and plan.result.fates.get(lesion.id) in TREATED


def fate_groups(plan: DebulkingPlan, lesions: Iterable[Lesion]) -> tuple[FateGroup, ...]:
    """Return the lesions by what becomes of them; empty groups are left out."""
    found: dict[str, list[LesionFate]] = {}
    for fate in fates(plan, lesions):
        found.setdefault(fate.words, []).append(fate)
    order = (words for words in (*FATE_WORDS.values(), say(REJECTED_WORDS)) if words in found)
    return tuple(
        FateGroup(
            sentence(words),
            runs(fate.lesion for fate in found[words]),
            plain(sum(fate.volume_ml for fate in found[words])),
        )
        for words in order
    )


def flags(plan: DebulkingPlan, lesions: Iterable[Lesion]) -> tuple[str, ...]:
    """Return what has to be known beside a plan's figures."""
    return tuple(_flags(plan, tuple(lesions)))


def _vessels(plan: DebulkingPlan) -> Iterator[str]:
    if not plan.decides:
        yield say("vessels not assessed: decides nothing")
    elif plan.vessels_intact:
        yield say("vessels stated intact")
    if any(mentions(finding, Cause.COMPUTED_AGAINST_STATED) for finding in plan.findings):
        yield say("computed vessels, to be confirmed, against “intact”")


def _flags(plan: DebulkingPlan, lesions: tuple[Lesion, ...]) -> Iterator[str]:
    if plan.origin is PlanOrigin.USER:
        yield say("your own recipe")
    yield from _vessels(plan)
    if plan.flips:
        yield say_many("{number} verdict may flip", "{number} verdicts may flip", len(plan.flips))
    if plan.proven is False:
        yield proof(plan)
    cut = [n for n, fate in plan.result.fates.items() if fate is Fate.CUT]
    if cut:
        yield say("cuts {lesions}", lesions=lesion_words(cut))
    unsure = sum(_treats(plan, lesion) and lesion.confirmation.is_open for lesion in lesions)
    larger = sum(f.verdict is Verdict.UNCERTAIN for f in plan.findings if f.id == ABLATION_SIZE_ID)
    if larger:
        yield say("size of what is ablated uncertain")
    if unsure:
        yield say("treats {lesions}", lesions=counted(unsure, "unconfirmed lesion"))


def proof(plan: DebulkingPlan) -> str:
    """Say whether it is proven that no plan of its kind leaves more liver."""
    if plan.proven is None:
        return ABSENT
    if plan.proven:
        return say("proven")
    return (
        say("not proven: at most {volume} mL more", volume=plain(plan.gap_ml))
        if plan.gap_ml
        else say("not proven")
    )
