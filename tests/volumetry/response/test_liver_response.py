"""The response at every scan of a series, from what the scans show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.quantity import Bound
from remnant.core.response import Response, ResponseNote
from volumetry.response.liver_response import Sighting, liver_responses, not_evaluable

C, P, S, D = Response.COMPLETE, Response.PARTIAL, Response.STABLE, Response.PROGRESSIVE
NOT = Response.NOT_EVALUABLE
DRAWS = 4001


def shown(*lengths_mm, others=0, new=0, confirmed=0, notes=(), day=None, sd_mm=0.0, seed=0):
    spread = np.random.default_rng(seed).normal(scale=sd_mm, size=DRAWS) if sd_mm else 0.0
    return Sighting(
        day=day,
        diameters_mm=lengths_mm,
        drawn_mm=np.maximum(np.full(DRAWS, sum(lengths_mm)) + spread, 0.0),
        others_left=others,
        new_lesions=new,
        new_confirmed=confirmed,
        notes=frozenset(notes),
    )


def responses(*sightings):
    return [one.response for one in liver_responses(sightings)]


def notes(*sightings):
    return set(liver_responses(sightings)[-1].notes)


def test_nothing__gives_nothing():
    assert () == liver_responses(())


def test_one_scan__is_a_baseline_without_a_response():
    (found,) = liver_responses([shown(30.0, 20.0)])

    assert found.response is found.target_response is found.nadir_mm is found.probability is None
    assert 50.0 == found.sum_mm.value
    assert (False, False, ()) == (found.provisional, found.uncertain, found.notes)


def test_figures__of_one_course():
    course = liver_responses([shown(60.0, 40.0), shown(30.0, 20.0), shown(36.0, 26.0)])
    last = course[2]

    assert [None, P, D] == [one.response for one in course]
    assert (100.0, 50.0, 62.0) == (last.baseline_mm, last.nadir_mm, last.sum_mm.value)
    assert -0.38 == pytest.approx(last.from_baseline_fraction.value)
    assert 0.24 == pytest.approx(last.from_nadir_fraction.value)
    assert 12.0 == pytest.approx(last.from_nadir_mm.value)
    assert 1.0 == last.probability


@pytest.mark.parametrize(("days", "last"), [((0, 56, 84, 112), P), ((0, 56, 70, 112), S)])
def test_confirmed_partial_response__goes_on_until_progression(days, last):
    """The clarifications' example: 100, 70, 70, 80 mm; confirmed only after 28 days."""
    course = [
        shown(length, day=float(day)) for length, day in zip((100, 70, 70, 80), days, strict=True)
    ]

    assert [None, P, P, last] == responses(*course)
    assert (last is P) == (ResponseNote.PARTIAL_GOES_ON in notes(*course))
    assert D is responses(*course, shown(90.0, day=200.0))[-1]


def test_partial_response__does_not_go_on_without_days_or_after_progression():
    assert S is responses(shown(100.0), shown(70.0), shown(70.0), shown(80.0))[-1]
    up = [shown(100.0, day=0.0), shown(60.0, day=40.0), shown(60.0, day=80.0)]
    after = [shown(90.0, day=120.0), shown(71.0, day=160.0)]
    assert [D, S] == responses(*up, *after)[-2:]


def test_partial_response__that_was_interrupted_is_not_confirmed():
    course = [shown(mm, day=28.0 * n) for n, mm in enumerate((100, 70, 75, 70, 75))]
    missing = shown(notes=[ResponseNote.TARGET_OUTSIDE], day=50.0)
    later = shown(70.0, day=90.0), shown(75.0, day=120.0)

    assert [None, P, S, P, S] == responses(*course)
    assert [NOT, P, P] == responses(*course[:2], missing, *later)[2:]


def test_complete__needs_the_others_gone_too():
    assert [None, C] == responses(shown(30.0, others=2), shown())
    assert [None, P] == responses(shown(30.0, others=2), shown(others=1))
    assert ResponseNote.NON_TARGETS_LEFT in notes(shown(30.0, others=2), shown(others=1))


def test_new_lesion__is_progression_whatever_the_targets_do():
    for now in (shown(10.0, new=1), shown(new=1), shown(30.0, new=2, confirmed=1)):
        assert [None, D] == responses(shown(30.0), now)
    found = liver_responses([shown(30.0), shown(10.0, new=1)])[1]
    assert (P, 1, 0) == (found.target_response, found.new_lesions, found.new_confirmed)
    assert found.provisional
    assert not liver_responses([shown(30.0), shown(10.0, new=1, confirmed=1)])[1].provisional


def test_back_after_complete_response__is_progression_and_uncertain():
    course = shown(30.0), shown(), shown(4.0)

    assert [None, C, D] == responses(*course)
    found = liver_responses(course)[-1]
    assert ResponseNote.REAPPEARED in found.notes
    assert (0.0, None, None) == (
        found.nadir_mm, found.probability, found.from_nadir_fraction.value,
    )  # fmt: skip


def test_back_beside_others__is_added_to_the_sum():
    course = shown(30.0, 20.0), shown(38.0), shown(38.0, 7.0)

    assert [None, S, S] == responses(*course)
    assert 45.0 == liver_responses(course)[2].sum_mm.value


def test_without_targets__neither_until_all_are_gone_or_there_are_new_ones():
    small = shown(others=2)

    assert [None, Response.NEITHER, C, D] == responses(
        small, shown(others=1), shown(), shown(new=1)
    )
    found = liver_responses([small, shown(others=1)])
    assert all(ResponseNote.NO_TARGET in one.notes for one in found)
    assert found[1].sum_mm is found[1].from_nadir_mm is found[1].target_response is None


def test_without_lesions__only_new_ones_say_something():
    assert [None, NOT, D] == responses(shown(), shown(), shown(new=1))
    assert ResponseNote.NO_LESION_AT_BASELINE in notes(shown(), shown())


@pytest.mark.parametrize("note", [ResponseNote.TARGET_OUTSIDE, ResponseNote.TARGET_REJECTED])
def test_missing_target__only_progression_is_certain(note):
    first = shown(30.0, 20.0)

    assert [None, NOT] == responses(first, shown(30.0, notes=[note]))
    assert [None, NOT] == responses(first, shown(notes=[note]))
    found = liver_responses([first, shown(61.0, notes=[note]), shown(52.0, 20.0)])
    assert (D, Bound.LOWER) == (found[1].response, found[1].sum_mm.bound)
    # a sum that lacks a target is no nadir
    assert 50.0 == found[2].nadir_mm


def test_cut_liver__only_progression_can_be_said():
    cut = [ResponseNote.LIVER_NOT_WHOLE]

    assert [None, NOT, D, D] == responses(
        shown(30.0), shown(15.0, notes=cut), shown(40.0, notes=cut), shown(30.0, new=1, notes=cut)
    )
    assert [None, NOT] == responses(
        shown(30.0, notes=[ResponseNote.NO_BASELINE]),
        shown(60.0, notes=[ResponseNote.NO_BASELINE]),
    )


def test_cut_target__counts_as_at_least_so_long_and_is_uncertain():
    course = liver_responses([shown(30.0), shown(31.0, notes=[ResponseNote.TARGET_CUT])])

    assert (S, True, Bound.LOWER) == (
        course[1].response, course[1].uncertain, course[1].sum_mm.bound,
    )  # fmt: skip
    # and so is what is held against it
    later = liver_responses([shown(30.0, notes=[ResponseNote.TARGET_CUT]), shown(31.0)])
    assert later[1].uncertain


def test_unconfirmed__baseline_makes_all_that_follows_provisional():
    course = liver_responses([shown(30.0, notes=[ResponseNote.UNCONFIRMED]), shown(31.0)])

    assert all(one.provisional for one in course)


def test_errors__near_a_limit_make_it_uncertain():
    """24.5 over 20 mm: progression needs 25; with 1 mm of error each it is one time in three."""
    near = [shown(20.0, sd_mm=1.0, seed=1), shown(24.5, sd_mm=1.0, seed=2)]
    far = [shown(20.0, sd_mm=1.0, seed=1), shown(40.0, sd_mm=1.0, seed=2)]

    found = liver_responses(near)[1]
    assert (S, True) == (found.response, ResponseNote.WITHIN_ERROR in found.notes)
    assert 0.64 == pytest.approx(found.probability, abs=0.03)  # Φ(0.5 / √2)
    assert found.from_nadir_mm.interval.low < 4.5 < found.from_nadir_mm.interval.high
    certain = liver_responses(far)[1]
    assert (D, 1.0, False) == (certain.response, certain.probability, certain.uncertain)


def test_small_target__is_measured_and_noted_where_5_mm_would_give_another_class():
    """20 to 13.5 mm as 10 + 3.5 is partial; as 10 + 5 it is stable."""
    assert P is responses(shown(10.0, 10.0), shown(10.0, 3.5))[-1]
    assert ResponseNote.TARGET_SMALL in notes(shown(10.0, 10.0), shown(10.0, 3.5))
    assert ResponseNote.TARGET_SMALL not in notes(shown(10.0, 10.0), shown(4.0, 3.5))


def test_not_evaluable__says_why():
    found = not_evaluable(ResponseNote.NOT_MEASURED)

    assert (NOT, (ResponseNote.NOT_MEASURED,)) == (found.response, found.notes)
    assert not found.provisional


LENGTHS = st.lists(st.floats(1.0, 100.0), min_size=1, max_size=2)


@given(course=st.lists(LENGTHS, min_size=2, max_size=6), order=st.randoms(use_true_random=False))
def test_permuting__the_target_lesions_changes_nothing(course, order):
    def mixed(lengths):
        lengths = list(lengths)
        order.shuffle(lengths)
        return lengths

    one = liver_responses([shown(*lengths) for lengths in course])
    other = liver_responses([shown(*mixed(lengths)) for lengths in course])

    assert [r.response for r in one] == [r.response for r in other]
    assert [r.nadir_mm for r in one] == pytest.approx([r.nadir_mm for r in other])


@given(course=st.lists(LENGTHS, min_size=2, max_size=6))
def test_nadir__is_the_smallest_sum_before_and_never_gives_a_partial_response(course):
    found = liver_responses([shown(*lengths) for lengths in course])

    for number in range(1, len(course)):
        sums = [sum(lengths) for lengths in course[: number + 1]]
        assert min(sums[:-1]) == pytest.approx(found[number].nadir_mm)
        if found[number].response is P:
            assert sums[-1] <= 0.7 * sums[0] + 1e-6
