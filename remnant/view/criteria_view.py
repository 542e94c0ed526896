"""What the sources list of a case: conditions, pathways, and what is not known."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from planning.rules.liver_function import LIVER_FUNCTION_ID, LIVER_FUNCTION_TITLE
from planning.rules.staging_checklist import STAGING_CHECKLIST
from remnant.core.criteria import CriteriaResult, Pathway, TreatmentOption
from remnant.core.findings import Finding, Verdict
from remnant.view.absences import nothing_to_list
from remnant.view.applicability import why_not_applicable
from remnant.view.open_questions import Question, open_questions
from remnant.view.parts import Mark, mark, note
from remnant.view.rule_facts import amounts_here, is_note
from remnant.view.subject import Statement, Subject, status_words
from remnant.wording.findings import text_of
from remnant.wording.language import say
from remnant.wording.lists import (
    MOST_OBSTACLES,
    condition_row,
    condition_words,
    list_summary,
    obstacles,
    option_text,
    pathway_text,
    reviewed_answer,
    trial_notes,
)
from remnant.wording.told_facts import told
from remnant.wording.words import BRANCH_WORDS, DONE_WORDS, LIST_WORDS, OBSTACLE_WORDS, OPTION_WORDS

RESECTABILITY: Final = "resectability."


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a list, and what was found here; empty where there is nothing to show."""

    statement: Statement
    here: str


@dataclass(frozen=True, slots=True)
class Criteria:
    """A list of conditions of one source; ``brief`` is its answer in few words."""

    mark: Mark
    title: str
    source: int | None
    answer: str
    brief: str
    conditions: tuple[Condition, ...]
    amounts: bool


@dataclass(frozen=True, slots=True)
class Idle:
    """A list that cannot apply to this case, and why."""

    title: str
    source: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """Lists on one subject; ``idle`` are those that cannot apply."""

    title: str
    id: str
    lists: tuple[Criteria, ...]
    idle: tuple[Idle, ...]

    @property
    def any(self) -> bool:
        """Whether there is any list."""
        return bool(self.lists or self.idle)


@dataclass(frozen=True, slots=True)
class Option:
    """One treatment that a pathway lists."""

    mark: Mark
    name: str
    text: str
    source: int | None


@dataclass(frozen=True, slots=True)
class Branch:
    """One row of a source's pathway, and whether it is this case's; ``notes`` are no options.

    ``against`` is what rules it out here, where it would else be this case's.
    """

    mark: Mark
    verdict: Verdict
    title: str
    branch: str
    against: str
    text: str
    source: int | None
    options: tuple[Option, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """All lists; ``nothing`` says why they do not apply."""

    nothing: str
    questions: tuple[Question, ...]
    told: tuple[str, ...]
    liver_function: Group
    staging_checklist: Group
    resectability: Group
    staging: Group
    transplant: Group
    pathways: tuple[Branch, ...]

    @property
    def any(self) -> bool:
        """Whether any source lists something of the whole case, not of single lesions."""
        groups = (self.resectability, self.staging, self.transplant)
        return bool(any(group.any for group in groups) or self.pathways)


def view_sources(subject: Subject) -> Sources:
    """Return the lists of a planned case."""
    planning = subject.planning
    group = partial(_group, subject)
    return Sources(
        nothing=nothing_to_list(subject.case) or "",
        questions=open_questions(subject.case),
        told=told(subject.case.clinical),
        liver_function=group(say(LIVER_FUNCTION_TITLE), LIVER_FUNCTION_ID, planning.liver_function),
        staging_checklist=group(
            say("Examinations before surgery"), "staging_checklist", planning.staging_checklist
        ),
        resectability=group(say("Resectability"), "resectability", planning.resectability),
        staging=group(say("Staging"), "staging", planning.staging),
        transplant=group(say("Transplantation"), "transplant", planning.transplant),
        pathways=tuple(_branch(pathway, subject) for pathway in planning.pathways),
    )


def _group(subject: Subject, title: str, name: str, found: tuple[CriteriaResult, ...]) -> Group:
    why = [(one, why_not_applicable(one, subject.case.clinical)) for one in found]
    return Group(
        title,
        name,
        lists=tuple(_criteria(one, subject) for one, idle in why if not idle),
        idle=tuple(
            Idle(say(one.title), subject.cite(one.source), idle) for one, idle in why if idle
        ),
    )


def _criteria(found: CriteriaResult, subject: Subject) -> Criteria:
    amounts = amounts_here(found.findings, subject.case)
    conditions = zip(found.findings, amounts or ("",) * len(found.findings), strict=True)
    return Criteria(
        mark=mark(found.verdict, _words(found)) if found.deciding else note(),
        title=say(found.title),
        source=subject.cite(found.source),
        answer=reviewed_answer(found),
        brief=list_summary(found),
        conditions=tuple(Condition(condition(f, subject), here) for f, here in conditions),
        amounts=bool(amounts),
    )


def _words(found: CriteriaResult) -> Mapping[Verdict, str]:
    """Return the words for a verdict on a list."""
    if found.id == STAGING_CHECKLIST.id:
        return DONE_WORDS
    return OBSTACLE_WORDS if found.id.startswith(RESECTABILITY) else LIST_WORDS


def condition(finding: Finding, subject: Subject) -> Statement:
    """Return a finding as a row of a table, where every verdict shows."""
    return Statement(
        id=finding.id,
        mark=note() if is_note(finding) else mark(finding.verdict, condition_words(finding)),
        text=text_of(finding) if is_note(finding) else condition_row(subject.brief(finding)),
        source=subject.cite(finding.source),
        status=status_words(finding),
    )


def _branch(pathway: Pathway, subject: Subject) -> Branch:
    return Branch(
        mark=mark(pathway.verdict, BRANCH_WORDS),
        verdict=pathway.verdict,
        title=say(pathway.title),
        branch=say(pathway.branch),
        against=obstacles(pathway.failed, most=MOST_OBSTACLES),
        text=pathway_text(pathway),
        source=subject.cite(pathway.source),
        options=tuple(_option(option, subject) for option in pathway.options),
        notes=trial_notes(pathway),
    )


def _option(option: TreatmentOption, subject: Subject) -> Option:
    source = subject.cite(option.source)
    text = option_text(option)
    warned = option.verdict is Verdict.MET and option.cautions
    shown = _with_caution() if warned else mark(option.verdict, OPTION_WORDS)
    return Option(shown, say(option.name), text, source)


def _with_caution() -> Mark:
    """Return the mark of an option that its source lists and warns of here."""
    return Mark(Verdict.UNKNOWN.value, "!", say("listed, with a caution"))
