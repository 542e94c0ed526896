"""Which codes a large map holds, in little memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK_VOXELS = 1 << 20


def present_codes(codes: NDArray[Any]) -> frozenset[int]:
    """Return the codes of an array of whole numbers that are not negative, 0 included if there.

    Counts piece by piece and in memory order: counting at once would need eight bytes per voxel.
    """
    flat = codes.ravel(order="K")
    seen = np.zeros(int(flat.max()) + 1, dtype=np.bool_)
    for start in range(0, flat.size, CHUNK_VOXELS):
        counts = np.bincount(flat[start : start + CHUNK_VOXELS])
        seen[: counts.size] |= counts > 0
    return frozenset(int(code) for code in np.flatnonzero(seen))
