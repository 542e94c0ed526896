"""Livers as they come after an operation or from too short a scan."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from remnant.core.labels import CouinaudSegment
from remnant.core.volumes import LabelMap
from segmentation.training.livers import AnnotatedLiver, annotated_liver

_I, _II, _III, _IV, _V, _VI, _VII, _VIII = CouinaudSegment
RESECTIONS: Mapping[str, tuple[CouinaudSegment, ...]] = MappingProxyType(
    {
        "II and III resected": (_II, _III),
        "II, III and IV resected": (_II, _III, _IV),
        "V and VI resected": (_V, _VI),
        "VI and VII resected": (_VI, _VII),
        "right hemiliver resected": (_V, _VI, _VII, _VIII),
    }
)
SCAN_CUTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "top quarter of the height outside the scan": (0.0, 0.75),
        "bottom quarter of the height outside the scan": (0.25, 1.0),
    }
)
"""Which part of the height stays, 0 at the bottom."""


def damaged(liver: AnnotatedLiver) -> dict[str, AnnotatedLiver]:
    """Return one liver after each resection and scan cut; its frame is that of what is left."""
    maps = {name: resected(liver.annotated, gone) for name, gone in RESECTIONS.items()}
    maps |= {name: scan_cut(liver.annotated, *kept) for name, kept in SCAN_CUTS.items()}
    return {name: annotated_liver(liver.patient, left) for name, left in maps.items()}


def resected(annotated: LabelMap, gone: tuple[CouinaudSegment, ...]) -> LabelMap:
    """Return a map without some of its segments."""
    codes = annotated.codes.copy()
    codes[np.isin(codes, gone)] = 0
    return replace(annotated, codes=codes)


def scan_cut(annotated: LabelMap, low: float, high: float) -> LabelMap:
    """Return a map without what lies below or above two shares of the liver's height."""
    axis = annotated.geometry.axial_axis
    codes = annotated.codes.copy()
    along = np.moveaxis(codes, axis, 0)
    filled = np.flatnonzero(along.any(axis=(1, 2)))
    start, size = int(filled[0]), int(filled[-1]) - int(filled[0]) + 1
    step = annotated.geometry.affine_ras[2, axis]
    first, last = (low, high) if step > 0 else (1 - high, 1 - low)
    along[: start + round(first * size)] = 0
    along[start + round(last * size) :] = 0
    return replace(annotated, codes=codes)
