"""Hepatic tumour burden: its classes."""

from remnant.core.errors import InputError
from remnant.core.volumetry_report import BurdenClass

UPPER_LIMITS = (
    (0.10, BurdenClass.UP_TO_10),
    (0.25, BurdenClass.OVER_10_TO_25),
    (0.50, BurdenClass.OVER_25_TO_50),
    (1.00, BurdenClass.OVER_50),
)


def burden_class(fraction: float) -> BurdenClass:
    """Return the class of a tumour burden.

    The literature prints 10, 11-25, 26-50 and 50 percent with gaps and with either side at 50
    (Luo 2019, ``luo2019``); here the bins are half-open and closed above, so that every fraction
    has one class: (0, 10], (10, 25], (25, 50], (50, 100] percent. 0 is in the first.

    Parameters
    ----------
    fraction
        Tumour volume / total liver volume, in [0, 1].

    Raises
    ------
    InputError
        The fraction lies outside [0, 1].

    Examples
    --------
    >>> burden_class(0.25).value, burden_class(0.2501).value
    ('>10-25', '>25-50')
    """
    if not 0.0 <= fraction <= 1.0:
        raise InputError(f"a tumour burden is a fraction from 0 to 1, got {fraction:g}")
    return next(name for limit, name in UPPER_LIMITS if fraction <= limit)
