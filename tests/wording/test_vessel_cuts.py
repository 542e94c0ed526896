"""What operations would cut of computed vessels: one line, never an order, never more than seen."""

import pytest

from examples.computed_vessels import (
    HEPATIC,
    LEFT_FROM_RIGHT,
    MIDDLE_IN_IV,
    PORTAL,
    computed,
    stem,
    way,
)
from planning.remnant.contiguity import contiguity_finding
from planning.vessel_cuts import computed_reasons, cuts_of, with_computed
from remnant.core.labels import CouinaudSegment
from remnant.core.reasons import Cause, Reason
from remnant.core.vessels import VesselName
from remnant.wording.findings import found_here, text_of
from remnant.wording.reasons import words
from remnant.wording.vessel_cuts import (
    computed_sentence,
    vessel_cuts_in_short,
    vessel_cuts_line,
)

ALL = frozenset(CouinaudSegment)
LEFT = tuple(CouinaudSegment(code) for code in (2, 3, 4))
RIGHT = tuple(CouinaudSegment(code) for code in (5, 6, 7, 8))
SIX = (CouinaudSegment.VI,)
BEGIN = "Computed vessels, to be confirmed: "
RHV = stem(VesselName.RIGHT_HEPATIC_VEIN, {"VI": 12.0, "VII": 40.0}, {"VI": 0.9, "VII": 0.9})
FAINT = stem(VesselName.MIDDLE_HEPATIC_VEIN, {"VI": 12.0}, {"V": 0.2}, deep_mm={"VI": 9.0})


def cutting(removed, vessels):
    return cuts_of(frozenset(removed), ALL - frozenset(removed), vessels)


@pytest.mark.parametrize(
    ("removed", "vessels", "line"),
    [
        (
            LEFT,
            MIDDLE_IN_IV,
            (
                "divides the middle hepatic vein; cuts off the outflow of 60 % of what is seen in "
                "V, 40 % in VIII; nothing else of what stays is cut off as far as seen."
            ),
        ),
        (RIGHT, MIDDLE_IN_IV, "nothing of what stays is cut off as far as seen."),
        (
            RIGHT,
            LEFT_FROM_RIGHT,
            (
                "divides the left portal vein; cuts off the inflow of 90 % of what is seen in II, "
                "90 % in III, 80 % in IV; nothing else of what stays is cut off as far as seen."
            ),
        ),
        (
            SIX,
            computed(RHV, unseen="I II"),
            (
                "divides the right hepatic vein; nothing else of what stays is cut off as far as "
                "seen; not seen: inflow of I, II and outflow of I, II."
            ),
        ),
        (
            SIX,
            computed(way(PORTAL, "VII", "VI", 0.8), way(HEPATIC, "V", "VI", 0.25), FAINT),
            (
                "cuts off the inflow of 80 % of what is seen in VII; cuts off the outflow of 25 % "
                "of what is seen in V; nothing else of what stays is cut off as far as seen; the "
                "middle hepatic vein runs along a border of what is removed."
            ),
        ),
        (
            SIX,
            computed(unseen="I II III IV V VII VIII"),
            "not seen: inflow of all that stays and outflow of all that stays.",
        ),
    ],
)
def test_line__says_what_is_divided_what_else_is_cut_off_and_what_is_not_seen(
    removed, vessels, line
):
    assert vessel_cuts_line(cutting(removed, vessels), removed) == BEGIN + line


def test_in_short__what_is_cut_and_not_seen_without_what_its_heading_says():
    def short(removed, vessels):
        return vessel_cuts_in_short(cutting(removed, vessels), removed)

    assert short(LEFT, MIDDLE_IN_IV) == (
        "divides the middle hepatic vein; cuts off the outflow of 60 % of what is seen in V, 40 % "
        "in VIII"
    )
    assert short(RIGHT, MIDDLE_IN_IV) == "nothing of what stays is cut off as far as seen"
    assert short((), MIDDLE_IN_IV) == vessel_cuts_in_short(None, LEFT) == ""


def test_line__is_empty_without_computed_vessels_or_removed_segments():
    assert vessel_cuts_line(None, LEFT) == ""
    assert vessel_cuts_line(cutting((), MIDDLE_IN_IV), ()) == ""


def finding(removed, vessels, *, stated=None):
    removed = frozenset(removed)
    computed_ = computed_reasons(removed, cutting(removed, vessels), stated=stated)
    (found,) = with_computed((contiguity_finding(ALL - removed),), computed_)
    return found


@pytest.mark.parametrize(
    ("stated", "vessels", "ending"),
    [
        (
            None,
            MIDDLE_IN_IV,
            (
                "Computed, to be confirmed: inflow intact as far as seen; outflow lost to 60 "
                "% of what is seen in V."
            ),
        ),
        (
            True,
            MIDDLE_IN_IV,
            (
                "A person found inflow and outflow intact, but computed vessels, to be confirmed, "
                "speak against it: outflow lost to 60 % of what is seen in V."
            ),
        ),
        (
            None,
            computed(unseen="I V VI VII VIII"),
            "Computed, to be confirmed: inflow not seen; outflow not seen.",
        ),
        (True, computed(), ""),
        (False, MIDDLE_IN_IV, ""),
    ],
)
def test_findings__add_what_is_computed_to_what_they_say_today(stated, vessels, ending):
    today = text_of(contiguity_finding(ALL - frozenset(LEFT)))
    found = finding(LEFT, vessels, stated=stated)
    assert text_of(found) == f"{today} {ending}".rstrip()
    assert found_here(found) == ending


def test_reasons__of_a_plan_name_it_once():
    flows = computed_reasons(frozenset(LEFT), cutting(LEFT, MIDDLE_IN_IV), stated=None)
    of_plan = Reason(Cause.COMPUTED_OF_PLAN, names=("plan_3",), because=flows)
    text = (
        "computed for plan_3, to be confirmed: inflow intact as far as seen; outflow lost to "
        "60 % of what is seen in V"
    )
    assert words(of_plan) == text
    assert computed_sentence((of_plan,)) == f"C{text[1:]}."
    assert words(flows[0]) == "computed, to be confirmed: inflow intact as far as seen"
