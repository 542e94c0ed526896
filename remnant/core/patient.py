"""What is known about the person: every fact optional, absent is ``None``."""

from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.errors import ImplausibleValueError

ADULT_AGE_YEARS = 18.0
AGE_RANGE_YEARS = (ADULT_AGE_YEARS, 120.0)
HEIGHT_RANGE_CM = (100.0, 250.0)
WEIGHT_RANGE_KG = (25.0, 350.0)


class Sex(StrEnum):
    """Sex, as body-size formulas use it."""

    MALE = "male"
    FEMALE = "female"


class LiverBackground(StrEnum):
    """State of the liver that would remain; it decides which FLR minimum applies."""

    NORMAL = "normal"
    CHEMOTHERAPY = "chemotherapy"
    STEATOSIS = "steatosis"
    FIBROSIS = "fibrosis"
    CIRRHOSIS = "cirrhosis"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Facts about the person that formulas and rules use.

    Parameters
    ----------
    height_cm, weight_kg, age_years
        ``None`` when not given; never 0.
    sex
        ``None`` when not given.
    background
        ``UNKNOWN`` when not given; an unknown background never lets a remnant below the strictest
        minimum pass.
    body_size_assumed
        The body size is an assumption (the demo's), and every output says so.

    Raises
    ------
    ImplausibleValueError
        A value outside its range, or an age under 18: no formula and no threshold here was made
        for children.
    """

    height_cm: float | None = None
    weight_kg: float | None = None
    sex: Sex | None = None
    age_years: float | None = None
    background: LiverBackground = LiverBackground.UNKNOWN
    body_size_assumed: bool = field(default=False)

    def __post_init__(self) -> None:
        _require_range("height", self.height_cm, HEIGHT_RANGE_CM, "cm")
        _require_range("weight", self.weight_kg, WEIGHT_RANGE_KG, "kg")
        if self.age_years is not None and 0 <= self.age_years < ADULT_AGE_YEARS:
            raise ImplausibleValueError(
                f"age {self.age_years:g} y: the formulas and thresholds here were made for adults "
                f"(18 y and older); this case cannot be planned with them"
            )
        _require_range("age", self.age_years, AGE_RANGE_YEARS, "y")


def _require_range(name: str, value: float | None, allowed: tuple[float, float], unit: str) -> None:
    low, high = allowed
    if value is None or low <= value <= high:
        return
    raise ImplausibleValueError(
        f"{name} {value:g} {unit} is implausible: allowed is {low:g} to {high:g} {unit}; "
        f"check the number and its unit, or leave it out"
    )
