"""Quality findings about what the liver network found."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, reason

LOWEST_CONFIDENCE = 0.85
PLAUSIBLE_ML = (500.0, 5000.0)
LOWEST_AGREEMENT = 0.80


def liver_findings(
    confidence: float, liver: NDArray[np.bool_], geometry: Geometry
) -> tuple[Finding, ...]:
    """Judge a liver by the network's confidence and its volume.

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
        ``network_confidence`` and ``liver_volume_plausible`` (value in mL); how much of the body a
        scan covers is the reader's finding.
    """
    volume_ml = int(np.count_nonzero(liver)) * geometry.voxel_volume_ml
    return (
        _confidence(confidence),
        volume_finding(volume_ml),
    )


CORES_ALONE: Final = "lesion_outlines_refined"


def cores_alone() -> Finding:
    """Say that lesions are as the lesion network marked them: many are the core alone."""
    return quality_finding(CORES_ALONE, passed=None)


def windows_finding(agreement: float) -> Finding:
    """Judge a liver by how alike the network saw it in two windows over the scan.

    ``agreement`` is the Dice of the two masks, in [0, 1]: the value of
    ``network_windows_agree``.
    """
    return quality_finding(
        "network_windows_agree",
        passed=agreement >= LOWEST_AGREEMENT,
        value=agreement,
        reasons=(reason(Cause.CHECK_LIMIT, LOWEST_AGREEMENT),),
    )


def _confidence(confidence: float) -> Finding:
    return quality_finding(
        "network_confidence",
        passed=confidence >= LOWEST_CONFIDENCE,
        value=confidence,
        reasons=(reason(Cause.CHECK_LIMIT, LOWEST_CONFIDENCE),),
    )


def volume_finding(volume_ml: float) -> Finding:
    """Judge the volume of a liver that a network outlined, in mL."""
    low, high = PLAUSIBLE_ML
    return quality_finding(
        "liver_volume_plausible",
        passed=low <= volume_ml <= high,
        value=volume_ml,
        reasons=(reason(Cause.USUAL_RANGE, low, high),),
    )
