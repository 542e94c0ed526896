"""Unit conversions, each named by both ends."""

MM3_PER_ML = 1000.0
G_PER_KG = 1000.0


def ml_from_mm3(volume_mm3: float) -> float:
    """Convert cubic millimetres to millilitres.

    >>> ml_from_mm3(2500.0)
    2.5
    """
    return volume_mm3 / MM3_PER_ML


def mm3_from_ml(volume_ml: float) -> float:
    """Convert millilitres to cubic millimetres.

    >>> mm3_from_ml(2.5)
    2500.0
    """
    return volume_ml * MM3_PER_ML


def percent_from_fraction(fraction: float) -> float:
    """Convert a fraction in [0, 1] to percent, for texts only.

    >>> percent_from_fraction(0.25)
    25.0
    """
    return 100.0 * fraction
