"""Lesions: connected tumours and what was measured of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.geometry import Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity


class Confirmation(StrEnum):
    """Whether a human looked at a lesion.

    No tool tells a metastasis from a cyst, a haemangioma or a treated scar by shape alone:
    automatic lesions stay unconfirmed until someone confirms or rejects them.
    """

    AUTOMATIC = "automatic"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """One lesion.

    Parameters
    ----------
    id
        Code of the lesion in ``lesions.nii.gz``; kept through every recomputation.
    volume_ml
        Voxel volume, a lower bound where the lesion touches the edge of the scan.
    longest_axial_mm
        Longest distance within one axial slice between two points of the lesion's voxels.
    feret_3d_mm
        Longest distance between two points of the lesion's voxels.
    centroid_ras_mm
        Mean voxel centre in RAS mm.
    segment_fractions
        Share of the lesion's volume in each Couinaud segment it touches; the rest to 1 lies
        outside the segment map. ``None`` when the segments are unknown.
    confirmation
        Rejected lesions are listed but belong to no volume.
    """

    id: int
    volume_ml: Quantity
    longest_axial_mm: float
    feret_3d_mm: float
    centroid_ras_mm: Vector3
    segment_fractions: Mapping[CouinaudSegment, float] | None
    confirmation: Confirmation = field(default=Confirmation.AUTOMATIC)

    @property
    def counts(self) -> bool:
        """Whether the lesion belongs to the tumour burden (it was not rejected)."""
        return self.confirmation is not Confirmation.REJECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedLesion:
    """A synthetic metastasis of the demo, with its true volume beside the measured one.

    ``measured_ml`` is the volume that the segmentation measured there: every voxel of a found
    lesion that overlaps planted ones counts for the planted one whose centre is nearest. 0.0 when
    nothing was found.
    """

    id: int
    centre_ras_mm: Vector3
    true_volume_ml: float
    measured_ml: float
