"""Which plans a reader sees at once: the answers, the user's own, and what differs from them."""

from collections.abc import Mapping, Sequence
from typing import Final

from remnant.core.debulking import DebulkingPlan, PlanOrigin

NEAR_SHARE: Final = 0.01
NEAR_INTERVENTIONS: Final = 1


def listing_places(plans: Sequence[DebulkingPlan]) -> Mapping[str, int]:
    """Return from how many listed plans on a plan is one of them, by its id.

    The best at a target and the user's own are always listed: 0. Beyond these, points of the front
    that are not within one percentage point and one intervention of a plan that is listed already
    fill up, in the order of rank. A plan that is left out whatever the room has no place.
    """
    chosen = [p for p in plans if p.targets or p.origin is PlanOrigin.USER] or list(plans[:1])
    places = dict.fromkeys((plan.id for plan in chosen), 0)
    for plan in plans:
        if plan.on_front and not any(_near(plan, other) for other in chosen):
            chosen.append(plan)
            places[plan.id] = len(chosen)
    return places


def _near(plan: DebulkingPlan, other: DebulkingPlan) -> bool:
    if plan is other:
        return True
    share, beside = (p.result.debulked_fraction.value for p in (plan, other))
    if share is None or beside is None:
        return False
    steps = abs(plan.result.interventions - other.result.interventions)
    return abs(share - beside) <= NEAR_SHARE and steps <= NEAR_INTERVENTIONS
