"""Which lists cannot apply to a case: they take one line with the reason."""

import pytest

from planning import inputs
from planning.criteria.catalogue import CONDITIONS
from planning.inputs import Facts
from planning.resectability import resectability
from planning.staging.ways_to_operate import staging
from remnant.core.clinical import ClinicalFacts, PrimaryStatus
from remnant.view.applicability import GATES, OF_PRIMARY, why_not_applicable

RESECTED = ClinicalFacts(primary_status=PrimaryStatus.RESECTED)


def whys(facts, clinical=RESECTED):
    lists = (*staging(Facts(facts), targets=()), *resectability(Facts(facts)))
    return {one.id: why_not_applicable(one, clinical) for one in lists}


def test_gates__are_conditions_of_the_rules():
    assert {*GATES, *OF_PRIMARY} <= CONDITIONS.keys()


def test_staging__without_a_recurrence_a_primary_or_too_little_liver():
    found = whys(
        {
            inputs.RECURRENCE: False,
            inputs.PRIMARY_STATUS: PrimaryStatus.RESECTED,
            inputs.FLR_SHORT: False,
        }
    )
    assert "no recurrence after a liver resection" == found["staging.repeat_resection"]
    assert "the primary was removed" == found["staging.simultaneous_primary"]
    assert "the primary was removed" == found["staging.primary_synchronous"]
    for way in ("pve", "two_stage_pvl", "alpps"):
        assert "enough liver would remain in one stage" == found[f"staging.{way}"]


def test_staging__an_unresectable_primary_is_an_obstacle_and_what_is_not_known_stays_open():
    clinical = ClinicalFacts(primary_status=PrimaryStatus.UNRESECTABLE)
    found = whys({inputs.PRIMARY_STATUS: PrimaryStatus.UNRESECTABLE}, clinical)
    assert {""} == {why for name, why in found.items() if name.startswith("staging.")}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "nothing that was told supports it"),
        ({inputs.REFRACTORY: False}, "hormonal symptoms are controlled"),
        ({inputs.REFRACTORY: True}, ""),
    ],
)
def test_debulking__an_indication_that_no_fact_supports(facts, why):
    assert why == whys(facts)["debulking.indication.gepnetlm_review"]


def test_resectability__always_applies():
    found = whys({})
    assert "" == found["resectability.enets2016"] == found["resectability.cloyd2020"]
