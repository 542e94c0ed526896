from dataclasses import replace

import pytest

from planning.hepatectomies.debulked_share import (
    cut_lesions,
    cut_lesions_finding,
    debulking_findings,
)
from planning.rules.remnant import DEBULKING_RULES
from remnant.core.findings import Basis, SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
RIGHT = frozenset(map(CouinaudSegment, (5, 6, 7, 8)))
IDS = (
    "debulking.70.machairas2021",
    "debulking.90.machairas2021",
    "debulking.70.cloyd2020",
    "debulking.80.cloyd2020",
    "debulking.90.cloyd2020",
    "debulking.100.cloyd2020",
)


@pytest.mark.parametrize(
    ("value", "verdicts"),
    [
        (0.0, "------"),
        (0.699999, "------"),
        (0.7, "m-----"),
        (0.1 + 0.2 + 0.4, "m-----"),
        (0.700001, "m-m---"),
        (0.799999, "m-m---"),
        (0.8, "m-mm--"),
        (0.899999, "m-mm--"),
        (0.9, "mmmm--"),
        (0.900001, "mmmmm-"),
        (0.999999, "mmmmm-"),
        (1.0, "mmmmmm"),
    ],
)
def test_debulking__at_below_and_above_each_limit(value, verdicts):
    found = debulking_findings(Quantity(value))
    assert tuple(f.id for f in found) == IDS
    assert verdicts == "".join("m" if f.verdict is MET else "-" for f in found)
    assert {MET, NOT_MET} >= {f.verdict for f in found}
    assert {Basis.TUMOUR_VOLUME} == {f.basis for f in found}
    assert all(f.value == pytest.approx(value, abs=1e-9) for f in found)


@pytest.mark.parametrize(
    ("quantity", "verdict"),
    [
        (Quantity.absent(Reason(Cause.NO_LESION_TO_DEBULK)), UNKNOWN),
        (Quantity(0.5, bound=Bound.LOWER), UNKNOWN),
        (Quantity(1.0, bound=Bound.LOWER), MET),
        (Quantity(0.5, bound=Bound.UPPER), NOT_MET),
        (Quantity(1.0, bound=Bound.UPPER), UNKNOWN),
    ],
)
def test_debulking__bounds_and_absence(quantity, verdict):
    found = debulking_findings(quantity)
    assert {verdict} == {f.verdict for f in found}
    assert quantity.value == found[0].value
    assert len(found) == len(DEBULKING_RULES)
    assert {quantity.reasons} == {f.quantity.reasons for f in found}


def test_cut_lesions__lists_those_on_both_sides(make_lesion):
    lesions = (
        make_lesion(1, shares={5: 1.0}),
        make_lesion(2, shares={4: 0.5, 5: 0.5}),
        make_lesion(3, shares={4: 0.995, 5: 0.005}),
        make_lesion(4, shares={4: 0.99, 8: 0.01}),
        make_lesion(5, shares={5: 0.5}),
        make_lesion(6, shares={4: 0.5, 5: 0.5}, confirmation=Confirmation.REJECTED),
        make_lesion(7, shares=None),
    )
    assert cut_lesions(lesions, removed=RIGHT) == (2, 4)


def test_cut_lesions_finding__names_them(make_lesion):
    lesions = [make_lesion(i, shares={4: 0.5, 5: 0.5}) for i in (3, 8)]
    found = cut_lesions_finding(lesions, removed=RIGHT)
    assert (
        found.verdict,
        found.value,
        found.source,
        found.status,
    ) == (NOT_MET, 2.0, "remnant_rules", SourceStatus.PROJECT)
    assert found.reasons == (reason(Cause.LESIONS_ACROSS, "3", "8"), reason(Cause.PART_COUNTED))


def test_cut_lesions_finding__none_is_cut(make_lesion):
    found = cut_lesions_finding([make_lesion(shares={5: 0.5, 6: 0.5})], removed=RIGHT)
    assert (found.verdict, found.value) == (MET, 0.0)


def test_cut_lesions_finding__segments_unknown(make_lesion):
    found = cut_lesions_finding([make_lesion(shares=None)], removed=RIGHT)
    assert (found.verdict, found.value) == (UNKNOWN, None)
    assert found.reasons == (reason(Cause.LESIONS_WITHOUT_SEGMENTS),)


def test_cut_lesions_finding__no_lesion_that_counts(make_lesion):
    rejected = make_lesion(shares={4: 0.5, 5: 0.5}, confirmation=Confirmation.REJECTED)
    assert cut_lesions_finding([rejected], removed=RIGHT) is None


@pytest.mark.parametrize(
    ("share", "verdict"), [(1.0, MET), (0.99, MET), (0.989, UNKNOWN), (0.74, UNKNOWN)]
)
def test_cut_lesions_finding__a_lesion_partly_outside_the_map(make_lesion, share, verdict):
    lesions = [make_lesion(4, shares={8: share}), make_lesion(5, shares={2: 1.0})]
    found = cut_lesions_finding(lesions, removed=RIGHT)
    assert verdict is found.verdict
    assert (found.value is None) == (verdict is UNKNOWN)
    outside = reason(Cause.LESIONS_OUTSIDE_MAP, "4")
    assert found.reasons == ((outside,) if verdict is UNKNOWN else ())


def test_cut_lesions_finding__a_lesion_that_the_scan_cuts(make_lesion):
    bounded = replace(
        make_lesion(7, shares={8: 1.0}),
        volume_ml=Quantity(9.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)),
    )
    found = cut_lesions_finding([bounded, make_lesion(8, shares={8: 1.0})], removed=RIGHT)
    assert (found.verdict, found.value) == (UNKNOWN, None)
    assert found.reasons == (reason(Cause.LESIONS_CUT_BY_SCAN, "7"),)


def test_cut_lesions_finding__one_cut_for_certain_decides(make_lesion):
    lesions = [
        make_lesion(1, shares={4: 0.5, 5: 0.5}),
        make_lesion(2, shares={8: 0.74}),
        make_lesion(3, shares={4: 0.2, 5: 0.2}),
    ]
    found = cut_lesions_finding(lesions, removed=RIGHT)
    assert (found.verdict, found.value) == (NOT_MET, 2.0)
    assert found.reasons == (
        reason(Cause.LESIONS_ACROSS, "1", "3"),
        reason(Cause.PART_COUNTED),
        reason(Cause.LESIONS_OUTSIDE_MAP, "2"),
    )


def test_cut_lesions_finding__rejected_lesions_raise_no_doubt(make_lesion):
    rejected = make_lesion(2, shares={8: 0.74}, confirmation=Confirmation.REJECTED)
    found = cut_lesions_finding([make_lesion(1, shares={8: 1.0}), rejected], removed=RIGHT)
    assert (found.verdict, found.value) == (MET, 0.0)


def test_debulking__indicative_share_decides_nothing():
    for found in debulking_findings(
        Quantity(0.95, indicative=True, reasons=Reason(Cause.SHARE_WITHIN_SCAN))
    ):
        assert found.verdict is UNKNOWN
