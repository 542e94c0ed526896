"""The light of a segmentation as a finding."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from remnant.core.findings import Finding
from remnant.core.quality_light import QUALITY_LIGHT, VERDICTS, Light
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from segmentation.quality_control.coarse import coarse_liver
from segmentation.quality_control.decision import (
    Decision,
    Limits,
    Unusual,
    decide,
    known_limits,
)
from segmentation.quality_control.image_figures import image_figures
from segmentation.quality_control.shape_figures import LARGEST_CUT_FRACTION, shape_figures

MOST_REASONS: Final = 4
FEWEST_VOXELS: Final = 200
"""Of 3 mm, so that a shape can be told; less is judged by its volume alone."""
NETWORK_FIGURES: Final[Mapping[str, str]] = {
    "network_confidence": "confidence",
    "network_windows_agree": "windows_agreement",
    "liver_networks_agree": "networks_agreement",
}
"""Figures that other findings hold as their value, by the findings' ids."""
ONE_OF_EACH: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("liver_hu",),
    "whole_liver": ("volume_ml",),
    "body": ("right_of_middle_mm",),
    "networks": tuple(NETWORK_FIGURES.values()),
}
"""Figures that are there where a part of the light could be made."""


def figures_of(
    liver: LabelMap,
    image: ImageVolume | None = None,
    *,
    lesions: LabelMap | None = None,
    known: Iterable[Finding] = (),
    whole: bool = False,
) -> dict[str, float]:
    """Return every figure of a liver that can be had.

    Parameters
    ----------
    liver
        Any label map whose non-zero codes are the liver.
    image
        The scan, on the same grid; only a CT is looked at, as its values mean something.
    lesions
        Any label map on the same grid whose non-zero codes are lesions.
    known
        Findings about the liver, those of networks among them.
    whole
        Whether a human said that the map holds the whole liver.

    Raises
    ------
    EmptyStructureError
        The liver has no voxel.
    """
    ct = image if image is not None and image.modality is Modality.CT else None
    coarse = coarse_liver(liver, ct, lesions=lesions, whole=whole)
    values = {NETWORK_FIGURES.get(one.id, ""): one.value for one in known}
    networks = {name: value for name, value in values.items() if name and value is not None}
    uncut = coarse.cut_fraction <= LARGEST_CUT_FRACTION
    size = {"volume_ml": coarse.volume_ml} if uncut else {}
    if np.count_nonzero(coarse.mask) < FEWEST_VOXELS:
        return {**size, **networks}
    return {**size, **shape_figures(coarse), **image_figures(coarse), **networks}


def light_finding(
    figures: Mapping[str, float], *, given: bool, limits: Limits | None = None
) -> Finding:
    """Return the light of a segmentation as the finding ``quality_light``.

    Its verdict is met for green, uncertain for amber, not met for red; its value says how far the
    most unusual figure lies beyond its limit, in half spreads of good livers.

    Parameters
    ----------
    figures
        Of `figures_of`.
    given
        Whether a human or another program gave the liver; its light is amber at worst.
    limits
        What to hold them against; those of the program by default.
    """
    decided = decide(figures, limits or known_limits())
    capped = given and decided.light is Light.RED
    light = Light.AMBER if capped else decided.light
    return Finding(
        id=QUALITY_LIGHT,
        verdict=VERDICTS[light],
        quantity=Quantity(decided.excess),
        reasons=(
            *_unusual(decided),
            *((reason(Cause.LIGHT_OF_GIVEN),) if capped else ()),
            *_missing(figures, given=given),
        ),
    )


def _unusual(decided: Decision) -> tuple[Reason, ...]:
    if decided.light is Light.GREEN:
        return ()
    return tuple(_figure(one) for one in decided.unusual[:MOST_REASONS])


def _figure(one: Unusual) -> Reason:
    return reason(Cause.UNUSUAL_FIGURE, one.name, one.value, one.limit)


def _missing(figures: Mapping[str, float], *, given: bool) -> tuple[Reason, ...]:
    parts = [name for name, of in ONE_OF_EACH.items() if not any(one in figures for one in of)]
    if given:
        parts = [name for name in parts if name != "networks"]
    return (reason(Cause.NOT_LOOKED_AT, *parts),) if parts else ()
