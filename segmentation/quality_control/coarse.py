"""A liver and its surroundings on a grid of 3 mm along RAS, where all figures are taken."""

from dataclasses import dataclass
from itertools import product
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box, box_geometry
from remnant.core.geometry import Geometry, Vector3
from remnant.core.volumes import ImageVolume, LabelMap
from segmentation.upright import upright_grid

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

STEP_MM = 3.0
MARGIN_VOXELS = 9
BODY_STEP_MM = 6.0
SUBSAMPLE_MM = 0.75
LEAST_SMOOTHING_VOXELS = 0.6
NEGLIGIBLE_VOXELS = 0.25
NO_SHIFT: Final[Vector3] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class CoarseLiver:
    """A liver on a 3 mm grid along RAS with 27 mm around it.

    Parameters
    ----------
    mask
        The liver, lesions included.
    lesions
        Known lesions in it; nothing where none are known.
    seen
        Where the scan is.
    hu
        Intensities, lightly smoothed; ``None`` without an image.
    body
        Intensities of the whole scan on a 6 mm grid, and that grid; ``None`` without an image.
    grid
        The 3 mm grid.
    """

    mask: Mask
    lesions: Mask
    seen: Mask
    hu: Floats | None
    body: tuple[Floats, Geometry] | None
    grid: Geometry

    @property
    def volume_ml(self) -> float:
        """Volume of the liver on this grid."""
        return int(np.count_nonzero(self.mask)) * self.grid.voxel_volume_ml

    @property
    def cut_fraction(self) -> float:
        """Share of the liver's outermost voxels that lie at the end of the scan."""
        outer = self.mask & ~ndimage.binary_erosion(self.mask)
        ends = outer & ndimage.binary_dilation(~self.seen)
        return int(np.count_nonzero(ends)) / max(int(np.count_nonzero(outer)), 1)


def coarse_liver(
    liver: LabelMap,
    image: ImageVolume | None = None,
    *,
    lesions: LabelMap | None = None,
    whole: bool = False,
) -> CoarseLiver:
    """Sample a liver, its lesions and its image.

    Parameters
    ----------
    liver
        Any label map whose non-zero codes are the liver.
    image
        The scan, on the liver's grid.
    lesions
        Any label map on the same grid whose non-zero codes are lesions.
    whole
        Whether a human said that the map holds the whole liver: nothing is cut by its end then.

    Raises
    ------
    EmptyStructureError
        The liver has no voxel.
    """
    box = liver.box() or bounding_box(liver.codes, what="the liver map")
    grid = _with_margin(upright_grid(box_geometry(liver.geometry, box), (STEP_MM,) * 3))
    place = _Sampler.between(liver.geometry, grid)
    codes = place.values(liver.codes)
    sick = np.zeros(codes.shape, bool) if lesions is None else place.values(lesions.codes) > 0
    return CoarseLiver(
        mask=(codes > 0) & place.seen,
        lesions=sick & place.seen,
        seen=np.ones_like(place.seen) if whole else place.seen,
        hu=None if image is None else _smooth(image.voxels, liver.geometry, grid),
        body=None if image is None else _body(image),
        grid=grid,
    )


def _with_margin(grid: Geometry) -> Geometry:
    i, j, k = (n + 2 * MARGIN_VOXELS for n in grid.shape)
    return grid.cropped((-MARGIN_VOXELS,) * 3, (i, j, k))


@dataclass(frozen=True, slots=True, eq=False)
class _Sampler:
    """Takes the nearest voxels of a grid at the voxels of an upright one.

    ``seen`` is where the upright grid lies within the other, ``index`` the voxels of the other: one
    array for each of its axes that spread out over the upright grid, so that of parallel grids they
    are lines.
    """

    seen: Mask
    index: tuple[NDArray[np.intp], ...]

    @classmethod
    def between(cls, source: Geometry, target: Geometry, shift_mm: Vector3 = NO_SHIFT) -> Self:
        """Return the sampler of a source at a target that is moved by a shift."""
        inverse = np.linalg.inv(source.affine_ras)
        matrix = inverse @ target.affine_ras
        offset = matrix[:3, 3] + inverse[:3, :3] @ np.array(shift_mm)
        steps = np.indices(target.shape, sparse=True)
        seen, index = np.ones(target.shape, bool), []
        for row, start, size in zip(matrix[:3, :3], offset, source.shape, strict=True):
            reach = np.abs(row) * target.shape
            used = [n for n in range(3) if reach[n] > NEGLIGIBLE_VOXELS]
            line = np.rint(sum((row[n] * steps[n] for n in used), np.array(start))).astype(np.intp)
            seen &= (line >= 0) & (line < size)
            index.append(np.clip(line, 0, size - 1))
        return cls(seen, tuple(index))

    def values(self, voxels: NDArray[Any]) -> NDArray[Any]:
        """Return the nearest values; beyond the source those of its border."""
        found: NDArray[Any] = voxels[self.index]
        return found


def _smooth(voxels: NDArray[Any], source: Geometry, grid: Geometry) -> Floats:
    """Average eight voxels in each place and smooth a little."""
    total = np.zeros(grid.shape, np.float32)
    for x, y, z in product((-SUBSAMPLE_MM, SUBSAMPLE_MM), repeat=3):
        total += _Sampler.between(source, grid, (x, y, z)).values(voxels)
    smoothed: Floats = ndimage.gaussian_filter(total / 8, LEAST_SMOOTHING_VOXELS, truncate=3.0)
    return smoothed


def _body(image: ImageVolume) -> tuple[Floats, Geometry]:
    grid = upright_grid(image.geometry, (BODY_STEP_MM,) * 3)
    found: Floats = _Sampler.between(image.geometry, grid).values(image.voxels).astype(np.float32)
    return found, grid


def filled(mask: Mask) -> Box:
    """Return the box of a mask."""
    return bounding_box(mask, what="the liver map")
