"""Joint draws against what can be derived in closed form."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from examples.reports import EXAMPLE_ERRORS, example_lesion
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason
from remnant.core.uncertainty import Boundaries, SegmentBorder, SegmentPlane
from remnant.core.volumetry_report import SegmentVolumes, VolumetryReport
from volumetry.standardised.expected_volume import standardised_volume
from volumetry.uncertainty.joint_draws import _Stream, joint_draws, plane_of, spread, swollen_ml

I, II, III, IV, V, VI, VII, VIII = CouinaudSegment  # noqa: E741
LEFT = (II, III, IV)
RIGHT = (V, VI, VII, VIII)
SURFACES_MM2 = dict(
    zip(CouinaudSegment, (4e3, 15e3, 9e3, 14e3, 13e3, 12e3, 13e3, 15e3), strict=True)
)
TOTALS_ML = dict(zip(CouinaudSegment, (30.0, 150, 120, 200, 220, 200, 240, 340), strict=True))
SURFACE_MM2 = sum(SURFACES_MM2.values())
TLV_ML = sum(TOTALS_ML.values()) + 1.0  # 1 mL belongs to no segment
BORDERS = tuple(
    SegmentBorder(
        first=a, second=b, area_mm2=area + tumour, first_tumour_mm2=tumour, second_tumour_mm2=tumour
    )
    for a, b, area, tumour in (
        (II, III, 2000.0, 0.0),
        (II, IV, 1500.0, 0.0),
        (III, IV, 2500.0, 0.0),
        (IV, V, 4000.0, 0.0),
        (IV, VIII, 3500.0, 500.0),
        (VI, VIII, 300.0, 0.0),
    )
)
SHARED = {IV: 0.5, VIII: 0.5}
LESIONS = (
    example_lesion(1, 40.0, segment_fractions=SHARED),
    example_lesion(2, 4.0, segment_fractions={II: 1.0}),
    example_lesion(3, 0.5, segment_fractions={VI: 0.75}),
)
ONLY = UncertaintyPart


def report(*, lesions=LESIONS, segments=True, errors=EXAMPLE_ERRORS, borders=BORDERS):
    tumour = sum(lesion.volume_ml.value for lesion in lesions)
    table = {
        s: SegmentVolumes(
            total_ml=TOTALS_ML[s],
            functional_ml=TOTALS_ML[s]
            - sum(le.volume_ml.value * le.segment_fractions.get(s, 0.0) for le in lesions),
            touches_edge=False,
            surface_mm2=SURFACES_MM2[s],
        )
        for s in CouinaudSegment
    }
    return VolumetryReport(
        tlv_ml=Quantity(TLV_ML),
        functional_tlv_ml=Quantity(TLV_ML - tumour),
        tumour_ml=Quantity(tumour),
        burden_fraction=Quantity(tumour / TLV_ML),
        burden_class=None,
        segments=table if segments else None,
        segments_reasons=() if segments else (Reason(Cause.SEGMENTS_UNKNOWN),),
        segment_source=None,
        unassigned_ml=0.0,
        lesions=lesions,
        standardised=standardised_volume(Patient(height_cm=175, weight_kg=80)),
        boundaries=Boundaries(
            liver_surface_mm2=SURFACE_MM2,
            tumour_at_surface_mm2=0.0,
            grid_mm4=0.2,
            borders=borders if segments else (),
        ),
        error_model=errors,
    )


def sd(sample):
    return float(np.std(sample))


def test_draws__the_same_report_gives_the_same_ones():
    first, again, other = (joint_draws(report(), seed=seed) for seed in (None, None, 5))
    np.testing.assert_array_equal(first.total_ml, again.total_ml)
    assert not np.array_equal(first.total_ml, other.total_ml)


def test_draws__linear_volumes_have_the_measured_mean():
    draws = joint_draws(report(lesions=(), borders=BORDERS[:4]))
    for segment in CouinaudSegment:
        assert draws.total_ml[segment].mean() == pytest.approx(TOTALS_ML[segment])
    assert draws.tlv_ml.mean() == pytest.approx(TLV_ML)
    assert not draws.all_tumour_ml.any()


def test_liver__spread_in_closed_form():
    model = EXAMPLE_ERRORS
    share, patch = model.liver_common_share, model.liver_patch_mm2 / SURFACE_MM2
    expected_ml = model.liver_boundary_mm * SURFACE_MM2 * np.sqrt(share + (1 - share) * patch) / 1e3
    draws = joint_draws(report(), parts=(ONLY.SEGMENTATION,))
    assert sd(draws.tlv_ml) == pytest.approx(expected_ml, rel=0.04)  # of 4000 draws, 3.5 sd
    grid = joint_draws(report(), parts=(ONLY.DISCRETISATION,))
    assert sd(grid.tlv_ml) == pytest.approx(np.sqrt(0.2 * SURFACE_MM2) / 1e3, rel=0.04)


def test_liver__segments_are_less_sure_than_the_whole():
    draws = joint_draws(report(lesions=()), parts=(ONLY.SEGMENTATION,))
    apart = sum(sd(draws.total_ml[s]) ** 2 for s in CouinaudSegment) ** 0.5
    assert apart < sd(draws.tlv_ml) < sum(sd(draws.total_ml[s]) for s in CouinaudSegment)


@pytest.mark.parametrize("figure", ["tlv_ml", "all_tumour_ml", "functional_tlv_ml"])
def test_liver__dividing_it_does_not_change_the_whole(figure):
    inside = LESIONS[:2]
    undivided = tuple(replace(lesion, segment_fractions=None) for lesion in inside)
    divided = joint_draws(report(lesions=inside))
    whole = joint_draws(replace(report(lesions=inside, segments=False), lesions=undivided))
    np.testing.assert_allclose(getattr(divided, figure), getattr(whole, figure))


def test_lesions__relabelling_them_does_not_change_the_tumour():
    swapped = tuple(replace(le, id=9 - le.id) for le in reversed(LESIONS))
    np.testing.assert_array_equal(
        joint_draws(report(lesions=swapped)).tumour_ml, joint_draws(report()).tumour_ml
    )


@pytest.mark.parametrize("displacement_mm", [-12.0, -9.0, -0.5, 0.0, 2.0])
def test_swollen__exact_for_a_ball(displacement_mm):
    radius_mm = 10.0
    volume_ml = 4 / 3 * np.pi * radius_mm**3 / 1e3
    surface_mm2 = 4 * np.pi * radius_mm**2
    expected = 4 / 3 * np.pi * max(radius_mm + displacement_mm, 0.0) ** 3 / 1e3
    found = swollen_ml(np.array([volume_ml]), np.array([displacement_mm * surface_mm2]))
    assert found[0] == pytest.approx(expected)


def test_lesions__partly_outside_the_segments_count_whole():
    draws = joint_draws(report(errors=EXAMPLE_ERRORS), parts=())
    assert draws.all_tumour_ml == pytest.approx(44.5)
    assert draws.tumour_ml[VI] == pytest.approx(0.375)
    assert draws.tumour_ml[0] == pytest.approx(0.125)


def test_lesions__many_are_drawn_in_batches(monkeypatch):
    whole = joint_draws(report()).tumour_ml
    monkeypatch.setattr("volumetry.uncertainty.joint_draws.LESIONS_AT_ONCE", 2)
    np.testing.assert_allclose(joint_draws(report()).tumour_ml, whole)


def test_lesions__common_errors_do_not_average_out():
    spots = tuple(example_lesion(n, 2.0, segment_fractions={V: 1.0}) for n in range(1, 51))
    spreads = [
        sd(joint_draws(report(lesions=spots, errors=replace(EXAMPLE_ERRORS, lesion_common_share=c)),
                       parts=(ONLY.SEGMENTATION,)).all_tumour_ml)
        for c in (0.0, 1.0)
    ]  # fmt: skip
    assert spreads[1] == pytest.approx(spreads[0] * np.sqrt(50), rel=0.08)


def test_borders__move_volume_from_one_segment_to_the_other():
    draws = joint_draws(report(), parts=(ONLY.SEGMENT_BORDERS,))
    np.testing.assert_allclose(draws.tlv_ml, TLV_ML)
    np.testing.assert_allclose(draws.all_tumour_ml, 44.5)
    moved = draws.total_ml[III] - TOTALS_ML[III]
    assert sd(moved) == pytest.approx(np.hypot(2.0, 2.5) * 3.0, rel=0.04)  # two planes


def test_borders__a_plane_moves_as_one():
    draws = joint_draws(report(), parts=(ONLY.SEGMENT_BORDERS,))
    flr_ml = draws.flr_ml(frozenset(RIGHT))
    functional_mm2 = 4000.0 + 3500.0
    assert sd(flr_ml) == pytest.approx(3.0 * functional_mm2 / 1e3, rel=0.04)
    left_tumour = draws.tumour_in(LEFT)
    assert np.corrcoef(flr_ml, left_tumour)[0, 1] == pytest.approx(1.0)
    assert sd(left_tumour) == pytest.approx(3.0 * 500.0 / 1e3, rel=0.04)


def test_planes__every_pair_of_segments_has_one():
    sides = {
        SegmentPlane.MAIN: LEFT,
        SegmentPlane.UMBILICAL: (II, III),
        SegmentPlane.RIGHT: (V, VIII),
        SegmentPlane.RIGHT_TRANSVERSE: (V, VI),
        SegmentPlane.LEFT_TRANSVERSE: (II,),
        SegmentPlane.CAUDATE: (I,),
    }
    for first, second in combinations(CouinaudSegment, 2):
        border = SegmentBorder(
            first=first,
            second=second,
            area_mm2=1.0,
            first_tumour_mm2=0.0,
            second_tumour_mm2=0.0,
        )
        plane, side = plane_of(border)
        grows = sides[plane]
        assert (first in grows) != (second in grows)
        assert side == (1 if first in grows else -1)


def test_ratios__a_shared_boundary_narrows_them():
    draws = joint_draws(report(lesions=()), parts=(ONLY.SEGMENTATION,))
    flr_ml, whole_ml = draws.flr_ml(frozenset(RIGHT)), draws.functional_tlv_ml
    joint = sd(flr_ml / whole_ml) / np.mean(flr_ml / whole_ml)
    apart = np.hypot(sd(flr_ml) / np.mean(flr_ml), sd(whole_ml) / np.mean(whole_ml))
    assert joint < 0.75 * apart


def test_formula__factor_is_log_normal_and_acts_alone():
    draws = joint_draws(report(), parts=(ONLY.FORMULA,))
    assert sd(np.log(draws.formula_factor)) == pytest.approx(0.15, rel=0.04)
    assert np.median(draws.formula_factor) == pytest.approx(1.0)
    assert np.ptp(draws.total_ml, axis=1).max() == 0.0
    assert (joint_draws(report(), parts=(ONLY.SEGMENTATION,)).formula_factor == 1.0).all()


def test_spread__parts_alone_add_up_to_the_whole_where_linear():
    drawn = spread(report(lesions=()))
    parts = [sd(draws.flr_ml(frozenset(RIGHT))) for draws in drawn.alone.values()]
    assert set(UncertaintyPart) == set(drawn.alone)
    assert sd(drawn.whole.flr_ml(frozenset(RIGHT))) == pytest.approx(
        np.hypot.reduce(parts), rel=0.05
    )


def test_draws__volumes_never_turn_negative():
    model = replace(
        EXAMPLE_ERRORS, liver_boundary_mm=10.0, segment_border_mm=30.0, lesion_boundary_mm=10.0
    )
    draws = joint_draws(report(errors=model))
    assert min(draws.total_ml.min(), draws.tumour_ml.min(), draws.functional_ml.min()) == 0.0


def test_draws__no_surface_no_scatter():
    nowhere = Boundaries(liver_surface_mm2=0.0, tumour_at_surface_mm2=0.0, grid_mm4=0.2)
    bare = replace(report(lesions=(), segments=False), boundaries=nowhere)
    assert np.ptp(joint_draws(bare).tlv_ml) == 0.0


def test_draws__an_odd_number():
    model = replace(EXAMPLE_ERRORS, draws=101)
    assert joint_draws(report(errors=model)).total_ml.shape == (9, 101)


def thin(area_mm2=6000.0, first_tumour_mm2=0.0, second_tumour_mm2=0.0):
    """Segment I is a slab of 5 mm against segment IV: planes may move through all of it."""
    border = SegmentBorder(
        first=I,
        second=IV,
        area_mm2=area_mm2,
        first_tumour_mm2=first_tumour_mm2,
        second_tumour_mm2=second_tumour_mm2,
    )
    return report(
        lesions=(), borders=(border,), errors=replace(EXAMPLE_ERRORS, segment_border_mm=10.0)
    )


def test_borders__a_segment_gives_no_more_than_it_has():
    draws = joint_draws(thin(), parts=(ONLY.SEGMENT_BORDERS,))
    np.testing.assert_allclose(draws.tlv_ml, TLV_ML)
    assert draws.total_ml[I].min() == 0.0
    assert draws.total_ml[IV].max() == pytest.approx(TOTALS_ML[I] + TOTALS_ML[IV])


def test_borders__tissue_of_the_losing_side_changes_its_segment():
    lesion = example_lesion(1, 20.0, segment_fractions={IV: 1.0})
    border = SegmentBorder(
        first=IV, second=VIII, area_mm2=4000.0, first_tumour_mm2=1000.0, second_tumour_mm2=0.0
    )
    draws = joint_draws(report(lesions=(lesion,), borders=(border,)), parts=(ONLY.SEGMENT_BORDERS,))
    backward = draws.total_ml[VIII] > TOTALS_ML[VIII]
    gained = draws.total_ml[VIII] - TOTALS_ML[VIII]
    np.testing.assert_allclose(draws.tumour_ml[VIII][backward], gained[backward] / 4)
    assert not draws.tumour_ml[VIII][~backward].any()
    np.testing.assert_allclose(draws.all_tumour_ml, 20.0)


def test_lesions__the_sum_of_many_small_ones_stays_at_the_measurement():
    spots = tuple(example_lesion(n, 0.1, segment_fractions={V: 1.0}) for n in range(1, 301))
    alone = replace(EXAMPLE_ERRORS, lesion_boundary_mm=1.0, lesion_common_share=0.0)
    draws = joint_draws(report(lesions=spots, errors=alone))
    assert np.median(draws.all_tumour_ml) == pytest.approx(30.0, rel=0.02)


def test_lesions__only_what_is_free_swells():
    held = example_lesion(1, 40.0, segment_fractions=SHARED, free_surface_mm2=0.0)
    draws = joint_draws(report(lesions=(held,), borders=()), parts=(ONLY.SEGMENTATION,))
    np.testing.assert_allclose(draws.all_tumour_ml, 40.0)


def test_liver__tumour_at_the_capsule_ends_with_it():
    everywhere = report(
        lesions=(example_lesion(1, TLV_ML, segment_fractions={}, free_surface_mm2=0.0),),
        segments=False,
    )
    whole = Boundaries(
        liver_surface_mm2=SURFACE_MM2, tumour_at_surface_mm2=SURFACE_MM2, grid_mm4=0.2
    )
    draws = joint_draws(replace(everywhere, boundaries=whole))
    np.testing.assert_allclose(draws.all_tumour_ml, draws.tlv_ml)
    assert np.ptp(draws.tlv_ml) > 0.0


def test_draws__tumour_never_exceeds_the_liver():
    large = example_lesion(1, TLV_ML - 10.0, segment_fractions={})
    draws = joint_draws(report(lesions=(large,), segments=False))
    assert (draws.all_tumour_ml <= draws.tlv_ml).all()


# Joint draws: independence where errors are independent, and lesions that do not count


GRID_MM4 = 5.0
AREAS_MM2 = dict(zip(CouinaudSegment, (2e3, 4e3, 6e3, 8e3, 10e3, 12e3, 14e3, 16e3), strict=True))
UNASSIGNED_MM2 = 9e3
MANY = replace(EXAMPLE_ERRORS, draws=20_000)


def even(*, lesions=()):
    table = {
        s: SegmentVolumes(
            total_ml=150.0, functional_ml=150.0, touches_edge=False, surface_mm2=AREAS_MM2[s]
        )
        for s in CouinaudSegment
    }
    return VolumetryReport(
        tlv_ml=Quantity(1250.0),
        functional_tlv_ml=Quantity(1250.0),
        tumour_ml=Quantity(0.0),
        burden_fraction=Quantity(0.0),
        burden_class=None,
        segments=table,
        segments_reasons=(),
        segment_source=None,
        unassigned_ml=50.0,
        lesions=lesions,
        standardised=standardised_volume(Patient()),
        boundaries=Boundaries(
            liver_surface_mm2=sum(AREAS_MM2.values()) + UNASSIGNED_MM2,
            tumour_at_surface_mm2=0.0,
            grid_mm4=GRID_MM4,
        ),
        error_model=MANY,
    )


def test_grid__scatters_each_part_by_its_own_surface_and_none_with_another():
    draws = joint_draws(even(), parts=(UncertaintyPart.DISCRETISATION,))
    areas = np.array([UNASSIGNED_MM2, *AREAS_MM2.values()])
    expected_ml = np.sqrt(GRID_MM4 * areas) / 1e3
    assert expected_ml == pytest.approx(draws.total_ml.std(axis=1), rel=0.03)
    between = np.corrcoef(draws.total_ml) - np.eye(len(areas))
    assert np.abs(between).max() < 0.035  # five standard errors of 20000 draws


def test_patches__scatter_each_part_by_its_own_surface_and_none_with_another():
    local = replace(MANY, liver_common_share=0.0)
    draws = joint_draws(replace(even(), error_model=local), parts=(UncertaintyPart.SEGMENTATION,))
    areas = np.array([UNASSIGNED_MM2, *AREAS_MM2.values()])
    expected_ml = local.liver_boundary_mm * np.sqrt(local.liver_patch_mm2 * areas) / 1e3
    assert expected_ml == pytest.approx(draws.total_ml.std(axis=1), rel=0.03)
    between = np.corrcoef(draws.total_ml) - np.eye(len(areas))
    assert np.abs(between).max() < 0.035


def test_errors__of_different_kinds_are_independent():
    """Two kinds that shared their random numbers would add up faster or slower than this."""
    lesions = (example_lesion(1, 30.0, segment_fractions={CouinaudSegment.V: 1.0}),)
    case = even(lesions=lesions)
    whole, parts = joint_draws(case), [joint_draws(case, parts=(part,)) for part in UncertaintyPart]
    for figure in ("tlv_ml", "all_tumour_ml", "functional_tlv_ml"):
        alone = np.hypot.reduce([getattr(draws, figure).std() for draws in parts])
        assert alone == pytest.approx(getattr(whole, figure).std(), rel=0.02)
    independent = np.corrcoef((whole.tlv_ml, whole.all_tumour_ml, whole.formula_factor))
    assert np.abs(independent - np.eye(3)).max() < 0.035


def test_lesions__rejected_ones_are_not_drawn():
    rejected = example_lesion(
        1, 30.0, segment_fractions={CouinaudSegment.V: 1.0}, confirmation=Confirmation.REJECTED
    )
    assert not joint_draws(even(lesions=(rejected,))).tumour_ml.any()


def test_lesions__of_no_volume_are_not_drawn():
    nothing = replace(example_lesion(1, 30.0), volume_ml=Quantity(0.0))
    assert not joint_draws(even(lesions=(nothing,))).tumour_ml.any()


def test_lesions__shares_beyond_one_by_rounding_take_nothing_from_the_rest():
    right = (CouinaudSegment.V, CouinaudSegment.VI, CouinaudSegment.VII)
    third = dict.fromkeys(right, 0.3333333333333334)
    draws = joint_draws(even(lesions=(example_lesion(1, 30.0, segment_fractions=third),)))
    assert (draws.tumour_ml[0] == 0.0).all()


def test_streams_and_planes__each_has_a_number_of_its_own():
    """Two kinds of error under one number would be one error."""
    assert len(_Stream) == len(_Stream.__members__)
    assert sorted(SegmentPlane) == list(range(len(SegmentPlane.__members__)))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 1.0])
def test_liver__common_and_local_errors_share_the_variance(share):
    """Of a part with surface a of A: sd² (share a² + (1 - share) patch a)."""
    patch_mm2 = 30_000.0
    model = replace(MANY, liver_common_share=share, liver_patch_mm2=patch_mm2)
    draws = joint_draws(replace(even(), error_model=model), parts=(UncertaintyPart.SEGMENTATION,))
    areas = np.array([UNASSIGNED_MM2, *AREAS_MM2.values()])
    variance = share * areas**2 + (1 - share) * patch_mm2 * areas
    expected_ml = model.liver_boundary_mm * np.sqrt(variance) / 1e3
    assert expected_ml == pytest.approx(draws.total_ml.std(axis=1), rel=0.03)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_lesion__alone_has_the_whole_variance_however_it_is_shared(share):
    lesion = example_lesion(1, 100.0, segment_fractions={CouinaudSegment.V: 1.0})
    model = replace(MANY, lesion_common_share=share)
    case = replace(even(lesions=(lesion,)), error_model=model)
    for part, expected_ml in (
        (UncertaintyPart.SEGMENTATION, model.lesion_boundary_mm * lesion.surface_mm2 / 1e3),
        (UncertaintyPart.DISCRETISATION, np.sqrt(GRID_MM4 * lesion.surface_mm2) / 1e3),
    ):
        found = joint_draws(case, parts=(part,)).all_tumour_ml
        assert expected_ml == pytest.approx(found.std(), rel=0.03)


def test_border__scatters_by_its_own_area_on_the_grid():
    border = SegmentBorder(
        first=CouinaudSegment.IV,
        second=CouinaudSegment.V,
        area_mm2=4000.0,
        first_tumour_mm2=0.0,
        second_tumour_mm2=1000.0,
    )
    bare = Boundaries(
        liver_surface_mm2=0.0, tumour_at_surface_mm2=0.0, grid_mm4=GRID_MM4, borders=(border,)
    )
    lesion = example_lesion(
        1, 20.0, segment_fractions={CouinaudSegment.V: 1.0}, free_surface_mm2=0.0
    )
    table = {s: replace(v, surface_mm2=0.0) for s, v in even().segments.items()}
    case = replace(even(lesions=(lesion,)), boundaries=bare, segments=table)
    draws = joint_draws(case, parts=(UncertaintyPart.DISCRETISATION,))
    expected_ml = np.sqrt(GRID_MM4 * 4000.0) / 1e3
    for segment in (CouinaudSegment.IV, CouinaudSegment.V):
        assert expected_ml == pytest.approx(draws.total_ml[segment].std(), rel=0.03)
    assert np.ptp(draws.tlv_ml) == pytest.approx(0.0, abs=1e-9)
    moved = draws.total_ml[CouinaudSegment.IV] - 150.0
    tumour = draws.tumour_ml[CouinaudSegment.IV]
    assert np.where(moved > 0, moved / 4, 0.0) == pytest.approx(tumour, abs=1e-12)
