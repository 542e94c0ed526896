"""Joint draws: independence where errors are independent, and lesions that do not count."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.quantity import Quantity, UncertaintyPart
from remnant.core.uncertainty import Boundaries, SegmentBorder, SegmentPlane
from remnant.core.volumetry_report import SegmentVolumes, VolumetryReport
from remnant.testing.examples import EXAMPLE_ERRORS, example_lesion
from volumetry.propagation import _Stream, joint_draws
from volumetry.standardised import standardised_volume

GRID_MM4 = 5.0
AREAS_MM2 = dict(zip(CouinaudSegment, (2e3, 4e3, 6e3, 8e3, 10e3, 12e3, 14e3, 16e3), strict=True))
UNASSIGNED_MM2 = 9e3
MANY = replace(EXAMPLE_ERRORS, draws=20_000)


def report(*, lesions=()):
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
    draws = joint_draws(report(), parts=(UncertaintyPart.DISCRETISATION,))
    areas = np.array([UNASSIGNED_MM2, *AREAS_MM2.values()])
    expected_ml = np.sqrt(GRID_MM4 * areas) / 1e3
    assert expected_ml == pytest.approx(draws.total_ml.std(axis=1), rel=0.03)
    between = np.corrcoef(draws.total_ml) - np.eye(len(areas))
    assert np.abs(between).max() < 0.035  # five standard errors of 20000 draws


def test_patches__scatter_each_part_by_its_own_surface_and_none_with_another():
    local = replace(MANY, liver_common_share=0.0)
    draws = joint_draws(replace(report(), error_model=local), parts=(UncertaintyPart.SEGMENTATION,))
    areas = np.array([UNASSIGNED_MM2, *AREAS_MM2.values()])
    expected_ml = local.liver_boundary_mm * np.sqrt(local.liver_patch_mm2 * areas) / 1e3
    assert expected_ml == pytest.approx(draws.total_ml.std(axis=1), rel=0.03)
    between = np.corrcoef(draws.total_ml) - np.eye(len(areas))
    assert np.abs(between).max() < 0.035


def test_errors__of_different_kinds_are_independent():
    """Two kinds that shared their random numbers would add up faster or slower than this."""
    lesions = (example_lesion(1, 30.0, segment_fractions={CouinaudSegment.V: 1.0}),)
    case = report(lesions=lesions)
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
    assert not joint_draws(report(lesions=(rejected,))).tumour_ml.any()


def test_lesions__of_no_volume_are_not_drawn():
    nothing = replace(example_lesion(1, 30.0), volume_ml=Quantity(0.0))
    assert not joint_draws(report(lesions=(nothing,))).tumour_ml.any()


def test_lesions__shares_beyond_one_by_rounding_take_nothing_from_the_rest():
    right = (CouinaudSegment.V, CouinaudSegment.VI, CouinaudSegment.VII)
    third = dict.fromkeys(right, 0.3333333333333334)
    draws = joint_draws(report(lesions=(example_lesion(1, 30.0, segment_fractions=third),)))
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
    draws = joint_draws(replace(report(), error_model=model), parts=(UncertaintyPart.SEGMENTATION,))
    areas = np.array([UNASSIGNED_MM2, *AREAS_MM2.values()])
    variance = share * areas**2 + (1 - share) * patch_mm2 * areas
    expected_ml = model.liver_boundary_mm * np.sqrt(variance) / 1e3
    assert expected_ml == pytest.approx(draws.total_ml.std(axis=1), rel=0.03)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_lesion__alone_has_the_whole_variance_however_it_is_shared(share):
    lesion = example_lesion(1, 100.0, segment_fractions={CouinaudSegment.V: 1.0})
    model = replace(MANY, lesion_common_share=share)
    case = replace(report(lesions=(lesion,)), error_model=model)
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
    table = {s: replace(v, surface_mm2=0.0) for s, v in report().segments.items()}
    case = replace(report(lesions=(lesion,)), boundaries=bare, segments=table)
    draws = joint_draws(case, parts=(UncertaintyPart.DISCRETISATION,))
    expected_ml = np.sqrt(GRID_MM4 * 4000.0) / 1e3
    for segment in (CouinaudSegment.IV, CouinaudSegment.V):
        assert expected_ml == pytest.approx(draws.total_ml[segment].std(), rel=0.03)
    assert np.ptp(draws.tlv_ml) == pytest.approx(0.0, abs=1e-9)
    moved = draws.total_ml[CouinaudSegment.IV] - 150.0
    tumour = draws.tumour_ml[CouinaudSegment.IV]
    assert np.where(moved > 0, moved / 4, 0.0) == pytest.approx(tumour, abs=1e-12)
