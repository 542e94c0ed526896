"""How far the refined outlines of lesions may be off: by what refining them changed.

A first network marks the core of a lesion, a second one its border. Until a human confirmed the
border nobody knows which of them is nearer to the truth, or whether that lies beyond both. So the
volumes of all such lesions of a case err together by ``w`` times what refining changed, ``w``
uniform within ``±OUTLINE_REACH``: nine in ten draws lie between the core and as far on the other
side. This is this project's choice.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.quantity import INTERVAL_LEVEL
from remnant.core.units import mm3_from_ml

OUTLINE_REACH: Final = 1.01 / INTERVAL_LEVEL
"""A little more than what makes the interval end at the core, which it is to hold."""
OUTLINE_SD: Final = OUTLINE_REACH / 3.0**0.5
"""Standard deviation of a uniform number within the reach."""


def outline_change(volume_ml: float, core_ml: float | None) -> float:
    """Return the share of a lesion's volume that refining its outline added or took.

    Parameters
    ----------
    volume_ml
        Of the lesion, above 0.
    core_ml
        Of its core; ``None`` where the outline was not refined, or a human confirmed it.

    Returns
    -------
    float
        At least 0.0, which is no change.

    Examples
    --------
    >>> outline_change(100.0, 75.0), outline_change(100.0, None)
    (0.25, 0.0)
    """
    return 0.0 if core_ml is None else abs(1.0 - core_ml / volume_ml)


def displacement_mm3(
    volumes_ml: NDArray[np.float64], relative_change: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return surface times displacement that changes volumes by a share of themselves.

    It is what `volumetry.uncertainty.joint_draws.swollen_ml` turns into that change; a change by
    -1 or less makes a lesion vanish.

    Examples
    --------
    From 1 mL to 8 mL a ball doubles its radius:

    >>> float(displacement_mm3(np.array(1.0), np.array(7.0)))
    3000.0
    """
    edge = np.cbrt(np.maximum(1.0 + relative_change, 0.0))
    moved: NDArray[np.float64] = 3.0 * mm3_from_ml(1.0) * volumes_ml * (edge - 1.0)
    return moved
