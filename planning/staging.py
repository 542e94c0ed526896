"""Operations in stages, combined and repeat operations, held against what is known."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from planning import wording
from planning.criteria import Known, judge_list
from planning.locks import without_proofs
from planning.review import reviewed_list
from planning.rules.staging import (
    AMENABLE,
    FLR_SHORT,
    GRADE_1_2,
    MAJOR_SEGMENTS,
    ONE_STAGE,
    SMALL_RESECTION,
    STAGING_RULES,
    Remark,
    StagingRule,
)
from remnant.core.clinical import Differentiation, Grade
from remnant.core.criteria import CriteriaResult
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.findings import Finding, Verdict
from remnant.core.units import percent_from_fraction

LARGEST_KI67_OF_G2 = 20.0
"""Ki-67 in percent, inclusive; above it a tumour is G3 or carcinoma (``machairas2021``)."""
SHARE_DECIMALS = 9
CHOSEN_LIMITS = "chosen_limits"


def staging(
    known: Known,
    *,
    plans: Sequence[DebulkingPlan],
    targets: Sequence[TargetOutcome],
    review: bool = False,
) -> tuple[CriteriaResult, ...]:
    """Hold every way to operate against what is known.

    Parameters
    ----------
    known
        Facts by name.
    plans, targets
        What one operation reaches, by the chosen rule set; empty makes every condition on the
        remnant ``UNKNOWN``. Under chosen limits, what is out of reach of them is unknown.
    review
        Whether the segments need review: what rests on them says so.

    Returns
    -------
    tuple
        One result for each of :data:`STAGING_RULES`. Figures of series stand among the findings:
        ``MET``, judged against nothing. ``MET`` of the whole says that the source lists this way
        for such a case, not that it is advised.
    """
    facts = with_derived(known, plans=plans, targets=targets)
    short = _short_words(targets, known.get(CHOSEN_LIMITS))
    return tuple(_result(rule, facts, short, review=review) for rule in STAGING_RULES)


def with_derived(
    known: Known, *, plans: Sequence[DebulkingPlan], targets: Sequence[TargetOutcome]
) -> Known:
    """Add what follows from the plans, the grade and Ki-67 to the known facts.

    Limits that the user chose take from targets what they prove out of reach.
    """
    if known.get(CHOSEN_LIMITS):
        targets = without_proofs(targets)
    return {
        **known,
        "differentiation": _differentiation(known),
        GRADE_1_2: grade_is_g1_or_g2(known),
        FLR_SHORT: flr_insufficient(targets),
        ONE_STAGE: reachable_in_one_stage(targets),
        AMENABLE: amenable_to_resection(targets),
        SMALL_RESECTION: small_resection_suffices(plans, targets),
    }


def grade_is_g1_or_g2(known: Known) -> bool | None:
    """Tell whether a tumour is G1 or G2: poor differentiation rules, then grade, then Ki-67.

    Returns
    -------
    bool or None
        ``None`` without grade and Ki-67.
    """
    grade, ki67 = known.get("grade"), known.get("ki67_percent")
    if _differentiation(known) == Differentiation.POOR:
        return False
    if grade is not None:
        return grade in (Grade.G1, Grade.G2)
    return ki67 <= LARGEST_KI67_OF_G2 if isinstance(ki67, float | int) else None


def flr_insufficient(targets: Iterable[TargetOutcome]) -> bool | None:
    """Tell whether some target fails in one stage for want of liver alone.

    Returns
    -------
    bool or None
        ``False`` where every target is reached, or fails for another reason; ``None`` without
        targets or where it is not proven.
    """
    short = [_short(target) for target in targets]
    if True in short:
        return True
    return None if None in short or not short else False


def reachable_in_one_stage(targets: Iterable[TargetOutcome]) -> bool | None:
    """Tell whether some target is reached in one stage; ``None`` where that is not decided."""
    verdicts = {target.verdict for target in targets}
    if Verdict.MET in verdicts:
        return True
    return False if verdicts == {Verdict.NOT_MET} else None


def amenable_to_resection(targets: Sequence[TargetOutcome]) -> bool | None:
    """Tell whether some target is reached in one stage; ``None`` where only stages might reach it.

    ``False`` where no target is reached, and none for want of liver alone.
    """
    reached = reachable_in_one_stage(targets)
    return None if reached is False and flr_insufficient(targets) is not False else reached


def small_resection_suffices(
    plans: Iterable[DebulkingPlan], targets: Iterable[TargetOutcome]
) -> bool | None:
    """Tell whether the highest target that is met needs no extensive or complex liver resection.

    Returns
    -------
    bool or None
        ``True`` where a plan with an accepted remnant reaches that target and removes fewer than
        :data:`MAJOR_SEGMENTS` segments, by a name or none at all; ``None`` where no target is met.
    """
    highest = max((t.target for t in targets if t.verdict is Verdict.MET), default=None)
    if highest is None:
        return None
    return any(_is_small(plan) and _reaches(plan, highest) for plan in plans)


def _is_small(plan: DebulkingPlan) -> bool:
    accepted = plan.feasible is Verdict.MET
    return accepted and plan.named and len(plan.recipe.segments) < MAJOR_SEGMENTS


def _reaches(plan: DebulkingPlan, target: float) -> bool:
    if target in plan.targets:
        return True
    share = plan.result.debulked_fraction.value
    return share is not None and round(share - target, SHARE_DECIMALS) >= 0


def _short(target: TargetOutcome) -> bool | None:
    if target.verdict is Verdict.MET:
        return False
    if target.verdict is not Verdict.NOT_MET:
        return None
    if target.largest_flr_ml is None:
        return False
    return None if target.least_flr_ml is None else target.largest_flr_ml < target.least_flr_ml


def _differentiation(known: Known) -> Differentiation | None:
    """Return the differentiation as known; where facts do not hold it at all, that of the grade."""
    if "differentiation" in known:
        said = known["differentiation"]
        return None if said is None else Differentiation(str(said))
    grade = known.get("grade")
    if grade is None:
        return None
    return Differentiation.POOR if grade == Grade.NEC else Differentiation.WELL


def _short_words(targets: Sequence[TargetOutcome], limits: object) -> str:
    """Say for which targets one stage leaves too little; empty where there is none."""
    short = [f"{percent_from_fraction(t.target):g} %" for t in targets if _short(t)]
    if not short:
        return ""
    within = f" within the chosen limits ({limits})" if limits else ""
    return f"In one stage{within} too little liver would remain for {wording.listed(short)}."


def _result(rule: StagingRule, facts: Known, short: str, *, review: bool) -> CriteriaResult:
    result = reviewed_list(judge_list(rule.listed, facts), rule.listed, review=review)
    rests_on_flr = any(finding.id.endswith(".flr") for finding in result.findings)
    return replace(
        result,
        findings=(*result.findings, *(remark_finding(remark) for remark in rule.remarks)),
        text=f"{result.text} {short}" if rests_on_flr and short else result.text,
    )


def remark_finding(remark: Remark) -> Finding:
    """Return a remark as a finding: ``MET``, a fact that is judged against nothing."""
    return Finding(
        id=remark.id,
        verdict=Verdict.MET,
        prose=f"{remark.statement} ({remark.population})",
        source=remark.source,
        status=remark.status,
    )
