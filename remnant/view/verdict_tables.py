"""What the templates show, picked from the case: warnings, verdict tables, references."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from planning.literature import Reference, load_literature
from planning.rules.flr import FURTHER_MINIMA
from planning.rules.remnant import DEBULKING_RULES, REMNANT_RULE_SETS
from remnant.core.case import CaseReport
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.plan import Resection
from remnant.core.planning_report import PlanningReport
from remnant.view.certainty import Judged, Outcome, judged
from remnant.wording.words import demand

REACH_PREFIX: Final = "debulking.reach."
REMNANT_PREFIX: Final = "flr."
CAUDATE_SUFFIX: Final = "_with_caudate"
REMNANT_RULES: Final = frozenset(f"flr.{rule_set.id}" for rule_set in REMNANT_RULE_SETS)
RULE_TITLES: Final[Mapping[str, str]] = {
    **{f"flr.{rule_set.id}": rule_set.title for rule_set in REMNANT_RULE_SETS},
    **{rule.id: rule.title for rule in DEBULKING_RULES},
    **{rule.id: rule.title for rule in FURTHER_MINIMA},
    "flr.cloyd2020.contiguous_segments": "Two contiguous segments with vessels and bile duct",
    "debulking.cut_lesions": "No lesion across the transection",
    "vascular_feasibility": "Vascular feasibility",
}


@dataclass(frozen=True, slots=True)
class RuleColumn:
    """One rule of the verdict table.

    ``demands`` and ``sources`` hold more than one where the rule's minimum or paper depends on the
    resection, as it can for an unknown liver background.
    """

    id: str
    title: str
    demands: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """Verdicts of one resection in the order of the columns, ``None`` where a rule is absent."""

    title: str
    cells: tuple[Judged | None, ...]


@dataclass(frozen=True, slots=True)
class VerdictTable:
    """A group of rules against every resection."""

    title: str
    columns: tuple[RuleColumn, ...]
    rows: tuple[VerdictRow, ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A reference with its number in the report; ``None`` where the key is not known here."""

    number: int
    key: str
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds on what would remain and on the share of the tumour that would be removed."""

    remnant: tuple[float, ...]
    tumour: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """How many of the lesions that count nobody has confirmed."""

    automatic: int
    counted: int


def checks(case: CaseReport) -> tuple[Finding, ...]:
    """Return every quality check once: failed ones first, then those that could not be made."""
    order = (Verdict.NOT_MET, Verdict.UNKNOWN, Verdict.NO_EVIDENCE, Verdict.MET)
    distinct = dict.fromkeys((*case.quality, *case.volumetry.quality))
    return tuple(sorted(distinct, key=lambda check: order.index(check.verdict)))


def no_remnant(case: CaseReport) -> str | None:
    """Return why no planned resection has a remnant; ``None`` where one has or none is planned."""
    reasons = [r.remnant.flr_ml.reason for r in _resections(case)]
    known = any(r.remnant.flr_ml.value is not None for r in _resections(case))
    return None if known or not reasons else reasons[0]


def unconfirmed(case: CaseReport) -> Unconfirmed:
    """Count lesions that count and, of these, the automatic ones."""
    counted = case.volumetry.counted_lesions
    automatic = sum(lesion.confirmation is Confirmation.AUTOMATIC for lesion in counted)
    return Unconfirmed(automatic, len(counted))


def reach(case: CaseReport) -> tuple[Finding, ...]:
    """Return the findings on whether a debulking share is within reach."""
    return tuple(f for f in _case_findings(case) if f.id.startswith(REACH_PREFIX))


def standard(case: CaseReport) -> tuple[Resection, ...]:
    """Return the named hepatectomies that leave the caudate segment where it is."""
    return tuple(
        resection
        for resection in _resections(case)
        if resection.named and not resection.name.endswith(CAUDATE_SUFFIX)
    )


def verdict_tables(case: CaseReport) -> tuple[VerdictTable, ...]:
    """Return every rule against every resection: those on the remnant, then all others.

    Rules stand in the order of their first use; a group without rules is left out.
    """
    found: dict[str, list[Finding]] = {}
    for resection in _resections(case):
        for finding in resection.findings:
            found.setdefault(finding.id, []).append(finding)
    columns = tuple(_column(findings) for findings in found.values())
    remnant = tuple(c for c in columns if c.id.startswith(REMNANT_PREFIX))
    others = tuple(c for c in columns if not c.id.startswith(REMNANT_PREFIX))
    groups = (("Rules on what would remain", remnant), ("Rules on what would be removed", others))
    return tuple(_table(case, title, group) for title, group in groups if group)


def tally(resection: Outcome) -> tuple[tuple[Verdict, int], ...]:
    """Count the verdicts of the FLR rule sets on one resection, absent verdicts left out."""
    verdicts = [f.verdict for f in resection.findings if f.id in REMNANT_RULES]
    return tuple((verdict, verdicts.count(verdict)) for verdict in Verdict if verdict in verdicts)


def limits(resections: Sequence[Outcome]) -> Limits:
    """Return every threshold that the figures of resections and plans are held against."""
    asked = [f for r in resections for f in r.findings if f.limit is not None]
    tumour = {f.limit for f in asked if f.basis is Basis.TUMOUR_VOLUME and f.limit}
    remnant = {f.limit for f in asked if f.basis is not Basis.TUMOUR_VOLUME and f.limit}
    return Limits(tuple(sorted(remnant)), tuple(sorted(tumour)))


def citations(case: CaseReport) -> Mapping[str, Citation]:
    """Return every source that the report names, numbered in the order of first use."""
    literature = load_literature()
    keys = dict.fromkeys(_sources(case))
    return {
        key: Citation(number, key, literature.get(key)) for number, key in enumerate(keys, start=1)
    }


def rule_title(finding: Finding) -> str:
    """Return a rule's name for people, made from its id where it has none."""
    return RULE_TITLES.get(finding.id) or finding.id.replace("_", " ").replace(".", ", ")


def _column(findings: Sequence[Finding]) -> RuleColumn:
    demands = dict.fromkeys(demand(finding) for finding in findings)
    sources = dict.fromkeys(f.source for f in findings if f.source is not None)
    first = findings[0]
    return RuleColumn(first.id, rule_title(first), tuple(filter(None, demands)), tuple(sources))


def _table(case: CaseReport, title: str, columns: tuple[RuleColumn, ...]) -> VerdictTable:
    ids = [column.id for column in columns]
    rows = tuple(_row(resection, ids) for resection in _resections(case))
    return VerdictTable(title, columns, rows)


def _row(resection: Resection, columns: Sequence[str]) -> VerdictRow:
    found = judged(resection)
    return VerdictRow(resection.title, tuple(found.get(column) for column in columns))


def _resections(case: CaseReport) -> tuple[Resection, ...]:
    return () if case.planning is None else case.planning.resections


def _case_findings(case: CaseReport) -> tuple[Finding, ...]:
    return () if case.planning is None else case.planning.findings


def _sources(case: CaseReport) -> Iterator[str]:
    yield case.volumetry.standardised.source
    shown = () if no_remnant(case) else _resections(case)
    of_resections = [finding for r in shown for finding in r.findings]
    of_plans = () if case.planning is None else _plan_findings(case.planning)
    for finding in (*_case_findings(case), *of_plans, *of_resections):
        if finding.source is not None:
            yield finding.source
    if case.planning is not None:
        yield from _list_sources(case.planning)


def _plan_findings(planning: PlanningReport) -> Iterator[Finding]:
    """Give the findings on plans and those of every list, in the order in which they are shown."""
    lists = (*planning.resectability, *planning.staging, *planning.transplant)
    for plan in planning.plans:
        yield from plan.findings
    for stage in planning.staged:
        yield from stage.findings
    for listed in lists:
        yield from listed.findings
    for lesion in planning.ablation:
        yield from lesion.findings


def _list_sources(planning: PlanningReport) -> Iterator[str]:
    for listed in (*planning.resectability, *planning.staging, *planning.transplant):
        yield listed.source
    for pathway in planning.pathways:
        yield pathway.source
        yield from (option.source for option in pathway.options)
