"""Calibration of the shape network on livers that it was not trained on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy import optimize
from torch.nn import functional

from models.networks.couinaud_shape import frame_points
from segmentation.couinaud.shape_familiarity import (
    distance_from,
    left_out_distances,
    shape_features,
    spread_of,
)
from segmentation.couinaud.shape_model import shape_logits
from segmentation.training.augment import plain_view
from segmentation.training.damage import damaged
from segmentation.training.livers import AnnotatedLiver
from segmentation.training.plane_errors import (
    Estimated,
    PlaneErrors,
    elsewhere_mm,
    estimated,
    plane_errors,
    plane_scales,
    scales_of,
    typical_spreads_mm,
)
from segmentation.training.scores import mean_dice_of_present, score

FAMILIAR_SHARE = 0.9
CERTAIN_SHARE = 0.02
WRONG_DICE = 0.5
TEMPERATURES = (0.3, 5.0)

Json = dict[str, Any]


def calibrate(
    network: Any,  # noqa: ANN401  (any network of the right form)
    temperature: float,
    validation: Sequence[AnnotatedLiver],
    known: Sequence[AnnotatedLiver],
    elsewhere: Sequence[PlaneErrors],
) -> Json:
    """Measure what `segmentation.couinaud.shape_model.Calibration` holds.

    Parameters
    ----------
    network
        Trained, in evaluation mode, on the CPU.
    temperature
        See `temperature_of`.
    validation
        Livers that it was not trained on: for certainty and typical spreads.
    known
        Livers that count as familiar in shape: those of training and validation.
    elsewhere
        Errors of planes in livers whose whole group the estimating network never saw.

    Raises
    ------
    InputError
        No border of some plane was found in any of those livers.
    """
    features = np.array([shape_features(liver.shape) for liver in known])
    mean, inverse = spread_of(features)
    whole = [estimated(network, temperature, liver) for liver in validation]
    least = float(np.quantile([e.sure for e in whole], CERTAIN_SHARE))
    farthest = float(np.quantile(left_out_distances(features), FAMILIAR_SHARE))
    broken = [
        estimated(network, temperature, left)
        for liver in validation
        for left in damaged(liver).values()
        if distance_from(shape_features(left.shape), mean, inverse) > farthest
    ]
    typical = typical_spreads_mm([plane_errors(e) for e in whole])
    scales = scales_of(elsewhere_mm(elsewhere), typical)
    sure, unsure = (
        plane_scales([e for e in broken if (e.sure >= least) is enough]) for enough in (True, False)
    )
    unfamiliar = _larger(scales, sure)
    return {
        "temperature": temperature,
        "plane_scale": scales,
        "unfamiliar_plane_scale": unfamiliar,
        "lost_plane_scale": _larger(unfamiliar, unsure),
        "feature_mean": mean.tolist(),
        "feature_inverse_covariance": inverse.tolist(),
        "farthest": farthest,
        "least_certain": least,
        "hopeless": min(least, hopeless_below(broken)),
    }


def _larger(scales: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    return {name: max(scale, others.get(name, 0.0)) for name, scale in scales.items()}


def hopeless_below(broken: Sequence[Estimated]) -> float:
    """Return the certainty that nearly all estimates stay below that are wrong in most segments.

    Those whose mean Dice over the segments that are there is under 0.5. Without any, the lowest
    certainty seen: nothing is known of livers below it. 0.0 without any estimate.
    """
    wrong = [e.sure for e in broken if _dice_of_there(e) < WRONG_DICE]
    if not wrong:
        return min((e.sure for e in broken), default=0.0)
    return float(np.quantile(wrong, FAMILIAR_SHARE))


def _dice_of_there(estimate: Estimated) -> float:
    annotated = estimate.liver.annotated.codes
    scores = score(estimate.liver.patient, estimate.codes, annotated)
    return mean_dice_of_present(scores, annotated)


def temperature_of(
    network: Any,  # noqa: ANN401  (any network of the right form)
    validation: Sequence[AnnotatedLiver],
) -> float:
    """Return the temperature of a network from livers that it was not trained on."""
    logits = [shape_logits(network, liver.shape) for liver in validation]
    return best_temperature(logits, validation)


def best_temperature(logits: Sequence[torch.Tensor], livers: Sequence[AnnotatedLiver]) -> float:
    """Return the temperature under which the annotations are likeliest (Guo et al., ICML 2017)."""
    pairs = [_liver_voxels(found, liver) for found, liver in zip(logits, livers, strict=True)]

    def surprise(temperature: float) -> float:
        return float(
            np.mean([float(functional.cross_entropy(x / temperature, y)) for x, y in pairs])
        )

    found = optimize.minimize_scalar(surprise, bounds=TEMPERATURES, method="bounded")
    return float(found.x)


def _liver_voxels(logits: torch.Tensor, liver: AnnotatedLiver) -> tuple[torch.Tensor, torch.Tensor]:
    view = plain_view(liver)
    inside = liver.shape.frame_distance_mm(frame_points()) > 0
    return logits[:, inside].T, view.codes[inside] - 1
