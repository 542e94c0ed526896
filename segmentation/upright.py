"""Grids along the patient's axes."""

import numpy as np

from remnant.core.geometry import Geometry, Vector3


def upright_grid(geometry: Geometry, spacing_mm: Vector3) -> Geometry:
    """Return the smallest RAS+ grid of a spacing that covers another grid's voxel centres."""
    corners = geometry.corners_ras()
    low, high = corners.min(axis=0), corners.max(axis=0)
    spacing = np.array(spacing_mm)
    steps = np.ceil((high - low) / spacing - 1e-6).astype(int)
    affine_ras = np.diag([*spacing_mm, 1.0])
    affine_ras[:3, 3] = (low + high - steps * spacing) / 2
    i, j, k = (int(n) + 1 for n in steps)
    frame = geometry.frame_of_reference_uid
    return Geometry((i, j, k), affine_ras, frame_of_reference_uid=frame)
