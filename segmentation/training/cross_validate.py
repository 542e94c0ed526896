"""Networks that never saw a whole group of livers, to learn how far off planes are elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from remnant.core.progress import Progress, silent
from segmentation.training.couinaud_shape import train
from segmentation.training.groups import group_by_shape
from segmentation.training.livers import AnnotatedLiver
from segmentation.training.training_recipe import Recipe


def networks_without_groups(
    livers: Sequence[AnnotatedLiver],
    recipe: Recipe,
    *,
    folder: Path,
    progress: Progress = silent,
) -> Iterator[tuple[nn.Module, list[AnnotatedLiver]]]:
    """Train one network for each group of alike livers, from random weights, on all the others.

    Parameters
    ----------
    livers
        All that may be used.
    recipe
        Says how many groups, and how long.
    folder
        Receives ``group-1`` and so on; each goes on from its checkpoint.

    Yields
    ------
    network, left_out
        And the livers that it never saw.
    """
    short = replace(
        recipe,
        iterations=recipe.group_iterations,
        batch=recipe.group_batch,
        learning_rate=recipe.group_learning_rate,
    )
    for number, group in enumerate(group_by_shape(livers, recipe.groups), start=1):
        left_out = [liver for liver in livers if liver.patient in group]
        others = [liver for liver in livers if liver.patient not in group]
        trained = train(
            others, left_out, short, folder=folder / f"group-{number}", progress=progress
        )
        yield trained, left_out
