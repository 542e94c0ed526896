"""A liver as the shape network sees it: its signed distance in a frame of its own."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry
from remnant.core.volumes import LabelMap
from segmentation.resample import resample
from segmentation.signed_distance import signed_distance_mm

if TYPE_CHECKING:
    from torch import Tensor

SHAPE_GRID_MM = 2.5
MARGIN_MM = 20.0
HALF = 0.5

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LiverShape:
    """Signed distance to a liver's surface, and the frame that the network sees it in.

    Parameters
    ----------
    distance_mm
        Positive inside, on ``grid``.
    grid
        Axes along RAS, 2.5 mm.
    centre_mm
        Centre of mass in RAS mm, the frame's origin.
    scale
        Millimetres of the patient for one of the frame.
    """

    distance_mm: Floats
    grid: Geometry
    centre_mm: NDArray[np.float64]
    scale: float

    def frame_from_ras(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return frame mm of points ``(..., 3)`` in RAS mm."""
        return (points_mm - self.centre_mm) / self.scale

    def frame_distance_mm(self, points_frame_mm: "Tensor") -> "Tensor":
        """Return the signed distance, in frame mm, at points ``(..., 3)`` in frame mm."""
        import torch

        from models.networks.couinaud_shape import sampled

        indices = self.indices(points_frame_mm)
        return sampled(torch.from_numpy(self.distance_mm)[None], indices)[0] / self.scale

    def indices(self, points_frame_mm: "Tensor") -> "Tensor":
        """Return voxel indices on ``grid`` of points ``(..., 3)`` in frame mm."""
        import torch

        origin = self.grid.index_from_ras(self.centre_mm)
        step = self.scale / SHAPE_GRID_MM
        return points_frame_mm * step + torch.from_numpy(origin).to(points_frame_mm.dtype)


def liver_shape(liver: LabelMap) -> LiverShape:
    """Bring a liver to its shape; cavities count as liver.

    Parameters
    ----------
    liver
        Any label map whose non-zero codes are the liver.

    Raises
    ------
    EmptyStructureError
        The map is empty.
    """
    mask = liver.mask()
    box = bounding_box(mask, what="the liver map")
    source = box_geometry(liver.geometry, box)
    grid = upright_grid(source)
    inside = ndimage.binary_fill_holes(_on_grid(mask[box], source, grid))
    centre = grid.ras_from_index(np.array(ndimage.center_of_mass(inside)))
    volume_ml = float(np.count_nonzero(inside)) * grid.voxel_volume_ml
    return LiverShape(
        signed_distance_mm(inside, (SHAPE_GRID_MM,) * 3), grid, centre, frame_scale(volume_ml)
    )


def frame_scale(volume_ml: float) -> float:
    """Return how many patient mm are one frame mm for a liver of this volume."""
    from models.networks.couinaud_shape import REFERENCE_ML

    return float((volume_ml / REFERENCE_ML) ** (1 / 3))


def upright_grid(grid: Geometry) -> Geometry:
    """Return the 2.5 mm grid along RAS that holds a grid with a margin of 20 mm."""
    corners = grid.corners_ras()
    low = corners.min(axis=0) - MARGIN_MM
    i, j, k = np.ceil((corners.max(axis=0) + MARGIN_MM - low) / SHAPE_GRID_MM).astype(int) + 1
    affine_ras = np.diag((SHAPE_GRID_MM, SHAPE_GRID_MM, SHAPE_GRID_MM, 1.0))
    affine_ras[:3, 3] = low
    return Geometry((int(i), int(j), int(k)), affine_ras)


def _on_grid(mask: NDArray[np.bool_], source: Geometry, target: Geometry) -> NDArray[np.bool_]:
    shares, coarse = _block_shares(mask, source)
    inside: NDArray[np.bool_] = resample(shares, coarse, target, outside=0.0) >= HALF
    if not inside.any():
        raise EmptyStructureError(
            f"the liver map holds {np.count_nonzero(mask)} voxel(s), thinner than "
            f"{SHAPE_GRID_MM:g} mm; a liver is needed to divide it into segments"
        )
    return inside


def _block_shares(mask: NDArray[np.bool_], grid: Geometry) -> tuple[Floats, Geometry]:
    """Average blocks of voxels finer than the shape's grid; the last blocks may be cut."""
    factors = [max(1, int(SHAPE_GRID_MM / spacing)) for spacing in grid.spacing_mm]
    padded = np.pad(
        mask, [(0, -size % factor) for size, factor in zip(mask.shape, factors, strict=True)]
    )
    i, j, k = (size // factor for size, factor in zip(padded.shape, factors, strict=True))
    blocks = padded.reshape(i, factors[0], j, factors[1], k, factors[2])
    shares: Floats = blocks.mean(axis=(1, 3, 5), dtype=np.float32)
    step = np.diag((*(float(factor) for factor in factors), 1.0))
    step[:3, 3] = [(factor - 1) / 2 for factor in factors]
    return shares, Geometry((i, j, k), grid.affine_ras @ step)
