"""Growing a lesion from a point to its border in the scan.

The scan is smoothed a little. What the point's surroundings show is compared with the liver around:
the border runs where the scan is half-way between both. What the liver looks like is told by its
commonest value, and how much that varies by the values on the far side of it: so lesions that
nobody marked yet, the one at the point among them, do not count as liver. Other lesions keep their
voxels. Thin bridges to other dark or bright places are cut. Where there is no border, the region
runs out to the reach that it is allowed, or becomes larger than a lesion may be: that is refused,
never cut to fit.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, box_start, margin_voxels, widened
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import Structure
from remnant.core.volumes import ImageVolume
from segmentation.components import touching_parts

Mask = NDArray[np.bool_]

SMOOTH_MM: Final = 1.2
SEED_MM: Final = 3.0
"""What is looked at around the point, for what the lesion looks like..."""
REACH_MM: Final = 60.0
"""... and for what the liver around it does; and how far a region may reach."""
MOST_ML: Final = 500.0
LEAST_CONTRAST_SD: Final = 2.0
"""Of the smoothed liver: below this no border is seen."""
FEWEST_VOXELS: Final = 50
BINS: Final = 96
BIN_SD: Final = 2.0
LARGEST_SHARE_AT_REACH: Final = 0.01
BRIDGE_MM: Final = 1.5
TO_SD: Final = 1.4826
"""From the median absolute deviation to the standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A region that was grown: a box of the scan, and a mask of its shape."""

    box: Box
    mask: Mask


def grown(
    image: ImageVolume,
    structures: NDArray[Any],
    seed_mm: Vector3,
    *,
    taken: Mask | None = None,
    reach_mm: float = REACH_MM,
    most_ml: float = MOST_ML,
) -> Grown:
    """Grow a region from a point to its border within the liver.

    Parameters
    ----------
    image
        The scan.
    structures
        Codes of ``STRUCTURE_SCHEME`` on its grid; lesions that are known already are no part of
        the liver that the region is compared with.
    seed_mm
        A point inside the lesion, in RAS mm.
    taken
        Voxels of other lesions, where the region must not grow; ``None`` for none.
    reach_mm, most_ml
        How far from the point the region may reach, and how large it may be.

    Raises
    ------
    InputError
        The point lies outside the liver or in another lesion, no border is seen there, or the
        region runs out.
    """
    grid = image.geometry
    seed = _seed(grid, structures, seed_mm)
    tight = (slice(seed[0], seed[0] + 1), slice(seed[1], seed[1] + 1), slice(seed[2], seed[2] + 1))
    box = widened(tight, margin_voxels(grid, reach_mm + BRIDGE_MM), grid.shape)
    values = _smoothed(image.voxels[box], grid)
    near = structures[box]
    free = np.ones(near.shape, dtype=bool) if taken is None else ~taken[box]
    away_mm = _distances_mm(grid, box, seed_mm)
    at = tuple(int(n) for n in np.array(seed) - box_start(box))
    if not free[at]:
        raise InputError("the point lies in another lesion; choose that one, or click elsewhere")
    within = _alike(values, near, away_mm) & (away_mm <= reach_mm) & free
    mask = _part_of(within, at, grid)
    _require_bounded(mask, away_mm, grid, reach_mm=reach_mm, most_ml=most_ml)
    return Grown(box=box, mask=mask)


def _seed(grid: Geometry, structures: NDArray[Any], seed_mm: Vector3) -> tuple[int, int, int]:
    i, j, k = (int(n) for n in np.rint(grid.index_from_ras(seed_mm)))
    held = all(0 <= at < size for at, size in zip((i, j, k), grid.shape, strict=True))
    if not held or structures[i, j, k] == Structure.BACKGROUND:
        raise InputError("the point lies outside the liver; click inside a lesion of the liver")
    return (i, j, k)


def _smoothed(values: NDArray[Any], grid: Geometry) -> NDArray[np.float32]:
    sigma = [SMOOTH_MM / step for step in grid.spacing_mm]
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(values.astype(np.float32), sigma)
    return smooth


def _distances_mm(grid: Geometry, box: Box, seed_mm: Vector3) -> NDArray[np.float32]:
    i, j, k = np.ix_(*(np.arange(side.start, side.stop) for side in box))
    squares = [
        (row[0] * i + row[1] * j + row[2] * k + row[3] - at) ** 2
        for row, at in zip(grid.affine_ras[:3], seed_mm, strict=True)
    ]
    found: NDArray[np.float32] = np.sqrt(squares[0] + squares[1] + squares[2]).astype(np.float32)
    return found


def _alike(
    values: NDArray[np.float32], structures: NDArray[Any], away_mm: NDArray[np.float32]
) -> Mask:
    """Return the liver's voxels on the seed's side of half-way to the liver around."""
    liver = structures > 0
    core = liver & (away_mm <= max(SEED_MM, float(away_mm.min())))
    around = (structures == Structure.PARENCHYMA) & (away_mm > SEED_MM)
    if int(np.count_nonzero(around)) < FEWEST_VOXELS:
        raise InputError(
            "there is too little liver around the point to compare it with; paint the lesion"
        )
    here = float(np.median(values[core]))
    there, deviation = _liver_level(values[around], here)
    if abs(here - there) < LEAST_CONTRAST_SD * deviation:
        raise InputError(
            f"the scan at the point ({here:.0f}) is too like the liver around it ({there:.0f} ± "
            f"{deviation:.0f}) to see a border; paint the lesion"
        )
    half = (here + there) / 2
    alike: Mask = liver & ((values < half) if here < there else (values > half))
    return alike


def _liver_level(values: NDArray[np.float32], seed: float) -> tuple[float, float]:
    """Return the commonest value, and the deviation on the side away from the seed's."""
    low, high = np.percentile(values, (1, 99))
    counts, edges = np.histogram(values, bins=BINS, range=(float(low), float(high) + 1e-3))
    smooth = ndimage.gaussian_filter1d(counts.astype(np.float64), BIN_SD)
    peak = int(smooth.argmax())
    common = float(edges[peak] + edges[peak + 1]) / 2
    beyond = values[values > common] if seed < common else values[values < common]
    return common, TO_SD * float(np.median(np.abs(beyond - common))) if beyond.size else 0.0


def _part_of(within: Mask, at: tuple[int, ...], grid: Geometry) -> Mask:
    """Return the part that holds a voxel, without what hangs on it by thin bridges, filled."""
    if not within[at]:
        raise InputError("no border is seen around the point; click farther inside, or paint")
    brush = _ball(grid)
    opened = ndimage.binary_opening(within, brush)
    kept = opened if opened[at] else within
    parts = touching_parts(np.ascontiguousarray(kept))
    part = parts == parts[at]
    if opened[at]:  # what opening took from the region's own rim comes back
        part = ndimage.binary_dilation(part, brush) & within
    filled: Mask = ndimage.binary_fill_holes(part)
    return filled


def _ball(grid: Geometry) -> Mask:
    reach = margin_voxels(grid, BRIDGE_MM)
    i, j, k = np.ix_(*(np.arange(-n, n + 1) for n in reach))
    matrix = grid.affine_ras[:3, :3]
    squares = [(row[0] * i + row[1] * j + row[2] * k) ** 2 for row in matrix]
    ball: Mask = squares[0] + squares[1] + squares[2] <= BRIDGE_MM**2
    return ball


def _require_bounded(
    mask: Mask,
    away_mm: NDArray[np.float32],
    grid: Geometry,
    *,
    reach_mm: float,
    most_ml: float,
) -> None:
    voxels = int(np.count_nonzero(mask))
    volume_ml = voxels * grid.voxel_volume_ml
    at_reach = int(np.count_nonzero(mask & (away_mm > reach_mm - max(grid.spacing_mm))))
    if volume_ml > most_ml or at_reach > LARGEST_SHARE_AT_REACH * voxels:
        raise InputError(
            f"the region leaks: it is {volume_ml:.0f} mL large and reaches "
            f"{float(away_mm[mask].max()):.0f} mm from the point (allowed: {most_ml:.0f} mL, "
            f"{reach_mm:.0f} mm); paint the lesion, or draw a box around it"
        )
