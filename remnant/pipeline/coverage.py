"""No liver voxel may silently lack a segment: which liver is divided, and what comes later."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.pipeline.segmented import SegmentedCase

SEGMENTS_EXTENDED: Final = "segments_extended"


def widest_liver(case: SegmentedCase) -> LabelMap:
    """Return the liver with every lesion, rejected ones included (``BINARY_SCHEME``).

    A rejected lesion that reached beyond the liver takes its voxels out of it, and brings them
    back when it is confirmed: dividing this liver makes the segments independent of such words.
    """
    liver = case.maps.structures.mask()
    if case.maps.exophytic is not None:
        liver = liver | case.maps.exophytic.mask()
    return LabelMap(liver.astype(np.uint8), case.maps.structures.geometry, BINARY_SCHEME)


def liver_has_changed(case: SegmentedCase) -> bool:
    """Tell whether the segments were made for another liver than the case's."""
    if case.division.couinaud is None:
        return False
    return not np.array_equal(case.division.couinaud.codes > 0, widest_liver(case).codes > 0)


def is_extended(case: SegmentedCase) -> bool:
    """Tell whether voxels got their segment from their neighbours, not from what divided it."""
    return any(finding.id == SEGMENTS_EXTENDED for finding in case.quality)


def with_liver_covered(case: SegmentedCase) -> SegmentedCase:
    """Give liver voxels without a segment that of the nearest voxel with one, and say so.

    Lesions that a human edited can add voxels to the liver after it was divided. A given map is
    left as it is: what it leaves out is reported as unassigned.
    """
    couinaud = case.division.couinaud
    if couinaud is None or case.division.source is SegmentSource.GIVEN:
        return case
    missing = (widest_liver(case).codes > 0) & (couinaud.codes == 0)
    if not missing.any() or not couinaud.codes.any():
        return case
    codes = extended(couinaud.codes, missing, couinaud.geometry)
    volume_ml = int(np.count_nonzero(missing)) * couinaud.geometry.voxel_volume_ml
    kept = tuple(finding for finding in case.quality if finding.id != SEGMENTS_EXTENDED)
    return replace(
        case,
        division=replace(
            case.division,
            couinaud=LabelMap(codes, couinaud.geometry, couinaud.scheme),
            confirmation=None,
            segment_iv=None,
        ),
        quality=(*kept, _extended_finding(volume_ml, case)),
    )


def extended(
    codes: NDArray[np.uint8] | NDArray[np.uint16], missing: NDArray[np.bool_], grid: Geometry
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the codes with those of the nearest coded voxel (in mm) where they are missing.

    ``missing`` marks voxels of code 0. Of equally near voxels any may be taken.
    """
    box = bounding_box(missing | (codes > 0), what="the liver")
    within, near = box_geometry(grid, box), codes[box]
    known = near > 0
    # the nearest coded voxel of a voxel without code always lies at the rim of the coded ones
    inner = ndimage.binary_erosion(known, np.ones((3, 3, 3), dtype=bool), border_value=1)
    rim = np.argwhere(known & ~inner)
    lacking = np.argwhere(missing[box])
    tree = cKDTree(within.ras_from_index(rim))
    _, nearest = tree.query(within.ras_from_index(lacking))
    filled = codes.copy(order="K")
    filled[box][tuple(lacking.T)] = near[tuple(rim[nearest].T)]
    return filled


def _extended_finding(volume_ml: float, case: SegmentedCase) -> Finding:
    known = {
        "confirmation": case.division.confirmation is not None,
        "segment_iv": case.division.segment_iv is not None,
    }
    lost = [name for name, is_lost in known.items() if is_lost]
    dropped = (reason(Cause.DROPPED_WITH_SEGMENTS, *lost),) if lost else ()
    return quality_finding(SEGMENTS_EXTENDED, passed=None, value=volume_ml, reasons=dropped)
