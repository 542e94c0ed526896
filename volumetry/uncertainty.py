"""Intervals around volumes: so far the part that comes from the voxel grid alone."""

import numpy as np
from numpy.typing import NDArray

from remnant.core.quantity import Interval

DIMENSIONS = 3


def discretisation_interval_ml(mask: NDArray[np.bool_], voxel_volume_ml: float) -> Interval:
    """Bound the volume of the structure whose voxel centres a mask holds.

    The grid is looked at by the cells between eight neighbouring voxel centres, each as large as a
    voxel. Cells with all eight centres inside give the low end, cells with at least one centre
    inside the high end (inner and outer content). That is half a voxel layer inwards and outwards
    along every axis, on any affine grid.

    The low end holds exactly for every convex structure, because a convex set that holds a cell's
    corners holds the cell. The high end holds where the structure reaches no cell without reaching
    one of its corners: that is, as long as it is at least about two voxels thick along every axis.

    This is the **discretisation** of a perfect mask and nothing else: errors of the segmentation,
    motion and partial volume are not in it.

    Parameters
    ----------
    mask
        Voxels whose centre lies in the structure, shape ``(I, J, K)``; outside is background.
    voxel_volume_ml
        Volume of one voxel in mL.

    Returns
    -------
    Interval
        In mL; both ends are 0.0 for an empty mask.
    """
    inner, outer = mask, np.pad(mask, 1)
    for axis in range(DIMENSIONS):
        inner = _low_side(inner, axis) & _high_side(inner, axis)
        outer = _low_side(outer, axis) | _high_side(outer, axis)
    low, high = np.count_nonzero(inner), np.count_nonzero(outer)
    return Interval(float(low * voxel_volume_ml), float(high * voxel_volume_ml))


def _low_side(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    side: NDArray[np.bool_] = mask[(slice(None),) * axis + (slice(None, -1),)]
    return side


def _high_side(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    side: NDArray[np.bool_] = mask[(slice(None),) * axis + (slice(1, None),)]
    return side
