"""The targets, limits and locks that plans were made with, in one line."""

from collections.abc import Iterator, Mapping
from typing import Final

from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.units import percent_from_fraction
from remnant.io.recipe_text import segments_text

RULE_SET_TITLES: Final[Mapping[str, str]] = {s.id: s.title for s in REMNANT_RULE_SETS}


def limits_in_force(choice: PlanChoice | None, *, short: bool = False) -> tuple[str, ...]:
    """Return targets and limits in words, locks first; none of a case that was not planned.

    ``short`` leaves out sizes and distances that are the default's.
    """
    return () if choice is None else tuple(_words(choice, short=short))


def _words(choice: PlanChoice, *, short: bool) -> Iterator[str]:
    shares = (f"{percent_from_fraction(share):g}" for share in choice.targets)
    yield f"targets {', '.join(shares)} %"
    if choice.keep:
        yield f"keep {segments_text(choice.keep).replace(',', ', ')}"
    yield from _counts(choice)
    if choice.named_only:
        yield "named operations only"
    for removed in choice.vessels_intact:
        yield f"vessels stated intact without {segments_text(removed).replace(',', ', ')}"
    yield (
        f"margins {choice.resection_margin_mm:g}/{choice.ablation_margin_mm:g} mm (excised/ablated)"
    )
    yield from _sizes(choice, short=short)
    if not short or _changed(choice, "certainty"):
        yield f"met from {100 * choice.certainty:g} in 100 draws on, else uncertain or not met"
    yield f"chosen minimum: {RULE_SET_TITLES.get(choice.rule_set, choice.rule_set)}"


def _counts(choice: PlanChoice) -> Iterator[str]:
    for most, noun, none in (
        (choice.most_ablations, "ablation zone", "no ablation"),
        (choice.most_wedges, "wedge", "no wedge"),
    ):
        if most == 0:
            yield none
        elif most is not None:
            yield f"at most {most} {noun}{'' if most == 1 else 's'}"


def _sizes(choice: PlanChoice, *, short: bool) -> Iterator[str]:
    if choice.most_ablations != 0:
        yield f"lesions up to {choice.ablation_limit_mm:g} mm ablated"
        if not short or _changed(choice, "central_distance_mm"):
            yield f"no ablation within {choice.central_distance_mm:g} mm of portal vein"
        if not short or _changed(choice, "ablation_shape", "largest_zone_mm"):
            yield f"{choice.ablation_shape} zones up to {choice.largest_zone_mm:g} mm"
    if choice.most_wedges != 0 and (
        not short or _changed(choice, "wedge_limit_mm", "wedge_depth_mm")
    ):
        size = _up_to(choice.wedge_limit_mm, "of any size")
        depth = _up_to(choice.wedge_depth_mm, "at any depth")
        yield f"lesions {size} across and {depth} below the surface excised alone"
    if not short or _changed(choice, "contiguous_segments"):
        yield f"at least {choice.contiguous_segments:g} kept segments adjoin"


def _changed(choice: PlanChoice, *names: str) -> bool:
    return any(getattr(choice, name) != getattr(DEFAULT_CHOICE, name) for name in names)


def _up_to(limit_mm: float | None, without: str) -> str:
    return without if limit_mm is None else f"up to {limit_mm:g} mm"
