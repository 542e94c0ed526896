"""How much a liver's shape is like those that the shape network learned from."""

import numpy as np
from numpy.typing import NDArray

from segmentation.couinaud.liver_shape import LiverShape

Vector = NDArray[np.float64]

FEATURES = (
    "log_scale", "extent_r", "extent_a", "extent_s", "depth", "middle_to_long", "short_to_long",
    "flat_below", "flat_above", "balance_r", "balance_a", "balance_s",
)  # fmt: skip
EXTENT_UNIT_MM = 100.0
DEPTH_UNIT_MM = 10.0
END_VOXELS = 2
SHRINKAGE = 0.1
SMALLEST_VARIANCE = 1e-6
"""Of a figure that is the same in all livers."""


def shape_features(shape: LiverShape) -> Vector:
    """Describe a liver's shape by a few figures, in the order of `FEATURES`.

    Its size, extents and mean depth in the frame, the ratios of its principal axes, how much of
    its largest axial section the lowest and highest 8 mm have (large where a field of view or a
    resection cut it flat), and where in its box its centre of mass lies.
    """
    from models.networks.couinaud_shape import FRAME_MM, frame_points

    points = frame_points()
    distance = shape.frame_distance_mm(points).numpy()
    inside = distance > 0
    places = points.numpy()[inside].astype(np.float64)
    low, high = places.min(axis=0), places.max(axis=0)
    extent = high - low + FRAME_MM
    axes = np.sqrt(np.linalg.eigvalsh(np.cov(places.T)))
    sections = inside.sum(axis=(0, 1)).astype(np.float64)
    filled = sections[np.flatnonzero(sections)]
    return np.array(
        [
            np.log(shape.scale),
            *(extent / EXTENT_UNIT_MM),
            distance[inside].mean() / DEPTH_UNIT_MM,
            axes[1] / axes[2],
            axes[0] / axes[2],
            filled[:END_VOXELS].mean() / filled.max(),
            filled[-END_VOXELS:].mean() / filled.max(),
            *((places.mean(axis=0) - low + FRAME_MM / 2) / extent),
        ]
    )


def spread_of(features: Vector) -> tuple[Vector, Vector]:
    """Return mean and inverse covariance of rows of features; the covariance is shrunk a little."""
    covariance = np.cov(features.T)
    diagonal = np.diag(np.diag(covariance) + SMALLEST_VARIANCE)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * diagonal
    return features.mean(axis=0), np.asarray(np.linalg.inv(shrunk), dtype=np.float64)


def distance_from(features: Vector, mean: Vector, inverse_covariance: Vector) -> float:
    """Return the Mahalanobis distance of one liver's features; 0 is the mean liver."""
    offset = features - mean
    return float(np.sqrt(offset @ inverse_covariance @ offset))


def left_out_distances(features: Vector) -> Vector:
    """Return the distance of every row from the spread of all the others."""
    rows = range(len(features))
    return np.array(
        [distance_from(features[i], *spread_of(np.delete(features, i, 0))) for i in rows]
    )
