"""What stands in the way, said as the thing itself and never as a double negative."""

import pytest

from examples.plans import example_planning
from planning import inputs
from planning.criteria.catalogue import CONDITIONS, LISTS, TREATMENTS
from planning.criteria.conditions import AnyOf
from planning.criteria.judged_lists import judge_list
from planning.inputs import Facts
from planning.rules.contraindications import CONTRAINDICATION_LIST
from remnant.wording.lists import obstacle, obstacle_sentence, obstacles
from remnant.wording.obstacles import attributed, contraindications, ruled_out_by, source_name

NEC = Facts({inputs.PERITONEAL: True, inputs.KI67_FROM_55: True, inputs.RIGHT_HEART_FAILURE: True})
AGAINST = judge_list(CONTRAINDICATION_LIST, NEC)


def deciding():
    """Conditions that decide a list or a treatment and stand there by themselves."""
    lists = (c for listed in LISTS.values() for c in listed.conditions)
    options = (c for rule in TREATMENTS.values() for c in rule.conditions)
    return sorted({c.id for c in (*lists, *options) if c.needed})


@pytest.mark.parametrize("identifier", deciding())
def test_obstacle__every_condition_that_decides_has_one(identifier):
    words = CONDITIONS[identifier].obstacle

    assert words
    assert not words.endswith(".")
    assert words != CONDITIONS[identifier].statement.rstrip(".")
    assert not words.lower().startswith("not ")
    assert obstacle_sentence(identifier).endswith(".")


def test_obstacle__what_a_source_forbids_is_named_without_its_no():
    forbidden = [
        one
        for one in CONDITIONS.values()
        if not isinstance(one, AnyOf) and one.statement.startswith("No ") and one.obstacle
    ]
    assert len(forbidden) > 20
    for one in forbidden:
        assert not one.obstacle.lower().startswith("no "), one.id


def test_obstacle__without_words_of_its_own_is_the_condition():
    assert obstacle("transplant.predictor.age_50") == (
        "not fulfilled: Age below 50 predicts a better course (GEP-NET review)"
    )


def test_obstacles__each_once_and_beyond_a_number_only_how_many():
    two = ("resectability.gepnetlm_review.ascites", "resectability.gepnetlm_review.varices")
    more = (*two, two[0], "resectability.gepnetlm_review.splenomegaly")

    assert obstacles(two) == "ascites; varices"
    assert obstacles(more, most=2) == "ascites; varices; and 1 more"


def test_contraindications__with_who_says_so():
    planning = example_planning(contraindications=AGAINST)

    assert [attributed(one) for one in contraindications(planning)] == [
        "Ki-67 of 55 % or more (Cloyd 2020)",
        "peritoneal carcinomatosis (ENETS, in Cloyd 2020)",
        "right heart failure (ENETS, in Cloyd 2020)",
    ]
    assert ruled_out_by(planning) == (
        "ruled out here by Ki-67 of 55 % or more; peritoneal carcinomatosis; right heart failure"
    )
    assert contraindications(example_planning()) == ()
    assert ruled_out_by(example_planning()) == ""


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("cloyd2020", "Cloyd 2020"),
        ("machairas2021", "Machairas 2021"),
        ("gepnetlm_review", "GEP-NET review"),
        ("remnant_rules", "this project's reading"),
        ("nobody2099", "nobody2099"),
    ],
)
def test_source__in_few_words(key, name):
    assert source_name(key) == name
