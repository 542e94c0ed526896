"""Many points between a grid and the body.

`Geometry` does the same by matrix products, for which a library of linear algebra wakes threads
that then wait busily: for the few numbers of a picture that costs more than the product.
"""

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.volumes import LabelMap


def places_ras(geometry: Geometry, index: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the RAS mm of voxel indices ``(n, 3)``."""
    matrix = geometry.affine_ras
    places: NDArray[np.float64] = np.einsum("nj,kj->nk", index, matrix[:3, :3]) + matrix[:3, 3]
    return places


def codes_at(labels: LabelMap, points_ras_mm: NDArray[np.float64]) -> NDArray[np.integer]:
    """Return the code of the voxel that is nearest to each point ``(n, 3)``."""
    matrix = labels.geometry.affine_ras
    shifted = points_ras_mm - matrix[:3, 3]
    index = np.rint(np.einsum("nj,kj->nk", shifted, np.linalg.inv(matrix[:3, :3])))
    last = np.array(labels.codes.shape) - 1
    i, j, k = np.clip(index, 0, last).astype(np.intp).T
    found: NDArray[np.integer] = labels.codes[i, j, k]
    return found
