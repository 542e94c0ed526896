from itertools import combinations

import pytest

from planning.hepatectomies.named_sets import (
    ALSO_NAMED,
    BRISBANE_HEPATECTOMIES,
    candidate_for,
    candidates,
)
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment

PRINTED = {
    "right_hemihepatectomy": "H5678",
    "right_hemihepatectomy_with_caudate": "H15678",
    "left_hemihepatectomy": "H234",
    "left_hemihepatectomy_with_caudate": "H1234",
    "right_trisectionectomy": "H45678",
    "right_trisectionectomy_with_caudate": "H145678",
    "left_trisectionectomy": "H23458",
    "left_trisectionectomy_with_caudate": "H123458",
    "central_hepatectomy": "H458",
    "right_anterior_sectionectomy": "H58",
    "right_posterior_sectionectomy": "H67",
    "left_medial_sectionectomy": "H4",
    "left_lateral_sectionectomy": "H23",
    "caudate_resection": "H1",
}


def segments(*codes):
    return frozenset(map(CouinaudSegment, codes))


def test_brisbane__segments_as_printed():
    assert {c.name: c.new_world for c in BRISBANE_HEPATECTOMIES} == PRINTED
    assert all(c.named for c in BRISBANE_HEPATECTOMIES)


def test_brisbane__segment_one_stays_unless_the_name_says_so():
    for candidate in (*BRISBANE_HEPATECTOMIES, *ALSO_NAMED):
        says = "caudate" in candidate.name
        assert says == (CouinaudSegment.I in candidate.segments)
        assert says == ("audate" in candidate.title)


def test_candidates__without_custom_is_the_list():
    assert candidates() == BRISBANE_HEPATECTOMIES


def test_candidates__custom_sets_follow_and_unnamed_come_last():
    found = candidates([segments(2, 4), segments(1, 4, 5, 8), segments(6)])
    assert found[:14] == BRISBANE_HEPATECTOMIES
    assert [c.name for c in found[14:]] == [
        "central_hepatectomy_with_caudate",
        "segmentectomy_6",
        "segments_2_4",
    ]


def test_candidates__nothing_twice():
    assert candidates([segments(5, 6, 7, 8), segments(3), segments(3)]) == candidates([segments(3)])


@pytest.mark.parametrize(
    ("codes", "name", "title", "new_world", "named"),
    [
        ((3,), "segmentectomy_3", "", "H3", True),
        ((6, 5), "segmentectomy_5_and_segmentectomy_6", "", "H56", True),
        ((3, 6), "segmentectomy_3_and_segmentectomy_6", "", "H36", True),
        ((5, 6, 7), "right_posterior_sectionectomy_and_segmentectomy_5", "", "H567", True),
        ((7, 8), "segments_7_8", "", "H78", False),
        ((4,), "left_medial_sectionectomy", "Left medial sectionectomy", "H4", True),
    ],
)
def test_candidate_for__names(codes, name, title, new_world, named):
    found = candidate_for(segments(*codes))
    assert (name, title, new_world, named) == (
        found.name,
        found.title,
        found.new_world,
        found.named,
    )


def test_candidate_for__all_sets_have_their_own_name():
    sets = [frozenset(s) for size in range(1, 9) for s in combinations(CouinaudSegment, size)]
    found = [candidate_for(s) for s in sets]
    assert sets == [c.segments for c in found]
    assert 255 == len({c.name for c in found})


def test_candidate_for__an_empty_set_is_refused():
    with pytest.raises(InputError, match="name at least one"):
        candidate_for(frozenset())
