"""Couinaud segments estimated from the liver's shape by a network that ships with the package.

What the outline does not show, the network cannot know: Cantlie's plane follows the middle hepatic
vein, which leaves no mark on the surface. Every plane therefore comes with the standard deviation
of its displacement, calibrated on livers that the network was not trained on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import inf, pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models import registry
from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.errors import ModelIntegrityError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME
from remnant.core.progress import Progress, silent
from remnant.core.reasons import Cause, reason
from remnant.core.uncertainty import LARGEST_BORDER_MM, SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from segmentation.couinaud.liver_shape import LiverShape, liver_shape
from segmentation.couinaud.moved_planes import (
    MovedPlane,
    moved_planes,
    moves_finding,
    on_moved_sides,
)
from segmentation.couinaud.shape_familiarity import distance_from, shape_features
from segmentation.couinaud.sides import SIDES, Group
from segmentation.engines.device import chosen_device
from segmentation.engines.memory import memory_errors_explained
from segmentation.engines.registry import SHAPE_MODEL
from segmentation.port import DividedLiver, Stems

if TYPE_CHECKING:
    from torch import Tensor

MODEL = SHAPE_MODEL
STAGE = "dividing the liver"
POINTS_AT_ONCE = 1 << 19
LOGISTIC_SD = pi / sqrt(3.0)
"""Standard deviation of a logistic distribution in units of its scale, which is the integral of
``p (1 - p)`` across a border."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Figures measured on the validation livers.

    Parameters
    ----------
    temperature
        What the logits are divided by, so that the probabilities are true.
    plane_scale, unfamiliar_plane_scale, lost_plane_scale
        Standard deviation of a plane's mean displacement, as a multiple of that of its place from
        point to point: for livers like the training livers, for others, and for others that the
        network is unsure of as well; the latter two measured on resected and cut livers.
    feature_mean, feature_inverse_covariance, farthest
        Of the training livers' shapes, and the distance from them beyond which a liver is unlike.
    least_certain, hopeless
        Means of the highest probability: below the first an estimate is unusually uncertain; below
        the second, that of a liver unlike the training livers is wrong in most of its segments.
    """

    temperature: float
    plane_scale: Mapping[SegmentPlane, float]
    unfamiliar_plane_scale: Mapping[SegmentPlane, float]
    lost_plane_scale: Mapping[SegmentPlane, float]
    feature_mean: NDArray[np.float64]
    feature_inverse_covariance: NDArray[np.float64]
    farthest: float
    least_certain: float
    hopeless: float

    def is_hopeless(self, *, distance: float, sure: float) -> bool:
        """Tell whether an estimate is probably wrong in most segments."""
        return distance > self.farthest and sure < self.hopeless

    def scale_for(self, *, distance: float, sure: float) -> Mapping[SegmentPlane, float]:
        """Return the scale for a liver of this distance and mean highest probability.

        Without bound where the estimate is worth nothing: the largest error there is then holds.
        """
        if distance <= self.farthest:
            return self.plane_scale
        if self.is_hopeless(distance=distance, sure=sure):
            return dict.fromkeys(SegmentPlane, inf)
        lost = sure < self.least_certain
        return self.lost_plane_scale if lost else self.unfamiliar_plane_scale


class ShapeDivider:
    """Divide livers with the shape network.

    Parameters
    ----------
    device
        ``auto`` (CUDA, then MPS, then CPU), ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    InputError
        The device is not one of these or is not there.
    """

    def __init__(self, *, device: str = "auto") -> None:
        self.device = chosen_device(device)

    def divide(
        self, liver: LabelMap, *, stems: Stems | None = None, progress: Progress = silent
    ) -> DividedLiver:
        """Estimate the Couinaud segments of a liver; every liver voxel gets one.

        ``stems`` of veins that a scan shows move the planes that run along them.

        Raises
        ------
        EmptyStructureError
            The liver has no voxel, or is too thin to have a shape.
        ModelUnavailableError, ModelIntegrityError
            The weights are missing or were changed.
        """
        progress(STAGE, 0, 3)
        use, known = registry.model_use(MODEL), read_calibration()
        shape = liver_shape(liver)
        progress(STAGE, 1, 3)
        with memory_errors_explained(self.device):
            logits = shape_logits(load_shape_network(self.device), shape, device=self.device)
        progress(STAGE, 2, 3)
        divided = divided_liver(logits, shape, liver, known, stems=stems)
        progress(STAGE, 3, 3)
        return replace(divided, models=(use,), device=self.device)


def divided_liver(
    logits: "Tensor",
    shape: LiverShape,
    liver: LabelMap,
    known: Calibration,
    *,
    stems: Stems | None = None,
) -> DividedLiver:
    """Return the segments that logits stand for, and what is known of their errors.

    Planes are moved to the veins among the ``stems``; ``None`` where none were seen.
    """
    probabilities = (logits / known.temperature).softmax(0)
    distance, sure = familiarity(shape, known), certainty(probabilities, shape)
    scale = known.scale_for(distance=distance, sure=sure)
    hopeless = known.is_hopeless(distance=distance, sure=sure)
    sds_mm = plane_sds_mm(probabilities, shape, scale)
    moves = None if stems is None else moved_planes(logits, shape, stems, sds_mm)
    moved = () if moves is None else moves.moved
    return DividedLiver(
        source=SegmentSource.MODEL,
        couinaud=segments_on_grid(logits, shape, liver, moved),
        segment_plane_mm={**sds_mm, **{move.plane: move.sd_mm for move in moved}},
        quality=(
            _familiar(distance, known.farthest),
            _certain(sure, known, hopeless=hopeless),
            *(() if moves is None else (moves_finding(moves),)),
        ),
        unusable=reason(Cause.LIVER_UNFAMILIAR) if hopeless else None,
    )


def load_shape_network(device: str) -> Any:  # noqa: ANN401  (torch is imported late)
    """Return the shape network with its weights on a device."""
    from models.networks.loading import load_network

    return load_network(MODEL, device=device)


def shape_logits(network: Any, shape: LiverShape, *, device: str = "cpu") -> "Tensor":  # noqa: ANN401
    """Return the logits of segments I to VIII in the frame: float32 on the CPU."""
    import torch

    from models.networks.couinaud_shape import frame_points, shape_channels

    channels = shape_channels(shape.frame_distance_mm(frame_points()))
    with torch.inference_mode():
        logits: Tensor = network(channels[None].to(device))[0].float().cpu()
    return logits


def segments_on_grid(
    logits: "Tensor", shape: LiverShape, liver: LabelMap, moved: Sequence[MovedPlane] = ()
) -> LabelMap:
    """Return the likeliest segment of every liver voxel, from logits interpolated in the frame.

    Of the segments on its side of the ``moved`` planes.
    """
    import torch

    from models.networks.couinaud_shape import sampled

    box = bounding_box(liver.mask(), what="the liver map")
    codes = np.zeros(liver.codes.shape, np.uint8, order="F")
    inner = codes[box].T
    voxels = np.nonzero(liver.codes[box].T)[::-1]
    matrix, start = _frame_index(shape, box_geometry(liver.geometry, box))
    sides = {m.plane: torch.from_numpy(np.stack((m.before_mm, m.after_mm))) for m in moved}
    with torch.inference_mode():
        for first in range(0, len(voxels[0]), POINTS_AT_ONCE):
            i, j, k = (axis[first : first + POINTS_AT_ONCE] for axis in voxels)
            points = torch.from_numpy(np.stack((i, j, k), axis=-1)).double() @ matrix + start
            values = sampled(logits, places := points.float())
            for plane, heights in sides.items():
                values = on_moved_sides(values, plane, *sampled(heights, places))
            inner[k, j, i] = values.argmax(0).numpy() + 1
    return LabelMap(codes, liver.geometry, COUINAUD_SCHEME)


def _frame_index(shape: LiverShape, grid: Geometry) -> tuple["Tensor", "Tensor"]:
    """Return what takes voxel indices (as rows) to indices in the frame: a matrix and a shift."""
    import torch

    from models.networks.couinaud_shape import FRAME_MM, FRAME_SHAPE

    middle = (np.array(FRAME_SHAPE) - 1) / 2
    step = grid.affine_ras[:3, :3] / (shape.scale * FRAME_MM)
    start = shape.frame_from_ras(grid.affine_ras[:3, 3]) / FRAME_MM + middle
    return torch.from_numpy(step.T.copy()), torch.from_numpy(start)


def plane_sds_mm(
    probabilities: "Tensor", shape: LiverShape, scale: Mapping[SegmentPlane, float]
) -> dict[SegmentPlane, float]:
    """Return the standard deviation of each plane's displacement in patient mm.

    Parameters
    ----------
    probabilities
        Calibrated, ``(8, i, j, k)`` on the frame's grid.
    scale
        See `Calibration.plane_scale`; of 1 it gives the spread of the place from point to point.
    """
    from models.networks.couinaud_shape import FRAME_MM, frame_points

    # Outside the liver the network says nothing: differences must not reach beyond its surface.
    within = (shape.frame_distance_mm(frame_points()) > FRAME_MM).numpy()
    spreads_mm = {
        plane: shape.scale * _spread_mm(probabilities.numpy(), within, *sides)
        for plane, sides in SIDES.items()
    }
    return {
        plane: min(LARGEST_BORDER_MM, scale[plane] * spread) if spread > 0 else 0.0
        for plane, spread in spreads_mm.items()
    }


def _spread_mm(
    probabilities: NDArray[Any], within: NDArray[np.bool_], one: Group, other: Group
) -> float:
    """Return how far a border may lie from point to point, in frame mm: volume over area.

    Between two groups of segments, ``p (1 - p)`` summed over the liver is the border's area times
    the scale of its logistic profile, and the gradient of ``p`` summed is the area. 0.0 where there
    is no border.
    """
    from models.networks.couinaud_shape import FRAME_MM

    first = probabilities[[s - 1 for s in one]].sum(axis=0)
    both = first + probabilities[[s - 1 for s in other]].sum(axis=0)
    share = np.divide(first, both, out=np.zeros_like(first), where=both > 0)
    slope = np.sqrt(sum(part**2 for part in np.gradient(share, FRAME_MM)))
    weight = np.where(within, both, 0.0)
    area = float((weight * slope).sum())
    return LOGISTIC_SD * float((weight * share * (1 - share)).sum()) / area if area > 0 else 0.0


@cache
def read_calibration() -> Calibration:
    """Read the figures that were measured with the weights, from the model's bundle.

    Raises
    ------
    ModelIntegrityError
        They are missing, damaged, or were measured with other weights.
    """
    path = registry.bundle_folder(MODEL) / "configs" / "calibration.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        calibration = _calibration(known)
        measured_with = known["weights_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ModelIntegrityError(
            f"the calibration of {MODEL} cannot be read ({fault!r}); install remnant again"
        ) from fault
    if measured_with != registry.model_info(MODEL).weights_sha256:
        raise ModelIntegrityError(
            f"the calibration of {MODEL} was measured with other weights; install remnant again"
        )
    return calibration


def _calibration(known: Mapping[str, Any]) -> Calibration:
    return Calibration(
        temperature=known["temperature"],
        plane_scale=_by_plane(known["plane_scale"]),
        unfamiliar_plane_scale=_by_plane(known["unfamiliar_plane_scale"]),
        lost_plane_scale=_by_plane(known["lost_plane_scale"]),
        feature_mean=np.array(known["feature_mean"]),
        feature_inverse_covariance=np.array(known["feature_inverse_covariance"]),
        farthest=known["farthest"],
        least_certain=known["least_certain"],
        hopeless=known["hopeless"],
    )


def certainty(probabilities: "Tensor", shape: LiverShape) -> float:
    """Return the mean of the likeliest segment's probability over the liver, 1/8 to 1."""
    from models.networks.couinaud_shape import frame_points

    inside = shape.frame_distance_mm(frame_points()) > 0
    return float(probabilities.amax(0)[inside].mean())


def _by_plane(scales: Mapping[str, float]) -> dict[SegmentPlane, float]:
    by_plane = {SegmentPlane[name.upper()]: float(scale) for name, scale in scales.items()}
    return {plane: by_plane[plane] for plane in SegmentPlane}


def familiarity(shape: LiverShape, known: Calibration) -> float:
    """Return how far a liver's shape is from the training livers'; 0 is their mean."""
    features = shape_features(shape)
    return distance_from(features, known.feature_mean, known.feature_inverse_covariance)


def _familiar(distance: float, farthest: float) -> Finding:
    return quality_finding(
        "couinaud_shape_familiar",
        passed=distance <= farthest,
        value=distance,
        reasons=(reason(Cause.CHECK_LIMIT, farthest),),
    )


def _certain(mean: float, known: Calibration, *, hopeless: bool) -> Finding:
    unusable = (reason(Cause.SEGMENTS_NOT_USED),) if hopeless else ()
    return quality_finding(
        "couinaud_model_certain",
        passed=mean >= known.least_certain,
        value=mean,
        reasons=(reason(Cause.CHECK_LIMIT, known.least_certain), *unusable),
    )
