"""How much each voxel looks like a bright tube, in Hounsfield units, and what noise alone gives.

A tube has two directions across it in which brightness falls away. With the eigenvalues of the
second derivatives at a scale in rising order, the middle one is the weaker of the two where the
tube is bright, as in the filter of Sato et al. (Med Image Anal 1998;2:143). Multiplied by minus
four times the squared scale, it is the contrast of a tube with a Gaussian profile of that scale.
Noise gives as many dark tubes as bright ones: the dark side tells what noise reaches, and so no
model of a scanner is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import hessian_matrix

from remnant.core.boxes import bounding_box
from segmentation.vessels.scene import GRID_MM, Field, Mask, Scene

FINE_MM: Final = (1.3, 2.0, 3.0)
COARSE_MM: Final = (4.4, 6.2)
"""Scales; the coarse ones on a grid of half the resolution."""
NOISE_QUANTILE: Final = 0.995
EVERY: Final = 5
"""Of the voxels that noise is estimated from, one in so many along each axis is looked at... """
LEAST_NOISE_HU: Final = 1.0
TUBE_SCALE: Final = 4.0
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
    """

    likeness: Field
    contrast_hu: Field
    parenchyma_hu: float
    noise_hu: float


def find_tubes(scene: Scene) -> Tubes:
    """Measure how much each voxel of a liver looks like a bright tube.

    All that is not searched is taken as parenchyma, so that no border looks like a tube.
    """
    box = bounding_box(scene.liver, what="the liver", margin=(1, 1, 1))
    searched = scene.searched[box]
    inside = scene.hu[box][searched]
    parenchyma = float(np.median(inside))
    spread = float(np.median(np.abs(inside - parenchyma))) * MAD_TO_SD
    hu = np.where(searched, scene.hu[box], np.float32(parenchyma))
    hu = np.clip(hu, parenchyma - DARKEST_SDS * spread, None)
    likeness, contrast = np.zeros((2, *scene.hu.shape), dtype=np.float32)
    for response in _responses(hu, searched):
        np.maximum(likeness[box], response, out=likeness[box])
    contrast[box] = ndimage.gaussian_filter(hu, SMOOTH_MM / GRID_MM) - np.float32(parenchyma)
    return Tubes(likeness, contrast, parenchyma, spread)


def _responses(hu: Field, searched: Mask) -> Iterator[Field]:
    for scale in FINE_MM:
        yield _response(hu, searched, scale / GRID_MM)
    half = ndimage.zoom(hu, 0.5, order=1, grid_mode=True, mode="nearest")
    within = ndimage.zoom(searched.astype(np.float32), 0.5, order=1, grid_mode=True, mode="nearest")
    for scale in COARSE_MM:
        coarse = _response(half, within > 0.5, scale / (2 * GRID_MM))
        zoom = np.array(hu.shape) / np.array(coarse.shape)
        fine = ndimage.zoom(coarse, zoom, order=1, grid_mode=True, mode="nearest")
        yield np.where(searched, fine, np.float32(0.0))


def _response(hu: Field, searched: Mask, scale: float) -> Field:
    """Return the likeness at one scale in voxels, 0 outside."""
    parts = hessian_matrix(hu, sigma=scale, mode="nearest", order="rc", use_gaussian_derivatives=True)
    factor = -TUBE_SCALE * scale**2
    where = np.flatnonzero(searched.ravel())
    sample = where[::EVERY]
    known = _middle([part.ravel()[sample] for part in parts]) * factor
    reach = max(LEAST_NOISE_HU, float(np.quantile(-known, NOISE_QUANTILE)))
    trace = parts[0] + parts[3] + parts[5]
    # the middle eigenvalue of a bright tube is at most half the trace
    bright = where[(trace.ravel()[where] * factor) >= reach]
    likeness = np.zeros(hu.shape, dtype=np.float32)
    found = _middle([part.ravel()[bright] for part in parts]) * factor / reach
    likeness.ravel()[bright] = np.clip(found, 0.0, None)
    return likeness


def _middle(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the middle eigenvalue of symmetric matrices given by their six parts."""
    rows = [[parts[n] for n in row] for row in ((0, 1, 2), (1, 3, 4), (2, 4, 5))]
    matrices = np.stack([np.stack(row, axis=-1) for row in rows], axis=-1)
    middle: NDArray[np.float32] = np.linalg.eigvalsh(matrices)[:, 1]
    return middle
