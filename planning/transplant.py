"""Lists of conditions for liver transplantation, held against what is known."""

from dataclasses import replace

from planning.criteria import CriteriaList, Known, judge, judge_list
from planning.review import reviewed_list
from planning.rules.staging import Remark
from planning.rules.transplant import (
    REMARKED,
    TRANSPLANT_LISTS,
    TRANSPLANT_PREDICTORS,
    TRANSPLANT_REMARKS,
)
from remnant.core.criteria import CriteriaResult
from remnant.core.findings import Finding, Verdict


def transplant(known: Known, *, review: bool = False) -> tuple[CriteriaResult, ...]:
    """Hold each of five lists against what is known.

    Parameters
    ----------
    known
        Facts by name; burden and lobes come from the scan, the rest is asked for.
    review
        Whether the segments need review: what rests on the lobes says so.

    Returns
    -------
    tuple
        One result per list. Beside the conditions of one list of each review stand its predictors
        and remarks, which decide nothing: a remark is ``MET``, judged against nothing. ``MET`` of a
        list says that its conditions hold, not that transplantation is advised.
    """
    return tuple(_result(listed, known, review=review) for listed in TRANSPLANT_LISTS)


def _result(listed: CriteriaList, known: Known, *, review: bool) -> CriteriaResult:
    result = reviewed_list(judge_list(listed, known), listed, review=review)
    sources = REMARKED.get(listed.id, ())
    beside = (judge(p, known) for p in TRANSPLANT_PREDICTORS if p.source in sources)
    said = (remark_finding(remark) for remark in TRANSPLANT_REMARKS if remark.source in sources)
    return replace(result, findings=(*result.findings, *beside, *said))


def remark_finding(remark: Remark) -> Finding:
    """Return a statement of a source as a finding: ``MET``, judged against nothing."""
    return Finding(
        id=remark.id,
        verdict=Verdict.MET,
        prose=remark.statement,
        source=remark.source,
        status=remark.status,
    )
