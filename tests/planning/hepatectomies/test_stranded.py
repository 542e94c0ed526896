"""Kept segments that are no remnant, by the anatomical table."""

from itertools import chain, combinations

import pytest

from planning.hepatectomies.named_sets import ALSO_NAMED, BRISBANE_HEPATECTOMIES, candidate_for
from planning.hepatectomies.stranded import (
    ALL_SEGMENTS,
    stranded_segments,
    vessels_finding,
    why_stranded,
)
from planning.literature import load_literature
from planning.remnant.contiguity import NEIGHBOURS
from planning.rules.anatomy import HEPATIC_VEINS, SECTIONS, STATUS
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment as S
from remnant.core.plan_choice import PlanChoice
from remnant.core.reasons import Cause

EVERY_SET = [
    frozenset(chosen)
    for chosen in chain.from_iterable(combinations(S, n) for n in range(len(S) + 1))
]


def segments(text):
    return frozenset(S[name] for name in text.split())


@pytest.mark.parametrize(
    ("removed", "stranded", "cause"),
    [
        ("IV VI VIII", "V VII", Cause.NO_KEPT_NEIGHBOUR),  # the island of the issue
        ("V VII", "VI", Cause.NO_KEPT_NEIGHBOUR),
        ("VII VIII", "VI", Cause.VEINS_CUT),  # the right hepatic vein goes with both
        ("II IV", "III", Cause.VEINS_CUT),  # the left hepatic vein goes with both
        ("II IV", "III", Cause.PEDICLE_CUT),  # so does the umbilical portion
        ("IV VII VIII", "V", Cause.VEINS_CUT),  # the right and the middle one
        ("VI VIII", "VII", Cause.NO_KEPT_NEIGHBOUR),  # the caudate lobe carries no other segment
        ("III IV", "II", Cause.NO_KEPT_NEIGHBOUR),
        ("IV V", "", None),
        ("V VI", "", None),
        ("VIII", "", None),
        ("II III VI VII", "", None),  # left lateral and right posterior sectionectomy
    ],
)
def test_stranded__what_textbooks_would_not_leave(removed, stranded, cause):
    assert segments(stranded) <= stranded_segments(segments(removed))
    assert bool(stranded) == bool(stranded_segments(segments(removed)))
    found = {one.cause: set(one.names) for one in why_stranded(segments(removed))}
    assert cause is None or set(stranded.split()) <= found[cause]


def test_stranded__no_brisbane_operation_strands_a_segment():
    for candidate in (*BRISBANE_HEPATECTOMIES, *ALSO_NAMED):
        assert not stranded_segments(candidate.segments), candidate.name


def test_stranded__taking_the_stranded_too_costs_no_remnant():
    for removed in EVERY_SET:
        stranded = stranded_segments(removed)
        assert not stranded & removed
        remnant = ALL_SEGMENTS - removed - stranded
        assert ALL_SEGMENTS - (removed | stranded) == remnant


def test_stranded__every_segment_of_a_named_operation_has_neighbour_and_vein():
    for removed in EVERY_SET:
        kept = ALL_SEGMENTS - removed
        if removed and candidate_for(removed).named:
            for one in kept:
                carriers = kept if one is S.I else kept - {S.I}
                assert any(frozenset((one, other)) in NEIGHBOURS for other in carriers)
                veins = [vein for vein in HEPATIC_VEINS if one in vein.drains]
                assert one is S.I or any(vein.beside & kept for vein in veins)


def test_stranded__segments_of_an_earlier_operation_are_no_neighbours():
    held = ALL_SEGMENTS - segments("IV")
    assert stranded_segments(segments("VIII"), held=held) == frozenset()
    assert stranded_segments(segments("VI"), held=held - segments("VIII")) == segments("V VII")
    assert not candidate_for(segments("VI"), held=held - segments("VIII")).named
    assert candidate_for(segments("VI")).named


def test_candidate__combinations_have_the_fewest_and_disjoint_parts():
    for removed in EVERY_SET[1:]:
        parts = candidate_for(removed).parts
        assert not parts or frozenset().union(*(p.segments for p in parts)) == removed
        assert sum(len(part.segments) for part in parts) in (0, len(removed))
        assert all(candidate_for(part.segments).named for part in parts)


def test_anatomy__sections_and_veins_are_complete_and_cited():
    assert frozenset().union(*SECTIONS.values()) == ALL_SEGMENTS - {S.I}
    assert frozenset().union(*(vein.drains for vein in HEPATIC_VEINS)) == ALL_SEGMENTS - {S.I}
    assert all(vein.beside <= vein.drains | {S.IV} for vein in HEPATIC_VEINS)
    assert set(STATUS) <= set(load_literature())


def test_vessels_finding__a_person_s_word_is_for_that_set_alone():
    choice = PlanChoice(vessels_intact=(segments("IV VI VIII"),))
    assert vessels_finding(segments("V VI"), choice=choice) is None
    unknown = vessels_finding(segments("V VII"), choice=choice)
    stated = vessels_finding(segments("IV VI VIII"), choice=choice)
    assert (unknown.verdict, stated.verdict) == (Verdict.UNKNOWN, Verdict.MET)
    assert stated.reasons[0].cause is Cause.STATED_INTACT


def test_stranded__no_operation_strands_nothing():
    """What lives without a neighbour or a vein before is not lost to an operation elsewhere."""
    for held in EVERY_SET:
        assert stranded_segments(frozenset(), held=held) == frozenset()
    assert stranded_segments(segments("II"), held=segments("II III IV VI")) == frozenset()
    assert stranded_segments(segments("IV"), held=segments("II IV VI")) == segments("II")


def test_stranded__a_segment_full_of_tumour_is_cut_as_any_other():
    """VII and VIII hold no liver; taken out, the right hepatic vein goes and VI with it."""
    held = ALL_SEGMENTS - segments("VII VIII")
    assert "VI" in {s.name for s in stranded_segments(segments("VII VIII"), held=held)}
