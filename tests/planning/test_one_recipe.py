"""One recipe judged alone is the recipe judged by the planner, whatever is asked beside it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from math import isclose

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.case import Case
from planning.debulking.judged_plans import PlanCase, ranked_plans
from planning.debulking.plan_search import problem_of, with_condition
from planning.one_recipe import for_body, judge_recipe, warmed
from planning.planner import plan
from remnant.core.clinical import ClinicalFacts
from remnant.core.debulking import Fate, PlanOrigin
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import AblationShape, PlanChoice
from remnant.core.recipe import Recipe
from remnant.testing.phantoms import body_grid, liver_phantom
from volumetry.liver_maps import liver_maps
from volumetry.measure import measure
from volumetry.standardised.volume_formulas import FORMULAS
from volumetry.virtual_resection.atoms import build_atoms
from volumetry.virtual_resection.plan_draws import plan_spread
from volumetry.virtual_resection.warm_liver import WarmLiver

PERSON = Patient(height_cm=172, weight_kg=74, background=LiverBackground.NORMAL)
REJECTED = 3
COUNTED = (1, 2, 4, 5, 6, 7)
S = CouinaudSegment


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom(body_grid(spacing_mm=(5.0, 5.5, 6.5)), metastases=7, seed=5)


def measured(phantom, patient=PERSON, **more):
    return measure(
        phantom.structures,
        phantom.lesions,
        couinaud=phantom.couinaud,
        patient=patient,
        confirmations={REJECTED: Confirmation.REJECTED},
        **more,
    )


@pytest.fixture(scope="module", name="maps")
def maps_fixture(phantom):
    return liver_maps(phantom.structures, phantom.lesions, phantom.couinaud)


@pytest.fixture(scope="module", name="warm")
def warm_fixture(phantom, maps):
    return warmed(measured(phantom), maps)


def as_planned(case, recipe):
    """The planner's way: all margins and zones, the recipe as the user's own."""
    choice = replace(with_condition(case.choice), recipes=(recipe,))
    ids = tuple(lesion.id for lesion in case.report.counted_lesions)
    problem = problem_of(case, build_atoms(case.maps, lesion_ids=ids, choice=choice).atoms, choice)
    drawn = plan_spread(case.report, atoms=problem.atoms)
    (own,) = ranked_plans((), PlanCase(
        report=case.report, patient=case.patient, facts=case.facts, choice=choice, problem=problem,
        drawn=drawn,
    ))  # fmt: skip
    return replace(own, id="")


def differences(one, other, place=""):
    """Where two results differ by more than sums in another order do."""
    if isinstance(one, float) and isinstance(other, float):
        same = isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
        return [] if same else [f"{place}: {one} {other}"]
    if is_dataclass(one) and type(one) is type(other):
        pairs = [(f.name, getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
    elif isinstance(one, tuple | list) and len(one) == len(other):
        pairs = [(n, *both) for n, both in enumerate(zip(one, other, strict=True))]
    elif isinstance(one, dict) and set(one) == set(other):
        pairs = [(key, one[key], other[key]) for key in one]
    else:
        return [] if one == other else [f"{place}: {one} {other}"]
    return [d for name, a, b in pairs for d in differences(a, b, f"{place}.{name}")]


def recipe_of(segments, fates):
    named = dict(zip(COUNTED, fates, strict=True))
    return Recipe(
        segments=tuple(code for code, goes in zip(S, segments, strict=True) if goes),
        wedges=tuple(n for n in COUNTED if named[n] == "w"),
        ablations=tuple(n for n in COUNTED if named[n] == "a"),
    )


RECIPES = st.builds(
    recipe_of,
    st.tuples(*(st.booleans() for _ in S)),
    st.tuples(*(st.sampled_from("swa") for _ in COUNTED)),
)
CHOICES = st.builds(
    PlanChoice,
    rule_set=st.sampled_from(("gepnetlm_review", "cloyd2020", "primary_papers", "machairas2021")),
    resection_margin_mm=st.sampled_from((0.0, 1.0, 5.0, 13.0, 30.0)),
    ablation_margin_mm=st.sampled_from((0.0, 5.0, 10.0)),
    ablation_shape=st.sampled_from(AblationShape),
    largest_zone_mm=st.sampled_from((15.0, 50.0)),
    keep=st.sampled_from((frozenset(), frozenset((S.IV,)))),
    vessels_intact=st.sampled_from(((), (frozenset((S.IV, S.VI, S.VIII)),))),
    targets=st.sampled_from(((0.7, 0.9), (0.55,))),
    certainty=st.sampled_from((0.9, 0.6)),
    most_wedges=st.sampled_from((None, 1)),
)
FACTS = st.builds(
    ClinicalFacts,
    pancreatoduodenectomy=st.sampled_from((None, True)),
    chemotherapy_weeks=st.sampled_from((None, 20.0)),
    remnant_vessels=st.sampled_from((None, True)),
)


@given(recipe=RECIPES, choice=CHOICES, facts=FACTS)
def test_judge_recipe__gives_what_the_planner_gives_of_any_recipe(
    warm, maps, recipe, choice, facts
):
    assert tuple(lesion.id for lesion in warm.report.counted_lesions) == COUNTED
    case = Case(report=warm.report, patient=PERSON, facts=facts, choice=choice, maps=maps)

    assert differences(judge_recipe(warm, case, recipe), as_planned(case, recipe)) == []


@given(recipes=st.lists(RECIPES, min_size=1, max_size=3), choice=CHOICES)
def test_judge_recipe__gives_the_same_where_all_lesions_were_warmed(warm, maps, recipes, choice):
    cold = replace(warm, liver=WarmLiver(maps, COUNTED))
    cold.liver.warm(choice)
    case = Case(report=warm.report, patient=PERSON, choice=choice, maps=maps)

    for recipe in recipes:
        assert differences(judge_recipe(cold, case, recipe), as_planned(case, recipe)) == []


def recipes_asked(liver, recipes, case):
    """What is judged of recipe after recipe on the same liver, beside the planner's way."""
    return [
        differences(judge_recipe(liver, case, recipe), as_planned(case, recipe))
        for recipe in recipes
    ]


@pytest.mark.parametrize("margin_mm", [5.0, 13.0])
def test_judge_recipe__gives_the_same_on_a_sheared_grid(margin_mm):
    straight = body_grid(spacing_mm=(5.0, 5.5, 6.5))
    affine = straight.affine_ras.copy()
    affine[:3, :3] = np.array([[1, 0.15, 0], [0, 1, 0.1], [0, 0, 1]]) @ affine[:3, :3]
    affine[:3, 3] = -affine[:3, :3] @ np.array(straight.shape) / 2
    sheared = liver_phantom(Geometry(straight.shape, affine), metastases=7, seed=5)
    maps = liver_maps(sheared.structures, sheared.lesions, sheared.couinaud)
    warm = warmed(measured(sheared), maps)
    choice = PlanChoice(resection_margin_mm=margin_mm)
    case = Case(report=warm.report, patient=PERSON, choice=choice, maps=maps)

    recipes = Recipe(wedges=(1, 2, 7), ablations=(4, 5)), Recipe(segments=(S.VI,), wedges=(1,))
    assert recipes_asked(warm, recipes, case) == [[], []]


@given(asked=st.lists(st.tuples(RECIPES, CHOICES), min_size=2, max_size=4))
def test_judge_recipe__gives_the_same_whatever_was_asked_before(warm, maps, asked):
    again = replace(warm, liver=WarmLiver(maps, COUNTED))
    for recipe, choice in (*asked, asked[0]):
        case = Case(report=warm.report, patient=PERSON, choice=choice, maps=maps)
        assert recipes_asked(again, (recipe,), case) == [[]]


def test_judge_recipe__cuts_anew_where_most_cells_are_for_nothing(warm, maps, monkeypatch):
    monkeypatch.setattr("volumetry.virtual_resection.warm_liver.MOST_CELLS", 20)
    again = replace(warm, liver=WarmLiver(maps, COUNTED))
    everything, little = Recipe(wedges=COUNTED), Recipe()
    case = Case(report=warm.report, patient=PERSON, maps=maps)

    assert recipes_asked(again, (little, everything), case) == [[], []]
    finest = again.liver._cells
    assert len(finest) > 2 * again.liver._needed
    assert recipes_asked(again, (little, little), case) == [[], []]
    assert len(again.liver._cells) < len(finest)


def test_atoms_of__that_fails_leaves_no_half_cut_cells(warm, maps, monkeypatch):
    again = replace(warm, liver=WarmLiver(maps, COUNTED))
    case, recipe = Case(report=warm.report, patient=PERSON, maps=maps), Recipe(wedges=(1, 2))

    def failing(*_):
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(WarmLiver, "_measured", failing)
        with pytest.raises(MemoryError):
            judge_recipe(again, case, recipe)

    assert recipes_asked(again, (recipe,), case) == [[]]


def test_atoms_of__threads_at_once_get_what_each_asked_for(warm, maps):
    shared = replace(warm, liver=WarmLiver(maps, COUNTED))
    case = Case(report=warm.report, patient=PERSON, maps=maps)
    recipes = [Recipe(wedges=(one,), ablations=(other,)) for one, other in pairwise(COUNTED)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: judge_recipe(shared, case, one), recipes * 3))

    expected = [as_planned(case, recipe) for recipe in recipes]
    assert [
        d for one, two in zip(found, expected * 3, strict=True) for d in differences(one, two)
    ] == []


def test_reach_out__measures_far_margins_before_they_are_asked_for(warm, maps, monkeypatch):
    far = WarmLiver(maps, COUNTED)
    far.warm(PlanChoice())
    far.reach_out()
    choice = PlanChoice(resection_margin_mm=15.0)
    shape = maps.liver.shape
    asked = {one: warm.liver.margin(one, choice).places(shape).tolist() for one in COUNTED}
    monkeypatch.setattr(WarmLiver, "_measured", None)

    assert {one: far.margin(one, choice).places(shape).tolist() for one in COUNTED} == asked
    near = PlanChoice(resection_margin_mm=2.0)
    assert far.margin(1, near).voxels < far.margin(1, choice).voxels


def test_warm__stops_when_nobody_wants_it_any_more(maps):
    cold = WarmLiver(maps, COUNTED)
    answers = iter((True, False))
    cold.warm(PlanChoice(), still_wanted=lambda: next(answers))

    assert {key[1] for key in cold._kept} == {COUNTED[0]}


def test_judge_recipe__gives_what_a_whole_plan_of_the_case_gives(warm, maps):
    own = (
        Recipe(segments=(S.VI, S.VII), wedges=(1,)),
        Recipe(segments=(S.II, S.III), ablations=(2, 5)),
        Recipe(segments=(S.IV, S.VI, S.VIII)),
        Recipe(),
    )
    choice = PlanChoice(recipes=own, targets=(0.7,), seconds=5.0)
    case = Case(report=warm.report, patient=PERSON, choice=choice, maps=maps)
    planned = [p for p in plan(case).plans if p.origin is PlanOrigin.USER]

    alone = [judge_recipe(warm, case, recipe) for recipe in own]

    assert len(planned) == len(own)
    assert {Fate.WITH_SEGMENTS, Fate.STAYS} <= {f for p in alone for f in p.result.fates.values()}
    for one, other in zip(alone, planned, strict=True):
        assert differences(one, replace(other, id="")) == []


def test_judge_recipe__finds_what_the_optimiser_found_of_its_plans(warm, maps):
    choice = PlanChoice(targets=(0.7,), seconds=5.0)
    case = Case(report=warm.report, patient=PERSON, choice=choice, maps=maps)
    for found in plan(case).plans:
        alone = judge_recipe(warm, case, found.recipe)
        assert differences(alone.result, found.result) == []
        assert alone.feasible is found.feasible


@pytest.mark.parametrize("formula", sorted(FORMULAS)[:4])
def test_for_body__is_the_report_of_that_body(warm, phantom, formula):
    other = Patient(height_cm=158, weight_kg=51, background=LiverBackground.CHEMOTHERAPY)
    anew = measured(phantom, other, formula=formula)

    assert differences(for_body(warm, other, formula=formula, bsa_formula=None), anew) == []


def test_judge_recipe__of_another_body_has_its_ratio_and_the_same_volume(warm, maps):
    other = replace(PERSON, weight_kg=110.0)
    recipe = Recipe(segments=(S.V, S.VI))
    report = for_body(warm, other, formula="vauthey2002_bsa", bsa_formula=None)
    here = judge_recipe(warm, Case(report=warm.report, patient=PERSON, maps=maps), recipe)
    there = judge_recipe(warm, Case(report=report, patient=other, maps=maps), recipe)

    assert here.result.remnant.flr_ml == there.result.remnant.flr_ml
    assert here.result.remnant.sflr.value > there.result.remnant.sflr.value


def test_judge_recipe__refuses_a_lesion_that_does_not_count(warm, maps):
    case = Case(report=warm.report, patient=PERSON, maps=maps)
    with pytest.raises(InputError, match=r"\[3\], which do not count"):
        judge_recipe(warm, case, Recipe(wedges=(REJECTED,)))


def test_warm__finds_nothing_that_a_recipe_would_not_find(phantom, maps, warm):
    cold, choice = warmed(measured(phantom), maps), PlanChoice()
    cold.liver.warm(choice)
    recipe = Recipe(segments=(S.VIII,), wedges=(1, 2), ablations=(4,))
    case = Case(report=warm.report, patient=PERSON, choice=choice, maps=maps)

    assert cold.liver.nbytes > warmed(measured(phantom), maps).liver.nbytes
    assert differences(judge_recipe(cold, case, recipe), judge_recipe(warm, case, recipe)) == []


def test_warm_liver__keeps_no_more_than_it_may(phantom, maps, monkeypatch):
    monkeypatch.setattr("volumetry.virtual_resection.warm_liver.MOST_KEPT_BYTES", 20_000)
    warm = warmed(measured(phantom), maps)
    for margin_mm in (2.0, 8.0, 20.0):
        warm.liver.warm(PlanChoice(resection_margin_mm=margin_mm))

    largest = max(kept.nbytes for kept in warm.liver._kept.values())
    assert warm.liver._kept_bytes == sum(kept.nbytes for kept in warm.liver._kept.values())
    assert warm.liver._kept_bytes <= max(20_000, largest)
