"""One liver at two time points: what became of its lesions, and how the remnant grew."""

from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.findings import Finding
from remnant.core.geometry import Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.provenance import Provenance
from remnant.core.quantity import Quantity
from remnant.core.reasons import Reason
from remnant.core.study import Study

Matrix4 = tuple[
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
    tuple[float, float, float, float],
]


class MatchKind(StrEnum):
    """What became of lesions between two scans.

    ``MERGED`` is several before and one after, ``SPLIT`` one before and several after,
    ``REGROUPED`` several on both sides that overlap in turn and cannot be told apart. ``OUTSIDE``
    lies beyond the edge of the other scan: whether it is there is not known. ``REJECTED_BEFORE``
    and ``REJECTED_AFTER`` count in one scan, and a reader rejected what is there in the other.
    """

    MATCHED = "matched"
    NEW = "new"
    GONE = "gone"
    MERGED = "merged"
    SPLIT = "split"
    REGROUPED = "regrouped"
    OUTSIDE = "outside"
    REJECTED_BEFORE = "rejected_before"
    REJECTED_AFTER = "rejected_after"


class MatchEvidence(StrEnum):
    """Why lesions of two scans are taken for the same."""

    OVERLAP = "overlap"
    CENTROID = "centroid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure at two time points, in the unit that the owner's field name wears.

    Parameters
    ----------
    before, after
        The figure; absent with the reason where there is nothing to measure.
    difference
        ``after − before``; its interval holds the measurement errors of both scans.
    fraction
        ``difference / before``: 0.2 is a fifth more, −1 all of it gone.
    """

    before: Quantity
    after: Quantity
    difference: Quantity
    fraction: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionMatch:
    """Lesions of two scans that belong together, or one that has no counterpart.

    Parameters
    ----------
    kind
        What became of them.
    before_ids, after_ids
        Lesion ids of each scan in rising order; empty before a new and after a gone lesion. On
        the side that names them so, they are rejected ones.
    evidence
        Why they were matched; ``None`` for new and gone lesions.
    overlap_ml
        Volume that they share once the scans are aligned; 0.0 where matched by place alone.
    centroid_distance_mm
        Distance of the centroids once aligned, each weighted by volume over its lesions; ``None``
        for new and gone lesions.
    volume_ml, longest_axial_mm
        Sums over the lesions of each scan that count; absent on the side that rejected them.
    """

    kind: MatchKind
    before_ids: tuple[int, ...]
    after_ids: tuple[int, ...]
    evidence: MatchEvidence | None
    overlap_ml: float
    centroid_distance_mm: float | None
    volume_ml: Change
    longest_axial_mm: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Rigid motion that lays the first scan's liver on the second's.

    Parameters
    ----------
    before_to_after_ras
        4×4 matrix from RAS mm of the first to RAS mm of the second scan: a rotation and a
        translation, row by row.
    dice_fraction
        Overlap of the two livers after it: 2 × shared volume / sum of volumes, in [0, 1].
    rotation_degrees
        Angle of the rotation, 0 to 180.
    shift_mm
        How far the first liver's centroid moves, in RAS.
    """

    before_to_after_ras: Matrix4
    dice_fraction: float
    rotation_degrees: float
    shift_mm: Vector3


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth of one future liver remnant between two scans.

    Parameters
    ----------
    removed, title
        Couinaud segments that the resection would remove, and its name for people.
    weeks
        Between the scans, ``None`` when it was not said.
    flr_ml, sflr
        The remnant and its share of the standardised liver volume; ``sflr.difference`` as a
        fraction.
    degree_of_hypertrophy_sflr_points
        sFLR after − sFLR before, in percentage points.
    relative_hypertrophy_fraction
        (FLR after − FLR before) / FLR before.
    kgr_sflr_points_per_week
        Kinetic growth rate: degree of hypertrophy in percentage points / weeks.
    growth_ml_per_day, growth_percent_of_first_flr_per_day
        The other two rates in use; never to be mixed with the first.
    threshold_sflr
        The sFLR asked for, ``None`` when none was.
    weeks_to_threshold
        From the second scan, were growth to go on at the same pace (it slows); absent with the
        reason when the threshold is reached or there was no growth.
    """

    removed: tuple[CouinaudSegment, ...]
    title: str
    weeks: float | None
    flr_ml: Change
    sflr: Change
    degree_of_hypertrophy_sflr_points: Quantity
    relative_hypertrophy_fraction: Quantity
    kgr_sflr_points_per_week: Quantity
    growth_ml_per_day: Quantity
    growth_percent_of_first_flr_per_day: Quantity
    threshold_sflr: float | None
    weeks_to_threshold: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSettings:
    """What decides the figures of a comparison.

    Parameters
    ----------
    weeks
        Between the scans; ``None`` when it was not said.
    removed
        Segments of the resection; ``None`` when none was named.
    threshold_sflr
        Minimum whose time is forecast, a fraction; ``None`` when none was named.
    minimum_overlap_fraction, centroid_limit_mm
        From when on two lesions match.
    error_models
        Origins of the error models before and after.
    seeds
        Of the draws before and after.
    draws
        Their number.
    """

    weeks: float | None
    removed: frozenset[CouinaudSegment] | None
    threshold_sflr: float | None
    minimum_overlap_fraction: float
    centroid_limit_mm: float
    error_models: tuple[str, str]
    seeds: tuple[int, int]
    draws: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonReport:
    """Everything that ``comparison.json`` holds.

    Parameters
    ----------
    before, after
        The two studies, under their pseudonyms.
    weeks
        Between the scans, ``None`` when it was not said.
    tlv_ml, tumour_ml
        Total liver and tumour volume, each as measured on its own scan.
    alignment, matches, matches_reasons
        The motion between the scans and the lesions by it; ``None`` with the reasons when a scan's
        lesions are unknown.
    growth, growth_reasons
        Growth of the remnant; ``None`` with the reasons when no resection was named.
    quality
        Checks of the comparison.
    settings
        What decides the figures.
    provenance
        Software and inputs.
    """

    before: Study
    after: Study
    weeks: float | None
    tlv_ml: Change
    tumour_ml: Change
    alignment: Alignment | None
    matches: tuple[LesionMatch, ...] | None
    matches_reasons: tuple[Reason, ...]
    growth: Growth | None
    growth_reasons: tuple[Reason, ...]
    quality: tuple[Finding, ...] = field(default=())
    settings: ComparisonSettings
    provenance: Provenance
