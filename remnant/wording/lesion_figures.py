"""The plain figures of a lesion, declared once: every table that shows lesions follows from here.

A new figure is a field of `remnant.core.lesions.Lesion`, its measurement, and one line here: the
page, ``lesions.csv`` and the schema show it. Figures that a table writes together, such as the two
axial diameters, stand in the tables.
"""

from dataclasses import dataclass
from typing import Final

from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity
from remnant.wording.language import message


@dataclass(frozen=True, slots=True)
class LesionFigure:
    """One figure: the field that holds it, its heading, and how it is shown.

    ``scale`` is what the value is multiplied by for people, ``more`` puts it in the second table.
    """

    name: str
    title: str
    scale: float = 1.0
    more: bool = False

    def value(self, lesion: Lesion) -> float | Quantity:
        """Return the figure of a lesion as measured."""
        found: float | Quantity = getattr(lesion, self.name)
        return found


LESION_FIGURES: Final = (
    LesionFigure("surface_distance_mm", message("To the surface mm")),
    LesionFigure("portal_vein_distance_mm", message("To the portal vein mm")),
    LesionFigure("hepatic_veins_distance_mm", message("To hepatic veins mm")),
    LesionFigure("slice_corrected_3d_mm", message("Longest 3-D, slice-corrected mm"), more=True),
    LesionFigure("feret_3d_mm", message("Longest 3-D, voxel corners mm"), more=True),
    LesionFigure("surface_mm2", message("Surface cm²"), scale=0.01, more=True),
)
