"""Builders of volumetry reports with round numbers, made without measuring anything."""

import pytest

from examples.reports import EXAMPLE_BOUNDARIES, EXAMPLE_ERRORS, example_lesion
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.plan import Remnant
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumetry_report import (
    SegmentSource,
    SegmentVolumes,
    StandardisedVolume,
    VolumetryReport,
)
from volumetry.burden import burden_class


def build_lesion(
    identifier=1,
    volume_ml=10.0,
    shares=None,
    *,
    diameter_mm=20.0,
    confirmation=Confirmation.CONFIRMED,
):
    fractions = None if shares is None else {CouinaudSegment(c): f for c, f in shares.items()}
    return example_lesion(
        identifier,
        volume_ml,
        longest_axial_mm=diameter_mm,
        slice_corrected_3d_mm=diameter_mm,
        feret_3d_mm=1.2 * diameter_mm,
        segment_fractions=fractions,
        confirmation=confirmation,
    )


def build_report(
    lesions=(),
    *,
    segment_ml=100.0,
    stlv_ml=1000.0,
    with_segments=True,
    tlv_bound=None,
    volumes=None,
):
    """Eight segments of one size (or of ``volumes`` by code), lesions lie inside them.

    With ``tlv_bound`` the burden is indicative, as volumetry makes it for a cut liver.
    """
    cut = tlv_bound is not None
    totals = volumes or dict.fromkeys(range(1, 9), segment_ml)
    tumour = {
        code: sum(
            lesion.volume_ml.value * (lesion.segment_fractions or {}).get(code, 0.0)
            for lesion in lesions
            if lesion.counts
        )
        for code in totals
    }
    tlv_ml = sum(totals.values())
    tumour_ml = sum(lesion.volume_ml.value for lesion in lesions if lesion.counts)
    segments = {
        CouinaudSegment(code): SegmentVolumes(
            total_ml=total, functional_ml=total - tumour[code], touches_edge=False
        )
        for code, total in totals.items()
    }
    missing = Reason(Cause.BRIEF_BODY_SIZE)
    return VolumetryReport(
        tlv_ml=Quantity(tlv_ml, bound=tlv_bound),
        functional_tlv_ml=Quantity(tlv_ml - tumour_ml, bound=tlv_bound),
        tumour_ml=Quantity(tumour_ml),
        burden_fraction=Quantity(
            tumour_ml / tlv_ml,
            indicative=cut,
            reasons=reason(Cause.SHARE_WITHIN_SCAN) if cut else None,
        ),
        burden_class=burden_class(tumour_ml / tlv_ml),
        segments=segments if with_segments else None,
        segments_reasons=() if with_segments else (reason(Cause.NO_COUINAUD_MAP),),
        segment_source=SegmentSource.GIVEN if with_segments else None,
        unassigned_ml=0.0,
        lesions=tuple(lesions),
        standardised=StandardisedVolume(
            formula="vauthey2002_bsa",
            bsa_formula="mosteller1987",
            stlv_ml=Quantity(stlv_ml) if stlv_ml else Quantity.absent(missing),
            bsa_m2=Quantity(2.0) if stlv_ml else Quantity.absent(missing),
            source="vauthey2002",
            population="adults",
        ),
        boundaries=EXAMPLE_BOUNDARIES,
        error_model=EXAMPLE_ERRORS,
    )


def build_remnant(sflr=0.5, measured=0.5, *, bound=None):
    def quantity(value):
        return (
            Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN))
            if value is None
            else Quantity(value, bound=bound)
        )

    return Remnant(
        flr_ml=quantity(500.0),
        flr_measured_fraction=quantity(measured),
        sflr=quantity(sflr),
        flr_body_weight_percent=quantity(0.7),
        flr_ml_per_m2=quantity(250.0),
    )


@pytest.fixture(scope="session")
def make_lesion():
    return build_lesion


@pytest.fixture(scope="session")
def make_report():
    return build_report


@pytest.fixture(scope="session")
def make_remnant():
    return build_remnant
