"""Quick figures of a draft, from counted voxels: told after each step, long before the report is.

They are what the measured figures will be, without intervals.
"""

from dataclasses import dataclass

from remnant.core.geometry import Vector3, vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.pipeline.drafts.draft import Draft
from remnant.pipeline.origins import lesions_were_found
from segmentation.edits.patch import MapName


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickLesion:
    """A lesion of a draft: its number, what is said of it, its volume and its middle."""

    id: int
    confirmation: Confirmation
    volume_ml: float
    centroid_ras_mm: Vector3

    @property
    def counts(self) -> bool:
        """Whether it belongs to the tumour burden."""
        return self.confirmation is not Confirmation.REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickFigures:
    """What the maps of a draft hold.

    Parameters
    ----------
    liver_ml, tumour_ml
        The liver, lesions included, and the lesions that count.
    lesions
        All lesions by their numbers.
    segments_ml
        Liver by segment; ``None`` without segments.
    """

    liver_ml: float
    tumour_ml: float
    lesions: tuple[QuickLesion, ...]
    segments_ml: dict[CouinaudSegment, float] | None

    @property
    def burden_fraction(self) -> float:
        """Lesions that count over the liver."""
        return self.tumour_ml / self.liver_ml


def quick_figures(draft: Draft) -> QuickFigures:
    """Return the figures of a draft as it stands."""
    sheet, voxel_ml = draft.sheet, draft.sheet.geometry.voxel_volume_ml
    unread = Confirmation.AUTOMATIC if lesions_were_found(draft.facts) else Confirmation.GIVEN
    lesions = tuple(
        QuickLesion(
            id=number,
            confirmation=draft.words.get(number, unread),
            volume_ml=tally.voxels * voxel_ml,
            centroid_ras_mm=vector3(sheet.geometry.ras_from_index(tally.index_sum / tally.voxels)),
        )
        for number, tally in sorted(sheet.tallies.items())
    )
    known = MapName.COUINAUD in sheet.maps
    return QuickFigures(
        liver_ml=sheet.liver_voxels * voxel_ml,
        tumour_ml=sum(one.volume_ml for one in lesions if one.counts),
        lesions=lesions,
        segments_ml={s: int(sheet.segment_voxels[s]) * voxel_ml for s in CouinaudSegment}
        if known
        else None,
    )
