"""Planes through the body in radiological convention, and what label maps and images hold there.

Radiological convention: the reader looks at axial pictures from the feet and at coronal ones from
the front, so that the patient's right lies on the picture's left; sagittal pictures have the
patient's front on the picture's left.
"""

from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry, Vector3
from remnant.core.volumes import ImageVolume

RAS_LETTERS: Final = (("L", "R"), ("P", "A"), ("F", "H"))
TO_THE_LEFT: Final = (-1, 0, 0)
TO_THE_BACK: Final = (0, -1, 0)
TO_THE_FEET: Final = (0, 0, -1)


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

    ``codes`` of shape ``(8, rows, columns)`` are those of the eight voxels around each pixel,
    ``weights`` their trilinear weights; voxels outside the grid have code 0.
    """

    codes: NDArray[Any]
    weights: NDArray[np.float32]

    def present(self) -> list[int]:
        """Return the positive codes that are the nearest voxel of some pixel."""
        return [int(code) for code in np.unique(self.nearest()) if code > 0]

    def nearest(self) -> NDArray[Any]:
        """Return the code of the nearest voxel of each pixel, shape ``(rows, columns)``."""
        best = self.weights.argmax(axis=0)
        nearest: NDArray[Any] = np.take_along_axis(self.codes, best[None], axis=0)[0]
        return nearest

    def share(self, *codes: int) -> NDArray[np.float32]:
        """Return the linear share in [0, 1] of any of ``codes``, or of any when none is given.

        Its level 0.5 is the smooth outline of the structure.
        """
        member = np.isin(self.codes, codes) if codes else self.codes > 0
        share: NDArray[np.float32] = (self.weights * member).sum(axis=0)
        return share


def sample_labels(codes: NDArray[Any], geometry: Geometry, plane: Plane) -> LabelSample:
    """Read a label map at a plane's pixels; the grid may be oblique, mirrored or sheared."""
    index = geometry.index_from_ras(plane.points_ras())
    base = np.floor(index).astype(np.intp)
    part = (index - base).astype(np.float32)
    corners = [_corner(codes, base, part, np.array(step)) for step in product((0, 1), repeat=3)]
    found, weights = zip(*corners, strict=True)
    return LabelSample(np.stack(found), np.stack(weights))


def sample_image(image: ImageVolume, plane: Plane) -> NDArray[np.float32]:
    """Read an image linearly at a plane's pixels; 0 outside its grid."""
    index = image.geometry.index_from_ras(plane.points_ras())
    sampled: NDArray[np.float32] = ndimage.map_coordinates(
        image.voxels, np.moveaxis(index, -1, 0), output=np.float32, order=1, cval=0.0
    )
    return sampled


def _corner(
    codes: NDArray[Any],
    base: NDArray[np.intp],
    part: NDArray[np.float32],
    step: NDArray[np.intp],
) -> tuple[NDArray[Any], NDArray[np.float32]]:
    index = base + step
    size = np.array(codes.shape)
    inside = ((index >= 0) & (index < size)).all(axis=-1)
    i, j, k = np.moveaxis(np.clip(index, 0, size - 1), -1, 0)
    weight: NDArray[np.float32] = np.where(step == 1, part, np.float32(1.0) - part).prod(axis=-1)
    return np.where(inside, codes[i, j, k], 0).astype(codes.dtype), weight
