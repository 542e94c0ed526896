"""Virtual resection against counts of every voxel by itself, and against worked phantoms."""

from dataclasses import replace
from functools import cached_property
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.reports import EXAMPLE_ERRORS
from remnant.core.debulking import Fate
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    CouinaudSegment,
)
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.plan_choice import AblationShape, PlanChoice
from remnant.core.quantity import Bound
from remnant.core.reasons import Cause, causes_of
from remnant.core.recipe import Recipe
from remnant.core.volumes import LabelMap
from remnant.testing.strategies import SEEDS, geometries
from volumetry.liver_maps import liver_maps
from volumetry.measure import measure
from volumetry.remnant import future_liver_remnant
from volumetry.virtual_resection.atoms import build_atoms, treated_zones
from volumetry.virtual_resection.plan_draws import plan_spread
from volumetry.virtual_resection.resection import (
    PLAN_SCHEME,
    plan_map,
    treated_map,
    virtual_resection,
)
from volumetry.virtual_resection.voxel_counts import fates, outcome

I, II, III, IV, V, VI, VII, VIII = CouinaudSegment  # noqa: E741
PATIENT = Patient(height_cm=175, weight_kg=80)
BARE = PlanChoice(resection_margin_mm=0.0, ablation_margin_mm=0.0)
LESIONS = (1, 2, 3)


class Case:
    """Maps, their atoms, and their report once it is asked for."""

    def __init__(
        self, liver, lesions, segments, *, geometry=None, choice=None, confirmations=None
    ):  # fmt: skip
        grid = geometry or Geometry(liver.shape, np.diag([2.0, 2.0, 2.0, 1.0]))
        structures = LabelMap(liver.astype(np.uint8), grid, BINARY_SCHEME)
        tumour = None if lesions is None else LabelMap(lesions, grid, INSTANCE_SCHEME)
        couinaud = None if segments is None else LabelMap(segments, grid, COUINAUD_SCHEME)
        self.masks = (structures, tumour, couinaud)
        self.confirmations = confirmations or {}
        self.maps = liver_maps(structures, tumour, couinaud)
        ids = tuple(
            n for n in np.unique(self.maps.lesions).tolist() if n and n not in self.confirmations
        )
        self.zones = build_atoms(self.maps, lesion_ids=ids, choice=choice or PlanChoice())
        self.atoms = self.zones.atoms

    @cached_property
    def report(self):
        structures, tumour, couinaud = self.masks
        return measure(
            structures, tumour, couinaud=couinaud, patient=PATIENT,
            confirmations=self.confirmations, error_model=replace(EXAMPLE_ERRORS, draws=200),
        )  # fmt: skip

    def resect(self, recipe, **shared):
        return virtual_resection(
            self.report, patient=PATIENT, atoms=self.atoms, recipe=recipe, **shared
        )


def block(shape=(24, 26, 28), *, pad=2, halves=(V, II), lesions=()):
    """A block of liver in two segments along the first axis, with block lesions in it."""
    liver = np.zeros(shape, bool)
    liver[tuple(slice(pad, n - pad) for n in shape)] = True
    codes = np.zeros(shape, np.uint16)
    for code, corner, size in lesions:
        codes[tuple(slice(a, a + n) for a, n in zip(corner, size, strict=True))] = code
    segments = np.full(shape, halves[0], np.uint8)
    segments[shape[0] // 2 :] = halves[1]
    return liver, codes, segments


def random_case(geometry, seed, choice=None):
    """Liver with holes, three block lesions of any kind, any segments; kept off the grid's edge."""
    rng = np.random.default_rng(seed)
    liver = np.zeros(geometry.shape, bool)
    inner = (slice(1, -1),) * 3
    liver[inner] = rng.random(liver[inner].shape) < 0.9
    liver[geometry.shape[0] // 2, geometry.shape[1] // 2, geometry.shape[2] // 2] = True
    lesions = np.zeros(geometry.shape, np.uint16)
    for code in LESIONS:
        start = rng.integers(1, np.array(geometry.shape) - 1)
        stop = start + rng.integers(1, 4, 3)
        lesions[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))] = code
    segments = rng.integers(0, 9, geometry.shape).astype(np.uint8)
    segments[liver & (rng.random(liver.shape) < 0.5)] = rng.integers(1, 9)
    return Case(liver, lesions, segments, geometry=geometry, choice=choice)


def recipes(lesions=LESIONS):
    some = st.lists(st.sampled_from(lesions), unique=True).map(sorted).map(tuple)
    segments = st.lists(st.sampled_from(CouinaudSegment), unique=True).map(sorted).map(tuple)
    return st.builds(Recipe, segments=segments, wedges=some, ablations=some)


def grids():
    return geometries(largest=9).filter(lambda geometry: min(geometry.shape) > 4)


def known(case, recipe):
    """Leave out lesions that have no voxel."""
    there = case.atoms.lesion_ids
    return Recipe(
        segments=recipe.segments,
        wedges=tuple(n for n in recipe.wedges if n in there),
        ablations=tuple(n for n in recipe.ablations if n in there),
    )


def fates_in_words(case, recipe):
    """The rule on lesions, written down once more."""
    lesion_of, segment_of = case.maps.lesions.ravel(), case.maps.segments.ravel()
    fate = {}
    for lesion in case.atoms.lesion_ids:
        own = segment_of[lesion_of == lesion].tolist()
        where = {s for s in own if own.count(s) >= max(1, 0.01 * len(own))}
        if where <= set(recipe.segments):
            fate[lesion] = Fate.WITH_SEGMENTS
        elif lesion in recipe.wedges:
            fate[lesion] = Fate.WEDGE
        elif where & set(recipe.segments):
            fate[lesion] = Fate.CUT
        else:
            fate[lesion] = Fate.ABLATED if lesion in recipe.ablations else Fate.STAYS
    return fate


def around(case, places, fate, wanted):
    """Voxels in the margin, or zone, of any lesion with a fate."""
    pairs = zip(case.atoms.lesion_ids, places, strict=True)
    return set().union(*(part.tolist() for lesion, part in pairs if fate[lesion] is wanted))


def voxel_by_voxel(case, recipe, fate):
    """What becomes of every voxel of the liver, by the rules in words."""
    maps, zones = case.maps, case.zones
    lesion_of, segment_of = maps.lesions.ravel().tolist(), maps.segments.ravel().tolist()
    by_rank = (
        ("margin", around(case, zones.resection, fate, Fate.WITH_SEGMENTS)),
        ("wedge_margin", around(case, zones.resection, fate, Fate.WEDGE)),
        ("zone", around(case, zones.ablation, fate, Fate.ABLATED)),
        ("kept", {voxel for voxel, segment in enumerate(segment_of) if segment}),
    )
    becomes = {}
    for voxel in np.flatnonzero(maps.liver.ravel()).tolist():
        taken = segment_of[voxel] in recipe.segments
        own = fate.get(lesion_of[voxel])
        if own is not None:
            becomes[voxel] = f"cut_{taken}" if own is Fate.CUT else own.value
        elif taken:
            becomes[voxel] = "segments"
        else:
            names = (name for name, places in by_rank if voxel in places)
            becomes[voxel] = next(names, "kept_unassigned")
    return becomes


CODES = {
    "kept": 1, "kept_unassigned": 1, "segments": 2, "margin": 2, "with_segments": 2, "cut_True": 2,
    "wedge_margin": 3, "wedge": 3, "zone": 4, "ablated": 4, "cut_False": 5, "stays": 5,
}  # fmt: skip


@given(geometry=grids(), seed=SEEDS, recipe=recipes(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_outcome_and_map__every_voxel_by_itself(geometry, seed, recipe, data):
    choice = PlanChoice(
        resection_margin_mm=data.draw(st.floats(0.0, 10.0)),
        ablation_margin_mm=data.draw(st.floats(0.0, 10.0)),
        ablation_shape=data.draw(st.sampled_from(AblationShape)),
    )
    case = random_case(geometry, seed, choice)
    recipe = known(case, recipe)
    fate = fates_in_words(case, recipe)
    becomes = voxel_by_voxel(case, recipe, fate)
    count = lambda *names: sum(list(becomes.values()).count(name) for name in names)  # noqa: E731
    got = outcome(case.atoms, recipe)
    assert fate == got.fates == fates(case.atoms, recipe)
    assert count("kept") == got.flr
    assert count("kept_unassigned") == got.kept[0]
    assert count("margin", "wedge_margin", "zone") == got.margin
    removed = ("segments", "margin", "wedge_margin", "with_segments", "wedge", "cut_True")
    assert count(*removed) == got.removed
    assert count("zone", "ablated") == got.ablated
    assert count("with_segments", "wedge", "ablated", "cut_True") == got.debulked
    assert count("stays", "cut_False") == got.residual
    drawn = plan_map(case.maps, case.zones, recipe)
    inside = drawn.codes[case.maps.box].ravel()
    assert {v: CODES[name] for v, name in becomes.items()} == {
        v: int(inside[v]) for v in np.flatnonzero(inside).tolist()
    }
    assert drawn.codes.astype(bool).sum() == len(becomes)
    assert PLAN_SCHEME == drawn.scheme


@given(geometry=grids(), seed=SEEDS, recipe=recipes(), other=recipes())
@settings(max_examples=10, deadline=None)
def test_map__of_the_treated_lesions_zones_is_that_of_all_zones(geometry, seed, recipe, other):
    case = random_case(geometry, seed)
    both = [known(case, one) for one in (recipe, other)]
    found = [fates(case.atoms, one) for one in both]
    zones = treated_zones(case.maps, found, choice=PlanChoice())
    for one, fate in zip(both, found, strict=True):
        expected = plan_map(case.maps, case.zones, one)
        np.testing.assert_array_equal(
            expected.codes, treated_map(case.maps, zones, one, fate).codes
        )
    resected = {Fate.WITH_SEGMENTS, Fate.WEDGE}
    taken = {lesion for fate in found for lesion in fate if fate[lesion] in resected}
    assert set(zones.resection) <= taken


@given(geometry=grids(), seed=SEEDS, recipe=recipes())
@settings(max_examples=25, deadline=None)
def test_virtual_resection__volumes_are_voxels_times_their_volume(geometry, seed, recipe):
    case = random_case(geometry, seed)
    recipe = known(case, recipe)
    counted, got = outcome(case.atoms, recipe), case.resect(recipe)
    voxel_ml = geometry.voxel_volume_ml
    assert pytest.approx(counted.removed * voxel_ml) == got.removed_ml.value
    assert pytest.approx(counted.ablated * voxel_ml) == got.ablated_ml.value
    assert pytest.approx(counted.margin * voxel_ml) == got.margin_ml
    assert pytest.approx(counted.residual * voxel_ml) == got.residual_tumour_ml.value
    flr_ml = got.remnant.flr_ml.value
    if flr_ml is None:
        assert (Cause.NOTHING_REMOVED,) == causes_of(got.remnant.flr_ml.reasons)
    else:
        assert pytest.approx(counted.flr * voxel_ml) == flr_ml
    kept_and_gone = sum(counted.kept) + counted.removed + counted.ablated + counted.residual
    assert case.maps.liver.sum() == kept_and_gone


@given(geometry=grids(), seed=SEEDS, recipe=recipes(), more=st.floats(0.0, 8.0))
@settings(max_examples=40, deadline=None)
def test_larger_margins__never_leave_more_liver(geometry, seed, recipe, more):
    small, large = (
        random_case(
            geometry,
            seed,
            PlanChoice(resection_margin_mm=m, ablation_margin_mm=m, largest_zone_mm=300.0),
        )
        for m in (2.0, 2.0 + more)
    )
    recipe = known(small, recipe)
    # one centre serves both margins, so that the larger ball holds the smaller one
    assert outcome(small.atoms, recipe).flr >= outcome(large.atoms, recipe).flr


@given(geometry=grids(), seed=SEEDS, recipe=recipes(), lesion=st.sampled_from(LESIONS))
@settings(max_examples=40, deadline=None)
def test_another_ablation__never_leaves_more_liver_or_tumour(geometry, seed, recipe, lesion):
    case = random_case(geometry, seed)
    fewer = known(case, recipe)
    added = tuple(sorted({*recipe.ablations, lesion}))
    more = known(case, Recipe(segments=recipe.segments, wedges=recipe.wedges, ablations=added))
    before, after = outcome(case.atoms, fewer), outcome(case.atoms, more)
    assert before.flr >= after.flr
    assert before.debulked <= after.debulked


def test_overlapping_margins__are_a_union_not_a_sum():
    """Two lesions of one voxel, 2 voxels apart; margins of 2 voxels hold 33 lattice points each."""
    single = ((1, (11, 13, 13), (1, 1, 1)), (2, (13, 13, 13), (1, 1, 1)))
    choice = PlanChoice(resection_margin_mm=4.0)
    case = Case(*block(lesions=single, halves=(V, V)), choice=choice)
    ball = {p for p in np.ndindex(5, 5, 5) if ((np.array(p) - 2) ** 2).sum() <= 4}
    other = {(i + 2, j, k) for i, j, k in ball}
    alone = outcome(case.atoms, Recipe(wedges=(1,)))
    both = outcome(case.atoms, Recipe(wedges=(1, 2)))
    assert 33 == len(ball)
    assert 31 == alone.margin  # without the lesion and the other one
    assert 53 == len(ball | other) - 2 == both.margin
    assert (2, 2) == (both.debulked, both.interventions)


def test_recipe_by_hand__right_half_wedge_and_ablation():
    lesions = (
        (1, (4, 10, 10), (4, 4, 4)),  # in V
        (2, (18, 6, 6), (2, 2, 2)),  # in II
        (3, (18, 18, 18), (3, 3, 3)),  # in II
        (4, (11, 18, 6), (2, 2, 2)),  # half in each
    )
    case = Case(*block(lesions=lesions))
    recipe = Recipe(segments=(V,), wedges=(2,), ablations=(3,))
    got = case.resect(recipe)
    expected = {1: Fate.WITH_SEGMENTS, 2: Fate.WEDGE, 3: Fate.ABLATED, 4: Fate.CUT}
    assert expected == got.fates
    tumour = 64 + 8 + 27 + 8
    assert pytest.approx((64 + 8 + 27 + 4) / tumour) == got.debulked_fraction.value
    assert pytest.approx(4 * 0.008) == got.residual_tumour_ml.value
    assert (1, 3) == (got.ablation_zones, got.interventions)
    extended = case.resect(Recipe(segments=(V,), wedges=(2, 4), ablations=(3,)))
    assert Fate.WEDGE is extended.fates[4]
    assert 1.0 == extended.debulked_fraction.value
    assert extended.margin_ml > got.margin_ml


def test_cut_lesion__is_not_ablated_too():
    case = Case(*block(lesions=((1, (11, 10, 10), (2, 2, 2)),)))
    got = case.resect(Recipe(segments=(V,), ablations=(1,)))
    assert {1: Fate.CUT} == got.fates
    assert (0, 1) == (got.ablation_zones, got.interventions)
    assert 0.0 == got.ablated_ml.value


def test_sliver_across_a_border__does_not_cut_a_lesion():
    """4 of 404 voxels, under 1 %, lie beyond the border; they go with the lesion."""
    case = Case(*block(lesions=((1, (7, 4, 4), (5, 8, 10)), (1, (12, 4, 4), (1, 2, 2)))))
    got = outcome(case.atoms, Recipe(segments=(V,)))
    assert {1: Fate.WITH_SEGMENTS} == got.fates
    assert 404 == got.debulked
    assert {1: Fate.STAYS} == outcome(case.atoms, Recipe(segments=(II,))).fates


@pytest.mark.parametrize("size", range(9))
def test_bare_segments__are_the_future_liver_remnant(size):
    """With no margins, every set of that many segments leaves exactly what volumetry says."""
    geometry = Geometry((12, 13, 14), np.array(np.diag([2.0, 3.0, 2.5, 1.0])))
    case = random_case(geometry, 4, BARE)
    shared = plan_spread(case.report, atoms=case.atoms)
    for removed in combinations(CouinaudSegment, size):
        got = case.resect(Recipe(segments=removed), drawn=shared)
        expected = future_liver_remnant(
            case.report, patient=PATIENT, removed=frozenset(removed), drawn=shared.drawn
        )
        assert expected == got.remnant


def test_nothing_done__leaves_all_segments_and_debulks_nothing():
    case = Case(*block(lesions=((1, (4, 10, 10), (4, 4, 4)),)))
    got = case.resect(Recipe())
    functional = sum(s.functional_ml for s in case.report.segments.values())
    assert functional == got.remnant.flr_ml.value
    assert 0.0 == got.debulked_fraction.value == got.removed_ml.value == got.ablated_ml.value
    assert (0, 0, 0.0) == (got.interventions, got.ablation_zones, got.margin_ml)
    assert 1.0 == got.remnant.flr_measured_fraction.value


def test_rejected_lesion__is_liver_and_cannot_be_treated():
    lesions = ((1, (4, 10, 10), (4, 4, 4)), (2, (18, 6, 6), (2, 2, 2)))
    case = Case(*block(lesions=lesions), confirmations={2: Confirmation.REJECTED})
    assert (1,) == case.atoms.lesion_ids
    assert 1.0 == case.resect(Recipe(wedges=(1,))).debulked_fraction.value
    with pytest.raises(InputError, match=r"treats lesions \[2\].*allowed are \[1\]"):
        case.resect(Recipe(ablations=(2,)))


def test_foreign_segment__is_an_error():
    case = Case(*block())
    with pytest.raises(InputError, match=r"\[9\] do not exist"):
        case.resect(Recipe(segments=(9,)))


def test_atoms_of_other_lesions__are_an_error():
    lesions = ((1, (4, 10, 10), (4, 4, 4)),)
    case, other = Case(*block(lesions=lesions)), Case(*block())
    with pytest.raises(InputError, match=r"hold lesions \[\], the report counts \[1\]"):
        virtual_resection(case.report, patient=PATIENT, atoms=other.atoms, recipe=Recipe())


def test_no_lesions__nothing_to_debulk():
    got = Case(*block()).resect(Recipe(segments=(V,)))
    assert got.debulked_fraction.value is None
    assert (Cause.NO_LESION_TO_DEBULK,) == causes_of(got.debulked_fraction.reasons)
    assert 0.0 == got.residual_tumour_ml.value


def test_unknown_lesions__remnant_is_an_upper_bound():
    liver, _, segments = block()
    got = Case(liver, None, segments).resect(Recipe(segments=(V,)))
    assert Bound.UPPER is got.remnant.flr_ml.bound
    assert (Cause.LESIONS_UNKNOWN,) == causes_of(got.remnant.flr_ml.reasons)
    assert (None, None) == (got.debulked_fraction.value, got.residual_tumour_ml.value)
    assert got.removed_ml.value > 0.0


def test_empty_segment__is_no_resection_unless_something_else_is_done():
    case = Case(*block(lesions=((1, (4, 10, 10), (4, 4, 4)),)))
    assert (Cause.NOTHING_REMOVED,) == causes_of(
        case.resect(Recipe(segments=(VII,))).remnant.flr_ml.reasons
    )
    assert case.resect(Recipe(segments=(VII,), wedges=(1,))).remnant.flr_ml.value > 0.0


def test_without_segments__lesions_can_still_be_treated():
    liver, lesions, _ = block(lesions=((1, (4, 10, 10), (4, 4, 4)), (2, (18, 6, 6), (4, 4, 4))))
    case = Case(liver, lesions, None)
    got = case.resect(Recipe(wedges=(1,)))
    assert (None, 0.5) == (got.remnant.flr_ml.value, got.debulked_fraction.value)
    assert got.margin_ml > 0.0
    assert {0, 1, 3, 5} == set(
        np.unique(plan_map(case.maps, case.zones, Recipe(wedges=(1,))).codes)
    )
    unknown = case.resect(Recipe(segments=(V,)))
    quantities = (
        unknown.debulked_fraction, unknown.removed_ml, unknown.ablated_ml,
        unknown.residual_tumour_ml, unknown.remnant.sflr,
    )  # fmt: skip
    assert {(Cause.NO_COUINAUD_MAP,)} == {causes_of(q.reasons) for q in quantities}
    assert {None} == {q.value for q in quantities}


def cut_case(**changes):
    """Lesion 1 in V at the scan's low edge, 2 inside II, 3 in II at the high edge."""
    lesions = (
        (1, (0, 10, 10), (4, 4, 4)), (2, (15, 6, 6), (2, 2, 2)), (3, (20, 18, 18), (4, 3, 3)),
    )  # fmt: skip
    return Case(*block(pad=0, lesions=lesions), **changes)


@pytest.mark.parametrize(
    ("recipe", "bound", "why"),
    [
        (Recipe(), Bound.UPPER, Cause.STAYING_LESIONS_CUT),  # more tumour may stay
        (Recipe(ablations=(2,)), Bound.UPPER, Cause.STAYING_LESIONS_CUT),
        (Recipe(segments=(V,)), None, Cause.TREATED_LESIONS_CUT),  # more may stay, and more may go
    ],
)
def test_cut_scan__debulked_share_says_which_way_it_may_move(recipe, bound, why):
    got = cut_case().resect(recipe).debulked_fraction
    assert (bound, bound is None) == (got.bound, got.indicative)
    assert why in causes_of(got.reasons)


def test_cut_scan__volumes_are_lower_bounds_where_something_is_cut():
    case = cut_case()
    right = case.resect(Recipe(segments=(V,), ablations=(2,)))
    assert Bound.LOWER is right.removed_ml.bound
    assert None is right.ablated_ml.bound
    assert Bound.LOWER is right.residual_tumour_ml.bound
    assert Bound.LOWER is right.remnant.flr_ml.bound
    assert True is right.remnant.flr_measured_fraction.indicative
    assert Bound.LOWER is case.resect(Recipe(ablations=(3,))).ablated_ml.bound
    assert Bound.LOWER is case.resect(Recipe(wedges=(3,))).removed_ml.bound
    assert None is case.resect(Recipe(wedges=(2,))).removed_ml.bound


def test_cut_scan_without_segments__says_that_it_does_not_know():
    liver, lesions, _ = block(pad=0, lesions=((1, (10, 10, 10), (4, 4, 4)),))
    got = Case(liver, lesions, None).resect(Recipe(wedges=(1,)))
    assert Bound.UPPER is got.debulked_fraction.bound
    assert (Cause.BEYOND_SCAN_UNKNOWN,) == causes_of(got.debulked_fraction.reasons)
    assert Bound.LOWER is got.residual_tumour_ml.bound


def test_cut_lesion_outside_the_map__more_of_it_may_go():
    liver, lesions, segments = block(lesions=((1, (11, 10, 10), (2, 2, 2)),))
    segments[12:, 10] = 0
    got = Case(liver, lesions, segments).resect(Recipe(segments=(V,)))
    assert Bound.LOWER is got.debulked_fraction.bound
    assert 0.5 == got.debulked_fraction.value


def test_unassigned_liver__counts_for_margins_but_not_for_the_remnant():
    liver, lesions, segments = block(lesions=((1, (6, 10, 10), (2, 2, 2)),))
    whole = Case(liver, lesions, segments)
    segments = segments.copy()
    segments[:12] = 0
    part = Case(liver, lesions, segments)
    recipe = Recipe(wedges=(1,))
    assert outcome(whole.atoms, recipe).margin == outcome(part.atoms, recipe).margin
    half = outcome(part.atoms, Recipe()).flr
    assert (
        half
        == outcome(part.atoms, recipe).flr
        == outcome(whole.atoms, Recipe(segments=(V,))).kept[2]
    )


def test_every_set_of_segments__kept_and_lost_fill_the_liver():
    case = Case(*block(lesions=((1, (11, 10, 10), (2, 2, 2)),)))
    every = chain.from_iterable(combinations((II, V), n) for n in range(3))
    for removed in every:
        got = outcome(case.atoms, Recipe(segments=removed))
        assert case.maps.liver.sum() == sum(got.kept) + got.removed + got.ablated + got.residual


SEGMENT_SETS = st.sets(st.sampled_from(CouinaudSegment))


def kept_in(case, recipe, segments):
    """Voxels of liver that a recipe leaves in some segments, one by one."""
    becomes = voxel_by_voxel(case, recipe, fates_in_words(case, recipe))
    codes, kept = case.maps.segments.ravel(), {int(segment) for segment in segments}
    return sum(name == "kept" and int(codes[voxel]) in kept for voxel, name in becomes.items())


@given(geometry=grids(), seed=SEEDS, recipe=recipes(), segments=SEGMENT_SETS)
@settings(max_examples=40, deadline=None)
def test_stranded__is_no_remnant_voxel_by_voxel_and_changes_nothing_else(
    geometry, seed, recipe, segments
):
    case = random_case(geometry, seed)
    recipe = known(case, recipe)
    stranded = frozenset(segments) - set(recipe.segments)
    shared = plan_spread(case.report, atoms=case.atoms)

    every, got = (
        case.resect(recipe, drawn=shared, stranded=left) for left in (frozenset(), stranded)
    )

    assert replace(got, remnant=every.remnant) == every
    whole, rest = every.remnant.flr_ml, got.remnant.flr_ml
    if whole.value is None or rest.value is None:
        return
    left_ml = kept_in(case, recipe, stranded) * geometry.voxel_volume_ml
    assert pytest.approx(whole.value - left_ml) == rest.value


@pytest.mark.parametrize("size", range(1, 5))
def test_stranded__leaves_in_every_draw_what_removing_it_too_would(size):
    """With no margins the remnant without V is that of V taken out as well."""
    geometry = Geometry((12, 13, 14), np.array(np.diag([2.0, 3.0, 2.5, 1.0])))
    case = random_case(geometry, 4, BARE)
    shared = plan_spread(case.report, atoms=case.atoms)
    for removed in combinations((I, II, III, IV, VI, VIII), size):
        for stranded in (frozenset((V,)), frozenset((V, VII))):
            got = case.resect(Recipe(segments=removed), drawn=shared, stranded=stranded)
            expected = future_liver_remnant(
                case.report,
                patient=PATIENT,
                removed=frozenset(removed) | stranded,
                drawn=shared.drawn,
            )
            assert expected == got.remnant
            assert expected.flr_ml.interval.quantiles == got.remnant.flr_ml.interval.quantiles
