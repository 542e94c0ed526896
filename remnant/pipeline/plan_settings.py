"""What planning was asked for, as settings that a report keeps and later runs take up again."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from planning.facts.contradictions import require_consistent
from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.clinical import NOTHING_SAID, ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import DEFAULT_CHOICE, AblationShape, PlanChoice
from remnant.io.recipe_text import parse_recipe, parse_segments, recipe_text, segments_text
from remnant.pipeline.segmented import Setting

RESECT: Final = "resect"
CHOICES: Final = "plan."
"""Before the names of the planner's choices."""
BETWEEN_RECIPES: Final = " | "
LONGEST_SETTING: Final = 4000
Custom = tuple[frozenset[CouinaudSegment], ...]


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
    if len(_recipes_text(choice)) > LONGEST_SETTING:
        raise InputError(
            f"the recipes are longer than {LONGEST_SETTING} letters in all; give fewer of them"
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


def plan_settings(request: PlanRequest) -> dict[str, Setting]:
    """Return a request as settings; facts are kept elsewhere, maps are drawn only when asked."""
    choice = request.choice
    written: dict[str, Setting] = {
        "targets": ",".join(repr(target) for target in choice.targets),
        "keep": segments_text(choice.keep) or None,
        "ablation_shape": choice.ablation_shape.value,
        "recipes": _recipes_text(choice) or None,
    }
    plain = (field.name for field in fields(PlanChoice) if field.name not in written)
    values = {**{name: getattr(choice, name) for name in plain}, **written}
    resect = ";".join(segments_text(removed) for removed in request.custom) or None
    return {CHOICES + name: values[name] for name in sorted(values)} | {RESECT: resect}


def known_request(settings: Mapping[str, Setting], facts: ClinicalFacts) -> PlanRequest:
    """Return the request of an earlier run from its settings; what they lack is the default.

    Raises
    ------
    InputError
        A setting is not one that this program wrote.
    """
    resect = settings.get(RESECT)
    return PlanRequest(facts=facts, choice=_choice(settings), custom=_sets(resect))


def _choice(settings: Mapping[str, Setting]) -> PlanChoice:
    names = {field.name for field in fields(PlanChoice)}
    stored: dict[str, Any] = {n: settings[CHOICES + n] for n in names if CHOICES + n in settings}
    try:
        read = {name: READ[name](stored[name]) for name in READ.keys() & stored.keys()}
        return PlanChoice(**stored | read)
    except (AttributeError, TypeError, ValueError) as fault:
        raise InputError(f"the report's planning choices are damaged: {fault}") from fault


def _recipes_text(choice: PlanChoice) -> str:
    return BETWEEN_RECIPES.join(recipe_text(recipe) for recipe in choice.recipes)


def _sets(resect: Setting) -> Custom:
    parts = str(resect).split(";") if resect else []
    return tuple(frozenset(parse_segments(part, what=RESECT)) for part in parts)


READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "targets": lambda text: tuple(float(share) for share in text.split(",")),
    "keep": lambda text: frozenset(parse_segments(text, what="keep") if text else ()),
    "ablation_shape": AblationShape,
    "recipes": lambda text: tuple(
        parse_recipe(part, what="recipes") for part in (text or "").split("|") if part.strip()
    ),
}
"""How settings that were written as texts are read."""
