"""What planning was asked for, written into a report's settings and read back."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.clinical import ClinicalFacts, Differentiation, Grade
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import DEFAULT_CHOICE, RANGES, AblationShape, PlanChoice
from remnant.core.recipe import Recipe
from remnant.core.settings import (
    DEFAULT_SEGMENTATION,
    PlanningSettings,
    SegmentationSettings,
    Settings,
)
from remnant.documents.report_document import SETTINGS
from remnant.pipeline.measuring_and_planning import settings_digest
from remnant.pipeline.plan_settings import (
    DEFAULT_PLAN,
    PlanRequest,
    require_possible,
)

SEGMENTS = st.sampled_from(CouinaudSegment)
IDS = st.sets(st.integers(1, 999), min_size=1, max_size=3).map(lambda ids: tuple(sorted(ids)))
recipes = st.builds(
    Recipe, segments=st.sets(SEGMENTS, min_size=1).map(lambda found: tuple(sorted(found))),
    wedges=st.just(()) | IDS,
)  # fmt: skip
FRACTIONAL = ("seconds", "certainty")
NUMBERS = {
    name: st.floats(*map(float, limits)) if name.endswith("mm") or name in FRACTIONAL
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
    vessels_intact=st.lists(st.frozensets(SEGMENTS, min_size=1), max_size=2).map(tuple),
    recipes=st.lists(recipes, max_size=2).map(tuple),
)  # fmt: skip


@given(choice=choices, custom=st.lists(st.frozensets(SEGMENTS, min_size=1), max_size=2).map(tuple))
@settings(max_examples=100, deadline=None)
def test_settings__written_and_read_back_are_the_same(choice, custom):
    chosen = Settings(planning=PlanningSettings(choice=choice, custom=custom))
    assert chosen == SETTINGS.decode(json.dumps(SETTINGS.encode(chosen)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("targets", "much"),
        ("targets", None),
        ("targets", [1.5]),
        ("keep", ["IX"]),
        ("ablation_shape", "cube"),
        ("recipes", [{"wedges": [1, 1]}]),
        ("recipes", ["wedge"]),
        ("most_wedges", -1),
        ("resection_margin_mm", "5 mm"),
        ("resection_margin_mm", 50.0),
    ],
)
def test_settings__damaged_ones_are_refused(name, value):
    stored = SETTINGS.encode(Settings(planning=PlanningSettings(choice=DEFAULT_CHOICE)))
    stored["planning"]["choice"][name] = value
    with pytest.raises(InputError, match="not a valid settings: at planning/choice") as caught:
        SETTINGS.decode(json.dumps(stored))
    assert "\n" not in str(caught.value)


def test_digest__follows_every_choice():
    planned = Settings(planning=PlanningSettings(choice=DEFAULT_CHOICE))
    kept = PlanningSettings(choice=PlanChoice(keep=frozenset((CouinaudSegment.IV,))))
    digests = {
        settings_digest(SETTINGS.encode(replace(chosen, segmentation=segmentation)))
        for segmentation in (DEFAULT_SEGMENTATION, SegmentationSettings(landmarks=True))
        for chosen in (Settings(), planned, Settings(planning=kept))
    }
    assert 6 == len(digests)


def test_possible__every_known_rule_set_and_no_other():
    require_possible(DEFAULT_PLAN)
    require_possible(PlanRequest(choice=PlanChoice(rule_set="primary_papers")))
    with pytest.raises(InputError, match="'none_such' is not known; allowed are gepnetlm_review"):
        require_possible(PlanRequest(choice=PlanChoice(rule_set="none_such")))


def test_possible__facts_that_contradict_each_other_are_refused_before_the_work():
    facts = ClinicalFacts(grade=Grade.G1, differentiation=Differentiation.POOR)
    with pytest.raises(InputError, match="both cannot be true"):
        require_possible(PlanRequest(facts=facts))
