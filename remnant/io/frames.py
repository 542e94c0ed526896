"""The only place that knows LPS.

DICOM, ITK and 3D Slicer's files count +x to the patient's left and +y to the back (LPS); remnant
counts +x to the right and +y to the front (RAS). Both are right-handed, +z is the head in both, and
the same matrix leads from either to the other.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_FLIP = np.array((-1.0, -1.0, 1.0))


def ras_from_lps(vectors_lps: ArrayLike) -> NDArray[np.float64]:
    """Turn LPS points or directions of shape ``(..., 3)`` into RAS ones, units kept."""
    vectors: NDArray[np.float64] = np.asarray(vectors_lps, dtype=np.float64) * _FLIP
    return vectors


def lps_from_ras(vectors_ras: ArrayLike) -> NDArray[np.float64]:
    """Turn RAS points or directions of shape ``(..., 3)`` into LPS ones, units kept."""
    return ras_from_lps(vectors_ras)


def affine_ras_from_itk(
    *, origin_lps: ArrayLike, spacing_mm: ArrayLike, direction_lps: ArrayLike
) -> NDArray[np.float64]:
    """Build the voxel-to-RAS matrix of an ITK image.

    Parameters
    ----------
    origin_lps
        Centre of voxel (0, 0, 0) in LPS mm, shape ``(3,)``.
    spacing_mm
        Voxel size along each array axis in mm, shape ``(3,)``.
    direction_lps
        Direction cosines, row by row as ITK gives them, 9 numbers.

    Returns
    -------
    numpy.ndarray
        4×4 matrix from voxel index to RAS mm.
    """
    cosines = np.asarray(direction_lps, dtype=np.float64).reshape(3, 3)
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = ras_from_lps((cosines * np.asarray(spacing_mm)).T).T
    affine_ras[:3, 3] = ras_from_lps(origin_lps)
    return affine_ras
