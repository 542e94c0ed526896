"""Which codes a large map holds, in little memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box, filled_box
from remnant.core.geometry import DIMENSIONS

CHUNK_VOXELS = 1 << 20


def present_codes(codes: NDArray[Any], *, box: Box | None = None) -> frozenset[int]:
    """Return the codes of an array of whole numbers that are not negative, 0 included if there.

    Looks at the box of what is not 0 alone, where the array is a volume; ``box`` is that, where it
    is known. Counts piece by piece and in memory order: counting at once would need eight bytes per
    voxel.
    """
    inner, outside = codes, False
    if codes.ndim == DIMENSIONS:
        box = box or filled_box(codes)
        if box is None:
            return frozenset({0} if codes.size else ())
        inner = codes[box]
        outside = inner.size < codes.size
    flat = inner.ravel(order="K")
    seen = np.zeros(int(flat.max()) + 1, dtype=np.bool_)
    seen[0] = outside
    for start in range(0, flat.size, CHUNK_VOXELS):
        counts = np.bincount(flat[start : start + CHUNK_VOXELS])
        seen[: counts.size] |= counts > 0
    return frozenset(int(code) for code in np.flatnonzero(seen))
