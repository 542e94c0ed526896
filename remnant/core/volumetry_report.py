"""What volumetry hands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment, SegmentIvPart
from remnant.core.lesions import Lesion, LesionTable
from remnant.core.quantity import Interval, Quantity
from remnant.core.reasons import Reason
from remnant.core.showing import ShowsItself
from remnant.core.uncertainty import Boundaries, ErrorModel
from remnant.core.vessels import ComputedVessels


class BurdenClass(StrEnum):
    """Class of hepatic tumour load in percent of the total liver volume, half-open bins."""

    UP_TO_10 = "<=10"
    OVER_10_TO_25 = ">10-25"
    OVER_25_TO_50 = ">25-50"
    OVER_50 = ">50"


class SegmentSource(StrEnum):
    """Where the Couinaud map came from, the best source first.

    ``GIVEN`` is a map that a human or another program drew, ``TERRITORIES`` follow labelled
    branches of a vessel tree, ``LANDMARKS`` are planes through points, ``MODEL`` is a network's
    estimate from the liver's shape.
    """

    GIVEN = "given"
    TERRITORIES = "territories"
    LANDMARKS = "landmarks"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentsConfirmation:
    """A human's word that the Couinaud map was looked at and may be used.

    Parameters
    ----------
    name
        Who said so, as typed.
    date
        Day in UTC as ``YYYY-MM-DD``.
    """

    name: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartVolumes:
    """Volumes of a part of a segment, in mL."""

    total_ml: float
    functional_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardisedVolume:
    """Liver volume expected from body size.

    ``formula`` and ``bsa_formula`` name the papers; ``bsa_formula`` is ``None`` for formulas that
    do not use body surface area.
    """

    formula: str
    bsa_formula: str | None
    stlv_ml: Quantity
    bsa_m2: Quantity
    source: str
    population: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentVolumes:
    """Volumes of one Couinaud segment inside the liver mask, in mL.

    ``touches_edge`` marks a segment cut by the edge of the scan: its volumes are lower bounds.
    ``surface_mm2`` is its share of the liver's surface, ``tumour_at_surface_mm2`` the part of that
    with tumour right beneath. The intervals are ``None`` for a segment
    without a voxel.
    """

    total_ml: float
    functional_ml: float
    touches_edge: bool
    surface_mm2: float = 0.0
    tumour_at_surface_mm2: float = 0.0
    total_interval: Interval | None = None
    functional_interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumetryReport(ShowsItself):
    """All volumes of one case.

    Parameters
    ----------
    tlv_ml, functional_tlv_ml, tumour_ml
        Total liver volume (parenchyma, lesions, intrahepatic vessels), TLV minus lesions, all
        lesions that were not rejected.
    burden_fraction, burden_class
        Tumour / TLV in [0, 1] and its class; the class is ``None`` when the fraction is.
    segments
        Volumes of the Couinaud segments, ``None`` with ``segments_reasons`` when unknown.
    segment_source
        Where the segments came from, ``None`` when unknown.
    segments_confirmation
        Who confirmed them and when; ``None`` while nobody did.
    segment_iv
        Volumes of IVa and IVb where they were asked for, else ``None``.
    unassigned_ml
        Functional liver that no segment covers; it counts for no remnant. 0.0 without segments.
    lesions
        Every lesion, rejected ones included, by id.
    standardised
        Liver volume expected from body size.
    boundaries, error_model
        The surfaces, and what is assumed about their errors: together they give every interval,
        so that planning can make those of its own ratios.
    burden_class_probabilities
        Of each class under the error model; ``None`` where the burden is absent or indicative.
    quality
        Checks of the masks that volumetry made.
    vessels
        Names and measures of the liver's vessels, and what they say of its segments where it has
        any; ``None`` where no vessels are known, or not where they begin.
    """

    tlv_ml: Quantity
    functional_tlv_ml: Quantity
    tumour_ml: Quantity
    burden_fraction: Quantity
    burden_class: BurdenClass | None
    segments: Mapping[CouinaudSegment, SegmentVolumes] | None
    segments_reasons: tuple[Reason, ...]
    segment_source: SegmentSource | None
    unassigned_ml: float
    lesions: tuple[Lesion, ...]
    standardised: StandardisedVolume
    boundaries: Boundaries
    error_model: ErrorModel
    burden_class_probabilities: Mapping[BurdenClass, float] | None = None
    segments_confirmation: SegmentsConfirmation | None = None
    segment_iv: Mapping[SegmentIvPart, PartVolumes] | None = None
    quality: tuple[Finding, ...] = field(default=())
    vessels: ComputedVessels | None = None

    @property
    def lesion_table(self) -> LesionTable:
        """All lesions, as one thing that a notebook shows."""
        return LesionTable(self.lesions)

    @property
    def counted_lesions(self) -> tuple[Lesion, ...]:
        """The lesions that count: all but the rejected ones."""
        return tuple(lesion for lesion in self.lesions if lesion.counts)

    @property
    def segments_need_review(self) -> bool:
        """Whether the segments are a network's estimate that no human has confirmed."""
        return self.segment_source is SegmentSource.MODEL and self.segments_confirmation is None
