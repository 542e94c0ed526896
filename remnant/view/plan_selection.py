"""Which plans a reader sees at once: the answers, the user's own, and what differs from them."""

from collections.abc import Sequence
from typing import Final

from remnant.core.debulking import DebulkingPlan, PlanOrigin

NEAR_SHARE: Final = 0.01
NEAR_INTERVENTIONS: Final = 1
Split = tuple[tuple[DebulkingPlan, ...], tuple[DebulkingPlan, ...]]


def shown_plans(plans: Sequence[DebulkingPlan], most: int) -> Split:
    """Return the plans to list at once and the rest, each in the order of rank.

    Parameters
    ----------
    plans
        All plans.
    most
        So many at most, but the best at a target and the user's own always; beyond
        these, points of the front that are not within one percentage point and one intervention
        of a plan that is listed already fill up.

    Returns
    -------
    tuple
        Plans that are listed, and those that are not.
    """
    always = [p for p in plans if p.targets or p.origin is PlanOrigin.USER]
    chosen = always or list(plans[:1])
    for plan in plans:
        distinct = plan.on_front and not any(_near(plan, other) for other in chosen)
        if len(chosen) < most and plan not in chosen and distinct:
            chosen.append(plan)
    listed = {plan.id for plan in chosen}
    return (
        tuple(plan for plan in plans if plan.id in listed),
        tuple(plan for plan in plans if plan.id not in listed),
    )


def _near(plan: DebulkingPlan, other: DebulkingPlan) -> bool:
    share, beside = (p.result.debulked_fraction.value for p in (plan, other))
    if share is None or beside is None:
        return False
    steps = abs(plan.result.interventions - other.result.interventions)
    return abs(share - beside) <= NEAR_SHARE and steps <= NEAR_INTERVENTIONS
