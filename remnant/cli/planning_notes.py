"""What a command says of choices that it took over from the stored case."""

from collections.abc import Iterator

from remnant.core.case import CaseReport
from remnant.core.recipe import Recipe
from remnant.io.recipe_text import recipe_text
from remnant.pipeline.facts import KnownCase
from remnant.pipeline.measuring_and_planning import counted_ids
from remnant.pipeline.plan_settings import PlanRequest, taken_over, without_strangers
from remnant.pipeline.told import replaced_words, told_otherwise


def planning_notes(
    report: CaseReport, asked: KnownCase, known: KnownCase | None
) -> tuple[str, ...]:
    """Say what was told otherwise than before, and what of that was used or had to be dropped.

    Parameters
    ----------
    report
        What was planned.
    asked
        What it was measured with, and what planning was asked.
    known
        The same of the stored case; ``None`` without one.
    """
    return () if known is None else tuple(_notes(report, asked, known))


def _notes(report: CaseReport, asked: KnownCase, known: KnownCase) -> Iterator[str]:
    for words in replaced_words(told_otherwise(known, asked)):
        yield f"{words[0].upper()}{words[1:]}."
    request = asked.planning
    for recipe in dropped_recipes(report, request):
        yield (
            f"The stored recipe '{recipe_text(recipe)}' is dropped: it names a lesion that does "
            f"not count any more."
        )
    names = taken_over(request, known.planning)
    if names:
        words = ", ".join(name.replace("_", " ") for name in names)
        yield f"Limits stored from an earlier run: {words}. `--reset-choices` takes the defaults."


def dropped_recipes(report: CaseReport, request: PlanRequest) -> tuple[Recipe, ...]:
    """Return the stored recipes that were left out because they name a lesion that is out."""
    kept = without_strangers(request, counted_ids(report.volumetry)).choice.recipes
    return tuple(recipe for recipe in request.choice.recipes if recipe not in kept)
