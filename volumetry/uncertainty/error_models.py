"""What is assumed about the errors of maps, by where they come from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from remnant.core.uncertainty import NO_CHOICE, ErrorChoice, ErrorModel, SegmentPlane
from remnant.core.volumetry_report import SegmentSource

GIVEN_MAPS = ErrorModel(
    origin="given maps",
    liver_boundary_mm=0.6,
    liver_common_share=0.5,
    liver_patch_mm2=2500.0,
    lesion_boundary_mm=0.5,
    lesion_common_share=0.5,
    segment_border_mm=3.0,
    formula_residual_fraction=0.15,
)
NETWORK_MAPS = replace(
    GIVEN_MAPS, origin="network maps", liver_boundary_mm=0.7, lesion_boundary_mm=1.0
)
LANDMARK_BORDER_MM = 5.0
ESTIMATED = (SegmentSource.TERRITORIES, SegmentSource.LANDMARKS, SegmentSource.MODEL)


def error_model(
    *,
    networks: bool,
    segment_source: SegmentSource | None,
    choice: ErrorChoice = NO_CHOICE,
    segment_plane_mm: Mapping[SegmentPlane, float] | None = None,
) -> ErrorModel:
    """Return the error model for maps from one origin.

    Parameters
    ----------
    networks
        Whether a network drew any of the maps.
    segment_source
        Where the segments came from; planes through landmarks, and territories of branches, are
        known less well than a map that someone drew.
    choice
        Figures that replace the preset's; one for the borders holds for every plane.
    segment_plane_mm
        Of each plane by itself, where the segments' source knows it.

    Returns
    -------
    ErrorModel
        The presets follow from published figures: the liver's surface from a mean error of whole
        livers of 2.4 % (networks) and a proposed 2.5 % (given maps), which half a millimetre makes
        on a liver of 1.5 L and 950 cm²; lesions from 15 % for one of 20 mm (given maps), and twice
        that for networks; borders from 6 % of a hemiliver; the formula from 15 %.

    Raises
    ------
    InputError
        A chosen figure is out of range.
    """
    model = NETWORK_MAPS if networks else GIVEN_MAPS
    if segment_source in ESTIMATED:
        model = replace(model, segment_border_mm=LANDMARK_BORDER_MM)
    chosen: dict[str, Any] = dict(choice.chosen())
    if "segment_border_mm" not in chosen:
        chosen["segment_plane_mm"] = segment_plane_mm
    if set(choice.chosen()) - {"seed"}:
        chosen["origin"] = f"{model.origin}, changed by the user"
    return replace(model, **chosen)
