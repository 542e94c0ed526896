"""Lesions over a series: chains, splits, merges, and what a scan in between does not show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.series import match, series
from remnant.core.comparison import MatchKind
from remnant.core.errors import InputError
from volumetry.response.tracks import TrackEvent, follow


def test_one_scan__every_lesion_is_a_track_of_its_own():
    tracks = follow(series([1, 2], neighbours=[]))

    assert {(0, 1): 1, (0, 2): 2} == tracks.track
    assert {TrackEvent.FIRST} == set(tracks.events.values())
    assert ((1, 2), ()) == (tracks.descendants(0, (1, 2)), tracks.new_at(0))
    assert {} == tracks.lost


def test_chain__a_lesion_keeps_its_track_whatever_its_number():
    tracks = follow(
        series(
            [1, 2], [1, 2], [7],
            neighbours=[[match([1], [2]), match([2], [1])], [match([2], [7]), match([1], [])]],
        )
    )  # fmt: skip

    assert 1 == tracks.track[0, 1] == tracks.track[1, 2] == tracks.track[2, 7]
    assert (7,) == tracks.descendants(2, (1,))
    assert {(2, 2): TrackEvent.GONE} == tracks.lost


def test_split_and_merged__are_named_and_stay_one_track():
    tracks = follow(
        series(
            [1, 2], [1, 2, 3], [5, 6],
            neighbours=[
                [match([1], [1, 2]), match([2], [3])],
                [match([2, 3], [6]), match([1], [5])],
            ],
        )
    )  # fmt: skip

    assert {1} == set(tracks.track.values())
    assert TrackEvent.SPLIT is tracks.events[1, 1] is tracks.events[1, 2]
    assert TrackEvent.MERGED is tracks.events[2, 6]
    assert {1, 2} == tracks.origins[2, 6]
    assert (5, 6) == tracks.descendants(2, (1,))
    assert (6,) == tracks.descendants(2, (2,))


def test_new__stays_new_and_hands_it_on_to_what_it_merges_into():
    tracks = follow(
        series(
            [1], [1, 2], [1],
            neighbours=[[match([1], [1]), match([], [2])], [match([1, 2], [1])]],
        )
    )  # fmt: skip

    assert [(), (2,), (1,)] == [tracks.new_at(scan) for scan in range(3)]
    assert {1} == tracks.origins[2, 1]


def test_missed_in_between__is_found_again_by_the_baseline():
    """Neither new nor gone for good; what the scan between did not reach is no news either."""
    tracks = follow(
        series(
            [1, 2], [1], [1, 2, 3],
            neighbours=[
                [match([1], [1]), match([2], [])],
                [match([1], [1]), match([], [2]), match([], [3])],
            ],
            with_baseline=[[match([1], [1]), match([2], [2]), match([], [3])]],
        )
    )  # fmt: skip

    assert TrackEvent.REAPPEARED is tracks.events[2, 2]
    assert ((2,), (3,)) == (tracks.descendants(2, (2,)), tracks.new_at(2))
    assert {(2, 1): TrackEvent.GONE} == tracks.lost


def test_lost__outside_rejected_and_absent_after_gone():
    tracks = follow(
        series(
            [1, 2, 3], [], [],
            neighbours=[
                [
                    match([1], [], MatchKind.OUTSIDE),
                    match([2], [9], MatchKind.REJECTED_AFTER),
                    match([3], []),
                ],
                [],
            ],
            with_baseline=[
                [match([1], []), match([2], [8], MatchKind.REJECTED_AFTER), match([3], [])]
            ],
        )
    )  # fmt: skip

    expected = {
        (1, 1): TrackEvent.OUTSIDE, (1, 2): TrackEvent.ABSENT,
        (2, 1): TrackEvent.REJECTED, (2, 2): TrackEvent.REJECTED,
        (3, 1): TrackEvent.GONE, (3, 2): TrackEvent.ABSENT,
    }  # fmt: skip
    assert expected == tracks.lost


def test_counted_again__what_a_reader_had_rejected_is_not_new():
    tracks = follow(series([], [1], neighbours=[[match([4], [1], MatchKind.REJECTED_BEFORE)]]))

    assert TrackEvent.COUNTED_AGAIN is tracks.events[1, 1]
    assert () == tracks.new_at(1)


def test_beyond_the_baseline_scan__is_new():
    tracks = follow(series([], [1], neighbours=[[match([], [1], MatchKind.OUTSIDE)]]))

    assert (1,) == tracks.new_at(1)


def test_second_way__from_the_baseline_holds_where_the_chain_ends():
    """The neighbour took lesion 1 for another one; the baseline knows it."""
    tracks = follow(
        series(
            [1, 2], [1], [1],
            neighbours=[[match([1], [1]), match([2], [])], [match([1], [1])]],
            with_baseline=[[match([1, 2], [1])]],
        )
    )  # fmt: skip

    assert {1, 2} == tracks.origins[2, 1]
    assert TrackEvent.MATCHED is tracks.events[2, 1]


@pytest.mark.parametrize("lesions", [[], [[1]], [[1], [1], [1]]])
def test_series__numbers_must_fit(lesions):
    with pytest.raises(InputError, match="scan"):
        series(*lesions, neighbours=[[]] * 5)


@given(st.data())
def test_order__of_matches_changes_nothing(data):
    """Random links over three scans, in any order."""
    numbers = range(1, 5)
    links = [
        [match([i], [j]) for i in numbers for j in numbers if data.draw(st.integers(0, 3)) == 0]
        for _ in range(2)
    ]
    shuffled = [data.draw(st.permutations(some)) for some in links]

    one, other = (
        follow(series(*[numbers] * 3, neighbours=some, with_baseline=[[]]))
        for some in (links, shuffled)
    )

    assert (one.origins, one.track, one.new, one.lost) == (
        other.origins, other.track, other.new, other.lost,
    )  # fmt: skip
    for scan in (1, 2):
        for number in numbers:
            back = {n for n in numbers if number in one.descendants(scan, (n,))}
            assert back == one.origins[scan, number]
