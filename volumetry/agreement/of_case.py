"""Agreement of two masks: overlap, surfaces and volumes.

Dice 1945, doi:10.2307/1932409; the normalised surface Dice and quantiles by area: Nikolov et al.
2021, doi:10.2196/26151; which figure says what: Maier-Hein et al. 2024,
doi:10.1038/s41592-023-02151-z.
"""

from collections.abc import Mapping
from math import isclose

import numpy as np
from numpy.typing import NDArray

from remnant.core.agreement import MaskAgreement, ratio_of
from remnant.core.boxes import filled_box, joint_box
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, reason
from volumetry.surface_elements import SurfaceDistances, surface_distances

Mask = NDArray[np.bool_]

HD95_SHARE = 0.95
ROUNDING_MM = 1e-5
"""Headers hold spacings as float32: a distance of exactly the tolerance must not fail by that."""


def compare_masks(
    prediction: Mask, truth: Mask, geometry: Geometry, *, structure: str, tolerance_mm: float
) -> MaskAgreement:
    """Compare a predicted mask with the true one.

    Parameters
    ----------
    prediction, truth
        Masks of one shape ``(I, J, K)``; any block of the grid that holds both masks whole.
    geometry
        Grid that gives the axes; its shape and origin do not matter.
    structure
        What the masks show.
    tolerance_mm
        Distance up to which a surface counts as found, at least 0.

    Returns
    -------
    MaskAgreement
        Every figure, or the reason why it is absent; never NaN.

    Raises
    ------
    InputError
        The masks have different shapes or the tolerance is negative.
    """
    if prediction.shape != truth.shape or not tolerance_mm >= 0.0:
        raise InputError(
            f"masks of shapes {prediction.shape} and {truth.shape} with a tolerance of "
            f"{tolerance_mm} mm cannot be compared; give one shape and at least 0 mm"
        )
    box = joint_box((filled_box(prediction), filled_box(truth)))
    predicted, true = prediction[box], truth[box]
    return MaskAgreement(
        structure=structure,
        **_volumes(predicted, true, geometry.voxel_volume_ml),
        **_overlap(predicted, true),
        **_surfaces(predicted, true, geometry, tolerance_mm),
    )


def not_compared(structure: str) -> MaskAgreement:
    """Return the agreement of a structure that the prediction does not have a map of."""
    absent = Quantity.absent(reason(Cause.NOT_PREDICTED))
    return MaskAgreement(
        structure=structure,
        prediction_ml=absent,
        truth_ml=absent,
        volume_difference_ml=absent,
        volume_difference_percent=absent,
        dice=absent,
        iou=absent,
        sensitivity=absent,
        precision=absent,
        nsd=absent,
        hd95_mm=absent,
        hd_mm=absent,
        assd_mm=absent,
    )


def _volumes(predicted: Mask, true: Mask, voxel_ml: float) -> Mapping[str, Quantity]:
    found_ml, true_ml = (int(np.count_nonzero(mask)) * voxel_ml for mask in (predicted, true))
    difference_ml = found_ml - true_ml
    return {
        "prediction_ml": Quantity(found_ml),
        "truth_ml": Quantity(true_ml),
        "volume_difference_ml": Quantity(difference_ml),
        "volume_difference_percent": ratio_of(100.0 * difference_ml, true_ml, Cause.TRUTH_EMPTY),
    }


def _overlap(predicted: Mask, true: Mask) -> Mapping[str, Quantity]:
    found, there = int(np.count_nonzero(predicted)), int(np.count_nonzero(true))
    both = int(np.count_nonzero(predicted & true))
    return {
        "dice": ratio_of(2 * both, found + there, Cause.MASKS_EMPTY),
        "iou": ratio_of(both, found + there - both, Cause.MASKS_EMPTY),
        "sensitivity": ratio_of(both, there, Cause.TRUTH_EMPTY if found else Cause.MASKS_EMPTY),
        "precision": ratio_of(both, found, Cause.PREDICTION_EMPTY if there else Cause.MASKS_EMPTY),
    }


def _surfaces(
    predicted: Mask, true: Mask, geometry: Geometry, tolerance_mm: float
) -> Mapping[str, Quantity]:
    found, there = bool(predicted.any()), bool(true.any())
    if not (found and there):
        none = Quantity.absent(reason(_emptiness(found=found, there=there)))
        # all of the one surface is missed: that is a measurement
        nsd = none if found == there else Quantity(0.0)
        return {"nsd": nsd, **dict.fromkeys(("hd95_mm", "hd_mm", "assd_mm"), none)}
    ways = surface_distances(predicted, true, geometry)
    distances = np.concatenate([way.distances_mm for way in ways])
    areas = np.concatenate([way.areas_mm2 for way in ways])
    near = distances <= tolerance_mm + ROUNDING_MM
    return {
        "nsd": Quantity(_area(areas[near]) / _area(areas) if not near.all() else 1.0),
        "hd95_mm": Quantity(max(quantile_mm(way, HD95_SHARE) for way in ways)),
        "hd_mm": Quantity(float(distances.max())),
        "assd_mm": Quantity(float(distances @ areas) / _area(areas)),
    }


def quantile_mm(way: SurfaceDistances, share: float) -> float:
    """Return the distance within which at least ``share`` of a surface's area lies.

    The least such distance among the elements; nothing is interpolated.
    """
    order = np.argsort(way.distances_mm, kind="stable")
    reached = np.cumsum(way.areas_mm2[order])
    wanted = share * reached[-1]
    first = int(np.searchsorted(reached, wanted))
    if first and isclose(reached[first - 1], wanted, rel_tol=1e-12):
        first -= 1
    return float(way.distances_mm[order[first]])


def _area(areas_mm2: NDArray[np.float64]) -> float:
    return float(areas_mm2.sum())


def _emptiness(*, found: bool, there: bool) -> Cause:
    if found == there:
        return Cause.MASKS_EMPTY
    return Cause.PREDICTION_EMPTY if there else Cause.TRUTH_EMPTY
