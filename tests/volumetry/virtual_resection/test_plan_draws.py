"""Intervals of recipes against closed forms of balls and against phantoms measured anew."""

from dataclasses import replace
from math import pi, sqrt

import numpy as np
import pytest

from examples.reports import EXAMPLE_ERRORS
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    CouinaudSegment,
)
from remnant.core.patient import Patient
from remnant.core.plan_choice import AblationShape, PlanChoice
from remnant.core.quantity import UncertaintyPart
from remnant.core.recipe import Recipe
from remnant.core.units import ml_from_mm3
from remnant.core.volumes import LabelMap
from remnant.testing.phantom_shapes import Ball, digitise
from volumetry.liver_maps import liver_maps
from volumetry.measure import measure
from volumetry.uncertainty.joint_draws import (
    LesionDraws,
    ball_radius_mm,
    joint_draws,
    lesion_draws,
    spread,
)
from volumetry.virtual_resection.atoms import build_atoms
from volumetry.virtual_resection.plan_draws import Taken, drawn_recipe, plan_spread
from volumetry.virtual_resection.resection import virtual_resection
from volumetry.virtual_resection.voxel_counts import outcome

II, V = CouinaudSegment.II, CouinaudSegment.V
PATIENT = Patient(height_cm=175, weight_kg=80)
SCORE = 1.6449
"""95 % quantile of the standard normal."""
RADIUS_MM, MARGIN_MM = 10.0, 6.0
GRID = Geometry((54, 46, 48), np.diag([1.5, 1.4, 1.6, 1.0]))
NONE = replace(
    EXAMPLE_ERRORS,
    liver_boundary_mm=0.0,
    lesion_boundary_mm=0.0,
    segment_border_mm=0.0,
    formula_residual_fraction=0.0,
)
LESIONS_ONLY = replace(NONE, lesion_boundary_mm=1.0, lesion_common_share=1.0)
BORDERS_ONLY = replace(NONE, segment_border_mm=3.0)
CHOICE = PlanChoice(resection_margin_mm=MARGIN_MM, ablation_margin_mm=MARGIN_MM)
WEDGE = Recipe(wedges=(1,))
ONE_BALL = (Ball((24.0, 32.0, 38.0), RADIUS_MM),)


def case(errors, *, balls=ONE_BALL, choice=CHOICE):
    """Ball lesions in a block of liver: V below 45 mm along the first axis, II above."""
    liver = np.zeros(GRID.shape, np.uint8)
    liver[2:-2, 2:-2, 2:-2] = 1
    lesions = np.zeros(GRID.shape, np.uint16)
    for code, ball in enumerate(balls, start=1):
        lesions[digitise(ball, GRID)] = code
    couinaud = np.full(GRID.shape, V, np.uint8)
    couinaud[30:] = II
    masks = (
        LabelMap(liver, GRID, BINARY_SCHEME),
        LabelMap(lesions, GRID, INSTANCE_SCHEME),
        LabelMap(couinaud, GRID, COUINAUD_SCHEME),
    )
    report = measure(*masks[:2], couinaud=masks[2], patient=PATIENT, error_model=errors)
    ids = tuple(range(1, len(balls) + 1))
    return report, build_atoms(liver_maps(*masks), lesion_ids=ids, choice=choice).atoms


def resect(report, atoms, recipe=WEDGE):
    return virtual_resection(report, patient=PATIENT, atoms=atoms, recipe=recipe)


def without_grid(report):
    return replace(report, boundaries=replace(report.boundaries, grid_mm4=0.0))


def ball_ml(radius_mm):
    return ml_from_mm3(4.0 / 3.0 * pi * radius_mm**3)


@pytest.mark.parametrize("recipe", [WEDGE, Recipe(ablations=(1,))])
def test_wedge_of_a_ball__whole_ball_with_its_margin_moves_with_the_surface(recipe):
    """What goes is a ball of radius P + d; its 5 % and 95 % quantile are those of d."""
    report, atoms = case(LESIONS_ONLY)
    got = resect(without_grid(report), atoms, recipe)
    interval, value = got.remnant.flr_ml.interval, got.remnant.flr_ml.value
    outer_mm = float(ball_radius_mm(got.removed_ml.value + got.ablated_ml.value))
    assert pytest.approx(RADIUS_MM + MARGIN_MM, abs=0.6) == outer_mm
    more, less = (ball_ml(outer_mm + side * SCORE) - ball_ml(outer_mm) for side in (1, -1))
    assert pytest.approx(-more, rel=0.04) == interval.low - value
    assert pytest.approx(-less, rel=0.04) == interval.high - value
    assert {UncertaintyPart.SEGMENTATION} == set(interval.sds)


@pytest.mark.parametrize(
    ("shape", "tolerance"),
    [
        (AblationShape.CONFORMAL, 0.10),
        (AblationShape.SPHERE, 0.08),
        (AblationShape.ELLIPSOID, 0.4),  # one farthest voxel sets its size
    ],
)
def test_moved_surface__measured_anew_gives_what_the_draws_say(shape, tolerance):
    """The phantom with a ball 1 mm larger or smaller, counted voxel by voxel."""
    choice = replace(CHOICE, ablation_shape=shape)
    recipe = Recipe(ablations=(1,))
    report, atoms = case(LESIONS_ONLY, choice=choice)
    shared = plan_spread(without_grid(report), atoms=atoms)
    moved_mm = shared.lesions.moved_mm[0]
    got = virtual_resection(
        without_grid(report), patient=PATIENT, atoms=atoms, recipe=recipe, drawn=shared
    ).remnant.flr_ml
    for by_mm in (-1.0, 1.0):
        larger = Ball((24.0, 32.0, 38.0), RADIUS_MM + by_mm)
        _, anew = case(LESIONS_ONLY, balls=(larger,), choice=choice)
        counted_ml = outcome(anew, recipe).flr * anew.voxel_ml
        share_below = float((moved_mm > by_mm).mean())  # a larger lesion leaves less liver
        level = round(200 * share_below)
        drawn_ml = got.interval.quantiles[level]
        change_ml = counted_ml - got.value
        assert pytest.approx(change_ml, rel=tolerance) == drawn_ml - got.value


def test_intervals_of_40_drawn_lesions__hold_the_true_remnant_about_90_times_in_100():
    """The true ball on the same grid, while the lesion was drawn with a random error."""
    rng = np.random.default_rng(5)
    _, true = case(LESIONS_ONLY)
    truth_ml = outcome(true, WEDGE).flr * true.voxel_ml
    held = 0
    for _ in range(40):
        drawn = Ball((24.0, 32.0, 38.0), RADIUS_MM + float(rng.normal()))
        report, atoms = case(replace(LESIONS_ONLY, draws=400), balls=(drawn,))
        held += truth_ml in resect(report, atoms).remnant.flr_ml.interval
    assert 33 <= held <= 39


def test_recipe_that_touches_no_kept_liver__has_the_interval_of_the_segments():
    report, atoms = case(EXAMPLE_ERRORS)
    deep = Recipe(segments=(V,))
    shared = plan_spread(report, atoms=atoms)
    got = virtual_resection(report, patient=PATIENT, atoms=atoms, recipe=deep, drawn=shared)
    assert 0.0 == got.margin_ml
    expected = shared.drawn.whole.flr_ml({V})
    assert got.remnant.flr_ml.interval.median == pytest.approx(float(np.median(expected)))


def test_borders__move_the_remnant_but_not_the_debulked_share():
    report, atoms = case(BORDERS_ONLY)
    got = resect(without_grid(report), atoms, Recipe(segments=(II,), wedges=(1,)))
    assert {UncertaintyPart.SEGMENT_BORDERS} == set(got.remnant.flr_ml.interval.sds)
    assert {} == got.debulked_fraction.interval.sds
    assert (1.0, 1.0) == (got.debulked_fraction.interval.low, got.debulked_fraction.interval.high)
    area_mm2 = report.boundaries.borders[0].area_mm2
    sd_ml = got.remnant.flr_ml.interval.sds[UncertaintyPart.SEGMENT_BORDERS]
    assert pytest.approx(ml_from_mm3(area_mm2) * 3.0, rel=0.03) == sd_ml


def test_grid_alone__scatters_the_zone_as_its_surface_says():
    """The ball with its margin is one body on the grid: its voxel count scatters like any other."""
    report, atoms = case(NONE)
    recipe = Recipe(wedges=(1,))
    grid = report.boundaries.grid_mm4
    shared = plan_spread(report, atoms=atoms)
    sample = shared.lesions.zone_grid_mm2
    assert pytest.approx(sqrt(grid), rel=0.05) == float(sample.std())
    with_zone = resect(report, atoms, recipe).remnant.flr_ml.interval
    without = resect(report, atoms, Recipe()).remnant.flr_ml.interval
    assert {UncertaintyPart.DISCRETISATION} == set(with_zone.sds)
    added_ml2 = with_zone.sds[UncertaintyPart.DISCRETISATION] ** 2
    added_ml2 -= without.sds[UncertaintyPart.DISCRETISATION] ** 2
    outer_mm2 = 4.0 * pi * (RADIUS_MM + MARGIN_MM) ** 2
    inner_mm2 = 4.0 * pi * RADIUS_MM**2
    # at least the outer surface's own; at most also the lesion's, which the margin carries outwards
    assert ml_from_mm3(sqrt(grid * outer_mm2)) ** 2 * 0.8 < added_ml2
    swollen = (outer_mm2 / inner_mm2) ** 2 * inner_mm2
    assert added_ml2 < ml_from_mm3(sqrt(grid * (outer_mm2 + swollen))) ** 2 * 1.2


def test_one_of_two_balls__debulked_share_varies_with_both():
    balls = (Ball((24.0, 32.0, 38.0), 9.0), Ball((60.0, 32.0, 38.0), 7.0))
    own = replace(LESIONS_ONLY, lesion_common_share=0.0, lesion_boundary_mm=0.3)
    report, atoms = case(own, balls=balls)
    got = resect(without_grid(report), atoms, WEDGE).debulked_fraction
    share = got.value
    relative = [3 * 0.3 / ball.radius_mm for ball in balls]
    expected = share * (1 - share) * sqrt(relative[0] ** 2 + relative[1] ** 2)
    assert pytest.approx(expected, rel=0.08) == got.interval.sds[UncertaintyPart.SEGMENTATION]
    assert got.value in got.interval


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(wedges=(1, 2)),
        Recipe(ablations=(1, 2)),
        Recipe(wedges=(1,), ablations=(2,)),
        Recipe(segments=(II,), wedges=(1,), ablations=(2,)),
    ],
)
def test_shared_margin__is_taken_once_in_every_draw(recipe):
    """Of margins that overlap the shared part is divided: without errors draws are the counts."""
    balls = (Ball((24.0, 32.0, 38.0), 6.0), Ball((38.0, 32.0, 38.0), 6.0))
    report, atoms = case(NONE, balls=balls)
    shared, counted = plan_spread(without_grid(report), atoms=atoms), outcome(atoms, recipe)
    drawn = drawn_recipe(shared, atoms=atoms, recipe=recipe, fate=counted.fates)
    in_segments = int(atoms.voxels[atoms.segment == II].sum()) * (II in recipe.segments)
    expected = np.zeros(len(Taken))
    expected[Taken.FLR] = counted.margin
    expected[Taken.RESECTED] = counted.removed - in_segments
    expected[Taken.ABLATED] = counted.ablated
    expected[Taken.DEBULKED] = counted.debulked
    expected[Taken.ALL_TUMOUR] = counted.all_tumour
    for figures in (drawn.whole, *drawn.alone.values()):
        every = np.repeat(expected[:, None] * atoms.voxel_ml, figures.shape[1], axis=1)
        np.testing.assert_allclose(every, figures, rtol=1e-9)


def test_shared_draws__give_the_same_as_fresh_ones():
    report, atoms = case(EXAMPLE_ERRORS)
    shared = plan_spread(report, atoms=atoms, drawn=spread(report))
    again = virtual_resection(report, patient=PATIENT, atoms=atoms, recipe=WEDGE, drawn=shared)
    halfway = virtual_resection(
        report, patient=PATIENT, atoms=atoms, recipe=WEDGE, drawn=shared.drawn
    )
    assert resect(report, atoms) == again == halfway


def test_volumes__medians_are_the_measured_values():
    report, atoms = case(EXAMPLE_ERRORS)
    got = resect(report, atoms, Recipe(segments=(II,), ablations=(1,)))
    for quantity in (got.removed_ml, got.ablated_ml, got.remnant.flr_ml):
        assert pytest.approx(quantity.value, rel=0.02) == quantity.interval.median


def test_lesion_draws__sum_to_the_tumour_of_the_joint_draws():
    balls = (Ball((24.0, 32.0, 38.0), 9.0), Ball((60.0, 32.0, 38.0), 7.0))
    report, _ = case(EXAMPLE_ERRORS, balls=balls)
    lesions = lesion_draws(report)
    total = lesions.total(lesions.volume_terms()[None])[0]
    np.testing.assert_allclose(joint_draws(report).all_tumour_ml, total, rtol=1e-9)
    assert (1, 2) == lesions.ids


def test_lesion_draws__parts_that_move_nothing_give_the_measured_volumes():
    report, _ = case(EXAMPLE_ERRORS)
    still = lesion_draws(report, parts=(UncertaintyPart.FORMULA,))
    assert still.moved_mm is None
    total = still.total(still.volume_terms()[None])
    assert (1, EXAMPLE_ERRORS.draws) == total.shape
    assert {report.lesions[0].volume_ml.value} == set(total[0].tolist())
    assert not still.zone_grid_mm2.any()


def lesions_of(moved_mm, radius_mm=5.0):
    return LesionDraws(
        ids=(1,),
        volumes_ml=np.array([ball_ml(radius_mm)]),
        surfaces_mm2=np.array([4.0 * pi * radius_mm**2]),
        moved_mm=np.array([moved_mm]),
        mean_swelling=np.ones(1),
        zone_grid_mm2=np.zeros(len(moved_mm)),
    )


def test_terms__of_a_ball_are_exact_for_every_displacement():
    moved_mm = np.array([-5.0, -2.0, 0.0, 1.0, 3.0])
    lesions = lesions_of(moved_mm)
    shell_ml = np.array([ball_ml(9.0) - ball_ml(5.0)])
    terms = np.stack([lesions.volume_terms(), shell_ml * lesions.shell_terms(shell_ml)])
    volume, shell = lesions.total(terms)
    np.testing.assert_allclose([ball_ml(5.0 + d) for d in moved_mm], volume, atol=1e-12)
    expected = [ball_ml(9.0 + d) - ball_ml(5.0 + d) for d in moved_mm]
    np.testing.assert_allclose(expected, shell, atol=1e-12)


def test_shell_without_liver__stays_as_it_is():
    terms = lesions_of(np.array([1.0, -1.0])).shell_terms(np.zeros(1))
    assert [1.0, 0.0, 0.0, 0.0] == terms[:, 0].tolist()


def test_many_lesions__batches_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    volumes, moved = rng.uniform(1.0, 30.0, 9), rng.normal(size=(9, 50))
    radii = ball_radius_mm(volumes)
    lesions = LesionDraws(tuple(range(9)), volumes, 4 * pi * radii**2, moved, radii**0, radii[:1])
    lesions = replace(lesions, zone_grid_mm2=np.zeros(50))
    terms = lesions.volume_terms()[None]
    expected = lesions.total(terms)
    monkeypatch.setattr("volumetry.uncertainty.joint_draws.DISPLACEMENTS_AT_ONCE", 2)
    np.testing.assert_allclose(expected, lesions.total(terms), rtol=1e-12)
