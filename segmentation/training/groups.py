"""Groups of livers alike in shape, to be left out whole: a stand-in for another hospital's."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from remnant.core.labels import LEFT_LOBE, CouinaudSegment
from segmentation.couinaud.shape_familiarity import shape_features
from segmentation.training.livers import AnnotatedLiver

LATERAL = (CouinaudSegment.II, CouinaudSegment.III)
COMPONENTS = 5

Features = NDArray[np.float64]


def group_by_shape(livers: Sequence[AnnotatedLiver], groups: int) -> list[list[int]]:
    """Return patients by group, the largest group first.

    Ward's clustering of the first principal components of the figures of shape together with the
    shares of the left lateral section and of the left hemiliver.
    """
    features = np.array([_features(liver) for liver in livers])
    labels = fcluster(linkage(_components(features), "ward"), groups, "maxclust")
    patients = np.array([liver.patient for liver in livers])
    found = [sorted(patients[labels == label].tolist()) for label in np.unique(labels)]
    return sorted(found, key=lambda group: (-len(group), group))


def _features(liver: AnnotatedLiver) -> Features:
    codes = liver.annotated.codes
    whole = np.count_nonzero(codes)
    shares = [
        np.count_nonzero(np.isin(codes, part)) / whole for part in (LATERAL, tuple(LEFT_LOBE))
    ]
    return np.array([*shape_features(liver.shape), *shares])


def _components(features: Features) -> Features:
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    kept: Features = (left * sizes)[:, :COMPONENTS]
    return kept
