"""How much each voxel looks like a bright tube, in Hounsfield units, and what noise alone gives.

A tube has two directions across it in which brightness falls away. With the eigenvalues of the
second derivatives at a scale in rising order, the middle one is the weaker of the two where the
tube is bright, as in the filter of Sato et al. (Med Image Anal 1998;2:143). Multiplied by minus
four times the squared scale, it is the contrast of a tube with a Gaussian profile of that scale.
Noise gives as many dark tubes as bright ones: the dark side tells what noise reaches, and so no
model of a scanner is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import bounding_box
from segmentation.vessels.scene import GRID_MM, Field, Mask, Scene

FINE_MM: Final = (1.3, 2.0, 3.0)
COARSE_MM: Final = (4.4, 6.2)
"""Scales; the coarse ones on a grid of half the resolution."""
NOISE_QUANTILE: Final = 0.995
EVERY: Final = 5
"""One voxel in so many is looked at to see what noise reaches."""
LEAST_NOISE_HU: Final = 1.0
TUBE_SCALE: Final = 4.0
HALF: Final = 0.5
REACH_SDS: Final = 3.5
SURE: Final = 1.8
"""Likeness of a vessel's core."""
MAD_TO_SD: Final = 1.4826
DARKEST_SDS: Final = 4.0
SMOOTH_MM: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Tubes:
    """Bright tubes in a liver.

    Parameters
    ----------
    likeness
        Contrast of the most likely tube through each voxel, in units of what noise reaches in one
        of two hundred voxels.
    contrast_hu
        Smoothed brightness above the parenchyma.
    parenchyma_hu, noise_hu
        Median of the liver without lesions, and the standard deviation of single voxels.
    surplus
        How many times as many places look surely like bright tubes as look like dark ones; of noise
        alone it is about 1.
    """

    likeness: Field
    contrast_hu: Field
    parenchyma_hu: float
    noise_hu: float
    surplus: float


@dataclass(frozen=True, slots=True, eq=False)
class _Response:
    """The likeness at one scale, and how many sampled places are surely bright and dark tubes."""

    likeness: Field
    bright: int
    dark: int


def find_tubes(scene: Scene) -> Tubes:
    """Measure how much each voxel of a liver looks like a bright tube.

    All that is not searched is taken as parenchyma, so that no border looks like a tube.
    """
    box = bounding_box(scene.liver, what="the liver", margin=(1, 1, 1))
    searched = scene.searched[box]
    inside = scene.hu[box][searched]
    parenchyma = float(np.median(inside))
    spread = float(np.median(np.abs(inside - parenchyma))) * MAD_TO_SD
    rise = np.where(searched, scene.hu[box] - np.float32(parenchyma), np.float32(0.0))
    rise = np.clip(rise, -DARKEST_SDS * spread, None)
    likeness, contrast = np.zeros((2, *scene.hu.shape), dtype=np.float32)
    bright, dark = 1, 1
    for response in _responses(rise, searched):
        np.maximum(likeness[box], response.likeness, out=likeness[box])
        bright, dark = bright + response.bright, dark + response.dark
    contrast[box] = ndimage.gaussian_filter(rise, SMOOTH_MM / GRID_MM)
    return Tubes(likeness, contrast, parenchyma, spread, bright / dark)


def _responses(rise: Field, searched: Mask) -> Iterator[_Response]:
    for scale in FINE_MM:
        yield _response(rise, searched, scale / GRID_MM)
    half = ndimage.zoom(rise, 0.5, order=1, grid_mode=True, mode="nearest")
    within = ndimage.zoom(searched.astype(np.float32), 0.5, order=1, grid_mode=True, mode="nearest")
    for scale in COARSE_MM:
        coarse = _response(half, within > HALF, scale / (2 * GRID_MM))
        zoom = np.array(rise.shape) / np.array(coarse.likeness.shape)
        fine = ndimage.zoom(coarse.likeness, zoom, order=1, grid_mode=True, mode="nearest")
        yield replace(coarse, likeness=np.where(searched, fine, np.float32(0.0)))


def _response(rise: Field, searched: Mask, scale: float) -> _Response:
    """Return the likeness at one scale in voxels, 0 outside."""
    parts = _second_derivatives(rise, scale)
    factor = -TUBE_SCALE * scale**2
    where = np.flatnonzero(searched.ravel())
    sample = where[::EVERY]
    known = _middle([part.ravel()[sample] for part in parts]) * factor
    reach = max(LEAST_NOISE_HU, float(np.quantile(-known, NOISE_QUANTILE)))
    trace = parts[0] + parts[3] + parts[5]
    # the middle eigenvalue of a bright tube is at most half the trace
    bright = where[(trace.ravel()[where] * factor) >= reach]
    likeness = np.zeros(rise.shape, dtype=np.float32)
    found = _middle([part.ravel()[bright] for part in parts]) * factor / reach
    likeness.ravel()[bright] = np.clip(found, 0.0, None)
    surely = SURE * reach
    return _Response(
        likeness, int(np.count_nonzero(known >= surely)), int(np.count_nonzero(-known >= surely))
    )


def _second_derivatives(rise: Field, scale: float) -> list[Field]:
    """Return the six second derivatives of Gaussian smoothing: xx, xy, xz, yy, yz, zz.

    Filters along one axis are shared by all that need them.
    """

    def along(field: Field, axis: int, order: int) -> Field:
        found: Field = ndimage.gaussian_filter1d(
            field, scale, axis=axis, order=order, mode="nearest", truncate=REACH_SDS
        )
        return found

    x = [along(rise, 0, order) for order in range(3)]
    xy = {(a, b): along(x[a], 1, b) for a in range(3) for b in range(3 - a)}
    orders = ((2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 2, 0), (0, 1, 1), (0, 0, 2))
    return [along(xy[a, b], 2, c) for a, b, c in orders]


def _middle(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the middle eigenvalue of symmetric matrices given by their six parts."""
    rows = [[parts[n] for n in row] for row in ((0, 1, 2), (1, 3, 4), (2, 4, 5))]
    matrices = np.stack([np.stack(row, axis=-1) for row in rows], axis=-1)
    middle: NDArray[np.float32] = np.linalg.eigvalsh(matrices)[:, 1]
    return middle
