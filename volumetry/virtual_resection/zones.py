"""Liver near a lesion: all voxels whose centre lies within a distance of a voxel of the lesion.

Distances are Euclidean, in mm, from voxel centre to voxel centre, and exact on every grid: where
the axes are perpendicular by a distance transform, on sheared grids by a search tree.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, widened
from remnant.core.geometry import DIMENSIONS, Shape3

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
"""Places in mm from the first voxel of the liver's box, along RAS, shape ``(n, 3)``."""

SAME_SQUARED: float = 1.0 + 1e-5
"""Squared distances whose ratio is less are the same one: the transform works in float32."""
PERPENDICULAR = 1e-6
"""Cosine between two axes that still count as perpendicular."""


@dataclass(slots=True, eq=False)
class LesionCrop:
    """One lesion with its neighbourhood.

    Parameters
    ----------
    box
        Where the neighbourhood lies in the liver's box.
    lesion
        The lesion's voxels, shape of ``box``.
    own_box
        Where the lesion alone lies in the liver's box.
    measure
        Makes ``squared_mm2``, once it is asked for: zones of most forms never ask.
    """

    box: Box
    lesion: Mask
    own_box: Box
    measure: Callable[[], NDArray[np.floating[Any]]]
    _squared_mm2: NDArray[np.floating[Any]] | None = field(init=False, default=None)

    @property
    def squared_mm2(self) -> NDArray[np.floating[Any]]:
        """Squared distance to the nearest voxel of the lesion, 0 in it, shape of ``box``.

        Infinite where it was not computed because it is farther than asked for or not functional
        liver.
        """
        if self._squared_mm2 is None:
            self._squared_mm2 = self.measure()
        return self._squared_mm2

    def rim_mm(self, edges_mm: NDArray[np.float64]) -> Points:
        """Return the centres of the lesion's outermost voxels."""
        i, j, k = (
            slice(own.start - whole.start, own.stop - whole.start)
            for own, whole in zip(self.own_box, self.box, strict=True)
        )
        return places_mm(rim(self.lesion[i, j, k]), self.own_box, edges_mm)

    def within(self, distance_mm: float) -> Mask:
        """Return where the lesion is at most this near; its own voxels are not included."""
        near: Mask = self.squared_mm2 <= distance_mm**2 * SAME_SQUARED
        return near & ~self.lesion


def lesion_crop(
    lesions: NDArray[Any],
    code: int,
    box: Box,
    *,
    functional: Mask,
    edges_mm: NDArray[np.float64],
    reach_mm: float,
) -> LesionCrop:
    """Cut a lesion out of the map and measure how far its neighbourhood lies from it.

    Parameters
    ----------
    lesions
        Lesion ids in the liver's box.
    code, box
        The lesion and where it lies.
    functional
        Liver without tumour, shape of ``lesions``.
    edges_mm
        Steps along the array axes as columns, in RAS mm: any regular matrix.
    reach_mm
        Largest distance that will be asked for.
    """
    around = widened(box, index_reach(edges_mm, reach_mm), _shape(lesions))
    lesion = np.ascontiguousarray(lesions[around] == code)

    def squared() -> NDArray[np.floating[Any]]:
        if axes_are_perpendicular(edges_mm):
            return _by_transform(lesion, edges_mm)
        return _by_tree(lesion, functional[around], edges_mm, reach_mm)

    return LesionCrop(around, lesion, box, squared)


def index_reach(edges_mm: NDArray[np.float64], reach_mm: float) -> NDArray[np.int64]:
    """Return how many voxels a ball of a radius reaches along each array axis, rounded up."""
    lengths = reach_mm * np.linalg.norm(np.linalg.inv(edges_mm), axis=1)
    reach: NDArray[np.int64] = np.ceil(lengths).astype(np.int64)
    return reach


def axes_are_perpendicular(edges_mm: NDArray[np.float64]) -> bool:
    """Tell whether squared distances are sums over the array axes."""
    unit = edges_mm / np.linalg.norm(edges_mm, axis=0)
    return bool(np.abs(unit.T @ unit - np.eye(DIMENSIONS)).max() < PERPENDICULAR)


def places_mm(mask: Mask, box: Box, edges_mm: NDArray[np.float64]) -> Points:
    """Return the centres of a mask's voxels."""
    i, j, k = (
        (indices + side.start)[:, None] * edges_mm[:, axis]
        for axis, (indices, side) in enumerate(zip(np.nonzero(mask), box, strict=True))
    )
    places: Points = i + j + k
    return places


def rim(mask: Mask) -> Mask:
    """Return the voxels of a mask that have a neighbour outside it, through a face or beyond."""
    inner: Mask = ndimage.binary_erosion(mask, np.ones((3, 3, 3)))
    return mask & ~inner


def lesion_boxes(lesions: NDArray[Any], codes: tuple[int, ...]) -> dict[int, Box]:
    """Return where lesions lie; those without a voxel are left out."""
    found = ndimage.find_objects(lesions, max_label=max(codes, default=1))
    return {code: found[code - 1] for code in codes if found[code - 1] is not None}


def flat_places(mask: Mask, box: Box, shape: Shape3) -> NDArray[np.int64]:
    """Return the positions of a mask's voxels in the flattened array that its box lies in."""
    i, j, k = (np.arange(side.start, side.stop) for side in box)
    numbers = (i[:, None, None] * shape[1] + j[:, None]) * shape[2] + k
    flat: NDArray[np.int64] = numbers[mask]
    return flat


def _by_transform(lesion: Mask, edges_mm: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
    spacing_mm = tuple(np.linalg.norm(edges_mm, axis=0).tolist())
    squared: NDArray[np.floating[Any]] = edt.edtsq(~lesion, anisotropy=spacing_mm, parallel=1)
    return squared


def _by_tree(
    lesion: Mask, functional: Mask, edges_mm: NDArray[np.float64], reach_mm: float
) -> NDArray[np.floating[Any]]:
    """Nearest voxels are on the lesion's rim; only what a step of the rim can reach is asked."""
    from scipy.spatial import cKDTree

    i, j, k = lesion.shape
    here = (slice(0, i), slice(0, j), slice(0, k))
    around = functional & ~lesion
    tree = cKDTree(places_mm(rim(lesion), here, edges_mm))
    farthest_mm = reach_mm * SAME_SQUARED
    distances, _ = tree.query(
        places_mm(around, here, edges_mm), distance_upper_bound=max(farthest_mm, 1e-9)
    )
    squared = np.where(lesion, 0.0, np.inf)
    squared[around] = distances**2
    return squared


def _shape(array: NDArray[Any]) -> Shape3:
    i, j, k = array.shape
    return (i, j, k)
