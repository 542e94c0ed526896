"""Rows of reports with plausible figures, made without measuring anything."""

from math import pi
from typing import Any

from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.uncertainty import Boundaries, ErrorModel
from remnant.core.units import mm3_from_ml

EXAMPLE_BOUNDARIES = Boundaries(
    liver_surface_mm2=95_000.0, tumour_at_surface_mm2=0.0, grid_mm4=0.07
)
EXAMPLE_ERRORS = ErrorModel(
    origin="example",
    liver_boundary_mm=0.5,
    liver_common_share=0.5,
    liver_patch_mm2=2500.0,
    lesion_boundary_mm=0.5,
    lesion_common_share=0.5,
    segment_border_mm=3.0,
    formula_residual_fraction=0.15,
)


def example_lesion(
    identifier: int = 1,
    volume_ml: float = 10.0,
    **changes: Any,
) -> Lesion:
    """Return a ball-shaped lesion of a volume; ``changes`` replace any of its figures."""
    diameter_mm = (6.0 * mm3_from_ml(volume_ml) / pi) ** (1 / 3)
    facts: dict[str, Any] = {
        "id": identifier,
        "volume_ml": Quantity(volume_ml),
        "longest_axial_mm": diameter_mm,
        "perpendicular_axial_mm": diameter_mm,
        "slice_corrected_3d_mm": diameter_mm,
        "feret_3d_mm": diameter_mm,
        "surface_mm2": pi * diameter_mm**2,
        "free_surface_mm2": pi * diameter_mm**2,
        "centroid_ras_mm": (1.0, 2.0, 3.0),
        "segment_fractions": None,
        "surface_distance_mm": Quantity(10.0),
        "portal_vein_distance_mm": Quantity.absent(Reason(Cause.NO_PORTAL_VEIN)),
        "hepatic_veins_distance_mm": Quantity.absent(Reason(Cause.NO_HEPATIC_VEINS)),
    }
    return Lesion(**(facts | changes))
