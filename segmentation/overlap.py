"""How far two masks agree."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def dice(first: Mask, second: Mask) -> float:
    """Return the Dice coefficient of two masks on one grid, 1 where both are empty.

    Examples
    --------
    >>> dice(np.array([True, True, False]), np.array([True, False, False]))
    0.6666666666666666
    """
    total = int(np.count_nonzero(first)) + int(np.count_nonzero(second))
    return 2 * int(np.count_nonzero(first & second)) / total if total else 1.0
