"""From annotated livers to what ships: weights, calibration, learning curve and scores."""

import copy
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from models.cache import digest_file
from models.networks.couinaud_shape import CouinaudShapeNetwork
from models.registry import bundle_folder
from remnant.core.labels import CouinaudSegment
from remnant.core.progress import Progress, silent
from segmentation.couinaud.shape_model import MODEL, segments_on_grid, shape_logits
from segmentation.training.calibrate import calibrate, temperature_of
from segmentation.training.couinaud_shape import train
from segmentation.training.cross_validate import networks_without_groups
from segmentation.training.livers import (
    AnnotatedLiver,
    Split,
    find_livers,
    read_livers,
    split_patients,
)
from segmentation.training.plane_errors import estimated, plane_errors
from segmentation.training.scores import PARTS, Codes, LiverScore, score
from segmentation.training.training_recipe import Recipe, read_recipe

WEIGHTS: Final = "model.safetensors"
CALIBRATION: Final = "calibration.json"
SCORES: Final = "scores.csv"
FIRST: Final = "first"
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training wrote and how it scored."""

    folder: Path
    split: Split
    scores: dict[str, list[LiverScore]]


def default_recipe() -> Path:
    """Return the recipe that the shipped weights were made with."""
    return bundle_folder(MODEL) / "configs" / "train.toml"


def produce(
    data: Path,
    output: Path,
    *,
    recipe_file: Path | None = None,
    start: Path | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train the shape network, calibrate it and score it on the livers held back.

    Parameters
    ----------
    data
        Folder of Couinaud maps named ``…NNN.nii.gz``, one a patient.
    output
        Folder for checkpoints and results; one with a checkpoint goes on from it.
    recipe_file
        ``None`` is the recipe of the shipped weights.
    start
        Weights to start from (safetensors) instead of the recipe's first training.

    Raises
    ------
    InputError
        The data, the recipe, the weights to start from or the checkpoint cannot be used.
    """
    recipe = read_recipe(recipe_file or default_recipe())
    paths = find_livers(data, excluded=recipe.excluded_patients)
    split = split_of(list(paths), recipe)
    livers = {liver.patient: liver for liver in read_livers(paths, progress=progress)}
    training, validation, test = (
        [livers[patient] for patient in part]
        for part in (split.train, split.validation, split.test)
    )
    start = start or _first_weights(training, validation, recipe, output / FIRST, progress)
    average = train(training, validation, recipe, folder=output, start=start, progress=progress)
    if start is not None:
        average = blended(average, start, recipe.start_share)
    network = rounded(average, output / WEIGHTS)
    temperature = temperature_of(network, validation)
    left_out = networks_without_groups(
        list(livers.values()), recipe, folder=output, progress=progress
    )
    elsewhere = [
        plane_errors(estimated(other, temperature, liver), group=group)
        for group, (other, unseen) in enumerate(left_out, start=1)
        for liver in unseen
        if liver.patient not in split.test
    ]
    known = calibrate(network, temperature, validation, [*training, *validation], elsewhere)
    known["weights_sha256"] = digest_file(output / WEIGHTS)
    (output / CALIBRATION).write_text(json.dumps(_short(known), indent=2) + "\n", encoding="utf-8")
    scores = {
        "validation": score_livers(network, validation),
        "test": score_livers(network, test),
    }
    write_scores(scores, output / SCORES)
    return Trained(output, split, scores)


def _first_weights(
    training: Sequence[AnnotatedLiver],
    validation: Sequence[AnnotatedLiver],
    recipe: Recipe,
    folder: Path,
    progress: Progress,
) -> Path | None:
    if recipe.first_iterations == 0:
        return None
    first = replace(
        recipe, iterations=recipe.first_iterations, learning_rate=recipe.first_learning_rate
    )
    average = train(training, validation, first, folder=folder, progress=progress)
    rounded(average, folder / WEIGHTS)
    return folder / WEIGHTS


def split_of(patients: Sequence[int], recipe: Recipe) -> Split:
    """Return the split that a recipe makes of these patients."""
    return split_patients(
        patients,
        seed=recipe.seed,
        validation=recipe.validation_patients,
        test=recipe.test_patients,
    )


def blended(network: nn.Module, start: Path, share: float) -> nn.Module:
    """Return the mean of a network's weights and those it started from (Wortsman, ICML 2022)."""
    first = load_file(start)
    mean = copy.deepcopy(network)
    mean.load_state_dict(
        {
            name: share * first[name].float() + (1 - share) * trained
            for name, trained in network.state_dict().items()
        }
    )
    return mean


def rounded(network: nn.Module, path: Path) -> nn.Module:
    """Write weights as float16 safetensors and return the network that they give again."""
    halves = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(halves, path)
    again = CouinaudShapeNetwork()
    again.load_state_dict(load_file(path))
    return again.eval().requires_grad_(requires_grad=False)


def score_livers(network: nn.Module, livers: Sequence[AnnotatedLiver]) -> list[LiverScore]:
    """Divide every liver on its own grid and compare."""
    return [
        score(liver.patient, _divided(network, liver), liver.annotated.codes) for liver in livers
    ]


def _divided(network: nn.Module, liver: AnnotatedLiver) -> Codes:
    with torch.inference_mode():
        logits = shape_logits(network, liver.shape)
    return segments_on_grid(logits, liver.shape, liver.annotated).codes


def write_scores(scores: dict[str, list[LiverScore]], path: Path) -> None:
    """Write one row a liver: split, patient, Dice by segment, share errors by part."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        names = [f"dice_{s.name}" for s in CouinaudSegment]
        table.writerow(["split", "patient", *names, *(f"share_error_{part}" for part in PARTS)])
        for split, livers in scores.items():
            for liver in livers:
                figures = (*liver.dice, *liver.share_errors)
                table.writerow([split, liver.patient, *(f"{x:.{DECIMALS}f}" for x in figures)])


def _short(known: Any) -> Any:  # noqa: ANN401  (JSON)
    if isinstance(known, float):
        return float(f"{known:.6g}")
    if isinstance(known, list):
        return [_short(item) for item in known]
    return (
        {name: _short(item) for name, item in known.items()} if isinstance(known, dict) else known
    )
