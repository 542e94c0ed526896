"""What a time to a threshold rests on: growth that is really there, and its pace."""

import numpy as np

from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason
from volumetry.propagation import Sample


def no_growth(difference: Quantity) -> Reason | None:
    """Return why a change between two scans is no growth that a time could rest on.

    Parameters
    ----------
    difference
        sFLR after − before, as a fraction; present.

    Returns
    -------
    Reason or None
        ``None`` where it grew by more than the measurement errors: where the 90 % interval of the
        change lies above 0. Without an interval any gain counts.
    """
    if (difference.value or 0.0) <= 0.0:
        return reason(Cause.NO_GROWTH)
    around = difference.interval
    if around is None or around.low > 0.0:
        return None
    return reason(Cause.GROWTH_WITHIN_ERROR, around.low, around.high)


def weeks_to_reach(
    sflr: float | Sample, rate_per_week: float | Sample, threshold_sflr: float
) -> Sample:
    """Return how long linear growth would take.

    Parameters
    ----------
    sflr, rate_per_week
        Where it stands and what it gains a week, as fractions; numbers or draws.
    threshold_sflr
        What is to be reached.

    Returns
    -------
    Sample
        Weeks: 0 where it is reached already, infinite where there is no growth.
    """
    missing = threshold_sflr - np.asarray(sflr, dtype=np.float64)
    rate = np.asarray(rate_per_week, dtype=np.float64)
    weeks = np.full(np.broadcast_shapes(missing.shape, rate.shape), np.inf)
    np.divide(missing, rate, out=weeks, where=rate > 0.0)
    reached: Sample = np.where(missing <= 0.0, 0.0, weeks)
    return reached
