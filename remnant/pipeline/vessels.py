"""Vessels computed from a case's scan, where nobody gave any."""

from dataclasses import replace
from typing import Final

from remnant.core.labels import Structure
from remnant.core.volumes import ImageVolume
from remnant.pipeline.divide import merged_findings
from remnant.pipeline.segmented import SegmentedCase

VESSELS: Final = frozenset((Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS))


def with_computed_vessels(case: SegmentedCase, image: ImageVolume) -> SegmentedCase:
    """Return a case with the vessels that its scan shows, or with why there are none.

    A case that has vessels already, given by a human or found by its engine, keeps them alone.

    Parameters
    ----------
    case
        Liver and lesions are known.
    image
        The scan that its liver was found in, on the case's grid.
    """
    if case.maps.structures.present() & VESSELS:
        return case
    from segmentation.vessels.found import search_vessels

    search = search_vessels(image, case.maps.structures)
    maps = case.maps
    if search.found is not None:
        maps = replace(maps, structures=search.found.structures)
    return replace(case, maps=maps, quality=merged_findings(case.quality, (search.finding,)))
