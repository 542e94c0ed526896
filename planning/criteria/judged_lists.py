"""A source's list of conditions, judged by what is known."""

from collections.abc import Iterable
from dataclasses import replace

from planning.criteria.conditions import (
    CriteriaList,
    Criterion,
    Remark,
    all_of,
    deciding,
    judge,
    open_criteria,
    remark_finding,
    rests_on_segments,
    with_reason,
)
from planning.inputs import Facts
from remnant.core.criteria import CriteriaResult
from remnant.core.reasons import Cause, reason


def judge_list(
    listed: CriteriaList,
    facts: Facts,
    *,
    beside: Iterable[Criterion] = (),
    remarks: Iterable[Remark] = (),
    segments_estimated: bool = False,
) -> CriteriaResult:
    """Judge a list by what is known.

    Parameters
    ----------
    listed, facts
        The conditions, and what is known.
    beside
        Further conditions that are shown with the list and do not decide it.
    remarks
        Statements of the sources that are shown with it.
    segments_estimated
        Whether the segments are an estimate that nobody confirmed: each finding that rests on
        them, and the list where one that decides it does, has that as a reason.

    Returns
    -------
    CriteriaResult
        ``MET`` when every needed condition is met, ``NOT_MET`` when one is not, else ``UNCERTAIN``
        when one is, else ``UNKNOWN``; with what is missing. What only plans or the scan decide is
        not missing.
    """
    marked = reason(Cause.SEGMENTS_ESTIMATED)
    estimated = [c for c in listed.conditions if segments_estimated and rests_on_segments((c,))]
    found = {condition.id: judge(condition, facts) for condition in listed.conditions}
    for condition in estimated:
        found[condition.id] = with_reason(found[condition.id], marked)
    needed = deciding(listed.conditions, facts)
    told = (one.input for c in needed for one in open_criteria(c, facts) if one.input.told)
    return CriteriaResult(
        id=listed.id,
        title=listed.title,
        source=listed.source,
        verdict=all_of(found[condition.id].verdict for condition in needed),
        findings=(
            *found.values(),
            *(replace(judge(condition, facts), decides=False) for condition in beside),
            *(remark_finding(remark) for remark in remarks),
        ),
        missing=tuple(dict.fromkeys(one.name for one in told)),
        reasons=(marked,) if any(condition.needed for condition in estimated) else (),
    )
