"""What a person could tell so that more can be decided, what decides most first."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planning.inputs import BACKGROUND, DECOMPENSATED, INPUTS, PATIENT_INPUTS, Input
from remnant.core.case import CaseReport
from remnant.core.patient import LiverBackground
from remnant.core.planning_report import PlanningReport
from remnant.view.absences import lacks_body_size
from remnant.view.rule_facts import facts_behind
from remnant.wording.language import message, say
from remnant.wording.report_remedies import BODY_SIZE as MEASURE_WITH_SIZE

MEASURED_WITH: Final = frozenset(PATIENT_INPUTS) - {BACKGROUND}
"""What a case is measured with: the planner does not take it anew."""
BODY_SIZE: Final = message("body size")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to tell.

    ``how`` is the option, or the key of a facts file; ``lists`` counts the lists that ask for it, 0
    where verdicts on the plans themselves rest on it.
    """

    words: str
    how: str
    lists: int

    @property
    def text(self) -> str:
        """The words with how to tell it."""
        return f"{self.words} ({self.how})" if self.how else self.words


def open_questions(case: CaseReport) -> tuple[Question, ...]:
    """Return what a person could tell: what decides the plans first, then what most lists ask."""
    if case.planning is None:
        return ()
    first = tuple(deciding(case))
    named = {one.words for one in first}
    return (*first, *(one for one in _of_lists(case.planning) if one.words not in named))


def deciding(case: CaseReport) -> Iterator[Question]:
    """Yield what is not known of the person and leaves verdicts on the plans open."""
    if lacks_body_size(case):
        yield Question(
            say(BODY_SIZE), say("measure again: {command}", command=MEASURE_WITH_SIZE.command), 0
        )
    if background_decides(case):
        yield Question(say(BACKGROUND.question), BACKGROUND.option, 0)
    if _leaves_open(case, DECOMPENSATED):
        yield Question(say(DECOMPENSATED.question), DECOMPENSATED.option, 0)


def background_decides(case: CaseReport) -> bool:
    """Tell whether a verdict on what remains is open for want of the liver background."""
    told = case.patient.background is not LiverBackground.UNKNOWN
    return not told and _leaves_open(case, BACKGROUND)


def _leaves_open(case: CaseReport, wanted: Input) -> bool:
    """Tell whether a verdict on what remains is open for want of a fact."""
    planning = case.planning
    if planning is None:
        return False
    of_plans = (f for plan in planning.plans for f in plan.findings)
    judged = (*of_plans, *(f for resection in planning.resections for f in resection.findings))
    return any(wanted.name in finding.missing for finding in judged)


def _of_lists(planning: PlanningReport) -> tuple[Question, ...]:
    counts: Counter[str] = Counter()
    for found in (*planning.resectability, *planning.staging, *planning.transplant):
        counts.update({fact for name in found.missing for fact in facts_behind(name)})
    known = [_question(INPUTS[name], number) for name, number in sorted(counts.items())]
    return tuple(sorted(known, key=lambda one: -one.lists))


def _question(wanted: Input, number: int) -> Question:
    """Return an input with its option, else its key of a facts file."""
    measured = wanted in MEASURED_WITH
    how = f"remnant run CASE {wanted.option}" if measured else wanted.option or wanted.name
    return Question(say(wanted.question), how, number)
