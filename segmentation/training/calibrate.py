"""Calibration of the shape network on livers that it was not trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import optimize, stats
from torch.nn import functional

from models.networks.couinaud_shape import frame_points
from remnant.core.errors import InputError
from remnant.core.uncertainty import SegmentPlane
from segmentation.couinaud_shape import certainty, plane_sds_mm, segments_on_grid, shape_logits
from segmentation.liver_shape import SHAPE_GRID_MM
from segmentation.shape_familiarity import (
    distance_from,
    left_out_distances,
    shape_features,
    spread_of,
)
from segmentation.training.augment import plain_view
from segmentation.training.damage import damaged
from segmentation.training.livers import AnnotatedLiver
from segmentation.training.scores import Codes, mean_dice_of_present, plane_shift_mm, score

FAMILIAR_SHARE = 0.9
CERTAIN_SHARE = 0.02
WRONG_DICE = 0.5
TWO_SIDED_90 = 0.95
TEMPERATURES = (0.3, 5.0)
UNSCALED = dict.fromkeys(SegmentPlane, 1.0)

Json = dict[str, Any]


def calibrate(
    network: Any,  # noqa: ANN401  (any network of the right form)
    validation: Sequence[AnnotatedLiver],
    known: Sequence[AnnotatedLiver],
) -> Json:
    """Measure what `segmentation.couinaud_shape.Calibration` holds.

    Parameters
    ----------
    network
        Trained, in evaluation mode, on the CPU.
    validation
        Livers that it was not trained on: for temperature, planes and certainty.
    known
        Livers that count as familiar in shape: those of training and validation.

    Raises
    ------
    InputError
        The network finds no border of some plane in any validation liver.
    """
    logits = [shape_logits(network, liver.shape) for liver in validation]
    temperature = best_temperature(logits, validation)
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
    scales = plane_scales(whole)
    if missing := [
        plane.name.lower() for plane in SegmentPlane if plane.name.lower() not in scales
    ]:
        raise InputError(
            f"no validation liver has an estimated border of plane {missing[0]}; train longer, or "
            f"hold more livers back"
        )
    return {
        "temperature": temperature,
        "plane_scale": scales,
        "unfamiliar_plane_scale": scales | plane_scales([e for e in broken if e.sure >= least]),
        "lost_plane_scale": scales | plane_scales([e for e in broken if e.sure < least]),
        "feature_mean": mean.tolist(),
        "feature_inverse_covariance": inverse.tolist(),
        "farthest": farthest,
        "least_certain": least,
        "hopeless": min(least, hopeless_below(broken)),
    }


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """A liver, its estimated segments, their probabilities, and the mean of the highest."""

    liver: AnnotatedLiver
    codes: Codes
    probabilities: torch.Tensor
    sure: float


def hopeless_below(broken: Sequence[Estimated]) -> float:
    """Return the certainty that nearly all estimates stay below that are wrong in most segments.

    Those whose mean Dice over the segments that are there is under 0.5; 0.0 without any.
    """
    wrong = [e.sure for e in broken if _dice_of_there(e) < WRONG_DICE]
    return float(np.quantile(wrong, FAMILIAR_SHARE)) if wrong else 0.0


def _dice_of_there(estimate: Estimated) -> float:
    annotated = estimate.liver.annotated.codes
    scores = score(estimate.liver.patient, estimate.codes, annotated)
    return mean_dice_of_present(scores, annotated)


def estimated(
    network: Any,  # noqa: ANN401  (any network of the right form)
    temperature: float,
    liver: AnnotatedLiver,
) -> Estimated:
    """Divide a liver as the product does."""
    logits = shape_logits(network, liver.shape)
    probabilities = (logits / temperature).softmax(0)
    codes = segments_on_grid(logits, liver.shape, liver.annotated).codes
    return Estimated(liver, codes, probabilities, certainty(probabilities, liver.shape))


def best_temperature(logits: Sequence[torch.Tensor], livers: Sequence[AnnotatedLiver]) -> float:
    """Return the temperature under which the annotations are likeliest (Guo et al., ICML 2017)."""
    pairs = [_liver_voxels(found, liver) for found, liver in zip(logits, livers, strict=True)]

    def surprise(temperature: float) -> float:
        return float(
            np.mean([float(functional.cross_entropy(x / temperature, y)) for x, y in pairs])
        )

    found = optimize.minimize_scalar(surprise, bounds=TEMPERATURES, method="bounded")
    return float(found.x)


def plane_scales(estimates: Sequence[Estimated]) -> dict[str, float]:
    """Return the root mean square of each plane's shift in units of its spread from place to place.

    Widened by Student's t for the number of livers, so that 90 % intervals hold 90 %. A plane that
    no liver has a border of is left out.
    """
    ratios: dict[SegmentPlane, list[float]] = {plane: [] for plane in SegmentPlane}
    for estimate in estimates:
        spreads = plane_sds_mm(estimate.probabilities, estimate.liver.shape, UNSCALED)
        annotated = estimate.liver.annotated.codes
        for plane in SegmentPlane:
            shift = plane_shift_mm(estimate.codes, annotated, plane, SHAPE_GRID_MM)
            if shift is not None and spreads[plane] > 0:
                ratios[plane].append(shift / spreads[plane])
    return {
        plane.name.lower(): _widened(np.array(values)) for plane, values in ratios.items() if values
    }


def _widened(ratios: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    widening = stats.t.ppf(TWO_SIDED_90, len(ratios)) / stats.norm.ppf(TWO_SIDED_90)
    return float(np.sqrt(np.mean(ratios**2)) * widening)


def _liver_voxels(logits: torch.Tensor, liver: AnnotatedLiver) -> tuple[torch.Tensor, torch.Tensor]:
    view = plain_view(liver)
    inside = liver.shape.frame_distance_mm(frame_points()) > 0
    return logits[:, inside].T, view.codes[inside] - 1
