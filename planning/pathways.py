"""Treatments that two published pathways list for a case like this; options, never orders."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from planning import inputs
from planning.criteria.conditions import (
    AnyOf,
    Condition,
    deciding,
    inputs_of,
    judge,
    rests_on_segments,
    together,
    undecided_inputs,
)
from planning.inputs import Facts
from planning.rules.pathways import (
    PATHWAY_TABLES,
    PathwayRow,
    PathwayTable,
)
from planning.rules.pathways_conditions import OVER_70
from planning.rules.pathways_options import OptionRule
from planning.rules.trial_groups import TRIAL_GROUPS
from remnant.core.criteria import Pathway, TreatmentOption
from remnant.core.findings import Verdict
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason


def pathways(
    facts: Facts, *, limits: tuple[Reason, ...] = (), segments_estimated: bool = False
) -> tuple[Pathway, ...]:
    """List what each pathway holds for a case.

    Parameters
    ----------
    facts
        What is known.
    limits
        Limits that the user chose: where they leave a condition on the plans open, they are a
        reason of the row.
    segments_estimated
        Whether the segments need review: what rests on them has that as a reason.

    Returns
    -------
    tuple
        Every row of the tables that the case is known to belong to (``MET``) or may belong to
        (``UNKNOWN``, with what is missing; ``UNCERTAIN``, with what the error decides), and those
        that it would but for contraindications (``NOT_MET``). Empty where there is known to be no
        lesion.
    """
    if _no_lesion(facts):
        return ()
    return tuple(
        _pathway(table, row, facts, limits=limits, segments_estimated=segments_estimated)
        for table in PATHWAY_TABLES
        for row in table.rows
        if _concerns(row, facts)
    )


def ongoing_trial(facts: Facts) -> Reason:
    """Note the trial that allots by load, with its group where this load surely belongs to one."""
    for group in TRIAL_GROUPS:
        verdict = together(group.conditions, facts)
        if verdict is Verdict.MET:
            return reason(Cause.ONGOING_TRIAL, group.id)
        if verdict is not Verdict.NOT_MET:
            break
    return reason(Cause.ONGOING_TRIAL)


def _no_lesion(facts: Facts) -> bool:
    count = facts[inputs.LESION_COUNT]
    if isinstance(count, Quantity):
        return count.value == 0.0 and count.bound is None
    return count is not None and count == 0


def _pathway(
    table: PathwayTable,
    row: PathwayRow,
    facts: Facts,
    *,
    limits: tuple[Reason, ...],
    segments_estimated: bool,
) -> Pathway:
    verdict = together(row.conditions, facts)
    unsure = verdict is Verdict.UNKNOWN
    return Pathway(
        id=f"{table.id}.{row.id}",
        title=table.title,
        branch=row.branch,
        verdict=verdict,
        source=table.source,
        failed=tuple(c.id for c in _judged_as(Verdict.NOT_MET, row.conditions, facts)),
        options=tuple(_options(row, facts, segments_estimated=segments_estimated)),
        notes=(ongoing_trial(facts),) if row.trial else (),
        missing=undecided_inputs(deciding(row.conditions, facts), facts) if unsure else (),
        uncertain=_uncertain(row.conditions, facts),
        reasons=(
            *(limits if unsure and _plans_leave_open(row.conditions, facts) else ()),
            *_estimated(row.conditions, segments_estimated=segments_estimated),
        ),
    )


def _plans_leave_open(conditions: Sequence[Condition], facts: Facts) -> bool:
    """Tell whether a condition on the share that plans reach is open."""
    rests = any(inputs.DEBULKABLE_IN_STAGES in inputs_of(condition) for condition in conditions)
    return rests and judge(OVER_70, facts).verdict is Verdict.UNKNOWN


def _estimated(conditions: Sequence[Condition], *, segments_estimated: bool) -> tuple[Reason, ...]:
    rests = segments_estimated and rests_on_segments(conditions)
    return (reason(Cause.SEGMENTS_ESTIMATED),) if rests else ()


def _options(
    row: PathwayRow, facts: Facts, *, segments_estimated: bool
) -> Iterator[TreatmentOption]:
    for rule in row.first:
        yield _option(rule, facts, segments_estimated=segments_estimated)
    for rule in row.otherwise:
        listed = _option(rule, facts, segments_estimated=segments_estimated)
        yield replace(listed, otherwise=True)


def _option(rule: OptionRule, facts: Facts, *, segments_estimated: bool) -> TreatmentOption:
    verdict = together(rule.conditions, facts)
    failing = _judged_as(Verdict.NOT_MET, rule.conditions, facts)
    unsure = verdict is Verdict.UNKNOWN
    return TreatmentOption(
        id=rule.id,
        name=rule.name,
        verdict=verdict,
        source=rule.source,
        failed=tuple(c.id for c in failing if c.needed),
        uncertain=_uncertain(rule.conditions, facts),
        cautions=tuple(c.id for c in failing if not c.needed),
        missing=undecided_inputs(deciding(rule.conditions, facts), facts) if unsure else (),
        notes=tuple(
            place
            for place, note in enumerate(rule.notes)
            if note.unless_no is None or facts[note.unless_no] is not False
        ),
        reasons=_estimated(rule.conditions, segments_estimated=segments_estimated),
    )


def _judged_as(
    verdict: Verdict, conditions: Sequence[Condition], facts: Facts
) -> tuple[Condition, ...]:
    return tuple(c for c in conditions if judge(c, facts).verdict is verdict)


def _uncertain(conditions: Sequence[Condition], facts: Facts) -> tuple[str, ...]:
    """Name what the measurement error decides, where it decides the whole."""
    if together(conditions, facts) is not Verdict.UNCERTAIN:
        return ()
    found = _judged_as(Verdict.UNCERTAIN, conditions, facts)
    return tuple(condition.id for condition in found if condition.needed)


def _concerns(row: PathwayRow, facts: Facts) -> bool:
    """Tell whether a case may belong to a row, or would but for a contraindication."""
    others = [c for c in row.conditions if isinstance(c, AnyOf) or not c.only_failure]
    return together(others, facts) is not Verdict.NOT_MET
