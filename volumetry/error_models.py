"""What is assumed about the errors of maps, by where they come from."""

from dataclasses import replace

from remnant.core.uncertainty import ErrorModel
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


def error_model(*, networks: bool, segment_source: SegmentSource | None) -> ErrorModel:
    """Return the preset for maps from one origin.

    Parameters
    ----------
    networks
        Whether a network drew any of the maps.
    segment_source
        Where the segments came from; planes through landmarks are surer about nothing but their
        points, so their borders may lie further off.
    """
    model = NETWORK_MAPS if networks else GIVEN_MAPS
    if segment_source is SegmentSource.LANDMARKS:
        return replace(model, segment_border_mm=LANDMARK_BORDER_MM)
    return model
