from planning.computed import COMPUTED, SEGMENT_BASED
from planning.known import INPUTS
from planning.rules import pathways, staging
from planning.rules.pathways_conditions import LARGEST_LESION
from remnant.core.clinical import ClinicalFacts

DERIVED = {
    staging.FLR_SHORT,
    staging.ONE_STAGE,
    staging.AMENABLE,
    staging.SMALL_RESECTION,
    pathways.LIMITED,
    pathways.COMPLEX,
    pathways.DIFFUSE,
    LARGEST_LESION,
}


def test_computed__are_names_that_conditions_ask_for():
    assert set(COMPUTED) <= set(INPUTS) | DERIVED
    assert set(COMPUTED) >= DERIVED
    assert SEGMENT_BASED <= set(COMPUTED)


def test_computed__is_nothing_that_anybody_can_tell():
    assert not set(COMPUTED) & set(ClinicalFacts.__dataclass_fields__)
