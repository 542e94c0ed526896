"""Recipes in words, lesions by their numbers."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from remnant.core.recipe import Recipe
from remnant.wording.phrases import segment_names


def recipe_words(recipe: Recipe, *, zones: int | None = None) -> tuple[str, ...]:
    """Write what a recipe holds, one text for segments, wedges and ablations each."""
    return tuple(_recipe_words(recipe, zones)) or ("nothing",)


def _recipe_words(recipe: Recipe, zones: int | None) -> Iterator[str]:
    if recipe.segments:
        noun = "segment" if len(recipe.segments) == 1 else "segments"
        yield f"{noun} {segment_names(recipe.segments)} removed"
    if recipe.wedges:
        yield f"excised with a margin: {lesion_words(recipe.wedges)}"
    if recipe.ablations:
        more = f" in {zones} zones" if zones and zones != len(recipe.ablations) else ""
        yield f"ablated: {lesion_words(recipe.ablations)}{more}"


def short_recipe(recipe: Recipe) -> str:
    """Write a recipe shortly, e.g. ``VI, VII; wedge 1, 4; ablate 2``; lesions by their numbers."""
    segments = [", ".join(segment.name for segment in recipe.segments)]
    lesions = (("wedge", recipe.wedges), ("ablate", recipe.ablations))
    named = [f"{kind} {runs(numbers)}" for kind, numbers in lesions if numbers]
    return "; ".join([part for part in segments if part] + named) or "nothing"


def lesion_words(identifiers: Iterable[int]) -> str:
    """Write lesions by their numbers, e.g. ``lesions 1–3``."""
    known = sorted(identifiers)
    return f"{'lesion' if len(known) == 1 else 'lesions'} {runs(known)}"


def runs(numbers: Iterable[int]) -> str:
    """Write numbers with runs of three and more drawn together: ``1, 2, 5–9``."""
    ordered = enumerate(sorted(set(numbers)))
    blocks = ([n for _, n in g] for _, g in groupby(ordered, key=lambda item: item[1] - item[0]))
    return ", ".join(
        f"{block[0]}–{block[-1]}" if len(block) > 2 else ", ".join(map(str, block))  # noqa: PLR2004
        for block in blocks
    )
