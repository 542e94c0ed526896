"""Scans of one liver in order, made without measuring anything."""

from dataclasses import replace
from math import pi

from examples.reports import EXAMPLE_BOUNDARIES, EXAMPLE_ERRORS, example_lesion
from remnant.core.comparison import Change, LesionMatch, MatchEvidence, MatchKind
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.volumetry_report import VolumetryReport
from volumetry.growth.lesion_changes import MeasuredScan
from volumetry.response.tracks import Series
from volumetry.standardised.expected_volume import standardised_volume

ZERO = Change(
    before=Quantity(1.0), after=Quantity(1.0), difference=Quantity(0.0), fraction=Quantity(0.0)
)
PLAIN = {(1, 1): MatchKind.MATCHED, (0, 1): MatchKind.NEW, (1, 0): MatchKind.GONE}


def match(before, after, kind=None):
    """Match lesions; the kind follows from the numbers where it is not given."""
    sizes = min(len(before), 2), min(len(after), 2)
    several = {(1, 2): MatchKind.SPLIT, (2, 1): MatchKind.MERGED, (2, 2): MatchKind.REGROUPED}
    return LesionMatch(
        kind=kind or (PLAIN | several)[sizes],
        before_ids=tuple(before),
        after_ids=tuple(after),
        evidence=MatchEvidence.OVERLAP if before and after else None,
        overlap_ml=0.0,
        centroid_distance_mm=None,
        volume_ml=ZERO,
        longest_axial_mm=ZERO,
    )


def series(*lesions, neighbours, with_baseline=None):
    further = [()] * max(0, len(lesions) - 2) if with_baseline is None else with_baseline
    return Series(
        lesions=tuple(map(tuple, lesions)),
        neighbours=tuple(map(tuple, neighbours)),
        with_baseline=tuple(map(tuple, further)),
    )


def ball(number, diameter_mm, **changes):
    """Return a ball-shaped lesion of a diameter."""
    return replace(example_lesion(number, pi * diameter_mm**3 / 6000), **changes)


def measured(*lesions, tlv_ml=None, spacing_mm=1.0, slice_mm=2.0, **errors):
    """Return a scan with lesions; ``errors`` are figures of its error model."""
    tumour_ml = sum(lesion.volume_ml.value for lesion in lesions if lesion.counts)
    whole = Quantity(1500.0) if tlv_ml is None else tlv_ml
    report = VolumetryReport(
        tlv_ml=whole,
        functional_tlv_ml=replace(whole, value=whole.value - tumour_ml),
        tumour_ml=Quantity(tumour_ml),
        burden_fraction=Quantity(tumour_ml / whole.value),
        burden_class=None,
        segments=None,
        segments_reasons=(reason(Cause.NO_COUINAUD_MAP),),
        segment_source=None,
        unassigned_ml=0.0,
        lesions=lesions,
        standardised=standardised_volume(Patient()),
        boundaries=EXAMPLE_BOUNDARIES,
        error_model=replace(EXAMPLE_ERRORS, **errors),
    )
    return MeasuredScan(report=report, axial_spacing_mm=spacing_mm, slice_spacing_mm=slice_mm)
