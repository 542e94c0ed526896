"""Calibration of the shape network on livers that it was not trained on."""

from collections.abc import Sequence
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
from segmentation.shape_familiarity import left_out_distances, shape_features, spread_of
from segmentation.training.augment import plain_view
from segmentation.training.damage import damaged
from segmentation.training.livers import AnnotatedLiver
from segmentation.training.scores import plane_shift_mm

FAMILIAR_SHARE = 0.9
CERTAIN_SHARE = 0.02
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
    """
    logits = [shape_logits(network, liver.shape) for liver in validation]
    temperature = best_temperature(logits, validation)
    probabilities = [(found / temperature).softmax(0) for found in logits]
    features = np.array([shape_features(liver.shape) for liver in known])
    mean, inverse = spread_of(features)
    sure = [certainty(p, v.shape) for p, v in zip(probabilities, validation, strict=True)]
    return {
        "temperature": temperature,
        "plane_scale": plane_scales(logits, probabilities, validation),
        "unfamiliar_plane_scale": damaged_scales(network, temperature, validation),
        "feature_mean": mean.tolist(),
        "feature_inverse_covariance": inverse.tolist(),
        "farthest": float(np.quantile(left_out_distances(features), FAMILIAR_SHARE)),
        "least_certain": float(np.quantile(sure, CERTAIN_SHARE)),
    }


def best_temperature(logits: Sequence[torch.Tensor], livers: Sequence[AnnotatedLiver]) -> float:
    """Return the temperature under which the annotations are likeliest (Guo et al., ICML 2017)."""
    pairs = [_liver_voxels(found, liver) for found, liver in zip(logits, livers, strict=True)]

    def surprise(temperature: float) -> float:
        return float(
            np.mean([float(functional.cross_entropy(x / temperature, y)) for x, y in pairs])
        )

    found = optimize.minimize_scalar(surprise, bounds=TEMPERATURES, method="bounded")
    return float(found.x)


def plane_scales(
    logits: Sequence[torch.Tensor],
    probabilities: Sequence[torch.Tensor],
    livers: Sequence[AnnotatedLiver],
) -> dict[str, float]:
    """Return the root mean square of each plane's shift in units of its spread from place to place.

    Widened by Student's t for the number of livers, so that 90 % intervals hold 90 %.
    """
    ratios: dict[SegmentPlane, list[float]] = {plane: [] for plane in SegmentPlane}
    for found, sure, liver in zip(logits, probabilities, livers, strict=True):
        codes = segments_on_grid(found, liver.shape, liver.annotated).codes
        spreads = plane_sds_mm(sure, liver.shape, UNSCALED)
        for plane in SegmentPlane:
            shift = plane_shift_mm(codes, liver.annotated.codes, plane, SHAPE_GRID_MM)
            if shift is not None and spreads[plane] > 0:
                ratios[plane].append(shift / spreads[plane])
    return {plane.name.lower(): _widened(np.array(values)) for plane, values in ratios.items()}


def damaged_scales(
    network: Any,  # noqa: ANN401  (any network of the right form)
    temperature: float,
    livers: Sequence[AnnotatedLiver],
) -> dict[str, float]:
    """Return the same for the livers after each resection and scan cut: what unlike livers get."""
    broken = [left for liver in livers for left in damaged(liver).values()]
    logits = [shape_logits(network, liver.shape) for liver in broken]
    probabilities = [(found / temperature).softmax(0) for found in logits]
    return plane_scales(logits, probabilities, broken)


def _widened(ratios: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    if not len(ratios):
        raise InputError("no liver has a border of every plane; more livers are needed")
    widening = stats.t.ppf(TWO_SIDED_90, len(ratios)) / stats.norm.ppf(TWO_SIDED_90)
    return float(np.sqrt(np.mean(ratios**2)) * widening)


def _liver_voxels(logits: torch.Tensor, liver: AnnotatedLiver) -> tuple[torch.Tensor, torch.Tensor]:
    view = plain_view(liver)
    inside = liver.shape.frame_distance_mm(frame_points()) > 0
    return logits[:, inside].T, view.codes[inside] - 1
