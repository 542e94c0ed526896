"""The report's first sheet: the whole story of a case, before any detail."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan, PlanOrigin
from remnant.core.findings import Finding
from remnant.core.plan import Resection
from remnant.core.readings import LesionReading
from remnant.core.recipe import Recipe
from remnant.pictures.figures import largest_lesion
from remnant.view.absences import lacks_body_size
from remnant.view.certainty import PlanOutcome, of_hundred
from remnant.view.open_questions import BODY_SIZE, Question, open_questions
from remnant.view.parts import Figure, Mark, figure, mark
from remnant.view.recipe_view import lesion_words
from remnant.view.resection_view import chosen_rule
from remnant.view.segment_state import segments_origin
from remnant.view.subject import Subject, resections_of
from remnant.wording.impression import impression
from remnant.wording.language import say
from remnant.wording.numbers import ABSENT, sentence
from remnant.wording.plans import plan_title
from remnant.wording.report_sheet import (
    NOT_LOOKED_FOR,
    counted_words,
    largest_words,
    no_contraindication_words,
    read_words,
)
from remnant.wording.resection_titles import resection_title

MAIN: Final = (
    "right_hemihepatectomy",
    "left_hemihepatectomy",
    "right_trisectionectomy",
    "left_trisectionectomy",
    "left_lateral_sectionectomy",
)
"""The named operations of the first sheet; all others stand in the appendix."""
PREFIX: Final = "flr."
MOST_OWN: Final = 2
MOST_MISSING: Final = 5


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One operation: what would remain, and whether the chosen rule accepts it.

    ``kind`` is empty for a named operation, ``first`` for the plan that is first in rank,
    ``decides`` for the first whose verdict counts, ``own`` for one of the user.
    """

    kind: str
    title: str
    plan: str
    flr: Figure
    measured: Figure
    sflr: Figure
    debulked: Figure
    mark: Mark | None
    draws: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first sheet beside what other parts of the view hold.

    ``impression`` is without what is missing: that stands in ``missing``, of ``asked`` questions in
    all. ``no_contraindication`` is empty where there is one or none was looked for. ``lesions`` and
    ``segments`` say who read them, ``readings`` one line for each person and day; ``number`` and
    ``largest`` are of lesions.
    """

    impression: tuple[str, ...]
    no_contraindication: str
    operations: tuple[OperationRow, ...]
    number: str
    largest: str
    missing: tuple[str, ...]
    asked: int
    lesions: str
    readings: tuple[str, ...]
    segments: str


def view_sheet(subject: Subject) -> Sheet:
    """Return the first sheet of a case."""
    case = subject.case
    lesions, asked = case.volumetry.lesions, open_questions(case)
    known = case.volumetry.tumour_ml.value is not None
    return Sheet(
        impression=impression(case, ()),
        no_contraindication=_no_contraindication(case),
        operations=tuple(_operations(subject)),
        number=counted_words(lesions) if known else ABSENT,
        largest=largest_words(largest_lesion(lesions)),
        missing=_missing(case, asked),
        asked=len(asked),
        lesions=sentence(read_words(lesions) if known else say(NOT_LOOKED_FOR)),
        readings=tuple(map(_reading, case.readings)),
        segments=sentence(segments_origin(case.volumetry)),
    )


def _no_contraindication(case: CaseReport) -> str:
    looked_for = None if case.planning is None else case.planning.contraindications
    return "" if looked_for is None else no_contraindication_words(looked_for)


def _missing(case: CaseReport, asked: Sequence[Question]) -> tuple[str, ...]:
    """Return what to tell first; of a case that nobody planned, what its measures lack."""
    if case.planning is None:
        return (say(BODY_SIZE),) if lacks_body_size(case) else ()
    return tuple(one.words for one in asked[:MOST_MISSING])


def _reading(reading: LesionReading) -> str:
    """Say what one person said of lesions, e.g. ``A. Reader, 2026-11-29: confirmed 1, 2``."""
    said = []
    if reading.confirmed:
        said.append(say("confirmed {lesions}", lesions=lesion_words(reading.confirmed)))
    if reading.rejected:
        said.append(say("rejected {lesions}", lesions=lesion_words(reading.rejected)))
    return f"{reading.by}, {reading.date}: {'; '.join(said)}"


def _operations(subject: Subject) -> Iterator[OperationRow]:
    plans = _leading(subject.case)
    for plan, kind in plans:
        yield _of_plan(plan, kind, subject)
    taken = {
        frozenset(plan.recipe.segments)
        for plan, _ in plans
        if plan.recipe == Recipe(segments=plan.recipe.segments)
    }
    named = {resection.name: resection for resection in resections_of(subject.case)}
    for name in MAIN:
        if name in named and frozenset(named[name].segments) not in taken:
            yield _of_resection(named[name], subject)


def _leading(case: CaseReport) -> Sequence[tuple[DebulkingPlan, str]]:
    """Return the first plan, the first whose verdict counts, and the user's own, each once."""
    plans = () if case.planning is None else case.planning.plans
    deciding = [plan for plan in plans if plan.decides][:1]
    own = [plan for plan in plans if plan.origin is PlanOrigin.USER][:MOST_OWN]
    groups = ((own, "own"), (plans[:1], "first"), (deciding, "decides"))
    kinds: dict[str, tuple[DebulkingPlan, str]] = {}
    for group, kind in groups:
        for plan in group:
            kinds.setdefault(plan.id, (plan, kind))
    return sorted(kinds.values(), key=lambda found: plans.index(found[0]))


def _of_resection(resection: Resection, subject: Subject) -> OperationRow:
    remnant, judged = resection.remnant, _chosen(resection.findings, subject)
    return OperationRow(
        kind="",
        title=resection_title(resection),
        plan="",
        flr=figure(remnant.flr_ml),
        measured=subject.ratio(remnant.flr_measured_fraction),
        sflr=subject.ratio(remnant.sflr),
        debulked=subject.share(resection.debulked_fraction),
        mark=None if judged is None else mark(judged.verdict),
        draws="" if judged is None else of_hundred(judged.probability),
    )


def _of_plan(plan: DebulkingPlan, kind: str, subject: Subject) -> OperationRow:
    """Return the row of a plan; its verdict is that of the chosen rule with the limits."""
    remnant, judged = plan.result.remnant, _chosen(PlanOutcome.of(plan).findings, subject)
    return OperationRow(
        kind=kind,
        title=plan_title(plan),
        plan=plan.id,
        flr=figure(remnant.flr_ml),
        measured=subject.ratio(remnant.flr_measured_fraction),
        sflr=subject.ratio(remnant.sflr),
        debulked=subject.share(plan.result.debulked_fraction),
        mark=mark(plan.feasible),
        draws="" if judged is None else of_hundred(judged.probability),
    )


def _chosen(findings: Sequence[Finding], subject: Subject) -> Finding | None:
    wanted = PREFIX + chosen_rule(subject)
    return next((finding for finding in findings if finding.id == wanted), None)
