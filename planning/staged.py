"""Plans in two stages: what a growing remnant would add to a plan that leaves too little.

The first stage clears the liver that stays and closes the portal branches of what is to go; the
remnant grows; the second stage removes the segments.
"""

from remnant.core.errors import ImplausibleValueError
from remnant.core.units import percent_from_fraction


def points_needed(flr_ml: float, least_flr_ml: float, stlv_ml: float) -> float:
    """Return the growth that a remnant needs, in percentage points of sFLR.

    Parameters
    ----------
    flr_ml, least_flr_ml
        The remnant and what is asked for.
    stlv_ml
        Standardised liver volume, the denominator of sFLR; above 0.

    Returns
    -------
    float
        ``100 (least − remnant) / standardised volume``; 0.0 where the remnant is enough. With 312
        and 354 mL of 1500 mL it is 2.8 points.

    Raises
    ------
    ImplausibleValueError
        The standardised volume is not above 0.
    """
    if not stlv_ml > 0.0:
        raise ImplausibleValueError(
            f"a standardised liver volume of {stlv_ml:g} mL; allowed is above 0: give body height "
            f"and weight"
        )
    return percent_from_fraction(max(0.0, least_flr_ml - flr_ml) / stlv_ml)
