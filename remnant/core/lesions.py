"""Lesions: connected tumours and what was measured of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from remnant.core.geometry import Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity
from remnant.core.showing import ShowsItself
from remnant.core.volumes import Phase


class Confirmation(StrEnum):
    """Whether a human looked at a lesion.

    No tool tells a metastasis from a cyst, a haemangioma or a treated scar by shape alone:
    automatic lesions stay unconfirmed until someone confirms or rejects them. So do those of a map
    that was given: who drew it is not known here, only that no network of this program did.
    """

    AUTOMATIC = "automatic"
    GIVEN = "given"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"

    @property
    def is_open(self) -> bool:
        """Whether nobody has confirmed or rejected the lesion here."""
        return self in {Confirmation.AUTOMATIC, Confirmation.GIVEN}


class Lobe(StrEnum):
    """Liver lobe by Cantlie's line; the caudate (segment I) is counted apart."""

    LEFT = "left"
    RIGHT = "right"
    CAUDATE = "caudate"


LOBES: Mapping[CouinaudSegment, Lobe] = MappingProxyType(
    {
        CouinaudSegment.I: Lobe.CAUDATE,
        **dict.fromkeys((CouinaudSegment.II, CouinaudSegment.III, CouinaudSegment.IV), Lobe.LEFT),
        **dict.fromkeys(
            (CouinaudSegment.V, CouinaudSegment.VI, CouinaudSegment.VII, CouinaudSegment.VIII),
            Lobe.RIGHT,
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntensityStatistics:
    """Intensities of the image inside one lesion: HU on CT, arbitrary on MR.

    ``sd`` is the population standard deviation, 0.0 for one voxel.
    """

    mean: float
    sd: float
    minimum: float
    median: float
    maximum: float


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
    perpendicular_axial_mm
        Longest distance at a right angle to the longest one, within the convex hull of the same
        slice (the second diameter of WHO and RECIST).
    slice_corrected_3d_mm
        Longest distance between two points of the lesion's voxels without what the thickness of
        the slices adds: each voxel lies in the middle of its slice. At least ``longest_axial_mm``,
        at most ``feret_3d_mm``.
    feret_3d_mm
        Longest distance between two points of the lesion's voxels.
    surface_mm2
        Surface of the lesion, estimated from the voxels; the scan's edge is no surface.
    free_surface_mm2
        Part of it against liver without tumour: not against other lesions, nor at the capsule.
    centroid_ras_mm
        Mean voxel centre in RAS mm.
    segment_fractions
        Share of the lesion's volume in each Couinaud segment it touches; the rest to 1 lies
        outside the segment map. ``None`` when the segments are unknown.
    confirmation
        Rejected lesions are listed but belong to no volume.
    surface_distance_mm, portal_vein_distance_mm, hepatic_veins_distance_mm
        Shortest distance from the lesion's voxels to the liver's surface or to a vessel's voxels;
        0.0 where they touch; absent with the reason where the vessels are unknown.
    intensity
        Intensities of the image in the lesion; ``None`` without an image.
    core_ml
        Volume of what the first network marked of the lesion, before its outline was refined;
        ``None`` where no outline was refined.
    phases
        Contrast phases that it was seen in, where several of a study were looked at; empty where
        there was one image or none, and where a human drew the lesion.
    """

    id: int
    volume_ml: Quantity
    longest_axial_mm: float
    perpendicular_axial_mm: float
    slice_corrected_3d_mm: float
    feret_3d_mm: float
    surface_mm2: float
    free_surface_mm2: float
    centroid_ras_mm: Vector3
    segment_fractions: Mapping[CouinaudSegment, float] | None
    surface_distance_mm: Quantity
    portal_vein_distance_mm: Quantity
    hepatic_veins_distance_mm: Quantity
    intensity: IntensityStatistics | None = None
    confirmation: Confirmation = field(default=Confirmation.AUTOMATIC)
    phases: tuple[Phase, ...] = ()
    core_ml: float | None = None

    @property
    def lobe_fractions(self) -> Mapping[Lobe, float] | None:
        """Share of the volume in each lobe it touches; ``None`` when the segments are unknown."""
        if self.segment_fractions is None:
            return None
        shares = dict.fromkeys(Lobe, 0.0)
        for segment, share in self.segment_fractions.items():
            shares[LOBES[segment]] += share
        return {lobe: share for lobe, share in shares.items() if share > 0.0}

    @property
    def open_core_ml(self) -> float | None:
        """Volume of the core while nobody has confirmed the refined outline, else ``None``."""
        return self.core_ml if self.confirmation.is_open else None

    @property
    def counts(self) -> bool:
        """Whether the lesion belongs to the tumour burden (it was not rejected)."""
        return self.confirmation is not Confirmation.REJECTED


@dataclass(frozen=True, slots=True)
class LesionTable(ShowsItself):
    """Lesions as one thing that a notebook shows; rejected ones too."""

    lesions: tuple[Lesion, ...]


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
