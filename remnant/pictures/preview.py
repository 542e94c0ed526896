"""A small windowed image around the liver: what the report's pictures lie on."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import bounding_box, box_geometry, margin_voxels
from remnant.core.errors import GeometryMismatchError
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.pictures.coarsen import coarsened

MARGIN_MM: Final = 25.0
SPACING_MM: Final = 1.5
SOFT_TISSUE_HU: Final = (-125.0, 225.0)
MR_PERCENTILES: Final = (1.0, 99.5)
WHITE: Final = 255.0
NARROWEST_WINDOW: Final = 1e-6


def make_preview(image: ImageVolume, liver: LabelMap) -> ImageVolume:
    """Crop the image to the liver and its surroundings, coarsen it and window it to 8 bits.

    Parameters
    ----------
    image
        Source image: Hounsfield units for CT, arbitrary for MR.
    liver
        Liver on the same grid; every non-zero code is liver.

    Returns
    -------
    ImageVolume
        uint8, a few MB, on its own grid (the source's directions, voxels of at most 1.5 mm or as
        coarse as the source). 0 is the lower end of the window, 255 the upper: CT soft tissue
        (-125 to 225 HU), MR from the 1st to the 99.5th percentile of the crop. For pictures only.

    Raises
    ------
    GeometryMismatchError
        Image and mask lie on different grids.
    EmptyStructureError
        The mask is empty.
    """
    if not image.geometry.same_grid(liver.geometry):
        raise GeometryMismatchError(
            f"the liver mask {liver.geometry.shape} is not on the image's grid "
            f"{image.geometry.shape}; resample it to the image"
        )
    margin = margin_voxels(liver.geometry, MARGIN_MM)
    box = bounding_box(liver.codes, what="the liver mask", margin=margin)
    grid = box_geometry(image.geometry, box)
    means, coarse = coarsened(image.voxels[box], grid, spacing_mm=SPACING_MM)
    grey = _windowed(means, _window(means, image.modality))
    return ImageVolume(grey, coarse, image.modality, phase=image.phase)


def _window(means: NDArray[np.float32], modality: Modality) -> tuple[float, float]:
    if modality is Modality.CT:
        return SOFT_TISSUE_HU
    low, high = np.percentile(means, MR_PERCENTILES)
    return float(low), float(high)


def _windowed(means: NDArray[np.float32], window: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = window
    width = max(high - low, NARROWEST_WINDOW)
    grey: NDArray[np.uint8] = np.rint(np.clip((means - low) / width, 0.0, 1.0) * WHITE).astype(
        np.uint8
    )
    return grey
