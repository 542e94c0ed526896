"""From a scan to what the KU Leuven networks expect: grids, filter and intensities.

Facts of the published networks (Tang et al. 2020, doi 10.1007/s00259-020-04800-3); the working
grids are RAS+.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box, box_geometry
from remnant.core.geometry import Geometry, Shape3, Vector3
from remnant.core.volumes import ImageVolume, Modality
from segmentation.resample import Floats, resample
from segmentation.seen.mr_intensities import robust_range
from segmentation.upright import upright_grid

COARSE_MM = 3.0
FINE_MM = 1.5
CHUNK_PLANES = 4
CT_LIMIT_HU = 200.0
HALF_RANGE = 0.5
MR_KEPT_FRACTION = 0.8
LESION_SPACING_MM: Vector3 = (1.0, 1.0, 3.0)
DILATIONS = 2
# Tiles of the lesion network begin at whole blocks of the scan's field of view, so that they stay
# where they are when a plane is added to the liver: tiles one voxel off find lesions that agree
# with the others by a Dice of 0.96.
LESION_BLOCK = 8
NEIGHBOURS_18 = ndimage.generate_binary_structure(3, 2)
Mask = NDArray[np.bool_]


def field_grid(geometry: Geometry, spacing_mm: Vector3) -> Geometry:
    """Return the RAS+ grid of a spacing over another grid's whole field of view, edge on edge."""
    edges = geometry.ras_from_index(list(product(*((-0.5, n - 0.5) for n in geometry.shape))))
    low, spacing = edges.min(axis=0), np.array(spacing_mm)
    i, j, k = (max(1, round(n)) for n in (edges.max(axis=0) - low) / spacing)
    affine_ras = np.diag([*spacing_mm, 1.0])
    affine_ras[:3, 3] = low + spacing / 2
    frame = geometry.frame_of_reference_uid
    return Geometry((i, j, k), affine_ras, frame_of_reference_uid=frame)


def _around(grid: Geometry, part: Geometry, margin: int) -> Geometry:
    """Return whole blocks of a grid that hold another grid and a margin; they may reach outside."""
    index = grid.index_from_ras(part.corners_ras())
    low = np.floor(index.min(axis=0)).astype(int) - margin
    stop = np.ceil(index.max(axis=0)).astype(int) + margin + 1
    low, stop = low // LESION_BLOCK * LESION_BLOCK, -(-stop // LESION_BLOCK) * LESION_BLOCK
    start, shape = (tuple(int(n) for n in v) for v in (low, stop - low))
    return grid.cropped((start[0], start[1], start[2]), (shape[0], shape[1], shape[2]))


def coarse_image(image: ImageVolume) -> tuple[Floats, Geometry]:
    """Resample a scan to 1.5 mm, take the 3×3×3 median and keep every second voxel.

    The published preparation resamples the median image to 3 mm; here the 3 mm voxels lie on 1.5 mm
    voxels, so that only one median in eight is needed.

    Returns
    -------
    voxels
        float32 in the scan's unit, minus infinity outside the scan.
    grid
        Its 3 mm RAS+ grid.
    """
    grid = upright_grid(image.geometry, (COARSE_MM,) * 3)
    coarse = np.empty(grid.shape, dtype=np.float32)
    for start in range(0, grid.shape[2], CHUNK_PLANES):
        planes = min(CHUNK_PLANES, grid.shape[2] - start)
        fine = _fine_grid(grid, start, planes)
        voxels = resample(image.voxels, image.geometry, fine, outside=-np.inf)
        coarse[:, :, start : start + planes] = median_of_neighbours(voxels)
    return coarse, grid


def median_of_neighbours(fine: Floats) -> Floats:
    """Return the 3×3×3 median at every second voxel, starting at index 1, of an odd-sized array."""
    shape = [(n - 1) // 2 for n in fine.shape]
    neighbours = np.empty((27, *shape), dtype=np.float32)
    for row, shift in enumerate(product(range(3), repeat=3)):
        i, j, k = (slice(s, s + 2 * n - 1, 2) for s, n in zip(shift, shape, strict=True))
        neighbours[row] = fine[i, j, k]
    return _median(list(neighbours))


def normalised_ct(hu: NDArray[Any]) -> Floats:
    """Clip Hounsfield units to ±200 and scale to [-0.5, 0.5]."""
    clipped: Floats = np.clip(hu, -CT_LIMIT_HU, CT_LIMIT_HU).astype(np.float32)
    clipped *= HALF_RANGE / CT_LIMIT_HU
    return clipped


def normalised_field(coarse: Floats, modality: Modality) -> Floats:
    """Scale a coarse image to [-0.5, 0.5] for the liver network, 0 outside the scan.

    Of MR the published preparation keeps 80 % of the range from the lowest to the highest value;
    here these are percentiles, see `segmentation.seen.mr_intensities`.
    """
    inside = np.isfinite(coarse)
    if modality is Modality.CT:
        scaled = normalised_ct(coarse)
    else:
        low, high = robust_range(coarse[inside])
        top = low + MR_KEPT_FRACTION * (high - low)
        scaled = (np.clip(coarse, low, top) - low) / max(top - low, 1e-6) - HALF_RANGE
        scaled = scaled.astype(np.float32, copy=False)
    scaled[~inside] = 0.0
    return scaled


def lesion_input(image: ImageVolume, liver: Mask) -> tuple[Floats, Geometry]:
    """Prepare the neighbourhood of a liver mask for the lesion network.

    Parameters
    ----------
    image
        The scan.
    liver
        Mask on the scan's grid, at least one voxel.

    Returns
    -------
    voxels
        float32 in [-0.5, 0.5] on the box of the twice dilated liver, -0.5 outside the dilated
        liver, 0 outside the scan. The dilated liver may reach beyond the scan.
    grid
        Its 1×1×3 mm RAS+ grid; voxel edges lie on the edges of the scan's field of view.
    """
    box = bounding_box(liver, what="the liver mask", margin=_margin(image.geometry))
    tight = box_geometry(image.geometry, bounding_box(liver, what="the liver mask"))
    grid = _around(field_grid(image.geometry, LESION_SPACING_MM), tight, DILATIONS + 1)
    geometry = box_geometry(image.geometry, box)
    near = resample(liver[box], geometry, grid, outside=0.0) > HALF_RANGE
    near = ndimage.binary_dilation(near, NEIGHBOURS_18, iterations=DILATIONS)
    inner = _whole_blocks(bounding_box(near, what="the liver on the lesion grid"))
    grid, near = box_geometry(grid, inner), near[inner]
    scaled = _clipped_for_lesions(image, liver, box)
    voxels = resample(scaled, geometry, grid, outside=0.0)
    voxels *= _lesion_scale(image.modality)
    voxels[~near] = -HALF_RANGE
    return voxels, grid


def _whole_blocks(box: Box) -> Box:
    i, j, k = (slice(*_in_blocks(side.start, side.stop)) for side in box)
    return (i, j, k)


def _in_blocks(start: int, stop: int) -> tuple[int, int]:
    """Return the ends of the whole blocks that hold a stretch of voxels."""
    return start // LESION_BLOCK * LESION_BLOCK, -(-stop // LESION_BLOCK) * LESION_BLOCK


def _clipped_for_lesions(image: ImageVolume, liver: Mask, box: Box) -> NDArray[Any]:
    voxels: NDArray[Any] = image.voxels[box]
    if image.modality is Modality.CT:
        low, high = _limits_hu(voxels.dtype)
        return voxels.clip(low, high)
    inside = image.voxels[liver].astype(np.float32)
    middle = float(np.median(inside))
    reach = max(float(inside.max()) - middle, middle - float(inside.min()), 1e-6)
    scaled: Floats = (voxels.astype(np.float32) - middle) * (HALF_RANGE / reach)
    return scaled.clip(-HALF_RANGE, HALF_RANGE)


def _limits_hu(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return ±200 HU as ``dtype`` can hold them: a float limit would make int16 voxels float64."""
    if dtype.kind == "f":
        return -CT_LIMIT_HU, CT_LIMIT_HU
    held = np.iinfo(dtype)
    return max(-int(CT_LIMIT_HU), int(held.min)), min(int(CT_LIMIT_HU), int(held.max))


def _lesion_scale(modality: Modality) -> float:
    """CT stays in Hounsfield units until it is resampled: small integers cost less memory."""
    return HALF_RANGE / CT_LIMIT_HU if modality is Modality.CT else 1.0


def _margin(geometry: Geometry) -> Shape3:
    reach_mm = (DILATIONS + 1) * max(LESION_SPACING_MM)
    per_mm = np.linalg.norm(np.linalg.inv(geometry.affine_ras[:3, :3]), axis=1)
    i, j, k = (int(np.ceil(reach_mm * inverse)) for inverse in per_mm)
    return (i, j, k)


def _fine_grid(coarse: Geometry, start: int, planes: int) -> Geometry:
    affine_ras = np.diag([FINE_MM, FINE_MM, FINE_MM, 1.0])
    affine_ras[:3, 3] = coarse.ras_from_index((-0.5, -0.5, start - 0.5))
    return Geometry((2 * coarse.shape[0] + 1, 2 * coarse.shape[1] + 1, 2 * planes + 1), affine_ras)


def _median(values: list[Floats]) -> Floats:
    """Return the voxelwise median of an odd number of arrays, which are used up.

    Forgetful selection: among half of the values and two more, neither the smallest nor the
    largest can be the median of all; both are dropped and the next value is taken in.
    """
    held = len(values) // 2 + 2
    waiting = iter(values[held:])
    pool = values[:held]
    scratch = np.empty_like(values[0])
    while len(pool) > 1:
        for a, b in _extremes(len(pool)):
            np.minimum(pool[a], pool[b], out=scratch)
            np.maximum(pool[a], pool[b], out=pool[b])
            pool[a], scratch = scratch, pool[a]
        pool = [*pool[1:-1], *_next(waiting)]
    return pool[0]


def _next(waiting: Iterator[Floats]) -> list[Floats]:
    value = next(waiting, None)
    return [] if value is None else [value]


def _extremes(count: int) -> Iterator[tuple[int, int]]:
    """Yield exchanges that bring the smallest of ``count`` values first and the largest last."""
    half = count // 2
    for a in range(half):
        yield a, count - 1 - a
    lows = range(1, half + count % 2)
    for a in lows:
        yield 0, a
    for b in range(half, count - 1):
        yield b, count - 1
