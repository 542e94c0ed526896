"""Quality findings about what the liver network said."""

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry

LOWEST_CONFIDENCE = 0.85
PLAUSIBLE_ML = (500.0, 5000.0)
SMALLEST_EXTENT_MM = 150.0


def liver_findings(
    confidence: float, liver: NDArray[np.bool_], geometry: Geometry
) -> tuple[Finding, ...]:
    """Judge a liver by the network's confidence, its volume and the height of the scan.

    Parameters
    ----------
    confidence
        Mean probability inside the liver, in [0, 1].
    liver
        Mask on ``geometry``.
    geometry
        Grid of the scan.

    Returns
    -------
    findings
        ``network_confidence``, ``liver_volume_plausible`` (value in mL) and
        ``field_of_view_sufficient`` (value in mm).
    """
    volume_ml = int(np.count_nonzero(liver)) * geometry.voxel_volume_ml
    corners = geometry.corners_ras()
    height_mm = float(np.ptp(corners[:, 2])) + geometry.spacing_mm[geometry.axial_axis]
    return (
        _confidence(confidence),
        _volume(volume_ml),
        _field_of_view(height_mm),
    )


def _confidence(confidence: float) -> Finding:
    text = (
        f"The liver network's mean probability inside the liver is {confidence:.2f}; below "
        f"{LOWEST_CONFIDENCE:.2f} the mask needs a closer look."
    )
    passed = confidence >= LOWEST_CONFIDENCE
    return quality_finding("network_confidence", passed=passed, text=text, value=confidence)


def _volume(volume_ml: float) -> Finding:
    low, high = PLAUSIBLE_ML
    text = f"The liver found has {volume_ml:.0f} mL; {low:.0f} to {high:.0f} mL is expected."
    passed = low <= volume_ml <= high
    return quality_finding("liver_volume_plausible", passed=passed, text=text, value=volume_ml)


def _field_of_view(height_mm: float) -> Finding:
    text = (
        f"The scan covers {height_mm:.0f} mm head to foot; below {SMALLEST_EXTENT_MM:.0f} mm it "
        "can hardly hold a whole liver with the surroundings that the network needs."
    )
    passed = height_mm >= SMALLEST_EXTENT_MM
    return quality_finding("field_of_view_sufficient", passed=passed, text=text, value=height_mm)
