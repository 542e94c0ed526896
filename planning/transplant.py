"""Lists of conditions for liver transplantation, judged by what is known."""

from planning.criteria.conditions import CriteriaList
from planning.criteria.judged_lists import judge_list
from planning.inputs import Facts
from planning.rules.transplant import (
    REMARKED,
    TRANSPLANT_LISTS,
    TRANSPLANT_PREDICTORS,
    TRANSPLANT_REMARKS,
)
from remnant.core.criteria import CriteriaResult


def transplant(facts: Facts, *, segments_estimated: bool = False) -> tuple[CriteriaResult, ...]:
    """Judge each of five lists by what is known.

    Parameters
    ----------
    facts
        Burden and lobes come from the scan, the rest a person tells.
    segments_estimated
        Whether the segments need review: what rests on the lobes has that as a reason.

    Returns
    -------
    tuple
        One result per list. Beside the conditions of one list of each review stand its predictors
        and remarks, which decide nothing. ``MET`` of a list says that its conditions hold, not
        that transplantation is advised.
    """
    return tuple(
        _result(listed, facts, segments_estimated=segments_estimated) for listed in TRANSPLANT_LISTS
    )


def _result(listed: CriteriaList, facts: Facts, *, segments_estimated: bool) -> CriteriaResult:
    sources = REMARKED.get(listed.id, ())
    return judge_list(
        listed,
        facts,
        beside=(p for p in TRANSPLANT_PREDICTORS if p.source in sources),
        remarks=(remark for remark in TRANSPLANT_REMARKS if remark.source in sources),
        segments_estimated=segments_estimated,
    )
