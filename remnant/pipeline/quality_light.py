"""The light of a case's liver, when it is segmented or given."""

from dataclasses import replace

from remnant.core.labels import Structure
from remnant.core.map_description import Origin
from remnant.core.volumes import ImageVolume
from remnant.pipeline.origins import structure_origins
from remnant.pipeline.segmented import SegmentedCase, merged_findings
from segmentation.quality_control.light import figures_of, light_finding


def with_light(case: SegmentedCase, image: ImageVolume | None = None) -> SegmentedCase:
    """Return a case with the light of its liver, in place of an earlier one.

    Without the ``image``, on the maps' grid, only the shape is looked at; that of a whole liver
    where somebody said that the map holds it.
    """
    given = structure_origins(case)[Structure.PARENCHYMA] is not Origin.AUTOMATIC
    maps = case.maps
    figures = figures_of(
        maps.structures,
        image,
        lesions=maps.lesions,
        known=case.quality,
        whole=image is None and case.settings.whole_liver,
    )
    return replace(
        case, quality=merged_findings(case.quality, (light_finding(figures, given=given),))
    )
