"""What the measured volumes add to the light of a case."""

from dataclasses import replace
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.quality_light import QUALITY_LIGHT
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumetry_report import VolumetryReport

VOLUME_BY_STANDARD: Final = (0.5, 2.2)
LARGEST_PLANE_MM: Final = 15.0
"""Wide on purpose and this project's own: beyond them a look is asked for, no more."""


def light_of_measures(
    quality: tuple[Finding, ...], volumes: VolumetryReport, planes_mm: tuple[float, ...]
) -> tuple[Finding, ...]:
    """Return checks whose light heeds the liver's size for its body and its planes' errors.

    These turn green to amber, and are said beside other reasons.
    """
    odd = (*_odd_size(volumes), *_odd_planes(planes_mm))
    return tuple(_dimmed(one, odd) if one.id == QUALITY_LIGHT else one for one in quality)


def _dimmed(light: Finding, odd: tuple[Reason, ...]) -> Finding:
    if not odd:
        return light
    verdict = Verdict.UNCERTAIN if light.verdict is Verdict.MET else light.verdict
    return replace(light, verdict=verdict, reasons=(*odd, *light.reasons))


def _odd_size(volumes: VolumetryReport) -> tuple[Reason, ...]:
    total, standard = volumes.tlv_ml.value, volumes.standardised.stlv_ml.value
    if total is None or not standard or volumes.tlv_ml.bound is not None:
        return ()
    return _beyond("volume_by_standard", total / standard, *VOLUME_BY_STANDARD)


def _odd_planes(planes_mm: tuple[float, ...]) -> tuple[Reason, ...]:
    return _beyond("plane_error_mm", max(planes_mm, default=0.0), 0.0, LARGEST_PLANE_MM)


def _beyond(name: str, value: float, low: float, high: float) -> tuple[Reason, ...]:
    if low <= value <= high:
        return ()
    return (reason(Cause.UNUSUAL_FIGURE, name, value, high if value > high else low),)
