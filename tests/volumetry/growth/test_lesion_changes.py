"""The change of matched lesions, with the errors of both scans."""

from dataclasses import replace

import numpy as np
import pytest

from examples.reports import EXAMPLE_ERRORS, example_lesion
from remnant.core.comparison import MatchEvidence, MatchKind
from remnant.core.geometry import Geometry
from remnant.core.lesions import Lesion
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, causes_of
from remnant.core.uncertainty import Boundaries
from remnant.core.volumetry_report import VolumetryReport
from volumetry.growth.lesion_changes import MeasuredScan, lesion_matches
from volumetry.growth.matching import Pairing
from volumetry.lesions.calipers import axial_diameters
from volumetry.standardised.expected_volume import standardised_volume
from volumetry.uncertainty.error_models import GIVEN_MAPS

Z90 = 1.6448536
UNKNOWN = Quantity.absent(Reason(Cause.NO_RESECTION_NAMED))
SEGMENTATION, DISCRETISATION = UncertaintyPart.SEGMENTATION, UncertaintyPart.DISCRETISATION


def ball(number, radius_mm, *, bound=None):
    return Lesion(
        id=number,
        volume_ml=Quantity(
            4 / 3 * np.pi * radius_mm**3 / 1000,
            bound=bound,
            reasons=bound and Reason(Cause.LESION_CUT),
        ),
        longest_axial_mm=2 * radius_mm,
        perpendicular_axial_mm=2 * radius_mm,
        slice_corrected_3d_mm=2 * radius_mm,
        feret_3d_mm=2 * radius_mm,
        surface_mm2=4 * np.pi * radius_mm**2,
        free_surface_mm2=4 * np.pi * radius_mm**2,
        centroid_ras_mm=(0.0, 0.0, 0.0),
        segment_fractions=None,
        surface_distance_mm=UNKNOWN,
        portal_vein_distance_mm=UNKNOWN,
        hepatic_veins_distance_mm=UNKNOWN,
    )


def scan(*lesions, boundary_mm=0.5, common_share=0.5, grid_mm4=0.0, spacing_mm=0.0):
    model = replace(
        GIVEN_MAPS, lesion_boundary_mm=boundary_mm, lesion_common_share=common_share, draws=40_000
    )
    report = VolumetryReport(
        tlv_ml=Quantity(1500.0),
        functional_tlv_ml=UNKNOWN,
        tumour_ml=UNKNOWN,
        burden_fraction=UNKNOWN,
        burden_class=None,
        segments=None,
        segments_reasons=(Reason(Cause.NO_COUINAUD_MAP),),
        segment_source=None,
        unassigned_ml=0.0,
        lesions=lesions,
        standardised=standardised_volume(Patient()),
        boundaries=Boundaries(liver_surface_mm2=9e4, tumour_at_surface_mm2=0.0, grid_mm4=grid_mm4),
        error_model=model,
    )
    return MeasuredScan(report=report, axial_spacing_mm=spacing_mm)


def one(kind, before_ids, after_ids, before, after):
    paired = bool(before_ids and after_ids)
    pairing = Pairing(
        kind=kind,
        before_ids=before_ids,
        after_ids=after_ids,
        evidence=MatchEvidence.OVERLAP if paired else None,
        overlap_ml=1.0 if paired else 0.0,
        centroid_distance_mm=2.0 if paired else None,
    )
    (match,) = lesion_matches([pairing], before, after)
    return match


def half_width(quantity):
    return (quantity.interval.high - quantity.interval.low) / 2


def test_matched__figures_and_changes():
    match = one(MatchKind.MATCHED, (4,), (2,), scan(ball(4, 10.0)), scan(ball(2, 12.0)))

    assert (20.0, 24.0) == (match.longest_axial_mm.before.value, match.longest_axial_mm.after.value)
    assert 4.0 == pytest.approx(match.longest_axial_mm.difference.value)
    assert 0.2 == pytest.approx(match.longest_axial_mm.fraction.value)
    assert 1.2**3 - 1 == pytest.approx(match.volume_ml.fraction.value)
    assert MatchKind.MATCHED == match.kind
    assert (1.0, 2.0) == (match.overlap_ml, match.centroid_distance_mm)


def test_diameter__interval_of_the_change_in_closed_form():
    """Each diameter is off by twice the boundary's error; the scans are independent."""
    match = one(MatchKind.MATCHED, (1,), (1,), scan(ball(1, 15.0)), scan(ball(1, 15.0)))

    expected = Z90 * np.hypot(1.0, 1.0)
    assert expected == pytest.approx(half_width(match.longest_axial_mm.difference), rel=0.02)
    assert match.longest_axial_mm.difference.interval.low < 0
    assert match.longest_axial_mm.difference.interval.high > 0
    assert 1.0 == pytest.approx(
        match.longest_axial_mm.before.interval.sds[SEGMENTATION], rel=0.02
    )  # fmt: skip


def test_diameter__the_grid_alone():
    """The scatter of the excess over the true diameter, at each scan."""
    sharp = {"boundary_mm": 0.0, "spacing_mm": 2.0}
    match = one(
        MatchKind.MATCHED, (1,), (1,), scan(ball(1, 15.0), **sharp), scan(ball(1, 15.0), **sharp)
    )

    change = match.longest_axial_mm.difference
    sd_mm = 0.18 * 2.0 + 0.40 * 2.0**2 / 30.0
    assert Z90 * sd_mm * np.sqrt(2) == pytest.approx(half_width(change), rel=0.03)
    assert 0.0 == pytest.approx(change.interval.median, abs=0.01)
    assert not change.reasons
    assert [DISCRETISATION] == list(change.interval.sds)
    assert match.volume_ml.difference.interval is None


def test_volume__interval_of_the_change_in_closed_form():
    """A ball of 30 mm radius: nearly linear, surface times displacement."""
    match = one(
        MatchKind.MATCHED, (1,), (1,), scan(ball(1, 30.0), grid_mm4=9.0), scan(ball(1, 30.0))
    )

    surface = 4 * np.pi * 900
    sd_ml = np.sqrt(2 * (0.5 * surface) ** 2 + 9.0 * surface) / 1000
    assert Z90 * sd_ml == pytest.approx(half_width(match.volume_ml.difference), rel=0.02)
    parts = match.volume_ml.difference.interval.sds
    assert np.sqrt(9.0 * surface) / 1000 == pytest.approx(parts[DISCRETISATION], rel=0.02)


@pytest.mark.parametrize(("common_share", "width"), [(0.0, np.sqrt(2)), (1.0, 2.0)])
def test_merged__sums_with_what_the_lesions_of_a_scan_share(common_share, width):
    before = scan(ball(1, 15.0), ball(2, 15.0), common_share=common_share)

    match = one(MatchKind.MERGED, (1, 2), (7,), before, scan(ball(7, 20.0), boundary_mm=0.0))

    assert 60.0 == match.longest_axial_mm.before.value
    assert -20.0 == pytest.approx(match.longest_axial_mm.difference.value)
    assert 2 * 15.0**3 / 20.0**3 == pytest.approx(
        match.volume_ml.before.value / match.volume_ml.after.value
    )
    assert Z90 * width == pytest.approx(half_width(match.longest_axial_mm.difference), rel=0.02)


@pytest.mark.parametrize(
    ("kind", "before_ids", "after_ids", "cause"),
    [
        (MatchKind.NEW, (), (1,), Cause.NOT_FOUND_BEFORE),
        (MatchKind.GONE, (1,), (), Cause.NOT_FOUND_AFTER),
        (MatchKind.REJECTED_BEFORE, (1,), (1,), Cause.REJECTED_BEFORE),
        (MatchKind.REJECTED_AFTER, (1,), (1,), Cause.REJECTED_AFTER),
    ],
)
def test_new_gone_and_rejected__have_no_change_but_a_reason(kind, before_ids, after_ids, cause):
    match = one(kind, before_ids, after_ids, scan(ball(1, 9.0)), scan(ball(1, 9.0)))

    for change in (match.volume_ml, match.longest_axial_mm):
        there, absent = change.before, change.after
        if kind in (MatchKind.NEW, MatchKind.REJECTED_BEFORE):
            there, absent = absent, there
        assert there.value is not None
        for quantity in (absent, change.difference, change.fraction):
            assert quantity.value is None
            assert (cause,) == causes_of(quantity.reasons)


def test_cut_lesion__bounds_the_change():
    cut = scan(ball(1, 12.0, bound=Bound.LOWER))
    whole = scan(ball(1, 10.0))

    grown = one(MatchKind.MATCHED, (1,), (1,), whole, cut)
    shrunk = one(MatchKind.MATCHED, (1,), (1,), cut, whole)
    both = one(MatchKind.MATCHED, (1,), (1,), cut, cut)

    for name in ("volume_ml", "longest_axial_mm"):
        assert Bound.LOWER == getattr(grown, name).difference.bound
        assert Bound.UPPER == getattr(shrunk, name).fraction.bound
        assert getattr(both, name).difference.indicative
    merged = one(
        MatchKind.MERGED, (1, 2), (1,), scan(ball(1, 9.0), ball(2, 9.0, bound=Bound.LOWER)), whole
    )
    assert Bound.LOWER == merged.volume_ml.before.bound
    assert (Reason(Cause.LESION_CUT),) == merged.volume_ml.before.reasons


def test_same_seed__gives_the_same_intervals_and_two_scans_their_own_errors():
    first = one(MatchKind.MATCHED, (1,), (1,), scan(ball(1, 9.0)), scan(ball(1, 9.0)))
    again = one(MatchKind.MATCHED, (1,), (1,), scan(ball(1, 9.0)), scan(ball(1, 9.0)))

    assert first == again
    # were the errors those of one scan, the change of equal lesions would be exact
    assert 0.5 < half_width(first.longest_axial_mm.difference)


def test_errors_of_a_lesion__do_not_depend_on_the_others():
    pairings = [
        Pairing(kind=MatchKind.MATCHED, before_ids=(n,), after_ids=(n,),
                evidence=MatchEvidence.OVERLAP, overlap_ml=1.0, centroid_distance_mm=0.0)
        for n in (1, 2, 3)
    ]  # fmt: skip
    sides = [scan(ball(1, 9.0), ball(2, 8.0), ball(3, 7.0), grid_mm4=4.0, spacing_mm=2.0)] * 2

    forwards = lesion_matches(pairings, *sides)
    backwards = lesion_matches(pairings[::-1], *sides)
    alone = lesion_matches(pairings[1:2], *sides)

    assert forwards == backwards[::-1]
    assert forwards[1:2] == alone
    first, second = (
        lesion_matches(pairings[:2], *[scan(ball(1, 9.0), ball(2, 9.0))] * 2)[n].volume_ml
        for n in (0, 1)
    )
    assert first.difference.interval != second.difference.interval  # each has errors of its own


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_unchanged__the_median_change_is_nothing(share):
    sides = [scan(ball(5, 9.0), common_share=share, grid_mm4=4.0, spacing_mm=2.0)] * 2
    change = one(MatchKind.MATCHED, (5,), (5,), *sides)
    assert 0.0 == pytest.approx(change.longest_axial_mm.difference.interval.median, abs=0.01)
    assert 0.0 == pytest.approx(change.volume_ml.difference.interval.median, abs=0.005)


@pytest.mark.parametrize(("second_mm", "noted"), [(0.7, False), (0.769, False), (0.771, True)])
def test_other_spacing__is_said(second_mm, noted):
    change = one(MatchKind.MATCHED, (1,), (1,), scan(ball(1, 9.0), spacing_mm=0.7),
                 scan(ball(1, 9.0), spacing_mm=second_mm)).longest_axial_mm  # fmt: skip
    for quantity in (change.difference, change.fraction):
        assert noted == (Cause.OTHER_VOXELS in causes_of(quantity.reasons))
    assert not change.before.reasons


def placed_mm(diameter_mm, spacing_mm, slice_mm, random):
    """Longest axial diameter of a ball on a grid that lies anywhere."""
    steps = np.array((spacing_mm, spacing_mm, slice_mm))
    counts = np.ceil(diameter_mm / 2 / steps).astype(int) + 1
    axes = [
        (np.arange(-n, n + 1) + random.uniform(-0.5, 0.5)) * step
        for n, step in zip(counts, steps, strict=True)
    ]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    mask = x**2 + y**2 + z**2 <= (diameter_mm / 2) ** 2
    return axial_diameters(mask, Geometry(mask.shape, np.diag([*steps, 1.0]))).longest_mm


@pytest.mark.parametrize("diameter_mm", [10.0, 20.0, 33.0])
@pytest.mark.parametrize(
    ("first", "second"),
    [((0.7, 1.0), (2.5, 2.5)), ((1.5, 5.0), (1.5, 5.0)), ((2.5, 2.5), (2.5, 2.5)),
     ((0.7, 1.0), (1.5, 5.0))],
)  # fmt: skip
def test_unchanged_ball__is_not_called_grown_by_the_grid(diameter_mm, first, second):
    """No error but the grids: 0 is in 85 % of the intervals, and they are not too wide for it."""
    random = np.random.default_rng(7)
    grids = [
        np.array([placed_mm(diameter_mm, *grid, random) for _ in range(24)])
        for grid in (first, second)
    ]
    # where the ends lie about the change hardly depends on the measured diameter: one for all
    middle = [
        MeasuredScan(
            report=scan(ball(1, lengths.mean() / 2), boundary_mm=0.0).report,
            axial_spacing_mm=grid[0], slice_spacing_mm=grid[1],
        )
        for lengths, grid in zip(grids, (first, second), strict=True)
    ]  # fmt: skip
    change = one(MatchKind.MATCHED, (1,), (1,), *middle).longest_axial_mm.difference
    found = np.subtract.outer(grids[1], grids[0])
    low, high = (end - change.value for end in (change.interval.low, change.interval.high))
    covered = np.mean((found + low <= 0.0) & (found + high >= 0.0))

    assert covered >= 0.85
    finer, coarser = sorted((first[0], second[0]))
    slices_mm = 0.18 * max(first[1], second[1]) ** 2 / diameter_mm
    assert high - low <= 2 * Z90 * np.sqrt(2) * (0.35 * coarser + slices_mm)
    if coarser > 3 * finer:
        assert change.value > 0.5 * (coarser - finer)  # the measured change is left as it is
        assert abs(change.interval.median) < 0.5 * change.value


# Changes of a lesion so small that its boundary's error may take all of it


ABSENT = Quantity.absent(Reason(Cause.NO_RESECTION_NAMED))
PAIR = Pairing(
    kind=MatchKind.MATCHED,
    before_ids=(1,),
    after_ids=(1,),
    evidence=MatchEvidence.OVERLAP,
    overlap_ml=0.1,
    centroid_distance_mm=0.0,
)


def ball_scan(diameter_mm, *, boundary_mm):
    lesion = example_lesion(1, np.pi / 6 * diameter_mm**3 / 1e3)
    report = VolumetryReport(
        tlv_ml=Quantity(1500.0),
        functional_tlv_ml=ABSENT,
        tumour_ml=ABSENT,
        burden_fraction=ABSENT,
        burden_class=None,
        segments=None,
        segments_reasons=(Reason(Cause.NO_COUINAUD_MAP),),
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
    unsure, sure = ball_scan(2.0, boundary_mm=1.0), ball_scan(2.0, boundary_mm=0.0)
    (match,) = lesion_matches([PAIR], unsure, sure)
    before, change = match.longest_axial_mm.before, match.longest_axial_mm.difference
    assert before.interval.low == 0.0
    assert before.probability(0.5, inclusive=True) == pytest.approx(0.773, abs=0.03)
    assert change.interval.high == pytest.approx(2.0)
    assert match.volume_ml.difference.interval.high == pytest.approx(np.pi / 6 * 8 / 1e3)
