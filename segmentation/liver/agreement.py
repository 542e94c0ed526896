"""How far two networks agree on a liver."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, reason
from remnant.core.units import ml_from_mm3
from segmentation.overlap import dice

Mask = NDArray[np.bool_]

AGREE_FROM_DICE: Final = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class LookedSlice:
    """What two networks see on an axial slice.

    Parameters
    ----------
    index
        Which slice.
    first, second
        The liver network's cross-section, and the outline of what its box holds.
    expected_iou
        How well the second network expects its outline to overlap with the truth.
    """

    index: int
    first: Mask
    second: Mask
    expected_iou: float


def overlap_of_all(looked: Sequence[LookedSlice]) -> float:
    """Return the Dice coefficient of two networks' livers on all slices together."""
    return dice(*_stacked(looked))


def expected_of_all(looked: Sequence[LookedSlice]) -> float:
    """Return how well the second network expects its outlines to overlap, large ones more."""
    areas = [float(np.count_nonzero(one.first)) for one in looked]
    return float(np.average([one.expected_iou for one in looked], weights=areas))


def _stacked(looked: Sequence[LookedSlice]) -> tuple[Mask, Mask]:
    return np.stack([one.first for one in looked]), np.stack([one.second for one in looked])


def agreement(looked: Sequence[LookedSlice], grid: Geometry) -> Finding:
    """Judge how far two networks agree on a liver, by the slices that both saw.

    Parameters
    ----------
    looked
        At least one slice, from foot to head; those between are taken to be like them.
    grid
        RAS+ grid of the slices.

    Returns
    -------
    Finding
        ``liver_networks_agree``, value: Dice of all slices together. Its reasons tell what only the
        first and only the second network takes for liver, in mL, and on how many slices.
    """
    firsts, seconds = _stacked(looked)
    same = dice(firsts, seconds)
    slices = looked[-1].index - looked[0].index + 1
    pixel_ml = ml_from_mm3(float(np.prod(grid.spacing_mm)) * slices / len(looked))
    only = (
        int(np.count_nonzero(part)) * pixel_ml for part in (firsts & ~seconds, seconds & ~firsts)
    )
    return quality_finding(
        "liver_networks_agree",
        passed=same >= AGREE_FROM_DICE,
        value=same,
        reasons=(
            reason(Cause.CHECK_LIMIT, AGREE_FROM_DICE),
            reason(Cause.LIVER_NETWORKS_DIFFER, *only, len(looked)),
        ),
    )
