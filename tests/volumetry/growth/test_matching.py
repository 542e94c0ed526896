"""Which lesions of two scans are the same."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.comparison import MatchEvidence, MatchKind
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from volumetry.growth.matching import CENTROID_LIMIT_MM, LesionSet, beyond_the_scan, match_lesions

MIRRORED = {MatchKind.NEW: MatchKind.GONE, MatchKind.MERGED: MatchKind.SPLIT}
MIRRORED |= {b: a for a, b in MIRRORED.items()}


def lesions(*places, volumes=None, ids=None):
    count = len(places)
    return LesionSet(
        ids=tuple(range(1, count + 1)) if ids is None else ids,
        volumes_ml=np.ones(count) if volumes is None else np.array(volumes, dtype=float),
        centroids_mm=np.array(places, dtype=float).reshape(count, 3),
    )


def no_overlap(before, after):
    return np.zeros((len(before.ids), len(after.ids)))


def summary(pairings):
    return {(p.kind, p.before_ids, p.after_ids) for p in pairings}


def test_overlap__links_lesions_that_are_far_apart():
    before, after = lesions((0, 0, 0)), lesions((40, 0, 0))

    (pairing,) = match_lesions(before, after, np.array([[0.3]]))

    assert MatchKind.MATCHED == pairing.kind
    assert MatchEvidence.OVERLAP == pairing.evidence
    assert 0.3 == pairing.overlap_ml
    assert 40.0 == pairing.centroid_distance_mm


def test_overlap__of_a_sliver_does_not_link_but_place_may():
    before, after = lesions((0, 0, 0)), lesions((14, 0, 0), volumes=(5,))
    sliver = np.array([[0.0999]])

    (pairing,) = match_lesions(before, after, sliver)

    assert MatchEvidence.CENTROID == pairing.evidence
    assert {MatchKind.NEW, MatchKind.GONE} == {
        p.kind for p in match_lesions(before, after, sliver, limit_mm=13)
    }
    assert MatchEvidence.OVERLAP == match_lesions(before, after, np.array([[0.1]]))[0].evidence


def test_limit__is_inclusive_and_stated():
    before = lesions((0, 0, 0))
    at, beyond = lesions((CENTROID_LIMIT_MM, 0, 0)), lesions((CENTROID_LIMIT_MM + 0.01, 0, 0))

    assert [MatchKind.MATCHED] == [p.kind for p in match_lesions(before, at, np.zeros((1, 1)))]
    assert 2 == len(match_lesions(before, beyond, np.zeros((1, 1))))


def test_merged_split_regrouped__by_the_graph_of_overlaps():
    three, two = lesions(*np.eye(3) * 30), lesions(*np.eye(3)[:2] * 30)
    merged = np.array([[1, 0], [1, 0], [0, 1]])
    chain = np.array([[1, 0], [1, 1], [0, 1]])

    assert {
        (MatchKind.MERGED, (1, 2), (1,)),
        (MatchKind.MATCHED, (3,), (2,)),
    } == summary(match_lesions(three, two, merged))
    assert {(MatchKind.REGROUPED, (1, 2, 3), (1, 2))} == summary(match_lesions(three, two, chain))
    assert {(MatchKind.SPLIT, (1,), (1, 2)), (MatchKind.MATCHED, (2,), (3,))} == summary(
        match_lesions(two, three, merged.T)
    )


def test_linked_lesions__take_no_part_in_pairing_by_place():
    """A new lesion beside a matched one stays new."""
    before = lesions((0, 0, 0))
    after = lesions((3, 0, 0), (1, 0, 0))

    found = match_lesions(before, after, np.array([[1.0, 0.0]]))

    assert {(MatchKind.MATCHED, (1,), (1,)), (MatchKind.NEW, (), (2,))} == summary(found)


def test_place__best_sum_not_first_come():
    """Greedy would pair 2 with 1 (1 mm) and leave 1 and 2 (4 mm apart) to the rest."""
    before, after = lesions((0, 0, 0), (3, 0, 0)), lesions((2, 0, 0), (6, 0, 0))

    found = match_lesions(before, after, np.zeros((2, 2)), limit_mm=5)

    assert {(MatchKind.MATCHED, (1,), (1,)), (MatchKind.MATCHED, (2,), (2,))} == summary(found)


def test_empty__sides():
    none, one = lesions(), lesions((0, 0, 0))

    assert () == match_lesions(none, none, no_overlap(none, none))
    assert [MatchKind.NEW] == [p.kind for p in match_lesions(none, one, no_overlap(none, one))]
    assert [MatchKind.GONE] == [p.kind for p in match_lesions(one, none, no_overlap(one, none))]


def test_order__by_falling_volume():
    before = lesions((0, 0, 0), (99, 0, 0), volumes=(1, 5))
    after = lesions((0, 0, 0), (200, 0, 0), volumes=(9, 7))

    found = match_lesions(before, after, np.array([[1.0, 0], [0, 0]]))

    assert [MatchKind.MATCHED, MatchKind.NEW, MatchKind.GONE] == [p.kind for p in found]


@st.composite
def cases(draw):
    """Two small sets on a coarse lattice, so that ties are common, with any overlaps."""
    place = st.tuples(*[st.integers(0, 3)] * 3).map(lambda p: tuple(7.0 * x for x in p))
    sides = []
    for _ in range(2):
        places = draw(st.lists(place, max_size=4))
        volumes = draw(st.lists(st.sampled_from((1.0, 2.5, 8.0)), min_size=len(places),
                                max_size=len(places)))  # fmt: skip
        ids = draw(st.permutations(range(1, 9)))[: len(places)]
        sides.append(lesions(*places, volumes=volumes, ids=tuple(ids)))
    shape = tuple(len(side.ids) for side in sides)
    share = st.sampled_from((0.0, 0.0, 0.0, 0.05, 0.5))
    flat = draw(st.lists(share, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return *sides, np.array(flat).reshape(shape)


@given(case=cases())
@settings(max_examples=150)
def test_exchanging_the_scans__mirrors_the_result(case):
    before, after, overlaps = case

    forth = match_lesions(before, after, overlaps)
    back = match_lesions(after, before, overlaps.T)

    mirrored = {(MIRRORED.get(k, k), a, b) for k, b, a in summary(back)}
    assert summary(forth) == mirrored
    distances = {p.before_ids + p.after_ids: p.centroid_distance_mm for p in forth}
    assert all(
        distances[p.after_ids + p.before_ids] == p.centroid_distance_mm for p in back
    )  # fmt: skip


@given(case=cases())
@settings(max_examples=100)
def test_every_lesion__stands_in_exactly_one_match(case):
    before, after, overlaps = case

    found = match_lesions(before, after, overlaps)

    assert sorted(before.ids) == sorted(i for p in found for i in p.before_ids)
    assert sorted(after.ids) == sorted(i for p in found for i in p.after_ids)
    for pairing in found:
        one_sided = not (pairing.before_ids and pairing.after_ids)
        assert one_sided == (pairing.kind in (MatchKind.NEW, MatchKind.GONE))
        assert one_sided == (pairing.evidence is None) == (pairing.centroid_distance_mm is None)
        if pairing.evidence is MatchEvidence.CENTROID:
            assert CENTROID_LIMIT_MM >= pairing.centroid_distance_mm


@given(case=cases(), data=st.data())
@settings(max_examples=60)
def test_order_of_the_lesions__decides_nothing(case, data):
    before, after, overlaps = case
    rows = list(data.draw(st.permutations(range(len(before.ids)))))
    shuffled = LesionSet(
        ids=tuple(before.ids[i] for i in rows),
        volumes_ml=before.volumes_ml[rows],
        centroids_mm=before.centroids_mm[rows],
    )
    twins = len({(*p, v) for p, v in zip(map(tuple, before.centroids_mm), before.volumes_ml,
                                         strict=True)}) < len(rows)  # fmt: skip

    found = match_lesions(shuffled, after, overlaps[rows])

    if not twins:  # lesions alike in place and volume cannot be told apart
        assert match_lesions(before, after, overlaps) == found


@given(case=cases())
@settings(max_examples=60)
def test_place__no_other_pairing_costs_less(case):
    """Brute force over every pairing; a lesion without a partner costs half the limit."""
    before, after, _ = case
    apart = np.linalg.norm(before.centroids_mm[:, None] - after.centroids_mm[None], axis=2)
    half = CENTROID_LIMIT_MM / 2

    found = match_lesions(before, after, no_overlap(before, after))

    pairs = [p for p in found if p.evidence is not None]
    cost = sum(p.centroid_distance_mm for p in pairs) + half * (len(found) - len(pairs))
    few, many = sorted(apart.shape)
    table = apart if apart.shape[0] == few else apart.T
    best = min(
        sum(min(table[i, j], CENTROID_LIMIT_MM) for i, j in enumerate(order)) + half * (many - few)
        for order in permutations(range(many), few)
    )
    assert best == pytest.approx(cost)


def test_beyond_the_scan__is_neither_gone_nor_new():
    """Scans of 10 mm voxels: the first reaches from -5 to 45 mm, the second from -5 to 25 mm."""
    matrix = np.diag((10.0, 10.0, 10.0, 1.0))
    grids = {"before_grid": Geometry((5, 4, 3), matrix), "after_grid": Geometry((3, 4, 5), matrix)}
    before = lesions((40, 0, 0), (0, 20, 0))
    after = lesions((0, 0, 40), (20, 0, 0))

    found = match_lesions(before, after, np.zeros((2, 2)))
    judged = beyond_the_scan(found, before, after, **grids)

    assert {
        (MatchKind.OUTSIDE, (1,), ()),
        (MatchKind.GONE, (2,), ()),
        (MatchKind.OUTSIDE, (), (1,)),
        (MatchKind.NEW, (), (2,)),
    } == summary(judged)
    edge = lesions((24.9, 0, 0), (25.1, 0, 0), (-4.9, 0, 0), (-5.1, 0, 0))
    none = lesions()
    seen = beyond_the_scan(match_lesions(edge, none, no_overlap(edge, none)), edge, none, **grids)
    assert {(1,), (3,)} == {p.before_ids for p in seen if p.kind is MatchKind.GONE}


def test_bad_input__is_refused():
    one, two = lesions((0, 0, 0)), lesions((0, 0, 0), (1, 0, 0))

    with pytest.raises(InputError, match="shape"):
        match_lesions(one, two, np.zeros((2, 1)))
    with pytest.raises(InputError, match="negative"):
        match_lesions(one, one, np.array([[-1.0]]))
    with pytest.raises(InputError, match="negative or not a finite"):
        match_lesions(one, one, np.array([[np.nan]]))
    with pytest.raises(InputError, match="limits of -1 mm"):
        match_lesions(one, one, np.zeros((1, 1)), limit_mm=-1)
    with pytest.raises(InputError, match="fraction above 0"):
        match_lesions(one, one, np.zeros((1, 1)), minimum_overlap_fraction=0)
    with pytest.raises(InputError, match="twice"):
        lesions((0, 0, 0), (1, 0, 0), ids=(3, 3))
    with pytest.raises(InputError, match="without volume"):
        lesions((0, 0, 0), volumes=(0,))
    with pytest.raises(InputError, match="each lesion needs"):
        LesionSet(ids=(1,), volumes_ml=np.ones(2), centroids_mm=np.zeros((1, 3)))


REJECTED_CASES = {
    "by_overlap": ((), (1,), [(MatchKind.REJECTED_AFTER, (1,), (1,))]),
    "the_reverse": ((1,), (), [(MatchKind.REJECTED_BEFORE, (1,), (1,))]),
    "both": ((1,), (1,), []),
}


@pytest.mark.parametrize("overlap_ml", [0.0, 0.5])
@pytest.mark.parametrize("case", REJECTED_CASES)
def test_rejected__is_neither_gone_nor_new(case, overlap_ml):
    rejected_before, rejected_after, expected = REJECTED_CASES[case]
    before = replace(lesions((0, 0, 0)), rejected=frozenset(rejected_before))
    after = replace(lesions((3, 0, 0)), rejected=frozenset(rejected_after))

    found = match_lesions(before, after, np.array([[overlap_ml]]))

    assert expected == [(p.kind, p.before_ids, p.after_ids) for p in found]
    if found:
        evidence = MatchEvidence.OVERLAP if overlap_ml else MatchEvidence.CENTROID
        assert evidence == found[0].evidence
        assert 3.0 == pytest.approx(found[0].centroid_distance_mm)


def test_rejected__beside_a_lesion_that_counts_changes_nothing():
    """One lesion overlaps two, one of which was rejected; another overlaps the rejected one."""
    before = lesions((0, 0, 0), (20, 0, 0))
    after = replace(lesions((1, 0, 0), (9, 0, 0)), rejected=frozenset({2}))
    table = np.array([[0.6, 0.3], [0.0, 0.2]])

    found = match_lesions(before, after, table)

    expected = {(MatchKind.MATCHED, (1,), (1,)), (MatchKind.REJECTED_AFTER, (2,), (2,))}
    assert expected == summary(found)
    (matched,) = (p for p in found if p.kind is MatchKind.MATCHED)
    assert (0.6, 1.0) == (matched.overlap_ml, matched.centroid_distance_mm)


def test_rejected__without_a_counterpart_is_left_out_and_lets_others_be_gone():
    before = lesions((0, 0, 0), (90, 0, 0))
    after = replace(lesions((0, 90, 0), (0, 0, 90)), rejected=frozenset({1}))
    expected = {(MatchKind.GONE, (1,), ()), (MatchKind.GONE, (2,), ()), (MatchKind.NEW, (), (2,))}
    assert expected == summary(match_lesions(before, after, np.zeros((2, 2))))


@settings(max_examples=30)
@given(cases(), st.data())
def test_rejected__every_lesion_that_counts_stands_in_one_match_with_its_like(case, data):
    marked = [
        replace(one, rejected=frozenset(data.draw(st.sets(st.sampled_from(one.ids)))))
        if one.ids else one
        for one in case[:2]
    ]  # fmt: skip
    found = match_lesions(*marked, case[2])
    for number, side in enumerate(marked):
        named = [(p.kind, (p.before_ids, p.after_ids)[number]) for p in found]
        counted = [i for _, ids in named for i in ids if i not in side.rejected]
        assert sorted(set(side.ids) - side.rejected) == sorted(counted)
        here = (MatchKind.REJECTED_BEFORE, MatchKind.REJECTED_AFTER)[number]
        for kind, ids in named:
            assert (kind is here) == bool(side.rejected & set(ids))
            assert kind is not here or side.rejected.issuperset(ids)
    swapped = match_lesions(marked[1], marked[0], case[2].T)
    turned = MIRRORED | {
        MatchKind.REJECTED_BEFORE: MatchKind.REJECTED_AFTER,
        MatchKind.REJECTED_AFTER: MatchKind.REJECTED_BEFORE,
    }
    assert {(turned.get(k, k), a, b) for k, b, a in summary(found)} == summary(swapped)


# Matching where two answers are equally good, and at the ends of its limits


def numbered(ids, *places):
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
    after = numbered((7,), middle)
    none = np.zeros((2, 1))
    forwards = match_lesions(numbered((1, 2), low, high), after, none)
    backwards = match_lesions(numbered((2, 1), high, low), after, none)
    matched = [
        [p.before_ids for p in found if p.kind is MatchKind.MATCHED]
        for found in (forwards, backwards)
    ]
    assert matched[0] == matched[1]
    assert len(matched[0]) == 1


def test_alone__shares_nothing():
    found = match_lesions(numbered((1,), (0, 0, 0)), numbered((2,), (90, 0, 0)), np.zeros((1, 1)))
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
    one, other = numbered((1,), (0, 0, 0)), numbered((2,), (0, 0, 0))
    if allowed:
        assert len(match_lesions(one, other, np.ones((1, 1)), **limits)) == 1
    else:
        with pytest.raises(InputError, match="allowed are a distance"):
            match_lesions(one, other, np.ones((1, 1)), **limits)
