"""Recipes in words, lesions by their numbers."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from remnant.core.recipe import Recipe
from remnant.wording.language import say, say_many
from remnant.wording.phrases import segment_names


def recipe_words(recipe: Recipe, *, zones: int | None = None) -> tuple[str, ...]:
    """Write what a recipe holds, one text for segments, wedges and ablations each."""
    return tuple(_recipe_words(recipe, zones)) or (say("nothing"),)


def _recipe_words(recipe: Recipe, zones: int | None) -> Iterator[str]:
    if recipe.segments:
        yield say_many(
            "segment {segments} removed",
            "segments {segments} removed",
            len(recipe.segments),
            segments=segment_names(recipe.segments),
        )
    if recipe.wedges:
        yield say("excised with a margin: {lesions}", lesions=lesion_words(recipe.wedges))
    if recipe.ablations:
        more = (
            say(" in {zones} zones", zones=zones)
            if zones and zones != len(recipe.ablations)
            else ""
        )
        yield say("ablated: {lesions}{more}", lesions=lesion_words(recipe.ablations), more=more)


def short_recipe(recipe: Recipe) -> str:
    """Write a recipe shortly, e.g. ``VI, VII; wedge 1, 4; ablate 2``; lesions by their numbers."""
    segments = [", ".join(segment.name for segment in recipe.segments)]
    lesions = ((say("wedge"), recipe.wedges), (say("ablate"), recipe.ablations))
    named = [f"{kind} {runs(numbers)}" for kind, numbers in lesions if numbers]
    return "; ".join([part for part in segments if part] + named) or say("nothing")


def lesion_words(identifiers: Iterable[int]) -> str:
    """Write lesions by their numbers, e.g. ``lesions 1–3``."""
    known = sorted(identifiers)
    return say_many("lesion {lesions}", "lesions {lesions}", len(known), lesions=runs(known))


def runs(numbers: Iterable[int]) -> str:
    """Write numbers with runs of three and more drawn together: ``1, 2, 5–9``."""
    ordered = enumerate(sorted(set(numbers)))
    blocks = ([n for _, n in g] for _, g in groupby(ordered, key=lambda item: item[1] - item[0]))
    return ", ".join(
        f"{block[0]}–{block[-1]}" if len(block) > 2 else ", ".join(map(str, block))  # noqa: PLR2004
        for block in blocks
    )
