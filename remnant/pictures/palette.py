"""Colours of structures in pictures, told apart by number and line style as well."""

from collections.abc import Mapping
from typing import Final

from remnant.core.labels import CouinaudSegment

LIVER_COLOUR: Final = "#5ad1e6"
LESION_COLOUR: Final = "#ffb02e"
REJECTED_COLOUR: Final = "#b8b8b8"
BARE_LIVER_COLOUR: Final = "#b5654e"
PORTAL_VEIN_COLOUR: Final = "#8855cc"
HEPATIC_VEINS_COLOUR: Final = "#3377dd"
BORDER_COLOUR: Final = "#ffffff"
SEGMENT_COLOURS: Final[Mapping[CouinaudSegment, str]] = {
    CouinaudSegment.I: "#e8e8e8",
    CouinaudSegment.II: "#77aadd",
    CouinaudSegment.III: "#99ddff",
    CouinaudSegment.IV: "#44bb99",
    CouinaudSegment.V: "#bbcc33",
    CouinaudSegment.VI: "#eedd88",
    CouinaudSegment.VII: "#ee8866",
    CouinaudSegment.VIII: "#ffaabb",
}


def rgb(colour: str) -> tuple[float, float, float]:
    """Return ``#rrggbb`` as red, green and blue in [0, 1]."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255.0 for start in (1, 3, 5))
    return (red, green, blue)
