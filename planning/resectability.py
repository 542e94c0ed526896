"""Lists of conditions for resecting and for debulking, held against what is known."""

from dataclasses import replace

from planning.criteria import CriteriaList, Known, judge_list
from planning.review import reviewed_list
from planning.rules.debulking import DEBULKING_INDICATIONS, DEBULKING_REMARKS
from planning.rules.resectability import RESECTABILITY_LISTS, RESECTABILITY_REMARKS
from planning.transplant import remark_finding
from remnant.core.criteria import CriteriaResult

REMARKS = {**RESECTABILITY_REMARKS, **DEBULKING_REMARKS}


def resectability(known: Known, *, review: bool = False) -> tuple[CriteriaResult, ...]:
    """Hold every list on resection, and on who is debulked, against what is known.

    Parameters
    ----------
    known
        Facts by name; what depends on plans is unknown without them.
    review
        Whether the segments need review: what rests on them says so.

    Returns
    -------
    tuple
        One result per list, those on debulking last. Remarks of the sources stand among the
        findings and decide nothing: ``MET``, judged against nothing. ``MET`` of a list says that
        its conditions hold, not that an operation is advised.
    """
    return tuple(
        _result(one, known, review=review) for one in (*RESECTABILITY_LISTS, *DEBULKING_INDICATIONS)
    )


def _result(listed: CriteriaList, known: Known, *, review: bool) -> CriteriaResult:
    result = reviewed_list(judge_list(listed, known), listed, review=review)
    said = (remark_finding(remark) for remark in REMARKS.get(listed.id, ()))
    return replace(result, findings=(*result.findings, *said))
