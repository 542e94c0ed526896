"""Whether given maps were drawn on the scan that is given with them."""

from dataclasses import replace

from remnant.io.image_reference import ImageReference, reference_findings
from remnant.io.masks import GivenMap, Masks
from remnant.pipeline.division import BRANCHES, COUINAUD
from remnant.pipeline.segment_sources import GivenSegments


def drawn_on_scan(
    masks: Masks | None, segments: GivenSegments, scan: ImageReference
) -> tuple[Masks | None, GivenSegments]:
    """Return what was given, with a finding where it names another series than the scan's.

    Raises
    ------
    GeometryMismatchError
        A map names images of another examination.
    """
    checked = replace(
        segments,
        couinaud=_checked(segments.couinaud, scan, COUINAUD),
        branches=_checked(segments.branches, scan, BRANCHES),
    )
    if masks is None:
        return None, checked
    found = [
        finding
        for role, drawn_on in masks.references.items()
        if role not in {COUINAUD, BRANCHES}
        for finding in reference_findings(drawn_on, scan, role=role)
    ]
    return replace(masks, quality=(*masks.quality, *found)), checked


def _checked(given: GivenMap | None, scan: ImageReference, role: str) -> GivenMap | None:
    if given is None:
        return None
    found = reference_findings(given.refers_to, scan, role=role)
    return replace(given, quality=(*given.quality, *found))
