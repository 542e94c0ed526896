"""Vessels computed from a case's scan, where nobody gave any."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from remnant.core.labels import Structure
from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, joined, reason
from remnant.core.volumes import ImageVolume
from remnant.core.volumetry_report import VolumetryReport
from remnant.pipeline.divide import merged_findings
from remnant.pipeline.origins import vessels_are_computed
from remnant.pipeline.segmented import SegmentedCase

if TYPE_CHECKING:
    from segmentation.vessels.found import FoundVessels

VESSELS: Final = frozenset((Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS))


def with_computed_vessels(
    case: SegmentedCase, image: ImageVolume
) -> "tuple[SegmentedCase, FoundVessels | None]":
    """Return a case with the vessels that its scan shows, or with why there are none; and these.

    A case that has vessels already, given by a human or found by its engine, keeps them alone.

    Parameters
    ----------
    case
        Liver and lesions are known.
    image
        The scan that its liver was found in, on the case's grid.
    """
    if case.maps.structures.present() & VESSELS:
        return case, None
    from segmentation.vessels.found import search_vessels

    search = search_vessels(image, case.maps.structures)
    maps = case.maps
    if search.found is not None:
        maps = replace(maps, structures=search.found.structures)
    quality = merged_findings(case.quality, (search.finding,))
    return replace(case, maps=maps, quality=quality), search.found


def with_vessel_ways(case: SegmentedCase, found: "FoundVessels | None") -> SegmentedCase:
    """Return a divided case with what its computed vessels say of inflow and outflow.

    The finding is about the division: it goes when the liver is divided anew.
    """
    division = case.division
    if found is None or division.couinaud is None:
        return case
    from segmentation.vessels.ways import vessel_ways, ways_finding

    finding = ways_finding(vessel_ways(found, division.couinaud))
    return replace(
        case,
        division=replace(division, findings=(*division.findings, finding.id)),
        quality=merged_findings(case.quality, (finding,)),
    )


def with_vessels_marked(volumes: VolumetryReport, case: SegmentedCase) -> VolumetryReport:
    """Return a report whose distances to computed vessels decide nothing and say why."""
    if not vessels_are_computed(case):
        return volumes
    return replace(volumes, lesions=tuple(_marked(lesion) for lesion in volumes.lesions))


def _marked(lesion: Lesion) -> Lesion:
    return replace(
        lesion,
        portal_vein_distance_mm=_indicative(lesion.portal_vein_distance_mm),
        hepatic_veins_distance_mm=_indicative(lesion.hepatic_veins_distance_mm),
    )


def _indicative(distance: Quantity) -> Quantity:
    if distance.value is None:
        return distance
    reasons = joined(distance.reasons, (reason(Cause.VESSELS_UNCONFIRMED),))
    return replace(distance, bound=None, indicative=True, reasons=reasons)
