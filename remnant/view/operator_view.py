"""What an operator of the program could do about a case: the only commands of the report."""

from collections.abc import Iterator
from dataclasses import dataclass

from remnant.core.case import CaseReport
from remnant.view.absences import lacks_body_size
from remnant.view.open_questions import Question, open_questions
from remnant.wording.report_remedies import (
    BODY_SIZE,
    CONFIRM_SEGMENTS,
    FACTS_FORM,
    FACTS_READ,
    REPLACE_SEGMENTS,
    RESET_LIMITS,
    TEXTS,
    Remedy,
    remedy_of,
    remedy_of_reason,
)


@dataclass(frozen=True, slots=True)
class Operator:
    """What could be done, each with its command, and every fact that could be told."""

    remedies: tuple[Remedy, ...]
    questions: tuple[Question, ...]


def view_operator(case: CaseReport) -> Operator:
    """Return what an operator could do about a case, each remedy once."""
    questions = open_questions(case)
    return Operator(tuple(dict.fromkeys(_remedies(case, questions))), questions)


def _remedies(case: CaseReport, questions: tuple[Question, ...]) -> Iterator[Remedy]:
    volumes = case.volumetry
    if volumes.segments_need_review:
        yield from (REPLACE_SEGMENTS, CONFIRM_SEGMENTS)
    yield from filter(None, map(remedy_of, (*case.quality, *volumes.quality)))
    yield from filter(None, map(remedy_of_reason, volumes.segments_reasons))
    if lacks_body_size(case):
        yield BODY_SIZE
    if case.settings.planning is not None:
        yield RESET_LIMITS
    if questions:
        yield from (FACTS_FORM, FACTS_READ)
    if case.planning is not None:
        yield TEXTS
