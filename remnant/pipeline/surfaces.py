"""Surfaces of a case's maps, smoothed no further than between the voxels. For looking only."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.map_description import MapDescription, NamedLabel
from remnant.core.volumes import LabelMap
from remnant.io.surface_files import Surface
from remnant.pictures.coarsen import coarsened

LARGE_VOXELS: Final = 20_000
"""What is larger is coarsened first, so that files stay small; thin vessels and lesions are not."""
LARGE_SPACING_MM: Final = 1.5
SMOOTHING_VOXELS: Final = 0.8
LEVEL: Final = 0.5
LEAST_STEP: Final = 0.02


def label_surfaces(
    labels: LabelMap, description: MapDescription, *, opacity: float = 1.0
) -> Iterator[Surface]:
    """Return the surface of each label that has voxels, each made from its own small block."""
    from scipy.ndimage import find_objects

    boxes = dict(enumerate(find_objects(labels.codes), start=1))
    for label in description.labels:
        box = boxes.get(label.code)
        if box is not None:
            start = tuple(side.start for side in box)
            grid = labels.geometry.cropped(start, labels.codes[box].shape)
            yield surface_of(labels.codes[box] == label.code, grid, label, opacity=opacity)


def surface_of(
    mask: NDArray[np.bool_], geometry: Geometry, label: NamedLabel, *, opacity: float = 1.0
) -> Surface:
    """Return the closed surface of a mask of at least one voxel.

    It passes between the same voxel centres as the mask's own border, so that it is never further
    from it than the next centre: smoothing moves it only in between. Masks of more than
    `LARGE_VOXELS` voxels are coarsened to `LARGE_SPACING_MM` first; the voxels are then those.
    """
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes

    shares, grid = _shares(mask, geometry)
    padded = np.pad(shares, 1)
    inside = padded >= LEVEL
    smooth = gaussian_filter(padded, SMOOTHING_VOXELS)
    field = np.where(
        inside, np.maximum(smooth, LEVEL + LEAST_STEP), np.minimum(smooth, LEVEL - LEAST_STEP)
    )
    index, faces, _, _ = marching_cubes(field, LEVEL)
    vertices = grid.ras_from_index(index - 1)
    outward = faces if signed_volume_mm3(vertices, faces) > 0 else faces[:, ::-1]
    return Surface(
        label=label,
        vertices_ras_mm=vertices,
        faces=np.ascontiguousarray(outward, dtype=np.intp),
        opacity=opacity,
    )


def _shares(mask: NDArray[np.bool_], geometry: Geometry) -> tuple[NDArray[Any], Geometry]:
    """Return the share of each voxel that is inside, coarsened where the mask is large."""
    if np.count_nonzero(mask) > LARGE_VOXELS:
        shares, grid = coarsened(mask.view(np.uint8), geometry, spacing_mm=LARGE_SPACING_MM)
        if (shares >= LEVEL).any():
            return shares, grid
    return mask.astype(np.float32), geometry


def signed_volume_mm3(vertices: NDArray[np.float64], faces: NDArray[Any]) -> float:
    """Return what a closed surface encloses: positive where its faces are turned outward.

    To tell outward from inward; no volume that is shown is taken from a surface.
    """
    a, b, c = np.moveaxis(vertices[faces] - vertices.mean(axis=0), 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6.0
