"""The targets, limits and locks that plans were made with, in one line."""

from collections.abc import Iterator, Mapping
from typing import Final

from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.units import percent_from_fraction
from remnant.io.recipe_text import segments_text
from remnant.wording.language import localised, say
from remnant.wording.names import named
from remnant.wording.numbers import counted
from remnant.wording.plan_causes import most_wedges

RULE_SET_TITLES: Final[Mapping[str, str]] = {s.id: s.title for s in REMNANT_RULE_SETS}


def limits_in_force(choice: PlanChoice | None, *, short: bool = False) -> tuple[str, ...]:
    """Return targets and limits in words, locks first; none of a case that was not planned.

    ``short`` leaves out sizes and distances that are the default's.
    """
    return () if choice is None else tuple(_words(choice, short=short))


def _words(choice: PlanChoice, *, short: bool) -> Iterator[str]:
    shares = (localised(f"{percent_from_fraction(share):g}") for share in choice.targets)
    yield say("targets {shares} %", shares=", ".join(shares))
    if choice.keep:
        yield say("keep {segments}", segments=segments_text(choice.keep).replace(",", ", "))
    yield from _counts(choice)
    if choice.named_only:
        yield say("named operations only")
    for removed in choice.vessels_intact:
        yield say(
            "vessels stated intact without {segments}",
            segments=segments_text(removed).replace(",", ", "),
        )
    yield (
        say(
            "margins {resection_margin_mm:g}/{ablation_margin_mm:g} mm (excised/ablated)",
            resection_margin_mm=choice.resection_margin_mm,
            ablation_margin_mm=choice.ablation_margin_mm,
        )
    )
    yield from _sizes(choice, short=short)
    if not short or _changed(choice, "certainty"):
        yield say(
            "met from {certainty:g} in 100 draws on, else uncertain or not met",
            certainty=100 * choice.certainty,
        )
    yield say(
        "chosen minimum: {title}", title=say(RULE_SET_TITLES.get(choice.rule_set, choice.rule_set))
    )


def _counts(choice: PlanChoice) -> Iterator[str]:
    if choice.most_ablations is not None:
        yield _most_zones(choice.most_ablations)
    if choice.most_wedges is not None:
        yield most_wedges(choice.most_wedges)


def _most_zones(number: int) -> str:
    if not number:
        return say("no ablation")
    return say("at most {zones}", zones=counted(number, "ablation zone"))


def _sizes(choice: PlanChoice, *, short: bool) -> Iterator[str]:
    if choice.most_ablations != 0:
        yield say(
            "lesions up to {ablation_limit_mm:g} mm ablated",
            ablation_limit_mm=choice.ablation_limit_mm,
        )
        if not short or _changed(choice, "central_distance_mm"):
            yield say(
                "no ablation within {central_distance_mm:g} mm of portal vein",
                central_distance_mm=choice.central_distance_mm,
            )
        if not short or _changed(choice, "ablation_shape", "largest_zone_mm"):
            yield say(
                "{ablation_shape} zones up to {largest_zone_mm:g} mm",
                ablation_shape=named(choice.ablation_shape.value),
                largest_zone_mm=choice.largest_zone_mm,
            )
    if choice.most_wedges != 0 and (
        not short or _changed(choice, "wedge_limit_mm", "wedge_depth_mm")
    ):
        size = _up_to(choice.wedge_limit_mm, say("of any size"))
        depth = _up_to(choice.wedge_depth_mm, say("at any depth"))
        yield say(
            "lesions {size} across and {depth} below the surface excised alone",
            size=size,
            depth=depth,
        )
    if not short or _changed(choice, "contiguous_segments"):
        yield say(
            "at least {contiguous_segments:g} kept segments adjoin",
            contiguous_segments=choice.contiguous_segments,
        )


def _changed(choice: PlanChoice, *names: str) -> bool:
    return any(getattr(choice, name) != getattr(DEFAULT_CHOICE, name) for name in names)


def _up_to(limit_mm: float | None, without: str) -> str:
    return without if limit_mm is None else say("up to {limit_mm:g} mm", limit_mm=limit_mm)
