"""Ablation of each lesion as a table: what every row would repeat is said once above it."""

from dataclasses import dataclass

from remnant.core.criteria import LesionAblation
from remnant.core.findings import Finding, Verdict
from remnant.core.planning_report import PlanningReport
from remnant.wording.lists import ablation_reasons

BETWEEN = "; "
FEWEST_ROWS = 2


@dataclass(frozen=True, slots=True)
class AblationConditions:
    """What the table shows.

    ``decided`` are the conditions with a column, ``open`` those that are undecided for every
    lesion, ``cautions`` what is said of every lesion within the limits, ``reasons`` what is left
    of each.
    """

    decided: tuple[Finding, ...]
    open: tuple[Finding, ...]
    cautions: tuple[str, ...]
    reasons: tuple[str, ...]


def ablation_conditions(planning: PlanningReport) -> AblationConditions:
    """Return the conditions in the order of first use, and each lesion's own reasons."""
    distinct: dict[str, Finding] = {}
    verdicts: dict[str, set[Verdict]] = {}
    for finding in (finding for each in planning.ablation for finding in each.findings):
        distinct.setdefault(finding.id, finding)
        verdicts.setdefault(finding.id, set()).add(finding.verdict)
    undecided = {name for name, found in verdicts.items() if found == {Verdict.UNKNOWN}}
    cautions = _common(planning.ablation)
    return AblationConditions(
        decided=tuple(f for name, f in distinct.items() if name not in undecided),
        open=tuple(f for name, f in distinct.items() if name in undecided),
        cautions=cautions,
        reasons=tuple(
            BETWEEN.join(p for p in _parts(each) if not (each.allowed and p in cautions))
            for each in planning.ablation
        ),
    )


def _common(ablation: tuple[LesionAblation, ...]) -> tuple[str, ...]:
    """Return the parts of a reason that all lesions within the limits share, if several are."""
    within = [_parts(each) for each in ablation if each.allowed]
    if len(within) < FEWEST_ROWS:
        return ()
    first, *others = within
    return tuple(part for part in first if part and all(part in other for other in others))


def _parts(each: LesionAblation) -> tuple[str, ...]:
    return ablation_reasons(each)
