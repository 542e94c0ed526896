"""Planes through the body in radiological convention, and what label maps and images hold there.

Radiological convention: the reader looks at axial pictures from the feet and at coronal ones from
the front, so that the patient's right lies on the picture's left; sagittal pictures have the
patient's front on the picture's left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import DIMENSIONS, Geometry, Vector3
from remnant.core.volumes import ImageVolume

RAS_LETTERS: Final = (("L", "R"), ("P", "A"), ("F", "H"))
TO_THE_LEFT: Final = (-1, 0, 0)
TO_THE_BACK: Final = (0, -1, 0)
TO_THE_FEET: Final = (0, 0, -1)
NO_CHANGE: Final = 1e-6
"""Voxels by which an index may change across a picture and still counts as one index."""


class View(Enum):
    """A standard plane: the RAS directions that the picture's right and lower edge point to."""

    AXIAL = (TO_THE_LEFT, TO_THE_BACK)
    CORONAL = (TO_THE_LEFT, TO_THE_FEET)
    SAGITTAL = (TO_THE_BACK, TO_THE_FEET)

    @property
    def rightward(self) -> NDArray[np.float64]:
        """Unit vector in RAS that the picture's columns run along."""
        return np.array(self.value[0], dtype=np.float64)

    @property
    def downward(self) -> NDArray[np.float64]:
        """Unit vector in RAS that the picture's rows run along."""
        return np.array(self.value[1], dtype=np.float64)

    @property
    def letters(self) -> dict[str, str]:
        """Anatomical letter at each edge of the picture: left, right, top, bottom."""
        return {
            "left": letter(-self.rightward),
            "right": letter(self.rightward),
            "top": letter(-self.downward),
            "bottom": letter(self.downward),
        }


def letter(direction: NDArray[np.float64]) -> str:
    """Return the letter (R L A P H F) of the anatomical side that a RAS direction points to."""
    axis = int(np.abs(direction).argmax())
    return RAS_LETTERS[axis][int(direction[axis] > 0)]


@dataclass(frozen=True, slots=True)
class Plane:
    """A raster in the world.

    Parameters
    ----------
    view
        Orientation of the raster.
    corner_ras_mm
        Centre of the upper left pixel.
    pixel_mm
        Width and height of a pixel.
    rows, columns
        Size of the raster.
    """

    view: View
    corner_ras_mm: Vector3
    pixel_mm: float
    rows: int = field(kw_only=True)
    columns: int = field(kw_only=True)

    def points_ras(self) -> NDArray[np.float64]:
        """Return the pixel centres in RAS mm, shape ``(rows, columns, 3)``."""
        right = self.view.rightward * self.pixel_mm
        down = self.view.downward * self.pixel_mm
        row, column = np.arange(self.rows), np.arange(self.columns)
        offsets: NDArray[np.float64] = (
            row[:, None, None] * down + column[None, :, None] * right + np.array(self.corner_ras_mm)
        )
        return offsets

    def index_on(self, geometry: Geometry) -> tuple[NDArray[np.float64], ...]:
        """Return the pixel centres on a grid: along each of its axes the index of every pixel.

        Each has the shape ``(rows, columns)``, or 1 instead of either where the index does not
        change along it: on grids that lie along the body most of the work is saved.
        """
        start = geometry.index_from_ras(np.array(self.corner_ras_mm))
        to_index = np.linalg.inv(geometry.affine_ras[:3, :3]) * self.pixel_mm
        down, right = to_index @ self.view.downward, to_index @ self.view.rightward
        row, column = np.arange(self.rows)[:, None], np.arange(self.columns)[None, :]
        return tuple(
            start[axis] + _steps(row, down[axis]) + _steps(column, right[axis])
            for axis in range(DIMENSIONS)
        )


def _steps(number: NDArray[np.intp], step: float) -> NDArray[np.float64]:
    """Return multiples of a step; one 0 in their place where they come to nothing."""
    if abs(step) * number.size < NO_CHANGE:
        return np.zeros((1, 1))
    steps: NDArray[np.float64] = number * np.float64(step)
    return steps


def plane_through(
    centre_ras_mm: Vector3,
    *,
    view: View,
    low_ras_mm: NDArray[np.float64],
    high_ras_mm: NDArray[np.float64],
    pixel_mm: float,
) -> Plane:
    """Return the plane through a point that shows the world box from ``low`` to ``high``."""
    right, down = view.rightward, view.downward
    corner = np.where(right + down < 0, high_ras_mm, low_ras_mm)
    depth_axis = int(np.flatnonzero((right == 0) & (down == 0))[0])
    corner[depth_axis] = centre_ras_mm[depth_axis]
    extent = high_ras_mm - low_ras_mm
    columns = int(np.abs(right) @ extent / pixel_mm) + 1
    rows = int(np.abs(down) @ extent / pixel_mm) + 1
    x, y, z = (float(value) for value in corner)
    return Plane(view, (x, y, z), pixel_mm, rows=rows, columns=columns)


@dataclass(frozen=True, slots=True, eq=False)
class LabelSample:
    """Codes of a label map around every pixel of a plane.

    Parameters
    ----------
    codes
        Those of the eight voxels around each pixel, shape ``(8, rows, columns)``; voxels outside
        the grid have code 0.
    weights
        Their trilinear weights.
    nearest
        Code of the nearest voxel of each pixel, shape ``(rows, columns)``.
    reach
        Pixels that a voxel may extend beyond those that it is the nearest of.
    corner
        Row and column of the first pixel in the plane.
    """

    codes: NDArray[Any]
    weights: NDArray[np.float32]
    nearest: NDArray[Any]
    reach: int
    corner: tuple[int, int] = (0, 0)

    def present(self) -> list[int]:
        """Return the positive codes that are the nearest voxel of some pixel."""
        return [int(code) for code in np.flatnonzero(np.bincount(self.nearest.ravel())) if code]

    def share(self, *codes: int) -> NDArray[np.float32]:
        """Return the linear share in [0, 1] of any of ``codes``, or of any when none is given.

        Its level 0.5 is the smooth outline of the structure.
        """
        member = np.isin(self.codes, codes) if len(codes) > 1 else self.codes > 0
        if len(codes) == 1:
            member = self.codes == codes[0]
        share: NDArray[np.float32] = np.einsum("crk,crk->rk", self.weights, member)
        return share

    def windows(self) -> dict[int, "LabelSample"]:
        """Return the part of the plane around each code that is present, by the code."""
        found = ndimage.find_objects(self.nearest)
        return {code: self._cut(*window) for code, window in enumerate(found, start=1) if window}

    def _cut(self, rows: slice, columns: slice) -> "LabelSample":
        top, left = max(0, rows.start - self.reach), max(0, columns.start - self.reach)
        part = (slice(top, rows.stop + self.reach), slice(left, columns.stop + self.reach))
        return LabelSample(
            self.codes[:, *part], self.weights[:, *part], self.nearest[part], self.reach,
            (self.corner[0] + top, self.corner[1] + left),
        )  # fmt: skip


def sample_labels(codes: NDArray[Any], geometry: Geometry, plane: Plane) -> LabelSample:
    """Read a label map at a plane's pixels; the grid may be oblique, mirrored or sheared."""
    index = plane.index_on(geometry)
    below = [np.floor(along).astype(np.intp) for along in index]
    part = [(along - low).astype(np.float32) for along, low in zip(index, below, strict=True)]
    ends = [(np.float32(1.0) - share, share) for share in part]
    corners = list(product((0, 1), repeat=DIMENSIONS))
    around = [
        _codes_at(codes, [b + s for b, s in zip(below, step, strict=True)]) for step in corners
    ]
    weights = [ends[0][i] * ends[1][j] * ends[2][k] for i, j, k in corners]
    nearest = _codes_at(codes, [np.rint(along).astype(np.intp) for along in index])
    diagonal_mm = float(np.linalg.norm(geometry.affine_ras[:3, :3]))
    reach = ceil(diagonal_mm / plane.pixel_mm) + 1
    return LabelSample(np.stack(around), np.stack(weights), nearest, reach)


def sample_image(image: ImageVolume, plane: Plane) -> NDArray[np.float32]:
    """Read an image linearly at a plane's pixels; 0 outside its grid."""
    index = image.geometry.index_from_ras(plane.points_ras())
    sampled: NDArray[np.float32] = ndimage.map_coordinates(
        image.voxels, np.moveaxis(index, -1, 0), output=np.float32, order=1, cval=0.0
    )
    return sampled


def _codes_at(codes: NDArray[Any], index: Sequence[NDArray[np.intp]]) -> NDArray[Any]:
    """Return the codes at indices that broadcast to a raster; 0 outside."""
    inside = [(along >= 0) & (along < n) for along, n in zip(index, codes.shape, strict=True)]
    i, j, k = (np.clip(along, 0, n - 1) for along, n in zip(index, codes.shape, strict=True))
    found: NDArray[Any] = codes[i, j, k] * (inside[0] & inside[1] & inside[2])
    return found
