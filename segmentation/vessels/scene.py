"""The liver and its surroundings on the upright grid that vessels are looked for on."""

from dataclasses import dataclass
from typing import Any, Final

import edt
import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import bounding_box, box_geometry, margin_voxels
from remnant.core.geometry import Geometry, Shape3
from remnant.core.labels import Structure
from remnant.core.volumes import ImageVolume, LabelMap
from segmentation.resample import resample

GRID_MM: Final = 1.5
MARGIN_MM: Final = 24.0
"""How far around the liver: vena cava and portal trunk lie there."""
LESION_RIM_MM: Final = 2.0
"""A rim of enhancement around a lesion is no vessel."""
HALF: Final = 0.5
AIR_HU: Final = -1000.0
ROUNDED_UP: Final = 0.3
"""Of a hundredth: unlike a half, no usual voxel size ends there."""
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A scan around a liver on a grid along RAS.

    Parameters
    ----------
    hu
        The scan, means of the source's finer voxels.
    liver
        Where the liver is, lesions included.
    lesions
        Where lesions are, with a rim.
    grid
        Steps of `GRID_MM`.
    """

    hu: Field
    liver: Mask
    lesions: Mask
    grid: Geometry

    @property
    def searched(self) -> Mask:
        """Where vessels are looked for."""
        return self.liver & ~self.lesions


def scene_of(image: ImageVolume, structures: LabelMap) -> Scene:
    """Bring a scan and its liver to the grid.

    Parameters
    ----------
    image
        CT in HU.
    structures
        ``STRUCTURE_SCHEME`` codes on the same grid.

    Raises
    ------
    EmptyStructureError
        There is no liver.
    """
    margin = margin_voxels(structures.geometry, MARGIN_MM)
    box = bounding_box(structures.codes, what="the structures map", margin=margin)
    source = box_geometry(image.geometry, box)
    grid = upright_grid(structures)
    codes = structures.codes[box]
    lesions = _share(codes == Structure.LESION, source, grid) >= HALF
    return Scene(
        hu=_means(image.voxels[box], source, grid, outside=AIR_HU),
        liver=_share(codes > 0, source, grid) >= HALF,
        lesions=_grown(lesions, LESION_RIM_MM),
        grid=grid,
    )


def upright_grid(structures: LabelMap) -> Geometry:
    """Return the working grid around a liver.

    Raises
    ------
    EmptyStructureError
        There is no liver.
    """
    box = bounding_box(structures.codes, what="the structures map")
    liver = box_geometry(structures.geometry, box)
    # hundredths of a millimetre: files round a grid's numbers, and the same map is on one grid
    corners = np.floor(liver.corners_ras() * 100.0 + ROUNDED_UP) / 100.0
    low, high = corners.min(axis=0) - MARGIN_MM, corners.max(axis=0) + MARGIN_MM
    i, j, k = (int(n) for n in np.ceil((high - low) / GRID_MM) + 1)
    matrix = np.diag((GRID_MM, GRID_MM, GRID_MM, 1.0))
    matrix[:3, 3] = low
    return Geometry((i, j, k), matrix)


def _share(mask: Mask, source: Geometry, grid: Geometry) -> Field:
    return _means(mask, source, grid, outside=0.0)


def _means(voxels: NDArray[Any], source: Geometry, grid: Geometry, *, outside: float) -> Field:
    """Return means over blocks of voxels that are finer than the grid, interpolated."""
    factors = [max(1, round(GRID_MM / spacing)) for spacing in source.spacing_mm]
    whole: list[int] = [
        size // n * n or size for size, n in zip(voxels.shape, factors, strict=True)
    ]
    steps = [n if size % n == 0 else 1 for size, n in zip(whole, factors, strict=True)]
    i, j, k = (size // n for size, n in zip(whole, steps, strict=True))
    cut = voxels[: whole[0], : whole[1], : whole[2]]
    blocks = cut.reshape(i, steps[0], j, steps[1], k, steps[2]).mean(
        axis=(1, 3, 5), dtype=np.float32
    )
    shape: Shape3 = (i, j, k)
    matrix = source.affine_ras @ np.diag((*steps, 1.0))
    matrix[:3, 3] = source.ras_from_index((np.array(steps) - 1) / 2)
    return resample(blocks, Geometry(shape, matrix), grid, outside=outside)


def _grown(mask: Mask, by_mm: float) -> Mask:
    return distance_mm(mask) <= by_mm


def distance_mm(mask: Mask) -> Field:
    """Return how far every voxel of the grid is from a mask's, infinite where it has none."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    return depth_mm(~mask)


def depth_mm(mask: Mask) -> Field:
    """Return how far every voxel of a mask lies from what is not in it; 0 outside it."""
    found: Field = edt.edt(np.ascontiguousarray(mask), anisotropy=(GRID_MM,) * mask.ndim)
    return found
