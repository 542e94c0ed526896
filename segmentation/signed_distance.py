"""How far places lie inside an outline, one way for slices and for whole organs."""

from collections.abc import Sequence

import edt
import numpy as np
from numpy.typing import NDArray


def signed_distance_mm(inside: NDArray[np.bool_], steps_mm: Sequence[float]) -> NDArray[np.float32]:
    """Return the distance of every place to a mask's border, positive inside.

    The border lies half-way between the outermost inner and the innermost outer centres. What the
    array's edge cuts has no border there. Of an empty mask everything is infinitely far outside,
    of a full one as far inside as a number says.

    Parameters
    ----------
    inside
        A mask of two or three axes.
    steps_mm
        Distance of neighbours along each axis; 1 for distances in voxels.

    Examples
    --------
    >>> signed_distance_mm(np.array([[True, True, False, False]]), (1.0, 2.0)).tolist()
    [[3.5, 1.5, -1.5, -3.5]]
    """
    if not inside.any():
        return np.full(inside.shape, -np.inf, dtype=np.float32)
    if inside.all():
        return np.full(inside.shape, np.finfo(np.float32).max, dtype=np.float32)
    half = np.float32(min(steps_mm) / 2)
    steps = tuple(steps_mm)
    within = edt.edt(np.asfortranarray(inside), anisotropy=steps)
    beyond = edt.edt(np.asfortranarray(~inside), anisotropy=steps)
    signed = np.where(inside, within - half, half - beyond)
    return np.ascontiguousarray(signed, dtype=np.float32)
