"""Vessels computed from a case's scan, where nobody gave any."""

from dataclasses import replace
from typing import TYPE_CHECKING

from remnant.core.labels import VESSELS
from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, joined, reason
from remnant.core.volumes import ImageVolume
from remnant.core.volumetry_report import VolumetryReport
from remnant.pipeline.origins import vessels_are_computed
from remnant.pipeline.segmented import SegmentedCase, merged_findings

if TYPE_CHECKING:
    from segmentation.port import Stems
    from segmentation.vessels.found import FoundVessels
    from segmentation.vessels.rooted import RootedTrees


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
        return with_given_roots(case), None
    from segmentation.vessels.found import search_vessels

    search = search_vessels(image, case.maps.structures)
    case = replace(case, quality=merged_findings(case.quality, (search.finding,)))
    if search.found is None:
        return case, None
    from segmentation.vessels.rooted import roots_of

    maps = replace(case.maps, structures=search.found.structures)
    return replace(case, maps=maps, vessel_roots=roots_of(search.found)), search.found


def with_given_roots(case: SegmentedCase) -> SegmentedCase:
    """Return a case with where its given vessels seem to begin; unchanged unless both are given."""
    if not case.maps.structures.present() >= VESSELS:
        return case
    from segmentation.vessels.rooted import roots_in

    return replace(case, vessel_roots=roots_in(case.maps.structures))


def with_vessel_names(volumes: VolumetryReport, case: SegmentedCase) -> VolumetryReport:
    """Return a report with the names, measures and ways of a case's vessels.

    They come from the maps as they are now: from vessels that a reader corrected, and from segments
    that were divided anew.
    """
    rooted = _rooted(case)
    if rooted is None:
        return volumes
    from segmentation.vessels.computed import computed_vessels
    from segmentation.vessels.ways import ways_finding

    couinaud = case.division.couinaud
    vessels = computed_vessels(rooted, couinaud)
    told = couinaud is not None and vessels_are_computed(case)
    ways = (ways_finding(vessels.ways),) if told else ()
    return replace(volumes, vessels=vessels, quality=(*volumes.quality, *ways))


def stems_of(case: SegmentedCase) -> "Stems | None":
    """Return the named stems of a case's vessels as they are; ``None`` without vessels."""
    rooted = _rooted(case)
    if rooted is None:
        return None
    from segmentation.vessels.names import stem_lines

    return stem_lines(rooted)


def _rooted(case: SegmentedCase) -> "RootedTrees | None":
    """Return a case's trees, ``None`` where it has none or it is not known where they begin."""
    structures, roots = case.maps.structures, case.vessel_roots
    if roots is None or not structures.present() & VESSELS:
        return None
    from segmentation.vessels.rooted import rooted_trees

    return rooted_trees(structures, roots)


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
