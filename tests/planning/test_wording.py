from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.findings import example_finding
from planning import wording
from remnant.core.findings import Basis, Comparison, SourceStatus, Threshold, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason


@pytest.mark.parametrize(
    ("fraction", "beside", "text"),
    [
        (0.234, None, "23.4 %"),
        (0.1996, None, "20.0 %"),
        (0.1996, 0.2, "19.96 %"),
        (0.1999999, 0.2, "19.99999 %"),
        (0.2, 0.2, "20.0 %"),
        (0.7000004, 0.7, "70.00004 %"),
        (0.0, 0.2, "0.0 %"),
        (1.0, 0.9, "100.0 %"),
    ],
)
def test_percent__keeps_its_side_of_the_limit(fraction, beside, text):
    assert text == wording.percent(fraction, beside=beside)


@given(st.integers(0, 10**9), st.sampled_from((0.2, 0.3, 0.4, 0.7, 0.9)))
def test_percent__never_prints_the_other_side(billionths, limit):
    fraction = billionths / 10**9
    printed = float(wording.percent(fraction, beside=limit).removesuffix(" %"))
    assert (fraction >= limit) == (round(printed - 100 * limit, 9) >= 0)


@pytest.mark.parametrize(
    ("inclusive", "text"), [(True, "at least 30 %"), (False, "more than 30 %")]
)
def test_limit__says_inclusivity(inclusive, text):
    threshold = Threshold(
        value=0.3,
        basis=Basis.UNSPECIFIED,
        comparison=Comparison.AT_LEAST if inclusive else Comparison.MORE,
        source="x",
        status=SourceStatus.VERIFIED,
    )
    assert text == wording.limit(threshold)


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(0.25), "25.0 %"),
        (Quantity(0.25, bound=Bound.LOWER), "at least 25.0 %"),
        (Quantity(0.25, bound=Bound.UPPER), "at most 25.0 %"),
        (Quantity(0.25, indicative=True, reasons="cut"), "about 25.0 % (may be larger or smaller)"),
        (Quantity.absent("no map"), "not known (no map)"),
    ],
)
def test_measured__says_bounds_and_absence(quantity, text):
    assert text == wording.measured(quantity)


def test_listed__joins_like_a_sentence():
    assert wording.listed(["a"]) == "a"
    assert wording.listed(["a", "b"]) == "a and b"
    assert wording.listed(iter("abc")) == "a, b and c"


def test_segment_names__in_order():
    assert wording.segment_names({CouinaudSegment(c) for c in (8, 1, 4)}) == "I, IV, VIII"


def test_counted__one_and_many():
    assert [wording.counted(n, "lesion") for n in (1, 0, 2)] == [
        "1 lesion",
        "0 lesions",
        "2 lesions",
    ]


A, B = Reason(Cause.PROSE, names=("a",)), Reason(Cause.PROSE, names=("b",))


@pytest.mark.parametrize(
    ("quantities", "text"),
    [
        ((Quantity(0.2, reasons="a note"), Quantity.absent("no map")), ""),
        ((Quantity(0.2, bound=Bound.LOWER),), ""),
        ((Quantity(0.2, bound=Bound.LOWER, reasons=(A, B)),), " Not exact: a; b."),
        (
            (
                Quantity(0.2, bound=Bound.UPPER, reasons=A),
                Quantity(0.2, indicative=True, reasons=reason(Cause.EITHER_WAY, because=(B, A))),
            ),
            " Not exact: a; b.",
        ),
    ],
)
def test_because__gives_each_reason_of_bounds_and_indicative_values_once(quantities, text):
    assert text == wording.because(*quantities)


def test_to_review__says_it_once_at_the_end_and_leaves_the_rest():
    finding = example_finding(identifier="flr.x", verdict=Verdict.MET, prose="It would.", value=0.4)
    marked = wording.to_review(wording.to_review(finding))

    assert marked == replace(finding, reasons=(Reason(Cause.SEGMENTS_ESTIMATED),))
    assert marked.text == "It would. Segments estimated from liver shape: review."
