"""Every condition, remark and treatment of the sources by its id, for the wording."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from planning.criteria.conditions import AnyOf, Condition, CriteriaList, Criterion, Remark
from planning.rules.ablation import ABLATION_RULES, COMBINED_RULE
from planning.rules.contraindications import CONTRAINDICATION_LIST
from planning.rules.debulking import DEBULKING_INDICATIONS, DEBULKING_REMARKS
from planning.rules.liver_function import LIVER_FUNCTION_REMARKS
from planning.rules.pathways import PATHWAY_TABLES, PathwayRow
from planning.rules.pathways_options import OptionRule
from planning.rules.resectability import RESECTABILITY_LISTS, RESECTABILITY_REMARKS
from planning.rules.staging import STAGING_RULES
from planning.rules.staging_checklist import STAGING_CHECKLIST
from planning.rules.transplant import (
    TRANSPLANT_LISTS,
    TRANSPLANT_PREDICTORS,
    TRANSPLANT_REMARKS,
)
from planning.rules.trial_groups import TRIAL_GROUPS


def _lists() -> Iterator[CriteriaList]:
    yield from (CONTRAINDICATION_LIST, STAGING_CHECKLIST)
    yield from (*RESECTABILITY_LISTS, *DEBULKING_INDICATIONS, *TRANSPLANT_LISTS)
    yield from (rule.listed for rule in STAGING_RULES)


def _rows() -> Iterator[tuple[str, PathwayRow]]:
    yield from ((f"{table.id}.{row.id}", row) for table in PATHWAY_TABLES for row in table.rows)


def _rules() -> Iterator[OptionRule]:
    yield from (rule for _, row in _rows() for rule in (*row.first, *row.otherwise))


def _top_conditions() -> Iterator[Condition]:
    yield from (condition for listed in _lists() for condition in listed.conditions)
    yield from (*TRANSPLANT_PREDICTORS, *ABLATION_RULES, COMBINED_RULE)
    yield from (condition for _, row in _rows() for condition in row.conditions)
    yield from (condition for rule in _rules() for condition in rule.conditions)
    yield from (condition for group in TRIAL_GROUPS for condition in group.conditions)


def _with_inner(conditions: Iterable[Condition]) -> Iterator[Condition]:
    for condition in conditions:
        yield condition
        if isinstance(condition, AnyOf):
            yield from (inner for branch in condition.branches for inner in branch)


def _remarks() -> Iterator[Remark]:
    yield from LIVER_FUNCTION_REMARKS
    listed = (*RESECTABILITY_REMARKS.values(), *DEBULKING_REMARKS.values(), TRANSPLANT_REMARKS)
    yield from (remark for remarks in listed for remark in remarks)
    yield from (remark for rule in STAGING_RULES for remark in rule.remarks)


LISTS: Mapping[str, CriteriaList] = MappingProxyType({one.id: one for one in _lists()})
CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {one.id: one for one in _with_inner(_top_conditions())}
)
CRITERIA: Mapping[str, Criterion] = MappingProxyType(
    {name: one for name, one in CONDITIONS.items() if isinstance(one, Criterion)}
)
"""The conditions on one input."""
REMARKS: Mapping[str, Remark] = MappingProxyType({one.id: one for one in _remarks()})
ROWS: Mapping[str, PathwayRow] = MappingProxyType(dict(_rows()))
"""Rows of the pathways, by the table's and their own id."""
TREATMENTS: Mapping[tuple[str, str], OptionRule] = MappingProxyType(
    {(rule.source, rule.id): rule for rule in _rules()}
)
"""Treatments by their source and id."""
"""Groups of the trial that allots by load."""
