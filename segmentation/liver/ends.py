"""Whether a liver goes on beyond the slices of its mask, as where a network cut its dome off.

The cross-section on the last slice is followed: on the slice beyond, what a box around it holds is
liver if the network of boxes is sure of it, it lies where the liver was, is no larger, and looks
like the liver. At a true end the next slice shows lung, fat or bowel, and that is where it ends.
A liver that ends wide although the scan goes on, and cannot be followed, is reported alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.reasons import Cause, reason
from remnant.core.units import ml_from_mm3
from segmentation.liver.slices import LiverLook, joined_outline
from segmentation.liver.tissue import LiverTissue

Mask = NDArray[np.bool_]

SURE_FROM_IOU: Final = 0.85
LEAST_COVERED: Final = 0.7
"""Of the smaller of two neighbouring cross-sections, by the other one."""
MOST_GROWTH: Final = 1.1
LEAST_ADDED_ML: Final = 10.0
FARTHEST_MM: Final = 60.0
WIDE_FRACTION: Final = 0.5
"""Of the widest cross-section. The cap that a slice of 10 mm cuts from a dome has a quarter."""


@dataclass(frozen=True, slots=True, eq=False)
class ContinuedLiver:
    """A liver with what it goes on by beyond its ends, and the finding that tells."""

    mask: Mask
    finding: Finding


def continued_liver(
    look: LiverLook, liver: Mask, voxels: NDArray[Any], tissue: LiverTissue
) -> ContinuedLiver:
    """Follow a liver beyond both its ends.

    Parameters
    ----------
    look
        Outlines on slices of the whole scan.
    liver
        A liver's mask on the look's grid.
    voxels
        The image on the same grid.
    tissue
        What the liver looks like.

    Returns
    -------
    ContinuedLiver
        Finding ``liver_ends_found``, value: mL that were added. Less than ``LEAST_ADDED_ML`` at an
        end is not added.
    """
    voxel_ml = ml_from_mm3(float(np.prod(look.grid.spacing_mm)))
    there = np.flatnonzero(liver.any(axis=(0, 1)))
    result, reasons, total = liver.copy(), [], 0.0
    widest = int(np.count_nonzero(liver, axis=(0, 1)).max())
    for end, step, side in ((int(there[0]), -1, "below"), (int(there[-1]), 1, "above")):
        added = list(_beyond(look, liver[:, :, end], end, step, voxels, tissue))
        volume_ml = sum(int(np.count_nonzero(section)) for section in added) * voxel_ml
        if volume_ml >= LEAST_ADDED_ML:
            for distance, section in enumerate(added, start=1):
                result[:, :, end + step * distance] = section
            reasons.append(reason(Cause.LIVER_GOES_ON, side, volume_ml))
            total += volume_ml
        elif _ends_wide(liver, end, step, widest):
            reasons.append(reason(Cause.LIVER_ENDS_WIDE, side))
    finding = quality_finding(
        "liver_ends_found", passed=not reasons, value=total, reasons=tuple(reasons)
    )
    return ContinuedLiver(result, finding)


def _beyond(
    look: LiverLook, last: Mask, end: int, step: int, voxels: NDArray[Any], tissue: LiverTissue
) -> Iterator[Mask]:
    farthest = round(FARTHEST_MM / look.grid.spacing_mm[2])
    for distance in range(1, farthest + 1):
        k = end + step * distance
        if not 0 <= k < look.grid.shape[2]:
            return
        section, expected = joined_outline(look.outlined(k, last))
        sure = expected >= SURE_FROM_IOU and _goes_on(last, section)
        if not sure or not tissue.is_like(voxels[:, :, k][section]):
            return
        yield section
        last = section


def _ends_wide(liver: Mask, end: int, step: int, widest: int) -> bool:
    """Tell whether a liver ends with a wide cross-section although the scan goes on."""
    in_scan = 0 <= end + step < liver.shape[2]
    return in_scan and int(np.count_nonzero(liver[:, :, end])) >= WIDE_FRACTION * widest


def _goes_on(before: Mask, section: Mask) -> bool:
    areas = int(np.count_nonzero(before)), int(np.count_nonzero(section))
    shared = int(np.count_nonzero(before & section))
    return 0 < areas[1] <= MOST_GROWTH * areas[0] and shared >= LEAST_COVERED * min(areas)
