"""What a first network marked of lesions whose outlines were refined afterwards."""

from collections.abc import Mapping
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import filled_box, joint_box
from remnant.core.volumes import LabelMap
from volumetry.liver_maps import LiverMaps


def core_volumes_ml(core: LabelMap, maps: LiverMaps) -> Mapping[int, float]:
    """Return the volume of each lesion's core, by lesion.

    A voxel of the core belongs to the lesion that it lies in; outside of all lesions, to the one
    with the most voxels among those that it is connected with (26 neighbours). One that is
    connected with none belongs to no lesion that is left.

    Parameters
    ----------
    core
        Any map on the liver's grid whose non-zero codes are the cores of all lesions.
    maps
        The liver's maps.

    Returns
    -------
    mapping
        mL by lesion id; 0.0 for a lesion without a core.

    Raises
    ------
    GeometryMismatchError
        The map lies on another grid.
    """
    maps.geometry.require_same_grid(
        core.geometry, what="the map of the lesions' cores", reference="the liver map"
    )
    marked = (core.codes[maps.box] > 0) & maps.liver
    box = joint_box((filled_box(marked), filled_box(maps.lesions)))
    marked, lesions = marked[box], maps.lesions[box]
    counts = np.bincount(lesions[marked], minlength=int(lesions.max(initial=0)) + 1)
    outside = marked & (lesions == 0)
    if outside.any():
        counts = counts + _outside_by_lesion(marked, lesions, outside, counts.size)
    return {
        int(code): float(counts[code]) * maps.geometry.voxel_volume_ml
        for code in np.unique(lesions[lesions > 0])
    }


def _outside_by_lesion(
    marked: NDArray[np.bool_], lesions: NDArray[Any], outside: NDArray[np.bool_], size: int
) -> NDArray[np.intp]:
    """Count voxels of cores outside of all lesions by the largest lesion of their component."""
    there = lesions > 0
    components = cc3d.connected_components(marked | there, connectivity=26)
    sizes = np.bincount(lesions[there], minlength=size)
    component, code = np.unique(np.stack([components[there], lesions[there]]), axis=1)
    largest_last = np.argsort(sizes[code], kind="stable")
    owner = np.zeros(int(components.max()) + 1, dtype=np.intp)
    # of several lesions in a component the last one written stays
    owner[component[largest_last]] = code[largest_last]
    counts = np.bincount(owner[components[outside]], minlength=size)
    counts[0] = 0
    return counts
