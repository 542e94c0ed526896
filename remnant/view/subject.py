"""What every part of a view reads: the case, its limits, and its sources by their numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from planning.debulking.finding_ids import (
    ABLATION_SIZE_ID,
    LIMITS_ID,
    TARGET_PREFIX,
    UNCONFIRMED_ID,
    UNCONFIRMED_IN_RESECTION_ID,
)
from planning.literature import Reference, load_literature
from planning.rules.flr import FURTHER_MINIMA
from planning.rules.remnant import DEBULKING_RULES, REMNANT_RULE_SETS
from remnant.core.case import CaseReport
from remnant.core.criteria import CriteriaResult
from remnant.core.findings import Basis, Finding, SourceStatus, Verdict
from remnant.core.plan import Resection
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Quantity
from remnant.view.absences import long_reasons
from remnant.view.certainty import (
    Judged,
    Outcome,
    PlanOutcome,
    judged,
    limit_words,
    minima,
    of_hundred,
    short_demand,
)
from remnant.view.parts import Figure, Footnotes, Mark, figure, mark, note
from remnant.view.rule_facts import is_note
from remnant.wording.brief import Short, brief
from remnant.wording.findings import text_of
from remnant.wording.language import Message, say
from remnant.wording.obstacles import contraindications
from remnant.wording.reasons import why
from remnant.wording.words import BASIS_MARKS, STATUS_WORDS, VERDICT_WORDS, demand

Known = TypeVar("Known")

REMNANT_RULES: Final = frozenset(f"flr.{rule_set.id}" for rule_set in REMNANT_RULE_SETS)
RULE_TITLES: Final[Mapping[str, Message]] = {
    **{f"flr.{rule_set.id}": rule_set.title for rule_set in REMNANT_RULE_SETS},
    **{rule.id: rule.title for rule in DEBULKING_RULES},
    **{rule.id: rule.title for rule in FURTHER_MINIMA},
    "flr.cloyd2020.contiguous_segments": "Two contiguous segments with vessels and bile duct",
    "debulking.cut_lesions": "No lesion across the transection",
    "vascular_feasibility": "Vascular feasibility",
    "ablation.with_resection.gepnetlm_review": "Ablation beside a resection",
    LIMITS_ID: "Limits that were set",
    ABLATION_SIZE_ID: "Size of what is ablated",
    UNCONFIRMED_ID: "Unconfirmed lesions among the treated",
    UNCONFIRMED_IN_RESECTION_ID: "Unconfirmed lesions",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds on what would remain and on the share of the tumour that would be removed."""

    remnant: tuple[float, ...]
    tumour: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A reference with its number in the report; ``None`` where the key is not known here."""

    number: int
    key: str
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class Citations:
    """The references; ``untitled`` and ``undated`` are numbers of those that lack a part."""

    listed: tuple[Citation, ...]
    untitled: tuple[int, ...]
    undated: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A finding as it is shown.

    ``mark`` is ``None`` where its text says that it holds; ``source`` is the number of the
    reference, ``status`` how it is known where it was not simply read there. A rule with a
    threshold has a ``title``, the ``number`` that was judged, what it demands, and in how many of
    100 ``draws`` that is reached.
    """

    id: str
    mark: Mark | None
    text: str
    source: int | None
    status: str
    title: str = ""
    number: str = ""
    demand: str = ""
    draws: str = ""
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Minimum:
    """A minimum in short: of what, how much, its mark, and in how many draws it is reached."""

    mark: Mark
    basis: Basis
    words: str
    demand: str
    draws: str
    doubtful: bool
    limit: str

    @property
    def tight_draws(self) -> str:
        """The number of draws without a blank, e.g. ``>99``."""
        return self.draws.replace(" ", "")


@dataclass(frozen=True, slots=True)
class Subject:
    """What every part reads, with the parts that depend on all of it."""

    case: CaseReport
    limits: Limits
    numbers: Mapping[str, int]
    short: Short

    @classmethod
    def of(cls, case: CaseReport) -> Self:
        """Return the subject of a case."""
        plans = () if case.planning is None else case.planning.plans
        outcomes: tuple[Outcome, ...] = (*resections_of(case), *map(PlanOutcome.of, plans))
        keys = dict.fromkeys(_sources(case))
        return cls(
            case,
            limits(outcomes),
            {key: n for n, key in enumerate(keys, start=1)},
            long_reasons(case),
        )

    @property
    def planning(self) -> PlanningReport:
        """What planning said; only where it ran."""
        assert self.case.planning is not None  # noqa: S101  # callers ask where it ran
        return self.case.planning

    def brief(self, known: Known) -> Known:
        """Return a finding or a result with long reasons that the report gives once in short."""
        return brief(known, self.short)

    def notes(self) -> Footnotes:
        """Return the footnotes of a table that is to be made."""
        return Footnotes(self.short)

    def cite(self, key: str | None) -> int | None:
        """Return the number of a source; ``None`` where nothing that is shown rests on it."""
        return None if key is None else self.numbers.get(key)

    def ratio(self, quantity: Quantity, notes: Footnotes | None = None) -> Figure:
        """Return a ratio of what would remain, on its side of every minimum."""
        return figure(quantity, "%", fraction=True, limits=self.limits.remnant, notes=notes)

    def share(self, quantity: Quantity, notes: Footnotes | None = None) -> Figure:
        """Return a share of the tumour, on its side of every minimum."""
        return figure(quantity, "%", fraction=True, limits=self.limits.tumour, notes=notes)

    def statement(self, finding: Finding) -> Statement:
        """Return a finding as it is shown; one without a number that holds needs no mark."""
        remark = is_note(finding)
        quiet = finding.limit is None and finding.verdict is Verdict.MET
        return Statement(
            id=finding.id,
            mark=note() if remark else None if quiet else mark(finding.verdict),
            text=text_of(finding if remark else self.brief(finding)),
            source=self.cite(finding.source),
            status=status_words(finding),
        )

    def rule(self, found: Judged) -> Statement:
        """Return a finding beside the figure that it judged."""
        finding = found.finding
        if finding.limit is None:
            return self.statement(finding)
        return Statement(
            id=finding.id,
            mark=mark(finding.verdict),
            text=text_of(self.brief(finding)),
            source=self.cite(finding.source),
            status=status_words(finding),
            title=rule_title(finding),
            number=found.number,
            demand=demand(finding),
            draws=of_hundred(finding.probability),
            doubtful=found.doubtful,
        )


def status_words(finding: Finding) -> str:
    """Say how a finding's number is known where it was not simply read in its source."""
    known = finding.status in (None, SourceStatus.VERIFIED)
    return "" if known or finding.status is None else STATUS_WORDS[finding.status]


def minimum(found: Judged) -> Minimum:
    """Return a minimum in short."""
    finding, basis = found.finding, found.finding.basis or Basis.UNSPECIFIED
    return Minimum(
        mark=mark(finding.verdict),
        basis=basis,
        words=BASIS_MARKS[basis],
        demand=short_demand(finding),
        draws=of_hundred(finding.probability),
        doubtful=found.doubtful,
        limit=limit_words(finding.limit or 0.0, basis),
    )


def minima_of(outcome: Outcome) -> tuple[Minimum, ...]:
    """Return the distinct minima that a remnant is held against, lowest first."""
    return tuple(minimum(found) for found in minima(outcome))


def tally(outcome: Outcome) -> tuple[Mark, ...]:
    """Count the verdicts of the FLR rule sets on one outcome, absent verdicts left out."""
    verdicts = [f.verdict for f in outcome.findings if f.id in REMNANT_RULES]
    counts = {
        verdict: f"{VERDICT_WORDS[verdict]}: {verdicts.count(verdict)}" for verdict in Verdict
    }
    return tuple(mark(verdict, counts) for verdict in Verdict if verdict in verdicts)


def rules_of(outcome: Outcome) -> tuple[Judged, ...]:
    """Return every finding on an outcome beside the quantity that it judged."""
    return tuple(judged(outcome).values())


def rule_title(finding: Finding) -> str:
    """Return a rule's name for people, made from its id where it has none."""
    title = RULE_TITLES.get(finding.id)
    if finding.id.startswith(TARGET_PREFIX):
        return say(
            "Target of {share} % of the tumour", share=finding.id.removeprefix(TARGET_PREFIX)
        )
    return say(title) if title else finding.id.replace("_", " ").replace(".", ", ")


def resections_of(case: CaseReport) -> tuple[Resection, ...]:
    """Return the anatomical resections of a case, none where planning did not run."""
    return () if case.planning is None else case.planning.resections


def no_remnant(case: CaseReport) -> str | None:
    """Return why no planned resection has a remnant; ``None`` where one has or none is planned."""
    flrs = [resection.remnant.flr_ml for resection in resections_of(case)]
    known = any(flr.value is not None for flr in flrs)
    return None if known or not flrs else why(flrs[0])


def limits(outcomes: tuple[Outcome, ...]) -> Limits:
    """Return every threshold that the figures of resections and plans are held against."""
    held = [f for outcome in outcomes for f in outcome.findings if f.limit]
    tumour = {f.limit for f in held if f.basis is Basis.TUMOUR_VOLUME and f.limit}
    remnant = {f.limit for f in held if f.basis is not Basis.TUMOUR_VOLUME and f.limit}
    return Limits(tuple(sorted(remnant)), tuple(sorted(tumour)))


def citations(subject: Subject) -> Citations:
    """Return every source that the report names, numbered in the order of first use."""
    literature = load_literature()
    listed = tuple(Citation(n, key, literature.get(key)) for key, n in subject.numbers.items())
    known = [(one.number, one.reference) for one in listed if one.reference is not None]
    return Citations(
        listed,
        untitled=tuple(number for number, reference in known if not reference.titled),
        undated=tuple(number for number, reference in known if not reference.dated),
    )


def _sources(case: CaseReport) -> Iterator[str]:
    yield case.volumetry.standardised.source
    planning = case.planning
    if planning is None:
        return
    shown = () if no_remnant(case) else planning.resections
    on_resections = (finding for r in shown for finding in r.findings)
    for finding in (*planning.findings, *_listed_findings(planning), *on_resections):
        if finding.source is not None:
            yield finding.source
    yield from _list_sources(planning)


def _listed_findings(planning: PlanningReport) -> Iterator[Finding]:
    """Give the findings on plans and those of every list, in the order in which they are shown."""
    yield from contraindications(planning)
    for parts in (planning.plans, planning.staged, _lists(planning), planning.ablation):
        yield from (finding for part in parts for finding in part.findings)


def _lists(planning: PlanningReport) -> tuple[CriteriaResult, ...]:
    """Return the lists that are shown, in their order."""
    return (
        *planning.liver_function,
        *planning.staging_checklist,
        *planning.resectability,
        *planning.staging,
        *planning.transplant,
    )


def _list_sources(planning: PlanningReport) -> Iterator[str]:
    yield from (listed.source for listed in _lists(planning))
    for pathway in planning.pathways:
        yield pathway.source
        yield from (option.source for option in pathway.options)
