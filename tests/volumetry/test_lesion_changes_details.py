"""Changes of a lesion so small that its boundary's error may take all of it."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.comparison import MatchEvidence, MatchKind
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity
from remnant.core.reasons import reasons_of
from remnant.core.uncertainty import Boundaries
from remnant.core.volumetry_report import VolumetryReport
from remnant.testing.examples import EXAMPLE_ERRORS, example_lesion
from volumetry.lesion_changes import MeasuredScan, lesion_matches
from volumetry.matching import Pairing
from volumetry.standardised import standardised_volume

ABSENT = Quantity.absent("not asked")
PAIR = Pairing(
    kind=MatchKind.MATCHED,
    before_ids=(1,),
    after_ids=(1,),
    evidence=MatchEvidence.OVERLAP,
    overlap_ml=0.1,
    centroid_distance_mm=0.0,
)


def scan(diameter_mm, *, boundary_mm):
    lesion = example_lesion(1, np.pi / 6 * diameter_mm**3 / 1e3)
    report = VolumetryReport(
        tlv_ml=Quantity(1500.0),
        functional_tlv_ml=ABSENT,
        tumour_ml=ABSENT,
        burden_fraction=ABSENT,
        burden_class=None,
        segments=None,
        segments_reasons=reasons_of("none"),
        segment_source=None,
        unassigned_ml=0.0,
        lesions=(lesion,),
        standardised=standardised_volume(Patient()),
        boundaries=Boundaries(liver_surface_mm2=9e4, tumour_at_surface_mm2=0.0, grid_mm4=0.0),
        error_model=replace(EXAMPLE_ERRORS, lesion_boundary_mm=boundary_mm),
    )
    return MeasuredScan(report=report, axial_spacing_mm=0.0)


def test_diameter__may_vanish_but_is_never_negative():
    """2 mm wide, each end off by 1 mm: below 0 in one draw of six."""
    unsure, sure = scan(2.0, boundary_mm=1.0), scan(2.0, boundary_mm=0.0)
    (match,) = lesion_matches([PAIR], unsure, sure)
    before, change = match.longest_axial_mm.before, match.longest_axial_mm.difference
    assert before.interval.low == 0.0
    assert before.probability(0.5, inclusive=True) == pytest.approx(0.773, abs=0.03)
    assert change.interval.high == pytest.approx(2.0)
    assert match.volume_ml.difference.interval.high == pytest.approx(np.pi / 6 * 8 / 1e3)
