"""A grid's arrays seen as axial slices: axes in the order and direction of RAS, nothing resampled.

A scan whose axes are tilted is seen along its nearest axes.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry

Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class AxialView:
    """The axes of a grid re-ordered and mirrored so that they run to the right, front and head.

    Parameters
    ----------
    source
        The grid as its file has it.
    """

    source: Geometry

    @property
    def grid(self) -> Geometry:
        """The same voxels in RAS+ order: ``k`` counts axial slices from foot to head."""
        matrix = np.array(self.source.affine_ras)
        for axis in self._mirrored:
            matrix[:3, 3] += matrix[:3, axis] * (self.source.shape[axis] - 1)
            matrix[:3, axis] *= -1
        matrix[:3, :3] = matrix[:3, list(self._order)]
        i, j, k = (self.source.shape[axis] for axis in self._order)
        frame = self.source.frame_of_reference_uid
        return Geometry((i, j, k), matrix, frame_of_reference_uid=frame)

    def seen(self, array: NDArray[Kind]) -> NDArray[Kind]:
        """Return an array of the source's shape as one of the view's grid; no voxel is copied."""
        return np.flip(array, self._mirrored).transpose(self._order)

    def back(self, array: NDArray[Kind]) -> NDArray[Kind]:
        """Return an array of the view's grid in the source's order; no voxel is copied."""
        return np.flip(array.transpose(tuple(np.argsort(self._order))), self._mirrored)

    @property
    def _order(self) -> tuple[int, int, int]:
        """Source axis of each axis of the view."""
        i, j, k = (self.source.world_axes.index(world) for world in range(3))
        return (i, j, k)

    @property
    def _mirrored(self) -> tuple[int, ...]:
        """Source axes that run to the left, back or foot."""
        directions: NDArray[Any] = self.source.directions
        worlds = self.source.world_axes
        return tuple(axis for axis in range(3) if directions[worlds[axis], axis] < 0)
