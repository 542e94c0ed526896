"""What scans show of target lesions, from reports and tracks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.series import ball, match, measured, series
from remnant.core.comparison import MatchKind
from remnant.core.lesions import Confirmation
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.response import Response, ResponseNote
from volumetry.response.liver_response import liver_responses
from volumetry.response.sightings import (
    FollowedScan,
    shows_whole_liver,
    sightings,
    target_parts,
)
from volumetry.response.tracks import follow

CUT = Quantity(1200.0, bound=Bound.LOWER, reasons=(reason(Cause.LIVER_CUT),))
SEEN = {"confirmation": Confirmation.CONFIRMED}
D, S = Response.PROGRESSIVE, Response.STABLE


def course(*scans, neighbours, with_baseline=None):
    """Follow scans; returns what each shows and the targets."""
    followed = [FollowedScan(measured=scan, day=None) for scan in scans]
    tracks = follow(
        series(
            *[list(scan.lesions) for scan in followed],
            neighbours=neighbours,
            with_baseline=with_baseline,
        )
    )
    targets = target_parts(followed, tracks)
    return sightings(followed, tracks, targets), targets


def test_targets__are_found_in_every_scan_by_their_tracks():
    seen, targets = course(
        measured(ball(1, 12.0), ball(2, 30.0), ball(3, 20.0)),
        measured(ball(1, 33.0), ball(2, 19.0), ball(3, 14.0)),
        neighbours=[[match([2], [1]), match([3], [2]), match([1], [3])]],
    )

    assert ((2, 3), ((2, 3), (1, 2))) == (targets.baseline_ids, targets.parts)
    assert (50.0, 52.0) == tuple(pytest.approx(one.sum_mm) for one in seen)
    assert [1, 1] == [one.others_left for one in seen]
    assert [None, S] == [one.response for one in liver_responses(seen)]


def test_split_target__its_parts_are_added_and_named():
    seen, targets = course(
        measured(ball(1, 40.0, **SEEN)),
        measured(ball(1, 25.0, **SEEN), ball(2, 26.0, **SEEN)),
        neighbours=[[match([1], [1, 2])]],
    )

    assert (1, 2) == targets.parts[1]
    assert 51.0 == pytest.approx(seen[1].sum_mm)
    assert {ResponseNote.TARGET_SPLIT} == seen[1].notes
    assert D is liver_responses(seen)[1].response


def test_merged_targets__count_once():
    seen, _ = course(
        measured(ball(1, 20.0, **SEEN), ball(2, 20.0, **SEEN)),
        measured(ball(1, 39.0, **SEEN)),
        neighbours=[[match([1, 2], [1])]],
    )

    assert 39.0 == pytest.approx(seen[1].sum_mm)
    assert {ResponseNote.TARGETS_MERGED} == seen[1].notes


@pytest.mark.parametrize(
    ("lesions", "matches"),
    [
        # with a lesion that was no target, with a new one, and among several
        ([ball(1, 45.0)], [match([1, 3], [1]), match([2], [])]),
        ([ball(1, 45.0), ball(2, 9.0)], [match([1, 3], [1, 2]), match([2], [])]),
    ],
)
def test_mixed_target__is_noted(lesions, matches):
    seen, _ = course(
        measured(ball(1, 40.0), ball(2, 30.0), ball(3, 12.0)),
        measured(*lesions),
        neighbours=[matches],
    )

    assert ResponseNote.TARGET_MIXED in seen[1].notes
    assert ResponseNote.TARGET_MIXED not in seen[0].notes


def test_new_lesions__are_counted_with_those_that_a_reader_confirmed():
    seen, _ = course(
        measured(ball(1, 40.0)),
        measured(ball(1, 40.0), ball(2, 9.0, **SEEN), ball(3, 8.0)),
        neighbours=[[match([1], [1]), match([], [2]), match([], [3])]],
    )

    assert (2, 1) == (seen[1].new_lesions, seen[1].new_confirmed)
    assert D is liver_responses(seen)[1].response


@pytest.mark.parametrize(
    ("lost", "note"),
    [
        (match([1], []), ResponseNote.ABSENCE_UNCONFIRMED),
        (match([1], [], MatchKind.OUTSIDE), ResponseNote.TARGET_OUTSIDE),
        (match([1], [9], MatchKind.REJECTED_AFTER), ResponseNote.TARGET_REJECTED),
    ],
)
def test_lost_target__says_why(lost, note):
    seen, _ = course(
        measured(ball(1, 40.0, **SEEN)), measured(ball(2, 20.0)),
        neighbours=[[lost, match([], [2])]],
    )  # fmt: skip

    assert ({ResponseNote.UNCONFIRMED, note}, ()) == (seen[1].notes, seen[1].diameters_mm)


def test_lost_target__is_gone_for_certain_where_a_reader_went_through_the_scan():
    others = ball(2, 12.0, **SEEN), ball(3, 9.0, confirmation=Confirmation.REJECTED)
    seen, _ = course(
        measured(ball(1, 40.0, **SEEN), ball(4, 9.0, **SEEN)), measured(*others),
        neighbours=[[match([1], []), match([4], [2])]],
    )  # fmt: skip

    assert frozenset() == seen[1].notes
    found = liver_responses(seen)[1]
    assert (Response.COMPLETE, False) == (found.target_response, found.provisional)


def test_nothing_found__is_unconfirmed_unless_there_never_was_anything_or_a_reader_looked():
    small = ball(1, 8.0, **SEEN)
    rejected = ball(2, 8.0, confirmation=Confirmation.REJECTED)

    for first, second, lost, expected in (
        ([small], [], [match([1], [])], {ResponseNote.ABSENCE_UNCONFIRMED}),
        ([small], [rejected], [match([1], [2], MatchKind.REJECTED_AFTER)], set()),
        ([], [], [], set()),
    ):
        seen, _ = course(measured(*first), measured(*second), neighbours=[lost])
        assert expected == seen[1].notes


def test_others_left__count_what_lies_beyond_the_scan():
    seen, _ = course(
        measured(ball(1, 40.0), ball(2, 30.0), ball(3, 9.0), ball(4, 8.0)),
        measured(ball(1, 40.0)),
        neighbours=[
            [match([1], [1]), match([2], []), match([3], [], MatchKind.OUTSIDE), match([4], [])]
        ],
    )

    assert [2, 1] == [one.others_left for one in seen]


def test_cut_liver_and_cut_target__are_noted():
    cut_lesion = replace(ball(1, 40.0, **SEEN).volume_ml, bound=Bound.LOWER)
    seen, _ = course(
        measured(ball(1, 40.0, **SEEN)),
        measured(ball(1, 40.0, volume_ml=cut_lesion, **SEEN), tlv_ml=CUT),
        neighbours=[[match([1], [1])]],
    )

    assert {ResponseNote.LIVER_NOT_WHOLE, ResponseNote.TARGET_CUT} == seen[1].notes
    assert not shows_whole_liver(measured(tlv_ml=CUT).report)
    assert shows_whole_liver(measured().report)


def test_draws__of_scans_are_independent_and_freed_of_the_grid():
    """Each diameter is off by twice the boundary's error; the same scan twice is no draw twice."""
    sharp = {"lesion_boundary_mm": 0.5, "spacing_mm": 0.0, "slice_mm": 0.0, "draws": 20_000}
    seen, _ = course(
        measured(ball(1, 40.0), **sharp), measured(ball(1, 40.0), **sharp),
        neighbours=[[match([1], [1])]],
    )  # fmt: skip
    change = seen[1].drawn_mm - seen[0].drawn_mm

    assert np.sqrt(2) == pytest.approx(np.std(change), rel=0.03)
    assert 0.0 == pytest.approx(np.mean(change), abs=0.02)
    coarse, _ = course(measured(ball(1, 40.0), spacing_mm=2.0), neighbours=[])
    assert np.mean(coarse[0].drawn_mm) < 39.0


@given(order=st.permutations([1, 2, 3, 4]), factor=st.sampled_from((0.5, 0.65, 1.0, 1.3)))
def test_numbers__of_lesions_change_nothing(order, factor):
    """All diameters by one factor: its class, whatever the lesions are called."""
    lengths = dict(zip(order, (40.0, 33.0, 21.0, 9.0), strict=True))
    seen, targets = course(
        measured(*(ball(number, length) for number, length in sorted(lengths.items()))),
        measured(*(ball(n, factor * lengths[5 - n]) for n in range(1, 5))),
        neighbours=[[match([number], [5 - number]) for number in lengths]],
    )

    assert tuple(order[:2]) == targets.baseline_ids
    expected = Response.PARTIAL if factor < 0.7 else D if factor > 1.2 else S
    assert expected is liver_responses(seen)[1].response
