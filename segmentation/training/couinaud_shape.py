"""Training of the shape network: deterministic for one thread count, resumable from checkpoints."""

import copy
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from models.networks.couinaud_shape import SEGMENTS, CouinaudShapeNetwork, shape_channels
from remnant.core.errors import InputError
from remnant.core.progress import Progress, silent
from remnant.io.atomic import atomic_path
from segmentation.training.augment import plain_view, random_view
from segmentation.training.livers import AnnotatedLiver
from segmentation.training.training_recipe import Recipe

CHECKPOINT = "checkpoint.pt"
CURVE = "learning_curve.csv"
CURVE_HEADER = "iteration,learning_rate,training_loss,validation_dice\n"
CHECK_EVERY = 250
SMOOTHING = 1.0
STAGE = "training"

Batch = tuple[Tensor, Tensor, Tensor]
"""Channels, codes 1 to 8, and where the liver is (0 or 1)."""


@dataclass(slots=True)
class _State:
    """What changes while training; a checkpoint holds all of it."""

    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    iteration: int = 0
    curve: str = CURVE_HEADER


def train(
    training: Sequence[AnnotatedLiver],
    validation: Sequence[AnnotatedLiver],
    recipe: Recipe,
    *,
    folder: Path,
    start: Path | None = None,
    progress: Progress = silent,
) -> nn.Module:
    """Train the shape network, or go on from the checkpoint that ``folder`` holds.

    Parameters
    ----------
    training, validation
        Livers of different patients; the latter only show how it goes.
    recipe
        Decides the result together with the livers.
    folder
        Receives ``checkpoint.pt`` and ``learning_curve.csv`` every 250 iterations.
    start
        Weights to start from; ``None`` starts from random ones.

    Returns
    -------
    torch.nn.Module
        The running average of the weights, ready for inference.

    Raises
    ------
    InputError
        The folder's checkpoint was made by another recipe or from other livers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made_from = _fingerprint(recipe, training, validation, start)
    state = _resumed(folder, recipe, made_from) or _fresh(recipe, start)
    losses: list[float] = []
    batches = _batches(state.iteration, training, recipe)
    while state.iteration < recipe.iterations:
        losses.append(_step(state, next(batches), recipe))
        done = state.iteration
        progress(STAGE, done, recipe.iterations)
        if done % CHECK_EVERY == 0 or done == recipe.iterations:
            dice = mean_dice(state.average, validation)
            rate = learning_rate(done - 1, recipe)
            state.curve += f"{done},{rate:.3g},{np.mean(losses):.4f},{dice:.4f}\n"
            _record(folder, state, made_from)
            losses.clear()
    return state.average.eval()


def learning_rate(iteration: int, recipe: Recipe) -> float:
    """Return the rate of a step, 0-based: a linear rise, then a cosine to zero."""
    rise = min(1.0, (iteration + 1) / recipe.warm_up)
    fall = 0.5 * (1.0 + math.cos(math.pi * iteration / recipe.iterations))
    return recipe.learning_rate * rise * fall


def patients_of(iteration: int, count: int, recipe: Recipe) -> list[int]:
    """Return which livers a step sees: every liver once before any comes again."""
    drawn = range(iteration * recipe.batch, (iteration + 1) * recipe.batch)
    return [
        int(np.random.default_rng([recipe.seed, place // count]).permutation(count)[place % count])
        for place in drawn
    ]


def loss_of(logits: Tensor, codes: Tensor, inside: Tensor) -> Tensor:
    """Return cross-entropy inside the liver plus one minus the mean soft Dice.

    ``logits`` is ``(batch, 8, …)``, ``codes`` 1 to 8 and ``inside`` 0 or 1, both ``(batch, …)``.
    """
    terms = [_liver_terms(*liver) for liver in zip(logits, codes, inside > 0, strict=True)]
    missed, dice = (torch.stack(values) for values in zip(*terms, strict=True))
    return missed.sum() / inside.sum() + 1 - dice.mean()


def _liver_terms(logits: Tensor, codes: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Return one liver's summed cross-entropy and its mean soft Dice, from its voxels alone."""
    logs = functional.log_softmax(logits[:, inside].float(), 0)
    true = functional.one_hot(codes[inside] - 1, SEGMENTS).T
    found = logs.exp()
    sizes = found.sum(1) + true.sum(1)
    dice = (2 * (found * true).sum(1) + SMOOTHING) / (sizes + SMOOTHING)
    return -(logs * true).sum(), dice.mean()


def mean_dice(network: nn.Module, livers: Sequence[AnnotatedLiver]) -> float:
    """Return the mean Dice over livers and segments on the frame's grid."""
    return float(np.mean([_frame_dice(network, liver) for liver in livers]))


def _frame_dice(network: nn.Module, liver: AnnotatedLiver) -> float:
    view = plain_view(liver)
    with torch.inference_mode():
        logits = network(shape_channels(view.distance_mm)[None])[0]
    found, inside = logits.argmax(0) + 1, view.distance_mm > 0
    scores = []
    for segment in range(1, SEGMENTS + 1):
        one, other = (found == segment) & inside, (view.codes == segment) & inside
        size = float(one.sum() + other.sum())
        scores.append(2 * float((one & other).sum()) / size if size else 1.0)
    return float(np.mean(scores))


def _fresh(recipe: Recipe, start: Path | None = None) -> _State:
    torch.manual_seed(recipe.seed)
    network = _laid_out(CouinaudShapeNetwork())
    if start is not None:
        network.load_state_dict(load_file(start))
    average = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    return _State(network, average, _optimiser(network, recipe))


def _laid_out(network: nn.Module) -> nn.Module:
    return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload,no-any-return]


def _optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )


def _step(state: _State, batch: Batch, recipe: Recipe) -> float:
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(state.iteration, recipe)
    channels, codes, inside = batch
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = state.network(channels)
    loss = loss_of(logits, codes, inside)
    state.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(state.network.parameters(), recipe.largest_gradient)
    state.optimiser.step()
    kept = min(recipe.average, (1 + state.iteration) / (10 + state.iteration))
    with torch.no_grad():
        for mean, fresh in _parameters(state):
            mean.lerp_(fresh, 1 - kept)
    state.iteration += 1
    return float(loss.detach())


def _parameters(state: _State) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(state.average.parameters(), state.network.parameters(), strict=True)


def _batches(start: int, training: Sequence[AnnotatedLiver], recipe: Recipe) -> Iterator[Batch]:
    """Make each batch while the network learns from the one before."""
    # One thread beside the network's own: two pools of all cores would wait for each other.
    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as maker:
        ready = maker.submit(_batch, start, training, recipe)
        for iteration in range(start, recipe.iterations):
            batch = ready.result()
            ready = maker.submit(_batch, iteration + 1, training, recipe)
            yield batch


def _batch(iteration: int, training: Sequence[AnnotatedLiver], recipe: Recipe) -> Batch:
    views = [
        random_view(training[index], recipe, np.random.default_rng([recipe.seed, iteration, place]))
        for place, index in enumerate(patients_of(iteration, len(training), recipe))
    ]
    channels = torch.stack([shape_channels(view.distance_mm) for view in views])
    codes = torch.stack([view.codes for view in views])
    inside = torch.stack([view.inside for view in views])
    return channels.to(memory_format=torch.channels_last_3d), codes, inside


def _fingerprint(
    recipe: Recipe,
    training: Sequence[AnnotatedLiver],
    validation: Sequence[AnnotatedLiver],
    start: Path | None,
) -> str:
    """Tell recipe and livers from all others: going on with others would mix training and test."""
    digest = hashlib.sha256(json.dumps(asdict(recipe)).encode())
    digest.update(start.read_bytes() if start is not None else b"")
    for part in (training, validation):
        digest.update(b"part")
        for liver in part:
            digest.update(str(liver.patient).encode())
            digest.update(np.ascontiguousarray(liver.annotated.codes).tobytes())
    return digest.hexdigest()


def _record(folder: Path, state: _State, made_from: str) -> None:
    """Write the checkpoint, and the curve as far as it goes, each whole or not at all."""
    content: dict[str, Any] = {
        "made_from": made_from,
        "iteration": state.iteration,
        "curve": state.curve,
        "network": state.network.state_dict(),
        "average": state.average.state_dict(),
        "optimiser": state.optimiser.state_dict(),
    }
    with atomic_path(folder / CHECKPOINT) as temporary:
        torch.save(content, temporary)
    with atomic_path(folder / CURVE) as temporary:
        temporary.write_text(state.curve, encoding="utf-8")


def _resumed(folder: Path, recipe: Recipe, made_from: str) -> _State | None:
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    content = torch.load(path, weights_only=True)
    if content["made_from"] != made_from:
        raise InputError(
            f"{path} was made by another recipe or from other livers; train into a new folder"
        )
    state = _fresh(recipe)
    state.network.load_state_dict(content["network"])
    state.average.load_state_dict(content["average"])
    state.optimiser.load_state_dict(content["optimiser"])
    state.iteration, state.curve = content["iteration"], content["curve"]
    return state
