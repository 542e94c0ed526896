"""Hepatectomies by name, and what they would take, in words."""

from dataclasses import replace
from itertools import combinations

import pytest

from planning.hepatectomies.debulked_share import debulking_findings
from planning.hepatectomies.named_sets import BRISBANE_HEPATECTOMIES
from planning.hepatectomies.single_operation import REACH_RULES
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.wording.findings import text_of
from remnant.wording.hepatectomies import SCOPE
from remnant.wording.resection_titles import hepatectomy_title

WITHIN = "the liver reaches the edge of the scan: this is the share within the scan"
CUT = "the liver reaches the edge of the scan: what lies beyond it is not counted"
MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
RIGHT = reason(Cause.EXAMPLE, "right_hemihepatectomy", "V", "VI", "VII", "VIII")
ACROSS = reason(Cause.LESIONS_ACROSS, "3", "8")
PART = reason(Cause.PART_COUNTED)
OUTSIDE = reason(Cause.LESIONS_OUTSIDE_MAP, "4")
BEYOND = reason(Cause.LESIONS_CUT_BY_SCAN, "7")


@pytest.mark.parametrize(
    ("codes", "title"),
    [
        ((3,), "Segmentectomy III"),
        ((6, 5), "Segmentectomies V, VI"),
        ((3, 6), "Segmentectomies III, VI"),
        ((5, 6, 7), "Right posterior sectionectomy + segmentectomy V"),
        ((4, 5), "Left medial sectionectomy + segmentectomy V"),
        ((2, 3, 6, 7), "Left lateral sectionectomy + right posterior sectionectomy"),
        ((4, 6, 8), "Segments IV, VI, VIII"),
        ((4,), "Left medial sectionectomy"),
        ((4, 5, 8), "Central hepatectomy (mesohepatectomy)"),
    ],
)
def test_title__of_any_set_of_segments(codes, title):
    assert title == hepatectomy_title(map(CouinaudSegment, codes))


def test_title__all_sets_have_their_own():
    sets = [s for size in range(1, 9) for s in combinations(CouinaudSegment, size)]
    assert len(sets) == 255 == len({hepatectomy_title(s) for s in sets})


def test_title__of_the_brisbane_list_is_its_name():
    for candidate in BRISBANE_HEPATECTOMIES:
        assert hepatectomy_title(candidate.segments) == candidate.title


def test_debulking__how_it_is_measured():
    for found in debulking_findings(Quantity(0.5)):
        words = "at least" if found.inclusive else "more than"
        assert f": {words} {100 * found.limit:g} % of the tumour load." in text_of(found)
        assert text_of(found).endswith(
            "Estimated to be removed: 50.0 %, by volume; studies often count lesions or estimate "
            "by eye."
        )


def test_debulking__share_absent_or_not_exact():
    for found in debulking_findings(Quantity.absent(Reason(Cause.NO_LESION_TO_DEBULK))):
        assert text_of(found).endswith(" It cannot be judged: no lesion to debulk.")
    for found in debulking_findings(
        Quantity(0.95, indicative=True, reasons=Reason(Cause.SHARE_WITHIN_SCAN))
    ):
        assert "about 95.0 % (may be larger or smaller), by volume" in text_of(found)
        assert text_of(found).endswith(f" Not exact: {WITHIN}.")


@pytest.mark.parametrize(
    ("verdict", "reasons", "text"),
    [
        (MET, (), "No lesion lies across the transection."),
        (
            NOT_MET,
            (ACROSS, PART),
            (
                "Across the transection: lesion 3 and 8. Only the part in the removed segments is "
                "counted as removed; the rest would stay unless the line of transection moves."
            ),
        ),
        (NOT_MET, (ACROSS,), "Across the transection: lesion 3 and 8."),
        (
            UNKNOWN,
            (OUTSIDE, BEYOND),
            (
                "Not decided whether they lie across the transection: part of lesion 4 lies "
                "outside the segment map; the scan or file cuts lesion 7."
            ),
        ),
        (
            UNKNOWN,
            (reason(Cause.LESIONS_WITHOUT_SEGMENTS),),
            "The segments of the lesions are not known.",
        ),
    ],
)
def test_cut_lesions__which_and_which_are_not_known(verdict, reasons, text):
    found = Finding(id="debulking.cut_lesions", verdict=verdict, reasons=reasons)
    assert text_of(found) == text


def reach(identifier, verdict, quantity, *reasons):
    threshold = REACH_RULES[identifier].threshold
    return text_of(
        Finding(
            id=identifier,
            verdict=verdict,
            quantity=quantity,
            threshold=threshold,
            reasons=(RIGHT, *reasons),
        )
    )


@pytest.mark.parametrize(
    ("verdict", "share", "reasons", "words"),
    [
        (
            MET,
            Quantity(0.75),
            (),
            (
                "Right hemihepatectomy would remove an estimated 75.0 %, and every rule set with "
                "evidence accepts what would remain."
            ),
        ),
        (
            NOT_MET,
            Quantity(0.6996),
            (),
            (
                "None of them would: Right hemihepatectomy would remove an estimated 69.96 %, the "
                "most of all."
            ),
        ),
        (
            NOT_MET,
            Quantity(0.9),
            (),
            (
                "Right hemihepatectomy would remove an estimated 90.0 %, but no rule set accepts "
                "what would remain."
            ),
        ),
        (
            UNKNOWN,
            Quantity(0.9),
            (
                reason(Cause.ACCEPTED_BY, "gepnetlm_review", "cloyd2020"),
                reason(Cause.NOT_DECIDED_BY, "machairas2021_30"),
            ),
            (
                "Right hemihepatectomy would remove an estimated 90.0 %; what would remain is "
                "accepted by GEP-NET liver metastases review and Cloyd 2020; not decided by "
                "Machairas 2021."
            ),
        ),
        (
            UNKNOWN,
            Quantity(0.95, indicative=True, reasons=Reason(Cause.SHARE_WITHIN_SCAN)),
            (reason(Cause.REFUSED_BY, "cloyd2020"),),
            (
                "Right hemihepatectomy would remove about 95.0 % (may be larger or smaller); what "
                f"would remain is refused by Cloyd 2020. Not exact: {WITHIN}."
            ),
        ),
        (
            UNKNOWN,
            Quantity.absent(Reason(Cause.NO_LESION_TO_DEBULK)),
            (),
            "It cannot be judged: no lesion to debulk.",
        ),
        (
            NOT_MET,
            Quantity.absent(Reason(Cause.LIVER_CUT)),
            (),
            "None of them would reach it and leave a remnant that any rule set accepts.",
        ),
    ],
)
def test_reach__names_the_resection_that_stands_for_all(verdict, share, reasons, words):
    text = reach("debulking.reach.70.machairas2021", verdict, share, *reasons)
    demand = "Machairas 2021: at least 70 % of the tumour load, with enough liver left."
    assert text == f"{demand} {words} {SCOPE}"


def test_reach__more_than_ninety():
    text = reach("debulking.reach.90.cloyd2020", NOT_MET, Quantity(0.9))
    assert text.startswith("Cloyd 2020: more than 90 % of the tumour load, with enough liver left.")
    assert "None of them would" in text


@pytest.mark.parametrize(
    ("share", "reasons", "words"),
    [
        (Quantity(0.05), (reason(Cause.BURDEN_CLASS, "<=10"),), "5.0 %, class up to 10 %."),
        (
            Quantity(0.05, indicative=True, reasons=(Reason(Cause.SHARE_WITHIN_SCAN),)),
            (reason(Cause.BURDEN_CLASS, "<=10"), reason(Cause.WITHIN_SCAN)),
            (
                "about 5.0 % (may be larger or smaller), class up to 10 % within the scanned part. "
                f"Not exact: {WITHIN}."
            ),
        ),
        (
            Quantity(0.3, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)),
            (),
            f"at least 30.0 %. Not exact: {CUT}.",
        ),
        (
            Quantity.absent(Reason(Cause.ALL_TUMOUR)),
            (),
            "not known (there is no functional liver: all of it is tumour).",
        ),
    ],
)
def test_burden__share_class_and_what_was_scanned(share, reasons, words):
    found = Finding(
        id="burden.class",
        verdict=UNKNOWN,
        quantity=share,
        denominator=Basis.TOTAL_LIVER_VOLUME,
        reasons=reasons,
    )
    assert text_of(found) == (
        f"Hepatic tumour load: {words} Classes of up to 10, 11 to 25, 26 to 50 and more than 50 % "
        "of the whole liver; which class a value between them falls into is this project's choice."
    )


def test_unconfirmed__of_how_many():
    found = Finding(
        id="lesions.unconfirmed",
        verdict=NOT_MET,
        quantity=Quantity(2.0),
        reasons=(reason(Cause.LESIONS_COUNTED, 3),),
    )
    assert text_of(found).startswith("2 of 3 lesions not confirmed by a reader. Shape alone does")


def test_vessels__of_a_set_without_a_name():
    lost = (reason(Cause.NO_KEPT_NEIGHBOUR, "V"), reason(Cause.VEINS_CUT, "V", "VI"))
    found = Finding(id="vascular_feasibility", verdict=UNKNOWN, reasons=lost)
    assert text_of(found) == (
        "No named operation: vessels not assessed. No neighbour of V would stay; every vein that "
        "drains V, VI is cut: not counted as remnant."
    )
    stated = replace(found, verdict=MET, reasons=(reason(Cause.STATED_INTACT), *lost[:1]))
    assert text_of(stated) == (
        "Inflow, outflow and bile drainage found intact by a person, although no neighbour of V "
        "would stay."
    )
