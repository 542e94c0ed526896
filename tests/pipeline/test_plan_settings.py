"""What planning was asked for, written into a report's settings and read back."""

import json
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.clinical import NOTHING_SAID, ClinicalFacts, Differentiation, Grade
from remnant.core.debulking import Recipe
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import RANGES, AblationShape, PlanChoice
from remnant.pipeline.plan_settings import (
    DEFAULT_PLAN,
    PlanRequest,
    known_request,
    plan_settings,
    require_possible,
)

SEGMENTS = st.sampled_from(CouinaudSegment)
IDS = st.sets(st.integers(1, 999), min_size=1, max_size=3).map(lambda ids: tuple(sorted(ids)))
recipes = st.builds(
    Recipe, segments=st.sets(SEGMENTS, min_size=1).map(lambda found: tuple(sorted(found))),
    wedges=st.just(()) | IDS,
)  # fmt: skip
NUMBERS = {
    name: st.floats(*map(float, limits)) if name.endswith("mm") or name == "seconds"
    else st.integers(int(limits[0]), int(limits[1]))
    for name, limits in RANGES.items()
}  # fmt: skip
choices = st.builds(
    PlanChoice,
    **NUMBERS | {
        name: st.none() | NUMBERS[name]
        for name in ("most_ablations", "most_wedges", "wedge_limit_mm", "wedge_depth_mm")
    },
    targets=st.lists(st.floats(0.001, 1.0), min_size=1, max_size=3).map(tuple),
    keep=st.frozensets(SEGMENTS),
    ablation_shape=st.sampled_from(AblationShape),
    named_only=st.booleans(),
    recipes=st.lists(recipes, max_size=2).map(tuple),
)  # fmt: skip


@given(choice=choices, custom=st.lists(st.frozensets(SEGMENTS, min_size=1), max_size=2).map(tuple))
@settings(max_examples=100, deadline=None)
def test_settings__written_and_read_back_are_the_same(choice, custom):
    request = PlanRequest(facts=ClinicalFacts(ecog=1), choice=choice, custom=custom)
    stored = json.loads(json.dumps(plan_settings(request)))
    assert request == known_request(stored, ClinicalFacts(ecog=1))
    assert {f"plan.{field.name}" for field in fields(PlanChoice)} | {"resect"} == set(stored)


def test_settings__a_report_of_before_was_planned_with_the_defaults():
    assert DEFAULT_PLAN == known_request({"formula": "vauthey2002_bsa"}, NOTHING_SAID)
    six = frozenset({CouinaudSegment.VI, CouinaudSegment.VII})
    known = known_request({"resect": "VI,VII;II"}, NOTHING_SAID)
    assert (six, frozenset({CouinaudSegment.II})) == known.custom


@pytest.mark.parametrize(
    "stored",
    [
        {"plan.targets": "much"},
        {"plan.targets": None},
        {"plan.keep": "IX"},
        {"plan.ablation_shape": "cube"},
        {"plan.recipes": "wedge"},
        {"plan.most_wedges": -1},
        {"plan.resection_margin_mm": "5 mm"},
    ],
)
def test_settings__damaged_ones_are_refused(stored):
    with pytest.raises(InputError, match="planning choices are damaged") as caught:
        known_request(stored, NOTHING_SAID)
    assert "\n" not in str(caught.value)


def test_possible__every_known_rule_set_and_no_other():
    require_possible(DEFAULT_PLAN)
    require_possible(PlanRequest(choice=PlanChoice(rule_set="primary_papers")))
    with pytest.raises(InputError, match="'none_such' is not known; allowed are gepnetlm_review"):
        require_possible(PlanRequest(choice=PlanChoice(rule_set="none_such")))


def test_possible__recipes_that_a_report_cannot_keep():
    long = Recipe(wedges=tuple(range(1, 900)))
    with pytest.raises(InputError, match="longer than 4000 letters"):
        require_possible(PlanRequest(choice=PlanChoice(recipes=(long, long))))


def test_possible__facts_that_contradict_each_other_are_refused_before_the_work():
    facts = ClinicalFacts(grade=Grade.G1, differentiation=Differentiation.POOR)
    with pytest.raises(InputError, match="both cannot be true"):
        require_possible(PlanRequest(facts=facts))
