"""Anatomical resections: what would remain of each, by which rules, and by other formulas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from planning.remnant.required_flr import rule_set_named
from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Resection
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.units import percent_from_fraction
from remnant.view.absences import no_lesion
from remnant.view.certainty import (
    FormulaSpan,
    Judged,
    formula_span,
    judged,
    of_hundred,
    origins,
    short_demand,
)
from remnant.view.parts import DASH, Figure, Footnotes, Mark, figure, mark
from remnant.view.subject import (
    Minimum,
    Statement,
    Subject,
    minima_of,
    minimum,
    no_remnant,
    resections_of,
    rule_title,
    rules_of,
)
from remnant.wording.findings import bare_text_of, text_of
from remnant.wording.language import localised, say
from remnant.wording.numbers import percent, sign
from remnant.wording.resection_titles import resection_title
from remnant.wording.vessel_cuts import vessel_cuts_in_short, vessel_cuts_line
from remnant.wording.words import REACH_WORDS, SHORT_TITLES, VERDICT_SIGNS, demand

REACH_PREFIX: Final = "debulking.reach."
REMNANT_PREFIX: Final = "flr."
CAUDATE_SUFFIX: Final = "_with_caudate"
COLUMNS: Final = ("flr", "measured", "sflr", "weight", "surface", "debulked")
STANDARD_COLUMNS: Final = ("flr", "sflr", "measured", "debulked")
Notes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """The sFLR by the formulas that give the least and the most; ``crossed`` minima in percent."""

    own: str
    low: str
    low_exact: str
    low_formula: str
    high: str
    high_exact: str
    high_formula: str
    crossed: tuple[str, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class ResectionRow:
    """One resection.

    ``chosen`` is what the chosen rule set says. ``rule_signs`` are the verdicts of the FLR rule
    sets, each by its sign, a blank where one is missing. ``vessels`` is what it would cut of
    computed vessels, ``vessels_short`` the same below a heading that says so; empty where none were
    computed.
    """

    title: str
    short_title: str
    named: bool
    new_world: str
    segments: str
    flr: Figure
    measured: Figure
    sflr: Figure
    weight: Figure
    surface: Figure
    debulked: Figure
    minima: tuple[Minimum, ...]
    chosen: Minimum | None
    rule_signs: tuple[str, ...]
    span: Span | None
    vessels: str
    vessels_short: str


@dataclass(frozen=True, slots=True)
class RuleColumn:
    """One rule of the verdict table.

    ``demands`` and ``sources`` hold more than one where the rule's minimum or paper depends on the
    resection, as it can for an unknown liver background.
    """

    id: str
    title: str
    demands: tuple[str, ...]
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VerdictCell:
    """What a rule says of a resection; ``against`` its minimum where there are several."""

    mark: Mark
    against: str
    draws: str
    doubtful: bool


@dataclass(frozen=True, slots=True)
class VerdictTable:
    """A group of rules against every resection; a cell is ``None`` where a rule is absent."""

    title: str
    columns: tuple[RuleColumn, ...]
    rows: tuple[tuple[str, tuple[VerdictCell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a share of the tumour is within reach of one hepatectomy."""

    title: str
    mark: Mark
    text: str
    full_text: str
    source: int | None
    of_segments: bool


@dataclass(frozen=True, slots=True)
class Resections:
    """All resections.

    ``no_remnant`` says why none has a remnant, ``no_lesion`` why none can remove a tumour. The
    ``standard`` ones are named and leave the caudate segment where it is; both tables have their
    own notes. ``first`` are all findings on the first one.
    """

    no_remnant: str
    no_lesion: str
    reach: tuple[Reach, ...]
    rows: tuple[ResectionRow, ...]
    standard: tuple[ResectionRow, ...]
    notes: Notes
    standard_notes: Notes
    flr_origin: str
    sflr_origin: str
    tables: tuple[VerdictTable, ...]
    chosen_rule: str
    background_unknown: bool
    first: tuple[Statement, ...]

    @property
    def spans(self) -> tuple[ResectionRow, ...]:
        """Those to which other formulas apply."""
        return tuple(row for row in self.rows if row.span)

    @property
    def partial(self) -> bool:
        """Whether the scan cuts what would remain of any."""
        return any(row.sflr.partial for row in self.rows)


def view_resections(subject: Subject) -> Resections:
    """Return the resections of a planned case."""
    resections = resections_of(subject.case)
    notes, standard_notes = subject.notes(), subject.notes()
    rows = tuple(_row(r, subject, notes) for r in resections)
    standard = [r for r in resections if _is_standard(r)]
    first = rules_of(resections[0]) if resections else ()
    return Resections(
        no_remnant=no_remnant(subject.case) or "",
        no_lesion=no_lesion(subject.case) or "",
        reach=tuple(_reach(f, subject) for f in subject.planning.findings if _is_reach(f)),
        rows=rows,
        standard=tuple(_row(r, subject, standard_notes, STANDARD_COLUMNS) for r in standard),
        notes=notes.listed(),
        standard_notes=standard_notes.listed(),
        flr_origin=origins(r.remnant.flr_ml.interval for r in resections),
        sflr_origin=origins(r.remnant.sflr.interval for r in resections),
        tables=_verdict_tables(resections, subject),
        chosen_rule=say(rule_set_named(chosen_rule(subject)).title),
        background_unknown=subject.case.patient.background.value == "unknown",
        first=tuple(subject.rule(found) for found in first),
    )


def segment_list(segments: Sequence[CouinaudSegment]) -> str:
    """Write segments in their order, e.g. ``VI, VII``."""
    return ", ".join(segment.name for segment in segments)


def _row(
    resection: Resection, subject: Subject, notes: Footnotes, order: tuple[str, ...] = COLUMNS
) -> ResectionRow:
    found: Mapping[str, Finding] = {finding.id: finding for finding in resection.findings}
    of_rules = [found.get(f"flr.{rule_set.id}") for rule_set in REMNANT_RULE_SETS]
    title = resection_title(resection)
    return ResectionRow(
        title=title,
        short_title=SHORT_TITLES.get(resection.name, title),
        named=resection.named,
        new_world=resection.new_world,
        segments=segment_list(resection.segments),
        **_figures(resection, subject, notes, order),
        minima=minima_of(resection),
        chosen=_by_chosen(found, subject),
        rule_signs=tuple(VERDICT_SIGNS[f.verdict] if f else " " for f in of_rules),
        span=_span(resection, subject),
        vessels=vessel_cuts_line(resection.vessel_cuts, resection.segments),
        vessels_short=vessel_cuts_in_short(resection.vessel_cuts, resection.segments),
    )


def _figures(
    resection: Resection, subject: Subject, notes: Footnotes, order: tuple[str, ...]
) -> dict[str, Figure]:
    """Return the figures of a row; their footnotes get letters in the order of the table."""
    remnant = resection.remnant
    made = {
        "flr": partial(figure, remnant.flr_ml, "mL", notes=notes),
        "measured": partial(subject.ratio, remnant.flr_measured_fraction, notes),
        "sflr": partial(subject.ratio, remnant.sflr, notes),
        "weight": partial(figure, remnant.flr_body_weight_percent, notes=notes),
        "surface": partial(figure, remnant.flr_ml_per_m2, notes=notes),
        "debulked": partial(subject.share, resection.debulked_fraction, notes),
    }
    return dict.fromkeys(COLUMNS, DASH) | {name: made[name]() for name in order}


def chosen_rule(subject: Subject) -> str:
    """Return the id of the rule set that the plans of a case are held against."""
    settings = subject.case.settings.planning
    choice = None if settings is None else settings.choice
    return (choice or DEFAULT_CHOICE).rule_set


def _by_chosen(found: Mapping[str, Finding], subject: Subject) -> Minimum | None:
    finding = found.get(REMNANT_PREFIX + chosen_rule(subject))
    return None if finding is None else minimum(Judged(finding, None))


def _is_standard(resection: Resection) -> bool:
    return resection.named and not resection.name.endswith(CAUDATE_SUFFIX)


def _span(resection: Resection, subject: Subject) -> Span | None:
    span = formula_span(resection, subject.case.volumetry.standardised.formula)
    return None if span is None else _written(span, resection, subject)


def _written(span: FormulaSpan, resection: Resection, subject: Subject) -> Span:
    loose, limits = sign(resection.remnant.sflr), subject.limits.remnant
    return Span(
        own=subject.ratio(resection.remnant.sflr).number,
        low=loose + percent(span.low),
        low_exact=loose + percent(span.low, limits),
        low_formula=span.low_formula,
        high=percent(span.high),
        high_exact=loose + percent(span.high, limits),
        high_formula=span.high_formula,
        crossed=tuple(localised(f"{percent_from_fraction(limit):g}") for limit in span.crossed),
        partial=span.partial,
    )


def _is_reach(finding: Finding) -> bool:
    return finding.id.startswith(REACH_PREFIX)


def _reach(finding: Finding, subject: Subject) -> Reach:
    least = say("at least") if finding.inclusive else say("more than")
    share = (
        None if finding.limit is None else localised(f"{percent_from_fraction(finding.limit):g}")
    )
    return Reach(
        title=rule_title(finding)
        if share is None
        else say("{least} {share} % of the tumour volume", least=least, share=share),
        mark=mark(finding.verdict, REACH_WORDS),
        text=bare_text_of(finding),
        full_text=text_of(finding),
        source=subject.cite(finding.source),
        of_segments=finding.value is not None,
    )


def _verdict_tables(resections: Sequence[Resection], subject: Subject) -> tuple[VerdictTable, ...]:
    """Return every rule against every resection: those on the remnant, then all others.

    Rules stand in the order of their first use; a group without rules is left out.
    """
    found: dict[str, list[Finding]] = {}
    for finding in (finding for resection in resections for finding in resection.findings):
        found.setdefault(finding.id, []).append(finding)
    columns = [_column(findings, subject) for findings in found.values()]
    remnant = [column for column in columns if column.id.startswith(REMNANT_PREFIX)]
    others = [column for column in columns if column not in remnant]
    groups = (
        (say("Rules on what would remain"), remnant),
        (say("Rules on what would be removed"), others),
    )
    return tuple(_table(title, group, resections) for title, group in groups if group)


def _column(findings: Sequence[Finding], subject: Subject) -> RuleColumn:
    demands = dict.fromkeys(demand(finding) for finding in findings)
    sources = dict.fromkeys(subject.cite(f.source) for f in findings)
    first = findings[0]
    return RuleColumn(
        first.id, rule_title(first), tuple(filter(None, demands)), tuple(filter(None, sources))
    )


def _table(
    title: str, columns: Sequence[RuleColumn], resections: Sequence[Resection]
) -> VerdictTable:
    rows = []
    for resection in resections:
        found = judged(resection)
        rows.append((resection_title(resection), tuple(_cell(found.get(c.id), c) for c in columns)))
    return VerdictTable(title, tuple(columns), tuple(rows))


def _cell(found: Judged | None, column: RuleColumn) -> VerdictCell | None:
    if found is None:
        return None
    return VerdictCell(
        mark=mark(found.finding.verdict),
        against=short_demand(found.finding) if len(column.demands) > 1 else "",
        draws=of_hundred(found.finding.probability),
        doubtful=found.doubtful,
    )
