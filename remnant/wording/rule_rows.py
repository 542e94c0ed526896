"""Every rule of the rule base as a row of one table, found in the data of all rule modules."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from planning import rules
from planning.criteria.conditions import AnyOf, Criterion, Remark
from planning.distribution import frilling, netlm
from planning.remnant.contiguity import CONTIGUITY_ID
from planning.rules import remnant
from planning.rules.flr import FurtherMinimum
from planning.rules.growth import GrowthPreset, GrowthRemark
from planning.rules.pathways import PathwayTable
from planning.rules.pathways_options import OptionRule
from planning.rules.remnant import DebulkingRule, RemnantMinimum, RemnantRuleSet
from planning.rules.trial_groups import TRIAL_STATEMENT, TrialGroup
from remnant.core.findings import Basis, SourceStatus, Threshold
from remnant.core.units import percent_from_fraction

FIRST = "remnant"
SHARES = frozenset(
    (
        Basis.STANDARDISED_TLV,
        Basis.MEASURED_FUNCTIONAL_TLV,
        Basis.TUMOUR_VOLUME,
        Basis.TOTAL_LIVER_VOLUME,
        Basis.UNSPECIFIED,
    )
)
UNITS: Mapping[Basis, str] = {Basis.BODY_WEIGHT: " %", Basis.BODY_SURFACE_AREA: " mL/m²"}
SIGNS = {"<": "<", "<=": "≤", ">=": "≥", ">": ">"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule in words.

    Parameters
    ----------
    id
        Unique in the whole rule base.
    statement
        What the source says.
    held
        The input and how it is held against its limit; empty where nothing is judged.
    basis
        What a share was divided by; ``None`` where there is none.
    population, source, status
        Whom it speaks of, key in ``planning/literature.bib``, and whether it was read there.
    """

    id: str
    statement: str
    population: str
    source: str
    status: SourceStatus
    held: str = ""
    basis: Basis | None = None


def rule_rows() -> Mapping[str, tuple[RuleRow, ...]]:
    """Return all rules by the name of their module.

    Returns
    -------
    Mapping
        Rows in the order of each module's data; a rule that stands in several lists is one row, in
        the first module that has it.
    """
    seen: set[RuleRow] = set()
    tables = {module.__name__: _rows_of(module, seen) for module in _modules()}
    return {name: rows for name, rows in tables.items() if rows}


def _modules() -> Iterator[ModuleType]:
    """Yield the rule modules, the remnant first, and those with this project's own numbers."""
    names = [m.name for m in iter_modules(rules.__path__) if m.name != FIRST]
    yield from (import_module(f"{rules.__name__}.{name}") for name in (FIRST, *sorted(names)))
    yield from (frilling, netlm)


def _rows_of(module: ModuleType, seen: set[RuleRow]) -> tuple[RuleRow, ...]:
    found: list[RuleRow] = []
    own = [_contiguity(), _burden()] if module is remnant else []
    for value in vars(module).values():
        own.extend(_walk(value))
    for row in own:
        if row not in seen:
            seen.add(row)
            found.append(row)
    return tuple(found)


def _walk(value: object) -> Iterator[RuleRow]:
    """Yield the rows of a rule and of every rule within it."""
    if isinstance(value, tuple):
        for item in value:
            yield from _walk(item)
    elif isinstance(value, dict):
        yield from _walk(tuple(value.values()))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from ROWS.get(type(value), _none)(value)
        if not isinstance(value, RemnantRuleSet):
            yield from _walk(tuple(getattr(value, item.name) for item in fields(value)))


def _none(_: object) -> Iterator[RuleRow]:
    return iter(())


def _criterion(rule: Criterion) -> Iterator[RuleRow]:
    limit, name = rule.limit, rule.input.name
    if rule.threshold is not None:
        held = f"{name} {SIGNS[rule.threshold.comparison]} {rule.threshold.value:g}"
    elif isinstance(limit, tuple):
        held = f"{name} is {' or '.join(str(member) for member in limit)}"
    elif isinstance(limit, bool):
        held = f"{name} is {'true' if limit else 'false'}"
    else:
        held = f"{name} is {limit}"
    yield RuleRow(
        id=rule.id,
        statement=rule.statement,
        held=held if rule.needed else f"{held} (decides nothing)",
        basis=rule.basis,
        population=rule.population,
        source=rule.source,
        status=rule.status,
    )


def _any_of(rule: AnyOf) -> Iterator[RuleRow]:
    branches = (" and ".join(c.id for c in branch) for branch in rule.branches)
    yield RuleRow(
        id=rule.id,
        statement=rule.statement,
        held="; or ".join(branches),
        population=rule.population,
        source=rule.source,
        status=rule.status,
    )


def _remark(rule: Remark | GrowthRemark) -> Iterator[RuleRow]:
    yield RuleRow(
        id=rule.id,
        statement=rule.statement,
        population=rule.population,
        source=rule.source,
        status=rule.status,
    )


def _growth_preset(rule: GrowthPreset) -> Iterator[RuleRow]:
    amount = f"{percent_from_fraction(rule.response_fraction):g} %"
    yield RuleRow(
        id=f"growth.preset.{rule.id}",
        statement=f"{rule.title}: relative hypertrophy {amount} ({rule.centre}). {rule.remark}",
        held=f"time constant {rule.time.days:.3g} days (this project's derivation)",
        population=rule.population,
        source=rule.source,
        status=rule.status,
    )


def _rule_set(rule: RemnantRuleSet) -> Iterator[RuleRow]:
    if rule.flat:
        yield _minimum(rule.id, rule, next(iter(rule.minima.values())))
        return
    for background, minimum in rule.minima.items():
        yield _minimum(f"{rule.id}.{background}", rule, minimum)


def _minimum(identifier: str, rule: RemnantRuleSet, minimum: RemnantMinimum) -> RuleRow:
    reading = " That the liver is such a one is this project's reading." if minimum.reading else ""
    return RuleRow(
        id=f"flr.{identifier}",
        statement=f"{rule.title}: least remnant.{reading}",
        held=_held("FLR", minimum.threshold),
        basis=minimum.threshold.basis,
        population=minimum.population,
        source=minimum.threshold.source,
        status=minimum.status,
    )


def _further(rule: FurtherMinimum) -> Iterator[RuleRow]:
    formula = f" Only with the volume formula {rule.formula}." if rule.formula else ""
    yield RuleRow(
        id=rule.id,
        statement=f"{rule.title}: least remnant, deciding nothing. {rule.remark}{formula}".strip(),
        held=_held("FLR", rule.threshold),
        basis=rule.threshold.basis,
        population=rule.population,
        source=rule.threshold.source,
        status=rule.threshold.status,
    )


def _debulking(rule: DebulkingRule) -> Iterator[RuleRow]:
    yield RuleRow(
        id=rule.id,
        statement=f"{rule.title}: share of the load removed. {rule.remark}",
        held=_held("debulked share", rule.threshold),
        basis=rule.threshold.basis,
        population="neuroendocrine liver metastases",
        source=rule.threshold.source,
        status=rule.threshold.status,
    )


def _option(rule: OptionRule) -> Iterator[RuleRow]:
    yield RuleRow(
        id=f"option.{rule.source}.{rule.id}",
        statement=" ".join((f"{rule.name}: {rule.statement}", *(n.text for n in rule.notes))),
        held=" and ".join(condition.id for condition in rule.conditions),
        population=rule.population,
        source=rule.source,
        status=rule.status,
    )


def _pathway(table: PathwayTable) -> Iterator[RuleRow]:
    for row in table.rows:
        first = "; ".join(option.name for option in row.first) or "none"
        otherwise = "; ".join(option.name for option in row.otherwise)
        contraindicated = f" Where resection is contraindicated: {otherwise}." if otherwise else ""
        yield RuleRow(
            id=f"pathway.{table.id}.row.{row.id}",
            statement=f"{table.title}, {row.branch}. {row.text} Lists: {first}.{contraindicated}",
            held=" and ".join(condition.id for condition in row.conditions),
            population="neuroendocrine liver metastases",
            source=table.source,
            status=SourceStatus.VERIFIED,
        )


def _trial(group: TrialGroup) -> Iterator[RuleRow]:
    first = group.conditions[0]
    yield RuleRow(
        id=group.id,
        statement=f"{TRIAL_STATEMENT} This group: {group.treatment}.",
        held=" and ".join(condition.id for condition in group.conditions),
        population=first.population,
        source=first.source,
        status=SourceStatus.VERIFIED,
    )


def _own_numbers(
    prefix: str, printed: Mapping[str, str] = MappingProxyType({})
) -> Callable[[object], Iterator[RuleRow]]:
    """Rows of numbers behind words: this project's, but for those ``printed`` in a source."""

    def rows(rule: object) -> Iterator[RuleRow]:
        for item in fields(rule):  # type: ignore[arg-type]  # a dataclass, by the table below
            source = printed.get(item.name)
            yield RuleRow(
                id=f"{prefix}.{item.name}",
                statement=f"Operational number: {item.name.replace('_', ' ')}.",
                held=f"{getattr(rule, item.name):g}",
                population="every case",
                source=source or remnant.PROJECT_SOURCE,
                status=SourceStatus.VERIFIED if source else SourceStatus.PROJECT,
            )

    return rows


def _contiguity() -> RuleRow:
    return RuleRow(
        id=CONTIGUITY_ID,
        statement="Cloyd 2020: at least two contiguous segments with inflow, outflow and biliary "
        "drainage remain. Vessels and drainage are never known to be kept.",
        held=f"contiguous kept segments ≥ {remnant.CONTIGUOUS_SEGMENTS_MINIMUM}",
        population="neuroendocrine liver metastases",
        source=remnant.CONTIGUOUS_SEGMENTS_SOURCE,
        status=SourceStatus.VERIFIED,
    )


def _burden() -> RuleRow:
    return RuleRow(
        id="burden.class",
        statement="Classes of hepatic tumour load. Which class a value between the printed ones "
        "falls into is this project's reading.",
        held="burden_fraction up to 10 %, 11 to 25 %, 26 to 50 %, more than 50 %",
        basis=Basis.TOTAL_LIVER_VOLUME,
        population="neuroendocrine liver metastases",
        source="luo2019",
        status=SourceStatus.VERIFIED,
    )


def _held(name: str, threshold: Threshold) -> str:
    sign = "≥" if threshold.inclusive else ">"
    if threshold.basis in SHARES:
        return f"{name} {sign} {percent_from_fraction(threshold.value):g} %"
    return f"{name} {sign} {threshold.value:g}{UNITS[threshold.basis]}"


ROWS: Mapping[type, Callable[..., Iterator[RuleRow]]] = {
    Criterion: _criterion,
    AnyOf: _any_of,
    Remark: _remark,
    GrowthRemark: _remark,
    GrowthPreset: _growth_preset,
    RemnantRuleSet: _rule_set,
    FurtherMinimum: _further,
    DebulkingRule: _debulking,
    OptionRule: _option,
    PathwayTable: _pathway,
    TrialGroup: _trial,
    frilling.FrillingRule: _own_numbers("frilling.number"),
    netlm.NetlmRule: _own_numbers("netlm.number", {"debulked_share": netlm.NETLM_SOURCE}),
}
"""How each kind of rule is written as rows; other data are only searched for rules within."""
