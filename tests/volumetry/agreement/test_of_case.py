"""Masks against masks: by hand, by properties, and against MONAI and surface-distance.

Dice, IoU, the surface Dice, its distances, areas and quantiles have one definition here and in
both libraries, so the figures must be equal. MONAI's Hausdorff distance runs between the centres
of edge voxels, ours between voxel corners on the surface. Every such corner lies half a voxel
diagonal h from the centre of an edge voxel and the reverse, so the two sets of points are within h
of each other, and the maxima within 2 h. Its 95 % quantile counts edge voxels, ours area: equal
only where the same distance holds at the quantile, as for a moved box.
"""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from remnant.core.agreement import METRICS
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, causes_of
from remnant.testing.grids import half_voxel_diagonal_mm
from remnant.testing.strategies import geometries, rotations, spacings
from volumetry.agreement.of_case import (
    ROUNDING_MM,
    compare_masks,
    quantile_mm,
)
from volumetry.surface_elements import SurfaceDistances, surface_distances

SHAPE = (15, 13, 11)
SEEDS = st.integers(0, 2**32 - 1)
SYMMETRIC = ("dice", "iou", "nsd", "hd95_mm", "hd_mm", "assd_mm")
LENGTHS = ("hd95_mm", "hd_mm", "assd_mm")
VOLUMES = ("prediction_ml", "truth_ml", "volume_difference_ml")


def grid(spacing_mm, shape=SHAPE):
    return Geometry(shape, np.diag([*spacing_mm, 1.0]))


def blob(seed, shape=SHAPE):
    """A smooth random shape, not empty, away from no edge."""
    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.7)
    return field > np.quantile(field, 0.8)


def compared(prediction, truth, geometry, tolerance_mm=2.0):
    return compare_masks(prediction, truth, geometry, structure="liver", tolerance_mm=tolerance_mm)


def values(agreement, names=METRICS):
    return {name: getattr(agreement, name).value for name in names}


def assert_same(one, other, names=METRICS):
    assert values(one, names) == pytest.approx(values(other, names), rel=1e-9, abs=1e-9)


def assume_decided(prediction, truth, geometry, tolerance_mm=2.0):
    """Pass over the rare case in which rounding alone decides whether a distance is tolerated."""
    ways = surface_distances(prediction, truth, geometry)
    limit_mm = tolerance_mm + ROUNDING_MM
    assume(all(np.abs(way.distances_mm - limit_mm).min() > 5 * ROUNDING_MM for way in ways))


# By hand


def moved_boxes(step):
    truth = np.zeros((30, 12, 14), dtype=bool)
    truth[4:16, 2:10, 3:11] = True
    return np.roll(truth, step, axis=0), truth


def test_moved_box__by_hand():
    prediction, truth = moved_boxes(3)
    found = compared(prediction, truth, grid((2.0, 1.0, 1.0), truth.shape), tolerance_mm=5.9)

    assert found.truth_ml.value == pytest.approx(12 * 8 * 8 * 2 / 1000)
    assert found.volume_difference_ml.value == 0.0
    assert found.volume_difference_percent.value == 0.0
    assert found.dice.value == 9 / 12
    assert found.iou.value == 9 / 15
    assert found.sensitivity.value == found.precision.value == 9 / 12
    assert found.hd_mm.value == 6.0
    assert found.hd95_mm.value == 6.0
    assert 0.0 < found.nsd.value < 1.0


def test_tolerance__includes_the_very_distance_even_as_float32():
    prediction, truth = moved_boxes(1)
    spacing = float(np.float32(0.7))
    spacing_above = float(np.nextafter(np.float32(0.7), np.float32(1)))

    for step in (spacing, spacing_above):
        found = compared(prediction, truth, grid((step, 1.0, 1.0), truth.shape), tolerance_mm=0.7)
        assert found.nsd.value == 1.0


def test_volume_difference__has_the_sign_of_the_prediction():
    truth = np.zeros((7, 8, 9), dtype=bool)
    truth[1:5, 1:5, 1:6] = True
    prediction = truth.copy()
    prediction[1:5, 1:5, 1] = False
    found = compared(prediction, truth, grid((1, 1, 1), truth.shape))

    assert found.volume_difference_ml.value == pytest.approx(-0.016)
    assert found.volume_difference_percent.value == pytest.approx(-20.0)
    assert found.precision.value == 1.0
    assert found.sensitivity.value == 0.8


def test_masks__of_two_shapes_or_a_negative_tolerance_are_refused():
    one, other = np.ones((2, 3, 4), bool), np.ones((4, 3, 2), bool)
    with pytest.raises(InputError, match="one shape"):
        compared(one, other, grid((1, 1, 1)))
    for tolerance_mm in (-1.0, float("nan")):
        with pytest.raises(InputError, match="at least 0 mm"):
            compared(one, one, grid((1, 1, 1)), tolerance_mm)


# Empty masks: a measurement or an absence with its reason, never NaN


def test_empty__both():
    nothing = np.zeros(SHAPE, dtype=bool)
    found = compared(nothing, nothing, grid((1, 1, 2)))
    absent = [name for name in METRICS if getattr(found, name).value is None]

    assert {"prediction_ml": 0.0, "truth_ml": 0.0, "volume_difference_ml": 0.0} == values(
        found, VOLUMES
    )
    assert [name for name in METRICS if name not in VOLUMES] == absent
    assert all(getattr(found, name).reasons for name in absent)
    assert (Cause.MASKS_EMPTY,) == causes_of(found.dice.reasons)


@pytest.mark.parametrize("empty", ["prediction", "truth"])
def test_empty__one(empty):
    masks = {"prediction": blob(1), "truth": blob(1), empty: np.zeros(SHAPE, dtype=bool)}
    found = compared(masks["prediction"], masks["truth"], grid((1, 1, 2)))
    cause = Cause.PREDICTION_EMPTY if empty == "prediction" else Cause.TRUTH_EMPTY

    assert [0.0] * 3 == [found.dice.value, found.iou.value, found.nsd.value]
    assert all(getattr(found, name).value is None for name in LENGTHS)
    assert all((cause,) == causes_of(getattr(found, name).reasons) for name in LENGTHS)
    if empty == "prediction":
        assert (0.0, None) == (found.sensitivity.value, found.precision.value)
        assert found.volume_difference_percent.value == -100.0
    else:
        assert (None, 0.0) == (found.sensitivity.value, found.precision.value)
        assert found.volume_difference_percent.value is None


# Properties


@given(SEEDS, geometries())
def test_identity__is_perfect_on_every_grid(seed, geometry):
    mask = np.random.default_rng(seed).random(geometry.shape) < 0.4
    mask[0, 0, 0] = True
    found = compared(mask, mask, geometry, tolerance_mm=0.0)

    assert [1.0] * 5 == list(
        values(found, ("dice", "iou", "sensitivity", "precision", "nsd")).values()
    )
    assert [0.0] * 3 == list(values(found, LENGTHS).values())


@given(SEEDS, SEEDS, geometries())
def test_symmetry__prediction_and_truth_may_be_exchanged(one, other, geometry):
    a, b = (blob(seed, geometry.shape) for seed in (one, other))
    assume_decided(a, b, geometry)
    forth, back = compared(a, b, geometry), compared(b, a, geometry)

    assert_same(forth, back, SYMMETRIC)
    assert forth.sensitivity.value == back.precision.value
    assert forth.volume_difference_ml.value == -back.volume_difference_ml.value


@given(SEEDS, SEEDS, st.tuples(*[st.integers(0, 3)] * 3), spacings())
def test_translation__and_padding_change_nothing(one, other, start, spacing_mm):
    a, b = blob(one), blob(other)
    assume_decided(a, b, grid(spacing_mm))
    pad = [(n, 3 - n) for n in start]
    moved = [np.pad(mask, pad) for mask in (a, b)]

    assert_same(compared(a, b, grid(spacing_mm)), compared(*moved, grid(spacing_mm)))


@given(SEEDS, SEEDS, st.permutations(range(3)), st.sets(st.integers(0, 2)), spacings())
def test_flips_and_axes__change_nothing(one, other, order, flips, spacing_mm):
    a, b = blob(one), blob(other)
    assume_decided(a, b, grid(spacing_mm))
    turned = [np.flip(mask.transpose(order), tuple(flips)) for mask in (a, b)]
    turned_grid = grid([spacing_mm[axis] for axis in order])

    assert_same(compared(a, b, grid(spacing_mm)), compared(*turned, turned_grid))


@given(SEEDS, SEEDS, rotations(), spacings())
def test_oblique_grids__measure_the_same(one, other, rotation, spacing_mm):
    a, b = blob(one), blob(other)
    assume_decided(a, b, grid(spacing_mm))
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = rotation @ np.diag(spacing_mm)
    affine_ras[:3, 3] = (-312.0, 47.0, 1020.0)

    assert_same(compared(a, b, grid(spacing_mm)), compared(a, b, Geometry(SHAPE, affine_ras)))


@given(SEEDS, SEEDS, st.floats(0.25, 4.0), spacings(0.5, 2.0))
def test_scale__lengths_grow_by_it_and_ratios_stay(one, other, factor, spacing_mm):
    a, b = blob(one), blob(other)
    large_grid = grid([factor * s for s in spacing_mm])
    assume_decided(a, b, grid(spacing_mm), 0.9)
    assume_decided(a, b, large_grid, 0.9 * factor)
    small = compared(a, b, grid(spacing_mm), tolerance_mm=0.9)
    large = compared(a, b, large_grid, tolerance_mm=0.9 * factor)

    for name in METRICS:
        power = 1 if name in LENGTHS else 3 if name in VOLUMES else 0
        expected = getattr(small, name).value * factor**power
        assert getattr(large, name).value == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(SEEDS, SEEDS, geometries())
def test_distances__are_in_order(one, other, geometry):
    found = compared(blob(one, geometry.shape), blob(other, geometry.shape), geometry)

    assert 0.0 <= found.assd_mm.value <= found.hd_mm.value
    assert 0.0 <= found.hd95_mm.value <= found.hd_mm.value
    assert found.iou.value <= found.dice.value
    assert found.dice.value == pytest.approx(2 * found.iou.value / (1 + found.iou.value))


@given(SEEDS, SEEDS, spacings())
def test_tolerance__more_of_it_finds_more_surface(one, other, spacing_mm):
    a, b = blob(one), blob(other)
    shares = [compared(a, b, grid(spacing_mm), t).nsd.value for t in (0.0, 1.0, 3.0, 100.0)]

    assert sorted(shares) == shares
    assert shares[-1] == 1.0


@pytest.mark.parametrize("area_mm2", [0.1, 0.3, 1.0, 7.7])
def test_quantile__reached_exactly_is_reached_whatever_rounding_says(area_mm2):
    """19 of 20 equal elements are 95 % of the area; 18 of 20 are not."""
    areas = np.full(20, area_mm2)
    near = SurfaceDistances(np.array([1.0] * 19 + [5.0]), areas)
    far = SurfaceDistances(np.array([5.0] + [1.0] * 18 + [9.0]), areas)

    assert 1.0 == quantile_mm(near, 0.95)
    assert 5.0 == quantile_mm(far, 0.95)


# Against other programs


def surface_distance():
    reason = "surface-distance is not installed: it is in the extra test"
    return pytest.importorskip("surface_distance", reason=reason)


@given(SEEDS, SEEDS, spacings(), st.floats(0.0, 6.0))
@settings(max_examples=20)
def test_surfaces__equal_those_of_surface_distance(one, other, spacing_mm, tolerance_mm):
    library = surface_distance()
    a, b = blob(one), blob(other)
    assume_decided(a, b, grid(spacing_mm), tolerance_mm)
    found = compared(a, b, grid(spacing_mm), tolerance_mm)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it imports from old names of scipy
        theirs = library.compute_surface_distances(b, a, spacing_mm)
    areas = theirs["surfel_areas_gt"].sum(), theirs["surfel_areas_pred"].sum()
    average = library.compute_average_surface_distance(theirs)

    dice = library.compute_dice_coefficient(b, a)
    hd_mm = library.compute_robust_hausdorff(theirs, 100.0)
    hd95_mm = library.compute_robust_hausdorff(theirs, 95.0)
    nsd = library.compute_surface_dice_at_tolerance(theirs, tolerance_mm)
    assert found.dice.value == pytest.approx(dice, rel=1e-12)
    assert found.nsd.value == pytest.approx(nsd, abs=1e-9)
    assert found.hd_mm.value == pytest.approx(hd_mm, rel=1e-9)
    assert found.hd95_mm.value == pytest.approx(hd95_mm, rel=1e-9)
    assert found.assd_mm.value == pytest.approx(np.average(average, weights=areas), rel=1e-9)


@given(SEEDS, SEEDS, spacings(), st.floats(0.0, 6.0))
@settings(max_examples=15)
def test_figures__against_those_of_monai(one, other, spacing_mm, tolerance_mm):
    import torch
    from monai.metrics import DiceMetric, HausdorffDistanceMetric, SurfaceDiceMetric

    a, b = blob(one), blob(other)
    assume_decided(a, b, grid(spacing_mm), tolerance_mm)
    found = compared(a, b, grid(spacing_mm), tolerance_mm)
    pair = [torch.from_numpy(mask.copy())[None, None].float() for mask in (a, b)]
    dice = DiceMetric()(*pair).item()
    nsd = SurfaceDiceMetric([tolerance_mm], include_background=True, use_subvoxels=True)
    hausdorff = HausdorffDistanceMetric(include_background=True)
    slack_mm = 2 * half_voxel_diagonal_mm(grid(spacing_mm))

    # MONAI counts in float32
    assert found.dice.value == pytest.approx(dice, rel=1e-6)
    their_nsd = nsd(*pair, spacing=list(spacing_mm)).item()
    assert found.nsd.value == pytest.approx(their_nsd, abs=1e-5)
    their_hd_mm = hausdorff(*pair, spacing=list(spacing_mm)).item()
    assert abs(found.hd_mm.value - their_hd_mm) <= slack_mm * (1 + 1e-6)


@given(SEEDS, SEEDS, spacings())
@settings(max_examples=15)
def test_quantile__is_that_of_monais_elements_by_their_area(one, other, spacing_mm):
    import torch
    from monai.metrics.utils import get_edge_surface_distance

    a, b = blob(one), blob(other)
    pair = [torch.from_numpy(mask.copy()) for mask in (a, b)]
    edges, distances, areas = get_edge_surface_distance(
        *pair, spacing=list(spacing_mm), use_subvoxels=True, symmetric=True
    )
    theirs = []
    for edge, distance, area in zip(edges, distances, areas, strict=True):
        order = np.argsort(distance.numpy())
        share = np.cumsum(area[edge].numpy()[order], dtype=np.float64)
        theirs.append((distance.numpy()[order], share / share[-1]))

    # float32: the quantile may be the one just below or just above
    low = max(d[np.searchsorted(s, 0.95 - 1e-5)] for d, s in theirs)
    high = max(d[min(np.searchsorted(s, 0.95 + 1e-5), d.size - 1)] for d, s in theirs)
    found = compared(a, b, grid(spacing_mm)).hd95_mm.value
    assert low * (1 - 1e-5) <= found <= high * (1 + 1e-5)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.5, 0.8, 0.8), (0.7, 3.0, 1.1)])
def test_hausdorff_95__of_a_moved_box_is_monais(spacing_mm):
    """A tenth or more of each surface is a face at the distance of the move, so both say that."""
    import torch
    from monai.metrics import HausdorffDistanceMetric

    prediction, truth = moved_boxes(5)
    pair = [torch.from_numpy(mask.copy())[None, None].float() for mask in (prediction, truth)]
    metric = HausdorffDistanceMetric(include_background=True, percentile=95)
    found = compared(prediction, truth, grid(spacing_mm, truth.shape))

    theirs = metric(*pair, spacing=list(spacing_mm)).item()
    assert found.hd95_mm.value == pytest.approx(theirs, rel=1e-6)
    assert found.hd95_mm.value == pytest.approx(5 * spacing_mm[0], rel=1e-9)


def test_surface__at_the_edge_of_the_grid_is_a_surface_too():
    full = np.ones((3, 4, 5), dtype=bool)
    one, _ = surface_distances(full, full, grid((1, 1, 1), full.shape))

    assert 4 * 5 * 6 - 2 * 3 * 4 == one.areas_mm2.size


# Agreement of masks: reasons of what is absent, and quantiles that fall on an element's end


GRID = Geometry((5, 6, 7), np.diag([1.0, 2.0, 3.0, 1.0]))
NOTHING, SOME = np.zeros(GRID.shape, np.bool_), np.zeros(GRID.shape, np.bool_)
SOME[1:3, 2:4, 3:5] = True


@pytest.mark.parametrize(
    ("prediction", "truth", "causes"),
    [
        (NOTHING, NOTHING, (Cause.MASKS_EMPTY,) * 4),
        (SOME, NOTHING, (Cause.TRUTH_EMPTY, None, Cause.TRUTH_EMPTY, None)),
        (NOTHING, SOME, (None, Cause.PREDICTION_EMPTY, Cause.PREDICTION_EMPTY, None)),
        (SOME, SOME, (None, None, None, None)),
    ],
)
def test_reasons__of_what_is_absent(prediction, truth, causes):
    found = compare_masks(prediction, truth, GRID, structure="liver", tolerance_mm=1.0)
    figures = (found.sensitivity, found.precision, found.hd95_mm, found.nsd)
    assert causes == tuple(next(iter(causes_of(f.reasons)), None) for f in figures)
    assert [cause is None for cause in causes] == [f.value is not None for f in figures]


@pytest.mark.parametrize("count", [20, 40, 60, 100, 200, 1000])
@pytest.mark.parametrize("area_mm2", [0.1, 0.3, 1.0, 0.7])
def test_quantile__an_end_that_is_met_but_for_rounding_is_met(count, area_mm2):
    way = SurfaceDistances(np.arange(float(count)), np.full(count, area_mm2))
    assert quantile_mm(way, 0.95) == 0.95 * count - 1


@pytest.mark.parametrize(("share", "expected"), [(0.5, 1.0), (0.51, 2.0), (0.25, 1.0), (1.0, 2.0)])
def test_quantile__of_two_elements_out_of_order(share, expected):
    way = SurfaceDistances(np.array([2.0, 1.0]), np.array([3.0, 3.0]))
    assert expected == quantile_mm(way, share)
