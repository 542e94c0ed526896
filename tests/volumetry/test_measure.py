"""The volumetry report of livers whose numbers are counted by hand."""

import subprocess
import sys

import numpy as np
import pytest

from remnant.core.errors import EmptyStructureError, GeometryMismatchError, InputError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
)
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, UncertaintyPart
from remnant.core.reasons import Cause, Reason, causes_of, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import BurdenClass, SegmentSource
from remnant.testing.phantoms import liver_phantom
from volumetry.measure import measure
from volumetry.remnant import debulked_fraction, future_liver_remnant

SHAPE = (12, 13, 14)
VOXEL_ML = 0.002 * 3.0 * 2.5
GRID = Geometry(SHAPE, np.diag([-2.0, 3.0, 2.5, 1.0]))
NOBODY = Patient()
II, III, VIII = CouinaudSegment.II, CouinaudSegment.III, CouinaudSegment.VIII


def filled(boxes, dtype=np.uint8):
    codes = np.zeros(SHAPE, dtype)
    for code, (i, j, k) in boxes:
        codes[slice(*i), slice(*j), slice(*k)] = code
    return codes


def structures(*boxes):
    return LabelMap(filled([(1, box) for box in boxes]), GRID, STRUCTURE_SCHEME)


def lesions(*boxes):
    return LabelMap(filled(boxes, np.uint16), GRID, INSTANCE_SCHEME)


def couinaud(*boxes):
    return LabelMap(filled(boxes), GRID, COUINAUD_SCHEME)


LIVER = structures(((1, 11), (1, 11), (1, 11)))  # 1000 voxels
LESIONS = lesions(
    (1, ((2, 6), (2, 6), (2, 6))),  # 64 voxels, half in II, half in III
    (4, ((7, 9), (2, 5), (8, 10))),  # 12 voxels in III
)
SEGMENTS = couinaud((II, ((1, 4), (1, 11), (1, 11))), (III, ((4, 11), (1, 11), (1, 11))))


def found(report, identifier):
    return next(finding for finding in report.quality if finding.id == identifier)


def measured(liver=LIVER, spots=LESIONS, segments=SEGMENTS, **options):
    return measure(liver, spots, couinaud=segments, patient=NOBODY, **options)


def test_measure__volumes_are_counted_voxels():
    report = measured()
    assert pytest.approx(report.tlv_ml.value) == 1000 * VOXEL_ML
    assert pytest.approx(report.tumour_ml.value) == 76 * VOXEL_ML
    assert pytest.approx(report.functional_tlv_ml.value) == 924 * VOXEL_ML
    assert report.burden_fraction.value == 0.076
    assert report.burden_class is BurdenClass.UP_TO_10
    assert not report.burden_fraction.reasons


def test_measure__segments():
    report = measured()
    two, three = report.segments[II], report.segments[III]
    assert pytest.approx((two.total_ml, two.functional_ml)) == (300 * VOXEL_ML, 268 * VOXEL_ML)
    assert pytest.approx((three.total_ml, three.functional_ml)) == (700 * VOXEL_ML, 656 * VOXEL_ML)
    assert set(CouinaudSegment) == set(report.segments)
    assert report.segments[VIII].total_ml == 0.0
    assert not any(volumes.touches_edge for volumes in report.segments.values())
    assert report.unassigned_ml == 0.0
    assert report.segment_source is SegmentSource.GIVEN
    assert not report.segments_reasons


def test_measure__lesion_table():
    one, four = measured().lesions
    assert (one.id, four.id) == (1, 4)
    assert pytest.approx(one.volume_ml.value) == 64 * VOXEL_ML
    assert one.segment_fractions == {II: 0.5, III: 0.5}
    assert four.segment_fractions == {III: 1.0}
    assert tuple(GRID.ras_from_index((3.5, 3.5, 3.5))) == pytest.approx(one.centroid_ras_mm)
    assert np.hypot(4 * 2, 4 * 3) == pytest.approx(one.longest_axial_mm)
    assert np.linalg.norm((2 * 2, 3 * 3, 2 * 2.5)) == pytest.approx(four.feret_3d_mm)
    assert one.confirmation is Confirmation.AUTOMATIC


def test_measure__intervals_hold_the_value():
    report = measured()
    whole = (report.tlv_ml, report.functional_tlv_ml, report.tumour_ml)
    for quantity in (*whole, *(lesion.volume_ml for lesion in report.lesions)):
        assert quantity.interval.low < quantity.value < quantity.interval.high
        assert quantity.bound is None


def test_measure__functional_liver_has_the_errors_of_liver_and_lesions():
    report = measured()
    tlv, functional, tumour = (
        quantity.interval.sds[UncertaintyPart.SEGMENTATION]
        for quantity in (report.tlv_ml, report.functional_tlv_ml, report.tumour_ml)
    )
    assert functional == pytest.approx(np.hypot(tlv, tumour), rel=0.05)


def test_measure__no_lesion_is_zero_and_not_absent():
    report = measured(spots=lesions())
    assert report.lesions == ()
    assert (report.tumour_ml.value, report.burden_fraction.value) == (0.0, 0.0)
    assert report.tumour_ml.interval is None
    assert report.burden_class is BurdenClass.UP_TO_10
    assert found(report, "lesions_unconfirmed").verdict is Verdict.MET


def test_measure__rejected_lesion_is_listed_and_counts_as_parenchyma():
    report = measured(confirmations={1: Confirmation.REJECTED, 4: Confirmation.CONFIRMED})
    assert [lesion.confirmation for lesion in report.lesions] == [
        Confirmation.REJECTED,
        Confirmation.CONFIRMED,
    ]
    assert pytest.approx(report.lesions[0].volume_ml.value) == 64 * VOXEL_ML
    assert pytest.approx(report.tumour_ml.value) == 12 * VOXEL_ML
    assert pytest.approx(report.segments[II].functional_ml) == 300 * VOXEL_ML
    assert pytest.approx(report.tlv_ml.value) == 1000 * VOXEL_ML
    assert found(report, "lesions_unconfirmed").verdict is Verdict.MET


def test_measure__unconfirmed_lesions_are_counted_in_a_finding():
    finding = found(measured(confirmations={4: Confirmation.CONFIRMED}), "lesions_unconfirmed")
    assert finding.verdict is Verdict.NOT_MET
    assert finding.value == 1
    assert finding.reasons == (reason(Cause.OF_ALL, 2),)


def test_measure__rejecting_an_unknown_lesion_names_the_known_ones():
    with pytest.raises(InputError, match=r"\[3, 7\] are not in the lesion map; its ids are: 1, 4"):
        measured(confirmations={7: Confirmation.REJECTED, 3: Confirmation.REJECTED})
    with pytest.raises(InputError, match="its ids are: none"):
        measured(spots=lesions(), confirmations={1: Confirmation.REJECTED})


def test_measure__vessels_and_lesion_codes_are_liver():
    codes = filled([(n, ((n, n + 1), (1, 11), (1, 11))) for n in (1, 2, 3, 4)])
    report = measured(LabelMap(codes, GRID, STRUCTURE_SCHEME), lesions(), None)
    assert pytest.approx(report.tlv_ml.value) == 400 * VOXEL_ML


def test_measure__binary_maps_are_one_liver_and_one_lesion():
    liver = LabelMap(LIVER.codes, GRID, BINARY_SCHEME)
    spot = LabelMap((LESIONS.codes > 0).astype(np.uint8), GRID, BINARY_SCHEME)
    (lesion,) = measured(liver, spot).lesions
    assert pytest.approx(lesion.volume_ml.value) == 76 * VOXEL_ML


def test_measure__part_of_a_lesion_outside_the_liver_is_not_tumour():
    report = measured(spots=lesions((1, ((0, 3), (5, 7), (5, 7))), (9, ((5, 8), (12, 13), (5, 6)))))
    (lesion,) = report.lesions
    assert pytest.approx(lesion.volume_ml.value) == 8 * VOXEL_ML
    assert pytest.approx(report.tumour_ml.value) == 8 * VOXEL_ML
    finding = found(report, "lesions_inside_liver")
    assert (finding.verdict, finding.value) == (Verdict.NOT_MET, 7)
    assert reason(Cause.LESIONS_OUTSIDE_LIVER, 1, "9") in finding.reasons


def test_measure__many_lesions_outside_are_not_all_named():
    spots = lesions(
        *((n, ((n % 12, n % 12 + 1), (12, 13), (n // 12, n // 12 + 1))) for n in range(1, 31))
    )
    first = (str(n) for n in range(1, 11))
    finding = found(measured(spots=spots), "lesions_inside_liver")
    assert reason(Cause.LESIONS_OUTSIDE_LIVER, 30, *first) in finding.reasons


def test_measure__all_inside_is_said_too():
    report = measured()
    for identifier in (
        "liver_inside_scan",
        "lesions_inside_scan",
        "lesions_inside_liver",
        "segments_cover_liver",
        "segments_inside_liver",
    ):
        assert found(report, identifier).verdict is Verdict.MET


FACES = [(axis, end) for axis in range(3) for end in (0, 1)]


@pytest.mark.parametrize(("axis", "end"), FACES)
def test_measure__liver_on_a_face_of_the_grid_is_a_lower_bound(axis, end):
    box = [(3, 8), (3, 8), (3, 8)]
    box[axis] = (0, 8) if end == 0 else (3, SHAPE[axis])
    report = measured(structures(tuple(box)), lesions((1, ((4, 5), (4, 5), (4, 5)))), None)
    for quantity in (report.tlv_ml, report.functional_tlv_ml, report.tumour_ml):
        assert quantity.bound is Bound.LOWER
        assert quantity.interval.low < quantity.value < quantity.interval.high
        assert quantity.probability(0.0, inclusive=True) is None
        assert (Cause.LIVER_CUT,) == causes_of(quantity.reasons)
        assert quantity.value > 0
    assert report.burden_fraction.bound is None
    assert (Cause.SHARE_WITHIN_SCAN,) == causes_of(report.burden_fraction.reasons)
    assert report.burden_class is BurdenClass.UP_TO_10
    assert found(report, "liver_inside_scan").verdict is Verdict.NOT_MET
    assert found(report, "lesions_inside_scan").verdict is Verdict.MET
    assert report.lesions[0].volume_ml.bound is None


@pytest.mark.parametrize(("axis", "end"), FACES)
def test_measure__lesion_on_a_face_is_a_lower_bound(axis, end):
    box = [(3, 5), (3, 5), (3, 5)]
    box[axis] = (0, 5) if end == 0 else (3, SHAPE[axis])
    whole = structures(((0, 12), (0, 13), (0, 14)))
    report = measured(whole, lesions((1, tuple(box)), (2, ((6, 7), (6, 7), (6, 7)))), None)
    cut, other = report.lesions
    assert cut.volume_ml.bound is Bound.LOWER
    assert cut.volume_ml.interval.low < cut.volume_ml.value < cut.volume_ml.interval.high
    assert (Cause.LESION_CUT,) == causes_of(cut.volume_ml.reasons)
    assert other.volume_ml.bound is None
    finding = found(report, "lesions_inside_scan")
    assert (finding.verdict, finding.value) == (Verdict.NOT_MET, 1)
    assert finding.reasons == (reason(Cause.LESIONS_AT_EDGE, 1, "1"),)


def test_measure__one_layer_away_from_the_edge_is_not_cut():
    report = measured(structures(((1, 11), (1, 12), (1, 13))), lesions(), None)
    assert report.tlv_ml.bound is None
    assert found(report, "liver_inside_scan").verdict is Verdict.MET


def test_measure__cut_segments_and_unseen_ones_are_marked():
    segments = couinaud((II, ((0, 4), (1, 11), (1, 11))), (III, ((4, 11), (1, 11), (1, 11))))
    report = measured(structures(((0, 11), (1, 11), (1, 11))), segments=segments)
    assert report.segments[II].touches_edge
    assert not report.segments[III].touches_edge
    assert report.segments[VIII].touches_edge  # without a voxel: it may lie beyond the edge


def test_measure__liver_without_segment_is_counted_for_none():
    part = couinaud((II, ((1, 4), (1, 11), (1, 11))))
    report = measured(segments=part)
    assert pytest.approx(report.unassigned_ml) == (700 - 44) * VOXEL_ML
    assert report.segments[III].total_ml == 0.0
    finding = found(report, "segments_cover_liver")
    assert (finding.verdict, finding.value) == (Verdict.NOT_MET, 0.7)
    assert report.lesions[0].segment_fractions == {II: 0.5}
    assert report.lesions[1].segment_fractions == {}


def test_measure__segments_outside_the_liver_are_counted_for_none():
    wide = couinaud((II, ((0, 4), (0, 13), (0, 14))), (III, ((4, 11), (1, 11), (1, 11))))
    report = measured(segments=wide)
    assert pytest.approx(report.segments[II].total_ml) == 300 * VOXEL_ML
    finding = found(report, "segments_inside_liver")
    assert (finding.verdict, finding.value) == (Verdict.NOT_MET, 0.428)


def test_measure__without_segments_the_reason_stands_beside_them():
    report = measured(segments=None)
    assert report.segments is None
    assert causes_of(report.segments_reasons) == (Cause.NO_COUINAUD_MAP,)
    assert report.segment_source is None
    assert report.unassigned_ml == 0.0
    assert report.lesions[0].segment_fractions is None
    assert {"segments_cover_liver", "segments_inside_liver"}.isdisjoint(
        finding.id for finding in report.quality
    )
    given = (Reason(Cause.NO_SEGMENTS_GIVEN),)
    assert given == measured(segments=None, segments_reasons=given).segments_reasons


def test_measure__source_of_segments_is_passed_on():
    report = measured(
        segment_source=SegmentSource.LANDMARKS, segments_reasons=(Reason(Cause.NO_SEGMENTS_GIVEN),)
    )
    assert report.segment_source is SegmentSource.LANDMARKS
    assert not report.segments_reasons


def test_measure__body_size_options_are_passed_on():
    patient = Patient(height_cm=170, weight_kg=70)
    report = measure(
        LIVER, LESIONS, couinaud=None, patient=patient, formula="feng2017", bsa_formula="boyd1935"
    )
    assert (
        report.standardised.formula,
        report.standardised.bsa_formula,
    ) == ("feng2017", "boyd1935")
    assert report.standardised.stlv_ml.value > 1000


def test_measure__unknown_formula():
    with pytest.raises(InputError, match="allowed are vauthey2002_bsa"):
        measured(formula="best")


def test_measure__empty_liver():
    with pytest.raises(EmptyStructureError, match="liver mask is empty"):
        measured(structures())


def test_measure__couinaud_map_of_another_study():
    with pytest.raises(EmptyStructureError, match="no voxel inside the liver"):
        measured(segments=couinaud((II, ((0, 1), (0, 13), (0, 14)))))


def test_measure__foreign_couinaud_codes():
    foreign = LabelMap(LIVER.codes, GRID, BINARY_SCHEME)
    with pytest.raises(InputError, match="codes of 'binary'"):
        measured(segments=foreign)


@pytest.mark.parametrize("which", ["lesion", "Couinaud"])
def test_measure__maps_on_other_grids(which):
    moved = Geometry(SHAPE, np.diag([-2.0, 3.0, 2.6, 1.0]))
    spots = LabelMap(LESIONS.codes, moved if which == "lesion" else GRID, INSTANCE_SCHEME)
    segments = LabelMap(SEGMENTS.codes, moved if which == "Couinaud" else GRID, COUINAUD_SCHEME)
    with pytest.raises(GeometryMismatchError, match=f"the {which} map lies on another grid"):
        measured(spots=spots, segments=segments)


def test_import__needs_neither_scipy_nor_torch():
    code = (
        "import sys, volumetry.measure, volumetry.remnant; "
        "print(sorted({'scipy', 'torch', 'pandas', 'nibabel', 'pydicom'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_measure__without_a_lesion_map_the_tumour_is_unknown_not_zero():
    phantom = liver_phantom(metastases=2, seed=5)
    report = measure(phantom.liver_mask, None, couinaud=phantom.couinaud, patient=Patient())

    assert report.tumour_ml.value is None
    assert report.burden_fraction.value is None
    assert report.burden_class is None
    assert Bound.UPPER is report.functional_tlv_ml.bound
    assert report.functional_tlv_ml.value == pytest.approx(report.tlv_ml.value)
    left = future_liver_remnant(
        report, patient=Patient(weight_kg=70.0), removed=frozenset({CouinaudSegment.II})
    )
    assert Bound.UPPER is left.flr_ml.bound
    assert Bound.UPPER is left.flr_body_weight_percent.bound
    assert left.flr_measured_fraction.indicative
    removed = debulked_fraction(report, removed=frozenset({CouinaudSegment.II}))
    assert removed.value is None
    assert {"lesions_known"} <= {f.id for f in report.quality if f.verdict is Verdict.NOT_MET}


def test_measure__cut_liver_without_a_lesion_map_bounds_nothing_functional():
    phantom = liver_phantom(metastases=0)
    index = np.argwhere(phantom.structures.codes > 0).min(axis=0)
    start = (int(index[0]) + 2, 0, 0)
    shape = (phantom.geometry.shape[0] - start[0], *phantom.geometry.shape[1:])
    cut = LabelMap(
        phantom.structures.codes[start[0] :], phantom.geometry.cropped(start, shape),
        STRUCTURE_SCHEME,
    )  # fmt: skip
    report = measure(cut, None, couinaud=None, patient=Patient())

    assert Bound.LOWER is report.tlv_ml.bound
    assert report.functional_tlv_ml.indicative


def test_measure__whole_liver_is_taken_at_the_users_word():
    shape = (7, 8, 9)
    grid = Geometry(shape, np.eye(4))
    full = LabelMap(np.ones(shape, np.uint8), grid, STRUCTURE_SCHEME)
    none = LabelMap(np.zeros(shape, np.uint16), grid, INSTANCE_SCHEME)
    doubted = measure(full, none, couinaud=None, patient=Patient())
    vouched = measure(full, none, couinaud=None, patient=Patient(), whole_liver=True)

    assert Bound.LOWER is doubted.tlv_ml.bound
    assert vouched.tlv_ml.bound is None
    by_id = {f.id: f.verdict for f in vouched.quality}
    assert Verdict.UNKNOWN is by_id["liver_inside_scan"]


@pytest.mark.parametrize(("share", "verdict"), [(0.5, Verdict.MET), (0.95, Verdict.NOT_MET)])
def test_measure__a_lesion_map_that_fills_the_liver_is_doubted(share, verdict):
    shape = (20, 18, 16)
    liver = np.zeros(shape, np.uint8)
    liver[1:-1, 1:-1, 1:-1] = 1
    lesions = np.zeros(shape, np.uint16)
    lesions[1 : 1 + round(18 * share), 1:-1, 1:-1] = 1
    grid = Geometry(shape, np.eye(4))
    report = measure(
        LabelMap(liver, grid, STRUCTURE_SCHEME),
        LabelMap(lesions, grid, INSTANCE_SCHEME),
        couinaud=None,
        patient=Patient(),
    )
    assert verdict is {f.id: f.verdict for f in report.quality}["burden_plausible"]


def test_measure__a_rejected_lesion_may_lie_outside_the_liver():
    shape = (9, 8, 7)
    liver, lesions = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    liver[1:6, 1:7, 1:6] = 1
    lesions[5:8, 2:4, 2:4] = 1
    lesions[2, 2, 2] = 2
    grid = Geometry(shape, np.eye(4))
    structures = LabelMap(liver, grid, STRUCTURE_SCHEME)
    instances = LabelMap(lesions, grid, INSTANCE_SCHEME)

    def verdict(confirmations):
        report = measure(
            structures, instances, couinaud=None, patient=Patient(), confirmations=confirmations
        )
        return {f.id: f.verdict for f in report.quality}["lesions_inside_liver"]

    assert Verdict.NOT_MET is verdict({})
    assert Verdict.NOT_MET is verdict({2: Confirmation.REJECTED})
    assert Verdict.MET is verdict({1: Confirmation.REJECTED})


# What a measured volume says where lesions are unknown


@pytest.mark.parametrize("cut", [False, True])
def test_functional_volume__without_a_lesion_map_names_what_is_unknown(cut):
    codes = np.zeros((9, 10, 11), np.uint8)
    codes[0 if cut else 2 : 6, 2:7, 2:8] = 1
    liver = LabelMap(codes, Geometry(codes.shape, np.diag([2.0, 2.0, 2.0, 1.0])), BINARY_SCHEME)
    found = measure(liver, None, couinaud=None, patient=Patient()).functional_tlv_ml
    assert causes_of(found.reasons) == (Cause.LESIONS_UNKNOWN, Cause.LIVER_CUT)[: 1 + cut]
    assert found.bound is (None if cut else Bound.UPPER)
    assert found.indicative == cut
