"""What planning was asked for, as settings that a report keeps and later runs take up again."""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Final

from planning.facts.contradictions import require_consistent
from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.settings import Custom


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """What planning is asked to do.

    Parameters
    ----------
    facts
        What is known of the disease and the person beside the scan.
    choice
        Margins, limits and locks.
    custom
        Sets of segments to judge beside the hepatectomies with a name.
    draw_maps
        Whether each plan is drawn as a label map.
    recipes_stored
        Whether the choice's recipes are those of an earlier run: where one names a lesion that no
        longer counts it is dropped, see `without_strangers`. One that was asked for now is refused.
    """

    facts: ClinicalFacts = NOTHING_SAID
    choice: PlanChoice = DEFAULT_CHOICE
    custom: Custom = ()
    draw_maps: bool = False
    recipes_stored: bool = False


DEFAULT_PLAN: Final = PlanRequest()


def require_possible(request: PlanRequest) -> None:
    """Raise unless planning and the report can use a request; called before the work.

    Raises
    ------
    InputError
        Facts contradict each other, the rule set is not known, or the recipes are too many to be
        kept.
    """
    require_consistent(request.facts)
    choice = request.choice
    known = [rules.id for rules in REMNANT_RULE_SETS]
    if choice.rule_set not in known:
        raise InputError(
            f"the rule set {choice.rule_set[:40]!r} is not known; allowed are {', '.join(known)}"
        )


def without_strangers(request: PlanRequest, counted: Collection[int]) -> PlanRequest:
    """Return a request without stored recipes that name a lesion that does not count.

    Parameters
    ----------
    request
        As it was asked; one with recipes of its own is returned as it is.
    counted
        Ids of the lesions that count.
    """
    recipes = request.choice.recipes
    kept = tuple(r for r in recipes if {*r.wedges, *r.ablations} <= set(counted))
    if not request.recipes_stored or kept == recipes:
        return request
    return replace(request, choice=replace(request.choice, recipes=kept))


def taken_over(request: PlanRequest, known: PlanRequest) -> tuple[str, ...]:
    """Return the names of choices that are not the default and come from an earlier run."""
    requested, stored = request.choice, known.choice
    names = (field.name for field in fields(PlanChoice))
    return tuple(
        name
        for name in names
        if getattr(requested, name) == getattr(stored, name) != getattr(DEFAULT_CHOICE, name)
    )
