"""Lists of conditions for resecting and for debulking, judged by what is known."""

from planning.criteria.judged_lists import judge_list
from planning.inputs import Facts
from planning.rules.debulking import DEBULKING_INDICATIONS, DEBULKING_REMARKS
from planning.rules.resectability import RESECTABILITY_LISTS, RESECTABILITY_REMARKS
from remnant.core.criteria import CriteriaResult

REMARKS = {**RESECTABILITY_REMARKS, **DEBULKING_REMARKS}


def resectability(facts: Facts, *, segments_estimated: bool = False) -> tuple[CriteriaResult, ...]:
    """Judge every list on resection, and on who is debulked, by what is known.

    Parameters
    ----------
    facts
        What depends on plans is unknown without them.
    segments_estimated
        Whether the segments need review: what rests on them has that as a reason.

    Returns
    -------
    tuple
        One result per list, those on debulking last. Remarks of the sources stand among the
        findings and decide nothing. ``MET`` of a list says that its conditions hold, not that an
        operation is advised.
    """
    return tuple(
        judge_list(
            listed,
            facts,
            remarks=REMARKS.get(listed.id, ()),
            segments_estimated=segments_estimated,
        )
        for listed in (*RESECTABILITY_LISTS, *DEBULKING_INDICATIONS)
    )
