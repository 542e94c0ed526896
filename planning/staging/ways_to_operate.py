"""Operations in stages, combined and repeat operations, judged by what is known."""

from collections.abc import Sequence
from dataclasses import replace

from planning.criteria.judged_lists import judge_list
from planning.facts.evidence import is_short
from planning.inputs import Facts
from planning.rules.staging import STAGING_RULES, StagingRule
from remnant.core.criteria import CriteriaResult
from remnant.core.debulking import TargetOutcome
from remnant.core.reasons import Cause, Reason, joined, reason


def staging(
    facts: Facts,
    *,
    targets: Sequence[TargetOutcome],
    limits: tuple[Reason, ...] = (),
    segments_estimated: bool = False,
) -> tuple[CriteriaResult, ...]:
    """Judge every way to operate by what is known.

    Parameters
    ----------
    facts
        What is known.
    targets
        What one operation reaches, by the chosen rule set; empty makes every condition on the
        remnant ``UNKNOWN``.
    limits
        Limits that the user chose: what is out of reach of them is unknown.
    segments_estimated
        Whether the segments need review: what rests on them has that as a reason.

    Returns
    -------
    tuple
        One result for each of `STAGING_RULES`. Figures of series stand among the findings: ``MET``,
        nothing is compared with them. ``MET`` of the whole says that the source lists this way for
        such a case, not that it is advised.
    """
    short = _too_little(targets, limits)
    return tuple(
        _result(rule, facts, short, segments_estimated=segments_estimated) for rule in STAGING_RULES
    )


def _too_little(targets: Sequence[TargetOutcome], limits: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Say for which targets one stage leaves too little, within which limits; empty for none."""
    short = [target.target for target in targets if is_short(target) is True]
    return (reason(Cause.TOO_LITTLE_IN_ONE_STAGE, *short), *limits) if short else ()


def _result(
    rule: StagingRule, facts: Facts, short: tuple[Reason, ...], *, segments_estimated: bool
) -> CriteriaResult:
    result = judge_list(
        rule.listed, facts, remarks=rule.remarks, segments_estimated=segments_estimated
    )
    rests_on_flr = any(finding.id.endswith(".flr") for finding in result.findings)
    return replace(result, reasons=joined(result.reasons, short)) if rests_on_flr else result
