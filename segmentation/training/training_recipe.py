"""The recipe of a training, read from the bundle's ``train.toml``."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from remnant.core.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides a training's result, beside the data.

    Parameters
    ----------
    seed
        Of the split, of the first weights and of every random deformation.
    excluded_patients, validation_patients, test_patients
        Patients never used, and how many are held back.
    first_iterations, first_learning_rate
        A training before, from random weights; it is left out where weights to start from are
        given.
    start_share
        Of the weights that a training started from, in the mean of them and the trained ones that
        is kept; 0 where it started from random ones.
    iterations, batch
        Steps of the optimiser, and livers in each.
    learning_rate, warm_up, weight_decay, largest_gradient
        AdamW; the rate rises over ``warm_up`` steps and falls to zero along a cosine.
    average
        Share of the old in the running average of the weights, which is what is kept.
    rotation_radians, stretch_log, shear, scale_log, shift_mm
        Half-widths of the random affine deformation, in frame mm where it is a length.
    elastic_mm, elastic_knots
        Standard deviation of a random displacement at the knots of a coarse lattice, and the least
        and largest number of knots along an axis.
    cut_probability, cut_quantiles, axial_cut_share
        How often a plane cuts part of the liver off (a field of view or a resection), the share of
        the liver that stays on its inner side, and how many of the cuts are nearly axial.
    resection_probability
        How often whole segments are taken away, as by one of `segmentation.training.damage`.
    groups, group_iterations, group_batch, group_learning_rate
        Groups of alike livers that are left out in turn to learn the errors on other livers, and
        what differs in each of those trainings, which start from random weights.
    """

    seed: int
    excluded_patients: tuple[int, ...]
    validation_patients: int
    test_patients: int
    first_iterations: int
    first_learning_rate: float
    start_share: float
    iterations: int
    batch: int
    learning_rate: float
    warm_up: int
    weight_decay: float
    largest_gradient: float
    average: float
    rotation_radians: float
    stretch_log: float
    shear: float
    scale_log: float
    shift_mm: float
    elastic_mm: float
    elastic_knots: tuple[int, int]
    cut_probability: float
    cut_quantiles: tuple[float, float]
    axial_cut_share: float
    resection_probability: float
    groups: int
    group_iterations: int
    group_batch: int
    group_learning_rate: float


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    InputError
        It is not TOML, a name is unknown, or one is missing.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as fault:
        raise InputError(f"recipe {path} cannot be read ({fault})") from fault
    names = {field.name for field in fields(Recipe)}
    if wrong := sorted(names ^ set(content)):
        raise InputError(f"recipe {path} has unknown or missing entries: {', '.join(wrong)}")
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
    return Recipe(**values)
