"""What must not change, and what must add up, on any liver and any grid."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from remnant.core.geometry import Geometry
from remnant.core.labels import (
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
)
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Bound
from remnant.core.volumes import LabelMap
from remnant.testing.liver import analytic_liver
from remnant.testing.metastases import scatter_metastases
from remnant.testing.phantoms import liver_phantom
from remnant.testing.strategies import SEEDS, geometries, grids_around, rotations
from volumetry.measure import measure
from volumetry.remnant import debulked_fraction, future_liver_remnant
from volumetry.uncertainty.error_models import GIVEN_MAPS

PATIENT = Patient(height_cm=171, weight_kg=73)
MODEL = replace(GIVEN_MAPS, draws=200)
IDS = (1, 2, 40)
FEW = settings(max_examples=40)


@dataclass(frozen=True)
class Case:
    structures: np.ndarray
    lesions: np.ndarray
    couinaud: np.ndarray
    geometry: Geometry

    def report(self, *, model=MODEL, rejected=2):
        return measure(
            LabelMap(self.structures, self.geometry, STRUCTURE_SCHEME),
            LabelMap(self.lesions, self.geometry, INSTANCE_SCHEME),
            couinaud=LabelMap(self.couinaud, self.geometry, COUINAUD_SCHEME),
            patient=PATIENT,
            confirmations={rejected: Confirmation.REJECTED},
            error_model=model,
        )

    def on(self, geometry, change):
        return Case(*(change(a) for a in (self.structures, self.lesions, self.couinaud)), geometry)


def random_case(seed, geometry):
    """Liver in the inner voxels with holes, three lesions, segments with gaps and spill."""
    rng = np.random.default_rng(seed)
    shape = geometry.shape
    inner = np.pad(np.ones([n - 2 for n in shape], np.bool_), 1)
    structures = (inner & (rng.random(shape) < 0.8)).astype(np.uint8) * rng.integers(
        1, 5, shape, np.uint8
    )
    lesions = rng.choice([0, 0, 0, 1, 2, 40], shape).astype(np.uint16)
    couinaud = rng.integers(0, 9, shape).astype(np.uint8)
    places = rng.permutation(np.argwhere(inner))[:3]
    for code, place in zip(IDS, map(tuple, places), strict=True):  # each exists
        structures[place], lesions[place], couinaud[place] = 1, code, 3
    return Case(structures, lesions, couinaud, geometry)


@st.composite
def cases(draw):
    shape = draw(st.permutations(range(5, 11)))[:3]
    return random_case(draw(SEEDS), Geometry(tuple(shape), draw(geometries()).affine_ras))


def numbers(report):
    """Every number of a report, but places, that must survive a change of the grid's axes."""
    values = [
        report.tlv_ml.value,
        report.functional_tlv_ml.value,
        report.tumour_ml.value,
        report.burden_fraction.value,
        report.unassigned_ml,
    ]
    for volumes in report.segments.values():
        values += [volumes.total_ml, volumes.functional_ml]
    for lesion in report.lesions:
        values += [lesion.volume_ml.value, lesion.feret_3d_mm, *distances(lesion)]
        values += [lesion.segment_fractions.get(s, 0.0) for s in CouinaudSegment]
    return values


def distances(lesion):
    quantities = (
        lesion.surface_distance_mm,
        lesion.portal_vein_distance_mm,
        lesion.hepatic_veins_distance_mm,
    )
    return [-1.0 if quantity.value is None else quantity.value for quantity in quantities]


def diameters(report):
    """Every number that also depends on which axis is the axial one."""
    return [(x.longest_axial_mm, x.perpendicular_axial_mm) for x in report.lesions]


def intervals(report):
    """Both ends of every interval, and the surfaces that they come from."""
    quantities = [report.tlv_ml, report.functional_tlv_ml, report.tumour_ml, report.burden_fraction]
    spans = [quantity.interval for quantity in quantities]
    for volumes in report.segments.values():
        spans += [volumes.total_interval, volumes.functional_interval]
    spans += [lesion.volume_ml.interval for lesion in report.lesions]
    ends = [value for span in spans if span for value in (span.low, span.high)]
    return [*ends, *(lesion.surface_mm2 for lesion in report.lesions), *surfaces(report)]


def surfaces(report):
    borders = report.boundaries.borders
    return [
        report.boundaries.liver_surface_mm2,
        *(border.area_mm2 for border in borders),
        *(border.first_tumour_mm2 for border in borders),
        *(border.second_tumour_mm2 for border in borders),
    ]


def same(ones, others, rel=1e-6):
    return ones == pytest.approx(others, rel=rel, abs=1e-9)


def moved(geometry, shape, matrix):
    """Grid of ``shape`` whose index ``x`` is index ``matrix @ x`` of ``geometry``."""
    return Geometry(shape, geometry.affine_ras @ matrix)


@given(case=cases())
@FEW
def test_parts__sum_to_the_whole(case):
    report = case.report()
    segments = report.segments.values()
    tlv_ml = report.tlv_ml.value
    assert tlv_ml == pytest.approx(report.functional_tlv_ml.value + report.tumour_ml.value)
    inside = sum(v.functional_ml for v in segments) + report.unassigned_ml
    assert report.functional_tlv_ml.value == pytest.approx(inside)
    counted = [lesion for lesion in report.lesions if lesion.counts]
    assert report.tumour_ml.value == pytest.approx(sum(x.volume_ml.value for x in counted))
    shares = [sum(lesion.segment_fractions.values()) for lesion in report.lesions]
    assert all(share <= 1 + 1e-12 for share in shares)


@given(case=cases(), removed=st.frozensets(st.sampled_from(CouinaudSegment)))
@FEW
def test_remnant_and_resected__sum_to_the_functional_liver(case, removed):
    report = case.report()
    kept_ml = future_liver_remnant(report, patient=PATIENT, removed=removed).flr_ml.value
    rest = frozenset(CouinaudSegment) - removed
    resected_ml = future_liver_remnant(report, patient=PATIENT, removed=rest).flr_ml.value
    whole_ml = report.functional_tlv_ml.value
    assert whole_ml == pytest.approx(kept_ml + resected_ml + report.unassigned_ml)
    debulked = [debulked_fraction(report, removed=part).value for part in (removed, rest)]
    assert sum(debulked) <= 1 + 1e-9


@given(case=cases(), removed=st.frozensets(st.sampled_from(CouinaudSegment), min_size=1))
@FEW
def test_remnant__falls_when_more_is_removed(case, removed):
    report = case.report()
    for segment in removed:
        fewer = removed - {segment}
        less, more = (
            future_liver_remnant(report, patient=PATIENT, removed=part).flr_ml.value
            for part in (fewer, removed)
        )
        assert more <= less
        low, high = (debulked_fraction(report, removed=part).value for part in (fewer, removed))
        assert low <= high


@given(case=cases(), axis=st.integers(0, 2))
@FEW
def test_measure__flips_change_nothing(case, axis):
    shape = case.geometry.shape
    matrix = np.eye(4)
    matrix[axis, axis], matrix[axis, 3] = -1, shape[axis] - 1
    flipped = case.on(moved(case.geometry, shape, matrix), lambda a: np.flip(a, axis))
    before, after = case.report(), flipped.report()
    assert same(numbers(before), numbers(after))
    assert same(intervals(before), intervals(after))
    for one, other in zip(before.lesions, after.lesions, strict=True):
        assert one.centroid_ras_mm == pytest.approx(other.centroid_ras_mm, abs=1e-6)
    assert np.allclose(diameters(before), diameters(after))


@given(case=cases(), order=st.permutations(range(3)), fortran=st.booleans())
@FEW
def test_measure__axis_and_memory_order_change_nothing(case, order, fortran):
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3)[:, order]
    shape = tuple(case.geometry.shape[axis] for axis in order)
    keep = np.asfortranarray if fortran else np.ascontiguousarray
    other = case.on(moved(case.geometry, shape, matrix), lambda a: keep(a.transpose(order)))
    before, after = case.report(), other.report()
    assert same(numbers(before), numbers(after))
    assert same(intervals(before), intervals(after))
    if order[other.geometry.axial_axis] == case.geometry.axial_axis:
        assert np.allclose(diameters(before), diameters(after))


@given(case=cases(), before=st.integers(0, 3), after=st.integers(0, 4))
@FEW
def test_measure__padding_changes_nothing(case, before, after):
    matrix = np.eye(4)
    matrix[:3, 3] = -before
    shape = tuple(n + before + after for n in case.geometry.shape)
    padded = case.on(moved(case.geometry, shape, matrix), lambda a: np.pad(a, (before, after)))
    one, other = case.report(), padded.report()
    assert same(numbers(one), numbers(other))
    assert same(intervals(one), intervals(other))
    assert np.allclose(diameters(one), diameters(other))
    assert one.tlv_ml.bound is other.tlv_ml.bound is None
    for lesion, equal in zip(one.lesions, other.lesions, strict=True):
        assert lesion.centroid_ras_mm == pytest.approx(equal.centroid_ras_mm, abs=1e-6)


@given(case=cases(), rotation=rotations())
@FEW
def test_measure__turning_the_patient_changes_nothing(case, rotation):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    turned = Geometry(case.geometry.shape, matrix @ case.geometry.affine_ras)
    before, after = case.report(), case.on(turned, lambda a: a).report()
    assert same(numbers(before), numbers(after))
    assert same(intervals(before), intervals(after))
    if turned.axial_axis == case.geometry.axial_axis:
        assert np.allclose(diameters(before), diameters(after))


@given(case=cases())
@FEW
def test_measure__twice_the_spacing_is_eight_times_the_volume(case):
    doubled = Geometry(case.geometry.shape, case.geometry.affine_ras @ np.diag([2, 2, 2, 1]))
    scaled = replace(
        MODEL,
        liver_boundary_mm=2 * MODEL.liver_boundary_mm,
        liver_patch_mm2=4 * MODEL.liver_patch_mm2,
        lesion_boundary_mm=2 * MODEL.lesion_boundary_mm,
        segment_border_mm=2 * MODEL.segment_border_mm,
    )
    before, after = case.report(), case.on(doubled, lambda a: a).report(model=scaled)
    for figure in ("tlv_ml", "functional_tlv_ml", "tumour_ml"):
        one, other = getattr(before, figure), getattr(after, figure)
        assert 8 * one.value == pytest.approx(other.value)
        assert 8 * one.interval.low == pytest.approx(other.interval.low)
        assert 8 * one.interval.high == pytest.approx(other.interval.high)
    assert before.burden_fraction.value == after.burden_fraction.value
    assert same([4 * area for area in surfaces(before)], surfaces(after))
    assert np.allclose(2 * np.array(diameters(before)), diameters(after))
    for one, other in zip(before.lesions, after.lesions, strict=True):
        assert 8 * one.volume_ml.value == pytest.approx(other.volume_ml.value)
        assert 8 * one.volume_ml.interval.high == pytest.approx(other.volume_ml.interval.high)
        assert 4 * one.surface_mm2 == pytest.approx(other.surface_mm2)
        assert 2 * one.feret_3d_mm == pytest.approx(other.feret_3d_mm)
        assert one.surface_distance_mm.value * 2 == pytest.approx(other.surface_distance_mm.value)


@given(case=cases(), numbers_given=st.permutations((3, 5, 7, 200)))
@FEW
def test_measure__other_lesion_numbers_change_nothing(case, numbers_given):
    renamed = dict(zip(IDS, numbers_given, strict=False))
    codes = np.zeros(max(IDS) + 1, np.uint16)
    codes[list(renamed)] = list(renamed.values())
    other = replace(case, lesions=codes[case.lesions])
    before, after = case.report(), other.report(rejected=renamed[2])
    found = {lesion.id: lesion for lesion in after.lesions}
    for lesion in before.lesions:
        assert replace(found[renamed[lesion.id]], id=lesion.id) == lesion
    assert before.tumour_ml.value == pytest.approx(after.tumour_ml.value)
    assert before.segments.keys() == after.segments.keys()
    counted = [lesion.volume_ml.value for lesion in before.lesions if lesion.counts]
    assume(len(set(counted)) == len(counted))  # equal lesions draw their errors by number
    assert same(intervals(before)[:8], intervals(after)[:8])


@given(case=cases())
@FEW
def test_measure__cropping_to_the_liver_turns_volumes_into_bounds(case):
    where = np.argwhere(case.structures)
    start, stop = where.min(axis=0), where.max(axis=0) + 1
    cut = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    grid = case.geometry.cropped(tuple(start), tuple(stop - start))
    before, after = case.report(), case.on(grid, lambda a: a[cut]).report()
    assert before.tlv_ml.value == pytest.approx(after.tlv_ml.value)
    assert before.tlv_ml.bound is None
    assert after.tlv_ml.bound is Bound.LOWER


SMALL = analytic_liver(0.4)


@given(
    grid=grids_around(SMALL.whole.box_mm, low_mm=1.5, high_mm=3.0, margin_mm=6.0),
    seed=st.integers(0, 1000),
)
@settings(max_examples=10)
def test_phantom__true_volumes_lie_in_the_intervals(grid, seed):
    bodies = scatter_metastases(SMALL, 3, seed=seed, radius_mm=(4.0, 8.0), gap_mm=1.0)
    phantom = liver_phantom(grid, metastases=bodies, scale=0.4, noise_hu=0.0)
    report = measure(
        phantom.structures, phantom.lesions, couinaud=phantom.couinaud, patient=PATIENT
    )
    assert report.tlv_ml.bound is None
    assert phantom.tlv_ml in report.tlv_ml.interval
    assert phantom.tumour_ml in report.tumour_ml.interval
    assert phantom.tlv_ml - phantom.tumour_ml in report.functional_tlv_ml.interval
    for lesion in report.lesions:
        assert phantom.lesions_ml[lesion.id] in lesion.volume_ml.interval
