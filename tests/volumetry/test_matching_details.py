"""Matching where two answers are equally good, and at the ends of its limits."""

import numpy as np
import pytest

from remnant.core.comparison import MatchKind
from remnant.core.errors import InputError
from volumetry.matching import LesionSet, match_lesions


def lesions(ids, *places):
    return LesionSet(
        ids=ids,
        volumes_ml=np.ones(len(ids)),
        centroids_mm=np.array(places, dtype=float).reshape(len(ids), 3),
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_ties__are_decided_by_place_and_not_by_the_order_of_the_lesions(axis):
    """One lesion after lies midway between two before: either could be its counterpart."""
    low, high, middle = np.zeros((3, 3))
    high[axis], middle[axis] = 10.0, 5.0
    after = lesions((7,), middle)
    none = np.zeros((2, 1))
    forwards = match_lesions(lesions((1, 2), low, high), after, none)
    backwards = match_lesions(lesions((2, 1), high, low), after, none)
    matched = [
        [p.before_ids for p in found if p.kind is MatchKind.MATCHED]
        for found in (forwards, backwards)
    ]
    assert matched[0] == matched[1]
    assert len(matched[0]) == 1


def test_alone__shares_nothing():
    found = match_lesions(lesions((1,), (0, 0, 0)), lesions((2,), (90, 0, 0)), np.zeros((1, 1)))
    assert {MatchKind.GONE, MatchKind.NEW} == {pairing.kind for pairing in found}
    for pairing in found:
        assert (pairing.overlap_ml, pairing.centroid_distance_mm) == (0.0, None)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        ({"minimum_overlap_fraction": 1.0}, True),
        ({"minimum_overlap_fraction": 1.001}, False),
        ({"minimum_overlap_fraction": 0.0}, False),
        ({"limit_mm": 0.0}, True),
        ({"limit_mm": -0.001}, False),
        ({"limit_mm": np.inf}, False),
    ],
)
def test_limits__their_range(limits, allowed):
    one, other = lesions((1,), (0, 0, 0)), lesions((2,), (0, 0, 0))
    if allowed:
        assert len(match_lesions(one, other, np.ones((1, 1)), **limits)) == 1
    else:
        with pytest.raises(InputError, match="allowed are a distance"):
            match_lesions(one, other, np.ones((1, 1)), **limits)
