"""A reader's box on the grid that a promptable network works on."""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.drawn_boxes import BoxUnits, ReaderBox
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from segmentation.boxes.promptable import SliceBox
from segmentation.boxes.propagation import StartBox

HALF_VOXEL: Final = 0.5
UPWARDS: Final = 2
"""World axis from foot to head."""
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Placing:
    """A box, in whose units points are, and the grids that it is placed on."""

    box: ReaderBox
    scan: Geometry
    grid: Geometry

    @property
    def along(self) -> int:
        """Which of a point's coordinates runs along the body."""
        return UPWARDS if self.box.units is BoxUnits.MM else self.scan.axial_axis

    def index(self, points: Points) -> Points:
        """Return points as indices of the grid."""
        voxels = self.box.units is BoxUnits.VOXELS
        return self.grid.index_from_ras(self.scan.ras_from_index(points) if voxels else points)

    def at(self, points: Points, height: float) -> Points:
        """Return points moved to a height."""
        moved = np.array(points)
        moved[..., self.along] = height
        return moved

    @property
    def height(self) -> float:
        """Return the height of the slice where the structure is largest.

        Raises
        ------
        InputError
            The one that was named lies outside the box.
        """
        low, high = self.box.low[self.along], self.box.high[self.along]
        named = self.box.slice_at
        if named is not None and not low <= named <= high:
            raise InputError(
                f"the slice at {named:g} lies outside the box {self.box}; name one from {low:g} to "
                f"{high:g}, or leave it out for the middle one"
            )
        return (low + high) / 2 if named is None else named

    def slices(self) -> tuple[int, int, int]:
        """Return the slice of the rectangle, and the lowest and highest one of the box."""
        box, top = self.box, self.grid.shape[UPWARDS] - 1
        middle = (np.array(box.low) + np.array(box.high)) / 2
        low, high = box.low[self.along], box.high[self.along]
        column = np.array([self.at(middle, height) for height in (self.height, low, high)])
        first, *ends = self.index(column)[:, UPWARDS].tolist()
        k = int(np.rint(first))
        if low == high:
            return k, 0, top
        feet, head = sorted(ends)
        return k, max(0, min(k, int(np.ceil(feet)))), min(top, max(k, int(np.floor(head))))

    def sides(self) -> Points:
        """Return the lowest and the highest indices of the rectangle's outermost voxels."""
        corners = np.array(list(product(*zip(self.box.low, self.box.high, strict=True))))
        seen = self.index(self.at(corners, self.height))[:, :UPWARDS]
        sides = np.array([seen.min(axis=0), seen.max(axis=0)])
        if self.box.units is BoxUnits.MM:  # corners are edges there, not centres of voxels
            sides += np.array([[HALF_VOXEL], [-HALF_VOXEL]])
        return np.where(sides[0] > sides[1], sides.mean(axis=0), sides)


def placed_box(box: ReaderBox, scan: Geometry, grid: Geometry) -> StartBox:
    """Place a reader's box on a grid.

    Parameters
    ----------
    box
        The box; one of a single slice leaves open how far the structure goes along the body.
    scan
        The scan's grid, whose voxels ``box`` may count.
    grid
        The same re-oriented to RAS+ axes.

    Raises
    ------
    InputError
        It lies outside the scan, or the slice that it names outside of it.
    """
    placing = _Placing(box, scan, grid)
    k, lowest, highest = placing.slices()
    sides, last = placing.sides(), np.array(grid.shape[:UPWARDS]) - 1.0
    there = 0 <= k < grid.shape[UPWARDS] and (sides[1] >= 0).all() and (sides[0] <= last).all()
    if not there:
        raise InputError(f"the box {box} lies outside the scan, which spans {_span(box, scan)}")
    (i_low, j_low), (i_high, j_high) = np.clip(sides, 0, last).tolist()
    rectangle = SliceBox(i_low, j_low, i_high, j_high)
    return StartBox(
        slice_index=k,
        rectangle=rectangle,
        lowest=lowest,
        highest=highest,
        is_flat=box.low[placing.along] == box.high[placing.along],
    )


def _span(box: ReaderBox, scan: Geometry) -> str:
    """Say from where to where a scan reaches, in the units of a box."""
    if box.units is BoxUnits.VOXELS:
        return ",".join(f"0:{n - 1}" for n in scan.shape)
    corners = scan.corners_ras()
    spans = zip("xyz", corners.min(axis=0), corners.max(axis=0), strict=True)
    return ", ".join(f"{axis} {low:.0f} to {high:.0f}" for axis, low, high in spans) + " mm"
